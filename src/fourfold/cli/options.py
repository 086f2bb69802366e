"""What the commands share: their options, the console, and how they count and complain."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from fourfold.errors import FourfoldError, Violation, did_you_mean
from fourfold.plan.config import duration_s
from fourfold.project import find_root
from fourfold.records.formatting import count
from fourfold.records.record import RunRecord


class Page(Console):
    """A console whose file may be on a full disk: what prints there goes on."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, where that is possible."""
        with suppress(OSError):
            super().print(*objects, **options)


console = Page()
#: For progress, so that a pipe has results alone.
progress_console = Page(stderr=True)
#: Headings in the list of commands, each with an example.
START = "Start: fourfold init shop"
RUN = "Run: fourfold run params/clustering"
LOOK = "Look at results: fourfold view"
TEST = "Test: fourfold regress"
MODELS = "Use models: fourfold predict titanic/default new.csv"


class _Plain:
    """Help that names a value by what it is; a flag and a list have no type to show."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; a value is shown by its own name, or not at all."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if param.metavar is None or param.param_type_name == "argument":
                param.display_type_rich = lambda ctx: ""
        return params


class Command(_Plain, TyperCommand):
    """A command with plain help."""


class Group(_Plain, TyperGroup):
    """The commands with plain help."""


def command(
    app: typer.Typer, group: str, example: str, name: str | None = None, **more: Any
) -> Callable[[Any], Any]:
    """Return a decorator that adds a command to a group of the help, with an example.

    Parameters
    ----------
    app, group, example, name
        The name is by default that of the function.
    """
    about = f"Example: `fourfold {example}`"
    return app.command(name, cls=Command, rich_help_panel=group, epilog=about, **more)


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Configs, folders or globs; by default params/."),
]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root", metavar="FOLDER", help="Project folder; by default found from the current folder."
    ),
]
Outputs = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder of results; by default outputs/.")
]

Port = Annotated[
    int, typer.Option(min=0, max=65535, metavar="PORT", help="Port to use; 0 picks a free one.")
]
Browser = Annotated[bool, typer.Option(help="Open the page in a browser.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="CONDITION", help="Only runs that meet it: depth>=3, mode=a|b, run~x."),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="3/8|auto", help="Do one part of so many; auto in arrays of jobs."
    ),
]
Workers = Annotated[str, typer.Option(metavar="N|auto", help="Runs at a time.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]


_WORDS = {"signal": "stopped", "disk": "nothing can be written"}


@dataclass(frozen=True)
class Bounds:
    """When a batch ends early, and its order; `words` are the options as they were given."""

    max_failures: int | None = None
    max_time_s: float | None = None
    order: str = "longest"
    words: Mapping[str, str] = field(default_factory=lambda: _WORDS)


def bounds_of(
    fail_fast: bool, max_failures: int | None, max_time: str | None, order: str
) -> Bounds:
    """Return the bounds of a batch, as its options give them.

    Parameters
    ----------
    fail_fast : bool
    max_failures : int, optional
    max_time : str, optional
        A duration, as a config has it.
    order : str

    Raises
    ------
    FourfoldError
        If an option has no meaning.
    """
    from fourfold.run.schedule import ORDERS

    seconds = None if max_time is None else duration_s(max_time)
    if max_time is not None and seconds is None:
        expected = "expected a duration such as 90s, 10m or 2h"
        raise FourfoldError(f"--max-time: {expected}, got {max_time!r}")
    if order not in ORDERS:
        near = did_you_mean(order, ORDERS)
        raise FourfoldError(f"--order: expected {' or '.join(ORDERS)}, got {order!r}.{near}")
    most = 1 if fail_fast else max_failures
    failures = f"{count(most or 0, 'failure')}, --{'fail-fast' if fail_fast else 'max-failures'}"
    words = {**_WORDS, "max_time": f"--max-time {max_time}", "max_failures": failures}
    return Bounds(most, seconds, order, words)


def workers_of(given: str) -> int | None:
    """Return how many runs are executed at a time, None for as many as fit."""
    if given == "auto":
        return None
    if not given.isdigit() or int(given) < 1:
        raise FourfoldError(f"--workers: expected a whole number from 1, or auto, got {given!r}")
    return int(given)


def exit_code(records: Sequence[RunRecord], ended: str) -> int:
    """Return the exit code of a batch that ended for this reason."""
    early = {"disk": 2, "signal": 130, "max_time": 130}
    return early.get(ended, int(not all(record.ok or record.reason for record in records)))


def disk_full(outputs: Path) -> FourfoldError:
    """Return the error of a batch that could not write."""
    full = "the disk of results or of temporary files is full or read-only"
    return FourfoldError(f"{outputs}: {full}; make room, and the same command goes on")


def print_json(value: Any) -> None:
    """Print a value as JSON, and nothing else."""
    console.out(json.dumps(value, indent=1, ensure_ascii=False, default=str), highlight=False)


def said_by(as_json: bool = False) -> Callable[..., None]:
    """Return what prints lines as they are; beside JSON they go to stderr."""
    out = progress_console if as_json else console

    def say(*lines: str) -> None:
        for line in lines:
            out.print(line, markup=False, highlight=False, soft_wrap=True)

    return say


def announce(address: str, browser: bool) -> None:
    """Print where pages are served, at once, and open them in a browser if that is asked."""
    import webbrowser

    console.print(f"{address}  (Ctrl-C ends it)", highlight=False, soft_wrap=True)
    console.file.flush()
    if browser:
        webbrowser.open(address)


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
    """Print on stderr what is not wrong in a config and should be known."""
    complain(f"note: {violation}")
