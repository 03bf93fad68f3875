"""Numba kernels for sparse networks: the programs of the direct network, weight by weight. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
dense.py      sha256 34b9c5a657485db6

A sparse network is a list of weights, sorted by receiver. `u_all`, `z_all` and `du_all` are (n_neurons, n_samples): inputs
first, then hidden neurons layer by layer, then outputs. Losses and activations are those of `dense.py`.
"""

import math

import numpy as np
from numba import njit

from spectral_core.kernels.cpu.dense import (
    CROSS_ENTROPY, HUBER, POISSON, SQUARED_ERROR, activate, exponential, matrix, output_loss,
)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all):
    """z_i = sum over j < i of W_ij x_j for every layer, every W_ij free, weight by weight.

    Theorem: M7.direct

    senders (n_weights,): the neuron that a weight reads; offsets: where the weights of each receiver start
    W W_ij, weights from layer j to layer i
    x_source x_j, activations of an earlier layer j
    z z_i, pre-activations of layer i
    x x_i = f(z_i), activations of layer i
    slope f'(z_i), kept in the place of z_i
    """
    zero = parameters.dtype.type(0.0)
    n_neurons, n_samples = u_all.shape
    n_inputs = n_neurons - offsets.size + 1
    for i in range(n_inputs, n_neurons):  # a layer of one neuron
        z = z_all[i]
        x = u_all[i]
        slope = z
        # z[s, h] = 0
        for s in range(n_samples):
            z[s] = zero
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            W = parameters[e]
            x_source = u_all[j]
            # z[s, h] += sum_k W[h, k]*x_source[s, k]
            for s in range(n_samples):
                z[s] += W * x_source[s]
        if i < n_neurons - n_outputs:
            activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def adjoint_sparse(senders, offsets, n_outputs, du_all, gradient, parameters, u_all, z_all):
    """gradient of a loss with respect to every weight W_ij, weight by weight.

    Theorem: M8.direct

    senders (n_weights,): the neuron that a weight reads; offsets: where the weights of each receiver start
    W W_ij, weights from layer j to layer i
    dW ∂ℓ/∂W_ij
    x_source x_j, activations of an earlier layer j
    slope f'(z_i), kept in the place of z_i
    dz ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx ∂ℓ/∂x_i
    dx_source ∂ℓ/∂x_j
    """
    zero = parameters.dtype.type(0.0)
    du_all[:] = 0
    n_neurons, n_samples = u_all.shape
    n_inputs = n_neurons - offsets.size + 1
    for i in range(n_neurons - 1, n_inputs - 1, -1):  # a layer of one neuron
        dx = du_all[i]
        slope = z_all[i]
        dz = slope
        if i < n_neurons - n_outputs:
            # dz[s, h] = dx[s, h]*slope[s, h]
            for s in range(n_samples):
                dz[s] = dx[s] * slope[s]
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            x_source = u_all[j]
            # dW[h, k] = sum_s dz[s, h]*x_source[s, k]
            dW = zero
            for s in range(n_samples):
                dW += dz[s] * x_source[s]
            gradient[e] = dW
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            if j >= n_inputs:
                W = parameters[e]
                dx_source = du_all[j]
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                for s in range(n_samples):
                    dx_source[s] += W * dz[s]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def jacobian_rows_sparse(senders, offsets, n_outputs, J_all, du_all, parameters, u_all, z_all):
    """gradient of each sample's loss with respect to every weight W_ij, weight by weight.

    Theorem: M8.direct, M22

    senders (n_weights,): the neuron that a weight reads; offsets: where the weights of each receiver start
    W W_ij, weights from layer j to layer i
    J ∂ℓ_s/∂W_ij, the derivative of one sample's loss
    x_source x_j, activations of an earlier layer j
    slope f'(z_i), kept in the place of z_i
    dz ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx ∂ℓ/∂x_i
    dx_source ∂ℓ/∂x_j
    """
    du_all[:] = 0
    n_neurons, n_samples = u_all.shape
    n_inputs = n_neurons - offsets.size + 1
    for i in range(n_neurons - 1, n_inputs - 1, -1):  # a layer of one neuron
        dx = du_all[i]
        slope = z_all[i]
        dz = slope
        if i < n_neurons - n_outputs:
            # dz[s, h] = dx[s, h]*slope[s, h]
            for s in range(n_samples):
                dz[s] = dx[s] * slope[s]
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            x_source = u_all[j]
            J = J_all[e]
            # J[h, k, s] = dz[s, h]*x_source[s, k]
            for s in range(n_samples):
                J[s] = dz[s] * x_source[s]
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            if j >= n_inputs:
                W = parameters[e]
                dx_source = du_all[j]
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                for s in range(n_samples):
                    dx_source[s] += W * dz[s]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def curvature_squares_sparse(senders, offsets, n_outputs, H_all, du_all, mean_all, parameters, rise_all, u_all, z_all):
    """squared derivatives by every weight W_ij and by every hidden activation, summed over samples, weight by weight.

    Theorem: M8.direct, M22

    senders (n_weights,): the neuron that a weight reads; offsets: where the weights of each receiver start
    W W_ij, weights from layer j to layer i
    H Σ_s (∂ℓ_s/∂W_ij)²
    mean x̄_i, the mean of x_i over all samples
    rise Σ_s ((x_i - x̄_i) ∂ℓ_s/∂x_i)²
    x x_i = f(z_i), activations of layer i
    x_source x_j, activations of an earlier layer j
    slope f'(z_i), kept in the place of z_i
    dz ∂ℓ/∂z_i, kept in the place of f'(z_i)
    dx ∂ℓ/∂x_i
    dx_source ∂ℓ/∂x_j
    """
    zero = parameters.dtype.type(0.0)
    du_all[:] = 0
    n_neurons, n_samples = u_all.shape
    n_inputs = n_neurons - offsets.size + 1
    for i in range(n_neurons - 1, n_inputs - 1, -1):  # a layer of one neuron
        dx = du_all[i]
        mean = mean_all[i]
        x = u_all[i]
        slope = z_all[i]
        dz = slope
        if i < n_neurons - n_outputs:
            # rise[h] += sum_s (-mean[h] + x[s, h])**2*dx[s, h]**2
            sum_0 = zero
            for s in range(n_samples):
                sum_0 += (-mean + x[s]) * (-mean + x[s]) * dx[s] * dx[s]
            rise_all[i] += sum_0
            # dz[s, h] = dx[s, h]*slope[s, h]
            for s in range(n_samples):
                dz[s] = dx[s] * slope[s]
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            x_source = u_all[j]
            # H[h, k] += sum_s dz[s, h]**2*x_source[s, k]**2
            sum_0 = zero
            for s in range(n_samples):
                sum_0 += dz[s] * dz[s] * x_source[s] * x_source[s]
            H_all[e] += sum_0
        for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):
            j = senders[e]
            if j >= n_inputs:
                W = parameters[e]
                dx_source = du_all[j]
                # dx_source[s, k] += sum_h W[h, k]*dz[s, h]
                for s in range(n_samples):
                    dx_source[s] += W * dz[s]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_squared_error(output, label, weight, scale):
    """column of the factor F of the second derivative of squared error.

    Theorem: M20.factor

    output (n_samples, n_out) z_K, the network's output
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) column `label` of F, written over the output
    """
    one = output.dtype.type(1.0)
    two = output.dtype.type(2.0)
    zero = output.dtype.type(0.0)
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        for h in range(n_out):
            d_output[s, h] = (one if h == label[s] else zero) * math.sqrt(two * scale * weight[s])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_huber(output, target, label, weight, scale):
    """column of the factor F of the second derivative of huber.

    Theorem: M20.factor

    output (n_samples, n_out) z_K, the network's output
    target (n_samples, n_out) y, the targets
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) column `label` of F, written over the output
    """
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        for h in range(n_out):
            d_output[s, h] = (one if h == label[s] else zero) * math.sqrt(scale * weight[s] * (zero if (output[s, h] - target[s, h] > one) | (output[s, h] - target[s, h] < -one) else one))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_poisson(output, label, weight, scale):
    """column of the factor F of the second derivative of poisson.

    Theorem: M20.factor

    output (n_samples, n_out) z_K, the network's output
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) column `label` of F, written over the output
    """
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        for h in range(n_out):
            d_output[s, h] = (one if h == label[s] else zero) * math.sqrt(scale * weight[s] * exponential(output[s, h])[0])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_binary_cross_entropy(output, label, weight, scale):
    """column of the factor F of the second derivative of binary cross entropy.

    Theorem: M20.factor

    output (n_samples, n_out) z_K, the network's output
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) column `label` of F, written over the output
    """
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    for s in range(n_samples):
        for h in range(n_out):
            d_output[s, h] = (one if h == label[s] else zero) * math.sqrt(scale * weight[s] * (exponential(output[s, h])[0] / ((exponential(output[s, h])[0] + one) * (exponential(output[s, h])[0] + one)) if output[s, h] <= zero else exponential(-output[s, h])[0] / ((one + exponential(-output[s, h])[0]) * (one + exponential(-output[s, h])[0]))))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_cross_entropy(output, label, weight, scale):
    """column of the factor F of the second derivative of cross entropy.

    Theorem: M20.factor

    output (n_samples, n_out) z_K, the network's output
    label (n_samples) y, the class of each sample
    weight (n_samples) sample weights
    d_output (n_samples, n_out) column `label` of F, written over the output
    shifted (n_samples, n_out) exp(z - max z), written over the output
    """
    lowest = output.dtype.type(-math.inf)
    one = output.dtype.type(1.0)
    zero = output.dtype.type(0.0)
    n_samples = output.shape[0]
    n_out = output.shape[1]
    d_output = output
    shifted = output
    for s in range(n_samples):
        peak = lowest
        for h in range(n_out):
            peak = max(peak, output[s, h])
        for h in range(n_out):
            shifted[s, h] = exponential(-peak + output[s, h])[0]
        total = zero
        chosen = zero
        for h in range(n_out):
            total += shifted[s, h]
            chosen += shifted[s, h] * (one if h == label[s] else zero)
        for h in range(n_out):
            d_output[s, h] = math.sqrt(chosen * scale * weight[s] / total) * ((one if h == label[s] else zero) - shifted[s, h] / total)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def load_chunk(x_rows, start, n_samples, u_all):
    """Samples [start, start + n_samples) of the inputs, neuron first."""
    for i in range(x_rows.shape[0]):
        for s in range(n_samples):
            u_all[i, s] = x_rows[i, start + s]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def predict_sparse(x_rows, activation, senders, offsets, n_outputs, chunk, parameters, result):
    """result (samples, outputs) = z_K of x_rows (inputs, samples)."""
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
        for c in range(n_outputs):
            for s in range(size):
                result[start + s, c] = z_all[n_neurons - n_outputs + c, s]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def gradient_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, parameters, whole
):
    """The mean loss of all samples; its gradient is written into `whole` (n_weights,).

    Theorem: O.batch, O.epoch

    x_rows (inputs, samples); y_data (samples, outputs) or labels (samples,); weights (samples,)
    """
    real = parameters.dtype.type
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    du_flat, gradient = np.empty(n_neurons * chunk, parameters.dtype), np.empty_like(parameters)
    total_weight = 0.0
    for s in range(total):
        total_weight += weights[s]
    whole[:] = 0
    mean = 0.0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        du_all = matrix(du_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
        output = np.empty((size, n_outputs), parameters.dtype)
        for c in range(n_outputs):
            for s in range(size):
                output[s, c] = z_all[n_neurons - n_outputs + c, s]
        value, batch_weight = output_loss(y_data, labels, weights, np.arange(start, start + size), loss, smoothing, output)
        share = real(batch_weight / total_weight)
        mean += value * batch_weight / total_weight
        for c in range(n_outputs):
            for s in range(size):
                z_all[n_neurons - n_outputs + c, s] = output[s, c] * share
        adjoint_sparse(senders, offsets, n_outputs, du_all, gradient, parameters, u_all, z_all)
        for e in range(gradient.size):
            whole[e] += gradient[e]
    return mean


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def means_sparse(x_rows, weights, total_weight, activation, senders, offsets, n_outputs, chunk, parameters, means):
    """The mean of every neuron's activation (n_neurons,) over all samples, each with its weight.

    Theorem: O.epoch
    """
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_flat, z_flat = np.empty(n_neurons * chunk, parameters.dtype), np.empty(n_neurons * chunk, parameters.dtype)
    means[:] = 0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
        for i in range(n_neurons - n_outputs):
            for s in range(size):
                means[i] += u_all[i, s] * weights[start + s] / total_weight


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def activations_sparse(x_rows, activation, senders, offsets, n_outputs, parameters, u_all):
    """u_all (n_neurons, samples): the activations of inputs and hidden neurons, and z_K in the rows of the outputs."""
    n_inputs, size = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    z_all = np.empty((n_neurons, size), parameters.dtype)
    load_chunk(x_rows, 0, size, u_all)
    propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
    u_all[n_neurons - n_outputs :] = z_all[n_neurons - n_outputs :]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, forceinline=True)
def factor_column(loss, y_data, weights, start, column, total_weight, z_all, n_outputs, output, bars):
    """Column `column` of F with F Fᵀ = ∂²ℓ/∂z² of each sample, its share of the mean included, in the rows of `bars`.

    Theorem: O.batch

    z_all holds the outputs in its last rows; output (samples, outputs) is room for them.
    """
    real = output.dtype.type
    n_neurons, n_samples = z_all.shape
    first = n_neurons - n_outputs
    for c in range(n_outputs):
        for s in range(n_samples):
            output[s, c] = z_all[first + c, s]
    label, weight = np.full(n_samples, column), weights[start : start + n_samples]
    if loss == CROSS_ENTROPY:
        factor_cross_entropy(output, label, weight, real(1.0 / total_weight))
    else:
        share = real(1.0 / (total_weight * n_outputs))
        if loss == SQUARED_ERROR:
            factor_squared_error(output, label, weight, share)
        elif loss == HUBER:
            factor_huber(output, y_data[start : start + n_samples], label, weight, share)
        elif loss == POISSON:
            factor_poisson(output, label, weight, share)
        else:
            factor_binary_cross_entropy(output, label, weight, share)
    for c in range(n_outputs):
        for s in range(n_samples):
            bars[c, s] = output[s, c]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def jacobian_sparse(
    x_rows, y_data, weights, loss, activation, senders, offsets, n_outputs, column, parameters, J_all
):
    """J_all (n_weights, samples): derivatives of each sample's outputs by each weight, times column `column` of F.

    By hand: NumPy's sum of the weights. Checked by test_refitting.test_the_gauss_newton_matrix_is_that_of_differences.
    """
    n_inputs, size = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    u_all, z_all = np.empty((n_neurons, size), parameters.dtype), np.empty((n_neurons, size), parameters.dtype)
    du_all, output = np.empty((n_neurons, size), parameters.dtype), np.empty((size, n_outputs), parameters.dtype)
    bars = np.empty((n_outputs, size), parameters.dtype)
    load_chunk(x_rows, 0, size, u_all)
    propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
    factor_column(loss, y_data, weights, 0, column, weights.sum(), z_all, n_outputs, output, bars)
    z_all[n_neurons - n_outputs :] = bars
    jacobian_rows_sparse(senders, offsets, n_outputs, J_all, du_all, parameters, u_all, z_all)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def curvature_sparse(
    x_rows, y_data, weights, loss, activation, senders, offsets, n_outputs, chunk, parameters, H_all, rise_all
):
    """The diagonal of the Gauss-Newton matrix (n_weights,), and for each neuron mean (x - x̄)² (∂ℓ/∂x)² (n_neurons,).

    By hand: NumPy's sum of the weights. Checked by test_samples.test_curvatures.
    """
    n_inputs, total = x_rows.shape
    n_neurons = n_inputs + offsets.size - 1
    size = min(chunk, total)
    u_flat, z_flat = np.empty(n_neurons * size, parameters.dtype), np.empty(n_neurons * size, parameters.dtype)
    slope_flat, du_flat = np.empty(n_neurons * size, parameters.dtype), np.empty(n_neurons * size, parameters.dtype)
    bars_flat, output_flat = np.empty(n_outputs * size, parameters.dtype), np.empty(n_outputs * size, parameters.dtype)
    mean_all, total_weight = np.empty(n_neurons, parameters.dtype), weights.sum()
    means_sparse(x_rows, weights, float(total_weight), activation, senders, offsets, n_outputs, chunk, parameters, mean_all)
    H_all[:] = 0
    rise_all[:] = 0
    for start in range(0, total, chunk):
        size = min(chunk, total - start)
        u_all, z_all = matrix(u_flat, 0, n_neurons, size), matrix(z_flat, 0, n_neurons, size)
        slope_all, du_all = matrix(slope_flat, 0, n_neurons, size), matrix(du_flat, 0, n_neurons, size)
        bars, output = matrix(bars_flat, 0, n_outputs, size), matrix(output_flat, 0, size, n_outputs)
        load_chunk(x_rows, start, size, u_all)
        propagate_sparse(activation, senders, offsets, n_outputs, parameters, u_all, z_all)
        slope_all[:] = z_all
        for column in range(n_outputs):
            factor_column(loss, y_data, weights, start, column, total_weight, slope_all, n_outputs, output, bars)
            z_all[:] = slope_all
            z_all[n_neurons - n_outputs :] = bars
            curvature_squares_sparse(senders, offsets, n_outputs, H_all, du_all, mean_all, parameters, rise_all, u_all, z_all)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def objective_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, point, parameters,
    whole, slope,
):
    """Loss + l2/2 Σ w² over the decayed weights, at `point` (float64); its gradient is written into `slope` (float64).

    Theorem: R.ridge
    """
    parameters[:] = point
    value = float(
        gradient_sparse(
            x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, parameters, whole
        )
    )
    for e in range(point.size):
        shrunk = point[e] if decayed[e] else 0.0
        value += 0.5 * l2 * shrunk * shrunk
        slope[e] = whole[e] + l2 * shrunk
    return value


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def minimise_sparse(
    x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, iterations, pairs,
    precision, point,
):
    """L-BFGS from `point` (float64), which becomes the last iterate; returns the objective there and the steps done.

    The two loops over at most `pairs` pairs of steps and changes of the gradient; a line search for sufficient decrease and
    curvature (weak Wolfe conditions) by bisection, which needs no second derivative and so suits relu. It ends where a step
    lowers the objective by less than `precision` of its size.

    By hand: a search on the proven objective, whose result is tested. Checked by test_lbfgs.test_a_convex_objective_ends_at_its_minimum.
    """
    n = point.size
    parameters, whole = np.empty(n, x_rows.dtype), np.empty(n, x_rows.dtype)
    slope, new_slope, new_point = np.empty(n), np.empty(n), np.empty(n)
    steps, changes = np.empty((pairs, n)), np.empty((pairs, n))
    curvatures, alphas = np.empty(pairs), np.empty(pairs)
    direction, step, change = np.empty(n), np.empty(n), np.empty(n)
    value = objective_sparse(
        x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2, point,
        parameters, whole, slope,
    )
    stored, done = 0, 0
    for done in range(iterations):
        # The two loops: direction = -H slope.
        direction[:] = -slope
        for age in range(min(stored, pairs)):
            k = (stored - 1 - age) % pairs
            alphas[k] = np.dot(steps[k], direction) / curvatures[k]
            direction -= alphas[k] * changes[k]
        if stored:
            k = (stored - 1) % pairs
            direction *= curvatures[k] / np.dot(changes[k], changes[k])
        for age in range(min(stored, pairs) - 1, -1, -1):
            k = (stored - 1 - age) % pairs
            direction += steps[k] * (alphas[k] - np.dot(changes[k], direction) / curvatures[k])
        descent = np.dot(direction, slope)
        if not descent < 0:
            break
        # The line search.
        length = 1.0 if stored else min(1.0, 1.0 / math.sqrt(np.dot(slope, slope)))
        low, high = 0.0, math.inf
        new_value = value
        found = False
        for _ in range(25):
            new_point[:] = point + length * direction
            new_value = objective_sparse(
                x_rows, y_data, labels, weights, loss, smoothing, activation, senders, offsets, n_outputs, chunk, decayed, l2,
                new_point, parameters, whole, new_slope,
            )
            if not new_value <= value + 1e-4 * length * descent:
                high = length
            elif np.dot(new_slope, direction) < 0.9 * descent:
                low = length
                found = True
            else:
                found = True
                break
            length = (low + high) / 2 if high < math.inf else 2 * low
        if not found or not new_value < value:
            break
        stop = value - new_value <= precision * max(abs(value), abs(new_value), 1.0)
        # The new pair, where the curvature along the step is positive; it takes the place of the oldest.
        step[:] = new_point - point
        change[:] = new_slope - slope
        curved = np.dot(step, change)
        if curved > 1e-12 * np.dot(change, change):
            k = stored % pairs
            steps[k], changes[k], curvatures[k] = step, change, curved
            stored += 1
        point[:] = new_point
        slope[:] = new_slope
        value = new_value
        if stop:
            break
    return value, done
