"""Numba kernels for image networks, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47

Planes are (sample, channel, row · column). Every value, the output of a convolution or the sum at a node, has a batch norm
behind it that is not stored: who reads the value reads a x + b, with relu if there is one. A window of k × k taps is k²
slices of a flat scratch plane with zeros around, so no index is negative and loops over positions are vectorised.

What Python calls is compiled when it is first called; it calls functions that are printed from proven programs, and helpers
that place and read planes and say `By hand`; all of them are inlined.
"""

import math

import numpy as np
from numba import njit

STEM, CONVOLUTION, LINK, MAX, MEAN = 0, 1, 2, 3, 4
MEAN_OF, DEVIATION, SCALE, SHIFT = 0, 1, 2, 3
EPSILON = 1e-5


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_merge(count_a, count_b, mean_a, mean_b, squares_a, squares_b):
    """mean and squares of two parts as those of both.

    Theorem: I8.blocks
    """
    mean = count_b * (-mean_a + mean_b) / (count_a + count_b) + mean_a
    squares = count_a * count_b * (-mean_a + mean_b) * (-mean_a + mean_b) / (count_a + count_b) + squares_a + squares_b
    return mean, squares


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_coefficients(beta, count, epsilon, gamma, mean, squares):
    """the value of a batch norm as a x + b.

    Theorem: I8
    """
    deviation = math.sqrt(epsilon + squares / count)
    scale = gamma / deviation
    shift = beta - mean * scale
    return deviation, scale, shift


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_running(count, mean, running_mean, running_variance, squares, theta):
    """running mean and unbiased running variance.

    Theorem: I8.blocks
    """
    one = 1.0
    new_mean = mean * theta + running_mean * (one - theta)
    new_variance = running_variance * (one - theta) + squares * theta / (count - one)
    return new_mean, new_variance


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_evaluation(beta, epsilon, gamma, running_mean, running_variance):
    """a batch norm with running statistics as a x + b.

    Theorem: I9
    """
    scale = gamma / (math.sqrt(epsilon + running_variance))
    shift = beta - running_mean * scale
    return scale, shift


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_adjoint_coefficients(count, dbeta, deviation, dgamma, mean, scale):
    """the adjoint of a batch norm as a dy + k1 x + k0.

    Theorem: I8
    """
    linear = -dgamma * scale / deviation / count
    constant = -linear * mean - dbeta * scale / count
    return linear, constant


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_sums(x, count):
    """mean and sum of squared distances of a block; one plane.

    Theorem: I8
    """
    zero = x.dtype.type(0.0)
    n = x.size
    mean = zero
    for p in range(n):
        mean += x[p]
    mean = mean / count
    squares = zero
    for p in range(n):
        squares += (-mean + x[p]) * (-mean + x[p])
    return mean, squares


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm(normed, x, scale, shift):
    """value of a batch norm; one plane.

    Theorem: I8, I9
    """
    n = normed.size
    x = x[:n]
    for p in range(n):
        normed[p] = scale * x[p] + shift


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_adjoint_sums(dnormed, x, deviation, mean):
    """the two sums of the adjoint of a batch norm, and with them the gradients of gamma and beta; one plane.

    Theorem: I8
    """
    zero = dnormed.dtype.type(0.0)
    n = dnormed.size
    x = x[:n]
    dbeta = zero
    for p in range(n):
        dbeta += dnormed[p]
    dgamma = zero
    for p in range(n):
        dgamma += dnormed[p] * (-mean + x[p])
    dgamma = dgamma / deviation
    return dbeta, dgamma


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def batch_norm_adjoint(dnormed, x, constant, linear, scale):
    """adjoint of a batch norm in one pass; one plane.

    Theorem: I8
    """
    n = dnormed.size
    x = x[:n]
    for p in range(n):
        dnormed[p] = constant + dnormed[p] * scale + linear * x[p]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def relu_load(held, x, scale, shift):
    """what a reader behind relu takes, with the batch norm in front applied: nothing of it is stored; one plane.

    Theorem: I10
    """
    zero = held.dtype.type(0.0)
    n = held.size
    x = x[:n]
    for p in range(n):
        held[p] = (zero if scale * x[p] + shift <= zero else scale * x[p] + shift)


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def relu_adjoint(dheld, x, scale, shift):
    """adjoint of relu by the mask of a x + b, computed again; one plane.

    Theorem: I10
    """
    zero = dheld.dtype.type(0.0)
    n = dheld.size
    x = x[:n]
    for p in range(n):
        dheld[p] = (zero if scale * x[p] + shift <= zero else dheld[p])


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def gate_adjoint(dgiven, dpassed, given, gate):
    """adjoint of a gate, and the slope of its weight; one plane.

    Theorem: I13
    """
    zero = dgiven.dtype.type(0.0)
    n = dgiven.size
    dpassed = dpassed[:n]
    given = given[:n]
    dgate = zero
    for p in range(n):
        dgate += dpassed[p] * given[p]
    for p in range(n):
        dgiven[p] = dpassed[p] * gate
    return dgate


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def arrive(given, node, factor):
    """sum of what arrives at a node, each operation with its factor; one plane.

    Theorem: I15
    """
    n = given.size
    node = node[:n]
    for p in range(n):
        node[p] += factor * given[p]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def fan_out(dx, part):
    """the bar of a sender: the sum of what its readers give back; one plane.

    Theorem: I15
    """
    n = dx.size
    part = part[:n]
    for p in range(n):
        dx[p] += part[p]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def global_mean(x, columns, rows):
    """mean of each plane; one plane.

    Theorem: I11
    """
    zero = x.dtype.type(0.0)
    n = x.size
    pooled = zero
    for p in range(n):
        pooled += x[p]
    pooled = pooled / columns / rows
    return pooled


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def global_mean_adjoint(dx, columns, dpooled, rows):
    """adjoint of the mean: the same share for each pixel; one plane.

    Theorem: I11
    """
    n = dx.size
    for p in range(n):
        dx[p] = dpooled / columns / rows


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def flat_3(flat, offsets, kernel, result):
    """a convolution of stride 1 on a flat scratch plane: every tap is one read at a fixed distance, 3 x 3 taps.

    Theorem: I2, I18
    """
    n = result.size
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    w0 = kernel[0]
    w1 = kernel[1]
    w2 = kernel[2]
    w3 = kernel[3]
    w4 = kernel[4]
    w5 = kernel[5]
    w6 = kernel[6]
    w7 = kernel[7]
    w8 = kernel[8]
    for p in range(n):
        result[p] = s0[p] * w0 + s1[p] * w1 + s2[p] * w2 + s3[p] * w3 + s4[p] * w4 + s5[p] * w5 + s6[p] * w6 + s7[p] * w7 + s8[p] * w8


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def flat_weights_3(flat, offsets, dflat, dkernel):
    """gradient of the kernel on flat scratch planes; dflat is 0 between planes, 3 x 3 taps.

    Theorem: I2, I18
    """
    n = dflat.size
    zero = dflat.dtype.type(0.0)
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    d0 = zero
    d1 = zero
    d2 = zero
    d3 = zero
    d4 = zero
    d5 = zero
    d6 = zero
    d7 = zero
    d8 = zero
    for p in range(n):
        d0 += dflat[p] * s0[p]
        d1 += dflat[p] * s1[p]
        d2 += dflat[p] * s2[p]
    for p in range(n):
        d3 += dflat[p] * s3[p]
        d4 += dflat[p] * s4[p]
        d5 += dflat[p] * s5[p]
    for p in range(n):
        d6 += dflat[p] * s6[p]
        d7 += dflat[p] * s7[p]
        d8 += dflat[p] * s8[p]
    dkernel[0] += d0
    dkernel[1] += d1
    dkernel[2] += d2
    dkernel[3] += d3
    dkernel[4] += d4
    dkernel[5] += d5
    dkernel[6] += d6
    dkernel[7] += d7
    dkernel[8] += d8


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def spread_3(dphases, offsets, kernel, dflat):
    """adjoint of the depthwise convolution for every stride: what each tap gives to its phase.

    Theorem: I2, I18
    """
    n = dflat.size
    s0 = dphases[offsets[0] : offsets[0] + n]
    s1 = dphases[offsets[1] : offsets[1] + n]
    s2 = dphases[offsets[2] : offsets[2] + n]
    s3 = dphases[offsets[3] : offsets[3] + n]
    s4 = dphases[offsets[4] : offsets[4] + n]
    s5 = dphases[offsets[5] : offsets[5] + n]
    s6 = dphases[offsets[6] : offsets[6] + n]
    s7 = dphases[offsets[7] : offsets[7] + n]
    s8 = dphases[offsets[8] : offsets[8] + n]
    w0 = kernel[0]
    w1 = kernel[1]
    w2 = kernel[2]
    w3 = kernel[3]
    w4 = kernel[4]
    w5 = kernel[5]
    w6 = kernel[6]
    w7 = kernel[7]
    w8 = kernel[8]
    for p in range(n):
        s0[p] += dflat[p] * w0
    for p in range(n):
        s1[p] += dflat[p] * w1
    for p in range(n):
        s2[p] += dflat[p] * w2
    for p in range(n):
        s3[p] += dflat[p] * w3
    for p in range(n):
        s4[p] += dflat[p] * w4
    for p in range(n):
        s5[p] += dflat[p] * w5
    for p in range(n):
        s6[p] += dflat[p] * w6
    for p in range(n):
        s7[p] += dflat[p] * w7
    for p in range(n):
        s8[p] += dflat[p] * w8


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def flat_5(flat, offsets, kernel, result):
    """a convolution of stride 1 on a flat scratch plane: every tap is one read at a fixed distance, 5 x 5 taps.

    Theorem: I2, I18
    """
    n = result.size
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    s9 = flat[offsets[9] : offsets[9] + n]
    s10 = flat[offsets[10] : offsets[10] + n]
    s11 = flat[offsets[11] : offsets[11] + n]
    s12 = flat[offsets[12] : offsets[12] + n]
    s13 = flat[offsets[13] : offsets[13] + n]
    s14 = flat[offsets[14] : offsets[14] + n]
    s15 = flat[offsets[15] : offsets[15] + n]
    s16 = flat[offsets[16] : offsets[16] + n]
    s17 = flat[offsets[17] : offsets[17] + n]
    s18 = flat[offsets[18] : offsets[18] + n]
    s19 = flat[offsets[19] : offsets[19] + n]
    s20 = flat[offsets[20] : offsets[20] + n]
    s21 = flat[offsets[21] : offsets[21] + n]
    s22 = flat[offsets[22] : offsets[22] + n]
    s23 = flat[offsets[23] : offsets[23] + n]
    s24 = flat[offsets[24] : offsets[24] + n]
    w0 = kernel[0]
    w1 = kernel[1]
    w2 = kernel[2]
    w3 = kernel[3]
    w4 = kernel[4]
    w5 = kernel[5]
    w6 = kernel[6]
    w7 = kernel[7]
    w8 = kernel[8]
    w9 = kernel[9]
    w10 = kernel[10]
    w11 = kernel[11]
    w12 = kernel[12]
    w13 = kernel[13]
    w14 = kernel[14]
    w15 = kernel[15]
    w16 = kernel[16]
    w17 = kernel[17]
    w18 = kernel[18]
    w19 = kernel[19]
    w20 = kernel[20]
    w21 = kernel[21]
    w22 = kernel[22]
    w23 = kernel[23]
    w24 = kernel[24]
    for p in range(n):
        result[p] = s0[p] * w0 + s1[p] * w1 + s2[p] * w2 + s3[p] * w3 + s4[p] * w4 + s5[p] * w5 + s6[p] * w6 + s7[p] * w7 + s8[p] * w8 + s9[p] * w9 + s10[p] * w10 + s11[p] * w11 + s12[p] * w12 + s13[p] * w13 + s14[p] * w14 + s15[p] * w15 + s16[p] * w16 + s17[p] * w17 + s18[p] * w18 + s19[p] * w19 + s20[p] * w20 + s21[p] * w21 + s22[p] * w22 + s23[p] * w23 + s24[p] * w24


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def flat_weights_5(flat, offsets, dflat, dkernel):
    """gradient of the kernel on flat scratch planes; dflat is 0 between planes, 5 x 5 taps.

    Theorem: I2, I18
    """
    n = dflat.size
    zero = dflat.dtype.type(0.0)
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    s9 = flat[offsets[9] : offsets[9] + n]
    s10 = flat[offsets[10] : offsets[10] + n]
    s11 = flat[offsets[11] : offsets[11] + n]
    s12 = flat[offsets[12] : offsets[12] + n]
    s13 = flat[offsets[13] : offsets[13] + n]
    s14 = flat[offsets[14] : offsets[14] + n]
    s15 = flat[offsets[15] : offsets[15] + n]
    s16 = flat[offsets[16] : offsets[16] + n]
    s17 = flat[offsets[17] : offsets[17] + n]
    s18 = flat[offsets[18] : offsets[18] + n]
    s19 = flat[offsets[19] : offsets[19] + n]
    s20 = flat[offsets[20] : offsets[20] + n]
    s21 = flat[offsets[21] : offsets[21] + n]
    s22 = flat[offsets[22] : offsets[22] + n]
    s23 = flat[offsets[23] : offsets[23] + n]
    s24 = flat[offsets[24] : offsets[24] + n]
    d0 = zero
    d1 = zero
    d2 = zero
    d3 = zero
    d4 = zero
    d5 = zero
    d6 = zero
    d7 = zero
    d8 = zero
    d9 = zero
    d10 = zero
    d11 = zero
    d12 = zero
    d13 = zero
    d14 = zero
    d15 = zero
    d16 = zero
    d17 = zero
    d18 = zero
    d19 = zero
    d20 = zero
    d21 = zero
    d22 = zero
    d23 = zero
    d24 = zero
    for p in range(n):
        d0 += dflat[p] * s0[p]
        d1 += dflat[p] * s1[p]
        d2 += dflat[p] * s2[p]
        d3 += dflat[p] * s3[p]
        d4 += dflat[p] * s4[p]
    for p in range(n):
        d5 += dflat[p] * s5[p]
        d6 += dflat[p] * s6[p]
        d7 += dflat[p] * s7[p]
        d8 += dflat[p] * s8[p]
        d9 += dflat[p] * s9[p]
    for p in range(n):
        d10 += dflat[p] * s10[p]
        d11 += dflat[p] * s11[p]
        d12 += dflat[p] * s12[p]
        d13 += dflat[p] * s13[p]
        d14 += dflat[p] * s14[p]
    for p in range(n):
        d15 += dflat[p] * s15[p]
        d16 += dflat[p] * s16[p]
        d17 += dflat[p] * s17[p]
        d18 += dflat[p] * s18[p]
        d19 += dflat[p] * s19[p]
    for p in range(n):
        d20 += dflat[p] * s20[p]
        d21 += dflat[p] * s21[p]
        d22 += dflat[p] * s22[p]
        d23 += dflat[p] * s23[p]
        d24 += dflat[p] * s24[p]
    dkernel[0] += d0
    dkernel[1] += d1
    dkernel[2] += d2
    dkernel[3] += d3
    dkernel[4] += d4
    dkernel[5] += d5
    dkernel[6] += d6
    dkernel[7] += d7
    dkernel[8] += d8
    dkernel[9] += d9
    dkernel[10] += d10
    dkernel[11] += d11
    dkernel[12] += d12
    dkernel[13] += d13
    dkernel[14] += d14
    dkernel[15] += d15
    dkernel[16] += d16
    dkernel[17] += d17
    dkernel[18] += d18
    dkernel[19] += d19
    dkernel[20] += d20
    dkernel[21] += d21
    dkernel[22] += d22
    dkernel[23] += d23
    dkernel[24] += d24


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def spread_5(dphases, offsets, kernel, dflat):
    """adjoint of the depthwise convolution for every stride: what each tap gives to its phase.

    Theorem: I2, I18
    """
    n = dflat.size
    s0 = dphases[offsets[0] : offsets[0] + n]
    s1 = dphases[offsets[1] : offsets[1] + n]
    s2 = dphases[offsets[2] : offsets[2] + n]
    s3 = dphases[offsets[3] : offsets[3] + n]
    s4 = dphases[offsets[4] : offsets[4] + n]
    s5 = dphases[offsets[5] : offsets[5] + n]
    s6 = dphases[offsets[6] : offsets[6] + n]
    s7 = dphases[offsets[7] : offsets[7] + n]
    s8 = dphases[offsets[8] : offsets[8] + n]
    s9 = dphases[offsets[9] : offsets[9] + n]
    s10 = dphases[offsets[10] : offsets[10] + n]
    s11 = dphases[offsets[11] : offsets[11] + n]
    s12 = dphases[offsets[12] : offsets[12] + n]
    s13 = dphases[offsets[13] : offsets[13] + n]
    s14 = dphases[offsets[14] : offsets[14] + n]
    s15 = dphases[offsets[15] : offsets[15] + n]
    s16 = dphases[offsets[16] : offsets[16] + n]
    s17 = dphases[offsets[17] : offsets[17] + n]
    s18 = dphases[offsets[18] : offsets[18] + n]
    s19 = dphases[offsets[19] : offsets[19] + n]
    s20 = dphases[offsets[20] : offsets[20] + n]
    s21 = dphases[offsets[21] : offsets[21] + n]
    s22 = dphases[offsets[22] : offsets[22] + n]
    s23 = dphases[offsets[23] : offsets[23] + n]
    s24 = dphases[offsets[24] : offsets[24] + n]
    w0 = kernel[0]
    w1 = kernel[1]
    w2 = kernel[2]
    w3 = kernel[3]
    w4 = kernel[4]
    w5 = kernel[5]
    w6 = kernel[6]
    w7 = kernel[7]
    w8 = kernel[8]
    w9 = kernel[9]
    w10 = kernel[10]
    w11 = kernel[11]
    w12 = kernel[12]
    w13 = kernel[13]
    w14 = kernel[14]
    w15 = kernel[15]
    w16 = kernel[16]
    w17 = kernel[17]
    w18 = kernel[18]
    w19 = kernel[19]
    w20 = kernel[20]
    w21 = kernel[21]
    w22 = kernel[22]
    w23 = kernel[23]
    w24 = kernel[24]
    for p in range(n):
        s0[p] += dflat[p] * w0
    for p in range(n):
        s1[p] += dflat[p] * w1
    for p in range(n):
        s2[p] += dflat[p] * w2
    for p in range(n):
        s3[p] += dflat[p] * w3
    for p in range(n):
        s4[p] += dflat[p] * w4
    for p in range(n):
        s5[p] += dflat[p] * w5
    for p in range(n):
        s6[p] += dflat[p] * w6
    for p in range(n):
        s7[p] += dflat[p] * w7
    for p in range(n):
        s8[p] += dflat[p] * w8
    for p in range(n):
        s9[p] += dflat[p] * w9
    for p in range(n):
        s10[p] += dflat[p] * w10
    for p in range(n):
        s11[p] += dflat[p] * w11
    for p in range(n):
        s12[p] += dflat[p] * w12
    for p in range(n):
        s13[p] += dflat[p] * w13
    for p in range(n):
        s14[p] += dflat[p] * w14
    for p in range(n):
        s15[p] += dflat[p] * w15
    for p in range(n):
        s16[p] += dflat[p] * w16
    for p in range(n):
        s17[p] += dflat[p] * w17
    for p in range(n):
        s18[p] += dflat[p] * w18
    for p in range(n):
        s19[p] += dflat[p] * w19
    for p in range(n):
        s20[p] += dflat[p] * w20
    for p in range(n):
        s21[p] += dflat[p] * w21
    for p in range(n):
        s22[p] += dflat[p] * w22
    for p in range(n):
        s23[p] += dflat[p] * w23
    for p in range(n):
        s24[p] += dflat[p] * w24


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def greatest_3(flat, offsets, result):
    """the greatest value of each window on a flat scratch plane with a border of -infinity.

    Theorem: I7, I18
    """
    n = result.size
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    for p in range(n):
        best = s0[p]
        best = (s1[p] if best < s1[p] else best)
        best = (s2[p] if best < s2[p] else best)
        best = (s3[p] if best < s3[p] else best)
        best = (s4[p] if best < s4[p] else best)
        best = (s5[p] if best < s5[p] else best)
        best = (s6[p] if best < s6[p] else best)
        best = (s7[p] if best < s7[p] else best)
        best = (s8[p] if best < s8[p] else best)
        result[p] = best


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def winner_3(flat, offsets, winner):
    """the tap of the first greatest value of each window, row by row.

    Theorem: I7, I18
    """
    n = winner.size
    real = winner.dtype.type
    s0 = flat[offsets[0] : offsets[0] + n]
    s1 = flat[offsets[1] : offsets[1] + n]
    s2 = flat[offsets[2] : offsets[2] + n]
    s3 = flat[offsets[3] : offsets[3] + n]
    s4 = flat[offsets[4] : offsets[4] + n]
    s5 = flat[offsets[5] : offsets[5] + n]
    s6 = flat[offsets[6] : offsets[6] + n]
    s7 = flat[offsets[7] : offsets[7] + n]
    s8 = flat[offsets[8] : offsets[8] + n]
    number0 = real(0)
    number1 = real(1)
    number2 = real(2)
    number3 = real(3)
    number4 = real(4)
    number5 = real(5)
    number6 = real(6)
    number7 = real(7)
    number8 = real(8)
    for p in range(n):
        best, number = s0[p], number0
        number = (number1 if best < s1[p] else number)
        best = (s1[p] if best < s1[p] else best)
        number = (number2 if best < s2[p] else number)
        best = (s2[p] if best < s2[p] else best)
        number = (number3 if best < s3[p] else number)
        best = (s3[p] if best < s3[p] else best)
        number = (number4 if best < s4[p] else number)
        best = (s4[p] if best < s4[p] else best)
        number = (number5 if best < s5[p] else number)
        best = (s5[p] if best < s5[p] else best)
        number = (number6 if best < s6[p] else number)
        best = (s6[p] if best < s6[p] else best)
        number = (number7 if best < s7[p] else number)
        best = (s7[p] if best < s7[p] else best)
        number = (number8 if best < s8[p] else number)
        best = (s8[p] if best < s8[p] else best)
        winner[p] = number


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def selected_3(dflat, winner, offsets, places, result):
    """adjoint of the max pool at stride 1: a pixel gets dy of every window that it wins.

    Theorem: I7, I18
    """
    n = result.size
    real = result.dtype.type
    zero = real(0.0)
    number0 = real(0)
    number1 = real(1)
    number2 = real(2)
    number3 = real(3)
    number4 = real(4)
    number5 = real(5)
    number6 = real(6)
    number7 = real(7)
    number8 = real(8)
    s0 = dflat[offsets[0] : offsets[0] + n]
    s1 = dflat[offsets[1] : offsets[1] + n]
    s2 = dflat[offsets[2] : offsets[2] + n]
    s3 = dflat[offsets[3] : offsets[3] + n]
    s4 = dflat[offsets[4] : offsets[4] + n]
    s5 = dflat[offsets[5] : offsets[5] + n]
    s6 = dflat[offsets[6] : offsets[6] + n]
    s7 = dflat[offsets[7] : offsets[7] + n]
    s8 = dflat[offsets[8] : offsets[8] + n]
    m0 = winner[places[0] : places[0] + n]
    m1 = winner[places[1] : places[1] + n]
    m2 = winner[places[2] : places[2] + n]
    m3 = winner[places[3] : places[3] + n]
    m4 = winner[places[4] : places[4] + n]
    m5 = winner[places[5] : places[5] + n]
    m6 = winner[places[6] : places[6] + n]
    m7 = winner[places[7] : places[7] + n]
    m8 = winner[places[8] : places[8] + n]
    for p in range(n):
        result[p] = (s0[p] if m0[p] == number0 else zero) + (s1[p] if m1[p] == number1 else zero) + (s2[p] if m2[p] == number2 else zero) + (s3[p] if m3[p] == number3 else zero) + (s4[p] if m4[p] == number4 else zero) + (s5[p] if m5[p] == number5 else zero) + (s6[p] if m6[p] == number6 else zero) + (s7[p] if m7[p] == number7 else zero) + (s8[p] if m8[p] == number8 else zero)


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def selected_spread_3(dphases, offsets, winner, dflat):
    """adjoint of the max pool for every stride: what each tap gives to its phase where it wins.

    Theorem: I7, I18
    """
    n = dflat.size
    real = dflat.dtype.type
    zero = real(0.0)
    s0 = dphases[offsets[0] : offsets[0] + n]
    s1 = dphases[offsets[1] : offsets[1] + n]
    s2 = dphases[offsets[2] : offsets[2] + n]
    s3 = dphases[offsets[3] : offsets[3] + n]
    s4 = dphases[offsets[4] : offsets[4] + n]
    s5 = dphases[offsets[5] : offsets[5] + n]
    s6 = dphases[offsets[6] : offsets[6] + n]
    s7 = dphases[offsets[7] : offsets[7] + n]
    s8 = dphases[offsets[8] : offsets[8] + n]
    number0 = real(0)
    number1 = real(1)
    number2 = real(2)
    number3 = real(3)
    number4 = real(4)
    number5 = real(5)
    number6 = real(6)
    number7 = real(7)
    number8 = real(8)
    for p in range(n):
        s0[p] += (dflat[p] if winner[p] == number0 else zero)
    for p in range(n):
        s1[p] += (dflat[p] if winner[p] == number1 else zero)
    for p in range(n):
        s2[p] += (dflat[p] if winner[p] == number2 else zero)
    for p in range(n):
        s3[p] += (dflat[p] if winner[p] == number3 else zero)
    for p in range(n):
        s4[p] += (dflat[p] if winner[p] == number4 else zero)
    for p in range(n):
        s5[p] += (dflat[p] if winner[p] == number5 else zero)
    for p in range(n):
        s6[p] += (dflat[p] if winner[p] == number6 else zero)
    for p in range(n):
        s7[p] += (dflat[p] if winner[p] == number7 else zero)
    for p in range(n):
        s8[p] += (dflat[p] if winner[p] == number8 else zero)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def clamp(weights, limit):
    """weights of gates within -limit and limit.

    Theorem: I13
    """
    for g in range(weights.size):
        w = weights[g]
        weights[g] = max(-limit, min(limit, w))


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def group_size(n_samples, size):
    """How many samples lie below one another in a scratch plane: about a thousand pixels.

    Theorem: I18
    """
    return max(1, min(n_samples, 1024 // size))


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def scratch_sizes(taps, dilation, stride, rows, columns, group):
    """Pixels of a phase; its columns; positions from one sample to the next; of all samples; before them; of a whole scratch plane.

    By hand: sizes of scratch planes (I1, I18). Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    border = (dilation * (taps // 2) + stride - 1) // stride
    out_rows, out_columns = (rows + stride - 1) // stride, (columns + stride - 1) // stride
    height, corner = (out_rows + border) * out_columns, border * out_columns + border
    length = group * height - border * out_columns
    return out_rows * out_columns, out_columns, height, length, corner, length + 2 * corner


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
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


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def read(x, scale, shift, relu, held):
    """What a reader takes of a plane: a x + b, with relu if there is one.

    Theorem: I8, I10
    """
    if relu:
        relu_load(held, x, scale, shift)
    else:
        batch_norm(held, x, scale, shift)


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
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


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def place(plane, places, flat):
    """A plane into its phases.

    Theorem: I2
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        flat[places[p]] = plane[p]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def take(flat, places, plane):
    """A plane out of its phases: the adjoint of `place`.

    Theorem: I2
    """
    n = places.size
    plane = plane[:n]
    for p in range(n):
        plane[p] = flat[places[p]]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def copied(plane, other):
    """A plane into its place in a scratch plane, or back.

    Theorem: I18
    """
    n = other.size
    plane = plane[:n]
    for p in range(n):
        other[p] = plane[p]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def masked(plane, mask, outside, copy):
    """A scratch plane with another value where the mask is not set.

    Theorem: I18
    """
    n = mask.size
    plane, copy = plane[:n], copy[:n]
    for p in range(n):
        copy[p] = plane[p] if mask[p] else outside


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def add_masked(copy, mask, plane):
    """The adjoint of `masked`, added.

    Theorem: I18
    """
    zero, n = copy.dtype.type(0.0), mask.size
    plane, copy = plane[:n], copy[:n]
    for p in range(n):
        plane[p] += copy[p] if mask[p] else zero


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def mask_columns(flat, phases, masks, outside, corner, stack):
    """The masked copies, behind the phases.

    Theorem: I18
    """
    behind = flat.size - len(phases) * stack + corner
    for k in range(len(phases)):
        masked(flat[phases[k] * stack + corner :], masks[k], outside, flat[behind + k * stack :])


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def add_copies(flat, phases, masks, corner, stack):
    """The adjoint of `mask_columns`: what the copies have is added to the phases.

    Theorem: I18
    """
    behind = flat.size - len(phases) * stack + corner
    for k in range(len(phases)):
        add_masked(flat[behind + k * stack :], masks[k], flat[phases[k] * stack + corner :])


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def subsampled(plane, rows, columns, stride, part):
    """Every stride-th row and column of a plane (I5).

    Theorem: I5
    """
    out_columns = (columns + stride - 1) // stride
    for r in range((rows + stride - 1) // stride):
        source, target = plane[r * stride * columns : (r * stride + 1) * columns], part[r * out_columns : (r + 1) * out_columns]
        for q in range(out_columns):
            target[q] = source[stride * q]


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
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


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def give(bar, x, scale, shift, relu, dx):
    """Add the bar of what a reader took to that of the sender.

    Theorem: I10, I15
    """
    if relu:
        relu_adjoint(bar, x, scale, shift)
    fan_out(dx, bar)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def forward_window_3(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, z):
    """z = pointwise(depthwise(what is read of x)), windows of 3 × 3 (I2, I3).

    x (samples, channels, pixels), z likewise; kernels (channels, taps · taps); weights (receiving channels, channels)

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, z.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(3, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(3, dilation, stride, pitch, length, corner, stack)
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
            flat_3(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
        for g in range(count):
            np.dot(weights, mid[g], z[start + g])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def forward_window_5(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, z):
    """z = pointwise(depthwise(what is read of x)), windows of 5 × 5 (I2, I3).

    x (samples, channels, pixels), z likewise; kernels (channels, taps · taps); weights (receiving channels, channels)

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, z.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(5, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(5, dilation, stride, pitch, length, corner, stack)
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
            flat_5(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
        for g in range(count):
            np.dot(weights, mid[g], z[start + g])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def adjoint_window_3(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, dz, dx, dkernels, dweights):
    """Adjoint of `forward_window_3`, its depthwise output computed again; bars and gradients are added (I2, I3, I10).

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, dz.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(3, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(3, dilation, stride, pitch, length, corner, stack)
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
            flat_3(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
            flat_weights_3(flat, offsets, inner, dkernels[c])
            if stride == 1:
                mask_columns(dflat, phases, masks, zero, corner, stack)
                flat_3(dflat, offsets, kernels[c, ::-1].copy(), result)
            else:
                dphases[:] = 0
                spread_3(dphases, offsets, kernels[c], inner)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def adjoint_window_5(x, rows, columns, dilation, stride, relu, scale, shift, kernels, weights, dz, dx, dkernels, dweights):
    """Adjoint of `forward_window_5`, its depthwise output computed again; bars and gradients are added (I2, I3, I10).

    By hand: places in scratch planes and products of I3. Checked by test_image_kernels.test_depthwise_and_pointwise_in_one.
    """
    n_samples, channels, size = x.shape
    group = group_size(n_samples, dz.shape[2])
    pixels, pitch, height, length, corner, stack = scratch_sizes(5, dilation, stride, rows, columns, group)
    offsets, phases, masks = tap_places(5, dilation, stride, pitch, length, corner, stack)
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
            flat_5(flat, offsets, kernels[c], result)
            for g in range(count):
                copied(result[g * height :], mid[g, c])
            flat_weights_5(flat, offsets, inner, dkernels[c])
            if stride == 1:
                mask_columns(dflat, phases, masks, zero, corner, stack)
                flat_5(dflat, offsets, kernels[c, ::-1].copy(), result)
            else:
                dphases[:] = 0
                spread_5(dphases, offsets, kernels[c], inner)
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def forward_norm(x, theta, training, gamma, beta, running_mean, running_variance, statistics):
    """Scale and shift of each channel of a value, of its own statistics in training, with the running ones moved (I8, I9).

    Theorem: I8, I8.blocks, I9

    statistics (4, channels): mean, deviation, scale, shift
    """
    n_samples, channels, size = x.shape
    for c in range(channels):
        if training:
            mean, squares = 0.0, 0.0
            for s in range(n_samples):
                mean_b, squares_b = batch_norm_sums(x[s, c], x.dtype.type(size))
                if s == 0:
                    mean, squares = float(mean_b), float(squares_b)
                else:
                    mean, squares = batch_norm_merge(
                        float(s * size), float(size), mean, float(mean_b), squares, float(squares_b)
                    )
            count = float(n_samples * size)
            deviation, scale, shift = batch_norm_coefficients(float(beta[c]), count, EPSILON, float(gamma[c]), mean, squares)
            statistics[MEAN_OF, c], statistics[DEVIATION, c] = mean, deviation
            if theta > 0.0:
                old_mean, old_variance = float(running_mean[c]), float(running_variance[c])
                running_mean[c], running_variance[c] = batch_norm_running(
                    count, mean, old_mean, old_variance, squares, theta
                )
        else:
            scale, shift = batch_norm_evaluation(
                float(beta[c]), EPSILON, float(gamma[c]), float(running_mean[c]), float(running_variance[c])
            )
        statistics[SCALE, c], statistics[SHIFT, c] = scale, shift


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def adjoint_norm(x, dx, statistics, dgammas, dbetas):
    """The bar of a batch norm's output becomes that of its input, in place; gradients of γ and β (I8).

    Theorem: I8
    """
    real = x.dtype.type
    n_samples, channels, size = x.shape
    for c in range(channels):
        mean, deviation, scale, dgamma, dbeta = statistics[MEAN_OF, c], statistics[DEVIATION, c], statistics[SCALE, c], 0.0, 0.0
        for s in range(n_samples):
            some_beta, some_gamma = batch_norm_adjoint_sums(dx[s, c], x[s, c], real(deviation), real(mean))
            dbeta += some_beta
            dgamma += some_gamma
        dgammas[c], dbetas[c] = dgamma, dbeta
        count = float(n_samples * size)
        linear, constant = batch_norm_adjoint_coefficients(count, dbeta, deviation, dgamma, mean, scale)
        for s in range(n_samples):
            batch_norm_adjoint(dx[s, c], x[s, c], real(constant), real(linear), real(scale))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def keep_norms(parameters, starts, places, running):
    """The eigenvalues of each node scaled so that their squares have mean 1, and its running statistics with them (I13).

    The batch norm of the node does not see it.

    starts (nodes + 1) : where the places of a node begin. places : of eigenvalues in the parameters. running (nodes, 2) : where the running
    means of a node begin, its variances behind them, and its channels.

    By hand: a norm that is kept (I13). Checked by test_image_training.test_eigenvalues_of_a_node_keep_their_norm.
    """
    real = parameters.dtype.type
    for node in range(starts.size - 1):
        begin, end, squares = starts[node], starts[node + 1], real(0.0)
        for k in range(begin, end):
            squares += parameters[places[k]] * parameters[places[k]]
        if squares > real(0.0):
            factor = real(math.sqrt(real(end - begin) / squares))
            for k in range(begin, end):
                parameters[places[k]] *= factor
            first, channels = running[node, 0], running[node, 1]
            for c in range(first, first + channels):
                parameters[c] *= factor
                parameters[channels + c] *= factor * factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def forward_tower(x, rows, columns, scale, shift, weights, bias, pooled, logits):
    """logits = V · means of the planes of a x + b, + e (I11, I12); pooled (samples, channels) are the means.

    By hand: a product of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, held = x.dtype.type, np.empty(x.shape[2], x.dtype)
    for s in range(x.shape[0]):
        for c in range(x.shape[1]):
            read(x[s, c], scale[c], shift[c], False, held)
            pooled[s, c] = global_mean(held, real(columns), real(rows))
    np.dot(pooled, weights.T, logits)
    for s in range(logits.shape[0]):
        for h in range(bias.shape[0]):
            logits[s, h] += bias[h]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def adjoint_tower(dlogits, pooled, rows, columns, weights, dx, dweights, dbias):
    """Gradients of V and e, and the bar of the planes, added (I11, I12).

    By hand: products of matrices (I12). Checked by test_image_network.test_every_gradient_of_the_tiny_network_is_that_of_the_oracle.
    """
    real, bar = dx.dtype.type, np.empty(dx.shape[2], dx.dtype)
    dweights += np.dot(dlogits.T, pooled)
    for s in range(dlogits.shape[0]):
        for h in range(dbias.shape[0]):
            dbias[h] += dlogits[s, h]
    dpooled = np.dot(dlogits, weights)
    for s in range(dlogits.shape[0]):
        for c in range(dx.shape[1]):
            global_mean_adjoint(bar, real(columns), dpooled[s, c], real(rows))
            fan_out(dx[s, c], bar)
