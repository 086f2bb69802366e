"""What changed in a table: columns, types, rows, missing values and distributions."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chndtrinc, xlogy
from scipy.stats import chi2

from fourfold.data.profile import Column, Profile, aligned, count, profile_columns
from fourfold.methods.intervals import Interval, holm
from fourfold.methods.quality.batches import Batches

#: Expected rows in a bin, below which bins are put together (Cochran 1954).
_FEWEST = 5
#: Share of pairs of equal samples that are more alike than what is taken for the least.
_ALIKE = 0.1
#: Below this p, bins that were cut from the earlier rows are judged by their own distribution.
_DOUBTFUL, _DRAWS = 0.05, 30_000
#: An index that these data do not have.
UNKNOWN = Interval(np.nan, np.nan, np.nan)


def compare_profiles(
    before: Profile, frame: pd.DataFrame, limit: float = 0.1, leave_out: Sequence[str] = ()
) -> pd.DataFrame:
    """Return what changed in each column since a profile was made.

    A distribution counts as changed if chance does not explain the difference (chi-square test
    of two samples on the bins of the profile, missing values being one, and the likelihood ratio
    with the variance that bins cut from few rows bring; corrected for the number of columns by
    Holm) *and* the difference is large enough to matter (population stability
    index). The index is short of what chance adds to it, (bins - 1) (1/n + 1/m)
    (Yurdakul & Naranjo 2020, J Risk Model Validation 14(4), p. 4).

    Parameters
    ----------
    before : Profile
        Of the earlier rows.
    frame : DataFrame
        The later rows.
    limit : float
        Least index that matters: 0.1 is read as a moderate, 0.25 as a large change.
    leave_out : sequence of str
        Columns to leave out.

    Returns
    -------
    DataFrame
        One row a column: `missing before`, `missing now` (shares, 0 to 1), `psi` with its
        interval `low` and `high` (95 % for all columns together), `p` (corrected) and `change`
        (empty where there is none).
    """
    frame = frame.rename(columns=str)  # as a profile names them
    now = profile_columns(frame, leave_out)
    names = list(dict.fromkeys([*before.columns, *now.columns]))
    lines = {}
    for name in names:
        old, new = before.columns.get(name), now.columns.get(name)
        index, p = UNKNOWN, np.nan
        if old and new and (old.kind == "number") == (new.kind == "number"):
            counts = _counts(old, new, frame[name])[:2]
            cut = new.kind == "number" and not _constant(old)
            index, p = difference(*counts, len(names), cut)
        missing = (each.missing if each else np.nan for each in (old, new))
        lines[name] = (*missing, *index, p, _structure(old, new))
    columns = ["missing before", "missing now", "psi", "low", "high", "p", "change"]
    table = pd.DataFrame.from_dict(lines, orient="index", columns=columns)
    tested = table["p"].notna()
    table.loc[tested, "p"] = holm(table.loc[tested, "p"])
    drifted = (table["p"] < 0.05) & (table["psi"] >= limit)
    table["change"] = table["change"].mask((table["change"] == "") & drifted, "distribution")
    return table


def _counts(old: Column, new: Column, column: pd.Series) -> tuple[list[int], list[int], list[str]]:
    """Return the rows before and now in the same bins, the missing last, and the bins' names."""
    if new.kind != "number":
        return aligned(old, new)
    ends = [f"{edge:.4g}" for edge in old.edges]
    if _constant(old):
        labels = [f"< {ends[1]}", ends[1], f"> {ends[1]}"]
    else:
        labels = [*(f"≤ {end}" for end in ends), f"> {ends[-1]}"] if ends else ["any number"]
    return list(old.rows), list(count(old, column)), labels


def _constant(old: Column) -> bool:
    return old.kind == "number" and len(old.edges) == 2 and old.rows[0] == old.rows[2] == 0


def changed_columns(table: pd.DataFrame, limit: float = 0.1) -> Interval:
    """Return how many columns changed, with the interval from the surely to the possibly changed.

    Parameters
    ----------
    table : DataFrame
        As `compare_profiles` returns it, with the same `limit`.
    """
    structure = ~table["change"].isin(["", "distribution"])
    sure, possible = (structure | (table[end] >= limit) for end in ("low", "high"))
    changed = int((table["change"] != "").sum())
    return Interval(changed, min(int(sure.sum()), changed), max(int(possible.sum()), changed))


def _structure(old: Column | None, new: Column | None) -> str:
    if old is None or new is None:
        return "new column" if old is None else "gone"
    # Missing values alone turn whole numbers into floats; that is told by their share.
    alike = old.kind == new.kind == "number" or old.type == new.type
    return "" if alike else f"type: {old.type}, now {new.type}"


def difference(
    before: Sequence[int], now: Sequence[int], columns: int = 1, cut: bool = False
) -> tuple[Interval, float]:
    """Return the population stability index of two samples, less what chance adds to it, and p.

    Its interval is that of a noncentral chi-square variable, to which the index is proportional
    while it is small; p is of the chi-square test. Where rows are too few, nothing is excluded:
    the interval has no upper end.

    Parameters
    ----------
    before, now : sequence of int, same length
        Rows in each bin. Sparse bins are put together, by their rows in both samples.
    columns : int
        Columns for which the intervals are to hold together (Bonferroni).
    cut : bool
        Whether the earlier sample itself was cut into the bins, as `profile_columns` cuts
        numbers, the missing being the last bin. Its counts then vary less than those of the later
        sample, which must not decide which bins are put together either.

    Examples
    --------
    >>> [round(end, 3) for end in difference([500, 500], [300, 700])[0]]
    [0.167, 0.105, 0.249]
    """
    counts = np.array([before, now], float)
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] == 1 and counts.min() >= _FEWEST:
        return Interval(0.0, 0.0, 0.0), 1.0
    counts = _dense(counts, cut) if counts.size else counts
    rows, df = counts.sum(axis=1), counts.shape[1] - 1
    if df < 1:  # too few rows to see a change, or to exclude one
        return Interval(0.0, 0.0, np.inf), 1.0
    # Half a row in each bin: an empty one would make the index infinite.
    old, new = (counts + 0.5) / (rows + (df + 1) / 2)[:, None]
    raw, chance = float(((new - old) * np.log(new / old)).sum()), float((1 / rows).sum())
    tail = 0.025 / columns
    low = chance * float(chndtrinc(raw / chance, df, 1 - tail))
    # Samples more alike than nine in ten of chance are no proof that nothing changed.
    alike = float(chi2.ppf(_ALIKE, df))
    high = chance * float(chndtrinc(max(raw / chance, alike), df, tail))
    expected = rows[:, None] * counts.sum(axis=0) / counts.sum()
    p = float(chi2.sf(((counts - expected) ** 2 / expected).sum(), df))
    if cut and p < _DOUBTFUL:
        p = max(p, _chance(tuple(counts[0]), tuple(counts[1])))
    return Interval(max(0.0, raw - df * chance), low if low > 1e-12 else 0.0, high), p


def _dense(counts: NDArray[np.float64], cut: bool) -> NDArray[np.float64]:
    """Put bins together until each expects enough rows in both samples."""
    share = counts.sum(axis=1).min() / counts.sum()
    sizes, order = counts.sum(axis=0), np.argsort(counts.sum(axis=0), kind="stable")
    if cut:  # neighbours, by the rows before: those of now put together would be few by luck
        sizes, order = counts[0] * counts.sum() / counts[0].sum(), np.arange(len(sizes))
    kept, gathered, expects = [], np.zeros(2), 0.0
    for place in order:
        gathered, expects = gathered + counts[:, place], expects + sizes[place]
        if expects * share >= _FEWEST:
            kept.append(gathered)
            gathered, expects = np.zeros(2), 0.0
    if kept:
        kept[-1] = kept[-1] + gathered
    return np.array(kept or [gathered]).T


@lru_cache(1024)
def _null(before: tuple[float, ...], now: float) -> tuple[float, float]:
    """Return mean and variance of `_ratio` where nothing changed and the first sample was cut.

    Between the ends that `before` rows lay, a row of the same distribution falls with chances
    that are Dirichlet's, so that the later counts vary more than a multinomial's.
    """
    generator = np.random.default_rng(0)
    chances = generator.gamma(
        np.array(before) + np.eye(len(before))[-1], size=(_DRAWS, len(before))
    )
    later = generator.multinomial(int(now), chances / chances.sum(axis=1, keepdims=True))
    drawn = _ratio(np.broadcast_to(before, later.shape), later.astype(float))
    return float(drawn.mean()), float(drawn.var())


def _ratio(before: NDArray[np.float64], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-likelihood ratio of one distribution against two, the bins being last."""
    both = before + now
    parts = xlogy(before, before) + xlogy(now, now) - xlogy(both, both)
    rows = [each.sum(axis=-1) for each in (before, now, both)]
    whole = xlogy(rows[0], rows[0]) + xlogy(rows[1], rows[1]) - xlogy(rows[2], rows[2])
    return np.asarray(2 * (parts.sum(axis=-1) - whole))


def _chance(before: tuple[float, ...], now: tuple[float, ...]) -> float:
    """Return p of the likelihood ratio: a scaled chi-square of its true mean and variance."""
    mean, variance = _null(before, sum(now))
    value = float(_ratio(np.array(before), np.array(now)))
    return float(chi2.sf(value * 2 * mean / variance, 2 * mean**2 / variance))


def over_time(
    frame: pd.DataFrame, batches: Batches, leave_out: Sequence[str] = (), most: int = 12
) -> pd.DataFrame:
    """Return the stability index of each column, batch by batch, each against the one before.

    Parameters
    ----------
    frame : DataFrame
        One row is one thing.
    batches : Batches
        As `by_period` returns them.
    leave_out : sequence of str
        Columns to leave out.
    most : int
        The last so many batches are compared.

    Returns
    -------
    DataFrame
        One row a column, one column a batch.
    """
    names = list(batches.order)[-most - 1 :]
    parts = dict(list(frame.groupby(batches.of)))
    steps = {}
    for earlier, later in pairwise(names):
        before = profile_columns(parts[earlier], leave_out)
        steps[later] = compare_profiles(before, parts[later], leave_out=leave_out)["psi"]
    return pd.DataFrame(steps)


def bin_shares(before: Profile, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the shares of rows in the bins of one column, before and now.

    Parameters
    ----------
    before : Profile
        Of the earlier rows.
    frame : DataFrame
        The later rows.
    name : str
        A column of both.

    Returns
    -------
    DataFrame
        One row a bin, `before` and `now` in % of all rows.
    """
    now = profile_columns(frame[[name]]).columns[name]
    *counts, labels = _counts(before.columns[name], now, frame[name])
    shares = [100 * np.array(rows) / max(1, sum(rows)) for rows in counts]
    table = pd.DataFrame(dict(zip(("before", "now"), shares, strict=True)), [*labels, "missing"])
    table = table[(table > 0).any(axis=1)]
    if now.kind != "value":
        return table
    return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
