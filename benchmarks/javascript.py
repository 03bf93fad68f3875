"""Exported JavaScript modules beside sklearn-porter's template and beside one line for each neuron: bytes, and time in Node.

`python -m benchmarks javascript [--out FILE]`: scikit-learn's MLPs on digits, wine, breast_cancer and a sensor-like regression,
standardisation folded into the first layer; digits also with its largest weights alone. The same networks go into all files. The
template is that of sklearn-porter 0.7.4 (`peers/sklearn_porter_mlp.js.txt`, licence beside it), filled
as its own code does, since that cannot be imported with today's scikit-learn. It knows classifiers only.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import Row, row
from benchmarks.table import write
from spectral_core import SpectralNetwork, compact
from spectral_core.exchange import from_sklearn
from spectral_core.exchange.javascript import javascript

TEMPLATE = Path(__file__).parent / "peers" / "sklearn_porter_mlp.js.txt"
TIMER = """
const rows = JSON.parse(process.argv[2]), files = process.argv.slice(3), made = [];
for (const file of files) made.push((await import(file)).timed);
const times = files.map(() => []);
// Time of the processor, since other work may run beside.
const used = () => process.cpuUsage().user;
for (let turn = 0; turn < 9; turn++) made.forEach((timed, k) => {
    let sum = 0, count = 0;
    const start = used(), end = start + 80000;
    do { for (let n = 0; n < 20; n++) for (const row of rows) sum += timed(row); count += 20 * rows.length; } while (used() < end);
    times[k].push((used() - start) / count);
});
console.log(JSON.stringify(times.map(t => t.slice(2).sort((a, b) => a - b)[3])));
"""


@dataclass(frozen=True)
class Case:
    """A network as scikit-learn has it, standardisation folded in, and rows to predict."""

    name: str
    model: Any
    x: np.ndarray

    @property
    def classifier(self) -> bool:
        return hasattr(self.model, "classes_")


def cases() -> Iterator[Case]:
    """The networks of the page."""
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    generator = np.random.default_rng(0)
    sensor = generator.uniform(-1, 1, (600, 6))
    answer = sensor[:, 0] * sensor[:, 1] + np.sin(2 * sensor[:, 2]) + 0.1 * sensor[:, 3]
    tasks = [
        ("digits 64-20-10 relu", *load_digits(return_X_y=True), MLPClassifier((20,), max_iter=300, random_state=0)),
        ("wine 13-10-3 relu", *load_wine(return_X_y=True), MLPClassifier((10,), max_iter=1500, random_state=0)),
        (
            "breast_cancer 30-8-1 relu",
            *load_breast_cancer(return_X_y=True),
            MLPClassifier((8,), max_iter=1500, random_state=0),
        ),
        (
            "sensor 6-16-1 tanh",
            sensor,
            answer,
            MLPRegressor(hidden_layer_sizes=(16,), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0),
        ),
    ]
    for name, x, y, model in tasks:
        mean, deviation = x.mean(axis=0), x.std(axis=0)
        deviation[deviation == 0] = 1
        model.fit((x - mean) / deviation, y)
        model.intercepts_[0] = model.intercepts_[0] - (mean / deviation) @ model.coefs_[0]
        model.coefs_[0] = model.coefs_[0] / deviation[:, None]
        yield Case(name, model, x[:40])
        if name.startswith("digits"):
            for count in (400, 74):
                yield Case(f"digits, {count} weights", largest(model, deviation, count), x[:40])


def largest(model: Any, deviation: np.ndarray, count: int) -> Any:
    """A copy with its largest weights of standardised data alone; not trained again, since bytes and time are asked for."""
    from copy import deepcopy

    cut = deepcopy(model)
    sizes = [np.abs(cut.coefs_[0] * deviation[:, None]), *map(np.abs, cut.coefs_[1:])]
    least = np.sort(np.concatenate([size.ravel() for size in sizes]))[-count]
    cut.coefs_ = [np.where(size >= least, w, 0.0) for size, w in zip(sizes, cut.coefs_, strict=True)]
    return cut


# --- the files --------------------------------------------------------------------------------------------------------


def ours(case: Case) -> str:
    """The exported module in float32."""
    predictor = from_sklearn(case.model)
    net = predictor.network
    single = SpectralNetwork(
        blocks=net.blocks, activation=net.activation, bias=True, parametrization="direct", dtype="float32"
    )
    sparse = any(not w.all() for w in case.model.coefs_)
    return javascript(replace(predictor, network=compact(single) if sparse else single, feature_names=()))


def porter(case: Case, digits: str = "float64") -> str:
    """The template of sklearn-porter as its code fills it; `digits` float32: with the shortest decimals of float32 numbers."""

    def said(value: Any) -> str:
        return repr(float(value)) if digits == "float64" else str(np.float32(value))

    def array(parts: Sequence[str]) -> str:
        return f"[{', '.join(parts)}]"

    weights = array([array([array([said(w) for w in sender]) for sender in layer]) for layer in case.model.coefs_])
    bias = array([array([said(b) for b in layer]) for layer in case.model.intercepts_])
    return TEMPLATE.read_text(encoding="utf-8").format(
        class_name="MLPClassifier",
        method_name="predict",
        n_features=case.model.coefs_[0].shape[0],
        hidden_activation=case.model.activation,
        output_activation=case.model.out_activation_,
        layers=f"layers = {array([str(len(layer)) for layer in case.model.intercepts_])};",
        weights=f"weights = {weights};",
        bias=f"bias = {bias};",
    )


def unrolled(case: Case) -> str:
    """One line for each neuron, in float64, as m2cgen writes other models; weights of 0 are left out."""
    lines, inputs = ["export function raw(x){"], [f"x[{k}]" for k in range(case.model.coefs_[0].shape[0])]
    last = len(case.model.coefs_) - 1
    for number, (w, b) in enumerate(zip(case.model.coefs_, case.model.intercepts_, strict=True)):
        names = []
        for k, bias in enumerate(b):
            terms = [f"{float(w[j, k])!r}*{name}" for j, name in enumerate(inputs) if w[j, k]]
            total = "+".join([repr(float(bias)), *terms]).replace("+-", "-")
            function = (
                {"relu": "Math.max(0,{})", "tanh": "Math.tanh({})"}[case.model.activation] if number < last else "{}"
            )
            names.append(f"h{number}_{k}")
            lines.append(f"let {names[-1]}={function.format(total)};")
        inputs = names
    return "\n".join([*lines, f"return [{','.join(inputs)}]}}"]) + "\n"


# --- measurements -----------------------------------------------------------------------------------------------------


def timed_files(case: Case, home: Path) -> list[Path]:
    """Modules with a function `timed`, from features to a number: ours, unrolled, the template for a classifier."""
    own = "export const timed=classOf;" if case.classifier else "export const timed=predict;"
    best = "z.length<2?+(z[0]>0):z.indexOf(Math.max(...z))" if case.classifier else "z[0]"
    texts = [ours(case) + own, f"{unrolled(case)}export const timed=x=>{{let z=raw(x);return {best}}};"]
    if case.classifier:
        head, rest = porter(case).split("if (typeof process")
        constants = "\n".join(line for line in rest.splitlines() if line.strip().startswith("const "))
        made = f"new MLPClassifier('{case.model.activation}', '{case.model.out_activation_}', layers, weights, bias)"
        texts.append(f"{head}{constants}\nconst clf = {made};\nexport const timed = x => clf.predict(x);")
    files = [home / f"{k}.mjs" for k in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def microseconds(case: Case) -> list[float]:
    """Time of a prediction in Node: ours, unrolled, the template. The files take turns."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        raise SystemExit("the benchmark needs the Debian package nodejs")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "timer.mjs").write_text(TIMER, encoding="utf-8")
        files = [file.as_uri() for file in timed_files(case, home)]
        command = [node, str(home / "timer.mjs"), json.dumps(case.x.tolist()), *files]
        return list(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def sizes(text: str) -> tuple[int, int]:
    """Bytes of a file, raw and compressed."""
    stored = text.encode()
    return len(stored), len(gzip.compress(stored, mtime=0))


def measure(arguments: Sequence[str]) -> list[Row]:
    """One row for each claim; with `--out` the page with all figures is written too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks javascript", description=__doc__)
    parser.add_argument("--out", type=Path, help="the page, Markdown")
    options = parser.parse_args(arguments)
    rows, lines = [], []
    for case in cases():
        times = microseconds(case)
        own, loose = sizes(ours(case)), sizes(unrolled(case))
        cells = [case.name, f"{own[0]:,} / {own[1]:,}", f"{times[0]:.2f}"]
        if case.classifier:
            peer, single = sizes(porter(case)), sizes(porter(case, "float32"))
            cells += [f"{peer[0]:,} / {peer[1]:,}", f"{single[0]:,}", f"{times[2]:.2f}"]
            rows.append(row(f"{case.name}: bytes, of the template's", own[0] / peer[0], at_most=0.5))
            rows.append(row(f"{case.name}: time, of the template's", times[0] / times[2], at_most=1))
        else:
            cells += ["-", "-", "-"]
        lines.append(f"| {' | '.join([*cells, f'{loose[0]:,} / {loose[1]:,}', f'{times[1]:.2f}'])} |")
    if options.out is not None:
        write(options.out, page(lines))
    return rows


def page(lines: Sequence[str]) -> str:
    """The page of the figures."""
    node = subprocess.run([shutil.which("node") or "nodejs", "--version"], capture_output=True, text=True, check=True)
    return f"""# JavaScript modules

`python -m benchmarks javascript --out benchmarks/javascript.md`, {datetime.date.today().isoformat()}, Node {node.stdout.strip()} on
{platform.machine()}, one thread, time of the processor with other work beside: take it to 20 %. The same networks in every file, standardisation folded into
the first layer. Bytes of the file, then compressed by gzip; µs for a prediction of a class (sensor: of the value), the middle of
seven runs in which the files take turns.

| network | ours, bytes | µs | sklearn-porter 0.7.4, bytes | with float32 digits | µs | one line a neuron, bytes | µs |
|---|---|---|---|---|---|---|---|
{chr(10).join(lines)}

Ours has float32 weights in their shortest decimals and probabilities, labels and checks of the input besides the class; the
template has float64 weights, as it prints them, and for comparison the shortest decimals of float32. It has no regression. One line for
each neuron is the fastest form for small networks and larger than ours; we do not write it.
"""
