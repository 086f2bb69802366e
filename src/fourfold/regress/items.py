"""What pytest collects: a file for each notebook, an item for each code cell."""

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from nbformat import from_dict
from nbformat.v4.rwbase import rejoin_lines
from nbval.plugin import IPyNbCell, IPyNbFile, find_comment_markers, find_metadata_tags

from fourfold.errors import TemplateError
from fourfold.plan.rules import Rules, with_tags
from fourfold.plan.setup import is_setup
from fourfold.records.ipynb import tags, text
from fourfold.regress.case import INJECTED, Case, Pair
from fourfold.regress.compare.difference import Difference, listed
from fourfold.regress.compare.outputs import compare_outputs
from fourfold.regress.evidence import Evidence
from fourfold.regress.job import RAISES, SKIP, Job
from fourfold.run.fingerprint import Fingerprint

# What nbval leaves out by default; a project's conftest.py may add to it.
_NEVER_COMPARED = {
    *("metadata", "traceback", "prompt_number", "output_type", "name", "execution_count"),
    *("application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg"),
}

#: What Colab adds to an output for its own page, and no kernel sends.
_COLAB = "application/vnd.google.colaboratory."


class CellError(Exception):
    """A cell whose outputs are not those that are kept, or that could not be executed."""


@dataclass(frozen=True)
class Result:
    """The result of a notebook; as JSON, what the page of differences is made of."""

    notebook: str
    name: str
    template: str
    status: str = "unchanged"
    duration_s: float = 0.0
    why: Sequence[str] = ()
    accepted: str = ""
    cells: Sequence[Mapping[str, Any]] = ()


class NotebookFile(IPyNbFile):  # type: ignore[misc]
    """A notebook; its cells are executed in the background."""

    case: Case
    fingerprint: Fingerprint
    result: Result
    job: Job | None = None
    evidence: Evidence | None = None

    def __init__(self, *args: Any, regression: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regression = regression
        self.cells: list[NotebookCell] = []

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each code cell, in the order of execution."""
        try:
            self.case = self.regression.case(self.path)
        except TemplateError as error:
            raise self.CollectError(str(error)) from None
        self.setup_sanitize_files()
        self.fingerprint = self.case.fingerprint()
        self.result = self.regression.untested(self)
        if self.config.option.fourfold_changed and not self.result.why:
            self.regression.write(self.result)
            return
        if self.case.problem:
            yield Problem.from_parent(self, name="notebook")
            return
        seen: dict[str, int] = defaultdict(int)
        for pair in self.case.pairs():
            seen[pair.title] += 1
            again = f" ({seen[pair.title]})" if seen[pair.title] > 1 else ""
            self.cells.append(NotebookCell.from_parent(self, name=pair.title + again, pair=pair))
        yield from self.cells

    def setup(self) -> None:
        """Begin to execute, unless that has begun."""
        if self.cells:
            self.regression.begin([self])

    def teardown(self) -> None:
        """Keep the result, for the page and for the next time."""
        self.regression.ended(self)


class Problem(pytest.Item):
    """Fails for a notebook that cannot be executed, such as of a config with a mistake."""

    def runtest(self) -> None:
        """Fail."""
        parent: Any = self.parent
        raise CellError(parent.case.problem)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return the problem."""
        return Failed(self.path, 0, os.path.relpath(self.path), str(excinfo.value))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and name as pytest shows them."""
        return self.path, 0, self.path.name


class NotebookCell(IPyNbCell):  # type: ignore[misc]
    """A code cell: passes if its outputs are those that are kept."""

    status = "skipped"
    message = ""
    differences: Sequence[Difference] = ()
    after: Any = None

    def __init__(self, name: str, parent: NotebookFile, pair: Pair) -> None:
        cell = pair.current or pair.stored or {}
        metadata = {**cell.get("metadata", {}), "tags": tags(cell)}
        options = defaultdict(bool, find_metadata_tags(metadata))
        options.update(find_comment_markers(text(cell)))
        options.setdefault("check", parent.compare_outputs)
        # What it prints is about the machine: in Colab, what was installed.
        options["check"] = options["check"] and not is_setup(text(cell))
        options["skip"] = options["skip"] or SKIP in tags(cell)
        super().__init__(name, parent, pair.index, cell, options)
        self.pair = pair

    @property
    def marks(self) -> list[str]:
        """Return the tags that make nbclient act on nbval's markers."""
        wanted = ((RAISES, "check_exception"), (SKIP, "skip"))
        return [tag for tag, option in wanted if self.options[option]]

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and name as pytest shows them."""
        return self.path, 0, f"{self.path.name}: {self.name}"

    def to_json(self) -> dict[str, Any]:
        """Return the result of the cell, with its outputs if they are to be shown."""
        result: dict[str, Any] = {
            "id": self.pair.key,
            "section": self.pair.section,
            "number": self.pair.index + 1,
            "status": self.status,
            "message": self.message,
            "source": text(self.after or self.cell),
            "differences": [asdict(difference) for difference in self.differences],
        }
        was = None if self.pair.stored is None else text(self.pair.stored)
        if self.pair.current is None or (was != result["source"] and self._code_counts()):
            result["was"] = was
        if self.differences or self.status == "failed":
            result["before"] = (self.pair.stored or {}).get("outputs", [])
            result["after"] = (self.after or {}).get("outputs", [])
        return result

    def _code_counts(self) -> bool:
        """Say whether its code is the template's: not what a run inserts, and no setup."""
        return INJECTED not in tags(self.cell) and not is_setup(text(self.cell))

    def runtest(self) -> None:
        """Wait for the cell, then compare its outputs with those that are kept."""
        if self.options["skip"]:
            pytest.skip("marked to be skipped")
        if self.pair.current is None:
            self.differences = [Difference("cell", "in the reference", "gone from the template")]
        else:
            self.after = self.parent.job.wait(self.pair.index)
            self._check_executed(self.parent.job)
            if self.options["check"]:
                self.differences = [*self._compared()]
        self.status = "differs" if self.differences else "same"
        if self.differences and not self.config.option.fourfold_accept:
            raise CellError(listed(self.differences))

    def _check_executed(self, job: Job) -> None:
        failure = job.failed()
        if failure:
            job.finish()  # which may say more: a timeout, which it was
            failure = job.failed() or failure
        here = failure and failure.cell - 1 == self.pair.index
        before = failure and failure.cell == 0 and self is self.parent.cells[0]
        if failure and (here or (before and self.after is None)):
            self.status, self.message = "failed", job.traceback(failure)
            raise CellError(self.message)
        if self.after is None:
            pytest.skip(f"cell {failure.cell} ({failure.cell_id}) failed" if failure else "stopped")

    def _compared(self) -> Iterator[Difference]:
        stored = self.pair.stored
        if INJECTED in tags(self.cell):
            yield from self.parent.case.changed
        if stored is None:
            if self.after.get("outputs"):
                yield Difference("cell", "not in the reference", "new, with outputs", "extra")
        elif self._never_run(stored):
            self.status = "never-run"
            yield Difference("cell", "never executed", "executed", "missing")
        else:
            try:
                rules = with_tags(self.parent.case.rules, tags(self.cell))
            except ValueError as error:
                raise CellError(str(error)) from None
            if not rules.ignores("cell", str(stored.get("id", self.pair.key))):
                before, after = (self._selected(c.get("outputs", [])) for c in (stored, self.after))
                yield from self._unproved(before, after, rules)

    def _never_run(self, stored: Mapping[str, Any]) -> bool:
        """Say whether a cell has neither count nor outputs, where others have."""
        left = stored.get("execution_count") is not None or stored.get("outputs")
        return bool(not left and text(stored).strip() and not self.parent.case.uncounted)

    def _unproved(self, before: Any, after: Any, rules: Rules) -> list[Difference]:
        """Return the differences that further executions do not prove to be none."""
        differences = compare_outputs(before, after, rules)
        if differences and self.parent.evidence:
            words = (Counter(re.findall(r"\w+", json.dumps(side))) for side in (before, after))
            order = next(words) == next(words)
            for again in self.parent.evidence.of(self.pair, self.after["outputs"], order):
                left = compare_outputs(before, after, rules, again.map(self._selected))
                differences = min(differences, left, key=len)
                if not differences:
                    break
        return differences

    def _selected(self, outputs: Any) -> Any:
        """Apply ``--nbval-sanitize-with`` and the ``skip_compare`` of a conftest.py, as nbval."""
        if self.parent.sanitize_patterns:
            cells = [{"cell_type": "code", "outputs": outputs}]
            joined = rejoin_lines(from_dict({"cells": cells}))  # type: ignore[no-untyped-call]
            outputs = self.sanitize_outputs(joined.cells[0].outputs)
        skipped = {*self.parent.skip_compare} - _NEVER_COMPARED
        kept = []
        for output in outputs:
            if output.get("name") in skipped or output["output_type"] in skipped:
                continue
            data = {
                mime: content
                for mime, content in output.get("data", {}).items()
                if mime not in skipped and not mime.startswith(_COLAB)
            }
            if data or not output.get("data"):
                kept.append({**output, "data": data} if data else output)
        return kept

    def repr_failure(self, excinfo: Any) -> Any:
        """Return what a reader needs: where, the differences, the way out."""
        error = excinfo.value
        if not isinstance(error, CellError):
            return super(IPyNbCell, self).repr_failure(excinfo)
        place = f"{os.path.relpath(self.path)}, {self.name} (cell {self.pair.index + 1})"
        return Failed(self.path, self.pair.index, place, str(error))


class Failed(TerminalRepr):
    """A failure as text, its first line for the short summary."""

    def __init__(self, path: Path, index: int, place: str, message: str) -> None:
        first = message.splitlines()[0] if message else ""
        self.reprcrash = ReprFileLocation(str(path), index + 1, first)
        self.place, self.message = place, message

    def toterminal(self, tw: Any) -> None:
        """Write it."""
        tw.line(self.place, bold=True)
        tw.line(self.message, red=True)

    def __str__(self) -> str:
        """Return it as plain text, which is what workers of xdist send."""
        return f"{self.place}\n{self.message}"
