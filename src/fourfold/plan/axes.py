"""What a parameter is swept over: a list, a range, files, or what is drawn from at random."""

import math
import re
import sys
from bisect import bisect
from calendar import monthrange
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from fourfold.data.listing import matches
from fourfold.plan.kind import Kind, Problem, value
from fourfold.project import shown

LARGEST = sys.float_info.max / 2
"""Of a range: a draw is a float, larger integers have none, and infinity leaves nothing."""
MOST = 100_000
"""Values of a range."""
_DATE = r"\d{4}-\d{2}-\d{2}"
_STEP = re.compile(r"([1-9]\d{0,4}) ?(day|week|month|quarter|year)s?")
_LISTS = "expected a list, {from: 0.1, to: 1, step: 0.1}, {values: [a, b]} or {files: data/*.csv}"
_DRAWN = "expected a list, {values: [a, b], weights: [1, 2]} or {low: 0, high: 1, log: false}"
_FLAG = value("expected true or false, got …", lambda given: type(given) is bool, type="boolean")
_COUNT = value(
    "expected a whole number from 1, got …",
    lambda given: type(given) is int and given >= 1,
    type="integer",
    minimum=1,
)
MANY = value(
    f"expected a whole number in 1..{MOST}, got …",
    lambda given: type(given) is int and 1 <= given <= MOST,
    type="integer",
    minimum=1,
    maximum=MOST,
)
"""How many runs, or values of a range."""
_STEPS = value(
    "expected a number above 0, or a text such as 1 day or 3 months, got …",
    lambda given: (
        _STEP.fullmatch(given) if isinstance(given, str) else _number(given) and given > 0
    ),
    "Between two values; their ratio with log: true",
    type=["number", "string"],
    exclusiveMinimum=0,
    pattern=f"^{_STEP.pattern}$",
)
_FILES = value(
    "expected a path or glob, got …",
    lambda given: isinstance(given, str) and given,
    "A value for each file of a glob, such as data/*.csv",
    type="string",
    minLength=1,
)
_WEIGHTS = value(
    "expected a list of numbers from 0, one a value, got …",
    lambda given: isinstance(given, list) and all(_number(n) and n >= 0 for n in given),
    "How often each value is drawn, compared with the others",
    type="array",
    items={"type": "number", "minimum": 0},
)


def values_kind(of: Kind, distinct: bool = False) -> Kind:
    """Return the kind of a list with at least one value; of distinct ones, each makes a run."""
    message = "expected a list of values with at least one, got …"
    fits = partial(_is_list, least=1)
    more: dict[str, Any] = {"uniqueItems": True} if distinct else {}
    return replace(value(message, fits, type="array", minItems=1, **more), items=of)


def axis(of: Kind, when: Kind | None = None) -> Kind:
    """Return the kind of what one parameter is swept over.

    Parameters
    ----------
    of : Kind
        Of one value.
    when : Kind, optional
        Of the conditions under which it is varied; without it there may be none.
    """

    def check(given: Any) -> list[Problem]:
        if not isinstance(given, dict):
            return _no_list(given, _LISTS)
        if set(given) - keys.keys():
            return []
        ranged = {"from", "to"} <= set(given)
        ways = [ranged, "values" in given, "files" in given]
        steps = set(given) & {"step", "count"}
        if sum(ways) != 1 or (not ranged and set(given) & {"from", "to", "step", "count", "log"}):
            return [Problem((), f"{_LISTS}, got {given!r}")]
        whole = all(
            isinstance(given.get(n), str) or _is_whole(given.get(n)) for n in ("from", "to")
        )
        if ranged and (len(steps) > 1 or not (steps or "log" in given or whole)):
            return [Problem((), f"expected a step or a count, got {given!r}")]
        if not ranged or any(keys[name].problems(part) for name, part in given.items()):
            return []
        return _range_problems(given, of)

    def schema() -> dict[str, Any]:
        steps: list[Any] = [{"required": [name]} for name in ("step", "count", "log")]
        ranged: dict[str, Any] = {
            "required": ["from", "to"],
            "not": {"required": ["step", "count"]},
        }
        whole = {name: {"type": ["integer", "string"]} for name in ("from", "to")}
        ranged |= {"anyOf": [*steps, {"properties": whole}]}
        none = [{"required": [name]} for name in ("from", "to")] + steps
        others = [{"required": [name], "not": {"anyOf": none}} for name in ("values", "files")]
        listed = {"type": ["array", "object"], "minItems": 1, "uniqueItems": True}
        return {**listed, "if": {"type": "object"}, "then": {"oneOf": [ranged, *others]}}

    end = _end(of)
    keys = {"from": end, "to": end, "step": _STEPS, "count": _COUNT, "log": _FLAG}
    keys |= {"values": values_kind(of, distinct=True), "files": _FILES}
    keys |= {"when": when} if when else {}
    return Kind(check, schema, keys, items=of)


def drawn(of: Kind, when: Kind) -> Kind:
    """Return the kind of what one parameter is drawn from; `of` and `when` as for `axis`."""

    def check(given: Any) -> list[Problem]:
        if not isinstance(given, dict):
            return _no_list(given, _DRAWN)
        if set(given) - keys.keys():
            return []
        ranged = {"low", "high"} <= set(given)
        others = {"values", "weights"} if ranged else {"low", "high", "log"}
        if set(given) & others or not (ranged or "values" in given):
            return [Problem((), f"{_DRAWN}, got {given!r}")]
        if any(keys[name].problems(part) for name, part in given.items()):
            return []
        if not ranged:
            weights = given.get("weights", [1] * len(given["values"]))
            fits = len(weights) == len(given["values"]) and 0 < sum(weights) <= LARGEST
            message = f"expected weights of one length with the values, got {weights!r}"
            return [] if fits else [Problem(("weights",), message)]
        low, high = given["low"], given["high"]
        dates = isinstance(low, str) + isinstance(high, str)
        logged = given.get("log") and (dates or low <= 0)
        if dates == 1 or low > high or logged:
            message = f"expected low <= high (and low > 0 with log), got {given!r}"
            return [Problem((), message)]
        return []

    def schema() -> dict[str, Any]:
        ranged = {"required": ["low", "high"], "not": _any_of("values", "weights")}
        listed = {"required": ["values"], "not": _any_of("low", "high", "log")}
        whole = {"type": ["array", "object"], "minItems": 1}
        return {**whole, "if": {"type": "object"}, "then": {"oneOf": [ranged, listed]}}

    end = _end(of)
    keys = {"low": end, "high": end, "log": _FLAG, "values": values_kind(of)}
    keys |= {"weights": _WEIGHTS, "when": when}
    return Kind(check, schema, keys, items=of)


def _any_of(*names: str) -> dict[str, Any]:
    return {"anyOf": [{"required": [name]} for name in names]}


def _no_list(given: Any, expected: str) -> list[Problem]:
    if isinstance(given, list):
        return values_kind(Kind()).problems(given)
    return [Problem((), f"{expected}, got {given!r}")]


def _is_list(given: Any, least: int = 0) -> bool:
    return isinstance(given, list) and len(given) >= least


def _number(given: Any) -> bool:
    return type(given) in (int, float) and abs(given) <= LARGEST


def _is_whole(given: Any) -> bool:
    return _number(given) and given == int(given)


def _date(given: Any) -> date | None:
    try:
        return date.fromisoformat(given) if re.fullmatch(_DATE, given) else None
    except (TypeError, ValueError):
        return None


def _end(of: Kind) -> Kind:
    def check(given: Any) -> list[Problem]:
        if _number(given) or _date(given):
            return of.problems(given)
        message = f"expected a number, or a date such as 2026-11-27, got {given!r}"
        return [Problem((), message)]

    def schema() -> dict[str, Any]:
        own = {n: p for n, p in of.json_schema().items() if n not in ("description", "default")}
        ends = [{"type": "number"}, {"type": "string", "format": "date", "pattern": f"^{_DATE}$"}]
        return {"allOf": [{"anyOf": ends}, own]} if own else {"anyOf": ends}

    return Kind(check, schema)


def _whole(of: Kind) -> bool | None:
    """Say whether numbers of a kind are whole; None if they may be."""
    return False if "number" in of.types else True if "integer" in of.types else None


def _range_problems(given: Mapping[str, Any], of: Kind) -> list[Problem]:
    first, last, step = given["from"], given["to"], given.get("step")
    dates = isinstance(first, str), isinstance(last, str), isinstance(step, str)
    kinds = dates[0] == dates[1] and (step is None or dates[2] == dates[0])
    logged = given.get("log") and (dates[0] or first <= 0 or (step is not None and step <= 1))
    if not kinds or first > last or logged:
        expected = "expected from <= to and a step of their kind (with log, from > 0 and step > 1)"
        return [Problem((), f"{expected}, got {given!r}")]
    values = spread(given, of)
    if len(values) > MOST:
        return [Problem((), f"expected at most {MOST:,} values from <= to, got {given!r}")]
    wrong = (problem for each in values for problem in of.problems(each))
    return [Problem((), f"a value of this range: {message}") for _, message in wrong][:1]


def spread(given: Mapping[str, Any], of: Kind) -> list[Any]:
    """Return the values of a range, both ends included where the steps meet them.

    Parameters
    ----------
    given : mapping
        ``from``, ``to``, and ``step`` or ``count``; with ``log`` a step is a ratio, 10 by default.
        Dates go by days, or by a step such as ``1 month``.
    of : Kind
        Of the parameter: whole numbers stay whole.
    """
    first, last, step = given["from"], given["to"], given.get("step")
    if isinstance(first, str):
        return _days(first, last, step, given.get("count"))
    log, count = given.get("log", False), given.get("count")
    values: list[Any] = []
    if count:
        share = [0.0] if count == 1 else [i / (count - 1) for i in range(min(count, MOST + 1))]
        values = [quantile({"low": first, "high": last, "log": log}, each) for each in share]
        values[-1] = last if count > 1 else first
        if _whole(of):
            values = [round(each) for each in values]
    else:
        # As decimal numbers: three steps of 0.1 are 0.3.
        here, end, by = (Decimal(str(n)) for n in (first, last, step or (10 if log else 1)))
        while here <= end and len(values) <= MOST:
            values.append(int(here) if _plain_int(first, step) else float(here))
            here = here * by if log else here + by
    return list(dict.fromkeys(values))


def _plain_int(first: Any, step: Any) -> bool:
    return isinstance(first, int) and (step is None or isinstance(step, int))


def _days(first: str, last: str, step: str | None, count: int | None) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    if count:
        gap = (end - start).days / max(1, count - 1)
        days = [start + timedelta(round(i * gap)) for i in range(min(count, MOST + 1))]
        return [each.isoformat() for each in dict.fromkeys(days)]
    match = _STEP.fullmatch(step or "1 day")
    number, unit = (int(match[1]), match[2]) if match else (1, "day")
    values: list[str] = []
    # From the first each time: a month after 31 January and another is 31 March.
    with suppress(OverflowError, ValueError):  # after the year 9999
        while len(values) <= MOST and (here := _after(start, number * len(values), unit)) <= end:
            values.append(here.isoformat())
    return values


def _after(start: date, number: int, unit: str) -> date:
    if unit in ("day", "week"):
        return start + timedelta(number * {"day": 1, "week": 7}[unit])
    months = start.month - 1 + number * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year, month, min(start.day, monthrange(year, month)[1]))


def values_of(given: Any, of: Kind, root: Path) -> list[Any]:
    """Return the values of an axis.

    Parameters
    ----------
    given : list or mapping
        As the config has it.
    of : Kind
        Of the parameter.
    root : Path
        The project, to which files are relative.
    """
    if isinstance(given, list):
        return given
    if "values" in given:
        return list(given["values"])
    if "files" in given:
        names = (shown(path, root) for path in matches(given["files"], root))
        return [name.encode(errors="backslashreplace").decode() for name in names]
    return spread(given, of)


def quantile(given: Any, share: float, whole: bool = False) -> Any:
    """Return the value below which a share of the draws lies.

    Parameters
    ----------
    given : list or mapping
        Values, perhaps with ``weights``, or ``low``, ``high`` and ``log``.
    share : float
        From 0 to less than 1.
    whole : bool
        Whether to draw whole numbers, the last included.
    """
    if isinstance(given, list) or "values" in given:
        block = {"values": given} if isinstance(given, list) else given
        values = block["values"]
        sums = list(accumulate(block.get("weights", [1] * len(values))))
        return values[min(bisect(sums, share * sums[-1]), len(values) - 1)]
    low, high = given["low"], given["high"]
    if isinstance(low, str):
        start, end = date.fromisoformat(low), date.fromisoformat(high)
        return (start + timedelta(int(share * ((end - start).days + 1)))).isoformat()
    if given.get("log"):
        point = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return min(max(round(point), low), high) if whole else six_digits(point)
    return low + int(share * (high - low + 1)) if whole else six_digits(low + share * (high - low))


def draws_whole(given: Any, of: Kind) -> bool:
    """Say whether draws from a range are whole numbers: by the parameter, else by its ends."""
    if isinstance(given, list) or "low" not in given:
        return False
    known = _whole(of)
    return all(isinstance(given[end], int) for end in ("low", "high")) if known is None else known


def six_digits(number: float) -> float:
    """Return a number as the name of a run can hold it."""
    return float(f"{number:.6g}")
