"""One runner for each folder of outputs: two would overwrite each other's runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fourfold.errors import FourfoldError

try:
    import fcntl
except ImportError:  # Windows, where nothing guards the folder
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(outputs: Path) -> Iterator[None]:
    """Hold the folder; the system lets go of it when this process ends, however it ends.

    Raises
    ------
    FourfoldError
        If another process holds it.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    with (outputs / ".lock").open("a+") as handle:
        if fcntl:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
                raise FourfoldError(
                    f"{outputs}: in use by another run, process {holder}; wait for it, or give "
                    "another folder with --outputs"
                ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
