"""A batch as commands have it: executed, followed on the terminal, on the page and in MLflow."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from fourfold.cli.options import Bounds, progress_console
from fourfold.cli.progress import Progress
from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord
from fourfold.run.following import Following
from fourfold.run.searching import Searches
from fourfold.run.selection import Choice, Newer, Todo

if TYPE_CHECKING:
    from fourfold.track.follow import Tracker


def execute(
    choice: Choice,
    place: Project,
    workers: int | None,
    bounds: Bounds,
    follow: type[Progress] = Progress,
    searches: Searches | None = None,
    following: Following | None = None,
    tracker: "Tracker | None" = None,
    newer: Newer | None = None,
) -> tuple[list[RunRecord], str]:
    """Execute what is chosen and what it leads to; return records, and why it ended early.

    Parameters
    ----------
    choice : Choice
        Runs that come later are added to it.
    place : Project
    workers : int, optional
        Runs at a time; by default as many as memory and cores allow.
    bounds : Bounds
        When no other run starts, and in which order they do.
    follow : type of Progress
        How it is shown.
    searches : Searches, optional
    following : Following, optional
        Runs that wait for others.
    tracker : Tracker, optional
        Is given each record.
    newer : callable, optional
        As `fourfold.run.batch.run_batch` takes it.
    """
    from fourfold.run.past import Forecast, Past
    from fourfold.run.schedule import warm_up, workers_for

    skipped = following.skipped if following else []
    if not choice.todo:
        progress = follow(Forecast([], 1), progress_console, bounds.words)
        progress.begin(len(choice.unchanged))
        progress.skipped(skipped)
        return [], ""
    later, most = (searches.at_once, searches.left) if searches else (0, 0)
    waiting = following.left if following else 0
    later, most = later + waiting, most + waiting
    at_once = workers_for(choice.todo, workers, later)
    if tracker:
        tracker.begin()
    warm_up([item.spec for item in choice.todo], place, at_once)
    past = Past(place.outputs)
    todo = list(map(past.known, choice.todo))
    from fourfold.report.live import live_page
    from fourfold.run.batch import run_batch
    from fourfold.run.folders import room_held

    progress = follow(Forecast(todo, at_once, most), progress_console, bounds.words)
    progress.begin(len(choice.unchanged))
    progress.skipped(skipped)

    def after(record: RunRecord) -> list[Todo]:
        if searches is None or following is None:
            return []
        known = len(skipped)
        then = [*following.after(record), *searches.after(record)]
        new = list(map(past.known, [*then, *following.take(searches.ended)]))
        choice.todo.extend(new)
        progress.add(new, searches.left + following.left)
        progress.skipped(skipped[known:])
        return new

    def done(spec: RunSpec, record: RunRecord) -> None:
        progress.done(spec, record)
        if page:
            page.add(record)
        if tracker:
            tracker.add(record)

    room = len(todo) + most + len(choice.unchanged)
    live = nullcontext() if searches is None else live_page(place.outputs, len(todo) + most)
    with room_held(place.outputs, room), progress.live(), live as page:
        records, ended = run_batch(
            todo,
            place,
            at_once,
            progress.section,
            done,
            bounds.max_failures,
            bounds.max_time_s,
            bounds.order,
            progress.look,
            after,
            later,
            newer,
        )
    if following:
        following.finish(records)
    return records, ended
