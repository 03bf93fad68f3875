"""Kernels without a formula in `kernels/cuda/wide.py`: functions of `parts` on a whole grid."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def wide_activate(size, activation, pre, post):
    """`gpu_activate` on a grid."""
    gpu_activate(cuda.grid(1), cuda.gridsize(1), size, activation, pre, post)


def wide_load(
    n_samples, width, n_out, batch_size, order, x_data, y_data, labels, weights, loss, u_all, target, label, weight, batch
):
    """`gpu_load` of mini-batch number `batch` in the order of samples, on a grid."""
    rows = order[batch * batch_size :]
    gpu_load(
        cuda.grid(1), cuda.gridsize(1), n_samples, width, n_out, rows, x_data, y_data, labels, weights, loss, u_all, target,
        label, weight,
    )


def wide_loss(n_samples, n_out, loss, smoothing, output, target, label, weight, scales, losses, batch):
    """losses[batch], and its gradient in the place of the output; one block."""
    room = cuda.shared.array(REDUCTION_SLOTS, output.dtype)
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scales[batch])
    total = gpu_sum(rank, count, value, room)
    if rank == 0:
        losses[batch] = total


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


def wide_squares(size, value, shares):
    """The share of each block of |value|^2."""
    room = cuda.shared.array(REDUCTION_SLOTS, value.dtype)
    share = gpu_penalty_group_squares(cuda.grid(1), cuda.gridsize(1), size, value)
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        shares[cuda.blockIdx.x] = total


def wide_total(size, shares, keep, sums, at):
    """sums[at] = the sum of the shares, on top of what stands there to `keep`; one block."""
    room = cuda.shared.array(REDUCTION_SLOTS, shares.dtype)
    share = shares.dtype.type(0.0)
    for p in range(cuda.threadIdx.x, size, cuda.blockDim.x):
        share = grown_sum(share, shares[p])
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        if keep:
            total = grown_sum(total, sums[at])
        sums[at] = total


def wide_clip(size, gradient, totals, limit):
    """`gpu_clip` of one group on a grid; `totals` holds |g|^2 of all groups."""
    gpu_clip(cuda.grid(1), cuda.gridsize(1), size, gradient, totals[0], limit)


def wide_update(size, optimizer, parameters, gradient, first, second, rate, decay, factors, corrections, settings, batch):
    """One optimizer step on one group of parameters at factors[batch] · rate, after its decay."""
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    moved = step_rate(factors[batch], rate)
    if decay > parameters.dtype.type(0.0):
        gpu_decay(rank, count, size, parameters, step_decay(moved, decay))
    if optimizer == ADAM:
        beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
        correction1, correction2 = corrections[batch, 0], corrections[batch, 1]
        gpu_adam(
            rank, count, size, parameters, gradient, first, second, moved, beta1, beta2, epsilon, correction1, correction2
        )
    else:
        gpu_sgd(rank, count, size, parameters, gradient, first, moved, settings[MOMENTUM], settings[NESTEROV])


def wide_shrink(size, kind, value, threshold, factors, totals, batch):
    """The proximal map of a penalty on one group, threshold factors[batch] · threshold; `totals` as in `wide_penalty`."""
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    moved = step_threshold(factors[batch], threshold)
    if kind == GROUP:
        gpu_proximal_group(rank, count, size, value, totals[0], moved)
    elif kind == L1:
        gpu_proximal_l1(rank, count, size, value, moved)
    else:
        gpu_proximal_l2(rank, count, size, value, moved)
