"""Batch norms of image networks, channel by channel."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def forward_norm(x, theta, training, gamma, beta, running_mean, running_variance, statistics):
    """Scale and shift of each channel of a value, of its own statistics in training, with the running ones moved (I8, I9).

    Theorem: I8, I8.blocks, I9

    statistics (4, channels): mean, deviation, scale, shift
    """
    n_samples, channels, size = x.shape
    for c in range(channels):
        if training:
            mean, squares = 0.0, 0.0
            for s in range(n_samples):
                mean_b, squares_b = batch_norm_sums(x[s, c], x.dtype.type(size))
                if s == 0:
                    mean, squares = float(mean_b), float(squares_b)
                else:
                    mean, squares = batch_norm_merge(
                        float(s * size), float(size), mean, float(mean_b), squares, float(squares_b)
                    )
            count = float(n_samples * size)
            deviation, scale, shift = batch_norm_coefficients(float(beta[c]), count, EPSILON, float(gamma[c]), mean, squares)
            statistics[MEAN_OF, c], statistics[DEVIATION, c] = mean, deviation
            if theta > 0.0:
                old_mean, old_variance = float(running_mean[c]), float(running_variance[c])
                running_mean[c], running_variance[c] = batch_norm_running(
                    count, mean, old_mean, old_variance, squares, theta
                )
        else:
            scale, shift = batch_norm_evaluation(
                float(beta[c]), EPSILON, float(gamma[c]), float(running_mean[c]), float(running_variance[c])
            )
        statistics[SCALE, c], statistics[SHIFT, c] = scale, shift


def adjoint_norm(x, dx, statistics, dgammas, dbetas):
    """The bar of a batch norm's output becomes that of its input, in place; gradients of γ and β (I8).

    Theorem: I8
    """
    real = x.dtype.type
    n_samples, channels, size = x.shape
    for c in range(channels):
        mean, deviation, scale, dgamma, dbeta = statistics[MEAN_OF, c], statistics[DEVIATION, c], statistics[SCALE, c], 0.0, 0.0
        for s in range(n_samples):
            some_beta, some_gamma = batch_norm_adjoint_sums(dx[s, c], x[s, c], real(deviation), real(mean))
            dbeta += some_beta
            dgamma += some_gamma
        dgammas[c], dbetas[c] = dgamma, dbeta
        count = float(n_samples * size)
        linear, constant = batch_norm_adjoint_coefficients(count, dbeta, deviation, dgamma, mean, scale)
        for s in range(n_samples):
            batch_norm_adjoint(dx[s, c], x[s, c], real(constant), real(linear), real(scale))


def keep_norms(parameters, starts, places, running):
    """The eigenvalues of each node scaled so that their squares have mean 1, and its running statistics with them (I13).

    The batch norm of the node does not see it.

    starts (nodes + 1) : where the places of a node begin. places : of eigenvalues in the parameters. running (nodes, 2) : where the running
    means of a node begin, its variances behind them, and its channels.

    By hand: a norm that is kept (I13). Checked by test_image_training.test_eigenvalues_of_a_node_keep_their_norm.
    """
    real = parameters.dtype.type
    for node in range(starts.size - 1):
        begin, end, squares = starts[node], starts[node + 1], real(0.0)
        for k in range(begin, end):
            squares += parameters[places[k]] * parameters[places[k]]
        if squares > real(0.0):
            factor = real(math.sqrt(real(end - begin) / squares))
            for k in range(begin, end):
                parameters[places[k]] *= factor
            first, channels = running[node, 0], running[node, 1]
            for c in range(first, first + channels):
                parameters[c] *= factor
                parameters[channels + c] *= factor * factor
