"""What stands above and below a report: claims with their evidence, parameters, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fourfold.records.evidence import BUSINESS, MARKS
from fourfold.records.formatting import as_text, number
from fourfold.records.record import RunRecord

_SIGNS = {**MARKS, "ok": "✔"}
_WIDTH, _ROOM = 160.0, 12.0  # of the small chart of an interval, in pixels


def sign(word: str) -> str:
    """Return the sign of a verdict or status, so that colour is never alone in telling it."""
    return _SIGNS.get(word, "✘")


def claims(record: RunRecord) -> list[dict[str, Any]]:
    """Return the claims of a record as a table shows them, each with the places of its chart.

    The chart has the interval, the value, and the bounds of the condition on one axis of 160
    pixels; exact figures have none.
    """
    return [
        {
            "criterion": f"{claim['metric']} {claim['condition']}",
            "value": _figure(claim),
            "interval": " to ".join(map(number, claim["ci"] or ())) or "exact",
            "verdict": claim["verdict"],
            "sign": sign(claim["verdict"]),
            "why": claim["why"],
            "chart": chart(claim["value"], claim["ci"], str(claim["condition"])),
        }
        for claim in record.claims
    ]


def chart(value: Any, ci: Any, condition: str) -> dict[str, Any] | None:
    """Return where value, interval and bounds lie, in pixels; None without an interval.

    Examples
    --------
    >>> chart(5.0, [0.0, 10.0], ">= 5")
    {'low': 12.0, 'high': 148.0, 'value': 80.0, 'bounds': [80.0]}
    """
    if not ci or value is None or None in ci:
        return None
    bounds = [*_bounds(condition)]
    least, most = float(min(*ci, value, *bounds)), float(max(*ci, value, *bounds))
    if least == most:
        return None

    def at(figure: float) -> float:
        return round(_ROOM + (_WIDTH - 2 * _ROOM) * (figure - least) / (most - least), 1)

    ends = {"low": at(ci[0]), "high": at(ci[1]), "value": at(value)}
    return {**ends, "bounds": [at(bound) for bound in bounds]}


def _bounds(condition: str) -> Iterator[float]:
    for part in condition.replace("..", " ").split():
        try:
            yield float(part.lstrip("<>=!"))
        except ValueError:
            continue


def metrics(record: RunRecord) -> list[dict[str, str]]:
    """Return every metric that a run recorded: name, figure, interval."""
    return [
        {"name": name, "value": _figure(found), "interval": " to ".join(map(number, found["ci"]))}
        if found["ci"]
        else {"name": name, "value": _figure(found), "interval": "exact" if found["exact"] else ""}
        for name, found in record.metrics.items()
    ]


def _figure(found: Mapping[str, Any]) -> str:
    unit = found.get("unit") or ""
    return f"{number(found['value'])} {unit}".strip()


def parameters(record: RunRecord) -> list[dict[str, Any]]:
    """Return the parameters of a run as YAML would have them, those that a sweep varies first."""
    shown = {name: value for name, value in record.parameters.items() if name not in BUSINESS}
    order = sorted(shown, key=lambda name: name not in record.varied)
    return [{"name": n, "value": _text(shown[n]), "varied": n in record.varied} for n in order]


def _text(value: Any) -> str:
    return "(none)" if value is None else as_text(value) or "(empty)"


def provenance(record: RunRecord) -> list[tuple[str, str]]:
    """Return what a run was made of and what it cost, as pairs of a name and a text."""
    cost = record.cost
    told = {
        "started": f"{record.started_at[:19].replace('T', ' ')} UTC",
        "duration": f"{record.duration_s:.1f} s",
        "per section": ", ".join(f"{name} {took:.1f} s" for name, took in record.sections.items()),
        "CPU": f"{cost['cpu_s']:.1f} s" if cost.get("cpu_s") else "",
        "peak memory": f"{cost['peak_mb']:,.0f} MB" if cost.get("peak_mb") else "",
        "energy, estimated": f"{number(cost['energy_wh'])} Wh" if cost.get("energy_wh") else "",
        "kernel": record.start,
        "attempts": str(record.attempts) if record.attempts > 1 else "",
        "seed": "" if record.seed is None else str(record.seed),
        "template": record.template,
        "commit": record.git_commit or "not in a repository",
    }
    packages = [(name, version) for name, version in record.versions.items()]
    return [pair for pair in told.items() if pair[1]] + [*map(_data, record.data)] + packages


def _data(table: Mapping[str, Any]) -> tuple[str, str]:
    parts = [
        str(table["source"]),
        f"{number(table['rows'])} rows",
        f"{table['columns']} columns",
        f"{number(table['rejected'])} rejected" if table.get("contract") else "no contract",
        f"sha256 {table['sha256']}",
    ]
    return "data", ", ".join(parts)
