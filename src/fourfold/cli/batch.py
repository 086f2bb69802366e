"""What is planned, executed: what `run` does once, and `watch` each time that a file is saved."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console

from fourfold.cli import ending, options, results, tracking
from fourfold.cli.execute import execute
from fourfold.cli.progress import Progress
from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, hold_outputs, shown
from fourfold.records.formatting import count
from fourfold.records.record import RunRecord
from fourfold.run.doubts import Doubts
from fourfold.run.following import Following
from fourfold.run.only import matching
from fourfold.run.searching import Searches, expanded, forget_searches
from fourfold.run.selection import Choice, Known, Newer, Todo
from fourfold.track.address import read_tracking


@dataclass(frozen=True)
class Watched:
    """A watch, as the batch after a save sees it.

    Attributes
    ----------
    newer : callable
        As `fourfold.run.batch.run_batch` takes it.
    begins : callable
        Given the runs that will be executed.
    doubts : Doubts
    """

    newer: Newer
    begins: Callable[[Sequence[Todo]], None]
    doubts: Doubts


@dataclass(frozen=True)
class Asked:
    """What a command asks of its runs, as its options have it.

    Attributes
    ----------
    began : float
        When the command began, by `time.monotonic`.
    watched : Watched, optional
        If files may be saved meanwhile; then nobody needs a summary by mail.
    names : collection of str, optional
        Of a shard: the runs that `only` leaves of the whole plan; it may have none of them.
    begins, ends : callable
        Of a shard: called when its outputs are held, for a line to print, and with the exit code.
    """

    place: Project
    bounds: options.Bounds
    workers: int | None = None
    only: list[str] | None = None
    kernel: str | None = None
    force: bool = False
    failed: bool = False
    why: bool = False
    follow: type[Progress] = Progress
    began: float = 0.0
    watched: Watched | None = None
    names: Collection[str] | None = None
    begins: Callable[[], str] | None = None
    ends: Callable[[int], None] = lambda code: None


def run_planned(
    planned: Sequence[RunSpec], above: Sequence[RunSpec], asked: Asked
) -> tuple[int, list[RunRecord]]:
    """Execute the runs that are new or have changed; return exit code, and records of these.

    Parameters
    ----------
    planned, above : sequence of RunSpec
        As `fourfold.plan.plan.plan` gives them.
    asked : Asked

    Raises
    ------
    FourfoldError
        If the outputs are in use, or nothing can be written.
    """
    from fourfold.cli.events import Events, Quiet

    place, only, watched = asked.place, asked.only, asked.watched
    as_json = issubclass(asked.follow, Events)
    quiet = issubclass(asked.follow, Quiet) and not as_json
    out = Console(quiet=True) if as_json else options.console
    some = only or asked.failed
    specs = expanded(planned, place) if some else list(planned)
    if asked.names is not None:
        specs = [spec for spec in specs if spec.name in asked.names]
    elif only:
        specs = chosen(specs, only)
    specs = [replace(s, options=replace(s.options, kernel=asked.kernel)) for s in specs]
    if resting := sum(bool(spec.search) for spec in planned) if some else 0:
        out.print(
            f"{count(resting, 'config')} with a search: --only and --failed execute runs that it "
            "has made before, and no others",
            soft_wrap=True,
        )
    notes = results.notes_of(planned, place.root)
    on_end = "" if watched else ending.command_of(place.root)
    mlflow = read_tracking(place.root)
    say = options.complain if as_json else partial(out.print, markup=False, soft_wrap=True)
    with hold_outputs(place.outputs), tracking.tracked(place, mlflow, say) as tracker:
        from fourfold.cli import summary
        from fourfold.report.overview import keep_notes, keep_runs, write_results

        if asked.begins and (line := asked.begins()) and not quiet:
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        ids = results.ids_of(planned, place)
        keep_runs(place.outputs, ids)
        keep_notes(place.outputs, notes)
        plain = [spec for spec in specs if not spec.search]
        known = Known(place, plain, ids, watched.doubts if watched else None)
        choice = Choice()
        sought = [spec for spec in specs if spec.search]
        names = [spec.config for spec in sought]
        every = [*planned, *above]
        forget_searches(every, place.outputs)
        following = Following(
            plain, every, place, known, choice, asked.force, asked.failed, searching=names
        )
        following.begin()
        searches = Searches(sought, place, known, choice, asked.force)
        choice.todo.extend(following.take(searches.ended))
        if asked.why:
            explain(choice, following, out)
        if choice.kept:
            kept = count(len(choice.kept), "result")
            out.print(f"{kept} kept under other names, questions or criteria, not executed")
        unchanged = len(choice.unchanged)
        if not choice.todo and not following.skipped:
            searches.keep_runs()
            write_results(place.outputs, always=False)
            if not watched:
                print_tables(planned, place, out)
                done = count(unchanged, "run")
                out.print(f"nothing to do: {done} unchanged (--force executes all)")
        elif unchanged and not quiet:
            out.print(f"{count(unchanged, 'run')} unchanged, not executed again")
        if watched and choice.todo:
            watched.begins(choice.todo)
        records, ended = execute(
            choice,
            place,
            asked.workers,
            asked.bounds,
            asked.follow if choice.todo or not watched else Quiet,
            searches,
            following,
            tracker,
            watched.newer if watched else None,
        )
        if tracker:
            tracker.add(*(each.record for each in choice.kept), tried=True)
        searches.keep_runs()
        rest = len(choice.todo) - len(records) + following.not_started
        records += following.skipped
        counts = {"not_started": rest, "unchanged": len(choice.unchanged)}
        if choice.todo or (following.skipped and not watched):
            why_ended, later = asked.bounds.words.get(ended, ""), following.not_started
            summary.print_summary(records, choice, out, why_ended, later, names)
            if not summary.write_tables(records, choice, place, out):
                ended = "disk"
            elif ended != "disk":
                print_tables(planned, place, out)
        if ended != "disk" and not summary.write_searches(searches, place, out):
            ended = "disk"
        code = options.exit_code(records, ended) or int(following.blocked)
        if watched:
            watched.doubts.take(choice.todo, records, place)
    asked.ends(code)
    decided: list[str] = []
    if any(
        (place.folder(r.config, r.run_id) / "artifacts/promotion.json").exists() for r in records
    ):
        from fourfold.cli.promoting import after_batch

        decided, wrong = after_batch(records, place, say)
        code = code or 2 * wrong
        tracking.send_champion(place, mlflow, say=say)
    if as_json:
        from fourfold.cli.events import write_end

        write_end(records, ended, counts, asked.began, code)
    if on_end:
        about = ending.summary_of(records, place, code, ended, counts, decided)
        ending.tell(on_end, about, place.root)
    if ended == "disk":
        raise options.disk_full(place.outputs)
    return code, records


def chosen(specs: list[RunSpec], only: list[str] | None) -> list[RunSpec]:
    """Return the runs that ``--only`` leaves.

    Raises
    ------
    FourfoldError
        If there is none.
    """
    left = matching(specs, only or [])
    if only and not left:
        expected = f"expected one that matches among {count(len(specs), 'run')}, got none"
        raise FourfoldError(f"--only {' '.join(only)}: {expected}; fourfold plan lists them")
    return left


def explain(choice: Choice, following: Following, out: Console = options.console) -> None:
    """Print why each run is executed, skipped, or decided later.

    Parameters
    ----------
    choice : Choice
    following : Following
    out : Console
    """
    lines = [f"{item.spec.name}: {'; '.join(item.why)}" for item in choice.todo]
    lines += [f"{each.name}: skipped: {each.reason}" for each in following.skipped]
    lines += [f"{name}: decided when {first} has ended" for name, first in following.waiting()]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def print_tables(specs: Sequence[RunSpec], place: Project, out: Console) -> None:
    """Write the tables that have a run a row, with their results, and say where they are.

    Parameters
    ----------
    specs : sequence of RunSpec
    place : Project
    out : Console
    """
    for config in dict.fromkeys(spec.config for spec in specs if spec.row):
        from fourfold.report.table import write_rows

        cells = {spec.run_id: spec.row for spec in specs if spec.config == config}
        file = shown(write_rows(cells, place.outputs / config), place.root)
        out.print(f"rows:     {file}, the table with its results", soft_wrap=True)
