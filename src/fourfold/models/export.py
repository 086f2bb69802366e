"""A folder that predicts without Fourfold: the ONNX model, its description, and a script."""

import shutil
from importlib.resources import files
from pathlib import Path

from fourfold.errors import DataError
from fourfold.models.card import CARD
from fourfold.models.folder import ONNX, checked, load_model

#: Of the folder `edge` beside this file.
SCRIPTS = ("predict.py", "requirements.txt", "requirements-small.txt")


def export(model: Path, folder: Path, force: bool = False) -> list[Path]:
    """Write the folder, and return its files.

    Parameters
    ----------
    model : Path
        Folder of a model that was kept.
    folder : Path
        To be made.
    force : bool
        Whether files of these names are written over.

    Raises
    ------
    DataError
        If the model has no ONNX form or is refused, or the folder has other files.
    """
    description = load_model(model, "onnx").description
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not force:
        raise DataError(f"{folder}: expected a new or empty folder; --force writes over its files")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}") from error
    shutil.copy2(checked(model, ONNX, description), folder / ONNX)
    for name in ("model.json", CARD):
        shutil.copy2(model / name, folder / name)
    for name in SCRIPTS:
        text = files("fourfold.models").joinpath("edge", name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in (ONNX, "model.json", CARD, *SCRIPTS)]
