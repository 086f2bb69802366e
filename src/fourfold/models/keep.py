"""`keep_model`: what a notebook calls to keep the model that its figures are of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.data import sources
from fourfold.data.artifacts import OUTPUTS
from fourfold.data.coerce import with_columns
from fourfold.data.digest import hash_file
from fourfold.models import folder as folders
from fourfold.models.card import write_card
from fourfold.models.folder import Description
from fourfold.models.segments import segments_of
from fourfold.models.signature import Column, columns_of, probe
from fourfold.project import find_root
from fourfold.records import emit
from fourfold.records.formatting import number
from fourfold.records.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "model"
#: ONNX is kept if no decision differs, and probabilities and quantities by no more than this share.
PARITY = 1e-5
#: Most rows of the run on which parity is checked.
PARITY_ROWS = 20_000


def keep_model(
    model: Any,
    features: Any,
    held_out: tuple[pd.DataFrame, pd.Series] | None = None,
    *,
    name: str = "",
    target: str = "",
    classes: Sequence[str] = (),
    threshold: float | None = None,
    unit: str = "",
    groups: pd.Series | None = None,
) -> None:
    """Keep a fitted model in the artifacts of the run, with a description and a model card.

    It is kept as it was judged: not fitted again on the rows held out, since the figures of the
    notebook would then be of another model.

    Parameters
    ----------
    model : Pipeline
        Fitted: the preparation of features and an estimator.
    features : Features or DataFrame
        As `fourfold.columns.select` returns them; or a table of numbers.
    held_out : (DataFrame, Series), optional
        Features and target of the rows that the model was judged by, and not fitted on.
    name : str
        Of the model in the notebook, such as ``logistic, tuned``.
    target, unit : str
        What is predicted, and in which unit; without a target, rows get clusters.
    classes : sequence of str
        What the model's classes 0, 1, … mean; of two, the last is the one to be found.
    threshold : float, optional
        Of two classes: the probability of the last from which on it is the answer.
    groups : Series, optional
        The day, patient or the like of each row, where rows of one were held out together. They
        are kept as numbers, since rows of one say less than as many others (`ff.monitoring`).

    Raises
    ------
    DataError
        If the model holds a type that is not on the list of `fourfold.models.safe`.
    """
    from fourfold.models.safe import dumped

    frame, kinds, origins = _parts_of(features)
    task = "classification" if len(classes) else "regression" if target else "clustering"
    columns = columns_of(frame, kinds, origins)
    content = dumped(model)
    place = Path(os.environ.get("FOURFOLD_ARTIFACTS", "artifacts")) / FOLDER
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / folders.MODEL).write_bytes(content)
    judged = 0 if held_out is None else len(held_out[0])
    data, conclusion = emit.ingested(), emit.recorded()[1]
    for table in data:
        if table["contract"]:
            text = sources.locate(table["contract"]).read_bytes()
            (place / folders.CONTRACT).write_bytes(text)
    description = Description(
        task=task,
        name=name,
        target=target,
        classes=tuple(map(str, classes)),
        threshold=None if threshold is None else float(threshold),
        unit=unit,
        columns=columns,
        rows={"fitted": len(frame) - judged, "held out": judged},
        data=data,
        versions=folders.versions(),
        onnx={},
        segments=(),
        limits=conclusion.limits if conclusion else (),
        probe=folders.scores(model, task, probe(columns)).tolist(),
    )
    if held_out is not None:
        segments = _write_held_out(model, description, held_out, place, groups)
        description = replace(description, segments=segments)
    _write_profile(frame, columns, place)
    description = replace(description, onnx=_onnx(model, description, frame, place))
    files = {path.name: hash_file(path) for path in sorted(place.iterdir())}
    replace(description, files=files).write(place)
    if OUTPUTS not in os.environ:  # else the runner writes it, by the record
        write_card(place, _so_far(data), find_root(Path.cwd()))
    _show(description)


def _parts_of(features: Any) -> tuple[pd.DataFrame, Mapping[str, str], Mapping[str, Any]]:
    if hasattr(features, "kinds"):
        return features.frame, features.kinds, features.origins
    return features, {}, {}


def _write_profile(frame: pd.DataFrame, columns: Sequence[Column], place: Path) -> None:
    """Write what the features looked like, without dates: later rows have others anyway."""
    from fourfold.data.profile import profile_columns

    texts = {c.name: frame[c.name].astype(object) for c in columns if c.kind == "category"}
    dates = [column.name for column in columns if column.kind == "date"]
    profile_columns(with_columns(frame, texts), dates).table().to_csv(
        place / folders.PROFILE, index=False
    )


def _write_held_out(
    model: Any,
    description: Description,
    held_out: tuple[pd.DataFrame, pd.Series],
    place: Path,
    groups: pd.Series | None,
) -> list[dict[str, Any]]:
    """Write what the model said of rows that it was not fitted on; return how it did on parts."""
    import pandas as pd

    rows, truth = held_out
    scores = folders.scores(model, description.task, rows)
    table = pd.DataFrame({"row": rows.index, "truth": truth.to_numpy()})
    if groups is not None:
        table["group"] = pd.factorize(groups.loc[rows.index].astype(str))[0]
    if description.task == "classification":
        for place_of, chance in enumerate(scores.T):
            table[f"chance {place_of}"] = chance
        table["answer"] = folders.decisions(scores, description.threshold)
    else:
        table["answer"] = scores
    table.to_parquet(place / folders.HELD_OUT, index=False)
    return segments_of(rows, table, description)


def _onnx(model: Any, description: Description, frame: pd.DataFrame, place: Path) -> dict[str, Any]:
    """Write the model as ONNX where it says the same on the rows of the run; return how it went."""
    try:
        import onnxruntime
        import skl2onnx

        from fourfold.models.onnx import converted
    except ModuleNotFoundError as error:
        package = f"{error.name!r} is not installed (pip install 'fourfold[onnx]')"
        return {"kept": False, "why": f"the package {package}"}
    del onnxruntime, skl2onnx
    try:
        content = converted(model, description.columns, description.task)
        parity = parity_of(model, content, description, frame)
    except Exception as error:  # a converter may fail in any way, and the run must not
        line = str(error).strip().partition("\n")[0][:200]
        return {"kept": False, "why": f"no conversion: {type(error).__name__}: {line}"}
    packages = folders.versions(("onnx", "onnxruntime", "skl2onnx"))
    facts = {"versions": {k: v for k, v in packages.items() if "onnx" in k}, **parity}
    if parity["decisions that differ"] or parity["largest difference"] > PARITY:
        why = (
            f"no parity on {parity['rows']} rows: the largest difference is "
            f"{parity['largest difference']:.2g}, {parity['decisions that differ']} answers differ"
        )
        return {"kept": False, "why": why, **facts}
    (place / folders.ONNX).write_bytes(content)
    return {"kept": True, "why": "", **facts}


def parity_of(
    model: Any, content: bytes, description: Description, frame: pd.DataFrame
) -> dict[str, Any]:
    """Return how far an ONNX model is from scikit-learn's on 64-bit features.

    Parameters
    ----------
    model : Pipeline
    content : bytes
        The ONNX model.
    description : Description
    frame : DataFrame
        Features.

    Returns
    -------
    dict
        ``rows``; ``largest difference``, of probabilities, or of quantities as a share of their
        standard deviation; ``decisions that differ``, of answers and clusters.
    """
    import numpy as np

    from fourfold.models.onnx import Session

    if len(frame) > PARITY_ROWS:
        frame = frame.sample(PARITY_ROWS, random_state=0)
    task, session = description.task, Session.of(content, "onnx", description)
    ours, theirs = (folders.scores(each, task, frame) for each in (model, session))
    differ, apart = 0, np.abs(ours - theirs)
    if task == "classification":
        pair = [folders.decisions(each, description.threshold) for each in (ours, theirs)]
        differ = int((pair[0] != pair[1]).sum())
    elif task == "clustering":
        differ, apart = int((apart > 0).sum()), np.zeros(1)
    else:
        apart = apart / (float(np.std(ours)) or 1.0)
    return {
        "rows": len(frame),
        "largest difference": float(apart.max(initial=0.0)),
        "decisions that differ": differ,
    }


def _so_far(data: Sequence[Mapping[str, Any]]) -> RunRecord:
    """Return what the notebook has recorded, as a record without a run."""
    metrics, conclusion = emit.recorded()
    record = RunRecord("", "", "", "ok", {}, (), "", 0.0, metrics=metrics, data=data)
    if conclusion is None:
        return record
    return replace(
        record,
        verdict=conclusion.verdict,
        answer=conclusion.answer,
        claims=conclusion.claims,
        parameters={"question": conclusion.question, "decision": conclusion.decision},
    )


def _show(description: Description) -> None:
    columns = [column.name for column in description.columns]
    rows = {name: number(rows) for name, rows in description.rows.items()}
    facts = {
        "model": description.name or description.task,
        "takes": f"{len(columns)} columns",
        "answers": description.answers,
        "fitted on": f"{rows['fitted']} rows",
        "judged by": f"{rows['held out']} rows held out",
    }
    if not description.rows["held out"]:
        del facts["judged by"]
    line = ", ".join(f"{name} {value}" for name, value in facts.items())
    card = f"{FOLDER}/card.md"
    said = {"name": card, "rows": description.rows["fitted"], "columns": columns}
    html = emit.table([[*facts, "files"], [*facts.values(), f"artifacts/{FOLDER}"]])
    emit.show("artifact", said, html, f"kept {escape(line)}; artifacts/{FOLDER}")
