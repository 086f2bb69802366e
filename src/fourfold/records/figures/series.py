"""Numbers and words that a figure shows, as JSON that is short and still tells of each change."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    does not.

    Parameters
    ----------
    values : array of numbers
        Of any shape; a masked value counts as NaN. NaN and infinities become strings.

    Raises
    ------
    TypeError, ValueError
        If these are no real numbers.

    Examples
    --------
    >>> series([1, 2]), series([0.1 + 0.2, float("nan")])
    ([1, 2], [0.3, 'nan'])
    """
    numbers = _real(values)
    if numbers.size <= WHOLE:
        return [shown(value) for value in numbers.tolist()]
    with np.errstate(all="ignore"):
        return _summary([_block(part) for part in np.array_split(numbers, _BLOCKS)])


def shown(value: float | int) -> float | int | str:
    """Return a number as strict JSON has it: six significant digits, NaN as a string.

    Examples
    --------
    >>> shown(1 / 3), shown(-0.0), shown(float("-inf"))
    (0.333333, 0.0, '-inf')
    """
    short = significant(value)
    return str(value) if short is None else short + 0


def codes(values: ArrayLike) -> NDArray[np.intp] | None:
    """Return for each of `values` the number of its kind, counted as they first appear.

    None where all are the same. So colours tell who belongs together, whatever they are.

    Examples
    --------
    >>> codes(["red", "blue", "red"]), codes([5, 5])
    (array([0, 1, 0]), None)
    """
    import pandas as pd

    numbers, kinds = pd.factorize(np.asarray(values))
    return np.asarray(numbers) if len(kinds) > 1 else None


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
        raise TypeError("expected real numbers, got complex ones")
    return numbers if numbers.dtype.kind in "iu" else numbers.astype(float)


@dataclass(frozen=True)
class _Block:
    """One part of a long series: how many values of which kind, and what is known of the finite."""

    count: int
    missing: int
    infinite: int
    low: float
    high: float
    total: float
    sums: tuple[float, ...]

    @property
    def finite(self) -> int:
        return self.count - self.missing - self.infinite

    @property
    def largest(self) -> float:
        return max(abs(self.low), abs(self.high)) if self.finite else 0.0


def _block(part: NDArray[Any]) -> _Block:
    values = part.astype(float, copy=False)
    known = np.isfinite(values)
    finite = values if known.all() else values[known]
    missing = int(np.isnan(values).sum()) if len(finite) < len(values) else 0
    counts = (len(values), missing, len(values) - len(finite) - missing)
    if not len(finite):
        return _Block(*counts, math.inf, -math.inf, 0.0, (0.0,) * len(_STEPS))
    total = float(finite.sum())
    away = np.where(known, values - total / len(finite), 0.0)
    sums = _weights(len(values)) @ away
    return _Block(*counts, float(finite.min()), float(finite.max()), total, tuple(sums.tolist()))


@lru_cache(maxsize=8)
def _weights(count: int) -> NDArray[np.float64]:
    """Return weights from -0.5 to 0.5, shape (2, count)."""
    return (np.outer(_STEPS, np.arange(1.0, count + 1) ** 2) % 1) - 0.5


def _summary(blocks: Sequence[_Block]) -> dict[str, Any]:
    count = sum(block.count for block in blocks)
    strange = {
        "missing": sum(block.missing for block in blocks),
        "infinite": sum(block.infinite for block in blocks),
    }
    summary: dict[str, Any] = {"count": count, **{k: v for k, v in strange.items() if v}}
    finite = count - sum(strange.values())
    if not finite:
        return summary
    noise = _NOISE * max(block.largest for block in blocks)

    def quiet(value: float) -> float | int | str:
        return shown(value if abs(value) > noise else 0.0)

    return summary | {
        "min": shown(min(block.low for block in blocks)),
        "max": shown(max(block.high for block in blocks)),
        "mean": quiet(sum(block.total for block in blocks) / finite),
        "means": [quiet(b.total / b.finite) if b.finite else "nan" for b in blocks],
        # Divided by the root of their count, sums are of the size of the deviations.
        "order": [quiet(total / math.sqrt(b.count)) for b in blocks for total in b.sums],
    }
