"""Notebooks without what an editor leaves: outputs, injected parameters, metadata of a machine.

Also git's filter: ``python -m fourfold clean --filter PATH`` reads a notebook from standard input
and writes it clean; PATH is the file that git adds.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from fourfold.author.lint import fix_notebook
from fourfold.errors import FourfoldError
from fourfold.records.ipynb import Notebook, tags, text, written

#: Tags of cells that a run puts into a notebook, and its template does not have.
ADDED = ("injected-parameters", "four-quarters")
ATTRIBUTES = "templates/*.ipynb filter=fourfold"


def clean(notebook: Notebook) -> bool:
    """Clean a notebook in place; say whether anything changed."""
    kept = [cell for cell in notebook["cells"] if not set(ADDED) & set(tags(cell))]
    changed = len(kept) < len(notebook["cells"])
    notebook["cells"] = kept
    # papermill gives each cell an empty list of tags
    for cell in (each for each in kept if each.get("metadata", {}).get("tags") == []):
        del cell["metadata"]["tags"]
        changed = True
    return fix_notebook(notebook) or changed


def cleaned(content: str, name: str = "notebook", stored: str = "") -> str:
    """Return the text of a notebook's file, cleaned; as it is where there is nothing to clean.

    Parameters
    ----------
    stored : str
        The file as git has it. Cells that are the same there stay as they stand, since editors
        sort keys and split sources into lines.

    Raises
    ------
    FourfoldError
        If the text is no notebook.
    """
    try:
        notebook = json.loads(content)
        changed = clean(notebook)
        if not stored:
            return written(notebook) if changed else content
        old = json.loads(stored)
        result = merged(old, notebook)
        return stored if result == old else written(result)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FourfoldError(f"{name}: expected a notebook (JSON with cells): {error}") from error


def in_git(path: Path) -> str:
    """Return a file as it was last added to git; empty where it was not, or is no notebook."""
    try:
        call = ["git", "show", f":./{path.name}"]
        done = subprocess.run(call, cwd=path.resolve().parent, capture_output=True, check=True)
        text_ = done.stdout.decode("utf-8")
        return text_ if {"cells", "metadata"} <= set(json.loads(text_)) else ""
    except (OSError, ValueError, TypeError, subprocess.CalledProcessError):
        return ""


def merged(template: Notebook, edited: Notebook) -> Notebook:
    """Return a template with what was edited in a copy of it that an editor has saved.

    What was not edited stays as it stands in the file, so that git shows the edit alone: an
    editor sorts keys and splits sources into lines.
    """
    lines = any(isinstance(cell["source"], list) for cell in template["cells"])
    known = {cell.get("id"): cell for cell in template["cells"]}
    cells = []
    for cell in edited["cells"]:
        old, source = known.get(cell.get("id")), text(cell)
        same = old is not None and {**old, "source": text(old)} == {**cell, "source": source}
        new = {**cell, "source": source.splitlines(keepends=True) if lines else source}
        cells.append(old if same else new)
    # The kernel that happened to be chosen, and its version of Python, are of one machine.
    metadata = {
        name: template["metadata"].get(name, value) for name, value in edited["metadata"].items()
    }
    same = metadata == template["metadata"]
    return {**template, "cells": cells, "metadata": template["metadata"] if same else metadata}


def install(root: Path) -> list[str]:
    """Set up git's filter for the templates of a project; return what was done.

    The filter is named in ``.gitattributes``, which is shared, and defined in the settings of
    this clone. Where it is not defined, git leaves notebooks as they are.

    Raises
    ------
    FourfoldError
        If the project is in no repository, or git is not there.
    """
    top = Path(_git(root, "rev-parse", "--show-toplevel"))
    program = Path(sys.executable)
    # Relative where the environment is inside: filters run at the top of the repository.
    python = program.relative_to(top) if program.is_relative_to(top) else program
    command = f"{shlex.quote(python.as_posix())} -m fourfold clean --filter %f"
    done = []
    if _git(root, "config", "--default", "", "--get", "filter.fourfold.clean") != command:
        _git(root, "config", "filter.fourfold.clean", command)
        done.append(f"set filter.fourfold.clean to {command}")
    attributes = root / ".gitattributes"
    content = attributes.read_text(encoding="utf-8") if attributes.exists() else ""
    if ATTRIBUTES not in content.splitlines():
        end = "" if not content or content.endswith("\n") else "\n"
        attributes.write_text(f"{content}{end}{ATTRIBUTES}\n", encoding="utf-8")
        done.append(f"wrote .gitattributes: {ATTRIBUTES}")
    return done


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
    except OSError as error:
        raise FourfoldError(f"clean --install: expected git: {error}") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise FourfoldError(f"{root}: expected a git repository: {reason}")
    return done.stdout.strip()


def filter_stdin(path: str = "") -> None:
    """Write the notebook on standard input, which git adds as `path`, clean to standard output.

    It is written as bytes, so that ends of lines stay.
    """
    given = sys.stdin.buffer.read()
    try:
        stored = in_git(Path(path)) if path else ""
        result = cleaned(given.decode("utf-8"), stored=stored).encode("utf-8")
    except (FourfoldError, UnicodeDecodeError):  # git keeps what it is given, and so does this
        result = given
    sys.stdout.buffer.write(result)
