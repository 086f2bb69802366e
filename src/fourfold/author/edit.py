"""A template in JupyterLab: a copy with parameters, each save of which goes into the template."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from fourfold.author.clean import clean, merged
from fourfold.errors import FourfoldError
from fourfold.project import write_text
from fourfold.records.ipynb import written
from fourfold.run.prepare import injected

#: The environment of the server, and of its kernels: what is edited, as JSON.
EDITED = "FOURFOLD_EDITED"
_seen: dict[str, str] = {}


def working_copy(template: Path, parameters: Mapping[str, Any] | None, outputs: Path) -> Path:
    """Write the copy that is edited, ``outputs/edit/NAME.ipynb``, and return its path.

    Parameters
    ----------
    template, outputs : Path
    parameters : dict, optional
        Those of a run. Default: those of the template.
    """
    notebook = injected(template, parameters) if parameters else nbformat.read(template, 4)  # type: ignore[no-untyped-call]
    copy = outputs / "edit" / template.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_text(copy, nbformat.writes(notebook))  # type: ignore[no-untyped-call]
    return copy


def unmerged(template: Path, outputs: Path) -> Path | None:
    """Keep an earlier copy whose edits are not in its template; return where, or None."""
    copy = outputs / "edit" / template.name
    try:
        new = json.loads(copy.read_text(encoding="utf-8"))
        clean(new)
        old = json.loads(template.read_text(encoding="utf-8"))
        if merged(old, new) == old:
            return None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError):
        pass  # no notebook any more: kept, whatever it is
    stamp = datetime.fromtimestamp(copy.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    return copy.rename(copy.with_name(f"{copy.stem}-{stamp}.ipynb"))


def environment(copy: Path, template: Path) -> dict[str, str]:
    """Return the environment in which `saved` knows where to write."""
    content = {"copy": str(copy), "template": str(template), "seen": _digest(template)}
    artifacts = str(copy.parent / "artifacts")
    return {**os.environ, EDITED: json.dumps(content), "FOURFOLD_ARTIFACTS": artifacts}


def command(copy: Path, root: Path, port: int, browser: bool) -> list[str]:
    """Return the call that opens a copy in JupyterLab, for this machine only.

    Parameters
    ----------
    copy, root : Path
        The notebook, and the project's folder.
    port : int
        0: any that is free.
    browser : bool
        Whether to open the page.
    """
    options = {
        "--ServerApp.ip": "127.0.0.1",
        "--ServerApp.root_dir": str(root),
        "--ServerApp.kernel_manager_class": "fourfold.author.lab.Kernels",
        "--FileContentsManager.post_save_hook": "fourfold.author.edit.saved",
        **({"--ServerApp.port": str(port)} if port else {}),
    }
    return [
        *(sys.executable, "-m", "jupyterlab"),
        *(f"{name}={value}" for name, value in options.items()),
        *([] if browser else ["--no-browser"]),
        # Jupyter refuses to run as root, who one is in a container.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        str(copy),
    ]


def saved(os_path: str, model: Mapping[str, Any], contents_manager: Any, **kwargs: Any) -> None:
    """Write a working copy that was saved back into its template; Jupyter's server calls it.

    Parameters
    ----------
    os_path : str
        The file that was saved.
    model, contents_manager
        What Jupyter passes along.

    Raises
    ------
    FourfoldError
        If somebody else has changed the template since it was read; nothing is written then.
    """
    edited = json.loads(os.environ.get(EDITED, "{}"))
    if not edited or Path(os_path).resolve() != Path(edited["copy"]).resolve():
        return
    template = Path(edited["template"])
    if _digest(template) != _seen.get(str(template), edited["seen"]):
        raise FourfoldError(
            f"{template.name} has changed on disk since fourfold edit opened it: nothing was "
            "written to it. Your work is in the copy: end this session, start again, and take from "
            "the copy, which is kept, what you want"
        )
    old = json.loads(template.read_text(encoding="utf-8"))
    new = json.loads(Path(os_path).read_text(encoding="utf-8"))
    clean(new)
    result = merged(old, new)
    if result != old:
        write_text(template, written(result))
    _seen[str(template)] = _digest(template)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
