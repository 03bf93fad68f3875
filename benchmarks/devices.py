"""Exported networks on emulated Cortex-M3 and M0 beside emlearn and emx-onnx-cgen: bytes, memory, stack, instructions.

`python -m benchmarks devices [--peers PYTHON] [--results DIR]`: PYTHON has emlearn 0.23.2 and emx-onnx-cgen 1.4.0 (an
environment of its own; the extra `chips` names them); DIR holds results of `spectral-core search NAME --out DIR/NAME`, as far as they are there. Writes devices.md.
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chips.emulated import (
    CORES,
    INSTRUCTION,
    LINKED,
    Case,
    Core,
    built,
    emulated,
    linked_bytes,
    stack_bytes,
    values,
)
from benchmarks.chips.networks import HIDDEN, Measured, found, of_sklearn
from benchmarks.table import between_markers, write
from spectral_core.exchange.c import c_source, form_of
from spectral_core.exchange.c_int8 import IntegerForm
from spectral_core.exchange.calibration import predicted

HOME = Path(__file__).parent
SAMPLES = 40
PEERS = {
    "emlearn": '#include "emlearn.h"\nvoid peer_call(const float *x, float *out);\n'
    "void peer_call(const float *x, float *out) {{ {call}; }}\n",
    "emx": '#include "emx.c"\nvoid peer_call(const float *x, float *out);\n'
    "void peer_call(const float *x, float *out) {{ peer((const float (*)[{inputs}])x, (float (*)[{outputs}])out); }}\n",
}

STEP = """void n_step(const float *x, float *y)
{{
    static const float target[N_OUTPUTS] = {{0.0f}};
    (void)target;
    n_train(x, {label}, 0.001f, 1);
    *y = 0.0f;
}}
"""
"""What calls a step of an exported file, as the other functions are called."""


def measure(arguments: list[str] | None = None) -> list[dict[str, Any]]:
    """Rows of the table; written to devices.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks devices", description=__doc__)
    parser.add_argument("--peers", metavar="PYTHON", help="the Python with emlearn and emx-onnx-cgen")
    parser.add_argument("--results", type=Path, metavar="DIR", help="results of searches, by name of the data")
    options = parser.parse_args(arguments or [])
    rows = []
    stored = [name for name in HIDDEN if options.results and (options.results / name / "sizes.npz").exists()]
    networks = [*map(of_sklearn, HIDDEN), *(found(name, options.results) for name in stored)]
    if "digits" in stored:
        networks.append(found("digits", options.results, weights=400))
    for network in networks:
        rows += list(rows_of(network, options.peers))
    page = (HOME / "devices.md").read_text(encoding="utf-8")
    table = f"Measured {datetime.date.today().isoformat()}.\n\n{as_markdown(rows)}"
    write(HOME / "devices.md", between_markers(page, "figures", table))
    return rows


def rows_of(network: Measured, peers: str | None) -> Iterator[dict[str, Any]]:
    """Every form of one network on both chips."""
    classifies = network.model.task == "classification"
    x = np.ascontiguousarray(network.test[0][:SAMPLES], np.float32)
    score = network.model.score(*network.test)
    calls = ("class", "predict") if classifies else ("raw",)
    outputs = network.model.network.widths[-1]
    for call in calls:
        source = c_source(network.model, name="n")
        yield row(network.name, f"ours, {call}", score, Case("n", source, f"n_{call}", x, outputs))
    form = form_of(network.model, int8=True, calibration=network.training[0])
    assert isinstance(form, IntegerForm)
    source = c_source(network.model, int8=True, calibration=network.training[0], name="n")
    whole = form.net.inputs(x).astype(np.int16)
    ours, truth = predicted(network.model, form.net, network.test[0]), network.test[1]
    own = np.mean(ours == truth) if classifies else 1 - np.square(ours - truth).mean() / truth.var()
    yield row(
        network.name, f"ours, int8, {calls[0]}", float(own), Case("n", source, f"n_{calls[0]}", whole, outputs, False)
    )
    label = "0" if classifies else "target"
    source = c_source(network.model, trainable=True, name="n") + STEP.format(label=label)
    yield row(network.name, "ours, a step of training", None, Case("n", source, "n_step", x, 1))
    if peers and network.layers:
        yield from _of_peers(network, peers, x, classifies)


def _of_peers(network: Measured, python: str, x: np.ndarray, classifies: bool) -> Iterator[dict[str, Any]]:
    """The files of the peers, included by a file that calls them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = {f"w{i}": w for i, (w, _) in enumerate(network.layers)} | {
            f"b{i}": b for i, (_, b) in enumerate(network.layers)
        }
        np.savez(folder / "n.npz", activation=network.activation, classifies=classifies, **stored)
        # emlearn compiles in the folder where it runs.
        command = [Path(python).absolute(), HOME / "chips" / "peers.py", folder / "n.npz", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # what goes wrong is seen
        where = "import emlearn, os; print(os.path.dirname(emlearn.__file__))"
        include = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
        inputs, outputs = network.layers[0][0].shape[0], network.layers[-1][0].shape[1]
        calls = ["emlearn class" if classifies else "emlearn value", "emx proba" if classifies else "emx value"]
        for title in calls:
            peer = title.split()[0]
            call = f"*out = (float)peer_predict(x, {inputs})" if classifies else f"*out = peer_regress1(x, {inputs})"
            source = PEERS[peer].format(call=call, inputs=inputs, outputs=outputs)
            case = Case("peer", source, "peer_call", x, 1 if peer == "emlearn" else outputs)
            yield row(network.name, title, None, case, (f"-I{folder}", f"-I{include}"), ("-lm",))


def row(
    name: str,
    form: str,
    score: float | None,
    case: Case,
    include: tuple[str, ...] = (),
    libraries: tuple[str, ...] = (),
) -> dict[str, Any]:
    """One line: bytes, memory and instructions on M3 and M0."""
    result: dict[str, Any] = {"network": name, "form": form, "score": score}
    for core in CORES[:2]:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            result[f"{core.name} bytes"] = linked_bytes(home, [case], core, include, libraries)
            result[f"{core.name} stack"] = stack_bytes(home, case, core, include)
            result[f"{core.name} instructions"] = instructions(home, case, core, include, libraries)
    return result


def instructions(folder: Path, case: Case, core: Core, include: tuple[str, ...], libraries: tuple[str, ...]) -> int:
    """Instructions of one call, the mean over the samples."""
    program = built(folder / "run", [case], "arm-none-eabi-gcc", (*core.flags, *LINKED, *include), True, libraries)
    _, ticks = values(emulated(program, core), [case])
    return round(ticks * core.tick / INSTRUCTION / len(case.samples))


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The table of the page."""
    names = [name for name in rows[0] if name not in ("network", "form", "score")]
    head = ["network", "form", "test score", *names]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * 3}{'--:|' * len(names)}"]
    for one in rows:
        score = "" if one["score"] is None else f"{one['score']:.4f}"
        lines.append(
            f"| {one['network']} | {one['form']} | {score} | {' | '.join(f'{one[name]:,}' for name in names)} |"
        )
    return "\n".join(lines)
