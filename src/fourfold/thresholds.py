"""From probabilities to a decision: what each threshold costs, and which is the cheapest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.errors import DataError
from fourfold.evidence import Criterion

Array = NDArray[np.float64]

GRID = np.linspace(0, 1, 101)


def yes_no(column: pd.Series, condition: str) -> pd.Series:
    """Return whether each value meets a condition: ``yes``, ``no``, or missing as it was.

    Parameters
    ----------
    column : Series
        Of numbers.
    condition : str
        Such as ``> 15``.

    Raises
    ------
    DataError
        If the column holds no numbers.
    ConclusionError
        If the condition cannot be read.

    Examples
    --------
    >>> yes_no(pd.Series([10.0, 20.0, None]), "> 15").tolist()
    ['no', 'yes', None]
    """
    if not pd.api.types.is_numeric_dtype(column):
        got = str(column.dropna().iloc[0])[:40] if column.notna().any() else "nothing"
        raise DataError(f"positive: expected numbers in {column.name!r}, got {got!r}")
    asked = Criterion.parse("positive", condition)
    above = column > asked.low if asked.low_open else column >= asked.low
    below = column < asked.high if asked.high_open else column <= asked.high
    answers = np.where(above & below, "yes", "no").astype(object)
    return pd.Series(answers, index=column.index, dtype=object).where(column.notna(), None)


def row_costs(
    labels: NDArray[np.bool_], flagged: NDArray[np.bool_], false_positive: float, missed: float
) -> Array:
    """Return what each row costs, given the truth and what was flagged.

    Examples
    --------
    >>> row_costs(np.array([True, True, False]), np.array([True, False, True]), 1, 5).tolist()
    [0.0, 5.0, 1.0]
    """
    return np.where(flagged & ~labels, false_positive, 0.0) + np.where(
        labels & ~flagged, missed, 0.0
    )


def cost_curve(
    labels: NDArray[np.bool_], probabilities: Array, false_positive: float, missed: float
) -> pd.Series:
    """Return the cost of 100 rows at each threshold: rows at or above it are flagged.

    Parameters
    ----------
    labels : array of bool, shape (n,)
    probabilities : array of float, shape (n,)
        Of a positive.
    false_positive, missed : float
        Cost of a negative that is flagged, and of a positive that is not.

    Returns
    -------
    Series
        Indexed by the threshold, 0 (flag all) to 1, and 1.01 (flag none).

    Examples
    --------
    >>> truth, chances = np.array([True, False]), np.array([0.9, 0.2])
    >>> cost_curve(truth, chances, 1, 5).loc[[0.0, 0.5, 1.01]].tolist()
    [50.0, 0.0, 250.0]
    """
    places = np.append(GRID.round(2), 1.01)
    costs = [
        100 * row_costs(labels, probabilities >= place, false_positive, missed).mean()
        for place in places
    ]
    return pd.Series(costs, index=places, name="cost of 100 rows")


def cheapest(curve: pd.Series) -> float:
    """Return the threshold of the lowest cost; of equal ones the middle.

    Examples
    --------
    >>> cheapest(pd.Series([3.0, 1.0, 1.0, 1.0, 2.0], index=[0.0, 0.1, 0.2, 0.3, 0.4]))
    0.2
    """
    lowest = curve.index[curve <= curve.min() + 1e-12]
    return float(lowest[len(lowest) // 2])
