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
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, corner = tap_offsets(3, 1, stride, border, pitch, stack), border * pitch + border
    places, out_places = pixel_places(rows, columns, stride, pitch, stack), pixel_places(out_rows, out_columns, 1, pitch, stack)
    flat, result = np.zeros(stride * stride * stack, u.dtype), np.zeros(stack - 2 * corner, u.dtype)
    if kind == MAX:
        flat[:] = -np.inf
    held, part, ninths = np.empty(size, u.dtype), np.empty(u.shape[2], u.dtype), np.full(9, u.dtype.type(1 / 9))
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        for c in range(channels):
            for g in range(count):
                read(x[start + g, c], scale[c], shift[c], False, held)
                place(held, places, flat[corner + g * height * pitch :])
            if kind == MAX:
                greatest_3(flat, offsets, result)
            else:
                flat_3(flat, offsets, ninths, result)
            for g in range(count):
                take(result[g * height * pitch :], out_places, part)
                arrive(part, u[start + g, c], factor[start + g])


def adjoint_pool(kind, x, rows, columns, stride, scale, shift, factor, kept, du, dx):
    """Adjoint of `forward_pool`, added to dx; returns the slope of the gate, Σ kept ⟨ū, op(a x + b)⟩ (I13).

    With x̄ = opᵀ ū this is Σ kept ⟨x̄, a x + b⟩, for both operations.

    By hand: places in scratch planes, the sum of slopes. Checked by test_image_kernels.test_links_and_pools.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, du.shape[2])
    border, out_rows, out_columns, pitch, height, stack = scratch_sizes(3, 1, stride, rows, columns, group)
    offsets, corner = tap_offsets(3, 1, stride, border, pitch, stack), border * pitch + border
    places, out_places = pixel_places(rows, columns, stride, pitch, stack), pixel_places(out_rows, out_columns, 1, pitch, stack)
    # Scratch planes: what is read, the winners, the bars of the node and of what was read.
    flat, dphases = np.zeros(stride * stride * stack, du.dtype), np.empty(stride * stride * stack, du.dtype)
    dflat, winner, result = np.zeros(stack, du.dtype), np.zeros(stack, du.dtype), np.empty(stack - 2 * corner, du.dtype)
    inner, inner_winner = dflat[corner : corner + result.size], winner[corner : corner + result.size]
    if kind == MAX:
        flat[:] = -np.inf
    held, bar, given = np.empty(size, du.dtype), np.empty(size, du.dtype), np.empty(size, du.dtype)
    ninths = np.full(9, du.dtype.type(1 / 9))
    slope = 0.0
    for start in range(0, n_samples, group):
        count = min(group, n_samples - start)
        if count < group:
            dflat[:] = 0  # no sample lies at the end of the last scratch plane
        for c in range(channels):
            for g in range(count):
                if kind == MAX:
                    read(x[start + g, c], scale[c], shift[c], False, held)
                    place(held, places, flat[corner + g * height * pitch :])
                place(du[start + g, c], out_places, dflat[corner + g * height * pitch :])
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
                if stride == 1:
                    take(result[g * height * pitch :], places, bar)
                else:
                    take(dphases[corner + g * height * pitch :], places, bar)
                read(x[start + g, c], scale[c], shift[c], False, held)
                slope += kept[start + g] * gate_adjoint(given, bar, held, factor[start + g])
                fan_out(dx[start + g, c], given)
    return slope
