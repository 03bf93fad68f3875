"""Many trainings of one hidden layer at once on CUDA, one block for each. Do not edit.

made by       python -m derivations
SymPy         1.14.0
certificates  sha256 f9dcf0ea5ffd7d47
parts.py      sha256 323f4312561ae4ab

`train_2_1` and its like: a block trains a network of one hidden layer with so many inputs and outputs. A sample's output
and a neuron's gradient are sums in one thread's registers.
"""

import math

from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel
from spectral_core.kernels.cuda.parts import (
    CLIP_NORM, CROSS_ENTROPY, LAMBDA_IN, LAMBDA_OUT, PHI, SMOOTHING, WIDTH, gpu_activation, gpu_add_penalty, gpu_clear,
    gpu_limit_norm, gpu_load, gpu_loss, gpu_parts, gpu_row, gpu_shrink, gpu_sum, gpu_update,
)


@cuda.jit(device=True)
def gpu_propagate_2_1(rank, count, layout, activation, n_samples, parameters, u_all, output, partial):
    """z_K of one hidden layer; 2 inputs, 1 output; by the threads of a block.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); partial (parts, n_samples, outputs)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    parts = gpu_parts(count, n_samples)
    for turn in range(rank, parts * n_samples, count):
        part = turn // n_samples
        s = turn - part * n_samples
        x_0 = u_all[s * 2 + 0]
        x_1 = u_all[s * 2 + 1]
        output_0 = zero
        for n in range(part, n_hidden, parts):
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
            z = M1_0 * x_0 + M1_1 * x_1
            v1 = phi1_0 * x_0 + phi1_1 * x_1
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            output_0 += M2_0 * u1
        partial[turn * 1 + 0] = output_0
    cuda.syncthreads()
    for element in range(rank, n_samples * 1, count):
        total = zero
        for part in range(parts):
            total += partial[part * n_samples * 1 + element]
        output[element] = total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_2_1(rank, count, layout, activation, n_samples, parameters, gradient, u_all, output, room):
    """gradient of a loss with respect to every parameter; output holds ∂ℓ/∂z_K; 2 inputs, 1 output; by the threads of a block.

    Theorem: M8, M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); room (threads)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    dlam_in1_0 = zero
    dlam_in1_1 = zero
    dlam_out2_0 = zero
    for n in range(rank, n_hidden, count):
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
        dM2_0 = zero
        dM1_0 = zero
        dM1_1 = zero
        g1_0 = zero
        g1_1 = zero
        for s in range(n_samples):
            x_0 = u_all[s * 2 + 0]
            x_1 = u_all[s * 2 + 1]
            z = M1_0 * x_0 + M1_1 * x_1
            v1 = phi1_0 * x_0 + phi1_1 * x_1
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            dz2_0 = output[s * 1 + 0]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            dz = du * slope
            dM1_0 += dz * x_0
            dM1_1 += dz * x_1
            g1_0 += du * x_0
            g1_1 += du * x_1
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        dlam_out2_0 -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 2] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 2 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        dlam_in1_0 += dM1_0 * phi1_0
        dlam_in1_1 += dM1_1 * phi1_1
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1
    total = gpu_sum(rank, count, dlam_in1_0, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 0] += total
    total = gpu_sum(rank, count, dlam_in1_1, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 1] += total
    total = gpu_sum(rank, count, dlam_out2_0, room)
    if rank == 0:
        gradient[layout[2, LAMBDA_OUT] + 0] += total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_propagate_3_1(rank, count, layout, activation, n_samples, parameters, u_all, output, partial):
    """z_K of one hidden layer; 3 inputs, 1 output; by the threads of a block.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); partial (parts, n_samples, outputs)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    parts = gpu_parts(count, n_samples)
    for turn in range(rank, parts * n_samples, count):
        part = turn // n_samples
        s = turn - part * n_samples
        x_0 = u_all[s * 3 + 0]
        x_1 = u_all[s * 3 + 1]
        x_2 = u_all[s * 3 + 2]
        output_0 = zero
        for n in range(part, n_hidden, parts):
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
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            output_0 += M2_0 * u1
        partial[turn * 1 + 0] = output_0
    cuda.syncthreads()
    for element in range(rank, n_samples * 1, count):
        total = zero
        for part in range(parts):
            total += partial[part * n_samples * 1 + element]
        output[element] = total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_3_1(rank, count, layout, activation, n_samples, parameters, gradient, u_all, output, room):
    """gradient of a loss with respect to every parameter; output holds ∂ℓ/∂z_K; 3 inputs, 1 output; by the threads of a block.

    Theorem: M8, M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); room (threads)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    dlam_in1_0 = zero
    dlam_in1_1 = zero
    dlam_in1_2 = zero
    dlam_out2_0 = zero
    for n in range(rank, n_hidden, count):
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
        dM2_0 = zero
        dM1_0 = zero
        dM1_1 = zero
        dM1_2 = zero
        g1_0 = zero
        g1_1 = zero
        g1_2 = zero
        for s in range(n_samples):
            x_0 = u_all[s * 3 + 0]
            x_1 = u_all[s * 3 + 1]
            x_2 = u_all[s * 3 + 2]
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            dz2_0 = output[s * 1 + 0]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            dz = du * slope
            dM1_0 += dz * x_0
            dM1_1 += dz * x_1
            dM1_2 += dz * x_2
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        dlam_out2_0 -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 3] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 3 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 3 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        dlam_in1_0 += dM1_0 * phi1_0
        dlam_in1_1 += dM1_1 * phi1_1
        dlam_in1_2 += dM1_2 * phi1_2
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2
    total = gpu_sum(rank, count, dlam_in1_0, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 0] += total
    total = gpu_sum(rank, count, dlam_in1_1, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 1] += total
    total = gpu_sum(rank, count, dlam_in1_2, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 2] += total
    total = gpu_sum(rank, count, dlam_out2_0, room)
    if rank == 0:
        gradient[layout[2, LAMBDA_OUT] + 0] += total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_propagate_4_1(rank, count, layout, activation, n_samples, parameters, u_all, output, partial):
    """z_K of one hidden layer; 4 inputs, 1 output; by the threads of a block.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); partial (parts, n_samples, outputs)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    parts = gpu_parts(count, n_samples)
    for turn in range(rank, parts * n_samples, count):
        part = turn // n_samples
        s = turn - part * n_samples
        x_0 = u_all[s * 4 + 0]
        x_1 = u_all[s * 4 + 1]
        x_2 = u_all[s * 4 + 2]
        x_3 = u_all[s * 4 + 3]
        output_0 = zero
        for n in range(part, n_hidden, parts):
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
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            output_0 += M2_0 * u1
        partial[turn * 1 + 0] = output_0
    cuda.syncthreads()
    for element in range(rank, n_samples * 1, count):
        total = zero
        for part in range(parts):
            total += partial[part * n_samples * 1 + element]
        output[element] = total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_4_1(rank, count, layout, activation, n_samples, parameters, gradient, u_all, output, room):
    """gradient of a loss with respect to every parameter; output holds ∂ℓ/∂z_K; 4 inputs, 1 output; by the threads of a block.

    Theorem: M8, M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); room (threads)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    dlam_in1_0 = zero
    dlam_in1_1 = zero
    dlam_in1_2 = zero
    dlam_in1_3 = zero
    dlam_out2_0 = zero
    for n in range(rank, n_hidden, count):
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
            x_0 = u_all[s * 4 + 0]
            x_1 = u_all[s * 4 + 1]
            x_2 = u_all[s * 4 + 2]
            x_3 = u_all[s * 4 + 3]
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2 + M1_3 * x_3
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2 + phi1_3 * x_3
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            dz2_0 = output[s * 1 + 0]
            dM2_0 += dz2_0 * u1
            du = M2_0 * dz2_0
            dz = du * slope
            dM1_0 += dz * x_0
            dM1_1 += dz * x_1
            dM1_2 += dz * x_2
            dM1_3 += dz * x_3
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
            g1_3 += du * x_3
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0
        dlam_out2_0 -= dM2_0 * phi2_0
        gradient[layout[1, PHI] + n * 4] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 4 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 4 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        gradient[layout[1, PHI] + n * 4 + 3] = dM1_3 * (lam_in1_3 - lam_out1) - g1_3
        dlam_in1_0 += dM1_0 * phi1_0
        dlam_in1_1 += dM1_1 * phi1_1
        dlam_in1_2 += dM1_2 * phi1_2
        dlam_in1_3 += dM1_3 * phi1_3
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2 - dM1_3 * phi1_3
    total = gpu_sum(rank, count, dlam_in1_0, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 0] += total
    total = gpu_sum(rank, count, dlam_in1_1, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 1] += total
    total = gpu_sum(rank, count, dlam_in1_2, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 2] += total
    total = gpu_sum(rank, count, dlam_in1_3, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 3] += total
    total = gpu_sum(rank, count, dlam_out2_0, room)
    if rank == 0:
        gradient[layout[2, LAMBDA_OUT] + 0] += total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_propagate_3_2(rank, count, layout, activation, n_samples, parameters, u_all, output, partial):
    """z_K of one hidden layer; 3 inputs, 2 outputs; by the threads of a block.

    Theorem: M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); partial (parts, n_samples, outputs)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    parts = gpu_parts(count, n_samples)
    for turn in range(rank, parts * n_samples, count):
        part = turn // n_samples
        s = turn - part * n_samples
        x_0 = u_all[s * 3 + 0]
        x_1 = u_all[s * 3 + 1]
        x_2 = u_all[s * 3 + 2]
        output_0 = zero
        output_1 = zero
        for n in range(part, n_hidden, parts):
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
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            output_0 += M2_0 * u1
            output_1 += M2_1 * u1
        partial[turn * 2 + 0] = output_0
        partial[turn * 2 + 1] = output_1
    cuda.syncthreads()
    for element in range(rank, n_samples * 2, count):
        total = zero
        for part in range(parts):
            total += partial[part * n_samples * 2 + element]
        output[element] = total
    cuda.syncthreads()


@cuda.jit(device=True)
def gpu_adjoint_3_2(rank, count, layout, activation, n_samples, parameters, gradient, u_all, output, room):
    """gradient of a loss with respect to every parameter; output holds ∂ℓ/∂z_K; 3 inputs, 2 outputs; by the threads of a block.

    Theorem: M8, M7, F.identity, F.relu, F.leaky_relu, F.elu, F.tanh, F.sigmoid, F.gelu, F.swish, E.float32.activations, E.float64.activations, E.float32, E.float64

    u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); room (threads)
    """
    zero = parameters.dtype.type(0.0)
    n_hidden = layout[1, WIDTH]
    gpu_clear(rank, count, parameters.shape[0], gradient)
    cuda.syncthreads()
    dlam_in1_0 = zero
    dlam_in1_1 = zero
    dlam_in1_2 = zero
    dlam_out2_0 = zero
    dlam_out2_1 = zero
    for n in range(rank, n_hidden, count):
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
        dM2_0 = zero
        dM2_1 = zero
        dM1_0 = zero
        dM1_1 = zero
        dM1_2 = zero
        g1_0 = zero
        g1_1 = zero
        g1_2 = zero
        for s in range(n_samples):
            x_0 = u_all[s * 3 + 0]
            x_1 = u_all[s * 3 + 1]
            x_2 = u_all[s * 3 + 2]
            z = M1_0 * x_0 + M1_1 * x_1 + M1_2 * x_2
            v1 = phi1_0 * x_0 + phi1_1 * x_1 + phi1_2 * x_2
            value, slope = gpu_activation(activation, z, parameters)
            u1 = -v1 + value
            dz2_0 = output[s * 2 + 0]
            dM2_0 += dz2_0 * u1
            dz2_1 = output[s * 2 + 1]
            dM2_1 += dz2_1 * u1
            du = M2_0 * dz2_0 + M2_1 * dz2_1
            dz = du * slope
            dM1_0 += dz * x_0
            dM1_1 += dz * x_1
            dM1_2 += dz * x_2
            g1_0 += du * x_0
            g1_1 += du * x_1
            g1_2 += du * x_2
        gradient[layout[2, PHI] + n] = dM2_0 * (lam_in2 - lam_out2_0)
        gradient[layout[2, PHI] + n_hidden + n] = dM2_1 * (lam_in2 - lam_out2_1)
        gradient[layout[2, LAMBDA_IN] + n] += dM2_0 * phi2_0 + dM2_1 * phi2_1
        dlam_out2_0 -= dM2_0 * phi2_0
        dlam_out2_1 -= dM2_1 * phi2_1
        gradient[layout[1, PHI] + n * 3] = dM1_0 * (lam_in1_0 - lam_out1) - g1_0
        gradient[layout[1, PHI] + n * 3 + 1] = dM1_1 * (lam_in1_1 - lam_out1) - g1_1
        gradient[layout[1, PHI] + n * 3 + 2] = dM1_2 * (lam_in1_2 - lam_out1) - g1_2
        dlam_in1_0 += dM1_0 * phi1_0
        dlam_in1_1 += dM1_1 * phi1_1
        dlam_in1_2 += dM1_2 * phi1_2
        gradient[layout[1, LAMBDA_OUT] + n] += -dM1_0 * phi1_0 - dM1_1 * phi1_1 - dM1_2 * phi1_2
    total = gpu_sum(rank, count, dlam_in1_0, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 0] += total
    total = gpu_sum(rank, count, dlam_in1_1, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 1] += total
    total = gpu_sum(rank, count, dlam_in1_2, room)
    if rank == 0:
        gradient[layout[1, LAMBDA_IN] + 2] += total
    total = gpu_sum(rank, count, dlam_out2_0, room)
    if rank == 0:
        gradient[layout[2, LAMBDA_OUT] + 0] += total
    total = gpu_sum(rank, count, dlam_out2_1, room)
    if rank == 0:
        gradient[layout[2, LAMBDA_OUT] + 1] += total
    cuda.syncthreads()


@kernel(192, 2)
def train_2_1(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each; one hidden layer, 2 inputs, 1 output(s); in shared memory alone.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
    parameters, first, second (replicas, n_parameters), steps (replicas,): updated in place, where `learning`
    alive (replicas,): 0 where a loss is no longer finite; such a training stands still
    places: where the parts of a block's storage begin, behind parameters, gradient and moments; the storage is dynamic
    shared memory if `inside`, else work[replica]; chosen, label_work (replicas, batch_size)
    losses, penalties (replicas, epochs): the weighted mean loss and the mean penalty of each epoch
    """
    replica = cuda.blockIdx.x
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    if alive[replica] == 0:
        return
    zero = parameters.dtype.type(0.0)
    one = parameters.dtype.type(1.0)
    size = parameters.shape[1]
    shared = cuda.shared.array(0, parameters.dtype)
    room = cuda.shared.array(REDUCTION_SLOTS, parameters.dtype)
    store = shared
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
    target, weight = space[places[3] :], space[places[4] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
    last = layout.shape[0] - 1
    n_out = layout[last, WIDTH]
    cuda.syncthreads()
    for epoch in range(losses.shape[1]):
        loss_share, penalty_share, weight_sum, batches = zero, zero, zero, zero
        for start in range(0, used, batch_size):
            n_samples = min(batch_size, used - start)
            for s in range(rank, n_samples, count):
                if bits >= 0:
                    rows[s] = gpu_row(start + s, x.shape[0], keys[replica, epoch], rounds, bits)
                else:
                    rows[s] = start + s
            cuda.syncthreads()
            gpu_load(
                rank, count, n_samples, layout[0, WIDTH], n_out, rows, x, y, classes, weights, loss, u_all, target, label,
                weight,
            )
            cuda.syncthreads()
            batch_weight = parameters.dtype.type(n_samples)
            if weighted:
                share = zero
                for s in range(rank, n_samples, count):
                    share += weight[s]
                batch_weight = gpu_sum(rank, count, share, room)
            if batch_weight == zero:
                continue
            gpu_propagate_2_1(rank, count, layout, activation, n_samples, theta, u_all, output, partial)
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_2_1(rank, count, layout, activation, n_samples, theta, gradient, u_all, output, room)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
                step += 1
        mean = gpu_sum(rank, count, loss_share, room) / weight_sum
        penalty = gpu_sum(rank, count, penalty_share, room) / batches
        if rank == 0:
            losses[replica, epoch] = mean
            penalties[replica, epoch] = penalty
        if not math.isfinite(mean):
            if rank == 0:
                alive[replica] = 0
            break
    if learning:
        for p in range(rank, size, count):
            parameters[replica, p] = theta[p]
            first[replica, p] = m[p]
            second[replica, p] = v[p]
        if rank == 0:
            steps[replica] = step


@kernel(192, 2)
def train_3_1(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each; one hidden layer, 3 inputs, 1 output(s); in shared memory alone.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
    parameters, first, second (replicas, n_parameters), steps (replicas,): updated in place, where `learning`
    alive (replicas,): 0 where a loss is no longer finite; such a training stands still
    places: where the parts of a block's storage begin, behind parameters, gradient and moments; the storage is dynamic
    shared memory if `inside`, else work[replica]; chosen, label_work (replicas, batch_size)
    losses, penalties (replicas, epochs): the weighted mean loss and the mean penalty of each epoch
    """
    replica = cuda.blockIdx.x
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    if alive[replica] == 0:
        return
    zero = parameters.dtype.type(0.0)
    one = parameters.dtype.type(1.0)
    size = parameters.shape[1]
    shared = cuda.shared.array(0, parameters.dtype)
    room = cuda.shared.array(REDUCTION_SLOTS, parameters.dtype)
    store = shared
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
    target, weight = space[places[3] :], space[places[4] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
    last = layout.shape[0] - 1
    n_out = layout[last, WIDTH]
    cuda.syncthreads()
    for epoch in range(losses.shape[1]):
        loss_share, penalty_share, weight_sum, batches = zero, zero, zero, zero
        for start in range(0, used, batch_size):
            n_samples = min(batch_size, used - start)
            for s in range(rank, n_samples, count):
                if bits >= 0:
                    rows[s] = gpu_row(start + s, x.shape[0], keys[replica, epoch], rounds, bits)
                else:
                    rows[s] = start + s
            cuda.syncthreads()
            gpu_load(
                rank, count, n_samples, layout[0, WIDTH], n_out, rows, x, y, classes, weights, loss, u_all, target, label,
                weight,
            )
            cuda.syncthreads()
            batch_weight = parameters.dtype.type(n_samples)
            if weighted:
                share = zero
                for s in range(rank, n_samples, count):
                    share += weight[s]
                batch_weight = gpu_sum(rank, count, share, room)
            if batch_weight == zero:
                continue
            gpu_propagate_3_1(rank, count, layout, activation, n_samples, theta, u_all, output, partial)
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_3_1(rank, count, layout, activation, n_samples, theta, gradient, u_all, output, room)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
                step += 1
        mean = gpu_sum(rank, count, loss_share, room) / weight_sum
        penalty = gpu_sum(rank, count, penalty_share, room) / batches
        if rank == 0:
            losses[replica, epoch] = mean
            penalties[replica, epoch] = penalty
        if not math.isfinite(mean):
            if rank == 0:
                alive[replica] = 0
            break
    if learning:
        for p in range(rank, size, count):
            parameters[replica, p] = theta[p]
            first[replica, p] = m[p]
            second[replica, p] = v[p]
        if rank == 0:
            steps[replica] = step


@kernel(192, 2)
def train_4_1(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each; one hidden layer, 4 inputs, 1 output(s); in shared memory alone.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
    parameters, first, second (replicas, n_parameters), steps (replicas,): updated in place, where `learning`
    alive (replicas,): 0 where a loss is no longer finite; such a training stands still
    places: where the parts of a block's storage begin, behind parameters, gradient and moments; the storage is dynamic
    shared memory if `inside`, else work[replica]; chosen, label_work (replicas, batch_size)
    losses, penalties (replicas, epochs): the weighted mean loss and the mean penalty of each epoch
    """
    replica = cuda.blockIdx.x
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    if alive[replica] == 0:
        return
    zero = parameters.dtype.type(0.0)
    one = parameters.dtype.type(1.0)
    size = parameters.shape[1]
    shared = cuda.shared.array(0, parameters.dtype)
    room = cuda.shared.array(REDUCTION_SLOTS, parameters.dtype)
    store = shared
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
    target, weight = space[places[3] :], space[places[4] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
    last = layout.shape[0] - 1
    n_out = layout[last, WIDTH]
    cuda.syncthreads()
    for epoch in range(losses.shape[1]):
        loss_share, penalty_share, weight_sum, batches = zero, zero, zero, zero
        for start in range(0, used, batch_size):
            n_samples = min(batch_size, used - start)
            for s in range(rank, n_samples, count):
                if bits >= 0:
                    rows[s] = gpu_row(start + s, x.shape[0], keys[replica, epoch], rounds, bits)
                else:
                    rows[s] = start + s
            cuda.syncthreads()
            gpu_load(
                rank, count, n_samples, layout[0, WIDTH], n_out, rows, x, y, classes, weights, loss, u_all, target, label,
                weight,
            )
            cuda.syncthreads()
            batch_weight = parameters.dtype.type(n_samples)
            if weighted:
                share = zero
                for s in range(rank, n_samples, count):
                    share += weight[s]
                batch_weight = gpu_sum(rank, count, share, room)
            if batch_weight == zero:
                continue
            gpu_propagate_4_1(rank, count, layout, activation, n_samples, theta, u_all, output, partial)
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_4_1(rank, count, layout, activation, n_samples, theta, gradient, u_all, output, room)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
                step += 1
        mean = gpu_sum(rank, count, loss_share, room) / weight_sum
        penalty = gpu_sum(rank, count, penalty_share, room) / batches
        if rank == 0:
            losses[replica, epoch] = mean
            penalties[replica, epoch] = penalty
        if not math.isfinite(mean):
            if rank == 0:
                alive[replica] = 0
            break
    if learning:
        for p in range(rank, size, count):
            parameters[replica, p] = theta[p]
            first[replica, p] = m[p]
            second[replica, p] = v[p]
        if rank == 0:
            steps[replica] = step


@kernel(192, 2)
def train_3_2(
    x_data, y_data, labels, weights, weighted, x_of, y_of, keys, rounds, bits, used, batch_size, layout, activation, loss,
    learning, penalised, strengths, shrunk, thresholds, optimizer, trainable, rates, decays, factors, settings,
    corrections, parameters, first, second, steps, alive, places, inside, work, chosen, label_work, losses, penalties,
):
    """Epochs of many trainings at once, one block for each; one hidden layer, 3 inputs, 2 output(s); in shared memory alone.

    Theorem: O.batch, O.epoch

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); x_of and
    y_of (replicas,) say which set is whose; not `weighted`: all weights are 1
    keys (replicas, epochs, at least `rounds`): of the order of samples on 2^bits rows; bits -1 keeps the rows as they are
    penalised (groups, 3), strengths (replicas, groups); shrunk (groups, 3), thresholds (replicas, groups)
    trainable (groups, 2), rates and decays (replicas, groups); factors (all steps,) of rates and thresholds
    corrections (all steps, 2); settings: BETA1, BETA2, ...
    parameters, first, second (replicas, n_parameters), steps (replicas,): updated in place, where `learning`
    alive (replicas,): 0 where a loss is no longer finite; such a training stands still
    places: where the parts of a block's storage begin, behind parameters, gradient and moments; the storage is dynamic
    shared memory if `inside`, else work[replica]; chosen, label_work (replicas, batch_size)
    losses, penalties (replicas, epochs): the weighted mean loss and the mean penalty of each epoch
    """
    replica = cuda.blockIdx.x
    rank = cuda.threadIdx.x
    count = cuda.blockDim.x
    if alive[replica] == 0:
        return
    zero = parameters.dtype.type(0.0)
    one = parameters.dtype.type(1.0)
    size = parameters.shape[1]
    shared = cuda.shared.array(0, parameters.dtype)
    room = cuda.shared.array(REDUCTION_SLOTS, parameters.dtype)
    store = shared
    theta, gradient = store[0:size], store[size : 2 * size]
    m, v = store[2 * size : 3 * size], store[3 * size : 4 * size]
    space = store[4 * size :]
    u_all, output, partial = space[places[0] :], space[places[1] :], space[places[2] :]
    target, weight = space[places[3] :], space[places[4] :]
    rows, label = chosen[replica], label_work[replica]
    x, y, classes = x_data[x_of[replica]], y_data[y_of[replica]], labels[y_of[replica]]
    for p in range(rank, size, count):
        theta[p] = parameters[replica, p]
        m[p] = first[replica, p]
        v[p] = second[replica, p]
    step = steps[replica]
    smoothing = zero
    if learning:
        smoothing = settings[SMOOTHING]
    last = layout.shape[0] - 1
    n_out = layout[last, WIDTH]
    cuda.syncthreads()
    for epoch in range(losses.shape[1]):
        loss_share, penalty_share, weight_sum, batches = zero, zero, zero, zero
        for start in range(0, used, batch_size):
            n_samples = min(batch_size, used - start)
            for s in range(rank, n_samples, count):
                if bits >= 0:
                    rows[s] = gpu_row(start + s, x.shape[0], keys[replica, epoch], rounds, bits)
                else:
                    rows[s] = start + s
            cuda.syncthreads()
            gpu_load(
                rank, count, n_samples, layout[0, WIDTH], n_out, rows, x, y, classes, weights, loss, u_all, target, label,
                weight,
            )
            cuda.syncthreads()
            batch_weight = parameters.dtype.type(n_samples)
            if weighted:
                share = zero
                for s in range(rank, n_samples, count):
                    share += weight[s]
                batch_weight = gpu_sum(rank, count, share, room)
            if batch_weight == zero:
                continue
            gpu_propagate_3_2(rank, count, layout, activation, n_samples, theta, u_all, output, partial)
            scale = one / batch_weight
            if loss != CROSS_ENTROPY:
                scale = one / (batch_weight * parameters.dtype.type(n_out))
            value = gpu_loss(rank, count, n_samples, n_out, loss, smoothing, output, target, label, weight, scale)
            loss_share += value * batch_weight
            weight_sum += batch_weight
            batches += one
            cuda.syncthreads()
            if learning:
                gpu_adjoint_3_2(rank, count, layout, activation, n_samples, theta, gradient, u_all, output, room)
                penalty_share += gpu_add_penalty(rank, count, penalised, strengths[replica], theta, gradient, room)
                gpu_limit_norm(rank, count, settings[CLIP_NORM], trainable, gradient, room)
                gpu_update(
                    rank, count, optimizer, trainable, rates[replica], decays[replica], factors[step], theta, gradient, m, v,
                    corrections[step, 0], corrections[step, 1], settings,
                )
                gpu_shrink(rank, count, shrunk, thresholds[replica], factors[step], theta, room)
                step += 1
        mean = gpu_sum(rank, count, loss_share, room) / weight_sum
        penalty = gpu_sum(rank, count, penalty_share, room) / batches
        if rank == 0:
            losses[replica, epoch] = mean
            penalties[replica, epoch] = penalty
        if not math.isfinite(mean):
            if rank == 0:
                alive[replica] = 0
            break
    if learning:
        for p in range(rank, size, count):
            parameters[replica, p] = theta[p]
            first[replica, p] = m[p]
            second[replica, p] = v[p]
        if rank == 0:
            steps[replica] = step
