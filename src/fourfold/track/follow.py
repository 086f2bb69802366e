"""A batch that is tracked: its results go into the spool, and the sender into the background."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fourfold.project import Project
from fourfold.records.formatting import count
from fourfold.records.record import RunRecord
from fourfold.track import aliases
from fourfold.track.address import Tracking
from fourfold.track.spool import Spool

_LOG = "log"
_STILL_S, _LONGEST_S = 3.0, 10.0  # that a batch is held up at its end, without and with progress
#: That its imports may take, on a busy machine.
_BEGIN_S = 30.0
_LOCAL_S = 120.0  # a file on this machine is no server, but mlflow takes its time to begin


class Tracker:
    """Puts results into the spool, while a process of its own sends them.

    Nothing here raises, or waits longer than a moment: what cannot be sent waits in the spool.

    Parameters
    ----------
    project : Project
        Whose outputs are held by this process.
    tracking : Tracking
    patient : bool
        Whether to wait for as long as MLflow takes what is sent.
    """

    def __init__(self, project: Project, tracking: Tracking, patient: bool = False) -> None:
        self.project, self.tracking, self.patient = project, tracking, patient
        self.spool, self._problem = Spool(project.outputs), ""
        self._process: subprocess.Popen[str] | None = None
        self._began, self._untouched = 0.0, 0
        with self._noted():
            self.spool.recover()
            if self.spool.waiting():
                self._start()

    def begin(self) -> None:
        """Note that runs are about to be executed."""
        with self._noted():
            self.spool.begin()
            self._start()

    def add(self, *records: RunRecord, tried: bool = False) -> None:
        """Put results into the spool, which MLflow may have already if they were `tried`."""
        for record in records:
            with self._noted():
                self.spool.add(record, tried)
                self._start()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keep the reason why a result is not in the spool; `fourfold track` finds the result."""
        try:
            yield
        except OSError as error:
            self._problem = f"the spool cannot be written ({error.strerror})"

    def _start(self) -> None:
        if self._process:
            return
        task: dict[str, Any] = {"uri": self.tracking.uri}
        task |= {"experiment": self.tracking.experiment, "tries": 3 * self.patient}
        task |= {"outputs": str(self.project.outputs), "note": self._address}
        task |= {"log": str(self._log)}
        source = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
        self.spool.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("w") as log:
            self._untouched = self._touched()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fourfold.track"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.project.root,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for the runs
                text=True,
            )
        self._began = time.monotonic()
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()

    def close(self) -> tuple[str, int]:
        """Let the sender come to its end, and return what it has done in words.

        Returns
        -------
        line : str
            Empty if there was nothing to do.
        waiting : int
            How many results and aliases MLflow does not have.
        """
        at = self.project.root, self.spool.folder, self._address
        champions = aliases.due(*at, every=self.patient)
        with self._noted():
            if champions:
                self._start()
        process, result = self._process, {}
        if process:
            with suppress(OSError):
                process.stdin.write(json.dumps(champions))  # type: ignore[union-attr]
            result = self._ended(process)
        with self._noted():
            self.spool.end()
        unnamed = result.get("unnamed", {})
        why = result.get("why") or self._problem
        left = dict.fromkeys(aliases.due(*at) if champions else (), why) | unnamed
        return self._line(result, left)

    def _ended(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        with suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        local = self.tracking.address.lower().startswith("sqlite:")
        still_s, longest_s = (_LOCAL_S, _LOCAL_S) if local else (_STILL_S, _LONGEST_S)
        since, touched = time.monotonic(), self._untouched
        end = max(since + longest_s, self._began + _BEGIN_S)
        while process.poll() is None:
            now, before, touched = time.monotonic(), touched, self._touched()
            if before == self._untouched != touched:
                end = now + longest_s
            if touched != before or touched == self._untouched:
                since = now
            if not self.patient and (now > end or now - since > still_s):
                process.kill()
            time.sleep(0.02)
        with process.stdout as answer:  # type: ignore[union-attr]
            text = answer.read()
        if process.returncode < 0:
            return {"why": "it took too long" if not self.patient else "the sender was killed"}
        with suppress(ValueError):
            return dict(json.loads(text))
        last = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
        return {"why": f"the sender ended with {last or process.returncode}"}

    @property
    def _log(self) -> Path:
        return self.spool.folder / _LOG

    def _touched(self) -> int:
        """Return when the sender was last heard of: it touches its log with each answer."""
        with suppress(OSError):  # somebody has removed the outputs
            return self._log.stat().st_mtime_ns
        return 0

    @property
    def _address(self) -> str:
        return f"{self.tracking.shown} {self.tracking.experiment}"

    def _line(self, result: dict[str, Any], left: dict[str, str]) -> tuple[str, int]:
        waiting, refused = len(self.spool.waiting()), result.get("refused", [])
        why = self._problem or result.get("why", "")
        sent, known = result.get("sent", 0), result.get("known", 0)
        words = [f"{count(sent, 'run')} sent"] if sent else []
        words += [f"{known:,} there already"] if known else []
        if refused:
            words.append(f"{len(refused):,} refused ({refused[0]})")
        if skipped := result.get("skipped"):
            words.append(f"without {skipped}")
        words += result.get("named", [])
        rest = [f"{n:,}"] if (n := waiting - len(refused)) > 0 else []
        rest += [
            f"the alias of {name}" + f" ({reason})" * (reason != why)
            for name, reason in left.items()
        ]
        if rest:
            reason = f" ({why})" if why else ""
            listed = " and ".join(rest)
            words.append(f"{listed} waiting{reason}; the next command or fourfold track sends them")
        elif why:
            words.append(why)
        line = f"tracking: {', '.join(words)}" if words else ""
        return line and f"{line} · MLflow at {self.tracking.shown}", waiting + len(left)
