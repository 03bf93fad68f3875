"""Many trainings over a grid of options, in parallel, into one store."""
