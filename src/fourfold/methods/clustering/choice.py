"""Is there any cluster structure, and how many clusters? The rule that the template follows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances

from fourfold.errors import DataError
from fourfold.methods.clustering.null_models import NULL_MODELS, Sampler, uniform_box
from fourfold.methods.clustering.stability import RESTARTS, VALID, mean_silhouette, resample
from fourfold.methods.intervals import Array, Interval
from fourfold.methods.threads import one_thread

#: Share of structureless data sets that a test may call clustered, all k together.
ALPHA = 0.01
#: Reference draws before a k that looks like structureless data is given up, and the
#: probability beyond which it is.
FIRST_LOOK = 10
HOPELESS = 0.05


@dataclass(frozen=True)
class Candidate:
    """One number of clusters, with the evidence for it.

    Attributes
    ----------
    k : int
        Number of clusters.
    silhouette : float
        Mean silhouette of K-means on the data, -1 to 1.
    model : str
        The model without clusters that explains the silhouette best.
    expected, spread : float
        Mean of that model's silhouettes, and the standard error of predicting one of them.
    p_value : float
        Probability of such a silhouette under that model, Bonferroni-corrected over all k.
    stability : float or None
        Mean Jaccard similarity of the weakest cluster over resamples; None, not computed, where
        the silhouette is that of structureless data.
    """

    k: int
    silhouette: float
    model: str = ""
    expected: float = -np.inf
    spread: float = 0.0
    p_value: float = 0.0
    stability: float | None = None

    @property
    def excess(self) -> float:
        """Silhouette beyond what structureless data give."""
        return self.silhouette - self.expected

    @property
    def credible(self) -> bool:
        """Whether the clusters are both there (`p_value`) and reproducible (`stability`)."""
        return self.p_value <= ALPHA and self.stability is not None and self.stability >= VALID

    @property
    def reason(self) -> str:
        """Why this k counts, or why it does not."""
        if self.p_value > ALPHA:
            return f"silhouette no higher than in a {self.model} model"
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
    """

    k: int
    runner_up: int | None
    clear: bool
    candidates: tuple[Candidate, ...]

    def at(self, k: int) -> Candidate:
        """Return the evidence for `k` clusters."""
        return next(each for each in self.candidates if each.k == k)

    def table(self) -> pd.DataFrame:
        """Return the evidence as a table, one row for each k."""
        names = {"expected": "expected without clusters", "model": "hardest model", "p_value": "p"}
        shown = ["silhouette", "expected", "excess", "model", "p_value", "stability", "reason"]
        rows = [[getattr(each, name) for name in shown] for each in self.candidates]
        numbers = pd.Index([each.k for each in self.candidates], name="k")
        return pd.DataFrame(rows, numbers, shown).rename(columns=names | {"reason": "verdict"})


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

    A k is *credible* if (1) its silhouette exceeds what K-means finds in a uniform box, in a
    single Gaussian and in a unimodal distribution fitted to the data (p <= 0.01 over all k), and
    (2) its weakest cluster has a mean Jaccard similarity of at least 0.75 over resamples. Among
    the credible k, the finest partition wins whose excess silhouette is within one standard error
    of the best. Without a credible k there are no clear clusters.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data; a sample of about 1,000 rows is enough.
    k_max : int
        Most clusters to try; from 2.
    k : int, optional
        A number of clusters to examine instead of choosing one.
    references : int
        Reference data sets drawn from each model; at least 10.
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
    Testing and calibrating an index by data drawn from a fitted null model: Hennig & Lin,
    "Flexible parametric bootstrap for testing homogeneity against clustering and assessing the
    number of clusters", Stat. Comput. 25 (2015), p. 821. The p-value treats the observed
    silhouette as one more draw from a normal distribution (Student's t with the prediction
    error), like the Gaussian p-value of SigClust (Liu et al. 2008), for which 25 draws are enough.
    A tie goes to the finer partition as in prediction strength (Tibshirani & Walther, J. Comput.
    Graph. Stat. 14, 2005, p. 511), since the silhouette favours coarse splits.

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
    generator = np.random.default_rng(seed)
    calibrated = _calibrate(points, tried, references, generator)
    return _choose([_with_stability(points, each, resamples, seed) for each in calibrated], k)


def _partition(points: Array, k: int, seed: int = 0) -> NDArray[np.intp]:
    return np.asarray(KMeans(k, n_init=RESTARTS, random_state=seed).fit_predict(points), np.intp)


def _silhouettes(points: Array, numbers: Sequence[int], seed: int = 0) -> list[float]:
    """Return the mean silhouette of K-means for each number of clusters."""
    distances = pairwise_distances(points)
    return [mean_silhouette(distances, _partition(points, k, seed)) for k in numbers]


def _numbers_to_try(points: Array, k_max: int, k: int | None, references: int) -> list[int]:
    different = len(np.unique(points, axis=0))
    if len(points) < 10 or different < 3:
        raise DataError(
            "choose_k: expected at least 10 rows, 3 of them different, got "
            f"{len(points)} rows, {different} different; take more rows or other features"
        )
    if references < FIRST_LOOK:
        raise DataError(f"choose_k: expected references of at least 10, got {references}")
    tried = list(range(2, min(k_max, different - 1) + 1))
    if k is not None and k not in tried:
        raise DataError(f"choose_k: expected k within 2 to k_max={max(tried)}, got {k}")
    return tried


def _calibrate(
    points: Array, tried: list[int], references: int, generator: np.random.Generator
) -> list[Candidate]:
    """Measure each k, and compare it with one model after the other until one explains it."""
    hardest = {k: Candidate(k, s) for k, s in zip(tried, _silhouettes(points, tried), strict=True)}
    for name, fit in NULL_MODELS.items():
        draw = fit(points)
        open_ = [each for each in hardest.values() if each.p_value <= HOPELESS]
        for each, drawn in zip(open_, _draw(draw, open_, references, generator), strict=True):
            expected, spread, tail = _tail(each.silhouette, drawn)
            # A k that was given up is explained by this model, whatever its draws say.
            p_value = min(1.0, tail * len(tried)) if len(drawn) == references else 1.0
            new = Candidate(each.k, each.silhouette, name, expected, spread, p_value)
            if new.excess < each.excess or new.p_value > each.p_value:
                hardest[each.k] = new
    return list(hardest.values())


def _draw(
    draw: Sampler, candidates: list[Candidate], references: int, generator: np.random.Generator
) -> list[list[float]]:
    """Return silhouettes of reference data for each candidate; fewer for one they explain."""
    drawn: dict[int, list[float]] = {each.k: [] for each in candidates}
    active = list(drawn)
    for number in range(references):
        if number == FIRST_LOOK:
            tails = {each.k: _tail(each.silhouette, drawn[each.k])[2] for each in candidates}
            active = [k for k in active if tails[k] <= HOPELESS]
        if not active:
            break
        for k, value in zip(active, _silhouettes(draw(generator), active, number), strict=True):
            drawn[k].append(value)
    return list(drawn.values())


def _tail(observed: float, drawn: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, prediction error, and probability that one more draw reaches `observed`."""
    mean, count = float(np.mean(drawn)), len(drawn)
    error = float(np.std(drawn, ddof=1) * np.sqrt(1 + 1 / count))
    if error == 0:
        return mean, 0.0, 0.0 if observed > mean else 1.0
    return mean, error, float(student.sf((observed - mean) / error, count - 1))


def _with_stability(points: Array, candidate: Candidate, resamples: int, seed: int) -> Candidate:
    if candidate.p_value > ALPHA:
        return candidate
    survival = resample(points, _partition(points, candidate.k), resamples, seed)
    return replace(candidate, stability=float(survival.means.min()))


def _choose(candidates: list[Candidate], k: int | None) -> Choice:
    """Rank credible before others; among them the finest within one error of the best excess."""
    ranked = sorted(candidates, key=lambda each: (not each.credible, -each.excess))
    enough = ranked[0].excess - ranked[0].spread
    near = [each for each in ranked if each.credible and each.excess >= enough]
    if k is not None:
        chosen = next(each for each in candidates if each.k == k)
    elif near:
        chosen = max(near, key=lambda each: each.k)
    else:
        chosen = max(candidates, key=lambda each: each.silhouette)
    runner_up = next((each.k for each in ranked if each is not chosen), None)
    return Choice(chosen.k, runner_up, chosen.credible, tuple(candidates))


@dataclass(frozen=True)
class Gap:
    """The gap statistic for 1 to k_max clusters.

    Attributes
    ----------
    gap : array of shape (k_max,)
        How much tighter the data cluster than a uniform box, in natural logarithms of the
        within-cluster sum of squares; first entry for k = 1.
    error : array of shape (k_max,)
        Simulation error s of each gap (one standard deviation, with the factor sqrt(1 + 1/B)).
    """

    gap: Array
    error: Array

    @property
    def k(self) -> int:
        """The smallest k whose gap reaches the next one less its error (1-SE rule)."""
        reached = self.gap[:-1] >= self.gap[1:] - self.error[1:]
        return int(reached.argmax()) + 1 if reached.any() else len(self.gap)

    def table(self) -> pd.DataFrame:
        """Return gap and error, one row for each k from 1."""
        numbers = pd.RangeIndex(1, len(self.gap) + 1, name="k")
        return pd.DataFrame({"gap": self.gap, "error": self.error}, index=numbers)

    def interval(self, k: int) -> Interval:
        """Return the gap at `k` with its simulation interval, which is normal."""
        value, half = float(self.gap[k - 1]), 1.96 * float(self.error[k - 1])
        return Interval(value, value - half, value + half)


@one_thread
def gap_statistic(points: Array, k_max: int = 8, references: int = 25, seed: int = 0) -> Gap:
    """Return how much tighter the data cluster than a uniform box around them, for each k.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data; a sample of about 1,000 rows is enough. At least `k_max` rows differ.
    k_max : int
        Most clusters to try; from 2.
    references : int
        Reference data sets, B; at least 2.
    seed : int
        Seed of all draws.

    Notes
    -----
    Tibshirani, Walther & Hastie, "Estimating the number of clusters in a data set via the gap
    statistic", J. R. Stat. Soc. B 63 (2001), p. 411, with the box along the principal axes. With
    squared Euclidean distances their W_k is the inertia of K-means.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> groups = [generator.normal(centre, 1, size=(30, 2)) for centre in (0, 9)]
    >>> gap_statistic(np.concatenate(groups), k_max=4).k
    2
    """
    generator = np.random.default_rng(seed)
    draw = uniform_box(points)
    numbers = range(1, k_max + 1)
    observed = _log_inertia(points, numbers, seed)
    drawn = np.array([_log_inertia(draw(generator), numbers, b) for b in range(references)])
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / references)
    return Gap(drawn.mean(axis=0) - observed, error)


def _log_inertia(points: Array, numbers: range, seed: int) -> Array:
    """Return the log of the within-cluster sum of squares for each number of clusters."""
    fits = [KMeans(k, n_init=RESTARTS, random_state=seed).fit(points) for k in numbers]
    return np.log(np.maximum([fit.inertia_ for fit in fits], np.finfo(float).tiny))
