"""What a practice unlocks, the order by effect, and its comparison with other orders."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.errors import DataError
from fourfold.methods.maturity import roadmap
from fourfold.methods.maturity.assessment import (
    CREDIT,
    Answers,
    Assessment,
    Reply,
    Standing,
    assess,
)
from fourfold.methods.maturity.practices import Criterion, Framework, Level, Practice, practices


def model(name, *levels):
    """A model whose level n needs the practices of the n-th word."""
    criteria = tuple(
        Criterion(f"{name}-{n}-{need}", n, "asks", "somewhere", (need,))
        for n, word in enumerate(levels, 1)
        for need in word
    )
    numbers = tuple(Level(n, f"level {n}") for n in range(len(levels) + 1))
    return Framework(name.lower(), name, "Title", "Us", "https://x", numbers, criteria)


def assessment(answers, *models, weeks=None, after=None):
    weeks, after = weeks or {}, after or {}
    standings = {
        name: Standing(
            Practice(name, name, "data", weeks.get(name, 1), tuple(after.get(name, ""))),
            answer,
            "",
            "none",
            *CREDIT[answer],
        )
        for name, answer in answers.items()
    }
    return Assessment("ours", standings, {m.id: m for m in models})


def missing(names):
    return dict.fromkeys(names, "missing")


def test_what_is_left_of_a_practice():
    """All of a missing or unknown one, half of a partial one, nothing of one that is done."""
    answers = {"a": "missing", "b": "unknown", "c": "partly", "d": "done"}
    found = assessment(answers, model("M", "abcd"), weeks=dict.fromkeys("abcd", 4))
    assert found.left == {"a": 4, "b": 4, "c": 2}


def test_practices_come_with_what_they_need():
    """In depth, once each, and without what is there."""
    after = {"c": "b", "b": "a", "e": "cd"}
    found = assessment({**missing("abce"), "d": "done"}, model("M", "abcde"), after=after)
    assert roadmap.with_needed(found, ["e", "a", "b"]) == ["a", "b", "c", "e"]


def test_what_one_practice_unlocks():
    """By hand: only c completes a level; a has most criteria of the rest."""
    answers = {**missing("ac"), "b": "done", "d": "partly"}
    models = model("M", "bc", "a"), model("N", "ad", "a")
    found = assessment(answers, *models, weeks={"a": 2, "c": 4, "d": 2}, after={"c": "d"})
    table = roadmap.unlocks(found)
    assert table.index.tolist() == ["c", "a", "d"]
    assert table["levels"].tolist() == ["M 1", "", ""]
    assert table["criteria"].tolist() == [1, 3, 1]
    assert table["weeks"].tolist() == [4, 2, 1]
    assert table["needs first"].tolist() == ["d", "nothing", "nothing"]


def test_nothing_is_left_at_the_top():
    """Empty tables, an empty plan, and no comparison."""
    found = assessment({"a": "done"}, model("M", "a"))
    assert roadmap.unlocks(found).empty
    assert roadmap.questions(found).empty
    assert roadmap.plan_steps(found) == []
    with pytest.raises(DataError, match="a level that is not reached"):
        roadmap.compare_orders(found, [], 10)


def test_questions_that_decide_come_first():
    """b alone holds level 2 of the best case; c is asked for twice and decides nothing."""
    answers = {"a": "done", "b": "unknown", "c": "unknown", "d": "missing"}
    found = assessment(answers, model("M", "a", "b"), model("N", "cd", "c"))
    table = roadmap.questions(found)
    assert table.index.tolist() == ["b", "c"]
    assert table["levels at stake"].tolist() == [1, 0]
    assert table["criteria"].tolist() == [1, 2]


def test_the_plan_takes_most_levels_for_the_effort():
    """By hand: N 1 costs 1, M 1 costs 2, both together 3; then M 2, which needs c after d."""
    models = model("M", "a", "c"), model("N", "b")
    found = assessment(missing("abcd"), *models, weeks={"a": 2, "d": 5}, after={"c": "d"})
    told = [(s.practice, s.weeks, s.until, s.unlocks) for s in roadmap.plan_steps(found)]
    assert told == [
        ("b", 1, 1, "N 1"),
        ("a", 2, 3, "M 1"),
        ("d", 5, 8, ""),
        ("c", 1, 9, "M 2"),
    ]


def test_effort_decides_the_order():
    """With other efforts, the other level comes first."""
    models = model("M", "a"), model("N", "b")
    first = [
        roadmap.plan_steps(assessment(missing("ab"), *models, weeks=weeks))[0].practice
        for weeks in ({"a": 1, "b": 2}, {"a": 2, "b": 1})
    ]
    assert first == ["a", "b"]


def test_one_practice_for_two_models_is_worth_two_levels():
    """c unlocks a level of each for 3 weeks; a only one for 2."""
    found = assessment(
        missing("ac"),
        model("M", "c"),
        model("N", "c", "a"),
        model("O", "a"),
        weeks={"a": 2, "c": 3},
    )
    assert [s.unlocks for s in roadmap.plan_steps(found)] == ["M 1, N 1", "N 2, O 1"]


def test_waits_are_counted_in_person_weeks():
    """By hand: a after 2, b after 3; level 2 needs both."""
    found = assessment(missing("ab"), model("M", "a", "b"), model("N", "b"), weeks={"a": 2})
    assert roadmap.waits(found, [["a", "b"], ["b", "a"]]).tolist() == [[2, 3, 3], [3, 3, 1]]


def test_cheapest_first_respects_what_is_needed():
    """b is cheapest, but needs a."""
    found = assessment(missing("abc"), model("M", "abc"), weeks={"a": 9, "c": 2}, after={"b": "a"})
    assert roadmap.cheapest_first(found) == ["a", "b", "c"]


def test_comparison_by_hand():
    """Of a road through four steps, against all 24 orders: the sampled share meets the true one."""
    weeks = {"a": 1, "b": 2, "c": 3, "d": 4}
    found = assessment(missing("abcd"), model("M", "ab", "c", "d"), weeks=weeks)
    steps = roadmap.plan_steps(found)
    means = roadmap.waits(found, list(permutations("abcd"))).mean(axis=1)
    mine = roadmap.waits(found, [[step.practice for step in steps]]).mean()
    truth = np.mean([0.5 if np.isclose(m, mine) else m > mine for m in means])
    compared = roadmap.compare_orders(found, steps, 2000, seed=1)
    assert compared.wait == mine == min(means)
    share, low, high = compared.share
    assert low <= truth <= high
    assert low < share < high
    assert set(compared.waits) == {"roadmap", "cheapest first", "a random order"}


def test_orders_and_seed_change_the_comparison():
    """More orders narrow the interval; another seed draws others."""
    found = assess(Answers("x", ()), Path())
    steps = roadmap.plan_steps(found)
    few, more, other = (
        roadmap.compare_orders(found, steps, n, seed) for n, seed in [(20, 0), (60, 0), (20, 1)]
    )
    assert len(more.random) == 60
    assert np.array_equal(more.random[:20], few.random)
    assert not np.array_equal(few.random, other.random)
    assert np.ptp(more.share[1:]) < np.ptp(few.share[1:])


NAMES = sorted(practices())


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(sorted(CREDIT)), min_size=len(NAMES), max_size=len(NAMES)),
    st.integers(0, 99),
)
def test_every_order_does_all_and_respects_what_comes_first(answers, seed):
    """For any answers: plan, cheapest and random orders hold each open practice once, in order."""
    replies = tuple(Reply(*item) for item in zip(NAMES, answers, strict=True))
    found = assess(Answers("x", replies), Path())
    left = found.left
    steps = roadmap.plan_steps(found)
    orders = [
        [step.practice for step in steps],
        roadmap.cheapest_first(found),
        roadmap.random_order(found, np.random.default_rng(seed)),
    ]
    for order in orders:
        assert sorted(order) == sorted(left)
        for place, name in enumerate(order):
            needed = set(found.standings[name].practice.after) & set(left)
            assert needed <= set(order[:place])
    if steps:
        assert steps[-1].until == pytest.approx(sum(left.values()))
        unlocked = sum(len(step.unlocks.split(", ")) for step in steps if step.unlocks)
        tops = sum(m.levels[-1].level - m.reached(found.low) for m in found.models.values())
        assert unlocked == tops
