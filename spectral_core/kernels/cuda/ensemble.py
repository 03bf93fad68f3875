"""Many trainings at once on CUDA, one block for each. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
parts.py      sha256 323f4312561ae4ab

A block trains a network of its own for whole epochs, of any parametrization, depth and width.
"""

import math

from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel
from spectral_core.kernels.cuda.parts import (
    CLIP_NORM, CROSS_ENTROPY, SMOOTHING, START, WIDTH, gpu_add_penalty, gpu_adjoint_direct, gpu_adjoint_global,
    gpu_adjoint_layerwise, gpu_limit_norm, gpu_load, gpu_loss, gpu_propagate_direct, gpu_propagate_global, gpu_propagate_layerwise, gpu_row, gpu_shrink, gpu_sum, gpu_update,
)


@kernel(256)
def train_global(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
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
    if inside:
        store = shared
    else:
        store = work[replica]
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, z_all, du_all = space[places[0] :], space[places[1] :], space[places[2] :]
    block_scratch, sample_scratch = space[places[3] :], space[places[4] :]
    target, weight = space[places[5] :], space[places[6] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
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
            gpu_propagate_global(rank, count, layout, activation, n_samples, block_scratch, theta, sample_scratch, u_all, z_all)
            output = z_all[n_samples * layout[last, START] :]
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_global(rank, count, layout, n_samples, block_scratch, du_all, gradient, theta, sample_scratch, u_all, z_all)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
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


@kernel(256)
def train_layerwise(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
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
    if inside:
        store = shared
    else:
        store = work[replica]
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, z_all, du_all = space[places[0] :], space[places[1] :], space[places[2] :]
    block_scratch, sample_scratch = space[places[3] :], space[places[4] :]
    target, weight = space[places[5] :], space[places[6] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
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
            gpu_propagate_layerwise(rank, count, layout, activation, n_samples, block_scratch, theta, u_all, z_all)
            output = z_all[n_samples * layout[last, START] :]
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_layerwise(rank, count, layout, n_samples, block_scratch, du_all, gradient, theta, u_all, z_all)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
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


@kernel(256)
def train_direct(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
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
    if inside:
        store = shared
    else:
        store = work[replica]
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, z_all, du_all = space[places[0] :], space[places[1] :], space[places[2] :]
    block_scratch, sample_scratch = space[places[3] :], space[places[4] :]
    target, weight = space[places[5] :], space[places[6] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
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
            gpu_propagate_direct(rank, count, layout, activation, n_samples, theta, u_all, z_all)
            output = z_all[n_samples * layout[last, START] :]
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_direct(rank, count, layout, n_samples, du_all, gradient, theta, u_all, z_all)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
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
