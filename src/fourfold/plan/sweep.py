"""A sweep: from the values to try, the parameter sets of the runs."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

Values = dict[str, Any]
KINDS = ("grid", "zip", "list", "random", "exclude")


@dataclass(frozen=True)
class Problem:
    """One mistake in a sweep: the path inside it, and the message."""

    key: tuple[Any, ...]
    message: str


def swept(sweep: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str, Any]]:
    """Yield (path in the sweep, parameter, value) for every value that a sweep names."""
    for kind in ("grid", "zip"):
        for name, values in sweep.get(kind, {}).items():
            for index, value in enumerate(values):
                yield (kind, name, index), name, value
    for kind in ("list", "exclude"):
        for index, values in enumerate(sweep.get(kind, [])):
            for name, value in values.items():
                yield (kind, index, name), name, value
    for name, values in sweep.get("random", {}).get("over", {}).items():
        ends = [values["low"], values["high"]] if isinstance(values, dict) else values
        for value in ends:
            yield ("random", "over", name), name, value


def problems(sweep: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the form of a sweep; empty if it can be expanded."""
    found = []
    for kind in ("grid", "zip"):
        found += _lists(kind, sweep.get(kind, {}))
    for kind in ("list", "exclude"):
        found += _mappings(kind, sweep.get(kind, []))
    lengths = {name: len(values) for name, values in _block(sweep, "zip").items() if _list(values)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        found.append(Problem(("zip",), f"expected lists of one length, got {told}"))
    found += _random_problems(sweep.get("random"))
    return found + _twice(sweep)


def _block(sweep: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    block = sweep.get(kind)
    return block if isinstance(block, dict) else {}


def _list(values: Any) -> bool:
    return isinstance(values, list) and len(values) > 0


def _lists(kind: str, block: Any) -> list[Problem]:
    if not isinstance(block, dict):
        return [Problem((kind,), f"expected a mapping of parameter to list, got {block!r}")]
    return [
        Problem((kind, name), f"expected a list of values with at least one, got {values!r}")
        for name, values in block.items()
        if not _list(values)
    ]


def _mappings(kind: str, block: Any) -> list[Problem]:
    if not isinstance(block, list):
        return [Problem((kind,), f"expected a list of mappings, got {block!r}")]
    return [
        Problem((kind, index), f"expected a mapping of parameter to value, got {values!r}")
        for index, values in enumerate(block)
        if not isinstance(values, dict) or not values
    ]


def _random_problems(block: Any) -> list[Problem]:
    if block is None:
        return []
    if not isinstance(block, dict) or not isinstance(block.get("over"), dict):
        expected = "{runs: 20, seed: 0, over: {name: [a, b] or {low: 0, high: 1, log: false}}}"
        return [Problem(("random",), f"expected {expected}, got {block!r}")]
    runs, found = block.get("runs"), []
    if type(runs) is not int or runs < 1:
        found.append(Problem(("random", "runs"), f"expected a whole number from 1, got {runs!r}"))
    if type(block.get("seed", 0)) is not int:
        found.append(Problem(("random", "seed"), f"expected a whole number, got {block['seed']!r}"))
    found += [
        Problem(("random", name), "unknown key; expected one of runs, seed, over")
        for name in block
        if name not in ("runs", "seed", "over")
    ]
    return found + [
        Problem(("random", "over", name), message)
        for name, values in block["over"].items()
        if (message := _span_problem(values))
    ]


def _span_problem(values: Any) -> str:
    if isinstance(values, list):
        return "" if values else "expected a list of values with at least one, got []"
    if not isinstance(values, dict) or not {"low", "high"} <= set(values) <= {"low", "high", "log"}:
        return f"expected a list, or {{low: 0, high: 1, log: false}}, got {values!r}"
    low, high = values["low"], values["high"]
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    if not numbers or low > high or (values.get("log") and low <= 0):
        return f"expected numbers low <= high (and low > 0 with log), got {values!r}"
    return ""


def _twice(sweep: Mapping[str, Any]) -> list[Problem]:
    names: dict[str, str] = {}
    found = []
    blocks = {kind: list(_block(sweep, kind)) for kind in ("grid", "zip")}
    listed = sweep.get("list")
    rows = listed if isinstance(listed, list) else []
    blocks["list"] = sorted({name for row in rows if isinstance(row, dict) for name in row})
    over = _block(sweep, "random").get("over")
    blocks["random"] = list(over) if isinstance(over, dict) else []
    for kind, block in blocks.items():
        for name in block:
            if name in names:
                message = f"already swept by {names[name]!r}; expected each parameter once"
                found.append(Problem((kind, name), message))
            names[name] = kind
    return found


def expand(sweep: Mapping[str, Any]) -> tuple[list[Values], list[Problem]]:
    """Return the parameter sets of a well-formed sweep, and the excludes that match none.

    ``grid`` is every combination, ``zip`` goes through its lists side by side, ``list`` names
    sets one by one, ``random`` draws; together they are combined, then ``exclude`` takes out
    each set that holds all the values of one of its items. Without a sweep there is one
    empty set.

    Examples
    --------
    >>> expand({"grid": {"k": [2, 3]}, "zip": {"a": [1, 2], "b": [3, 4]}})[0][1]
    {'k': 2, 'a': 2, 'b': 4}
    """
    parts: list[list[Values]] = [
        _grid(sweep.get("grid", {})),
        _zipped(sweep.get("zip", {})),
        sweep.get("list", []) or [{}],
        _drawn(sweep.get("random")),
    ]
    runs = [_union(parts_of_run) for parts_of_run in product(*parts)]
    idle = []
    for index, exclude in enumerate(sweep.get("exclude", [])):
        kept = [run for run in runs if not _holds(run, exclude)]
        if len(kept) == len(runs):
            message = f"no run of the sweep has {exclude!r}; expected to take out at least one"
            idle.append(Problem(("exclude", index), message))
        runs = kept
    return runs, idle


def _holds(run: Values, exclude: Values) -> bool:
    return all(name in run and run[name] == value for name, value in exclude.items())


def _union(parts: Sequence[Values]) -> Values:
    return {name: value for part in parts for name, value in part.items()}


def _grid(block: Mapping[str, list[Any]]) -> list[Values]:
    return [dict(zip(block, values, strict=True)) for values in product(*block.values())]


def _zipped(block: Mapping[str, list[Any]]) -> list[Values]:
    if not block:
        return [{}]
    return [dict(zip(block, values, strict=True)) for values in zip(*block.values(), strict=True)]


def _drawn(block: Mapping[str, Any] | None) -> list[Values]:
    if block is None:
        return [{}]
    source = random.Random(block.get("seed", 0))
    return [
        {name: _draw(source, values) for name, values in block["over"].items()}
        for _ in range(block["runs"])
    ]


def _draw(source: random.Random, values: Any) -> Any:
    if isinstance(values, list):
        return source.choice(values)
    low, high = values["low"], values["high"]
    if values.get("log"):
        drawn = math.exp(source.uniform(math.log(low), math.log(high)))
        return round(drawn) if _whole(low, high) else float(f"{drawn:.6g}")
    return (
        source.randint(low, high)
        if _whole(low, high)
        else float(f"{source.uniform(low, high):.6g}")
    )


def _whole(low: Any, high: Any) -> bool:
    return isinstance(low, int) and isinstance(high, int)
