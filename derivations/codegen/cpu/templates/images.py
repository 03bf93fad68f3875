"""Functions without a formula in `kernels/cpu/images.py`: storage, scratch planes, order of operations, epochs.

TAPS is the side of the window.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821, F841
# mypy: ignore-errors
# fmt: off


def planes(flat, row, values, n_samples):
    """The planes of a value (n_samples, channels, rows · columns) inside the vector of all values."""
    channels, size = values[row, CHANNELS], values[row, ROWS] * values[row, COLUMNS]
    begin = n_samples * values[row, START]
    return flat[begin : begin + n_samples * channels * size].reshape(n_samples, channels, size)


def group_size(n_samples, size):
    """How many samples lie below one another in a scratch plane: about a thousand pixels."""
    return max(1, min(n_samples, 1024 // size))


def scratch_sizes(taps, dilation, stride, rows, columns, group):
    """Of scratch planes: border, rows and columns of a phase, pitch, rows from one sample to the next, size of a phase."""
    border = (dilation * (taps // 2) + stride - 1) // stride
    out_rows, out_columns = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    pitch, height = out_columns + 2 * border, out_rows + border
    return border, out_rows, out_columns, pitch, height, (group * height + border) * pitch


def tap_offsets(taps, dilation, stride, border, pitch, stack):
    """Where each tap reads in the phases, at the first position: its phase, shifted by its quotient (I2, I18)."""
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
    """What a reader takes of a plane: a x + b, with relu if there is one."""
    if relu:
        relu_load(held, x, scale, shift)
    else:
        batch_norm(held, x, scale, shift)


def place(plane, rows, columns, stride, begin, pitch, stack, flat):
    """A plane into the phases of a scratch plane, where its sample begins."""
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
    """A plane out of the phases of a scratch plane: the adjoint of `place`."""
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
    """Every stride-th row and column of a plane (I5)."""
    at = 0
    for r in range(0, rows, stride):
        for q in range(0, columns, stride):
            part[at] = plane[r * columns + q]
            at += 1


def put_back(part, rows, columns, stride, plane):
    """The adjoint of `subsampled`: 0 at the rows and columns that were not read (I5)."""
    plane[:] = 0
    at = 0
    for r in range(0, rows, stride):
        for q in range(0, columns, stride):
            plane[r * columns + q] = part[at]
            at += 1


def give(bar, x, scale, shift, relu, dx):
    """Add the bar of what a reader took to that of the sender."""
    if relu:
        relu_adjoint(bar, bar, x, scale, shift)
    fan_out(dx, bar)


def forward_stem(images, rows, columns, kernels, z):
    """z (samples, channels, pixels) of images (samples, channels, pixels): windows of 3 × 3 laid out, then one product (I4)."""
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
    """Add the gradient of the stem's kernels; the images need none (I4)."""
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
    """z = W (every stride-th pixel of a x + b) (I3, I5)."""
    n_samples, channels, size = x.shape
    held, mid = np.empty(size, z.dtype), np.empty((channels, z.shape[2]), z.dtype)
    for s in range(n_samples):
        for c in range(channels):
            read(x[s, c], scale[c], shift[c], False, held)
            subsampled(held, rows, columns, stride, mid[c])
        np.dot(weights, mid, z[s])


def adjoint_pointwise(x, rows, columns, stride, scale, shift, weights, dz, dx, dweights):
    """Adjoint of `forward_pointwise`; bars and gradients are added (I3, I5)."""
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


def forward_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, z):
    """z = pointwise(depthwise(what is read of x)), windows of TAPS × TAPS (I2, I3).

    x (samples, channels, pixels), z likewise; kernels (channels, taps · taps); weights (receiving channels, channels)
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


def adjoint_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, dz, dx, dkernels, dweights):
    """Adjoint of `forward_TAPS`, its depthwise output computed again; bars and gradients are added (I2, I3, I10)."""
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
    """Add factor · op(a x + b) to the node u: a link (identity), a max pool or a mean pool, 3 × 3 (I5 to I7, I15)."""
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

    With x̄ = opᵀ ū this is Σ kept ⟨x̄, a x + b⟩, for every operation of the three.
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


def forward_norm(x, begin, theta, training, norm, running, parameters, statistics):
    """Scale and shift of each channel of a value, of its own statistics in training, with the running ones moved (I8, I9).

    statistics (4, channels of all values): mean, deviation, scale, shift; norm: where γ and β stand in the parameters;
    running: where the running means and variances stand
    """
    n_samples, channels, size = x.shape
    for c in range(channels):
        gamma, beta = float(parameters[norm + c]), float(parameters[norm + channels + c])
        if training:
            mean, squares = 0.0, 0.0
            for s in range(n_samples):
                mean_b, squares_b = batch_norm_sums(x[s, c], size)
                if s == 0:
                    mean, squares = float(mean_b), float(squares_b)
                else:
                    mean, squares = batch_norm_merge(
                        float(s * size), float(size), mean, float(mean_b), squares, float(squares_b)
                    )
            count = float(n_samples * size)
            deviation, scale, shift = batch_norm_coefficients(beta, count, EPSILON, gamma, mean, squares)
            statistics[MEAN_OF, begin + c], statistics[DEVIATION, begin + c] = mean, deviation
            if theta > 0.0:
                old_mean, old_variance = float(parameters[running + c]), float(parameters[running + channels + c])
                new = batch_norm_running(count, mean, old_mean, old_variance, squares, theta)
                parameters[running + c], parameters[running + channels + c] = new
        else:
            means, variances = float(parameters[running + c]), float(parameters[running + channels + c])
            scale, shift = batch_norm_evaluation(beta, EPSILON, gamma, means, variances)
        statistics[SCALE, begin + c], statistics[SHIFT, begin + c] = scale, shift


def adjoint_norm(x, dx, begin, norm, statistics, gradient):
    """The bar of a batch norm's output becomes that of its input, in place; gradients of γ and β (I8)."""
    real = x.dtype.type
    n_samples, channels, size = x.shape
    for c in range(channels):
        mean, deviation = statistics[MEAN_OF, begin + c], statistics[DEVIATION, begin + c]
        scale, dgamma, dbeta = statistics[SCALE, begin + c], 0.0, 0.0
        for s in range(n_samples):
            some_beta, some_gamma = batch_norm_adjoint_sums(dx[s, c], x[s, c], real(deviation), real(mean))
            dbeta += some_beta
            dgamma += some_gamma
        gradient[norm + c], gradient[norm + channels + c] = dgamma, dbeta
        count = float(n_samples * size)
        linear, constant = batch_norm_adjoint_coefficients(count, dbeta, deviation, dgamma, mean, scale)
        for s in range(n_samples):
            batch_norm_adjoint(dx[s, c], dx[s, c], x[s, c], real(constant), real(linear), real(scale))


def factors_of(operation, published, keep, kept, first, parameters, n_samples, factor, share):
    """factor (n_samples,): gate · m / keep of the operation; share: m / keep alone, m of the rows from `first` on (I13, I14)."""
    real = parameters.dtype.type
    gate, one = real(1), real(1)
    if operation[GATE] >= 0:
        gate = parameters[operation[GATE]]
        if published:
            gate = one if gate > 0 else real(0)
    for s in range(n_samples):
        share[s] = one
        if operation[DROP] >= 0 and keep < 1.0:
            share[s] = one / real(keep) if kept[operation[DROP], first + s] else real(0)
        factor[s] = gate * share[s]


def forward_images(
    images, values, operations, published, training, theta, keep, kept, first, parameters, running, z_all, statistics
):
    """All values in their order (I16)."""
    n_samples, real = images.shape[0], parameters.dtype.type
    factor, share = np.empty(n_samples, parameters.dtype), np.empty(n_samples, parameters.dtype)
    done = 0
    for v in range(values.shape[0]):
        z = planes(z_all, v, values, n_samples)
        if operations[done, KIND] >= LINK:
            z[:] = 0
        while done < operations.shape[0] and operations[done, RECEIVER] == v:
            op = operations[done]
            done += 1
            if op[KIND] == STEM:
                kernels = parameters[op[MATRIX] : op[MATRIX] + z.shape[1] * images.shape[1] * 9]
                forward_stem(images, values[v, ROWS], values[v, COLUMNS], kernels.reshape(z.shape[1], images.shape[1] * 9), z)
                continue
            # What the operation reads, and through which batch norm.
            sender = op[SENDER]
            x, begin = planes(z_all, sender, values, n_samples), values[sender, FIRST]
            rows, columns, channels = values[sender, ROWS], values[sender, COLUMNS], values[sender, CHANNELS]
            scale = statistics[SCALE, begin : begin + channels].astype(parameters.dtype)
            shift = statistics[SHIFT, begin : begin + channels].astype(parameters.dtype)
            if op[KIND] >= LINK:
                factors_of(op, published, keep, kept, first, parameters, n_samples, factor, share)
                forward_node(op[KIND], x, rows, columns, op[STRIDE], scale, shift, factor, z)
                continue
            weights = parameters[op[MATRIX] : op[MATRIX] + z.shape[1] * channels].reshape(z.shape[1], channels)
            if op[TAPS_OF] == 1:
                forward_pointwise(x, rows, columns, op[STRIDE], scale, shift, weights, z)
                continue
            count = op[TAPS_OF] * op[TAPS_OF]
            kernels = parameters[op[KERNEL] : op[KERNEL] + channels * count].reshape(channels, count)
            if op[TAPS_OF] == 3:
                forward_3(x, rows, columns, op[DILATION], op[STRIDE], op[RELU] == 1, scale, shift, kernels, weights, z)
            else:
                forward_5(x, rows, columns, op[DILATION], op[STRIDE], op[RELU] == 1, scale, shift, kernels, weights, z)
        forward_norm(z, values[v, FIRST], theta, training, values[v, NORM], running + 2 * values[v, FIRST], parameters, statistics)


def adjoint_images(
    images, values, operations, published, keep, kept, first, parameters, z_all, dz_all, statistics, gradient
):
    """All values in reverse order; `dz_all` holds the bars of the towers' inputs, gradients are added (I16)."""
    n_samples = images.shape[0]
    factor, share = np.empty(n_samples, parameters.dtype), np.empty(n_samples, parameters.dtype)
    done = operations.shape[0] - 1
    for v in range(values.shape[0] - 1, -1, -1):
        z, dz = planes(z_all, v, values, n_samples), planes(dz_all, v, values, n_samples)
        adjoint_norm(z, dz, values[v, FIRST], values[v, NORM], statistics, gradient)
        while done >= 0 and operations[done, RECEIVER] == v:
            op = operations[done]
            done -= 1
            if op[KIND] == STEM:
                begin, channels = op[MATRIX], images.shape[1] * 9
                dkernels = gradient[begin : begin + z.shape[1] * channels].reshape(z.shape[1], channels)
                adjoint_stem(images, values[v, ROWS], values[v, COLUMNS], dz, dkernels)
                continue
            # What the operation read, and through which batch norm.
            sender = op[SENDER]
            x, dx, begin = planes(z_all, sender, values, n_samples), planes(dz_all, sender, values, n_samples), values[sender, FIRST]
            rows, columns, channels = values[sender, ROWS], values[sender, COLUMNS], values[sender, CHANNELS]
            scale = statistics[SCALE, begin : begin + channels].astype(parameters.dtype)
            shift = statistics[SHIFT, begin : begin + channels].astype(parameters.dtype)
            if op[KIND] >= LINK:
                factors_of(op, published, keep, kept, first, parameters, n_samples, factor, share)
                slope = adjoint_node(op[KIND], x, rows, columns, op[STRIDE], scale, shift, factor, share, dz, dx)
                if op[GATE] >= 0:
                    gradient[op[GATE]] += slope
                continue
            end = op[MATRIX] + z.shape[1] * channels
            weights = parameters[op[MATRIX] : end].reshape(z.shape[1], channels)
            dweights = gradient[op[MATRIX] : end].reshape(z.shape[1], channels)
            if op[TAPS_OF] == 1:
                adjoint_pointwise(x, rows, columns, op[STRIDE], scale, shift, weights, dz, dx, dweights)
                continue
            count = op[TAPS_OF] * op[TAPS_OF]
            kernels = parameters[op[KERNEL] : op[KERNEL] + channels * count].reshape(channels, count)
            dkernels = gradient[op[KERNEL] : op[KERNEL] + channels * count].reshape(channels, count)
            given = (kernels, weights, dz, dx, dkernels, dweights)
            if op[TAPS_OF] == 3:
                adjoint_3(x, rows, columns, op[DILATION], op[STRIDE], op[RELU] == 1, scale, shift, *given)
            else:
                adjoint_5(x, rows, columns, op[DILATION], op[STRIDE], op[RELU] == 1, scale, shift, *given)


def tower_means(x, scale, shift, rows, columns, pooled):
    """pooled (samples, channels): the mean of each plane of a x + b (I11)."""
    held = np.empty(x.shape[2], x.dtype)
    for s in range(x.shape[0]):
        for c in range(x.shape[1]):
            read(x[s, c], scale[c], shift[c], False, held)
            pooled[s, c] = global_mean(held, columns, rows)


def forward_tower(tower, classes, values, parameters, z_all, statistics, pooled, logits):
    """logits = V · means + e (I12)."""
    v = tower[VALUE]
    begin, channels = values[v, FIRST], values[v, CHANNELS]
    scale = statistics[SCALE, begin : begin + channels].astype(parameters.dtype)
    shift = statistics[SHIFT, begin : begin + channels].astype(parameters.dtype)
    tower_means(planes(z_all, v, values, pooled.shape[0]), scale, shift, values[v, ROWS], values[v, COLUMNS], pooled)
    weights = parameters[tower[WEIGHTS] : tower[WEIGHTS] + classes * channels].reshape(classes, channels)
    np.dot(pooled, weights.T, logits)
    for s in range(logits.shape[0]):
        for h in range(classes):
            logits[s, h] += parameters[tower[BIAS] + h]


def adjoint_tower(tower, dlogits, pooled, values, parameters, dz_all, gradient):
    """Gradients of V and e, and the bar of the planes, added (I11, I12)."""
    v, classes = tower[VALUE], dlogits.shape[1]
    channels, end = values[v, CHANNELS], tower[WEIGHTS] + classes * values[v, CHANNELS]
    weights, dweights = parameters[tower[WEIGHTS] : end].reshape(classes, channels), gradient[tower[WEIGHTS] : end].reshape(classes, channels)
    dweights += np.dot(dlogits.T, pooled)
    for s in range(dlogits.shape[0]):
        for h in range(classes):
            gradient[tower[BIAS] + h] += dlogits[s, h]
    dpooled, dx = np.dot(dlogits, weights), planes(dz_all, v, values, dlogits.shape[0])
    bar = np.empty(dx.shape[2], dx.dtype)
    for s in range(dlogits.shape[0]):
        for c in range(channels):
            global_mean_adjoint(bar, values[v, COLUMNS], dpooled[s, c], values[v, ROWS])
            fan_out(dx[s, c], bar)


def load_images(x_data, rows, changes, size, images):
    """images (samples, channels, pixels) of the given rows; changes (samples, 7) or none of them.

    A row of changes: rows and columns that the crop moves, 1 to flip, first and last row and column of the cutout. Pixels
    from outside and cut ones are 0.
    """
    width = size[1]
    for s in range(rows.shape[0]):
        source, target = x_data[rows[s]], images[s]
        if changes.shape[0] == 0:
            target[:] = source
            continue
        down, right, flip = changes[s, 0], changes[s, 1], changes[s, 2]
        for c in range(target.shape[0]):
            for r in range(size[0]):
                for q in range(width):
                    from_row, from_column = r + down, (width - 1 - q if flip else q) + right
                    inside = 0 <= from_row < size[0] and 0 <= from_column < width
                    cut = changes[s, 3] <= r < changes[s, 4] and changes[s, 5] <= q < changes[s, 6]
                    target[c, r * width + q] = source[c, from_row * width + from_column] if inside and not cut else 0


def predict_images(x_data, batch_size, values, operations, towers, published, parameters, running, result):
    """result (samples, classes): the logits of the last tower, with running statistics."""
    last, real = towers.shape[0] - 1, parameters.dtype.type
    z_all = np.empty(batch_size * (values[-1, START] + values[-1, CHANNELS] * values[-1, ROWS] * values[-1, COLUMNS]), parameters.dtype)
    statistics, none = np.empty((4, values[-1, FIRST] + values[-1, CHANNELS])), np.empty((0, 0), np.uint8)
    for start in range(0, x_data.shape[0], batch_size):
        images = x_data[start : start + batch_size]
        forward_images(images, values, operations, published, False, 0.0, 1.0, none, 0, parameters, running, z_all, statistics)
        pooled = np.empty((images.shape[0], values[towers[last, VALUE], CHANNELS]), parameters.dtype)
        forward_tower(
            towers[last], result.shape[1], values, parameters, z_all, statistics, pooled, result[start : start + batch_size]
        )


def step_images(
    images, y_data, labels, weights, rows, smoothing, share, values, operations, towers, classes, published, theta, keep,
    kept, first, parameters, running, z_all, dz_all, statistics, gradient,
):
    """Loss of one mini-batch and its gradient; the running statistics move by theta. Returns loss and batch weight.

    The loss is the cross entropy of the last tower, and share times that of every other one.
    """
    n_samples, last, total, batch_weight = images.shape[0], towers.shape[0] - 1, 0.0, 0.0
    forward_images(
        images, values, operations, published, True, theta, keep, kept, first, parameters, running, z_all, statistics
    )
    dz_all[: n_samples * (values[-1, START] + values[-1, CHANNELS] * values[-1, ROWS] * values[-1, COLUMNS])] = 0
    gradient[:] = 0
    for t in range(last + 1):
        pooled = np.empty((n_samples, values[towers[t, VALUE], CHANNELS]), parameters.dtype)
        logits = np.empty((n_samples, classes), parameters.dtype)
        forward_tower(towers[t], classes, values, parameters, z_all, statistics, pooled, logits)
        value, batch_weight = output_loss(y_data, labels, weights, rows, CROSS_ENTROPY, smoothing, logits)
        if t < last:
            logits *= parameters.dtype.type(share)
            value *= share
        total += value
        adjoint_tower(towers[t], logits, pooled, values, parameters, dz_all, gradient)
    adjoint_images(
        images, values, operations, published, keep, kept, first, parameters, z_all, dz_all, statistics, gradient
    )
    return total, batch_weight


def epoch_images(
    x_data, y_data, labels, weights, order, batch_size, changes, size, share, values, operations, towers, classes,
    published, limit, gates, theta, keep, kept, running, penalised, strengths, shrunk, thresholds, optimizer, trainable,
    rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """One pass over the rows in the given order, one optimizer step for each mini-batch.

    x_data (rows, channels, pixels); labels, weights (rows,); changes: of `load_images`, (order, 7) or none
    values, operations, towers: the tables of the network; gates (begin, end): the weights of published gates, within limit
    kept (operations, order): 1 where an operation is kept for a sample; the rest as for networks of layers

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    per_sample = values[-1, START] + values[-1, CHANNELS] * values[-1, ROWS] * values[-1, COLUMNS]
    z_all, dz_all = np.empty(batch_size * per_sample, parameters.dtype), np.empty(batch_size * per_sample, parameters.dtype)
    statistics = np.empty((4, values[-1, FIRST] + values[-1, CHANNELS]))
    images_all = np.empty((batch_size, x_data.shape[1], x_data.shape[2]), parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        images = images_all[: rows.shape[0]]
        load_images(x_data, rows, changes[start : start + batch_size], size, images)
        factor = factors[batches]
        value, batch_weight = step_images(
            images, y_data, labels, weights, rows, settings[SMOOTHING], share, values, operations, towers, classes,
            published, theta, keep, kept, start, parameters, running, z_all, dz_all, statistics, gradient,
        )
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        batches += 1
        step += 1
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
        if published:
            clamp(parameters[gates[0] : gates[1]], limit)
    return loss_sum / weight_sum, penalty_sum / batches, step
