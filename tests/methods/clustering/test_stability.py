"""Resampling: Jaccard similarities, silhouettes with weights, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances, silhouette_score

from fourfold.methods.clustering.stability import Stability, jaccard, mean_silhouette, resample

FOUR = np.array([[0.0], [1.0], [9.0], [10.0]])


def test_silhouette_of_four_points_by_hand():
    """Points 0, 1 | 9, 10: widths 1 - 1/9.5 and 1 - 1/8.5, twice each."""
    expected = ((1 - 1 / 9.5) + (1 - 1 / 8.5)) / 2
    labels = np.array([0, 0, 1, 1])
    assert mean_silhouette(pairwise_distances(FOUR), labels) == pytest.approx(expected)


def test_a_row_alone_counts_zero():
    """Points 0 | 9, 10: the single one counts 0, the others 1 - 1/9 and 1 - 1/10."""
    labels = np.array([0, 1, 1])
    found = mean_silhouette(pairwise_distances(FOUR[[0, 2, 3]]), labels)
    assert found == pytest.approx((0 + (1 - 1 / 9) + (1 - 1 / 10)) / 3)


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_silhouette_is_that_of_scikit_learn(seed, k):
    """On any points and partition with every cluster in use."""
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(20, 3))
    labels = np.concatenate([np.arange(k), generator.integers(0, k, 20 - k)])
    found = mean_silhouette(pairwise_distances(points), labels)
    assert found == pytest.approx(silhouette_score(points, labels))


def test_weights_count_rows_but_copies_are_no_neighbours():
    """All weights equal change nothing; a heavier row pulls the mean towards its width."""
    distances, labels = pairwise_distances(FOUR), np.array([0, 0, 1, 1])
    plain = mean_silhouette(distances, labels)
    heavier = mean_silhouette(distances, labels, np.array([9.0, 1.0, 1.0, 1.0]))
    assert mean_silhouette(distances, labels, np.ones(4)) == pytest.approx(plain)
    assert heavier > plain


def test_one_cluster_has_no_silhouette():
    """Without another cluster every width is 0."""
    assert mean_silhouette(pairwise_distances(FOUR), np.zeros(4, dtype=int)) == 0


def test_jaccard_by_hand():
    """{0,1,2} against {2,3} and {0,1}: 2/3 with the second; {3} against {2,3}: 1/2."""
    found = jaccard(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0]), 2)
    assert found.tolist() == [pytest.approx(2 / 3), 0.5]


@given(st.lists(st.integers(0, 3), min_size=4, max_size=40), st.permutations(range(4)))
def test_jaccard_ignores_numbering(labels, renamed):
    """A renumbered partition is the same: 1 for each cluster in use, 0 for the others."""
    original = np.array(labels)
    found = jaccard(original, np.array(renamed)[original], 4)
    assert found.tolist() == [float(cluster in labels) for cluster in range(4)]


def test_separated_groups_come_back_always():
    """Far groups have similarity 1 in every resample."""
    generator = np.random.default_rng(0)
    points = np.concatenate([generator.normal(0, 1, (30, 2)), generator.normal(50, 1, (30, 2))])
    found = resample(points, np.repeat([0, 1], 30), resamples=8)
    assert found.jaccard.shape == (8, 2)
    assert (found.means == 1).all()
    assert found.mean_interval(0) == (1.0, 1.0, 1.0)


def test_half_of_a_cloud_is_less_stable_than_a_group():
    """A cloud cut in five has a weakest cluster well below one."""
    points = np.random.default_rng(1).normal(size=(80, 2))
    labels = (np.arange(80) // 16)[np.argsort(np.argsort(points[:, 0]))]
    found = resample(points, labels, resamples=10)
    assert found.means[found.weakest] == found.means.min() < 0.8


def test_seed_and_number_of_resamples_matter():
    """Another seed draws other rows; the same seed the same."""
    points = np.random.default_rng(2).normal(size=(40, 2))
    labels = (points[:, 0] > 0).astype(int)
    one, same, other = (resample(points, labels, 6, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.silhouettes, same.silhouettes)
    assert not np.array_equal(one.silhouettes, other.silhouettes)
    assert len(resample(points, labels, 9).silhouettes) == 9


def test_intervals():
    """The mean's interval is Student's; the range is of resamples; both within 0 to 1."""
    drawn = np.linspace(0.4, 0.8, 41)[:, None]
    found = Stability(drawn, np.linspace(0.2, 0.4, 41))
    half = 2.021 * drawn.std(ddof=1) / np.sqrt(41)
    assert found.mean_interval(0) == pytest.approx((0.6, 0.6 - half, 0.6 + half), abs=1e-3)
    assert found.ranges[:, 0] == pytest.approx([0.41, 0.79])
    assert found.silhouette_interval(0.5) == pytest.approx((0.5, 0.405, 0.595))


def test_rows_that_repeat_do_not_stop_the_resampling():
    """Few different points among many rows are drawn until enough differ."""
    points = np.repeat([[0.0], [1.0], [5.0]], 10, axis=0)
    found = resample(points, np.repeat([0, 1, 2], 10), resamples=3)
    assert (found.means == 1).all()
