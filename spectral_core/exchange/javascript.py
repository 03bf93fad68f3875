"""Export to JavaScript: a model as one ES module for a page, without dependency."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from spectral_core import __version__
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.network_rows import rows_of
from spectral_core.exchange.printed_javascript import NEEDS, PARTS
from spectral_core.exchange.rows import Rows
from spectral_core.files import atomic
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

RAW = """\
export function raw(v){
let e=0,k=0,y=[];
if(v.length!=%(features)d)throw RangeError("the model takes %(counted)s; got "+v.length);
for(let i=0;i<%(features)d;i++){if(!Number.isFinite(v[i]))throw RangeError("feature "+i+" must be a finite number; got "+v[i]);%(load)s}
%(loop)s
for(let i=%(last)d;i<%(end)d;y.push(x[i++]))if(!Number.isFinite(x[i]))throw RangeError("the prediction is not finite; the features are out of range");
return y}
"""
DENSE = "for(let l=0;l<%(size)d;l+=3)for(let n=L[l],b=L[l+2];n--;k++){let z=B[k],j=L[l+1];while(j<b)z=%(sum)s;x[k+%(inputs)d]=%(value)s}"
SPARSE = "for(;k<%(rows)d;k++){let z=B[k],c=C[k],j=0;for(;c--;e++){j+=G[e];z=%(sum)s}x[k+%(inputs)d]=%(value)s}"
CLASSES = """\
export const classOf=v=>raw(v).reduce((k,t,i,z)=>t>z[k]?i:k,0),
predict=v=>classes[classOf(v)],
probabilities=v=>{let z=raw(v),s=0,m=Math.max(...z);z=z.map(t=>exp(%(less)s));for(let t of z)s=%(sum)s;return z.map(t=>%(share)s)};
"""
LABELS = """\
%(sigmoid)s
export const predict=v=>raw(v).map(z=>+(z>0)),
probabilities=v=>raw(v).map(sigmoid);
"""
ENCODE = """\
const columns=%(columns)s;
export function encode(row){
let v=[];
for(let[name,kind,fill,gaps,known,missing]of columns){
let c=row[name],t=typeof c=="string"?c.trim():c,no=t==null||t===""||t!==t||missing.includes(t);
if(kind=="text"){t=no?null:String(t);for(let k of known)v.push(+(k===t));continue}
if(no&&!gaps)throw RangeError(name+": the value is missing, and none was missing where the model was fitted");
if(kind=="date"){t=no?NaN:(typeof t=="string"?Date.parse(t.length>10&&!/(Z|[+-]\\d\\d:?\\d\\d)$/.test(t)?t+"Z":t):+t)/864e5;
let w=Math.floor(t),parts={days:t,month:new Date(t*864e5).getUTCMonth()+1,weekday:((w+3)%%7+7)%%7,hour:Math.round((t-w)*24e6)/1e6};
if(!no&&t!==t)throw RangeError(name+": "+c+" is no date");
known.forEach((k,i)=>v.push(no?fill[i]:parts[k]))}
else{let y=typeof t=="string"&&kind=="boolean"?known[t.toLowerCase()]:no?fill[0]:+t;
if(no)y=fill[0];
if(!Number.isFinite(y)||(kind=="boolean"&&!no&&y!==0&&y!==1))throw RangeError(name+": "+c+" is no "+(kind=="boolean"?"truth value":"number"));
v.push(y)}
if(gaps)v.push(+no)}
return v}
"""


def export_javascript(model: SpectralNetwork | CompactNetwork | Predictor, path: str | os.PathLike[str]) -> None:
    """Write a network, or a predictor with its scaling and labels, as one ES module without dependency.

    z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i) (M7, direct). The module exports ``raw(x)``, the array z_K of an array x of features; for
    a predictor also ``features``, their names, and ``predict(x)``, a label or numbers in the units of the data; for a classifier
    ``classes``, ``classOf(x)``, the position of the label, and ``probabilities(x)``, the softmax of z_K; for several labels of a row
    ``predict(x)`` is 1 or 0 for each and ``probabilities(x)`` 1/(1 + exp(-z_K)). A predictor that encodes
    raw columns has ``encode(row)``, the features of an object with a value for each column.

    Weights are the shortest decimals that read back to the same number; a list of weights or all places, whichever is shorter.
    Sums start with the bias and run in the order of the layers, rounded after each operation: the same bits in every engine.
    A number that is not finite, a wrong number of features and a prediction out of range throw a RangeError.

    Raises
    ------
    InvalidInputError : `model` is neither a network nor a predictor, or its weights W_ij overflow.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange import export_javascript
    >>> export_javascript(SpectralNetwork.initialize([2, 5, 1], seed=0), "net.js")
    >>> Path("net.js").read_text().count("export function raw")
    1
    """
    text = javascript(model)
    atomic.write_atomically(path, lambda file: file.write(text.encode()))


def javascript(model: SpectralNetwork | CompactNetwork | Predictor) -> str:
    """The text of the module that `export_javascript` writes.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.exchange.javascript import javascript
    >>> print(javascript(SpectralNetwork([[[1.0, 2.0]]], [[3.0, 4.0], [1.0]])).splitlines()[1])
    const B=new Float64Array([0]),W=new Float64Array([2,6]),L=[1,0,2],x=new Float64Array(3);
    """
    if not isinstance(model, (SpectralNetwork, CompactNetwork, Predictor)):
        raise InvalidInputError(f"only networks and predictors can be exported; got {type(model).__name__}")
    predictor = model if isinstance(model, Predictor) else None
    network = model.network if isinstance(model, Predictor) else model
    rows, form = rows_of(network).astype(network.dtype), network.dtype.name
    chances = predictor is not None and predictor.task != "regression"
    hidden = rows.n_hidden > 0
    helpers = dict.fromkeys((*(NEEDS[rows.activation] if hidden else ()), *(["exponential"] if chances else [])))
    parts = [PARTS[form][name] for name in (*helpers, *([rows.activation] if hidden else []))]
    constants, raw = _raw(rows, form, predictor)
    lines = [
        _header(rows, form, network),
        *(["const f=Math.fround;"] if form == "float32" else []),
        constants,
        *parts,
        raw,
    ]
    lines += _outputs(predictor, form) if predictor is not None else []
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def _header(rows: Rows, form: str, network: SpectralNetwork | CompactNetwork) -> str:
    """What a reader of the file must know."""
    widths = "-".join(map(str, (rows.n_used, *(layer.rows for layer in rows.layers))))
    theorems = [
        "M7.direct",
        f"F.{rows.activation}",
        *([f"E.{form}"] if "exponential" in NEEDS[rows.activation] else []),
    ]
    return (
        f"// spectral-core {__version__}: {widths}, {rows.activation}, {form}, {rows.n_weights} weights. "
        f"Proven: {', '.join(theorems)}."
    )


def _raw(rows: Rows, form: str, predictor: Predictor | None) -> tuple[str, str]:
    """The numbers of the network and the function `raw`, sparse or dense by the shorter text."""
    array = "Float32Array" if form == "float32" else "Float64Array"
    inputs, single = rows.n_used, form == "float32"
    value = f"k<{rows.n_hidden}?g(z):z" if rows.n_hidden else "z"
    layers = ",".join(f"{layer.rows},{layer.first},{layer.last}" for layer in rows.layers)
    common = {"inputs": inputs, "rows": len(rows.bias), "value": value, "size": 3 * len(rows.layers)}
    numbers = {
        DENSE: f"W=new {array}([{_numbers(np.concatenate([matrix.ravel() for matrix in rows.dense()]))}]),L=[{layers}]",
        SPARSE: (
            f"W=new {array}([{_numbers(np.concatenate(rows.weights))}]),"
            f"C=[{','.join(str(len(own)) for own in rows.weights)}],G=[{','.join(map(str, rows.gaps()))}]"
        ),
    }
    place = {DENSE: "W[e++]*x[j++]", SPARSE: "W[e]*x[j]"}
    form_of = min(numbers, key=lambda name: len(numbers[name]))
    loop = form_of % {**common, "sum": f"f(z+f({place[form_of]}))" if single else f"z+{place[form_of]}"}
    constants, load = _load(rows, predictor)
    start = f"const B=new {array}([{_numbers(rows.bias)}]),{numbers[form_of]},x=new {array}({inputs + len(rows.bias)})"
    counted = f"{rows.n_features} feature{'s' if rows.n_features != 1 else ''}"
    end = inputs + len(rows.bias)
    raw = RAW % {
        "features": rows.n_features, "counted": counted, "load": load, "loop": loop, "last": end - rows.n_outputs, "end": end,
    }  # fmt: skip
    return f"{start}{constants};", raw


def _load(rows: Rows, predictor: Predictor | None) -> tuple[str, str]:
    """Constants of the scaling, and what puts feature i into its place of x: (v - mean) / deviation, in float64 as in Python."""
    whole = np.array_equal(rows.features, np.arange(rows.n_features))
    place, constants = "i", ""
    if not whole:
        # For every feature its place in x; behind the end of x, where writing does nothing, for those that are not read.
        places = np.full(rows.n_features, rows.n_used + len(rows.bias))
        places[rows.features] = np.arange(rows.n_used)
        place, constants = "U[i]", f",U=[{','.join(map(str, places.tolist()))}]"
    value = "v[i]"
    if predictor is not None:
        mean, divisor = predictor.inputs.mean, predictor.inputs.divisor
        if (mean != 0).any() or (divisor != 1).any():
            constants += f",M=[{_numbers(mean)}],D=[{_numbers(divisor)}]"
            value = "(v[i]-M[i])/D[i]"
    return constants, f"x[{place}]={value}"


def _outputs(model: Predictor, form: str) -> list[str]:
    """Names, labels, and the functions that give them."""
    encoder = model.encoder
    names = f"features={_json(model.feature_names)}"
    lines = []
    if model.task == "classification":
        labels = [label.item() if isinstance(label, np.generic) else label for label in model.classes]
        lines.append(f"export const {names},classes={_json(labels)};")
        single = form == "float32"
        rounded = {"less": "t-m", "sum": "s+t", "share": "t/s"}
        lines.append(CLASSES % {name: f"f({text})" if single else text for name, text in rounded.items()})
    elif model.task == "multilabel":
        lines.append(f"export const {names},targets={_json(model.target_names)};")
        lines.append(LABELS % {"sigmoid": PARTS[form]["sigmoid"].replace("function g(", "function sigmoid(")})
    else:
        mean, deviation = model.outputs.mean, model.outputs.deviation
        lines.append(f"export const {names},targets={_json(model.target_names)};")
        value = f"raw(v).map((t,k)=>t*[{_numbers(deviation)}][k]+[{_numbers(mean)}][k])"
        lines.append(f"export const predict=v=>{value}{'[0]' if len(mean) == 1 else ''};")
    if encoder is not None:
        lines.append(ENCODE % {"columns": _json([_column(column) for column in encoder.columns if column.features])})
    return lines


def _column(column: Any) -> list[Any]:
    """A column as `encode` reads it: name, kind, what stands for a missing value, whether gaps are marked, what is known."""
    from spectral_core.data.meaning.cells import BARE, BOOLEANS

    words = {pair[k]: k for pair in BOOLEANS for k in (0, 1)} | {"0": 0, "1": 1}
    known = {"text": list(column.categories), "date": list(column.parts), "boolean": words}.get(column.kind, 0)
    missing = [*column.reading.missing, *(() if column.kind == "text" else BARE)]
    return [column.name, column.kind, list(column.fill), int(column.gaps), known, missing]


def _numbers(values: np.ndarray) -> str:
    return ",".join(map(shortest, values))


def shortest(value: Any) -> str:
    """The shortest decimal that JavaScript reads back to the same number, without zeros that say nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core.exchange.javascript import shortest
    >>> [shortest(x) for x in (np.float32(0.1), np.float64(-0.1), np.float32(1e-8), np.float64(3), np.float64("inf"))]
    ['.1', '-.1', '1e-8', '3', '1/0']
    """
    if np.isinf(value):
        return "1/0" if value > 0 else "-1/0"
    text = np.format_float_positional(value, unique=True, trim="-")
    other = np.format_float_scientific(value, unique=True, trim="-", exp_digits=1).replace("e+", "e")
    text = min((text.replace("0.", ".", 1) if -1 < value < 1 and "." in text else text), other, key=len)
    # JavaScript reads a decimal as float64 and rounds it again; in rare cases that is another float32.
    return text if type(value)(float(text)) == value else repr(float(value))


def _json(value: Iterable[Any]) -> str:
    """A list as JavaScript; no text of it can end the script element of a page that the module is put into."""
    text = json.dumps(list(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
