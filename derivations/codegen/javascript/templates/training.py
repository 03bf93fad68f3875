"""Functions whose formulas are calls of proven programs of scalars: layout, mini-batches, one step, one epoch. Their sums over samples and groups are in float64.

VARIANT is a parametrization; PROPAGATE and ADJOINT are the arguments of its passes; ELEMENTWISE is one branch for each loss.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: B007, B018, F821, F841, RUF059
# mypy: ignore-errors
# fmt: off


def layout_of(parametrization, widths, pairs):
    """One row for each layer: width, first neuron, then where phi, lam_in, lam_out or the blocks of weights start, -1 for none.

    parametrization "global", "layerwise" or "direct"; widths: neurons of all layers, the constant 1 of layer 1 included
    pairs: for "direct", the pairs [i, j] of layers, counted from 1, whose block W_ij exists, in the order of the parameters
    """
    layout = []
    first = 0
    for i in range(len(widths)):
        row = [widths[i], first]
        layout.append(row)
        first = first + widths[i]
    at = 0
    if parametrization == "direct":
        for i in range(len(widths)):
            for j in range(len(widths)):
                layout[i].append(-1)
        for pair in pairs:
            layout[pair[0] - 1][BLOCKS + pair[1] - 1] = at
            at = at + widths[pair[0] - 1] * widths[pair[1] - 1]
        return layout
    layout[0].append(-1)
    for i in range(1, len(widths)):
        layout[i].append(at)
        at = at + widths[i] * widths[i - 1]
    layout[0].append(-1)
    layout[0].append(-1)
    for i in range(1, len(widths)):
        layout[i].append(at)
        at = at + widths[i - 1]
        layout[i].append(at)
        at = at + (widths[i] if parametrization == "layerwise" else 0)
    return layout


def parameters_of(layout, parametrization):
    """The number of parameters of a layout."""
    count = 0
    last = len(layout) - 1
    for i in range(1, len(layout)):
        if parametrization == "direct":
            for j in range(i):
                count = count + (layout[i][WIDTH] * layout[j][WIDTH] if layout[i][BLOCKS + j] >= 0 else 0)
        else:
            count = count + layout[i][WIDTH] * layout[i - 1][WIDTH] + layout[i - 1][WIDTH]
            count = count + (layout[i][WIDTH] if parametrization == "layerwise" or i == last else 0)
    return count


def load_rows(x_data, rows, n_features, width, u_all):
    """Gather rows of the data as the input layer; columns beyond the data are the constant 1."""
    for s in range(rows.size):
        for k in range(n_features):
            u_all[s * width + k] = x_data[rows[s] * n_features + k]
        for k in range(n_features, width):
            u_all[s * width + k] = 1.0


def workspace(layout, batch_size):
    """u_all, z_all, du_all for all layers; sample_scratch for the widest layer, block_scratch for M and dM."""
    neurons = 0
    widest = 0
    block = 0
    for i in range(len(layout)):
        neurons = neurons + layout[i][WIDTH]
        widest = max(widest, layout[i][WIDTH])
        if i > 0:
            block = max(block, layout[i][WIDTH] * layout[i - 1][WIDTH])
    u_all = np.empty(batch_size * neurons)
    z_all = np.empty(batch_size * neurons)
    du_all = np.empty(batch_size * neurons)
    return u_all, z_all, du_all, np.empty(batch_size * widest), np.empty(2 * block)


def output_loss(data, rows, loss, smoothing, output, n_outputs):
    """Loss of one mini-batch, labels smoothed; its gradient takes the place of the output. Returns loss and batch weight."""
    n_samples = rows.size
    weight = np.empty(n_samples)
    batch_weight = 0.0
    for s in range(n_samples):
        weight[s] = data.weights[rows[s]]
        batch_weight = grown_sum(batch_weight, float(weight[s]))
    if batch_weight == 0.0:
        output[:] = 0.0
        return 0.0, batch_weight
    if loss == "cross_entropy":
        label = data.labels[0:n_samples].copy()
        for s in range(n_samples):
            label[s] = data.labels[rows[s]]
        return float(cross_entropy(output, label, weight, sample_scale(batch_weight), smoothing, label_share(smoothing, n_outputs), n_samples, n_outputs)), batch_weight
    target = np.empty(n_samples * n_outputs)
    for s in range(n_samples):
        for h in range(n_outputs):
            target[s * n_outputs + h] = data.y[rows[s] * n_outputs + h]
    if loss == "binary_cross_entropy":
        smooth_targets(target, smoothing, n_samples, n_outputs)
    share = output_scale(batch_weight, n_outputs)
    value = 0.0
    ELEMENTWISE
    return value, batch_weight


def add_penalty(groups, parameters, gradient):
    """Add the gradient of the penalty on each group {start, stop, kind, strength} of parameters; returns the penalty."""
    total = 0.0
    for group in groups:
        values = parameters[group.start : group.stop]
        slopes = gradient[group.start : group.stop]
        if group.kind == "group":
            total = grown_sum(total, float(penalty_group(values, slopes, group.strength)))
        elif group.kind == "l1":
            total = grown_sum(total, float(penalty_l1(values, slopes, group.strength)))
        else:
            total = grown_sum(total, float(penalty_l2(values, slopes, group.strength)))
    return total


def limit_norm(limit, groups, gradient):
    """Scale the gradient of all trainable groups {start, stop} to a norm of at most `limit`; 0 is no limit."""
    if limit == 0.0:
        return
    squares = 0.0
    for group in groups:
        squares = grown_sum(squares, float(squared_norm(gradient[group.start : group.stop])))
    for group in groups:
        clip(gradient[group.start : group.stop], squares, limit)


def update(options, factor, parameters, state):
    """One optimizer step, the `state.step`-th, on each group {start, stop, rate, decay} of trainable parameters, after its decay."""
    correction1 = bias_correction(options.beta1, state.step)
    correction2 = bias_correction(options.beta2, state.step)
    for group in options.trainable:
        rate = step_rate(factor, group.rate)
        theta = parameters[group.start : group.stop]
        slope = state.gradient[group.start : group.stop]
        m = state.first[group.start : group.stop]
        v = state.second[group.start : group.stop]
        if group.decay > 0.0:
            decay(theta, step_decay(rate, group.decay))
        if options.optimizer == "adam":
            adam(theta, slope, m, v, rate, options.beta1, options.beta2, options.epsilon, correction1, correction2)
        else:
            sgd(theta, slope, m, rate, options.momentum, options.nesterov)


def shrink(groups, factor, parameters):
    """The proximal map of a penalty on each group {start, stop, kind, threshold}, with factor · its own threshold."""
    for group in groups:
        values = parameters[group.start : group.stop]
        if group.kind == "group":
            proximal_group(values, step_threshold(factor, group.threshold))
        elif group.kind == "l1":
            proximal_l1(values, step_threshold(factor, group.threshold))
        else:
            proximal_l2(values, step_threshold(factor, group.threshold))


def predict_VARIANT(x_data, n_rows, n_features, layout, activation, parameters):
    """z_K (rows, outputs) of all rows of x_data (rows, features)."""
    last = len(layout) - 1
    n_outputs = layout[last][WIDTH]
    n_samples = 1
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(layout, n_samples)
    result = np.empty(n_rows * n_outputs)
    for row in range(n_rows):
        for k in range(layout[0][WIDTH]):
            u_all[k] = x_data[row * n_features + k] if k < n_features else 1.0
        propagate_VARIANT(PROPAGATE)
        for h in range(n_outputs):
            result[row * n_outputs + h] = z_all[layout[last][START] + h]
    return result


def epoch_VARIANT(data, order, layout, activation, parameters, options, state):
    """One pass over the rows of the data in the given order, one optimizer step for each mini-batch.

    data: {x (rows, features), features, y (rows, outputs) or labels (rows), weights (rows)}, all flat
    options: {loss, batch_size, smoothing, penalised, shrunk, clip_norm, trainable, factors, optimizer, beta1, beta2,
    epsilon, momentum, nesterov}; factors: of the rates in the first, second, ... step of this call
    state: {gradient, first, second (n_parameters), step: the steps done before}, updated as the parameters are

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    last = len(layout) - 1
    n_outputs = layout[last][WIDTH]
    gradient = state.gradient
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(layout, options.batch_size)
    loss_sum = 0.0
    weight_sum = 0.0
    penalty_sum = 0.0
    batches = 0
    for start in range(0, order.size, options.batch_size):
        rows = order[start : start + options.batch_size]
        n_samples = rows.size
        load_rows(data.x, rows, data.features, layout[0][WIDTH], u_all)
        propagate_VARIANT(PROPAGATE)
        output = part(z_all, n_samples * layout[last][START], n_samples * n_outputs)
        value, batch_weight = output_loss(data, rows, options.loss, options.smoothing, output, n_outputs)
        if not math.isfinite(value):
            return value, mean_of(penalty_sum, max(batches, 1)), state.step
        if batch_weight == 0.0:
            continue
        factor = options.factors[batches]
        loss_sum = grown_loss(loss_sum, value, batch_weight)
        weight_sum = grown_sum(weight_sum, batch_weight)
        batches = batches + 1
        state.step = state.step + 1
        adjoint_VARIANT(ADJOINT)
        penalty_sum = grown_sum(penalty_sum, add_penalty(options.penalised, parameters, gradient))
        limit_norm(options.clip_norm, options.trainable, gradient)
        update(options, factor, parameters, state)
        shrink(options.shrunk, factor, parameters)
    return mean_of(loss_sum, weight_sum), mean_of(penalty_sum, batches), state.step
