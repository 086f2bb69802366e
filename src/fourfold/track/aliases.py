"""Champions in MLflow's registry: the model of ``models/NAME.yaml`` has the alias ``champion``.

The files decide, also after ``git revert``: what the registry was last told is noted beside the
spool, and what differs from the files is set by the next command.
"""

from __future__ import annotations

import json
from pathlib import Path

from fourfold.data.kept import read_kept
from fourfold.errors import FourfoldError, TrackingError
from fourfold.models.champion import FOLDER, folder_of
from fourfold.models.folder import read_description
from fourfold.project import write_text
from fourfold.track.store import Store

ALIAS = "champion"
MODEL_TAG = "fourfold.digest.model"
_NOTE = "aliases.json"


def due(root: Path, spool: Path, address: str, every: bool = False) -> dict[str, str]:
    """Return the folder of the champion of each name that MLflow may not have; empty for none.

    Parameters
    ----------
    root, spool : Path
        Of the project, and of what waits for MLflow.
    address : str
        Of MLflow and the experiment: another one has none yet.
    every : bool
        Also what was set before.
    """
    known = _noted(spool, address)
    champions = {}
    for path in sorted((root / FOLDER).glob("*.yaml")):
        try:
            folder = folder_of(path)
        except FourfoldError:  # predict and promote say what is wrong
            continue
        if every or (folder.name if folder else "") != known.get(path.stem, ""):
            champions[path.stem] = str(folder or "")
    return champions


def _noted(spool: Path, address: str) -> dict[str, str]:
    known = read_kept(spool / _NOTE).get(address)
    return known if isinstance(known, dict) else {}


def note(spool: Path, address: str, name: str, folder: str) -> None:
    """Note that MLflow has the champion of a name.

    Parameters
    ----------
    spool : Path
    address, name, folder : str
        As `due` takes and returns them.
    """
    content = {address: {**_noted(spool, address), name: Path(folder).name}}
    write_text(spool / _NOTE, json.dumps(content, indent=1) + "\n")


def set_alias(store: Store, experiment: str, name: str, folder: str) -> str:
    """Let the alias of a name be the version of its champion, which is made where there is none.

    Parameters
    ----------
    store : Store
    experiment : str
        Where the run is that has kept the model.
    name : str
        Of ``models/NAME.yaml``, and of the registered model.
    folder : str
        Of the champion; empty if nothing is in use: then the alias goes.

    Returns
    -------
    str
        What was done, in words.
    """
    if not folder:
        store.point(name, ALIAS, None)
        return f"{name}: no {ALIAS}"
    digest = read_description(Path(folder)).digest[:16]
    version = store.version(name, {MODEL_TAG: digest})
    if version is None:
        runs = [run for run in store.find(experiment, digest, MODEL_TAG) if not run.deleted]
        if not runs:
            raise TrackingError(f"MLflow has no run that kept {digest[:12]}", of_run=True)
        for path in sorted(Path(folder).iterdir()):
            store.upload(runs[-1], path, "model")
        version = store.register(name, runs[-1], {MODEL_TAG: digest})
    store.point(name, ALIAS, version)
    return f"{name}@{ALIAS} is version {version}"
