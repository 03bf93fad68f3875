"""The measurements measure what they say: peers compute what we compute; fits, ratios and tables are right."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import memory, one_shot, steps
from benchmarks.alternate import alternate
from benchmarks.children import python
from benchmarks.figures import best, exponent, ratio
from benchmarks.peers import PEERS, TITLES, make
from benchmarks.rows import row, timed
from benchmarks.table import between_markers, markdown, write
from benchmarks.tasks import LARGE, Task, chain

TASKS = {
    "regression": Task((4, 7, 6, 3), 8, 8, bias=True, penalised=(0, 1), strength=0.1),
    "classes": Task((4, 7, 6, 5, 3), 8, 8, "cross_entropy", penalised=(1, 2), strength=0.1),
    "shallow": Task((5, 9, 1), 8, 8, bias=True),
}
DENSE = ("torch_dense", "sklearn_mlp")
OTHERS = [name for name in PEERS if name not in ("ours", "gemm")]


def built(name: str, task: Task):
    library = name.split("_")[0]
    if library in ("torch", "jax"):
        pytest.importorskip(library, reason=f"{library} is not installed: pip install -e '.[bench]'")
    return make(name, task)


def reference(name: str, task: Task):
    """Ours, or for a dense peer our `direct` network of the weights between neighbours, which no penalty acts on."""
    if name in DENSE:
        return make("ours_dense", replace(task, penalised=()))
    return make("ours", task)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("name", [name for name in OTHERS if not name.startswith("ours")])
def test_a_peer_has_our_loss_and_gradients(name: str, task: Task) -> None:
    loss, gradients = built(name, task).loss_and_gradients()
    expected, ours = reference(name, task).loss_and_gradients()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert len(gradients) == len(ours)
    for theirs, own in zip(gradients, ours, strict=True):
        np.testing.assert_allclose(theirs, own, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith(("torch", "jax"))])
def test_a_peer_takes_our_steps(name: str) -> None:
    """Three epochs of one batch: an Adam step hangs on the sign of a gradient, so a few elements may differ, not most."""
    peer, ours = built(name, TASKS["regression"]), reference(name, TASKS["regression"])
    before = peer.parameters()
    for one in (peer, ours):
        assert one.run(3) > 0
    moved = [abs(a - b) for a, b in zip(peer.parameters(), before, strict=True)]
    apart = [abs(a - b) for a, b in zip(peer.parameters(), ours.parameters(), strict=True)]
    for distance, difference in zip(moved, apart, strict=True):
        assert np.mean(difference) < 1e-2 * np.mean(distance)


def test_scikit_learn_trains_and_a_direct_network_computes_what_its_spectrum_does() -> None:
    task = replace(TASKS["regression"], penalised=(), rows=64)
    peer = make("sklearn_mlp", task)
    before = peer.parameters()
    assert peer.run(1) > 0
    assert all(abs(a - b).max() > 0 for a, b in zip(peer.parameters(), before, strict=True))
    assert make("ours_direct", task).loss_and_gradients()[0] == pytest.approx(
        make("ours", task).loss_and_gradients()[0], rel=1e-5
    )


def test_the_published_blocks_are_those_of_the_network() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install -e '.[bench]'")
    from benchmarks.peers.ours import spectral
    from benchmarks.peers.torch_published import blocks, blocks_as_printed

    task = TASKS["classes"]
    phi, lam = ([torch.from_numpy(value) for value in values] for values in task.start)
    expected = spectral(task).transfer_blocks()
    for formed in (blocks(phi, lam), blocks_as_printed(phi, lam)):
        assert {(i + 1, j + 1) for i, j in formed} == set(expected)
        for (i, j), block in formed.items():
            np.testing.assert_allclose(block.numpy(), expected[i + 1, j + 1], atol=1e-5)


def test_turns_alternate_and_count_steps() -> None:
    task = chain(2, 4, 5, steps=3)
    seconds = alternate({"a": ("ours", task), "b": ("ours_direct", task)}, repeats=2, seconds=1e-4)
    assert {label: len(values) for label, values in seconds.items()} == {"a": 2, "b": 2}
    assert all(value > 0 for values in seconds.values() for value in values)
    assert Task.of(json.loads(json.dumps(task.record()))) == task


def test_a_child_has_its_threads_and_no_kernels_forced_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    code = "import os, sys; print(os.environ['OMP_NUM_THREADS'], os.environ.get('OPENBLAS_CORETYPE'), sys.stdin.read())"
    assert python(["-c", code], 1, text="input").split() == ["1", "None", "input"]
    if hasattr(os, "sched_getaffinity"):
        assert python(["-c", "import os; print(len(os.sched_getaffinity(0)))"], 1).strip() == "1"


def test_fits_and_ratios() -> None:
    sizes = [2, 4, 8, 16]
    assert exponent(sizes, [3e-5 * s**1.5 for s in sizes]) == pytest.approx(1.5)
    assert ratio([6.0, 8.0, 40.0], [2.0, 4.0, 4.0]) == (2.0, (2.0, 10.0))
    assert best({1: [3.0, 5.0, 100.0], 2: [6.0, 6.0, 1.0]}) == 1


def test_operations_of_a_step() -> None:
    """3-300-1: z and v forward, ∂φ twice; z, ∂φ, ∂u at the output."""
    assert Task((3, 300, 1), 100, 100).flops == 2 * 100 * (900 * 4 + 300 * 3)
    middle = 2 * 1024 * 2000 * 2000
    assert LARGE.flops == 6 * middle + 2 * 1024 * 2000 * 20 * (4 + 3)


def test_bytes_of_a_training() -> None:
    task = Task((2, 3, 1), 5, 10)
    parameters, neurons, data = 6 + 3 + 6, 6, 10 * (2 + 1 + 1)
    assert memory.needed(task) == 4 * (4 * parameters + 3 * 5 * neurons + data)
    assert memory.blocks(task) == 4 * (6 + 2 + 3)


def test_rows_say_whether_a_target_is_met() -> None:
    assert row("a", 1.0)["met"] is None
    assert row("a", 1.0, note="2 (reference)")["target"] == "2 (reference)"
    assert (row("a", 1.0, at_most=1)["met"], row("a", 1.1, at_most=1)["met"]) == (True, False)
    assert (row("a", 1.0, at_least=1)["met"], row("a", 0.9, at_least=1)["met"]) == (True, False)
    assert row("a", 1.0, "s", "why", at_least=1)["target"] == "at least 1 (why)"
    measured = timed("a", [3e-6, 1e-6, 2e-6])
    assert (measured["figure"], measured["spread"]) == (pytest.approx(2), pytest.approx([1, 3]))


def test_the_table_of_a_question() -> None:
    """The ratios are those of medians, each peer at its better number of cores, and the targets stand at their rows."""
    task = chain(2, 4)
    wanted = {"torch_published": 4.0, "jax_m7": 4.0}
    question = steps.Question("q", task, ("torch_published", "jax_m7", "torch_dense", "gemm"), wanted)
    times = {
        1: {"ours": [2.0] * 3, "torch_published": [9.0] * 3, "jax_m7": [6.0] * 3, "torch_dense": [1.0] * 3},
        2: {"ours": [1.0] * 3, "torch_published": [9.5] * 3, "jax_m7": [3.0] * 3, "torch_dense": [2.0] * 3},
    }
    for by_peer in times.values():
        by_peer["gemm"] = [1.0] * 3
    rows = {row["question"]: row for row in steps.table(question, times)}
    assert len(rows) == 2 * (4 + 2) + 3
    where = "each at its best"
    assert rows[f"q: ours faster than {TITLES['torch_published']}, {where}"]["figure"] == 9
    assert rows[f"q: ours faster than {TITLES['torch_published']}, {where}"]["met"]
    assert rows[f"q: ours faster than {TITLES['jax_m7']}, {where}"]["met"] is False
    assert rows[f"q: our step in those of a dense network of these widths in PyTorch, {where}"]["figure"] == 1
    alone = {row["question"]: row for row in steps.table(replace(question, single=True), times)}
    assert alone[f"q: ours faster than {TITLES['torch_published']}, one core"]["figure"] == 4.5


def test_every_peer_of_a_question_has_a_title_and_every_target_a_peer() -> None:
    for question in steps.QUESTIONS:
        assert set(question.peers) - {"gemm"} <= set(TITLES)
        assert set(question.wanted) <= set(question.peers)


def test_markdown_escapes_and_marks() -> None:
    text = markdown([row("|λ|", 0.5, "s", at_most=1, spread=(0.4, 0.6)), row("b", 2, at_most=1)])
    assert text.splitlines()[2:] == [
        "| \\|λ\\| | 0.5 s | 0.4 to 0.6 | at most 1 | met |",
        "| b | 2 |  | at most 1 | **not met** |",
    ]


def test_only_the_lines_between_the_markers_change(tmp_path: Path) -> None:
    start, stop = "<!-- rows -->", "<!-- /rows -->"
    text = f"before\n{start}\nold\n{stop}\nafter\n"
    assert between_markers(text, "rows", "new\n") == f"before\n{start}\nnew\n{stop}\nafter\n"
    for broken in ("nothing", f"{stop}{start}", text + text):
        with pytest.raises(ValueError, match="there must be one"):
            between_markers(broken, "rows", "new")
    write(tmp_path / "a.md", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_a_run_writes_its_two_files(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text(
        "# Title\n<!-- targets -->\n<!-- /targets -->\nwhy\n<!-- all figures -->\n<!-- /all figures -->\n",
        encoding="utf-8",
    )
    rows = [{"name": "steps", **row("kept", 1, at_most=2)}, {"name": "growth", **row("without a target", 1)}]
    record = {"date": "2026-01-01", "machine": "a machine", "rows": rows}
    command.publish(record, tmp_path / "results.json", page)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == record
    targets, figures = page.read_text(encoding="utf-8").split("why")
    assert "kept" in targets
    assert "without a target" not in targets
    assert "kept" in figures
    assert "without a target" in figures


def test_the_published_page_holds_the_tables_of_the_record() -> None:
    record = json.loads((command.HOME / "results.json").read_text(encoding="utf-8"))
    page = (command.HOME / "results.md").read_text(encoding="utf-8")
    assert between_markers(page, "all figures", markdown(record["rows"])) == page


def test_peers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(command, "installed", lambda name: None if name == "torch" else "1")
    monkeypatch.setattr("sys.argv", ["benchmarks", "steps"])
    with pytest.raises(SystemExit):
        command.main()
    assert "the peers need torch" in capsys.readouterr().err


def test_pruning_at_once_is_compared_with_the_whole_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 4))
    np.savez(tmp_path / "data.npz", X=x, y=(x[:, 0] > np.abs(x[:, 1])).astype(int))
    data = ["--data", str(tmp_path / "data.npz"), "--test-data", str(tmp_path / "data.npz")]
    found = one_shot.measure(
        [*data, "--hidden", "10", "--fraction", "0.8", "--epochs", "3", "--more", "1", "--runs", "2"]
    )
    figures = {row["question"]: row["figure"] for row in found}
    best = list(one_shot.RANKINGS)[-1]
    assert {"whole network", "2 neurons from scratch", *one_shot.RANKINGS} <= figures.keys()
    assert figures[f"whole network less {best}"] == pytest.approx(figures["whole network"] - figures[best])
