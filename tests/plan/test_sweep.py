"""From the values to try to the parameter sets."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.kind import value
from fourfold.plan.sweep import expand, problems, sweep_kind


def test_grid_zip_and_list_combine():
    """Grid is every combination, zip goes side by side, list adds sets, exclude takes out."""
    sweep = {
        "grid": {"k": [2, 3]},
        "zip": {"a": [1, 2], "b": [10, 20]},
        "list": [{"m": "x"}, {"m": "y", "n": 1}],
        "exclude": [{"k": 3, "a": 2}],
    }
    runs, idle = expand(sweep)
    assert idle == []
    assert len(runs) == 6
    assert {"k": 2, "a": 2, "b": 20, "m": "y", "n": 1} in runs
    assert not [run for run in runs if run["k"] == 3 and run["a"] == 2]


def test_no_sweep_is_one_run():
    """Without a sweep a config has one run, with nothing varied."""
    assert expand({}) == ([{}], [])


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4, unique=True), max_size=4))
def test_a_grid_has_the_product_of_its_lengths(lists):
    """And no two runs of it are the same."""
    runs, _ = expand({"grid": {f"p{i}": values for i, values in enumerate(lists)}})
    assert len(runs) == prod(map(len, lists))
    assert len({tuple(run.items()) for run in runs}) == len(runs)


def test_random_draws_are_seeded_and_stay_inside():
    """The same seed gives the same sets, another seed others."""
    block = {
        "runs": 50,
        "over": {
            "k": {"low": 2, "high": 5},
            "a": {"low": 0.01, "high": 1, "log": True},
            "m": ["x", "y"],
        },
    }
    first, again = expand({"random": block})[0], expand({"random": block})[0]
    other = expand({"random": {**block, "seed": 1}})[0]
    assert first == again != other
    assert {run["k"] for run in first} == {2, 3, 4, 5}
    assert all(0.01 <= run["a"] <= 1 and run["m"] in "xy" for run in first)
    assert sum(run["a"] < 0.1 for run in first) > 10  # log: half of the draws in each decade


def test_an_exclude_that_matches_nothing_is_told():
    """It is most likely a typo."""
    _, idle = expand({"grid": {"k": [2]}, "exclude": [{"k": 9}]})
    assert idle[0].key == ("exclude", 0)
    assert "{'k': 9}" in idle[0].message


@pytest.mark.parametrize(
    ("sweep", "key", "told"),
    [
        ({"grid": {"k": 3}}, ("grid", "k"), "got 3"),
        ({"grid": {"k": []}}, ("grid", "k"), "at least one"),
        ({"grid": [1]}, ("grid",), "expected a mapping"),
        ({"zip": {"a": [1], "b": [1, 2]}}, ("zip",), "a 1, b 2"),
        ({"list": {"a": 1}}, ("list",), "expected a list of mappings"),
        ({"list": [3]}, ("list", 0), "got 3"),
        ({"grid": {"k": [1]}, "zip": {"k": [1]}}, ("zip", "k"), "already swept by 'grid'"),
        ({"random": {"runs": 0, "over": {}}}, ("random", "runs"), "got 0"),
        (
            {"random": {"runs": 1, "over": {"a": {"low": 2, "high": 1}}}},
            ("random", "over", "a"),
            "low <= high",
        ),
        ({"random": 3}, ("random",), "got 3"),
    ],
)
def test_a_malformed_sweep_is_told_with_its_place(sweep, key, told):
    """Each mistake is a problem, none an exception."""
    found = problems(sweep)
    assert (found[0].key, len(found)) == (key, 1)
    assert told in found[0].message


def test_every_value_is_checked_at_its_place():
    """Each against its parameter."""
    sweep = {
        "grid": {"k": [2, 3]},
        "list": [{"m": 1}],
        "random": {"runs": 1, "over": {"a": {"low": 0, "high": 1}}},
    }
    wrong = value("…", lambda given: False)
    kind = sweep_kind({}, lambda name: wrong)
    assert [(key, int(message)) for key, message in kind.problems(sweep)] == [
        (("grid", "k", 0), 2), (("grid", "k", 1), 3), (("list", 0, "m"), 1),
        (("random", "over", "a"), 0), (("random", "over", "a"), 1),
    ]  # fmt: skip
