"""What arrives at a node of a cell besides convolutions: links and pools."""
# The names belong to the printed module; lines are printed as they are written here.
# ruff: noqa: F821
# mypy: ignore-errors
# fmt: off


def forward_node(kind, x, rows, columns, stride, scale, shift, factor, u):
    """Add factor · op(a x + b) to the node u: a link (identity), a max pool or a mean pool, 3 × 3 (I5 to I7, I15).

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
