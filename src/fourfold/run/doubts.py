"""Runs that a watch need not execute again: nothing was saved since it executed them itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec, canonical
from fourfold.project import Project
from fourfold.records.record import RunRecord
from fourfold.run.fingerprint import UNSURE, Fingerprint, Fingerprints
from fourfold.run.inputs import CHANGED

if TYPE_CHECKING:
    from fourfold.run.selection import Todo

_BAD = tuple(f"last time: {status}" for status in ("failed", "killed", "timed_out"))


def _doubtful(why: Sequence[str]) -> bool:
    """Say whether reasons are no more than that a result is bad, or not certain to be of now."""
    return all(each.endswith((UNSURE, CHANGED)) or each in _BAD for each in why)


class Doubts:
    """What became of runs whose results `fourfold run` would not leave as they are.

    A run that failed, that reads a server, or that changes what it reads is due for each command;
    to a watch it is due once more after something that it reads has been saved.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Fingerprint, bool]] = {}
        self._again: set[str] = set()

    def settled(self, spec: RunSpec, now: Fingerprint, why: Sequence[str]) -> bool:
        """Say whether a run is not executed in spite of these reasons.

        Parameters
        ----------
        spec : RunSpec
        now : Fingerprint
            With what its last execution has read, as that is now.
        why : sequence of str
            As `fourfold.run.selection.choose` has them.
        """
        if not _doubtful(why) or spec.name not in self._known:
            return False
        parameters, after, certain = self._known[spec.name]
        return certain and parameters == canonical(spec.parameters) and now == after

    def take(self, todo: Sequence[Todo], records: Sequence[RunRecord], project: Project) -> None:
        """Take the records of runs that have ended.

        A result of inputs that changed while it ran is due again; once that has happened twice in
        a row without any other reason, the run has changed them itself.

        Parameters
        ----------
        todo : sequence of Todo
        records : sequence of RunRecord
            Of those of them that ended.
        project : Project
        """
        fingerprints = Fingerprints(project.root, project.upstream)
        items = {item.spec.name: item for item in todo}
        for record in records:
            if (item := items.get(record.name)) is None:
                continue
            moved = CHANGED in record.key.get("inputs", {}).values()
            certain = not moved or (record.name in self._again and _doubtful(item.why))
            (self._again.add if moved else self._again.discard)(record.name)
            with suppress(FourfoldError, OSError):  # the next plan says what is wrong
                after = fingerprints.of(item.spec, record.key)
                # As the run had them: something may have been saved since.
                read = record.key.get("inputs", {}).items()
                inputs = {name: digest for name, digest in read if digest not in (None, CHANGED)}
                template = record.key.get("template", after.template)
                after = replace(after, template=template, inputs={**after.inputs, **inputs})
                self._known[record.name] = canonical(item.spec.parameters), after, certain
