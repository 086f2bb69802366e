"""What a notebook opens: notes on files, folders, programs and servers, taken in its kernel.

Needs the standard library only, for a kernel of another environment is given the text of this
file. A line of notes is a list in JSON, in the order of events:

- ``["read", path, state]``, with the `state` of the file then, None if there was none;
- ``["wrote", path]``, for what the notebook made, replaced or removed;
- ``["listed", path, names]`` and ``["matched", pattern]``, of a folder and by `glob`;
- ``["called", words, folder, own]``, a program; `own` if a cell or module of the project called it;
- ``["asked", address]``, a server;
- ``["loaded", {module: file}]``, the packages at the end;
- ``["named", [path]]``, the files that texts in variables name then.

Libraries that open files without Python, as pyarrow does, are not seen here.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

JUST_NOW = 20_000_000
"""Nanoseconds in which a file can change twice without another time on it."""

MOST_VALUES = 10_000
"""Values in a list or mapping, beyond which names of files are not looked for in it."""

# No file of a project lies in these, whatever it is called.
_CACHES = re.compile(
    r"[/\\](\.git|\.venv|\.ipynb_checkpoints|__pycache__|site-packages|dist-packages|node_modules"
    r"|\.(cache|mypy_cache|pytest_cache|ruff_cache|ipython|jupyter|nox|tox))([/\\]|$)"
)
_SYSTEM = ("/usr", "/etc", "/proc", "/sys", "/dev", "/run", "/lib", "/lib64", "/bin", "/sbin",
           "/var/lib", "/var/cache", "/System", "/Library")  # fmt: skip
_SEARCH = re.compile(r"importlib|zipimport|pkgutil\.py|linecache\.py|inspect\.py|[/\\]glob\.py")
_SHELL = re.compile(r"[/\\](IPython|ipykernel|pexpect|ptyprocess)[/\\]")


def state(path: str | os.PathLike[str]) -> list[int] | None:
    """Return what shows that a file is another: times, size and number; None if it is no file."""
    try:
        now = os.stat(path)
    except (OSError, ValueError):
        return None
    # SQLite sets the owner of its log anew each time that it reads it.
    changed = 0 if str(path).endswith("-wal") else now.st_ctime_ns
    return [now.st_mtime_ns, changed, now.st_size, now.st_ino]


class Watch:
    """Takes the notes of one process, and of those that it forks."""

    def __init__(self, notes: str, root: str, ours: str = "") -> None:
        self.notes, self.root = notes, root
        self.busy = threading.local()
        self.seen: set[tuple[str, str]] = set()
        self.written: set[str] = set()
        self.bound: weakref.WeakSet[Any] = weakref.WeakSet()
        home = os.path.join(os.path.expanduser("~"), ".")
        temporary = os.path.join(tempfile.gettempdir(), "fourfold-")
        inside = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__)}
        self.apart = (home, temporary, *(p + os.sep for p in (*inside, *_SYSTEM, ours) if p))
        self.within = tuple(folder for folder in self.apart if folder.startswith(root + os.sep))
        self.library = os.path.dirname(os.__file__) + os.sep
        self.kinds: dict[str, Any] = {
            "open": self._opened,
            "sqlite3.connect": self._connected,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "glob.glob/2": self._matched,
            "os.rename": self._moved,
            "os.remove": lambda path, *_: self._wrote(self.place(path)),
            "subprocess.Popen": lambda program, words, cwd, *_: self._called(words, cwd),
            "os.posix_spawn": lambda path, words, *_: self._called(words, None),
            "os.exec": lambda path, words, *_: self._called(words, None),
            "os.system": lambda command: self._called(command, None),
            "socket.bind": lambda socket, address: self.bound.add(socket),
            "socket.connect": self._asked,
        }

    def hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Return what takes note of each event; whatever goes wrong there is not the notebook's."""
        kinds, busy = self.kinds, self.busy

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in kinds and not getattr(busy, "now", False):
                busy.now = True
                try:
                    kinds[event](*arguments)
                except Exception:
                    pass
                finally:
                    busy.now = False

        return hook

    def note(self, kind: str, name: Any, *more: Any) -> None:
        """Write a note, once."""
        key = kind, str(name)
        if key not in self.seen:
            self.seen.add(key)
            line = json.dumps([kind, name, *more]) + "\n"
            # Opened each time: a notebook may close all that is open.
            target = os.open(self.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(target, line.encode("utf-8", "surrogateescape"))
            finally:
                os.close(target)

    def place(self, name: Any) -> str | None:
        """Return the path of a file that may be of the project, or data; else None."""
        if isinstance(name, int):
            return None
        path = os.path.abspath(os.fsdecode(name))
        if path.endswith(".pyc"):  # which is read in place of its source
            folder, file = os.path.split(path)
            if os.path.basename(folder) == "__pycache__":
                path = os.path.join(os.path.dirname(folder), file.split(".")[0] + ".py")
        inside = path == self.root or path.startswith(os.path.join(self.root, ""))
        if _CACHES.search(path[len(self.root) :] if inside else path):
            return None
        apart = self.within if inside else self.apart
        return None if (path + os.sep).startswith(apart) else path

    def _opened(self, name: Any, mode: str | None, flags: int) -> None:
        """Note a file that is opened to read, to write or both."""
        path = self.place(name)
        if path is None:
            return
        if mode:
            writes, reads = bool(set(mode) & set("wax+")), not set(mode) & set("wax")
        else:
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
            reads = not flags & (os.O_WRONLY | os.O_TRUNC)
        if reads and path not in self.written:
            self._read(path)
        if writes:
            self._wrote(path)

    def _read(self, path: str) -> None:
        """Note a file with its state, once that will show the next change."""
        if ("read", path) not in self.seen and (not os.path.exists(path) or os.path.isfile(path)):
            before = state(path)
            while before and 0 <= time.time_ns() - before[1] < JUST_NOW:
                time.sleep(JUST_NOW / 1e9)
                before = state(path)
            self.note("read", path, before)

    def _wrote(self, path: str | None) -> None:
        """Note a file that the notebook made, replaced or removed."""
        if path is not None:
            self.written.add(path)
            self.note("wrote", path)

    def _moved(self, source: Any, target: Any, *_: Any) -> None:
        """Note both names of a file that gets another."""
        self._wrote(self.place(source))
        self._wrote(self.place(target))

    def _connected(self, database: Any, *_: Any) -> None:
        """Note the file of a SQLite database, which is made where there is none."""
        name = os.fsdecode(database)
        if name.startswith("file:"):
            name = name[5:].partition("?")[0]
            name = name[2:] if name.startswith("//") else name
        if name and name != ":memory:":
            path = self.place(name)
            if path and path not in self.written:
                known = os.path.exists(path)
                for file in (path, path + "-wal"):  # what its log holds is content as well
                    self._read(file) if known else self._wrote(file)

    def _listed(self, name: Any = ".") -> None:
        """Note the names in a folder, unless it is Python that looks for modules."""
        path = self.place("." if name is None else name)
        if path is None or ("listed", path) in self.seen:
            return
        frame: FrameType | None = sys._getframe(2)
        depth, searched = 0, False
        while frame and depth < 12:
            code, depth = frame.f_code, depth + 1
            if "pathlib" in code.co_filename and code.co_name in ("glob", "rglob"):
                parts = ["**"] * (code.co_name == "rglob") + [str(frame.f_locals["pattern"])]
                self._matched(os.path.join(str(frame.f_locals["self"]), *parts), True)
                return
            if code.co_name.startswith("select_") and code.co_filename.endswith("glob.py"):
                break  # pathlib from Python 3.13 on, whose pattern is not told: the whole folder
            searched |= depth < 5 and bool(_SEARCH.search(code.co_filename))
            frame = frame.f_back
        if searched:
            return
        names = sorted(os.listdir(path)) if os.path.isdir(path) else None
        self.note("listed", path, names)

    def _matched(self, pattern: Any, recursive: bool, folder: Any = None, *_: Any) -> None:
        """Note a pattern of files."""
        path = os.path.join(os.fsdecode(folder or ""), os.fsdecode(pattern))
        if self.place(path):
            path = os.path.abspath(path)
            self.note("matched", path if recursive else path.replace("**", "*"))

    def _called(self, words: Any, folder: Any) -> None:
        """Note the command line of a program, and whether a cell or module of ours called it."""
        words = [words] if isinstance(words, (str, bytes)) else list(words)
        frame: FrameType | None = sys._getframe(3)
        while frame:
            file = frame.f_code.co_filename
            standard = file.startswith((self.library, "<frozen")) and "-packages" not in file
            if not standard and not _SHELL.search(file):
                break
            frame = frame.f_back
        own = frame is not None and not frame.f_code.co_filename.startswith(self.apart[2:])
        here = os.path.abspath(os.fsdecode(folder or "."))
        self.note("called", [os.fsdecode(word) for word in words], here, own)

    def _asked(self, socket: Any, address: Any) -> None:
        """Note a server, unless this process is it."""
        if socket.type & 0xF == 2:  # no connection: only asks for the way
            return
        if isinstance(address, tuple):
            ports = {each.getsockname()[1] for each in self.bound if each.fileno() >= 0}
            if address[1] not in ports:
                self.note("asked", "{}:{}".format(*address[:2]))
        elif not os.fsdecode(address).startswith(("\0", tempfile.gettempdir())):
            self.note("asked", os.fsdecode(address))

    def _modules(self) -> tuple[dict[str, str], list[str]]:
        """Return a file of each package that is loaded, and the modules of the project."""
        packages: dict[str, str] = {}
        own = []
        inside = os.path.join(self.root, "")
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__dict__", {}).get("__file__")  # asks no lazy module
            if isinstance(file, str):
                packages.setdefault(name.partition(".")[0], file)
                if not file.startswith(self.apart) or file.startswith(inside):
                    own.append(name)
        return packages, own

    def _texts(self, value: Any, names: set[str], depth: int = 4) -> None:
        """Add the paths among texts and paths in a value."""
        if isinstance(value, (str, os.PathLike)):
            if len(str(value)) < 300 and "\0" not in str(value) and self.place(str(value)):
                names.add(os.path.abspath(str(value)))
        elif depth and isinstance(value, (dict, list, tuple, set)) and len(value) < MOST_VALUES:
            for each in value.values() if isinstance(value, dict) else value:
                self._texts(each, names, depth - 1)

    def leave(self) -> None:
        """Note the packages that were loaded, by one module of each, and what variables name."""
        names: set[str] = set()
        self.busy.now = True
        packages, own = self._modules()
        for name in own:
            if self.place(sys.modules[name].__file__):
                self._texts(dict(vars(sys.modules[name])), names)
        self._texts({k: v for k, v in vars(sys.modules["__main__"]).items() if k[:1] != "_"}, names)
        self.note("loaded", packages)
        self.note("named", sorted(name for name in names if os.path.isfile(name)))
        self.busy.now = False


def begin(notes: str, root: str, ours: str = "") -> None:
    """Begin to take notes.

    Parameters
    ----------
    notes : str
        File that they go to.
    root : str
        Folder of the project.
    ours : str
        Folder of Fourfold's own modules, which are no data.
    """
    watch = Watch(notes, root, ours)
    watch.busy.now = True
    for name in watch._modules()[1]:  # a module of the project, imported before
        path = watch.place(sys.modules[name].__file__)
        if path:
            watch._read(path)
    watch.busy.now = False
    atexit.register(watch.leave)
    sys.addaudithook(watch.hook())
