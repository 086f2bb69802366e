"""The folder of a model: ``model.json`` says what it is, and nothing else in it is taken on trust.

A model is loaded in this order: the description is whole, each file is the one that was kept, only
types on our list are made (`fourfold.models.safe`), and the answers to a probe are those of then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from fourfold.data.digest import hash_file
from fourfold.data.yamlfile import strict
from fourfold.errors import DataError, did_you_mean
from fourfold.models.signature import Column, probe, problem_of
from fourfold.project import write_text
from fourfold.records.formatting import number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FORMAT = 1
#: A threshold of a model that never says yes: more than any probability.
NEVER = 1.01
_MOST_BYTES = 64 << 20
MODEL, ONNX, CONTRACT, HELD_OUT = "model.skops", "model.onnx", "contract.yaml", "held_out.parquet"
PROFILE = "profile.csv"
PACKAGES = ("fourfold", "scikit-learn", "numpy", "pandas", "scipy", "skops")
#: Answers to the probe may differ by so much: the last digits of a sum in another order.
TOLERANCE = 1e-8


@strict
@dataclass(frozen=True)
class Description:
    """What ``model.json`` says of a model.

    Attributes
    ----------
    task : str
        ``classification``, ``regression`` or ``clustering``.
    name : str
        Of the model in its notebook, such as ``logistic, tuned``.
    target : str
        What is predicted; empty for clusters.
    classes : tuple of str
        In the order of the probabilities; of two, the last one is the one to be found.
    threshold : float, optional
        Of two classes: the probability of the last one from which on it is the answer.
    columns : tuple of Column
        The signature.
    rows : dict
        ``fitted`` and ``held out``: how many.
    data : list of dict
        What `ff.ingest` said of each table: source, sha256, rows, contract.
    onnx : dict
        ``kept`` or not, and why; with parity: rows, largest difference, decisions that differ.
    segments : list of dict
        How the model does on parts of the rows held out.
    probe : list
        Answers to made-up rows, which a loaded model must repeat.
    files : dict
        The sha256 of every other file.
    run, commit : str
        Name of the run and the commit of the project; empty outside of the runner.
    """

    task: str
    name: str
    target: str
    classes: tuple[str, ...]
    threshold: float | None
    unit: str
    columns: tuple[Column, ...]
    rows: Mapping[str, int]
    data: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    onnx: Mapping[str, Any]
    segments: Sequence[Mapping[str, Any]]
    limits: Sequence[str]
    probe: Sequence[Any]
    files: Mapping[str, str] = field(default_factory=dict)
    run: str = ""
    commit: str = ""
    format: int = FORMAT

    @property
    def answers(self) -> str:
        """Return what the model answers, in a few words."""
        if self.task == "clustering":
            return "the cluster of a row"
        if self.task == "regression":
            return f"{self.target}, {self.unit}".removesuffix(", ")
        if self.threshold is not None and len(self.classes) == 2 and self.threshold > 1:
            return f"never {self.classes[1]}: that costs least"
        if self.threshold is not None and len(self.classes) == 2:
            return f"{self.classes[1]} from a probability of {number(100 * self.threshold)} % on"
        return f"the likeliest of {len(self.classes)} classes"

    @property
    def digest(self) -> str:
        """Return the digest of all that makes the model, but for its run's name and commit."""
        content = {k: v for k, v in asdict(self).items() if k not in ("run", "commit")}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write ``model.json``."""
        content = {**asdict(self), "digest": self.digest}
        write_text(folder / "model.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_description(folder: Path) -> Description:
    """Return what ``model.json`` of a folder says.

    Raises
    ------
    DataError
        If there is none, if it is not what `Description.write` wrote, or was changed since.
    """
    path = folder / "model.json"
    if not path.is_file():  # nor what never ends, such as a pipe
        raise DataError(f"{folder}: expected a model, found no model.json")
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise DataError(f"{path}: refused, since it has {size >> 20:,} MB, more than any model")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected JSON: {error}") from error
    given = dict(content) if isinstance(content, dict) else {}
    if given.get("format") != FORMAT:
        raise DataError(
            f"{path}: expected the description of a model of format {FORMAT}, got "
            f"{given.get('format', 'none')!r}"
        )
    digest, known = given.pop("digest", None), [each.name for each in fields(Description)]
    for name in given:
        if name not in known:
            raise DataError(f"{path}: {name}: unknown key.{did_you_mean(name, known)}")
    try:
        made = _adapter().validate_json(json.dumps(given))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise DataError(f"{path}: expected the description of a model: {message}") from error
    if made.digest != digest:
        raise DataError(f"{path}: refused, since it was changed after the model was kept")
    if wrong := _contradiction(made):
        raise DataError(f"{path}: refused, since {wrong}")
    return made


@cache
def _adapter() -> TypeAdapter[Description]:
    return TypeAdapter(Description)


def _contradiction(said: Description) -> str:
    """Return what a description must not say, though each value is of its type; or nothing."""
    if said.task not in ("classification", "regression", "clustering"):
        return f"task: {said.task!r} is none that Fourfold knows"
    if (said.task == "classification") != (len(said.classes) > 1):
        return f"classes: {len(said.classes)} do not fit {said.task}"
    most = NEVER if len(said.classes) == 2 else -1.0
    if said.threshold is not None and not 0 <= said.threshold <= most:
        return f"threshold: {said.threshold:g} is no probability of two classes"
    if "kept" not in said.onnx:
        return "onnx: kept is missing"
    for name, digest in said.files.items():
        if Path(name).name != name or not re.fullmatch("[0-9a-f]{64}", digest):
            return f"files: {name!r} is no file of this folder with its digest"
    if not said.columns or not {"fitted", "held out"} <= said.rows.keys():
        return "columns or numbers of rows are missing"
    return next(filter(None, map(problem_of, said.columns)), "")


def checked(folder: Path, name: str, description: Description) -> Path:
    """Return the path of a model's file, which is the one that was kept.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file.
    description : Description
        Of the model, with the digest.

    Raises
    ------
    DataError
        If it is missing or another one.
    """
    path = folder / name
    if name not in description.files or not path.is_file():
        raise DataError(f"{path}: expected a file of the model, found none")
    if hash_file(path) != description.files[name]:
        raise DataError(f"{path}: refused, since it was changed after the model was kept")
    return path


@dataclass(frozen=True)
class Model:
    """A model that was loaded, and predicts.

    Attributes
    ----------
    estimator : object
        With ``predict``, and ``predict_proba`` if it tells classes apart.
    """

    folder: Path
    description: Description
    estimator: Any

    def scores(self, features: pd.DataFrame) -> NDArray[Any]:
        """Return probabilities, shape (n, classes); or quantities or clusters, shape (n,)."""
        return scores(self.estimator, self.description.task, features)

    def decisions(self, given: NDArray[Any]) -> NDArray[Any]:
        """Return the places of the classes that scores decide for."""
        return decisions(given, self.description.threshold)


def scores(estimator: Any, task: str, features: pd.DataFrame) -> NDArray[Any]:
    """Return what an estimator says of features.

    Parameters
    ----------
    estimator : object
    task : str
        Classification asks for probabilities.
    features : DataFrame
    """
    import numpy as np

    asked = "predict_proba" if task == "classification" else "predict"
    return np.asarray(getattr(estimator, asked)(features))


def decisions(given: NDArray[Any], threshold: float | None) -> NDArray[Any]:
    """Return the place of the class that each row of probabilities decides for."""
    if threshold is None or given.shape[1] != 2:
        decided: NDArray[Any] = given.argmax(axis=1)
    else:
        decided = (given[:, 1] >= threshold).astype(int)
    return decided


def load_model(folder: Path, engine: str = "skops") -> Model:
    """Return the model in a folder.

    Parameters
    ----------
    folder : Path
        That of the model, ``artifacts/model`` of a run.
    engine : {'skops', 'onnx'}
        scikit-learn, or ONNX Runtime.

    Raises
    ------
    DataError
        If the folder is not whole, was changed, holds what we do not load, or predicts otherwise
        than it did when it was kept.
    """
    from fourfold.models.safe import loaded

    description = read_description(folder)
    if engine == "onnx":
        from fourfold.models.onnx import Session

        if not description.onnx["kept"]:
            raise DataError(f"{folder}: there is no ONNX model: {description.onnx['why']}")
        path = checked(folder, ONNX, description)
        estimator: Any = Session.of(path.read_bytes(), str(path), description)
    else:
        path = checked(folder, MODEL, description)
        estimator = loaded(path.read_bytes(), str(path))
    model = Model(folder, description, estimator)
    _check_probe(model, path, 1e-5 if engine == "onnx" else TOLERANCE)
    return model


def _check_probe(model: Model, path: Path, tolerance: float) -> None:
    import numpy as np

    description = model.description
    try:
        wanted = np.asarray(description.probe, dtype=float)
        answers = np.asarray(model.scores(probe(description.columns)), dtype=float)
        apart = np.abs(answers - wanted) / np.maximum(1.0, np.abs(wanted))
    except Exception as error:  # another version may fail in any way
        why = f"it fails: {type(error).__name__}: {error}"
    else:
        classes = description.classes
        same = apart.shape == wanted.shape == (len(wanted), *([len(classes)] if classes else []))
        if same and float(apart.max(initial=0.0)) <= tolerance:
            return
        why = f"answers differ by up to {float(apart.max(initial=0.0)):.2g}"
    now = versions()
    other = [
        f"{name} {version} then, {now.get(name, 'none')} now"
        for name, version in description.versions.items()
        if now.get(name) != version
    ]
    raise DataError(
        f"{path}: refused, since the model no longer predicts as it did when it was kept: {why} "
        f"({'; '.join(other) or 'all packages are the same'})"
    )


def versions(extra: Sequence[str] = ()) -> dict[str, str]:
    """Return the versions of the packages that a model depends on."""
    numbers = {}
    for package in (*PACKAGES, *extra):
        try:
            numbers[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return numbers


def named(description: Description, run: str, commit: str | None) -> Description:
    """Return the description with the run that kept the model.

    Parameters
    ----------
    description : Description
    run : str
        Its name.
    commit : str, optional
        Of the project.
    """
    return replace(description, run=run, commit=commit or "")
