"""The template linter: the rules that make a notebook a Fourfold template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fourfold.errors import TemplateError, Violation
from fourfold.plan.parameters import read_parameters
from fourfold.project import shown
from fourfold.records.ipynb import (
    FIRST_LINE,
    HEADING,
    SECTIONS,
    Notebook,
    parameters_index,
    read_notebook,
    sections,
    tags,
    text,
    written,
)

LONGEST_CELL = 15
COMMON = ("question", "decision", "success", "data", "seed")
CONSTANT = "constant"
_ABSOLUTE = re.compile(
    r"(?<![\w:/.])(?:/(?:home|Users|root|tmp|mnt|var|opt|content|work|data)/[\w.-]+|[A-Za-z]:\\\w)"
)
_RESULT = re.compile(
    r"\b(?:is|are|was|were|equals?|reach(?:es|ed)|scor(?:es|ed)|g[ai]ves?|found|shows?)\s+"
    r"(?:about |around |roughly |only |nearly )?[-+]?\d+(?:[.,]\d+\s*%?|\s*(?:%|percent))"
)
_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
# What editors write beside the code: Jupyter, VS Code, Colab, papermill.
_LEFT_IN_CELLS = (
    *("execution", "papermill", "collapsed", "scrolled", "trusted", "ExecuteTime", "vscode"),
    *("colab", "colab_type", "outputId", "cellView", "jp-MarkdownHeadingCollapsed"),
)
_LEFT_IN_NOTEBOOKS = ("papermill", "widgets", "colab", "vscode", "toc", "accelerator")
_HEADINGS = [f"{number}. {name}" for number, name in enumerate(SECTIONS, 1)]

Found = tuple[int | None, str, str]


def check_templates(paths: Sequence[Path], root: Path, fix: bool = False) -> list[Violation]:
    """Return all violations of all templates; with `fix`, mend what is safe to mend first.

    Mended are: a missing ``parameters`` tag, outputs, execution counts, cell ids, and the
    metadata that editors leave. What needs thought is only told.
    """
    found: list[Violation] = []
    for path in paths:
        try:
            notebook = read_notebook(path)
        except TemplateError as error:
            found.append(Violation(shown(path, root), 1, 1, "notebook", str(error)))
            continue
        if fix and mend(notebook):
            path.write_text(written(notebook), encoding="utf-8")
        raw = path.read_text(encoding="utf-8").split("\n")
        for index, rule, message in check_notebook(notebook):
            line, key = _place(notebook, index, raw)
            found.append(Violation(shown(path, root), line, 1, f"{key} {rule}".strip(), message))
    return sorted(found)


def check_notebook(notebook: Notebook) -> list[Found]:
    """Return (cell index, rule, message) for each broken rule of one notebook."""
    return [found for rule in _RULES for found in rule(notebook)]


def _place(notebook: Notebook, index: int | None, raw: list[str]) -> tuple[int, str]:
    if index is None:
        return 1, "notebook"
    cell_id = notebook["cells"][index].get("id")
    mark = f'"id": "{cell_id}"'
    line = next((number for number, text_ in enumerate(raw, 1) if mark in text_), 1)
    return line, f"cell {index + 1} ({cell_id})"


def _cells(notebook: Notebook, kind: str) -> Iterator[tuple[int, Notebook]]:
    return ((i, c) for i, c in enumerate(notebook["cells"]) if c["cell_type"] == kind)


def _title(notebook: Notebook) -> Iterator[Found]:
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "", "source": ""}
    if first["cell_type"] != "markdown" or not text(first).startswith("# "):
        yield None, "title", "expected the first cell to be markdown that starts with '# '"


def _sections(notebook: Notebook) -> Iterator[Found]:
    got = [
        f"{number}. {name}" if number else name
        for _, cell in _cells(notebook, "markdown")
        for number, name in HEADING.findall(text(cell))
    ]
    if got != _HEADINGS:
        expected = ", ".join(f"'## {heading}'" for heading in _HEADINGS)
        yield None, "sections", f"expected exactly {expected}; got {', '.join(got) or 'none'}"


def _parameters(notebook: Notebook) -> Iterator[Found]:
    index = parameters_index(notebook)
    if index is None:
        yield None, "parameters", f"expected a cell tagged 'parameters' or starting {FIRST_LINE!r}"
        return
    cell = notebook["cells"][index]
    if "parameters" not in tags(cell):
        yield index, "parameters", "expected the cell tag 'parameters' (--fix adds it)"
    if text(cell).split("\n")[0].strip() != FIRST_LINE:
        yield (
            index,
            "parameters",
            f"expected {FIRST_LINE!r} as first line (for Colab)",
        )
    try:
        parameters = read_parameters(text(cell), f"cell {index + 1}")
    except TemplateError as error:
        yield index, "parameters", str(error)
        return
    for name in COMMON:
        if name not in parameters:
            yield index, "parameters", f"expected a parameter {name!r}, which every template has"
    listed = "\n".join(text(c) for i, c in _cells(notebook, "markdown") if i < index)
    for name, parameter in parameters.items():
        if not parameter.help:
            yield index, "parameters", f"{name}: expected a comment that says what it is"
        if "`" + name + "`" not in listed:
            yield (
                index,
                "parameters",
                f"expected `{name}` in the table above the cell",
            )


def _clean(notebook: Notebook) -> Iterator[Found]:
    for index, cell in _cells(notebook, "code"):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield index, "outputs", "expected no outputs in a template (--fix clears them)"


def _ids(notebook: Notebook) -> Iterator[Found]:
    seen: set[str] = set()
    for index, cell in enumerate(notebook["cells"]):
        name = cell.get("id")
        if not name or name in seen:
            yield index, "id", f"expected an id of its own, got {name!r} (--fix gives one)"
        seen.add(name or "")


def _length(notebook: Notebook) -> Iterator[Found]:
    skip = parameters_index(notebook)
    for index, cell in _cells(notebook, "code"):
        lines = sum(bool(line.strip()) for line in text(cell).split("\n"))
        if index != skip and lines > LONGEST_CELL:
            yield index, "length", f"expected at most {LONGEST_CELL} lines of code, got {lines}"


def _syntax(notebook: Notebook) -> Iterator[Found]:
    for index, cell in _cells(notebook, "code"):
        code = _MAGIC.sub(r"\1pass", text(cell))
        try:
            compile(code, f"cell {index + 1}", "exec")
        except SyntaxError as error:
            yield index, "syntax", f"line {error.lineno}: {error.msg}"


def _paths(notebook: Notebook) -> Iterator[Found]:
    for index, cell in enumerate(notebook["cells"]):
        if found := _ABSOLUTE.search(text(cell)):
            yield index, "path", f"expected no path of one machine, got {found[0]!r}"


def _prose(notebook: Notebook) -> Iterator[Found]:
    places = sections(notebook)
    for index, cell in _cells(notebook, "markdown"):
        if places[index] == "Setup" or CONSTANT in tags(cell):
            continue
        if found := _RESULT.search(text(cell)):
            yield (
                index,
                "prose",
                f"expected prose that holds on any data, got {found[0]!r}: render results from "
                f"variables (or tag the cell {CONSTANT!r} if it is no result)",
            )


_RULES: list[Callable[[Notebook], Iterator[Found]]] = [
    _title,
    _sections,
    _parameters,
    _clean,
    _ids,
    _length,
    _syntax,
    _paths,
    _prose,
]


def mend(notebook: Notebook) -> bool:
    """Mend in place what needs no thought; say whether anything changed."""
    before = json.dumps(notebook)
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook["cells"][index]):
        metadata = notebook["cells"][index].setdefault("metadata", {})
        metadata["tags"] = [*metadata.get("tags", []), "parameters"]
    for _, cell in _cells(notebook, "code"):
        cell["outputs"], cell["execution_count"] = [], None
    for cell in notebook["cells"]:
        for left in _LEFT_IN_CELLS:
            cell.setdefault("metadata", {}).pop(left, None)
    _give_ids(notebook)
    for left in _LEFT_IN_NOTEBOOKS:
        notebook.get("metadata", {}).pop(left, None)
    if "language_info" in notebook.get("metadata", {}):
        notebook["metadata"]["language_info"] = {"name": "python"}
    return json.dumps(notebook) != before


def _give_ids(notebook: Notebook) -> None:
    notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 5))
    seen: set[str] = set()
    for number, (cell, section) in enumerate(
        zip(notebook["cells"], sections(notebook), strict=True), 1
    ):
        if not cell.get("id") or cell["id"] in seen:
            cell["id"] = f"{re.sub(r'[^a-z0-9]+', '-', section.lower())}-{number}"
        seen.add(cell["id"])
