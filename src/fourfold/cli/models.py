"""The commands that put a kept model to work: predict and export."""

import os
from pathlib import Path
from typing import Annotated

import typer

from fourfold.cli.options import Force, Outputs, Root, console, outputs_of, root_of
from fourfold.project import Project
from fourfold.records.formatting import count

app = typer.Typer()
Run = Annotated[str, typer.Argument(help="Run that has kept a model, as titanic/default.")]


def _folder(run: str, root: Path | None, outputs: Path | None) -> Path:
    from fourfold.models.predict import find_model

    project = root_of(root)
    return find_model(run, Project(project, outputs_of(outputs, project)))


@app.command()
def predict(
    run: Run,
    data: Annotated[str, typer.Argument(help="File, folder, glob, URL or database URL.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Predictions, as .csv or .parquet.")
    ] = Path("predictions.csv"),
    query: Annotated[str, typer.Option(metavar="SQL", help="Rows to read from a database.")] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Repeat a column of the data; may be given again."),
    ] = None,
    unknown: Annotated[
        str, typer.Option(metavar="error|reject", help="What an unknown level is.")
    ] = "error",
    engine: Annotated[
        str, typer.Option(metavar="skops|onnx", help="What computes: scikit-learn, ONNX Runtime.")
    ] = "skops",
    root: Root = None,
    outputs: Outputs = None,
) -> None:
    """Predict the rows of DATA by the model that RUN has kept.

    Rows that break the contract of the run are written to FILE.rejected.csv with the reason. Exit
    code 2, and no file, if a column is missing, a level is unknown, or the model is refused.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # waiting threads leave busy cores alone
    from fourfold.models.predict import predict as made

    folder = _folder(run, root, outputs)
    done = made(folder, data, out, query, engine, unknown, keep or [])
    rows = f"{count(done.rows, 'row')} predicted"
    answers = ", ".join(f"{number:,} {answer}" for answer, number in done.answers.items())
    line = f"{rows}: {answers}" if answers else rows
    console.print(f"{line}; {done.path}", markup=False, highlight=False, soft_wrap=True)
    if done.rejected:
        aside = f"{count(done.rejected, 'row')} rejected, with reasons: {done.rejected_path}"
        console.print(aside, markup=False, highlight=False, soft_wrap=True)


@app.command()
def export(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder.")],
    force: Force = False,
    root: Root = None,
    outputs: Outputs = None,
) -> None:
    """Write a folder that predicts with ONNX Runtime and numpy only: python predict.py DATA.csv."""
    from fourfold.models.export import export as written

    for path in written(_folder(run, root, outputs), folder, force):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
