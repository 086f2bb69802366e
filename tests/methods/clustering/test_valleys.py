"""Density between neighbouring clusters."""

from __future__ import annotations

import numpy as np

from fourfold.methods.clustering.valleys import borders, level, partition, shallowest


def halves(points):
    return (points[:, 0] > np.median(points[:, 0])).astype(np.intp)


def test_the_valley_follows_the_distance_of_two_groups():
    """None at 0, some at 4 and an empty one at 8 standard deviations, in two columns."""
    points = np.random.default_rng(0).normal(size=(600, 2))
    second = np.repeat([0, 1], 300)
    valleys = []
    for apart in (4, 8):
        moved = points + apart * np.column_stack([second, 0 * second])
        valleys.append(shallowest(level(moved), second))
    assert 0.15 < valleys[0] < 0.5
    assert valleys[1] < 0.02
    assert shallowest(level(points), halves(points)) > 0.85


def test_a_ring_is_not_divided_by_its_middle():
    """From the side its halves look dense and its middle thin; the ring is as dense everywhere."""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 600)
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    points += np.random.default_rng(1).normal(0, 0.1, points.shape)
    assert shallowest(level(points), halves(points)) > 0.55


def test_the_metric_makes_a_hidden_group_stand_out():
    """Scaled, ten standard deviations in one of five columns are two; in the metric far more."""
    points = np.random.default_rng(0).normal(size=(300, 5))
    second = np.repeat([0, 1], 150)
    points[:, 2] += 10 * second
    points /= points.std(axis=0)
    at = level(points)
    spread = at[second == 0].std(axis=0)
    assert spread.max() < 2 * spread.min()
    assert points[second == 0].std(axis=0).max() > 4 * points[second == 0].std(axis=0).min()
    there, here = partition(points, at, 2)
    assert (there == second).all() or (there != second).all()
    assert (here == there).mean() > 0.98


def test_rounding_digs_no_valley():
    """Whole numbers have nothing between them, and are one cloud all the same."""
    points = np.random.default_rng(0).poisson(3, (400, 1)).astype(float)
    assert shallowest(level(points), halves(points)) > 0.7
    apart = points + 40 * np.repeat([0, 1], 200)[:, None]
    assert shallowest(level(apart), np.repeat([0, 1], 200)) < 0.02


def test_fewer_than_five_rows_have_no_density():
    """Four far rows are outliers, not a cluster; five are few enough to be one."""
    points = np.random.default_rng(0).normal(size=(104, 2))
    points[:4] += 20
    labels = (np.arange(104) < 4).astype(np.intp)
    assert shallowest(level(points), labels) == 1
    points[4] += 20
    labels[4] = 1
    assert shallowest(level(points), labels) < 0.1


def test_many_rows_are_sampled():
    """Only 2,000 rows are measured, whatever the seed."""
    points = np.random.default_rng(0).normal(size=(5000, 2)) + 9 * np.repeat([0, 1], 2500)[:, None]
    second = np.repeat([0, 1], 2500)
    assert max(shallowest(level(points), second, seed) for seed in (0, 1)) < 1e-9


def test_levelling_is_repeatable():
    """The seed spreads rounded values; nothing else is drawn."""
    points = np.random.default_rng(0).normal(size=(100, 2)).round(1)
    assert np.array_equal(level(points, 1), level(points, 1))
    assert not np.array_equal(level(points, 1), level(points, 2))


def test_pieces_of_a_curve_are_told_from_groups():
    """Rows at the border of an S lie on the line through both centres, those of a ring far off."""
    generator = np.random.default_rng(0)
    x, turn = generator.uniform(-1, 1, 600), generator.uniform(0, 2 * np.pi, 600)
    steep = np.column_stack([x, np.tanh(5 * x)])
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    for curve in (steep, ring):
        noisy = curve + generator.normal(0, 0.05, curve.shape)
        [border] = borders(level(noisy), (noisy[:, 0] > 0).astype(np.intp))
        assert border.curved
        assert border.elongation > 1.6
    second = np.repeat([0, 1], 300)
    for columns in (2, 4):
        points = generator.normal(size=(600, columns))
        points[:, 0] += 4 * second
        [border] = borders(level(points), second)
        assert not border.curved


def test_one_column_has_no_curve():
    """Nor are groups without any width."""
    points = np.repeat([[0.0], [1.0], [9.0]], 20, axis=0)
    second = np.repeat([0, 0, 1], 20)
    assert [border.curved for border in borders(points, second)] == [False]
