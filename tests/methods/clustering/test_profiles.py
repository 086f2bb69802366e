"""What clusters are like, and how they agree with known groups."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from fourfold.methods.clustering.profiles import (
    agreement,
    deviations,
    ordered,
    profile_clusters,
    traits,
)

LABELS = st.lists(st.integers(0, 3), min_size=2, max_size=40)


@given(LABELS, st.integers(0, 1000))
def test_agreement_is_the_adjusted_rand_index(labels, seed):
    """Of any two groupings; its interval stays at or below 1 and in order."""
    known = np.random.default_rng(seed).permutation(labels)
    value, low, high = agreement(labels, known, resamples=20)
    assert value == pytest.approx(adjusted_rand_score(known, labels))
    assert low <= high <= 1


def test_agreement_interval_holds_the_value_and_narrows_with_rows():
    """Ten times the rows, about a third of the width; seed and resamples matter."""
    generator = np.random.default_rng(0)
    known = generator.integers(0, 3, 2000)
    labels = np.where(generator.random(2000) < 0.8, known, generator.integers(0, 3, 2000))
    value, low, high = agreement(labels, known)
    _, few_low, few_high = agreement(labels[:200], known[:200])
    assert low < value < high
    assert 2 < (few_high - few_low) / (high - low) < 5
    assert agreement(labels, known, seed=1) != agreement(labels, known)
    assert agreement(labels, known, resamples=50) != agreement(labels, known)


def test_agreement_interval_is_that_of_resampled_rows():
    """Drawing counts of pairs equals drawing rows, which takes longer."""
    generator = np.random.default_rng(0)
    known = generator.integers(0, 2, 300)
    labels = np.where(generator.random(300) < 0.7, known, 1 - known)
    draws = generator.integers(0, 300, (2000, 300))
    expected = np.quantile(
        [adjusted_rand_score(known[r], labels[r]) for r in draws], [0.025, 0.975]
    )
    assert agreement(labels, known, resamples=4000)[1:] == pytest.approx(expected, abs=0.015)


@given(LABELS)
def test_ordered_keeps_the_partition_and_sorts_it(labels):
    """Sizes fall with the number; rows together stay together."""
    dense = np.unique(labels, return_inverse=True)[1]
    centres = np.zeros((dense.max() + 1, 1))
    renamed = ordered(SimpleNamespace(labels_=dense, cluster_centers_=centres)).labels_
    assert (np.diff(np.bincount(renamed)) <= 0).all()
    assert adjusted_rand_score(dense, renamed) == 1


def test_ordered_renumbers_labels_centres_and_predictions_alike():
    """Predictions of a reordered model agree with its labels."""
    points = np.array([[0.0], [9.0], [9.5], [20.0], [20.5], [21.0]])
    model = ordered(KMeans(3, n_init=10, random_state=0).fit(points))
    assert np.bincount(model.labels_).tolist() == [3, 2, 1]
    assert np.array_equal(model.predict(points), model.labels_)
    assert model.cluster_centers_[0, 0] == pytest.approx(20.5)


def test_profiles_and_deviations_by_hand():
    """Two clusters: sizes, shares, means; and the means in standard deviations."""
    features = pd.DataFrame({"g": [1.0, 3.0, 8.0, 8.0]})
    labels = np.array([0, 0, 1, 1])
    assert profile_clusters(features, labels).to_numpy().tolist() == [[2, 0.5, 2.0], [2, 0.5, 8.0]]
    sd = np.std([1, 3, 8, 8])
    assert deviations(features, labels)["g"].tolist() == pytest.approx([-3 / sd, 3 / sd])


def test_traits_name_what_stands_out_most():
    """The farthest feature first, as many as asked for."""
    frame = pd.DataFrame({"a": [0.0, 0.1, 9.0, 9.1], "b": [1.0, 2.0, 2.0, 3.0]})
    labels = np.array([0, 0, 1, 1])
    assert traits(frame, labels, most=1)[1] == "cluster 1 (2 rows): high a"
    assert traits(frame, labels)[0] == "cluster 0 (2 rows): low a, low b"


def test_traits_leave_out_what_is_near_the_mean():
    """A tenth of a standard deviation is nothing to name a cluster by."""
    frame = pd.DataFrame({"a": [1.0, 1.0, 9.0, 9.0, 5.0, 5.0], "b": [1.0, 3.1, 3.0, 1.0, 2.0, 2.0]})
    found = traits(frame, np.array([0, 0, 1, 1, 2, 2]))
    assert [phrase.split(": ")[1] for phrase in found] == ["low a", "high a", "near the mean"]
