"""Numba functions for CUDA, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
dense.py      sha256 34b9c5a657485db6

Device functions of `rank` and `count`: a thread's number and how many share the work, those of a block or of a whole
grid. Arrays are flat, a matrix row by row. Not proven, but compared with brute force by the tests: the functions that name
no theorem (storage, sums over threads), barriers, and rounding outside of the exponential, which is that of `cpu/dense.py`.
"""

import math

import numpy as np

from spectral_core.kernels.support.device import cuda, overload, types
from spectral_core.kernels.cpu.dense import (
    ADAM, BETA1, BETA2, BINARY_CROSS_ENTROPY, BLOCKS, CLIP_NORM, CROSS_ENTROPY, EPSILON, GROUP, HUBER, L1, LAMBDA_IN,
    LAMBDA_OUT, MOMENTUM, NESTEROV, PHI, POISSON, SMOOTHING, SQUARED_ERROR, START, WIDTH, exponential_float32,
    exponential_float64,
)
from spectral_core.kernels.support.shuffling import round_function

one_round = round_function(cuda.jit(device=True))


def exponential(x):
    """exp(x) and expm1(x) in the type of x."""
    return exponential_float32(x) if type(x) is np.float32 else exponential_float64(x)


@overload(exponential)
def exponential_on_device(x):
    return exponential_float32 if x == types.float32 else exponential_float64


@cuda.jit(device=True)
def gpu_sum(rank, count, value, room):
    """The sum of a value over the threads of a block, known to all of them; room (count,) is shared."""
    room[rank] = value
    length = count
    while length > 1:
        cuda.syncthreads()
        half = (length + 1) // 2
        if rank + half < length:
            room[rank] += room[rank + half]
        length = half
    cuda.syncthreads()
    total = room[0]
    cuda.syncthreads()
    return total


@cuda.jit(device=True)
def gpu_clear(rank, count, size, values):
    """Zeros in the first `size` values."""
    zero = values.dtype.type(0.0)
    for p in range(rank, size, count):
        values[p] = zero


@cuda.jit(device=True)
def gpu_neurons(layout):
    """Neurons of all layers."""
    last = layout.shape[0] - 1
    return layout[last, START] + layout[last, WIDTH]


@cuda.jit(device=True)
def gpu_parts(count, n_samples):
    """Turns that share the neurons of a sample: four for each thread, about, however many samples there are."""
    return max(1, 4 * count // n_samples)


@cuda.jit(device=True)
def gpu_row(position, rows, keys, rounds, bits):
    """The row at a position in the order of samples of an epoch, see `shuffling`."""
    row = np.uint32(position)
    for r in range(rounds):
        row = one_round(row, keys[r], r % 2 == 1, bits)
    while row >= rows:
        for r in range(rounds):
            row = one_round(row, keys[r], r % 2 == 1, bits)
    return row


@cuda.jit(device=True)
def gpu_load(rank, count, n_samples, width, n_out, rows, x_data, y_data, labels, weights, loss, u_all, target, label, weight):
    """Gather rows of the data as the input layer, the constant 1 behind them; their targets or labels; their weights."""
    one = u_all.dtype.type(1.0)
    for element in range(rank, n_samples * width, count):
        s = element // width
        k = element - s * width
        if k < x_data.shape[1]:
            u_all[element] = x_data[rows[s], k]
        else:
            u_all[element] = one
    if loss == CROSS_ENTROPY:
        for s in range(rank, n_samples, count):
            label[s] = labels[rows[s]]
    else:
        for element in range(rank, n_samples * n_out, count):
            s = element // n_out
            target[element] = y_data[rows[s], element - s * n_out]
    for s in range(rank, n_samples, count):
        weight[s] = weights[rows[s]]


@cuda.jit(device=True)
def gpu_activation(activation, z, like):
    """f(z) and f'(z) in the type of the array `like`, by the number of f in ACTIVATIONS.

    Theorem: F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64
    """
    four = like.dtype.type(4.0)
    half = like.dtype.type(0.5)
    half_root_two = like.dtype.type(0.7071067811865476)
    hundredth = like.dtype.type(0.01)
    inverse_root_two_pi = like.dtype.type(0.3989422804014327)
    one = like.dtype.type(1.0)
    two = like.dtype.type(2.0)
    zero = like.dtype.type(0.0)
    if activation == 0:  # identity, theorem F.identity
        value = z
        slope = one
        return value, slope
    elif activation == 1:  # relu, theorem F.relu
        c0 = z <= zero
        value = (zero if c0 else z)
        slope = (zero if c0 else one)
        return value, slope
    elif activation == 2:  # leaky_relu, theorem F.leaky_relu
        c0 = z <= zero
        value = (hundredth * z if c0 else z)
        slope = (hundredth if c0 else one)
        return value, slope
    elif activation == 3:  # elu, theorem F.elu
        E, m = exponential((z if z <= zero else zero))
        c0 = z <= zero
        value = (m if c0 else z)
        slope = (E if c0 else one)
        return value, slope
    elif activation == 4:  # tanh, theorem F.tanh
        E, m = exponential(-two * abs(z))
        d = one / (m + two)
        c0 = d * m
        value = (c0 if z <= zero else -c0)
        slope = four * E * d * d
        return value, slope
    elif activation == 5:  # sigmoid, theorem F.sigmoid
        E, m = exponential(-abs(z))
        d = one / (E + one)
        value = (E * d if z <= zero else d)
        slope = E * d * d
        return value, slope
    elif activation == 6:  # gelu, theorem F.gelu
        E, m = exponential(-half * z * z)
        c0 = (half * math.erfc(-half_root_two * z))
        value = c0 * z
        slope = inverse_root_two_pi * E * z + c0
        return value, slope
    else:  # swish, theorem F.swish
        E, m = exponential(-abs(z))
        d = one / (E + one)
        c0 = (E * d if z <= zero else d)
        value = c0 * z
        slope = E * z * d * d + c0
        return value, slope


@cuda.jit(device=True)
def gpu_activate(rank, count, size, activation, pre, post):
    """post = f(pre), and f'(pre) in the place of pre, by the number of f in ACTIVATIONS.

    Theorem: F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    pre (size) z, overwritten by f'(z); post (size) x = f(z)
    """
    for p in range(rank, size, count):
        value, slope = gpu_activation(activation, pre[p], pre)
        post[p] = value
        pre[p] = slope


@cuda.jit(device=True)
def gpu_propagate_global_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi):
    """M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k].

    Theorem: M7

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        M[h * n_in + k] = (lam_in[k] - lam_out[h]) * phi[h * n_in + k]


@cuda.jit(device=True)
def gpu_propagate_global_2(rank, count, n_samples, n_out, n_in, M, u_in, z):
    """z[s, h] = sum_k M[h, k]*u_in[s, k].

    Theorem: M7

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    z (n_samples, n_out) z_i, pre-activations of layer i
    """
    zero = M.dtype.type(0.0)
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        total = zero
        for k in range(n_in):
            total += M[h * n_in + k] * u_in[s * n_in + k]
        z[s * n_out + h] = total


@cuda.jit(device=True)
def gpu_propagate_global_3(rank, count, n_samples, n_out, n_in, phi, u_in, v):
    """v[s, h] = sum_k phi[h, k]*u_in[s, k].

    Theorem: M7

    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    v (n_samples, n_out) v_i = φ^(i-1) u_{i-1}, the linear path through Φ⁻¹
    """
    zero = phi.dtype.type(0.0)
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        total = zero
        for k in range(n_in):
            total += phi[h * n_in + k] * u_in[s * n_in + k]
        v[s * n_out + h] = total


@cuda.jit(device=True)
def gpu_propagate_global_4(rank, count, n_samples, n_out, u, v, x):
    """u[s, h] = -v[s, h] + x[s, h].

    Theorem: M7

    u (n_samples, n_out) u_i = (Φ⁻¹ x)_i
    v (n_samples, n_out) v_i = φ^(i-1) u_{i-1}, the linear path through Φ⁻¹
    x (n_samples, n_out) x_i = f(z_i), activations of layer i
    """
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        u[s * n_out + h] = -v[s * n_out + h] + x[s * n_out + h]


@cuda.jit(device=True)
def gpu_propagate_global(rank, count, layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij, by the threads of a block.

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
        lam_in = parameters[layout[i, LAMBDA_IN]:]
        lam_out = parameters[layout[i, LAMBDA_OUT]:]
        phi = parameters[layout[i, PHI]:]
        M = block_scratch[0:]
        u_in = u_all[n_samples * layout[i - 1, START]:]
        z = z_all[n_samples * layout[i, START]:]
        v = sample_scratch[0:]
        x = u_all[n_samples * layout[i, START]:]
        slope = z
        u = x
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        gpu_propagate_global_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi)
        cuda.syncthreads()
        # z[s, h] = sum_k M[h, k]*u_in[s, k]
        gpu_propagate_global_2(rank, count, n_samples, n_out, n_in, M, u_in, z)
        cuda.syncthreads()
        if i < n_layers - 1:
            # v[s, h] = sum_k phi[h, k]*u_in[s, k]
            gpu_propagate_global_3(rank, count, n_samples, n_out, n_in, phi, u_in, v)
            cuda.syncthreads()
            gpu_activate(rank, count, n_samples * n_out, activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z
            cuda.syncthreads()
            # u[s, h] = -v[s, h] + x[s, h]
            gpu_propagate_global_4(rank, count, n_samples, n_out, u, v, x)
            cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_global_1(rank, count, n_samples, n_out, du, dz, slope):
    """dz[s, h] = du[s, h]*slope[s, h].

    Theorem: M8

    du (n_samples, n_out) ∂ℓ/∂u_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        dz[s * n_out + h] = du[s * n_out + h] * slope[s * n_out + h]


@cuda.jit(device=True)
def gpu_adjoint_global_2(rank, count, n_out, n_in, M, lam_in, lam_out, phi):
    """M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k].

    Theorem: M8

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        M[h * n_in + k] = (lam_in[k] - lam_out[h]) * phi[h * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_global_3(rank, count, n_samples, n_out, n_in, dM, dz, u_in):
    """dM[h, k] = sum_s dz[s, h]*u_in[s, k].

    Theorem: M8

    dM (n_out, n_in) ∂ℓ/∂M_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    """
    zero = dM.dtype.type(0.0)
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        total = zero
        for s in range(n_samples):
            total += dz[s * n_out + h] * u_in[s * n_in + k]
        dM[h * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_global_4(rank, count, n_samples, n_out, n_in, du, g, u_in):
    """g[h, k] = sum_s du[s, h]*u_in[s, k].

    Theorem: M8

    du (n_samples, n_out) ∂ℓ/∂u_i
    g (n_out, n_in) the path through Φ⁻¹ in ∂ℓ/∂φ^(i-1)
    u_in (n_samples, n_in) u_{i-1} = (Φ⁻¹ x)_{i-1}
    """
    zero = du.dtype.type(0.0)
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        total = zero
        for s in range(n_samples):
            total += du[s * n_out + h] * u_in[s * n_in + k]
        g[h * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_global_5(rank, count, n_out, n_in, dM, dphi, g, lam_in, lam_out):
    """dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k] - g[h, k].

    Theorem: M8

    dM (n_out, n_in) ∂ℓ/∂M_i
    dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
    g (n_out, n_in) the path through Φ⁻¹ in ∂ℓ/∂φ^(i-1)
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        dphi[h * n_in + k] = (lam_in[k] - lam_out[h]) * dM[h * n_in + k] - g[h * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_global_6(rank, count, n_out, n_in, dM, dphi, lam_in, lam_out):
    """dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k].

    Theorem: M8

    dM (n_out, n_in) ∂ℓ/∂M_i
    dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        dphi[h * n_in + k] = (lam_in[k] - lam_out[h]) * dM[h * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_global_7(at, lane, lanes, n_out, n_in, dM, phi):
    """dlam_in[k] += sum_h dM[h, k]*phi[h, k].

    One element, the terms of one lane: the sum of all lanes is dlam_in[k].

    Theorem: M8

    dM (n_out, n_in) ∂ℓ/∂M_i
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    zero = dM.dtype.type(0.0)
    k = at
    total = zero
    for h in range(lane, n_out, lanes):
        total += dM[h * n_in + k] * phi[h * n_in + k]
    return total


@cuda.jit(device=True)
def gpu_adjoint_global_8(at, lane, lanes, n_out, n_in, dM, phi):
    """dlam_out[h] += sum_k -dM[h, k]*phi[h, k].

    One element, the terms of one lane: the sum of all lanes is dlam_out[h].

    Theorem: M8

    dM (n_out, n_in) ∂ℓ/∂M_i
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    zero = dM.dtype.type(0.0)
    h = at
    total = zero
    for k in range(lane, n_in, lanes):
        total += -dM[h * n_in + k] * phi[h * n_in + k]
    return total


@cuda.jit(device=True)
def gpu_adjoint_global_9(rank, count, n_samples, n_out, n_in, M, du_in, dz):
    """du_in[s, k] = sum_h M[h, k]*dz[s, h].

    Theorem: M8

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    du_in (n_samples, n_in) ∂ℓ/∂u_{i-1}
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    """
    zero = M.dtype.type(0.0)
    for element in range(rank, n_samples * n_in, count):
        s = element // n_in
        k = element - s * n_in
        total = zero
        for h in range(n_out):
            total += M[h * n_in + k] * dz[s * n_out + h]
        du_in[s * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_global_10(rank, count, n_samples, n_out, n_in, du, phi, q):
    """q[s, k] = sum_h du[s, h]*phi[h, k].

    Theorem: M8

    du (n_samples, n_out) ∂ℓ/∂u_i
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    q (n_samples, n_in) the path through Φ⁻¹ in ∂ℓ/∂u_{i-1}
    """
    zero = du.dtype.type(0.0)
    for element in range(rank, n_samples * n_in, count):
        s = element // n_in
        k = element - s * n_in
        total = zero
        for h in range(n_out):
            total += du[s * n_out + h] * phi[h * n_in + k]
        q[s * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_global_11(rank, count, n_samples, n_in, du_in, q):
    """du_in[s, k] += -q[s, k].

    Theorem: M8

    du_in (n_samples, n_in) ∂ℓ/∂u_{i-1}
    q (n_samples, n_in) the path through Φ⁻¹ in ∂ℓ/∂u_{i-1}
    """
    for element in range(rank, n_samples * n_in, count):
        s = element // n_in
        k = element - s * n_in
        du_in[s * n_in + k] += -q[s * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_global(rank, count, layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue, by the threads of a block.

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
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        du = du_all[n_samples * layout[i, START]:]
        slope = z_all[n_samples * layout[i, START]:]
        dz = slope
        lam_in = parameters[layout[i, LAMBDA_IN]:]
        lam_out = parameters[layout[i, LAMBDA_OUT]:]
        phi = parameters[layout[i, PHI]:]
        M = block_scratch[0:]
        u_in = u_all[n_samples * layout[i - 1, START]:]
        dM = block_scratch[n_out * n_in:]
        g = gradient[layout[i, PHI]:]
        dphi = g
        dlam_in = gradient[layout[i, LAMBDA_IN]:]
        dlam_out = gradient[layout[i, LAMBDA_OUT]:]
        du_in = du_all[n_samples * layout[i - 1, START]:]
        q = sample_scratch[0:]
        if i < n_layers - 1:
            # dz[s, h] = du[s, h]*slope[s, h]
            gpu_adjoint_global_1(rank, count, n_samples, n_out, du, dz, slope)
            cuda.syncthreads()
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        gpu_adjoint_global_2(rank, count, n_out, n_in, M, lam_in, lam_out, phi)
        cuda.syncthreads()
        # dM[h, k] = sum_s dz[s, h]*u_in[s, k]
        gpu_adjoint_global_3(rank, count, n_samples, n_out, n_in, dM, dz, u_in)
        cuda.syncthreads()
        if i < n_layers - 1:
            # g[h, k] = sum_s du[s, h]*u_in[s, k]
            gpu_adjoint_global_4(rank, count, n_samples, n_out, n_in, du, g, u_in)
            cuda.syncthreads()
            # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k] - g[h, k]
            gpu_adjoint_global_5(rank, count, n_out, n_in, dM, dphi, g, lam_in, lam_out)
            cuda.syncthreads()
        if i == n_layers - 1:
            # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k]
            gpu_adjoint_global_6(rank, count, n_out, n_in, dM, dphi, lam_in, lam_out)
            cuda.syncthreads()
        # dlam_in[k] += sum_h dM[h, k]*phi[h, k]
        for k in range(rank, n_in, count):
            dlam_in[k] += gpu_adjoint_global_7(k, 0, 1, n_out, n_in, dM, phi)
        cuda.syncthreads()
        # dlam_out[h] += sum_k -dM[h, k]*phi[h, k]
        for h in range(rank, n_out, count):
            dlam_out[h] += gpu_adjoint_global_8(h, 0, 1, n_out, n_in, dM, phi)
        cuda.syncthreads()
        if i > 1:
            # du_in[s, k] = sum_h M[h, k]*dz[s, h]
            gpu_adjoint_global_9(rank, count, n_samples, n_out, n_in, M, du_in, dz)
            cuda.syncthreads()
            if i < n_layers - 1:
                # q[s, k] = sum_h du[s, h]*phi[h, k]
                gpu_adjoint_global_10(rank, count, n_samples, n_out, n_in, du, phi, q)
                cuda.syncthreads()
                # du_in[s, k] += -q[s, k]
                gpu_adjoint_global_11(rank, count, n_samples, n_in, du_in, q)
                cuda.syncthreads()


@cuda.jit(device=True)
def gpu_propagate_layerwise_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi):
    """M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k].

    Theorem: M7.layerwise

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        M[h * n_in + k] = (lam_in[k] - lam_out[h]) * phi[h * n_in + k]


@cuda.jit(device=True)
def gpu_propagate_layerwise_2(rank, count, n_samples, n_out, n_in, M, x_in, z):
    """z[s, h] = sum_k M[h, k]*x_in[s, k].

    Theorem: M7.layerwise

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
    z (n_samples, n_out) z_i, pre-activations of layer i
    """
    zero = M.dtype.type(0.0)
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        total = zero
        for k in range(n_in):
            total += M[h * n_in + k] * x_in[s * n_in + k]
        z[s * n_out + h] = total


@cuda.jit(device=True)
def gpu_propagate_layerwise(rank, count, layout, activation, n_samples, block_scratch, parameters, u_all, z_all):
    """z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer, by the threads of a block.

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
        lam_in = parameters[layout[i, LAMBDA_IN]:]
        lam_out = parameters[layout[i, LAMBDA_OUT]:]
        phi = parameters[layout[i, PHI]:]
        M = block_scratch[0:]
        x_in = u_all[n_samples * layout[i - 1, START]:]
        z = z_all[n_samples * layout[i, START]:]
        x = u_all[n_samples * layout[i, START]:]
        slope = z
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        gpu_propagate_layerwise_1(rank, count, n_out, n_in, M, lam_in, lam_out, phi)
        cuda.syncthreads()
        # z[s, h] = sum_k M[h, k]*x_in[s, k]
        gpu_propagate_layerwise_2(rank, count, n_samples, n_out, n_in, M, x_in, z)
        cuda.syncthreads()
        if i < n_layers - 1:
            gpu_activate(rank, count, n_samples * n_out, activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z
            cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_layerwise_1(rank, count, n_samples, n_out, dx, dz, slope):
    """dz[s, h] = dx[s, h]*slope[s, h].

    Theorem: M8.layerwise

    dx (n_samples, n_out) ∂ℓ/∂x_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        dz[s * n_out + h] = dx[s * n_out + h] * slope[s * n_out + h]


@cuda.jit(device=True)
def gpu_adjoint_layerwise_2(rank, count, n_out, n_in, M, lam_in, lam_out, phi):
    """M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k].

    Theorem: M8.layerwise

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        M[h * n_in + k] = (lam_in[k] - lam_out[h]) * phi[h * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_layerwise_3(rank, count, n_samples, n_out, n_in, dM, dz, x_in):
    """dM[h, k] = sum_s dz[s, h]*x_in[s, k].

    Theorem: M8.layerwise

    dM (n_out, n_in) ∂ℓ/∂M_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    x_in (n_samples, n_in) x_{i-1}, activations of layer i-1
    """
    zero = dM.dtype.type(0.0)
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        total = zero
        for s in range(n_samples):
            total += dz[s * n_out + h] * x_in[s * n_in + k]
        dM[h * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_layerwise_4(rank, count, n_out, n_in, dM, dphi, lam_in, lam_out):
    """dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k].

    Theorem: M8.layerwise

    dM (n_out, n_in) ∂ℓ/∂M_i
    dphi (n_out, n_in) ∂ℓ/∂φ^(i-1)
    lam_in (n_in) λ^(i-1), eigenvalues on the sending side
    lam_out (n_out) λ^(i), eigenvalues on the receiving side
    """
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        dphi[h * n_in + k] = (lam_in[k] - lam_out[h]) * dM[h * n_in + k]


@cuda.jit(device=True)
def gpu_adjoint_layerwise_5(at, lane, lanes, n_out, n_in, dM, phi):
    """dlam_in[k] += sum_h dM[h, k]*phi[h, k].

    One element, the terms of one lane: the sum of all lanes is dlam_in[k].

    Theorem: M8.layerwise

    dM (n_out, n_in) ∂ℓ/∂M_i
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    zero = dM.dtype.type(0.0)
    k = at
    total = zero
    for h in range(lane, n_out, lanes):
        total += dM[h * n_in + k] * phi[h * n_in + k]
    return total


@cuda.jit(device=True)
def gpu_adjoint_layerwise_6(at, lane, lanes, n_out, n_in, dM, phi):
    """dlam_out[h] += sum_k -dM[h, k]*phi[h, k].

    One element, the terms of one lane: the sum of all lanes is dlam_out[h].

    Theorem: M8.layerwise

    dM (n_out, n_in) ∂ℓ/∂M_i
    phi (n_out, n_in) φ^(i-1), eigenvector block from layer i-1 to layer i
    """
    zero = dM.dtype.type(0.0)
    h = at
    total = zero
    for k in range(lane, n_in, lanes):
        total += -dM[h * n_in + k] * phi[h * n_in + k]
    return total


@cuda.jit(device=True)
def gpu_adjoint_layerwise_7(rank, count, n_samples, n_out, n_in, M, dx_in, dz):
    """dx_in[s, k] = sum_h M[h, k]*dz[s, h].

    Theorem: M8.layerwise

    M (n_out, n_in) M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)), the weights between neighbours
    dx_in (n_samples, n_in) ∂ℓ/∂x_{i-1}
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    """
    zero = M.dtype.type(0.0)
    for element in range(rank, n_samples * n_in, count):
        s = element // n_in
        k = element - s * n_in
        total = zero
        for h in range(n_out):
            total += M[h * n_in + k] * dz[s * n_out + h]
        dx_in[s * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_layerwise(rank, count, layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue pair, by the threads of a block.

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
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        dx = du_all[n_samples * layout[i, START]:]
        slope = z_all[n_samples * layout[i, START]:]
        dz = slope
        lam_in = parameters[layout[i, LAMBDA_IN]:]
        lam_out = parameters[layout[i, LAMBDA_OUT]:]
        phi = parameters[layout[i, PHI]:]
        M = block_scratch[0:]
        x_in = u_all[n_samples * layout[i - 1, START]:]
        dM = block_scratch[n_out * n_in:]
        dphi = gradient[layout[i, PHI]:]
        dlam_in = gradient[layout[i, LAMBDA_IN]:]
        dlam_out = gradient[layout[i, LAMBDA_OUT]:]
        dx_in = du_all[n_samples * layout[i - 1, START]:]
        if i < n_layers - 1:
            # dz[s, h] = dx[s, h]*slope[s, h]
            gpu_adjoint_layerwise_1(rank, count, n_samples, n_out, dx, dz, slope)
            cuda.syncthreads()
        # M[h, k] = (lam_in[k] - lam_out[h])*phi[h, k]
        gpu_adjoint_layerwise_2(rank, count, n_out, n_in, M, lam_in, lam_out, phi)
        cuda.syncthreads()
        # dM[h, k] = sum_s dz[s, h]*x_in[s, k]
        gpu_adjoint_layerwise_3(rank, count, n_samples, n_out, n_in, dM, dz, x_in)
        cuda.syncthreads()
        # dphi[h, k] = (lam_in[k] - lam_out[h])*dM[h, k]
        gpu_adjoint_layerwise_4(rank, count, n_out, n_in, dM, dphi, lam_in, lam_out)
        cuda.syncthreads()
        # dlam_in[k] += sum_h dM[h, k]*phi[h, k]
        for k in range(rank, n_in, count):
            dlam_in[k] += gpu_adjoint_layerwise_5(k, 0, 1, n_out, n_in, dM, phi)
        cuda.syncthreads()
        # dlam_out[h] += sum_k -dM[h, k]*phi[h, k]
        for h in range(rank, n_out, count):
            dlam_out[h] += gpu_adjoint_layerwise_6(h, 0, 1, n_out, n_in, dM, phi)
        cuda.syncthreads()
        if i > 1:
            # dx_in[s, k] = sum_h M[h, k]*dz[s, h]
            gpu_adjoint_layerwise_7(rank, count, n_samples, n_out, n_in, M, dx_in, dz)
            cuda.syncthreads()


@cuda.jit(device=True)
def gpu_propagate_direct_1(rank, count, n_samples, n_out, z):
    """z[s, h] = 0.

    Theorem: M7.direct

    z (n_samples, n_out) z_i, pre-activations of layer i
    """
    zero = z.dtype.type(0.0)
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        z[s * n_out + h] = zero


@cuda.jit(device=True)
def gpu_propagate_direct_2(rank, count, n_samples, n_out, n_in, W, x_source, z):
    """z[s, h] += sum_k W[h, k]*x_source[s, k].

    Theorem: M7.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    z (n_samples, n_out) z_i, pre-activations of layer i
    """
    zero = W.dtype.type(0.0)
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        total = zero
        for k in range(n_in):
            total += W[h * n_in + k] * x_source[s * n_in + k]
        z[s * n_out + h] += total


@cuda.jit(device=True)
def gpu_propagate_direct(rank, count, layout, activation, n_samples, parameters, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, every W_ij free, by the threads of a block.

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
        z = z_all[n_samples * layout[i, START]:]
        x = u_all[n_samples * layout[i, START]:]
        slope = z
        # z[s, h] = 0
        gpu_propagate_direct_1(rank, count, n_samples, n_out, z)
        cuda.syncthreads()
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = parameters[layout[i, BLOCKS + j]:]
                x_source = u_all[n_samples * layout[j, START]:]
                # z[s, h] += sum_k W[h, k]*x_source[s, k]
                gpu_propagate_direct_2(rank, count, n_samples, n_out, n_in, W, x_source, z)
                cuda.syncthreads()
        if i < n_layers - 1:
            gpu_activate(rank, count, n_samples * n_out, activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z
            cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_direct_1(rank, count, n_samples, n_out, dx, dz, slope):
    """dz[s, h] = dx[s, h]*slope[s, h].

    Theorem: M8.direct

    dx (n_samples, n_out) ∂ℓ/∂x_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    for element in range(rank, n_samples * n_out, count):
        s = element // n_out
        h = element - s * n_out
        dz[s * n_out + h] = dx[s * n_out + h] * slope[s * n_out + h]


@cuda.jit(device=True)
def gpu_adjoint_direct_2(rank, count, n_samples, n_out, n_in, dW, dz, x_source):
    """dW[h, k] = sum_s dz[s, h]*x_source[s, k].

    Theorem: M8.direct

    dW (n_out, n_in) ∂ℓ/∂W_ij
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    """
    zero = dW.dtype.type(0.0)
    for element in range(rank, n_out * n_in, count):
        h = element // n_in
        k = element - h * n_in
        total = zero
        for s in range(n_samples):
            total += dz[s * n_out + h] * x_source[s * n_in + k]
        dW[h * n_in + k] = total


@cuda.jit(device=True)
def gpu_adjoint_direct_3(rank, count, n_samples, n_out, n_in, W, dx_source, dz):
    """dx_source[s, k] += sum_h W[h, k]*dz[s, h].

    Theorem: M8.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    dx_source (n_samples, n_in) ∂ℓ/∂x_j
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    """
    zero = W.dtype.type(0.0)
    for element in range(rank, n_samples * n_in, count):
        s = element // n_in
        k = element - s * n_in
        total = zero
        for h in range(n_out):
            total += W[h * n_in + k] * dz[s * n_out + h]
        dx_source[s * n_in + k] += total


@cuda.jit(device=True)
def gpu_adjoint_direct(rank, count, layout, n_samples, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every weight W_ij, by the threads of a block.

    Theorem: M8.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    dW (n_out, n_in) ∂ℓ/∂W_ij
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx (n_samples, n_out) ∂ℓ/∂x_i
    dx_source (n_samples, n_in) ∂ℓ/∂x_j
    """
    gpu_clear(rank, count, n_samples * gpu_neurons(layout), du_all)
    cuda.syncthreads()
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        dx = du_all[n_samples * layout[i, START]:]
        slope = z_all[n_samples * layout[i, START]:]
        dz = slope
        if i < n_layers - 1:
            # dz[s, h] = dx[s, h]*slope[s, h]
            gpu_adjoint_direct_1(rank, count, n_samples, n_out, dx, dz, slope)
            cuda.syncthreads()
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                x_source = u_all[n_samples * layout[j, START]:]
                dW = gradient[layout[i, BLOCKS + j]:]
                # dW[h, k] = sum_s dz[s, h]*x_source[s, k]
                gpu_adjoint_direct_2(rank, count, n_samples, n_out, n_in, dW, dz, x_source)
                cuda.syncthreads()
        for j in range(1, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = parameters[layout[i, BLOCKS + j]:]
                dx_source = du_all[n_samples * layout[j, START]:]
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                gpu_adjoint_direct_3(rank, count, n_samples, n_out, n_in, W, dx_source, dz)
                cuda.syncthreads()


@cuda.jit(device=True)
def gpu_squared_error(rank, count, n_samples, n_out, output, target, weight, scale):
    """weighted mean over samples and outputs of (z - y)^2, and its gradient.

    Returns the thread's share of loss.

    Theorem: L.squared_error

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    two = output.dtype.type(2.0)
    zero = output.dtype.type(0.0)
    d_output = output
    loss = zero
    for s in range(rank, n_samples, count):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * (output[s * n_out + h] - target[s * n_out + h]) * (output[s * n_out + h] - target[s * n_out + h]) * weight[s]
        loss += sum_0
        for h in range(n_out):
            d_output[s * n_out + h] = two * scale * (output[s * n_out + h] - target[s * n_out + h]) * weight[s]
    return loss


@cuda.jit(device=True)
def gpu_huber(rank, count, n_samples, n_out, output, target, weight, scale):
    """weighted mean over samples and outputs of (z - y)^2 / 2 near y and |z - y| - 1/2 beyond a distance of 1.

    Returns the thread's share of loss.

    Theorem: L.huber

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    half = output.dtype.type(0.5)
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    d_output = output
    loss = zero
    for s in range(rank, n_samples, count):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * weight[s] * (-output[s * n_out + h] + target[s * n_out + h] - half if output[s * n_out + h] - target[s * n_out + h] < -one else (output[s * n_out + h] - target[s * n_out + h] - half if output[s * n_out + h] - target[s * n_out + h] > one else half * (output[s * n_out + h] - target[s * n_out + h]) * (output[s * n_out + h] - target[s * n_out + h])))
        loss += sum_0
        for h in range(n_out):
            d_output[s * n_out + h] = scale * weight[s] * (-one if output[s * n_out + h] - target[s * n_out + h] < -one else (one if output[s * n_out + h] - target[s * n_out + h] > one else output[s * n_out + h] - target[s * n_out + h]))
    return loss


@cuda.jit(device=True)
def gpu_poisson(rank, count, n_samples, n_out, output, target, weight, scale):
    """weighted mean over samples and outputs of exp(z) - y z for counts y of mean exp(z), and its gradient.

    Returns the thread's share of loss.

    Theorem: L.poisson, E.float32, E.float64

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    zero = output.dtype.type(0.0)
    d_output = output
    loss = zero
    for s in range(rank, n_samples, count):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * (exponential(output[s * n_out + h])[0] - output[s * n_out + h] * target[s * n_out + h]) * weight[s]
        loss += sum_0
        for h in range(n_out):
            d_output[s * n_out + h] = scale * (exponential(output[s * n_out + h])[0] - target[s * n_out + h]) * weight[s]
    return loss


@cuda.jit(device=True)
def gpu_binary_cross_entropy(rank, count, n_samples, n_out, output, target, weight, scale):
    """weighted mean over samples and labels of log(1 + exp(z)) - y z, without overflow, and its gradient.

    Returns the thread's share of loss.

    Theorem: L.binary_cross_entropy, E.float32, E.float64

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    d_output = output
    loss = zero
    for s in range(rank, n_samples, count):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * weight[s] * (math.log1p(exponential(output[s * n_out + h])[0]) - output[s * n_out + h] * target[s * n_out + h] if output[s * n_out + h] <= zero else math.log1p(exponential(-output[s * n_out + h])[0]) - output[s * n_out + h] * target[s * n_out + h] + output[s * n_out + h])
        loss += sum_0
        for h in range(n_out):
            d_output[s * n_out + h] = scale * weight[s] * (-target[s * n_out + h] + exponential(output[s * n_out + h])[0] / (exponential(output[s * n_out + h])[0] + one) if output[s * n_out + h] <= zero else -target[s * n_out + h] + one / (one + exponential(-output[s * n_out + h])[0]))
    return loss


@cuda.jit(device=True)
def gpu_cross_entropy(rank, count, n_samples, n_out, output, label, weight, scale, smoothing, spread):
    """weighted mean over samples of log sum_h exp(z_h) - sum_h q_h z_h, q = (1 - smoothing) onehot(label) + spread, and its gradient.

    Returns the thread's share of loss.

    Theorem: L.cross_entropy, E.float32, E.float64

    output (n_samples, n_out) z_K, the network's output
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    shifted (n_samples, n_out) exp(z - max z), written over the output
    """
    lowest = output.dtype.type(-math.inf)
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    d_output = output
    shifted = output
    loss = zero
    for s in range(rank, n_samples, count):
        peak = lowest
        chosen = zero
        for h in range(n_out):
            peak = max(peak, output[s * n_out + h])
            chosen += (spread + (one - smoothing) * (one if h == label[s] else zero)) * output[s * n_out + h]
        for h in range(n_out):
            shifted[s * n_out + h] = exponential(-peak + output[s * n_out + h])[0]
        total = zero
        for h in range(n_out):
            total += shifted[s * n_out + h]
        loss += scale * (-chosen + peak + math.log(total)) * weight[s]
        for h in range(n_out):
            d_output[s * n_out + h] = scale * (-spread - (one - smoothing) * (one if h == label[s] else zero) + shifted[s * n_out + h] / total) * weight[s]
    return loss


@cuda.jit(device=True)
def gpu_smooth_targets(rank, count, n_samples, n_out, target, smoothing):
    """(1 - smoothing) y + smoothing / 2: soft labels for binary_cross_entropy.

    Theorem: L.smoothing

    target (n_samples, n_out) y, the targets
    soft (n_samples, n_out) (1 - smoothing) y + smoothing/2, written over the targets
    """
    half = target.dtype.type(0.5)
    one = target.dtype.type(1.0)
    soft = target
    for s in range(rank, n_samples, count):
        for h in range(n_out):
            soft[s * n_out + h] = half * smoothing + (one - smoothing) * target[s * n_out + h]


@cuda.jit(device=True)
def gpu_penalty_group_squares(rank, count, size, value):
    """squares of penalty_group.

    Returns the thread's share of squares.

    Theorem: R.group

    value (size) the parameters of one group, e.g. λ^(i)
    """
    zero = value.dtype.type(0.0)
    squares = zero
    for p in range(rank, size, count):
        squares += value[p] * value[p]
    return squares


@cuda.jit(device=True)
def gpu_penalty_group(rank, count, size, value, gradient, squares, strength):
    """strength |value|_2 (not squared), and its gradient, 0 at the zero vector.

    Returns the thread's share of penalty.

    Theorem: R.group

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    zero = value.dtype.type(0.0)
    norm = math.sqrt(squares)
    penalty = norm * strength
    inverse = (strength / norm if norm > zero else zero)
    for p in range(rank, size, count):
        gradient[p] += inverse * value[p]
    return penalty if rank == 0 else zero


@cuda.jit(device=True)
def gpu_penalty_l1(rank, count, size, value, gradient, strength):
    """strength |value|_1, and its gradient, 0 at 0.

    Returns the thread's share of penalty.

    Theorem: R.l1

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    one = value.dtype.type(1.0)
    zero = value.dtype.type(0.0)
    penalty = zero
    for p in range(rank, size, count):
        penalty += strength * abs(value[p])
        gradient[p] += strength * (one if value[p] > zero else (-one if value[p] < zero else value[p]))
    return penalty


@cuda.jit(device=True)
def gpu_penalty_l2(rank, count, size, value, gradient, strength):
    """strength |value|_2^2, and its gradient.

    Returns the thread's share of penalty.

    Theorem: R.l2

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    two = value.dtype.type(2.0)
    zero = value.dtype.type(0.0)
    penalty = zero
    for p in range(rank, size, count):
        penalty += strength * value[p] * value[p]
        gradient[p] += two * strength * value[p]
    return penalty


@cuda.jit(device=True)
def gpu_proximal_group_squares(rank, count, size, value):
    """squares of proximal_group.

    Returns the thread's share of squares.

    Theorem: P.group

    value (size) v, the parameters of one group, overwritten by x
    """
    zero = value.dtype.type(0.0)
    squares = zero
    for p in range(rank, size, count):
        squares += value[p] * value[p]
    return squares


@cuda.jit(device=True)
def gpu_proximal_group(rank, count, size, value, squares, threshold):
    """v (1 - threshold / |v|_2), and 0 where |v|_2 <= threshold.

    Theorem: P.group

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    one = value.dtype.type(1.0)
    zero = value.dtype.type(0.0)
    moved = value
    norm = math.sqrt(squares)
    factor = (one - threshold / norm if norm > threshold else zero)
    for p in range(rank, size, count):
        moved[p] = factor * value[p]


@cuda.jit(device=True)
def gpu_proximal_l1(rank, count, size, value, threshold):
    """v moved towards 0 by threshold, and 0 where |v| <= threshold.

    Theorem: P.l1

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    zero = value.dtype.type(0.0)
    moved = value
    for p in range(rank, size, count):
        moved[p] = (-threshold + value[p] if threshold < value[p] else (threshold + value[p] if threshold < -value[p] else zero))


@cuda.jit(device=True)
def gpu_proximal_l2(rank, count, size, value, threshold):
    """v / (1 + 2 threshold).

    Theorem: P.l2

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    one = value.dtype.type(1.0)
    two = value.dtype.type(2.0)
    moved = value
    factor = one / (two * threshold + one)
    for p in range(rank, size, count):
        moved[p] = factor * value[p]


@cuda.jit(device=True)
def gpu_adam(rank, count, size, parameter, gradient, first, second, rate, beta1, beta2, epsilon, correction1, correction2):
    """m = beta1 m + (1-beta1) g, v = beta2 v + (1-beta2) g^2, theta -= rate m/c1 / (sqrt(v/c2) + epsilon).

    Theorem: O.adam

    parameter (size) θ, updated in place
    gradient (size) g = ∂ℓ/∂θ
    first (size) m, first moment, updated in place
    second (size) v, second moment, updated in place
    updated (size) θ after the step
    first_new (size) m after the step
    second_new (size) v after the step
    """
    one = parameter.dtype.type(1.0)
    updated = parameter
    first_new = first
    second_new = second
    step_size = rate / correction1
    root = one / (math.sqrt(correction2))
    for p in range(rank, size, count):
        first_new[p] = beta1 * first[p] + (one - beta1) * gradient[p]
        second_new[p] = beta2 * second[p] + gradient[p] * gradient[p] * (one - beta2)
        updated[p] = -step_size * first_new[p] / (epsilon + root * math.sqrt(second_new[p])) + parameter[p]


@cuda.jit(device=True)
def gpu_sgd(rank, count, size, parameter, gradient, first, rate, momentum, nesterov):
    """b = momentum b + g, theta -= rate (g + momentum b) with nesterov = 1, rate b with nesterov = 0.

    Theorem: O.sgd

    parameter (size) θ, updated in place
    gradient (size) g = ∂ℓ/∂θ
    first (size) m, first moment, updated in place
    updated (size) θ after the step
    first_new (size) m after the step
    """
    one = parameter.dtype.type(1.0)
    updated = parameter
    first_new = first
    for p in range(rank, size, count):
        first_new[p] = momentum * first[p] + gradient[p]
        updated[p] = -rate * (nesterov * (momentum * first_new[p] + gradient[p]) + (one - nesterov) * first_new[p]) + parameter[p]


@cuda.jit(device=True)
def gpu_decay(rank, count, size, value, share):
    """theta -= share theta.

    Theorem: O.decay

    value (size) θ, the parameters of one group
    decayed (size) θ after the decay
    """
    one = value.dtype.type(1.0)
    decayed = value
    kept = one - share
    for p in range(rank, size, count):
        decayed[p] = kept * value[p]


@cuda.jit(device=True)
def gpu_squared_norm(rank, count, size, gradient):
    """|g|_2^2 of one group.

    Returns the thread's share of squares.

    Theorem: O.clip

    gradient (size) g, the gradient of one group
    """
    zero = gradient.dtype.type(0.0)
    squares = zero
    for p in range(rank, size, count):
        squares += gradient[p] * gradient[p]
    return squares


@cuda.jit(device=True)
def gpu_clip(rank, count, size, gradient, squares, limit):
    """g limit / |g|_2 where |g|_2 > limit, else g, for |g|_2^2 = squares of all groups.

    Theorem: O.clip

    gradient (size) g, the gradient of one group
    clipped (size) g of limited norm
    """
    one = gradient.dtype.type(1.0)
    clipped = gradient
    norm = math.sqrt(squares)
    factor = (limit / norm if limit < norm else one)
    for p in range(rank, size, count):
        clipped[p] = factor * gradient[p]


@cuda.jit(device=True)
def gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale):
    """The thread's share of a loss by its number in LOSSES, labels smoothed; its gradient takes the place of the output.

    Theorem: L.smoothing
    """
    if loss == CROSS_ENTROPY:
        spread = smoothing / output.dtype.type(n_out)
        return gpu_cross_entropy(rank, count, n_samples, n_out, output, label, weight, scale, smoothing, spread)
    if loss == BINARY_CROSS_ENTROPY:  # a thread smooths the targets that it reads itself
        gpu_smooth_targets(rank, count, n_samples, n_out, target, smoothing)
    if loss == SQUARED_ERROR:
        return gpu_squared_error(rank, count, n_samples, n_out, output, target, weight, scale)
    elif loss == HUBER:
        return gpu_huber(rank, count, n_samples, n_out, output, target, weight, scale)
    elif loss == POISSON:
        return gpu_poisson(rank, count, n_samples, n_out, output, target, weight, scale)
    else:
        return gpu_binary_cross_entropy(rank, count, n_samples, n_out, output, target, weight, scale)


@cuda.jit(device=True)
def gpu_add_penalty(rank, count, penalised, strengths, parameters, gradient, room):
    """Add the gradient of the penalty on each group (start, stop, kind) of parameters; the thread's share of the penalty.

    Theorem: O.batch
    """
    total = parameters.dtype.type(0.0)
    for group in range(penalised.shape[0]):
        begin, kind = penalised[group, 0], penalised[group, 2]
        size = penalised[group, 1] - begin
        value, slope = parameters[begin:], gradient[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_penalty_group_squares(rank, count, size, value), room)
            total += gpu_penalty_group(rank, count, size, value, slope, squares, strengths[group])
        elif kind == L1:
            total += gpu_penalty_l1(rank, count, size, value, slope, strengths[group])
        else:
            total += gpu_penalty_l2(rank, count, size, value, slope, strengths[group])
        cuda.syncthreads()
    return total


@cuda.jit(device=True)
def gpu_limit_norm(rank, count, limit, trainable, gradient, room):
    """Scale the gradient of all trainable groups (start, stop) to a norm of at most `limit`; 0 is no limit.

    Theorem: O.batch
    """
    if limit == gradient.dtype.type(0.0):
        return
    share = gradient.dtype.type(0.0)
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        share += gpu_squared_norm(rank, count, trainable[group, 1] - begin, gradient[begin:])
    squares = gpu_sum(rank, count, share, room)
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        gpu_clip(rank, count, trainable[group, 1] - begin, gradient[begin:], squares, limit)
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_update(
    rank, count, optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, correction1, correction2,
    settings,
):
    """One optimizer step on each group (start, stop) of trainable parameters at factor · its own rate, after its decay.

    Theorem: O.decay, S.rate
    """
    for group in range(trainable.shape[0]):
        begin = trainable[group, 0]
        size = trainable[group, 1] - begin
        rate = factor * rates[group]
        theta, slope, m, v = parameters[begin:], gradient[begin:], first[begin:], second[begin:]
        if decays[group] > theta.dtype.type(0.0):
            gpu_decay(rank, count, size, theta, rate * decays[group])
        if optimizer == ADAM:
            beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
            gpu_adam(rank, count, size, theta, slope, m, v, rate, beta1, beta2, epsilon, correction1, correction2)
        else:
            gpu_sgd(rank, count, size, theta, slope, m, rate, settings[MOMENTUM], settings[NESTEROV])
        cuda.syncthreads()


@cuda.jit(device=True)
def gpu_shrink(rank, count, shrunk, thresholds, factor, parameters, room):
    """The proximal map of a penalty on each group (start, stop, kind) of parameters, with factor · its own threshold.

    Theorem: P.threshold
    """
    for group in range(shrunk.shape[0]):
        begin, kind = shrunk[group, 0], shrunk[group, 2]
        size = shrunk[group, 1] - begin
        threshold = factor * thresholds[group]
        value = parameters[begin:]
        if kind == GROUP:
            squares = gpu_sum(rank, count, gpu_proximal_group_squares(rank, count, size, value), room)
            gpu_proximal_group(rank, count, size, value, squares, threshold)
        elif kind == L1:
            gpu_proximal_l1(rank, count, size, value, threshold)
        else:
            gpu_proximal_l2(rank, count, size, value, threshold)
        cuda.syncthreads()
