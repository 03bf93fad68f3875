"""Cells are read as a person means them, or refused with their place; nothing changes its meaning unsaid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.data.datasets import load
from spectral_core.data.meaning import dates
from spectral_core.data.meaning.kinds import readings
from spectral_core.data.meaning.numbers import decimals, number
from spectral_core.data.reading.form import FileForm
from spectral_core.data.reading.table import Table
from spectral_core.data.tables import ColumnChoice
from spectral_core.errors import DataFileError


def read(cells: list[str | None], **facts: object):
    """The values, the reading, the faults of a column of text."""
    column = np.array(cells, dtype=object)
    table = Table(("c",), (column,), **facts)  # type: ignore[arg-type]
    found, faults = readings(table, ("c",))
    if faults:
        return None, None, [str(fault) for fault in faults]
    return found["c"].values(column)[0].tolist(), found["c"], []


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2.5", "+3e2", ".5"], [1, -2.5, 300, 0.5]),
        (["1,234", "22,967.35", "7"], [1234, 22967.35, 7]),
        (["1.234,5", "7,25", "1.000.000"], [1234.5, 7.25, 1e6]),
        (["0,773", "-4,965", "-10,9"], [0.773, -4.965, -10.9]),
        (["210,238", "211,746"], [210238, 211746]),
        (["1 234,5", "12\u00a0345,0", "7\u202f000,5"], [1234.5, 12345, 7000.5]),
        (["1'234.5", "2’000"], [1234.5, 2000]),
        (["$210238", "$ 1,500.50", "-$3", "$-4"], [210238, 1500.5, -3, -4]),
        (["12 €", "7,5 €", "EUR 3"], None),
        (["12,0 €", "7,5 €"], [12, 7.5]),
        (["35%", "7.5 %", "-1%"], [35, 7.5, -1]),
        (["(1,234)", "55"], [-1234, 55]),
        (["−3", "4"], [-3, 4]),
        (["1,23,456.5", "7"], [123456.5, 7]),
    ],
)
def test_numbers_as_people_write_them(cells: list[str], values: list[float] | None) -> None:
    found, reading, faults = read(cells)
    if values is None:
        assert "different units" in faults[0]
        return
    assert found == values
    assert reading.kind == "number"
    assert reading.remark or all(cell.replace("e", "").replace(".", "").lstrip("+-").isdigit() for cell in cells)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([".", ","]))
def test_a_float_reads_back_with_either_sign(value: float, sign: str) -> None:
    assert number(repr(value).replace(".", sign), sign) == value


@given(
    st.integers(-(10**14), 10**14),
    st.integers(0, 99),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_thousands_read_back(whole: int, cents: int, marks: tuple[str, str]) -> None:
    text = f"{whole:,}".replace(",", marks[0]) + f"{marks[1]}{cents:02}"
    value = float(f"{whole}.{cents:02}")
    assert number(text, marks[1]) == value
    assert marks[1] in decimals([text])


@pytest.mark.parametrize(
    "text", ["", "1_000", "１２", "1,2,3", "1.2.3", "12 kg", "$", "1-2", "--1", "0x10", "1,00,0", "$1€", "(1"]
)
def test_what_is_no_number(text: str) -> None:
    assert number(text, ".") is None
    assert number(text, ",") is None


def test_percent_and_plain_numbers_do_not_mix() -> None:
    assert "different units: 'no sign' and '%'" in read(["35%", "0.5"])[2][0]
    assert "different units: '$' and '€'" in read(["$3", "€5"])[2][0]


def test_the_decimal_sign_of_the_file_decides_what_one_column_leaves_open() -> None:
    columns = tuple(np.array(cells, dtype=object) for cells in (["1.234", "5.678"], ["0,5", "1,25"]))
    found, _ = readings(Table(("a", "b"), columns), ("a", "b"))
    assert found["a"].values(columns[0])[0].tolist() == [1234, 5678]
    assert "the decimal sign of the file is ','" in found["a"].remark
    assert read(["1,234", "5,678"], separator=";")[0] == [1.234, 5.678]
    assert "--decimal states" in read(["1,234", "5,678"])[1].remark
    assert read(["1,234", "5,678"], decimal=",")[0] == [1.234, 5.678]
    assert read(["1,234", "5,678"], separator=";", decimal=".")[0] == [1234, 5678]


@pytest.mark.parametrize("gap", ["NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "?", "-", ".", "None", "#N/A", None])
def test_texts_that_mean_a_missing_number(gap: str | None) -> None:
    values, reading, _ = read(["1.5", gap, "3"])
    assert reading.kind == "number"
    assert np.isnan(values[1])
    assert values[::2] == [1.5, 3]


def test_other_texts_among_numbers_are_refused_with_their_place_and_remedy() -> None:
    many = [str(k) for k in range(20)]
    assert read([*many, "oops"])[2] == [
        "column 'c', row 21: 'oops' is text in a numeric column (--missing oops if it means a missing value, or --drop c)"
    ]
    assert read([*many, *["unknown"] * 15])[2][0].startswith("column 'c', row 21: 'unknown' is text")
    values, _, _ = read([*many, "oops"], missing=("oops",))
    assert np.isnan(values[-1])
    # Tickets and classes of fares are no numbers.
    assert read(["1", "2", "3", "crew", "crew", "1"])[1].kind == "text"
    assert read([*many, *(f"A/{k}" for k in range(10))])[1].kind == "text"


def test_na_among_codes_is_a_code_and_that_is_said() -> None:
    values, reading, _ = read(["NA", "DE", "NA", "FR"])
    assert values == ["NA", "DE", "NA", "FR"]
    assert "NA is read as a code" in reading.remark
    assert read(["NA", "DE"], missing=("NA",))[0] == [None, "DE"]
    values, reading, _ = read(["NA", "Bonn", "Rome"])
    assert values == [None, "Bonn", "Rome"]
    assert "'NA' is read as missing" in reading.remark


@pytest.mark.parametrize("cells", [["007", "012"], ["1", "01", "001"], ["01067", "80331"], ["00", "1"]])
def test_digits_with_a_leading_zero_are_codes(cells: list[str]) -> None:
    values, reading, _ = read(cells)
    assert values == cells
    assert "is a code with a leading zero: read as text" in reading.remark
    assert read(["0", "0.5", "-0.25"])[1].kind == "number"


def test_digits_that_a_float_would_lose_are_codes() -> None:
    values, reading, _ = read(["1234567890123456789", "1234567890123456788"])
    assert values == ["1234567890123456789", "1234567890123456788"]
    assert "more digits than a number keeps" in reading.remark


@pytest.mark.parametrize("words", [("no", "yes"), ("False", "True"), ("N", "Y"), ("f", "t")])
def test_words_for_true_and_false(words: tuple[str, str]) -> None:
    values, reading, _ = read([words[1], words[0], None, words[1]])
    assert reading.kind == "boolean"
    np.testing.assert_array_equal(values, [1, 0, np.nan, 1])


FORMATS = {
    "year-month": "%Y-%m", "year-month-day": "%Y-%m-%d", "year/month/day": "%Y/%m/%d", "day.month.year": "%d.%m.%Y",
    "day month year": "%d %b %Y", "month day, year": "%B %d, %Y", "month year": "%b %Y",
    "day/month/year": "%d/%m/%Y", "month/day/year": "%m/%d/%Y",
}  # fmt: skip


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(sorted(FORMATS)))
def test_dates_in_every_form(day: date, form: str) -> None:
    text = day.strftime(FORMATS[form])
    expected = day.replace(day=1) if form in dates.WHOLE_MONTHS else day
    assert dates.days(text, form) == (expected - date(1970, 1, 1)).days
    assert form in dates.forms([text])


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from([0, 2, -5]))
@settings(deadline=None)
def test_times_with_zones(moment: datetime, hours: int) -> None:
    moment = moment.replace(microsecond=0)
    zone = f"{'+' if hours >= 0 else '-'}{abs(hours):02}:00"
    found = dates.days(moment.isoformat() + zone, "year-month-day")
    utc = moment.replace(tzinfo=UTC) - timedelta(hours=hours)
    assert found == utc.timestamp() / 86400
    days = np.array([utc.replace(tzinfo=None)], "datetime64[us]")
    np.testing.assert_allclose(dates.days_of(days), found, rtol=1e-12)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_the_parts_of_a_date(day: date) -> None:
    moment = np.array([(day - date(1970, 1, 1)).days + 0.75, np.nan])
    for part, value in (("month", day.month), ("weekday", day.weekday()), ("hour", 18.0)):
        found = dates.part(moment, part)
        assert found[0] == value
        assert np.isnan(found[1])


def test_days_and_months_that_can_be_exchanged_are_refused() -> None:
    assert "may be day/month or month/day in every row" in read(["01/02/2020", "03/04/2020"])[2][0]
    assert read(["01/02/2020", "13/04/2020"])[1].form == "day/month/year"
    assert read(["01/02/2020", "03/14/2020"])[1].form == "month/day/year"
    assert read(["2:30", "x"])[1].kind == "text"
    assert read(["3/5/2020 2:30 PM", "3/15/2020 12:00 AM"])[0][1] % 1 == 0
    assert read(["2020-02-30", "2020-01-01"])[1].kind == "text"


# --- targets ----------------------------------------------------------------------------------------------------------


def table(folder: Path, target: list[str], name: str = "y") -> Path:
    path = folder / "t.csv"
    lines = [f"{k / 7:.4f},{k % 5},{cell}" for k, cell in enumerate(target)]
    path.write_text("\n".join([f"a,b,{name}", *lines]))
    return path


def test_one_question_mark_in_a_numeric_target_costs_one_row(tmp_path: Path) -> None:
    cells = [f"{k}.5" for k in range(60)]
    cells[7] = "?"
    data = load(table(tmp_path, cells))
    assert (data.task, data.y.shape) == ("regression", (59, 1))
    assert "1 row without 'y' was left out; the first is '?' in row 8" in data.remarks


@pytest.mark.parametrize("form", ["${}", '"{},500"', '"{},25"', "{} €", '"1,{}"'])
def test_a_numeric_target_in_text_is_numeric(tmp_path: Path, form: str) -> None:
    data = load(table(tmp_path, [form.format(100 + k) for k in range(60)]))
    assert data.task == "regression"
    assert any("target 'y'" in remark and "is read as" in remark for remark in data.remarks)


def test_labels_keep_their_zeros(tmp_path: Path) -> None:
    assert load(table(tmp_path, ["007", "012"] * 5)).classes == ("007", "012")
    assert load(table(tmp_path, ["1", "01", "001"] * 5)).classes == ("001", "01", "1")


def test_blanks_around_labels_do_not_count(tmp_path: Path) -> None:
    assert load(table(tmp_path, ["yes", "yes ", "no", " no"] * 4)).classes == ("no", "yes")
    assert "labels differ in capitals alone: 'No', 'no'" in load(table(tmp_path, ["No", "no", "yes"] * 4)).remarks


def test_labels_of_rows_without_one_are_left_out_and_said(tmp_path: Path) -> None:
    data = load(table(tmp_path, ["Adelie", "", "Gentoo", "NA"] * 5))
    assert data.classes == ("Adelie", "Gentoo")
    assert any("10 rows without 'y' were left out; the first is row 2" in remark for remark in data.remarks)
    assert load(table(tmp_path, ["NA", "DE"] * 6)).classes == ("DE", "NA")
    assert load(table(tmp_path, ["+", "-"] * 6)).classes == ("+", "-")
    named = load(table(tmp_path, ["NA", "Bonn", "Rome"] * 6), form=FileForm(missing=("none",)))
    assert named.classes == ("Bonn", "NA", "Rome")


def test_a_guessed_task_is_said(tmp_path: Path) -> None:
    ratings = table(tmp_path, [str(1 + k % 5) for k in range(60)], "stars")
    data = load(ratings)
    said = "target 'stars' has 5 distinct whole numbers: taken as classes; --task regression if they are measurements"
    assert data.task == "classification"
    assert said in data.remarks
    assert said not in load(ratings, task="classification").remarks
    codes = load(table(tmp_path, [str(k % 25) for k in range(100)]))
    assert codes.task == "regression"
    assert any(
        "25 distinct whole numbers: taken as measurements; --task classification" in text for text in codes.remarks
    )


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [f"n{k}" for k in range(60)],
            "has 60 different texts in 60 rows, too many for classes (--target names another",
        ),
        ([f"2020-01-{1 + k % 28}" for k in range(60)], "the target is a date"),
        (["", "?"] * 5, "the target has no values"),
        (["1"], "one row; at least two are needed"),
    ],
)
def test_targets_that_are_none(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(DataFileError) as caught:
        load(table(tmp_path, cells))
    assert message in str(caught.value)


def test_all_faults_stand_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{k},{k / 3:.3f},{k % 12 + 1}/{k % 12 + 1}/2020,{k}%,{k}.5" for k in range(30)]
    rows[4], rows[9] = "oops,1,1/1/2020,3,x", "9,inf,2/3/2020,3,9"
    path.write_text("a,b,c,d,y\n" + "\n".join(rows))
    with pytest.raises(DataFileError) as caught:
        load(path)
    message = str(caught.value)
    for part in (
        "'a', row 5: 'oops'",
        "'b', row 10: numbers must be finite",
        "'c': ",
        "'d': the numbers have",
        "'y', row 5",
    ):
        assert part in message
    assert message.count("--drop") >= 4
    stated = FileForm(missing=("oops", "inf", "x"))
    assert load(path, columns=ColumnChoice(features=("a",), target=("b",)), form=stated).x.shape == (29, 2)


def test_the_remedy_for_a_target_is_no_drop_and_words_for_labels_are_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        DataFileError, match=r"'y', row 41: 'oops' .*--missing oops .*, or --target names another column"
    ):
        load(table(tmp_path, [*(f"{k}.5" for k in range(40)), "oops"]))
    words = load(table(tmp_path, ["yes", "no"] * 20))
    assert not any("read as 0 and 1" in remark for remark in words.remarks)
    assert "read as 0 and 1" in " ".join(load(table(tmp_path, ["yes", "no"] * 20), task="regression").remarks)


def test_few_rows_are_said(tmp_path: Path) -> None:
    assert "only 3 rows: scores on parts of so few say little" in load(table(tmp_path, ["3.5", "4.5", "4.1"])).remarks
    assert not any("only" in remark for remark in load(table(tmp_path, [f"{k}.5" for k in range(30)])).remarks)
