"""The files that a watch looks at: those that planning opens, and those that runs have read."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fourfold.errors import FourfoldError
from fourfold.plan.plan import find_configs
from fourfold.plan.spec import RunSpec, canonical
from fourfold.plan.template import template_path, templates
from fourfold.project import Project, git_commit
from fourfold.records.record import find_record
from fourfold.run import packages
from fourfold.run.digests import WILDCARDS, matches, names_of
from fourfold.run.fingerprint import Fingerprints, environment, library
from fourfold.run.kernels.watch import Watch, state
from fourfold.run.kernels.zygotes import ZYGOTES
from fourfold.run.selection import Todo

#: Seconds between two looks, and for how long nothing may change before a save counts as whole.
PAUSE_S, SETTLED_S = 0.1, 0.1
#: A file that is gone may come back for so long: editors remove it, and write it again.
GONE_S = 1.0
#: Looking takes this share of the time at most.
_SHARE = 0.1
_LONGEST_S = 3.0
_opened = threading.local()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and (names := getattr(_opened, "names", None)) is not None:
        with suppress(TypeError):  # the number of a file that is open already
            names.add(os.fsdecode(arguments[0]))


class Saves:
    """What the files were at a look, and whether they are others by now.

    It asks for their times again and again. A service of the system that says so itself would
    need the same list, and sees no change on network drives and in folders of containers.

    Parameters
    ----------
    paths : sequence of str
        As `plan` takes them.
    project : Project
    """

    def __init__(self, paths: Sequence[str], project: Project) -> None:
        self.paths, self.project = paths, project
        self._place = Watch("", str(project.root)).place
        self._files: set[str] = set()
        self._read: set[str] = set()
        self._seen: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._next = self._since = self._first = 0.0
        sys.addaudithook(_hook)

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Take note of what is opened inside the block, and of what all files are before it."""
        self._seen = self._look()
        _opened.names = names = set[str]()
        try:
            yield
        finally:
            _opened.names = None
            outputs = os.path.join(self.project.outputs, "")
            places = filter(None, map(self._place, names))
            self._files.update(place for place in places if not place.startswith(outputs))
            self._seen = {**self._look(), **self._seen}

    def read_by(self, specs: Sequence[RunSpec]) -> None:
        """Look at what these runs name, and have read, as well."""
        known, root = Fingerprints(self.project.root, self.project.upstream), self.project.root
        self._files.update(str(template_path(spec.template_file, root)) for spec in specs)
        self._read.clear()
        for spec in specs:
            record = find_record(self.project.folder(spec.config, spec.run_id))
            if record:
                self._read.update(record.key.get("inputs", {}))
                continue
            with suppress(OSError, FourfoldError):
                self._read.update(known.named(spec.parameters))
        self._seen = {**self._look(), **self._seen}

    def changed(self) -> bool:
        """Say whether something has changed since the last plan, and is whole by now."""
        if (at := time.monotonic()) < self._next:
            return False
        now = self._look()
        self._next = time.monotonic() + max(PAUSE_S, (time.monotonic() - at) / _SHARE)
        if now != self._last:
            self._last, self._since = now, at
        others = [name for name, each in now.items() if self._seen.get(name, each) != each]
        if not others:
            self._first = at
            return False
        gone = any(now[name] is None for name in others)
        long = at - self._first > _LONGEST_S  # a file that is written all the time
        return long or at - self._since >= (GONE_S if gone else SETTLED_S)

    def _look(self) -> dict[str, Any]:
        root, outputs = self.project.root, self.project.outputs
        configs: list[Path] = []
        with suppress(FourfoldError, OSError):  # which the plan will say
            configs = find_configs(self.paths, root)
        names = [*map(str, configs), *(name for name in self._seen if os.path.isabs(name))]
        now: dict[str, Any] = {"": [configs, list(templates(root / "templates"))]}
        now |= {name: state(name) for name in (*names, *self._files)}
        for name in self._read:
            if name.endswith("/"):
                now[name] = names_of(root / name, outputs)
            elif WILDCARDS & set(name) and not os.path.isfile(root / name):
                now[name] = matches(name, root, outputs)
            else:
                now[str(root / name)] = state(root / name)
        return now


def outdated(
    todo: Sequence[Todo], before: Sequence[RunSpec], now: Sequence[RunSpec], project: Project
) -> set[str]:
    """Return the runs whose config, template or modules are others now than they were.

    Other data end no run: it may have written them itself, and its record says that they changed.

    Parameters
    ----------
    todo : sequence of Todo
        As they were chosen.
    before, now : sequence of RunSpec
        The plan that they come from, and the plan of now.
    project : Project
    """
    known = Fingerprints(project.root, project.upstream)
    old, new = ({spec.name: spec for spec in specs} for specs in (before, now))
    names = set()
    for item in todo:
        # What a search has chosen is in no plan.
        name = item.spec.name if item.spec.name in old else f"{item.spec.config}/default"
        if _content(old.get(name)) != _content(new.get(name)) or _differs(item, known):
            names.add(item.spec.name)
    return names


def _content(spec: RunSpec | None) -> tuple[str, str] | None:
    if spec is None:
        return None
    return spec.template_file, canonical([spec.parameters, spec.search])


def _differs(item: Todo, known: Fingerprints) -> bool:
    before = item.fingerprint
    now = known.of(item.spec, {"inputs": before.inputs})
    code = {name: digest for name, digest in before.inputs.items() if name.endswith(".py")}
    return before.template != now.template or code != {name: now.inputs[name] for name in code}


def forget_surroundings() -> None:
    """Look anew at what a command looks up once: packages, and the commit of the project.

    Raises
    ------
    FourfoldError
        If Fourfold itself is another than the one that runs here.
    """
    before, ours = environment(), library()
    packages.forget()
    for once in (environment, library, git_commit):
        once.cache_clear()
    if library() != ours:
        raise FourfoldError("Fourfold itself has changed: start this command again")
    if environment() != before:
        ZYGOTES.close()
