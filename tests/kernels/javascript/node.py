"""JavaScript in Node: one process for all calls of a test run."""

from __future__ import annotations

import atexit
import hashlib
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

NODE = shutil.which("node") or shutil.which("nodejs")
needs_node = pytest.mark.skipif(NODE is None, reason="needs the Debian package nodejs")
DRIVER = r"""
import { createInterface } from "node:readline";
const Types = { float32: Float32Array, float64: Float64Array, int32: Int32Array };
const there = (v) => {
    if (Array.isArray(v)) return v.map(there);
    if (v === null || typeof v !== "object") return v;
    if (v.special) return Number(v.special);
    if (v.type) return new Types[v.type](v.values.map(there));
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, there(x)]));
};
const back = (v) => {
    if (typeof v === "number" && (!Number.isFinite(v) || Object.is(v, -0))) return { special: Object.is(v, -0) ? "-0" : String(v) };
    if (ArrayBuffer.isView(v)) return Array.from(v, back);
    if (Array.isArray(v)) return v.map(back);
    if (v === null || typeof v !== "object") return v;
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, back(x)]));
};
for await (const line of createInterface({ input: process.stdin })) {
    const { module, calls } = JSON.parse(line);
    let answer;
    try {
        const loaded = await import(module);
        answer = calls.map(({ name, args }) => {
            const given = there(args);
            try {
                const found = loaded[name];
                const result = typeof found === "function" ? found(...given) : found;
                return { result: back(result === undefined ? null : result), args: back(given) };
            } catch (error) {
                return { error: `${error.name}: ${error.message}` };
            }
        });
    } catch (error) {
        answer = [{ error: `${error.name}: ${error.message}` }];
    }
    console.log(JSON.stringify(answer));
}
"""


@cache
def _process() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [str(NODE), "--input-type=module", "-e", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.terminate)
    return process


def _there(value: Any) -> Any:
    """Arrays with their types, and what JSON has no word for."""
    if isinstance(value, np.ndarray):
        return {"type": value.dtype.name, "values": [_there(one) for one in value.ravel().tolist()]}
    if isinstance(value, SimpleNamespace):
        return {_camel(name): _there(one) for name, one in vars(value).items()}
    if isinstance(value, dict):
        return {name: _there(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_there(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and (not np.isfinite(value) or (value == 0 and np.signbit(value))):
        return {"special": {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity", "-0.0": "-0"}[repr(value)]}
    return value


def _back(value: Any) -> Any:
    if isinstance(value, list):
        return [_back(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"special"}:
            return float(value["special"])
        return {name: _back(one) for name, one in value.items()}
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@cache
def _home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="javascript-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _named_as_module(text: str) -> str:
    """A copy whose name ends in .mjs: so every version of Node takes it for an ES module."""
    path = _home() / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.mjs"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


def calls(module: Path, wanted: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    """For each function and its arguments: the `result` and the `args` after the call, or the `error`."""
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    record = {
        "module": _named_as_module(module.read_text(encoding="utf-8")),
        "calls": [{"name": name, "args": _there(args)} for name, args in wanted],
    }
    process.stdin.write(json.dumps(record, allow_nan=False) + "\n")
    process.stdin.flush()
    answers = json.loads(process.stdout.readline())
    return [{name: one if name == "error" else _back(one) for name, one in answer.items()} for answer in answers]


def call(module: Path, name: str, *args: Any) -> tuple[Any, list[Any]]:
    """The result of one function and its arguments after the call."""
    (answer,) = calls(module, [(name, list(args))])
    assert "error" not in answer, answer["error"]
    return answer["result"], answer["args"]
