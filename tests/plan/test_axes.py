"""Ranges, weights and draws as people write them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.axes import axis, drawn, draws_whole, quantile, spread, values_of
from fourfold.plan.kind import Kind
from fourfold.plan.parameters import read_parameters

CELL = """count: int = 3  # how many, 1..500
scale: float = 1.0  # by how much, 0..1000
day: str = ""  # first day
any = None
"""
KINDS = {name: each.kind for name, each in read_parameters(CELL, "cell").items()}


@pytest.mark.parametrize(
    ("name", "given_range", "values"),
    [
        ("scale", {"from": 0.1, "to": 0.5, "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("scale", {"from": 0, "to": 1, "count": 5}, [0, 0.25, 0.5, 0.75, 1]),
        ("scale", {"from": 0.001, "to": 1, "log": True}, [0.001, 0.01, 0.1, 1.0]),
        ("scale", {"from": 1, "to": 100, "step": 1.5, "count": None}, None),
        ("scale", {"from": 1, "to": 10, "log": True, "count": 3}, [1.0, 3.16228, 10]),
        ("scale", {"from": 1, "to": 3, "step": 1}, [1, 2, 3]),
        ("count", {"from": 1, "to": 4}, [1, 2, 3, 4]),
        ("count", {"from": 1, "to": 10, "step": 4}, [1, 5, 9]),
        ("count", {"from": 1, "to": 500, "log": True}, [1, 10, 100]),
        ("count", {"from": 1, "to": 3, "count": 9}, [1, 2, 3]),
        ("day", {"from": "2026-01-31", "to": "2026-05-01", "step": "1 month"},
         ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("day", {"from": "2026-01-01", "to": "2026-01-15", "step": "1 week"},
         ["2026-01-01", "2026-01-08", "2026-01-15"]),
        ("day", {"from": "9999-12-30", "to": "9999-12-31", "step": "1 day"},
         ["9999-12-30", "9999-12-31"]),
        ("day", {"from": "2026-01-01", "to": "2026-12-31", "step": "2 quarters"},
         ["2026-01-01", "2026-07-01"]),
        ("day", {"from": "2026-01-01", "to": "2026-01-03", "count": 2}, ["2026-01-01", "2026-01-03"]),
    ],
)  # fmt: skip
def test_a_range_has_the_values_that_people_expect(name, given_range, values):
    """Both ends where the steps meet them, no 0.30000000000000004, whole numbers stay whole."""
    if values is None:
        assert axis(KINDS[name]).problems(given_range)
        return
    assert axis(KINDS[name]).problems(given_range) == []
    made = spread(given_range, KINDS[name])
    assert made == values
    assert all(type(each) is int for each in made) or name != "count"


@pytest.mark.parametrize(
    ("name", "given_range", "said"),
    [
        ("scale", {"from": 0, "to": 0.5}, "expected a step or a count"),
        ("scale", {"from": 0, "to": 1, "step": 0}, "expected a number above 0"),
        ("scale", {"from": 1, "to": 0, "step": 1}, "from <= to"),
        ("scale", {"from": 0, "to": 1, "log": True}, "with log, from > 0"),
        ("scale", {"from": 1, "to": 9, "step": 1, "log": True}, "step > 1"),
        ("scale", {"from": 0, "to": 1, "step": "1 day"}, "a step of their kind"),
        ("scale", {"from": 0, "to": 1, "step": 1e-9}, "at most 100,000 values"),
        ("scale", {"from": 0, "to": 1, "stpe": 1}, "Did you mean 'step'?"),
        ("scale", {"to": 1}, "expected a list, {from: 0.1, to: 1, step: 0.1}"),
        ("scale", {"values": [1], "from": 0, "to": 1, "step": 1}, "expected a list, {from"),
        ("scale", {"values": [1], "log": True}, "expected a list, {from"),
        ("scale", {"from": 0, "to": "1 March", "step": 1}, "a date such as 2026-11-27"),
        ("count", {"from": 1, "to": 2, "step": 0.5}, "a value of this range: expected int in 1..500"),
        ("count", {"from": 1, "to": 501}, "expected int in 1..500, got 501"),
        ("day", {"from": "2026-02-30", "to": "2026-03-01", "step": "1 day"}, "a date such as"),
        ("day", {"from": "2026-02-01", "to": "2026-03-01", "step": "1 fortnight"}, "1 day or 3 months"),
    ],
)  # fmt: skip
def test_a_wrong_range_is_told(name, given_range, said):
    """One message that says what was expected."""
    (problem,) = axis(KINDS[name]).problems(given_range)
    assert said in problem.message


def test_draws_are_of_the_type_of_the_parameter():
    """1 to 50 of a float are no whole numbers; of a parameter of any type its ends decide."""
    ends = {"low": 1, "high": 50}
    assert [draws_whole(ends, KINDS[name]) for name in ("count", "scale", "any")] == [
        True, False, True,
    ]  # fmt: skip
    assert not draws_whole({"low": 0.5, "high": 2}, KINDS["any"])
    assert quantile(ends, 0.123456, whole=False) == 7.04934


@given(st.floats(0, 0.9999999))
def test_a_draw_stays_inside(share):
    """Ends included, dates too."""
    assert 2 <= quantile({"low": 2, "high": 5}, share, whole=True) <= 5
    assert 0.01 <= quantile({"low": 0.01, "high": 1, "log": True}, share) <= 1
    assert quantile(["a", "b"], share) == ("a" if share < 0.5 else "b")
    days = {"low": "2026-01-31", "high": "2026-02-02"}
    assert quantile(days, share) in ("2026-01-31", "2026-02-01", "2026-02-02")


def test_weights_say_how_often():
    """Three to one, and never what weighs nothing."""
    given_values = {"values": ["a", "b", "c"], "weights": [3, 0, 1]}
    assert Counter(quantile(given_values, i / 100) for i in range(100)) == {"a": 75, "c": 25}


@pytest.mark.parametrize(
    ("given_draw", "said"),
    [
        ({"values": [1, 2], "weights": [1]}, "weights of one length"),
        ({"values": [1, 2], "weights": [0, 0]}, "weights of one length"),
        ({"values": [1, 2], "weights": [-1, 2]}, "numbers from 0"),
        ({"low": 1, "high": 2, "weights": [1]}, "expected a list, {values"),
        ({"low": 2, "high": 1}, "low <= high"),
        ({"low": 0, "high": 1, "log": True}, "low > 0 with log"),
        ({"from": 1, "to": 2}, "unknown key"),
    ],
)
def test_a_wrong_draw_is_told(given_draw, said):
    """One message; two where two keys are unknown."""
    assert said in drawn(KINDS["scale"], Kind()).problems(given_draw)[0].message


def test_files_are_values(tmp_path):
    """By their path in the project, in order, and none where none matches."""
    (tmp_path / "data").mkdir()
    for name in ("b.csv", "a.csv", ".hidden.csv"):
        (tmp_path / "data" / name).touch()
    assert values_of({"files": "data/*.csv"}, Kind(), tmp_path) == ["data/a.csv", "data/b.csv"]
    assert values_of({"files": "data/*.tsv"}, Kind(), tmp_path) == []
