"""Functions without a formula in `kernels/cpu/one_hidden.py`; INPUTS and OUTPUTS are its sizes, VARIANT is both."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def load_columns(x_data, rows, x_rows):
    """Gather rows of the data as columns, neuron first; the constant 1 behind them."""
    one = x_rows.dtype.type(1.0)
    for s in range(rows.shape[0]):
        for k in range(x_data.shape[1]):
            x_rows[k, s] = x_data[rows[s], k]
        for k in range(x_data.shape[1], x_rows.shape[0]):
            x_rows[k, s] = one


def epoch_VARIANT(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """`epoch_global` for a network of one hidden layer with INPUTS inputs and OUTPUTS output(s); same arguments."""
    x_rows = np.empty((INPUTS, batch_size), parameters.dtype)
    z_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    u_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    output_rows = np.empty((OUTPUTS, batch_size), parameters.dtype)
    output_all = np.empty(OUTPUTS * batch_size, parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_columns(x_data, rows, x_rows)
        propagate_VARIANT(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows)
        output = matrix(output_all, 0, n_samples, OUTPUTS)
        for s in range(n_samples):
            for h in range(OUTPUTS):
                output[s, h] = output_rows[h, s]
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, mean_of(penalty_sum, max(batches, 1)), step
        if batch_weight == 0.0:
            continue
        for s in range(n_samples):
            for h in range(OUTPUTS):
                output_rows[h, s] = output[s, h]
        factor = factors[batches]
        loss_sum = grown_loss(loss_sum, value, batch_weight)
        weight_sum = grown_sum(weight_sum, batch_weight)
        batches += 1
        step += 1
        adjoint_VARIANT(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows)
        penalty_sum = grown_sum(penalty_sum, add_penalty(penalised, strengths, parameters, gradient))
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return mean_of(loss_sum, weight_sum), mean_of(penalty_sum, batches), step
