"""The theorems and their catalogue."""
