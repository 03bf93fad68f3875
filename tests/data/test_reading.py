"""Text files, Parquet, Feather and Excel: what was written is read, however it was written, and what was found is said."""

from __future__ import annotations

import csv as standard
import gzip
import io
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectral_core.data.datasets import load
from spectral_core.data.reading.delimited import from_text
from spectral_core.data.reading.form import UNKNOWN, FileForm
from spectral_core.data.tables import ColumnChoice
from spectral_core.errors import DataFileError, InvalidInputError, MissingDependencyError

HERE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROWS = [(0.346, 0.071, 0.773), (0.822, 6.457, -4.965), (0.33, 7.199, -6.786), (-1.303, 8.356, -10.9)]


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def body(separator: str = ",", decimal: str = ".") -> str:
    return "".join(separator.join(str(v).replace(".", decimal) for v in row) + "\n" for row in ROWS)


def values(path: Path, form: FileForm = UNKNOWN) -> np.ndarray:
    data = load(path, task="regression", form=form)
    return np.c_[data.x, data.y]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.Txt", "t.tsv", "t.csv.gz", "T.TSV.GZ"])
def test_any_form_reads_back(tmp_path: Path, separator: str, decimal: str, encoding: str, name: str) -> None:
    if separator == decimal:
        return
    text = (separator.join(["Größe", "b", "y"]) + "\n" + body(separator, decimal)).encode(encoding)
    path = written(tmp_path, gzip.compress(text) if name.lower().endswith("gz") else text, name)
    np.testing.assert_array_equal(values(path), ROWS)
    data = load(path, task="regression")
    assert (data.feature_names, data.name.lower()) == (("Größe", "b"), "t")
    told = " ".join(data.remarks)
    preferred = "\t" if "tsv" in name.lower() else ","
    assert ("separated by" in told) == (separator != preferred)
    assert ("Windows-1252" in told) == (encoding == "latin-1")


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda v: v + 0.0),
    st.integers(-(10**12), 10**12).map(float),
)
words = st.text(st.characters(codec="latin-1", categories=["L"]), min_size=3, max_size=8).filter(
    lambda t: t.lower() not in ("nan", "null", "inf", "none", "yes", "true", "false") and t == t.strip()
)


@HERE
@given(
    st.lists(st.tuples(cells, words, cells), min_size=4, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([".", ","]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_a_table_written_in_any_form_has_the_same_values(tmp_path, rows, separator, decimal, encoding):
    """The decimal sign and the separator are stated; a float of three decimals can be read in two ways otherwise."""
    text = io.StringIO()
    writer = standard.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(["first", "word", "last"])
    writer.writerows([[repr(a).replace(".", decimal), w, repr(b).replace(".", decimal)] for a, w, b in rows])
    path = written(tmp_path, text.getvalue().encode(encoding))
    form = FileForm(separator, "" if separator == decimal else decimal, encoding if encoding == "latin-1" else "")
    found = from_text(path, form)
    from spectral_core.data.meaning.kinds import readings

    read, faults = readings(found, ("first", "last"))
    assert not faults
    for name, place in (("first", 0), ("last", 2)):
        np.testing.assert_array_equal(read[name].values(found[name])[0], [row[place] for row in rows])
    assert found["word"].tolist() == [row[1] for row in rows]


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("# exported 2020-01-01\n# unit: m\na,b,y\n" + body(), "2 lines with # in front were skipped"),
        ("Report of 2020\n\na,b,y\n" + body(), "1 line before the column names was skipped: 'Report of 2020'"),
        ("Report, of 2020\na,b,y\n" + body(), "1 line before the column names was skipped"),
        ("Report,,\n,,\na,b,y\n" + body(), "2 lines before the column names were skipped"),
        ("# a,b,y\n" + body(), "the column names are those of the last line that begins with #"),
        ("sep=;\na;b;y\n" + body(";"), "columns are separated by ';'"),
        ("a,b,y,\n" + body().replace("\n", ",\n"), "a separator at the end of the lines was left out"),
        ("a,b,y\n" + body().replace("\n", ",\n"), "a separator at the end of the lines was left out"),
        ("a,b,y\n" + body() + ",,\n,,\n", ""),
        ("a, b, y\n" + body().replace(",", ", "), ""),
        ("'a','b','y'\n" + body(), ""),
        ("a,b,y\r\n" + body().replace("\n", "\r\n"), ""),
        ("a,b,y\n" + body() + "# source: somebody\n", "1 line with # in front was skipped"),
        ("a b y\n" + body("  "), "columns are separated by blanks"),
    ],
)
def test_what_stands_around_a_table_is_no_part_of_it(tmp_path: Path, text: str, remark: str) -> None:
    path = written(tmp_path, text)
    np.testing.assert_array_equal(values(path), ROWS)
    data = load(path, task="regression")
    assert (data.feature_names, data.target_names) == (("a", "b"), ("y",))
    assert remark in " ".join(data.remarks)


def test_a_first_row_of_data_is_no_header_and_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, body())
    np.testing.assert_array_equal(values(path), ROWS)
    data = load(path)
    assert data.feature_names == ("column1", "column2")
    assert "the first row looks like data, so the columns are called column1, ..., column3; --header" in data.remarks[0]
    assert len(load(path, form=FileForm(header=True)).x) == 3
    assert load(written(tmp_path, "a,b,y\nd,e,f\ng,h,i\nd,e,f\ng,h,f\n"), form=FileForm(header=False)).classes == (
        "f", "i", "y",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rows", "is_data"),
    [
        ("6,148,72,0.6,1", ["1,85,66,0.3,0", "8,183,64,0.6,1"], True),
        ("M,0.455,0.365,15", ["M,0.35,0.265,7", "F,0.53,0.42,9", "I,0.3,0.2,7"], True),
        ("'40-49','premeno','yes'", ["'50-59','ge40','no'", "'40-49','premeno','yes'", "'50-59','premeno','no'"], True),
        ("sex,length,rings", ["M,0.35,7", "F,0.53,9"], False),
        ("country,2019,2020", ["x,1,2", "y,3,4"], False),
        ("0,1,2", ["0.5,0.1,3", "0.2,0.3,4"], False),
        ("name,group", ["u,p", "v,q", "w,p"], False),
        ("a,?", ["1,2", "3,4"], False),
    ],
)
def test_whether_a_first_row_is_data(tmp_path: Path, header: str, rows: list[str], is_data: bool) -> None:
    table = from_text(written(tmp_path, "\n".join([header, *rows])), UNKNOWN)
    assert (table.names[0] == "column1") == is_data
    assert len(table) == len(rows) + is_data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n2,3\n4\n", "row 3 has 1 value; the header has 2 columns"),
        ("a,b\n1,2,3\n4,5,6\n", "row 1 has 3 values; the header has 2 columns"),
        ("a,b\n1,2\n3,4\nTotal,6\n", "row 3, the last one, begins with 'Total' and looks like a total; remove it"),
        ("a,b\n1,2\n3,4\nSource: us\n", "row 3 has 1 value"),
        ("a,b\n1\0,2\n", "holds zero bytes, so it is no text file; --encoding utf-16-le"),
        ("a,a\n1,2\n", "more than one column is called 'a'"),
        ("# only\n", "needs a target and at least one feature column"),
    ],
)
def test_a_text_file_that_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataFileError) as caught:
        load(written(tmp_path, text))
    assert message in str(caught.value)
    assert "t.csv" in str(caught.value)


def test_what_is_stated_of_a_file_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path, "a;y\n1,5;ä\n2,5;ö\n3,5;ä\n".encode("cp850"))
    data = load(path, form=FileForm(";", ",", "cp850"))
    assert (data.x.tolist(), data.classes) == ([[1.5], [2.5], [3.5]], ("ä", "ö"))
    with pytest.raises(DataFileError, match=r"line 2: the bytes are not utf-8"):
        load(path, form=FileForm(encoding="utf-8"))
    for form, message in (
        ({"separator": ":"}, "the separator must be one of"),
        ({"separator": ",", "decimal": ","}, "',' cannot be both"),
        ({"decimal": ":"}, "the decimal sign must be"),
        ({"encoding": "utf-99"}, "'utf-99' is no encoding"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            FileForm(**form)
    assert FileForm("TAB").separator == "\t"


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="cannot be read"):
        load(written(tmp_path, gzip.compress(b"a,b\n1,2\n" * 99)[:-5], "t.csv.gz"))


def test_csv_needs_no_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    np.testing.assert_array_equal(values(written(tmp_path, "a,b,y\n" + body())), ROWS)


def test_a_large_table_takes_seconds(tmp_path: Path) -> None:
    """100,000 x 10; the bound is for a machine with much other work."""
    generator = np.random.default_rng(0)
    text = io.StringIO()
    np.savetxt(text, generator.normal(size=(100_000, 10)), delimiter=",", header=",".join("abcdefghiy"), comments="")
    path = written(tmp_path, text.getvalue())
    start = time.process_time()
    assert load(path).x.shape == (100_000, 9)
    assert time.process_time() - start < 60


def test_the_index_of_a_pandas_frame_is_no_column(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    feather = pytest.importorskip("pyarrow.feather")
    table = arrow.table({"a": [1.5, 2.5, 3.5], "y": [0.5, 1.0, 2.0], "__index_level_0__": [3, 7, 9]})
    metadata = {b"pandas": b'{"index_columns": ["__index_level_0__"], "columns": []}'}
    table = table.replace_schema_metadata(metadata)
    parquet.write_table(table, tmp_path / "t.parquet")
    feather.write_feather(table, tmp_path / "t.FEATHER")
    for name in ("t.parquet", "t.FEATHER"):
        data = load(tmp_path / name)
        assert (data.feature_names, data.target_names) == (("a",), ("y",))
        assert "the index of the pandas frame was left out: '__index_level_0__'" in data.remarks
    plain = table.replace_schema_metadata({b"pandas": b"no JSON"})
    parquet.write_table(plain, tmp_path / "p.parquet")
    assert load(tmp_path / "p.parquet", task="regression").target_names == ("__index_level_0__",)


def test_a_column_of_lists_is_named_with_its_remedy_and_can_be_dropped(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "a": [1.5, 2.5, 3.5],
        "l": [[1], [2], []],
        "t": arrow.array([1, 2, 3], arrow.time32("s")),
        "y": [1.5, 2, 3],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataFileError, match=r"column 'l': must hold .*--drop l.*column 't': must hold .*--drop t"):
        load(tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet", columns=ColumnChoice(drop=("l", "t"))).feature_names == ("a",)


def test_excel_is_read_like_the_same_csv(tmp_path: Path) -> None:
    import openpyxl as excel

    book = excel.Workbook()
    for row in [
        ["Report"],
        [],
        ["a", "code", "when", "ok", "y"],
        *[[k / 2, f"0{k % 3}", f"2020-01-{k + 1:02}", k % 2 == 0, k * 1.5] for k in range(9)],
    ]:
        book.active.append(row)
    book.create_sheet("second")
    book.save(tmp_path / "t.XLSX")
    data = load(tmp_path / "t.XLSX")
    assert data.y[:, 0].tolist() == [k * 1.5 for k in range(9)]
    assert data.feature_names == ("a", "code=00", "code=01", "code=02", "when:days", "when:weekday", "ok")
    assert "sheet 'Sheet' was read, the first of 2" in data.remarks


def test_excel_without_its_reader_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(
        MissingDependencyError, match=r"t.xlsx needs openpyxl: pip install openpyxl, or save the sheet as CSV"
    ):
        load(written(tmp_path, b"PK", "t.xlsx"))
    with pytest.raises(DataFileError, match=r"old format of Excel; save it as .xlsx or .csv"):
        load(written(tmp_path, b"x", "t.xls"))
