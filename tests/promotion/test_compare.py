"""Losses and paired intervals against what they are by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.promotion.compare import paired

VALUES = st.lists(st.floats(-10, 10), min_size=2, max_size=60)


@given(VALUES)
def test_an_interval_holds_its_mean_and_turns_with_the_sign(values):
    """The other way round it is the same interval, mirrored."""
    made, other = paired(np.array(values)), paired(-np.array(values))
    assert made.low <= made.value <= made.high
    assert (other.low, other.high) == pytest.approx((-made.high, -made.low))
    assert paired(np.array(values), level=0.99).low <= made.low


@given(VALUES, st.integers(2, 5))
def test_copies_of_rows_in_a_group_show_nothing_new(values, times):
    """Ten equal rows of one house are one house; without the group they would look like ten."""
    values = np.array(values)
    repeated, groups = np.repeat(values, times), np.repeat(np.arange(len(values)), times)
    plain = paired(values)
    grouped = paired(repeated, groups)
    assert grouped.value == pytest.approx(plain.value)
    assert grouped.high - grouped.low == pytest.approx(plain.high - plain.low)
    assert paired(repeated).high - paired(repeated).low <= plain.high - plain.low + 1e-9


def test_coverage_of_rare_differences():
    """Errors that differ in few rows: the interval covers as it says."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(2000):
        draws = rng.choice([-1, 0, 1], 200, p=[0.02, 0.95, 0.03])
        made = paired(draws)
        hits += made.low <= 0.01 <= made.high
    assert 0.93 <= hits / 2000 <= 0.985
