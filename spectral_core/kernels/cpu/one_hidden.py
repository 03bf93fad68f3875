"""Numba kernels for one hidden layer with few inputs and outputs: the programs of `dense.py`, neuron by neuron. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
dense.py      sha256 34b9c5a657485db6

Losses, penalties, optimizers and the exponential are those of `dense.py`. Numba's cache does not see a change in another
module; so the line above changes this one with it.
"""

import math

import numpy as np
from numba import njit

from spectral_core.kernels.cpu.dense import (
    CLIP_NORM, LAMBDA_IN, LAMBDA_OUT, PHI, SMOOTHING, WIDTH, add_penalty, exponential, limit_norm, matrix, output_loss,
    shrink, update,
)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def load_columns(x_data, rows, x_rows):
    """Gather rows of the data as columns, neuron first; the constant 1 behind them."""
    one = x_rows.dtype.type(1.0)
    for s in range(rows.shape[0]):
        for k in range(x_data.shape[1]):
            x_rows[k, s] = x_data[rows[s], k]
        for k in range(x_data.shape[1], x_rows.shape[0]):
            x_rows[k, s] = one


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_2_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows):
    """z_K of one hidden layer; f'(z) is left in z_rows and u in u_rows, neuron first; 2 inputs, 1 output.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    four = parameters.dtype.type(4.0)
    half = parameters.dtype.type(0.5)
    half_root_two = parameters.dtype.type(0.7071067811865476)
    hundredth = parameters.dtype.type(0.01)
    inverse_root_two_pi = parameters.dtype.type(0.3989422804014327)
    one = parameters.dtype.type(1.0)
    two = parameters.dtype.type(2.0)
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    for s in range(n_samples):
        output_rows[0, s] = zero
    for n in range(n_hidden):
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 2]
        M1_0 = phi1_0 * (lam_in1_0 - lam_out1)
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 2 + 1]
        M1_1 = phi1_1 * (lam_in1_1 - lam_out1)
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        if activation == 0:  # identity
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                value = z
                slope = one
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 1:  # relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                c0 = z <= zero
                value = (zero if c0 else z)
                slope = (zero if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 2:  # leaky_relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                c0 = z <= zero
                value = (hundredth * z if c0 else z)
                slope = (hundredth if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 3:  # elu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                E, m = exponential((z if z <= zero else zero))
                c0 = z <= zero
                value = (m if c0 else z)
                slope = (E if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 4:  # tanh
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                E, m = exponential(-two * abs(z))
                d = one / (m + two)
                c0 = d * m
                value = (c0 if z <= zero else -c0)
                slope = four * E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 5:  # sigmoid
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                E, m = exponential(-abs(z))
                d = one / (E + one)
                value = (E * d if z <= zero else d)
                slope = E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 6:  # gelu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                E, m = exponential(-half * z * z)
                c0 = (half * math.erfc(-half_root_two * z))
                value = c0 * z
                slope = inverse_root_two_pi * E * z + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        else:  # swish
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                z = M1_0 * x_0 + M1_1 * x_1
                v1 = phi1_0 * x_0 + phi1_1 * x_1
                E, m = exponential(-abs(z))
                d = one / (E + one)
                c0 = (E * d if z <= zero else d)
                value = c0 * z
                slope = E * z * d * d + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_2_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows):
    """gradient of a loss with respect to every parameter; output_rows holds ∂ℓ/∂z_K; 2 inputs, 1 output.

    Theorem: M8

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gradient[:] = zero
    for n in range(n_hidden):
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 2]
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 2 + 1]
        dM2_0 = zero
        dM1_0 = zero
        dM1_1 = zero
        g1_0 = zero
        g1_1 = zero
        for s in range(n_samples):
            dz2_0 = output_rows[0, s]
            u1 = u_rows[n, s]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            slope = z_rows[n, s]
            dz = du * slope
            x_0 = x_rows[0, s]
            dM1_0 += dz * x_0
            x_1 = x_rows[1, s]
            dM1_1 += dz * x_1
            g1_0 += du * x_0
            g1_1 += du * x_1
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        gradient[layout[2, LAMBDA_OUT] + 0] -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 2] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 2 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, LAMBDA_IN] + 0] += dM1_0 * phi1_0
        gradient[layout[1, LAMBDA_IN] + 1] += dM1_1 * phi1_1
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_3_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows):
    """z_K of one hidden layer; f'(z) is left in z_rows and u in u_rows, neuron first; 3 inputs, 1 output.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    four = parameters.dtype.type(4.0)
    half = parameters.dtype.type(0.5)
    half_root_two = parameters.dtype.type(0.7071067811865476)
    hundredth = parameters.dtype.type(0.01)
    inverse_root_two_pi = parameters.dtype.type(0.3989422804014327)
    one = parameters.dtype.type(1.0)
    two = parameters.dtype.type(2.0)
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    for s in range(n_samples):
        output_rows[0, s] = zero
    for n in range(n_hidden):
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 3]
        M1_0 = phi1_0 * (lam_in1_0 - lam_out1)
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 3 + 1]
        M1_1 = phi1_1 * (lam_in1_1 - lam_out1)
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 3 + 2]
        M1_2 = phi1_2 * (lam_in1_2 - lam_out1)
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        if activation == 0:  # identity
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                value = z
                slope = one
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 1:  # relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                c0 = z <= zero
                value = (zero if c0 else z)
                slope = (zero if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 2:  # leaky_relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                c0 = z <= zero
                value = (hundredth * z if c0 else z)
                slope = (hundredth if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 3:  # elu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential((z if z <= zero else zero))
                c0 = z <= zero
                value = (m if c0 else z)
                slope = (E if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 4:  # tanh
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-two * abs(z))
                d = one / (m + two)
                c0 = d * m
                value = (c0 if z <= zero else -c0)
                slope = four * E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 5:  # sigmoid
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-abs(z))
                d = one / (E + one)
                value = (E * d if z <= zero else d)
                slope = E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 6:  # gelu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-half * z * z)
                c0 = (half * math.erfc(-half_root_two * z))
                value = c0 * z
                slope = inverse_root_two_pi * E * z + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        else:  # swish
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-abs(z))
                d = one / (E + one)
                c0 = (E * d if z <= zero else d)
                value = c0 * z
                slope = E * z * d * d + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_3_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows):
    """gradient of a loss with respect to every parameter; output_rows holds ∂ℓ/∂z_K; 3 inputs, 1 output.

    Theorem: M8

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gradient[:] = zero
    for n in range(n_hidden):
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 3]
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 3 + 1]
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 3 + 2]
        dM2_0 = zero
        dM1_0 = zero
        dM1_1 = zero
        dM1_2 = zero
        g1_0 = zero
        g1_1 = zero
        g1_2 = zero
        for s in range(n_samples):
            dz2_0 = output_rows[0, s]
            u1 = u_rows[n, s]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            slope = z_rows[n, s]
            dz = du * slope
            x_0 = x_rows[0, s]
            dM1_0 += dz * x_0
            x_1 = x_rows[1, s]
            dM1_1 += dz * x_1
            x_2 = x_rows[2, s]
            dM1_2 += dz * x_2
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        gradient[layout[2, LAMBDA_OUT] + 0] -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 3] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 3 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 3 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        gradient[layout[1, LAMBDA_IN] + 0] += dM1_0 * phi1_0
        gradient[layout[1, LAMBDA_IN] + 1] += dM1_1 * phi1_1
        gradient[layout[1, LAMBDA_IN] + 2] += dM1_2 * phi1_2
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_4_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows):
    """z_K of one hidden layer; f'(z) is left in z_rows and u in u_rows, neuron first; 4 inputs, 1 output.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    four = parameters.dtype.type(4.0)
    half = parameters.dtype.type(0.5)
    half_root_two = parameters.dtype.type(0.7071067811865476)
    hundredth = parameters.dtype.type(0.01)
    inverse_root_two_pi = parameters.dtype.type(0.3989422804014327)
    one = parameters.dtype.type(1.0)
    two = parameters.dtype.type(2.0)
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    for s in range(n_samples):
        output_rows[0, s] = zero
    for n in range(n_hidden):
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 4]
        M1_0 = phi1_0 * (lam_in1_0 - lam_out1)
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 4 + 1]
        M1_1 = phi1_1 * (lam_in1_1 - lam_out1)
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 4 + 2]
        M1_2 = phi1_2 * (lam_in1_2 - lam_out1)
        lam_in1_3 = parameters[layout[1, LAMBDA_IN] + 3]
        phi1_3 = parameters[layout[1, PHI] + n * 4 + 3]
        M1_3 = phi1_3 * (lam_in1_3 - lam_out1)
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        if activation == 0:  # identity
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                value = z
                slope = one
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 1:  # relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                c0 = z <= zero
                value = (zero if c0 else z)
                slope = (zero if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 2:  # leaky_relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                c0 = z <= zero
                value = (hundredth * z if c0 else z)
                slope = (hundredth if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 3:  # elu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                E, m = exponential((z if z <= zero else zero))
                c0 = z <= zero
                value = (m if c0 else z)
                slope = (E if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 4:  # tanh
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                E, m = exponential(-two * abs(z))
                d = one / (m + two)
                c0 = d * m
                value = (c0 if z <= zero else -c0)
                slope = four * E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 5:  # sigmoid
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                E, m = exponential(-abs(z))
                d = one / (E + one)
                value = (E * d if z <= zero else d)
                slope = E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 6:  # gelu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                E, m = exponential(-half * z * z)
                c0 = (half * math.erfc(-half_root_two * z))
                value = c0 * z
                slope = inverse_root_two_pi * E * z + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        else:  # swish
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                x_3 = x_rows[3, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
                E, m = exponential(-abs(z))
                d = one / (E + one)
                c0 = (E * d if z <= zero else d)
                value = c0 * z
                slope = E * z * d * d + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_4_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows):
    """gradient of a loss with respect to every parameter; output_rows holds ∂ℓ/∂z_K; 4 inputs, 1 output.

    Theorem: M8

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gradient[:] = zero
    for n in range(n_hidden):
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 4]
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 4 + 1]
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 4 + 2]
        lam_in1_3 = parameters[layout[1, LAMBDA_IN] + 3]
        phi1_3 = parameters[layout[1, PHI] + n * 4 + 3]
        dM2_0 = zero
        dM1_0 = zero
        dM1_1 = zero
        dM1_2 = zero
        dM1_3 = zero
        g1_0 = zero
        g1_1 = zero
        g1_2 = zero
        g1_3 = zero
        for s in range(n_samples):
            dz2_0 = output_rows[0, s]
            u1 = u_rows[n, s]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            slope = z_rows[n, s]
            dz = du * slope
            x_0 = x_rows[0, s]
            dM1_0 += dz * x_0
            x_1 = x_rows[1, s]
            dM1_1 += dz * x_1
            x_2 = x_rows[2, s]
            dM1_2 += dz * x_2
            x_3 = x_rows[3, s]
            dM1_3 += dz * x_3
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
            g1_3 += du * x_3
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        gradient[layout[2, LAMBDA_OUT] + 0] -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 4] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 4 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 4 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        gradient[layout[1, PHI] + n * 4 + 3] = dM1_3 * (lam_in1_3 - lam_out1) - g1_3
        gradient[layout[1, LAMBDA_IN] + 0] += dM1_0 * phi1_0
        gradient[layout[1, LAMBDA_IN] + 1] += dM1_1 * phi1_1
        gradient[layout[1, LAMBDA_IN] + 2] += dM1_2 * phi1_2
        gradient[layout[1, LAMBDA_IN] + 3] += dM1_3 * phi1_3
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2 - dM1_3 * phi1_3


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_3_2(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows):
    """z_K of one hidden layer; f'(z) is left in z_rows and u in u_rows, neuron first; 3 inputs, 2 outputs.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    four = parameters.dtype.type(4.0)
    half = parameters.dtype.type(0.5)
    half_root_two = parameters.dtype.type(0.7071067811865476)
    hundredth = parameters.dtype.type(0.01)
    inverse_root_two_pi = parameters.dtype.type(0.3989422804014327)
    one = parameters.dtype.type(1.0)
    two = parameters.dtype.type(2.0)
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    for s in range(n_samples):
        output_rows[0, s] = zero
    for s in range(n_samples):
        output_rows[1, s] = zero
    for n in range(n_hidden):
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 3]
        M1_0 = phi1_0 * (lam_in1_0 - lam_out1)
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 3 + 1]
        M1_1 = phi1_1 * (lam_in1_1 - lam_out1)
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 3 + 2]
        M1_2 = phi1_2 * (lam_in1_2 - lam_out1)
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        lam_out2_1 = parameters[layout[2, LAMBDA_OUT] + 1]
        phi2_1 = parameters[layout[2, PHI] + n_hidden + n]
        M2_1 = phi2_1 * (lam_in2 - lam_out2_1)
        if activation == 0:  # identity
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                value = z
                slope = one
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 1:  # relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                c0 = z <= zero
                value = (zero if c0 else z)
                slope = (zero if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 2:  # leaky_relu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                c0 = z <= zero
                value = (hundredth * z if c0 else z)
                slope = (hundredth if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 3:  # elu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential((z if z <= zero else zero))
                c0 = z <= zero
                value = (m if c0 else z)
                slope = (E if c0 else one)
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 4:  # tanh
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-two * abs(z))
                d = one / (m + two)
                c0 = d * m
                value = (c0 if z <= zero else -c0)
                slope = four * E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 5:  # sigmoid
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-abs(z))
                d = one / (E + one)
                value = (E * d if z <= zero else d)
                slope = E * d * d
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        elif activation == 6:  # gelu
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-half * z * z)
                c0 = (half * math.erfc(-half_root_two * z))
                value = c0 * z
                slope = inverse_root_two_pi * E * z + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1
        else:  # swish
            for s in range(n_samples):
                x_0 = x_rows[0, s]
                x_1 = x_rows[1, s]
                x_2 = x_rows[2, s]
                z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
                v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
                E, m = exponential(-abs(z))
                d = one / (E + one)
                c0 = (E * d if z <= zero else d)
                value = c0 * z
                slope = E * z * d * d + c0
                u1 = -v1 + value
                output_rows[0, s] += M2_0 * u1
                output_rows[1, s] += M2_1 * u1
                z_rows[n, s] = slope
                u_rows[n, s] = u1


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_3_2(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows):
    """gradient of a loss with respect to every parameter; output_rows holds ∂ℓ/∂z_K; 3 inputs, 2 outputs.

    Theorem: M8

    x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gradient[:] = zero
    for n in range(n_hidden):
        lam_in2 = parameters[layout[2, LAMBDA_IN] + n]
        lam_out2_0 = parameters[layout[2, LAMBDA_OUT] + 0]
        phi2_0 = parameters[layout[2, PHI] + n]
        M2_0 = phi2_0 * (lam_in2 - lam_out2_0)
        lam_out2_1 = parameters[layout[2, LAMBDA_OUT] + 1]
        phi2_1 = parameters[layout[2, PHI] + n_hidden + n]
        M2_1 = phi2_1 * (lam_in2 - lam_out2_1)
        lam_in1_0 = parameters[layout[1, LAMBDA_IN] + 0]
        lam_out1 = parameters[layout[1, LAMBDA_OUT] + n]
        phi1_0 = parameters[layout[1, PHI] + n * 3]
        lam_in1_1 = parameters[layout[1, LAMBDA_IN] + 1]
        phi1_1 = parameters[layout[1, PHI] + n * 3 + 1]
        lam_in1_2 = parameters[layout[1, LAMBDA_IN] + 2]
        phi1_2 = parameters[layout[1, PHI] + n * 3 + 2]
        dM2_0 = zero
        dM2_1 = zero
        dM1_0 = zero
        dM1_1 = zero
        dM1_2 = zero
        g1_0 = zero
        g1_1 = zero
        g1_2 = zero
        for s in range(n_samples):
            dz2_0 = output_rows[0, s]
            u1 = u_rows[n, s]
            dM2_0 += dz2_0 * u1
            dz2_1 = output_rows[1, s]
            dM2_1 += dz2_1 * u1
            du = M2_0 * dz2_0 + M2_1 * dz2_1
            slope = z_rows[n, s]
            dz = du * slope
            x_0 = x_rows[0, s]
            dM1_0 += dz * x_0
            x_1 = x_rows[1, s]
            dM1_1 += dz * x_1
            x_2 = x_rows[2, s]
            dM1_2 += dz * x_2
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, PHI] + n_hidden + n] = dM2_1 * (lam_in2 - lam_out2_1)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0 + dM2_1 * phi2_1
        gradient[layout[2, LAMBDA_OUT] + 0] -= dM2_0 * phi2_0
        gradient[layout[2, LAMBDA_OUT] + 1] -= dM2_1 * phi2_1
        gradient[layout[1, PHI] + n * 3] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 3 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 3 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        gradient[layout[1, LAMBDA_IN] + 0] += dM1_0 * phi1_0
        gradient[layout[1, LAMBDA_IN] + 1] += dM1_1 * phi1_1
        gradient[layout[1, LAMBDA_IN] + 2] += dM1_2 * phi1_2
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_2_1(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """`epoch_global` for a network of one hidden layer with 2 inputs and 1 output(s); same arguments.

    Theorem: O.batch, O.epoch
    """
    x_rows = np.empty((2, batch_size), parameters.dtype)
    z_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    u_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    output_rows = np.empty((1, batch_size), parameters.dtype)
    output_all = np.empty(1 * batch_size, parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_columns(x_data, rows, x_rows)
        propagate_2_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows)
        output = matrix(output_all, 0, n_samples, 1)
        for s in range(n_samples):
            for h in range(1):
                output[s, h] = output_rows[h, s]
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        for s in range(n_samples):
            for h in range(1):
                output_rows[h, s] = output[s, h]
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_2_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_3_1(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """`epoch_global` for a network of one hidden layer with 3 inputs and 1 output(s); same arguments.

    Theorem: O.batch, O.epoch
    """
    x_rows = np.empty((3, batch_size), parameters.dtype)
    z_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    u_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    output_rows = np.empty((1, batch_size), parameters.dtype)
    output_all = np.empty(1 * batch_size, parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_columns(x_data, rows, x_rows)
        propagate_3_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows)
        output = matrix(output_all, 0, n_samples, 1)
        for s in range(n_samples):
            for h in range(1):
                output[s, h] = output_rows[h, s]
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        for s in range(n_samples):
            for h in range(1):
                output_rows[h, s] = output[s, h]
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_3_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_4_1(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """`epoch_global` for a network of one hidden layer with 4 inputs and 1 output(s); same arguments.

    Theorem: O.batch, O.epoch
    """
    x_rows = np.empty((4, batch_size), parameters.dtype)
    z_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    u_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    output_rows = np.empty((1, batch_size), parameters.dtype)
    output_all = np.empty(1 * batch_size, parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_columns(x_data, rows, x_rows)
        propagate_4_1(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows)
        output = matrix(output_all, 0, n_samples, 1)
        for s in range(n_samples):
            for h in range(1):
                output[s, h] = output_rows[h, s]
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        for s in range(n_samples):
            for h in range(1):
                output_rows[h, s] = output[s, h]
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_4_1(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def epoch_3_2(
    x_data, y_data, labels, weights, order, batch_size, layout, activation, loss, penalised, strengths, shrunk,
    thresholds, optimizer, trainable, rates, decays, factors, parameters, gradient, first, second, step, settings,
):
    """`epoch_global` for a network of one hidden layer with 3 inputs and 2 output(s); same arguments.

    Theorem: O.batch, O.epoch
    """
    x_rows = np.empty((3, batch_size), parameters.dtype)
    z_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    u_rows = np.empty((layout[1, WIDTH], batch_size), parameters.dtype)
    output_rows = np.empty((2, batch_size), parameters.dtype)
    output_all = np.empty(2 * batch_size, parameters.dtype)
    loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
    for start in range(0, order.shape[0], batch_size):
        rows = order[start : start + batch_size]
        n_samples = rows.shape[0]
        load_columns(x_data, rows, x_rows)
        propagate_3_2(layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows)
        output = matrix(output_all, 0, n_samples, 2)
        for s in range(n_samples):
            for h in range(2):
                output[s, h] = output_rows[h, s]
        value, batch_weight = output_loss(y_data, labels, weights, rows, loss, settings[SMOOTHING], output)
        if not math.isfinite(value):
            return value, penalty_sum / max(batches, 1), step
        if batch_weight == 0.0:
            continue
        for s in range(n_samples):
            for h in range(2):
                output_rows[h, s] = output[s, h]
        factor = factors[batches]
        loss_sum += value * batch_weight
        weight_sum += batch_weight
        batches += 1
        step += 1
        adjoint_3_2(layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows)
        penalty_sum += add_penalty(penalised, strengths, parameters, gradient)
        limit_norm(settings[CLIP_NORM], trainable, gradient)
        update(optimizer, trainable, rates, decays, factor, parameters, gradient, first, second, step, settings)
        shrink(shrunk, thresholds, factor, parameters)
    return loss_sum / weight_sum, penalty_sum / batches, step
