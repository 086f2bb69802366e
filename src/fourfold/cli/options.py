"""What the commands share: their options, the console, and how they count and complain."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fourfold.errors import Violation
from fourfold.project import find_root

console = Console()
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Configs, folders or globs; by default params/."),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Project folder; by default found from the current folder."),
]
Outputs = Annotated[Path | None, typer.Option(help="Folder of results; by default outputs/.")]

Port = Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")]
Browser = Annotated[bool, typer.Option(help="Open the page.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files of that name.")]


def outputs_of(given: Path | None, project: Path) -> Path:
    """Return the folder of results: as given, else the project's."""
    return (given or project / "outputs").resolve()


def root_of(given: Path | None) -> Path:
    """Return the project's folder: as given, else found from the current folder upwards."""
    return given.resolve() if given else find_root(Path.cwd())


def complain(message: str) -> None:
    """Print a message on stderr, as it is."""
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)


def remark(violation: Violation) -> None:
    """Print what is not wrong in a config and should be known."""
    console.print(f"note: {violation}", markup=False, highlight=False, soft_wrap=True)
