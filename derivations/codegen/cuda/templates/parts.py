"""Functions without a formula in `kernels/cuda/parts.py`: sums over threads, storage, choices by number.

ELEMENTWISE is one branch for each loss, THEOREMS are those of the activations.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: B018, F821
# mypy: ignore-errors
# fmt: off


def gpu_sum(rank, count, value, room):
    """The sum of a value over the threads of a block, known to all of them; room (count,) is shared."""
    room[rank] = value
    length = count
    while length > 1:
        cuda.syncthreads()
        half = (length + 1) // 2
        if rank + half < length:
            room[rank] += room[rank + half]
        length = half
    cuda.syncthreads()
    total = room[0]
    cuda.syncthreads()
    return total


def gpu_clear(rank, count, size, values):
    """Zeros in the first `size` values."""
    zero = values.dtype.type(0.0)
    for p in range(rank, size, count):
        values[p] = zero


def gpu_neurons(layout):
    """Neurons of all layers."""
    last = layout.shape[0] - 1
    return layout[last, START] + layout[last, WIDTH]


def gpu_parts(count, n_samples):
    """Turns that share the neurons of a sample: four for each thread, about, however many samples there are."""
    return max(1, 4 * count // n_samples)


def gpu_row(position, rows, keys, rounds, bits):
    """The row at a position in the order of samples of an epoch, see `shuffling`."""
    row = np.uint32(position)
    for r in range(rounds):
        row = one_round(row, keys[r], r % 2 == 1, bits)
    while row >= rows:
        for r in range(rounds):
            row = one_round(row, keys[r], r % 2 == 1, bits)
    return row


def gpu_load(rank, count, n_samples, width, n_out, rows, x_data, y_data, labels, weights, loss, u_all, target, label, weight):
    """Gather rows of the data as the input layer, the constant 1 behind them; their targets or labels; their weights."""
    one = u_all.dtype.type(1.0)
    for element in range(rank, n_samples * width, count):
        s = element // width
        k = element - s * width
        if k < x_data.shape[1]:
            u_all[element] = x_data[rows[s], k]
        else:
            u_all[element] = one
    if loss == CROSS_ENTROPY:
        for s in range(rank, n_samples, count):
            label[s] = labels[rows[s]]
    else:
        for element in range(rank, n_samples * n_out, count):
            s = element // n_out
            target[element] = y_data[rows[s], element - s * n_out]
    for s in range(rank, n_samples, count):
        weight[s] = weights[rows[s]]


def gpu_activate(rank, count, size, activation, pre, post):
    """post = f(pre), and f'(pre) in the place of pre, by the number of f in ACTIVATIONS.

    Theorem: THEOREMS

    pre (size) z, overwritten by f'(z); post (size) x = f(z)
    """
    for p in range(rank, size, count):
        value, slope = gpu_activation(activation, pre[p], pre)
        post[p] = value
        pre[p] = slope


def gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale):
    """The thread's share of a loss by its number in LOSSES, labels smoothed; its gradient takes the place of the output."""
    if loss == CROSS_ENTROPY:
        spread = label_share(smoothing, output.dtype.type(n_out))
        return gpu_cross_entropy(rank, count, n_samples, n_out, output, label, weight, scale, smoothing, spread)
    if loss == BINARY_CROSS_ENTROPY:  # a thread smooths the targets that it reads itself
        gpu_smooth_targets(rank, count, n_samples, n_out, target, smoothing)
    ELEMENTWISE


def gpu_add_penalty(rank, count, penalised, strengths, parameters, gradient, room):
    """Add the gradient of the penalty on each group (start, stop, kind) of parameters; the thread's share of the penalty."""
    total = parameters.dtype.type(0.0)
    for group in range(penalised.shape[0]):
        begin, kind = penalised[group, 0], penalised[group, 2]
        size = penalised[group, 1] - begin
        value, slope = parameters[begin:], gradient[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_penalty_group_squares(rank, count, size, value), room)
            total = grown_sum(total, gpu_penalty_group(rank, count, size, value, slope, squares, strengths[group]))
        elif kind == L1:
            total = grown_sum(total, gpu_penalty_l1(rank, count, size, value, slope, strengths[group]))
        else:
            total = grown_sum(total, gpu_penalty_l2(rank, count, size, value, slope, strengths[group]))
        cuda.syncthreads()
    return total


def gpu_limit_norm(rank, count, limit, trainable, gradient, room):
    """Scale the gradient of all trainable groups (start, stop) to a norm of at most `limit`; 0 is no limit."""
    if limit == gradient.dtype.type(0.0):
        return
    share = gradient.dtype.type(0.0)
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        share = grown_sum(share, gpu_squared_norm(rank, count, trainable[group, 1] - begin, gradient[begin:]))
    squares = gpu_sum(rank, count, share, room)
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        gpu_clip(rank, count, trainable[group, 1] - begin, gradient[begin:], squares, limit)
    cuda.syncthreads()


def gpu_update(
    rank, count, optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, correction1, correction2,
    settings,
):
    """One optimizer step on each group (start, stop) of trainable parameters at factor · its own rate, after its decay."""
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        size = trainable[group, 1] - begin
        rate = step_rate(factor, rates[group])
        theta, slope, m, v = parameters[begin:], gradient[begin:], first[begin:], second[begin:]
        if decays[group] > theta.dtype.type(0.0):
            gpu_decay(rank, count, size, theta, step_decay(rate, decays[group]))
        if optimizer == ADAM:
            beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
            gpu_adam(rank, count, size, theta, slope, m, v, rate, beta1, beta2, epsilon, correction1, correction2)
        else:
            gpu_sgd(rank, count, size, theta, slope, m, rate, settings[MOMENTUM], settings[NESTEROV])
        cuda.syncthreads()


def gpu_shrink(rank, count, shrunk, thresholds, factor, parameters, room):
    """The proximal map of a penalty on each group (start, stop, kind) of parameters, with factor · its own threshold."""
    for group in range(shrunk.shape[0]):
        begin, kind = shrunk[group, 0], shrunk[group, 2]
        size = shrunk[group, 1] - begin
        threshold = step_threshold(factor, thresholds[group])
        value = parameters[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_proximal_group_squares(rank, count, size, value), room)
            gpu_proximal_group(rank, count, size, value, squares, threshold)
        elif kind == L1:
            gpu_proximal_l1(rank, count, size, value, threshold)
        else:
            gpu_proximal_l2(rank, count, size, value, threshold)
        cuda.syncthreads()
