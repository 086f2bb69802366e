"""The commands for results that are there: accept them after a change, remove what nobody has."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fourfold.cli.options import (
    RUN,
    Json,
    Outputs,
    Root,
    command,
    console,
    outputs_of,
    print_json,
    root_of,
    said_by,
)
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, hold_outputs, shown
from fourfold.records.formatting import count
from fourfold.report import side_by_side
from fourfold.run.searching import expanded
from fourfold.run.selection import former_runs

if TYPE_CHECKING:
    from fourfold.report.notes import Notes

app = typer.Typer()
_BATCHES = 20
"""Tables of so many batches stay."""


@command(app, RUN, "accept wine-sweep --because 'only a comment changed'")
def accept(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, configs or globs.")],
    because: Annotated[
        str,
        typer.Option(metavar="TEXT", help="Reason why the results still hold.", show_default=False),
    ],
    root: Root = None,
    outputs: Outputs = None,
    as_json: Json = False,
) -> None:
    """Keep results after a change that you know to be harmless.

    The reason stands in each record and on its page. Other parameters cannot be accepted.
    """
    project, say = root_of(root), said_by(as_json)
    place = Project(project, outputs_of(outputs, project))
    if not because.strip():
        raise FourfoldError("--because: expected a reason, got nothing")
    specs = {spec.name: spec for spec in expanded(plan([], project), place)}
    named = [{"config": spec.config, "run": spec.run_id} for spec in specs.values()]
    chosen = [specs[side_by_side.name(each)] for each in side_by_side.chosen(named, runs)]
    with hold_outputs(place.outputs):
        from fourfold.report.overview import write_results
        from fourfold.run.accepting import accept as take
        from fourfold.run.fingerprint import Fingerprints

        fingerprints, accepted = Fingerprints(project, place.upstream), dict[str, list[str]]()
        for spec in chosen:
            if changes := take(spec, place, fingerprints, because.strip()):
                accepted[spec.name] = list(changes)
                say(f"{spec.name}: {'; '.join(changes)}")
        write_results(place.outputs, always=False)
    rest = [spec.name for spec in chosen if spec.name not in accepted]
    say(f"{count(len(accepted), 'result')} accepted, {len(rest):,} unchanged already")
    if as_json:
        print_json({"accepted": accepted, "unchanged": rest})


@command(app, RUN, "note wine-sweep/k=3 --tag keep --text 'fits the shelf'")
def note(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, configs or globs.")],
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Tag of one word; may be repeated.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="New note; an empty one removes it.")
    ] = None,
    root: Root = None,
    outputs: Outputs = None,
    as_json: Json = False,
) -> None:
    """Tag runs or add a note, stored in a file next to their config."""
    from fourfold.report.notes import add_notes, is_tag
    from fourfold.report.overview import keep_notes, write_results

    project = root_of(root)
    place = Project(project, outputs_of(outputs, project))
    for each in tag or []:
        if not is_tag(each):
            raise FourfoldError(f"--tag: expected one word, got {each!r}")
    if not tag and text is None:
        raise FourfoldError("note: expected --tag or --text, got neither")
    specs = {spec.name: spec for spec in expanded(plan([], project), place)}
    notes_of(list(specs.values()), project)  # raises before anything is written
    named = [{"config": spec.config, "run": spec.run_id} for spec in specs.values()]
    chosen = [specs[side_by_side.name(each)] for each in side_by_side.chosen(named, runs)]
    files: dict[str, list[str]] = {}
    for spec in chosen:
        files.setdefault(spec.config_file, []).append(spec.run_id)
    say, wrote = said_by(as_json), dict[str, list[str]]()
    with hold_outputs(place.outputs):
        for file, ids in files.items():
            path = shown(add_notes(project / file, ids, tag or [], text), project)
            wrote[path] = ids
            say(f"wrote {path}: {count(len(ids), 'run')}")
        keep_notes(place.outputs, notes_of(chosen, project))
        write_results(place.outputs, always=False)
    if as_json:
        print_json(wrote)


def notes_of(specs: Sequence[RunSpec], root: Path) -> dict[str, "Notes"]:
    """Return the notes on the runs of the configs that these runs are of."""
    from fourfold.report.notes import read_notes

    return read_notes({spec.config: spec.config_file for spec in specs}, root)


def ids_of(specs: Sequence[RunSpec], project: Project) -> dict[str, list[str]]:
    """Return the runs of each config, in order; of a search those that it has made."""
    ids: dict[str, list[str]] = {spec.config: [] for spec in specs}
    for spec in expanded(specs, project):
        ids[spec.config].append(spec.run_id)
    return ids


def remove_former(project: Project, sure: bool) -> None:
    """Remove runs that no config has any longer, and tables of old batches; else say which."""
    with hold_outputs(project.outputs):
        folders = former_runs(project, ids_of(plan([], project.root), project))
        tables = sorted((project.outputs / "batches").glob("*.csv"))[:-_BATCHES]
        old = [path.with_suffix(end) for path in tables for end in (".csv", ".parquet")]
        size = sum(map(_size, [*folders, *old]))
        for folder in folders:
            console.print(shown(folder, project.root), markup=False, soft_wrap=True)
            if sure:
                shutil.rmtree(folder)
                if not any(path.is_dir() for path in folder.parent.iterdir()):
                    shutil.rmtree(folder.parent)
        for path in old if sure else ():
            path.unlink(missing_ok=True)
        if sure and folders:
            from fourfold.report.overview import write_results

            write_results(project.outputs, always=False)
    what = f"{count(len(folders), 'run')} that no config has, {count(len(tables), 'table')} of old"
    done = "removed" if sure else "remove them with --yes"
    console.print(f"{what} batches, {size / 1e6:,.1f} MB: {done}", soft_wrap=True)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
