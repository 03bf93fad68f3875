"""Search: from a linear start to the network that the task needs."""
