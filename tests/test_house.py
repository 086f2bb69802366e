"""The house: few names at the top, files of a size to read, and functions that say what they take.

Which room may import which is import-linter's, in pyproject.toml.
"""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "fourfold"
FILES = sorted(PACKAGE.rglob("*.py"))
LINES = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
BUILTIN = {"ValueError", "TypeError", "RuntimeError", "KeyError", "Exception"}
#: Names that say nothing about what they hold.
EMPTY = {"found", "told"}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions of a module and methods of its classes whose names begin with no underscore."""
    classes = [c for c in tree.body if isinstance(c, ast.ClassDef) and not c.name.startswith("_")]
    for owner in (tree, *classes):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield node


def is_documented(function: ast.FunctionDef) -> bool:
    """Whether a function has few arguments, is a command with a help for each, or describes them."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    count = sum(each.arg not in ("self", "cls") for each in given)
    command = any("command" in ast.unparse(each) for each in function.decorator_list)
    compiled = any("njit" in ast.unparse(each) for each in function.decorator_list)
    return count < 3 or command or compiled or "Parameters\n" in (ast.get_docstring(function) or "")


def test_rooms_are_few():
    """Somebody who opens the folder sees the line in its listing."""
    names = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(names) <= 16, sorted(names)


def test_files_have_a_size_to_read():
    """No file is over 400 lines, and the median is no fragment."""
    assert {name_of(path): n for path, n in LINES.items() if n > 400} == {}
    assert 100 <= statistics.median(LINES.values()) <= 250


def test_the_house_stays_small():
    """All of it: 20,000 lines with docstrings, tests and examples of the templates aside."""
    assert sum(LINES.values()) <= 47_100


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_say_what_they_take_and_raise(path):
    """Arguments of public functions are described, errors are ours, names mean something."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func) in BUILTIN
    ]
    assert bare == []
    assert [f.name for f in public_functions(tree) if not is_documented(f)] == []
    stored = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    assert EMPTY & {node.id for node in stored} == set()
    assert EMPTY & {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} == set()
