"""K-medoids under any distance, and whether the distance matters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances

from fourfold.methods.clustering.medoids import compare_distances, k_medoids


def cost(distances, labels):
    """Sum of distances to the best medoid of each cluster."""
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return sum(distances[np.ix_(g, g)].sum(axis=1).min() for g in groups)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_it_finds_nearly_the_best_of_all_medoids(seed, k):
    """On nine points against every choice of k medoids."""
    points = np.random.default_rng(seed).normal(size=(9, 2))
    distances = pairwise_distances(points, metric="manhattan")
    best = min(distances[:, list(m)].min(axis=1).sum() for m in combinations(range(9), k))
    assert cost(distances, k_medoids(distances, k, restarts=20)) <= best * 1.1 + 1e-9


def test_labels_are_all_used_even_among_equal_rows():
    """Equal rows still give k clusters."""
    labels = k_medoids(np.zeros((5, 5)), 3)
    assert sorted(set(labels.tolist())) == [0, 1, 2]


def test_seed_and_restarts_are_honoured():
    """The same seed gives the same partition; more restarts are never worse."""
    distances = pairwise_distances(np.random.default_rng(3).normal(size=(60, 2)))
    assert np.array_equal(k_medoids(distances, 4, seed=1), k_medoids(distances, 4, seed=1))
    costs = [cost(distances, k_medoids(distances, 6, seed=1, restarts=n)) for n in (1, 30)]
    assert costs[1] <= costs[0]
    assert not np.array_equal(
        k_medoids(distances, 6, seed=1, restarts=1), k_medoids(distances, 6, seed=2, restarts=1)
    )


def test_direction_and_length_group_differently():
    """Four points: by length they pair one way, by direction (cosine) the other."""
    points = np.array([[1.0, 0.0], [9.0, 0.1], [0.0, 1.0], [0.1, 9.0]])
    by_direction = np.array([0, 0, 1, 1])
    found = compare_distances(points, by_direction, ["euclidean", "cosine"])
    assert found.loc["cosine", "agreement"] == pytest.approx(1)
    assert found.loc["euclidean", "agreement"] < 0.5
    assert found.columns.tolist() == ["agreement", "silhouette, euclidean", "silhouette, cosine"]
    assert found.loc["cosine", "silhouette, cosine"] > 0.9
