"""Live progress of a batch: a panel on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fourfold.cli.layout import print_rows, watched, width_of
from fourfold.plan.spec import RunSpec
from fourfold.records.evidence import Metric
from fourfold.records.formatting import count
from fourfold.records.ipynb import SECTIONS
from fourfold.records.record import RunRecord, error_line
from fourfold.report.side_by_side import Entry, differing
from fourfold.run.kernels.clock import awake_s

if TYPE_CHECKING:
    from fourfold.run.past import Forecast
    from fourfold.run.selection import Todo

MOST_ROWS = 60  # that fit on a page
_LINES = 20  # of a log on more runs than that
_PAUSE_S = 300.0  # between two lines of a log, at most
_MOST_NAMES, _MOST_METRICS = 8, 4
_FEW = 4  # runs that are shown as columns
COLOURS = {
    **dict.fromkeys(("ok", "unchanged", "supported"), "green"),
    **dict.fromkeys(("inconclusive", "cancelled", "skipped"), "yellow"),
    **{"refuted": "red", "not judged": "dim"},
}


def coloured(word: str) -> str:
    """Return a status or verdict in the colour that means it."""
    return f"[{COLOURS.get(word, 'red')}]{escape(word)}[/]"


class Progress:
    """What a batch is doing now: a panel on a terminal, lines in a log.

    Of many runs only those have a line that did not end well.

    Parameters
    ----------
    forecast : Forecast
        Of the batch, before its first run.
    console : Console
    stops : mapping of str to str
        Reasons to end early in words, by the words of `fourfold.run.schedule.WHY`.
    """

    def __init__(self, forecast: "Forecast", console: Console, stops: Mapping[str, str]) -> None:
        self.forecast, self.console, self.stops = forecast, console, stops
        self.ended, self.failed = 0, 0
        self.active: dict[str, tuple[str, float]] = {}
        self._spoke, self._lock = time.monotonic(), Lock()
        self._seen: tuple[str, int] = ("", 0)

    @property
    def total(self) -> int:
        """Return how many runs there are; a search may need fewer."""
        return self.forecast.total

    def begin(self, unchanged: int) -> None:
        """Say in a log what begins, and how long it should take."""
        left = self.left_s()
        words = "no earlier durations" if left is None else f"about {clock(left)} left"
        if self.total and not watched(self.console):
            runs, workers = count(self.total, "run"), count(self.forecast.workers, "worker")
            self._line(f"{runs}, {workers}, {words}")

    def add(self, todo: "Sequence[Todo]", later: int) -> None:
        """Note runs that have come later, and how many may come still."""
        with self._lock:
            self.forecast.add(todo, later)

    def section(self, spec: RunSpec, section: str) -> None:
        """Note that a run has entered a section."""
        with self._lock:
            since = self.active.get(spec.name, ("", awake_s()))[1]
            self.active[spec.name] = (section, since)

    def done(self, spec: RunSpec, record: RunRecord) -> None:
        """Note that a run has ended; print its line."""
        with self._lock:
            _, since = self.active.pop(spec.name, ("", awake_s()))
            self.forecast.ended(spec.name, awake_s() - since)
            self.ended += 1
            self.failed += record.failed
        self._ended(record)

    def skipped(self, records: Sequence[RunRecord]) -> None:
        """Note runs that are not executed because of others."""
        for record in records if self.total <= MOST_ROWS else ():
            self._print(f"{coloured(record.status)} {escape(record.name)}: {escape(record.reason)}")

    def _ended(self, record: RunRecord) -> None:
        if self.total <= MOST_ROWS or not record.ok:
            number = f"{self.ended:>{len(f'{self.total:,}')},}/{self.total:,}"
            verdict = "" if record.verdict == "not judged" else f" · {coloured(record.verdict)}"
            line = f"{number} {coloured(record.status)} {escape(record.name)}{verdict}"
            self._print(f"{line} [dim]{record.duration_s:.1f} s[/]")
            if record.error:
                self._print(f"      {escape(error_line(record))}")
        if self.ended < self.total > MOST_ROWS and self.ended % -(-self.total // _LINES) == 0:
            self._say_where()

    def look(self, why: str, signals: int) -> None:
        """Answer a signal or a limit, and show in a log that the batch is alive."""
        if (why, signals) != self._seen:
            self._stopping(why, signals)
        elif time.monotonic() - self._spoke > _PAUSE_S:
            self._say_where()
        self._seen = (why, signals)

    def _stopping(self, why: str, signals: int) -> None:
        running = count(len(self.active), "run")
        if signals > 1:
            self._line(f"stopping at once: {running} cancelled, completed results are saved")
        elif signals:
            rest = f"{running} will end after the current cell, completed results are saved"
            self._line(f"stopping: no other run starts, {rest}; Ctrl-C again stops at once")
        else:
            rest = f", {running} will finish" if self.active else ""
            self._line(f"{self.stops[why]}: no other run starts{rest}")

    def _say_where(self) -> None:
        if not watched(self.console):
            self._line(", ".join(self._words()))

    def _line(self, text: str) -> None:
        self._spoke = time.monotonic()
        self._print(f"{datetime.now():%H:%M:%S} {text}")

    def _print(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True)

    def _words(self) -> list[str]:
        left = None if self._seen[0] else self.left_s()
        words = [f"{self.ended:,}/{self.total:,} runs"]
        words += [f"{self.failed:,} failed"] if self.failed else []
        return words + ([f"about {clock(left)} left"] if left is not None else [])

    def live(self) -> AbstractContextManager[Any]:
        """Return a context in which a terminal shows the progress."""
        live = Live(self, console=self.console, refresh_per_second=8, transient=True)
        return live if watched(self.console) else nullcontext()

    def left_s(self) -> float | None:
        """Return the expected seconds until the end; None if nothing is known yet."""
        now = awake_s()
        with self._lock:
            return self.forecast.left_s({n: now - since for n, (_, since) in self.active.items()})

    def __rich__(self) -> RenderableType:
        """Draw the bar, and one line for each active run."""
        bar = Table.grid(padding=(0, 1))
        done = ProgressBar(total=self.total, completed=self.ended, width=30)
        bar.add_row(done, Text(", ".join(self._words())))
        runs = Table.grid(padding=(0, 2))
        with self._lock:
            active = dict(self.active)
        for run, (section, since) in active.items():
            place = SECTIONS.index(section) + 1 if section in SECTIONS else 0
            dots = "●" * place + "○" * (len(SECTIONS) - place)
            runs.add_row(f"  {escape(run)}", dots, section, clock(awake_s() - since))
        return Group(bar, runs)


def clock(seconds: float) -> str:
    """Return a duration as people say it, such as ``2 min 5 s``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plan_rows(specs: Sequence[RunSpec]) -> list[list[str]]:
    """Return the runs as rows: name, template, data, and the timeout if runs differ in it.

    Of a long plan they are the first runs, and how many others there are.
    """
    limits = [spec.options.timeout_s for spec in specs]
    differ = len({*limits}) > 1
    rows = [["run", "template", "data", *["timeout"] * differ]]
    for spec, limit in zip(specs[:MOST_ROWS], limits, strict=False):
        run = f"{spec.config} (search)" if spec.search else title(spec.config, spec.run_id)
        cells = [run, spec.template, str(spec.parameters.get("data") or "")]
        rows.append([escape(cell) for cell in cells] + [clock(limit) if limit else "–"] * differ)
    if len(specs) > MOST_ROWS:
        rows.append([f"… and {len(specs) - MOST_ROWS:,} others", *[""] * (len(rows[0]) - 1)])
    return rows


def title(config: str, run_id: str) -> str:
    """Return the name of a run, as all commands take it; of a config with one run its own."""
    return config if run_id == "default" else f"{config}/{run_id}"


def coloured_end(status: str, verdict: str) -> str:
    """Return the verdict of a run in its colour, or how the run ended if not well."""
    return coloured(verdict if status in ("ok", "unchanged") else status)


def print_side_by_side(entries: Sequence[Entry], metrics: Sequence[str], console: Console) -> None:
    """Print verdict, the parameters that differ and metrics with their intervals.

    A file has one line a run. A terminal has a column a run if they are few and it is wide enough,
    else a line a run, else a line a value. Of many runs there are eight parameters at most.

    Parameters
    ----------
    entries : sequence of Entry
    metrics : sequence of str
    console : Console
    """
    differ = differing(entries)
    few = len(entries) <= _FEW
    if not few:
        # What some of many runs do not have tells their templates apart, and not their results.
        differ = [n for n in differ if all(n in e["parameters"] for e in entries)][:_MOST_NAMES]
        metrics = metrics[:_MOST_METRICS]
    configs = {entry["config"] for entry in entries}
    rows = [["run", "verdict", *map(escape, [*differ, *metrics])]]
    for entry in entries:
        values = [escape(entry["parameters"].get(n, "–") or "(empty)") for n in differ]
        figures = [_figure(entry["metrics"].get(n)) for n in metrics]
        run = escape(title(entry["config"], entry["run"]))
        rows.append([run, coloured_end(entry["status"], entry["verdict"]), *values, *figures])
    turned = [list(column) for column in zip(*rows, strict=True)]
    if watched(console) and few and width_of(turned) <= console.width:
        print_rows(turned, console)
        return
    if watched(console) and width_of(rows) > console.width and len(configs) == 1:
        head = f"run of {escape(configs.pop())}"
        names = [head, *(escape(entry["run"]) for entry in entries)]
        short = [[name, *row[1:]] for name, row in zip(names, rows, strict=True)]
        rows = short if width_of(short) <= console.width else rows
    if not watched(console) or width_of(rows) <= console.width:
        print_rows(rows, console)
        return
    (_, *heads), *runs = rows
    wide = max(map(len, heads))
    for run, *cells in runs:
        parts = [f"  {head:{wide}}  {cell}" for head, cell in zip(heads, cells, strict=True)]
        console.print("\n".join([f"[bold]{run}[/]", *parts]), soft_wrap=True, highlight=False)


def _figure(stored: Sequence[Any] | None) -> str:
    if not stored:
        return "–"
    value, low, high = stored
    return Metric(value, None if low is None else (low, high)).text("")
