"""Which settings matter: the variance of a metric that each explains, against noise."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from scipy.special import chndtrinc

from fourfold.errors import DataError
from fourfold.methods.comparison.runs import Runs
from fourfold.methods.intervals import holm
from fourfold.methods.threads import one_thread

Matrix = NDArray[np.float64]
#: A number with more levels is a curve of second degree, not one mean a level.
_FEW = 5
#: Positive numbers that span so much are taken by their logarithm.
_WIDE = 100
#: Fewer degrees of freedom tell nothing about noise; interactions are left to it first.
_LEAST_FREE = 6
_NOTHING = 1e-10


@dataclass(frozen=True)
class _Model:
    """Orthonormal columns of each effect beyond what it is tested against, and of all together.

    They are coordinates in `frame`, which has one row a run: so each is small.
    """

    scores: Matrix
    frame: Matrix
    effects: dict[str, Matrix]
    reduced: dict[str, Matrix]
    full: Matrix

    @property
    def free(self) -> int:
        return int(len(self.scores) - self.full.shape[1])

    @property
    def sizes(self) -> Matrix:
        """Return the sum of squares of each effect."""
        scores = self.frame.T @ self.scores
        return np.array([((part.T @ scores) ** 2).sum() for part in self.effects.values()])

    @property
    def degrees(self) -> NDArray[np.int64]:
        return np.array([part.shape[1] for part in self.effects.values()])

    @property
    def noise(self) -> float:
        """Return the sum of squares that nothing explains."""
        rest = _rest(self.frame @ self.full, self.scores)
        whole = max(float(self.scores.var() * len(self.scores)), 1e-300)
        return max(float(rest @ rest), _NOTHING * whole)


@one_thread
def explained(runs: Runs, metric: str, draws: int = 999, seed: int = 0) -> pd.DataFrame:
    """Return the share of a metric's variance that each setting and each pair explains.

    Analysis of variance with sums of squares of type II: each setting beyond the other settings
    and their pairs, each pair beyond all else; without that, a setting that does nothing would
    be given a part of what a pair of others explains wherever runs are missing. Repeats such as
    seeds are blocks. Pairs are left to noise where there are too few runs to tell them from it.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
    metric : str
        Its name.
    draws : int
        Permutations of the residuals, and draws of the intervals.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        One row an effect, the largest first, repeats and what nothing explains (``noise``) last:
        `share` (%), its 95 % interval `low` and `high` (%), `p` (probability that noise explains
        so much, by permutation, corrected for the number of effects by Holm).

    Raises
    ------
    DataError
        If there are too few runs for the settings.

    Notes
    -----
    Permutations: Freedman & Lane (1983), J Bus Econ Stat 1, p. 292. Intervals are generalised
    (Weerahandi 1993, JASA 88, p. 899): the noise variance and the noncentrality of the effect and
    of all others together are drawn from the distributions that the sums of squares imply. A
    share is a noncentrality over their sum and the number of runs, after Steiger (2004), Psychol
    Methods 9, p. 172.
    """
    model, generator = _model(runs, metric), np.random.default_rng(seed)
    strength = np.maximum(0, model.sizes / (model.noise / model.free) - model.degrees)
    low, high = _intervals(model, generator, draws)
    places = np.arange(len(model.scores), dtype=np.int32)
    orders = generator.permuted(np.tile(places, (draws, 1)), axis=1)
    chances = [_chance(model, name, orders) for name in model.effects]
    share = strength / (strength.sum() + len(model.scores))
    # Draws round a share near a bound lie on one side of it.
    ends = {"low": np.minimum(low, share), "high": np.maximum(high, share)}
    table = pd.DataFrame({"share": share, **ends}, list(model.effects))
    blocks = [name for name in table.index if name in runs.repeats]
    tested = ~table.index.isin(blocks)
    table["p"] = np.nan
    table.loc[tested, "p"] = holm(np.array(chances)[tested])
    table = table.sort_values("share", ascending=False, kind="stable")
    table = table.loc[[*table.index.difference(blocks, sort=False), *blocks]]
    table.loc["noise"] = [1 - table["share"].sum(), np.nan, np.nan, np.nan]
    return table.assign(**{name: 100 * table[name] for name in ("share", "low", "high")})


def _model(runs: Runs, metric: str) -> _Model:
    """Return the largest model that leaves enough runs to noise: pairs, if not then settings."""
    ones = np.ones((len(runs.table), 1))
    mains: dict[tuple[str, ...], Matrix]
    mains = {(name,): _columns(runs.table[name]) for name in runs.settings}
    mains |= {(name,): _levels(runs.table[name]) for name in runs.repeats}
    pairs: dict[tuple[str, ...], Matrix] = {
        (a, b): np.hstack([mains[a,] * mains[b,][:, [n]] for n in range(mains[b,].shape[1])])
        for a, b in combinations(runs.settings, 2)
    }
    for terms in (mains | pairs, mains):
        frame, columns = np.linalg.qr(np.hstack([ones, *terms.values()]))
        full = _basis(columns)
        if len(frame) - full.shape[1] >= _LEAST_FREE:
            break
    else:
        raise DataError(
            f"expected at least {full.shape[1] + _LEAST_FREE} runs for {len(mains)} settings, got "
            f"{len(frame)}; name fewer in settings, or repeat runs with other seeds"
        )
    ends = np.cumsum([1, *(part.shape[1] for part in terms.values())])
    ones, *parts = np.hsplit(columns, ends[:-1])
    terms = dict(zip(terms, parts, strict=True))
    effects, reduced = {}, {}
    for term, columns in terms.items():
        others = [other for other in terms if not set(term) <= set(other)]
        # Where the runs confound a setting with pairs of others, it is told without the pairs.
        for tested in (others, [other for other in others if other in mains]):
            lower = _basis(np.hstack([ones, *(terms[other] for other in tested)]))
            part = _beyond(lower, columns, len(frame))
            if part.shape[1] or term in pairs:
                break
        if part.shape[1]:
            effects[" × ".join(term)], reduced[" × ".join(term)] = part, lower
    return _Model(runs.table[metric].to_numpy(float), frame, effects, reduced, full)


def _columns(column: pd.Series) -> Matrix:
    """Return the columns of one setting: a curve for many numbers, else one for each level."""
    if is_numeric_dtype(column) and not is_bool_dtype(column) and column.nunique() > _FEW:
        values = column.fillna(column.median()).to_numpy(float)
        if values.min() > 0 and values.max() >= _WIDE * values.min():
            values = np.log(values)
        scaled = (values - values.mean()) / values.std()
        return np.column_stack([scaled, scaled**2 - 1])
    return _levels(column)


def _levels(column: pd.Series) -> Matrix:
    levels = pd.get_dummies(column.astype(object).where(column.notna(), "missing").astype(str))
    centred: Matrix = (levels - levels.mean()).to_numpy(float)[:, 1:]
    return centred


def _basis(columns: Matrix) -> Matrix:
    """Return orthonormal columns that span the same."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, sizes > 1e-8 * max(sizes.max(), 1e-300)])


def _beyond(lower: Matrix, columns: Matrix, runs: int) -> Matrix:
    left, sizes, _ = np.linalg.svd(_rest(lower, columns), full_matrices=False)
    return np.asarray(left[:, sizes > 1e-8 * np.sqrt(runs)])


def _rest(basis: Matrix, values: Matrix) -> Matrix:
    return np.asarray(values - basis @ (basis.T @ values))


def _intervals(model: _Model, generator: np.random.Generator, draws: int) -> Matrix:
    """Return the lower and the upper ends of the shares."""
    sizes = model.sizes
    variance = model.noise / generator.chisquare(model.free, draws)
    # Not all that is explained together: where runs are missing, no effect is credited with some.
    rest = sizes.sum() - sizes, model.degrees.sum() - model.degrees
    own, others = (
        chndtrinc(size / variance[:, None], free, generator.random((draws, len(sizes))))
        for size, free in ((sizes, model.degrees), rest)
    )
    own, others = (np.where(each > _NOTHING, each, 0.0) for each in (own, others))
    shares = own / (own + others + len(model.scores))
    return np.asarray(np.quantile(shares, [0.025, 0.975], axis=0))


def _chance(model: _Model, name: str, orders: NDArray[np.int32]) -> float:
    """Return the share of permutations of the residuals in which the effect is as large."""
    rest = _rest(model.frame @ model.reduced[name], model.scores)
    drawn = model.frame.T @ np.vstack([rest, rest[orders]]).T
    effect = ((model.effects[name].T @ drawn) ** 2).sum(axis=0)
    whole = rest @ rest
    noise = whole - ((model.full.T @ drawn) ** 2).sum(axis=0)
    ratio = effect / np.maximum(noise, 1e-12 * whole + 1e-300)
    return float((1 + (ratio[1:] >= ratio[0] * (1 - 1e-9)).sum()) / (1 + len(orders)))


def expected(runs: Runs, metric: str, combinations_: pd.DataFrame) -> pd.Series:
    """Return what the settings alone, without pairs, let expect of other combinations.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
    metric : str
        Its name.
    combinations_ : DataFrame
        One column for each setting, of levels that some run has.
    """
    both = pd.concat([runs.table, combinations_], ignore_index=True)
    columns = [_columns(both[name]) for name in runs.settings]
    design = np.hstack([np.ones((len(both), 1)), *columns])
    known = len(runs.table)
    weights = np.linalg.lstsq(design[:known], runs.table[metric].to_numpy(float), rcond=None)[0]
    return pd.Series(design[known:] @ weights, combinations_.index, name="expected")
