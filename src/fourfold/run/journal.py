"""The journal of a search: what it has drawn, and how long it took."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fourfold.project import write_text

NAME = ".search.jsonl"


class Journal:
    """The settings that a search has drawn, and the seconds that it has taken: a line each.

    A line is written before its runs begin, so that a search that was killed goes on with them. A
    line that was cut counts for nothing.

    Parameters
    ----------
    path : Path, optional
        Without it, nothing is kept.
    of : str
        A digest of the search; the lines of another search count for nothing.
    fits : callable, optional
        Says whether what was drawn is of the search; a line that was spoiled ends the journal.
    """

    def __init__(
        self, path: Path | None = None, of: str = "", fits: Callable[[Any], bool] = bool
    ) -> None:
        self.path = path
        first: Mapping[str, Any] = {"search": of}
        lines = list(_lines(path, fits)) if path else []
        self._lines = lines if lines[:1] == [first] else [first]
        self._whole = False
        self.drawn: list[Mapping[str, Any]] = [e["drawn"] for e in self._lines if "drawn" in e]
        self.spent_s = float(sum(each.get("seconds", 0) for each in self._lines))

    def clear(self) -> None:
        """Forget all of it; the file stays until the first line."""
        del self._lines[1:]
        self.drawn, self.spent_s = [], 0.0

    def draw(self, drawn: Mapping[str, Any]) -> None:
        """Note a setting."""
        self.drawn.append(drawn)
        self._write({"drawn": drawn})

    def spend(self, seconds: float) -> None:
        """Note that the search has taken so many seconds more."""
        self.spent_s += seconds
        self._write({"seconds": round(seconds, 3)})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        if not self._whole:  # the file may be of another search, or end with a line that was cut
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, "".join(map(_text, self._lines)))
            self._whole = True
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_text(line))


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line) + "\n"


def _lines(path: Path, fits: Callable[[Any], bool]) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of a journal, up to one that was cut or spoiled."""
    with suppress(OSError, ValueError, RecursionError):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            content = json.loads(line) if line.endswith("\n") else None
            if not isinstance(content, dict) or ("drawn" in content and not fits(content["drawn"])):
                return
            if isinstance(content.get("seconds", 0), int | float):
                yield content
