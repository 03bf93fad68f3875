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
    """Of scratch planes: border, rows and columns of a phase, pitch, rows from one sample to the next, size of a phase.

    By hand: sizes of scratch planes (I1, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    border = (dilation * (taps // 2) + stride - 1) // stride
    out_rows, out_columns = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    pitch, height = out_columns + border, out_rows + border
    return border, out_rows, out_columns, pitch, height, (group * height + border) * pitch + border


def tap_offsets(taps, dilation, stride, border, pitch, stack):
    """Where each tap reads in the phases, at the first position: its phase, shifted by its quotient (I2, I18).

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


def pixel_places(rows, columns, stride, pitch, stack):
    """Where each pixel of a plane stands in the phases of a scratch plane, from the place of its sample on (I2, I18).

    By hand: places in scratch planes (I2, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    places = np.empty(rows * columns, np.uint32)  # without a sign, so that no index is tested for being negative
    for r in range(rows):
        for q in range(columns):
            phase = (r % stride) * stride + q % stride
            places[r * columns + q] = phase * stack + (r // stride) * pitch + q // stride
    return places


def place(plane, places, flat):
    """A plane into a scratch plane that begins at its sample.

    Theorem: I18
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        flat[places[p]] = plane[p]


def take(flat, places, plane):
    """A plane out of a scratch plane: the adjoint of `place`.

    Theorem: I18
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        plane[p] = flat[places[p]]


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
