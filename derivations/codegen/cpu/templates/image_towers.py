"""The classifier behind each cell."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def forward_tower(x, rows, columns, scale, shift, weights, bias, pooled, logits):
    """logits = V · means of the planes of a x + b, + e (I11, I12); pooled (samples, channels) are the means.

    By hand: a product of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, held = x.dtype.type, np.empty(x.shape[2], x.dtype)
    for s in range(x.shape[0]):
        for c in range(x.shape[1]):
            read(x[s, c], scale[c], shift[c], False, held)
            pooled[s, c] = global_mean(held, real(columns), real(rows))
    np.dot(pooled, weights.T, logits)
    for s in range(logits.shape[0]):
        for h in range(bias.shape[0]):
            logits[s, h] += bias[h]


def adjoint_tower(dlogits, pooled, rows, columns, weights, dx, dweights, dbias):
    """Gradients of V and e, and the bar of the planes, added (I11, I12).

    By hand: products of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, bar = dx.dtype.type, np.empty(dx.shape[2], dx.dtype)
    dweights += np.dot(dlogits.T, pooled)
    for s in range(dlogits.shape[0]):
        for h in range(dbias.shape[0]):
            dbias[h] += dlogits[s, h]
    dpooled = np.dot(dlogits, weights)
    for s in range(dlogits.shape[0]):
        for c in range(dx.shape[1]):
            global_mean_adjoint(bar, real(columns), dpooled[s, c], real(rows))
            fan_out(dx[s, c], bar)
