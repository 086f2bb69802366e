"""Edits that must not matter: of code, of a reference's file, of what another execution printed.

What no two executions print alike, such as a duration, is in ``noise.yaml``: lines of code, and
what another execution printed, which the reference keeps.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mutants import (
    Cell,
    Edit,
    Facts,
    Operator,
    assigned,
    code_cells,
    edits,
    expressions,
    inserted,
    replaced,
    source_of,
)
from ruamel.yaml import YAML

from fourfold.records.ipynb import syntax_tree

TABLE = Path(__file__).with_name("noise.yaml")
Output = Mapping[str, Any]
Restate = Callable[[Sequence[Output]], list[Output]]


@dataclass(frozen=True)
class Harmless:
    """Edits that must not matter.

    Attributes
    ----------
    changes : tuple of Edit
        Of cells of the template.
    restate : callable, optional
        What the reference keeps of the outputs that the edit adds to its cell.
    rewrite : callable, optional
        Returns the reference as another program would have written it.
    """

    operator: str
    changes: tuple[Edit, ...] = ()
    restate: Restate | None = None
    rewrite: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None

    def diff(self) -> str:
        """Return the edits of the template."""
        return "\n".join(f"{edit.cell}\n{edit.diff()}" for edit in self.changes)


# -- of code --------------------------------------------------------------------------------------


def comment(cell: Cell) -> Iterator[str]:
    """Add a comment."""
    for statement in cell.tree.body:
        yield inserted(cell.source, statement, "# checked against last year's report", after=False)


def reformat(cell: Cell) -> Iterator[str]:
    """Write the code as another formatter would; comments get lost."""
    yield ast.unparse(cell.tree)


def imports(cell: Cell) -> Iterator[str]:
    """Import something that is not used."""
    for statement in cell.tree.body:
        if isinstance(statement, ast.Import):
            yield inserted(cell.source, statement, "import math", after=False)


def digits(cell: Cell) -> Iterator[str]:
    """Change a recorded number by a part in 1e12."""
    tree = cell.tree
    for call in expressions(tree, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "record" and call.args[1:]:
            larger = ast.BinOp(call.args[1], ast.Mult(), ast.Constant(1 + 1e-12))
            yield replaced(cell.source, tree, call.args[1], larger)


def rename(notebook: Mapping[str, Any], rng: np.random.Generator) -> list[Harmless]:
    """Give a variable another name, wherever it is used."""
    found = []
    for name in rng.permutation(sorted(assigned(notebook))):
        changes = []
        for cell in code_cells(notebook):
            before = source_of(cell)
            after = renamed(before, str(name), f"{name}_2")
            if after != before:
                changes.append(Edit("rename", cell["id"], before, after))
        found.append(Harmless("rename", tuple(changes)))
    return found


def renamed(source: str, old: str, new: str) -> str:
    """Return the code with a name replaced, and nothing else that is spelled like it."""
    while True:
        tree = syntax_tree(source)
        nodes = (node for node in expressions(tree, ast.Name) if node.id == old)
        node = next(nodes, None)
        if node is None:
            return source
        source = replaced(source, tree, node, ast.Name(new, node.ctx))


def markdown(notebook: Mapping[str, Any], rng: np.random.Generator) -> list[Harmless]:
    """Mend or make a typo in a text."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    found = []
    for place in rng.permutation(len(cells)):
        before = source_of(cells[place])
        words = list(re.finditer(r"\b[a-z]{6,}\b", before))
        if words:
            start = words[int(rng.integers(len(words)))].start() + 2
            after = before[:start] + before[start + 1] + before[start] + before[start + 2 :]
            edit = Edit("markdown", cells[place]["id"], before, after)
            found.append(Harmless("markdown", (edit,)))
    return found


# -- of what is printed ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Snippet:
    """Lines of code, and how the outputs that they make now become those that were kept."""

    code: str
    restate: Restate


def read_noise() -> dict[str, list[Snippet]]:
    """Return the snippets of ``noise.yaml`` by kind."""
    kinds = YAML(typ="safe").load(TABLE)
    return {
        kind: [Snippet(each.pop("code").rstrip("\n"), _restate(**each)) for each in snippets]
        for kind, snippets in kinds.items()
    }


def _restate(
    shown: str = "",
    streams: Sequence[Mapping[str, str]] = (),
    replace: str = "",
    by: str = "",
    **only: str,
) -> Restate:
    """Return what makes the kept outputs of those of now, from an entry of ``noise.yaml``."""
    if replace:
        return respelled(replace, by)
    if shown:
        data = {"text/plain": shown}
        return lambda fresh: [{"output_type": "display_data", "metadata": {}, "data": data}]
    kept = [stream(text, name) for each in streams or (only,) for name, text in each.items()]
    return lambda fresh: [dict(output) for output in kept]


def stream(text: str, name: str) -> Output:
    """Return a stream as a notebook keeps it."""
    return {"output_type": "stream", "name": name, "text": text}


def respelled(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Restate:
    """Return what keeps the outputs of now with each match of a pattern replaced."""
    return lambda fresh: [_respelled(output, re.compile(pattern), new) for output in fresh]


def _respelled(output: Output, pattern: re.Pattern[str], new: Any) -> Output:
    fresh = copy.deepcopy(dict(output))
    if "text" in fresh:
        fresh["text"] = pattern.sub(new, fresh["text"])
    for mime, value in fresh.get("data", {}).items():
        if isinstance(value, str):
            fresh["data"][mime] = pattern.sub(new, value)
        elif "model_id" in value:
            fresh["data"][mime] = {**value, "model_id": "5d1f0b7cfae94f4f8b0f7d1c2a9e6b30"}
    return fresh


NOISE = read_noise()


def noise(
    operator: str,
    snippets: Sequence[Snippet],
    notebook: Mapping[str, Any],
    rng: np.random.Generator,
) -> list[Harmless]:
    """Print what no two executions print alike, somewhere in the notebook."""
    found = []
    cells = code_cells(notebook)
    for place in rng.permutation(len(snippets)):
        cell = cells[int(rng.integers(len(cells)))]
        before = source_of(cell)
        statements = syntax_tree(before).body
        statement = statements[int(rng.integers(len(statements)))]
        after = inserted(before, statement, snippets[place].code, after=False)
        edit = Edit(operator, cell["id"], before, after)
        found.append(Harmless(operator, (edit,), snippets[place].restate))
    return found


def last_digit(
    notebook: Mapping[str, Any], facts: Facts, rng: np.random.Generator
) -> list[Harmless]:
    """Print a float in full, of which another processor had the last digits differently."""
    found = []
    for cell in code_cells(notebook):
        before = source_of(cell)
        for statement in syntax_tree(before).body[:-1]:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            for name in (node.id for node in targets if isinstance(node, ast.Name)):
                for column, kind in facts.columns.get(name, {}).items():
                    if kind in "if":
                        for code in _printed(name, column):
                            after = inserted(before, statement, code)
                            edit = Edit("last digit", cell["id"], before, after)
                            found.append(Harmless("last digit", (edit,), _NUDGED))
    return [found[place] for place in rng.permutation(len(found))]


def _printed(name: str, column: str) -> tuple[str, ...]:
    values = f"{name}[{column!r}]"
    return (
        f"print('mean:', {values}.mean() / 3)",
        f"display(float({values}.mean()) / 7)",
        f"print(({values} / 3).tolist()[:4])",
    )


def _nudge(match: re.Match[str]) -> str:
    return repr(float(match[0]) * (1 + 1e-12))


_NUDGED = respelled(r"\d+\.\d{9,}(?:e-?\d+)?", _nudge)


# -- of the reference's file ----------------------------------------------------------------------


def counts(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference as if cells had been executed more than once."""
    fresh = copy.deepcopy(dict(reference))
    for place, cell in enumerate(c for c in fresh["cells"] if c["cell_type"] == "code"):
        cell["execution_count"] = 12 + 3 * place
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = 12 + 3 * place
    return fresh


def metadata(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference with what other programs note in it."""
    fresh = copy.deepcopy(dict(reference))
    fresh["metadata"]["kernelspec"]["display_name"] = "Python 3 (study)"
    fresh["metadata"] |= {
        "language_info": {"name": "python", "version": "3.12.4", "file_extension": ".py"},
        "papermill": {"duration": 14.2, "start_time": "2025-03-14T09:26:53.589793"},
        "vscode": {"interpreter": {"hash": "4b1f0d2c7a35"}},
        "toc": {"base_numbering": 1},
    }
    for cell in fresh["cells"]:
        cell["metadata"] |= {
            "ExecuteTime": {"start_time": "2025-03-14T09:26:53", "end_time": "2025-03-14T09:26:54"},
            "scrolled": True,
        }
    return fresh


def split_lines(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference with texts as lists of lines, as Jupyter writes them."""
    fresh = copy.deepcopy(dict(reference))
    for cell in fresh["cells"]:
        cell["source"] = source_of(cell).splitlines(keepends=True)
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = "".join(output["text"]).splitlines(keepends=True)
            for mime, value in output.get("data", {}).items():
                if isinstance(value, str) and mime.startswith("text/"):
                    output["data"][mime] = value.splitlines(keepends=True)
    return fresh


_OF_CODE: tuple[Operator, ...] = (comment, reformat, imports, digits)
_OF_FILE = (counts, metadata, split_lines)


def every(
    notebook: Mapping[str, Any], facts: Facts, rng: Callable[[str], np.random.Generator]
) -> dict[str, list[Harmless]]:
    """Return all edits that must not matter, by operator, each operator's in random order."""
    found: dict[str, list[Harmless]] = {}
    for operator in _OF_CODE:
        name = operator.__name__
        each = edits(name, operator, notebook, facts, rng(name))
        found[name] = [Harmless(name, (edit,)) for edit in each]
    found |= {"rename": rename(notebook, rng("rename"))}
    found |= {"markdown": markdown(notebook, rng("markdown"))}
    found |= {"last digit": last_digit(notebook, facts, rng("last digit"))}
    found |= {name: noise(name, NOISE[name], notebook, rng(name)) for name in NOISE}
    for rewrite in _OF_FILE:
        name = rewrite.__name__.replace("_", " ")
        found[name] = [Harmless(name, rewrite=rewrite)]
    return found


def kept(
    restate: Restate | None, base: Sequence[Output], fresh: Sequence[Output]
) -> list[Output] | None:
    """Return what the reference keeps of a cell; None if the edit changed its own outputs.

    Parameters
    ----------
    base, fresh : sequence of output
        Of the cell, before and after the edit.
    """
    if restate is None:
        return list(base) if base == fresh else None
    more = len(fresh) - len(base)
    for place in range(len(base) + 1):
        if more > 0 and [*fresh[:place], *fresh[place + more :]] == list(base):
            added = fresh[place : place + more]
            restated = restate(added)
            return None if restated == list(added) else [*base[:place], *restated, *base[place:]]
    return None
