"""How a reference is compared: read from a config, from the tags of a cell."""

from __future__ import annotations

import pytest

from fourfold.plan.rules import Rules, Tolerance, read_rules, with_tags

BLOCK = {"rtol": 0.01, "atol": 0.1, "metrics": {"auc": 0.05}, "ignore": ["pictures", "column t*"]}


def test_a_block_is_read():
    """All keys, and back."""
    rules, problems = read_rules(BLOCK)
    assert problems == []
    assert rules == Rules(Tolerance(0.01, 0.1), {"auc": 0.05}, ("pictures", "column t*"))
    assert rules.to_json() == BLOCK


@pytest.mark.parametrize(
    ("block", "key", "words"),
    [
        ({"rtoll": 1}, ("rtoll",), ["rtoll", "Did you mean 'rtol'"][1:]),
        ({"rtol": -1}, ("rtol",), ["from 0", "-1"]),
        ({"atol": "x"}, ("atol",), ["from 0", "'x'"]),
        ({"metrics": {"auc": True}}, ("metrics", "auc"), ["True"]),
        ({"metrics": 3}, ("metrics",), ["mapping", "3"]),
        ({"ignore": ["picture"]}, ("ignore", 0), ["picture", "Did you mean 'pictures'"]),
        ({"ignore": ["column"]}, ("ignore", 0), ["column NAME"]),
        (3, (), ["mapping", "3"]),
    ],
)
def test_a_mistake_is_told_at_its_key(block, key, words):
    """Key, what was expected, what there is, the nearest name."""
    ((found, message),) = read_rules(block)[1]
    assert found == key
    assert all(word in message for word in words)


def test_what_is_ignored():
    """By kind and name, wildcards in the name only."""
    rules = Rules(ignore=("pictures", "column fit_*", "cell eda"))
    assert rules.ignores("pictures")
    assert rules.ignores("column", "fit_time")
    assert rules.ignores("cell", "eda")
    assert not rules.ignores("column", "score")
    assert not rules.ignores("stderr")


def test_tags_of_a_cell():
    """Tags add to the rules of the notebook; other tags are none of ours."""
    rules = with_tags(Rules(Tolerance(1e-9)), ["rtol=0.1", "ignore-column=t", "hide-input"])
    assert rules == Rules(Tolerance(0.1), {}, ("column t",))
    assert with_tags(rules, ["atol=2", "ignore-stderr"]).ignore == ("column t", "stderr")


@pytest.mark.parametrize("tag", ["rtol=x", "atol=-1", "ignore-column", "ignore-pictures=x"])
def test_a_tag_that_cannot_be_read(tag):
    """It is named, with what was expected."""
    with pytest.raises(ValueError, match=tag):
        with_tags(Rules(), [tag])
