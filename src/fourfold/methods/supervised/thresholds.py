"""From probabilities to a decision: what each threshold costs, and which is the cheapest."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.columns import require
from fourfold.methods.intervals import Array, Interval, weighted_sum
from fourfold.records.evidence import Criterion


def is_condition(frame: pd.DataFrame, target: str, positive: str) -> bool:
    """Return whether `positive` is a condition such as ``> 15``, and no class of the target.

    Parameters
    ----------
    frame : DataFrame
    target : str
        Column of the classes, which may be called ``>50K``, or of a quantity.
    positive : str

    Raises
    ------
    DataError
        If there is no such column; if it has words, none of which is `positive`.

    Examples
    --------
    >>> frame = pd.DataFrame({"income": [" <=50K", " >50K"], "delay": [3, 20]})
    >>> is_condition(frame, "income", ">50K"), is_condition(frame, "delay", "> 15")
    (False, True)
    """
    require(frame, [target], "target")
    if positive.strip()[:1] not in (">", "<"):
        return False
    values = frame[target].dropna()
    if pd.api.types.is_numeric_dtype(values):
        return True
    return not _same(positive, values.astype(str).unique())


def positive_class(classes: Sequence[str], positive: str) -> str:
    """Return which of the classes is to be found.

    Parameters
    ----------
    classes : sequence of str
        The rarest first, which it is where `positive` is empty.
    positive : str
        As somebody writes it: without spaces around it, or 1 for 1.0.

    Raises
    ------
    DataError
        If it is none of them, or may be several.

    Examples
    --------
    >>> positive_class([" >50K", " <=50K"], ">50K"), positive_class(["0", "1"], "1.0")
    (' >50K', '1')
    """
    if not positive:
        return classes[0]
    same = [positive] if positive in classes else _same(positive, classes)
    if len(same) != 1:
        known = ", ".join(map(repr, classes[:20]))
        near = did_you_mean(positive, classes)
        raise DataError(f"positive: expected one of {known}, got {positive!r}.{near}")
    return same[0]


def _same(positive: str, classes: Iterable[str]) -> list[str]:
    """Return the classes that are the same but for spaces and capitals, or the same number."""

    def plain(text: str) -> str | float:
        try:
            return float(text)
        except ValueError:
            return text.strip().casefold()

    return [each for each in classes if plain(each) == plain(positive)]


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
        got = str(next(iter(column.dropna()), "nothing"))[:40]
        raise DataError(
            f"positive: expected a class of {column.name!r}, or numbers there, got {condition!r} "
            f"and {got!r}"
        )
    asked = Criterion.parse("positive", condition)
    holds = column.astype(float).between(asked.low, asked.high)
    answers = pd.Series(np.where(holds, "yes", "no"), column.index, dtype=object)
    return answers.where(column.notna(), None)


def row_costs(
    labels: NDArray[np.bool_], flagged: NDArray[np.bool_], false_positive: float, missed: float
) -> Array:
    """Return what each row costs, given the truth and the flags.

    Parameters
    ----------
    labels, flagged : array of bool, shape (n,)
    false_positive, missed : float
        Cost of a negative that is flagged, and of a positive that is not.

    Examples
    --------
    >>> row_costs(np.array([True, True, False]), np.array([True, False, True]), 1, 5).tolist()
    [0.0, 5.0, 1.0]
    """
    alarms = np.where(flagged & ~labels, false_positive, 0.0)
    return alarms + np.where(labels & ~flagged, missed, 0.0)


def mean_cost(costs: Array, amounts: Iterable[float]) -> Interval:
    """Return the mean cost, or saving, of a row, with its 95 % interval by `weighted_sum`.

    Parameters
    ----------
    costs : array of float, shape (n,)
        One of the amounts, or 0, as `row_costs` returns them, or a difference of two such.
    amounts : iterable of float
        Each that is possible, also one that did not happen; below 0 for what is lost.

    Examples
    --------
    >>> spent = np.array([0.0] * 17 + [1.0, 5.0, 5.0])
    >>> [round(figure, 2) for figure in mean_cost(spent, (1, 5))]
    [0.55, 0.19, 1.56]
    >>> [round(figure, 2) for figure in mean_cost(np.zeros(20), (1, 5))]
    [0.0, 0.0, 0.82]
    """
    kinds = np.unique([amount for amount in amounts if amount])
    hits = (costs[:, None] == kinds).sum(axis=0)
    return weighted_sum(kinds, hits, np.full(len(kinds), len(costs)), together=True)


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
    places = np.arange(102) / 100
    flags = (probabilities >= place for place in places)
    costs = [100 * row_costs(labels, each, false_positive, missed).mean() for each in flags]
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
