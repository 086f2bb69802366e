"""A folder that predicts without Fourfold: the model, its description, and a script.

The model is arrays, which need numpy alone; where it has no such form, ONNX.
"""

import hashlib
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np

from fourfold.errors import DataError
from fourfold.models.card import CARD
from fourfold.models.folder import ONNX, checked, load_model

ARRAYS, SCRIPT, NEEDS = "model.npz", "predict.py", "requirements.txt"


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
        If the model has neither form or is refused, or the folder has other files.
    """
    from fourfold.models.arrays import arrays_of

    loaded = load_model(model)
    if not (model / CARD).is_file():
        raise DataError(f"{model / CARD}: expected the card of the model, found none")
    arrays = arrays_of(loaded.estimator, loaded.description)
    if arrays is None:
        load_model(model, "onnx")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not force:
        raise DataError(f"{folder}: expected a new or empty folder; --force writes over its files")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}") from error
    for name in (ARRAYS, ONNX):  # of an export before
        (folder / name).unlink(missing_ok=True)
    if arrays is None:
        shutil.copy2(checked(model, ONNX, loaded.description), folder / ONNX)
    else:
        np.savez_compressed(folder / ARRAYS, **arrays)
    for name in ("model.json", CARD):
        shutil.copy2(model / name, folder / name)
    name = ONNX if arrays is None else ARRAYS
    text = files("fourfold.models").joinpath("edge", SCRIPT).read_text(encoding="utf-8")
    content = (folder / name).read_bytes() + (folder / "model.json").read_bytes()
    text = text.replace('SHA256 = ""', f'SHA256 = "{hashlib.sha256(content).hexdigest()}"')
    (folder / SCRIPT).write_text(text, encoding="utf-8")
    (folder / NEEDS).write_text("numpy\n" + "onnxruntime\n" * (arrays is None))
    return [folder / each for each in (name, "model.json", CARD, SCRIPT, NEEDS)]
