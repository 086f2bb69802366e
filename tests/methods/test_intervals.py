"""Shares, their limits, and correction for many comparisons, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fourfold.methods.intervals import dispersion, holm, wilson


@pytest.mark.parametrize(("hits", "count"), [(8, 10), (0, 20), (999, 1000)])
def test_wilson_is_that_of_scipy(hits, count):
    """For one share, and for many at once."""
    known = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson(hits, count) == pytest.approx([known.low, known.high])
    assert wilson([hits, 1], [count, 2])[:, 0] == pytest.approx([known.low, known.high])
    assert np.ptp(wilson(hits, count, z=1.0)) < np.ptp(wilson(hits, count))


def test_holm_by_hand():
    """The smallest times three, the next times two but no less, the largest as it is."""
    assert holm([0.02, 0.9, 0.015]) == pytest.approx([0.045, 0.9, 0.045])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_lowers_and_keeps_the_order(values):
    """And lies between the plain probability and Bonferroni's."""
    found = holm(values)
    assert (found >= np.array(values)).all()
    assert (found <= np.minimum(1, np.array(values) * len(values)) + 1e-12).all()
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()


def test_dispersion():
    """Of 10 and 30 failures in 100 rows each: twice 100 over 16, less one batch."""
    assert dispersion(np.array([10, 30]), np.array([100, 100])) == pytest.approx(12.5)
    assert dispersion(np.array([20, 20]), np.array([100, 100])) == 1
    assert dispersion(np.array([0, 0]), np.array([100, 100])) == 1
