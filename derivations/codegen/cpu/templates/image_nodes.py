"""What arrives at a node of a cell besides convolutions: links and pools."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def forward_link(x, rows, columns, stride, scale, shift, factor, u):
    """Add factor · (every stride-th pixel of a x + b) to the node u (I5, I15).

    Theorem: I5, I8, I15
    """
    n_samples, channels, _ = x.shape
    part, held = np.empty(u.shape[2], u.dtype), np.empty(u.shape[2], u.dtype)
    for s in range(n_samples):
        for c in range(channels):
            if stride == 1:
                read(x[s, c], scale[c], shift[c], False, held)
            else:
                subsampled(x[s, c], rows, columns, stride, part)
                read(part, scale[c], shift[c], False, held)
            arrive(held, u[s, c], factor[s])


def adjoint_link(x, rows, columns, stride, scale, shift, factor, kept, du, dx):
    """Adjoint of `forward_link`, added to dx; returns the slope of the gate, Σ kept ⟨ū, every stride-th pixel of a x + b⟩ (I13).

    By hand: the sum of slopes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    part, held, given = np.empty(du.shape[2], du.dtype), np.empty(du.shape[2], du.dtype), np.empty(du.shape[2], du.dtype)
    bar, slope = np.empty(size, du.dtype), 0.0
    for s in range(n_samples):
        for c in range(channels):
            if stride == 1:
                read(x[s, c], scale[c], shift[c], False, held)
                slope += kept[s] * gate_adjoint(given, du[s, c], held, factor[s])
                fan_out(dx[s, c], given)
            else:
                subsampled(x[s, c], rows, columns, stride, part)
                read(part, scale[c], shift[c], False, held)
                slope += kept[s] * gate_adjoint(given, du[s, c], held, factor[s])
                put_back(given, rows, columns, stride, bar)
                fan_out(dx[s, c], bar)
    return slope


def forward_pool(kind, x, rows, columns, stride, scale, shift, factor, u):
    """Add factor · op(a x + b) to the node u: a max pool or a mean pool, 3 × 3 (I6, I7, I15).

    By hand: places in scratch planes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, u.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, phases, masks = tap_places(3, 1, stride, pitch, length, corner, stack)
    places, outside = pixel_places(rows, columns, stride, pitch, stack), u.dtype.type(-np.inf if kind == MAX else 0.0)
    flat, result = np.full((stride * stride + len(phases)) * stack, outside), np.zeros(length, u.dtype)
    held, part, ninths = np.empty(size, u.dtype), np.empty(pixels, u.dtype), np.full(9, u.dtype.type(1 / 9))
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        for c in range(channels):
            for g in range(count):
                first = corner + g * height
                if stride == 1:
                    read(x[start + g, c], scale[c], shift[c], False, flat[first : first + size])
                else:
                    read(x[start + g, c], scale[c], shift[c], False, held)
                    place(held, places, flat[first:])
            mask_columns(flat, phases, masks, outside, corner, stack)
            if kind == MAX:
                greatest_3(flat, offsets, result)
            else:
                flat_3(flat, offsets, ninths, result)
            for g in range(count):
                copied(result[g * height :], part)
                arrive(part, u[start + g, c], factor[start + g])


def adjoint_pool(kind, x, rows, columns, stride, scale, shift, factor, kept, du, dx):
    """Adjoint of `forward_pool`, added to dx; returns the slope of the gate, Σ kept ⟨ū, op(a x + b)⟩ (I13).

    With x̄ = opᵀ ū this is Σ kept ⟨x̄, a x + b⟩, for both operations.

    By hand: places in scratch planes, the sum of slopes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, du.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, phases, masks = tap_places(3, 1, stride, pitch, length, corner, stack)
    places, planes = pixel_places(rows, columns, stride, pitch, stack), stride * stride + len(phases)
    # Scratch planes: what is read, the winners, the bar of the node, and for stride 2 the bars of what was read.
    zero, outside = du.dtype.type(0.0), du.dtype.type(-np.inf if kind == MAX else 0.0)
    flat, dflat, dphases = np.full(planes * stack, outside), np.zeros((1 + len(phases)) * stack, du.dtype), np.empty(planes * stack, du.dtype)
    winner, result = np.zeros(stack, du.dtype), np.empty(length, du.dtype)
    inner, inner_winner = dflat[corner : corner + length], winner[corner : corner + length]
    back, back_winner = offsets[::-1].copy(), tap_places(3, 1, stride, pitch, length, corner, 0)[0][::-1].copy()
    held, bar, given = np.empty(size, du.dtype), np.empty(size, du.dtype), np.empty(size, du.dtype)
    ninths = np.full(9, du.dtype.type(1 / 9))
    slope = 0.0
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        if count < group:
            dflat[:] = 0  # no sample lies at the end of the last scratch plane
        for c in range(channels):
            for g in range(count):
                copied(du[start + g, c], inner[g * height : g * height + pixels])
                if kind == MAX:
                    first = corner + g * height
                    if stride == 1:
                        read(x[start + g, c], scale[c], shift[c], False, flat[first : first + size])
                    else:
                        read(x[start + g, c], scale[c], shift[c], False, held)
                        place(held, places, flat[first:])
            if kind == MAX:
                mask_columns(flat, phases, masks, outside, corner, stack)
                winner_3(flat, offsets, inner_winner)
            if stride == 1:
                mask_columns(dflat, phases, masks, zero, corner, stack)
                if kind == MAX:
                    selected_3(dflat, winner, back, back_winner, result)
                else:
                    flat_3(dflat, offsets, ninths, result)
            else:
                dphases[:] = 0
                if kind == MAX:
                    selected_spread_3(dphases, offsets, inner_winner, inner)
                else:
                    spread_3(dphases, offsets, ninths, inner)
                add_copies(dphases, phases, masks, corner, stack)
            for g in range(count):
                if stride == 1:
                    copied(result[g * height :], bar)
                else:
                    take(dphases[corner + g * height :], places, bar)
                read(x[start + g, c], scale[c], shift[c], False, held)
                slope += kept[start + g] * gate_adjoint(given, bar, held, factor[start + g])
                fan_out(dx[start + g, c], given)
    return slope
