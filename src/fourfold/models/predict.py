"""Predictions for new rows: in parts, with the rows that cannot be used set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.data import contract as contracts
from fourfold.data.coerce import with_columns
from fourfold.data.parts import parts
from fourfold.errors import DataError, did_you_mean
from fourfold.models.champion import FOLDER, folder_of
from fourfold.models.folder import CONTRACT, Model, checked, load_model
from fourfold.models.signature import check_columns, features_of
from fourfold.project import Project, whole_file

if TYPE_CHECKING:
    import pandas as pd

ENGINES = ("skops", "onnx")
#: Rows that are read, checked and predicted at a time.
ROWS = 50_000
#: Levels that are not known, of which a message names the first.
_MOST_NAMED = 10
#: What is done with a row whose category has a level that the model has never seen.
ON_UNKNOWN = ("error", "reject")


@dataclass(frozen=True)
class Predicted:
    """What came of a prediction: rows predicted and rejected, the files, and counts of answers."""

    rows: int
    rejected: int
    path: Path
    rejected_path: Path
    answers: dict[str, int]


def find_model(name: str, project: Project) -> Path:
    """Return the folder of the model that a name means: of ``models/NAME.yaml``, or as `find_run`.

    Raises
    ------
    DataError
        As `find_run`; or if nothing is in use under the name, or its folder is another model.
    """
    path = project.root / FOLDER / f"{name}.yaml"
    if "/" in name or not path.is_file():
        champions = [path.stem for path in (project.root / FOLDER).glob("*.yaml")]
        return find_run(name, project, champions)
    champion = folder_of(path)
    if champion is None:
        raise DataError(f"{FOLDER}/{name}.yaml: expected a champion, found none; promote a run")
    return champion


def find_run(name: str, project: Project, others: Sequence[str] = ()) -> Path:
    """Return the folder of the model that a run has kept: by its name, its folder or the model's.

    Parameters
    ----------
    name : str
    project : Project
    others : sequence of str
        Names that may have been meant, for the message.

    Raises
    ------
    DataError
        If there is no such run, several, or one that has kept no model.
    """
    places = [Path(name), project.outputs / name]
    for folder in places:
        for inner in (folder, folder / "artifacts" / "model"):
            if (inner / "model.json").is_file():
                return inner
    kept = sorted(project.outputs.glob("*/*/artifacts/model/model.json"))
    runs = [path.parents[2].relative_to(project.outputs).as_posix() for path in kept]
    of_config = [run for run in runs if run.startswith(f"{name}/")]
    if len(of_config) == 1:
        return project.outputs / of_config[0] / "artifacts" / "model"
    if of_config:
        some = ", ".join(of_config[:5])
        raise DataError(f"{name}: expected one run, got {len(of_config)}: {some}")
    if any((folder / "record.json").is_file() for folder in places):
        raise DataError(f"{name}: the run has kept no model; its template calls no keep_model")
    configs = [run.partition("/")[0] for run in runs]
    near = did_you_mean(name, [*runs, *configs, *others])
    raise DataError(f"{name}: expected a run that has kept a model, found none.{near}")


def predict(
    folder: Path,
    data: str,
    out: Path,
    query: str = "",
    engine: str = "skops",
    unknown: str = "error",
    keep: Sequence[str] = (),
    rows: int = ROWS,
) -> Predicted:
    """Predict the rows of a data set, and write predictions and rejected rows.

    Nothing is written unless all rows were read: an error leaves former files as they are.

    Parameters
    ----------
    folder : Path
        Of the model.
    data, query : str
        As `ff.ingest` takes them; or a folder of files.
    out : Path
        Ends in ``.csv`` or ``.parquet``; rejected rows are written beside it.
    engine : {'skops', 'onnx'}
    unknown : {'error', 'reject'}
        What an unknown level of a category is.
    keep : sequence of str
        Columns of the data that the predictions repeat, such as a key.
    rows : int
        Rows at a time.

    Raises
    ------
    DataError
        If the model is refused, a column is missing, or a level is unknown.
    """
    for name, value, values in (("engine", engine, ENGINES), ("unknown", unknown, ON_UNKNOWN)):
        if value not in values:
            raise DataError(
                f"--{name}: expected {' or '.join(values)}, got {value!r}."
                + did_you_mean(value, values)
            )
    if out.suffix not in (".csv", ".parquet"):
        raise DataError(f"--out: expected a file ending in .csv or .parquet, got {out.name!r}")
    if out.exists() and Path(data).exists() and out.samefile(data):
        raise DataError(f"--out: expected another file than the data, got {str(out)!r}")
    if not out.parent.is_dir():
        raise DataError(f"--out: expected a folder that exists, got {str(out.parent)!r}")
    aside = out.with_name(f"{out.stem}.rejected.csv")
    work = _Work(load_model(folder, engine), unknown, tuple(keep))
    with ExitStack() as files:
        writer = files.enter_context(_Writer(files.enter_context(whole_file(out)), out.suffix))
        rejected = files.enter_context(whole_file(aside))
        for number, (where, frame) in enumerate(work.parts(data, query, rows)):
            answers, refused = work.part(where, frame)
            writer.add(answers)
            refused.to_csv(rejected, mode="a" if number else "w", header=not number, index=False)
        work.check(data)
        writer.close()
    if not work.rejected:
        aside.unlink()
    counts = dict(sorted(work.answers.items(), key=lambda each: -each[1]))
    return Predicted(work.rows, work.rejected, out, aside, counts)


class _Work:
    """A prediction under way: the model, its contract, and what has been counted so far."""

    def __init__(self, model: Model, unknown: str, keep: tuple[str, ...]) -> None:
        self.model, self.unknown, self.keep = model, unknown, keep
        self.columns = model.description.columns
        self.names = [column.name for column in self.columns]
        self.rows = self.rejected = 0
        self.reasons: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.levels: dict[tuple[str, str], str] = {}
        self.contract, self.schema = Path(CONTRACT), None
        if CONTRACT in model.description.files:
            self.contract = checked(model.folder, CONTRACT, model.description)
            self.schema = _rules_for(contracts.read_contract(self.contract), self.names)

    def parts(
        self, data: str, query: str, rows: int
    ) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield where the rows of each part stand, and the rows; all in one if a rule asks."""
        import pandas as pd

        named = (
            (pd.DataFrame({"file": name, "row": range(first + 1, first + len(frame) + 1)}), frame)
            for name, first, frame in parts(data, query, rows)
        )
        schema = self.schema
        compares = schema and (schema.unique or any(c.unique for c in schema.columns.values()))
        if not compares:
            yield from ((where, frame.reset_index(drop=True)) for where, frame in named)
            return
        places, frames = zip(*named, strict=True)
        yield pd.concat(places, ignore_index=True), pd.concat(frames, ignore_index=True)

    def part(self, where: pd.DataFrame, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the predictions and the rejected rows of a part."""
        import pandas as pd

        source = str(where["file"].iloc[0])
        check_columns(self.columns, frame, source)
        for name in self.keep:
            if name not in frame:
                near = did_you_mean(name, frame.columns)
                raise DataError(f"--keep: expected a column of {source}, got {name!r}.{near}")
        reasons = pd.Series("", index=frame.index, dtype=object)
        rows = frame[self.names]
        if self.schema:
            split = contracts.check(rows, self.contract, self.schema, part=True)
            reasons.update(split.rejected.iloc[:, -1])
            rows = split.frame
        complete = self.model.description.task == "clustering"
        features = features_of(self.columns, rows, complete)
        reasons.update(features.reasons[features.reasons != ""])
        for level in features.unknown:
            file, row = where.loc[level.row, ["file", "row"]]
            self.levels.setdefault((level.column, level.value), f"{file}, row {row}: {level}")
        usable = features.frame[features.reasons == ""]
        refused = pd.concat([where, frame[self.names]], axis=1)[reasons != ""]
        refused[contracts.reason_in(refused)] = reasons[reasons != ""]
        self.rows += len(usable)
        self.rejected += len(refused)
        self.reasons.update(refused.iloc[:, -1].head(1000))
        made = pd.concat([where, frame[list(self.keep)]], axis=1).loc[usable.index]
        return with_columns(made, self._answers(usable)), refused

    def _answers(self, features: pd.DataFrame) -> dict[str, Any]:
        import numpy as np

        said, task = self.model.description, self.model.description.task
        empty = np.empty((0, max(1, len(said.classes))))
        scores = self.model.scores(features) if len(features) else empty
        if task != "classification":
            column = "cluster" if task == "clustering" else "predicted"
            return {column: scores.reshape(-1).astype(int if task == "clustering" else float)}
        names = np.array(said.classes, dtype=object)
        answers = names[self.model.decisions(scores)]
        self.answers.update(answers)
        if len(names) == 2:
            return {"answer": answers, "probability": scores[:, 1]}
        each = {f"probability {name}": scores[:, n] for n, name in enumerate(names)}
        return {"answer": answers, **each}

    def check(self, data: str) -> None:
        """Raise where a level is not known, or no row could be used."""
        if self.levels and self.unknown == "error":
            lines = list(self.levels.values())[:_MOST_NAMED]
            more = len(self.levels) - len(lines)
            lines += [f"and {more:,} other unknown levels"] if more else []
            lines.append("correct the data, or set these rows aside with --unknown reject")
            raise DataError("\n".join(lines))
        if not self.rows:
            worst = "; ".join(f"{n:,} rows: {reason}" for reason, n in self.reasons.most_common(3))
            raise DataError(f"{data}: expected rows that can be predicted, got none; {worst}")


def _rules_for(schema: Any, names: Sequence[str]) -> Any:
    """Return what a contract says of the columns that a model takes; None if it says nothing."""
    kept = [name for name in schema.columns if name in names]
    whole = len(kept) == len(schema.columns)
    unique = schema.unique if set(schema.unique or []) <= set(kept) else None
    schema.unique = None
    schema = schema.select_columns(kept)
    schema.strict, schema.ordered, schema.unique = False, False, unique
    if not whole:
        schema.checks = []  # they may ask for other columns
    return schema if kept else None


class _Writer:
    """A table of predictions that is written part by part, as CSV or Parquet."""

    def __init__(self, path: Path, ending: str) -> None:
        self.path, self.ending = path, ending
        self.file: Any = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def add(self, frame: pd.DataFrame) -> None:
        """Write some rows."""
        import pyarrow as pa
        from pyarrow import csv, parquet

        if self.ending == ".csv":
            if self.file is None:
                self.file = self.path.open("wb")
                frame.head(0).to_csv(self.file, index=False)
            try:  # several times as fast, where no text needs quotes
                plain = csv.WriteOptions(include_header=False, quoting_style="none")
                table = pa.Table.from_pandas(frame, preserve_index=False)
                csv.write_csv(table, self.file, plain)
            except pa.ArrowInvalid:
                frame.to_csv(self.file, index=False, header=False)
            return
        schema = self.file and self.file.schema
        table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        self.file = self.file or parquet.ParquetWriter(self.path, table.schema)
        self.file.write_table(table)

    def close(self) -> None:
        """End the file, which then is whole."""
        if self.file is not None:
            self.file.close()
            self.file = None
