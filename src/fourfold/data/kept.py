"""Files that we have written ourselves, and that may be spoiled."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_kept(path: Path) -> dict[str, Any]:
    """Return the mapping in a JSON file that we have written; empty if it cannot be read.

    What is kept between commands only saves work, so that a file that was spoiled costs no run.
    """
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(path.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    return {}
