"""Networks in formats of other software."""
