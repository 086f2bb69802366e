"""The page of all runs while a batch runs: a file beside it brings what has ended since."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread

from fourfold.project import write_text
from fourfold.records.record import RunRecord
from fourfold.report import overview
from fourfold.report.history import history

_PAUSE_S = 10.0
#: To write takes this share of the time at most.
_SHARE = 0.05


class LivePage:
    """What has ended of a batch of so many runs, beside all earlier results."""

    def __init__(self, outputs: Path, total: int) -> None:
        self.outputs, self.total, self.ended, self.failed = outputs, total, 0, 0
        self._runs = {f"{run['config']}/{run['run']}": run for run in overview.begin(outputs)}
        self._batches, self._past = overview.batches(outputs), history(outputs)
        self._lock, self._stop = Lock(), Event()

    def add(self, record: RunRecord) -> None:
        """Note that a run has ended."""
        with self._lock:
            former = self._runs.get(record.name, {})
            noted = {name: former[name] for name in ("tags", "note") if name in former}
            self._runs[record.name] = overview.entry(record) | noted
            self.ended += 1
            self.failed += record.failed

    def content(self) -> str:
        """Return the data of the page as of now, as JSON."""
        with self._lock:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            state = {"at": at, "done": self.ended, "total": self.total, "failed": self.failed}
            return overview.as_json([*self._runs.values()], self._batches, self._past, state)

    def write(self) -> None:
        """Write the file that open pages read."""
        with suppress(OSError):  # a full disk ends runs, with a message; the page is not worth one
            write_text(self.outputs / overview.LIVE, f"Fourfold.live({self.content()})\n")

    def follow(self) -> None:
        """Write it again and again, until the batch ends; the time in it shows that one runs."""
        pause = 0.0
        while not self._stop.wait(pause):
            began = time.monotonic()
            self.write()
            pause = max(_PAUSE_S, (time.monotonic() - began) / _SHARE)

    def stop(self) -> None:
        """Write it no more."""
        self._stop.set()


@contextmanager
def live_page(outputs: Path, total: int) -> Iterator[LivePage]:
    """Keep the page of all runs up to date while the block executes a batch of so many runs."""
    page = LivePage(outputs, total)
    with suppress(OSError):
        write_text(outputs / overview.PAGE, overview.page_of(page.content(), page.total))
    writer = Thread(target=page.follow, name="live page", daemon=True)
    writer.start()
    try:
        yield page
    finally:
        page.stop()
        writer.join()
        if not page.ended:  # so no result asks for a page to be written
            with suppress(OSError):
                overview.write_overview(outputs)
