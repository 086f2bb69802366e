"""The model in use under a name: which one it is, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fourfold.data.yamlfile import Document, read_positions
from fourfold.errors import ConfigError, DataError
from fourfold.models.folder import read_description

FOLDER = "models"
KEY = "champion"
#: Signs of a digest that name a model's folder.
DIGITS = 12


def folder_of(path: Path | str) -> Path | None:
    """Return the folder of a model.

    Parameters
    ----------
    path : Path or str
        A model's folder, that of a run that has kept one, or ``models/NAME.yaml``, by which the
        champion of that name is meant.

    Returns
    -------
    Path or None
        None if nothing is in use under the name yet.

    Raises
    ------
    DataError
        If the folder holds no model, or not the one that the file names.
    ConfigError
        If the file is wrong.
    """
    path = Path(path)
    if path.suffix not in (".yaml", ".yml"):
        for folder in (path, path / "artifacts" / "model"):
            if (folder / "model.json").is_file():
                return folder
        raise DataError(f"{path}: expected the folder of a model or models/NAME.yaml, found none")
    if not path.is_file():
        return None
    content, positions = read_positions(path, path.name, "model")
    named = content.get(KEY)
    if named is None:
        return None
    document: Document[Any] = Document(None, positions)
    if not isinstance(named, str) or len(named) < DIGITS or not named.isalnum():
        expected = f"expected the first {DIGITS} signs of a model's digest, got {named!r}"
        raise ConfigError([document.violation((KEY,), expected)])
    folder = path.with_suffix("") / named
    if not (folder / "model.json").is_file():
        message = f"expected the model in {path.stem}/{named}, found none; is it in git?"
        raise ConfigError([document.violation((KEY,), message)])
    if not read_description(folder).digest.startswith(named):
        raise DataError(f"{folder}: refused, since it holds another model than its name states")
    return folder
