"""Networks: parameters, matrices, starts, predictions."""
