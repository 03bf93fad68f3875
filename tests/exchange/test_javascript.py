"""Exported JavaScript modules: the bits of the plain reference, and what the Python predictor says."""

from __future__ import annotations

import json
import math
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, Predictor, SpectralNetwork, compact
from spectral_core.data.encoding import Encoder
from spectral_core.data.scaling import Scaling
from spectral_core.exchange.javascript import export_javascript, javascript, shortest
from spectral_core.exchange.network_rows import rows_of
from spectral_core.kernels.tables import ACTIVATIONS, ZERO_AT_ZERO
from tests.builders import PARAMETRIZATIONS, ROOT, random_network
from tests.exchange.test_onnx import LABELS, predictor
from tests.kernels.javascript.node import call, calls, needs_node
from tests.kernels.javascript.reference import reference

BROWSER = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)


def by_the_rows(model: Any, x: np.ndarray) -> list[float]:
    """z_K of one scaled sample, scalar by scalar: bias first, senders in order."""
    rows = rows_of(model).astype(model.dtype)
    real = rows.bias.dtype.type
    values = [real(x[k]) for k in rows.features]
    activate, code = reference(rows.bias.dtype.name)["activate"], ACTIVATIONS.index(rows.activation)
    for k, bias in enumerate(rows.bias):
        z = real(bias)
        for weight, sender in zip(rows.weights[k], rows.senders[k], strict=True):
            z = z + weight * values[sender]
        if k < len(rows.bias) - rows.n_outputs:
            pre, post = np.array([z]), np.zeros(1, real)
            activate(code, pre, post, 1)
            z = post[0]
        values.append(z)
    return [float(z) for z in values[len(values) - rows.n_outputs :]]


@needs_node
@given(
    st.sampled_from(PARAMETRIZATIONS), st.lists(st.integers(1, 5), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS),
    st.booleans(), st.sampled_from(["float32", "float64"]), st.sampled_from([0.0, 0.5, 0.9]), st.integers(0, 999),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_every_network(
    tmp_path_factory: Any,
    kind: str,
    widths: list[int],
    activation: str,
    bias: bool,
    dtype: str,
    sparsity: float,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("js") / "net.js"
    generator = np.random.default_rng(seed)
    net = random_network(kind, widths, activation, seed, bias)
    common: dict[str, Any] = {"activation": activation, "bias": bias, "parametrization": kind, "dtype": dtype}
    if kind == "direct":
        net = SpectralNetwork(blocks=net.blocks, **common)
    else:
        net = SpectralNetwork(net.eigenvectors, net.eigenvalues, **common)
    net = net.with_parameters((net.parameters * (generator.random(net.n_parameters) >= sparsity)).astype(dtype))
    x = generator.normal(size=(4, net.n_features)).astype(dtype)
    for model in [net, *([compact(net)] if activation in ZERO_AT_ZERO else [])]:
        export_javascript(model, path)
        found = [answer["result"] for answer in calls(path, [("raw", [row]) for row in x.tolist()])]
        assert found == [by_the_rows(model, row) for row in x]
        expected = model.forward(x)
        unit = np.finfo(dtype).eps
        np.testing.assert_allclose(found, expected, rtol=0, atol=64 * unit * (1 + np.abs(expected).max()))


WIDE = [
    0.0,
    *(sign * size for sign in (1.0, -1.0) for size in (1e-300, 1e-30, 1e-5, *np.geomspace(0.1, 1e4, 90), 1e30)),
]
"""From underflow to far beyond where the exponential, erfc and 2^n end."""


@needs_node
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_far_from_zero(activation: str, dtype: str, tmp_path: Path) -> None:
    blocks = {(2, 1): np.ones((1, 1)), (3, 2): np.ones((1, 1))}
    net = SpectralNetwork(blocks=blocks, activation=activation, parametrization="direct", dtype=dtype)
    export_javascript(net, tmp_path / "net.js")
    x = np.array(WIDE, dtype).reshape(-1, 1)
    answers = calls(tmp_path / "net.js", [("raw", [row]) for row in x.tolist()])
    assert [answer.get("error") for answer in answers] == [None] * len(x)
    found = [answer["result"] for answer in answers]
    with np.errstate(all="ignore"):  # gelu's argument of erfc may overflow
        assert found == [by_the_rows(net, row) for row in x]
    np.testing.assert_allclose(found, net.forward(x), rtol=64 * np.finfo(dtype).eps, atol=64 * np.finfo(dtype).tiny)


@needs_node
@given(
    st.sampled_from(["regression", *LABELS]), st.sampled_from(["float32", "float64"]), st.integers(0, 99),
    st.sampled_from(["whole", "compact", "sparse", "no hidden neuron"]),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_a_predictor_takes_data_in_their_units(
    tmp_path_factory: Any, kind: str, dtype: str, seed: int, form: str
) -> None:
    path = tmp_path_factory.mktemp("js") / "p.js"
    model = predictor(kind, dtype, seed, form)
    export_javascript(model, path)
    x = model.inputs.mean + np.random.default_rng(seed).normal(size=(5, 3)) * [10.0, 2.0, 0.5]
    names = ["raw", "predict", *(["probabilities", "classOf"] if model.classes else [])]
    answers = calls(path, [(name, [row]) for name in names for row in x.tolist()] + [("features", []), ("classes", [])])
    found = {name: [answers[5 * k + row]["result"] for row in range(5)] for k, name in enumerate(names)}
    unit, raw = np.finfo(dtype).eps, model.raw(x)
    # The features are scaled in float64 as in Python, so the rest are sums in another order.
    assert found["raw"] == [by_the_rows(model.network, row) for row in model.scaled(x).astype(dtype)]
    np.testing.assert_allclose(found["raw"], raw, rtol=0, atol=64 * unit * (1 + np.abs(raw).max()))
    assert answers[-2]["result"] == list(model.feature_names)
    if model.classes:
        assert (
            found["predict"]
            == [model.classes[k] for k in found["classOf"]]
            == [model.classes[int(np.argmax(z))] for z in found["raw"]]
        )
        np.testing.assert_allclose(
            found["probabilities"], model.predict_proba(x), rtol=0, atol=64 * unit * (1 + np.abs(raw).max())
        )
        assert answers[-1]["result"] == list(model.classes)
    else:
        np.testing.assert_allclose(
            found["predict"], model.predict(x), rtol=0, atol=200 * unit * (1 + np.abs(raw).max())
        )


@needs_node
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_several_labels_have_an_output_each(dtype: str, tmp_path: Path) -> None:
    net = SpectralNetwork.initialize([3, 6, 2], seed=4, dtype=dtype, parametrization="direct", activation="tanh")
    net = net.with_parameters(np.random.default_rng(4).normal(size=net.n_parameters).astype(dtype))
    model = Predictor(net, "multilabel", Scaling.none(3), Scaling.none(2), (), ("u", "v", "w"), ("s", "t"))
    export_javascript(model, tmp_path / "l.js")
    x = np.random.default_rng(0).normal(size=(20, 3))
    names = ("predict", "probabilities")
    answers = calls(tmp_path / "l.js", [(name, [row]) for name in names for row in x.tolist()] + [("targets", [])])
    labels = [answer["result"] for answer in answers[:20]]
    assert labels == model.predict(x).tolist()
    assert {value for row in labels for value in row} == {0, 1}
    found = [answer["result"] for answer in answers[20:40]]
    np.testing.assert_allclose(found, model.predict_proba(x), rtol=0, atol=64 * np.finfo(dtype).eps)
    assert answers[-1]["result"] == ["s", "t"]


@needs_node
@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([1.0, math.nan, 2.0], "RangeError: feature 1 must be a finite number; got NaN"),
        ([1.0, 2.0, -math.inf], "RangeError: feature 2 must be a finite number; got -Infinity"),
        ([1.0, 2.0], "RangeError: the model takes 3 features; got 2"),
        ([1.0, "2", 3.0], "RangeError: feature 1 must be a finite number; got 2"),
        ([1e300, 1e300, 1.0], "RangeError: the prediction is not finite; the features are out of range"),
    ],
)
def test_what_has_no_prediction_throws(x: list[Any], words: str, tmp_path: Path) -> None:
    """Where the Python predictor refuses, the module does."""
    model = predictor("text", "float32", 1)
    export_javascript(model, tmp_path / "m.js")
    if not any(isinstance(value, str) for value in x):  # Python reads texts of numbers
        with pytest.raises(InvalidInputError), np.errstate(all="ignore"):
            model.predict([x])
    names = ("raw", "classOf", "predict", "probabilities")
    assert [answer["error"] for answer in calls(tmp_path / "m.js", [(name, [x]) for name in names])] == [words] * 4


TABLE: dict[str, list[Any]] = {
    "age": [30.5, None, 50.0, 31.0],
    "city": ["Rome", "Bonn", "Rome", None],
    "member": [True, False, True, True],
    "day": ["2024-03-01", "2024-05-17", "2023-12-24 18:30", "2024-01-01T06:00:15"],
    "paid": ["yes", "no", None, "yes"],
}


@needs_node
def test_an_encoder_comes_along(tmp_path: Path) -> None:
    encoder = Encoder.fit({name: np.array(cells, dtype=object) for name, cells in TABLE.items()})
    kinds = {column.name: column.kind for column in encoder.columns}
    assert kinds == {"age": "number", "city": "text", "member": "boolean", "day": "date", "paid": "boolean"}
    count = len(encoder.feature_names)
    net = SpectralNetwork.initialize([count, 3, 2], parametrization="direct", dtype="float64", seed=1)
    scaling = (Scaling.none(count), Scaling.none(1))
    model = Predictor(net, "classification", *scaling, ("a", "b"), encoder.feature_names, ("t",), encoder=encoder)
    export_javascript(model, tmp_path / "e.js")
    rows = [dict(zip(TABLE, cells, strict=True)) for cells in zip(*TABLE.values(), strict=True)]
    rows.append({"age": "NA", "city": "Oslo", "member": 0, "day": "2024-02-29", "paid": "No"})
    table = {name: np.array([row[name] for row in rows], dtype=object) for name in TABLE}
    truth = encoder.transform({name: [None if c is None else str(c) for c in cells] for name, cells in table.items()})
    found = [answer["result"] for answer in calls(tmp_path / "e.js", [("encode", [row]) for row in rows])]
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-9)
    wrong = [
        ({"age": "old"}, "RangeError: age: old is no number"),
        ({"member": None}, "RangeError: member: the value is missing, and none was missing where the model was fitted"),
        ({"member": 2}, "RangeError: member: 2 is no truth value"),
        ({"paid": "maybe"}, "RangeError: paid: maybe is no truth value"),
        ({"day": "soon"}, "RangeError: day: soon is no date"),
    ]
    answers = calls(tmp_path / "e.js", [("encode", [rows[0] | change]) for change, _ in wrong])
    assert [answer["error"] for answer in answers] == [words for _, words in wrong]


@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
)
@settings(max_examples=300)
def test_decimals_read_back_to_the_same_number(number: float) -> None:
    single = struct.unpack("<f", struct.pack("<f", number))[0] if abs(number) < 3e38 else 1.0
    for value in (np.float64(number), np.float32(single)):
        text = shortest(value)
        assert type(value)(float(text)) == value
        assert len(text) <= len(repr(float(value)))


def test_few_weights_become_a_list() -> None:
    net, generator = SpectralNetwork.initialize([20, 12, 3], parametrization="direct", seed=0), np.random.default_rng(0)
    net = net.with_parameters(generator.normal(size=net.n_parameters))
    dense = javascript(net)
    sparse = javascript(compact(net.with_parameters(net.parameters * (generator.random(net.n_parameters) < 0.1))))
    assert "L=[" in dense
    assert "G=[" in sparse
    assert len(sparse) < len(dense) / 2


def test_broken_models_give_one_line(tmp_path: Path) -> None:
    broken = SpectralNetwork([[[1e30]]], [[1e30], [1.0]], dtype="float32")
    with pytest.raises(InvalidInputError, match="a weight of the network is not finite in float32"):
        export_javascript(broken, tmp_path / "b.js")
    with pytest.raises(InvalidInputError, match="only networks and predictors can be exported; got str"):
        export_javascript("net", tmp_path / "b.js")  # type: ignore[arg-type]
    assert not (tmp_path / "b.js").exists()


@needs_node
@pytest.mark.skipif(BROWSER is None, reason="needs the Debian package chromium")
def test_a_browser_loads_the_modules(tmp_path: Path) -> None:
    """A page that may load nothing but data: URLs: the predictions of Node, one training step, no error."""
    model = predictor("text", "float32", 2, "compact")
    x = (model.inputs.mean + np.array([3.0, -1.0, 0.1])).tolist()
    export_javascript(model, tmp_path / "m.js")
    kernels = (ROOT / "spectral_core" / "kernels" / "javascript" / "float32.js").read_text(encoding="utf-8")
    step = """
      const layout = K.layoutOf("global", [2, 2, 1], []), size = K.parametersOf(layout, "global");
      const theta = Float32Array.from({ length: size }, (_, k) => Math.fround(0.1 * k - 0.4)), zeros = () => new Float32Array(size);
      const data = { x: Float32Array.of(1, 2, 3, 4), features: 2, y: Float32Array.of(0.5, -1), labels: new Int32Array(2), weights: Float32Array.of(1, 1) };
      const options = { loss: "squared_error", batchSize: 2, smoothing: 0, penalised: [], shrunk: [], clipNorm: 0, factors: [1],
        trainable: [{ start: 0, stop: size, rate: 0.1, decay: 0 }], optimizer: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
      const state = { gradient: zeros(), first: zeros(), second: zeros(), step: 0 };
      K.epochGlobal(data, Int32Array.of(0, 1), layout, 4, theta, options, state);
    """
    probe = (
        f"export function probe(M, K) {{ {step} return [M.predict({x}), M.probabilities({x}), Array.from(theta)]; }}"
    )
    both = f"import * as M from './m.mjs'; import * as K from './k.mjs'; {probe.replace('probe(M, K)', 'probe()')}"
    (tmp_path / "m.mjs").write_text((tmp_path / "m.js").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "k.mjs").write_text(kernels, encoding="utf-8")
    (tmp_path / "both.mjs").write_text(both + "\nconsole.log(JSON.stringify(probe()));", encoding="utf-8")
    node = shutil.which("node") or "nodejs"
    expected = json.loads(
        subprocess.run([node, "both.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    )
    assert expected[2] != [pytest.approx(np.float32(0.1 * k - 0.4)) for k in range(len(expected[2]))]
    page = f"""<!DOCTYPE html><title></title>
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' data:">
    <script>const errors = []; addEventListener("error", e => errors.push(e.message)); console.error = m => errors.push(m);
    addEventListener("unhandledrejection", e => errors.push(String(e.reason)));
    const url = text => "data:text/javascript;charset=utf-8," + encodeURIComponent(text);</script>
    <script type="module">
    const [M, K, P] = await Promise.all([{_quoted((tmp_path / "m.js").read_text(encoding="utf-8"))}, {_quoted(kernels)}, {_quoted(probe)}].map(t => import(url(t))));
    const result = P.probe(M, K), own = performance.getEntriesByType("resource").filter(e => !e.name.startsWith("data:"));
    document.body.textContent = JSON.stringify({{ result, errors, requests: own.map(e => e.name) }});
    </script><body></body>"""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=10000"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [str(BROWSER), *options, (tmp_path / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    match = re.search(r"<body>(\{.*\})</body>", done.stdout, re.DOTALL)
    assert match is not None, done.stdout[-500:]
    assert json.loads(match[1].replace("&amp;", "&")) == {"result": expected, "errors": [], "requests": []}


def _quoted(text: str) -> str:
    """A text as a literal inside of a script element."""
    return json.dumps(text).replace("</", "<\\/")


@needs_node
def test_the_result_of_one_call_stays(tmp_path: Path) -> None:
    """The buffer of a module is used again, its results are not."""
    export_javascript(SpectralNetwork([[[1.0, 2.0]]], [[3.0, 4.0], [1.0]]), tmp_path / "n.js")
    first, _ = call(tmp_path / "n.js", "raw", [1.0, 1.0])
    second, _ = call(tmp_path / "n.js", "raw", [2.0, 1.0])
    assert (first, second) == ([8.0], [10.0])


@needs_node
def test_texts_stay_texts(tmp_path: Path) -> None:
    """Labels and names with quotes, line ends and the end of a script element."""
    labels, names = ("</script><b>", "a\\'\"\n`${x}`"), ("\u2028", "<!--")
    net = SpectralNetwork.initialize([2, 2], parametrization="direct", seed=1)
    model = Predictor(net, "classification", Scaling.none(2), Scaling.none(1), labels, names, ("t",))
    export_javascript(model, tmp_path / "t.js")
    assert "<" not in "".join(re.findall(r"features=.*", (tmp_path / "t.js").read_text(encoding="utf-8")))
    answers = calls(tmp_path / "t.js", [("classes", []), ("features", [])])
    assert [answer["result"] for answer in answers] == [list(labels), list(names)]


@needs_node
def test_the_page_on_training_runs(tmp_path: Path) -> None:
    """The example in docs/javascript.md learns y = x1 x2."""
    text = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    kernels = ROOT / "spectral_core" / "kernels" / "javascript" / "float64.js"
    (tmp_path / "float64.mjs").write_text(kernels.read_text(encoding="utf-8"), encoding="utf-8")
    before = """
        const rows = 200, steps = 10, order = Int32Array.from({ length: rows }, (_, k) => k);
        const x = Float64Array.from({ length: 2 * rows }, (_, k) => ((k * 7919) % 200) / 100 - 1);
        const y = Float64Array.from({ length: rows }, (_, s) => x[2 * s] * x[2 * s + 1]);
    """
    head, rest = example.replace("./float64.js", "./float64.mjs").split("\n", 1)
    after = """
        let later;
        for (let epoch = 0; epoch < 200; epoch++) [later] = kernels.epochGlobal(data, order, layout, activation, parameters, options, state);
        console.log(JSON.stringify([loss, later, z.length, state.step]));
    """
    (tmp_path / "page.mjs").write_text("\n".join([head, before, rest, after]), encoding="utf-8")
    node = shutil.which("node") or "nodejs"
    done = subprocess.run([node, "page.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loss, later, count, steps = json.loads(done.stdout)
    assert later < loss / 3
    assert (count, steps) == (200, 201 * 7)
