"""Scorecards as arrays: units, measurements, other weights, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from fourfold.errors import ConfigError, DataError
from fourfold.methods.platform.scorecard import read_decision

ROOT = Path(__file__).parents[3]
CARD = """\
about: Two of them.
criteria:
  speed: {weight: 3, meaning: how fast}
  cost: {weight: 1, worst: 100, best: 0, unit: euro, meaning: how dear}
scores:
  - {platform: A, criterion: speed, score: 4, plus_minus: 1, basis: judgement, source: us}
  - {platform: A, criterion: cost, score: 20, plus_minus: 10, basis: document, source: quote}
  - {platform: B, criterion: cost, score: 90, plus_minus: 0, basis: document, source: quote}
  - {platform: B, criterion: speed, score: 5, plus_minus: 0, basis: judgement, source: us}
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text=CARD, **options):
        Path("card.yaml").write_text(text, encoding="utf-8")
        return read_decision("card.yaml", **options)

    return read


def test_scores_become_points(read):
    """By hand: 4 of 1 to 5 is 75 points, 20 of 100 to 0 euro is 80; weights 3 to 1."""
    card = read()
    assert card.platforms == ("A", "B")
    assert card.criteria == ("speed", "cost")
    assert card.weights.tolist() == [0.75, 0.25]
    assert card.points == pytest.approx(np.array([[75, 80], [100, 10]]))
    assert card.error == pytest.approx(np.array([[25, 10], [0, 0]]) / 1.959964)
    assert card.totals == pytest.approx([76.25, 77.5])
    assert card.order.tolist() == [1, 0]
    assert card.table(card.points).loc["B", "cost"] == pytest.approx(10)
    assert [(s.platform, s.criterion, s.source) for s in card.scores][2:] == [
        ("B", "speed", "us"),
        ("B", "cost", "quote"),
    ]
    assert card.scales["cost"].unit == "euro"
    assert card.about == "Two of them."


def test_measurements_take_the_place_of_judgements(read):
    """Their mean, with Student's interval; equal ones leave no doubt."""
    values = [2.0, 3.0, 4.0, 3.0, 3.0]
    rows = [("A", "speed", v) for v in values[:3]] + [("B", "speed", v) for v in values[3:]]
    card = read(measurements=pd.DataFrame(rows, columns=["platform", "criterion", "value"]))
    half = student.ppf(0.975, 2) * 1 / np.sqrt(3)
    assert card.points[:, 0] == pytest.approx([50, 50])
    assert card.error[:, 0] == pytest.approx([100 * half / 4 / 1.959964, 0])
    assert card.points[:, 1] == pytest.approx([80, 10])
    assert [s.basis for s in card.scores] == ["measurement", "document"] * 2


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"platform": ["A"], "value": [1]}), "expected the columns criterion, got"),
        (pd.DataFrame({"platform": "A", "criterion": ["sped"] * 2, "value": 1}), "Did you mean 'speed'"),
        (pd.DataFrame({"platform": "A", "criterion": ["speed"], "value": 1}), "two of 'A' in 'speed', got 1"),
        (pd.DataFrame({"platform": "A", "criterion": "speed", "value": [1, None]}), "got 1"),
    ],
)  # fmt: skip
def test_measurements_that_cannot_be_used_are_told(read, frame, message):
    """A column, a criterion, a single measurement."""
    with pytest.raises(DataError, match=message):
        read(measurements=frame)


def test_a_measured_platform_still_needs_its_other_scores(read):
    """It is named with what is missing."""
    rows = [("C", "speed", 1.0), ("C", "speed", 2.0)]
    frame = pd.DataFrame(rows, columns=["platform", "criterion", "value"])
    with pytest.raises(ConfigError, match="expected one score of 'C' in 'cost', got none"):
        read(measurements=frame)


def test_other_weights_replace_those_of_the_file(read):
    """Those that are named; the shares are of the new sum."""
    card = read(weights={"cost": 9})
    assert card.weights.tolist() == [0.25, 0.75]
    assert card.order.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"csot": 1}, "Did you mean 'cost'"),
        ({"cost": -1}, "expected 0 or more for 'cost', got -1"),
        ({"cost": 0, "speed": 0}, "a weight above 0, got none"),
    ],
)
def test_weights_that_cannot_be_used_are_told(read, weights, message):
    """Unknown, negative, all zero."""
    with pytest.raises(DataError, match=message):
        read(weights=weights)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("criterion: cost, score: 90", "criterion: csot, score: 90", r":8:\d+ .*Did you mean 'cost'"),
        ("score: 90", "score: 190", r":8:\d+ scores\.2\.score: expected a score from 0 to 100, got 190"),
        ("plus_minus: 10", "plus_minus: -1", r":7:\d+ scores\.1\.plus_minus: expected 0 or more"),
        ("weight: 3", "weight: -3", r":3:\d+ criteria\.speed\.weight: expected 0 or more, got -3"),
        ("worst: 100, best: 0", "worst: 1, best: 1", r":4:\d+ criteria\.cost\.best: expected two"),
        ("basis: judgement", "basis: guess", "got 'guess'"),
        ("platform: B, criterion: cost", "platform: A, criterion: cost", "'A' in 'cost', got 2"),
        ("  - {platform: B, criterion: cost, score: 90, plus_minus: 0, basis: document, source: quote}\n", "", "'B' in 'cost', got none"),
        ("platform: B", "platform: A", "at least two platforms, got A"),
    ],
)  # fmt: skip
def test_mistakes_in_a_scorecard_are_told_with_their_line(read, old, new, message):
    """Criteria, scores, scales, gaps and doubles."""
    assert old in CARD
    with pytest.raises(ConfigError, match=r"^card\.yaml:\d+:\d+ ") as caught:
        read(CARD.replace(old, new))
    assert caught.match(message)


def test_a_scorecard_without_weight_is_told(read):
    """Nothing would decide."""
    text = CARD.replace("weight: 3", "weight: 0").replace("weight: 1", "weight: 0")
    with pytest.raises(ConfigError, match="a criterion with a weight above 0"):
        read(text)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data/platform").glob("*.yaml")), ids=lambda p: p.stem
)
def test_scorecards_of_the_repository_are_sound(path):
    """They read, alone or with their measurements."""
    beside = path.with_suffix(".csv")
    card = read_decision(str(path), pd.read_csv(beside) if beside.exists() else None)
    assert len(card.platforms) > 2
    assert card.weights.sum() == pytest.approx(1)
