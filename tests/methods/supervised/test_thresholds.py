"""Costs of thresholds, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fourfold.errors import ConclusionError, DataError
from fourfold.methods.supervised import thresholds

TRUTH = np.array([True, True, False, False])
CHANCES = np.array([0.9, 0.4, 0.6, 0.1])


def test_a_condition_makes_two_classes():
    """Bounds as written; missing values stay missing; words and wrong conditions are told."""
    column = pd.Series([15.0, 15.5, np.nan], name="delay")
    assert thresholds.yes_no(column, "> 15").tolist() == ["no", "yes", None]
    assert thresholds.yes_no(column, ">= 15").tolist() == ["yes", "yes", None]
    assert thresholds.yes_no(column, "< 15.5").tolist() == ["yes", "no", None]
    with pytest.raises(DataError, match="a class of 'w', or numbers there, got '> 15' and 'late'"):
        thresholds.yes_no(pd.Series(["late"], name="w"), "> 15")
    with pytest.raises(ConclusionError):
        thresholds.yes_no(column, "> much")


def test_costs_by_hand():
    """At 0 all are flagged, above 1 none; between them each mistake has its price."""
    curve = thresholds.cost_curve(TRUTH, CHANCES, false_positive=2, missed=10)
    assert curve[0.0] == 100  # two false alarms in four rows
    assert curve[1.01] == 500
    assert curve[0.5] == 300  # one of each
    assert curve[0.3] == 50
    assert thresholds.cost_curve(TRUTH, CHANCES, 2, 20)[0.5] == 550


def test_the_cheapest_threshold():
    """The middle of the lowest stretch; dear alarms raise it, dear misses lower it."""
    lines = [
        thresholds.cheapest(thresholds.cost_curve(TRUTH, CHANCES, alarm, missed))
        for alarm, missed in ((1, 10), (10, 1))
    ]
    assert lines == [0.26, 0.76]


@pytest.mark.parametrize(
    ("rows", "losing", "winning", "amount"),
    [
        (100, 0.05, 0.02, 5),
        (400, 0.02, 0.005, 5),
        (200, 0.005, 0.02, 20),
        (100, 0.4, 0.4, 1),
        (60, 0.5, 0.4, 3),
        (300, 0.1, 0.05, 5),
    ],
)
def test_a_saving_of_rare_and_of_frequent_outcomes_lies_in_its_interval(
    rows, losing, winning, amount
):
    """In 93 to 97 % of all samples, by their multinomial chances; the mean's interval had 85 %."""
    truth = amount * winning - losing
    drawn = np.random.default_rng(0).multinomial(
        rows, [losing, winning, 1 - losing - winning], 1500
    )
    inside = []
    for lost, won, rest in drawn:
        saved = np.repeat([-1.0, amount, 0.0], [lost, won, rest])
        _, low, high = thresholds.mean_cost(saved, (-1, amount))
        inside.append(low <= truth <= high)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_an_outcome_that_has_not_come_yet_still_widens_the_interval():
    """One of 200 rows may lose 20 though none did; costs of nothing have no interval."""
    saved = np.repeat([1.0, 0.0], [20, 180])
    assert thresholds.mean_cost(saved, (1, -20)).low < 0 < thresholds.mean_cost(saved, (1,)).low
    assert thresholds.mean_cost(np.zeros(9), (0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("name", [">50K", " >50K", ">50K.", "< 1 year", ">=100"])
def test_a_class_may_be_called_like_a_condition(name):
    """It is a class if the target has it; a condition is one of numbers."""
    frame = pd.DataFrame({"y": [name, "other", None], "n": [1.0, 2.0, 3.0]})
    assert not thresholds.is_condition(frame, "y", name.strip())
    assert thresholds.is_condition(frame, "n", "> 15")
    assert thresholds.positive_class([name, "other"], name.strip()) == name
    assert thresholds.is_condition(frame, "y", ">= 7")  # and `yes_no` refuses the words
    with pytest.raises(DataError, match="target: expected a column"):
        thresholds.is_condition(frame, "z", "> 15")


def test_the_class_to_be_found_is_found_as_people_write_it():
    """The rarest if none is named; spaces, capitals and 1 for 1.0 do not matter; typos are told."""
    assert thresholds.positive_class(["rare", "often"], "") == "rare"
    assert thresholds.positive_class(["0", "1"], "1.0") == "1"
    assert thresholds.positive_class(["No", "Yes"], "yes ") == "Yes"
    assert thresholds.positive_class(["yes", "Yes"], "Yes") == "Yes"
    with pytest.raises(DataError, match=r"one of 'no', 'yes', got 'yess'.*Did you mean 'yes'"):
        thresholds.positive_class(["no", "yes"], "yess")
    with pytest.raises(DataError, match="got 'YES'"):
        thresholds.positive_class(["yes", "Yes"], "YES")
