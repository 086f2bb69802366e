"""The rule that chooses k, or finds no clear clusters."""

from __future__ import annotations

import numpy as np
import pytest

from fourfold.errors import DataError
from fourfold.methods.clustering.choice import Candidate, Choice, _choose, choose_k


def groups(*centres, rows=40, seed=0):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.normal(centre, 1, (rows, 2)) for centre in centres])


@pytest.fixture(scope="module")
def three():
    return choose_k(groups((0, 0), (9, 0), (0, 9)), k_max=5, references=12, resamples=12)


def test_three_groups_are_three_clear_clusters(three):
    """k = 3 is credible, and the table says why the others are not better."""
    assert (three.k, three.clear) == (3, True)
    assert three.at(3).reason == "credible"
    assert three.table().index.tolist() == [2, 3, 4, 5]
    assert three.table().loc[3, "excess"] == max(three.table()["excess"])


@pytest.mark.parametrize("name", ["gaussian", "uniform", "lognormal"])
def test_one_cloud_has_no_clear_clusters(name):
    """Neither a round, nor an even, nor a skewed cloud; the reason names the model."""
    generator = np.random.default_rng(1)
    draw = {
        "gaussian": generator.standard_normal,
        "uniform": generator.random,
        "lognormal": lambda size: generator.lognormal(size=size),
    }[name]
    found = choose_k(draw((150, 2)), k_max=4, references=12, resamples=12)
    assert not found.clear
    assert "model" in found.at(found.k).reason


def test_same_seed_same_choice_other_seed_other_draws():
    """The choice is repeatable, and the seed reaches the reference draws."""
    points = np.random.default_rng(0).normal(size=(60, 2))
    one, same, other = (choose_k(points, 3, references=10, resamples=10, seed=s) for s in (0, 0, 1))
    assert one == same
    assert one.candidates[0].expected != other.candidates[0].expected


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


def candidate(k, excess, spread=0.01, stability=0.9, p=0.001):
    return Candidate(k, 0.3 + excess, "unimodal", 0.3, spread, p, stability)


def test_of_equal_excess_the_finer_partition_wins():
    """Three clusters within one error of two are preferred; far below they are not."""
    near = _choose([candidate(2, 0.200), candidate(3, 0.195)], None)
    far = _choose([candidate(2, 0.200), candidate(3, 0.100)], None)
    assert (near.k, far.k) == (3, 2)


def test_unstable_or_explained_candidates_are_not_credible():
    """Both conditions are needed."""
    assert candidate(2, 0.2).credible
    assert (
        candidate(2, 0.2, stability=0.74).reason == "weakest cluster not found again in resamples"
    )
    assert candidate(2, 0.2, p=0.02).reason == "silhouette no higher than in a unimodal model"
    assert not candidate(2, 0.2, stability=None).credible


def test_without_a_credible_candidate_the_highest_silhouette_is_shown():
    """And it is not called clear."""
    found = _choose([candidate(2, 0.3, p=0.5), candidate(3, 0.1, p=0.2)], None)
    assert found == Choice(2, 3, False, found.candidates)
