"""The kernels of image networks against the definitions, exactly: small integers in float64, compared by `==`."""

from __future__ import annotations

import re
from typing import Any

import llvmlite.binding
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from spectral_core.backends.image_passes import adjoint_node, forward_node
from spectral_core.kernels.cpu import images as kernels
from spectral_core.kernels.support.image_layout import KINDS
from tests import oracles_images as oracle

LINK, MAX, MEAN = kernels.LINK, kernels.MAX, kernels.MEAN


def integers(generator: np.random.Generator, *shape: int) -> np.ndarray:
    return generator.integers(-3, 4, shape).astype(np.float64)


def window(taps: int, dilation: int, stride: int) -> tuple[int, int, int]:
    """Stride, dilation, padding (I1)."""
    return stride, dilation, dilation * (taps // 2)


def flat(planes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(planes.reshape(*planes.shape[:2], -1))


def adjoint_of(operation: Any, x: np.ndarray, bar: np.ndarray) -> np.ndarray:
    """Σ bar · operation(e) for each unit plane e: the adjoint of a linear map by its definition."""
    result = np.zeros_like(x)
    for at in np.ndindex(x.shape[2:]):
        unit = np.zeros((1, x.shape[1], *x.shape[2:]))
        unit[(0, slice(None), *at)] = 1
        result[(slice(None), slice(None), *at)] = (bar * operation(unit)).sum((2, 3))
    return result


def processor_features() -> str:
    """What Numba's compiler knows of this processor."""
    return llvmlite.binding.get_host_cpu_features().flatten()


SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7))


@settings(max_examples=25, deadline=None)
@given(
    SHAPES,
    st.sampled_from([3, 5]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_depthwise_and_pointwise_in_one(
    shape: tuple[int, int, int, int], taps: int, dilation: int, stride: int, receivers: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    _, channels, rows, columns = shape
    x, kernel = integers(generator, *shape), integers(generator, channels, taps, taps)
    weights, place = integers(generator, receivers, channels), window(taps, dilation, stride)
    middle = oracle.depthwise(x, kernel, place)
    truth = oracle.pointwise(middle, weights)
    one, zero = np.ones(channels), np.zeros(channels)
    z, flat_kernel = np.empty_like(flat(truth)), kernel.reshape(channels, -1)
    forward, adjoint = (
        (kernels.forward_window_3, kernels.adjoint_window_3),
        (kernels.forward_window_5, kernels.adjoint_window_5),
    )[taps == 5]
    forward(flat(x), rows, columns, dilation, stride, False, one, zero, flat_kernel, weights, z)
    assert (z == flat(truth)).all()

    bar = integers(generator, *truth.shape)
    dx, dkernel, dweights = np.ones_like(flat(x)), np.ones_like(flat_kernel), np.ones_like(weights)
    given = (one, zero, flat_kernel, weights, flat(bar), dx, dkernel, dweights)
    adjoint(flat(x), rows, columns, dilation, stride, False, *given)
    assert (dweights - 1 == np.einsum("soij,scij->oc", bar, middle)).all()
    back = oracle.pointwise(bar, weights.T)
    assert (dx - 1 == flat(adjoint_of(lambda e: oracle.depthwise(e, kernel, place), x, back))).all()
    for i, j in np.ndindex(taps, taps):
        unit = np.zeros_like(kernel)
        unit[:, i, j] = 1
        assert (dkernel[:, i * taps + j] - 1 == (back * oracle.depthwise(x, unit, place)).sum((0, 2, 3))).all()


@settings(max_examples=25, deadline=None)
@given(SHAPES, st.sampled_from([LINK, MAX, MEAN]), st.sampled_from([1, 2]), st.integers(0, 99))
def test_links_and_pools(shape: tuple[int, int, int, int], kind: int, stride: int, seed: int) -> None:
    """Few integers, so that many windows have several greatest values."""
    generator = np.random.default_rng(seed)
    samples, channels, rows, columns = shape
    x, place, ninth = integers(generator, *shape), window(3, 1, stride), 9 if kind == MEAN else 1
    x *= ninth
    operation = {
        LINK: lambda e: e[:, :, ::stride, ::stride],
        MAX: lambda e: oracle.max_pool(e, 3, place),
        MEAN: lambda e: oracle.mean_pool(e, 3, place),
    }[kind]
    value, factor, one, zero = operation(x), np.arange(1.0, samples + 1), np.ones(channels), np.zeros(channels)
    u = np.ones_like(flat(value))
    forward_node(kind, flat(x), rows, columns, stride, one, zero, factor, u)
    np.testing.assert_allclose(u - 1, flat(value) * factor[:, None, None], rtol=0, atol=1e-13 if kind == MEAN else 0)

    bar = integers(generator, *value.shape) * ninth
    dx = np.ones_like(flat(x))
    slope = adjoint_node(kind, flat(x), rows, columns, stride, one, zero, factor, factor, flat(bar), dx)
    if kind == MAX:
        truth = np.zeros_like(x)
        first = oracle.winners(x, 3, place)
        for s, c, i, j in np.ndindex(first.shape):
            row, column = divmod(int(first[s, c, i, j]), 3)
            truth[s, c, stride * i + row - 1, stride * j + column - 1] += bar[s, c, i, j]
    else:
        truth = adjoint_of(operation, x, bar)
    tolerance = 1e-12 if kind == MEAN else 0
    np.testing.assert_allclose(dx - 1, flat(truth) * factor[:, None, None], rtol=0, atol=tolerance)
    exact = (factor[:, None, None, None] * bar * value).sum()
    np.testing.assert_allclose(slope, exact, rtol=1e-12 if kind == MEAN else 0, atol=1e-9 if kind == MEAN else 0)


@settings(max_examples=15, deadline=None)
@given(SHAPES, st.integers(1, 3), st.integers(0, 99))
def test_stem(shape: tuple[int, int, int, int], receivers: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    _, channels, rows, columns = shape
    x, kernel = integers(generator, *shape), integers(generator, receivers, channels, 3, 3)
    truth = oracle.dense_convolution(x, kernel, (1, 1, 1))
    z = np.empty_like(flat(truth))
    kernels.forward_stem(flat(x), rows, columns, kernel.reshape(receivers, -1), z)
    assert (z == flat(truth)).all()
    bar, dkernel = integers(generator, *truth.shape), np.ones((receivers, 9 * channels))
    kernels.adjoint_stem(flat(x), rows, columns, flat(bar), dkernel)
    for at in np.ndindex(kernel.shape):
        unit = np.zeros_like(kernel)
        unit[at] = 1
        exact = (bar * oracle.dense_convolution(x, unit, (1, 1, 1))).sum()
        assert dkernel.reshape(kernel.shape)[at] - 1 == exact


@settings(max_examples=15, deadline=None)
@given(SHAPES, st.integers(1, 3), st.sampled_from([1, 2, 4]), st.integers(0, 99))
def test_pointwise_of_every_stride(shape: tuple[int, int, int, int], receivers: int, stride: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    _, channels, rows, columns = shape
    x, weights = integers(generator, *shape), integers(generator, receivers, channels)
    read = x[:, :, ::stride, ::stride]
    truth, one, zero = oracle.pointwise(read, weights), np.ones(channels), np.zeros(channels)
    z = np.empty_like(flat(truth))
    kernels.forward_pointwise(flat(x), rows, columns, stride, one, zero, weights, z)
    assert (z == flat(truth)).all()
    bar, dx, dweights = integers(generator, *truth.shape), np.ones_like(flat(x)), np.ones_like(weights)
    kernels.adjoint_pointwise(flat(x), rows, columns, stride, one, zero, weights, flat(bar), dx, dweights)
    exact = np.zeros_like(x)
    exact[:, :, ::stride, ::stride] = oracle.pointwise(bar, weights.T)
    assert (dx - 1 == flat(exact)).all()
    assert (dweights - 1 == np.einsum("soij,scij->oc", bar, read)).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("taps", "dilation"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_samples_in_one_scratch_plane_do_not_meet(taps: int, dilation: int, stride: int) -> None:
    """More samples than one scratch plane holds, and a last one that is not full: as each sample alone."""
    generator = np.random.default_rng(taps + dilation + stride)
    x, bar = integers(generator, 150, 2, 5, 4), integers(generator, 150, 2, -(-5 // stride), 4 // stride)
    kernel, weights = integers(generator, 2, taps * taps), integers(generator, 2, 2)
    forward, adjoint = (getattr(kernels, f"{way}_window_{taps}") for way in ("forward", "adjoint"))

    def run(samples: slice) -> list[np.ndarray]:
        given = (flat(x[samples]), 5, 4, dilation, stride, True, np.ones(2), np.ones(2), kernel, weights)
        z, dx, dkernel, dweights = (np.zeros_like(flat(one)) for one in (bar[samples], x[samples], kernel, weights))
        forward(*given, z)
        adjoint(*given, flat(bar[samples]), dx, dkernel.reshape(kernel.shape), dweights.reshape(2, 2))
        return [z, dx, dkernel, dweights]

    together, alone = run(slice(None)), [run(slice(k, k + 1)) for k in range(150)]
    for part in (0, 1):
        assert (together[part] == np.concatenate([one[part] for one in alone])).all()
    for part in (2, 3):
        assert (together[part] == sum(one[part] for one in alone)).all()
        assert together[part].any()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooled_samples_do_not_meet(kind: str, stride: int) -> None:
    generator, number = np.random.default_rng(stride), KINDS[kind]
    x, bar = integers(generator, 150, 2, 5, 4), 9 * integers(generator, 150, 2, -(-5 // stride), 4 // stride)

    def run(samples: slice) -> list[np.ndarray]:
        u, dx, ones = np.zeros_like(flat(bar[samples])), np.zeros_like(flat(x[samples])), np.ones(len(x[samples]))
        given = (number, flat(x[samples]), 5, 4, stride, np.ones(2), np.ones(2), ones)
        kernels.forward_pool(*given, u)
        slope = kernels.adjoint_pool(*given, ones, flat(bar[samples]), dx)
        return [u, dx, np.array([slope])]

    together, alone = run(slice(None)), [run(slice(k, k + 1)) for k in range(150)]
    for part in (0, 1):
        np.testing.assert_allclose(together[part], np.concatenate([one[part] for one in alone]), rtol=1e-13)
    assert together[2] == pytest.approx(sum(one[2] for one in alone))


@pytest.mark.skipif("+fma" not in processor_features(), reason="the processor has no fused multiply-add")
def test_loops_of_taps_hold_packed_multiply_adds() -> None:
    """Shifted reads by slices: an index that may be negative would stop the vectoriser."""
    x = np.ones((2, 2, 64), np.float32)
    ones, kernel = np.ones(2, np.float32), np.ones((2, 9), np.float32)
    # Compiled anew, since Numba shows no machine code that comes from its cache.
    settings = kernels.forward_window_3.targetoptions
    anew = njit(fastmath=settings["fastmath"], error_model=settings["error_model"])(kernels.forward_window_3.py_func)
    anew(x, 8, 8, 1, 1, True, ones, ones, kernel, np.eye(2, dtype=np.float32), np.empty_like(x))
    (text,) = anew.inspect_asm().values()
    packed = [line for line in text.splitlines() if re.search(r"\bvfn?madd\d+ps\b", line)]
    assert len(packed) >= 9
