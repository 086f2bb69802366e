"""A run for each row of a table."""

from __future__ import annotations

import pytest

from fourfold.plan.parameters import read_parameters
from fourfold.plan.rows import TABLE, read_rows

CELL = """count: int = 3  # how many, 1..50
mode: str = "plain"  # plain | fancy
flag: bool = False
columns: list[str] = []
"""
KINDS = {name: each.kind for name, each in read_parameters(CELL, "cell").items()}


def rows(folder, text, given="t.csv", swept=()):
    """The rows of a table, and what is wrong with it."""
    (folder / "t.csv").write_text(text, encoding="utf-8")
    assert TABLE.problems(given) == []
    return read_rows(given, folder, KINDS, set(swept))[:2]


def test_cells_are_read_by_the_type_of_their_parameter(tmp_path):
    """An empty cell leaves the parameter as it is; other columns are kept with the row."""
    text = '\ufeffstudent,count,flag,columns,mode\nAnna,4,TRUE,"[""a""]",fancy\n\nBen,,false,,\n'
    made, problems = rows(tmp_path, text, {"file": "t.csv", "name": "student"})
    assert problems == []
    assert [(row.name, row.values) for row in made] == [
        ("Anna", {"count": 4, "flag": True, "columns": ["a"], "mode": "fancy"}),
        ("Ben", {"flag": False}),
    ]
    assert made[1].cells == {
        "student": "Ben",
        "count": "",
        "flag": "false",
        "columns": "",
        "mode": "",
    }


def test_other_signs_and_names(tmp_path):
    """Semicolons as Excel writes them where commas are decimal; a column of another name."""
    given = {"file": "t.csv", "columns": {"count": "number"}}
    made, problems = rows(tmp_path, "number;mode\n4;plain\n", given)
    assert (problems, made[0].values) == ([], {"mode": "plain", "count": 4})


@pytest.mark.parametrize(
    ("text", "given", "key", "said"),
    [
        ("count\nx\n", "t.csv", (), "t.csv, line 2, column 'count': expected int in 1..50, got 'x'"),
        ("count\n1\n99\n", "t.csv", (), "line 3, column 'count': expected int in 1..50, got 99"),
        ("mode\nfancyy\n", "t.csv", (), "Did you mean 'fancy'?"),
        ("other\n1\n", "t.csv", (), "expected a column named as a parameter, got other"),
        ("count\n", "t.csv", (), "t.csv: expected rows, got none"),
        ("", "t.csv", (), "expected a column named as a parameter, got none"),
        ("count,who\n1,a\n2,a\n", {"file": "t.csv", "name": "who"}, (), "got that of line 2"),
        ("count,who\n1,\n", {"file": "t.csv", "name": "who"}, (), "a name of its own, got none"),
        ("count\n1\n", {"file": "t.csv", "name": "cuont"}, ("name",), "Did you mean 'count'?"),
        ("n\n1\n", {"file": "t.csv", "columns": {"cuont": "n"}}, ("columns", "cuont"), "'count'?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_table_is_located(tmp_path, text, given, key, said):
    """By file, line and column of the table."""
    _, problems = rows(tmp_path, text, given)
    assert problems[0].key == ("table", *key)
    assert said in problems[0].message


def test_what_is_no_table_is_told(tmp_path):
    """A file that is not there, bytes of another encoding, a column that is swept elsewhere."""
    (tmp_path / "latin.csv").write_bytes("größe\n1\n".encode("latin-1"))
    assert "no such file" in read_rows("tt.csv", tmp_path, KINDS, set())[1][0].message
    assert "UTF-8" in read_rows("latin.csv", tmp_path, KINDS, set())[1][0].message
    assert "already swept" in rows(tmp_path, "count\n1\n", swept=["count"])[1][0].message
    assert TABLE.problems(3)
    assert TABLE.problems({"name": "x"})


def test_a_column_that_may_be_a_slip_is_told(tmp_path):
    """It is no mistake: a table has columns of its own."""
    (tmp_path / "t.csv").write_text("count,mod,student\n1,fancy,Anna\n")
    remarks = read_rows("t.csv", tmp_path, KINDS, set())[2]
    assert [message for _, message in remarks] == [
        "column 'mod' of t.csv is no parameter. Did you mean 'mode'?"
    ]
