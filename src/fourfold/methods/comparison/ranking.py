"""Which settings win, and whether the win is more than noise."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy.stats import t as student

from fourfold.methods.comparison.runs import Runs, settings_in_words
from fourfold.methods.intervals import Interval, Z
from fourfold.records.evidence import Criterion

#: Part of the 5 % that is spent on the best being best by luck; the rest on its being better.
_LUCK = 0.045


@dataclass(frozen=True)
class Ranking:
    """Combinations of settings, the best first.

    Attributes
    ----------
    table : DataFrame
        Index: rank from 1. Columns: the settings, `runs`, `mean`, `error` (standard error of the
        mean, missing where nothing tells it), `behind` (distance to the best) and `p`
        (probability that two equal combinations would differ by so much).
    noise : str
        What tells the noise: ``repeats``, ``intervals`` or nothing.
    free : float
        Degrees of freedom of the noise; infinite for intervals.
    higher : bool
        Whether more is better.
    """

    table: pd.DataFrame
    noise: str
    free: float
    higher: bool

    @property
    def lead(self) -> Interval:
        """Return how far the best is ahead of the best of the others, with its 95 % interval.

        The best is declared only if it beats each of the others at 5 %, two-sided. More
        correction for having picked it is not needed: of equal combinations, the best two are
        nearer to each other than any two (Gutmann & Maymin 1987, Ann Stat 15, p. 456). The
        nearest of the others is near by luck too, so the upper end allows for all of them.
        """
        rest = self.table.iloc[1:]
        error = np.hypot(self.table["error"].iloc[0], rest["error"])
        least, most = (student.ppf(1 - 0.025 / n, self.free) * error for n in (1, len(rest)))
        low, high = (rest["behind"] - least).min(), (rest["behind"] + most).min()
        return Interval(float(rest["behind"].iloc[0]), float(low), float(high))

    @property
    def best(self) -> Interval:
        """Return the mean of the best with its 95 % interval, corrected for having picked it.

        The best of many is best by luck too: the side towards the others is as wide as needed
        for all of them at once (Bonferroni).
        """
        mean, error = self.table[["mean", "error"]].iloc[0]
        count = len(self.table)
        toward = _LUCK / count if count > 1 else 0.025
        reach = [student.ppf(1 - tail, self.free) * error for tail in (toward, 0.05 - toward)]
        down, up = reach if self.higher else reach[::-1]
        return Interval(float(mean), float(mean - down), float(mean + up))

    @property
    def wins(self) -> bool:
        """Say whether the best is better than each of the others by more than noise."""
        return bool(self.lead.low > 0)

    @property
    def candidates(self) -> pd.DataFrame:
        """Return the combinations that are not shown to be worse than the best, itself one."""
        return self.table[~(self.table["p"] < 0.05)]

    def common(self, names: tuple[str, ...]) -> str:
        """Return in words what all combinations that may be the best have in common."""
        levels = self.candidates[list(names)]
        shared = tuple(name for name in names if len(levels[name].unique()) == 1)
        return settings_in_words(levels.iloc[0], shared)


def rank(runs: Runs, metric: str, higher: bool = True, noise: str = "auto") -> Ranking:
    """Return the combinations of settings in the order of their mean.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
    metric : str
        Its name.
    higher : bool
        Whether more is better.
    noise : str
        ``repeats``: runs with equal settings, less what all of one seed have in common;
        ``intervals``: those in the records, regarded as independent of each other; ``auto``:
        repeats where there are any, else intervals.
    """
    names, sign = list(runs.settings), 1 if higher else -1
    groups = runs.table.groupby(names, dropna=False, sort=False)
    table = groups[metric].agg(["size", "mean"]).reset_index()
    table.columns = [*names, "runs", "mean"]
    spread, free = _repeats(runs, metric, groups.ngroup().to_numpy())
    by = "repeats"
    if noise != "intervals" and free > 0:
        table["error"] = spread / np.sqrt(table["runs"])
    else:
        free, table["error"] = np.inf, _from_intervals(runs, metric, groups.ngroup())
        by = "intervals" if table["error"].notna().all() and noise != "repeats" else ""
    if not by:
        table["error"] = np.nan
    table = table.iloc[np.argsort(-sign * table["mean"].to_numpy(), kind="stable")]
    table["behind"] = sign * (table["mean"].iloc[0] - table["mean"])
    apart = table["behind"] / np.hypot(table["error"], table["error"].iloc[0])
    table["p"] = 2 * student.sf(apart, free)
    table.index = pd.RangeIndex(1, len(table) + 1)
    table.loc[1, "p"] = np.nan
    return Ranking(table, by, float(free), higher)


def _repeats(runs: Runs, metric: str, groups: NDArray[np.integer[Any]]) -> tuple[float, float]:
    """Return the standard deviation of a run among repeats, and its degrees of freedom."""
    blocks = [pd.get_dummies(runs.table[name].astype(str)) for name in runs.repeats]
    columns = pd.concat([runs.table[metric], *blocks], axis=1).astype(float)
    # Beside means of groups, of which there may be thousands, only repeats are left to fit.
    rest = (columns - columns.groupby(groups).transform("mean")).to_numpy()
    values, design = rest[:, 0], rest[:, 1:]
    weights, _, rank, _ = np.linalg.lstsq(design, values, rcond=1e-10)
    rest, free = values - design @ weights, float(len(values) - len(set(groups)) - int(rank))
    return (float(np.sqrt(rest @ rest / free)) if free > 0 else np.nan), free


def _from_intervals(runs: Runs, metric: str, groups: pd.Series) -> pd.Series:
    """Return the standard errors that intervals tell; repeats on the same data do not lower it."""
    ends = [f"{metric}.low", f"{metric}.high"]
    if not set(ends) <= set(runs.intervals):
        return pd.Series(np.nan, range(groups.max() + 1))
    width = runs.intervals[ends[1]] - runs.intervals[ends[0]]
    return (width / (2 * Z)).groupby(groups).mean()


def edges(
    runs: Runs, metric: str, higher: bool = True, possible: Mapping[str, str] | None = None
) -> dict[str, tuple[float, str]]:
    """Return the settings whose best level is the lowest or highest tried.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
    metric : str
        Its name.
    higher : bool
        Whether more is better.
    possible : mapping of str to str, optional
        Conditions on settings, such as ``{"k": ">= 2"}``: an edge beyond which there is no such
        value is left out.

    Returns
    -------
    dict of str to (level, ``below`` or ``above``)
        For each setting of numbers with at least three levels whose best mean is at an edge, and
        beyond which no run failed.
    """
    limits = {name: Criterion.parse(name, text) for name, text in (possible or {}).items()}
    best_at_edge = {}
    for name in runs.settings:
        if is_numeric_dtype(runs.table[name]) and runs.table[name].nunique() >= 3:
            means = runs.table.groupby(name)[metric].mean() * (1 if higher else -1)
            best = float(means.index[int(means.to_numpy().argmax())])
            tried = {*means.index, *runs.failed.get(name, pd.Series(dtype=float)).dropna()}
            low, high = (limits[name].low, limits[name].high) if name in limits else (-inf, inf)
            if best == min(tried) and best > low:
                best_at_edge[name] = best, "below"
            elif best == max(tried) and best < high:
                best_at_edge[name] = best, "above"
    return best_at_edge
