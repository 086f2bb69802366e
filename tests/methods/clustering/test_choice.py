"""The rule that chooses k, or finds no clear clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fourfold.errors import DataError
from fourfold.methods.clustering.choice import HOLLOW, Candidate, _choose, choose_k, limit
from fourfold.methods.clustering.gap import Gap


def groups(*centres, rows=40, seed=0):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(centre, 1, (rows, 2)) for centre in centres])


@pytest.fixture(scope="module")
def three():
    return choose_k(groups((0, 0), (9, 0), (0, 9)), k_max=5, references=12, resamples=12)


def test_three_groups_are_three_clear_clusters(three):
    """Two and three are credible, and the finer wins; the table says why four are not."""
    assert (three.k, three.clear, three.runner_up) == (3, True, 2)
    assert [each.credible for each in three.candidates] == [True, True, False, False]
    assert three.table().index.tolist() == [2, 3, 4, 5]
    assert three.table().loc[4, "verdict"] == "no valley in density between two neighbours"
    assert three.clusters == (3, 3, 3)


def ring(rng, n):
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.1, (n, 2))


def dose(rng, n):
    x = rng.uniform(0, 50, n)
    return np.column_stack([x, 10 / (1 + np.exp(-0.2 * (x - 25))) + rng.normal(0, 0.8, n)])


def cone(rng, n):
    x = rng.uniform(size=n)
    return np.column_stack([x, x * rng.normal(size=n)])


CLOUDS = {
    "Gaussian": lambda rng, n: rng.normal(size=(n, 3)),
    "uniform": lambda rng, n: rng.uniform(size=(n, 2)),
    "log-normal": lambda rng, n: rng.lognormal(size=(n, 2)),
    "shares of a whole": lambda rng, n: rng.dirichlet([1, 1, 1], n),
    "ring": ring,
    "dose curve": dose,
    "cone": cone,
    "line": lambda rng, n: rng.uniform(size=(n, 1)) + rng.normal(0, 0.1, (n, 4)),
    "answers of 1 to 5": lambda rng, n: rng.integers(1, 6, (n, 3)).astype(float),
    "two columns of yes and no": lambda rng, n: rng.integers(0, 2, (n, 2)) + rng.normal(0, 0, 1),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_one_cloud_has_no_clear_clusters(name):
    """Whatever its shape, though K-means cuts it into neat pieces."""
    drawn = CLOUDS[name](np.random.default_rng(1), 300)
    choice = choose_k((drawn - drawn.mean(0)) / drawn.std(0), 6, references=10, resamples=12)
    assert not choice.clear
    assert choice.clusters[:2] == (1, 1)


def waves(rng, n):
    x = rng.uniform(size=n)
    return np.column_stack([x, np.sin(2 * np.pi * x) + rng.normal(0, 0.07, n)])


def steep(rng, n):
    """A dose curve that neither column orders."""
    x = rng.uniform(-1, 1, n)
    rows = np.column_stack([x, np.tanh(3 * x)]) + rng.normal(0, 0.05, (n, 2))
    return rows @ [[0.8, 0.6], [-0.6, 0.8]]


@pytest.mark.parametrize("name", ["dose", "steep", "waves", "ring"])
def test_a_curve_is_one_however_steep(name):
    """Its steep part is thin, and rows at a border of two pieces lie otherwise than in groups."""
    clear = []
    for seed in range(3):
        drawn = globals()[name](np.random.default_rng(seed), 300)
        scaled = (drawn - drawn.mean(0)) / drawn.std(0)
        clear.append(choose_k(scaled, 4, references=10, resamples=12).clear)
    assert not any(clear), clear


@pytest.mark.parametrize(("rows", "columns"), [(100, 100), (120, 400), (200, 20)])
def test_random_numbers_in_many_columns_are_no_clusters(rows, columns):
    """Any direction made from rows divides them; groups in a tenth of the columns are found."""
    points = np.random.default_rng(0).normal(size=(rows, columns))
    assert not choose_k(points, 6, references=10, resamples=12).clear
    points[: rows // 2, : columns // 10] += 4
    choice = choose_k(points / points.std(0), 4, references=10, resamples=12)
    assert (choice.k, choice.clear) == (2, True)


def test_groups_beside_each_other_are_no_curve():
    """Long groups, side by side or in a row, with few rows in between."""
    rows = np.random.default_rng(0).normal(size=(400, 2)) * [4, 1]
    for step in ([0, 6], [24, 0]):
        points = rows + np.outer(np.repeat([0, 1], 200), step)
        choice = choose_k(points / points.std(0), 4, references=10, resamples=12)
        assert (choice.k, choice.clear) == (2, True), choice.table()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5])
def test_two_groups_are_two_whatever_their_shares(share):
    """Eight standard deviations apart in one of two columns."""
    points = np.random.default_rng(2).normal(size=(500, 2))
    points[: round(share * 500), 0] += 8
    choice = choose_k(points / points.std(0), 6, references=10, resamples=12)
    assert (choice.k, choice.clear) == (2, True)


@pytest.mark.parametrize(("apart", "columns"), [(6, 3), (10, 5)])
def test_groups_that_one_column_tells_apart_are_found(apart, columns):
    """Scaling makes the other columns as wide as the distance, and K-means all but blind."""
    points = np.random.default_rng(3).normal(size=(300, columns))
    points[:150, 0] += apart
    choice = choose_k(points / points.std(0), 6, references=10, resamples=12)
    assert (choice.k, choice.clear) == (2, True)


def test_small_groups_beside_a_large_one_are_found():
    """250, 25 and 25 rows in four columns."""
    generator = np.random.default_rng(4)
    centres = 6 / np.sqrt(2) * np.eye(4)
    points = [
        generator.normal(at, 1, (n, 4)) for at, n in zip(centres, (250, 25, 25), strict=False)
    ]
    points = np.concatenate(points)
    choice = choose_k(points / points.std(0), 6, references=10, resamples=12)
    assert (choice.k, choice.clear) == (3, True)


def test_groups_that_overlap_are_not_refuted():
    """Three standard deviations apart: none clear, yet more than one not excluded."""
    points = groups((0, 0), (3, 0), (1.5, 2.6), rows=100)
    choice = choose_k(points, 6, references=10, resamples=12)
    assert choice.clear or choice.clusters.high >= 2


def test_one_smooth_cloud_of_many_rows_is_one():
    """No valley at all: more than one cluster is excluded."""
    points = np.random.default_rng(0).normal(size=(1000, 2))
    assert choose_k(points, 4, references=10, resamples=10).clusters == (1, 1, 1)


def test_same_seed_same_choice():
    """The choice is repeatable, and the seed reaches the draws of the gap statistic."""
    points = np.random.default_rng(0).normal(size=(60, 2))
    one, same, other = (choose_k(points, 3, references=10, resamples=10, seed=s) for s in (0, 0, 1))
    assert one == same
    assert one.gap.error[0] != other.gap.error[0]


def test_a_given_k_is_examined_not_chosen():
    """Asked for two, two it is, with its own evidence."""
    found = choose_k(groups((0, 0), (9, 0), (0, 9)), 4, k=2, references=10, resamples=10)
    assert found.k == 2
    assert found.at(2).silhouette < found.at(3).silhouette
    assert found.runner_up == 3


@pytest.mark.parametrize(
    ("points", "options", "error", "message"),
    [
        (np.zeros((20, 2)), {}, DataError, "20 rows, 1 different"),
        (np.arange(6.0)[:, None], {}, DataError, "got 6 rows"),
        (np.arange(20.0)[:, None], {"k": 9}, ValueError, "got 9"),
        (np.arange(20.0)[:, None], {"references": 3}, ValueError, "got 3"),
    ],
)
def test_what_cannot_be_asked_is_told(points, options, error, message):
    """Too few rows, a k out of range, too few references."""
    with pytest.raises(error, match=message):
        choose_k(points, k_max=4, **options)


def test_k_stays_below_the_number_of_different_rows():
    """Four different rows allow at most three clusters."""
    points = np.repeat([[0.0], [1.0], [8.0], [9.0]], 5, axis=0)
    found = choose_k(points, k_max=8, references=10, resamples=10)
    assert [each.k for each in found.candidates] == [2, 3]


GAP = Gap(np.array([0.9, 0.5, 0.4]), np.full(3, 0.1))


def candidate(k, valley=0.1, kept=1.0, stability=0.9, silhouette=0.4):
    return Candidate(k, np.zeros((k, 2)), silhouette, valley, 0.4, kept, stability)


def test_of_credible_partitions_the_finest_wins():
    """Whatever the silhouettes, which favour few far groups."""
    choice = _choose(
        [candidate(2, silhouette=0.7), candidate(3), candidate(4, 0.6)], None, lambda: GAP
    )
    assert (choice.k, choice.runner_up, choice.clear) == (3, 2, True)


def test_each_condition_is_needed_and_named():
    """A valley, clusters that K-means finds, and clusters that come back."""
    assert candidate(2).credible
    assert candidate(2, valley=0.5).reason == "no valley in density between two neighbours"
    curve = replace(candidate(2, valley=0.5), curve=True)
    assert curve.reason == "the valley may be a thin part of one curve"
    assert candidate(2, kept=0.7).reason == "K-means cuts through the groups that valleys divide"
    assert candidate(2, stability=0.74).reason == "weakest cluster not found again in resamples"
    assert not candidate(2, stability=None).credible


def test_without_a_credible_candidate_the_highest_silhouette_is_shown():
    """It is not called clear; the shallow valley is that of the number not excluded."""
    choice = _choose([candidate(2, 0.9), candidate(3, 0.6, silhouette=0.1)], None, lambda: GAP)
    assert (choice.k, choice.runner_up, choice.clear) == (2, 3, False)
    assert choice.clusters == (1, 1, 3)
    assert _choose([candidate(2, HOLLOW)], None, lambda: GAP).clusters == (1, 1, 1)


def test_the_sentence_says_what_each_method_takes_and_why():
    """Reasons only for those that differ from the rule."""
    choice = _choose([candidate(2), candidate(3)], None, lambda: GAP)
    text = choice.compared(3, pd.Series({2: 0.6, 3: 0.5}))
    assert text.startswith("Number of clusters: elbow 3, silhouette 2, gap statistic 1, rule 3.")
    assert "few far groups" in text
    assert "small groups" in text
    assert "elbow is" not in text
    one = _choose([candidate(2, 0.9)], None, lambda: GAP)
    assert one.compared(None, pd.Series({2: 0.6})).count(";") == 0


def test_the_limit_rises_with_the_rows():
    """Noise digs deeper valleys into few rows; beyond the rows measured it stays."""
    limits = [limit(rows) for rows in (10, 50, 150, 300, 1000, 9000)]
    assert limits == sorted(limits)
    assert limits[-1] == limits[-2] < HOLLOW
    assert limit(300, 1.6, curved=True) < limit(300, 1.2, curved=True) < limit(300, 1.6)
