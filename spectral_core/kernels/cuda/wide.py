"""Wide networks on CUDA, part by part on the whole device. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
parts.py      sha256 323f4312561ae4ab

Every part of a program is a launch on the whole device, products of matrices are calls of a library: the functions of
the host below say in which order, on a `device` that does it or takes it down (`spectral_core.backends.gpu`).
"""

from spectral_core.kernels.support.device import LANES, LINES, REDUCTION_SLOTS, THREADS, cuda, kernel
from spectral_core.kernels.cuda.parts import (
    ADAM, BETA1, BETA2, BLOCKS, EPSILON, GROUP, L1, LAMBDA_IN, LAMBDA_OUT, MOMENTUM, NESTEROV, PHI, START, WIDTH,
    gpu_activate, gpu_adam, gpu_adjoint_direct_1, gpu_adjoint_global_1, gpu_adjoint_global_11, gpu_adjoint_global_2,
    gpu_adjoint_global_5, gpu_adjoint_global_6, gpu_adjoint_global_7, gpu_adjoint_global_8, gpu_adjoint_layerwise_1,
    gpu_adjoint_layerwise_2, gpu_adjoint_layerwise_4, gpu_adjoint_layerwise_5, gpu_adjoint_layerwise_6, gpu_clip,
    gpu_decay, gpu_load, gpu_loss, gpu_penalty_group, gpu_penalty_group_squares, gpu_penalty_l1, gpu_penalty_l2,
    gpu_propagate_direct_1, gpu_propagate_global_1, gpu_propagate_global_4, gpu_propagate_layerwise_1,
    gpu_proximal_group, gpu_proximal_l1, gpu_proximal_l2, gpu_sgd, gpu_sum,
)


@kernel(256)
def wide_activate(size, activation, pre, post):
    """`gpu_activate` on a grid."""
    gpu_activate(cuda.grid(1), cuda.gridsize(1), size, activation, pre, post)


@kernel(256)
def wide_load(
    n_samples, width, n_out, batch_size, order, x_data, y_data, labels, weights, loss, u_all, target, label, weight, batch
):
    """`gpu_load` of mini-batch number `batch` in the order of samples, on a grid."""
    rows = order[batch * batch_size :]
    gpu_load(
        cuda.grid(1), cuda.gridsize(1), n_samples, width, n_out, rows, x_data, y_data, labels, weights, loss, u_all, target,
        label, weight,
    )


@kernel(256)
def wide_loss(n_samples, n_out, loss, smoothing, output, target, label, weight, scales, losses, batch):
    """losses[batch], and its gradient in the place of the output; one block."""
    room = cuda.shared.array(REDUCTION_SLOTS, output.dtype)
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scales[batch])
    total = gpu_sum(rank, count, value, room)
    if rank == 0:
        losses[batch] = total


@kernel(256)
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


@kernel(256)
def wide_squares(size, value, shares):
    """The share of each block of |value|^2."""
    room = cuda.shared.array(REDUCTION_SLOTS, value.dtype)
    share = gpu_penalty_group_squares(cuda.grid(1), cuda.gridsize(1), size, value)
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        shares[cuda.blockIdx.x] = total


@kernel(256)
def wide_total(size, shares, keep, sums, at):
    """sums[at] = the sum of the shares, on top of what stands there to `keep`; one block.

    Theorem: O.batch
    """
    room = cuda.shared.array(REDUCTION_SLOTS, shares.dtype)
    share = shares.dtype.type(0.0)
    for p in range(cuda.threadIdx.x, size, cuda.blockDim.x):
        share += shares[p]
    total = gpu_sum(cuda.threadIdx.x, cuda.blockDim.x, share, room)
    if cuda.threadIdx.x == 0:
        if keep:
            total += sums[at]
        sums[at] = total


@kernel(256)
def wide_clip(size, gradient, totals, limit):
    """`gpu_clip` of one group on a grid; `totals` holds |g|^2 of all groups."""
    gpu_clip(cuda.grid(1), cuda.gridsize(1), size, gradient, totals[0], limit)


@kernel(256)
def wide_update(size, optimizer, parameters, gradient, first, second, rate, decay, factors, corrections, settings, batch):
    """One optimizer step on one group of parameters at factors[batch] · rate, after its decay.

    Theorem: O.decay, S.rate
    """
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    moved = factors[batch] * rate
    if decay > parameters.dtype.type(0.0):
        gpu_decay(rank, count, size, parameters, moved * decay)
    if optimizer == ADAM:
        beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
        correction1, correction2 = corrections[batch, 0], corrections[batch, 1]
        gpu_adam(
            rank, count, size, parameters, gradient, first, second, moved, beta1, beta2, epsilon, correction1, correction2
        )
    else:
        gpu_sgd(rank, count, size, parameters, gradient, first, moved, settings[MOMENTUM], settings[NESTEROV])


@kernel(256)
def wide_shrink(size, kind, value, threshold, factors, totals, batch):
    """The proximal map of a penalty on one group, threshold factors[batch] · threshold; `totals` as in `wide_penalty`.

    Theorem: P.threshold
    """
    rank = cuda.grid(1)
    count = cuda.gridsize(1)
    moved = factors[batch] * threshold
    if kind == GROUP:
        gpu_proximal_group(rank, count, size, value, totals[0], moved)
    elif kind == L1:
        gpu_proximal_l1(rank, count, size, value, moved)
    else:
        gpu_proximal_l2(rank, count, size, value, moved)


@kernel(256)
def wide_propagate_global_1(n_out, n_in, M, lam_in, lam_out, phi):
    """`gpu_propagate_global_1` on a grid.

    Theorem: M7
    """
    gpu_propagate_global_1(cuda.grid(1), cuda.gridsize(1), n_out, n_in, M, lam_in, lam_out, phi)


@kernel(256)
def wide_propagate_global_4(n_samples, n_out, u, v, x):
    """`gpu_propagate_global_4` on a grid.

    Theorem: M7
    """
    gpu_propagate_global_4(cuda.grid(1), cuda.gridsize(1), n_samples, n_out, u, v, x)


@kernel(256)
def wide_adjoint_global_1(n_samples, n_out, du, dz, slope):
    """`gpu_adjoint_global_1` on a grid.

    Theorem: M8
    """
    gpu_adjoint_global_1(cuda.grid(1), cuda.gridsize(1), n_samples, n_out, du, dz, slope)


@kernel(256)
def wide_adjoint_global_2(n_out, n_in, M, lam_in, lam_out, phi):
    """`gpu_adjoint_global_2` on a grid.

    Theorem: M8
    """
    gpu_adjoint_global_2(cuda.grid(1), cuda.gridsize(1), n_out, n_in, M, lam_in, lam_out, phi)


@kernel(256)
def wide_adjoint_global_5(n_out, n_in, dM, dphi, g, lam_in, lam_out):
    """`gpu_adjoint_global_5` on a grid.

    Theorem: M8
    """
    gpu_adjoint_global_5(cuda.grid(1), cuda.gridsize(1), n_out, n_in, dM, dphi, g, lam_in, lam_out)


@kernel(256)
def wide_adjoint_global_6(n_out, n_in, dM, dphi, lam_in, lam_out):
    """`gpu_adjoint_global_6` on a grid.

    Theorem: M8
    """
    gpu_adjoint_global_6(cuda.grid(1), cuda.gridsize(1), n_out, n_in, dM, dphi, lam_in, lam_out)


@kernel(256)
def wide_adjoint_global_7(n_out, n_in, dM, dlam_in, phi):
    """`gpu_adjoint_global_7` on a grid.

    Theorem: M8
    """
    shares = cuda.shared.array(THREADS, dlam_in.dtype)
    line = cuda.threadIdx.x % LINES
    lane = cuda.threadIdx.x // LINES
    at = cuda.blockIdx.x * LINES + line
    if at < n_in:
        shares[line * LANES + lane] = gpu_adjoint_global_7(at, lane, LANES, n_out, n_in, dM, phi)
    cuda.syncthreads()
    if at < n_in and lane == 0:
        for other in range(LANES):
            dlam_in[at] += shares[line * LANES + other]


@kernel(256)
def wide_adjoint_global_8(n_out, n_in, dM, dlam_out, phi):
    """`gpu_adjoint_global_8` on a grid.

    Theorem: M8
    """
    shares = cuda.shared.array(THREADS, dlam_out.dtype)
    line = cuda.threadIdx.x // LANES
    lane = cuda.threadIdx.x % LANES
    at = cuda.blockIdx.x * LINES + line
    if at < n_out:
        shares[line * LANES + lane] = gpu_adjoint_global_8(at, lane, LANES, n_out, n_in, dM, phi)
    cuda.syncthreads()
    if at < n_out and lane == 0:
        for other in range(LANES):
            dlam_out[at] += shares[line * LANES + other]


@kernel(256)
def wide_adjoint_global_11(n_samples, n_in, du_in, q):
    """`gpu_adjoint_global_11` on a grid.

    Theorem: M8
    """
    gpu_adjoint_global_11(cuda.grid(1), cuda.gridsize(1), n_samples, n_in, du_in, q)


@kernel(256)
def wide_propagate_layerwise_1(n_out, n_in, M, lam_in, lam_out, phi):
    """`gpu_propagate_layerwise_1` on a grid.

    Theorem: M7.layerwise
    """
    gpu_propagate_layerwise_1(cuda.grid(1), cuda.gridsize(1), n_out, n_in, M, lam_in, lam_out, phi)


@kernel(256)
def wide_adjoint_layerwise_1(n_samples, n_out, dx, dz, slope):
    """`gpu_adjoint_layerwise_1` on a grid.

    Theorem: M8.layerwise
    """
    gpu_adjoint_layerwise_1(cuda.grid(1), cuda.gridsize(1), n_samples, n_out, dx, dz, slope)


@kernel(256)
def wide_adjoint_layerwise_2(n_out, n_in, M, lam_in, lam_out, phi):
    """`gpu_adjoint_layerwise_2` on a grid.

    Theorem: M8.layerwise
    """
    gpu_adjoint_layerwise_2(cuda.grid(1), cuda.gridsize(1), n_out, n_in, M, lam_in, lam_out, phi)


@kernel(256)
def wide_adjoint_layerwise_4(n_out, n_in, dM, dphi, lam_in, lam_out):
    """`gpu_adjoint_layerwise_4` on a grid.

    Theorem: M8.layerwise
    """
    gpu_adjoint_layerwise_4(cuda.grid(1), cuda.gridsize(1), n_out, n_in, dM, dphi, lam_in, lam_out)


@kernel(256)
def wide_adjoint_layerwise_5(n_out, n_in, dM, dlam_in, phi):
    """`gpu_adjoint_layerwise_5` on a grid.

    Theorem: M8.layerwise
    """
    shares = cuda.shared.array(THREADS, dlam_in.dtype)
    line = cuda.threadIdx.x % LINES
    lane = cuda.threadIdx.x // LINES
    at = cuda.blockIdx.x * LINES + line
    if at < n_in:
        shares[line * LANES + lane] = gpu_adjoint_layerwise_5(at, lane, LANES, n_out, n_in, dM, phi)
    cuda.syncthreads()
    if at < n_in and lane == 0:
        for other in range(LANES):
            dlam_in[at] += shares[line * LANES + other]


@kernel(256)
def wide_adjoint_layerwise_6(n_out, n_in, dM, dlam_out, phi):
    """`gpu_adjoint_layerwise_6` on a grid.

    Theorem: M8.layerwise
    """
    shares = cuda.shared.array(THREADS, dlam_out.dtype)
    line = cuda.threadIdx.x // LANES
    lane = cuda.threadIdx.x % LANES
    at = cuda.blockIdx.x * LINES + line
    if at < n_out:
        shares[line * LANES + lane] = gpu_adjoint_layerwise_6(at, lane, LANES, n_out, n_in, dM, phi)
    cuda.syncthreads()
    if at < n_out and lane == 0:
        for other in range(LANES):
            dlam_out[at] += shares[line * LANES + other]


@kernel(256)
def wide_propagate_direct_1(n_samples, n_out, z):
    """`gpu_propagate_direct_1` on a grid.

    Theorem: M7.direct
    """
    gpu_propagate_direct_1(cuda.grid(1), cuda.gridsize(1), n_samples, n_out, z)


@kernel(256)
def wide_adjoint_direct_1(n_samples, n_out, dx, dz, slope):
    """`gpu_adjoint_direct_1` on a grid.

    Theorem: M8.direct
    """
    gpu_adjoint_direct_1(cuda.grid(1), cuda.gridsize(1), n_samples, n_out, dx, dz, slope)


def wide_propagate_global(device, layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij, part by part on the whole device.

    Theorem: M7

    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    z (n_samples, n_out) z_i, pre-activations of layer i
    v (n_samples, n_out) v_i = φ^(i-1) u_{i-1}, the linear path through Φ⁻¹
    x (n_samples, n_out) x_i = f(z_i), activations of layer i
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    u (n_samples, n_out) u_i = (Φ⁻¹ x)_i
    """
    n_layers = layout.shape[0]
    for i in range(1, n_layers):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        lam_in = device.view(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = device.view(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = device.view(parameters, layout[i, PHI], n_out, n_in)
        M = device.view(block_scratch, 0, n_out, n_in)
        u_in = device.view(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        z = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        v = device.view(sample_scratch, 0, n_samples, n_out)
        x = device.view(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        u = x
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        device.launch(wide_propagate_global_1, n_out * n_in, (n_out, n_in, M, lam_in, lam_out, phi))
        # z[s, h] = sum_k M[h, k]*u_in[s, k]
        device.product(u_in, M.T, z)
        if i < n_layers - 1:
            # v[s, h] = sum_k phi[h, k]*u_in[s, k]
            device.product(u_in, phi.T, v)
            device.launch(wide_activate, n_samples * n_out, (n_samples * n_out, activation[i], z, x))
            # u[s, h] = -v[s, h] + x[s, h]
            device.launch(wide_propagate_global_4, n_samples * n_out, (n_samples, n_out, u, v, x))


def wide_adjoint_global(device, layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue, part by part on the whole device.

    Theorem: M8

    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
    dlam_in (n_in) ∂ℓ/∂λ^(i-1)
    dlam_out (n_out) ∂ℓ/∂λ^(i)
    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    dM (n_out, n_in) ∂ℓ/∂M_i
    g (n_out, n_in) the path through Φ⁻¹ in ∂ℓ/∂φ^(i-1)
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    du (n_samples, n_out) ∂ℓ/∂u_i
    du_in (n_samples, n_in) ∂ℓ/∂u_{i-1}
    q (n_samples, n_in) the path through Φ⁻¹ in ∂ℓ/∂u_{i-1}
    """
    device.clear(gradient)
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        du = device.view(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        lam_in = device.view(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = device.view(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = device.view(parameters, layout[i, PHI], n_out, n_in)
        M = device.view(block_scratch, 0, n_out, n_in)
        u_in = device.view(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        dM = device.view(block_scratch, n_out * n_in, n_out, n_in)
        g = device.view(gradient, layout[i, PHI], n_out, n_in)
        dphi = g
        dlam_in = device.view(gradient, layout[i, LAMBDA_IN], n_in)
        dlam_out = device.view(gradient, layout[i, LAMBDA_OUT], n_out)
        du_in = device.view(du_all, n_samples * layout[i - 1, START], n_samples, n_in)
        q = device.view(sample_scratch, 0, n_samples, n_in)
        if i < n_layers - 1:
            # dz[s, h] = du[s, h]*slope[s, h]
            device.launch(wide_adjoint_global_1, n_samples * n_out, (n_samples, n_out, du, dz, slope))
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        device.launch(wide_adjoint_global_2, n_out * n_in, (n_out, n_in, M, lam_in, lam_out, phi))
        # dM[h, k] = sum_s dz[s, h]*u_in[s, k]
        device.product(dz.T, u_in, dM)
        if i < n_layers - 1:
            # g[h, k] = sum_s du[s, h]*u_in[s, k]
            device.product(du.T, u_in, g)
            # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k] - g[h, k]
            device.launch(wide_adjoint_global_5, n_out * n_in, (n_out, n_in, dM, dphi, g, lam_in, lam_out))
        if i == n_layers - 1:
            # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k]
            device.launch(wide_adjoint_global_6, n_out * n_in, (n_out, n_in, dM, dphi, lam_in, lam_out))
        # dlam_in[k] += sum_h dM[h, k]*phi[h, k]
        device.launch_lines(wide_adjoint_global_7, n_in, (n_out, n_in, dM, dlam_in, phi))
        # dlam_out[h] += sum_k -dM[h, k]*phi[h, k]
        device.launch_lines(wide_adjoint_global_8, n_out, (n_out, n_in, dM, dlam_out, phi))
        if i > 1:
            # du_in[s, k] = sum_h M[h, k]*dz[s, h]
            device.product(dz, M, du_in)
            if i < n_layers - 1:
                # q[s, k] = sum_h du[s, h]*phi[h, k]
                device.product(du, phi, q)
                # du_in[s, k] += -q[s, k]
                device.launch(wide_adjoint_global_11, n_samples * n_in, (n_samples, n_in, du_in, q))


def wide_propagate_layerwise(device, layout, activation, n_samples, block_scratch, parameters, u_all, z_all):
    """z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer, part by part on the whole device.

    Theorem: M7.layerwise

    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
    z (n_samples, n_out) z_i, pre-activations of layer i
    x (n_samples, n_out) x_i = f(z_i), activations of layer i
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    n_layers = layout.shape[0]
    for i in range(1, n_layers):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        lam_in = device.view(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = device.view(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = device.view(parameters, layout[i, PHI], n_out, n_in)
        M = device.view(block_scratch, 0, n_out, n_in)
        x_in = device.view(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        z = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        x = device.view(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        device.launch(wide_propagate_layerwise_1, n_out * n_in, (n_out, n_in, M, lam_in, lam_out, phi))
        # z[s, h] = sum_k M[h, k]*x_in[s, k]
        device.product(x_in, M.T, z)
        if i < n_layers - 1:
            device.launch(wide_activate, n_samples * n_out, (n_samples * n_out, activation[i], z, x))


def wide_adjoint_layerwise(device, layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue pair, part by part on the whole device.

    Theorem: M8.layerwise

    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
    dlam_in (n_in) ∂ℓ/∂λ^(i-1)
    dlam_out (n_out) ∂ℓ/∂λ^(i)
    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    dM (n_out, n_in) ∂ℓ/∂M_i
    x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx (n_samples, n_out) ∂ℓ/∂x_i
    dx_in (n_samples, n_in) ∂ℓ/∂x_{i-1}
    """
    device.clear(gradient)
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        dx = device.view(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        lam_in = device.view(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = device.view(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = device.view(parameters, layout[i, PHI], n_out, n_in)
        M = device.view(block_scratch, 0, n_out, n_in)
        x_in = device.view(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        dM = device.view(block_scratch, n_out * n_in, n_out, n_in)
        dphi = device.view(gradient, layout[i, PHI], n_out, n_in)
        dlam_in = device.view(gradient, layout[i, LAMBDA_IN], n_in)
        dlam_out = device.view(gradient, layout[i, LAMBDA_OUT], n_out)
        dx_in = device.view(du_all, n_samples * layout[i - 1, START], n_samples, n_in)
        if i < n_layers - 1:
            # dz[s, h] = dx[s, h]*slope[s, h]
            device.launch(wide_adjoint_layerwise_1, n_samples * n_out, (n_samples, n_out, dx, dz, slope))
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        device.launch(wide_adjoint_layerwise_2, n_out * n_in, (n_out, n_in, M, lam_in, lam_out, phi))
        # dM[h, k] = sum_s dz[s, h]*x_in[s, k]
        device.product(dz.T, x_in, dM)
        # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k]
        device.launch(wide_adjoint_layerwise_4, n_out * n_in, (n_out, n_in, dM, dphi, lam_in, lam_out))
        # dlam_in[k] += sum_h dM[h, k]*phi[h, k]
        device.launch_lines(wide_adjoint_layerwise_5, n_in, (n_out, n_in, dM, dlam_in, phi))
        # dlam_out[h] += sum_k -dM[h, k]*phi[h, k]
        device.launch_lines(wide_adjoint_layerwise_6, n_out, (n_out, n_in, dM, dlam_out, phi))
        if i > 1:
            # dx_in[s, k] = sum_h M[h, k]*dz[s, h]
            device.product(dz, M, dx_in)


def wide_propagate_direct(device, layout, activation, n_samples, parameters, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, every W_ij free, part by part on the whole device.

    Theorem: M7.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    z (n_samples, n_out) z_i, pre-activations of layer i
    x (n_samples, n_out) x_i = f(z_i), activations of layer i
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    n_layers = layout.shape[0]
    for i in range(1, n_layers):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        z = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        x = device.view(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        # z[s, h] = 0
        device.launch(wide_propagate_direct_1, n_samples * n_out, (n_samples, n_out, z))
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = device.view(parameters, layout[i, BLOCKS + j], n_out, n_in)
                x_source = device.view(u_all, n_samples * layout[j, START], n_samples, n_in)
                # z[s, h] += sum_k W[h, k]*x_source[s, k]
                device.product(x_source, W.T, z, accumulate=True)
        if i < n_layers - 1:
            device.launch(wide_activate, n_samples * n_out, (n_samples * n_out, activation[i], z, x))


def wide_adjoint_direct(device, layout, n_samples, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every weight W_ij, part by part on the whole device.

    Theorem: M8.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    dW (n_out, n_in) ∂ℓ/∂W_ij
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx (n_samples, n_out) ∂ℓ/∂x_i
    dx_source (n_samples, n_in) ∂ℓ/∂x_j
    """
    device.clear(du_all)
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        dx = device.view(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = device.view(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        if i < n_layers - 1:
            # dz[s, h] = dx[s, h]*slope[s, h]
            device.launch(wide_adjoint_direct_1, n_samples * n_out, (n_samples, n_out, dx, dz, slope))
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                x_source = device.view(u_all, n_samples * layout[j, START], n_samples, n_in)
                dW = device.view(gradient, layout[i, BLOCKS + j], n_out, n_in)
                # dW[h, k] = sum_s dz[s, h]*x_source[s, k]
                device.product(dz.T, x_source, dW)
        for j in range(1, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = device.view(parameters, layout[i, BLOCKS + j], n_out, n_in)
                dx_source = device.view(du_all, n_samples * layout[j, START], n_samples, n_in)
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                device.product(dz, W, dx_source, accumulate=True)
