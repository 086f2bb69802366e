"""Warm kernels: zygotes that this process started, and the kernels that they hand out."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any
from weakref import WeakSet

import psutil

from fourfold.run.kernels.preload import KERNEL
from fourfold.run.kernels.process import Lost, Process, WarmError, send

VOLATILE = (
    *("FOURFOLD_ARTIFACTS", "JPY_PARENT_PID", "JPY_SESSION_NAME"),
    *("PWD", "OLDPWD", "PYTEST_CURRENT_TEST", "PYTEST_VERSION"),
)
"""Variables that a kernel is given when it is handed out; others are read while importing."""

_MOST_ROOTS = 4


def available() -> bool:
    """Say whether kernels can be forked here: on Linux, unless ``FOURFOLD_COLD`` is set.

    On macOS, system libraries forbid a fork without exec; Windows has none.
    """
    return sys.platform == "linux" and not os.environ.get("FOURFOLD_COLD")


def own_folder() -> Path:
    """Return a new folder for sockets, whose name says which process it belongs to."""
    return Path(tempfile.mkdtemp(prefix=f"fourfold-{os.getpid()}-"))


def sweep() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob("fourfold-*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            rmtree(folder, ignore_errors=True)


@dataclass
class _Zygote:
    """The near end of a zygote's socket."""

    control: socket.socket
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    kernels: WeakSet[Process] = field(default_factory=WeakSet)
    branches: dict[tuple[str, ...], _Zygote] = field(default_factory=dict)

    def ask(self, message: dict[str, Any]) -> socket.socket:
        """Send a message; return the socket on which the answer comes."""
        ours, theirs = socket.socketpair()
        try:
            send(self.control, message, theirs)
        except OSError as error:
            ours.close()
            raise Lost("the zygote is gone") from error
        finally:
            theirs.close()
        return ours

    def branch(self, modules: Sequence[str]) -> _Zygote:
        """Return the zygote that has imported these modules as well."""
        key = tuple(modules)
        if key not in self.branches:
            request = {"do": "branch", "modules": [*KERNEL, *key]}
            self.branches[key] = _Zygote(self.ask(request))
        return self.branches[key]

    def ask_branch(self, modules: Sequence[str], message: dict[str, Any]) -> socket.socket:
        """Ask the zygote that has imported these modules as well; let go of it if it has ended."""
        try:
            return self.branch(modules).ask(message)
        except Lost:
            if branch := self.branches.pop(tuple(modules), None):
                branch.close()
            raise

    def close(self) -> None:
        """Close the socket, at which the zygote takes down what it forked."""
        for branch in self.branches.values():
            branch.close()
        self.control.close()
        if self.process:
            # Not only by the end of its socket, which it does not see while it imports. What it
            # forked dies with it.
            self.process.kill()
            self.process.wait()
        if self.folder:
            rmtree(self.folder, ignore_errors=True)


class Zygotes:
    """The zygotes of this process: one for each environment, with a branch for each template."""

    def __init__(self) -> None:
        self._roots: dict[Any, _Zygote] = {}
        self._lock = threading.Lock()
        atexit.register(self.close)

    def prepare(self, stocks: Mapping[tuple[str, ...], int], env: Mapping[str, str]) -> None:
        """Begin to import, and to fork kernels with this environment; returns at once.

        The `stocks` have modules, and how many kernels to fork with them. What all have in common
        is imported once, and first what every kernel needs.
        """
        first = next(iter(stocks), ())
        common = [name for name in first if all(name in modules for modules in stocks)]
        with self._lock, suppress(WarmError, OSError):
            root = self._root(env)
            send(root.control, {"do": "import", "modules": [*KERNEL, *common]})
            for modules, ahead in stocks.items():
                send(root.branch(modules).control, {"do": "stock", "ahead": ahead})

    def kernel(
        self, modules: Sequence[str], env: Mapping[str, str], cwd: str | Path | None, ahead: int = 0
    ) -> Process:
        """Return a kernel that has imported `modules`.

        Parameters
        ----------
        modules : sequence of str
            Imported ahead, as `fourfold.run.kernels.zygote.import_all` takes them.
        env : mapping
            Environment of the kernel.
        cwd : path, optional
            Working directory of the kernel.
        ahead : int
            Kernels to fork ahead for the next calls.

        Raises
        ------
        WarmError
            If the zygote cannot serve. The next call starts another.
        """
        request = {
            "do": "kernel",
            "cwd": str(cwd) if cwd else None,
            "env": {name: env[name] for name in VOLATILE if name in env},
            "unset": [name for name in VOLATILE if name not in env],
            "ahead": ahead,
        }
        for _ in range(2):  # where a zygote was lost, its successor serves
            with suppress(Lost):
                with self._lock:
                    root = self._root(env)
                    answer = root.ask_branch(modules, request)
                kernel = Process(answer)
                root.kernels.add(kernel)
                return kernel
        raise WarmError("no zygote hands out kernels")

    def close(self) -> None:
        """End every zygote, and with them every kernel that still runs."""
        with self._lock:
            for root in list(self._roots.values()):
                self._forget(root)

    def pids(self) -> list[int]:
        """Return the process numbers of the zygotes."""
        return [root.process.pid for root in self._roots.values() if root.process]

    def _root(self, env: Mapping[str, str]) -> _Zygote:
        """Return the zygote of an environment; begin one in place of one that has ended."""
        fixed = {name: value for name, value in env.items() if name not in VOLATILE}
        key = frozenset(fixed.items())
        root = self._roots.get(key)
        if root and root.process and root.process.poll() is not None:
            self._forget(root)
        if key not in self._roots:
            if len(self._roots) >= _MOST_ROOTS:
                self._make_room()
            self._roots[key] = self._start(fixed)
        return self._roots[key]

    def _make_room(self) -> None:
        """End the oldest zygote whose kernels have all ended."""
        for root in self._roots.values():
            if all(kernel.poll() is not None for kernel in root.kernels):
                self._forget(root)
                return
        raise WarmError("too many different environments at a time")

    def _start(self, env: dict[str, str]) -> _Zygote:
        folder = own_folder()
        ours, theirs = socket.socketpair()
        with theirs:
            call = [sys.executable, "-m", "fourfold.run.kernels.zygote", str(theirs.fileno())]
            process = subprocess.Popen(
                [*call, str(folder)],
                env={"MPLBACKEND": "module://matplotlib_inline.backend_inline", **env},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return _Zygote(ours, process, folder)

    def _forget(self, root: _Zygote) -> None:
        self._roots = {key: other for key, other in self._roots.items() if other is not root}
        root.close()


ZYGOTES = Zygotes()
"""The zygotes of this process; closed when it ends."""
