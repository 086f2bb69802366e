"""What the commands share: their options, the console, and how they count and complain."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fourfold.errors import FourfoldError, Violation, did_you_mean
from fourfold.plan.config import duration_s
from fourfold.project import find_root
from fourfold.records.formatting import count


class Page(Console):
    """A console whose file may be on a full disk: what prints there goes on."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, where that is possible."""
        with suppress(OSError):
            super().print(*objects, **options)


console = Page()
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Configs, folders or globs; by default params/."),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Project folder; by default found from the current folder."),
]
Outputs = Annotated[Path | None, typer.Option(help="Folder of results; by default outputs/.")]

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to use; 0 picks a free one.")]
Browser = Annotated[bool, typer.Option(help="Open the page in a browser.")]
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
