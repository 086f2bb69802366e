"""What pytest collects: a file for each notebook, an item for each code cell."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from nbval.plugin import (
    IPyNbCell,
    IPyNbFile,
    find_comment_markers,
    find_metadata_tags,
    get_sanitize_patterns,
)

from fourfold.errors import TemplateError
from fourfold.plan.rules import Rules, with_tags
from fourfold.records.ipynb import tags, text
from fourfold.regress.case import INJECTED, Case, Pair
from fourfold.regress.compare.difference import Difference, listed
from fourfold.regress.compare.outputs import compare_outputs
from fourfold.regress.job import RAISES, SKIP, Job

# What nbval leaves out by default; a project's conftest.py may add to it.
_NEVER_COMPARED = {
    *("metadata", "traceback", "prompt_number", "output_type", "name", "execution_count"),
    *("application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg"),
}


class Differs(Exception):
    """The outputs of a cell are not those that are kept."""


class Broken(Exception):
    """A cell could not be executed."""


class NotebookFile(IPyNbFile):  # type: ignore[misc]
    """A notebook; its cells are executed in the background."""

    job: Job | None = None
    case: Case
    regression: Any = None
    key: Mapping[str, Any] = {}
    why: Sequence[str] = ()
    accepted = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells: list[NotebookCell] = []
        self.patterns: list[tuple[str, str]] = []

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each code cell, in the order of execution."""
        try:
            self.case = self.regression.case(self.path)
        except TemplateError as error:
            raise self.CollectError(str(error)) from None
        self.patterns = [p for f in self.get_sanitize_files() for p in _patterns(f)]
        if not self.regression.wanted(self):
            return
        if self.case.problem:
            yield Problem.from_parent(self, name="notebook")
            return
        seen: dict[str, int] = defaultdict(int)
        for pair in self.case.pairs():
            seen[pair.title] += 1
            again = f" ({seen[pair.title]})" if seen[pair.title] > 1 else ""
            self.cells.append(NotebookCell.of(self, pair, pair.title + again))
        yield from self.cells

    def setup(self) -> None:
        """Begin to execute, unless that has begun."""
        if self.cells:
            self.regression.begin([self])

    def teardown(self) -> None:
        """Keep what was found, for the page and for the next time."""
        self.regression.ended(self)


def _patterns(file: str) -> list[tuple[str, str]]:
    return list(get_sanitize_patterns(Path(file).read_text(encoding="utf-8")))


class Problem(pytest.Item):
    """Fails for a notebook that cannot be executed, such as of a config with a mistake."""

    def runtest(self) -> None:
        """Fail."""
        parent: Any = self.parent
        raise Broken(parent.case.problem)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return what is wrong."""
        return Told(self.path, 0, os.path.relpath(self.path), str(excinfo.value))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and name as pytest shows them."""
        return self.path, 0, self.path.name


class NotebookCell(IPyNbCell):  # type: ignore[misc]
    """A code cell: passes if its outputs are those that are kept."""

    pair: Pair
    status = "skipped"
    message = ""
    found: tuple[Difference, ...] = ()
    after: Any = None

    @classmethod
    def of(cls, parent: NotebookFile, pair: Pair, name: str) -> NotebookCell:
        """Return the item of a pair of cells."""
        cell = pair.current or pair.stored or {}
        metadata = {**cell.get("metadata", {}), "tags": tags(cell)}
        options = defaultdict(bool, find_metadata_tags(metadata))
        options.update(find_comment_markers(text(cell)))
        options.setdefault("check", parent.compare_outputs)
        item: NotebookCell = cls.from_parent(
            parent, name=name, cell_num=pair.index, cell=cell, options=options
        )
        item.pair = pair
        return item

    @property
    def marks(self) -> list[str]:
        """Return the tags that make nbclient act on nbval's markers."""
        wanted = ((RAISES, "check_exception"), (SKIP, "skip"))
        return [tag for tag, option in wanted if self.options[option]]

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line and name as pytest shows them."""
        return self.path, 0, f"{self.path.name}: {self.name}"

    def runtest(self) -> None:
        """Wait for the cell, then compare its outputs with those that are kept."""
        if self.options["skip"]:
            pytest.skip("marked to be skipped")
        job: Job = self.parent.job
        if self.pair.current is None:
            self.found = (Difference("cell", "in the reference", "gone from the template"),)
        else:
            self.after = job.wait(self.pair.index)
            self._check_executed(job)
            if self.options["check"]:
                self.found = tuple(self._differences())
        self.status = "differs" if self.found else "same"
        if self.found and not self.parent.regression.accepts:
            raise Differs(listed(self.found))

    def _check_executed(self, job: Job) -> None:
        failure = job.failed()
        if failure:
            job.finish()  # which may say more: a timeout, which it was
            failure = job.failed() or failure
        if failure and failure.cell - 1 == self.pair.index:
            self.status, self.message = "failed", job.told(failure)
            raise Broken(self.message)
        if self.after is None:
            if failure and failure.cell == 0 and self is self.parent.cells[0]:
                self.status, self.message = "failed", job.told(failure)
                raise Broken(self.message)
            pytest.skip(f"cell {failure.cell} ({failure.cell_id}) failed" if failure else "stopped")

    def _differences(self) -> Iterator[Difference]:
        stored = self.pair.stored
        if INJECTED in tags(self.cell):
            yield from self.parent.case.changed
        if stored is None:
            if self.after.get("outputs"):
                yield Difference("cell", "not in the reference", "new, with outputs", "extra")
            return
        if stored.get("execution_count") is None and text(stored).strip():
            self.status = "never-run"
            told = "never executed" if not stored.get("outputs") else "with outputs, never executed"
            yield Difference("cell", told, "executed", "missing")
            return
        yield from self.compare(stored.get("outputs", []), self.after.get("outputs", []))

    def compare(self, before: Any, after: Any) -> list[Difference]:
        """Return the differences of two lists of outputs."""
        rules = self.rules
        if rules.ignores("cell", self.pair.key):
            return []
        if self.parent.patterns:
            before, after = (self._sanitized(outputs) for outputs in (before, after))
        if skipped := {*self.parent.skip_compare} - _NEVER_COMPARED:
            before, after = (_without(outputs, skipped) for outputs in (before, after))
        return compare_outputs(before, after, rules)

    @property
    def rules(self) -> Rules:
        """Return the rules of this cell.

        Raises
        ------
        Broken
            If one of its tags cannot be read.
        """
        try:
            return with_tags(self.parent.case.rules, tags(self.cell))
        except ValueError as error:
            raise Broken(str(error)) from None

    def _sanitized(self, outputs: Any) -> Any:
        """Apply the expressions of ``--nbval-sanitize-with``."""
        self.parent.sanitize_patterns = dict(self.parent.patterns)
        joined = [
            {
                **output,
                **{k: "".join(output[k]) for k in ("text",) if k in output},
                **(
                    {"data": {m: _joined(v) for m, v in output["data"].items()}}
                    if "data" in output
                    else {}
                ),
            }
            for output in outputs
        ]
        return self.sanitize_outputs(joined)

    def repr_failure(self, excinfo: Any) -> Any:
        """Return what a reader needs: where, the differences, the way out."""
        error = excinfo.value
        if not isinstance(error, Differs | Broken):
            return super(IPyNbCell, self).repr_failure(excinfo)
        place = f"{os.path.relpath(self.path)}, {self.name} (cell {self.pair.index + 1})"
        return Told(self.path, self.pair.index, place, str(error))


def _joined(content: Any) -> Any:
    return "".join(content) if isinstance(content, list) else content


def _without(outputs: Any, skipped: set[str]) -> list[dict[str, Any]]:
    """Leave out the streams and kinds of data that a conftest.py names in ``skip_compare``."""
    kept = []
    for output in outputs:
        if output.get("name") in skipped or output["output_type"] in skipped:
            continue
        data = {
            mime: value for mime, value in output.get("data", {}).items() if mime not in skipped
        }
        if data or "data" not in output:
            kept.append({**output, "data": data} if data else output)
    return kept


class Told(TerminalRepr):
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
