"""The printer for Rocq: programs as definitions, and the rational steps of certificates as goals."""
