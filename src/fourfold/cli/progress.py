"""Live progress of a batch: a panel on a terminal, plain lines elsewhere."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fourfold.plan.spec import RunSpec
from fourfold.records.evidence import Claim, Metric
from fourfold.records.ipynb import SECTIONS
from fourfold.records.record import RunRecord, error_line
from fourfold.report.side_by_side import Entry, differing, name

_MOST_ROWS = 60
_MOST_NAMES, _MOST_METRICS = 8, 4
_FEW = 4  # runs that are shown as columns
COLOURS = {
    **dict.fromkeys(("ok", "unchanged", "supported"), "green"),
    **{"inconclusive": "yellow", "refuted": "red", "not judged": "dim"},
}


def coloured(word: str) -> str:
    """Return a status or verdict in the colour that means it."""
    return f"[{COLOURS.get(word, 'red')}]{escape(word)}[/]"


@dataclass
class Progress:
    """What a batch is doing now."""

    total: int
    workers: int
    console: Console
    durations: list[float] = field(default_factory=list)
    active: dict[str, tuple[str, float]] = field(default_factory=dict)
    failed: int = 0
    _lock: Lock = field(default_factory=Lock)

    def section(self, spec: RunSpec, section: str) -> None:
        """Note that a run has entered a section."""
        with self._lock:
            since = self.active.get(spec.name, ("", time.monotonic()))[1]
            self.active[spec.name] = (section, since)

    def done(self, spec: RunSpec, record: RunRecord) -> None:
        """Note that a run has ended; print its line."""
        with self._lock:
            self.active.pop(spec.name, None)
            self.durations.append(record.duration_s)
            self.failed += not record.ok
        count = f"{len(self.durations):>{len(str(self.total))}}/{self.total}"
        verdict = "" if record.verdict == "not judged" else f" · {coloured(record.verdict)}"
        line = f"{count} {coloured(record.status)} {escape(record.name)}{verdict}"
        self.console.print(f"{line} [dim]{record.duration_s:.1f} s[/]", highlight=False)
        if record.error:
            where = escape(error_line(record))
            self.console.print(f"      {where}", highlight=False, soft_wrap=True)

    def live(self) -> AbstractContextManager[Any]:
        """Return a context in which a terminal shows the progress."""
        live = Live(self, console=self.console, refresh_per_second=8, transient=True)
        return live if self.console.is_terminal else nullcontext()

    def left_s(self) -> float | None:
        """Return the expected seconds until the end; None before the first run has ended."""
        if not self.durations:
            return None
        mean = sum(self.durations) / len(self.durations)
        now = time.monotonic()
        spent = sum(min(now - since, mean) for _, since in self.active.values())
        todo = (self.total - len(self.durations)) * mean - spent
        return max(0.0, todo / self.workers)

    def __rich__(self) -> RenderableType:
        """Draw the bar, and one line for each active run."""
        with self._lock:
            active, ended = dict(self.active), len(self.durations)
        left = self.left_s()
        words = [f"{ended}/{self.total} runs"]
        words += [f"{self.failed} failed"] if self.failed else []
        words += [f"about {_clock(left)} left"] if left is not None else []
        bar = Table.grid(padding=(0, 1))
        done = ProgressBar(total=self.total, completed=ended, width=30)
        bar.add_row(done, Text(", ".join(words)))
        runs = Table.grid(padding=(0, 2))
        for run, (section, since) in active.items():
            place = SECTIONS.index(section) + 1 if section in SECTIONS else 0
            dots = "●" * place + "○" * (len(SECTIONS) - place)
            runs.add_row(f"  {escape(run)}", dots, section, _clock(time.monotonic() - since))
        return Group(bar, runs)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plan_table(specs: Sequence[RunSpec]) -> Table:
    """Return the runs as a table: config, template and the values that differ.

    Of a long plan it shows the first runs, and says how many others there are.
    """
    table = _table("config", "run", "template", "data", "timeout")
    for spec in specs[:_MOST_ROWS]:
        limit = spec.options.timeout_s
        cells = (spec.config, spec.run_id, spec.template, str(spec.parameters.get("data", "")))
        table.add_row(*cells, _clock(limit) if limit else "none")
    if len(specs) > _MOST_ROWS:
        table.add_row("…", f"and {len(specs) - _MOST_ROWS:,} others", "", "", "")
    return table


def _table(*heads: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def result_table(records: Sequence[RunRecord]) -> Table:
    """Return the records as a table: status, verdict and the judged metrics.

    Of a long batch it shows the runs that did not end well, and the first others.
    """
    ordered = sorted(records, key=lambda record: record.ok)
    drawn = records if len(records) <= _MOST_ROWS else ordered[:_MOST_ROWS]
    table = _table("run", "status", "verdict", "evidence")
    table.add_column("seconds", justify="right")
    for record in drawn:
        evidence = error_line(record) or ", ".join(map(_claim, record.claims))
        table.add_row(
            escape(record.config if record.run_id == "default" else record.name),
            coloured(record.status),
            coloured(record.verdict),
            escape(evidence),
            f"{record.duration_s:.1f}",
        )
    if len(drawn) < len(records):
        table.add_row(f"and {len(records) - len(drawn):,} others", "", "", "in results.csv", "")
    return table


def cost_line(records: Sequence[RunRecord]) -> str:
    """Return what the runs cost together, and in which section the time went."""
    costs = [record.cost for record in records]
    words = [f"{sum(cost.get('cpu_s', 0.0) for cost in costs):,.1f} s CPU"]
    largest = max(records, key=lambda record: record.cost.get("peak_mb", 0.0))
    if "peak_mb" in largest.cost:
        words.append(f"at most {largest.cost['peak_mb']:,.0f} MB ({escape(largest.name)})")
    words.append(f"about {sum(cost.get('energy_wh', 0.0) for cost in costs):.2g} Wh")
    spent = Counter[str]()
    for record in records:
        spent.update(record.sections)
    whole = sum(spent.values()) or 1.0
    shares = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in spent.items())
    return f"cost:    {', '.join(words)}; time in {shares}"


def _claim(claim: Claim) -> str:
    value = f"{claim.value:.3g}" if isinstance(claim.value, float) else claim.value
    return f"{claim.metric} {value} ({claim.condition})"


def side_by_side(entries: Sequence[Entry], metrics: Sequence[str]) -> Table:
    """Return status, verdict, the parameters that differ and metrics with their intervals.

    A column for each run where they are few, else a line for each. Then there is room for eight
    parameters and four metrics.
    """
    differ = differing(entries)
    few = len(entries) <= _FEW
    if not few:
        # What some of many runs do not have tells their templates apart, and not their results.
        differ = [n for n in differ if all(n in e["parameters"] for e in entries)][:_MOST_NAMES]
        metrics = metrics[:_MOST_METRICS]
    lines = [["run", "status", "verdict", *map(escape, [*differ, *metrics])]]
    for entry in entries:
        words = [coloured(entry["status"]), coloured(entry["verdict"])]
        values = [escape(entry["parameters"].get(n, "–") or "(empty)") for n in differ]
        figures = [_figure(entry["metrics"].get(n)) for n in metrics]
        lines.append([escape(name(entry)), *words, *values, *figures])
    first, *rest = zip(*lines, strict=True) if few else lines
    table = _table(*first)
    for line in rest:
        table.add_row(*line)
    return table


def _figure(stored: Sequence[Any] | None) -> str:
    if not stored:
        return "–"
    value, low, high = stored
    return Metric(value, None if low is None else (low, high)).text("")
