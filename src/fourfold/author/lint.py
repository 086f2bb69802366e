"""The template linter: the rules that make a notebook a Fourfold template."""

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fourfold.errors import TemplateError, Violation
from fourfold.plan.parameters import read_parameters
from fourfold.plan.setup import for_colab, named
from fourfold.project import shown
from fourfold.records.editors import impersonal, left, reruns
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
# What editors write beside the code, besides what `fourfold.records.editors` knows.
_LEFT_IN_CELLS = (
    *("execution", "papermill", "collapsed", "scrolled", "ExecuteTime", "vscode"),
    "jp-MarkdownHeadingCollapsed",
)
_LEFT_IN_NOTEBOOKS = ("papermill", "widgets", "vscode", "toc")
_HEADINGS = [f"{number}. {name}" for number, name in enumerate(SECTIONS, 1)]

#: Index of a cell, and what is wrong with it.
Broken = tuple[int | None, str]


def check_templates(paths: Sequence[Path], root: Path, fix: bool = False) -> list[Violation]:
    """Return all violations of all templates.

    Parameters
    ----------
    paths : list of Path
    root : Path
        The project, which messages name files relative to.
    fix : bool
        Fix first what needs no thought: a missing ``parameters`` tag, outputs, execution counts,
        cell ids, the metadata that editors leave, cells that only rerun, and the setup cell.
    """
    violations: list[Violation] = []
    for path in paths:
        file = shown(path, root)
        try:
            notebook = read_notebook(path)
        except TemplateError as error:
            violations.append(Violation(file, 1, 1, "notebook", str(error)))
            continue
        if fix:
            before = json.dumps(notebook)
            fix_notebook(notebook)
            for_colab(notebook, path.stem, file, root)
            if json.dumps(notebook) != before:
                path.write_text(written(notebook), encoding="utf-8")
        elif (given := _name(notebook)) not in ("", path.stem):
            message = f"expected begin({path.stem!r}), got begin({given!r}) (--fix changes it)"
            violations.append(Violation(file, 1, 1, "notebook setup", message))
        raw = path.read_text(encoding="utf-8").split("\n")
        for index, rule, message in check_notebook(notebook):
            line, key = 1, "notebook"
            if index is not None:
                name = notebook["cells"][index].get("id")
                line = next((n for n, text_ in enumerate(raw, 1) if f'"id": "{name}"' in text_), 1)
                key = f"cell {index + 1} ({name})"
            violations.append(Violation(file, line, 1, f"{key} {rule}", message))
    return sorted(violations)


def check_notebook(notebook: Notebook) -> list[tuple[int | None, str, str]]:
    """Return (cell index, rule, message) for each broken rule of one notebook."""
    return [(at, name, text_) for name, rule in _RULES.items() for at, text_ in rule(notebook)]


def _name(notebook: Notebook) -> str:
    return next(filter(None, (named(text(cell)) for _, cell in _cells(notebook, "code"))), "")


def _cells(notebook: Notebook, kind: str) -> Iterator[tuple[int, Notebook]]:
    return ((i, c) for i, c in enumerate(notebook["cells"]) if c["cell_type"] == kind)


def _title(notebook: Notebook) -> Iterator[Broken]:
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "", "source": ""}
    if first["cell_type"] != "markdown" or not text(first).startswith("# "):
        yield None, "expected the first cell to be markdown that starts with '# '"


def _sections(notebook: Notebook) -> Iterator[Broken]:
    got = [
        f"{number}. {name}" if number else name
        for _, cell in _cells(notebook, "markdown")
        for number, name in HEADING.findall(text(cell))
    ]
    if got != _HEADINGS:
        expected = ", ".join(f"'## {heading}'" for heading in _HEADINGS)
        yield None, f"expected exactly {expected}; got {', '.join(got) or 'none'}"


def _parameters(notebook: Notebook) -> Iterator[Broken]:
    index = parameters_index(notebook)
    if index is None:
        yield None, f"expected a cell tagged 'parameters' or starting {FIRST_LINE!r}"
        return
    cell = notebook["cells"][index]
    if "parameters" not in tags(cell):
        yield index, "expected the cell tag 'parameters' (--fix adds it)"
    if text(cell).split("\n")[0].strip() != FIRST_LINE:
        yield index, f"expected {FIRST_LINE!r} as first line (for Colab)"
    try:
        parameters = read_parameters(text(cell), f"cell {index + 1}")
    except TemplateError as error:
        yield index, str(error)
        return
    for name in COMMON:
        if name not in parameters:
            yield index, f"expected a parameter {name!r}, which every template has"
    listed = "\n".join(text(c) for i, c in _cells(notebook, "markdown") if i < index)
    for name, parameter in parameters.items():
        if not parameter.help:
            yield index, f"{name}: expected a comment that explains it"
        if "`" + name + "`" not in listed:
            yield index, f"expected `{name}` in the table above the cell"


def _outputs(notebook: Notebook) -> Iterator[Broken]:
    for index, cell in _cells(notebook, "code"):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield index, "expected no outputs in a template (--fix clears them)"


def _left(notebook: Notebook) -> Iterator[Broken]:
    for index, name in left(notebook):
        yield index, f"expected nothing that an editor left, got {name!r} (--fix removes it)"


def _reruns(notebook: Notebook) -> Iterator[Broken]:
    for index, alone in reruns(notebook):
        way = "--fix removes the cell" if alone else "remove it"
        yield index, f"expected no ff.rerun, which would be in every run ({way})"


def _ids(notebook: Notebook) -> Iterator[Broken]:
    seen: set[str] = set()
    for index, cell in enumerate(notebook["cells"]):
        name = cell.get("id")
        if not name or name in seen:
            yield index, f"expected an id of its own, got {name!r} (--fix gives one)"
        seen.add(name or "")


def _length(notebook: Notebook) -> Iterator[Broken]:
    skip = parameters_index(notebook)
    for index, cell in _cells(notebook, "code"):
        lines = sum(bool(line.strip()) for line in text(cell).split("\n"))
        if index != skip and lines > LONGEST_CELL:
            yield index, f"expected at most {LONGEST_CELL} lines of code, got {lines}"


def _syntax(notebook: Notebook) -> Iterator[Broken]:
    for index, cell in _cells(notebook, "code"):
        if problem := _not_python(text(cell)):
            yield index, problem


def half_typed(notebook: Notebook, before: Notebook) -> str:
    """Return which cell of a notebook in Python does not parse, and why; empty if there is none.

    Parameters
    ----------
    notebook : dict
    before : dict
        An earlier version; a cell that has not changed since counts for nothing.

    Examples
    --------
    >>> cell = {"cell_type": "code", "id": "a", "source": "x = ("}
    >>> half_typed({"cells": [cell]}, {"cells": []})
    "cell 1, line 1: '(' was never closed"
    """
    metadata = notebook.get("metadata", {})
    of = [(metadata.get("kernelspec") or {}).get("language"), metadata.get("language_info", {})]
    if "python" not in str(of[0] or of[1].get("name") or "python").lower():
        return ""
    known = {text(cell) for cell in before["cells"]}
    code = [(i + 1, text(cell)) for i, cell in _cells(notebook, "code")]
    wrong = (f"cell {i}, {why}" for i, s in code if s not in known and (why := _not_python(s)))
    return next(wrong, "")


def _not_python(source: str) -> str:
    """Return why a cell does not parse; magics, help and a bare `await` are IPython's."""
    if source.lstrip().startswith("%%"):
        return ""
    try:
        compile(_MAGIC.sub(r"\1pass", source), "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError) as error:  # ValueError: a character 0
        return _of_ipython(source) and f"line {getattr(error, 'lineno', 1)}: {error.args[0]}"
    return ""


def _of_ipython(source: str) -> str:
    """Return the code if IPython cannot read it either: it knows ``x = !ls`` and ``help?``."""
    from IPython.core.inputtransformer2 import TransformerManager

    with suppress(SyntaxError, ValueError):
        plain = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
        compile(plain, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return ""
    return source


def _paths(notebook: Notebook) -> Iterator[Broken]:
    for index, cell in enumerate(notebook["cells"]):
        if path := _ABSOLUTE.search(text(cell)):
            yield index, f"expected no path of one machine, got {path[0]!r}"


def _prose(notebook: Notebook) -> Iterator[Broken]:
    names = sections(notebook)
    for index, cell in _cells(notebook, "markdown"):
        free = names[index] == "Setup" or CONSTANT in tags(cell)
        if not free and (result := _RESULT.search(text(cell))):
            yield (
                index,
                f"expected prose that holds on any data, got {result[0]!r}: render results from "
                f"variables (or tag the cell {CONSTANT!r} if it is no result)",
            )


_RULES: dict[str, Callable[[Notebook], Iterator[Broken]]] = {
    "title": _title,
    "sections": _sections,
    "parameters": _parameters,
    "outputs": _outputs,
    "editor": _left,
    "rerun": _reruns,
    "id": _ids,
    "length": _length,
    "syntax": _syntax,
    "path": _paths,
    "prose": _prose,
}


def fix_notebook(notebook: Notebook) -> bool:
    """Fix in place what needs no thought; say whether anything changed."""
    before = json.dumps(notebook)
    impersonal(notebook)
    alone = [index for index, only in reruns(notebook) if only]
    notebook["cells"] = [c for i, c in enumerate(notebook["cells"]) if i not in alone]
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook["cells"][index]):
        metadata = notebook["cells"][index].setdefault("metadata", {})
        metadata["tags"] = [*metadata.get("tags", []), "parameters"]
    notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 5))
    seen: set[str] = set()
    for number, section in enumerate(sections(notebook), 1):
        cell = notebook["cells"][number - 1]
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        for name in _LEFT_IN_CELLS:
            cell.setdefault("metadata", {}).pop(name, None)
        if not cell.get("id") or cell["id"] in seen:
            cell["id"] = f"{re.sub(r'[^a-z0-9]+', '-', section.lower())}-{number}"
        seen.add(cell["id"])
    for name in _LEFT_IN_NOTEBOOKS:
        notebook.get("metadata", {}).pop(name, None)
    if "language_info" in notebook.get("metadata", {}):
        notebook["metadata"]["language_info"] = {"name": "python"}
    return json.dumps(notebook) != before
