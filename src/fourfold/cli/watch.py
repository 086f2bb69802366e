"""Runs executed as their files are saved, and shown in a browser."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from glob import escape
from threading import Thread, current_thread, main_thread
from typing import Any
from urllib.parse import quote

import typer

from fourfold.cli import options
from fourfold.errors import ConfigError, FourfoldError, InUseError, masked
from fourfold.plan.config import config_name
from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.formatting import count
from fourfold.records.record import SKIPPED, RunRecord

app = typer.Typer()
#: After a mistake that another file than a config may correct, or while another run holds outputs.
_AGAIN_S = 1.0
_MOST_WARM = 4


@options.command(app, options.RUN, "watch params/clustering/penguins.yaml")
def watch(
    paths: options.Paths = None,
    root: options.Root = None,
    outputs: options.Outputs = None,
    port: options.Port = 0,
    browser: options.Browser = True,
    workers: options.Workers = "auto",
    only: options.Only = None,
) -> None:
    """Run configs whenever they, or files that they read, are saved; until Ctrl-C.

    The report, or the page of several runs, is shown in a browser and refreshes by itself. Mistakes
    are printed and shown on the page, above the last good result.
    """
    from fourfold.report.pages import Board
    from fourfold.report.server import HOST, server
    from fourfold.run.kernels.machine import begin

    project, at_once = options.root_of(root), options.workers_of(workers)
    place, board = Project(project, options.outputs_of(outputs, project)), Board()
    with server(place.outputs, port, board) as pages, serving(pages, board):
        begin(at_once)
        address = f"http://{HOST}:{pages.server_address[1]}/"
        _Rounds(paths or [], place, board, at_once, only, address, browser).go_on()


@contextmanager
def serving(pages: Any, board: Any) -> Iterator[None]:
    """Serve pages while the block runs, which Ctrl-C ends; then no listener or zygote is left."""
    from fourfold.run.kernels.zygotes import ZYGOTES

    with _ended_by_signals():
        thread = Thread(target=pages.serve_forever, args=(0.1,), name="pages", daemon=True)
        thread.start()
        try:
            yield
        except KeyboardInterrupt:
            options.console.print("ended")
        finally:
            for kind in _kinds():  # a second one ends nothing before all else has ended
                signal.signal(kind, signal.SIG_IGN)
            board.close()
            pages.shutdown()
            ZYGOTES.close()


def _kinds() -> list[signal.Signals]:
    return [signal.SIGINT, signal.SIGTERM] if current_thread() is main_thread() else []


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM inside the block do what Ctrl-C does, and both also if they were ignored."""

    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    before = {kind: signal.signal(kind, end) for kind in _kinds()}
    try:
        yield
    finally:
        for kind, earlier in before.items():
            signal.signal(kind, earlier)


class _Rounds:
    """One round after the other: plan, run what is due, wait until something is saved."""

    def __init__(
        self,
        paths: Sequence[str],
        place: Project,
        board: Any,
        workers: int | None,
        only: list[str] | None,
        address: str,
        browser: bool,
    ) -> None:
        from fourfold.cli.batch import Asked, Watched
        from fourfold.run.doubts import Doubts
        from fourfold.run.saves import Saves

        self.paths, self.place, self.board, self.only = paths, place, board, only
        self.workers, self.address, self.browser = workers, address, browser
        self.saves = Saves(paths, place)
        self.planned: list[RunSpec] = []
        self.above: list[RunSpec] = []
        self.problem, self.of_plan, self.page = "", False, ""
        self.again, self.renewed = False, False
        watched = Watched(self._newer, self._begins, Doubts())
        words = {"newer": "files were saved meanwhile", **options.Bounds().words}
        bounds = options.Bounds(words=words)
        self.asked = Asked(place, bounds, workers, only, watched=watched)

    def go_on(self) -> None:
        """Run until Ctrl-C."""
        saved = False
        while True:
            going = self._round(saved)
            saved = not going
            until = time.monotonic() + (_AGAIN_S if self.again else float("inf"))
            while not going and not self.saves.changed() and time.monotonic() < until:
                time.sleep(0.05)

    def _plan(self) -> bool:
        """Plan anew; say whether the plan is as it must be, or show what is wrong."""
        from fourfold.plan.plan import plan

        above: list[RunSpec] = []
        remarks = options.remark if not self.planned else lambda remark: None
        try:
            with self.saves.planning():
                planned = plan(
                    self.paths, self.place.root, remarks, above.append, self.place.outputs
                )
        except (FourfoldError, OSError) as error:
            self._show(error, of_plan=True)
            return False
        self._corrected(of_plan=True)
        self.planned, self.above = planned, above
        return True

    def _round(self, saved: bool) -> bool:
        """Run what is due; say whether there may be more at once, as of a save meanwhile."""
        from fourfold.cli.batch import run_planned
        from fourfold.run.saves import forget_surroundings

        forget_surroundings()
        self.again = self.renewed = False
        planned = self._plan()
        self._open(self._page())
        if not planned:
            return False
        try:
            code, records = run_planned(self.planned, self.above, self.asked)
        except (FourfoldError, OSError) as error:
            self._show(error, of_plan=False)
            return False
        finally:
            self.board.show(running="")
        if code == 130:
            raise KeyboardInterrupt
        self._corrected(of_plan=False)
        self.saves.read_by([*self.planned, *self.above])
        records = [record for record in records if record.status != SKIPPED]
        if not records:
            self._say("nothing to run" if saved else "waiting for files to be saved")
        self._warm(records)
        return bool(records) or self.renewed

    def _page(self) -> str:
        """Return the path of the page to show: the report of one run, or that of all runs."""
        from fourfold.plan.plan import find_configs

        runs = [(spec.config, spec.run_id) for spec in self.planned if not spec.search]
        if not self.planned:  # its config is wrong: there may be a result from before
            with suppress(FourfoldError, OSError):
                for path in find_configs(self.paths, self.place.root):
                    config = config_name(path, self.place.root)
                    reports = self.place.outputs.glob(f"{escape(config)}/*/report.html")
                    known = [report.parent.name for report in reports]
                    runs += [(config, run) for run in known or ["default"]]
        return f"{quote(runs[0][0])}/{quote(runs[0][1])}/report.html" if len(runs) == 1 else ""

    def _open(self, page: str) -> None:
        if self.page and (self.address + page == self.page or not self.planned):
            return
        first, self.page = not self.page, self.address + page
        options.announce(self.page, first and self.browser)

    def _show(self, error: FourfoldError | OSError, of_plan: bool) -> None:
        """Print a mistake, once, and let pages show it."""
        self.again = isinstance(error, ConfigError | InUseError | OSError)
        text = masked(str(error))
        if text != self.problem:
            options.complain(text)
            if isinstance(error, ConfigError):
                rest = "nothing is run until corrected"
                self._say(f"{count(len(error.violations), 'mistake')}; {rest}")
        self.problem, self.of_plan = text, of_plan
        self.board.show(problem=text)

    def _corrected(self, of_plan: bool) -> None:
        if self.problem and self.of_plan is of_plan:
            self.problem = ""
            self.board.show(problem="")

    def _say(self, text: str) -> None:
        line = f"{datetime.now():%H:%M:%S} {text}"
        options.console.print(line, markup=False, highlight=False, soft_wrap=True)
        options.console.file.flush()

    def _begins(self, todo: Sequence[Any]) -> None:
        self._corrected(of_plan=False)
        names = todo[0].spec.name if len(todo) == 1 else count(len(todo), "run")
        self.board.show(running=f"Running {names}")
        for item in todo if len(todo) <= 10 else ():
            self._say(f"{item.spec.name}: {'; '.join(item.why)}")

    def _newer(self, todo: Sequence[Any]) -> set[str] | None:
        """Return the runs that a save has made out of date; None as long as the plan stands."""
        from fourfold.run.saves import outdated

        if not self.saves.changed():
            return None
        before = self.planned
        if not self._plan():
            return None
        with suppress(FourfoldError, OSError):  # a file has gone again
            names = outdated(todo, before, self.planned, self.place)
            self.renewed = bool(names) or before != self.planned
            return names if self.renewed else None
        return None

    def _warm(self, records: Sequence[RunRecord]) -> None:
        """Let a kernel wait for each template that the next save may need."""
        from fourfold.run.kernels.machine import cores
        from fourfold.run.schedule import warm_up

        recent = [record.config for record in records]
        configs = list(dict.fromkeys([*recent, *(spec.config for spec in self.planned)]))
        for config in configs[:_MOST_WARM]:
            specs = [spec for spec in self.planned if spec.config == config]
            warm_up(specs, self.place, max(1, min(len(specs), self.workers or cores())))
