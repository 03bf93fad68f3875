"""Look-alikes of tables that people meet first: read as they are, with what was taken for what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spectral_core.data.datasets import load
from spectral_core.errors import DataFileError

ROWS = 60
Row = Callable[[int], str]


def real(k: int, digits: int = 2) -> str:
    return f"{np.sin(k * 12.9898) * 43.75 + 50:.{digits}f}"


def one(k: int, *words: str) -> str:
    return words[(k * 7 + k // 3) % len(words)]


TABLES: dict[str, tuple[str, Row]] = {
    "titanic": (
        "survived,pclass,sex,age,embarked,deck,alive,alone",
        lambda k: f"{k % 2},{k % 3 + 1},{one(k, 'male', 'female')},{'' if k % 9 == 0 else real(k)},{one(k, 'S', 'C', 'Q')},"
        f"{one(k, 'C', '', 'B')},{one(k, 'yes', 'no')},{one(k, 'True', 'False')}",
    ),
    "titanic_raw": (
        "survived,age,ticket,cabin,name,embarked",
        lambda k: f'{k % 2},{real(k)},{"A/5 " * (k % 4 == 0)}{1000 + 7 * k},{f"C{k}" if k % 3 == 0 else ""},'
        f'"Mr. {k}, X",{"" if k == 5 else one(k, "S", "C")}',
    ),
    "penguins": (
        "species,island,bill,mass,sex",
        lambda k: f"{one(k, 'Adelie', 'Gentoo')},{one(k, 'A', 'B', 'C')},{real(k)},{'' if k == 3 else real(k, 0)},"
        f"{'' if k == 3 else one(k, 'MALE', 'FEMALE')}",
    ),
    "mpg": (
        "cylinders,horsepower,origin,name,mpg",
        lambda k: f"{4 + k % 3 * 2},{'?' if k == 9 else 40 + k},{one(k, 'usa', 'japan')},car {k},{real(k)}",
    ),
    "tips": ("bill,sex,smoker,day,tip", lambda k: f"{real(k)},{one(k, 'F', 'M')},{one(k, 'Yes', 'No')},{one(k, 'Sun', 'Sat')},{real(k + 5)}"),
    "planets": ("method,mass,year", lambda k: f"{one(k, 'Transit', 'Radial Velocity')},{'' if k % 2 else real(k)},{1980 + k % 30}"),
    "iris": ("a,b,species", lambda k: f"{real(k)},{real(k + 3)},{one(k, 'setosa', 'virginica')}"),
    "iris_without_header": ("", lambda k: f"{real(k)},{real(k + 3)},{one(k, 'setosa', 'virginica')}"),
    "auto_imports": ("", lambda k: f"{k % 5 - 2},{'?' if k % 6 == 0 else 60 + k},{one(k, 'alfa', 'bmw')},gas,{5000 + 37 * k}"),
    "abalone": ("", lambda k: f"{one(k, 'M', 'F', 'I')},{real(k)},{1 + k % 25}"),
    "breast_cancer": ("", lambda k: f"'{one(k, '40-49', '50-59')}','{one(k, 'yes', 'no')}','{one(k, '1', '2')}','{one(k, 'recurrence', 'none-so-far')}'"),
    "housing": ("", lambda k: f"{real(k)},{k % 2},{real(k + 9)}"),
    "housing_in_blanks": ("", lambda k: f" {real(k)}   {k % 2}  {real(k + 9)}"),
    "pima": ("", lambda k: f"{k % 17},{50 + k},{real(k)},{k % 2}"),
    "auto_insurance": ("", lambda k: f"{k * 3 % 50},{real(k)}"),
    "winequality": ("fixed acidity;pH;quality", lambda k: f"{real(k)};{real(k + 1)};{3 + k % 6}"),
    "airline": ("Month,Passengers", lambda k: f"{1949 + k // 12}-{k % 12 + 1:02},{100 + 7 * k}"),
    "ionosphere": ("", lambda k: f"{k % 2},0,{real(k)},{one(k, 'g', 'b')}"),
    "sonar": ("", lambda k: f"{real(k)},{real(k + 2)},{one(k, 'R', 'M')}"),
    "census": ("age, work, income", lambda k: f"{20 + k}, {one(k, 'Private', '?', 'Gov')}, {one(k, '<=50K', '>50K')}"),
    "credit": ("", lambda k: f"{one(k, 'b', 'a')},{real(k)},{'?' if k == 4 else one(k, 'u', 'y')},{k % 3:05},{one(k, '+', '-')}"),
    "sales": ("date,store,amount", lambda k: f'{k % 28 + 1:02}.03.2021,{k % 3:03},"€ {k + 1}.{k % 90 + 10}0,50"'),
}  # fmt: skip
EXPECTED = {
    "titanic": ("classification", (False, True), "survived pclass sex=female sex=male age age:missing embarked=C embarked=Q embarked=S deck=B deck=C deck=missing alive"),
    "titanic_raw": ("classification", ("C", "S"), "survived age"),
    "penguins": ("classification", ("FEMALE", "MALE"), "species=Adelie species=Gentoo island=A island=B island=C bill mass"),
    "mpg": ("regression", (), "cylinders horsepower horsepower:missing origin=japan origin=usa"),
    "tips": ("regression", (), "bill sex=F sex=M smoker day=Sat day=Sun"),
    "planets": ("regression", (), "method=Radial·Velocity method=Transit mass mass:missing"),
    "iris": ("classification", ("setosa", "virginica"), "a b"),
    "iris_without_header": ("classification", ("setosa", "virginica"), "column1 column2"),
    "auto_imports": ("regression", (), "column1 column2 column2:missing column3=alfa column3=bmw"),
    "abalone": ("regression", (), "column1=F column1=I column1=M column2"),
    "breast_cancer": ("classification", ("none-so-far", "recurrence"), "column1=40-49 column1=50-59 column2 column3"),
    "housing": ("regression", (), "column1 column2"),
    "housing_in_blanks": ("regression", (), "column1 column2"),
    "pima": ("classification", (0, 1), "column1 column3"),
    "auto_insurance": ("regression", (), "column1"),
    "winequality": ("classification", (3, 4, 5, 6, 7, 8), "fixed·acidity pH"),
    "airline": ("regression", (), "Month:days Month:month"),
    "ionosphere": ("classification", ("b", "g"), "column1 column3"),
    "sonar": ("classification", ("M", "R"), "column1 column2"),
    "census": ("classification", ("<=50K", ">50K"), "work=Gov work=Private work=missing"),
    "credit": ("classification", ("+", "-"), "column1=a column1=b column2 column3=u column3=y column3=missing column4=00000 column4=00001 column4=00002"),
    "sales": ("regression", (), "date:days date:weekday store=000 store=001 store=002"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    header, row = TABLES[name]
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join([*([header] if header else []), *map(row, range(ROWS))]))
    data = load(path)
    task, classes, features = EXPECTED[name]
    assert (data.task, data.classes) == (task, classes)
    assert " ".join(feature.replace(" ", "·") for feature in data.feature_names) == features
    gone = sum("without" in remark for remark in data.remarks)
    assert len(data.x) == ROWS - gone
    assert np.isfinite(data.x).all()
    told = " ".join(data.remarks)
    assert ("the first row looks like data" in told) == (not header)
    if name == "sales":
        assert data.y[0, 0] == 1100.5
        assert "'€ 1.100,50' is read as 1100.5" in told


def test_a_name_in_each_row_is_no_target(tmp_path: Path) -> None:
    header, row = TABLES["mpg"]
    (tmp_path / "mpg.csv").write_text("\n".join([header, *map(row, range(ROWS))]))
    with pytest.raises(
        DataFileError, match=r"column 'name': the target has 60 different texts .*--target names another"
    ):
        load(tmp_path / "mpg.csv", target="name")
