"""Names and numbers the kernels understand, without importing Numba. Printed by `python -m derivations`."""

ACTIVATIONS = ("identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "swish")
ZERO_AT_ZERO = ("identity", "relu", "leaky_relu", "elu", "tanh", "gelu", "swish")
"""The activations with f(0) = 0, which silence, compaction and the linear start need."""
POSITIVELY_HOMOGENEOUS = ("identity", "relu", "leaky_relu")
"""The activations with f(c z) = c f(z) for c > 0, which merging needs."""
LOSSES = ("squared_error", "huber", "poisson", "binary_cross_entropy", "cross_entropy")
TARGET_RANGES = {"poisson": (0, float("inf")), "binary_cross_entropy": (0, 1)}
"""The least and the greatest target that a loss has a meaning for, where not every number is one."""
PENALTIES = ("group", "l1", "l2")
OPTIMIZERS = ("adam", "sgd")
SETTINGS = ("beta1", "beta2", "epsilon", "momentum", "nesterov", "smoothing", "clip_norm")
ONE_HIDDEN_SIZES = ((2, 1), (3, 1), (4, 1), (3, 2))
"""Inputs and outputs of networks with one hidden layer that have kernels of their own."""
