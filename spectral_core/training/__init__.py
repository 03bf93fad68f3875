"""Training: options, loop, checkpoints, results."""
