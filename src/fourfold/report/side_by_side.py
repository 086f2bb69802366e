"""Runs side by side on the terminal: what differs between them, and what came of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from fourfold.errors import FourfoldError, did_you_mean

Entry = Mapping[str, Any]
_MOST_IN_ADDRESS = 50
_FEW = 4


def chosen(entries: Sequence[Entry], patterns: Sequence[str]) -> list[Entry]:
    """Return the runs that any pattern means, in the order of the patterns; all without one.

    A pattern is a run (``config/run``), a config, or a glob over either.

    Raises
    ------
    FourfoldError
        If a pattern means no run.
    """
    if not patterns:
        return list(entries)
    runs: dict[str, Entry] = {}
    for pattern in patterns:
        meant = {name(e): e for e in entries if _means(pattern.rstrip("/"), e)}
        if not meant:
            known = dict.fromkeys(n for e in entries for n in (name(e), e["config"]))
            problem = f"expected a run, a config or a glob, got {pattern!r}, which is none"
            raise FourfoldError(f"{problem}.{_nearest(pattern, known)}")
        runs |= meant
    return list(runs.values())


def _nearest(pattern: str, known: Iterable[str]) -> str:
    """Return the name that is meant, or some names; penguins may mean clustering-penguins."""
    if near := did_you_mean(pattern, known):
        return near
    longer = next((each for each in known if pattern and pattern in each), None)
    return f" Did you mean {longer!r}?" if longer else f" There are {', '.join([*known][:_FEW])}."


def name(entry: Entry) -> str:
    """Return ``config/run``."""
    return f"{entry['config']}/{entry['run']}"


def _means(pattern: str, entry: Entry) -> bool:
    names = (name(entry), entry["config"])
    # A run's name may hold brackets, which a glob would read as its own.
    return pattern in names or any(fnmatchcase(each, pattern) for each in names)


def differing(entries: Sequence[Entry]) -> list[str]:
    """Return the parameters whose values are not the same in all runs."""
    names = dict.fromkeys(n for entry in entries for n in entry["parameters"])
    return [n for n in names if len({entry["parameters"].get(n) for entry in entries}) > 1]


def metrics_of(entries: Sequence[Entry], wanted: Sequence[str]) -> list[str]:
    """Return the metrics to show: those wanted, else those that claims are about, else all.

    Raises
    ------
    FourfoldError
        If no run has a metric that is wanted.
    """
    known = list(dict.fromkeys(n for entry in entries for n in entry["metrics"]))
    for each in wanted:
        if each not in known:
            names = ", ".join(known) or "none"
            near = did_you_mean(each, known)
            raise FourfoldError(f"--metric: expected one of {names}, got {each!r}.{near}")
    claimed = dict.fromkeys(claim[0] for entry in entries for claim in entry["claims"])
    return list(wanted) or [n for n in claimed if n in known] or known


def as_json(entries: Sequence[Entry], metrics: Sequence[str]) -> str:
    """Return the same for a program."""
    differ = differing(entries)
    rows = [
        {
            "run": name(entry),
            "status": entry["status"],
            "verdict": entry["verdict"],
            "parameters": {n: entry["parameters"].get(n) for n in differ},
            "metrics": {n: entry["metrics"].get(n) for n in metrics},
        }
        for entry in entries
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def view_of(entries: Sequence[Entry], everything: Sequence[Entry]) -> str:
    """Return the part of an address after the page, which shows this comparison.

    A config of which all runs are compared is named once.
    """
    ids = {name(entry) for entry in entries}
    part = {entry["config"] for entry in everything if name(entry) not in ids}
    names = dict.fromkeys(name(e) if e["config"] in part else f"{e['config']}/*" for e in entries)
    if len(names) > _MOST_IN_ADDRESS:
        return ""
    return "#runs=" + ";".join(quote(each, safe="/=,*") for each in names)
