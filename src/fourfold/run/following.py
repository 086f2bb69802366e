"""Runs that follow others: each is chosen, or skipped with the reason, when those have ended."""

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter

from fourfold.data.artifacts import artifacts_in, names_at, read_artifact, run_named
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, write_text
from fourfold.records.record import SKIPPED, RunRecord, find_record, write_record
from fourfold.run.fingerprint import UNSURE
from fourfold.run.searching import winner_of
from fourfold.run.selection import Choice, Known, Todo, choose

_ENDS = {"cancelled": "was cancelled", "killed": "was killed", "timed_out": "timed out"}
_MOST_REASONS = 2


@dataclass(frozen=True)
class _State:
    """A run, or all runs of a config, for those that follow it.

    `wrong` says why its result cannot be taken, empty if it can. Then it is `quiet` if its own
    condition did not hold, and `open` if it has not been started; `run` is which of a config.
    """

    verdicts: frozenset[str] = frozenset()
    wrong: str = ""
    quiet: bool = False
    open: bool = False
    run: str = ""


class Following:
    """The runs of a command in the order in which they follow one another.

    Parameters
    ----------
    specs : sequence of RunSpec
        Runs that are asked for.
    others : iterable of RunSpec
        Runs that these may follow; of those that are not asked for the present result counts.
    project : Project
    known : Known
        Of the command.
    choice : Choice
        Takes the runs to execute, and the results that stand.
    force, failed : bool
        As for `choose`.
    dry : bool
        Change nothing on disk.
    searching : collection of str
        Configs whose search is carried out: `take` says when it has ended.

    Attributes
    ----------
    skipped : list of RunRecord
    blocked : bool
        Whether a run was skipped because of anything else than a condition.
    not_started : int
        Runs that were not chosen before the batch ended.
    """

    def __init__(
        self,
        specs: Sequence[RunSpec],
        others: Iterable[RunSpec],
        project: Project,
        known: Known,
        choice: Choice,
        force: bool = False,
        failed: bool = False,
        dry: bool = False,
        searching: Collection[str] = (),
    ) -> None:
        self.project, self.known, self.choice = project, known, choice
        self.force, self.failed, self.dry = force, failed, dry
        self.skipped: list[RunRecord] = []
        self.blocked, self.not_started, self._ended = False, 0, False
        self._asked = {spec.name: spec for spec in specs}
        self._specs = {spec.name: spec for spec in others} | self._asked
        self._places = {name: place for place, name in enumerate(self._specs)}
        self._states: dict[str, _State] = {}
        self._running: set[str] = set()
        self._searching = set(searching)
        runs: dict[str, list[str]] = {}
        searches = {spec.config: spec.name for spec in self._specs.values() if spec.search}
        for spec in self._specs.values():
            if searches.get(spec.config, spec.name) == spec.name:
                runs.setdefault(spec.config, []).append(spec.name)
        self._sorter: TopologicalSorter[str] = TopologicalSorter()
        self._runs: dict[str, list[str]] = {}
        queue, seen = [*self._asked], set(self._asked)
        while queue:
            name = queue.pop()
            if name in self._specs:
                before: Sequence[str] = self._specs[name].after
            else:  # all runs of a config
                before = self._runs[name] = runs[name]
            self._sorter.add(name, *before)
            queue += [each for each in before if each not in seen]
            seen.update(before)
        self._followed = {name for each in self._specs.values() for name in each.after}
        self._sorter.prepare()

    @property
    def left(self) -> int:
        """Return how many runs may be chosen later."""
        return len(self._asked) - len(self._asked.keys() & (self._states.keys() | self._running))

    def waiting(self) -> list[tuple[str, str]]:
        """Return the runs that may be chosen later, and a run or config that each waits for."""
        return [
            (name, next(each for each in spec.after if each not in self._states))
            for name, spec in self._asked.items()
            if name not in self._states and name not in self._running
        ]

    def begin(self) -> None:
        """Choose the runs that need not wait."""
        self.choice.todo.extend(self._proceed())

    def after(self, record: RunRecord) -> list[Todo]:
        """Return the runs to execute after a run has ended."""
        if record.name not in self._running:
            return []
        self._running.remove(record.name)
        wrong = "" if record.ok else _ENDS.get(record.status, record.status)
        self._settle(record.name, _State(frozenset([record.verdict]), wrong))
        if not self._followed & {record.name, record.config}:
            return []
        self.known.fingerprints.forget()
        return self._proceed()

    def take(self, ended: Iterable[str]) -> list[Todo]:
        """Return the runs to execute after searches of these configs have ended."""
        for config in self._searching.intersection(ended):
            self._searching.remove(config)
            name = f"{config}/default"
            if name in self._running:
                self._running.remove(name)
                self.known.fingerprints.forget()
                self._settle(name, self._present(self._specs[name]))
        return self._proceed()

    def finish(self, records: Iterable[RunRecord]) -> None:
        """Skip what can no longer be executed since a run did not end well; count the rest."""
        self._ended = True
        for record in records:
            self.after(record)
        for name in sorted(self._running):
            self._running.remove(name)
            wrong = "has not ended" if self._specs[name].search else "has not been started"
            self._settle(name, _State(wrong=wrong, open=True))
        self._proceed()

    def _settle(self, name: str, state: _State) -> None:
        self._states[name] = state
        self._sorter.done(name)

    def _proceed(self) -> list[Todo]:
        todo: list[Todo] = []
        while ready := self._sorter.get_ready():
            able: list[RunSpec] = []
            for name in sorted(ready, key=lambda name: self._places.get(name, 0)):
                if name not in self._specs:
                    self._settle(name, self._of_config(name))
                    continue
                spec, asked = self._specs[name], name in self._asked
                if spec.config in self._searching and spec.search:
                    self._running.add(name)
                    continue
                obstacle = self._obstacle(spec)
                if obstacle and asked and not self._is_left_out(spec):
                    self._skip(spec, obstacle)
                elif obstacle:
                    wrong = f"is to be skipped ({obstacle.wrong})"
                    self._settle(name, replace(obstacle, wrong=wrong))
                elif asked:
                    able.append(spec)
                else:
                    self._settle(name, self._present(spec))
            todo += self._chosen(able)
        return todo

    def _is_left_out(self, spec: RunSpec) -> bool:
        """Say whether ``--failed`` leaves a run out."""
        record = find_record(self.project.folder(spec.config, spec.run_id)) if self.failed else None
        return self.failed and not (record and (record.failed or record.status == SKIPPED))

    def _of_config(self, name: str) -> _State:
        states = [self._states[run] for run in self._runs[name]]
        verdicts = frozenset(verdict for state in states for verdict in state.verdicts)
        bad = [(run, s) for run, s in zip(self._runs[name], states, strict=True) if s.wrong]
        if not bad:
            return _State(verdicts)
        run, first = bad[0]
        return replace(first, verdicts=verdicts, run=run)

    def _obstacle(self, spec: RunSpec) -> _State | None:
        """Return why a run cannot be executed, by what it follows; None if it can."""
        for name in spec.after:
            state = self._states[name]
            shown = (state.run or name).removesuffix("/default")
            if state.wrong:
                wrong = f"follows {shown}, which {state.wrong}"
                return _State(wrong=wrong, quiet=state.quiet, open=state.open)
            wanted = spec.when.get(name)
            if wanted and (others := sorted(state.verdicts.difference(wanted))):
                words = f"when {shown} is {' or '.join(wanted)}; it is {' and '.join(others)}"
                return _State(wrong=words, quiet=True)
        for artifact in map(read_artifact, artifacts_in(spec.own)):
            if not os.path.exists(artifact.path(self.project.upstream)):
                run = run_named(artifact.run, self.project.upstream)
                made = names_at(self.project.upstream / run / "artifacts")
                listed = ", ".join(made) or "nothing"
                wrong = f"takes {artifact.name} of {artifact.run}, which has made {listed}"
                return _State(wrong=wrong)
        return None

    def _present(self, spec: RunSpec) -> _State:
        """Return the state of a run that is not executed now, by its result on disk."""
        if spec.search:
            winner = winner_of(spec, self.project)
            if winner is None:
                return _State(wrong=f"has found no winner yet: run {spec.config_file} as well")
            spec = winner
        record = find_record(self.project.folder(spec.config, spec.run_id))
        choice = choose([spec], self.project, known=self.known)
        why = [each for item in choice.todo for each in item.why if not each.endswith(UNSURE)]
        if record and record.status == SKIPPED:
            why = [f"last time: {SKIPPED}"]
        if not why:
            known = choice.unchanged[0] if choice.unchanged else record
            return _State(frozenset([known.verdict] if known else []))
        if why == ["not run yet"]:
            wrong = "has not run yet"
        elif why[0].startswith("last time: "):
            wrong = f"ended {why[0].removeprefix('last time: ')} last time"
        else:
            wrong = f"is not up to date ({'; '.join(why[:_MOST_REASONS])})"
        return _State(wrong=f"{wrong}: run {spec.config_file} as well")

    def _chosen(self, specs: list[RunSpec]) -> list[Todo]:
        if self._ended:
            self.not_started += len(specs)
            for spec in specs:
                self._settle(spec.name, _State(wrong="has not been started", open=True))
            return []
        choice = choose(specs, self.project, self.force, self.failed, known=self.known)
        if choice.kept and not self.dry:
            from fourfold.run.kept import keep

            keep(choice.kept, self.project)
        self.choice.kept.extend(choice.kept)
        self.choice.unchanged.extend(choice.unchanged)
        self._running |= {item.spec.name for item in choice.todo}
        verdicts = {record.name: record.verdict for record in choice.unchanged}
        for spec in specs:
            if spec.name not in self._running:
                state = _State(frozenset([verdicts.get(spec.name, "")]))
                self._settle(spec.name, self._present(spec) if self.failed else state)
        return choice.todo

    def _skip(self, spec: RunSpec, state: _State) -> None:
        if state.open:
            self.not_started += 1
        else:
            self.blocked |= not state.quiet
            self.skipped.append(_record(spec, state.wrong))
            if not self.dry:
                with suppress(OSError):  # a full disk, which ends the batch by itself
                    keep_skipped(self.skipped[-1], self.project)
        wrong = state.wrong if state.open else "was skipped"
        self._settle(spec.name, _State(wrong=wrong, quiet=state.quiet, open=state.open))


def _record(spec: RunSpec, reason: str) -> RunRecord:
    return RunRecord(
        config=spec.config,
        run_id=spec.run_id,
        template=spec.template,
        status=SKIPPED,
        parameters=dict(spec.parameters),
        varied=list(spec.varied),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=0.0,
        reason=reason,
    )


def keep_skipped(record: RunRecord, project: Project) -> None:
    """Write the record and page of a skipped run; an earlier good result stays in both, unshown.

    It comes back from there as soon as the run is due and nothing has changed.
    """
    from fourfold.report.report import write_skipped
    from fourfold.run.prepare import as_yaml

    folder = project.folder(record.config, record.run_id)
    before = find_record(folder)
    if before and before.status == SKIPPED and before.reason == record.reason:
        return
    former = before.former if before and before.status == SKIPPED else {}
    if before and before.ok:
        former = asdict(before)
    folder.mkdir(parents=True, exist_ok=True)
    # First what shows the old result least: a kill in between leaves no good record.
    record = replace(record, former=former)
    write_record(record, folder / "record.json")
    if not former:
        write_text(folder / "params.yaml", as_yaml(record.parameters))
    write_skipped(folder, record)
