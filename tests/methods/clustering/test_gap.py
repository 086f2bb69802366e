"""The gap statistic, including one cluster."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from fourfold.methods.clustering.gap import Gap, _log_inertia, gap_statistic, uniform_box
from fourfold.methods.threads import one_thread


def test_rule_takes_the_smallest_k_within_one_error():
    """Gap(1) = 0.5 < 0.9 - 0.1; gap(2) = 0.9 >= 0.95 - 0.1: two clusters."""
    gap = Gap(np.array([0.5, 0.9, 0.95]), np.array([0.1, 0.1, 0.1]))
    assert gap.k == 2
    assert Gap(np.array([0.85, 0.9]), np.array([0.1, 0.1])).k == 1


def test_rule_takes_the_largest_where_the_gap_only_rises():
    """Without a stop the last k tried is named."""
    assert Gap(np.array([0.1, 0.5, 0.9]), np.zeros(3)).k == 3


def test_interval_is_normal():
    """1.96 errors to each side."""
    gap = Gap(np.array([0.5, 0.9]), np.array([0.1, 0.2]))
    assert gap.interval(2) == pytest.approx((0.9, 0.9 - 0.392, 0.9 + 0.392))
    assert gap.table().loc[2].tolist() == [0.9, 0.2]


def test_inertia_by_hand():
    """0, 2 | 10, 12: one cluster 104, two 4, in logarithms; four points in four clusters none."""
    points = np.array([[0.0], [2.0], [10.0], [12.0]])
    found = _log_inertia(points, range(1, 5), 0)
    assert found[:2] == pytest.approx(np.log([104, 4]))
    assert found[3] == pytest.approx(np.log(np.finfo(float).tiny))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_groups_are_counted(k):
    """One, two and three far groups, the three on a triangle."""
    generator = np.random.default_rng(k)
    centres = [(0, 0), (12, 0), (6, 10)][:k]
    points = np.concatenate([generator.normal(centre, 1, (40, 2)) for centre in centres])
    assert gap_statistic(points, k_max=5, references=15).k == k


def test_an_even_box_is_one_cluster():
    """The reference itself has no clusters."""
    points = np.random.default_rng(0).uniform(size=(150, 2))
    assert gap_statistic(points, k_max=5, references=15).k == 1


def test_box_stays_within_the_data_along_the_main_axes():
    """A line on the diagonal gives points on that line, from end to end."""
    line = np.column_stack([np.linspace(0, 1, 50)] * 2)
    drawn = uniform_box(line, np.random.default_rng(0))
    assert np.allclose(drawn[:, 0], drawn[:, 1])
    assert drawn.min() >= -1e-9
    assert drawn.max() <= 1 + 1e-9


def test_every_parameter_matters():
    """k_max gives the length; references and seed change the draws."""
    points = np.random.default_rng(0).normal(size=(40, 2))
    base = gap_statistic(points, 4, 5, 0)
    assert len(gap_statistic(points, 3, 5, 0).gap) == 3
    assert not np.array_equal(gap_statistic(points, 4, 6, 0).gap, base.gap)
    assert not np.array_equal(gap_statistic(points, 4, 5, 1).gap, base.gap)
    assert np.array_equal(gap_statistic(points, 4, 5, 0).gap, base.gap)


def test_many_small_fits_use_one_thread():
    """Whatever the kernel has; afterwards it has what it had."""
    seen = []

    @one_thread
    def threads() -> int:
        seen.extend(pool["num_threads"] for pool in threadpool_info())
        return 7

    before = [pool["num_threads"] for pool in threadpool_info()]
    assert threads() == 7
    assert set(seen) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before
