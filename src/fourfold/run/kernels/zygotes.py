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
from typing import IO, Any
from weakref import WeakSet

from fourfold.run.kernels.process import Lost, Process, WarmError, send
from fourfold.run.kernels.rehearsal import THREADS, VOLATILE

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_MOST_ROOTS = 4
_LONGEST = 107  # bytes of the path of a socket
_OWNER = "owner"
_OWNED: dict[Path, IO[bytes]] = {}
_START = (
    "import sys; '' in sys.path and sys.path.remove('');"
    "from fourfold.run.kernels.zygote import main; main()"
)
"""As for a kernel of its own: the folder it is started from holds no libraries."""


def available() -> bool:
    """Say whether kernels can be forked here: on Linux, unless ``FOURFOLD_COLD`` is set.

    On macOS, system libraries forbid a fork without exec; Windows has none.
    """
    return sys.platform == "linux" and not os.environ.get("FOURFOLD_COLD")


def own_folder() -> Path:
    """Return a new folder for sockets, which this process holds until it ends or removes it.

    The path of a socket has a limit, so it lies elsewhere if the temporary folder has a long name.
    """
    prefix = f".fourfold-{os.getpid()}-"
    folder = ""
    for parent in _parents():
        with suppress(OSError):
            folder = tempfile.mkdtemp(prefix=prefix, dir=parent)
            break
    hidden = Path(folder or tempfile.mkdtemp(prefix=prefix))
    owner = (hidden / _OWNER).open("wb")
    with suppress(OSError):
        _hold(owner)
    made = hidden.rename(hidden.with_name(hidden.name.removeprefix(".")))  # `sweep` may see it now
    _OWNED[made] = owner
    return made


def remove(folder: Path) -> None:
    """Remove a folder of this process."""
    rmtree(folder, ignore_errors=True)
    if owner := _OWNED.pop(folder, None):
        owner.close()


def _hold(owner: IO[bytes]) -> None:
    """Hold a file until this process ends or closes it; OSError if that cannot be."""
    if not fcntl:
        raise OSError
    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _parents() -> list[str]:
    """Return where folders for sockets may lie: where they usually do, if that is not too long."""
    short = ("/tmp", "/var/tmp", "/dev/shm", os.environ.get("XDG_RUNTIME_DIR"))
    usual = [tempfile.gettempdir(), *filter(None, short)]
    return [parent for parent in usual if fits(f"{parent}/fourfold-{os.getpid()}-12345678")]


def fits(folder: str | Path) -> bool:
    """Say whether the paths of sockets in a folder are not too long."""
    return len(os.fsencode(folder)) + len("/1234567-5") <= _LONGEST


def sweep() -> None:
    """Remove the folders of processes that were killed before they could.

    Their number says nothing: it may be that of a process in another container, which shares the
    temporary folder.
    """
    for folder in (each for parent in _parents() for each in Path(parent).glob("fourfold-*-*")):
        with suppress(OSError), (folder / _OWNER).open("r+b") as owner:  # held, or gone by now
            _hold(owner)
            rmtree(folder, ignore_errors=True)


_Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
"""Modules, and the variables of threads."""


def _key(modules: Sequence[str], env: Mapping[str, str]) -> _Key:
    return tuple(modules), tuple((name, env[name]) for name in THREADS if name in env)


@dataclass
class _Zygote:
    """The near end of a zygote's socket."""

    control: socket.socket
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    kernels: WeakSet[Process] = field(default_factory=WeakSet)
    branches: dict[_Key, _Zygote] = field(default_factory=dict)
    trunk: tuple[str, ...] = ()

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

    def branch(self, modules: Sequence[str], env: Mapping[str, str]) -> _Zygote:
        """Return the zygote that has imported these modules, and no other, with so many threads.

        It branches off the trunk, which has imported what others need as well, if it needs all
        of that itself.
        """
        if self.trunk and tuple(modules) != self.trunk and set(self.trunk) <= set(modules):
            return self.branch(self.trunk, env)._branch(_key(modules, env))
        return self._branch(_key(modules, env))

    def _branch(self, key: _Key) -> _Zygote:
        if key not in self.branches:
            modules, threads = key
            message = {"do": "branch", "modules": modules, "env": dict(threads)}
            self.branches[key] = _Zygote(self.ask(message))
        return self.branches[key]

    def ask_branch(
        self, modules: Sequence[str], env: Mapping[str, str], message: dict[str, Any]
    ) -> socket.socket:
        """Ask the zygote that has imported these modules; let go of it if it has ended."""
        try:
            return self.branch(modules, env).ask(message)
        except Lost:
            for each in (self.trunk, modules):
                self._let_go(_key(each, env))
            self.trunk = ()
            raise

    def _let_go(self, key: _Key) -> None:
        for zygote in (self, *self.branches.values()):
            if branch := zygote.branches.pop(key, None):
                branch.close()

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
            remove(self.folder)


class Zygotes:
    """The zygotes of this process: one for each environment, with a branch for each template."""

    def __init__(self) -> None:
        self._roots: dict[Any, _Zygote] = {}
        self._retired: list[_Zygote] = []
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
            root = self._root(env, None)
            root.trunk = root.trunk or tuple(common)
            for modules, ahead in stocks.items():
                send(root.branch(modules, env).control, {"do": "stock", "ahead": ahead})

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
        env = {"JPY_PARENT_PID": str(os.getpid()), **env}  # as Jupyter starts a kernel
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
                    root = self._root(env, cwd)
                    answer = root.ask_branch(modules, env, request)
                kernel = Process(answer)
                root.kernels.add(kernel)
                return kernel
        raise WarmError("no zygote hands out kernels")

    def close(self) -> None:
        """End every zygote, and with them every kernel that still runs."""
        with self._lock:
            for root in [*self._roots.values(), *self._retired]:
                self._forget(root)
            self._retired.clear()

    def pids(self) -> list[int]:
        """Return the process numbers of the zygotes."""
        return [root.process.pid for root in self._roots.values() if root.process]

    def _root(self, env: Mapping[str, str], cwd: str | Path | None) -> _Zygote:
        """Return the zygote of an environment; begin one in place of one that has ended."""
        given = {*VOLATILE, *THREADS}  # to a branch, or to a kernel
        fixed = {name: value for name, value in env.items() if name not in given}
        parts = fixed.get("PYTHONPATH", "").split(os.pathsep) if fixed.get("PYTHONPATH") else ()
        # Where libraries lie may depend on the folder.
        here = None if all(map(os.path.isabs, parts)) else str(cwd or os.getcwd())
        key = (frozenset(fixed.items()), here)
        root = self._roots.get(key)
        if root and root.process and root.process.poll() is not None:
            self._forget(root)
        elif root and root.folder and not root.folder.exists():  # where its kernels have sockets
            self._retired.append(self._roots.pop(key))  # those that run are connected already
        if key not in self._roots:
            if len(self._roots) >= _MOST_ROOTS:
                self._make_room()
            self._roots[key] = self._start(fixed, here)
        return self._roots[key]

    def _make_room(self) -> None:
        """End the oldest zygote whose kernels have all ended."""
        for root in self._roots.values():
            if all(kernel.poll() is not None for kernel in root.kernels):
                self._forget(root)
                return
        raise WarmError("too many different environments at a time")

    def _start(self, env: dict[str, str], here: str | None) -> _Zygote:
        folder = own_folder()
        if not fits(folder):
            remove(folder)
            raise WarmError("no folder has a name short enough for sockets")
        ours, theirs = socket.socketpair()
        with theirs, (folder / "zygote.log").open("wb") as log:
            call = [sys.executable, "-c", _START, str(theirs.fileno()), str(folder)]
            process = subprocess.Popen(
                call,
                env={"MPLBACKEND": "module://matplotlib_inline.backend_inline", **env},
                cwd=here or folder,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return _Zygote(ours, process, folder)

    def _forget(self, root: _Zygote) -> None:
        self._roots = {key: other for key, other in self._roots.items() if other is not root}
        root.close()


ZYGOTES = Zygotes()
"""The zygotes of this process; closed when it ends."""
