"""Commands that write what a user goes on with: a project, a config for a table, a template."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from fourfold.author import clean as cleaning
from fourfold.author import skeleton
from fourfold.author.names import check_name, plain_name
from fourfold.cli.options import (
    START,
    Browser,
    Force,
    Outputs,
    Port,
    Root,
    command,
    console,
    outputs_of,
    root_of,
)
from fourfold.cli.results import remove_former
from fourfold.data.datasets import DATASETS
from fourfold.data.listing import matches
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.schema import write_schemas
from fourfold.plan.template import find_template, template_path
from fourfold.project import Project, shown, write_text
from fourfold.records.formatting import count
from fourfold.run.only import matching

app = typer.Typer()


@command(app, START, "new orders --data data/orders.csv --target late")
def new(
    name: Annotated[str, typer.Argument(help="Name of the config (a-z, 0-9, - and _).")],
    data: Annotated[
        str,
        typer.Option(
            metavar="FILE_OR_URL", help="Data set: file, folder, URL, database or built-in name."
        ),
    ],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Column to predict.")] = "",
    template: Annotated[
        str,
        typer.Option(metavar="NAME", help="Template to use; by default one that suits the data."),
    ] = "",
    query: Annotated[
        str, typer.Option(metavar="SQL", help="SQL query, if DATA is a database.")
    ] = "",
    question: Annotated[str, typer.Option(metavar="TEXT", help="Question to answer.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; take what is proposed.")
    ] = False,
    force: Force = False,
    root: Root = None,
) -> None:
    """Write a config and a contract for a data set. Nothing is run.

    Shows what was understood of each column. On a terminal, it asks what only you can know: the
    column to predict, whether rows of one thing belong together, which class is to be found.
    """
    project = _project(root)
    check_name(name)
    from fourfold.author.config_draft import drafts, rejected_rows, suited_template
    from fourfold.author.survey import survey
    from fourfold.cli.understood import answered, show

    table = survey(_source(data, project), query, project, target)
    if not yes and sys.stdin.isatty() and console.is_terminal:
        table = answered(table, template)
    template = suited_template(template, table)
    show(table, template)
    texts = drafts(name, template, table, project, question)
    _write(texts, project, force)
    rejected = rejected_rows(table, texts)
    rows, columns = table.frame.shape
    part = "" if table.whole else "the first "
    console.print(f"looked at {part}{rows:,} rows of {columns} columns")
    if not table.whole:
        memory = f"about {table.memory_gb:.1f} GB of memory"
        console.print(f"a run loads all rows: {memory} for the data")
    if rejected:
        console.print(f"the contract rejects {rejected:,} of them: look at it first")
    _say(f"next:  fourfold run {os.path.relpath(list(texts)[1])}")


def _project(given: Path | None) -> Path:
    project = root_of(given)
    if not (project / "templates").is_dir():
        raise FourfoldError(
            f"{project}: expected a project, a folder with templates/ and params/, here or above; "
            "found none. To start one here: fourfold init ."
        )
    return project


def _source(given: str, project: Path) -> str:
    """Return a source as a config names it: a path below the project, relative to that."""
    if "://" in given or given in DATASETS:
        return given
    # resolve() would follow links, and leave a project that is itself one.
    return Path(os.path.relpath(Path.cwd() / given, project)).as_posix()


def _write(texts: dict[Path, str], project: Path, force: bool) -> None:
    """Write files, all or none; none is written over unless asked for."""
    there = [path.relative_to(project).as_posix() for path in texts if path.exists()]
    if there and not force:
        expected = f"{' and '.join(there)}: expected no file of that name"
        raise FourfoldError(f"{expected}; take another NAME, or --force to write over")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        console.print(f"wrote {path.relative_to(project).as_posix()}")


@command(app, START, "new-template late", "new-template")
def new_template(
    name: Annotated[str, typer.Argument(help="Name of the template (a-z, 0-9, - and _).")],
    source: Annotated[
        str, typer.Option("--from", metavar="TEMPLATE", help="A template to copy and change.")
    ] = "",
    force: Force = False,
    root: Root = None,
) -> None:
    """Write a new template that runs, and a config for it."""
    project = _project(root)
    check_name(name)
    folder = project / "templates"
    target, config = folder / f"{name}.ipynb", project / "params" / name / "first.yaml"
    if source:
        given, texts = find_template(source, folder).read_text(encoding="utf-8"), {}
    else:
        given, texts = skeleton.skeleton(name), {config: skeleton.first_config(name)}
    texts = {target: skeleton.template(given, name, project), **texts}
    _write(texts, project, force)
    write_schemas(project)
    editor = project / ".vscode" / "settings.json"
    settings = editor.read_text(encoding="utf-8") if editor.exists() else ""
    if (new := skeleton.with_schema(settings, name)) != settings:
        editor.parent.mkdir(exist_ok=True)
        write_text(editor, new)
        console.print("wrote .vscode/settings.json: its schema")
    _say(f"next:  fourfold edit {name if source else os.path.relpath(config)}")
    if not source:
        _say(f"       fourfold run {os.path.relpath(config)}")


@command(app, START, "init shop")
def init(
    folder: Annotated[Path, typer.Argument(help="Project folder; created if missing.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="REQUIREMENT",
            help="Requirement used to install Fourfold in the new project.",
        ),
    ] = "",
) -> None:
    """Start a new project. Existing files are kept."""
    if folder.exists() and not folder.is_dir():
        raise FourfoldError(f"{folder}: expected a folder, got a file")
    project = folder.resolve()
    wanted = source or skeleton.requirement()
    name = plain_name(project.name) or "notebooks"
    texts = {project / path: text for path, text in skeleton.project_files(name, wanted).items()}
    kept = [path for path in texts if path.exists()]
    for path in kept:
        console.print(f"kept {path.relative_to(project).as_posix()}")
    _write({path: text for path, text in texts.items() if path not in kept}, project, True)
    write_schemas(project)
    console.print("wrote .schema/, for editors")
    if "file://" in wanted:
        console.print("requirements.txt names a path of this machine: change it before you share")
    _say(f"next:  cd {os.path.relpath(project)} && fourfold run")


@command(app, START, "edit params/late/first.yaml")
def edit(
    template: Annotated[str, typer.Argument(help="Name or path of a template, or a config.")],
    config: Annotated[
        str, typer.Option(metavar="FILE", help="Take parameters from this config.")
    ] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION", help="Use the first run of a sweep that matches, as k=3."
        ),
    ] = None,
    port: Port = 0,
    browser: Browser = True,
    root: Root = None,
    outputs: Outputs = None,
) -> None:
    """Edit a template in JupyterLab with the parameters of a config. Saves are stored clean."""
    from fourfold.author import edit as editing
    from fourfold.author.copies import hold

    project = root_of(root)
    if template.endswith((".yaml", ".yml")):
        template, config = "", config or template
    specs = matching(plan([config], project), only or []) if config else []
    if config and not specs:
        expected = f"--only {' '.join(only or [])}: expected a run of {config} that matches"
        raise FourfoldError(f"{expected}, got none; fourfold plan lists them")
    parameters = dict(specs[0].parameters) if specs else None
    if template:
        path = find_template(template, project / "templates")
        if specs and path.stem != specs[0].template:
            expected = f"--config: expected a config of template {path.stem!r}"
            raise FourfoldError(f"{expected}, got one of {specs[0].template!r}")
    else:
        path = template_path(specs[0].template_file, project)
    editing.own(path, project)
    port = editing.free_port(port)
    folder = outputs_of(outputs, project)
    hold(path, folder / "edit", f"at http://127.0.0.1:{port}")
    if kept := editing.unmerged(path, folder):
        _say(f"{shown(kept, project)} holds edits that are not in the template; kept as it was")
    copy = editing.working_copy(path, parameters, folder, config, project)
    with_config = f", with the parameters of {config}" if config else ""
    _say(f"editing {shown(path, project)}{with_config}")
    _say("each save goes there, without outputs and injected parameters")
    if "SSH_CONNECTION" in os.environ:
        tunnel = f"ssh -N -L {port}:127.0.0.1:{port} {platform.node()}"
        _say(f"from your own machine, first:  {tunnel}")
    console.file.flush()
    call = editing.command(copy, project, port, browser)
    variables = editing.environment(copy, path, project)
    if os.name == "nt":
        raise typer.Exit(subprocess.call(call, env=variables, cwd=project))
    os.chdir(project)
    os.execve(call[0], call, variables)


@command(app, START, "clean --install")
def clean(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Notebooks, or - for stdin; by default all templates."
        ),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Let git clean templates as they are added.")
    ] = False,
    former: Annotated[
        bool,
        typer.Option(
            "--outputs", help="List results that no config has any longer; --yes removes them."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove the results that --outputs lists.")
    ] = False,
    root: Root = None,
) -> None:
    """Remove outputs, injected parameters and editor metadata from notebooks.

    With --outputs, list the runs that no config has any longer, and batches before the last
    twenty; with --yes too, remove them.
    """
    project = root_of(root)
    if former:
        remove_former(Project(project, outputs_of(None, project)), yes)
        return
    if yes:
        raise FourfoldError("--yes: expected --outputs, which it removes")
    if install:
        _say("\n".join(cleaning.install(project)) or "git's filter is set up already")
        return
    if paths == ["-"]:
        sys.stdout.write(cleaning.cleaned(sys.stdin.read(), "standard input"))
        return
    notebooks = [Path(p) for p in paths or []] or matches("*.ipynb", project / "templates")
    for path in notebooks:
        if not os.path.isfile(path):
            raise FourfoldError(f"{path}: expected a notebook, found no file")
    changed = [path for path in notebooks if _rewritten(path)]
    for path in changed:
        _say(f"cleaned {shown(path, project)}")
    unchanged = len(notebooks) - len(changed)
    console.print(f"{count(len(notebooks), 'notebook')}, {unchanged:,} clean already")


def _rewritten(path: Path) -> bool:
    content = path.read_text(encoding="utf-8")
    new = cleaning.cleaned(content, str(path), cleaning.in_git(path))
    if new != content:
        write_text(path, new)
    return new != content


def _say(line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)
