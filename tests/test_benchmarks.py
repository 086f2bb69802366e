"""The benchmarks, which no test runs: what they take from the library is there."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
FILES = sorted(FOLDER.rglob("*.py"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def imported(tree: ast.AST) -> dict[str, object]:
    """What a file imports from the library, by the name that it has there."""
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fourfold"):
            exec(compile(ast.Module([node], []), "imports", "exec"), names)
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_each_name_of_the_library_exists(file):
    """Names that are imported, and attributes of modules and classes that are."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    known = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            if inspect.ismodule(owner):
                assert hasattr(owner, node.attr), f"{node.value.id}.{node.attr}"


def test_the_page_names_each_file():
    """Each benchmark, and each file that others share, is on the page."""
    for file in FILES:
        assert f"`{file.stem}`" in README or f"/{file.stem}.py" in README, file.stem


@pytest.mark.parametrize("room", ["speed", "truth", "mutations"])
def test_no_file_hides_a_module_of_the_standard_library(room):
    """Python looks beside a script first, for whatever its imports import as well."""
    assert {file.stem for file in (FOLDER / room).glob("*.py")} & sys.stdlib_module_names == set()
