"""Runs in MLflow, as commands have it: they follow a batch, and send what waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fourfold.cli.options import (
    MODELS,
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
from fourfold.project import Project, hold_outputs
from fourfold.records.record import find_record
from fourfold.track.address import KEY, Tracking, read_tracking

if TYPE_CHECKING:
    from fourfold.track.follow import Tracker

app = typer.Typer()


@contextmanager
def tracked(
    place: Project, tracking: Tracking | None, say: Callable[[str], object]
) -> Iterator["Tracker | None"]:
    """Track what happens inside the block, and say at its end what was sent and what waits.

    Parameters
    ----------
    place : Project
        Whose outputs are held.
    tracking : Tracking, optional
        Without it nothing happens.
    say : callable
    """
    if tracking is None:
        yield None
        return
    from fourfold.track.follow import Tracker

    tracker = Tracker(place, tracking)
    try:
        yield tracker
    finally:
        if line := tracker.close()[0]:
            say(line)


def send_champion(
    place: Project,
    tracking: Tracking | None,
    model: Path | None = None,
    say: Callable[[str], object] | None = None,
) -> None:
    """Let MLflow have the champions, and first the run that kept one of them.

    Parameters
    ----------
    place : Project
    tracking : Tracking, optional
        Without it nothing happens.
    model : Path, optional
        In the artifacts of the run.
    say : callable, optional
        Prints a line.
    """
    say = say or said_by()
    record = find_record(model.parents[1]) if model and tracking else None
    try:
        with hold_outputs(place.outputs), tracked(place, tracking, say) as tracker:
            if tracker and record:
                tracker.add(record, tried=True)
    except FourfoldError as error:  # the promotion stands
        say(f"tracking: {error}; the next command or fourfold track sets the alias")


@command(app, MODELS, "track")
def track(root: Root = None, outputs: Outputs = None, as_json: Json = False) -> None:
    """Send results that MLflow does not have yet; exit code 1 if some are left.

    Where MLflow is stands in pyproject.toml: [tool.fourfold] tracking = "http://host:5000".
    """
    from fourfold.track.follow import Tracker

    project = root_of(root)
    place, tracking = Project(project, outputs_of(outputs, project)), read_tracking(project)
    if tracking is None:
        raise FourfoldError(
            f"track: expected {KEY} below [tool.fourfold] in {project / 'pyproject.toml'}, or the "
            "environment variable MLFLOW_TRACKING_URI; found neither"
        )
    with hold_outputs(place.outputs):
        tracker = Tracker(place, tracking, patient=True)
        for record in tracker.spool.records():
            tracker.add(record, tried=True)
        tracker.begin()
        line, waiting = tracker.close()
    said_by(as_json)(line or "tracking: nothing to send")
    if as_json:
        print_json({"waiting": waiting})
    raise typer.Exit(int(waiting > 0))
