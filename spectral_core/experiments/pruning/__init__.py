"""Accuracy against neurons removed, for the published methods and ours."""
