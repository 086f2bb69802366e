"""Commands for editors: a template in JupyterLab, and notebooks kept clean for git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from fourfold.errors import FourfoldError
from fourfold.options import Outputs, Root, console, outputs_of, root_of
from fourfold.records.formatting import count

app = typer.Typer()


@app.command()
def edit(
    template: Annotated[str, typer.Argument(help="Name or path of a template, or a config.")],
    config: Annotated[str, typer.Option(metavar="FILE", help="Whose parameters are used.")] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME~PATTERN", help="Of a sweep the first run that matches."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
    root: Root = None,
    outputs: Outputs = None,
) -> None:
    """Edit a template in JupyterLab, with the parameters of a config; each save keeps it clean."""
    from fourfold.author.edit import command, environment, unmerged, working_copy
    from fourfold.plan.plan import plan
    from fourfold.plan.template import find_template, library, template_path
    from fourfold.project import shown
    from fourfold.run.selection import matching

    project = root_of(root)
    if template.endswith((".yaml", ".yml")):
        template, config = "", config or template
    specs = matching(plan([config], project), only or []) if config else []
    if config and not specs:
        told = f"expected a run of {config} that matches, got none"
        raise FourfoldError(f"--only {' '.join(only or [])}: {told}; fourfold plan lists them")
    parameters = dict(specs[0].parameters) if specs else None
    if template:
        path = find_template(template, project / "templates")
        if specs and path.stem != specs[0].template:
            told = f"--config: expected a config of template {path.stem!r}"
            raise FourfoldError(f"{told}, got one of {specs[0].template!r}")
    else:
        path = template_path(specs[0].template_file, project)
    if path.parent == library() and not path.is_relative_to(project):
        raise FourfoldError(
            f"{path.stem}: expected a template of this project, got one that comes with Fourfold; "
            f"fourfold new-template NAME --from {path.stem} makes it yours"
        )
    folder = outputs_of(outputs, project)
    if kept := unmerged(path, folder):
        told = "holds edits that are not in the template; kept as it was"
        console.print(f"{shown(kept, project)} {told}", markup=False, soft_wrap=True)
    copy = working_copy(path, parameters, folder)
    told = f", with the parameters of {config}" if config else ""
    console.print(f"editing {shown(path, project)}{told}", markup=False, soft_wrap=True)
    console.print("each save goes there, without outputs and injected parameters", soft_wrap=True)
    console.file.flush()
    call = command(copy, project, port, browser)
    if os.name == "nt":
        raise typer.Exit(subprocess.call(call, env=environment(copy, path), cwd=project))
    os.chdir(project)
    os.execve(call[0], call, environment(copy, path))


@app.command()
def clean(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Notebooks; by default all templates; - is stdin."
        ),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="Let git clean templates as they are added.")
    ] = False,
    root: Root = None,
) -> None:
    """Strip notebooks of outputs, injected parameters and what editors leave."""
    from fourfold.author import clean as cleaning
    from fourfold.project import shown

    project = root_of(root)
    if install:
        done = cleaning.install(project)
        console.print("\n".join(done) or "git's filter is set up already", soft_wrap=True)
        return
    if paths == ["-"]:
        sys.stdout.write(cleaning.cleaned(sys.stdin.read(), "standard input"))
        return
    found = [Path(p) for p in paths or []] or sorted((project / "templates").glob("*.ipynb"))
    for path in found:
        if not path.is_file():
            raise FourfoldError(f"{path}: expected a notebook, found no file")
    changed = [path for path in found if _rewritten(path)]
    for path in changed:
        console.print(f"cleaned {shown(path, project)}", markup=False, soft_wrap=True)
    console.print(f"{count(len(found), 'notebook')}, {len(found) - len(changed):,} clean already")


def _rewritten(path: Path) -> bool:
    from fourfold.author.clean import cleaned, in_git
    from fourfold.project import write_text

    content = path.read_text(encoding="utf-8")
    if (new := cleaned(content, str(path), in_git(path))) == content:
        return False
    write_text(path, new)
    return True
