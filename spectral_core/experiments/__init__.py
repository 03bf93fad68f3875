"""The published experiments, one package each."""
