"""The champion of a name: which of its models is in use."""

from __future__ import annotations

from pathlib import Path

from fourfold.data.yamlfile import read_positions


def folder_of(path: Path | str) -> Path | None:
    """Return the folder of a model in use; None if there is no champion yet.

    Parameters
    ----------
    path : Path or str
        Of a model's folder, or of ``models/NAME.yaml``, whose key ``champion`` names a folder in
        ``models/NAME/``.

    Raises
    ------
    ConfigError
        If the file is no YAML.
    """
    path = Path(path)
    if path.is_dir():
        return path
    if not path.is_file():
        return None
    champion = read_positions(path, path.name, "document")[0].get("champion")
    return path.with_suffix("") / str(champion) if champion else None
