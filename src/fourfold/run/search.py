"""A search: which setting is tried next, which is stopped, and how good the winner is.

Nothing here executes a run. Results are taken in the order in which their runs began, so that the
same results give the same search, whatever the number of workers and wherever it was interrupted.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import fmean
from typing import Any, NamedTuple

from fourfold.plan.axes import LARGEST
from fourfold.plan.search import Search, setting
from fourfold.plan.spec import canonical
from fourfold.records.evidence import Interval
from fourfold.run.drawing import Tpe, at_random
from fourfold.run.journal import Journal

Drawn = Mapping[str, Any]
_LEAST = 3
"""Runs of which there is an interval."""
_ATTEMPTS = 5
"""Draws of a setting that was tried before, after which the next is drawn at random."""


@dataclass
class Setting:
    """One setting of a search.

    Attributes
    ----------
    drawn : mapping
        As Optuna drew it.
    values : dict
        Of the parameters.
    scores : list of float
        The metric in each of its runs so far.
    fresh : list of float
        The metric in runs that confirm it.
    state : str
        ``open``, ``done``, ``stopped`` or ``failed``.
    """

    drawn: Drawn
    values: dict[str, Any]
    scores: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    state: str = "open"

    @property
    def mean(self) -> float:
        """Return the mean of its runs."""
        return fmean(self.scores)


class Try(NamedTuple):
    """One run of a search: a setting and which of its repeats, both from 0."""

    setting: int
    repeat: int


def interval(scores: Sequence[float]) -> Interval | None:
    """Return the mean of runs with its 95 % interval; None for fewer than three."""
    if len(scores) < _LEAST:
        return None
    import numpy as np

    from fourfold.methods.intervals import mean_interval

    return mean_interval(np.array(scores))


Propose = Callable[[Sequence[Setting], int], Drawn]


class Race:
    """The course of a search.

    A setting is stopped when the interval of its runs lies wholly on the wrong side of that of
    the setting that is best so far: a race of Maron & Moore, "Hoeffding races", NIPS 6
    (1994), p. 59, by Student's intervals with Johnson's correction.

    Parameters
    ----------
    search : Search
    journal : Journal, optional
    propose : callable, optional
        Draws the next setting from those so far, and the number of the attempt, from 0; by
        default `fourfold.run.drawing.Tpe`.
    """

    def __init__(
        self, search: Search, journal: Journal | None = None, propose: Propose | None = None
    ) -> None:
        self.search, self.journal = search, journal or Journal()
        self.settings: list[Setting] = []
        self.tries: list[Try] = []
        self.lost = 0  # fresh runs that failed
        self._propose, self._at_random = propose or Tpe(search), partial(at_random, search)
        self._sign = 1 if search.direction == "maximize" else -1
        self._open: deque[Try] = deque()
        self._results: dict[Try, float | None] = {}
        self._begun = Counter[int]()
        self._known: set[str] = set()
        self._confirming = False

    @property
    def best(self) -> Setting | None:
        """Return the best setting of those with all their runs; None before there is one."""
        done = [each for each in self.settings if each.state == "done"]
        return max(done, key=lambda each: self._sign * each.mean, default=None)

    @property
    def ended(self) -> bool:
        """Say whether nothing is left to do."""
        return not self._open and not self._more() and (self._confirming or not self._to_confirm())

    @property
    def left(self) -> int:
        """Return how many runs begin later if no setting is stopped, as far as that is known."""
        search, begun = self.search, enumerate(self.settings)
        left = sum(search.repeats - self._begun[n] for n, each in begun if each.state == "open")
        if self._more() and search.settings < math.inf:
            left += int(search.settings - len(self.settings)) * search.repeats
        return left + (0 if self._confirming else search.confirm)

    def values(self, run: Try) -> dict[str, Any]:
        """Return the values of all parameters that a run has of its own."""
        return self.search.values_at(self.settings[run.setting].values, run.repeat)

    def due(self) -> list[Try]:
        """Return runs that should begin now: settings as there is room, in the end the winner's."""
        new: list[Try] = []
        while len(self._open) + len(new) < self.search.at_once and self._more():
            number = len(self.settings)
            if number == len(self.journal.drawn):
                self.journal.draw(self._drawn())
            drawn = self.journal.drawn[number]
            values = setting(self.search, drawn)
            self.settings.append(Setting(drawn, values))
            self._known.add(canonical(values))
            new += [Try(number, each) for each in range(min(_LEAST, self.search.repeats))]
        if not new and not self._open and not self._confirming and self._to_confirm():
            self._confirming = True
            winner = next(n for n, each in enumerate(self.settings) if each is self.best)
            repeats = range(self.search.repeats, self.search.repeats + self.search.confirm)
            new = [Try(winner, each) for each in repeats]
        return self._begin(new)

    def tell(self, run: Try, score: float | None) -> list[Try]:
        """Take the result of a run, None if it failed; return the runs that should begin now."""
        self._results[run] = score if score is not None and abs(score) <= LARGEST else None
        new: list[Try] = []
        while self._open and self._open[0] in self._results:
            ended = self._open.popleft()
            new += self._begin(self._after(ended, self._results.pop(ended)))
            new += self.due()
        return new

    def _begin(self, runs: list[Try]) -> list[Try]:
        self._open += runs
        self.tries += runs
        self._begun.update(run.setting for run in runs)
        return runs

    def _more(self) -> bool:
        """Say whether another setting is tried: one of the journal, or while time is left."""
        number, hours = len(self.settings), self.search.hours
        late = hours is not None and self.journal.spent_s >= 3600 * hours
        return number < self.search.settings and (number < len(self.journal.drawn) or not late)

    def _to_confirm(self) -> bool:
        return bool(self.search.confirm and self.best)

    def _drawn(self) -> Drawn:
        for attempt in count():
            draw = self._propose if attempt < _ATTEMPTS else self._at_random
            drawn = draw(self.settings, attempt)
            if canonical(setting(self.search, drawn)) not in self._known:
                break
        return drawn

    def _after(self, run: Try, score: float | None) -> list[Try]:
        """Return the next run of a setting whose run has ended, if it should have one."""
        tried = self.settings[run.setting]
        if run.repeat >= self.search.repeats:
            tried.fresh += [] if score is None else [score]
            self.lost += score is None
        elif tried.state == "open":
            if score is None:
                tried.state = "failed"
                return []
            tried.scores.append(score)
            if len(tried.scores) == self.search.repeats:
                tried.state = "done"
            elif self._is_worse(tried):
                tried.state = "stopped"
            elif run.repeat >= _LEAST - 1:
                return [Try(run.setting, run.repeat + 1)]
        return []

    def _is_worse(self, tried: Setting) -> bool:
        if len(tried.scores) < _LEAST:
            return False
        rivals = [e for e in self.settings if len(e.scores) >= _LEAST and e.state != "failed"]
        best = max(rivals, key=lambda each: self._sign * each.mean)
        own, other = interval(tried.scores), interval(best.scores)
        assert own is not None
        assert other is not None
        return own.high < other.low if self._sign > 0 else own.low > other.high

    @property
    def optimism(self) -> float | None:
        """Return by how much the winner looked better in the search than in its fresh runs."""
        best = self.best
        return self._sign * (best.mean - fmean(best.fresh)) if best and best.fresh else None


def carry_out(race: Race, evaluate: Callable[[dict[str, Any]], float | None]) -> Race:
    """Carry a search out with a function that gives the metric of a setting; return its course."""
    runs = deque(race.due())
    while runs:
        run = runs.popleft()
        runs += race.tell(run, evaluate(race.values(run)))
    return race
