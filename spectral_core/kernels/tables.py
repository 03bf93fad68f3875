"""Names and numbers the kernels understand, without importing Numba. Printed by `python -m derivations`."""

ACTIVATIONS = ("identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "swish")
ZERO_AT_ZERO = ("identity", "relu", "leaky_relu", "elu", "tanh", "gelu", "swish")
"""The activations with f(0) = 0, which silence, compaction and the linear start need."""
LOSSES = ("squared_error", "cross_entropy")
PENALTIES = ("group", "l1", "l2")
OPTIMIZERS = ("adam", "sgd")
SETTINGS = ("beta1", "beta2", "epsilon", "momentum", "nesterov")
