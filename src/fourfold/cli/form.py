"""Configs run from a form in a browser: one at a time, each followed by its page."""

import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote

from fourfold.cli import options
from fourfold.cli.progress import Progress, clock
from fourfold.cli.watch import serving
from fourfold.errors import FourfoldError, InUseError, masked, unforeseen
from fourfold.plan.plan import find_configs, plan
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.records.ipynb import SECTIONS
from fourfold.records.record import SKIPPED, RunRecord, error_line
from fourfold.run.selection import Todo

_STEPS = ("Setup", *SECTIONS)
_AGAIN_S = 1.0


def serve_forms(place: Project, port: int, browser: bool) -> None:
    """Serve the forms of a project to this machine, and run what they ask for, until Ctrl-C.

    Parameters
    ----------
    place : Project
    port : int
    browser : bool
        Whether to open a browser.
    """
    from fourfold.author.forms import Forms
    from fourfold.report.server import FORMS, HOST, server
    from fourfold.run.kernels.machine import begin

    if not (place.root / "templates").is_dir():
        find_configs([], place.root)  # which says so
    runs = _Runs(place)
    runs.forms = forms = Forms(place, runs.ask, runs.stop)
    with server(place.outputs, port, forms=forms) as pages, serving(pages, forms.board):
        begin(None)
        address = f"http://{HOST}:{pages.server_address[1]}/{forms.token}{FORMS}"
        options.announce(address, browser)
        runs.go_on()


class _Runs:
    """What pages have asked to run, in order; their board says how far it is."""

    def __init__(self, place: Project) -> None:
        self.place = place
        self.forms: Any = None
        self._asked: SimpleQueue[tuple[int, Path]] = SimpleQueue()
        self._numbers = itertools.count(1)
        self._last = 0
        self._stopped: dict[Path, int] = {}
        self._last_planned: list[RunSpec] = []

    def ask(self, config: Path) -> int:
        """Run a config as soon as the runs before it have ended; return the number of the job."""
        self._last = number = next(self._numbers)
        self.tell(number, config, text="Waiting to begin")
        self._asked.put((number, config))
        return number

    def stop(self, config: Path) -> None:
        """End the jobs of a config."""
        self._stopped[config] = self._last

    def tell(self, number: int, config: Path, **state: Any) -> None:
        """Let the pages of a config show how far a job is."""
        state = {"job": number, "steps": _STEPS, "state": "running", **state}
        self.forms.board.show(**{shown(config, self.place.root): json.dumps(state)})

    def go_on(self) -> None:
        """Run until Ctrl-C."""
        from fourfold.run.kernels.machine import cores
        from fourfold.run.schedule import warm_up

        while True:
            try:
                number, config = self._asked.get(timeout=0.5)
            except Empty:
                continue
            self.tell(number, config, state="ended", **self._tried(number, config))
            if specs := [spec for spec in self._last_planned if not spec.search]:
                warm_up(specs, self.place, min(len(specs), cores()))  # for the next change

    def _is_stopped(self, number: int, config: Path) -> bool:
        return number <= self._stopped.get(config, 0)

    def _tried(self, number: int, config: Path) -> dict[str, Any]:
        """Run a config, and wait as long as another command holds the outputs."""
        while not self._is_stopped(number, config):
            try:
                self.tell(number, config, text="Planning")
                return self._run(number, config)
            except InUseError as error:
                self.tell(number, config, text=f"The config is saved. Waiting: {error}")
                time.sleep(_AGAIN_S)
            except Exception as error:  # the other forms go on
                known = isinstance(error, FourfoldError)
                text = masked(str(error)) if known else unforeseen(error)
                options.complain(text)
                return {"text": text}
        return {"text": "Stopped before it began."}

    def _run(self, number: int, config: Path) -> dict[str, Any]:
        from fourfold.cli.batch import Asked, Watched, run_planned
        from fourfold.run.doubts import Doubts
        from fourfold.run.saves import forget_surroundings

        forget_surroundings()
        above: list[RunSpec] = []
        place, root = self.place, self.place.root
        planned = plan([str(config)], root, lambda each: None, above.append, place.outputs)
        self._last_planned = planned
        follow = type("Follow", (_Follow,), {"runs": self, "job": (number, config)})

        def newer(todo: Sequence[Todo]) -> set[str] | None:
            return {i.spec.name for i in todo} if self._is_stopped(number, config) else None

        watched = Watched(newer, lambda todo: None, Doubts())
        words = {"newer": "stopped on the page", **options.Bounds().words}
        asked = Asked(place, options.Bounds(words=words), follow=follow, watched=watched)
        code, records = run_planned(planned, above, asked)
        if code == 130:
            raise KeyboardInterrupt
        return self._outcome(planned, [each for each in records if each.status != SKIPPED])

    def _outcome(self, planned: Sequence[RunSpec], records: Sequence[RunRecord]) -> dict[str, Any]:
        name = planned[0].config
        one = len(planned) == 1 and not planned[0].search
        run = f"{quote(name, safe='')}/{quote(planned[0].run_id, safe='')}"
        page = f"{run}/report.html" if one else f"index.html#view=table&config={quote(name)}"
        wrong = [record for record in records if not record.ok]
        if not records:
            text = "Nothing has changed since the last run."
        elif one:
            record = records[0]
            judged = record.verdict != "not judged"
            text = error_line(record) or (record.verdict if judged else record.status)
            if record.status == "cancelled":
                text = "Stopped. An earlier result is kept."
        else:
            text = f"{count(len(records), 'run')}, {len(wrong)} of them failed or stopped"
        return {"text": text, "ok": not wrong, "page": page, "run": planned[0].name if one else ""}


class _Follow(Progress):
    """Progress that the pages of a config show, beside the log."""

    runs: _Runs
    job: tuple[int, Path]

    def section(self, spec: RunSpec, section: str) -> None:
        """Note that a run has entered a section."""
        super().section(spec, section)
        self._tell()

    def done(self, spec: RunSpec, record: RunRecord) -> None:
        """Note that a run has ended."""
        super().done(spec, record)
        self._tell()

    def _stopping(self, why: str, signals: int) -> None:
        if why == "newer":
            self._line(self.stops[why])
        else:
            super()._stopping(why, signals)

    def _tell(self) -> None:
        left = self.left_s()
        with self._lock:
            sections = [section for section, _ in self.active.values()]
        rest = "" if left is None else f", about {clock(left)} left"
        many = f"{self.ended} of {count(self.total, 'run')} done" if self.total > 1 else ""
        section = sections[0] if sections and not many else ""
        self.runs.tell(*self.job, text=(many or "Running") + rest, section=section)
