"""Theorems about functions of numbers: activations, losses, penalties, optimizers."""
