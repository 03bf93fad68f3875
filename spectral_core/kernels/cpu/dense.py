"""Numba kernels for the CPU, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47

Proven: every function that names a theorem computes what it states, layer by layer; of a whole epoch these are the means
over mini-batches. Not proven, but compared with exact numbers: storage, the order of calls, and rounding outside of the
exponential.

Storage. `layout` has one row for each layer, its columns named below; for the direct network the columns from
BLOCKS on say where W_ij starts, -1 where there is no such block. `parameters`, `gradient` and the moments are flat
vectors of one order. `u_all`, `z_all` and `du_all` hold all layers of one mini-batch: layer i starts at
n_samples * layout[i, START], sample first.
"""

import math

import numpy as np
from numba import njit, types
from numba.extending import overload

ACTIVATIONS = ("identity", "relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "swish")
LOSSES = ("squared_error", "huber", "poisson", "binary_cross_entropy", "cross_entropy")
PENALTIES = ("group", "l1", "l2")
OPTIMIZERS = ("adam", "sgd")

SQUARED_ERROR, HUBER, POISSON, BINARY_CROSS_ENTROPY, CROSS_ENTROPY = 0, 1, 2, 3, 4
GROUP, L1, L2 = 0, 1, 2
ADAM, SGD = 0, 1
BETA1, BETA2, EPSILON, MOMENTUM, NESTEROV, SMOOTHING, CLIP_NORM = 0, 1, 2, 3, 4, 5, 6
WIDTH, START, PHI, LAMBDA_IN, LAMBDA_OUT = 0, 1, 2, 3, 4
BLOCKS = 2


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def matrix(flat, at, rows, columns):
    """The matrix that starts at a position of flat storage."""
    return flat[at : at + rows * columns].reshape(rows, columns)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def vector(flat, at, size):
    """The vector that starts at a position of flat storage."""
    return flat[at : at + size]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def load_rows(x_data, rows, width, u_all):
    """Gather rows of the data as the input layer; columns beyond the data are the constant 1."""
    one = u_all.dtype.type(1.0)
    for s in range(rows.shape[0]):
        for k in range(x_data.shape[1]):
            u_all[s * width + k] = x_data[rows[s], k]
        for k in range(x_data.shape[1], width):
            u_all[s * width + k] = one


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def workspace(parameters, layout, batch_size):
    """u_all, z_all, du_all for all layers; sample_scratch for the widest layer, block_scratch for M and dM."""
    neurons, widest, block = 0, 0, 0
    for i in range(layout.shape[0]):
        neurons += layout[i, WIDTH]
        widest = max(widest, layout[i, WIDTH])
        if i > 0:
            block = max(block, layout[i, WIDTH] * layout[i - 1, WIDTH])
    return (
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * neurons, parameters.dtype),
        np.empty(batch_size * widest, parameters.dtype),
        np.empty(2 * block, parameters.dtype),
    )


def exponential_float32(x):
    """exp(x) and expm1(x).

    Theorem: E.float32

    |computed / exp(x) - 1| <= 1.7 u and |computed / expm1(x) - 1| <= 3.6 u with u = 2^-24, half an ulp of 1, for
    every float32 x with -87.33 <= x <= 88.72; below, exp adds at most half the smallest number and is 0 from -104
    on, while expm1 keeps its bound; above, both turn infinite before 89.
    """
    lowest = np.float32(-104.0)
    highest = np.float32(89.0)
    log2e = np.float32(1.4426950216293335)
    magic = np.float32(12582912.0)
    ln2_high = np.float32(0.693145751953125)
    ln2_low = np.float32(1.428606765330187e-06)
    c2 = np.float32(0.5)
    c3 = np.float32(0.1666666716337204)
    c4 = np.float32(0.0416666679084301)
    c5 = np.float32(0.008333333767950535)
    c6 = np.float32(0.0013888889225199819)
    c7 = np.float32(0.00019841270113829523)
    x = lowest if x < lowest else x
    x = highest if x > highest else x
    t = x * log2e + magic
    n = t - magic
    r = (x - n * ln2_high) - n * ln2_low
    q = c7 * r + c6
    q = q * r + c5
    q = q * r + c4
    q = q * r + c3
    q = q * r + c2
    w = q * r
    p = w * r + r
    k = np.float32(t).view(np.int32) - 1262485504
    half = k >> 1
    rest = k - half
    s1 = np.int32((half + 127) << 23).view(np.float32)
    s2 = np.int32((rest + 127) << 23).view(np.float32)
    q2 = np.int32((127 - rest) << 23).view(np.float32)
    a = s1 * p
    power = (s1 + a) * s2
    difference = ((s1 - q2) + a) * s2
    return power, difference


def exponential_float64(x):
    """exp(x) and expm1(x).

    Theorem: E.float64

    |computed / exp(x) - 1| <= 1.6 u and |computed / expm1(x) - 1| <= 3.5 u with u = 2^-53, half an ulp of 1, for
    every float64 x with -708.39 <= x <= 709.78; below, exp adds at most half the smallest number and is 0 from
    -746 on, while expm1 keeps its bound; above, both turn infinite before 710.
    """
    lowest = np.float64(-746.0)
    highest = np.float64(710.0)
    log2e = np.float64(1.4426950408889634)
    magic = np.float64(6755399441055744.0)
    ln2_high = np.float64(0.6931471805598903)
    ln2_low = np.float64(5.497923018708371e-14)
    c2 = np.float64(0.5)
    c3 = np.float64(0.16666666666666666)
    c4 = np.float64(0.041666666666666664)
    c5 = np.float64(0.008333333333333333)
    c6 = np.float64(0.001388888888888889)
    c7 = np.float64(0.0001984126984126984)
    c8 = np.float64(2.48015873015873e-05)
    c9 = np.float64(2.7557319223985893e-06)
    c10 = np.float64(2.755731922398589e-07)
    c11 = np.float64(2.505210838544172e-08)
    c12 = np.float64(2.08767569878681e-09)
    c13 = np.float64(1.6059043836821613e-10)
    x = lowest if x < lowest else x
    x = highest if x > highest else x
    t = x * log2e + magic
    n = t - magic
    r = (x - n * ln2_high) - n * ln2_low
    q = c13 * r + c12
    q = q * r + c11
    q = q * r + c10
    q = q * r + c9
    q = q * r + c8
    q = q * r + c7
    q = q * r + c6
    q = q * r + c5
    q = q * r + c4
    q = q * r + c3
    q = q * r + c2
    w = q * r
    p = w * r + r
    k = np.float64(t).view(np.int64) - 4843621399236968448
    half = k >> 1
    rest = k - half
    s1 = np.int64((half + 1023) << 52).view(np.float64)
    s2 = np.int64((rest + 1023) << 52).view(np.float64)
    q2 = np.int64((1023 - rest) << 52).view(np.float64)
    a = s1 * p
    power = (s1 + a) * s2
    difference = ((s1 - q2) + a) * s2
    return power, difference


def exponential(x):
    """exp(x) and expm1(x) in the type of x."""
    return exponential_float32(x) if type(x) is np.float32 else exponential_float64(x)


@overload(exponential, jit_options={"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "forceinline": True})
def exponential_by_type(x):
    return exponential_float32 if x == types.float32 else exponential_float64


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def activate(activation, pre, post):
    """post = f(pre), and f'(pre) in the place of pre, by the number of f in ACTIVATIONS.

    Theorem: F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    pre (n_samples, n_out) z, overwritten by f'(z); post (n_samples, n_out) x = f(z)
    """
    four = pre.dtype.type(4.0)
    half = pre.dtype.type(0.5)
    half_root_two = pre.dtype.type(0.7071067811865476)
    hundredth = pre.dtype.type(0.01)
    inverse_root_two_pi = pre.dtype.type(0.3989422804014327)
    one = pre.dtype.type(1.0)
    two = pre.dtype.type(2.0)
    zero = pre.dtype.type(0.0)
    z_all, x_all = pre.reshape(pre.size), post.reshape(post.size)
    if activation == 0:  # identity, theorem F.identity
        for i in range(pre.size):
            z = z_all[i]
            value = z
            slope = one
            x_all[i] = value
            z_all[i] = slope
    elif activation == 1:  # relu, theorem F.relu
        for i in range(pre.size):
            z = z_all[i]
            c0 = z <= zero
            value = (zero if c0 else z)
            slope = (zero if c0 else one)
            x_all[i] = value
            z_all[i] = slope
    elif activation == 2:  # leaky_relu, theorem F.leaky_relu
        for i in range(pre.size):
            z = z_all[i]
            c0 = z <= zero
            value = (hundredth * z if c0 else z)
            slope = (hundredth if c0 else one)
            x_all[i] = value
            z_all[i] = slope
    elif activation == 3:  # elu, theorem F.elu
        for i in range(pre.size):
            z = z_all[i]
            E, m = exponential((z if z <= zero else zero))
            c0 = z <= zero
            value = (m if c0 else z)
            slope = (E if c0 else one)
            x_all[i] = value
            z_all[i] = slope
    elif activation == 4:  # tanh, theorem F.tanh
        for i in range(pre.size):
            z = z_all[i]
            E, m = exponential(-two * abs(z))
            d = one / (m + two)
            c0 = d * m
            value = (c0 if z <= zero else -c0)
            slope = four * E * d * d
            x_all[i] = value
            z_all[i] = slope
    elif activation == 5:  # sigmoid, theorem F.sigmoid
        for i in range(pre.size):
            z = z_all[i]
            E, m = exponential(-abs(z))
            d = one / (E + one)
            value = (E * d if z <= zero else d)
            slope = E * d * d
            x_all[i] = value
            z_all[i] = slope
    elif activation == 6:  # gelu, theorem F.gelu
        for i in range(pre.size):
            z = z_all[i]
            E, m = exponential(-half * z * z)
            c0 = (half * math.erfc(-half_root_two * z))
            value = c0 * z
            slope = inverse_root_two_pi * E * z + c0
            x_all[i] = value
            z_all[i] = slope
    else:  # swish, theorem F.swish
        for i in range(pre.size):
            z = z_all[i]
            E, m = exponential(-abs(z))
            d = one / (E + one)
            c0 = (E * d if z <= zero else d)
            value = c0 * z
            slope = E * z * d * d + c0
            x_all[i] = value
            z_all[i] = slope


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_global(layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij.

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
        lam_in = vector(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = vector(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = matrix(parameters, layout[i, PHI], n_out, n_in)
        M = matrix(block_scratch, 0, n_out, n_in)
        u_in = matrix(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        z = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        v = matrix(sample_scratch, 0, n_samples, n_out)
        x = matrix(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        u = x
        for h in range(n_out):
            for k in range(n_in):
                M[h, k] = (lam_in[k] - lam_out[h]) * phi[h, k]
        # z[s, h] = sum_k M[h, k]*u_in[s, k]
        np.dot(u_in, M.T, z)
        if i < n_layers - 1:
            # v[s, h] = sum_k phi[h, k]*u_in[s, k]
            np.dot(u_in, phi.T, v)
            activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z
            for s in range(n_samples):
                for h in range(n_out):
                    u[s, h] = -v[s, h] + x[s, h]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_layerwise(layout, activation, n_samples, block_scratch, parameters, u_all, z_all):
    """z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer.

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
        lam_in = vector(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = vector(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = matrix(parameters, layout[i, PHI], n_out, n_in)
        M = matrix(block_scratch, 0, n_out, n_in)
        x_in = matrix(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        z = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        x = matrix(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        for h in range(n_out):
            for k in range(n_in):
                M[h, k] = (lam_in[k] - lam_out[h]) * phi[h, k]
        # z[s, h] = sum_k M[h, k]*x_in[s, k]
        np.dot(x_in, M.T, z)
        if i < n_layers - 1:
            activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_direct(layout, activation, n_samples, parameters, sample_scratch, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, every W_ij free.

    Theorem: M7.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    z (n_samples, n_out) z_i, pre-activations of layer i
    x (n_samples, n_out) x_i = f(z_i), activations of layer i
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    """
    zero = z_all.dtype.type(0.0)
    n_layers = layout.shape[0]
    for i in range(1, n_layers):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        z = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        x = matrix(u_all, n_samples * layout[i, START], n_samples, n_out)
        slope = z
        for s in range(n_samples):
            for h in range(n_out):
                z[s, h] = zero
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = matrix(parameters, layout[i, BLOCKS + j], n_out, n_in)
                x_source = matrix(u_all, n_samples * layout[j, START], n_samples, n_in)
                # z[s, h] += sum_k W[h, k]*x_source[s, k]
                product = matrix(sample_scratch, 0, n_samples, n_out)
                np.dot(x_source, W.T, product)
                for s in range(n_samples):
                    for h in range(n_out):
                        z[s, h] += product[s, h]
        if i < n_layers - 1:
            activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_global(layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue.

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
    zero = du_all.dtype.type(0.0)
    gradient[:] = 0
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        du = matrix(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        lam_in = vector(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = vector(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = matrix(parameters, layout[i, PHI], n_out, n_in)
        M = matrix(block_scratch, 0, n_out, n_in)
        u_in = matrix(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        dM = matrix(block_scratch, block_scratch.size // 2, n_out, n_in)
        g = matrix(gradient, layout[i, PHI], n_out, n_in)
        dphi = g
        dlam_in = vector(gradient, layout[i, LAMBDA_IN], n_in)
        dlam_out = vector(gradient, layout[i, LAMBDA_OUT], n_out)
        du_in = matrix(du_all, n_samples * layout[i - 1, START], n_samples, n_in)
        q = matrix(sample_scratch, 0, n_samples, n_in)
        if i < n_layers - 1:
            for s in range(n_samples):
                for h in range(n_out):
                    dz[s, h] = du[s, h] * slope[s, h]
        for h in range(n_out):
            for k in range(n_in):
                M[h, k] = (lam_in[k] - lam_out[h]) * phi[h, k]
        # dM[h, k] = sum_s dz[s, h]*u_in[s, k]
        np.dot(dz.T, u_in, dM)
        if i < n_layers - 1:
            # g[h, k] = sum_s du[s, h]*u_in[s, k]
            np.dot(du.T, u_in, g)
            for h in range(n_out):
                for k in range(n_in):
                    dphi[h, k] = (lam_in[k] - lam_out[h]) * dM[h, k] - g[h, k]
        if i == n_layers - 1:
            for h in range(n_out):
                for k in range(n_in):
                    dphi[h, k] = (lam_in[k] - lam_out[h]) * dM[h, k]
        for h in range(n_out):
            sum_1 = zero
            for k in range(n_in):
                dlam_in[k] += dM[h, k] * phi[h, k]
                sum_1 -= dM[h, k] * phi[h, k]
            dlam_out[h] += sum_1
        if i > 1:
            # du_in[s, k] = sum_h M[h, k]*dz[s, h]
            np.dot(dz, M, du_in)
            if i < n_layers - 1:
                # q[s, k] = sum_h du[s, h]*phi[h, k]
                np.dot(du, phi, q)
                for s in range(n_samples):
                    for k in range(n_in):
                        du_in[s, k] -= q[s, k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_layerwise(layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every eigenvector block and eigenvalue pair.

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
    zero = du_all.dtype.type(0.0)
    gradient[:] = 0
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        n_in = layout[i - 1, WIDTH]
        dx = matrix(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        lam_in = vector(parameters, layout[i, LAMBDA_IN], n_in)
        lam_out = vector(parameters, layout[i, LAMBDA_OUT], n_out)
        phi = matrix(parameters, layout[i, PHI], n_out, n_in)
        M = matrix(block_scratch, 0, n_out, n_in)
        x_in = matrix(u_all, n_samples * layout[i - 1, START], n_samples, n_in)
        dM = matrix(block_scratch, block_scratch.size // 2, n_out, n_in)
        dphi = matrix(gradient, layout[i, PHI], n_out, n_in)
        dlam_in = vector(gradient, layout[i, LAMBDA_IN], n_in)
        dlam_out = vector(gradient, layout[i, LAMBDA_OUT], n_out)
        dx_in = matrix(du_all, n_samples * layout[i - 1, START], n_samples, n_in)
        if i < n_layers - 1:
            for s in range(n_samples):
                for h in range(n_out):
                    dz[s, h] = dx[s, h] * slope[s, h]
        for h in range(n_out):
            for k in range(n_in):
                M[h, k] = (lam_in[k] - lam_out[h]) * phi[h, k]
        # dM[h, k] = sum_s dz[s, h]*x_in[s, k]
        np.dot(dz.T, x_in, dM)
        for h in range(n_out):
            sum_2 = zero
            for k in range(n_in):
                dphi[h, k] = (lam_in[k] - lam_out[h]) * dM[h, k]
                dlam_in[k] += dM[h, k] * phi[h, k]
                sum_2 -= dM[h, k] * phi[h, k]
            dlam_out[h] += sum_2
        if i > 1:
            # dx_in[s, k] = sum_h M[h, k]*dz[s, h]
            np.dot(dz, M, dx_in)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_direct(layout, n_samples, du_all, gradient, parameters, sample_scratch, u_all, z_all):
    """gradient of a loss with respect to every weight W_ij.

    Theorem: M8.direct

    W (n_out, n_in) W_ij, weights from layer j to layer i
    dW (n_out, n_in) ∂ℓ/∂W_ij
    x_source (n_samples, n_in) x_j, activations of an earlier layer j
    slope (n_samples, n_out) f'(z_i), kept in the place of z_i
    dz (n_samples, n_out) ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx (n_samples, n_out) ∂ℓ/∂x_i
    dx_source (n_samples, n_in) ∂ℓ/∂x_j
    """
    du_all[:] = 0
    n_layers = layout.shape[0]
    for i in range(n_layers - 1, 0, -1):  # layer i+1 of the formulas
        n_out = layout[i, WIDTH]
        dx = matrix(du_all, n_samples * layout[i, START], n_samples, n_out)
        slope = matrix(z_all, n_samples * layout[i, START], n_samples, n_out)
        dz = slope
        if i < n_layers - 1:
            for s in range(n_samples):
                for h in range(n_out):
                    dz[s, h] = dx[s, h] * slope[s, h]
        for j in range(0, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                x_source = matrix(u_all, n_samples * layout[j, START], n_samples, n_in)
                dW = matrix(gradient, layout[i, BLOCKS + j], n_out, n_in)
                # dW[h, k] = sum_s dz[s, h]*x_source[s, k]
                np.dot(dz.T, x_source, dW)
        for j in range(1, i):  # sent by layer j+1
            if layout[i, BLOCKS + j] >= 0:  # the block exists
                n_in = layout[j, WIDTH]
                W = matrix(parameters, layout[i, BLOCKS + j], n_out, n_in)
                dx_source = matrix(du_all, n_samples * layout[j, START], n_samples, n_in)
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                product = matrix(sample_scratch, 0, n_samples, n_in)
                np.dot(dz, W, product)
                for s in range(n_samples):
                    for k in range(n_in):
                        dx_source[s, k] += product[s, k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def squared_error(output, target, weight, scale):
    """weighted mean over samples and outputs of (z - y)^2, and its gradient.

    Theorem: L.squared_error

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    two = output.dtype.type(2.0)
    zero = output.dtype.type(0.0)
    loss = 0.0
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * (output[s, h] - target[s, h]) * (output[s, h] - target[s, h]) * weight[s]
        loss += sum_0
        for h in range(n_out):
            d_output[s, h] = two * scale * (output[s, h] - target[s, h]) * weight[s]
    return loss


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def huber(output, target, weight, scale):
    """weighted mean over samples and outputs of (z - y)^2 / 2 near y and |z - y| - 1/2 beyond a distance of 1.

    Theorem: L.huber

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    half = output.dtype.type(0.5)
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    loss = 0.0
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * weight[s] * (-output[s, h] + target[s, h] - half if output[s, h] - target[s, h] < -one else (output[s, h] - target[s, h] - half if output[s, h] - target[s, h] > one else half * (output[s, h] - target[s, h]) * (output[s, h] - target[s, h])))
        loss += sum_0
        for h in range(n_out):
            d_output[s, h] = scale * weight[s] * (-one if output[s, h] - target[s, h] < -one else (one if output[s, h] - target[s, h] > one else output[s, h] - target[s, h]))
    return loss


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def poisson(output, target, weight, scale):
    """weighted mean over samples and outputs of exp(z) - y z for counts y of mean exp(z), and its gradient.

    Theorem: L.poisson, E.float32, E.float64

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    zero = output.dtype.type(0.0)
    loss = 0.0
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * (exponential(output[s, h])[0] - output[s, h] * target[s, h]) * weight[s]
        loss += sum_0
        for h in range(n_out):
            d_output[s, h] = scale * (exponential(output[s, h])[0] - target[s, h]) * weight[s]
    return loss


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def binary_cross_entropy(output, target, weight, scale):
    """weighted mean over samples and labels of log(1 + exp(z)) - y z, without overflow, and its gradient.

    Theorem: L.binary_cross_entropy, E.float32, E.float64

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    weight (n_samples) sample weights
    d_output (n_samples, n_out) ∂ℓ/∂z_K, written over the output
    """
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    loss = 0.0
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        sum_0 = zero
        for h in range(n_out):
            sum_0 += scale * weight[s] * (math.log1p(exponential(output[s, h])[0]) - output[s, h] * target[s, h] if output[s, h] <= zero else math.log1p(exponential(-output[s, h])[0]) - output[s, h] * target[s, h] + output[s, h])
        loss += sum_0
        for h in range(n_out):
            d_output[s, h] = scale * weight[s] * (-target[s, h] + exponential(output[s, h])[0] / (exponential(output[s, h])[0] + one) if output[s, h] <= zero else -target[s, h] + one / (one + exponential(-output[s, h])[0]))
    return loss


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def cross_entropy(output, label, weight, scale, smoothing, spread):
    """weighted mean over samples of log sum_h exp(z_h) - sum_h q_h z_h, q = (1 - smoothing) onehot(label) + spread, and its gradient.

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
    loss = 0.0
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    shifted = output
    for s in range(n_samples):
        peak = lowest
        chosen = zero
        for h in range(n_out):
            peak = max(peak, output[s, h])
            chosen += (spread + (one - smoothing) * (one if h == label[s] else zero)) * output[s, h]
        for h in range(n_out):
            shifted[s, h] = exponential(-peak + output[s, h])[0]
        total = zero
        for h in range(n_out):
            total += shifted[s, h]
        loss += scale * (-chosen + peak + math.log(total)) * weight[s]
        for h in range(n_out):
            d_output[s, h] = scale * (-spread - (one - smoothing) * (one if h == label[s] else zero) + shifted[s, h] / total) * weight[s]
    return loss


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def smooth_targets(target, smoothing):
    """(1 - smoothing) y + smoothing / 2: soft labels for binary_cross_entropy.

    Theorem: L.smoothing

    target (n_samples, n_out) y, the targets
    soft (n_samples, n_out) (1 - smoothing) y + smoothing/2, written over the targets
    """
    half = target.dtype.type(0.5)
    one = target.dtype.type(1.0)
    n_samples = target.shape[0]
    n_out = target.shape[1]
    soft = target
    for s in range(n_samples):
        for h in range(n_out):
            soft[s, h] = half * smoothing + (one - smoothing) * target[s, h]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def penalty_group(value, gradient, strength):
    """strength |value|_2 (not squared), and its gradient, 0 at the zero vector.

    Theorem: R.group

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    zero = value.dtype.type(0.0)
    size = value.shape[0]
    squares = zero
    for p in range(size):
        squares += value[p] * value[p]
    norm = math.sqrt(squares)
    penalty = norm * strength
    inverse = (strength / norm if norm > zero else zero)
    for p in range(size):
        gradient[p] += inverse * value[p]
    return penalty


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def penalty_l1(value, gradient, strength):
    """strength |value|_1, and its gradient, 0 at 0.

    Theorem: R.l1

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    one = value.dtype.type(1.0)
    zero = value.dtype.type(0.0)
    size = value.shape[0]
    penalty = zero
    for p in range(size):
        penalty += strength * abs(value[p])
        gradient[p] += strength * (one if value[p] > zero else (-one if value[p] < zero else value[p]))
    return penalty


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def penalty_l2(value, gradient, strength):
    """strength |value|_2^2, and its gradient.

    Theorem: R.l2

    value (size) the parameters of one group, e.g. λ^(i)
    gradient (size) ∂(ℓ + penalty)/∂value
    """
    two = value.dtype.type(2.0)
    zero = value.dtype.type(0.0)
    size = value.shape[0]
    penalty = zero
    for p in range(size):
        penalty += strength * value[p] * value[p]
        gradient[p] += two * strength * value[p]
    return penalty


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def proximal_group(value, threshold):
    """v (1 - threshold / |v|_2), and 0 where |v|_2 <= threshold.

    Theorem: P.group

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    one = value.dtype.type(1.0)
    zero = value.dtype.type(0.0)
    size = value.shape[0]
    moved = value
    squares = zero
    for p in range(size):
        squares += value[p] * value[p]
    norm = math.sqrt(squares)
    factor = (one - threshold / norm if norm > threshold else zero)
    for p in range(size):
        moved[p] = factor * value[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def proximal_l1(value, threshold):
    """v moved towards 0 by threshold, and 0 where |v| <= threshold.

    Theorem: P.l1

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    zero = value.dtype.type(0.0)
    size = value.shape[0]
    moved = value
    for p in range(size):
        moved[p] = (-threshold + value[p] if threshold < value[p] else (threshold + value[p] if threshold < -value[p] else zero))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def proximal_l2(value, threshold):
    """v / (1 + 2 threshold).

    Theorem: P.l2

    value (size) v, the parameters of one group, overwritten by x
    moved (size) x, in the place of v
    """
    one = value.dtype.type(1.0)
    two = value.dtype.type(2.0)
    size = value.shape[0]
    moved = value
    factor = one / (two * threshold + one)
    for p in range(size):
        moved[p] = factor * value[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adam(parameter, gradient, first, second, rate, beta1, beta2, epsilon, correction1, correction2):
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
    size = parameter.shape[0]
    updated = parameter
    first_new = first
    second_new = second
    step_size = rate / correction1
    root = one / (math.sqrt(correction2))
    for p in range(size):
        first_new[p] = beta1 * first[p] + (one - beta1) * gradient[p]
        second_new[p] = beta2 * second[p] + gradient[p] * gradient[p] * (one - beta2)
        updated[p] = -step_size * first_new[p] / (epsilon + root * math.sqrt(second_new[p])) + parameter[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def sgd(parameter, gradient, first, rate, momentum, nesterov):
    """b = momentum b + g, theta -= rate (g + momentum b) with nesterov = 1, rate b with nesterov = 0.

    Theorem: O.sgd

    parameter (size) θ, updated in place
    gradient (size) g = ∂ℓ/∂θ
    first (size) m, first moment, updated in place
    updated (size) θ after the step
    first_new (size) m after the step
    """
    one = parameter.dtype.type(1.0)
    size = parameter.shape[0]
    updated = parameter
    first_new = first
    for p in range(size):
        first_new[p] = momentum * first[p] + gradient[p]
        updated[p] = -rate * (nesterov * (momentum * first_new[p] + gradient[p]) + (one - nesterov) * first_new[p]) + parameter[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def decay(value, share):
    """theta -= share theta.

    Theorem: O.decay

    value (size) θ, the parameters of one group
    decayed (size) θ after the decay
    """
    one = value.dtype.type(1.0)
    size = value.shape[0]
    decayed = value
    kept = one - share
    for p in range(size):
        decayed[p] = kept * value[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def squared_norm(gradient):
    """|g|_2^2 of one group.

    Theorem: O.clip

    gradient (size) g, the gradient of one group
    """
    zero = gradient.dtype.type(0.0)
    size = gradient.shape[0]
    squares = zero
    for p in range(size):
        squares += gradient[p] * gradient[p]
    return squares


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def clip(gradient, squares, limit):
    """g limit / |g|_2 where |g|_2 > limit, else g, for |g|_2^2 = squares of all groups.

    Theorem: O.clip

    gradient (size) g, the gradient of one group
    clipped (size) g of limited norm
    """
    one = gradient.dtype.type(1.0)
    size = gradient.shape[0]
    clipped = gradient
    norm = math.sqrt(squares)
    factor = (limit / norm if limit < norm else one)
    for p in range(size):
        clipped[p] = factor * gradient[p]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def output_loss(y_data, labels, weights, rows, loss, smoothing, output):
    """Loss of one mini-batch, labels smoothed; its gradient takes the place of the output. Returns loss and batch weight.

    Theorem: L.smoothing, O.batch
    """
    real = output.dtype.type
    n_samples = rows.shape[0]
    weight = np.empty(n_samples, output.dtype)
    batch_weight = 0.0
    for s in range(n_samples):
        weight[s] = weights[rows[s]]
        batch_weight += weight[s]
    if batch_weight == 0.0:
        output[:] = 0
        return 0.0, batch_weight
    if loss == CROSS_ENTROPY:
        label = np.empty(n_samples, labels.dtype)
        for s in range(n_samples):
            label[s] = labels[rows[s]]
        spread = real(smoothing / output.shape[1])
        return cross_entropy(output, label, weight, real(1.0 / batch_weight), smoothing, spread), batch_weight
    target = np.empty((n_samples, y_data.shape[1]), output.dtype)
    for s in range(n_samples):
        for h in range(y_data.shape[1]):
            target[s, h] = y_data[rows[s], h]
    if loss == BINARY_CROSS_ENTROPY:
        smooth_targets(target, smoothing)
    share = real(1.0 / (batch_weight * output.shape[1]))
    if loss == SQUARED_ERROR:
        value = squared_error(output, target, weight, share)
    elif loss == HUBER:
        value = huber(output, target, weight, share)
    elif loss == POISSON:
        value = poisson(output, target, weight, share)
    else:
        value = binary_cross_entropy(output, target, weight, share)
    return value, batch_weight


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def add_penalty(penalised, strengths, parameters, gradient):
    """Add the gradient of the penalty on each group (start, stop, kind) of parameters; returns the penalty.

    Theorem: O.batch
    """
    total = 0.0
    for group in range(penalised.shape[0]):
        begin, end, kind = penalised[group, 0], penalised[group, 1], penalised[group, 2]
        if kind == GROUP:
            total += penalty_group(parameters[begin:end], gradient[begin:end], strengths[group])
        elif kind == L1:
            total += penalty_l1(parameters[begin:end], gradient[begin:end], strengths[group])
        else:
            total += penalty_l2(parameters[begin:end], gradient[begin:end], strengths[group])
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def limit_norm(limit, trainable, gradient):
    """Scale the gradient of all trainable groups (start, stop) to a norm of at most `limit`; 0 is no limit.

    Theorem: O.batch
    """
    if limit == 0:
        return
    squares = 0.0
    for group in range(trainable.shape[0]):
        squares += squared_norm(gradient[trainable[group, 0] : trainable[group, 1]])
    for group in range(trainable.shape[0]):
        clip(gradient[trainable[group, 0] : trainable[group, 1]], gradient.dtype.type(squares), limit)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings):
    """One optimizer step, the `step`-th, on each group (start, stop) of trainable parameters at factor · its own rate, after its decay.

    Theorem: O.correction, O.decay, S.rate
    """
    real = parameters.dtype.type
    correction1 = real(1.0 - float(settings[BETA1]) ** step)
    correction2 = real(1.0 - float(settings[BETA2]) ** step)
    for group in range(trainable.shape[0]):
        begin, end, rate = trainable[group, 0], trainable[group, 1], factor * rates[group]
        theta, slope, m, v = parameters[begin:end], gradient[begin:end], first[begin:end], second[begin:end]
        if decays[group] > 0:
            decay(theta, rate * decays[group])
        if optimizer == ADAM:
            beta1, beta2, epsilon = settings[BETA1], settings[BETA2], settings[EPSILON]
            adam(theta, slope, m, v, rate, beta1, beta2, epsilon, correction1, correction2)
        else:
            sgd(theta, slope, m, rate, settings[MOMENTUM], settings[NESTEROV])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def shrink(shrunk, thresholds, factor, parameters):
    """The proximal map of a penalty on each group (start, stop, kind) of parameters, with factor · its own threshold.

    Theorem: P.threshold
    """
    for group in range(shrunk.shape[0]):
        begin, end, kind = shrunk[group, 0], shrunk[group, 1], shrunk[group, 2]
        threshold = factor * thresholds[group]
        if kind == GROUP:
            proximal_group(parameters[begin:end], threshold)
        elif kind == L1:
            proximal_l1(parameters[begin:end], threshold)
        else:
            proximal_l2(parameters[begin:end], threshold)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def predict_global(x_data, order, batch_size, layout, activation, parameters, result):
    """result = z_K of the rows of x_data in the given order, batch by batch."""
    u_all, z_all, _, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_global(layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        result[start : start + n_samples] = output


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def gradient_global(x_data, y_data, labels, weights, order, layout, activation, loss, parameters, gradient):
    """The loss of the rows in the given order as one batch; its gradient is written into `gradient`."""
    n_samples = order.shape[0]
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    load_rows(x_data, order, layout[0, WIDTH], u_all)
    propagate_global(layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all)
    output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
    value, _ = output_loss(y_data, labels, weights, order, loss, parameters.dtype.type(0.0), output)
    adjoint_global(layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all)
    return value


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def jacobian_global(x_data, bars, order, layout, activation, parameters, rows):
    """rows (samples, n_parameters): the gradient of bars · z_K for each row of x_data in the given order, one by one.

    bars (samples, outputs): what each output of a sample counts
    """
    n_samples = 1
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    for row in range(order.shape[0]):
        load_rows(x_data, order[row : row + 1], layout[0, WIDTH], u_all)
        propagate_global(layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all)
        z_all[layout[last, START] : layout[last, START] + layout[last, WIDTH]] = bars[row]
        gradient = rows[row]
        adjoint_global(layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_global(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """One pass over the rows in the given order, one optimizer step for each mini-batch.

    Theorem: O.batch, O.epoch

    x_data (rows, features); y_data (rows, outputs) or labels (rows,), whichever the loss wants; weights (rows,)
    penalised (groups, 3): start, stop, kind of penalty, with strengths (groups,); taken by its gradient
    shrunk (groups, 3): likewise, taken by a proximal step after each update, with thresholds (groups,)
    trainable (groups, 2): start, stop in the flat parameters, with learning rates and decays (groups,)
    factors (mini-batches,): of learning rates and thresholds in the first, second, ... step of this call
    parameters, gradient, first, second (n_parameters,): updated in place
    step: optimizer steps done before; settings: BETA1, BETA2, ... in the parameters' type

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_global(layout, activation, n_samples, block_scratch, parameters, sample_scratch, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_global(layout, n_samples, block_scratch, du_all, gradient, parameters, sample_scratch, u_all, z_all)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def predict_layerwise(x_data, order, batch_size, layout, activation, parameters, result):
    """result = z_K of the rows of x_data in the given order, batch by batch."""
    u_all, z_all, _, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_layerwise(layout, activation, n_samples, block_scratch, parameters, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        result[start : start + n_samples] = output


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def gradient_layerwise(x_data, y_data, labels, weights, order, layout, activation, loss, parameters, gradient):
    """The loss of the rows in the given order as one batch; its gradient is written into `gradient`."""
    n_samples = order.shape[0]
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    load_rows(x_data, order, layout[0, WIDTH], u_all)
    propagate_layerwise(layout, activation, n_samples, block_scratch, parameters, u_all, z_all)
    output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
    value, _ = output_loss(y_data, labels, weights, order, loss, parameters.dtype.type(0.0), output)
    adjoint_layerwise(layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all)
    return value


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def jacobian_layerwise(x_data, bars, order, layout, activation, parameters, rows):
    """rows (samples, n_parameters): the gradient of bars · z_K for each row of x_data in the given order, one by one.

    bars (samples, outputs): what each output of a sample counts
    """
    n_samples = 1
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    for row in range(order.shape[0]):
        load_rows(x_data, order[row : row + 1], layout[0, WIDTH], u_all)
        propagate_layerwise(layout, activation, n_samples, block_scratch, parameters, u_all, z_all)
        z_all[layout[last, START] : layout[last, START] + layout[last, WIDTH]] = bars[row]
        gradient = rows[row]
        adjoint_layerwise(layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_layerwise(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """One pass over the rows in the given order, one optimizer step for each mini-batch.

    Theorem: O.batch, O.epoch

    x_data (rows, features); y_data (rows, outputs) or labels (rows,), whichever the loss wants; weights (rows,)
    penalised (groups, 3): start, stop, kind of penalty, with strengths (groups,); taken by its gradient
    shrunk (groups, 3): likewise, taken by a proximal step after each update, with thresholds (groups,)
    trainable (groups, 2): start, stop in the flat parameters, with learning rates and decays (groups,)
    factors (mini-batches,): of learning rates and thresholds in the first, second, ... step of this call
    parameters, gradient, first, second (n_parameters,): updated in place
    step: optimizer steps done before; settings: BETA1, BETA2, ... in the parameters' type

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_layerwise(layout, activation, n_samples, block_scratch, parameters, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_layerwise(layout, n_samples, block_scratch, du_all, gradient, parameters, u_all, z_all)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def predict_direct(x_data, order, batch_size, layout, activation, parameters, result):
    """result = z_K of the rows of x_data in the given order, batch by batch."""
    u_all, z_all, _, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_direct(layout, activation, n_samples, parameters, sample_scratch, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        result[start : start + n_samples] = output


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def gradient_direct(x_data, y_data, labels, weights, order, layout, activation, loss, parameters, gradient):
    """The loss of the rows in the given order as one batch; its gradient is written into `gradient`."""
    n_samples = order.shape[0]
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    load_rows(x_data, order, layout[0, WIDTH], u_all)
    propagate_direct(layout, activation, n_samples, parameters, sample_scratch, u_all, z_all)
    output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
    value, _ = output_loss(y_data, labels, weights, order, loss, parameters.dtype.type(0.0), output)
    adjoint_direct(layout, n_samples, du_all, gradient, parameters, sample_scratch, u_all, z_all)
    return value


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def jacobian_direct(x_data, bars, order, layout, activation, parameters, rows):
    """rows (samples, n_parameters): the gradient of bars · z_K for each row of x_data in the given order, one by one.

    bars (samples, outputs): what each output of a sample counts
    """
    n_samples = 1
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, n_samples)
    last = layout.shape[0] - 1
    for row in range(order.shape[0]):
        load_rows(x_data, order[row : row + 1], layout[0, WIDTH], u_all)
        propagate_direct(layout, activation, n_samples, parameters, sample_scratch, u_all, z_all)
        z_all[layout[last, START] : layout[last, START] + layout[last, WIDTH]] = bars[row]
        gradient = rows[row]
        adjoint_direct(layout, n_samples, du_all, gradient, parameters, sample_scratch, u_all, z_all)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_direct(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """One pass over the rows in the given order, one optimizer step for each mini-batch.

    Theorem: O.batch, O.epoch

    x_data (rows, features); y_data (rows, outputs) or labels (rows,), whichever the loss wants; weights (rows,)
    penalised (groups, 3): start, stop, kind of penalty, with strengths (groups,); taken by its gradient
    shrunk (groups, 3): likewise, taken by a proximal step after each update, with thresholds (groups,)
    trainable (groups, 2): start, stop in the flat parameters, with learning rates and decays (groups,)
    factors (mini-batches,): of learning rates and thresholds in the first, second, ... step of this call
    parameters, gradient, first, second (n_parameters,): updated in place
    step: optimizer steps done before; settings: BETA1, BETA2, ... in the parameters' type

    Returns the weighted mean loss, the mean penalty and the number of steps; stops at a loss that is not finite.
    """
    u_all, z_all, du_all, sample_scratch, block_scratch = workspace(parameters, layout, batch_size)
    last = layout.shape[0] - 1
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_rows(x_data, rows, layout[0, WIDTH], u_all)
        propagate_direct(layout, activation, n_samples, parameters, sample_scratch, u_all, z_all)
        output = matrix(z_all, n_samples * layout[last, START], n_samples, layout[last, WIDTH])
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_direct(layout, n_samples, du_all, gradient, parameters, sample_scratch, u_all, z_all)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step
