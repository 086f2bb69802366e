"""Is there any cluster structure, and how many clusters? The rule that the template follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
import pandas as pd
from sklearn.metrics import pairwise_distances

from fourfold.errors import DataError
from fourfold.methods.clustering.gap import FEWEST_REFERENCES, Gap, gap_statistic
from fourfold.methods.clustering.stability import (
    VALID,
    centres,
    jaccard,
    mean_silhouette,
    resample,
)
from fourfold.methods.clustering.valleys import borders, level, partition
from fourfold.methods.intervals import Array, Interval
from fourfold.methods.threads import one_thread

#: Why a method takes more clusters than the rule, and why fewer.
_WHY = {
    "elbow": (
        "the elbow is a bend in a curve that falls also where one cloud is cut",
        "the elbow is the sharpest bend, and small or near groups hardly bend the curve",
    ),
    "silhouette": (
        "the silhouette has a best k in every cloud, and asks for no empty border",
        "the silhouette prefers few far groups to several near ones",
    ),
    "gap statistic": (
        "the gap statistic compares with an even box, which long, bent or skewed clouds beat",
        "the gap statistic weighs spread in all columns, and misses small groups and groups "
        "that differ in few columns",
    ),
}
#: Below it, the valley may be that of groups three standard deviations apart: not one cloud for
#: sure, since these come up to here in 95 % of draws.
HOLLOW = 0.85


#: At so many rows: the valley that divides groups, the one that divides pieces of a curve, and
#: from which elongation on clusters may be pieces of a curve, and from which on they are.
_ROWS = np.log([50, 150, 300, 1000])
_GROUPS, _PIECES = (0.26, 0.39, 0.50, 0.54), (0.03, 0.04, 0.06, 0.08)
_LONG, _LONGER = (1.25, 1.20, 1.15, 1.10), (1.60, 1.50, 1.40, 1.30)
#: The last three where nothing but their length speaks for a curve.
_LONG_PIECES, _LONG_ALONE, _LONGER_ALONE = (0.05, 0.07, 0.12, 0.14), (2.0,) * 4, (2.6,) * 4


def limit(rows: int, elongation: float = 1.0, curved: bool = False) -> float:
    """Return the density up to which a valley divides, as a share of that of the thinner core.

    One cloud of so many rows looks less divided, for all k together, in 95 % of the draws of each
    shape in ``benchmarks/truth/clustering.py``; in fewer rows, noise digs deeper valleys. A curve
    has few rows where it is steep, so that between its pieces a valley must be nearly empty.

    Parameters
    ----------
    rows : int
    elongation : float
        How much longer than wide the clusters are; 1 round.
    curved : bool
        Whether both sides may be pieces of one curve for other reasons (`Border`).

    Examples
    --------
    >>> [round(limit(rows), 2) for rows in (50, 150, 300, 1000, 5000)]
    [0.26, 0.39, 0.5, 0.54, 0.54]
    >>> [round(limit(300, longer, curved=True), 2) for longer in (1.1, 1.3, 2.0)]
    [0.5, 0.24, 0.06]
    """
    alone = (_LONG_PIECES, _LONG_ALONE, _LONGER_ALONE)
    groups, pieces, long, longer = (
        float(np.interp(np.log(rows), _ROWS, values))
        for values in (_GROUPS, *((_PIECES, _LONG, _LONGER) if curved else alone))
    )
    return float(np.interp(elongation, [long, longer], [groups, pieces]))


@dataclass(frozen=True)
class Candidate:
    """One number of clusters, with the evidence for it.

    Attributes
    ----------
    k : int
        Number of clusters.
    centres : array of shape (k, d)
        Where K-means starts for these clusters.
    silhouette : float
        Mean silhouette of K-means from there on the data, -1 to 1.
    valley : float
        Density over that of the thinner core, in the shallowest valley between neighbours that is
        no division; if all are, in the one that is nearest to its limit. 1 none.
    limit : float
        The deepest valley that one cloud of so many rows, or one curve, has there.
    kept : float
        Similarity (Jaccard) of the worst K-means cluster to the group that it started from.
    stability : float or None
        Mean Jaccard similarity of the weakest cluster over resamples; None, not computed, where
        no valley divides the clusters.
    curve : bool
        Whether the limit is lower, since both sides of the valley may be pieces of one curve.
    """

    k: int
    centres: Array = field(compare=False, repr=False)
    silhouette: float
    valley: float = 0.0
    limit: float = 1.0
    kept: float = 1.0
    stability: float | None = None
    curve: bool = False

    @property
    def divided(self) -> bool:
        """Whether valleys divide all neighbours, and K-means finds the groups they divide."""
        return self.valley <= self.limit and self.kept >= VALID

    @property
    def credible(self) -> bool:
        """Whether the clusters are both there (`divided`) and reproducible (`stability`)."""
        return self.divided and self.stability is not None and self.stability >= VALID

    @property
    def reason(self) -> str:
        """Why this k counts, or why it does not."""
        if self.valley > self.limit and self.curve and self.valley < HOLLOW:
            return "the valley may be a thin part of one curve"
        if self.valley > self.limit:
            return "no valley in density between two neighbours"
        if self.kept < VALID:
            return "K-means cuts through the groups that valleys divide"
        if not self.credible:
            return "weakest cluster not found again in resamples"
        return "credible"


@dataclass(frozen=True)
class Choice:
    """The number of clusters that the data carry.

    Attributes
    ----------
    k : int
        Clusters of the chosen partition; where nothing is clear, of the highest silhouette.
    runner_up : int or None
        The next best number of clusters; None if only one was tried.
    clear : bool
        Whether the partition is one of clear clusters.
    candidates : tuple of Candidate
        The evidence for each k tried, ascending.
    statistic : callable
        Returns `gap`.
    """

    k: int
    runner_up: int | None
    clear: bool
    candidates: tuple[Candidate, ...]
    statistic: Callable[[], Gap] = field(compare=False, repr=False)

    @cached_property
    def gap(self) -> Gap:
        """The gap statistic, which includes the answer of one cluster; the rule does not ask."""
        return self.statistic()

    def at(self, k: int) -> Candidate:
        """Return the evidence for `k` clusters."""
        return next(each for each in self.candidates if each.k == k)

    @property
    def clusters(self) -> Interval:
        """How many clusters are clear, 1 for none; up to how many are not excluded.

        One cloud is sure only without any valley: near groups dig shallow ones, as noise does.
        """
        lowest = min(self.candidates, key=lambda each: each.valley)
        if self.clear:
            return Interval(self.k, self.k, self.k)
        return Interval(1, 1, lowest.k if lowest.valley < HOLLOW else 1)

    def table(self) -> pd.DataFrame:
        """Return the evidence as a table, one row for each k."""
        names = {"valley": "density in valley", "limit": "at most", "kept": "found by K-means"}
        shown = ["silhouette", "valley", "limit", "kept", "stability", "reason"]
        rows = [[getattr(each, name) for name in shown] for each in self.candidates]
        numbers = pd.Index([each.k for each in self.candidates], name="k")
        return pd.DataFrame(rows, numbers, shown).rename(columns=names | {"reason": "verdict"})

    def compared(self, elbow: int | None, silhouettes: pd.Series) -> str:
        """Return what each method takes for the number of clusters, and why they differ.

        Parameters
        ----------
        elbow : int or None
            Where the elbow of the inertia is.
        silhouettes : Series
            Mean silhouette of each k.
        """
        best = int(silhouettes.index[int(silhouettes.argmax())])
        rule = self.k if self.clear else 1
        takes = {"elbow": elbow, "silhouette": best, "gap statistic": self.gap.k, "rule": rule}
        said = ", ".join(f"{name} {k or 'none'}" for name, k in takes.items())
        why = [
            _WHY[name][0 if (k or 0) > rule else 1]
            for name, k in takes.items()
            if k != rule and (k is not None or rule > 1)
        ]
        differ = f"They differ, since {'; '.join(why)}." if why else "They agree."
        return f"Number of clusters: {said}. {differ}"


@one_thread
def choose_k(
    points: Array,
    k_max: int = 8,
    k: int | None = None,
    references: int = 25,
    resamples: int = 50,
    seed: int = 0,
) -> Choice:
    """Choose the number of clusters, or find that there are no clear ones.

    A k is *credible* if (1) each two neighbouring clusters are divided by a valley in density,
    deeper than noise digs into one cloud of as many rows, (2) K-means finds the groups that these
    valleys divide, and (3) its weakest cluster has a mean Jaccard similarity of at least 0.75 over
    resamples. The finest credible partition wins. Without a credible k there are no clear clusters.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data; a sample of about 1,000 rows is enough.
    k_max : int
        Most clusters to try; from 2.
    k : int, optional
        A number of clusters to examine instead of choosing one.
    references : int
        Reference data sets drawn for the gap statistic; at least 10.
    resamples : int
        Bootstrap resamples.
    seed : int
        Seed of all draws.

    Raises
    ------
    DataError
        If there are fewer than 10 rows or fewer than 3 different ones, `k` is not within 2 to
        `k_max`, or `references` below 10.

    Notes
    -----
    Clusters as regions between which the density is low: Hartigan, "Clustering Algorithms" (1975),
    p. 205; a split is kept if the density at its saddle is low against its lower peak, as in
    Chazal, Guibas, Oudot & Skraba, "Persistence-based clustering in Riemannian manifolds", J. ACM
    60 (2013). The limits are measured, not derived: ``benchmarks/truth/clustering.py``.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> groups = [generator.normal(centre, 1, size=(40, 2)) for centre in (0, 8, 16)]
    >>> choose_k(np.concatenate(groups), k_max=5).k
    3
    >>> choose_k(generator.normal(size=(120, 2)), k_max=5).clear
    False
    """
    tried = _numbers_to_try(points, k_max, k, references)
    at, distances = level(points, seed), pairwise_distances(points)
    candidates = [_examine(points, at, distances, each, resamples, seed) for each in tried]
    return _choose(candidates, k, partial(gap_statistic, points, max(tried), references, seed))


def _numbers_to_try(points: Array, k_max: int, k: int | None, references: int) -> list[int]:
    different = len(np.unique(points, axis=0))
    if len(points) < 10 or different < 3:
        raise DataError(
            "choose_k: expected at least 10 rows, 3 of them different, got "
            f"{len(points)} rows, {different} different; take more rows or other features"
        )
    if references < FEWEST_REFERENCES:
        raise DataError(f"choose_k: expected references of at least 10, got {references}")
    tried = list(range(2, min(k_max, different - 1) + 1))
    if k is not None and k not in tried:
        raise DataError(f"choose_k: expected k within 2 to k_max={max(tried)}, got {k}")
    return tried


def _examine(
    points: Array, at: Array, distances: Array, k: int, resamples: int, seed: int
) -> Candidate:
    """Return the evidence for `k` clusters; stability, which takes long, only where it decides."""
    there, here = partition(points, at, k, seed)
    valleys = [
        (border.valley, limit(len(points), border.elongation, border.curved))
        for border in borders(at, there, seed)
    ]
    shallow = [pair for pair in valleys if pair[0] > pair[1]]
    valley, highest = max(shallow or valleys, key=lambda v: v[0] - (0 if shallow else v[1]))
    silhouette = mean_silhouette(distances, here)
    kept = float(jaccard(here, there, k).min())
    curve = highest < limit(len(points))
    candidate = Candidate(k, centres(points, there), silhouette, valley, highest, kept, curve=curve)
    if not candidate.divided:
        return candidate
    survival = resample(points, here, resamples, seed)
    return replace(candidate, stability=float(survival.means.min()))


def _choose(candidates: Sequence[Candidate], k: int | None, statistic: Callable[[], Gap]) -> Choice:
    """Rank credible before others, finer ones first; the others by silhouette."""
    ranked = sorted(
        candidates,
        key=lambda each: (not each.credible, -each.k if each.credible else -each.silhouette),
    )
    chosen = ranked[0] if k is None else next(each for each in candidates if each.k == k)
    runner_up = next((each.k for each in ranked if each is not chosen), None)
    return Choice(chosen.k, runner_up, chosen.credible, tuple(candidates), statistic)
