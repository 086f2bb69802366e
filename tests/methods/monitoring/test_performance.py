"""Whether a model does worse, where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from fourfold.methods.intervals import Interval
from fourfold.methods.monitoring import UNKNOWN, decide, rise


def losses(seed, rows=200, scale=1.0):
    return pd.Series(scale * np.random.default_rng(seed).gamma(2.0, 1.0, rows))


def test_twice_the_loss_is_a_rise_of_100_percent():
    """The ratio of means, whatever the rows are called."""
    assert rise(pd.Series([2.0, 6.0], [7, 3]), pd.Series([1.0, 3.0])).value == pytest.approx(100)


def test_without_groups_it_is_welchs_interval():
    """Of nearly equal means, in the unit of percent, it is scipy's."""
    new, held_out = losses(1, 4000), losses(2, 900)
    ours = rise(new, held_out)
    theirs = ttest_ind(new, held_out, equal_var=False).confidence_interval()
    assert ours.high - ours.low == pytest.approx(
        100 * (theirs.high - theirs.low) / held_out.mean(), rel=0.05
    )


def test_rows_of_a_day_that_are_alike_count_as_one():
    """Each row ten times, in a group of its own, is no news."""
    new, held_out = losses(1, 50), losses(2, 60)
    tenfold = [pd.Series(np.repeat(each.to_numpy(), 10)) for each in (new, held_out)]
    days = [pd.Series(np.repeat(np.arange(len(each)), 10)) for each in (new, held_out)]
    singles = [pd.Series(np.arange(len(each))) for each in (new, held_out)]
    assert rise(*tenfold, *days) == pytest.approx(rise(new, held_out, *singles))
    apart = rise(*tenfold)
    assert apart.high < rise(*tenfold, *days).high


def test_days_of_one_side_widen_the_other_as_well():
    """If rows held out have no days, theirs are taken to vary as the new ones do."""
    rng = np.random.default_rng(0)
    days = pd.Series(np.repeat(np.arange(20), 50))
    new = losses(1, 1000) * np.repeat(rng.gamma(4.0, 0.25, 20), 50)
    one_side = rise(new, losses(2, 1000), days)
    both = rise(new, losses(2, 1000), days, days)
    assert one_side.high - one_side.low > both.high - both.low


def test_one_day_proves_nothing():
    """Its rows may all be bad for the same reason."""
    low, high = rise(losses(1, scale=5), losses(2), pd.Series("Monday", range(200)))[1:]
    assert (low, high) == (-100, np.inf)


@pytest.mark.parametrize(
    ("new", "held_out", "expected"),
    [([], [1.0], np.nan), ([1.0], [], np.nan), ([0.1], [0.0], np.nan), ([0.0], [0.0], 0.0)],
)
def test_nothing_to_compare_is_no_number(new, held_out, expected):
    """No labels, no rows held out, or a model without a mistake."""
    given_ = (pd.Series(each, dtype=float) for each in (new, held_out))
    assert rise(*given_).value == pytest.approx(expected, nan_ok=True)


@given(st.floats(0.01, 100), st.integers(0, 50), st.integers(2, 9))
def test_the_unit_of_the_loss_and_the_order_of_rows_do_not_matter(unit, seed, days):
    """Minutes or hours, sorted or not: the same rise."""
    new, held_out = losses(seed, 90), losses(seed + 1, 70)
    groups = pd.Series(np.arange(90) % days)
    order = np.random.default_rng(seed).permutation(90)
    plain = rise(new, held_out, groups)
    other = rise(unit * new.iloc[order], unit * held_out, groups)
    assert other == pytest.approx(plain, rel=1e-6, abs=1e-6)


SMALL, OPEN, LARGE = Interval(1, 0, 2), Interval(2, 0, 5), Interval(6, 4, 8)
FINE, MAYBE, WORSE = Interval(5, -2, 9), Interval(5, -2, 12), Interval(20, 11, 30)


@pytest.mark.parametrize(
    ("gain", "risen", "changed", "broken", "expected"),
    [
        (SMALL, FINE, [Interval(3, 3, 3)], False, "nothing"),
        (SMALL, MAYBE, [], False, "nothing"),
        (SMALL, UNKNOWN, [], False, "nothing"),
        (OPEN, FINE, [], False, "look"),
        (LARGE, Interval(-20, -30, -10), [], False, "retrain"),
        (OPEN, WORSE, [], False, "retrain"),
        (SMALL, WORSE, [], False, "look"),
        (UNKNOWN, WORSE, [], False, "retrain"),
        (UNKNOWN, FINE, [Interval(1, 1, 1)], False, "nothing"),
        (UNKNOWN, Interval(5, -100, np.inf), [], False, "look"),
        (Interval(1, 0, np.inf), FINE, [], False, "look"),
        (UNKNOWN, UNKNOWN, [Interval(0, 0, 0), Interval(0, 0, 0)], False, "nothing"),
        (UNKNOWN, UNKNOWN, [Interval(0, 0, 0), Interval(1, 0, 2)], False, "look"),
        (SMALL, FINE, [], True, "look"),
    ],
)
def test_performance_decides_and_change_is_a_reason_to_look(gain, risen, changed, broken, expected):
    """A gain that is shown, or a rise whose cure is not excluded, is a reason to train again."""
    made = decide(gain, risen, 3, 10, changed, broken)
    assert made[1:] == {"nothing": (0, 0), "look": (0, 1), "retrain": (1, 1)}[expected]
    assert made.low <= made.value <= made.high


def test_without_a_model_one_is_trained():
    """So that the first night makes one."""
    assert decide(UNKNOWN, UNKNOWN, 3, 10, [], missing=True) == (1, 1, 1)
