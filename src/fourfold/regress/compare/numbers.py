"""When two numbers that a notebook shows are equal."""

from __future__ import annotations

import math
import re

from fourfold.plan.rules import Tolerance

NUMBER = re.compile(
    r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d*|(?<!\d)\.\d+)?(?:[eE][-+]?\d+)?"
)
_DIGITS_TO_ROUND = 5


def is_integer(text: str) -> bool:
    """Say whether a number is written without a fraction."""
    return not set(text) & set(".eE")


def value(text: str) -> float:
    """Return what a number says; thousands may be parted by commas."""
    return float(text.replace(",", ""))


def last_place(text: str) -> float:
    """Return the worth of one in the last place shown.

    Examples
    --------
    >>> last_place("12.34"), last_place("1.5e3"), last_place("7")
    (0.01, 100.0, 1.0)
    """
    mantissa, _, exponent = text.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - places))


def digits(text: str) -> int:
    """Return how many significant digits a number shows.

    Examples
    --------
    >>> digits("0.00120"), digits("-1,234.5")
    (3, 5)
    """
    mantissa = text.lower().partition("e")[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0"))


def close(before: float, after: float, tolerance: Tolerance) -> bool:
    """Say whether two floats are the same within a tolerance; NaN is the same as NaN.

    Parameters
    ----------
    tolerance : Tolerance
        Relative to the larger of the two, and absolute.

    Examples
    --------
    >>> close(0.1 + 0.2, 0.3, Tolerance()), close(1.0, 1.001, Tolerance())
    (True, False)
    """
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=tolerance.rtol, abs_tol=tolerance.atol)


def close_as_shown(before: str, after: str, tolerance: Tolerance) -> bool:
    """Say whether two numbers as they are written are the same.

    Integers must be equal, and an integer is no float. Floats of five significant digits and
    more may differ by one in the last place shown, for noise of 1e-16 tips a rounding; with
    fewer digits one in the last place would be a difference that people see.

    Parameters
    ----------
    tolerance : Tolerance
        Of floats, see `close`.

    Examples
    --------
    >>> usual = Tolerance()
    >>> close_as_shown("12.345", "12.346", usual), close_as_shown("0.53", "0.54", usual)
    (True, False)
    >>> close_as_shown("100000", "100001", usual), close_as_shown("3", "3.0", usual)
    (False, False)
    """
    if before == after:
        return True
    old, new = value(before), value(after)
    if is_integer(before) or is_integer(after):
        return is_integer(before) and is_integer(after) and old == new
    if close(old, new, tolerance):
        return True
    rounded = min(digits(before), digits(after)) >= _DIGITS_TO_ROUND
    return rounded and abs(old - new) <= max(last_place(before), last_place(after)) * 1.01
