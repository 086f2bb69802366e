"""Results of shards in one folder: what each has finished, once, and what differs between them."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from math import isclose
from pathlib import Path

from fourfold.data.artifacts import SEARCH
from fourfold.data.kept import read_kept
from fourfold.models.artifacts import altered
from fourfold.plan.search import search_of
from fourfold.plan.spec import RunSpec, canonical
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.records.record import SKIPPED, RunRecord, cause, find_record
from fourfold.run.digests import VARIABLE, digest_now
from fourfold.run.fetch import FILES, Source, newest, take
from fourfold.run.fingerprint import Fingerprints, changed_parameters, digest_of_code
from fourfold.run.inputs import CHANGED
from fourfold.run.journal import NAME
from fourfold.run.searching import expanded
from fourfold.run.shard_note import Note, planned_as
from fourfold.run.shards import Costs, Shard, split
from fourfold.track.content import identity

_CLOCK_S = 60.0
_NAMES = 3


@dataclass
class Gathered:
    """What came of gathering.

    Attributes
    ----------
    new : list of RunRecord
        Results that were not there before.
    there : list of RunRecord
        All others.
    missing : list of str
        Runs that have no result.
    problems : list of str
        What differs between shards, and what is missing and why.
    remarks : list of str
        What should be known besides.
    """

    new: list[RunRecord] = field(default_factory=list)
    there: list[RunRecord] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class Gathering:
    """Gathers the results of shards into the outputs of a project, which must be held.

    Parameters
    ----------
    sources : sequence of Source
    planned, above : sequence of RunSpec
        The plan of now, and the runs of other configs that it follows.
    project : Project
    """

    def __init__(
        self,
        sources: Sequence[Source],
        planned: Sequence[RunSpec],
        above: Sequence[RunSpec],
        project: Project,
    ) -> None:
        self.sources, self.planned, self.above = sources, planned, above
        self.project, self.result = project, Gathered()
        self._read = Fingerprints(project.root)
        self._code = cache(lambda file: digest_of_code(self._read.template(file)))
        self._rejected: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._twice: list[str] = []
        self._versions: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._inputs: dict[str, dict[str, set[str]]] = {}
        self._latest: dict[str, float] = {}

    def gather(self) -> Gathered:
        """Take the best result of each run, and say what differs and what is missing."""
        self._compare_plans()
        specs = self._specs()
        for spec in specs.values():
            self._gather(spec)
        self._count_others(specs)
        self._say_differences()
        self._say_missing()
        self._compare_clocks()
        return self.result

    def _specs(self) -> dict[str, RunSpec]:
        """Return all runs by name; of a search, those of the shard that came furthest."""
        for spec in self.planned:
            if spec.search:
                self._take_search(spec.config)
        places = [Project(self.project.root, source.folder) for source in self.sources]
        plain = [spec for spec in self.planned if not spec.search]
        searches = [spec for spec in self.planned if spec.search]
        made = [run for place in places for run in expanded(searches, place)]
        return {spec.name: spec for spec in [*plain, *made]}

    def _take_search(self, config: str) -> None:
        target = self.project.outputs / config
        for source in self.sources:
            journal = source.run(config) / NAME
            with suppress(OSError):
                lines = journal.read_bytes()
                before = (target / NAME).read_bytes() if (target / NAME).exists() else b""
                head = lines.partition(b"\n")[0]
                further = len(before) > len(lines) and before.startswith(head)
                if further or (before == lines and read_kept(target / SEARCH).get("ended")):
                    continue
                target.mkdir(parents=True, exist_ok=True)
                for name in (SEARCH, "search.html", NAME):  # the journal last: it is compared
                    if (source.run(config) / name).exists():
                        shutil.copy2(source.run(config) / name, target / name)

    def _gather(self, spec: RunSpec) -> None:
        here = find_record(self.project.folder(spec.config, spec.run_id))
        own = None if here is None or self._differs(spec, here) else here
        results = list(self._results(spec))
        every: list[tuple[Source | None, RunRecord]] = [*results]
        every += [(None, own)] if own else []  # the last of those that began at the same time
        if not every:
            self.result.missing.append(spec.name)
            return
        source, record = _best(every)
        self._compare_results(spec, record, results)
        if source:
            taken = take(source, spec, self.project)
            if taken is None:
                self._rejected[source.label, "being written now"].append(spec.name)
                self.result.missing.append(spec.name)
                return
            self.result.new.append(taken)
        else:
            self.result.there.append(record)
        if record.status == "cancelled":
            self.result.missing.append(spec.name)

    def _results(self, spec: RunSpec) -> Iterator[tuple[Source, RunRecord]]:
        """Yield the results of a run that are whole and of the run as it is now."""
        for source in self.sources:
            folder = source.run(spec.name)
            record = find_record(folder)
            if record is None:
                if (folder / "record.json").exists():
                    self._rejected[source.label, "damaged"].append(spec.name)
                continue
            whole = all((folder / name).exists() for name in FILES) or record.status == SKIPPED
            if not whole or (record.ok and altered(folder, record)):
                self._rejected[source.label, "incomplete, to be copied again"].append(spec.name)
                continue
            if why := self._differs(spec, record):
                self._rejected[source.label, why].append(spec.name)
                continue
            yield source, record

    def _differs(self, spec: RunSpec, record: RunRecord) -> str:
        """Return why a result is not that of a run; empty if it is."""
        before, now = ({**each.parameters} for each in (record, spec))
        if canonical(before) != canonical(now):
            first = next(changed_parameters(before, now))
            return f"of another config ({first[0]} is {first[1]}, here {first[2]})"
        code = record.key.get("template")
        if record.template != spec.template or code not in (None, self._code(spec.template_file)):
            return f"of another template {spec.template} than the one here"
        return ""

    def _note(self, source: Source, record: RunRecord) -> None:
        """Note what a result was made with, for the comparison of shards."""
        packages = {**record.versions, **(record.key.get("packages") or {})}
        for name, version in packages.items():
            key = record.template, name.lower().replace("_", "-")
            self._versions.setdefault(key, {}).setdefault(version, set()).add(source.label)
        own = (source.note.outputs, shown(Path(source.note.outputs), Path(source.note.root)))
        for name, part in record.key.get("inputs", {}).items():
            apart = name.startswith((VARIABLE, *own)) or not part or part == CHANGED
            if not apart:
                self._inputs.setdefault(name, {}).setdefault(part, set()).add(source.label)
        latest = max(_began_s(record), self._latest.get(source.label, 0.0))
        self._latest[source.label] = latest

    def _compare_results(
        self, spec: RunSpec, best: RunRecord, results: Sequence[tuple[Source, RunRecord]]
    ) -> None:
        """Note where the result that counts comes from, and whether others of it say the same."""
        ran = {identity(record): (source, record) for source, record in reversed(results)}
        if identity(best) in ran:
            self._note(*ran[identity(best)])
        for source, record in ran.values():
            if best.ok and record.failed and _began_s(record) > _began_s(best):
                late = f"{source.label}: {spec.name} failed later than the result that counts"
                self.result.problems.append(f"{late}: {cause(record)}")
        good = [each for each in ran.values() if each[1].ok]
        if len(good) > 1:
            self._twice.append(spec.name)
            (first, record), *others = good
            for source, other in others:
                same = record.key == other.key
                for name in record.metrics if same else ():
                    one, two = (each.metrics.get(name) for each in (record, other))
                    if one and two and not _same(one.value, two.value):
                        text = f"{one.value!r} in {first.label}, {two.value!r} in {source.label}"
                        self.result.problems.append(f"{spec.name}: {name} differs: {text}")

    def _count_others(self, specs: Mapping[str, RunSpec]) -> None:
        known = {*specs, *(spec.name for spec in self.above)}
        searched = {spec.config for spec in [*self.planned, *self.above] if spec.search}
        for source in self.sources:
            runs = (path.parent for path in source.folder.glob("*/*/record.json"))
            names = [path.relative_to(source.folder).as_posix() for path in runs]
            others = [n for n in names if n not in known and n.partition("/")[0] not in searched]
            if others:
                text = f"{source.label}: left out, of no config here: {_listed(others)}"
                self.result.remarks.append(text)

    def _compare_plans(self) -> None:
        own = planned_as(self.planned, self.project.root, Costs.of(self.project.root))
        last = newest(self.sources).note.of
        sources = [source for source in self.sources if source.note.of == last]
        for part in own:
            plans = {source.label: source.note.plan.get(part, {}) for source in sources}
            for name in sorted({*own[part], *(name for plan in plans.values() for name in plan)}):
                values = {label: str(plan.get(name, "")) for label, plan in plans.items()}
                if text := _odd(f"{part} {name}".strip(), values, own[part].get(name, "")):
                    alike = len({*values.values()}) == 1
                    gentle = part == "durations" or (part == "Fourfold" and alike)
                    (self.result.remarks if gentle else self.result.problems).append(text)

    def _say_differences(self) -> None:
        result = self.result
        gone = set(result.missing)
        for (label, why), names in self._rejected.items():
            lines = result.remarks if gone.isdisjoint(names) else result.problems
            lines.append(f"{label}: left out, {why}: {_listed(names)}")
        for (template, name), versions in sorted(self._versions.items()):
            if len(versions) > 1:
                text = "; ".join(f"{v or 'none'} in {_labels(s)}" for v, s in versions.items())
                result.problems.append(f"package {name} of template {template}: {text}")
        for name, digests in sorted(self._inputs.items()):
            here = digest_now(name, self.project.root, self.project.upstream)
            values = {label: part for part, labels in digests.items() for label in sorted(labels)}
            if len(digests) > 1 or (here and here not in digests):
                text = _odd(f"data {name}", values, here or None)
                result.problems.append(text or f"data {name} changed while the shards ran")
        skipped = [r for r in (*result.new, *result.there) if r.status == SKIPPED]
        for reason, names in _by_reason(skipped).items():
            # A condition that does not hold is no fault; nor is what follows such a run.
            well = reason.startswith("when ") or reason.endswith("was skipped")
            line = f"{_listed(names)} skipped: {reason}"
            (result.remarks if well else result.problems).append(line)
        if self._twice:
            once = f"{_listed(self._twice)} executed more than once: the newest result counts"
            result.remarks.append(once)

    def _say_missing(self) -> None:
        result, last = self.result, newest(self.sources).note
        searched = {spec.config: spec.name for spec in self.planned if spec.search}
        gone = {searched.get(name.partition("/")[0], name) for name in result.missing}
        for spec in self.planned:  # a search has a result once it has come to its end
            if spec.search:
                kept = read_kept(self.project.outputs / spec.config / SEARCH)
                if not kept.get("ended") or kept.get("about") != str(search_of(spec)):
                    gone.add(spec.name)
                    result.missing.append(spec.name)
        if not gone:
            return
        notes = {s.note.shard: s.note for s in self.sources if s.note.of == last.of}
        owner = {name: number for number, note in notes.items() for name in note.runs}
        parts = split(self.planned, Costs.of(self.project.root), last.of)
        for number, specs in enumerate(parts, 1):
            # One that is here and does not have them was planned in another way.
            owner = {spec.name: number for spec in specs if number not in notes} | owner
        lost: dict[int, list[str]] = defaultdict(list)
        for name in sorted(gone):
            lost[owner.get(name, 0)].append(name)
        for number, names in sorted(lost.items()):
            shard = Shard(number, last.of)
            why = f"{_end(notes.get(number))}: fourfold run --shard {shard} goes on there"
            if not number:
                result.problems.append(f"of no shard that is here: {_listed(names)}")
            else:
                result.problems.append(f"shard {shard}: {_listed(names)} missing, {why}")

    def _compare_clocks(self) -> None:
        now = time.time()
        for source in self.sources:
            note = source.note
            ahead = max(note.began, note.ended, self._latest.get(source.label, 0.0)) - now
            if ahead > _CLOCK_S:
                text = f"its clock is ahead of the one here by {ahead:,.0f} s at least"
            elif abs(note.clock_s) > _CLOCK_S:
                side = "behind" if note.clock_s > 0 else "ahead of"
                text = f"its clock is {side} that of its files by {abs(note.clock_s):,.0f} s"
            else:
                continue
            self.result.remarks.append(f"{source.label} ({note.host}): {text}; times are its own")


def _by_reason(records: Iterable[RunRecord]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for record in records:
        reasons[record.reason].append(record.name)
    return reasons


def _best(
    results: Sequence[tuple[Source | None, RunRecord]],
) -> tuple[Source | None, RunRecord]:
    """Return the result of a run that counts: the newest, as if all had been executed here.

    But none that was cancelled, and no failure from the same inputs as an earlier good result: no
    command would have executed that again.
    """
    order = sorted(results, key=lambda each: (each[1].status != "cancelled", _began_s(each[1])))
    last = order[-1]
    if last[1].failed:
        for earlier in reversed(order):
            if earlier[1].ok and _is_again(last[1], earlier[1]):
                return earlier
    return last


def _is_again(failed: RunRecord, good: RunRecord) -> bool:
    """Say whether a run failed with all that an earlier one was made of."""
    before, now = good.key.get("inputs", {}), failed.key.get("inputs", {})
    same = all(before.get(name) == part for name, part in now.items() if part != CHANGED)
    return same and failed.key.get("library") in (None, good.key.get("library"))


def _began_s(record: RunRecord) -> float:
    with suppress(ValueError):
        return datetime.fromisoformat(record.started_at).timestamp()
    return 0.0


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-9)


def _odd(what: str, values: Mapping[str, str], here: str | None) -> str:
    """Return which shards have another value than most of them, or than is here; empty if none."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label, value in values.items():
        groups[value].append(label)
    if len(groups) == 1:
        same = here is None or here in groups
        return "" if same else f"{what}: all shards have another one than is here"
    usual = here if here in groups else max(groups, key=lambda value: len(groups[value]))
    odd = [label for value, labels in groups.items() if value != usual for label in labels]
    where = "than the others and the one here" if here in groups else "than most"
    return f"{_labels(odd)}: another {what} {where}"


def _labels(labels: Iterable[str]) -> str:
    listed = sorted(labels)
    more = f" and {len(listed) - _NAMES} others" if len(listed) > _NAMES else ""
    return ", ".join(listed[:_NAMES]) + more


def _listed(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _NAMES else ""
    return f"{count(len(names), 'run')} ({', '.join(names[:_NAMES])}{more})"


def _end(note: Note | None) -> str:
    if note is None:
        return "nothing of it is here"
    if not note.ended:
        began = datetime.fromtimestamp(note.began).astimezone().isoformat(" ", "minutes")
        return f"killed, or still running, on {note.host} since {began}"
    if note.code == 0:
        return "left out there by --only or --failed"
    return "it was stopped" if note.code == 130 else f"it ended with exit code {note.code}"
