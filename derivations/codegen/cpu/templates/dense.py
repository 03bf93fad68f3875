"""Functions without a formula in `kernels/cpu/dense.py`: storage, mini-batches, the epoch.

ELEMENTWISE is one branch for each loss, VARIANT a parametrization; PROPAGATE and ADJOINT are the arguments of its passes.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: B018, F821, F841, RUF059
# mypy: ignore-errors
# fmt: off


def matrix(flat, at, rows, columns):
    """The matrix that starts at a position of flat storage."""
    return flat[at : at + rows * columns].reshape(rows, columns)


def vector(flat, at, size):
    """The vector that starts at a position of flat storage."""
    return flat[at : at + size]


def load_rows(x_data, rows, width, u_all):
    """Gather rows of the data as the input layer; columns beyond the data are the constant 1."""
    one = u_all.dtype.type(1.0)
    for s in range(rows.shape[0]):
        for k in range(x_data.shape[1]):
            u_all[s * width + k] = x_data[rows[s], k]
        for k in range(x_data.shape[1], width):
            u_all[s * width + k] = one


def workspace(parameters, layout, batch_size):
    """u_all, z_all, du_all for all layers; sample_scratch for the widest layer, block_scratch for M and dM."""
    neurons, widest, block = 0, 0, 0
    for i in range(layout.shape[0]):
        neurons += layout[i, WIDTH]
        widest = max(widest, layout[i, WIDTH])
        if i > 0:
            block = max(block, layout[i, WIDTH] * layout[i - 1, WIDTH])
    return (
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * widest, parameters.dtype),
        np.empty(2 * block, parameters.dtype),
    )


def output_loss(y_data, labels, weights, rows, loss, smoothing, output):
    """Loss of one mini-batch, labels smoothed; its gradient takes the place of the output. Returns loss and batch weight."""
    real = output.dtype.type
    n_samples = rows.shape[0]
    weight = np.empty(n_samples, output.dtype)
    batch_weight = 0.0
    for s in range(n_samples):
        weight[s] = weights[rows[s]]
        batch_weight = grown_sum(batch_weight, weight[s])
    if batch_weight == 0.0:
        output[:] = 0
        return 0.0, batch_weight
    if loss == CROSS_ENTROPY:
        label = np.empty(n_samples, labels.dtype)
        for s in range(n_samples):
            label[s] = labels[rows[s]]
        spread = real(label_share(smoothing, output.shape[1]))
        return cross_entropy(output, label, weight, real(sample_scale(batch_weight)), smoothing, spread), batch_weight
    target = np.empty((n_samples, y_data.shape[1]), output.dtype)
    for s in range(n_samples):
        for h in range(y_data.shape[1]):
            target[s, h] = y_data[rows[s], h]
    if loss == BINARY_CROSS_ENTROPY:
        smooth_targets(target, smoothing)
    share = real(output_scale(batch_weight, output.shape[1]))
    ELEMENTWISE
    return value, batch_weight


def add_penalty(penalised, strengths, parameters, gradient):
    """Add the gradient of the penalty on each group (start, stop, kind) of parameters; returns the penalty."""
    total = 0.0
    for group in range(penalised.shape[0]):
        begin, end, kind = penalised[group, 0], penalised[group, 1], penalised[group, 2]
        if kind == GROUP:
            total = grown_sum(total, penalty_group(parameters[begin:end], gradient[begin:end], strengths[group]))
        elif kind == L1:
            total = grown_sum(total, penalty_l1(parameters[begin:end], gradient[begin:end], strengths[group]))
        else:
            total = grown_sum(total, penalty_l2(parameters[begin:end], gradient[begin:end], strengths[group]))
    return total


def limit_norm(limit, trainable, gradient):
    """Scale the gradient of all trainable groups (start, stop) to a norm of at most `limit`; 0 is no limit."""
    if limit == 0:
        return
    squares = 0.0
    for group in range(trainable.shape[0]):
        squares = grown_sum(squares, squared_norm(gradient[trainable[group, 0] : trainable[group, 1]]))
    for group in range(trainable.shape[0]):
        clip(gradient[trainable[group, 0] : trainable[group, 1]], gradient.dtype.type(squares), limit)


def update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings):
    """One optimizer step, the `step`-th, on each group (start, stop) of trainable parameters at factor · its own rate, after its decay."""
    real = parameters.dtype.type
    correction1 = real(bias_correction(float(settings[BETA1]), step))
    correction2 = real(bias_correction(float(settings[BETA2]), step))
    for group in range(trainable.shape[0]):
        begin, end, rate = trainable[group, 0], trainable[group, 1], step_rate(factor, rates[group])
        theta, slope, m, v = parameters[begin:end], gradient[begin:end], first[begin:end], second[begin:end]
        if decays[group] > 0:
            decay(theta, step_decay(rate, decays[group]))
        if optimizer == ADAM:
            beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
            adam(theta, slope, m, v, rate, beta1, beta2, epsilon, correction1, correction2)
        else:
            sgd(theta, slope, m, rate, settings[MOMENTUM], settings[NESTEROV])


def shrink(shrunk, thresholds, factor, parameters):
    """The proximal map of a penalty on each group (start, stop, kind) of parameters, with factor · its own threshold."""
    for group in range(shrunk.shape[0]):
        begin, end, kind = shrunk[group, 0], shrunk[group, 1], shrunk[group, 2]
        threshold = step_threshold(factor, thresholds[group])
        if kind == GROUP:
            proximal_group(parameters[begin:end], threshold)
        elif kind == L1:
            proximal_l1(parameters[begin:end], threshold)
        else:
            proximal_l2(parameters[begin:end], threshold)


def predict_VARIANT(x_data, order, batch_size, layout, activation, parameters, result):
    """result = z_K of the rows of x_data in the given order, batch by batch."""
    u_all, z_all, _, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_VARIANT(PROPAGATE)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        result[start : start + n_samples] = output


def gradient_VARIANT(x_data, y_data, labels, weights, order, layout, activation, loss, parameters, gradient):
    """The loss of the rows in the given order as one batch; its gradient is written into `gradient`."""
    n_samples = order.shape[0]
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    load_rows(x_data, order, layout[0, WIDTH], u_all)
    propagate_VARIANT(PROPAGATE)
    output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
    value, _ = output_loss(y_data, labels, weights, order, loss, parameters.dtype.type(0.0), output)
    adjoint_VARIANT(ADJOINT)
    return value


def jacobian_VARIANT(x_data, bars, order, layout, activation, parameters, rows):
    """rows (samples, n_parameters): the gradient of bars · z_K for each row of x_data in the given order, one by one.

    bars (samples, outputs): what each output of a sample counts
    """
    n_samples = 1
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    for row in range(order.shape[0]):
        load_rows(x_data, order[row : row + 1], layout[0, WIDTH], u_all)
        propagate_VARIANT(PROPAGATE)
        z_all[layout[last, START] : layout[last, START] + layout[last, WIDTH]] = bars[row]
        gradient = rows[row]
        adjoint_VARIANT(ADJOINT)


def epoch_VARIANT(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """One pass over the rows in the given order, one optimizer step for each mini-batch.

    x_data (rows, features); y_data (rows, outputs) or labels (rows,), whichever the loss wants; weights (rows,)
    penalised (groups, 3): start, stop, kind of penalty, with strengths (groups,); taken by its gradient
    shrunk (groups, 3): likewise, taken by a proximal step after each update, with thresholds (groups,)
    trainable (groups, 2): start, stop in the flat parameters, with learning rates and decays (groups,)
    factors (mini-batches,): of learning rates and thresholds in the first, second, ... step of this call
    parameters, gradient, first, second (n_parameters,): updated in place
    step: optimizer steps done before; settings: BETA1, BETA2, ... in the parameters' type

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_VARIANT(PROPAGATE)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, mean_of(penalty_sum, max(batches, 1)), step
        if batch_weight == 0.0:
            continue
        factor = factors[batches]
        loss_sum = grown_loss(loss_sum, value, batch_weight)
        weight_sum = grown_sum(weight_sum, batch_weight)
        batches += 1
        step += 1
        adjoint_VARIANT(ADJOINT)
        penalty_sum = grown_sum(penalty_sum, add_penalty(penalised, strengths, parameters, gradient))
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return mean_of(loss_sum, weight_sum), mean_of(penalty_sum, batches), step
