"""Scratch planes of windows, and what is read of planes and given back: the helpers of the other templates of images."""
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
    """Pixels of a phase; its columns; positions from one sample to the next; of all samples; before them; of a whole scratch plane.

    By hand: sizes of scratch planes (I1, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    border = (dilation * (taps // 2) + stride - 1) // stride
    out_rows, out_columns = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    height, corner = (out_rows + border) * out_columns, border * out_columns + border
    length = group * height - border * out_columns
    return out_rows * out_columns, out_columns, height, length, corner, length + 2 * corner


def tap_places(taps, dilation, stride, pitch, length, corner, stack):
    """Where each tap reads, at the first position, and the masked copies that this takes: their phases, and their masks (copies, length).

    A tap reads the phase of its row and column, shifted by its quotients, or if it reads beside itself the phase's copy for its
    column, which stands behind all phases. A copy has what a read can reach without leaving its row (I2, I18).

    By hand: places of taps (I2, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    offsets, known, count = np.empty(taps * taps, np.int64), np.full((stride, taps), -1), 0
    phases, masks = np.empty(stride * taps, np.int64), np.empty((stride * taps, length), np.bool_)
    for row in range(taps):
        down = dilation * (row - taps // 2)
        own = down - stride * (down // stride)
        for column in range(taps):
            right = dilation * (column - taps // 2)
            plane, shift = own * stride + right - stride * (right // stride), right // stride
            if shift != 0 and known[own, column] < 0:
                known[own, column], phases[count] = stride * stride + count, plane
                for p in range(pitch):
                    masks[count, p] = 0 <= p - shift < pitch
                for p in range(pitch, length):
                    masks[count, p] = masks[count, p - pitch]
                count += 1
            if shift != 0:
                plane = known[own, column]
            offsets[row * taps + column] = plane * stack + corner + down // stride * pitch + shift
    return offsets, phases[:count], masks[:count]


def read(x, scale, shift, relu, held):
    """What a reader takes of a plane: a x + b, with relu if there is one.

    Theorem: I8, I10
    """
    if relu:
        relu_load(held, x, scale, shift)
    else:
        batch_norm(held, x, scale, shift)


def pixel_places(rows, columns, stride, pitch, stack):
    """Where each pixel of a plane stands in the phases, from the place of its sample on (I2).

    By hand: places in phases (I2). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    places = np.empty(rows * columns, np.uint32)  # without a sign, so that no index is tested for being negative
    for r in range(rows):
        for q in range(columns):
            phase = (r % stride) * stride + q % stride
            places[r * columns + q] = phase * stack + (r // stride) * pitch + q // stride
    return places


def place(plane, places, flat):
    """A plane into its phases.

    Theorem: I2
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        flat[places[p]] = plane[p]


def take(flat, places, plane):
    """A plane out of its phases: the adjoint of `place`.

    Theorem: I2
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        plane[p] = flat[places[p]]


def copied(plane, other):
    """A plane into its place in a scratch plane, or back.

    Theorem: I18
    """
    n = other.size
    plane = plane[:n]
    for p in range(n):
        other[p] = plane[p]


def masked(plane, mask, outside, copy):
    """A scratch plane with another value where the mask is not set.

    Theorem: I18
    """
    n = mask.size
    plane, copy = plane[:n], copy[:n]
    for p in range(n):
        copy[p] = plane[p] if mask[p] else outside


def add_masked(copy, mask, plane):
    """The adjoint of `masked`, added.

    Theorem: I18
    """
    zero, n = copy.dtype.type(0.0), mask.size
    plane, copy = plane[:n], copy[:n]
    for p in range(n):
        plane[p] += copy[p] if mask[p] else zero


def mask_columns(flat, phases, masks, outside, corner, stack):
    """The masked copies, behind the phases.

    Theorem: I18
    """
    behind = flat.size - len(phases) * stack + corner
    for k in range(len(phases)):
        masked(flat[phases[k] * stack + corner :], masks[k], outside, flat[behind + k * stack :])


def add_copies(flat, phases, masks, corner, stack):
    """The adjoint of `mask_columns`: what the copies have is added to the phases.

    Theorem: I18
    """
    behind = flat.size - len(phases) * stack + corner
    for k in range(len(phases)):
        add_masked(flat[behind + k * stack :], masks[k], flat[phases[k] * stack + corner :])


def subsampled(plane, rows, columns, stride, part):
    """Every stride-th row and column of a plane (I5).

    Theorem: I5
    """
    out_columns = (columns + stride - 1) // stride
    for r in range((rows + stride - 1) // stride):
        source, target = plane[r * stride * columns : (r * stride + 1) * columns], part[r * out_columns : (r + 1) * out_columns]
        for q in range(out_columns):
            target[q] = source[stride * q]


def put_back(part, rows, columns, stride, plane):
    """The adjoint of `subsampled`: 0 at the rows and columns that were not read (I5).

    Theorem: I5
    """
    plane[:] = 0
    out_columns = (columns + stride - 1) // stride
    for r in range((rows + stride - 1) // stride):
        target, source = plane[r * stride * columns : (r * stride + 1) * columns], part[r * out_columns : (r + 1) * out_columns]
        for q in range(out_columns):
            target[stride * q] = source[q]


def give(bar, x, scale, shift, relu, dx):
    """Add the bar of what a reader took to that of the sender.

    Theorem: I10, I15
    """
    if relu:
        relu_adjoint(bar, x, scale, shift)
    fan_out(dx, bar)
