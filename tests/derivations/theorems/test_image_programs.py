"""The programs of image networks, run on whole numbers, against the definitions window by window."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.theorems.images import (
    batch_norm,
    convolution,
    evaluation,
    gates,
    geometry,
    max_pool,
    mean_pool,
    pointwise,
    sample_gradients,
    statistics,
    towers,
)
from tests import oracles_images as oracle
from tests.derivations.image_programs import run


@st.composite
def cases(
    draw: Callable[..., Any],
    taps: tuple[int, ...] = (1, 3),
    strides: tuple[int, ...] = (1, 2),
    dilations: tuple[int, ...] = (1, 2),
) -> dict[str, Any]:
    """Whole numbers on small planes, 1 × 1 and H != W among them, with many equal ones."""
    samples, channels, receivers = (draw(st.integers(1, 2)) for _ in range(3))
    rows, columns = draw(st.sampled_from([(1, 1), (2, 2), (3, 5), (4, 3), (1, 4)]))
    k, t, d = draw(st.sampled_from(taps)), draw(st.sampled_from(strides)), draw(st.sampled_from(dilations))
    p = d * (k - 1) // 2
    seed = draw(st.integers(0, 2**20))
    numbers = np.random.default_rng(seed)

    def whole(*shape: int) -> np.ndarray:
        return numbers.integers(-2, 3, shape).astype(object)

    out = oracle.output_size(rows, k, t, d, p), oracle.output_size(columns, k, t, d, p)
    return {
        "x": whole(samples, channels, rows, columns), "w": whole(channels, k, k), "W": whole(receivers, channels),
        "kernel": whole(receivers, channels, k, k), "dy": whole(samples, channels, *out),
        "window": (t, d, p), "taps": k, "whole": whole,
        "scalars": {"stride": t, "dilation": d, "padding": p, "taps": k},
        "sizes": {
            "s": samples, "c": channels, "o": receivers, "r": rows, "q": columns, "i": out[0], "j": out[1], "rho": k,
            "kappa": k, "e": t, "g": t, "a": -(-rows // t), "b": -(-columns // t),
        },
    }  # fmt: skip


def dot(left: np.ndarray, right: np.ndarray) -> Any:
    assert left.shape == right.shape
    return (left * right).sum()


def same(left: Any, right: Any) -> None:
    assert np.shape(left) == np.shape(right)
    assert (np.asarray(left) == np.asarray(right)).all()


def of(case: dict[str, Any], program: Any, **arrays: Any) -> dict[str, np.ndarray]:
    return run(
        program,
        {**{name: case[name] for name in ("x", "w", "W", "kernel", "dy")}, **arrays},
        case["scalars"],
        case["sizes"],
    )


def split(x: np.ndarray, stride: int) -> np.ndarray:
    """Phases by slices, padded to one size."""
    rows, columns = (-(-n // stride) for n in x.shape[-2:])
    result = np.zeros((*x.shape[:2], stride, stride, rows, columns), dtype=object)
    for e in range(stride):
        for g in range(stride):
            part = x[:, :, e::stride, g::stride]
            result[:, :, e, g, : part.shape[2], : part.shape[3]] = part
    return result


@settings(max_examples=12, deadline=None)
@given(cases())
def test_depthwise_in_all_forms(case: dict[str, Any]) -> None:
    """Values and both adjoint identities, `==` on whole numbers: ⟨op x, ȳ⟩ = ⟨x, x̄⟩ = ⟨w, w̄⟩."""
    truth = oracle.depthwise(case["x"], case["w"], case["window"])
    same(of(case, convolution.DEPTHWISE)["y"], truth)
    phases = of(case, convolution.PHASES)["x_phase"]
    same(phases, split(case["x"], case["window"][0]))
    same(of(case, convolution.DEPTHWISE_PHASES, x_phase=phases)["y"], truth)
    value = dot(truth, case["dy"])
    for program, arrays in (
        (convolution.DEPTHWISE_WEIGHTS, {}),
        (convolution.DEPTHWISE_PHASES_WEIGHTS, {"x_phase": phases}),
    ):
        assert dot(case["w"], of(case, program, **arrays)["dw"]) == value
    d_phase = of(case, convolution.DEPTHWISE_PHASES_ADJOINT)["dx_phase"]
    joined = of(case, convolution.PHASES_JOINED, dx_phase=d_phase)["dx"]
    assert dot(case["x"], joined) == value
    if case["window"][0] == 1:
        same(of(case, convolution.DEPTHWISE_ADJOINT)["dx"], joined)


@settings(max_examples=12, deadline=None)
@given(cases())
def test_pointwise_stem_and_subsampling(case: dict[str, Any]) -> None:
    z = oracle.pointwise(case["x"], case["W"])
    same(of(case, pointwise.POINTWISE)["z"], z)
    dz = case["whole"](*z.shape)
    assert dot(case["x"], of(case, pointwise.POINTWISE_ADJOINT, dz=dz)["dx"]) == dot(z, dz)
    assert dot(case["W"], of(case, pointwise.POINTWISE_WEIGHTS, dz=dz)["dW"]) == dot(z, dz)
    out = oracle.dense_convolution(case["x"], case["kernel"], case["window"])
    same(of(case, pointwise.STEM)["out"], out)
    dout = case["whole"](*out.shape)
    assert dot(case["kernel"], of(case, pointwise.STEM_WEIGHTS, dout=dout)["dkernel"]) == dot(out, dout)
    patches = of(case, pointwise.PATCHES)["patch"]
    same(np.einsum("ocab,scabij->soij", case["kernel"], patches), out)
    stride = case["window"][0]
    every = case["x"][:, :, ::stride, ::stride]
    same(of(case, pointwise.SUBSAMPLE)["y"], every)
    assert dot(case["x"], of(case, pointwise.SUBSAMPLE_ADJOINT)["dx"]) == dot(every, case["dy"])


@settings(max_examples=12, deadline=None)
@given(cases(taps=(3,), dilations=(1,)))
def test_pools_with_many_equal_numbers(case: dict[str, Any]) -> None:
    """Exact: fractions for the mean; every window gives its bar away once, to the first of its greatest."""
    phases = of(case, convolution.PHASES)["x_phase"]
    mean = oracle.mean_pool(case["x"], 3, case["window"])
    exact = {"taps": Fraction(3)}
    case["scalars"] |= {"taps": 3}
    for program, arrays in ((mean_pool.MEAN_POOL, {}), (mean_pool.MEAN_POOL_PHASES, {"x_phase": phases})):
        assert np.allclose(of(case, program, **arrays)["y"].astype(float), mean.astype(float), rtol=0, atol=1e-14)
    assert exact
    ones = oracle.depthwise(np.ones_like(case["x"]), np.ones_like(case["w"]), case["window"])[0, 0]
    inner = of(case, mean_pool.MEAN_POOL_INSIDE, number=ones)["y"]
    assert np.allclose((inner * ones).astype(float), (9 * mean).astype(float), rtol=0, atol=1e-13)
    same(of(case, max_pool.MAX_POOL)["y"], oracle.max_pool(case["x"].astype(float), 3, case["window"]))
    winner = of(case, max_pool.MAX_POOL_WINNER)["winner"]
    same(winner, oracle.winners(case["x"].astype(float), 3, case["window"]))
    d_phase = of(case, max_pool.MAX_POOL_PHASES_ADJOINT, winner=winner)["dx_phase"]
    joined = of(case, convolution.PHASES_JOINED, dx_phase=d_phase)["dx"]
    truth, stride = np.zeros_like(case["x"]), case["window"][0]
    for at in np.ndindex(winner.shape):
        s, c, i, j = at
        down, right = divmod(winner[at], 3)
        truth[s, c, stride * i + down - 1, stride * j + right - 1] += case["dy"][at]
    same(joined, truth)
    if stride == 1:
        same(of(case, max_pool.MAX_POOL_ADJOINT, winner=winner)["dx"], truth)
        backward = of(case, mean_pool.MEAN_POOL_ADJOINT)["dx"]
        assert float(dot(case["x"], backward)) == pytest.approx(float(dot(mean, case["dy"])), abs=1e-12)
    backward = of(case, mean_pool.MEAN_POOL_PHASES_ADJOINT)["dx_phase"]
    assert float(dot(phases, backward)) == pytest.approx(float(dot(mean, case["dy"])), abs=1e-12)


@settings(max_examples=12, deadline=None)
@given(cases(strides=(1,)))
def test_flat_planes(case: dict[str, Any]) -> None:
    """Value, adjoint with the turned kernel, gradient and greatest on one flat scratch plane."""
    x, kernel, bars = case["x"][0, 0], case["w"][0], case["dy"][0, 0]
    _, d, p = case["window"]
    rows, columns = x.shape
    pitch, every = columns + 2 * p, rows * (columns + 2 * p) - 2 * p
    scalars = case["scalars"] | {"pitch": pitch}
    sizes = case["sizes"] | {"position": every}
    places = np.array([[r * pitch + q for q in range(columns)] for r in range(rows)])

    def flat(plane: np.ndarray) -> np.ndarray:
        return oracle.padded(plane, p, 0).ravel()

    value = run(geometry.FLAT, {"flat": flat(x), "kernel": kernel}, scalars, sizes)["result"]
    truth = oracle.depthwise(case["x"], case["w"], case["window"])[0, 0]
    same(value[places], truth)
    back = run(geometry.FLAT, {"flat": flat(bars), "kernel": kernel[::-1, ::-1]}, scalars, sizes)["result"]
    assert dot(back[places], x) == dot(truth, bars)
    held = np.zeros(every, dtype=object)
    held[places] = bars
    gradient = run(geometry.FLAT_WEIGHTS, {"flat": flat(x), "dflat": held}, scalars, sizes)["dkernel"]
    assert dot(gradient, kernel) == dot(truth, bars)
    if d == 1:
        low = oracle.padded(x.astype(float), p, -np.inf).ravel()
        best = run(geometry.FLAT_GREATEST, {"flat": low}, scalars, sizes)["result"]
        same(best[places], oracle.max_pool(case["x"].astype(float), case["taps"], case["window"])[0, 0])


@settings(max_examples=12, deadline=None)
@given(cases())
def test_flat_phases(case: dict[str, Any]) -> None:
    """Every stride on flat scratch planes, one for each phase: value, adjoint and gradient."""
    x, kernel, bars = case["x"][:1, :1], case["w"][0], case["dy"][0, 0]
    stride, _, border = case["window"]
    phases = split(x, stride)[0, 0]
    pitch = phases.shape[-1] + 2 * border
    places = np.array([[r * pitch + q for q in range(bars.shape[1])] for r in range(bars.shape[0])])
    held = np.array([[oracle.padded(plane, border, 0).ravel() for plane in row] for row in phases])
    scalars = case["scalars"] | {"pitch": pitch, "border": border}
    sizes = case["sizes"] | {"position": phases.shape[-2] * pitch}
    value = run(geometry.FLAT_PHASES, {"flat_phase": held, "kernel": kernel}, scalars, sizes)["result"]
    truth = oracle.depthwise(x, case["w"][:1], case["window"])[0, 0]
    same(value[places], truth)
    plain = np.zeros(sizes["position"], dtype=object)
    plain[places] = bars
    arrays = {"flat_phase": held, "dflat": plain}
    gradient = run(geometry.FLAT_PHASES_WEIGHTS, arrays, scalars, sizes)["dkernel"]
    assert dot(gradient, kernel) == dot(truth, bars)
    around = np.zeros((phases.shape[-2] + 2 * border, pitch), dtype=object)
    around[border : border + bars.shape[0], border : border + bars.shape[1]] = bars
    given_back = {"dflat": around.ravel(), "kernel": kernel}
    back = run(geometry.FLAT_PHASES_ADJOINT, given_back, scalars, sizes)["dflat_phase"]
    inside = back.reshape(stride, stride, phases.shape[-2], pitch)[..., : phases.shape[-1]]
    assert dot(inside, phases) == dot(truth, bars)


def by_complex_step(value: Callable[[np.ndarray], Any], at: np.ndarray) -> np.ndarray:
    """The gradient of a number."""
    result = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[place] += 1j * oracle.STEP
        result[place] = np.imag(value(moved)) / oracle.STEP
    return result


@pytest.mark.parametrize("shape", [(2, 2, 1, 1), (2, 1, 3, 5), (1, 3, 2, 2)])
@pytest.mark.parametrize("constant", [False, True])
def test_batch_norm_against_complex_steps(shape: tuple[int, ...], constant: bool) -> None:
    """Two values a channel, and constant channels with variance 0, among them."""
    numbers = np.random.default_rng(sum(shape))
    x = np.full(shape, 0.7) if constant else numbers.normal(size=shape)
    gamma, beta, bars = numbers.normal(size=shape[1]), numbers.normal(size=shape[1]), numbers.normal(size=shape)
    held: dict[str, Any] = {"x": x, "gamma": gamma, "beta": beta, "dnormed": bars}
    sizes = dict(zip("scrq", shape, strict=True))
    scalars = {"count": shape[0] * shape[2] * shape[3], "epsilon": 1e-3}
    programs = (batch_norm.SUMS, batch_norm.COEFFICIENTS, batch_norm.VALUE, batch_norm.ADJOINT_SUMS,
                batch_norm.ADJOINT_COEFFICIENTS, batch_norm.ADJOINT)  # fmt: skip
    for program in programs:
        held |= {name: np.asarray(array, dtype=float) for name, array in run(program, held, scalars, sizes).items()}
    assert held["normed"] == pytest.approx(oracle.normalise(x, gamma, beta, 1e-3), abs=1e-12)
    for name in ("x", "gamma", "beta"):
        given = {"x": x, "gamma": gamma, "beta": beta}

        def loss(moved: np.ndarray, name: str = name, given: dict[str, np.ndarray] = given) -> Any:
            own = {**given, name: moved}
            return (oracle.normalise(own["x"], own["gamma"], own["beta"], 1e-3) * bars).sum()

        assert held[f"d{name}"] == pytest.approx(by_complex_step(loss, given[name]), abs=1e-11), name
    assert held["dx"].sum((0, 2, 3)) == pytest.approx(np.zeros(shape[1]), abs=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.fractions(-5, 5, max_denominator=7), min_size=2, max_size=8), st.data())
def test_statistics_of_two_parts_are_exact(values: list[Fraction], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(values) - 1))

    def part(numbers: list[Fraction]) -> tuple[Fraction, Fraction]:
        mean = sum(numbers, Fraction(0)) / len(numbers)
        return mean, sum(((v - mean) ** 2 for v in numbers), Fraction(0))

    (mean_a, squares_a), (mean_b, squares_b), truth = part(values[:cut]), part(values[cut:]), part(values)
    arrays = {"mean_a": [mean_a], "squares_a": [squares_a], "mean_b": [mean_b], "squares_b": [squares_b]}
    held = {name: np.array(a, dtype=object) for name, a in arrays.items()}
    got = run(statistics.MERGE, held, {"count_a": cut, "count_b": len(values) - cut}, {"c": 1})
    assert (got["mean"][0], got["squares"][0]) == truth


def test_relu_mask_gate_and_drop_path_on_numbers() -> None:
    numbers = np.random.default_rng(3)
    shape = (3, 2, 2, 3)
    sizes = dict(zip("scrq", shape, strict=True))
    x, bars = (numbers.integers(-2, 3, shape).astype(object) for _ in range(2))
    scale, shift = np.array([1, -2], dtype=object), np.array([0, 1], dtype=object)
    inner = oracle.per_channel(scale) * x + oracle.per_channel(shift)
    assert (inner == 0).any()
    same(run(evaluation.LOAD, {"x": x, "scale": scale, "shift": shift}, {}, sizes)["held"], np.maximum(inner, 0))
    held = {"x": x, "scale": scale, "shift": shift, "dheld": bars}
    same(run(evaluation.LOAD_ADJOINT, held, {}, sizes)["dnormed"], np.where(inner > 0, bars, 0))
    for gate in (0, 1):
        got = run(gates.GATE_ADJOINT, {"given": x, "dpassed": bars}, {"gate": gate}, sizes)
        assert got["dgate"] == (x * bars).sum()
        same(got["dgiven"], gate * bars)
        same(run(gates.GATE, {"given": x}, {"gate": gate}, sizes)["passed"], gate * x)
    kept = np.array([1, 0, 1], dtype=object)
    dropped = run(gates.DROP_PATH, {"given": x, "kept": kept}, {"keep": Fraction(1, 2)}, sizes)["passed"]
    same(dropped, 2 * x * kept[:, np.newaxis, np.newaxis, np.newaxis])


def test_means_towers_and_gradients_of_samples_on_numbers() -> None:
    numbers = np.random.default_rng(4)
    x = numbers.integers(-3, 4, (2, 3, 2, 2)).astype(object)
    sizes = {"s": 2, "c": 3, "o": 4, "r": 2, "q": 2}
    pooled = run(towers.GLOBAL_MEAN, {"x": x}, {"rows": 2, "columns": 2}, sizes)["pooled"]
    assert pooled.astype(float) == pytest.approx(x.astype(float).mean((2, 3)))
    weights, bias = (numbers.integers(-3, 4, shape).astype(object) for shape in ((4, 3), (4,)))
    bars = numbers.integers(-3, 4, (2, 4)).astype(object)
    same(
        run(towers.TOWER, {"pooled": pooled, "V": weights, "bias": bias}, {}, sizes)["logits"],
        pooled @ weights.T + bias,
    )
    got = run(towers.TOWER_ADJOINT, {"pooled": pooled, "V": weights, "dlogits": bars}, {}, sizes)
    same(got["dV"], bars.T @ pooled)
    same(got["dbias"], bars.sum(0))
    same(got["dpooled"], bars @ weights)
    (samples,) = [p for p in sample_gradients.APART if p.name == "tower_bias_samples"]
    rows = run(samples, {"pooled": pooled, "dlogits": bars}, {}, sizes)
    same(rows["dV_samples"], bars[:, :, np.newaxis] * pooled[:, np.newaxis])
    same(rows["dV_samples"].sum(0), got["dV"])
