"""Tests of refits of sparse networks."""
