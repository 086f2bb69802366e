"""Notes on what a notebook opens: begun in its kernel, read when it has ended."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_core.utils import run_sync

from fourfold.run.kernels import watch

PYTHON = "python"
_PATIENCE_S = 60.0
_PACKAGE = str(Path(__file__).parents[2])


def begin_notes(client: Any, file: Path, root: Path, own: bool) -> bool:
    """Ask a Python kernel to take notes, before its first cell; say whether it does.

    The request is silent: no cell, number, name or history of the notebook shows it.

    Parameters
    ----------
    client : nbclient.NotebookClient
        Of the kernel, which is ready.
    file : Path
        That the notes go to.
    root : Path
        Folder of the project.
    own : bool
        Whether it is a `fourfold.run.kernels.kernel.Kernel`.
    """
    given = f"{(str(file), str(root), _PACKAGE)!r}"
    begin = f"get_ipython().kernel.take_notes(*{given})"
    code = begin if own else f"exec({_source()!r}, dict(given={given}, __name__='watch'))"
    return bool(run_sync(_silently)(client, code))


async def _silently(client: Any, code: str) -> bool:
    asked = client.execute(code, silent=True, store_history=False, allow_stdin=False)
    with suppress(Empty):
        while True:
            reply = await client.get_shell_msg(timeout=_PATIENCE_S)
            if reply["parent_header"].get("msg_id") == asked:
                return bool(reply["content"]["status"] == "ok")
    return False


@cache
def _source() -> str:
    return f"{Path(watch.__file__).read_text(encoding='utf-8')}\nbegin(*given)\n"


def read_notes(file: Path) -> list[list[Any]]:
    """Return the notes of a kernel that has ended."""
    lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [note for line in lines if isinstance(note := _parsed(line), list)]


def _parsed(line: str) -> Any:
    with suppress(ValueError):  # a line that a killed process has not ended
        return json.loads(line)
    return None


def language(manager: Any, metadata: Mapping[str, Any]) -> str:
    """Return the language of a kernel."""
    spec = getattr(manager.kernel_spec, "language", "")
    return str(spec or metadata.get("language_info", {}).get("name", "")).lower()
