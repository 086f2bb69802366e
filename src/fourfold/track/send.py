"""From the spool into MLflow, each execution as one run however often it is sent."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fourfold.errors import DataError, TrackingError
from fourfold.records.record import RunRecord
from fourfold.track.aliases import set_alias
from fourfold.track.content import CLAIM, ID, STATE, content, sweep_id
from fourfold.track.spool import Spool, Waiting
from fourfold.track.store import FAILED, Found, Store

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_RUNNING, _MOST_FAILURES = "RUNNING", 3

_Outcome = bool | str | TrackingError


@dataclass
class Sender:
    """Sends what waits in a spool; `sent` and `known` count runs, `refused` says why by name.

    `why` is the reason why nothing could be sent the last time, and `skipped` why a file was not,
    whose run was sent without it; empty if all went well. `aliases` are champions that the registry
    should have: those that were set are `named`, those that were refused `unnamed`.
    """

    spool: Spool
    experiment: str
    connect: Callable[[], Store]
    sent: int = 0
    known: int = 0
    why: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    skipped: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    unnamed: dict[str, str] = field(default_factory=dict)
    on_alias: Callable[[str, str], None] = lambda name, folder: None
    _failures: Counter[str] = field(default_factory=Counter)
    _store: Store | None = None
    _of: str = ""
    _parents: dict[str, str] = field(default_factory=dict)
    _one_parent: threading.Lock = field(default_factory=threading.Lock)
    _pause_s: float = _FIRST_PAUSE_S
    _next: float = 0.0

    def ready(self) -> bool:
        """Say whether MLflow can be asked now; after a failure not at once."""
        return time.monotonic() >= self._next

    def once(self) -> bool:
        """Send what waits now, and return whether MLflow answered."""
        try:
            if self._store is None:
                self._store = self.connect()
            self._of = self._of or self._store.experiment(self.experiment)
            self._send_all(self._store)
            self._name_all(self._store)
            self.why, self._pause_s = "", _FIRST_PAUSE_S
        except TrackingError as error:
            self.why = str(error)
            self._next = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._of, self._parents = "", {}  # another server may answer next time
        return not self.why

    def _send_all(self, store: Store) -> None:
        """Send several executions at a time: a server mostly waits for its disk.

        What waits of one execution is sent in its order. After a failure of the server nothing new
        is begun.
        """
        executions: dict[str, list[Waiting]] = {}
        for item in self.spool.waiting():
            if item.folder.name not in self.refused:
                executions.setdefault(item.id, []).append(item)
        failed = threading.Event()

        def send(items: list[Waiting]) -> list[tuple[str, _Outcome]]:
            outcomes: list[tuple[str, _Outcome]] = []
            for item in items:
                if failed.is_set():
                    break
                outcome = self._try(item, store)
                outcomes.append((item.folder.name, outcome))
                if isinstance(outcome, TrackingError):
                    failed.set()
                    break
            return outcomes

        errors = []
        with ThreadPoolExecutor(store.at_once) as pool:
            for outcomes in pool.map(send, executions.values()):
                for name, outcome in outcomes:
                    if isinstance(outcome, bool):
                        self.sent, self.known = self.sent + outcome, self.known + (not outcome)
                    elif isinstance(outcome, str):
                        self.refused[name] = outcome
                    else:
                        errors.append(outcome)
        if errors:
            raise errors[0]

    def _name_all(self, store: Store) -> None:
        for name, folder in list(self.aliases.items()):
            try:
                self.named.append(set_alias(store, self._of, name, folder))
            except (OSError, DataError) as error:
                self.unnamed[name] = str(error)
            except TrackingError as error:
                if not error.of_run:
                    raise
                self.unnamed[name] = str(error)
            else:
                self.on_alias(name, folder)
            del self.aliases[name]

    def _try(self, item: Waiting, store: Store) -> _Outcome:
        """Return whether a result is new to MLflow, why it is refused, or why none can be sent."""
        name = item.folder.name
        try:
            record = item.record()
        except (OSError, ValueError, TypeError) as error:
            return f"{name}: {error}"
        try:
            new = self._written(item, record, store)
        except OSError as error:
            return f"{record.name}: {error.strerror}"
        except TrackingError as error:
            # One that makes the server fail each time must not be in the way of the others.
            self._failures[name] += error.code == FAILED
            if not error.of_run and self._failures[name] < _MOST_FAILURES:
                return error
            return f"{record.name}: {error}"
        item.remove()
        return new

    def _written(self, item: Waiting, record: RunRecord, store: Store) -> bool:
        """Write a result as a run, and return whether anything was not there before."""
        whole = content(record)
        run = self._one(store.find(self._of, item.id), store) if item.tried else None
        # Whoever deletes a run does not want it back.
        complete = run and run.tags.get(STATE) == item.state and run.status != _RUNNING
        if run and (complete or run.deleted):
            return False
        tags = {**whole.tags, ID: item.id}
        if record.varied:
            tags["mlflow.parentRunId"] = self._parent(record, whole.started, store)
        item.mark()
        run = run or store.create(self._of, whole.started, tags)
        for name in run.tags.keys() - tags.keys():
            if name.startswith(CLAIM):
                store.untag(run, name)
        for path in item.files():
            try:
                store.upload(run, path)
            except TrackingError as error:
                if not error.of_run:
                    raise
                self.skipped = f"{path.name} of {record.name}: {error}"
        tags[STATE] = item.state
        new = {name: tag for name, tag in tags.items() if run.tags.get(name) != tag}
        store.log(run, whole, new)  # each tag that is written costs the server a query
        store.end(run, whole.status, whole.ended)
        return True

    def _one(self, runs: list[Found], store: Store) -> Found | None:
        """Return the run of an execution; one that was made twice, as by a lost answer, goes."""
        alive = [run for run in runs if not run.deleted] or runs[:1]
        for other in alive[1:]:
            store.delete(other)
        return alive[0] if alive else None

    def _parent(self, record: RunRecord, started: int, store: Store) -> str:
        """Return the run that a config's runs are the children of."""
        config = record.config
        with self._one_parent:
            if config not in self._parents:
                own = sweep_id(config)
                runs = [run for run in store.find(self._of, own) if not run.deleted]
                tags = {ID: own, "mlflow.runName": config, "fourfold.config": config}
                tags |= {"fourfold.template": record.template, "mlflow.source.type": "NOTEBOOK"}
                run = runs[0] if runs else store.create(self._of, started, tags)
                if run.status == _RUNNING:
                    store.end(run, "FINISHED", started)
                self._parents[config] = run.run_id
            return self._parents[config]

    def result(self) -> dict[str, Any]:
        """Return what was sent, and what was not, as JSON."""
        ends: dict[str, Any] = {"refused": list(self.refused.values()), "skipped": self.skipped}
        ends |= {"named": self.named, "unnamed": self.unnamed}
        return {"sent": self.sent, "known": self.known, "why": self.why, **ends}
