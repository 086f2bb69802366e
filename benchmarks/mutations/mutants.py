"""Mutants: small edits of a notebook's code, made on its syntax tree.

An operator looks at one code cell and proposes every edit of its kind; `breaking.py` holds those
that change results, `harmless.py` those that must not matter. What an operator may know of a
notebook beyond its code, such as which variables are tables, is in `Facts`.
"""

from __future__ import annotations

import ast
import copy
import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fourfold.records.ipynb import syntax_tree

# A changed setup cell could install packages; parameters have an operator of their own.
UNTOUCHED = {"setup", "injected-parameters"}
PARAMETERS = "parameters"


@dataclass(frozen=True)
class Edit:
    """The source of one cell before and after; None after it if the cell is deleted."""

    operator: str
    cell: str
    before: str
    after: str | None

    def diff(self) -> str:
        """Return the edit as a unified diff without its header."""
        if self.after is None:
            return "".join(f"-{line}\n" for line in self.before.splitlines())
        old, new = self.before.splitlines(), self.after.splitlines()
        return "\n".join(list(difflib.unified_diff(old, new, lineterm="", n=1))[2:])


@dataclass(frozen=True)
class Facts:
    """What executing a notebook told of it.

    Attributes
    ----------
    kinds : dict of str to str
        Name of the type of each variable, at the end.
    columns : dict of str to dict of str to str
        Of each variable that is a table, columns and the kind of their dtype.
    rows : dict of str to int
        Of each table and series, the number of rows.
    given : tuple of str
        Parameters that the config gives, whose default in the template does not matter.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    given: tuple[str, ...] = ()


PROBE = """
def _probe():
    import json, pandas
    found = {"kinds": {}, "columns": {}, "rows": {}}
    for name, value in list(globals().items()):
        if name[0] == "_" or name in ("In", "Out", "exit", "quit", "open", "get_ipython"):
            continue
        found["kinds"][name] = type(value).__name__
        if isinstance(value, (pandas.DataFrame, pandas.Series)):
            found["rows"][name] = len(value)
        if isinstance(value, pandas.DataFrame):
            found["columns"][name] = {
                c: value[c].dtype.kind for c in value if isinstance(c, str) and value[c].ndim == 1
            }
    print(json.dumps(found))
_probe()
"""
"""Code for a last cell that prints the facts."""


def read_facts(printed: str, given: Sequence[str]) -> Facts:
    """Return the facts that `PROBE` printed."""
    return Facts(**json.loads(printed), given=tuple(given))


@dataclass(frozen=True)
class Cell:
    """A code cell as an operator sees it."""

    key: str
    source: str
    facts: Facts
    rng: np.random.Generator
    names: frozenset[str] = frozenset()

    @property
    def tree(self) -> ast.Module:
        """Return the syntax tree; a new one each time, whose nodes belong to this call."""
        return syntax_tree(self.source)


Operator = Callable[[Cell], Iterator[str | None]]


def code_cells(notebook: Mapping[str, Any], parameters: bool = False) -> list[Mapping[str, Any]]:
    """Return the code cells that may be edited; the parameters cell only where asked for."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        cell
        for cell in cells
        if not UNTOUCHED & tags(cell) and (PARAMETERS in tags(cell)) == parameters
    ]


def tags(cell: Mapping[str, Any]) -> set[str]:
    """Return the tags of a cell."""
    return set(cell["metadata"].get("tags", []))


def source_of(cell: Mapping[str, Any]) -> str:
    """Return the source, which JSON keeps as a string or as lines."""
    return "".join(cell["source"])


def assigned(notebook: Mapping[str, Any]) -> frozenset[str]:
    """Return the variables that the code cells assign; parameters and imports are none."""
    trees = (syntax_tree(source_of(cell)) for cell in code_cells(notebook))
    return frozenset(
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def edits(
    name: str,
    operator: Operator,
    notebook: Mapping[str, Any],
    facts: Facts,
    rng: np.random.Generator,
    parameters: bool = False,
) -> list[Edit]:
    """Return all edits that an operator proposes, each once, in random order."""
    names = assigned(notebook)
    found: dict[Edit, None] = {}
    for cell in code_cells(notebook, parameters):
        source = source_of(cell)
        for after in operator(Cell(cell["id"], source, facts, rng, names)):
            if after is None or (after != source and parses(after)):
                found[Edit(name, cell["id"], source, after)] = None
    every = list(found)
    return [every[place] for place in rng.permutation(len(every))]


def parses(source: str) -> bool:
    """Say whether code can be read at all; what cannot, no author would commit."""
    try:
        syntax_tree(source)
    except SyntaxError:
        return False
    return True


def applied(notebook: Mapping[str, Any], *changes: Edit) -> dict[str, Any]:
    """Return a copy of the notebook with edits applied."""
    after = {edit.cell: edit.after for edit in changes}
    fresh = copy.deepcopy(dict(notebook))
    fresh["cells"] = [
        {**cell, "source": after.get(cell["id"], cell["source"])}
        for cell in fresh["cells"]
        if after.get(cell["id"], "") is not None
    ]
    return fresh


# -- source, node by node -------------------------------------------------------------------------


def replaced(source: str, tree: ast.Module, node: ast.expr, new: ast.expr) -> str:
    """Return the source with an expression replaced, all else as it was written.

    Python 3.11 does not know where the parts of an f-string stand, so that the whole string is
    written anew where one of them changes.
    """
    outer = next((string for string in _strings(tree) if _within(node, string)), node)
    fresh = copy.deepcopy(outer, {id(node): new})
    text = ast.unparse(ast.fix_missing_locations(fresh))
    binds = isinstance(fresh, ast.BinOp | ast.BoolOp | ast.Compare | ast.UnaryOp | ast.IfExp)
    return _spliced(source, outer, f"({text})" if binds else text)


def _strings(tree: ast.AST) -> Iterator[ast.JoinedStr]:
    """Yield the f-strings that stand in no other."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.JoinedStr):
            yield child
        else:
            yield from _strings(child)


def _within(node: ast.AST, outer: ast.AST) -> bool:
    return any(child is node for child in ast.walk(outer))


def _spliced(source: str, node: ast.expr, text: str) -> str:
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    whole = source.encode()
    return (whole[:start] + text.encode() + whole[end:]).decode()


def without(source: str, statement: ast.stmt, alone: bool = False) -> str:
    """Return the source without a statement; with ``pass`` in its place if it was alone."""
    lines = source.splitlines()
    indent = lines[statement.lineno - 1][: statement.col_offset]
    kept = [f"{indent}pass"] if alone else []
    end = statement.end_lineno or statement.lineno
    return "\n".join([*lines[: statement.lineno - 1], *kept, *lines[end:]])


def inserted(source: str, statement: ast.stmt, text: str, after: bool = True) -> str:
    """Return the source with lines put behind a statement, or before it."""
    lines = source.splitlines()
    indent = " " * statement.col_offset
    place = (statement.end_lineno or 0) if after else statement.lineno - 1
    fresh = [f"{indent}{line}" for line in text.splitlines()]
    return "\n".join([*lines[:place], *fresh, *lines[place:]])


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield each list of statements: of the cell, and of each branch and loop."""
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def expressions(tree: ast.AST, *kinds: type) -> Iterator[Any]:
    """Yield the expressions of some kinds, in the order in which they are written."""
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))
