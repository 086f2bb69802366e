"""Numbers and words that a figure shows, as JSON that is short and still tells of each change."""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fourfold.errors import DataError
from fourfold.records.formatting import significant

WHOLE = 200
"""Most values that are kept one by one."""

_BLOCKS = 16
# Squares times these, without their whole part, are as good as random: weights that are the same
# in every version of numpy, which its random generators do not promise.
_STEPS = ((math.sqrt(5) - 1) / 2, math.sqrt(2) - 1)
# Sums below this share of the largest value are the noise of rounding.
_NOISE = 1e-11


def series(values: ArrayLike) -> list[float | int | str] | dict[str, Any]:
    """Return numbers to six significant digits: up to `WHOLE` of them as they are, else a summary.

    The summary holds count, minimum, maximum and mean, and for each of 16 blocks of the series
    its mean and two sums of its deviations, weighted by position. In 100,000 numbers one that
    moves by 0.01 standard deviations shows, and so do two that change places; noise of 1e-12
    does not. A masked value counts as NaN. NaN and infinities become strings.

    Raises
    ------
    DataError
        If these are complex numbers.
    TypeError, ValueError
        If these are no numbers.

    Examples
    --------
    >>> series([1, 2]), series([0.1 + 0.2, float("nan")])
    ([1, 2], [0.3, 'nan'])
    """
    numbers = _real(values)
    if numbers.size <= WHOLE:
        return [shown(value) for value in numbers.tolist()]
    with np.errstate(all="ignore"):
        return _summary(numbers)


def shown(value: float | int) -> float | int | str:
    """Return a number as strict JSON has it: six significant digits, NaN as a string.

    Examples
    --------
    >>> shown(1 / 3), shown(-0.0), shown(float("-inf"))
    (0.333333, 0.0, '-inf')
    """
    short = significant(value)
    return str(value) if short is None else short + 0


def words(texts: Sequence[str]) -> list[str] | dict[str, Any]:
    """Return texts as they are, or where there are more than `WHOLE`, a summary.

    Examples
    --------
    >>> words(["a", "b"])
    ['a', 'b']
    """
    if len(texts) <= WHOLE:
        return list(texts)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    return {"count": len(texts), "first": texts[0], "last": texts[-1], "sha256": digest}


def _real(values: ArrayLike) -> NDArray[Any]:
    """Return the values in one row: integers as such, all others as floats."""
    if np.ma.isMaskedArray(values):
        values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    numbers = np.asarray(values).ravel()
    if numbers.dtype.kind == "c":
        raise DataError("expected real numbers, got complex ones")
    return numbers if numbers.dtype.kind in "iu" else numbers.astype(float)


@lru_cache(maxsize=8)
def _weights(count: int) -> NDArray[np.float64]:
    """Return weights from -0.5 to 0.5, shape (2, count)."""
    return (np.outer(_STEPS, np.arange(1.0, count + 1) ** 2) % 1) - 0.5


def _summary(numbers: NDArray[Any]) -> dict[str, Any]:
    values = numbers.astype(float, copy=False)
    known = np.isfinite(values)
    finite = values if known.all() else values[known]
    missing = int(np.isnan(values).sum())
    strange = {"missing": missing, "infinite": len(values) - len(finite) - missing}
    summary: dict[str, Any] = {"count": len(values), **{k: v for k, v in strange.items() if v}}
    if not len(finite):
        return summary
    low, high = float(finite.min()), float(finite.max())
    noise = _NOISE * max(abs(low), abs(high))

    def quiet(value: float) -> float | int | str:
        return shown(0.0 if abs(value) <= noise else value)

    means, order = [], []
    for part, here in zip(*(np.array_split(row, _BLOCKS) for row in (values, known)), strict=True):
        mean = float(part[here].mean()) if here.any() else math.nan
        sums = _weights(len(part)) @ np.where(here, part - mean, 0.0)
        means.append(quiet(mean))
        # Divided by the root of their count, sums are of the size of the deviations.
        order += [quiet(total / math.sqrt(len(part))) for total in sums.tolist()]
    ends = {"min": shown(low), "max": shown(high), "mean": quiet(float(finite.mean()))}
    return summary | ends | {"means": means, "order": order}
