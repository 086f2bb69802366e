"""Models of data without clusters: each copies what it promises, and draws one hump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.methods.clustering.null_models import (
    NULL_MODELS,
    single_gaussian,
    uniform_box,
    unimodal,
    unimodal_quantiles,
)


@pytest.fixture
def skewed():
    """400 rows: a skewed and a symmetric feature, correlated."""
    generator = np.random.default_rng(0)
    first = generator.normal(size=400)
    return np.column_stack([np.exp(first), first + generator.normal(size=400)])


@pytest.mark.parametrize("name", NULL_MODELS)
def test_draws_have_the_shape_of_the_data_and_follow_the_generator(name, skewed):
    """Same seed, same draw; another seed, another."""
    draw = NULL_MODELS[name](skewed)
    one, same, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == skewed.shape
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_box_stays_within_the_data_along_the_main_axes():
    """A line on the diagonal gives points on that line, from end to end."""
    line = np.column_stack([np.linspace(0, 1, 50)] * 2)
    drawn = uniform_box(line)(np.random.default_rng(0))
    assert np.allclose(drawn[:, 0], drawn[:, 1])
    assert drawn.min() >= -1e-9
    assert drawn.max() <= 1 + 1e-9


def test_gaussian_has_mean_and_covariance_of_the_data(skewed):
    """Over many draws, to within a few standard errors."""
    draw, generator = single_gaussian(skewed), np.random.default_rng(0)
    many = np.concatenate([draw(generator) for _ in range(100)])
    assert np.allclose(many.mean(axis=0), skewed.mean(axis=0), atol=0.05)
    assert np.allclose(np.cov(many.T), np.cov(skewed.T), rtol=0.05)


def test_unimodal_keeps_skew_and_rank_correlation(skewed):
    """Medians, quartiles and the order relation of the features are those of the data."""
    draw, generator = unimodal(skewed), np.random.default_rng(0)
    many = np.concatenate([draw(generator) for _ in range(50)])
    for share in (0.25, 0.5, 0.75):
        assert np.allclose(
            np.quantile(many, share, axis=0), np.quantile(skewed, share, axis=0), atol=0.15
        )
    ranks = [
        np.corrcoef(np.argsort(np.argsort(each, axis=0), axis=0).T)[0, 1] for each in (many, skewed)
    ]
    assert ranks[0] == pytest.approx(ranks[1], abs=0.05)


def test_unimodal_fills_the_valley_between_two_humps():
    """Two far humps leave nothing between them; the unimodal model puts mass there."""
    generator = np.random.default_rng(0)
    feature = np.concatenate([generator.normal(0, 1, 200), generator.normal(10, 1, 200)])
    levels, quantiles = unimodal_quantiles(feature)
    between = np.interp([3, 7], quantiles, levels)
    assert np.diff(between)[0] > 0.05


@settings(max_examples=50)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60).filter(lambda v: len({*v}) > 1))
def test_unimodal_quantiles_are_a_distribution_with_one_mode(values):
    """Levels go from 0 to 1, quantiles rise, and the density rises and then falls."""
    levels, quantiles = unimodal_quantiles(np.array(values) / 8, bins=8)
    assert (levels[0], levels[-1]) == (0, pytest.approx(1))
    assert (np.diff(levels) >= -1e-12).all()
    assert (np.diff(quantiles) > 0).all()
    density = np.diff(levels) / np.diff(quantiles)
    mode = density.argmax()
    slack = 1e-9 * density.max()
    assert (np.diff(density[: mode + 1]) >= -slack).all()
    assert (np.diff(density[mode:]) <= slack).all()
