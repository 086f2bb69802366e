"""Columns that give the target together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fourfold.data import sources
from fourfold.methods import columns
from fourfold.methods.supervised.formulas import formula

FORMULAS = {
    "a + b": lambda t: t.a + t.b,
    "a - b": lambda t: t.a - t.b,
    "a × b": lambda t: t.a * t.b,
    "a / b": lambda t: t.a / t.b,
    "a + b + c": lambda t: t.a + t.b + t.c,
    "a + b - c": lambda t: t.a + t.b - t.c,
    "a × b × c": lambda t: t.a * t.b * t.c,
    "a / (b c)": lambda t: t.a / t.b / t.c,
    "(a - b) / c": lambda t: (t.a - t.b) / t.c,
    "c / (a + b)": lambda t: t.c / (t.a + t.b),
    "a × b - c": lambda t: t.a * t.b - t.c,
    "(a - b) × c": lambda t: (t.a - t.b) * t.c,
}


def table(seed: int, skew: bool, rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0, 0.7, (rows, 7)) if skew else rng.normal(size=(rows, 7))
    return pd.DataFrame(values, columns=list("xaybzcw"))


@pytest.mark.parametrize("skew", [True, False], ids=["skew", "normal"])
@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_of_two_or_three_columns_are_seen(name, skew):
    """For a quantity, also its logarithm and with rounding; for classes cut from it."""
    frame = table(0, skew)
    made = FORMULAS[name](frame)
    for goal, kind in (
        (made.round(3), "regression"),
        (made.rank(), "regression"),
        (np.sinh(made / made.std()), "regression"),
        (pd.Series(np.where(made > made.median(), "hi", "lo")), "classification"),
    ):
        given = formula(frame, goal, kind)
        assert given is not None, kind
        # In classes another formula may be cut at the same place, as a > b is a / b > 1.
        assert set(given.columns) <= set("abc")


def test_weights_powers_and_long_sums_are_seen():
    """Net and tax; a body mass index; twelve months."""
    frame = table(1, skew=True)
    months = pd.DataFrame(np.random.default_rng(0).lognormal(size=(400, 12)))
    weighted = formula(frame, 0.19 * frame.a + frame.b, "regression")
    powers = formula(frame, frame.a / frame.b**2, "regression")
    total = formula(months, months.sum(axis=1), "regression")
    assert (weighted.text, powers.text) == (
        "a weighted sum of a + b",
        "a product of powers of a × b",
    )
    assert len(total.columns) == 12
    assert total.text.endswith("and 8 more")


def test_missing_values_do_not_hide_a_sum():
    """Where the parts are known, they add up."""
    frame = table(2, skew=True)
    goal = frame.a + frame.b
    frame.loc[::4, "a"] = np.nan
    frame.loc[::5, "z"] = np.nan
    assert formula(frame, goal, "regression").text == "a + b"


@pytest.mark.parametrize("seed", range(6))
def test_strong_features_are_no_formula(seed):
    """A sum with noise of 3 %; classes that a line divides but for some; few rows; no numbers."""
    frame = table(seed, skew=seed % 2 == 0)
    rng = np.random.default_rng(seed)
    made = frame.a + frame.b
    noisy = made + rng.normal(0, 0.18 * made.std(), len(frame))
    classes = pd.Series(np.where(noisy > noisy.median(), "hi", "lo"))
    assert formula(frame, noisy, "regression") is None
    assert formula(frame, classes, "classification") is None
    assert formula(frame[:40], made[:40], "regression") is None
    assert formula(frame[["a"]].astype(str), made, "regression") is None


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("iris", "species"),
        ("wine", "cultivar"),
        ("penguins", "species"),
        ("breast_cancer", "diagnosis"),
        ("diabetes", "progression"),
        ("nba", "salary_kusd"),
    ],
)
def test_real_tables_without_a_leak_have_no_formula(name, target):
    """However well their features predict."""
    frame = sources.load(name, "", None).frame.dropna(subset=[target])
    known = columns.select(frame, [target]).frame
    kind = "regression" if frame[target].dtype.kind in "if" else "classification"
    assert formula(known, frame[target], kind) is None
