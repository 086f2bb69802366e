"""A template: a notebook read as text, with its parameters, sections and metrics."""

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from fourfold.data.listing import matches
from fourfold.errors import TemplateError, did_you_mean
from fourfold.plan.parameters import REQUIRED, Parameter, read_parameters
from fourfold.records.evidence import FRAME
from fourfold.records.ipynb import (
    FIRST_LINE,
    code_trees,
    parameters_index,
    read_notebook,
    text,
)

_OURS = "fourfold:"


@dataclass(frozen=True, eq=False)
class Template:
    """A parameterised notebook.

    Attributes
    ----------
    name : str
        File name without its ending.
    notebook : dict
        The notebook as JSON.
    parameters : dict of str to Parameter
        In the order of the cell.
    metrics : tuple of str
        Names that the code records; ``*`` stands for a part known only at run time.
    artifacts : tuple of str
        Names under which the code saves tables, in the same way.
    """

    name: str
    path: Path
    notebook: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    metrics: tuple[str, ...]
    artifacts: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """Return the values of parameters that a config does not give."""
        return {
            # A template's own question is about its own example, never about the data of a config.
            name: type(parameter.default)() if name in FRAME else parameter.default
            for name, parameter in self.parameters.items()
            if parameter.default is not REQUIRED and parameter.held
        }


def read_template(path: Path) -> Template:
    """Read a template without executing or importing anything of it.

    Raises
    ------
    TemplateError
        If the file is no notebook, has no parameters cell, or one that cannot be read.
    """
    notebook = read_notebook(path)
    index = parameters_index(notebook)
    if index is None:
        raise TemplateError(
            f"{path}: expected a cell tagged 'parameters', or one whose first line is "
            f"{FIRST_LINE!r}; found none"
        )
    cell = notebook["cells"][index]
    parameters = read_parameters(text(cell), f"{path}, cell {index + 1}")
    metrics, artifacts = (tuple(dict.fromkeys(_named(notebook, c))) for c in ("record", "save"))
    return Template(path.stem, path, notebook, parameters, metrics, artifacts)


def find_template(name: str, folder: Path) -> Path:
    """Return the path of the template of this name, or of the notebook at this path.

    A project's own templates come first, then those that come with Fourfold.

    Raises
    ------
    TemplateError
        If there is none; names the nearest.
    """
    path = Path(name) if name.endswith(".ipynb") else folder / f"{name}.ipynb"
    path = path if path.is_absolute() else folder.parent / path
    # Links may lead elsewhere, and are made by whoever owns the project; a config may not.
    inside = Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder.parent))
    if inside and os.path.isfile(path):
        return path
    if name in (known := templates(folder)):
        return known[name]
    raise TemplateError(
        f"unknown template {name!r}; expected one of {', '.join(known) or '(none found)'}."
        + did_you_mean(name, known)
    )


def templates(folder: Path) -> dict[str, Path]:
    """Return the templates that a config can name: those in `folder`, and Fourfold's own."""
    paths = [path for place in (library(), folder) for path in matches("*.ipynb", place)]
    return dict(sorted({path.stem: path for path in paths}.items()))


def library() -> Path:
    """Return the folder of the templates that come with Fourfold."""
    package = Path(__file__).parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parents[1] / "templates"


def template_file(path: Path, root: Path) -> str:
    """Return how a record names a template: relative to the project, or as Fourfold's own."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return f"{_OURS}{path.name}" if path.parent == library() else path.as_posix()


def template_path(file: str, root: Path) -> Path:
    """Return the path of a template that `template_file` has named."""
    return library() / file.removeprefix(_OURS) if file.startswith(_OURS) else root / file


def _named(notebook: Mapping[str, Any], call: str) -> Iterator[str]:
    """Yield the names that the code gives to a call."""
    # Most cells have no such call, and a syntax tree takes time.
    cells = [cell for cell in notebook["cells"] if call in text(cell)]
    for node in chain.from_iterable(map(ast.walk, code_trees({"cells": cells}))):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name == call:
                named = [k.value for k in node.keywords if k.arg == "name"]
                yield from map(_pattern, [*node.args[:1], *named])


def _pattern(node: ast.expr) -> str:
    """Return the name as written; what is computed at run time becomes ``*``."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part) for part in parts)
    return "*"
