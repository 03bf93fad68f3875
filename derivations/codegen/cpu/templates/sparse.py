"""Functions without a formula in `kernels/cpu/sparse.py`: storage, chunks of samples, sums over chunks, L-BFGS.

FACTORS is one branch for each loss; PROPAGATE, ADJOINT, JACOBIAN and CURVATURE are the arguments of the printed passes.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: B007, B018, F821, F841
# mypy: ignore-errors
# fmt: off


def load_chunk(x_rows, start, n_samples, u_all):
    """Samples [start, start + n_samples) of the inputs, neuron first."""
    for i in range(x_rows.shape[0]):
        for s in range(n_samples):
            u_all[i, s] = x_rows[i, start + s]


def predict_sparse(x_rows, activation, senders, offsets, n_outputs, chunk, parameters, result):
    """result (samples, outputs) = z_K of x_rows (inputs, samples)."""
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(PROPAGATE)
        for c in range(n_outputs):
            for s in range(size):
                result[start + s, c] = z_all[n_neurons - n_outputs + c, s]


def gradient_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, parameters, whole
):
    """The mean loss of all samples; its gradient is written into `whole` (n_weights,).

    x_rows (inputs, samples); y_data (samples, outputs) or labels (samples,); weights (samples,)
    """
    real = parameters.dtype.type
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    du_flat, gradient = np.empty(n_neurons * chunk, parameters.dtype), np.empty_like(parameters)
    total_weight = 0.0
    for s in range(total):
        total_weight = grown_sum(total_weight, weights[s])
    whole[:] = 0
    mean = 0.0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        du_all = matrix(du_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(PROPAGATE)
        output = np.empty((size, n_outputs), parameters.dtype)
        for c in range(n_outputs):
            for s in range(size):
                output[s, c] = z_all[n_neurons - n_outputs + c, s]
        value, batch_weight = output_loss(y_data, labels, weights, np.arange(start, start + size), loss, smoothing, output)
        share = real(chunk_share(batch_weight, total_weight))
        mean = grown_mean(mean, value, batch_weight, total_weight)
        for c in range(n_outputs):
            for s in range(size):
                z_all[n_neurons - n_outputs + c, s] = of_share(output[s, c], share)
        adjoint_sparse(ADJOINT)
        for e in range(gradient.size):
            whole[e] = grown_sum(whole[e], gradient[e])
    return mean


def means_sparse(x_rows, weights, total_weight, activation, senders, offsets, n_outputs, chunk, parameters, means):
    """The mean of every neuron's activation (n_neurons,) over all samples, each with its weight."""
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    means[:] = 0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(PROPAGATE)
        for i in range(n_neurons - n_outputs):
            for s in range(size):
                means[i] = grown_mean(means[i], u_all[i, s], weights[start + s], total_weight)


def activations_sparse(x_rows, activation, senders, offsets, n_outputs, parameters, u_all):
    """u_all (n_neurons, samples): the activations of inputs and hidden neurons, and z_K in the rows of the outputs."""
    n_inputs, size = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    z_all = np.empty((n_neurons, size), parameters.dtype)
    load_chunk(x_rows, 0, size, u_all)
    propagate_sparse(PROPAGATE)
    u_all[n_neurons - n_outputs :] = z_all[n_neurons - n_outputs :]


def factor_column(loss, y_data, weights, start, column, total_weight, z_all, n_outputs, output, bars):
    """Column `column` of F with F Fᵀ = ∂²ℓ/∂z² of each sample, its share of the mean included, in the rows of `bars`.

    z_all holds the outputs in its last rows; output (samples, outputs) is room for them.
    """
    real = output.dtype.type
    n_neurons, n_samples = z_all.shape
    first = n_neurons - n_outputs
    for c in range(n_outputs):
        for s in range(n_samples):
            output[s, c] = z_all[first + c, s]
    label, weight = np.full(n_samples, column), weights[start : start + n_samples]
    if loss == CROSS_ENTROPY:
        factor_cross_entropy(output, label, weight, real(sample_scale(total_weight)))
    else:
        share = real(output_scale(total_weight, n_outputs))
        FACTORS
    for c in range(n_outputs):
        for s in range(n_samples):
            bars[c, s] = output[s, c]


def jacobian_sparse(
    x_rows, y_data, weights, loss, activation, senders, offsets, n_outputs, column, parameters, J_all
):
    """J_all (n_weights, samples): derivatives of each sample's outputs by each weight, times column `column` of F.

    By hand: NumPy's sum of the weights. Checked by test_refitting.test_the_gauss_newton_matrix_is_that_of_differences.
    """
    n_inputs, size = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_all, z_all = np.empty((n_neurons, size), parameters.dtype), np.empty((n_neurons, size), parameters.dtype)
    du_all, output = np.empty((n_neurons, size), parameters.dtype), np.empty((size, n_outputs), parameters.dtype)
    bars = np.empty((n_outputs, size), parameters.dtype)
    load_chunk(x_rows, 0, size, u_all)
    propagate_sparse(PROPAGATE)
    factor_column(loss, y_data, weights, 0, column, weights.sum(), z_all, n_outputs, output, bars)
    z_all[n_neurons - n_outputs :] = bars
    jacobian_rows_sparse(JACOBIAN)


def curvature_sparse(
    x_rows, y_data, weights, loss, activation, senders, offsets, n_outputs, chunk, parameters, H_all, rise_all
):
    """The diagonal of the Gauss-Newton matrix (n_weights,), and for each neuron mean (x - x̄)² (∂ℓ/∂x)² (n_neurons,).

    By hand: NumPy's sum of the weights. Checked by test_samples.test_curvatures.
    """
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    size = min(chunk, total)
    u_flat, z_flat = np.empty(n_neurons * size, parameters.dtype), np.empty(n_neurons * size, parameters.dtype)
    slope_flat, du_flat = np.empty(n_neurons * size, parameters.dtype), np.empty(n_neurons * size, parameters.dtype)
    bars_flat, output_flat = np.empty(n_outputs * size, parameters.dtype), np.empty(n_outputs * size, parameters.dtype)
    mean_all, total_weight = np.empty(n_neurons, parameters.dtype), weights.sum()
    means_sparse(x_rows, weights, float(total_weight), activation, senders, offsets, n_outputs, chunk, parameters, mean_all)
    H_all[:] = 0
    rise_all[:] = 0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        slope_all, du_all = matrix(slope_flat, 0, n_neurons, size), matrix(du_flat, 0, n_neurons, size)
        bars, output = matrix(bars_flat, 0, n_outputs, size), matrix(output_flat, 0, size, n_outputs)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(PROPAGATE)
        slope_all[:] = z_all
        for column in range(n_outputs):
            factor_column(loss, y_data, weights, start, column, total_weight, slope_all, n_outputs, output, bars)
            z_all[:] = slope_all
            z_all[n_neurons - n_outputs :] = bars
            curvature_squares_sparse(CURVATURE)


def objective_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, point, parameters,
    whole, slope,
):
    """Loss + l2/2 Σ w² over the decayed weights, at `point` (float64); its gradient is written into `slope` (float64)."""
    parameters[:] = point
    value = float(
        gradient_sparse(
            x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, parameters, whole
        )
    )
    for e in range(point.size):
        shrunk = point[e] if decayed[e] else 0.0
        value = ridge_value(value, l2, shrunk)
        slope[e] = ridge_slope(whole[e], l2, shrunk)
    return value


def minimise_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, iterations, pairs,
    precision, point,
):
    """L-BFGS from `point` (float64), which becomes the last iterate; returns the objective there and the steps done.

    The two loops over at most `pairs` pairs of steps and changes of the gradient; a line search for sufficient decrease and
    curvature (weak Wolfe conditions) by bisection, which needs no second derivative and so suits relu. It ends where a step
    lowers the objective by less than `precision` of its size.

    By hand: a search on the proven objective, whose result is tested. Checked by test_lbfgs.test_a_convex_objective_ends_at_its_minimum.
    """
    n = point.size
    parameters, whole = np.empty(n, x_rows.dtype), np.empty(n, x_rows.dtype)
    slope, new_slope, new_point = np.empty(n), np.empty(n), np.empty(n)
    steps, changes = np.empty((pairs, n)), np.empty((pairs, n))
    curvatures, alphas = np.empty(pairs), np.empty(pairs)
    direction, step, change = np.empty(n), np.empty(n), np.empty(n)
    value = objective_sparse(
        x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, point,
        parameters, whole, slope,
    )
    stored, done = 0, 0
    for done in range(iterations):
        # The two loops: direction = -H slope.
        direction[:] = -slope
        for age in range(min(stored, pairs)):
            k = (stored - 1 - age) % pairs
            alphas[k] = np.dot(steps[k], direction) / curvatures[k]
            direction -= alphas[k] * changes[k]
        if stored:
            k = (stored - 1) % pairs
            direction *= curvatures[k] / np.dot(changes[k], changes[k])
        for age in range(min(stored, pairs) - 1, -1, -1):
            k = (stored - 1 - age) % pairs
            direction += steps[k] * (alphas[k] - np.dot(changes[k], direction) / curvatures[k])
        descent = np.dot(direction, slope)
        if not descent < 0:
            break
        # The line search.
        length = 1.0 if stored else min(1.0, 1.0 / math.sqrt(np.dot(slope, slope)))
        low, high = 0.0, math.inf
        new_value = value
        found = False
        for _ in range(25):
            new_point[:] = point + length * direction
            new_value = objective_sparse(
                x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2,
                new_point, parameters, whole, new_slope,
            )
            if not new_value <= value + 1e-4 * length * descent:
                high = length
            elif np.dot(new_slope, direction) < 0.9 * descent:
                low = length
                found = True
            else:
                found = True
                break
            length = (low + high) / 2 if high < math.inf else 2 * low
        if not found or not new_value < value:
            break
        stop = value - new_value <= precision * max(abs(value), abs(new_value), 1.0)
        # The new pair, where the curvature along the step is positive; it takes the place of the oldest.
        step[:] = new_point - point
        change[:] = new_slope - slope
        curved = np.dot(step, change)
        if curved > 1e-12 * np.dot(change, change):
            k = stored % pairs
            steps[k], changes[k], curvatures[k] = step, change, curved
            stored += 1
        point[:] = new_point
        slope[:] = new_slope
        value = new_value
        if stop:
            break
    return value, done
