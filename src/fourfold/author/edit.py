"""A template in JupyterLab: a copy with parameters, each save of which goes into the template."""

import hashlib
import json
import os
import socket
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fourfold.author.clean import clean, merged
from fourfold.author.copies import EDITED as EDITED
from fourfold.author.copies import Copy, find_copy
from fourfold.author.lint import check_notebook, fix_notebook, half_typed
from fourfold.errors import FourfoldError, TemplateError, UnpublishedError
from fourfold.plan.template import library
from fourfold.project import find_root, shown, write_text
from fourfold.records.ipynb import Notebook, read_notebook, tags, text, written

#: What the metadata ``fourfold`` of a copy has, and its template has not.
_OWN = ("edit", "template")
_MACHINE = ("kernelspec", "language_info")
# JupyterLab as ``python -m jupyterlab`` starts it, in a third of the time.
_LAB = """
from fourfold.records.ipynb import defer_grammar
defer_grammar()
from jupyterlab.labapp import main
main()
"""


def working_copy(
    template: Path,
    parameters: Mapping[str, Any] | None,
    outputs: Path,
    config: str = "",
    root: Path | None = None,
) -> Path:
    """Write the copy that is edited, ``outputs/edit/NAME.ipynb``, and return its path.

    Parameters
    ----------
    template, outputs : Path
    parameters : dict, optional
        Those of a run. Default: those of the template.
    config : str
        The config that has them.
    root : Path, optional
        The project. Default: as found from the template.
    """
    key, values = uuid.uuid4().hex[:12], dict(parameters) if parameters else None
    folder, root = (outputs / "edit").resolve(), (root or find_root(template.parent)).resolve()
    source = template.resolve()
    _write(Copy(key, folder, folder / template.name, source, root, config, values))
    return outputs / "edit" / template.name


def _write(copy: Copy) -> None:
    """Write a copy from its template as that is now."""
    import nbformat

    from fourfold.run.prepare import injected

    template = _fixed(read_notebook(copy.template))
    if copy.parameters:
        notebook = injected(template, copy.parameters)
    else:
        notebook = nbformat.from_dict(template)  # type: ignore[no-untyped-call]
    # `ff.rerun` reads the template from here.
    about = {"edit": copy.key, "template": copy.name}
    notebook.metadata["fourfold"] = {**notebook.metadata.get("fourfold", {}), **about}
    given = next((text(cell) for cell in notebook.cells if _is_injected(cell)), "")
    replace(copy, given=given, base=_digest(template)).keep()
    write_text(copy.beside("").with_name("root"), os.path.relpath(copy.root, copy.folder))
    write_text(copy.path, nbformat.writes(notebook))  # type: ignore[no-untyped-call]


def own(template: Path, root: Path) -> None:
    """Check that a template is the project's own, which can be edited.

    Raises
    ------
    FourfoldError
        If it came with Fourfold.
    """
    if template.parent == library() and not template.is_relative_to(root):
        raise FourfoldError(
            f"{template.stem}: expected a template of this project, got one that comes with "
            f"Fourfold; fourfold new-template NAME --from {template.stem} makes it yours"
        )


def free_port(port: int) -> int:
    """Return a port of this machine: the one that is wanted, or the first free one from 8888.

    The server looks on from there if somebody is faster, and says which one it got.

    Raises
    ------
    FourfoldError
        If it is in use.
    """
    for each in [port] if port else range(8888, 8988):
        with socket.socket() as here, suppress(OSError):
            here.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            here.bind(("127.0.0.1", each))
            return each
    raise FourfoldError(
        f"--port {port or '8888 to 8987'}: expected a free port, got one in use; give another, or "
        "none for any that is free"
    )


def environment(copy: Path, template: Path, root: Path) -> dict[str, str]:
    """Return the environment in which the server knows what is edited.

    Parameters
    ----------
    copy, template, root : Path
        The notebook, what it is a copy of, and the project's folder.
    """
    places = {"copy": copy, "copies": copy.parent, "template": template, "root": root}
    content = {name: str(path.resolve()) for name, path in places.items()}
    artifacts = str(copy.parent / "artifacts")
    return {**os.environ, EDITED: json.dumps(content), "FOURFOLD_ARTIFACTS": artifacts}


def command(copy: Path, root: Path, port: int, browser: bool) -> list[str]:
    """Return the call that opens a copy in JupyterLab, for this machine only.

    Parameters
    ----------
    copy, root : Path
        The notebook, and the project's folder.
    port : int
    browser : bool
        Whether to open the page.
    """
    options = {
        "--ServerApp.ip": "127.0.0.1",
        "--ServerApp.root_dir": str(root),
        "--ServerApp.port": str(port),
        # Registered by an installation; a folder on PYTHONPATH has none.
        "--ServerApp.jpserver_extensions": "fourfold.author.lab=True",
        "--LabApp.extra_labextensions_path": str(Path(__file__).parent / "labextensions"),
    }
    return [
        *(sys.executable, "-c", _LAB),
        *(f"{name}={value}" for name, value in options.items()),
        *([] if browser else ["--no-browser"]),
        # Jupyter refuses to run as root, who one is in a container.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        str(copy),
    ]


def unmerged(template: Path, outputs: Path) -> Path | None:
    """Keep an earlier copy whose edits are not in its template; return where, or None."""
    copy = outputs / "edit" / template.name
    if not copy.is_file():
        return None
    with suppress(TemplateError, ValueError, KeyError):  # no notebook any more: kept as well
        old = _fixed(read_notebook(template))
        if _merged(old, _own_removed(read_notebook(copy))) == old:
            return None
    return copy.rename(_aside(copy))


def _aside(copy: Path, kind: str = "") -> Path:
    """Return a free name beside a copy, with its time."""
    stamp = datetime.fromtimestamp(copy.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    marks = ("", *(f"-{number}" for number in range(2, 1000)))
    names = (f"{copy.stem}{kind}-{stamp}{mark}.ipynb" for mark in marks)
    return next(path for name in names if not (path := copy.with_name(name)).exists())


def publish(path: Path, is_new: bool = False) -> list[str]:
    """Write a copy that was saved into its template; return remarks about it.

    Parameters
    ----------
    path : Path
        Any notebook; if it is no copy, nothing is done.
    is_new : bool
        Whether the file was not there before, as after Save As.

    Raises
    ------
    UnpublishedError
        If the template was not written: a cell is half typed, somebody else has changed the
        template, it is gone, or another file is the copy that counts.
    """
    path = path.resolve()
    notebook = read_notebook(path)
    copy = find_copy(notebook, path)
    if copy is None:
        return []
    copy = _followed(copy, path, is_new)
    remarks = _lost(notebook, copy)
    new, old = _own_removed(notebook), _template(copy)
    if broken := half_typed(new, old):
        copy.keep()
        raise UnpublishedError(f"{copy.name} keeps its last version that parses: {broken}")
    result = _merged(old, new)
    if result != old:
        if _digest(old) != copy.base:
            copy.keep()
            write_text(copy.beside(".ipynb"), written(result))
            mine = shown(copy.beside(".ipynb"), copy.root)
            raise UnpublishedError(
                f"{copy.name} has changed on disk and was not written; your work is in "
                f"{path.name}. To see both: nbdiff-web {copy.name} {mine}",
                conflict=True,
            )
        write_text(copy.template, written(result))
    replace(copy, base=_digest(result)).keep()
    return [*remarks, *_mistakes(result)]


def _followed(copy: Copy, path: Path, is_new: bool) -> Copy:
    """Return a copy at the path where it is now: renamed, or saved under another name."""
    if path == copy.path or is_new or not copy.path.exists():
        return replace(copy, path=path)
    raise UnpublishedError(
        f"{path.name} was saved, {copy.name} was not written: it takes its edits from "
        f"{copy.path.name} alone; edit there, or delete that file"
    )


def _template(copy: Copy) -> Notebook:
    try:
        return _fixed(read_notebook(copy.template))
    except TemplateError as error:
        raise UnpublishedError(
            f"{copy.name} cannot be read any more, and was not written: your work is in "
            f"{copy.path.name}. {error}",
            conflict=True,
        ) from error


def settle(path: Path, mine: bool) -> Path | None:
    """End a conflict: write a copy over its template, or the template over the copy.

    Parameters
    ----------
    path : Path
        Of the copy.
    mine : bool
        Whether the copy counts.

    Returns
    -------
    Path or None
        Where the version that does not count is kept, beside the copy; None if it is gone.
    """
    path = path.resolve()
    notebook = read_notebook(path)
    copy = find_copy(notebook, path)
    if copy is None:
        raise FourfoldError(f"{path.name}: expected a copy of a template, got another notebook")
    if not mine:
        _template(copy)
        kept = path.rename(_aside(path, "-mine"))
        _write(replace(copy, path=path))
        return kept
    there = copy.template.is_file()
    theirs = copy.folder / _aside(copy.template, "-theirs").name if there else None
    if theirs:
        theirs.write_bytes(copy.template.read_bytes())
    try:
        old = _template(copy)
    except UnpublishedError:
        old = _own_removed(notebook)
        write_text(copy.template, written(old))
    replace(copy, path=path, base=_digest(old)).keep()
    publish(path)
    return theirs


def is_template(path: Path) -> bool:
    """Say whether a file is a template of a project: in ``templates/``, beside ``params/``."""
    there = path.parent.name == "templates" and (path.parent.parent / "params").is_dir()
    return there and path.suffix == ".ipynb" and not path.name.startswith(".")


def clean_file(path: Path, before: str = "") -> list[str]:
    """Clean a template that an editor has saved itself; return remarks about it.

    Parameters
    ----------
    path : Path
    before : str
        The file before; cells that were not edited stay as they stand there.
    """
    new = _own_removed(read_notebook(path))
    result, content = new, written(new)
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        result = _merged(_fixed(json.loads(before)), new)
        content = before if result == json.loads(before) else written(result)
    if content != path.read_text(encoding="utf-8"):
        write_text(path, content)
    broken = half_typed(result, {"cells": []})
    return [f"{path.name} does not run like this: {broken}"] if broken else _mistakes(result)


def _mistakes(notebook: Notebook) -> list[str]:
    """Return what `fourfold check` says of a template."""
    names = [f"cell {i} ({cell.get('id')})" for i, cell in enumerate(notebook["cells"], 1)]
    return [
        f"{'notebook' if at is None else names[at]} {rule}: {message}"
        for at, rule, message in check_notebook(notebook)
    ]


def _lost(notebook: Notebook, copy: Copy) -> list[str]:
    """Return a remark if the cell with the parameters of the config was edited."""
    cell = next((cell for cell in notebook["cells"] if _is_injected(cell)), None)
    if cell is None or text(cell).strip() == copy.given.strip():
        return []
    before = copy.given.splitlines()
    lines = [line for line in text(cell).splitlines() if line.strip() and line not in before]
    return [
        f"the cell with the parameters of {copy.config} was edited: "
        f"{'; '.join(lines) or 'lines are gone'}. The template does not take this; to keep it, "
        f"write it in {copy.config}"
    ]


def _is_injected(cell: Mapping[str, Any]) -> bool:
    return "injected-parameters" in tags(cell)


def _fixed(notebook: Notebook) -> Notebook:
    """Return a template in which every cell has an id, without which no edit finds its cell."""
    fix_notebook(notebook)
    return notebook


def _own_removed(notebook: Notebook) -> Notebook:
    """Return a copy without what its template does not have."""
    clean(notebook)
    about = notebook["metadata"].get("fourfold")
    if isinstance(about, dict) and "edit" in about:
        kept = {name: value for name, value in about.items() if name not in _OWN}
        notebook["metadata"] |= {"fourfold": kept}
        if not kept:
            del notebook["metadata"]["fourfold"]
    return notebook


def _merged(old: Notebook, new: Notebook) -> Notebook:
    """Return a template with what was edited, also in the metadata of the notebook."""
    result = merged(old, new)
    edited = {name: value for name, value in new["metadata"].items() if name not in _MACHINE}
    return {**result, "metadata": {**result["metadata"], **edited}}


def _digest(notebook: Notebook) -> str:
    """Return a digest of what a notebook says, however its file is written."""
    cells = [{**cell, "source": text(cell)} for cell in notebook["cells"]]
    content = json.dumps({**notebook, "cells": cells}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
