"""The commands that put a kept model to work: predict, export and promote."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fourfold.cli.options import (
    MODELS,
    Force,
    Json,
    Outputs,
    Root,
    command,
    outputs_of,
    print_json,
    root_of,
    said_by,
)
from fourfold.errors import FourfoldError
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.track.address import read_tracking

app = typer.Typer()
Run = Annotated[
    str, typer.Argument(help="Run that has kept a model, or a name of models/, as titanic/default.")
]


def _folder(run: str, root: Path | None, outputs: Path | None) -> Path:
    from fourfold.models.predict import find_model

    project = root_of(root)
    return find_model(run, Project(project, outputs_of(outputs, project)))


@command(app, MODELS, "predict titanic/default new.csv --out answers.csv")
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
        str,
        typer.Option(
            metavar="error|reject",
            help="Treat rows with an unknown level as an error, or set them aside.",
        ),
    ] = "error",
    engine: Annotated[
        str, typer.Option(metavar="skops|onnx", help="Predict with scikit-learn or ONNX Runtime.")
    ] = "skops",
    root: Root = None,
    outputs: Outputs = None,
    as_json: Json = False,
) -> None:
    """Predict the rows of DATA by the model that RUN has kept.

    Rows that break the contract of the run are written to FILE.rejected.csv with the reason. Exit
    code 2, and no file, if a column is missing, a level is unknown, or the model is refused.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # waiting threads leave busy cores alone
    from fourfold.models.predict import predict as made

    folder = _folder(run, root, outputs)
    done = made(folder, data, out, query, engine, unknown, keep or [])
    if as_json:
        print_json(asdict(done))
        return
    rows = f"{count(done.rows, 'row')} predicted"
    answers = ", ".join(f"{number:,} {answer}" for answer, number in done.answers.items())
    line = f"{rows}: {answers}" if answers else rows
    said_by()(f"{line}; {done.path}")
    if done.rejected:
        aside = f"{count(done.rejected, 'row')} rejected, with reasons: {done.rejected_path}"
        said_by()(aside)


@command(app, MODELS, "export titanic/default edge/")
def export(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to create.")],
    force: Force = False,
    root: Root = None,
    outputs: Outputs = None,
) -> None:
    """Export a model to a folder that needs only numpy."""
    from fourfold.models.export import export as written

    for path in written(_folder(run, root, outputs), folder, force):
        said_by()(f"wrote {path}")


@command(app, MODELS, "promote titanic/default --as survival --approver Ada")
def promote(
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="models/NAME.yaml decides.")],
    run: Annotated[str, typer.Argument(help="Run that has kept a model, as titanic/default.")] = "",
    approver: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the person who approves.")
    ] = "",
    because: Annotated[str, typer.Option(metavar="TEXT", help="Reason, in one sentence.")] = "",
    data: Annotated[
        str, typer.Option("--on", metavar="DATA", help="Rows with known answers to compare on.")
    ] = "",
    query: Annotated[str, typer.Option(metavar="SQL", help="Rows to read from a database.")] = "",
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Put the former champion back instead.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the conditions, decide nothing.")
    ] = False,
    root: Root = None,
    outputs: Outputs = None,
    as_json: Json = False,
) -> None:
    """Let the model of RUN be used as NAME, if it meets every condition of models/NAME.yaml.

    The decision goes into that file with its reasons, and the model into models/NAME/. Exit code 0
    if it is promoted, or was before; 1 if a condition is not met; 2 for a mistake.
    """
    from fourfold.cli.promoting import conditions, lines_of
    from fourfold.cli.tracking import send_champion
    from fourfold.models.predict import find_run
    from fourfold.promotion.decide import approved, draft, roll_back, settle, weigh
    from fourfold.promotion.gate import PROMOTED, path_of

    say = said_by(as_json)

    project = root_of(root)
    place = Project(project, outputs_of(outputs, project))
    path, mlflow = path_of(name, project), read_tracking(project)
    if rollback and run:
        raise FourfoldError(f"--rollback: expected no RUN, got {run!r}: the former one is used")
    if rollback:
        decision = roll_back(name, project, approver, because)
        say(*lines_of(name, decision, (), project))
        send_champion(place, mlflow, say=say)
        if as_json:
            print_json(asdict(decision))
        return
    if not run:
        raise FourfoldError("promote: expected a RUN that has kept a model, got none")
    candidate = find_run(run, place)
    if not path.exists():
        draft(name, project)
        at = shown(path, project)
        raise FourfoldError(f"{at}: new, with the usual conditions; read it, then promote again")
    weighed = weigh(candidate, name, project, data, query)
    if weighed.already:
        say(f"{name}: {weighed.run} ({weighed.digest}) is the champion already")
        send_champion(place, mlflow, candidate, say)
        if as_json:
            print_json({"decision": "champion already", "run": weighed.run})
        return
    more = conditions(weighed, place)
    if dry_run:
        checks = [*weighed.checks, *more, approved(weighed.gate, approver)]
        say(*lines_of(name, None, checks, project))
        if as_json:
            facts = {"decision": "none", "run": weighed.run}
            print_json({**facts, "checks": list(map(asdict, checks))})
        raise typer.Exit(int(not all(check.passed for check in checks)))
    decision = settle(weighed, project, approver, more, because)
    say(*lines_of(name, decision, (), project))
    send_champion(place, mlflow, candidate, say)
    if as_json:
        print_json(asdict(decision))
    raise typer.Exit(int(decision.decision != PROMOTED))
