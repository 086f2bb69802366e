"""Conditions on values: of the runs that are meant, are left out, or have a value at all."""

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from fourfold.plan.kind import Kind, Problem
from fourfold.plan.spec import canonical

SIGNS = "!=|<=|>=|=|<|>"
_SIGNED = re.compile(rf"\s*({SIGNS})\s*(\S.*?)\s*", re.DOTALL)
_QUOTED = re.compile(r"""(["'])(.*)\1""", re.DOTALL)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def read(text: str) -> Any:
    """Return a value as it is written: as JSON where it can be, else text, also in quotes."""
    if quoted := _QUOTED.fullmatch(text):
        return quoted[2]
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_bound(bound: Any) -> bool:
    """Say whether values can be more or less than this: a number, or a text such as a date."""
    return isinstance(bound, int | float | str) and not isinstance(bound, bool) and bound != ""


def compares(value: Any, sign: str, bound: Any) -> bool:
    """Say whether a value is on this side of a bound.

    Parameters
    ----------
    value : object
    sign : str
        One of ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``.
    bound : object
        Of the same kind: two numbers, or two texts such as dates.
    """
    if sign in ("=", "!="):
        return same(value, bound) == (sign == "=")
    kind = str if isinstance(bound, str) else int | float
    plain = isinstance(value, kind) and not isinstance(value, bool)
    return plain and _ORDERS[sign](value, bound)


def same(value: Any, wanted: Any) -> bool:
    """Say whether two values are equal; true is not 1, and 1 is 1.0; a text may look like both."""
    if isinstance(value, str) and not isinstance(wanted, str):
        return value == canonical(wanted)
    if bool not in (type(value), type(wanted)) and isinstance(wanted, int | float | str):
        return bool(value == wanted)
    return canonical(value) == canonical(wanted)


def meets(value: Any, condition: Any) -> bool:
    """Say whether a value is as a config asks.

    Parameters
    ----------
    value : object
    condition : object
        The value itself, a list of which one condition must hold, or a sign and a bound.

    Examples
    --------
    >>> [meets(3, each) for each in (3, [1, 3], ">= 4", "!= 4")]
    [True, True, False, True]
    """
    if same(value, condition):
        return True
    if isinstance(condition, list):
        return any(meets(value, each) for each in condition)
    signed = _SIGNED.fullmatch(condition) if isinstance(condition, str) else None
    return signed is not None and compares(value, signed[1], read(signed[2]))


def all_met(values: Mapping[str, Any], conditions: Mapping[str, Any]) -> bool:
    """Say whether every condition holds; that of a value which there is not does not."""
    return all(name in values and meets(values[name], each) for name, each in conditions.items())


def condition(of: Kind) -> Kind:
    """Return the kind of a condition on values of a kind."""

    def check(given: Any) -> list[Problem]:
        if not (wrong := of.problems(given)) or _is_signed(given):
            return []
        if not isinstance(given, list) or not given:
            return wrong
        return [
            Problem((index, *key), message)
            for index, each in enumerate(given)
            if not _is_signed(each)
            for key, message in of.problems(each)
        ]

    def schema() -> dict[str, Any]:
        signed = {"type": "string", "pattern": rf"^\s*({SIGNS})\s*\S"}
        own = {name: part for name, part in of.json_schema().items() if name != "default"}
        one = {"anyOf": [own, signed]}
        return {"anyOf": [own, signed, {"type": "array", "minItems": 1, "items": one}]}

    return Kind(check, schema)


def _is_signed(given: Any) -> bool:
    return isinstance(given, str) and _SIGNED.fullmatch(given) is not None
