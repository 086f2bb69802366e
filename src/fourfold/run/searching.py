"""Searches that a command carries out: their runs are those of any config, found by their records.

The course of a search follows from the settings in its journal and the records of its runs, so a
search that was killed, or is asked for again, executes only what has no result.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from fourfold.data.artifacts import SEARCH, run_named
from fourfold.data.kept import read_kept
from fourfold.plan.search import fits, id_of, run_of, search_of, setting
from fourfold.plan.spec import RunSpec, digest
from fourfold.project import Project, no_room
from fourfold.records.evidence import BUSINESS
from fourfold.records.record import RunRecord
from fourfold.report.search import write_search
from fourfold.run.journal import NAME, Journal
from fourfold.run.search import Race, Try, interval
from fourfold.run.selection import Choice, Known, Todo, choose


def journal_of(spec: RunSpec, project: Project) -> Journal:
    """Return the journal of a search; empty if it is of another one.

    Another number of settings, hours or repeats does not make it another one.
    """
    own = {name: value for name, value in spec.parameters.items() if name not in BUSINESS}
    ends = ("trials", "hours", "repeat", "confirm", "at_once")
    block = {name: value for name, value in spec.search.items() if name not in ends}
    identity = digest([spec.template_file, own, block, list(spec.search.get("repeat", {}))])
    fit = partial(fits, search_of(spec))
    return Journal(project.outputs / spec.config / NAME, identity, fit)


def expanded(specs: Sequence[RunSpec], project: Project) -> list[RunSpec]:
    """Return the runs of a plan; of a search those that it has made so far."""
    return [run for spec in specs for run in (_made(spec, project) if spec.search else [spec])]


def _made(spec: RunSpec, project: Project) -> Iterator[RunSpec]:
    folders: set[str] = set()
    with suppress(OSError):
        folders = set(os.listdir(project.outputs / spec.config))
    search = search_of(spec)
    for drawn in journal_of(spec, project).drawn if folders else ():
        values = setting(search, drawn)
        for repeat in range(search.repeats + search.confirm):
            own = search.values_at(values, repeat)
            if id_of(own) in folders:
                yield run_of(spec, own)


def forget_searches(specs: Sequence[RunSpec], outputs: Path) -> None:
    """Remove what searches came to whose configs search no longer: they are runs of their own."""
    for spec in specs:
        if not spec.search:
            with suppress(NotADirectoryError):  # its runs fail, each alone
                (outputs / spec.config / SEARCH).unlink(missing_ok=True)


def winner_of(spec: RunSpec, project: Project) -> RunSpec | None:
    """Return the run by which a search is followed; None if it has not ended as it is now."""
    said = read_kept(project.outputs / spec.config / SEARCH)
    name = run_named(f"{spec.config}/default", project.outputs)
    if said.get("about") == str(search_of(spec)) and said.get("ended"):
        return next((run for run in _made(spec, project) if run.name == name), None)
    return None


class Searching:
    """A search that a batch carries out.

    Parameters
    ----------
    spec : RunSpec
        Of the config.
    project : Project
    known : Known
        Of the command.
    choice : Choice
        Takes its runs that are not executed again.
    force : bool
        Begin it anew, and execute what is unchanged as well.
    """

    def __init__(
        self, spec: RunSpec, project: Project, known: Known, choice: Choice, force: bool = False
    ) -> None:
        self.spec, self.project, self.known, self.force = spec, project, known, force
        self.choice = choice
        self.search = search_of(spec)
        journal = journal_of(spec, project)
        if force:
            journal.clear()
        self.race = Race(self.search, journal)
        self._tries: dict[str, Try] = {}
        self._since = time.monotonic()

    @property
    def ids(self) -> list[str]:
        """Return its runs so far, in the order in which they began."""
        return [run_id.partition("/")[2] for run_id in self._tries]

    def begin(self) -> list[Todo]:
        """Return the runs to execute first."""
        self._since = time.monotonic()
        return self._chosen(self.race.due())

    def after(self, record: RunRecord) -> list[Todo]:
        """Return the runs to execute after one of its runs has ended."""
        now = time.monotonic()
        self.race.journal.spend(now - self._since)
        self._since = now
        return self._chosen(self._told(record))

    def _told(self, record: RunRecord) -> list[Try]:
        metric = record.metrics.get(self.search.metric) if record.ok else None
        return self.race.tell(self._tries[record.name], metric.value if metric else None)

    def _chosen(self, tries: list[Try]) -> list[Todo]:
        """Return which of these runs must be executed; results that are there lead to others."""
        todo: list[Todo] = []
        waiting = deque(tries)
        while waiting:
            run = waiting.popleft()
            spec = run_of(self.spec, self.race.values(run))
            self._tries[spec.name] = run
            choice = choose([spec], self.project, self.force, known=self.known)
            if choice.kept:
                from fourfold.run.kept import keep

                keep(choice.kept, self.project)
            todo += choice.todo
            for record in choice.unchanged:
                self.choice.unchanged.append(record)
                waiting += self._told(record)
        return todo

    def _winner(self) -> str:
        """Return the run that those take which follow: the first that confirms the winner.

        It was not chosen by its own score. Where nothing confirms, it is the winner's first.
        """
        first = self.search.repeats if self.search.confirm else 0
        own = ((id, run) for id, run in zip(self.ids, self._tries.values(), strict=True))
        winner = next(n for n, each in enumerate(self.race.settings) if each is self.race.best)
        runs = {run.repeat: id for id, run in own if run.setting == winner}
        return runs.get(first, "")

    def result(self) -> dict[str, Any]:
        """Return what the search has come to, as plain JSON values."""
        search, race = self.search, self.race
        runs: dict[int, list[str]] = {}
        for run_id, run in zip(self.ids, self._tries.values(), strict=True):
            runs.setdefault(run.setting, []).append(run_id)
        settings = [
            {
                "values": each.values,
                "state": each.state,
                "runs": runs[number],
                "scores": each.scores,
                "mean": each.mean if each.scores else None,
                "interval": _ends(each.scores),
            }
            for number, each in enumerate(race.settings)
        ]
        best = race.best
        winner = None
        if best:
            fresh = {
                "scores": best.fresh,
                "mean": fmean(best.fresh) if best.fresh else None,
                "interval": _ends(best.fresh),
                "failed": race.lost,
            }
            winner = {
                "setting": race.settings.index(best),
                "values": best.values,
                "run": self._winner(),
                "estimate": best.mean,
                "confirmed": fresh,
                "optimism": race.optimism,
            }
        return {
            "config": self.spec.config,
            "template": self.spec.template,
            **{n: value for n, value in asdict(search).items() if value is not None},
            "about": str(search),
            "ended": race.ended,
            "hours_spent": round(race.journal.spent_s / 3600, 4),
            "runs": len(race.tries),
            "winner": winner,
            "settings": settings,
        }


def _ends(scores: Sequence[float]) -> list[float] | None:
    known = interval(scores)
    return [known.low, known.high] if known else None


class Searches:
    """The searches of a command; their runs share its batch.

    Parameters
    ----------
    specs : sequence of RunSpec
        Of configs with a search.
    project, known, choice, force
        As for `Searching`; their first runs are added to the choice.
    """

    def __init__(
        self,
        specs: Sequence[RunSpec],
        project: Project,
        known: Known,
        choice: Choice,
        force: bool = False,
    ) -> None:
        self.project = project
        own = project, known, choice, force
        self._of = {spec.config: Searching(spec, *own) for spec in specs}
        self.ended: list[str] = []
        for name, each in self._of.items():
            choice.todo.extend(each.begin())
            self._end(name)

    @property
    def at_once(self) -> int:
        """Return how many of their later runs may be under way at a time."""
        return sum(min(each.search.at_once, each.race.left) for each in self._of.values())

    @property
    def left(self) -> int:
        """Return how many of their runs begin later, if no setting is stopped."""
        return sum(each.race.left for each in self._of.values())

    def after(self, record: RunRecord) -> list[Todo]:
        """Return the runs to execute after a run has ended; none if it is of no search."""
        if record.config not in self._of:
            return []
        try:
            todo = self._of[record.config].after(record)
            self._end(record.config)
            return todo
        except OSError as error:
            if not no_room(error):
                raise
            return []  # the next command goes on

    def _end(self, config: str) -> None:
        """Write what a search has come to as soon as it has, for runs that follow it."""
        if self._of[config].race.ended and config not in self.ended:
            write_search(self.project.outputs / config, self._of[config].result())
            self.ended.append(config)

    def keep_runs(self) -> None:
        """Note which runs each search has made, for the table and the page of all runs."""
        from fourfold.report.overview import keep_runs

        keep_runs(self.project.outputs, {name: each.ids for name, each in self._of.items()})

    def results(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the folder of each search, and what it has come to."""
        for name, each in self._of.items():
            yield self.project.outputs / name, each.result()
