"""Which settings matter: the variance of a metric that each explains, against noise."""

from __future__ import annotations

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
    """Orthonormal columns of each effect beyond what it is tested against, and of all together."""

    effects: dict[str, Matrix]
    reduced: dict[str, Matrix]
    full: Matrix

    def free(self) -> int:
        rows, columns = self.full.shape
        return int(rows - columns)


def explained(runs: Runs, metric: str, draws: int = 999, seed: int = 0) -> pd.DataFrame:
    """Return the share of a metric's variance that each setting and each pair explains.

    Analysis of variance with sums of squares of type II: each setting beyond the other settings,
    each pair beyond all else. Repeats such as seeds are blocks. Pairs are left to noise where
    there are too few runs to tell them from it.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
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
    model = _model(runs)
    values = runs.table[metric].to_numpy(float)
    generator = np.random.default_rng(seed)
    rest = _rest(model.full, values)
    noise = max(float(rest @ rest), _NOTHING * max(float(values.var() * len(values)), 1e-300))
    sizes = {name: float(((part.T @ values) ** 2).sum()) for name, part in model.effects.items()}
    degrees = np.array([part.shape[1] for part in model.effects.values()])
    lines = _shares(np.array(list(sizes.values())), degrees, noise, model.free(), len(values))
    told = float(((model.full.T @ (values - values.mean())) ** 2).sum())
    bounds = _intervals(
        np.array(list(sizes.values())), degrees, told, noise, model, generator, draws
    )
    chances = [_chance(model, name, values, generator, draws) for name in model.effects]
    table = pd.DataFrame({"share": lines, "low": bounds[0], "high": bounds[1]}, list(model.effects))
    blocks = [name for name in table.index if name in runs.repeats]
    tested = ~table.index.isin(blocks)
    table["p"] = np.nan
    table.loc[tested, "p"] = holm(np.array(chances)[tested])
    table = table.sort_values("share", ascending=False, kind="stable")
    table = table.loc[[*table.index.difference(blocks, sort=False), *blocks]]
    table.loc["noise"] = [1 - table["share"].sum(), np.nan, np.nan, np.nan]
    return table.assign(**{name: 100 * table[name] for name in ("share", "low", "high")})


def _model(runs: Runs) -> _Model:
    """Return the largest model that leaves enough runs to noise: pairs, if not then settings."""
    ones = np.ones((len(runs.table), 1))
    mains = {name: _columns(runs.table[name]) for name in runs.settings}
    mains |= {name: _levels(runs.table[name]) for name in runs.repeats}
    pairs = {
        f"{a} × {b}": np.hstack([mains[a] * mains[b][:, [n]] for n in range(mains[b].shape[1])])
        for a, b in combinations(runs.settings, 2)
    }
    for chosen in (pairs, {}):
        full = _basis(np.hstack([ones, *mains.values(), *chosen.values()]))
        if len(full) - full.shape[1] >= _LEAST_FREE:
            break
    else:
        raise DataError(
            f"expected at least {full.shape[1] + _LEAST_FREE} runs for {len(mains)} settings, got "
            f"{len(full)}; name fewer in settings, or repeat runs with other seeds"
        )
    reduced = {n: [ones, *(mains[m] for m in mains if m != n)] for n in mains}
    reduced |= {n: [ones, *mains.values(), *(chosen[m] for m in chosen if m != n)] for n in chosen}
    lower = {name: _basis(np.hstack(parts)) for name, parts in reduced.items()}
    effects = {n: _beyond(lower[n], (mains | chosen)[n]) for n in reduced}
    told = {name: part for name, part in effects.items() if part.shape[1]}
    return _Model(told, lower, full)


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


def _beyond(lower: Matrix, columns: Matrix) -> Matrix:
    rest = columns - lower @ (lower.T @ columns)
    left, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    return np.asarray(left[:, sizes > 1e-8 * np.sqrt(len(columns))])


def _rest(basis: Matrix, values: Matrix) -> Matrix:
    return np.asarray(values - basis @ (basis.T @ values))


def _shares(
    sizes: Matrix, degrees: NDArray[np.int64], noise: float, free: int, count: int
) -> Matrix:
    strength = np.maximum(0, sizes / (noise / free) - degrees)
    return np.asarray(strength / (strength.sum() + count))


def _intervals(
    sizes: Matrix,
    degrees: NDArray[np.int64],
    told: float,
    noise: float,
    model: _Model,
    generator: np.random.Generator,
    draws: int,
) -> Matrix:
    variance = noise / generator.chisquare(model.free(), draws)
    own, others = (
        chndtrinc(size / variance[:, None], free, generator.random((draws, len(sizes))))
        for size, free in (
            (sizes, degrees),
            (np.maximum(told - sizes, 0), model.full.shape[1] - 1 - degrees),
        )
    )
    own, others = (np.where(each > _NOTHING, each, 0.0) for each in (own, others))
    shares = own / (own + others + len(model.full))
    return np.asarray(np.quantile(shares, [0.025, 0.975], axis=0))


def _chance(
    model: _Model, name: str, values: Matrix, generator: np.random.Generator, draws: int
) -> float:
    """Return the share of permutations of the residuals in which the effect is as large."""
    rest = _rest(model.reduced[name], values)
    shuffled = generator.permuted(np.tile(rest, (draws, 1)), axis=1).T
    drawn = np.column_stack([rest, shuffled])
    effect = ((model.effects[name].T @ drawn) ** 2).sum(axis=0)
    noise = (_rest(model.full, drawn) ** 2).sum(axis=0)
    ratio = effect / np.maximum(noise, 1e-12 * (drawn**2).sum(axis=0).max() + 1e-300)
    return float((1 + (ratio[1:] >= ratio[0] * (1 - 1e-9)).sum()) / (1 + draws))


def expected(runs: Runs, metric: str, combinations_: pd.DataFrame) -> pd.Series:
    """Return what the settings alone, without pairs, let expect of other combinations.

    Parameters
    ----------
    combinations_ : DataFrame
        One column for each setting, of levels that some run has.
    """
    both = pd.concat([runs.table, combinations_], ignore_index=True)
    columns = [_columns(both[name]) for name in runs.settings]
    design = np.hstack([np.ones((len(both), 1)), *columns])
    known = len(runs.table)
    weights = np.linalg.lstsq(design[:known], runs.table[metric].to_numpy(float), rcond=None)[0]
    return pd.Series(design[known:] @ weights, combinations_.index, name="expected")
