"""Theorems of image networks: I1-I18, the growth and pruning of their graphs and channels, G1-G8 and C1, and S5, S6."""
