"""Shards on the command line: how a plan is divided, and the results of all in one folder."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fourfold.cli.batch import Asked, chosen, print_tables
from fourfold.cli.layout import print_rows
from fourfold.cli.options import (
    RUN,
    Force,
    Json,
    Outputs,
    Page,
    Paths,
    Root,
    command,
    console,
    outputs_of,
    print_json,
    remark,
    root_of,
    said_by,
)
from fourfold.cli.progress import clock
from fourfold.cli.results import ids_of, notes_of
from fourfold.errors import FourfoldError
from fourfold.plan.plan import find_configs, plan
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, hold_outputs, shown
from fourfold.records.formatting import count
from fourfold.run.searching import expanded
from fourfold.run.selection import Choice

app = typer.Typer()


def print_shards(
    specs: Sequence[RunSpec], of: int | None, project: Project, write: bool, as_json: bool
) -> None:
    """Print how a plan is divided, after writing what its runs are expected to take if asked to.

    Parameters
    ----------
    specs : sequence of RunSpec
    of : int, optional
        How many shards there are.
    project : Project
    write : bool
    as_json : bool
        Print the runs of each shard as JSON.
    """
    from fourfold.run.shards import COSTS, Costs, split, write_costs

    say = said_by(as_json)
    if write:
        known = write_costs(specs, project)
        to = f"wrote {COSTS}" if known else f"{COSTS} not written: no run has ended here yet"
        say(f"{to}: {known:,} of {count(len(specs), 'run')}")
    if not of:
        return
    costs = Costs.of(project.root)
    ms, rows, shards = costs.ms(specs), [["shard", "runs"]], []
    rows[0] += ["expected"] * bool(costs.seconds)
    for number, runs in enumerate(split(specs, costs, of), 1):
        took = sum(ms[spec.name] for spec in runs) / 1000 if costs.seconds else None
        rows.append([f"{number}/{of}", f"{len(runs):,}", *([] if took is None else [clock(took)])])
        names = [spec.name for spec in runs]
        shards.append({"shard": f"{number}/{of}", "expected_s": took, "runs": names})
    if as_json:
        print_json(shards)
        return
    print_rows(rows, console)
    if not costs.seconds:
        say(f"each run counts the same; fourfold plan --costs writes {COSTS}, for all workers")


def as_shard(
    text: str, paths: Sequence[str], planned: list[RunSpec], above: list[RunSpec], asked: Asked
) -> tuple[list[RunSpec], Asked]:
    """Return the runs of a shard, and what is asked of them.

    Parameters
    ----------
    text : str
        As `fourfold.run.shards.read_shard` takes it.
    paths : sequence of str
        As the command was given them.
    planned, above : list of RunSpec
        The whole plan.
    asked : Asked
        Of a command without shards.
    """
    from fourfold.run.fetch import seed
    from fourfold.run.shard_note import note_of
    from fourfold.run.shards import read_shard

    shard = read_shard(text)
    place = shard.place(asked.place)
    note, runs = note_of(shard, paths, planned, place)

    def begins() -> str:
        nonlocal note
        note = note.write()
        taken = seed([*runs, *above], place)
        had = f", {count(taken, 'result')} taken from the outputs of all" if taken else ""
        folder = shown(place.outputs, place.root)
        return f"shard {shard}: {len(runs):,} of {count(len(planned), 'run')}, in {folder}{had}"

    only, names = asked.only, None
    if only:
        names = {spec.name for spec in chosen(expanded(planned, asked.place), only)}
    ends = lambda code: note.end(code)  # noqa: E731
    return runs, replace(asked, place=place, names=names, begins=begins, ends=ends)


@command(app, RUN, "gather shards/*")
def gather(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Outputs of shards; by default outputs/."),
    ] = None,
    root: Root = None,
    outputs: Outputs = None,
    as_json: Json = False,
) -> None:
    """Put the results of shards together, with table and pages as if all had run here.

    Exit code 0 if every run is there and ended well, 1 if one failed or is missing, or if the
    shards were not alike; all that is finished is taken all the same. 2 if there are no shards, or
    a config is wrong. The results of shards stay where they are.
    """
    from fourfold.cli import summary
    from fourfold.report.overview import keep_notes, keep_runs, write_results
    from fourfold.run.fetch import find_shards, newest
    from fourfold.run.folders import sweep_new
    from fourfold.run.gather import Gathering

    project, above = root_of(root), list[RunSpec]()
    place = Project(project, outputs_of(outputs, project))
    sources = find_shards(folders or [place.outputs], project)
    paths = [str(project / path) for path in newest(sources).note.paths]
    planned = plan(paths, project, remark, above.append, place.outputs)
    out = Page(quiet=True) if as_json else console
    with hold_outputs(place.outputs):
        sweep_new(place.outputs)
        result = Gathering(sources, planned, above, place).gather()
        keep_runs(place.outputs, ids_of(planned, place))
        keep_notes(place.outputs, notes_of(planned, project))
        choice = Choice(
            unchanged=[replace(r, status="unchanged") if r.ok else r for r in result.there]
        )
        if result.new:
            summary.print_summary(result.new, choice, out, "", gathered=True)
            summary.write_tables(result.new, choice, place, out)
            print_tables(planned, place, out)
        else:
            write_results(place.outputs, always=False)
    there = [*result.new, *result.there]
    failed = [record.name for record in there if record.failed]
    numbers = (
        f"{len(result.new):,} new, {len(result.there):,} there already, {len(failed):,} failed"
    )
    out.print(
        f"{count(len(sources), 'shard')} of {newest(sources).note.of:,}: {numbers}, "
        f"{len(result.missing):,} missing",
        soft_wrap=True,
    )
    for line in [*(f"note: {each}" for each in result.remarks), *result.problems]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    code = int(bool(failed or result.missing or result.problems))
    if as_json:
        new = [record.name for record in result.new]
        about = {"failed": failed, "missing": result.missing, "problems": result.problems}
        print_json({"new": new, "there": len(result.there), **about, "notes": result.remarks})
    raise typer.Exit(code)


@command(app, RUN, "deploy slurm --shards 40 params/trees")
def deploy(
    kind: Annotated[str, typer.Argument(help="docker, kubernetes, slurm or github.")],
    paths: Paths = None,
    shards: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Number of shards.")
    ] = 8,
    force: Force = False,
    root: Root = None,
) -> None:
    """Write files that run the project elsewhere: an image, or jobs for its shards.

    Exit code 1 if a file is left as it is, since you have changed it.
    """
    from fourfold.author.deploy import LOCK, deployed, write

    project = root_of(root)
    configs = find_configs(paths or [], project)  # raises if a path leads nowhere
    named = [shown(Path(os.path.abspath(path)), project) for path in paths or []]
    if outside := [config for config in configs if not config.is_relative_to(project)]:
        raise FourfoldError(f"deploy: expected configs of the project, got {outside[0]}")
    texts = deployed(kind, project, named, shards)
    done = write(texts, project, force)
    for path, what in done.items():
        why = ": it was changed here; --force overwrites it" if what == "kept" else ""
        console.print(f"{what} {path}{why}", markup=False, highlight=False, soft_wrap=True)
    if "file:" in texts.get(LOCK, ""):
        local = f"{LOCK} names a path of this machine: change it before you use it elsewhere"
        console.print(local, soft_wrap=True)
    raise typer.Exit(int("kept" in done.values()))
