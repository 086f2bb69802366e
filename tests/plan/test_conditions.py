"""Conditions as configs and ``--only`` write them."""

from __future__ import annotations

import pytest

from fourfold.plan.conditions import all_met, condition, meets
from fourfold.plan.kind import value

NUMBER = value("expected a number, got …", lambda given: type(given) in (int, float))


@pytest.mark.parametrize(
    ("held", "asked", "met"),
    [
        (3, 3, True), (3, 3.0, True), (1, True, False), (True, True, True), ("a", "a", True),
        (3, [1, 3], True), (3, [1, 2], False), ([1, 2], [1, 2], True), ([1], [1, 2], False),
        (3, ">= 3", True), (3, "> 3", False), (3, ["< 1", ">2"], True), (3, "!= 3", False),
        (0.15, "= 0.1", False), ("tree", "!= tree", False), ("tree", "!= knn", True),
        ("2026-02-01", ">= 2026-01-31", True), ("2026-01-01", ">= 2026-01-31", False),
        ("> 3", "> 3", True), ("x", "> 3", False), (True, "> 0", False), (None, None, True),
        (10, "= 1", False), ("1", 1, True),
    ],
)  # fmt: skip
def test_a_value_meets_a_condition(held, asked, met):
    """Values, lists of them, signs; a text that looks like a condition is itself first."""
    assert meets(held, asked) is met


def test_all_conditions_must_hold():
    """Of a name that there is not, none does."""
    assert all_met({"a": 1, "b": 2}, {"a": 1, "b": "> 1"})
    assert not all_met({"a": 1, "b": 2}, {"a": 1, "b": "> 2"})
    assert not all_met({"a": 1}, {"b": "!= 3"})


def test_what_no_value_can_meet_is_a_mistake():
    """Each alternative is a value of the parameter, or a sign and something."""
    kind = condition(NUMBER)
    assert not kind.problems(["> 3", 2])
    assert kind.problems(["> 3", "x"]) == [((1,), "expected a number, got 'x'")]
    assert kind.problems("x") == [((), "expected a number, got 'x'")]
    assert kind.problems([]) == [((), "expected a number, got []")]
    assert kind.problems("> ") == [((), "expected a number, got '> '")]
