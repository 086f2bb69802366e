"""Levels from answers: hand-made models, the three real ones, and what must hold for any answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.data.sources import load
from fourfold.methods.maturity import levels as maturity
from fourfold.methods.maturity.assessment import (
    CREDIT,
    Answers,
    Assessment,
    Reply,
    Standing,
    assess,
)
from fourfold.methods.maturity.practices import (
    Criterion,
    Framework,
    Level,
    Practice,
    frameworks,
    models_of,
    practices,
)


def criterion(level, *needs, dimension=""):
    return Criterion(
        f"{level}-{'-'.join(needs)}", level, f"asks {needs}", "somewhere", needs, dimension
    )


def framework(*criteria, name="Tiny", dimensions=()):
    levels = tuple(Level(n, f"level {n}", (f"work {n}",)) for n in range(3))
    return Framework(name.lower(), name, "Title", "Us", "https://x", levels, criteria, dimensions)


def assessment(answers, *models, quarter="data"):
    standings = {
        name: Standing(Practice(name, name, quarter, 2), answer, "", "none", *CREDIT[answer])
        for name, answer in answers.items()
    }
    return Assessment("ours", standings, {model.id: model for model in models})


TINY = framework(criterion(1, "a"), criterion(1, "b", "c"), criterion(2, "d"))


@pytest.mark.parametrize(
    ("answers", "least", "most"),
    [
        ("done done done done", 2, 2),
        ("done done done missing", 1, 1),
        ("missing done done done", 0, 0),
        ("done done partly done", 0, 0),
        ("done done unknown done", 0, 2),
        ("done done unknown unknown", 0, 2),
        ("done done unknown missing", 0, 1),
        ("done done done unknown", 1, 2),
        ("partly unknown unknown unknown", 0, 0),
    ],
)
def test_a_level_needs_all_its_criteria_and_those_below(answers, least, most):
    """By hand: level 1 needs a, b and c, level 2 also d; half is not enough; unknown gives both."""
    found = assessment(dict(zip("abcd", answers.split(), strict=True)), TINY)
    row = maturity.level_table(found).loc["Tiny"]
    assert (row["at least"], row["at most"]) == (least, most)
    assert row["name"] == f"level {least}"
    assert row["manual"] == f"work {least}"


def test_a_criterion_is_as_good_as_its_weakest_practice():
    """Met, partly, open or unknown."""
    answers = {"a": "done", "b": "done", "c": "partly", "d": "unknown"}
    model = framework(
        criterion(1, "a"), criterion(1, "b", "c"), criterion(1, "a", "d"), criterion(2, "c", "d")
    )
    found = assessment(answers, model)
    statuses = [maturity.status(found, each) for each in model.criteria]
    assert statuses == ["met", "partly", "unknown", "unknown"]
    assert [each.share(found.low) for each in model.criteria] == [1, 0.5, 0, 0]
    assert [each.share(found.high) for each in model.criteria] == [1, 0.5, 1, 0.5]
    missing = assessment({**answers, "c": "missing"}, model)
    statuses = [maturity.status(missing, each) for each in model.criteria]
    assert statuses == ["met", "open", "unknown", "open"]
    found = maturity.level_table(assessment(answers, model)).loc["Tiny"]
    assert (found["criteria met"], found["criteria"], found["top"]) == (1, 4, 2)


def test_gaps_count_by_dimension_and_level():
    """In the order of the model, with a question mark where something is unknown."""
    model = framework(
        criterion(1, "a", dimension="people"),
        criterion(1, "b", dimension="tools"),
        criterion(1, "d", dimension="tools"),
        criterion(2, "c", dimension="people"),
        dimensions=("tools", "people", "nothing"),
    )
    found = assessment({"a": "done", "b": "done", "c": "missing", "d": "unknown"}, model)
    share, text = maturity.gaps(found, model)
    assert text.loc["tools"].tolist() == ["1 of 2 ?", ""]
    assert text.loc["people"].tolist() == ["1 of 1", "0 of 1"]
    assert share.loc["people"].tolist() == [1, 0]
    assert share.loc["tools", 1] == 0.5
    assert share.isna().loc["tools", 2]
    assert list(share.index) == ["tools", "people"]


def test_quarters_score_their_practices():
    """A partial answer as half, an unknown one as nothing or all."""
    standings = {}
    for quarter in ("business", "data", "model", "devops"):
        for answer in CREDIT:
            name = f"{quarter}-{answer}"
            practice = Practice(name, name, quarter, 1)
            standings[name] = Standing(practice, answer, "", "none", *CREDIT[answer])
    table = maturity.quarters(Assessment("ours", standings, {}))
    assert table.index.tolist() == ["business framing", "DataOps", "model improvement", "DevOps"]
    assert (table[["done", "partly", "missing", "unknown"]] == 1).all(axis=None)
    assert (table["score"] == 1.5 / 4).all()
    assert (table["best case"] == 2.5 / 4).all()


def test_only_what_is_known_is_exact():
    """Two cases make an interval, one an exact figure."""
    assert maturity.bounds(1, 3) == {"value": 1, "ci": (1, 3), "exact": False}
    assert maturity.bounds(2, 2) == {"value": 2, "ci": None, "exact": True}


def test_google_level_2_without_automatic_analysis():
    """Whoever automates all that is asked for is at the top, with analysis still manual."""
    found = assess(Answers("x", tuple(Reply(n, "done") for n in practices())), Path())
    table = maturity.level_table(found)
    assert table["at least"].to_dict() == {"AWS": 4, "Microsoft": 4, "Google": 2}
    assert table.loc["Google", "manual"] == "data analysis, model analysis"


def test_own_models_are_judged_by():
    """Without its criterion, a practice no longer holds a level."""
    replies = tuple(Reply(n, "missing" if n == "feature-store" else "done") for n in practices())
    frame = load("mlops_criteria").frame
    fewer = models_of(frame[~frame["needs"].str.contains("feature-store")])
    found = [assess(Answers("x", replies), Path(), models=m) for m in (None, fewer)]
    assert [maturity.level_table(each).loc["Google", "at least"] for each in found] == [1, 2]


def test_nothing_done_is_level_0_everywhere():
    """Microsoft's is called 'no MLOps'."""
    found = assess(Answers("x", tuple(Reply(n, "missing") for n in practices())), Path())
    table = maturity.level_table(found)
    assert table["at most"].tolist() == [0, 0, 0]
    assert table.loc["Microsoft", "name"] == "no MLOps"


NAMES = sorted(practices())
ANSWERS = st.lists(st.sampled_from(sorted(CREDIT)), min_size=len(NAMES), max_size=len(NAMES))


@settings(max_examples=60)
@given(ANSWERS, st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)))
def test_the_interval_holds_the_level_however_the_unknown_turns_out(answers, truth):
    """For any answers: once all is known, each level lies between the worst and the best case."""
    replies = dict(zip(NAMES, answers, strict=True))
    told = {n: "done" if yes else "missing" for n, yes in zip(NAMES, truth, strict=True)}
    resolved = {n: told[n] if answer == "unknown" else answer for n, answer in replies.items()}
    before, after = (
        assess(Answers("x", tuple(Reply(*item) for item in each.items())), Path())
        for each in (replies, resolved)
    )
    for model in frameworks().values():
        exact = model.reached(after.low)
        assert exact == model.reached(after.high)
        assert model.reached(before.low) <= exact <= model.reached(before.high)


@settings(max_examples=40)
@given(ANSWERS, st.sampled_from(NAMES))
def test_another_practice_never_lowers_a_level(answers, name):
    """Levels, criteria met and scores only rise."""
    replies = dict(zip(NAMES, answers, strict=True))
    before, after = (
        assess(Answers("x", tuple(Reply(*item) for item in each.items())), Path())
        for each in (replies, {**replies, name: "done"})
    )
    columns = ["at least", "at most", "criteria met"]
    assert (maturity.level_table(before)[columns] <= maturity.level_table(after)[columns]).all(
        axis=None
    )
    ends = ["score", "best case"]
    assert (maturity.quarters(before)[ends] <= maturity.quarters(after)[ends]).all(axis=None)
