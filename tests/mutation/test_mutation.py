"""A sample of all mutants is noticed, and the tool that says so notices what it must."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import battery, equivalence, report, sparse_battery
from tests.mutation.equivalence import Entry
from tests.mutation.judge import KERNELS, LEFT_OUT, ROOT, SPARSE, Verdict, imports, kernel_codes, targets
from tests.mutation.operators import Mutant, constants, mutants, piece, same_code

SEED = 2026
SAMPLES = 10, 5
"""Of the kernels, and of the derivations, whose proofs run anew for each."""
KERNEL = ROOT / KERNELS[0]


def test_a_sample_of_mutants_is_noticed(tmp_path: Path) -> None:
    """`make mutation` judges all of them."""
    options = f"--sample {SAMPLES[0]} {SAMPLES[1]} --seed {SEED} --jobs 2 --out".split()
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation", *options, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(SAMPLES)} of" in done.stdout
    assert (tmp_path / "mutation.md").read_text(encoding="utf-8") in done.stdout


def test_the_kernels_pass_the_battery() -> None:
    battery.check(kernel_codes())


def test_a_wrong_kernel_does_not() -> None:
    text = KERNEL.read_text(encoding="utf-8")
    for right, wrong in (
        ("du_in[s, k] -= q[s, k]", "du_in[s, k] += q[s, k]"),
        ("one = pre.dtype.type(1.0)", "one = 1.0"),
        ("np.dot(dz, M, du_in)", "pass"),
    ):
        assert text.count(right) == 1
        with pytest.raises((AssertionError, TypeError)):
            battery.check([compile(text.replace(right, wrong), "cpu.py", "exec"), *kernel_codes()[1:]])


def test_the_kernels_of_sparse_networks_pass_theirs_and_wrong_ones_do_not() -> None:
    codes, text = kernel_codes(KERNELS), (ROOT / SPARSE).read_text(encoding="utf-8")
    sparse_battery.check(codes)
    for right, wrong in (
        ("gradient[e] = dW", "gradient[e] = -dW"),
        ("length = 1.0 if stored else", "length = 1.0 if not stored else"),
        ("one if h == label[s] else zero) - shifted", "one if h == label[s] else one) - shifted"),
        ("means[i] += u_all[i, s] * weights[start + s]", "means[i] += u_all[i, s] * weights[s]"),
        ("real = parameters.dtype.type", "real = float"),
    ):
        assert text.count(right) == 1
        with pytest.raises((AssertionError, TypeError)):
            sparse_battery.check([*codes[:2], compile(text.replace(right, wrong), "sparse.py", "exec")])


# --- operators --------------------------------------------------------------------------------------------------------


def changes(source: str, **options: bool) -> list[str]:
    return [mutant.key[3] for mutant in mutants("file.py", source, **options)]


def test_the_operators() -> None:
    assert changes("x = a + b") == ["a + b → a - b", "a + b → a", "a + b → b"]
    assert changes("x = a - b") == ["a - b → a + b", "a - b → a", "a - b → -b"]
    assert changes("x = a * b") == ["a * b → a + b", "a * b → a / b", "a * b → a", "a * b → b"]
    assert changes("x = a ** n") == ["a ** n → a * n", "a ** n → a", "a ** n → n", "a ** n → a ** (n + 1)"]
    assert changes("x = -a") == ["-a → a"]
    assert changes("x = a < b") == ["a < b → a <= b", "a < b → a > b"]
    assert changes("x = a and b") == ["a and b → a or b", "a and b → a", "a and b → b"]
    assert changes("x = 2") == ["2 → 3", "2 → 1"]
    assert changes("x = 0.5") == ["0.5 → 1.5", "0.5 → 0.5000005"]
    assert changes("x = True") == ["True → False"]
    assert changes("x = f(a)") == ["f(a) → a"]
    assert changes("x = f(a, b)") == ["f(a, b) → f(b, a)"]
    assert changes("x = min(a, b)") == ["min(a, b) → max(a, b)"]
    assert changes("x = f(a, over=k)") == ["drops over=k"]
    assert changes("x = (a, b)") == ["drops a", "drops b"]
    assert changes("x = {'a': b}") == ["drops 'a': b"]
    assert changes("x = a if c else b") == ["a if c else b → a", "a if c else b → b", "c → True", "c → False"]
    assert changes("x = m.T") == ["m.T → m"]
    assert changes("x = v[h, k]") == ["v[h, k] → v[k, h]", "h → k", "k → h"]
    assert changes("x += a") == ["x += a → x -= a", "x += a → x = a", "deletes x += a"]
    assert changes("x = range(n)") == ["range(n) → range(n + 1)", "range(n) → range(n - 1)"]
    assert changes("x = v[a:b]") == [f"a:b → {c}" for c in ("a + 1:b", "a - 1:b", "a:b + 1", "a:b - 1")]
    assert changes("x = v.shape[0]") == ["0 → 1"]
    assert changes("if c:\n    f()") == ["c → True", "c → False", "deletes f()", "f() → f"][:3]
    assert changes("raise ValueError(1 + 1)") == ["deletes raise ValueError(1 + 1)"]


def test_what_is_only_shown_stays() -> None:
    shown = '''"""Text."""
import a
from b import c
x: int
def f(y: 1 = None) -> 2:
    """Text."""
Theorem(id="M1", statement="a" + "b")
proof.equal(f"{a + b} is c", left, right)
'''
    assert changes(shown) == [
        "deletes Theorem(id='M1', statement='a' + 'b')",
        "deletes proof.equal(f'{a + b} is c', left, right)",
    ]
    assert changes('x = "text"') == []
    assert changes('x = "text"', strings=True) == ["'text' → 'text?'"]
    assert changes('x = y == "text"') == ["y == 'text' → y != 'text'", "'text' → 'text?'"]
    assert "drops 'i - '" in changes('x = f"i - {a}"', strings=True)


def test_mutants_have_names_and_are_whole_files() -> None:
    source = "def f(a):\n    b = a + 1\n    c = a + 1\n    return b * c\n"
    found = mutants("file.py", source)
    assert len({mutant.id for mutant in found}) == len({mutant.key for mutant in found}) == len(found)
    assert [m.id for m in mutants("file.py", "\n\n" + source)] == [m.id for m in found]
    for mutant in found:
        assert ast.unparse(ast.parse(source)) != mutant.source()
        assert (mutant.file, mutant.function) == ("file.py", "f")
    assert ast.unparse(found[0].tree) == ast.unparse(ast.parse(source))
    space: dict[str, object] = {}
    minus = next(mutant for mutant in found if mutant.change == "a + 1 → a - 1")
    exec(minus.code(), space)
    assert space["f"](3) == 2 * 4  # type: ignore[operator]


def test_folded_constants_are_the_same_code() -> None:
    def code(text: str) -> object:
        return compile(text, "file.py", "exec")

    assert same_code(code("x = 2 * 3"), code("\n\nx = 6"))  # type: ignore[arg-type]
    assert not same_code(code("x = 2 * 3"), code("x = 6.0"))  # type: ignore[arg-type]
    assert not same_code(code("def f(): return 1"), code("def f(): return 2"))  # type: ignore[arg-type]
    assert not same_code(code("x = 1"), code("x = True"))  # type: ignore[arg-type]


def test_plain_identities_of_indices_are_the_same_code() -> None:
    def same(first: str, second: str) -> bool:
        head = ast.parse("A, B = 0, 2\n")
        codes = [piece(ast.parse(text).body[0], "file.py", constants(head)) for text in (first, second)]
        return same_code(*codes)

    assert same("x = v[0 * n + k + 0, A]", "x = v[k - 0, 0 * m]")
    assert same("x = v[2, B]", "x = v[B, 2]")
    assert same("x = np.float64(0.5)", "x = 0.5")
    assert not same("x = v[1 * n]", "x = v[0 * n]")
    assert not same("x = a + 0.0 * b", "x = a")
    assert not same("x = np.float32(0.5)", "x = 0.5")
    assert not same("x = np.float64(t)", "x = t")


def test_certificates_are_kept_only_where_nothing_imports_the_mutant() -> None:
    assert "derivations.theorems.spectral.propagation" in imports("derivations.theorems.spectral.adjoint")
    assert {"derivations.proof.rules", "derivations.proof.theorem", "derivations.proof.notation"} <= imports(
        "derivations.theorems.spectral.adjoint"
    )
    assert "derivations.theorems.spectral.adjoint" not in imports("derivations.theorems.spectral.propagation")
    assert "derivations.proof.rounding" in imports("derivations.theorems.scalar.accuracy")


def test_every_file_is_a_target() -> None:
    files = {target.file: target for target in targets()}
    assert {
        "derivations/proof/rules.py",
        "derivations/theorems/spectral/adjoint.py",
        "derivations/proof/programs.py",
        *KERNELS,
    } <= files.keys()
    assert all(target.mutants for target in files.values())
    assert [file for file, target in files.items() if target.kernel] == list(KERNELS)
    for place, reason in LEFT_OUT.items():  # what is left out is there, and the reason says more than that
        assert (ROOT / place).exists()
        assert len(reason.split()) >= 6
        assert not any(file.startswith(place) for file in files)
    together = [mutant.id for target in files.values() for mutant in target.mutants]
    assert len(set(together)) == len(together)


# --- survivors and the list of equivalents ----------------------------------------------------------------------------


def example() -> Mutant:
    return mutants("file.py", "x = a + b")[0]


def entry(change: str = "a + b → a - b") -> Entry:
    return Entry("file.py", ("module",), "x = a + b", (change,), "b is 0 there, as stated above")


def test_who_noticed_decides_the_column() -> None:
    mutant = example()
    assert report.outcome(Verdict(mutant, "nobody"), []) == "survived"
    assert report.outcome(Verdict(mutant, "nobody"), [entry()]) == "equivalent"
    assert report.outcome(Verdict(mutant, "nobody"), [entry("a + b → a")]) == "survived"
    assert report.outcome(Verdict(mutant, "same code"), []) == "equivalent"
    assert report.outcome(Verdict(mutant, "proof"), []) == "proof"


def test_stale_and_wrong_entries_are_problems() -> None:
    mutant = example()
    assert equivalence.unmatched([entry()], [mutant]) == []
    assert "no such mutant" in equivalence.unmatched([entry("a + b → c")], [mutant])[0]
    assert equivalence.noticed([entry()], [Verdict(mutant, "nobody")]) == []
    assert "caught by tests" in equivalence.noticed([entry()], [Verdict(mutant, "tests", "E")])[0]


def test_an_entry_without_a_proof_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "equivalent.toml"
    text = '[[mutant]]\nfile = "f"\nfunctions = ["g"]\nline = "x"\nchanges = ["y"]\nreason = "{}"\n'
    path.write_text(text.format("equivalent"), encoding="utf-8")
    with pytest.raises(ValueError, match="no proof"):
        equivalence.load(path)
    path.write_text(text.format("x is never read after this"), encoding="utf-8")
    assert equivalence.load(path) == [Entry("f", ("g",), "x", ("y",), "x is never read after this")]


def test_the_table_adds_up() -> None:
    found = mutants("derivations/a.py", "x = a + b") + mutants("spectral_core/kernels/cpu/dense.py", "x = a * b")
    verdicts = [
        Verdict(mutant, by)
        for mutant, by in zip(found, ("proof", "nobody", "tests", "nobody", "tests", "tests", "tests"), strict=True)
    ]
    options = argparse.Namespace(jobs=2, sample=None, seed=0)
    result = report.record(verdicts, [], options, 90, {"derivations/a.py": 5, "spectral_core/kernels/cpu/dense.py": 4})
    assert result["files"]["derivations/a.py"] == {
        "there are": 5,
        "judged": 3,
        "proof": 1,
        "not well-formed": 0,
        "--check": 0,
        "tests": 1,
        "equivalent": 0,
        "survived": 1,
    }
    assert len(result["survivors"]) == 2
    text = report.markdown(result)
    assert "| derivations/a.py | 5 | 3 | 1 | 0 | 0 | 1 | 0 | 1 |" in text
    assert "| spectral_core/kernels/cpu/dense.py | 4 | 4 | 3 | 0 | 1 |" in text
