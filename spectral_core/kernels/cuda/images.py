"""Image networks on CUDA, operation by operation on the whole device. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
parts.py      sha256 323f4312561ae4ab
images.py     sha256 a2fbca8a3d9aff76

A value of planes (sample, channel, row · column) is flat. A thread takes every count-th element, a block one sum. Products
of matrices are calls of a library. Statistics of batch norms are sums in float64.
"""

import math

from spectral_core.kernels.cpu.images import (
    DEVIATION, EPSILON, MEAN_OF, SCALE, batch_norm_adjoint_coefficients, batch_norm_coefficients, batch_norm_evaluation,
    batch_norm_running,
)
from spectral_core.kernels.cuda.parts import gpu_sum
from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel


@kernel(256)
def image_read(size, pixels, channels, relu, planes, scales, shifts, held):
    """What a reader takes of planes: a x + b, with relu if there is one.

    Theorem: I8, I10
    """
    zero = held.dtype.type(0.0)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        c = at // pixels % channels
        x, scale, shift = planes[at], scales[c], shifts[c]
        if relu:
            held[at] = (zero if scale * x + shift <= zero else scale * x + shift)
        else:
            held[at] = scale * x + shift


@kernel(256)
def image_give(size, pixels, channels, relu, planes, scales, shifts, bars, dx):
    """Add the bar of what a reader took to that of the planes.

    Theorem: I10, I15
    """
    zero = dx.dtype.type(0.0)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        c = at // pixels % channels
        x, scale, shift, dheld = planes[at], scales[c], shifts[c], bars[at]
        if relu:
            dx[at] += (zero if scale * x + shift <= zero else dheld)
        else:
            dx[at] += dheld


@kernel(256)
def image_window(size, rows, columns, out_rows, out_columns, channels, taps, dilation, stride, held, kernels, mid):
    """The depthwise convolution, windows of taps × taps.

    By hand: places of pixels (I2). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    border = dilation * (taps // 2)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (out_rows * out_columns), at % (out_rows * out_columns)
        i, j, c = place // out_columns, place % out_columns, plane % channels
        total = mid.dtype.type(0.0)
        for tap in range(taps * taps):
            r, q = stride * i + dilation * (tap // taps) - border, stride * j + dilation * (tap % taps) - border
            if 0 <= r < rows and 0 <= q < columns:
                w, x = kernels[c * taps * taps + tap], held[(plane * rows + r) * columns + q]
                total += w * x
        mid[at] = total


@kernel(256)
def image_window_adjoint(size, rows, columns, out_rows, out_columns, channels, taps, dilation, stride, kernels, bars, dheld):
    """Adjoint of the depthwise convolution for every stride: what the taps that read a pixel give to it.

    By hand: places of pixels (I2). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    border = dilation * (taps // 2)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (rows * columns), at % (rows * columns)
        r, q, c = place // columns, place % columns, plane % channels
        total = dheld.dtype.type(0.0)
        for tap in range(taps * taps):
            down, right = r - dilation * (tap // taps) + border, q - dilation * (tap % taps) + border
            i, j = down // stride, right // stride
            if down == i * stride and right == j * stride and 0 <= i < out_rows and 0 <= j < out_columns:
                w, dy = kernels[c * taps * taps + tap], bars[(plane * out_rows + i) * out_columns + j]
                total += dy * w
        dheld[at] = total


@kernel(256)
def image_window_weights(n_samples, rows, columns, out_rows, out_columns, channels, taps, dilation, stride, held, bars, dkernels):
    """Add the gradient of the depthwise kernels; one block for each number of them.

    By hand: places of pixels (I2). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    room = cuda.shared.array(REDUCTION_SLOTS, dkernels.dtype)
    border, c, tap = dilation * (taps // 2), cuda.blockIdx.x // (taps * taps), cuda.blockIdx.x % (taps * taps)
    share = dkernels.dtype.type(0.0)
    for at in range(cuda.threadIdx.x, n_samples * out_rows * out_columns, cuda.blockDim.x):
        s, place = at // (out_rows * out_columns), at % (out_rows * out_columns)
        i, j, plane = place // out_columns, place % out_columns, s * channels + c
        r, q = stride * i + dilation * (tap // taps) - border, stride * j + dilation * (tap % taps) - border
        if 0 <= r < rows and 0 <= q < columns:
            x, dy = held[(plane * rows + r) * columns + q], bars[(plane * out_rows + i) * out_columns + j]
            share += dy * x
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        dkernels[cuda.blockIdx.x] += total


@kernel(256)
def image_patches(size, rows, columns, channels, images, patches):
    """Windows of 3 × 3 laid out, (sample, channel · 9 + tap, pixel).

    By hand: places of pixels (I4). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        line, place = at // (rows * columns), at % (rows * columns)
        tap, plane = line % 9, line // 9
        r, q = place // columns + tap // 3 - 1, place % columns + tap % 3 - 1
        value = patches.dtype.type(0.0)
        if 0 <= r < rows and 0 <= q < columns:
            value = images[(plane * rows + r) * columns + q]
        patches[at] = value


@kernel(256)
def image_pick(size, rows, columns, out_rows, out_columns, stride, held, part):
    """Every stride-th row and column of planes.

    By hand: places of pixels (I5). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (out_rows * out_columns), at % (out_rows * out_columns)
        part[at] = held[(plane * rows + stride * (place // out_columns)) * columns + stride * (place % out_columns)]


@kernel(256)
def image_put_back(size, rows, columns, out_rows, out_columns, stride, bars, dheld):
    """The adjoint of `image_pick`: 0 at the pixels that were not read.

    By hand: places of pixels (I5). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (rows * columns), at % (rows * columns)
        r, q = place // columns, place % columns
        value = dheld.dtype.type(0.0)
        if r % stride == 0 and q % stride == 0:
            value = bars[(plane * out_rows + r // stride) * out_columns + q // stride]
        dheld[at] = value


@kernel(256)
def image_pool(size, rows, columns, out_rows, out_columns, stride, greatest, held, part, winner):
    """The greatest value of windows of 3 × 3 and the first tap that has it, or their mean.

    By hand: places of pixels (I6, I7). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (out_rows * out_columns), at % (out_rows * out_columns)
        i, j = place // out_columns, place % out_columns
        best, number, total, taps = part.dtype.type(-math.inf), 0, part.dtype.type(0.0), part.dtype.type(3.0)
        for tap in range(9):
            r, q = stride * i + tap // 3 - 1, stride * j + tap % 3 - 1
            if 0 <= r < rows and 0 <= q < columns:
                x = held[(plane * rows + r) * columns + q]
                value = x
                number = (tap if best < value else number)
                best = (value if best < value else best)
                total += x
        if greatest:
            part[at] = best
            winner[at] = number
        else:
            part[at] = total / (taps * taps)


@kernel(256)
def image_pool_adjoint(size, rows, columns, out_rows, out_columns, stride, greatest, winner, bars, dheld):
    """Adjoint of `image_pool`: a pixel gets the bars of the windows that it wins, or a ninth of those of its windows.

    By hand: places of pixels (I6, I7). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        plane, place = at // (rows * columns), at % (rows * columns)
        r, q = place // columns, place % columns
        total, taps = dheld.dtype.type(0.0), dheld.dtype.type(3.0)
        for tap in range(9):
            down, right = r - tap // 3 + 1, q - tap % 3 + 1
            i, j = down // stride, right // stride
            if down == i * stride and right == j * stride and 0 <= i < out_rows and 0 <= j < out_columns:
                window = (plane * out_rows + i) * out_columns + j
                if not greatest or winner[window] == tap:
                    total += bars[window]
        if greatest:
            dheld[at] = total
        else:
            dheld[at] = total / (taps * taps)


@kernel(256)
def image_factors(n_samples, weights, gate, published, keeps, drop, keep, factors, shares):
    """Of an operation: m / keep for each sample, and that times its gate; without a gate or drop-path 1 in their place.

    By hand: one number a sample (I13, I14). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    real = factors.dtype.type
    one = real(1.0)
    for s in range(cuda.grid(1), n_samples, cuda.gridsize(1)):
        share, value = one, one
        if drop >= 0:
            kept, given = real(keeps[drop * n_samples + s]), one
            share = given * kept / keep
        if gate >= 0:
            value = weights[gate]
        if gate >= 0 and published:
            value = one if value > real(0.0) else real(0.0)
        shares[s] = share
        factors[s] = value * share


@kernel(256)
def image_arrive(size, per_sample, factors, part, u):
    """Add what an operation gives, times the factor of the sample; with a node's bar it is the adjoint.

    Theorem: I15
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        factor, given = factors[at // per_sample], part[at]
        u[at] += factor * given


@kernel(256)
def image_slope(size, per_sample, kept, bars, part, shares):
    """The share of each block of the slope of a gate, Σ kept ⟨ū, op(x)⟩.

    By hand: the sum over samples (I13). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    room = cuda.shared.array(REDUCTION_SLOTS, shares.dtype)
    share = shares.dtype.type(0.0)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        dpassed, given = bars[at], part[at]
        share += kept[at // per_sample] * (dpassed * given)
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        shares[cuda.blockIdx.x] = total


@kernel(256)
def image_norm(n_samples, pixels, channels, training, theta, planes, gammas, betas, means, variances, statistics, scales, shifts):
    """Mean, deviation, scale and shift of a channel's batch norm, and its running statistics moved; a block for each channel.

    Sums are in float64, as the three rows of statistics.

    By hand: places of pixels (I8, I8.blocks, I9). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    room = cuda.shared.array(REDUCTION_SLOTS, statistics.dtype)
    rank, c, count = cuda.threadIdx.x, cuda.blockIdx.x, float(n_samples * pixels)
    gamma, beta = float(gammas[c]), float(betas[c])
    if training:
        share = 0.0
        for at in range(rank, n_samples * pixels, cuda.blockDim.x):
            x = float(planes[(at // pixels * channels + c) * pixels + at % pixels])
            share += x / count
        mean = gpu_sum(rank, cuda.blockDim.x, share, room)
        share = 0.0
        for at in range(rank, n_samples * pixels, cuda.blockDim.x):
            x = float(planes[(at // pixels * channels + c) * pixels + at % pixels])
            share += (-mean + x) * (-mean + x)
        squares = gpu_sum(rank, cuda.blockDim.x, share, room)
        if rank == 0:
            deviation, scale, shift = batch_norm_coefficients(beta, count, EPSILON, gamma, mean, squares)
            statistics[MEAN_OF * channels + c], statistics[DEVIATION * channels + c] = mean, deviation
            statistics[SCALE * channels + c] = scale
            scales[c], shifts[c] = scale, shift
            if theta > 0.0:
                moved = batch_norm_running(count, mean, float(means[c]), float(variances[c]), squares, theta)
                means[c], variances[c] = moved
    elif rank == 0:
        scale, shift = batch_norm_evaluation(beta, EPSILON, gamma, float(means[c]), float(variances[c]))
        scales[c], shifts[c] = scale, shift


@kernel(256)
def image_norm_adjoint(n_samples, pixels, channels, planes, statistics, bars, dgammas, dbetas):
    """The bar of a batch norm's output becomes that of its input; gradients of γ and β; a block for each channel.

    By hand: places of pixels (I8). Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    real = bars.dtype.type
    room = cuda.shared.array(REDUCTION_SLOTS, statistics.dtype)
    rank, c, count = cuda.threadIdx.x, cuda.blockIdx.x, float(n_samples * pixels)
    mean, deviation, scale = statistics[MEAN_OF * channels + c], statistics[DEVIATION * channels + c], statistics[SCALE * channels + c]
    some_beta, some_gamma = 0.0, 0.0
    for at in range(rank, n_samples * pixels, cuda.blockDim.x):
        place = (at // pixels * channels + c) * pixels + at % pixels
        x, dnormed = float(planes[place]), float(bars[place])
        some_beta += dnormed
        some_gamma += dnormed * (-mean + x) / deviation
    dbeta = gpu_sum(rank, cuda.blockDim.x, some_beta, room)
    dgamma = gpu_sum(rank, cuda.blockDim.x, some_gamma, room)
    if rank == 0:
        dgammas[c], dbetas[c] = dgamma, dbeta
    linear, constant = batch_norm_adjoint_coefficients(count, dbeta, deviation, dgamma, mean, scale)
    linear, constant, scale = real(linear), real(constant), real(scale)
    for at in range(rank, n_samples * pixels, cuda.blockDim.x):
        place = (at // pixels * channels + c) * pixels + at % pixels
        x, dnormed = planes[place], bars[place]
        bars[place] = constant + dnormed * scale + linear * x


@kernel(256)
def image_mean(size, rows, columns, channels, planes, scales, shifts, pooled):
    """The mean of each plane of a x + b.

    Theorem: I8, I11
    """
    real = pooled.dtype.type
    height, width = real(rows), real(columns)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        scale, shift, total = scales[at % channels], shifts[at % channels], real(0.0)
        for place in range(rows * columns):
            x = planes[at * rows * columns + place]
            x = scale * x + shift
            total += x
        pooled[at] = total / height / width


@kernel(256)
def image_mean_adjoint(size, rows, columns, bars, dx):
    """Adjoint of `image_mean`, added: the same share for each pixel.

    Theorem: I11, I15
    """
    height, width = dx.dtype.type(rows), dx.dtype.type(columns)
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        total = bars[at // (rows * columns)]
        dx[at] += total / height / width


@kernel(256)
def image_logits(size, classes, bias, logits):
    """Add the bias of a classifier to its products.

    Theorem: I12
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        logits[at] += bias[at % classes]


@kernel(256)
def image_bias(n_samples, classes, bars, dbias):
    """Gradient of the bias of a classifier: one thread for each class.

    Theorem: I12
    """
    for h in range(cuda.grid(1), classes, cuda.gridsize(1)):
        total = dbias.dtype.type(0.0)
        for s in range(n_samples):
            total += bars[s * classes + h]
        dbias[h] = total


@kernel(256)
def image_share(size, share, bars):
    """The bar of a classifier that is not the last one, times its share of the loss.

    Theorem: I12
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        bars[at] = share * bars[at]


@kernel(256)
def image_samples(size, per_sample, part, sums):
    """Add the sum over samples of a matrix for each sample; one thread for each number of it.

    Theorem: I3, I4
    """
    for at in range(cuda.grid(1), per_sample, cuda.gridsize(1)):
        total = sums.dtype.type(0.0)
        for s in range(size):
            total += part[s * per_sample + at]
        sums[at] += total


@kernel(256)
def image_clamp(size, limit, weights):
    """Weights of published gates within their limit.

    Theorem: I13
    """
    for at in range(cuda.grid(1), size, cuda.gridsize(1)):
        w = weights[at]
        weights[at] = max(-limit, min(limit, w))


@kernel(256)
def image_keep_norms(size, starts, places, running, parameters):
    """The eigenvalues of each node scaled so that their squares have mean 1, its running statistics with them; a thread a node.

    By hand: a norm that is kept (I13). Checked by test_image_training.test_eigenvalues_of_a_node_keep_their_norm.
    """
    real = parameters.dtype.type
    for node in range(cuda.grid(1), size, cuda.gridsize(1)):
        begin, end, squares = starts[node], starts[node + 1], real(0.0)
        for k in range(begin, end):
            squares += parameters[places[k]] * parameters[places[k]]
        if squares > real(0.0):
            factor = math.sqrt(real(end - begin) / squares)
            for k in range(begin, end):
                parameters[places[k]] *= factor
            first, channels = running[2 * node], running[2 * node + 1]
            for c in range(first, first + channels):
                parameters[c] *= factor
                parameters[channels + c] *= factor * factor
