"""The setup cell of a template, and where its project is on GitHub.

In Colab, which begins in an empty folder, the cell installs Fourfold; ``fourfold.begin`` does the
rest. Elsewhere the cell says which template it is, and does nothing.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fourfold.project import git, read_settings
from fourfold.records.ipynb import tags, text

SETUP = "setup"
_GITHUB = re.compile(r"(?:^|[/@])github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
_COLAB = "https://colab.research.google.com"
_BADGE = re.compile(rf"\n\[!\[Open in Colab\]\({re.escape(_COLAB)}/assets/[^)]*\)\]\([^)]*\)\n")
_REQUIRED = re.compile(
    r"fourfold\b\s*(?:\[[^\]]*\])?\s*(?:@\s*(?P<address>(?:git\+)?https://\S+)|==\s*(?P<version>[\w.]+))"
)
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_ASKED = 'if not getattr(find_spec("fourfold"), "origin", None):  # Colab begins without Fourfold'
_KNOWN = "    %pip install -q --no-deps "
_UNKNOWN = f"""\
    assert "FOURFOLD_SOURCE" in environ, (
        "Fourfold is not installed; first %env FOURFOLD_SOURCE=git+https://github.com/OWNER/NAME"
    )
{_KNOWN}{{environ["FOURFOLD_SOURCE"]}}"""
_CELL = """\
from importlib.util import find_spec
{environ}
{asked}
{install}
from fourfold import begin

begin({arguments})"""
_HOLES = {
    "environ": r"(?:from os import environ\n)?",
    "asked": re.escape(_ASKED),
    "install": rf"(?:{re.escape(_UNKNOWN)}|{re.escape(_KNOWN)}\S+)",
    "arguments": r'"(?P<template>[^"\\\n]+)"(?:, "[^"\\\n]+")?',
}
_OURS = re.compile(
    re.sub(r"\\\{(\w+)\\\}", lambda hole: _HOLES[hole[1]], re.escape(_CELL)) + r"\n?"
)
# What templates had before, whose second execution in Colab stayed in the wrong folder.
_FORMER = "import importlib.util\nimport os\nimport subprocess\nimport sys\n"


def repository(root: Path) -> str:
    """Return ``owner/name`` on GitHub: as pyproject.toml says, else of git's origin; or nothing.

    In pyproject.toml it stands as ``[tool.fourfold] repository = "owner/name"``.

    Raises
    ------
    ConfigError
        If pyproject.toml names something else, or cannot be read.
    """
    settings = read_settings(root)
    named = settings.own.get("repository")
    if named is not None:
        if not isinstance(named, str) or not _NAME.fullmatch(named):
            raise settings.wrong("repository", f"expected owner/name, got {named!r}")
        return named
    address = _GITHUB.search(git(root, "config", "--get", "remote.origin.url") or "")
    return address[1] if address else ""


def below(root: Path) -> str:
    """Return the project's folder in its repository, such as ``analysis/``; empty at the top."""
    return git(root, "rev-parse", "--show-prefix") or ""


def setup_cell(template: str, root: Path) -> str:
    """Return the setup cell of a template of this name in a project.

    It knows what to install in Colab if the project is on GitHub, and has Fourfold in it or a
    requirements.txt that names where Fourfold comes from; else it says what to set.
    """
    name, wanted = repository(root), _requirement(root)
    here = wanted == "."  # the project is Fourfold itself
    folder = below(root).rstrip("/") if name else ""
    known = bool(name and wanted)
    install = f"git+https://github.com/{name}" if here else wanted
    if here and folder:
        install += f"#subdirectory={folder}"
    place = [f"{name}/{folder}".rstrip("/")] if known and (folder or not here) else []
    return _CELL.format(
        environ="" if known else "from os import environ\n",
        asked=_ASKED,
        install=f"{_KNOWN}{install}" if known else _UNKNOWN,
        arguments=", ".join(f'"{argument}"' for argument in [template, *place]),
    )


def _requirement(root: Path) -> str:
    """Return what pip installs Fourfold from on any machine; ``.`` if it is this project."""
    if read_settings(root).name == "fourfold":
        return "."
    listed = root / "requirements.txt"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    for line in lines:
        if wanted := _REQUIRED.match(line):
            return wanted["address"] or f"fourfold=={wanted['version']}"
    return ""


def is_setup(source: str) -> bool:
    """Say whether a cell is nothing but a setup cell as `setup_cell` writes it."""
    return bool(_OURS.fullmatch(source))


def named(source: str) -> str:
    """Return the template that a setup cell names; empty if it is another cell."""
    known = _OURS.fullmatch(source)
    return known["template"] if known else ""


def for_colab(notebook: Mapping[str, Any], template: str, place: str, root: Path) -> None:
    """Write the setup cell anew; if the repository is known, a badge below the title as well.

    A setup cell that somebody has changed stays as it is.

    Parameters
    ----------
    notebook : mapping
        Its cells are changed.
    template, place : str
        Name of the template, and path of this notebook in the project.
    root : Path
        The project.
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and _ours(cell):
            cell["source"] = setup_cell(template, root).splitlines(keepends=True)
    name, cells = repository(root), notebook["cells"]
    if name and cells and cells[0]["cell_type"] == "markdown":
        first = cells[0]
        title, _, rest = _BADGE.sub("", text(first)).partition("\n")
        address = f"{_COLAB}/github/{name}/blob/HEAD/{below(root)}{place}"
        badge = f"[![Open in Colab]({_COLAB}/assets/colab-badge.svg)]({address})"
        first["source"] = f"{title}\n\n{badge}\n{rest}".splitlines(keepends=True)


def _ours(cell: Mapping[str, Any]) -> bool:
    former = text(cell).startswith(_FORMER) and "FOURFOLD_SOURCE" in text(cell)
    return is_setup(text(cell)) or (former and SETUP in tags(cell))
