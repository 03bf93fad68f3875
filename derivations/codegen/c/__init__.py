"""The printer of C99: a network as one file that needs nothing."""
