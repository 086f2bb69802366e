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
from fourfold.errors import FourfoldError, last_line
from fourfold.records.editors import added, adopt, impersonal
from fourfold.records.ipynb import Notebook, in_lines, tags, written

ATTRIBUTES = "*.ipynb filter=fourfold"


def clean(notebook: Notebook) -> bool:
    """Clean a notebook in place; say whether anything changed."""
    changed = impersonal(notebook)
    kept = [cell for cell in notebook["cells"] if not added(cell)]
    changed |= len(kept) < len(notebook["cells"])
    notebook["cells"] = kept
    # papermill gives each cell an empty list of tags
    for cell in (each for each in kept if each.get("metadata", {}).get("tags") == []):
        del cell["metadata"]["tags"]
        changed = True
    return fix_notebook(notebook) or changed


def cleaned(content: str, name: str = "notebook", stored: str = "", executed: bool = False) -> str:
    """Return the text of a notebook's file, cleaned; as it is where there is nothing to clean.

    Parameters
    ----------
    content, name : str
        The text, and what messages call it.
    stored : str
        The file as git has it. Cells that are the same there stay as they stand, since editors
        sort keys and split sources into lines.
    executed : bool
        Whether outputs stay, as in a reference: then only what editors leave is taken out.

    Raises
    ------
    FourfoldError
        If the text is no notebook.
    """
    try:
        notebook = json.loads(content)
        changed = impersonal(notebook) if executed else clean(notebook)
        if not stored or (executed and not changed):
            return written(notebook) if changed else content
        old = json.loads(stored)
        result = merged(old, notebook, executed)
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


def merged(template: Notebook, edited: Notebook, executed: bool = False) -> Notebook:
    """Return a template with what was edited in a copy of it that an editor has saved.

    What was not edited stays as it stands in the file, so that git shows the edit alone: an
    editor sorts keys and splits sources into lines. A cell that was edited is written in lines.

    Parameters
    ----------
    template, edited : dict
        Notebooks as JSON; cells of `edited` get ids and tags that its editor has lost.
    executed : bool
        Whether this is an executed notebook, whose metadata say more than the template's.
    """
    adopt(edited, template)
    known = {cell.get("id"): cell for cell in template["cells"]}
    # Colab may lose tags, all of them; in others somebody has taken out this one.
    lost = not any({*tags(cell)} - {"parameters"} for cell in edited["cells"])
    cells = []
    for cell in edited["cells"]:
        old = known.get(cell.get("id"))
        if old and lost and tags(old):
            cell["metadata"] = {**cell.get("metadata", {}), "tags": tags(old)}
        same = old is not None and _untagged(old) == _untagged(cell)
        cells.append(old if same else _ordered(in_lines(cell), old or {}))
    # The kernel that happened to be chosen, and its version of Python, are of one machine.
    own = template["metadata"]
    kept = [name for name in own if not executed or name in ("kernelspec", "language_info")]
    metadata = {
        name: own[name] if name in kept else value for name, value in edited["metadata"].items()
    }
    if lost and "fourfold" in own:
        metadata.setdefault("fourfold", own["fourfold"])
    minor = max(nb.get("nbformat_minor", 5) for nb in (template, edited))
    named = {"nbformat_minor": minor} if minor != template.get("nbformat_minor") else {}
    return {**template, **named, "cells": cells, "metadata": own if metadata == own else metadata}


def _untagged(cell: Notebook) -> Notebook:
    """Return a cell to be compared: no tags are the same as an empty list of them."""
    metadata = {k: v for k, v in cell.get("metadata", {}).items() if (k, v) != ("tags", [])}
    return {**in_lines(cell), "metadata": metadata}


def _ordered(cell: Notebook, old: Notebook) -> Notebook:
    """Return a cell with its keys in the order that they have in another."""
    return {name: cell[name] for name in dict.fromkeys([*old, *cell]) if name in cell}


def install(root: Path) -> list[str]:
    """Set up git's filter for the notebooks of a project; return what was done.

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
        reason = last_line(done.stderr)
        raise FourfoldError(f"{root}: expected a git repository: {reason}")
    return done.stdout.strip()


def filter_stdin(path: str = "") -> None:
    """Write the notebook on standard input, which git adds as `path`, clean to standard output.

    Outputs stay unless it is a template. It is written as bytes, so that ends of lines stay.
    """
    given = sys.stdin.buffer.read()
    executed = bool(path) and Path(path).parent.name != "templates"
    try:
        stored = in_git(Path(path)) if path else ""
        result = cleaned(given.decode("utf-8"), stored=stored, executed=executed).encode("utf-8")
    except (FourfoldError, UnicodeDecodeError):  # git keeps what it is given, and so does this
        result = given
    sys.stdout.buffer.write(result)
