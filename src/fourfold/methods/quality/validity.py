"""A data set against its contract: shares of valid rows, by rule and by batch, and their trend."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, hypergeom
from scipy.stats import t as student

from fourfold.data.contract import read_contract, rules_of
from fourfold.data.sources import locate
from fourfold.methods.intervals import Interval, Z, dispersion, holm, wilson
from fourfold.methods.quality.batches import Batches
from fourfold.methods.quality.drift import UNKNOWN
from fourfold.records.formatting import short

#: With this probability by chance alone, batches still count as alike.
_ALIKE = 0.2
#: Fewer batches say nothing about what a batch usually looks like.
FEWEST = 4


def rules(reasons: pd.Series, contract: str) -> pd.DataFrame:
    """Return how many rows keep each rule of a contract, the most broken first.

    Parameters
    ----------
    reasons : Series of str
        Why each row was rejected, as `fourfold.ingest` with ``whole=True`` says it; empty for
        accepted rows.
    contract : str
        Path of the contract.

    Returns
    -------
    DataFrame
        `column`, `rule`, `failed` (rows), `valid` (share of rows, %) and its 95 % interval by
        Wilson, `low` and `high` (%).
    """
    given = reasons[reasons != ""].str
    rules = rules_of(read_contract(locate(contract)))
    table = pd.DataFrame(rules, columns=["column", "rule"])
    table["failed"] = [
        int(given.contains(f"{column}: expected {rule}, got ", regex=False).sum())
        for column, rule in rules
    ]
    table = _with_interval(table, len(reasons))
    return table.sort_values("failed", ascending=False, kind="stable", ignore_index=True)


def accepted(frame: pd.DataFrame, reasons: pd.Series, contract: str) -> pd.DataFrame:
    """Return the rows that meet a contract, in the types that it names; without one, all rows.

    Parameters
    ----------
    frame : DataFrame
        The rows as they came.
    reasons, contract
        As for `rules`.
    """
    valid = frame[reasons == ""]
    return read_contract(locate(contract)).validate(valid) if contract else valid


def _with_interval(table: pd.DataFrame, rows: Any) -> pd.DataFrame:
    """Return a table of failed rows with the share of valid ones and its interval, all in %."""
    low, high = 100 * wilson(rows - table["failed"], rows)
    return table.assign(valid=100 * (1 - table["failed"] / rows), low=low, high=high)


def shares(reasons: pd.Series, batches: Batches) -> pd.DataFrame:
    """Return the rows and the share of valid rows of each batch, in order of time.

    Returns
    -------
    DataFrame
        One row a batch: `position`, `rows`, `failed`, `valid` (%), its 95 % interval by Wilson
        `low` and `high` (%), and `p`, the probability that a batch like the others would lie so
        far from them, corrected for their number (Holm 1979); missing below four batches.
    """
    rejected = (reasons != "").groupby(batches.of)
    table = pd.DataFrame({"rows": rejected.size(), "failed": rejected.sum()})
    table = table.reindex(list(batches.order))
    table.insert(0, "position", list(batches.order.values()))
    table = _with_interval(table, table["rows"])
    if len(table) < FEWEST:
        return table.assign(p=np.nan)
    failed, rows = table["failed"].to_numpy(int), table["rows"].to_numpy(int)
    return table.assign(p=holm([_unlike(failed, rows, n) for n in range(len(rows))]))


def _unlike(failed: NDArray[np.int64], rows: NDArray[np.int64], batch: int) -> float:
    """Return the probability that a batch like the others lies so far from them.

    Hypergeometric, exact where rows fail by themselves. Where the others differ among themselves
    by more than that, the largest of this and two of Student's t: of shares, and of their arcsines,
    whose spread does not grow with the share (Freeman & Tukey 1950).
    """
    others = np.arange(len(rows)) != batch
    exact = hypergeom(rows.sum(), failed.sum(), rows[batch])
    tail = 2 * min(exact.cdf(failed[batch]), exact.sf(failed[batch] - 1))
    if dispersion(failed[others], rows[others]) <= 1:
        return float(min(1.0, tail))
    shares = (failed + 0.375) / (rows + 0.75)
    far = [_far(scale, rows, others) for scale in (shares, np.arcsin(np.sqrt(shares)))]
    return float(min(1.0, max(tail, *far)))


def _far(values: NDArray[np.float64], rows: NDArray[np.int64], others: NDArray[np.bool]) -> float:
    """Return the probability by Student's t of one value as far from the others, or farther."""
    weight, count = rows[others] / rows[others].sum(), int(others.sum())
    mean = weight @ values[others]
    variance = weight @ (values[others] - mean) ** 2 * count / (count - 1)
    apart = abs(values[~others][0] - mean)
    return float(2 * student.sf(apart / np.sqrt(variance * (1 + 1 / count)), count - 1))


def valid_share(table: pd.DataFrame) -> Interval:
    """Return the share of valid rows of all batches with its 95 % interval, both in %.

    Rows that fail together, by a bad day of a sensor, say less than as many that fail alone.
    Where batches differ more than chance explains, the interval is that of a cluster sample:
    Wilson's, with the rows divided by the design effect and a quantile of Student's t
    (Korn & Graubard 1998, Survey Methodology 24, p. 193).

    Parameters
    ----------
    table : DataFrame
        As `shares` returns it; an empty one has no share (not a number).
    """
    if table.empty:
        return UNKNOWN
    rows, failed = table["rows"].to_numpy(int), table["failed"].to_numpy(int)
    total, count, z = rows.sum(), len(rows), Z
    share, effect = failed.sum() / total, 1.0
    squares = dispersion(failed, rows) * (count - 1)
    if 0 < share < 1 and count > 1 and chi2.sf(squares, count - 1) < _ALIKE:
        between = count / (count - 1) * ((failed - share * rows) ** 2).sum() / total**2
        effect = max(1.0, between / (share * (1 - share) / total))
        z = float(student.ppf(0.975, count - 1))
    low, high = 100 * wilson(total / effect * (1 - share), total / effect, z)
    return Interval(100 * (1 - share), float(low), float(high))


def trend(table: pd.DataFrame) -> Interval:
    """Return by how many percentage points the share of valid rows changes from period to period.

    Slope of a straight line through the batches, each with the weight of its rows, with its 95 %
    interval by Student's t; undefined (not a number) below four batches.

    Parameters
    ----------
    table : DataFrame
        As `shares` returns it.
    """
    if len(table) < FEWEST:
        return UNKNOWN
    rows, place = table["rows"].to_numpy(float), table["position"].to_numpy(float)
    valid, weight = table["valid"].to_numpy(float), rows / rows.sum()
    centred = place - weight @ place
    spread = weight @ centred**2
    slope = float(weight @ (centred * valid) / spread)
    rest = valid - weight @ valid - slope * centred
    variance = weight @ rest**2 / (len(rows) - 2)
    if variance < 1e-12:  # no row failed, or all: what Agresti & Coull (1998) would expect
        share = (table["failed"].sum() + 2) / (rows.sum() + 4)
        variance = 1e4 * share * (1 - share) / rows.sum()
    half = float(student.ppf(0.975, len(rows) - 2) * np.sqrt(variance / spread))
    return Interval(slope, slope - half, slope + half)


def label_batches(ax: Any, table: pd.DataFrame, most: int = 8) -> None:
    """Write the names of batches below an axis: all of a few, of many the evenly chosen.

    Parameters
    ----------
    ax : matplotlib Axes
        Whose horizontal axis is `position`.
    table : DataFrame
        As `shares` returns it.
    """
    step = -(-len(table) // most)
    ax.set_xticks(table["position"].iloc[::step], table.index[::step].map(short))
    ax.set_xlim(table["position"].min() - 0.7, table["position"].max() + 0.7)
    ax.set_xlabel("batch")
