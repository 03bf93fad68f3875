"""The kernels of image networks agree with the definitions, and a kernel with one wrong number does not."""

from __future__ import annotations

from typing import Any

import pytest

from derivations import verify
from derivations.codegen.cpu import images
from derivations.recheck import exact_images
from derivations.recheck.exact_comparison import run
from derivations.recheck.exact_images import IMAGE_CHECKS
from spectral_core.kernels.cpu import images as kernels

# A kernel, the places of what it computes among its arguments, -1 for what it returns.
RESULTS = [
    *((f"forward_{name}", at) for name, at in (("window_3", 10), ("window_5", 10), ("stem", 4), ("pointwise", 7), ("link", 7), ("pool", 8))),
    *((f"adjoint_{name}", at) for name in ("window_3", "window_5") for at in (11, 12, 13)),
    ("adjoint_stem", 4), ("adjoint_pointwise", 8), ("adjoint_pointwise", 9),
    ("adjoint_link", 9), ("adjoint_link", -1), ("adjoint_pool", 10), ("adjoint_pool", -1),
    ("forward_tower", 7), ("forward_tower", 8), ("adjoint_tower", 5), ("adjoint_tower", 6), ("adjoint_tower", 7),
    ("forward_norm", 5), ("forward_norm", 6), ("forward_norm", 7), ("adjoint_norm", 1), ("adjoint_norm", 3), ("adjoint_norm", 4),
    ("clamp", 0), ("keep_norms", 0),
]  # fmt: skip


def test_every_kernel_that_python_calls_has_a_check() -> None:
    dispatchers = {name: value for name, value in vars(kernels).items() if hasattr(value, "py_func")}
    called = {name for name, kernel in dispatchers.items() if not kernel.targetoptions.get("forceinline")}
    called |= {"clamp"}  # which is inlined nowhere, as it is called between steps
    assert {*IMAGE_CHECKS} == called == {name for name, _ in RESULTS}
    # All other functions that are printed from programs stand inside of these.
    inside = {name for kernel in called for name in dispatchers[kernel].py_func.__code__.co_names}
    inside |= {name for other in inside & {*dispatchers} for name in dispatchers[other].py_func.__code__.co_names}
    assert {*images.functions()} <= called | inside


@pytest.mark.parametrize("name", IMAGE_CHECKS)
def test_the_kernel_agrees_with_the_definition(name: str) -> None:
    for seed in (0, 1):
        evidence = run(name, IMAGE_CHECKS[name], seed)
        assert evidence.failure is None
        assert evidence.equalities + evidence.approximations > 10


@pytest.mark.parametrize(("name", "place"), RESULTS)
def test_a_kernel_with_one_wrong_number_is_noticed(name: str, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(kernels, name)

    def wrong(*arguments: Any) -> Any:
        result = right(*arguments)
        if place < 0:
            return result + 1
        arguments[place].ravel()[-1] += 2.0**-6
        return result

    monkeypatch.setattr(kernels, name, wrong)
    assert run(name, IMAGE_CHECKS[name], 0).failure is not None


def test_verify_runs_the_kernels_of_image_networks_and_says_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    right = kernels.forward_pointwise
    monkeypatch.setattr(kernels, "forward_pointwise", lambda *arguments: (right(*arguments), arguments[-1].fill(0)))
    said: list[str] = []
    rows = verify._image_kernels(said.append)
    assert [row["kernel"] for row in rows] == [*IMAGE_CHECKS]
    assert [row["kernel"] for row in rows if row["failure"]] == ["forward_pointwise"]
    assert any("z, stride 1" in line for line in said)
    assert exact_images.cpu is kernels
