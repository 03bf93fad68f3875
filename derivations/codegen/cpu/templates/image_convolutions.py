"""Convolutions of image networks: the stem, pointwise, and depthwise with the pointwise one behind it.

TAPS is the side of the window.
"""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def forward_stem(images, rows, columns, kernels, z):
    """z (samples, channels, pixels) of images (samples, channels, pixels): windows of 3 × 3 laid out, then one product (I4).

    By hand: a product of matrices (I3, I4). Checked by test_image_kernels.test_stem.
    """
    n_samples, channels, size = images.shape
    _, _, _, length, corner, stack = scratch_sizes(3, 1, 1, rows, columns, 1)
    offsets, phases, masks = tap_places(3, 1, 1, columns, length, corner, stack)
    zero, flat, patches = z.dtype.type(0.0), np.zeros((1 + len(phases)) * stack, z.dtype), np.empty((9 * channels, size), z.dtype)
    for s in range(n_samples):
        for c in range(channels):
            copied(images[s, c], flat[corner : corner + size])
            mask_columns(flat, phases, masks, zero, corner, stack)
            for t in range(9):
                copied(flat[offsets[t] :], patches[9 * c + t])
        np.dot(kernels, patches, z[s])


def adjoint_stem(images, rows, columns, dz, dkernels):
    """Add the gradient of the stem's kernels; the images need none (I4).

    By hand: a product of matrices (I3, I4). Checked by test_image_kernels.test_stem.
    """
    n_samples, channels, size = images.shape
    _, _, _, length, corner, stack = scratch_sizes(3, 1, 1, rows, columns, 1)
    offsets, phases, masks = tap_places(3, 1, 1, columns, length, corner, stack)
    zero, flat = dz.dtype.type(0.0), np.zeros((1 + len(phases)) * stack, dz.dtype)
    patches, part = np.empty((9 * channels, size), dz.dtype), np.empty_like(dkernels)
    for s in range(n_samples):
        for c in range(channels):
            copied(images[s, c], flat[corner : corner + size])
            mask_columns(flat, phases, masks, zero, corner, stack)
            for t in range(9):
                copied(flat[offsets[t] :], patches[9 * c + t])
        np.dot(dz[s], patches.T, part)
        dkernels += part


def forward_pointwise(x, rows, columns, stride, scale, shift, weights, z):
    """z = W (every stride-th pixel of a x + b) (I3, I5).

    By hand: a product of matrices (I3). Checked by test_image_kernels.test_pointwise_of_every_stride.
    """
    n_samples, channels, _ = x.shape
    part, mid = np.empty(z.shape[2], z.dtype), np.empty((channels, z.shape[2]), z.dtype)
    for s in range(n_samples):
        for c in range(channels):
            if stride == 1:
                read(x[s, c], scale[c], shift[c], False, mid[c])
            else:
                subsampled(x[s, c], rows, columns, stride, part)
                read(part, scale[c], shift[c], False, mid[c])
        np.dot(weights, mid, z[s])


def adjoint_pointwise(x, rows, columns, stride, scale, shift, weights, dz, dx, dweights):
    """Adjoint of `forward_pointwise`; bars and gradients are added (I3, I5).

    By hand: products of matrices (I3). Checked by test_image_kernels.test_pointwise_of_every_stride.
    """
    n_samples, channels, size = x.shape
    part, bar, product = np.empty(dz.shape[2], dz.dtype), np.empty(size, dz.dtype), np.empty_like(weights)
    mid, dmid = np.empty((channels, dz.shape[2]), dz.dtype), np.empty((channels, dz.shape[2]), dz.dtype)
    for s in range(n_samples):
        np.dot(weights.T, dz[s], dmid)
        for c in range(channels):
            if stride == 1:
                read(x[s, c], scale[c], shift[c], False, mid[c])
                fan_out(dx[s, c], dmid[c])
            else:
                subsampled(x[s, c], rows, columns, stride, part)
                read(part, scale[c], shift[c], False, mid[c])
                put_back(dmid[c], rows, columns, stride, bar)
                fan_out(dx[s, c], bar)
        np.dot(dz[s], mid.T, product)
        dweights += product


def forward_window_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, z):
    """z = pointwise(depthwise(what is read of x)), windows of TAPS × TAPS (I2, I3).

    x (samples, channels, pixels), z likewise; kernels (channels, taps · taps); weights (receiving channels, channels)

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, z.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(TAPS, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(TAPS, dilation, stride, pitch, length, corner, stack)
    places, planes = pixel_places(rows, columns, stride, pitch, stack), stride * stride + len(phases)
    zero, flat, result = z.dtype.type(0.0), np.zeros(planes * stack, z.dtype), np.empty(length, z.dtype)
    held, mid = np.empty(size, z.dtype), np.empty((group, channels, pixels), z.dtype)
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        for c in range(channels):
            for g in range(count):
                first = corner + g * height
                if stride == 1:
                    read(x[start + g, c], scale[c], shift[c], relu, flat[first : first + size])
                else:
                    read(x[start + g, c], scale[c], shift[c], relu, held)
                    place(held, places, flat[first:])
            mask_columns(flat, phases, masks, zero, corner, stack)
            flat_TAPS(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
        for g in range(count):
            np.dot(weights, mid[g], z[start + g])


def adjoint_window_TAPS(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, dz, dx, dkernels, dweights):
    """Adjoint of `forward_window_TAPS`, its depthwise output computed again; bars and gradients are added (I2, I3, I10).

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, dz.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(TAPS, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(TAPS, dilation, stride, pitch, length, corner, stack)
    places, planes, zero = pixel_places(rows, columns, stride, pitch, stack), stride * stride + len(phases), dz.dtype.type(0.0)
    # Scratch planes: what is read, the bar of the depthwise output, and for stride 2 the bars of what is read.
    flat, dflat, dphases = np.zeros(planes * stack, dz.dtype), np.zeros((1 + len(phases)) * stack, dz.dtype), np.empty(planes * stack, dz.dtype)
    inner, result = dflat[corner : corner + length], np.empty(length, dz.dtype)
    held, part = np.empty(size, dz.dtype), np.empty_like(weights)
    mid, dmid = np.empty((group, channels, pixels), dz.dtype), np.empty((group, channels, pixels), dz.dtype)
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        if count < group:
            dflat[:] = 0  # no sample lies at the end of the last scratch plane
        for g in range(count):
            np.dot(weights.T, dz[start + g], dmid[g])
        for c in range(channels):
            for g in range(count):
                first = corner + g * height
                copied(dmid[g, c], inner[g * height : g * height + pixels])
                if stride == 1:
                    read(x[start + g, c], scale[c], shift[c], relu, flat[first : first + size])
                else:
                    read(x[start + g, c], scale[c], shift[c], relu, held)
                    place(held, places, flat[first:])
            mask_columns(flat, phases, masks, zero, corner, stack)
            flat_TAPS(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
            flat_weights_TAPS(flat, offsets, inner, dkernels[c])
            if stride == 1:
                mask_columns(dflat, phases, masks, zero, corner, stack)
                flat_TAPS(dflat, offsets, kernels[c, ::-1].copy(), result)
            else:
                dphases[:] = 0
                spread_TAPS(dphases, offsets, kernels[c], inner)
                add_copies(dphases, phases, masks, corner, stack)
            for g in range(count):
                if stride == 1:
                    given = result[g * height : g * height + pixels]
                    give(given, x[start + g, c], scale[c], shift[c], relu, dx[start + g, c])
                else:
                    take(dphases[corner + g * height :], places, held)
                    give(held, x[start + g, c], scale[c], shift[c], relu, dx[start + g, c])
        for g in range(count):
            np.dot(dz[start + g], mid[g].T, part)
            dweights += part
