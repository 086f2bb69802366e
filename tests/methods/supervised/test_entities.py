"""Columns that repeat a thing or order rows in time, and those that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fourfold.data import sources
from fourfold.methods.supervised.entities import entities, times

RNG = np.random.default_rng(0)
ROWS = 600
THING = RNG.integers(0, 60, ROWS)


@pytest.mark.parametrize(
    "name",
    [
        *("patient", "PatientID", "customer_id", "Country", "machine no", "subject-nr", "Kunde"),
        *("user", "id", "ID", "hhid", "loan_id", "litter"),
    ],
)
@pytest.mark.parametrize("words", [True, False], ids=["words", "numbers"])
def test_a_name_says_that_a_thing_comes_again(name, words):
    """In words or numbers, in small letters or not."""
    values = [f"n{n}" for n in THING] if words else THING
    frame = pd.DataFrame({"x": RNG.normal(size=ROWS), name: values, "y": RNG.normal(size=ROWS)})
    assert entities(frame) == [name]
    assert entities(frame, target=name) == []


@pytest.mark.parametrize("name", ["well", "col3", "Betrieb"])
def test_rows_that_can_be_recognised_belong_to_a_thing(name):
    """Whatever its name is, if the other columns are nearly the same in all of its rows."""
    depth = RNG.normal(size=60)[THING] + RNG.normal(0, 0.001, ROWS)
    soil = RNG.choice(["clay", "sand", "peat"], 60)[THING]
    marks = {"depth": depth, "soil": soil, "z": RNG.normal(size=60)[THING]}
    frame = pd.DataFrame({**marks, name: [f"w{n}" for n in THING]})
    assert entities(frame) == [name]
    numbered = pd.DataFrame({**marks, name: THING}).sort_values(name)
    assert entities(numbered) == [name]


def test_a_category_with_many_levels_is_no_thing_by_itself():
    """Shops whose rows are not alike; a few levels; a number of customers; nearly all different."""
    noise = {"x": RNG.normal(size=ROWS), "z": RNG.normal(size=ROWS)}
    assert entities(pd.DataFrame({**noise, "shop": [f"s{n}" for n in THING]})) == []
    assert entities(pd.DataFrame({**noise, "country": THING % 6})) == []
    assert entities(pd.DataFrame({**noise, "customers": THING})) == []
    assert entities(pd.DataFrame({**noise, "customer_age": 20 + THING})) == []
    assert entities(pd.DataFrame({**noise, "patient": np.arange(ROWS)})) == []
    assert entities(pd.DataFrame({**noise, "person": THING + 0.5})) == []


def test_the_surest_is_first():
    """A family before the number of its child; a patient before an identifier of another kind."""
    frame = pd.DataFrame({"childNum": THING % 12, "family": THING, "visit_id": THING // 2})
    assert entities(frame) == ["family", "childNum", "visit_id"]
    assert entities(pd.DataFrame({"patient": THING, "patient_no": THING // 3})) == [
        "patient",
        "patient_no",
    ]
    # Years of schooling; of a code that so many rows share it is not known whether it is a thing.
    assert entities(pd.DataFrame({"school": THING % 15, "x": RNG.normal(size=ROWS)})) == []
    many = pd.DataFrame({"type_id": RNG.integers(0, 12, 5000), "x": RNG.normal(size=5000)})
    assert entities(many) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sold", pd.date_range("2020-01-01", periods=ROWS)),
        ("Jahr", 1990 + THING % 12),
        ("year", 81 + THING % 7),
        ("timestamp", 1_600_000_000 + np.arange(ROWS) * 60),
        ("week", np.arange(ROWS) // 7),
        ("t", np.arange(ROWS) / 10),
    ],
)
def test_columns_of_time_are_seen(name, values):
    """Dates; years in any order; rising numbers by a name of time."""
    assert times(pd.DataFrame({"x": RNG.normal(size=ROWS), name: values})) == [name]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("birth_date", pd.date_range("1950-01-01", periods=ROWS)),
        ("year_built", 1950 + THING),
        ("month", 1 + THING % 12),
        ("time", RNG.exponential(size=ROWS)),
        ("year", 2007 + THING % 3),
        ("x", np.arange(ROWS)),
        ("day", pd.to_datetime("2024-01-01") + pd.to_timedelta(THING % 3, "D")),
    ],
)
def test_other_columns_order_no_rows_in_time(name, values):
    """A date of birth, a month, a duration, three years, a number that rises."""
    assert times(pd.DataFrame({"z": RNG.normal(size=ROWS), name: values})) == []


@pytest.mark.parametrize(
    "name", ["penguins", "iris", "wine", "breast_cancer", "titanic", "diabetes", "nba", "airports"]
)
def test_tables_of_single_things_have_neither(name):
    """Each row of these is a thing of its own, once."""
    frame = sources.load(name, "", None).frame
    assert (entities(frame), times(frame)) == ([], [])
