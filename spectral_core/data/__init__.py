"""Data sets and files as arrays; targets, scaling, splits."""
