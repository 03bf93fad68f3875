"""Refits of networks that keep only some of their weights: to a minimum of the loss, one weight or neuron at a time."""
