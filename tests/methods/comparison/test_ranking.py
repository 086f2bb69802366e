"""Which settings win, and whether the win is more than noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from fourfold.methods.comparison.ranking import edges, rank
from fourfold.methods.comparison.runs import read_runs, settings_in_words

HALF = 0.5 * 1.959964


def runs(scores, ends=None):
    """Runs of one setting, each level with its scores by seed, and intervals if `ends` is given."""
    rows = [(level, seed, x) for level, each in scores.items() for seed, x in enumerate(each)]
    frame = pd.DataFrame(rows, columns=["param.a", "param.seed", "metric.x"]).assign(status="ok")
    if ends:
        frame["metric.x.low"], frame["metric.x.high"] = (
            frame["metric.x"] - ends,
            frame["metric.x"] + ends,
        )
    return read_runs(frame).of("x")


def test_repeats_by_hand():
    """Two levels, three seeds: the paired t interval, since what a seed does to all is left out."""
    found = rank(runs({"u": [1, 2, 4], "v": [3, 5, 6]}), "x")
    apart = np.array([2, 3, 2])
    half = student.ppf(0.975, 2) * apart.std(ddof=1) / np.sqrt(3)
    assert found.noise == "repeats"
    assert found.free == 2
    assert found.lead.value == pytest.approx(apart.mean())
    assert found.lead[1:] == pytest.approx((apart.mean() - half, apart.mean() + half))
    assert found.wins
    assert found.table["a"].tolist() == ["v", "u"]
    assert rank(runs({"u": [1, 2, 4], "v": [3, 5, 6]}), "x", higher=False).table["a"].iloc[0] == "u"


def test_intervals_tell_noise_where_there_are_no_repeats():
    """Standard errors of a half each: the lead of 1 is within 1.96 times the root of a half."""
    found = rank(runs({"u": [1.0], "v": [2.0]}, HALF), "x")
    assert found.noise == "intervals"
    assert found.lead[1:] == pytest.approx(
        (1 - 1.959964 * 0.5**0.5, 1 + 1.959964 * 0.5**0.5), rel=1e-5
    )
    assert not found.wins
    assert len(found.candidates) == 2
    assert rank(runs({"u": [1.0], "v": [3.0]}, HALF), "x").wins


def test_noise_can_be_chosen():
    """Repeats and intervals differ; what is not there tells nothing, and nothing is won."""
    both = runs({"u": [1.0, 1.1, 1.0], "v": [2.0, 2.0, 2.1]}, 5.0)
    assert rank(both, "x").noise == "repeats"
    assert rank(both, "x").wins
    assert not rank(both, "x", noise="intervals").wins
    bare = rank(runs({"u": [1.0], "v": [2.0]}), "x")
    assert bare.noise == ""
    assert not bare.wins
    assert np.isnan(bare.lead.low)


def test_the_best_of_many_is_corrected():
    """Wider toward the others the more there are; the plain interval for two sides of one."""
    two = rank(runs({"u": [1.0], "v": [2.0]}, HALF), "x").best
    ten = rank(runs({f"u{n}": [n / 10] for n in range(10)} | {"v": [2.0]}, HALF), "x").best
    assert two.value == ten.value == 2
    assert ten.low < two.low < 2 < ten.high < two.high
    down = rank(runs({"u": [1.0], "v": [2.0]}, HALF), "x", higher=False).best
    assert down.value == 1
    assert down.high - 1 == pytest.approx(2 - two.low)


def test_what_the_tied_have_in_common():
    """Of three that may be the best, all have k 2."""
    frame = pd.DataFrame({"param.k": [2, 2, 2, 3], "param.s": list("abca"), "status": "ok"})
    frame = frame.assign(
        **{
            "metric.x": [5, 5.1, 5.2, 0],
            "metric.x.low": [4, 4, 4, -1],
            "metric.x.high": [6, 6, 6, 1],
        }
    )
    found = rank(read_runs(frame).of("x"), "x")
    assert len(found.candidates) == 3
    assert found.common(("k", "s")) == "k 2"


def test_equal_runs_have_no_winner():
    """At most 5 % by benchmarks/truth/comparison.py; here at most 16 of 150."""
    rng = np.random.default_rng(0)
    wins = [
        rank(runs({"u": rng.normal(size=4), "v": rng.normal(size=4)}), "x").wins for _ in range(150)
    ]
    assert sum(wins) <= 16


def test_edges():
    """The best level at an end of a range asks for more; inside, or of words, it does not."""
    levels = {"param.k": [1, 2, 3, 1], "param.m": [2, 3, 2, 1], "param.w": list("abba")}
    frame = pd.DataFrame(levels).assign(status="ok", **{"metric.x": [1, 3, 4, 0]})
    found = read_runs(frame).of("x")
    assert edges(found, "x") == {"k": (3, "above"), "m": (3, "above")}
    assert edges(found, "x", higher=False) == {"k": (1, "below"), "m": (1, "below")}
    inside = read_runs(frame.assign(**{"metric.x": [1, 4, 3, 0]})).of("x")
    assert "k" not in edges(inside, "x")
    assert edges(found, "x", possible={"k": "1..3"}) == {"m": (3, "above")}
    assert edges(found, "x", possible={"k": ">= 1"}) == edges(found, "x")
    assert edges(found, "x", higher=False, possible={"k": ">= 1"}) == {"m": (1, "below")}


def test_words():
    """Settings with their levels; broken numbers short, long words cut."""
    row = pd.Series({"rate": 0.25, "kind": "a" * 40})
    assert settings_in_words(row, ("rate", "kind")) == f"rate 0.25, kind {'a' * 15}…"


def test_no_step_beyond_levels_that_failed():
    """The best is the highest that ended well; a higher one was tried and killed."""
    frame = pd.DataFrame({"param.a": [1, 2, 3, 4], "metric.x": [1.0, 2.0, 3.0, np.nan]})
    frame["status"] = ["ok", "ok", "ok", "killed"]
    assert edges(read_runs(frame).of("x"), "x") == {}
    assert edges(read_runs(frame[:3]).of("x"), "x") == {"a": (3, "above")}


def test_repeats_of_thousands_of_settings():
    """The spread within settings beside that of seeds, as the whole design would give it."""
    rng = np.random.default_rng(0)
    rows = [(k, s, rng.normal() + s) for k in range(40) for s in range(3) if rng.random() < 0.8]
    frame = pd.DataFrame(rows, columns=["param.k", "param.seed", "metric.x"]).assign(status="ok")
    design = pd.get_dummies(frame[["param.k", "param.seed"]].astype(str)).to_numpy(float)
    score = frame["metric.x"].to_numpy()
    weights, _, rank_, _ = np.linalg.lstsq(design, score, rcond=None)
    rest, free = score - design @ weights, len(score) - rank_
    ranking = rank(read_runs(frame).of("x"), "x")
    assert ranking.free == free
    first = ranking.table.iloc[0]
    assert first["error"] * np.sqrt(first["runs"]) == pytest.approx(np.sqrt(rest @ rest / free))
