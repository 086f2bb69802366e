"""The copies of templates that are edited: which template each has, and who edits it.

A copy names itself by a key in its metadata, so that it can be renamed. In the folder of copies,
``.copies/KEY.json`` says which template it has, and how that was when both were last the same.
"""

import getpass
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fourfold.errors import FourfoldError, UnpublishedError
from fourfold.project import find_root, shown, write_text
from fourfold.records.ipynb import Notebook

try:
    import fcntl
except ImportError:  # Windows, where a second editor is noticed by its conflicts
    fcntl = None  # type: ignore[assignment]

#: The environment of the server, and of its kernels: what is edited, as JSON.
EDITED = "FOURFOLD_EDITED"
_PATHS = ("path", "template", "root")
_held: dict[Path, int] = {}


@dataclass(frozen=True)
class Copy:
    """A copy of a template that is edited.

    Attributes
    ----------
    key : str
        Its own, in the metadata of the notebook.
    folder, path, template, root : Path
        The folder of copies, the copy, its template and the project; absolute.
    config : str
        Whose parameters it has; empty if it has those of the template.
    parameters : dict, optional
    given : str
        The cell with these parameters.
    base : str
        Digest of the template when the copy was last the same.
    """

    key: str
    folder: Path
    path: Path
    template: Path
    root: Path
    config: str
    parameters: dict[str, Any] | None
    given: str = ""
    base: str = ""

    @property
    def name(self) -> str:
        """Return how messages name the template."""
        return shown(self.template, self.root)

    def beside(self, ending: str) -> Path:
        """Return the path of something that is known about it."""
        return self.folder / ".copies" / f"{self.key}{ending}"

    def keep(self) -> None:
        """Write down what is known, with paths that hold if the project is moved."""
        content = asdict(self)
        relative = {name: os.path.relpath(content[name], self.folder) for name in _PATHS}
        self.beside("").parent.mkdir(parents=True, exist_ok=True)
        write_text(self.beside(".json"), json.dumps({**content, **relative, "folder": "."}))


def _read(folder: Path, key: str) -> Copy:
    content = json.loads((folder / ".copies" / f"{key}.json").read_text(encoding="utf-8"))
    content["folder"] = folder
    return Copy(**content | {n: Path(os.path.normpath(folder / content[n])) for n in _PATHS})


def _folders(path: Path) -> list[Path]:
    """Return the folders that may know a copy: its own, the project's, and the server's."""
    of_server = json.loads(os.environ.get(EDITED, "{}")).get("copies")
    usual = [path.parent, find_root(path.parent) / "outputs" / "edit"]
    return [*usual, *([Path(of_server)] if of_server else [])]


def find_copy(notebook: Notebook, path: Path) -> Copy | None:
    """Return what is known about a notebook that is a copy; None if it is none.

    Raises
    ------
    UnpublishedError
        If it is a copy that no session here has made.
    """
    about = notebook["metadata"].get("fourfold")
    key = about.get("edit") if isinstance(about, dict) else None
    if not isinstance(key, str) or not key.isalnum():
        return None
    for folder in _folders(path):
        with suppress(OSError, ValueError, TypeError, KeyError):
            return _read(folder, key)
    raise UnpublishedError(
        f"{path.name} is a copy of a template that fourfold edit no longer knows. It was saved, "
        "the template was not written: start fourfold edit again, and take from this copy what "
        "you want"
    )


def follow(old: Path, new: Path) -> None:
    """Let copies follow a template that was renamed, or a folder above it."""
    for folder in dict.fromkeys(_folders(new)):
        for file in (folder / ".copies").glob("*.json"):
            with suppress(OSError, ValueError, TypeError, KeyError):
                copy = _read(folder, file.stem)
                if copy.template.is_relative_to(old):
                    replace(copy, template=new / copy.template.relative_to(old)).keep()


def hold(template: Path, folder: Path, address: str = "") -> None:
    """Let no other process edit a template as long as this one lives.

    Parameters
    ----------
    template : Path
    folder : Path
        Of copies.
    address : str
        Where it is edited, for the one who comes second.

    Raises
    ------
    FourfoldError
        If another one does; names whose it is.
    """
    path = folder / f".{template.stem}.lock"
    if path in _held or not fcntl:
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        holder = path.read_text(encoding="utf-8", errors="replace").strip()
        if holder.startswith(f"process {os.getpid()} "):  # held since before this was Jupyter
            return
        raise FourfoldError(
            f"{template.name}: expected that no one else edits it, but it is open in {holder}; "
            "edit it there, or end that session first"
        ) from None
    os.ftruncate(handle, 0)
    since = datetime.now().strftime("%H:%M")
    who = f"process {os.getpid()} of {_user()} on {socket.gethostname()} since {since}"
    os.write(handle, f"{who} {address}".strip().encode())
    os.set_inheritable(handle, True)  # JupyterLab takes the place of this program
    _held[path] = handle


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's number without a name
        return "somebody"
