"""The variance that each setting explains, against closed forms and against noise."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from fourfold.errors import DataError
from fourfold.methods.comparison import anova
from fourfold.methods.comparison.runs import read_runs


def runs(score, levels=(2, 3, 4), seeds=2):
    """A grid of levels, each with every seed; `score` is a function of the table."""
    names = list("abc")[: len(levels)]
    rows = product(*map(range, levels), range(seeds))
    table = pd.DataFrame(rows, columns=[*names, "seed"])
    words = table.astype(dict.fromkeys(names, str)).add_prefix("param.")
    return read_runs(words.assign(status="ok", **{"metric.x": score(table)})).of("x")


def noise(table, seed=0):
    return np.random.default_rng(seed).normal(size=len(table))


def test_what_matters_is_found():
    """A main effect, a pair and a block of seeds, and nothing else, as in 19 of 20 seeds."""

    def score(table):
        pair = (-1.0) ** (table["a"] + table["c"])
        return 2 * table["b"] + 2 * pair + 3 * table["seed"] + 0.5 * noise(table, 1)

    found = anova.explained(runs(score), "x")
    assert set(found.index[found["p"] < 0.05]) == {"b", "a × c"}
    assert list(found.index[-2:]) == ["seed", "noise"]
    assert np.isnan(found.loc["seed", "p"])
    assert found.loc["seed", "share"] > 10
    assert (found["low"].dropna() <= found["share"].drop("noise")).all()
    assert (found["high"].dropna() >= found["share"].drop("noise")).all()


def test_one_way_against_the_formula():
    """Noncentrality of a one-way table: sum of squares over mean square, less degrees of freedom."""
    design = runs(lambda t: t["a"] + noise(t), (4,), 6)
    table = design.table
    means = table.groupby("a")["x"].transform("mean")
    seeds = table.groupby("seed")["x"].transform("mean")
    between, blocks = (((each - table["x"].mean()) ** 2).sum() for each in (means, seeds))
    rest = ((table["x"] - means - seeds + table["x"].mean()) ** 2).sum() / 15
    strength = np.maximum(0, np.array([between / rest - 3, blocks / rest - 5]))
    expected = 100 * strength / (strength.sum() + 24)
    found = anova.explained(design, "x")
    assert found.loc[["a", "seed"], "share"].to_numpy() == pytest.approx(expected)


def test_draws_and_seed_count():
    """Another seed draws other intervals; the least probability is one over the permutations."""
    design = runs(lambda t: 5 * t["b"] + noise(t))
    found = anova.explained(design, "x", 199, 0)
    assert found.loc["b", "p"] == pytest.approx(6 / 200)
    assert anova.explained(design, "x", 399, 0).loc["b", "p"] == pytest.approx(6 / 400)
    assert anova.explained(design, "x", 199, 1).loc["b", "low"] != found.loc["b", "low"]
    assert anova.explained(design, "x", 199, 0).equals(found)


def test_numbers_are_curves_and_wide_ones_go_by_their_logarithm():
    """A metric that is a parabola of the logarithm of a rate is explained by it."""
    rates = 10 ** np.linspace(-4, 0, 30)
    score = -((np.log10(rates) + 2) ** 2) + 0.1 * np.random.default_rng(0).normal(size=30)
    frame = pd.DataFrame({"param.rate": rates, "metric.x": score, "status": "ok"})
    assert anova.explained(read_runs(frame).of("x"), "x").loc["rate", "share"] > 95


def test_pairs_are_left_to_noise_where_runs_are_few():
    """Twelve runs of three and four levels have no room for pairs; four runs not for two settings."""
    assert "a × b" in anova.explained(runs(noise, (3, 4), 2), "x").index
    few = anova.explained(runs(noise, (3, 4), 1), "x")
    assert set(few.index) == {"a", "b", "noise"}
    with pytest.raises(DataError, match="expected at least 9 runs for 2 settings, got 4"):
        anova.explained(runs(noise, (2, 2), 1), "x")


def test_noise_is_not_important():
    """At most 5 % of sweeps by benchmarks/truth/comparison.py; here at most 5 of 40."""
    wrong = sum(
        bool((anova.explained(runs(lambda t, s=s: noise(t, s)), "x", 199)["p"] < 0.05).any())
        for s in range(40)
    )
    assert wrong <= 5


def holes(seed, share=0.33, levels=(3, 3, 3), size=3.0, error=0.1):
    """A grid of which a share of the runs failed; only a and b together do anything."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(list(product(*map(range, levels), range(2))), columns=list("abcs"))
    rows = rows[rng.random(len(rows)) >= share].reset_index(drop=True)
    score = size * (rows["a"] - 1) * (rows["b"] - 1) + error * rng.normal(size=len(rows))
    words = rows[list("abc")].astype(str).assign(seed=rows["s"]).add_prefix("param.")
    return read_runs(words.assign(status="ok", **{"metric.x": score})).of("x")


@pytest.mark.parametrize("share", [0.15, 0.33, 0.45])
def test_a_pair_is_not_credited_to_a_third_setting(share):
    """However many runs failed, c does nothing; its share and chance are those of noise."""
    found = [anova.explained(holes(seed, share), "x", 199) for seed in range(8)]
    assert all("a × b" in table.index and table.loc["a × b", "p"] < 0.05 for table in found)
    assert np.mean([table.loc["c", "p"] < 0.05 for table in found]) <= 1 / 8
    assert max(table.loc["c", "share"] for table in found) < 1


def test_sums_of_squares_are_of_type_ii():
    """That of a setting: what the model of all terms without it loses by leaving it out."""
    design = holes(0, error=1.0)
    model = anova._model(design, "x")
    word = {name: pd.get_dummies(design.table[name]).to_numpy(float) for name in "abc"}
    word["seed"] = pd.get_dummies(design.table["seed"]).to_numpy(float)
    cross = np.einsum("ni,nj->nij", word["a"], word["b"]).reshape(len(word["a"]), -1)
    score = design.table["x"].to_numpy(float)

    def loss(*parts):
        columns = np.hstack(parts)
        weights = np.linalg.lstsq(columns, score, rcond=None)[0]
        return ((score - columns @ weights) ** 2).sum()

    without = cross, word["seed"]
    sizes = dict(zip(model.effects, model.sizes, strict=True))
    assert sizes["c"] == pytest.approx(loss(*without) - loss(*without, word["c"]))


def test_a_setting_that_pairs_confound_is_still_told():
    """Half of a 2 × 2 × 2 design, c = a × b: no pair is told, each setting is."""
    table = pd.DataFrame([(a, b, (a + b) % 2, s) for a, b, s in product((0, 1), (0, 1), range(4))])
    table.columns = ["param.a", "param.b", "param.c", "param.seed"]
    score = 3 * table["param.b"] + np.random.default_rng(1).normal(size=len(table))
    frame = table.astype({f"param.{n}": str for n in "abc"}).assign(status="ok")
    found = anova.explained(read_runs(frame.assign(**{"metric.x": score})).of("x"), "x")
    assert set(found.index) == {"a", "b", "c", "seed", "noise"}
    assert found.index[found["p"] < 0.05].tolist() == ["b"]


def test_expected_is_what_the_settings_add_up_to():
    """Two settings that add: the combination that no run tried is their sum."""
    frame = pd.DataFrame({"param.a": [0, 0, 1], "param.b": list("xyx"), "status": "ok"})
    found = read_runs(frame.assign(**{"metric.s": [1.0, 3.0, 5.0]})).of("s")
    assert anova.expected(
        found, "s", pd.DataFrame({"a": [1], "b": ["y"]})
    ).tolist() == pytest.approx([7])


@pytest.mark.parametrize("error", [0.1, 1.0])
def test_an_interval_holds_its_estimate(error):
    """Also where nearly half of the runs failed, and effects explain the same in part."""
    for seed in range(6):
        effects = anova.explained(holes(seed, 0.45, error=error), "x", 199).drop("noise")
        assert (effects["low"] <= effects["share"]).all()
        assert (effects["share"] <= effects["high"]).all()
