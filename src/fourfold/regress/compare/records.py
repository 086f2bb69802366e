"""JSON values and records, compared by path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fourfold.plan.rules import Rules, Tolerance
from fourfold.regress.compare.difference import Difference, Kind
from fourfold.regress.compare.numbers import close
from fourfold.regress.compare.text import same

# Noise of this share of the largest number in a series is rounding.
_SERIES_NOISE = 1e-9
_SERIES = re.compile(r"/figure/axes/\d+/series/\d+/\w+")
_HIDDEN = re.compile(r"/(means|order)/\d+$")
_MOST_OF_SERIES = 3


def compare_records(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules
) -> list[Difference]:
    """Return the differences between two records, by path: ``/metrics/auc``."""
    kind, name = str(before.get("kind", "")), str(before.get("name", ""))
    if (kind, name) != (after.get("kind", ""), str(after.get("name", ""))):
        told = (
            f"{kind} {name}".strip(),
            f"{after.get('kind', '')} {after.get('name', '')}".strip(),
        )
        return [Difference("record", *told, "record")]
    if kind == "metric":
        if rules.ignores("metric", name):
            return []
        found = compare_json(before, after, rules.of_metric(name), f"/metrics/{name}")
        return [replace(d, where=d.where.removesuffix("/value")) for d in found]
    if kind == "conclusion":
        return _compare_conclusions(before, after, rules)
    found = compare_json(before, after, rules.tolerance, f"/{kind}")
    return _in_short(found) if kind == "figure" else found


def _in_short(found: Sequence[Difference]) -> list[Difference]:
    """Return for each series of a figure the first differences, the others counted.

    What tells two long series apart, where their ends and means do not, are numbers without a
    meaning of their own.
    """
    series: dict[str, list[Difference]] = {}
    for difference in found:
        match = _SERIES.match(difference.where)
        series.setdefault(match[0] if match else difference.where, []).append(difference)
    short = []
    for place, differences in series.items():
        spoken = [d for d in differences if not _HIDDEN.search(d.where)]
        if not spoken:
            spoken = [Difference(place, "its values", "other values or another order", "record")]
        more = len(spoken) - _MOST_OF_SERIES
        short += spoken[:_MOST_OF_SERIES]
        if more > 0:
            short.append(Difference(f"{place}: and {more:,} more values", "", "", "record"))
    return short


def _compare_conclusions(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules
) -> list[Difference]:
    """Compare each claim as loosely as its metric, and sentences as loosely as any of them."""
    loosest = max([rules.tolerance.rtol, *rules.metrics.values()])
    loose = replace(rules.tolerance, rtol=loosest)
    old, new = ({k: v for k, v in side.items() if k != "claims"} for side in (before, after))
    found = compare_json(old, new, loose, "/conclusion")
    claims, new_claims = _claims(before), _claims(after)
    for metric, condition in dict.fromkeys([*claims, *new_claims]):
        if not rules.ignores("metric", metric):
            pair = (side.get((metric, condition)) for side in (claims, new_claims))
            path = f"/claims/{metric} {condition}"
            found += compare_json(next(pair), next(pair), rules.of_metric(metric), path)
    return found


def _claims(conclusion: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {(c["metric"], c["condition"]): c for c in conclusion.get("claims", [])}


def compare_json(before: Any, after: Any, tolerance: Tolerance, path: str = "") -> list[Difference]:
    """Return the differences between two JSON values, by path.

    Examples
    --------
    >>> print(*compare_json({"auc": 0.91, "n": [1, 2]}, {"auc": 0.92, "n": [1, 2]}, Tolerance()))
    /auc: 0.91 -> 0.92
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found = []
        for key in dict.fromkeys([*before, *after]):
            if key in before and key in after:
                found += compare_json(before[key], after[key], tolerance, f"{path}/{key}")
            else:
                kind: Kind = "missing" if key in before else "extra"
                told = (_shown(before.get(key, "")), _shown(after.get(key, "")))
                found.append(Difference(f"{path}/{key}", *told, kind))
        return found
    if isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            old, new = (f"{len(side)} items" for side in (before, after))
            return [Difference(path, old, new, "record")]
        tolerance = _of_series(before, tolerance)
        pairs = enumerate(zip(before, after, strict=True))
        return [d for i, (b, a) in pairs for d in compare_json(b, a, tolerance, f"{path}/{i}")]
    if _same_value(before, after, tolerance):
        return []
    return [Difference(path or "/", _shown(before), _shown(after), "record")]


def _of_series(values: Sequence[Any], tolerance: Tolerance) -> Tolerance:
    largest = max((abs(v) for v in values if type(v) is float), default=0.0)
    return replace(tolerance, atol=max(tolerance.atol, largest * _SERIES_NOISE))


def _same_value(before: Any, after: Any, tolerance: Tolerance) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return same(before, after, tolerance)
    kinds = {type(before), type(after)}
    if kinds <= {int, float} and float in kinds:  # a whole float may be written as 3 or as 3.0
        return close(before, after, tolerance)
    return type(before) is type(after) and bool(before == after)


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
