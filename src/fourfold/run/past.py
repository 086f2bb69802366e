"""What runs took before: what it says of the order of a batch, of its end, and of a hang."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.records.formatting import as_text, short
from fourfold.report.overview import entries
from fourfold.run.selection import Todo

_HOUR_S = 3600.0
_TIMES = 20
"""A run hangs if it takes longer than so many times the longest of its template, and an hour."""


class Past:
    """What the runs in a folder of outputs took, by template.

    A new run is expected to take as long as earlier runs of its template that share the value of
    one parameter: the one that divides their durations best.
    """

    def __init__(self, outputs: Path) -> None:
        self._runs: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in entries(outputs) if outputs.is_dir() else ():
            if entry["status"] == "ok" and entry["seconds"] > 0:
                self._runs[entry["template"]].append(entry)
        self._by = {template: _by_value(runs) for template, runs in self._runs.items()}

    def known(self, item: Todo) -> Todo:
        """Return a run with the duration expected of it if it never ran, and a limit for hangs."""
        runs = self._runs.get(item.spec.template)
        if not runs:
            return item
        limit_s = max(_HOUR_S, _TIMES * max(run["seconds"] for run in runs))
        if item.expected_s is not None:
            return replace(item, limit_s=limit_s)
        return replace(item, limit_s=limit_s, expected_s=self.expected_s(item.spec))

    def expected_s(self, spec: RunSpec) -> float | None:
        """Return the duration expected of a run that never ran; None if nothing is known."""
        if spec.template not in self._by:
            return None
        name, likely = self._by[spec.template]
        value = short(as_text(spec.parameters.get(name)), 60)  # as entries have it
        return likely.get(value, likely[None])


def _by_value(runs: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str | None, float]]:
    """Return a parameter, and the median duration of runs with each value; None for any value."""
    best, least, whole = "", float("inf"), median(run["seconds"] for run in runs)
    groups: dict[str | None, list[float]] = {}
    for name in dict.fromkeys(name for run in runs for name in run["parameters"]):
        by: dict[str | None, list[float]] = defaultdict(list)
        for run in runs:
            by[run["parameters"].get(name)].append(run["seconds"])
        spread = sum(abs(log(s / median(part))) for part in by.values() for s in part)
        # A value of its own for each run divides best, and says nothing of another.
        if len(by) <= len(runs) / 2 and spread < least:
            best, least, groups = name, spread, by
    return best, {**{value: median(part) for value, part in groups.items()}, None: whole}


class Forecast:
    """When a batch ends: expected durations, corrected by those of its runs that have ended.

    Parameters
    ----------
    todo : sequence of Todo
    workers : int
        Runs at a time.
    later : int
        Runs that may come later.
    """

    def __init__(self, todo: Sequence[Todo], workers: int, later: int = 0) -> None:
        self.workers, self._known_s, self._begun = workers, 0.0, 0
        self._left: dict[str, Todo] = {}
        self._unknown = Counter[str]()
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._ratio: list[tuple[float, float]] = []  # seconds that ended runs took, and expected
        self.add(todo, later)

    @property
    def total(self) -> int:
        """Return how many runs there are, those included that may come later."""
        return self._begun + self._later

    def add(self, todo: Sequence[Todo], later: int) -> None:
        """Note runs that have come, and how many may come still."""
        self._left |= {item.spec.name: item for item in todo}
        self._known_s += sum(item.expected_s or 0.0 for item in todo)
        self._unknown.update(i.spec.template for i in todo if i.expected_s is None)
        self._begun, self._later = self._begun + len(todo), later

    def ended(self, name: str, seconds: float) -> None:
        """Note what a run took, from the moment a worker took it up."""
        item = self._left.pop(name)
        self._seconds[item.spec.template].append(seconds)
        if item.expected_s is None:
            self._unknown[item.spec.template] -= 1
        else:
            self._known_s -= item.expected_s
            self._ratio.append((seconds, item.expected_s))

    def left_s(self, active: Mapping[str, float]) -> float | None:
        """Return the expected seconds until the end; None if nothing is known yet.

        Parameters
        ----------
        active : mapping of str to float
            Seconds since each run that is not over was taken up.
        """
        if not self._left and not self._later:
            return 0.0
        # The first run of each worker waits for its imports, which no other does.
        ratio = self._ratio[self.workers if len(self._ratio) >= 3 * self.workers else 0 :]
        took, expected = map(sum, zip(*ratio, strict=True)) if ratio else (1.0, 1.0)
        slow = took / expected if expected else 1.0
        new = {template: number for template, number in self._unknown.items() if number}
        if new and not self._seconds:
            return None
        usual = fmean(s for each in self._seconds.values() for s in each) if new else 0.0
        likely = {t: fmean(self._seconds[t]) if t in self._seconds else usual for t in new}
        rest = {}
        for name, since in active.items():
            own = (item := self._left[name]).expected_s
            whole = likely[item.spec.template] if own is None else own * slow
            rest[name] = whole, max(0.0, whole - since)
        left = self._known_s * slow + sum(likely[t] * number for t, number in new.items())
        if self._later and self._seconds:
            left += self._later * fmean(s for each in self._seconds.values() for s in each)
        left -= sum(whole - remaining for whole, remaining in rest.values())
        return max(left / self.workers, *(remaining for _, remaining in rest.values()), 0.0)
