"""A sweep: from the values to try, the parameter sets of the runs."""

import math
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from types import MappingProxyType
from typing import Any

from fourfold.plan.kind import Kind, Problem, anything, mapping, value
from fourfold.plan.spec import canonical

Values = dict[str, Any]
_LARGEST = sys.float_info.max / 2
_OF_RANDOM = {"type": ["object", "null"], "required": ["runs", "over"]}
_DRAWS = {
    "runs": value(
        "expected a whole number from 1, got …",
        lambda given: type(given) is int and given >= 1,
        type="integer",
        minimum=1,
    ),
    "seed": value(
        "expected a whole number, got …", lambda given: type(given) is int, type="integer"
    ),
}


def sweep_kind(
    own: Mapping[str, Kind],
    other: Callable[[Any], Kind] = anything,
    unoffered: Mapping[str, Kind] = MappingProxyType({}),
) -> Kind:
    """Return what the block ``sweep`` may hold.

    Parameters
    ----------
    own : mapping
        The parameters that editors offer.
    other : callable
        The kind of any other name.
    unoffered : mapping
        Parameters that are right and not offered.
    """

    def each(wrap: Callable[[Kind], Kind], about: str, form: Kind, **more: Any) -> Kind:
        kinds = {name: wrap(kind) for name, kind in own.items()}
        rare = {f"^{name}$": wrap(kind).json_schema() for name, kind in unoffered.items()}
        more |= {"patternProperties": rare} if rare else {}
        return replace(
            mapping(about, kinds, lambda name: wrap(other(name)), **more), check=form.check
        )

    def sets(about: str) -> Kind:
        message = "expected a list of mappings, got …"
        return replace(value(message, _is_list, about, type="array"), items=one)

    lists = value("expected a mapping of parameter to list, got …", _is_dict)
    pairs = "expected a mapping of parameter to value, got …"
    form = value(pairs, partial(_is_dict, least=1))
    one = each(lambda kind: kind, "One set of values", form, minProperties=1)
    over = each(_drawn_from, "Lists to draw from, or low, high, log", lists)
    return mapping(
        "Values to try: one run each",
        {
            "grid": each(_distinct, "Every combination of these lists", lists),
            "zip": each(_values, "These lists side by side", lists),
            "list": sets("Sets one by one"),
            "random": replace(
                mapping("Sets drawn at random", {**_DRAWS, "over": over}, None, **_OF_RANDOM),
                check=_random,
            ),
            "exclude": sets("Sets to leave out"),
        },
    )


def _is_list(given: Any, least: int = 0) -> bool:
    return isinstance(given, list) and len(given) >= least


def _is_dict(given: Any, least: int = 0) -> bool:
    return isinstance(given, dict) and len(given) >= least


def _values(of: Kind) -> Kind:
    message = "expected a list of values with at least one, got …"
    values = value(message, partial(_is_list, least=1), type="array", minItems=1)
    return replace(values, items=of)


def _distinct(of: Kind) -> Kind:
    """Return the kind of values of which each makes a run of its own."""
    kind = _values(of)
    return replace(kind, schema=lambda: {**kind.schema(), "uniqueItems": True})


def _random(given: Any) -> list[Problem]:
    if given is None:
        return []
    if not isinstance(given, dict) or not isinstance(given.get("over"), dict):
        form = "{runs: 20, seed: 0, over: {name: [a, b] or {low: 0, high: 1, log: false}}}"
        return [Problem((), f"expected {form}, got {given!r}")]
    runs = [] if "runs" in given else _DRAWS["runs"].problems(None)
    return [Problem(("runs",), message) for _, message in runs]


def _drawn_from(of: Kind) -> Kind:
    """Return the kind of what a parameter is drawn from: a list of values, or a range."""

    def check(given: Any) -> list[Problem]:
        if message := _span_problem(given):
            return [Problem((), message)]
        ends = [given["low"], given["high"]] if isinstance(given, dict) else given
        return [problem for end in ends for problem in of.problems(end)]

    def schema() -> dict[str, Any]:
        about = ("description", "default")
        end = {name: part for name, part in of.json_schema().items() if name not in about}
        if end.get("type") not in ("integer", "number"):
            end = {"allOf": [{"type": "number"}, end]}
        span = {"low": end, "high": end, "log": {"type": "boolean"}}
        form = {"required": ["low", "high"], "additionalProperties": False}
        return {
            "anyOf": [_values(of).json_schema(), {"type": "object", "properties": span, **form}]
        }

    return Kind(check, schema)


def _span_problem(given: Any) -> str:
    if isinstance(given, list):
        return "" if given else "expected a list of values with at least one, got []"
    if not isinstance(given, dict) or not {"low", "high"} <= set(given) <= {"low", "high", "log"}:
        return f"expected a list, or {{low: 0, high: 1, log: false}}, got {given!r}"
    low, high = given["low"], given["high"]
    if type(given.get("log", False)) is not bool:
        return f"expected log: true or log: false, got {given!r}"
    # A draw is a float: larger integers have none, and infinity leaves nothing to draw from.
    numbers = all(type(end) in (int, float) and abs(end) <= _LARGEST for end in (low, high))
    if not numbers or low > high or (given.get("log") and low <= 0):
        return f"expected numbers low <= high (and low > 0 with log), got {given!r}"
    return ""


def problems(sweep: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the form of a sweep; empty if it can be expanded."""
    return sweep_kind({}).problems(sweep) or [*_uneven(sweep.get("zip", {})), *_twice(sweep)]


def _uneven(zipped: Mapping[str, list[Any]]) -> list[Problem]:
    lengths = {name: len(values) for name, values in zipped.items()}
    if len(set(lengths.values())) <= 1:
        return []
    listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
    return [Problem(("zip",), f"expected lists of one length, got {listed}")]


def _twice(sweep: Mapping[str, Any]) -> list[Problem]:
    blocks = {kind: list(sweep.get(kind, {})) for kind in ("grid", "zip")}
    blocks["list"] = sorted({name for row in sweep.get("list", []) for name in row})
    blocks["random"] = list((sweep.get("random") or {"over": {}})["over"])
    first: dict[str, str] = {}
    return [
        Problem((kind, name), f"already swept by {first[name]!r}; expected each parameter once")
        for kind, names in blocks.items()
        for name in names
        if first.setdefault(name, kind) != kind
    ]


def expand(sweep: Mapping[str, Any]) -> tuple[list[Values], list[Problem]]:
    """Return the parameter sets of a well-formed sweep, and the excludes that match none.

    ``grid`` is every combination, ``zip`` goes through its lists side by side, ``list`` names
    sets one by one, ``random`` draws; together they are combined, then ``exclude`` takes out
    each set that holds all the values of one of its items. Without a sweep there is one
    empty set.
    """
    parts: list[list[Values]] = [
        _grid(sweep.get("grid", {}), product),
        _grid(sweep.get("zip", {}), partial(zip, strict=True)),
        sweep.get("list", []) or [{}],
        _drawn(sweep.get("random")),
    ]
    runs = [{name: v for part in of_run for name, v in part.items()} for of_run in product(*parts)]
    idle = []
    for index, exclude in enumerate(sweep.get("exclude", [])):
        kept = [run for run in runs if not _has(run, exclude)]
        if len(kept) == len(runs):
            message = f"no run of the sweep has {exclude!r}; expected to take out at least one"
            idle.append(Problem(("exclude", index), message))
        runs = kept
    return runs, idle


def _has(run: Values, exclude: Values) -> bool:
    """Say whether a set has all these values; to Python, true is 1 and 1 is 1.0."""
    return exclude.items() <= run.items() and all(
        canonical(run[name]) == canonical(part) for name, part in exclude.items()
    )


def _grid(block: Mapping[str, list[Any]], combine: Callable[..., Iterable[Any]]) -> list[Values]:
    rows = combine(*block.values()) if block else [()]
    return [dict(zip(block, values, strict=True)) for values in rows]


def _drawn(block: Mapping[str, Any] | None) -> list[Values]:
    if block is None:
        return [{}]
    source, over = random.Random(block.get("seed", 0)), block["over"].items()
    return [{name: _draw(source, v) for name, v in over} for _ in range(block["runs"])]


def _draw(source: random.Random, values: Any) -> Any:
    if isinstance(values, list):
        return source.choice(values)
    low, high = values["low"], values["high"]
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and not values.get("log"):
        return source.randint(low, high)
    if values.get("log"):
        drawn = math.exp(source.uniform(math.log(low), math.log(high)))
    else:
        drawn = source.uniform(low, high)
    return round(drawn) if whole else float(f"{drawn:.6g}")
