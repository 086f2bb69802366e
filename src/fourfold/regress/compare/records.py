"""JSON values and records, compared by path."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fourfold.plan.rules import Rules, Tolerance
from fourfold.regress.compare.difference import Difference
from fourfold.regress.compare.text import compare
from fourfold.regress.compare.tokens import close

# Noise of this share of the largest number in a series is rounding.
_SERIES_NOISE = 1e-9
_SERIES = re.compile(r"/figure/axes/\d+/series/\d+/\w+")
_HIDDEN = re.compile(r"/(means|order)/\d+$")
_MOST_OF_SERIES = 3

Record = Mapping[str, Any]


def compare_records(before: Record, after: Record, rules: Rules) -> list[Difference]:
    """Return the differences between two records, by path: ``/metrics/auc``.

    Parameters
    ----------
    rules : Rules
        Tolerances, and metrics that are left out.
    """
    kind, name = str(before.get("kind", "")), str(before.get("name", ""))
    old, new = (f"{r.get('kind', '')} {r.get('name', '')}".strip() for r in (before, after))
    if old != new:
        return [Difference("record", old, new, "record")]
    if kind == "metric":
        if rules.ignores("metric", name):
            return []
        differences = compare_json(before, after, rules.of_metric(name), f"/metrics/{name}")
        return [replace(d, where=d.where.removesuffix("/value")) for d in differences]
    if kind == "conclusion":
        return _compare_conclusions(before, after, rules)
    differences = compare_json(before, after, rules.tolerance, f"/{kind}")
    return _in_short(differences) if kind == "figure" else differences


def _in_short(differences: Sequence[Difference]) -> list[Difference]:
    """Return for each series of a figure the first differences, the others counted.

    The numbers by which two long series differ, if their ends and means do not, have no meaning
    of their own.
    """
    series: dict[str, list[Difference]] = {}
    for difference in differences:
        match = _SERIES.match(difference.where)
        series.setdefault(match[0] if match else difference.where, []).append(difference)
    short = []
    for place, ours in series.items():
        readable = [d for d in ours if not _HIDDEN.search(d.where)]
        if not readable:
            readable = [Difference(place, "its values", "other values or another order", "record")]
        short += readable[:_MOST_OF_SERIES]
        more = len(readable) - _MOST_OF_SERIES
        if more > 0:
            short.append(Difference(f"{place}: and {more:,} more values", "", "", "record"))
    return short


def _compare_conclusions(before: Record, after: Record, rules: Rules) -> list[Difference]:
    """Compare each claim as loosely as its metric, and sentences as loosely as any of them."""
    loosest = max([rules.tolerance.rtol, *rules.metrics.values()])
    loose = replace(rules.tolerance, rtol=loosest)
    # What would be said of another verdict is no result.
    apart = ("claims", "texts")
    old, new = ({k: v for k, v in side.items() if k not in apart} for side in (before, after))
    differences = compare_json(old, new, loose, "/conclusion")
    claims, new_claims = (
        {(claim["metric"], claim["condition"]): claim for claim in side.get("claims", [])}
        for side in (before, after)
    )
    for key in dict.fromkeys([*claims, *new_claims]):
        metric, condition = key
        if not rules.ignores("metric", metric):
            path, tolerance = f"/claims/{metric} {condition}", rules.of_metric(metric)
            differences += compare_json(claims.get(key), new_claims.get(key), tolerance, path)
    return differences


def compare_json(before: Any, after: Any, tolerance: Tolerance, path: str = "") -> list[Difference]:
    """Return the differences between two JSON values, by path.

    Parameters
    ----------
    tolerance : Tolerance
        Of floats, and of numbers in texts.
    path : str
        Of the two values.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        differences = []
        for key in dict.fromkeys([*before, *after]):
            here = f"{path}/{key}"
            if key not in after:
                differences.append(Difference(here, _shown(before[key]), "", "missing"))
            elif key not in before:
                differences.append(Difference(here, "", _shown(after[key]), "extra"))
            else:
                differences += compare_json(before[key], after[key], tolerance, here)
        return differences
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            return [Difference(path, f"{len(before)} items", f"{len(after)} items", "record")]
        largest = max((abs(value) for value in before if type(value) is float), default=0.0)
        tolerance = replace(tolerance, atol=max(tolerance.atol, largest * _SERIES_NOISE))
        pairs = enumerate(zip(before, after, strict=True))
        return [d for i, (b, a) in pairs for d in compare_json(b, a, tolerance, f"{path}/{i}")]
    if _same_value(before, after, tolerance):
        return []
    return [Difference(path or "/", _shown(before), _shown(after), "record")]


def _same_value(before: Any, after: Any, tolerance: Tolerance) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return not compare(before, after, tolerance)
    kinds = {type(before), type(after)}
    if kinds <= {int, float} and float in kinds:  # a whole float may be written as 3 or as 3.0
        return close(before, after, tolerance)
    return type(before) is type(after) and bool(before == after)


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
