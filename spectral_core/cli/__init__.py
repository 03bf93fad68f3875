"""The command `spectral-core`: one file for each command."""
