"""Functions without a formula in `kernels/cpu/images.py`: storage, scratch planes, order of operations, epochs.

TAPS is the side of the window.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def group_size(n_samples, size):
    """How many samples lie below one another in a scratch plane: about a thousand pixels.

    Theorem: I18
    """
    return max(1, min(n_samples, 1024 // size))


def scratch_sizes(taps, dilation, stride, rows, columns, group):
    """Of scratch planes: border, rows and columns of a phase, pitch, rows from one sample to the next, size of a phase.

    Theorem: I1, I18

    By hand: sizes of scratch planes (I1, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    border = (dilation * (taps // 2) + stride - 1) // stride
    out_rows, out_columns = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    pitch, height = out_columns + 2 * border, out_rows + border
    return border, out_rows, out_columns, pitch, height, (group * height + border) * pitch


def tap_offsets(taps, dilation, stride, border, pitch, stack):
    """Where each tap reads in the phases, at the first position: its phase, shifted by its quotient (I2, I18).

    Theorem: I2, I18

    By hand: places of taps (I2, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    offsets = np.empty(taps * taps, np.int64)
    for row in range(taps):
        down = dilation * (row - taps // 2)
        for column in range(taps):
            right = dilation * (column - taps // 2)
            phase = (down - stride * (down // stride)) * stride + right - stride * (right // stride)
            place = (border + down // stride) * pitch + border + right // stride
            offsets[row * taps + column] = phase * stack + place
    return offsets


def read(x, scale, shift, relu, held):
    """What a reader takes of a plane: a x + b, with relu if there is one.

    Theorem: I8, I10
    """
    if relu:
        relu_load(held, x, scale, shift)
    else:
        batch_norm(held, x, scale, shift)


def place(plane, rows, columns, stride, begin, pitch, stack, flat):
    """A plane into the phases of a scratch plane, where its sample begins.

    Theorem: I2, I18

    By hand: places in scratch planes (I2, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    if stride == 1:
        for r in range(rows):
            target, source = flat[begin + r * pitch : begin + r * pitch + columns], plane[r * columns : (r + 1) * columns]
            for q in range(columns):
                target[q] = source[q]
    else:
        for r in range(rows):
            row = begin + (r // stride) * pitch + (r % stride) * stride * stack
            for q in range(columns):
                flat[row + q // stride + (q % stride) * stack] = plane[r * columns + q]


def take(flat, rows, columns, stride, begin, pitch, stack, plane):
    """A plane out of the phases of a scratch plane: the adjoint of `place`.

    Theorem: I2, I18

    By hand: places in scratch planes (I2, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    if stride == 1:
        for r in range(rows):
            source, target = flat[begin + r * pitch : begin + r * pitch + columns], plane[r * columns : (r + 1) * columns]
            for q in range(columns):
                target[q] = source[q]
    else:
        for r in range(rows):
            row = begin + (r // stride) * pitch + (r % stride) * stride * stack
            for q in range(columns):
                plane[r * columns + q] = flat[row + q // stride + (q % stride) * stack]


def subsampled(plane, rows, columns, stride, part):
    """Every stride-th row and column of a plane (I5).

    Theorem: I5
    """
    at = 0
    for r in range(0, rows, stride):
        for q in range(0, columns, stride):
            part[at] = plane[r * columns + q]
            at += 1


def put_back(part, rows, columns, stride, plane):
    """The adjoint of `subsampled`: 0 at the rows and columns that were not read (I5).

    Theorem: I5
    """
    plane[:] = 0
    at = 0
    for r in range(0, rows, stride):
        for q in range(0, columns, stride):
            plane[r * columns + q] = part[at]
            at += 1


def give(bar, x, scale, shift, relu, dx):
    """Add the bar of what a reader took to that of the sender.

    Theorem: I10, I15
    """
    if relu:
        relu_adjoint(bar, bar, x, scale, shift)
    fan_out(dx, bar)


def forward_stem(images, rows, columns, kernels, z):
    """z (samples, channels, pixels) of images (samples, channels, pixels): windows of 3 × 3 laid out, then one product (I4).

    Theorem: I4

    By hand: a product of matrices (I3, I4). Checked by test_image_kernels.test_stem.
    """
    n_samples, channels, size = images.shape
    border, _, _, pitch, _, stack = scratch_sizes(3, 1, 1, rows, columns, 1)
    offsets = tap_offsets(3, 1, 1, border, pitch, stack)
    flat, patches = np.zeros(stack, z.dtype), np.empty((9 * channels, size), z.dtype)
    for s in range(n_samples):
        for c in range(channels):
            place(images[s, c], rows, columns, 1, border * pitch + border, pitch, stack, flat)
            for t in range(9):
                take(flat, rows, columns, 1, offsets[t], pitch, stack, patches[9 * c + t])
        np.dot(kernels, patches, z[s])


def adjoint_stem(images, rows, columns, dz, dkernels):
    """Add the gradient of the stem's kernels; the images need none (I4).

    Theorem: I4

    By hand: a product of matrices (I3, I4). Checked by test_image_kernels.test_stem.
    """
    n_samples, channels, size = images.shape
    border, _, _, pitch, _, stack = scratch_sizes(3, 1, 1, rows, columns, 1)
    offsets = tap_offsets(3, 1, 1, border, pitch, stack)
    flat, patches, part = np.zeros(stack, dz.dtype), np.empty((9 * channels, size), dz.dtype), np.empty_like(dkernels)
    for s in range(n_samples):
        for c in range(channels):
            place(images[s, c], rows, columns, 1, border * pitch + border, pitch, stack, flat)
            for t in range(9):
                take(flat, rows, columns, 1, offsets[t], pitch, stack, patches[9 * c + t])
        np.dot(dz[s], patches.T, part)
        dkernels += part


def forward_pointwise(x, rows, columns, stride, scale, shift, weights, z):
    """z = W (every stride-th pixel of a x + b) (I3, I5).

    Theorem: I3, I5

    By hand: a product of matrices (I3). Checked by test_image_kernels.test_pointwise_of_every_stride.
    """
    n_samples, channels, size = x.shape
    held, mid = np.empty(size, z.dtype), np.empty((channels, z.shape[2]), z.dtype)
    for s in range(n_samples):
        for c in range(channels):
            read(x[s, c], scale[c], shift[c], False, held)
            subsampled(held, rows, columns, stride, mid[c])
        np.dot(weights, mid, z[s])


def adjoint_pointwise(x, rows, columns, stride, scale, shift, weights, dz, dx, dweights):
    """Adjoint of `forward_pointwise`; bars and gradients are added (I3, I5).

    Theorem: I3, I5

    By hand: products of matrices (I3). Checked by test_image_kernels.test_pointwise_of_every_stride.
    """
    n_samples, channels, size = x.shape
    held, bar = np.empty(size, dz.dtype), np.empty(size, dz.dtype)
    mid, dmid, part = np.empty((channels, dz.shape[2]), dz.dtype), np.empty((channels, dz.shape[2]), dz.dtype), np.empty_like(weights)
    for s in range(n_samples):
        np.dot(weights.T, dz[s], dmid)
        for c in range(channels):
            read(x[s, c], scale[c], shift[c], False, held)
            subsampled(held, rows, columns, stride, mid[c])
            put_back(dmid[c], rows, columns, stride, bar)
            fan_out(dx[s, c], bar)
        np.dot(dz[s], mid.T, part)
        dweights += part


def forward_window_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, z):
    """z = pointwise(depthwise(what is read of x)), windows of TAPS × TAPS (I2, I3).

    Theorem: I2, I3, I10, I18

    x (samples, channels, pixels), z likewise; kernels (channels, taps · taps); weights (receiving channels, channels)

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, z.shape[2])
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(TAPS, dilation, stride, rows, columns, group)
    offsets, corner = tap_offsets(TAPS, dilation, stride, border, pitch, stack), border * pitch + border
    flat, result = np.zeros(stride * stride * stack, z.dtype), np.empty(stack - 2 * corner, z.dtype)
    held, mid = np.empty(size, z.dtype), np.empty((group, channels, out_rows * out_columns), z.dtype)
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        for c in range(channels):
            for g in range(count):
                read(x[start + g, c], scale[c], shift[c], relu, held)
                place(held, rows, columns, stride, corner + g * height * pitch, pitch, stack, flat)
            flat_TAPS(flat, offsets, kernels[c], result)
            for g in range(count):
                take(result, out_rows, out_columns, 1, g * height * pitch, pitch, stack, mid[g, c])
        for g in range(count):
            np.dot(weights, mid[g], z[start + g])


def adjoint_window_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, dz, dx, dkernels, dweights):
    """Adjoint of `forward_window_TAPS`, its depthwise output computed again; bars and gradients are added (I2, I3, I10).

    Theorem: I2, I3, I10, I15, I18

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, dz.shape[2])
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(TAPS, dilation, stride, rows, columns, group)
    offsets, corner = tap_offsets(TAPS, dilation, stride, border, pitch, stack), border * pitch + border
    # Scratch planes: what is read, its bar by phases, the bar of the depthwise output.
    flat, dphases = np.zeros(stride * stride * stack, dz.dtype), np.empty(stride * stride * stack, dz.dtype)
    dflat, result = np.zeros(stack, dz.dtype), np.empty(stack - 2 * corner, dz.dtype)
    inner = dflat[corner : corner + result.size]
    held, bar, part = np.empty(size, dz.dtype), np.empty(size, dz.dtype), np.empty_like(weights)
    mid = np.empty((group, channels, out_rows * out_columns), dz.dtype)
    dmid = np.empty((group, channels, out_rows * out_columns), dz.dtype)
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        if count < group:
            dflat[:] = 0  # no sample lies at the end of the last scratch plane
        for g in range(count):
            np.dot(weights.T, dz[start + g], dmid[g])
        for c in range(channels):
            for g in range(count):
                read(x[start + g, c], scale[c], shift[c], relu, held)
                place(held, rows, columns, stride, corner + g * height * pitch, pitch, stack, flat)
                place(dmid[g, c], out_rows, out_columns, 1, corner + g * height * pitch, pitch, stack, dflat)
            flat_TAPS(flat, offsets, kernels[c], result)
            for g in range(count):
                take(result, out_rows, out_columns, 1, g * height * pitch, pitch, stack, mid[g, c])
            flat_weights_TAPS(flat, offsets, inner, dkernels[c])
            if stride == 1:
                flat_TAPS(dflat, offsets, kernels[c, ::-1].copy(), result)
            else:
                dphases[:] = 0
                spread_TAPS(dphases, offsets, kernels[c], inner)
            for g in range(count):
                if stride == 1:
                    take(result, rows, columns, 1, g * height * pitch, pitch, stack, bar)
                else:
                    take(dphases, rows, columns, stride, corner + g * height * pitch, pitch, stack, bar)
                give(bar, x[start + g, c], scale[c], shift[c], relu, dx[start + g, c])
        for g in range(count):
            np.dot(dz[start + g], mid[g].T, part)
            dweights += part


def forward_node(kind, x, rows, columns, stride, scale, shift, factor, u):
    """Add factor · op(a x + b) to the node u: a link (identity), a max pool or a mean pool, 3 × 3 (I5 to I7, I15).

    Theorem: I5, I6, I7, I13, I15

    By hand: places in scratch planes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, u.shape[2])
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, corner = tap_offsets(3, 1, stride, border, pitch, stack), border * pitch + border
    flat, result = np.zeros(stride * stride * stack, u.dtype), np.zeros(stack - 2 * corner, u.dtype)
    if kind == MAX:
        flat[:] = -np.inf
    held, part, ninths = np.empty(size, u.dtype), np.empty(u.shape[2], u.dtype), np.full(9, u.dtype.type(1 / 9))
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        for c in range(channels):
            for g in range(count):
                read(x[start + g, c], scale[c], shift[c], False, held)
                if kind == LINK:
                    subsampled(held, rows, columns, stride, part)
                    arrive(part, u[start + g, c], factor[start + g])
                else:
                    place(held, rows, columns, stride, corner + g * height * pitch, pitch, stack, flat)
            if kind == LINK:
                continue
            if kind == MAX:
                greatest_3(flat, offsets, result)
            else:
                flat_3(flat, offsets, ninths, result)
            for g in range(count):
                take(result, out_rows, out_columns, 1, g * height * pitch, pitch, stack, part)
                arrive(part, u[start + g, c], factor[start + g])


def adjoint_node(kind, x, rows, columns, stride, scale, shift, factor, kept, du, dx):
    """Adjoint of `forward_node`, added to dx; returns the slope of the gate, Σ kept ⟨ū, op(a x + b)⟩ (I13).

    Theorem: I5, I6, I7, I13, I15

    With x̄ = opᵀ ū this is Σ kept ⟨x̄, a x + b⟩, for every operation of the three.

    By hand: places in scratch planes, the sum of slopes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, du.shape[2])
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, corner = tap_offsets(3, 1, stride, border, pitch, stack), border * pitch + border
    # Scratch planes: what is read, the winners, the bars of the node and of what was read.
    flat, dphases = np.zeros(stride * stride * stack, du.dtype), np.empty(stride * stride * stack, du.dtype)
    dflat, winner, result = np.zeros(stack, du.dtype), np.zeros(stack, du.dtype), np.empty(stack - 2 * corner, du.dtype)
    inner, inner_winner = dflat[corner : corner + result.size], winner[corner : corner + result.size]
    if kind == MAX:
        flat[:] = -np.inf
    held, bar, ninths = np.empty(size, du.dtype), np.empty(size, du.dtype), np.full(9, du.dtype.type(1 / 9))
    slope = 0.0
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        if count < group:
            dflat[:] = 0  # no sample lies at the end of the last scratch plane
        for c in range(channels):
            if kind != LINK:
                for g in range(count):
                    if kind == MAX:
                        read(x[start + g, c], scale[c], shift[c], False, held)
                        place(held, rows, columns, stride, corner + g * height * pitch, pitch, stack, flat)
                    place(du[start + g, c], out_rows, out_columns, 1, corner + g * height * pitch, pitch, stack, dflat)
                if kind == MAX:
                    winner_3(flat, offsets, inner_winner)
                if stride == 1 and kind == MAX:
                    selected_3(dflat, winner, offsets[::-1].copy(), result)
                elif stride == 1:
                    flat_3(dflat, offsets, ninths, result)
                else:
                    dphases[:] = 0
                    if kind == MAX:
                        selected_spread_3(dphases, offsets, inner_winner, inner)
                    else:
                        spread_3(dphases, offsets, ninths, inner)
            for g in range(count):
                if kind == LINK:
                    put_back(du[start + g, c], rows, columns, stride, bar)
                elif stride == 1:
                    take(result, rows, columns, 1, g * height * pitch, pitch, stack, bar)
                else:
                    take(dphases, rows, columns, stride, corner + g * height * pitch, pitch, stack, bar)
                read(x[start + g, c], scale[c], shift[c], False, held)
                slope += kept[start + g] * gate_adjoint(bar, bar, held, factor[start + g])
                fan_out(dx[start + g, c], bar)
    return slope


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
            batch_norm_adjoint(dx[s, c], dx[s, c], x[s, c], real(constant), real(linear), real(scale))


def forward_tower(x, rows, columns, scale, shift, weights, bias, pooled, logits):
    """logits = V · means of the planes of a x + b, + e (I11, I12); pooled (samples, channels) are the means.

    Theorem: I11, I12

    By hand: a product of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, held = x.dtype.type, np.empty(x.shape[2], x.dtype)
    for s in range(x.shape[0]):
        for c in range(x.shape[1]):
            read(x[s, c], scale[c], shift[c], False, held)
            pooled[s, c] = global_mean(held, real(columns), real(rows))
    np.dot(pooled, weights.T, logits)
    for s in range(logits.shape[0]):
        for h in range(bias.shape[0]):
            logits[s, h] += bias[h]


def adjoint_tower(dlogits, pooled, rows, columns, weights, dx, dweights, dbias):
    """Gradients of V and e, and the bar of the planes, added (I11, I12).

    Theorem: I11, I12

    By hand: products of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, bar = dx.dtype.type, np.empty(dx.shape[2], dx.dtype)
    dweights += np.dot(dlogits.T, pooled)
    for s in range(dlogits.shape[0]):
        for h in range(dbias.shape[0]):
            dbias[h] += dlogits[s, h]
    dpooled = np.dot(dlogits, weights)
    for s in range(dlogits.shape[0]):
        for c in range(dx.shape[1]):
            global_mean_adjoint(bar, real(columns), dpooled[s, c], real(rows))
            fan_out(dx[s, c], bar)
