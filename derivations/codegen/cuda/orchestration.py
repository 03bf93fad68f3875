"""The part of the CUDA modules that carries no formula: threads, storage, mini-batches, whole trainings, launches."""

THREADS = '''
{device}
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


{device}
def gpu_clear(rank, count, size, values):
    """Zeros in the first `size` values."""
    zero = values.dtype.type(0.0)
    for p in range(rank, size, count):
        values[p] = zero


{device}
def gpu_neurons(layout):
    """Neurons of all layers."""
    last = layout.shape[0] - 1
    return layout[last, START] + layout[last, WIDTH]


{device}
def gpu_parts(count, n_samples):
    """Turns that share the neurons of a sample: four for each thread, about, however many samples there are."""
    return max(1, 4 * count // n_samples)


{device}
def gpu_row(position, rows, keys, rounds, bits):
    """The row at a position in the order of samples of an epoch, see `shuffling`."""
    row = np.uint32(position)
    for r in range(rounds):
        row = one_round(row, keys[r], r % 2 == 1, bits)
    while row >= rows:
        for r in range(rounds):
            row = one_round(row, keys[r], r % 2 == 1, bits)
    return row


{device}
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
'''

CALLERS = '''
{device}
def gpu_activate(rank, count, size, activation, pre, post):
    """post = f(pre), and f'(pre) in the place of pre, by the number of f in ACTIVATIONS.

    Theorem: {activations}

    pre (size) z, overwritten by f'(z); post (size) x = f(z)
    """
    for p in range(rank, size, count):
        value, slope = gpu_activation(activation, pre[p], pre)
        post[p] = value
        pre[p] = slope


{device}
def gpu_loss(rank, count, n_samples, n_out, loss, output, target, label, weight, scale):
    """The thread's share of a loss by its number in LOSSES; its gradient takes the place of the output."""
    if loss == CROSS_ENTROPY:
        return gpu_cross_entropy(rank, count, n_samples, n_out, output, label, weight, scale)
{elementwise}


{device}
def gpu_add_penalty(rank, count, penalised, strengths, parameters, gradient, room):
    """Add the gradient of the penalty on each group (start, stop, kind) of parameters; the thread's share of the penalty."""
    total = parameters.dtype.type(0.0)
    for group in range(penalised.shape[0]):
        begin, kind = penalised[group, 0], penalised[group, 2]
        size = penalised[group, 1] - begin
        value, slope = parameters[begin:], gradient[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_penalty_group_squares(rank, count, size, value), room)
            total += gpu_penalty_group(rank, count, size, value, slope, squares, strengths[group])
        elif kind == L1:
            total += gpu_penalty_l1(rank, count, size, value, slope, strengths[group])
        else:
            total += gpu_penalty_l2(rank, count, size, value, slope, strengths[group])
        cuda.syncthreads()
    return total


{device}
def gpu_update(rank, count, optimizer, trainable, rates, parameters, gradient, first, second, correction1, correction2, settings):
    """One optimizer step on each group (start, stop) of trainable parameters at its own rate."""
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        size = trainable[group, 1] - begin
        theta, slope, m, v = parameters[begin:], gradient[begin:], first[begin:], second[begin:]
        if optimizer == ADAM:
            beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
            gpu_adam(rank, count, size, theta, slope, m, v, rates[group], beta1, beta2, epsilon, correction1, correction2)
        else:
            gpu_sgd(rank, count, size, theta, slope, m, rates[group], settings[MOMENTUM], settings[NESTEROV])
        cuda.syncthreads()


{device}
def gpu_shrink(rank, count, shrunk, thresholds, parameters, room):
    """The proximal map of a penalty on each group (start, stop, kind) of parameters."""
    for group in range(shrunk.shape[0]):
        begin, kind = shrunk[group, 0], shrunk[group, 2]
        size = shrunk[group, 1] - begin
        value = parameters[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_proximal_group_squares(rank, count, size, value), room)
            gpu_proximal_group(rank, count, size, value, squares, thresholds[group])
        elif kind == L1:
            gpu_proximal_l1(rank, count, size, value, thresholds[group])
        else:
            gpu_proximal_l2(rank, count, size, value, thresholds[group])
        cuda.syncthreads()
'''

GENERAL_VIEWS = """u_all, z_all, du_all = space[places[0] :], space[places[1] :], space[places[2] :]
    block_scratch, sample_scratch = space[places[3] :], space[places[4] :]
    target, weight = space[places[5] :], space[places[6] :]"""
ONE_HIDDEN_VIEWS = """u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
    target, weight = space[places[3] :], space[places[4] :]"""
GENERAL_OUTPUT = "output = z_all[n_samples * layout[last, START] :]"

TRAIN = '''
{kernel}
def train_{variant}(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, settings, corrections, parameters,
    first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each{summary}.

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates (replicas, groups); corrections (all steps, 2); settings: BETA1, BETA2, ...
    parameters, first, second (replicas, n_parameters), steps (replicas,): updated in place, where `learning`
    alive (replicas,): 0 where a loss is no longer finite; such a training stands still
    places: where the parts of a block's storage begin, behind parameters, gradient and moments; the storage is dynamic
    shared memory if `inside`, else work[replica]; chosen, label_work (replicas, batch_size)
    losses, penalties (replicas, epochs): the weighted mean loss and the mean penalty of each epoch
    """
    replica = cuda.blockIdx.x
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    if alive[replica] == 0:
        return
    zero = parameters.dtype.type(0.0)
    one = parameters.dtype.type(1.0)
    size = parameters.shape[1]
    shared = cuda.shared.array(0, parameters.dtype)
    room = cuda.shared.array(REDUCTION_SLOTS, parameters.dtype)
{store}
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    {views}
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    last = layout.shape[0] - 1
    n_out = layout[last, WIDTH]
    cuda.syncthreads()
    for epoch in range(losses.shape[1]):
        loss_share, penalty_share, weight_sum, batches = zero, zero, zero, zero
        for start in range(0, used, batch_size):
            n_samples = min(batch_size, used - start)
            for s in range(rank, n_samples, count):
                if bits >= 0:
                    rows[s] = gpu_row(start + s, x.shape[0], keys[replica, epoch], rounds, bits)
                else:
                    rows[s] = start + s
            cuda.syncthreads()
            gpu_load(
                rank, count, n_samples, layout[0, WIDTH], n_out, rows, x, y, classes, weights, loss, u_all, target, label,
                weight,
            )
            cuda.syncthreads()
            batch_weight = parameters.dtype.type(n_samples)
            if weighted:
                share = zero
                for s in range(rank, n_samples, count):
                    share += weight[s]
                batch_weight = gpu_sum(rank, count, share, room)
            if batch_weight == zero:
                continue
            {propagate}
            {output}
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                {adjoint}
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], theta, gradient, m, v, corrections[step, 0],
                    corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], theta, room)
                step += 1
        mean = gpu_sum(rank, count, loss_share, room) / weight_sum
        penalty = gpu_sum(rank, count, penalty_share, room) / batches
        if rank == 0:
            losses[replica, epoch] = mean
            penalties[replica, epoch] = penalty
        if not math.isfinite(mean):
            if rank == 0:
                alive[replica] = 0
            break
    if learning:
        for p in range(rank, size, count):
            parameters[replica, p] = theta[p]
            first[replica, p] = m[p]
            second[replica, p] = v[p]
        if rank == 0:
            steps[replica] = step
'''
EITHER = """    if inside:
        store = shared
    else:
        store = work[replica]"""
SHARED = "    store = shared"

WIDE = '''
{kernel}
def wide_activate(size, activation, pre, post):
    """`gpu_activate` on a grid."""
    gpu_activate(cuda.grid(1), cuda.gridsize(1), size, activation, pre, post)


{kernel}
def wide_load(
    n_samples, width, n_out, batch_size, order, x_data, y_data, labels, weights, loss, u_all, target, label, weight, batch
):
    """`gpu_load` of mini-batch number `batch` in the order of samples, on a grid."""
    rows = order[batch * batch_size :]
    gpu_load(
        cuda.grid(1), cuda.gridsize(1), n_samples, width, n_out, rows, x_data, y_data, labels, weights, loss, u_all, target,
        label, weight,
    )


{kernel}
def wide_loss(n_samples, n_out, loss, output, target, label, weight, scales, losses, batch):
    """losses[batch], and its gradient in the place of the output; one block."""
    room = cuda.shared.array(REDUCTION_SLOTS, output.dtype)
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    value = gpu_loss(rank, count, n_samples, n_out, loss, output, target, label, weight, scales[batch])
    total = gpu_sum(rank, count, value, room)
    if rank == 0:
        losses[batch] = total


{kernel}
def wide_penalty(size, kind, value, gradient, strength, totals, shares):
    """Add the gradient of a penalty; the share of each block; `totals` holds |value|^2 where the kind needs it."""
    room = cuda.shared.array(REDUCTION_SLOTS, value.dtype)
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    if kind == GROUP:
        share = gpu_penalty_group(rank, count, size, value, gradient, totals[0], strength)
    elif kind == L1:
        share = gpu_penalty_l1(rank, count, size, value, gradient, strength)
    else:
        share = gpu_penalty_l2(rank, count, size, value, gradient, strength)
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        shares[cuda.blockIdx.x] = total


{kernel}
def wide_squares(size, value, shares):
    """The share of each block of |value|^2."""
    room = cuda.shared.array(REDUCTION_SLOTS, value.dtype)
    share = gpu_penalty_group_squares(cuda.grid(1), cuda.gridsize(1), size, value)
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        shares[cuda.blockIdx.x] = total


{kernel}
def wide_total(size, shares, keep, sums, at):
    """sums[at] = the sum of the shares, on top of what stands there to `keep`; one block."""
    room = cuda.shared.array(REDUCTION_SLOTS, shares.dtype)
    share = shares.dtype.type(0.0)
    for p in range(cuda.threadIdx.x, size, cuda.blockDim.x):
        share += shares[p]
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        if keep:
            total += sums[at]
        sums[at] = total


{kernel}
def wide_update(size, optimizer, parameters, gradient, first, second, rate, corrections, settings, batch):
    """One optimizer step on one group of parameters."""
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    if optimizer == ADAM:
        beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
        correction1, correction2 = corrections[batch, 0], corrections[batch, 1]
        gpu_adam(
            rank, count, size, parameters, gradient, first, second, rate, beta1, beta2, epsilon, correction1, correction2
        )
    else:
        gpu_sgd(rank, count, size, parameters, gradient, first, rate, settings[MOMENTUM], settings[NESTEROV])


{kernel}
def wide_shrink(size, kind, value, threshold, totals):
    """The proximal map of a penalty on one group of parameters; `totals` as in `wide_penalty`."""
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    if kind == GROUP:
        gpu_proximal_group(rank, count, size, value, totals[0], threshold)
    elif kind == L1:
        gpu_proximal_l1(rank, count, size, value, threshold)
    else:
        gpu_proximal_l2(rank, count, size, value, threshold)
'''
