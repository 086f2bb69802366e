"""What changed in a table: columns, types, rows, missing values and distributions."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chndtrinc
from scipy.stats import chi2

from fourfold.methods.intervals import Interval, holm
from fourfold.methods.quality.batches import Batches
from fourfold.methods.quality.profile import Column, Profile, aligned, count, profile_columns

#: Expected rows in a bin, below which bins are put together (Cochran 1954).
_FEWEST = 5
#: Share of pairs of equal samples that are more alike than what is taken for the least.
_ALIKE = 0.1
#: An index that these data do not have.
UNKNOWN = Interval(np.nan, np.nan, np.nan)


def compare_profiles(
    before: Profile, frame: pd.DataFrame, limit: float = 0.1, leave_out: Sequence[str] = ()
) -> pd.DataFrame:
    """Return what changed in each column since a profile was made.

    A distribution counts as changed if chance does not explain the difference (chi-square test
    of two samples on the bins of the profile, missing values being one; corrected for the number
    of columns by Holm) *and* the difference is large enough to matter (population stability
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
    now = profile_columns(frame, leave_out)
    names = list(dict.fromkeys([*before.columns, *now.columns]))
    lines = {}
    for name in names:
        old, new = before.columns.get(name), now.columns.get(name)
        index, p = UNKNOWN, np.nan
        if old and new and (old.kind == "number") == (new.kind == "number"):
            index, p = difference(*_counts(old, new, frame[name])[:2], len(names))
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
    labels = [*(f"≤ {end}" for end in ends), f"> {ends[-1]}"] if ends else ["any number"]
    return list(old.rows), list(count(old, column)), labels


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
    before: Sequence[int], now: Sequence[int], columns: int = 1
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

    Examples
    --------
    >>> [round(end, 3) for end in difference([500, 500], [300, 700])[0]]
    [0.167, 0.105, 0.249]
    """
    counts = np.array([before, now], float)
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] == 1 and counts.min() >= _FEWEST:
        return Interval(0.0, 0.0, 0.0), 1.0
    counts = _dense(counts) if counts.size else counts
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
    return Interval(max(0.0, raw - df * chance), low if low > 1e-12 else 0.0, high), p


def _dense(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put bins together until each expects enough rows in both samples."""
    share = counts.sum(axis=1).min() / counts.sum()
    order = np.argsort(counts.sum(axis=0), kind="stable")
    kept, gathered = [], np.zeros(2)
    for column in counts.T[order]:
        gathered = gathered + column
        if gathered.sum() * share >= _FEWEST:
            kept.append(gathered)
            gathered = np.zeros(2)
    if kept:
        kept[-1] = kept[-1] + gathered
    return np.array(kept or [gathered]).T


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
