"""How much network emerges from a linear to a quadratic target."""
