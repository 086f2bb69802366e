"""A batch as others follow it: a program by lines of JSON, a mail by its end alone."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

from fourfold.cli.options import complain, console
from fourfold.cli.progress import Progress
from fourfold.records.record import RunRecord, cause, causes, error_line


class Quiet(Progress):
    """Says nothing of what goes well; a stop is answered on stderr."""

    def begin(self, unchanged: int) -> None:
        """Say nothing."""

    def live(self) -> AbstractContextManager[Any]:
        """Return a context in which nothing is shown."""
        return nullcontext()

    def skipped(self, records: Sequence[RunRecord]) -> None:
        """Say nothing."""

    def _ended(self, record: RunRecord) -> None:
        pass

    def _say_where(self) -> None:
        pass

    def _print(self, text: str) -> None:
        complain(text)


class Events(Quiet):
    """Writes a line of JSON when the batch begins, a run ends, it is stopped, and at the end."""

    def begin(self, unchanged: int) -> None:
        """Write the event ``begin``."""
        expected = self.left_s()
        _write(
            "begin",
            runs=self.total,
            unchanged=unchanged,
            workers=self.forecast.workers,
            expected_s=None if expected is None else round(expected, 1),
        )

    def skipped(self, records: Sequence[RunRecord]) -> None:
        """Write an event ``run`` for each."""
        for record in records:
            self._ended(record)

    def _ended(self, record: RunRecord) -> None:
        _write(
            "run",
            config=record.config,
            run=record.run_id,
            status=record.status,
            verdict=record.verdict,
            duration_s=record.duration_s,
            cause=cause(record),
            error=error_line(record),
            ended=self.ended,
            failed=self.failed,
        )

    def _stopping(self, why: str, signals: int) -> None:
        _write("stop", why=why, signals=signals, running=len(self.active))


def write_end(
    records: Sequence[RunRecord], why: str, counts: Mapping[str, int], began: float, code: int
) -> None:
    """Write the event ``end``.

    Parameters
    ----------
    records : sequence of RunRecord
        Of the runs that ended.
    why : str
        A word of `fourfold.run.schedule.WHY`, or none.
    counts : mapping of str to int
        Of runs: ``not_started`` and ``unchanged``.
    began : float
        When the command began, by `time.monotonic`.
    code : int
        Exit code.
    """
    groups = causes(records)
    _write(
        "end",
        ok=sum(record.ok for record in records),
        failed=sum(record.failed for record in records),
        **{name: sum(r.status == name for r in records) for name in ("cancelled", "skipped")},
        **counts,
        stopped=why or None,
        causes=[
            {"cause": text, "count": len(group), "runs": [record.name for record in group]}
            for text, group in groups.items()
        ],
        duration_s=round(time.monotonic() - began, 1),
        exit_code=code,
    )


def write_search(content: Mapping[str, Any]) -> None:
    """Write the event ``search``: what a search has come to, as its ``search.json`` has it."""
    names = ("config", "metric", "direction", "ended", "runs", "winner")
    _write("search", settings=len(content["settings"]), **{n: content[n] for n in names})


def _write(event: str, **values: Any) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"event": event, "time": now, **values}, ensure_ascii=False)
    with suppress(OSError):  # a full disk
        console.out(line, highlight=False)
