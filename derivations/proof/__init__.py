"""How something is proven: programs, notation, rules, certificates."""
