"""What a reference has for Colab: a badge, a form for its parameters, and where to install from."""

import ast
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fourfold.errors import FourfoldError
from fourfold.plan.parameters import Parameter
from fourfold.project import git
from fourfold.records.ipynb import tags, text

_GITHUB = re.compile(r"(?:^|[/@])github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_COLAB = "https://colab.research.google.com"
_INSIDE = 'os.chdir("project")'
_LOCAL = '"FOURFOLD_SOURCE", ".."'


def repository(root: Path) -> str:
    """Return ``owner/name`` on GitHub: as pyproject.toml says, else of git's origin; or nothing.

    In pyproject.toml it stands as ``[tool.fourfold] repository = "owner/name"``.

    Raises
    ------
    FourfoldError
        If pyproject.toml names something else.
    """
    settings = root / "pyproject.toml"
    if settings.is_file():
        content = tomllib.loads(settings.read_text(encoding="utf-8"))
        named = content.get("tool", {}).get("fourfold", {}).get("repository")
        if named is not None:
            if not isinstance(named, str) or not _NAME.fullmatch(named):
                raise FourfoldError(
                    f"pyproject.toml tool.fourfold.repository: expected owner/name, got {named!r}"
                )
            return named
    address = _GITHUB.search(git(root, "config", "--get", "remote.origin.url") or "")
    return address[1] if address else ""


def below(root: Path) -> str:
    """Return the project's folder in its repository, such as ``analysis/``; empty at the top."""
    return git(root, "rev-parse", "--show-prefix") or ""


def prepare(
    notebook: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    name: str,
    place: str,
    folder: str = "",
) -> None:
    """Give a reference its form; if the repository is known, its badge and source as well.

    Parameters
    ----------
    notebook, parameters : mapping
        The cells of the notebook are changed; the parameters are those of its template.
    name, folder : str
        Of the repository, ``owner/name``, and of the project in it, with a slash at its end;
        empty where there is none.
    place : str
        Path of the reference in the project.
    """
    for cell in notebook["cells"]:
        if "injected-parameters" in tags(cell):
            cell["source"] = form(text(cell), parameters)
        elif name and "setup" in tags(cell):
            there = f'"FOURFOLD_SOURCE", "https://github.com/{name}"'
            inside = f'os.chdir("project/{folder.rstrip("/")}")' if folder else _INSIDE
            cell["source"] = text(cell).replace(_LOCAL, there).replace(_INSIDE, inside)
    if name:
        first = notebook["cells"][0]
        title, _, rest = text(first).partition("\n")
        badge = f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]"
        address = f"{_COLAB}/github/{name}/blob/HEAD/{folder}{place}"
        first["source"] = f"{title}\n\n{badge}({address})\n{rest}"


def form(source: str, parameters: Mapping[str, Parameter]) -> str:
    """Return assignments with the comments from which Colab makes a form.

    To Python, and to anybody who reads it in Jupyter, they are comments.
    """
    return "".join(_field(line, parameters) for line in source.splitlines(keepends=True))


def _field(line: str, parameters: Mapping[str, Parameter]) -> str:
    name, equals, value = line.rstrip("\n").partition(" = ")
    parameter = parameters.get(name)
    if not equals or parameter is None:
        return line
    try:
        kind = _kind(ast.literal_eval(value), parameter)
    except (ValueError, SyntaxError):  # one of several lines
        return line
    return f"{name} = {value}  # @param {kind}\n"


def _kind(value: Any, parameter: Parameter) -> str:
    match value:
        case str() if parameter.choices:
            return json.dumps(list(parameter.choices))
        case bool():
            return '{type: "boolean"}'
        case int() if None not in (parameter.low, parameter.high):
            ends = f"min: {parameter.low:.0f}, max: {parameter.high:.0f}"
            return f'{{type: "slider", {ends}, step: 1}}'
        case int() if parameter.annotation == "int":
            return '{type: "integer"}'
        case str() if not set(value) & set("\"'\\\n"):
            return '{type: "string"}'
    return '{type: "raw"}'
