"""Tests on emulated chips."""
