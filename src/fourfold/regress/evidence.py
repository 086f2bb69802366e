"""Evidence of what varies by itself: the reference's own code, executed once more, elsewhere."""

import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fourfold.data.kept import read_kept
from fourfold.project import write_text
from fourfold.records.ipynb import tags, text
from fourfold.regress.case import INJECTED, Case, Pair
from fourfold.regress.compare.outputs import Outputs, compare_outputs
from fourfold.regress.compare.text import Again
from fourfold.regress.job import Job

VARIES = "varies"
"""Place of the second execution of a reference: in ``metadata.fourfold`` of a cell that varies."""

_USUAL = 3
# Two elements of a set stand in the same order in every second process.
_OF_ORDER = 7
_MOST_S = 40.0
_MOST_NEIGHBOURS = 500
_LARGEST = 100_000
_ELSEWHEN = "--InteractiveShellApp.extra_extensions=fourfold.regress.elsewhen"
# An option that a warm kernel does not have makes it a cold one, of its own hash seed.
_COLD = "--InteractiveShellApp.exec_PYTHONSTARTUP=True"


@dataclass
class Evidence:
    """Further executions of a reference's code, made when they are asked for.

    `job` is the execution that is tested, and `kept` the file that holds what earlier tests found
    out.
    """

    case: Case
    job: Job
    kept: Path
    runs: list[Mapping[str, Outputs]] = field(default_factory=list)
    spent_s: float = 0.0

    def of(self, pair: Pair, after: Outputs, order: bool) -> Iterator[Again]:
        """Yield ever more evidence about a cell, until there is none or it would take too long.

        First what the reference keeps, then what an earlier test found out, then new executions.

        Parameters
        ----------
        pair : Pair
            The cell.
        after : sequence of outputs
            What it gave today.
        order : bool
            Whether it may be no more than another order.
        """
        stored = pair.stored or {}
        if again := stored.get("metadata", {}).get("fourfold", {}).get(VARIES):
            yield Again((again,), "before")
        most = _OF_ORDER if order else _USUAL
        name, known = self._key(pair), self._known()
        earlier = known.get(name)
        if earlier and isinstance(earlier, list):
            yield Again(tuple(earlier), "own")
            like = Again(tuple(earlier[1:]), "before")
            if len(earlier) > most and not compare_outputs(earlier[0], after, again=like):
                return  # these are executions like today's, and the reference is not
        own = self.same_code()
        number = 0
        while number < most:
            if number == len(self.runs):
                if self.spent_s > _MOST_S:
                    break
                self.run()
            number += 1
            others = [run[pair.key] for run in self.runs[:number] if pair.key in run]
            if others and not own and not compare_outputs(stored.get("outputs", []), others[-1]):
                return  # the reference's code gives the reference, so it is the new code
            if len(others) + own > 1:
                self._keep(name, [after, *others] if own else others)
                yield Again(tuple(others), "after" if own else "own")

    def run(self) -> None:
        """Execute the code once more: by turns in another folder at another time, and here."""
        if self.job.begun:
            self.job.finish()  # both may write the same files
        began, number = time.monotonic(), len(self.runs)
        case = replace(self.case, spec=None)
        here = self.case.root if self.case.spec else self.case.path.resolve().parent
        env = {**self.job.env, "PYTHONHASHSEED": str(number + 1)}
        options = [_COLD] if number % 2 else [_COLD, _ELSEWHEN]
        away = Path(tempfile.mkdtemp(prefix="fourfold-", dir=_far_from(here)))
        if number == 0:
            with suppress(OSError):
                here = mirrored(here, away / "w0", self.job.started)
                home = mirrored(Path.home(), away / "h0")
                env |= {"TMPDIR": str(away), "HOME": str(home)}
        job = Job(case, self.job.limits, self.job.kernel, env, self._marks(), here, options)
        job.run(lambda: 0)
        executed = job.finish()
        cells = executed.cells if executed else []
        reached = job.failure.cell - 1 if job.failure else len(cells)
        ids = {id(cell): index for index, cell in enumerate(self.case.stored["cells"])}
        places = {pair.key: ids[id(pair.stored)] for pair in self.case.pairs() if pair.stored}
        outputs = {
            key: json.loads(json.dumps(cells[index].outputs))
            for key, index in places.items()
            if index < reached
        }
        self.runs.append(outputs)
        shutil.rmtree(away, ignore_errors=True)
        self.spent_s += time.monotonic() - began

    def _marks(self) -> dict[int, Sequence[str]]:
        """Return the marks of the tested cells, by their place in the reference."""
        ids = {id(cell): index for index, cell in enumerate(self.case.stored["cells"])}
        return {
            ids[id(pair.stored)]: self.job.marks[pair.index]
            for pair in self.case.pairs()
            if pair.stored and pair.current and pair.index in self.job.marks
        }

    def same_code(self) -> bool:
        """Say whether what is tested is the reference's own code, with its own parameters."""
        if self.case.spec is None:
            return True
        return not self.case.changed and all(
            pair.stored
            and pair.current
            and (INJECTED in tags(pair.current) or text(pair.stored) == text(pair.current))
            for pair in self.case.pairs()
        )

    def _key(self, pair: Pair) -> str:
        """Return what names a cell of this code with these outputs."""
        cells = (cell for cell in self.case.stored["cells"] if cell["cell_type"] == "code")
        parts = [pair.key, [text(cell) for cell in cells], (pair.stored or {}).get("outputs")]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    def _known(self) -> dict[str, list[Outputs]]:
        return read_kept(self.kept)

    def _keep(self, name: str, executions: Sequence[Outputs]) -> None:
        keys = {self._key(pair) for pair in self.case.pairs()}
        known = {key: value for key, value in self._known().items() if key in keys}
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.kept, json.dumps({**known, name: executions}))


def _far_from(folder: Path) -> str:
    """Return where temporary folders may be whose paths begin otherwise."""
    usual = tempfile.gettempdir()
    known = (usual, "/var/tmp", "/dev/shm")
    far = (p for p in known if Path(p).parts[:2] != folder.parts[:2] and os.access(p, os.W_OK))
    return next(far, usual)


def mirrored(folder: Path, to: Path, since: float = math.inf) -> Path:
    """Return another folder with the same content, by links; what is beside it is there as well.

    What was written `since` is left out, for it is what the notebook itself wrote.

    Parameters
    ----------
    folder : Path
        Of the notebook.
    to : Path
        Where the new one will be.
    """
    moved = to / "x1" / "y2"
    moved.mkdir(parents=True)
    neighbours = [*folder.parent.iterdir()]
    for entry in neighbours if len(neighbours) <= _MOST_NEIGHBOURS else [folder]:
        if entry.name != moved.name:
            (moved.parent / entry.name).symlink_to(entry)
    for entry in folder.iterdir():
        if not (entry.is_file() and entry.stat().st_mtime >= since):
            (moved / entry.name).symlink_to(entry)
    return moved


def note(cell: dict[str, Any], again: Outputs | None) -> None:
    """Keep a second execution in a reference's cell, if it is another and not long."""
    own = {k: v for k, v in cell["metadata"].get("fourfold", {}).items() if k != VARIES}
    differ = again is not None and compare_outputs(cell.get("outputs", []), again)
    if differ and len(json.dumps(again)) <= _LARGEST:
        own[VARIES] = again
    cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k != "fourfold"}
    if own:
        cell["metadata"]["fourfold"] = own
