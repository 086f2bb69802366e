"""Are two neighbouring clusters divided, or is the border between them a cut through one cloud?"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from fourfold.methods.clustering.prepare import sample
from fourfold.methods.clustering.stability import Labels, centres
from fourfold.methods.intervals import Array

#: Rows beyond which a sample is measured: more rows would see no other valley.
MOST_ROWS = 2000
#: Fewer rows have no density that could be compared.
FEWEST = 5
#: Starts of K-means: the one that hits a group of 5 % of the rows is rare.
STARTS = 25
#: Rows that each column needs, where valleys are looked for.
ROWS_A_COLUMN = 10
#: Share of the rows that counts as near.
NEAR = 0.05
#: An axis so many times as wide as the neighbourhood of a row belongs to a bent shape, such as a
#: helix, which would lie over itself in a plane.
_WIDE = 1.1
#: Where the border may lie between two centres, in parts of their distance from the middle, and
#: half the width of the slab around it in which the density is taken.
_BORDERS, _HALF = (-0.2, -0.1, 0.0, 0.1, 0.2), 0.1
#: Two clusters may be pieces of one curve if they are so many times as long towards each other as
#: across, or if rows nearer to the middle than this part of the distance of their centres are
#: nearer to the line through both than all rows, or farther, by more than this share.
_END_TO_END, _NEAR_MIDDLE, _OFF = 1.3, 0.2, 0.28
_TINY = np.finfo(float).tiny
#: Parts of the rows, each projected on the direction of the others.
_PARTS = 5


def level(points: Array, seed: int = 0) -> Array:
    """Return the points in the metric in which their near neighbours lie alike in all directions.

    Groups become round, however little of the whole spread lies between them; a curve keeps its
    even density, which a metric from whole clusters would distort. Rounded values are spread over
    the step they were rounded to: what lies between two steps is no valley.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data.
    seed : int
        Seed of the values spread.

    Returns
    -------
    array of shape (n, min(d, n / 10))
        Of more columns, the first principal axes.

    Notes
    -----
    The covariance within groups from near pairs, without knowing the groups: Art, Gnanadesikan &
    Kettenring, "Data-based metrics for cluster analysis", Utilitas Math. 21A (1982), p. 75. Each
    pair counts by its direction only, so that sparse regions and tails do not decide.
    """
    at = _few_enough(_spread_out(points, seed))
    near = int(np.clip(round(NEAR * len(at)), 5, 40))
    for _ in range(8):
        distances, rows = map(np.asarray, cKDTree(at).query(at, min(near + 1, len(at))))
        reach = np.maximum(distances[:, -1:, None], _TINY)
        ways = ((at[rows[:, 1:]] - at[:, None]) / reach).reshape(-1, at.shape[1])
        sizes, axes = np.linalg.eigh(ways.T @ ways)
        sizes = np.maximum(sizes, 1e-3 * sizes.max())
        at = at @ (axes / np.sqrt(sizes / sizes.mean())) @ axes.T
        if sizes.max() < 1.1 * sizes.min():
            break
    return np.asarray(at)


def _few_enough(points: Array) -> Array:
    """Return as many principal axes as the rows can bear.

    In more, the near neighbours of a row say nothing of the metric around it.
    """
    most = max(2, len(points) // ROWS_A_COLUMN)
    if points.shape[1] <= most:
        return points
    return np.asarray(PCA(most, svd_solver="full").fit_transform(points))


def _spread_out(points: Array, seed: int) -> Array:
    generator, columns = np.random.default_rng(seed), []
    for column in points.T:
        values = np.unique(column.round(9))
        step = np.median(np.diff(values)) if 1 < len(values) < 0.9 * len(column) else 0.0
        columns.append(column + generator.uniform(-0.5, 0.5, len(column)) * step)
    return np.column_stack(columns)


def partition(points: Array, at: Array, k: int, seed: int = 0) -> tuple[Labels, Labels]:
    """Return the better divided of two partitions, and what K-means on the points makes of it.

    K-means is asked in the metric of `level`, since on the points themselves it misses groups that
    few columns tell apart, and on the points. From the centres of the better it starts again.

    Parameters
    ----------
    points, at : arrays of shape (n, d)
        Scaled data, and the same by `level`.
    k : int
    seed : int
    """
    fits = [KMeans(k, n_init=STARTS, random_state=seed).fit_predict(rows) for rows in (at, points)]
    fits = [labels for labels in fits if len(np.unique(labels)) == k]
    there = np.asarray(min(fits, key=lambda labels: shallowest(at, labels, seed)), np.intp)
    here = KMeans(k, init=centres(points, there), n_init=1).fit_predict(points)
    return there, np.asarray(here, np.intp)


@dataclass(frozen=True)
class Border:
    """What lies between two neighbouring clusters.

    Attributes
    ----------
    valley : float
        Density there, as a share of that in the thinner of the two cores: 0 empty, 1 no valley.
    elongation : float
        How much longer than wide the clusters of the whole partition are; 1 round.
    curved : bool
        Whether the two may be pieces of one curve or ring: they lie end to end, or their rows at
        the border are nearer to the line through both centres, or farther from it, than others.
    """

    valley: float
    elongation: float
    curved: bool


def borders(at: Array, labels: Labels, seed: int = 0) -> list[Border]:
    """Return what lies between neighbouring clusters.

    Parameters
    ----------
    at : array of shape (n, d)
        Data by `level`, in which groups are round and pieces of a curve are not.
    labels : array of int, shape (n,)
        The partition, 0 to k - 1.
    seed : int
        Seed of the sample where there are more than 2,000 rows.

    Returns
    -------
    list of Border
        One without a valley where a cluster has fewer than 5 rows.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(200, 2))
    >>> half = (rows[:, 0] > 0).astype(int)
    >>> [apart], [cut] = borders(rows + 9 * half[:, None], half), borders(rows, half)
    >>> apart.valley < 0.01, cut.valley > 0.8
    (True, True)
    """
    rows = sample(len(at), MOST_ROWS, seed)
    at, labels = at[rows], labels[rows]
    sizes = np.bincount(labels)
    if sizes.min() < FEWEST:
        return [Border(1.0, 1.0, False)]
    longer = [_longer(at[labels == group]) for group in range(len(sizes))]
    elongation = float(np.average(longer, weights=sizes))
    nearest = np.argsort(cdist(at, centres(at, labels)), axis=1)[:, :2]
    between = []
    for one, other in sorted({(int(min(pair)), int(max(pair))) for pair in nearest}):
        both = (labels == one) | (labels == other)
        pair = at[both], labels[both] == other
        between.append(Border(min(1.0, _valley(*pair)), elongation, _curved(*pair)))
    return between


def shallowest(at: Array, labels: Labels, seed: int = 0) -> float:
    """Return the density in the shallowest valley between neighbours.

    Parameters
    ----------
    at, labels, seed
        As for `borders`.
    """
    return max(border.valley for border in borders(at, labels, seed))


def _longer(group: Array) -> float:
    """Return how much longer than wide a group is; a piece of a plane is not long."""
    spread = np.linalg.svd(group - group.mean(axis=0), compute_uv=False)
    return float(spread[0] / max(spread[1], _TINY)) if len(spread) > 1 else 1.0


def _curved(at: Array, second: Labels) -> bool:
    """Say whether two clusters may be pieces of one curve, which bends or is steep in between.

    Of round groups the rows at the border are as far from the line through both centres as all
    rows are. A curve like an S crosses that line there, and a ring is farthest from it.
    """
    towards = at[second].mean(axis=0) - at[~second].mean(axis=0)
    distance = float(np.linalg.norm(towards))
    if at.shape[1] == 1 or distance == 0:
        return False
    along = at @ (towards / distance)
    across = at - np.outer(along, towards / distance)
    away = ((across - across.mean(axis=0)) ** 2).sum(axis=1)
    inside = [(along[side].var(), across[side].var(axis=0).sum()) for side in (~second, second)]
    share = np.array([1 - second.mean(), second.mean()])
    end_to_end = share @ [np.sqrt(a * (at.shape[1] - 1) / max(b, _TINY)) for a, b in inside]
    middle = (along[second].mean() + along[~second].mean()) / 2
    border = np.abs(along - middle) <= _NEAR_MIDDLE * distance
    if end_to_end >= _END_TO_END or not border.any() or not away.any():
        return bool(end_to_end >= _END_TO_END)
    off = np.sqrt(away[border].mean() / away.mean()) - 1
    return bool(abs(off) > max(_OFF, np.sqrt(2 / border.sum())))


def _valley(at: Array, second: Labels) -> float:
    """Return the density at the border of two clusters, by two looks of which neither suffices.

    The density along the direction that tells both best apart has little noise, but is fooled by a
    ring, whose sides are dense from there; the density around the rows at the border is not.
    """
    return max(_along(at, second), _around(at, second))


def _along(at: Array, second: Labels) -> float:
    """Compare the projected density between both medians with the lower of its two peaks.

    Each fifth of the rows is projected on the direction of the others: rows of one cloud with many
    columns lie far apart along a direction that is made from themselves.
    """
    part = np.empty(len(at), np.intp)
    for side in (~second, second):
        part[side] = np.arange(side.sum()) % _PARTS
    projected = np.empty(len(at))
    for number in range(_PARTS):
        here = part == number
        line, middle, distance = _direction(at[~here], second[~here])
        projected[here] = (at[here] @ line - middle) / max(distance, _TINY)
    one, other = projected[~second], projected[second]
    width = 0.9 * min(one.std(), other.std()) * min(len(one), len(other)) ** -0.2
    grid = np.linspace(np.median(one), np.median(other), 41)
    away = (grid[:, None] - projected) / max(width, 1e-9)
    density = np.exp(-0.5 * away**2).sum(axis=1)
    lowest = 10 + int(density[10:31].argmin())
    peak = min(density[: lowest + 1].max(), density[lowest:].max())
    return float(density[lowest] / peak) if peak > 0 else 1.0


def _direction(at: Array, second: Labels) -> tuple[Array, float, float]:
    """Return the direction that tells both best apart (Fisher's), the middle and the distance."""
    parts = [at[~second], at[second]]
    centred = np.concatenate([part - part.mean(axis=0) for part in parts])
    within = centred.T @ centred / len(at)
    within += max(1e-3 * np.trace(within) / len(within), _TINY) * np.eye(len(within))
    line = np.linalg.solve(within, parts[1].mean(axis=0) - parts[0].mean(axis=0))
    one, other = (float(np.median(part @ line)) for part in parts)
    return line, (one + other) / 2, abs(other - one)


def _around(at: Array, second: Labels) -> float:
    """Compare the number of neighbours of rows near the border with that of rows in the cores."""
    towards = at[second].mean(axis=0) - at[~second].mean(axis=0)
    distance = np.linalg.norm(towards)
    along = at @ (towards / distance)
    across = at - np.outer(along, towards / distance)
    across -= across.mean(axis=0)
    _, sizes, widest = np.linalg.svd(across, full_matrices=False)
    near = int(np.clip(round(NEAR * len(at)), 5, 40))
    local = np.median(np.asarray(cKDTree(at).query(at, min(near + 1, len(at)))[0])[:, -1])
    bent = int((sizes[:3] / np.sqrt(len(at)) > _WIDE * local).sum())
    plane = np.column_stack([along, across @ widest[: min(max(1, bent), 2)].T])
    size = min(int(second.sum()), int((~second).sum()))
    near = int(np.clip(round(np.sqrt(size)), 3, size - 1))
    tree = cKDTree(plane)
    reach = np.asarray(tree.query(plane, near + 1)[0])[:, near]
    halves = [(side, max(3, int(side.sum()) // 2)) for side in (~second, second)]
    radius = max(np.median(np.sort(reach[side])[:half]) for side, half in halves)
    counts = tree.query_ball_point(plane, max(radius, 1e-9), return_length=True) - 1
    core = min(np.median(np.sort(counts[side])[-half:]) for side, half in halves)
    middle = (along[second].mean() + along[~second].mean()) / 2
    slabs = [np.abs(along - middle - part * distance) <= _HALF * distance for part in _BORDERS]
    lowest = min(float(counts[slab].mean()) if slab.any() else 0.0 for slab in slabs)
    return float(lowest / core) if core > 0 else 1.0
