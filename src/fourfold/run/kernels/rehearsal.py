"""Imports that happen ahead, in the surroundings that a cell gives them, and what they did there.

A library may look around while it is imported: pandas counts its columns by whether a shell is
there, matplotlib joins its events. So a shell is there, and the kernel takes over what was
registered with it. What cannot be taken over, or was said while nobody listened, makes the
kernel start cold.
"""

import atexit
import builtins
import contextlib
import operator
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import Any

KERNEL = (
    "fourfold.run.kernels.forked",
    "fourfold.run.kernels.kernel",
    "fourfold.run.kernels.watch",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
)
"""What every kernel imports while it starts."""

PATIENT = "gc"
"""Listed for a notebook that does not see when garbage is collected."""

VOLATILE = (
    *("FOURFOLD_ARTIFACTS", "FOURFOLD_OUTPUTS", "JPY_PARENT_PID", "JPY_SESSION_NAME"),
    *("PWD", "OLDPWD", "PYTEST_CURRENT_TEST", "PYTEST_VERSION"),
)
"""Variables that a kernel is given when it is handed out; others are read while importing."""


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Variables that are read when numpy and its like are imported, which no kernel needs."""


def import_all(modules: Sequence[str], names: dict[str, Any] | None = None) -> None:
    """Import modules, and the attributes ``module:name.name`` that load lazily.

    What cannot be imported is left to the notebook, which shows the error where it belongs. With
    the names of a cell, it is the cell that imports, at which a warning may point.
    """
    for name in modules:
        module, _, attribute = name.partition(":")
        with contextlib.suppress(Exception):
            exec(f"import {module}", names or {})
            loaded = sys.modules[module]
            try:
                operator.attrgetter(attribute or "__name__")(loaded)
            except AttributeError:
                exec(f"import {module}.{attribute}", names or {})
    # Let matplotlib find its fonts and writers, which takes a tenth of a second the first time.
    figure = sys.modules.get("matplotlib.figure")
    if figure and "matplotlib.backends.backend_agg" in sys.modules:
        from io import BytesIO

        drawn = figure.Figure()
        drawn.subplots().set_title("a")
        drawn.savefig(BytesIO(), format="png", bbox_inches="tight")


class _Watched(dict[Any, Any]):
    """What `os.environ` keeps its variables in, which notes what is read by its name."""

    def __init__(self, *variables: Any) -> None:
        super().__init__(*variables)
        self.read: set[Any] = set()
        self._copied: set[Any] = set()

    def __iter__(self) -> Iterator[Any]:
        self._copied = set(self.keys())
        return super().__iter__()

    def __getitem__(self, name: Any) -> Any:
        if name in self._copied:  # of all of them, by who looks for names that start alike
            self._copied.discard(name)
        else:
            self.read.add(name)
        return super().__getitem__(name)


class Rehearsal:
    """What is imported in a process that has no kernel yet, with a shell around it.

    `doubts` says why that would not be as in a cold start; it is empty if it is.
    """

    shell: Any = None

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.doubts: list[str] = []

    def add(self, modules: Sequence[str]) -> None:
        """Import modules as `import_all` does."""
        if modules and self.shell is None:
            self._begin()
        if modules:
            self.modules += modules
            with self._cell() as names:
                import_all(modules, names)

    def _begin(self) -> None:
        from ipykernel.iostream import OutStream
        from ipykernel.zmqshell import ZMQInteractiveShell
        from traitlets.config import Config

        self._base = {name.partition(".")[0] for name in sys.modules}
        self._main, self._path = sys.modules["__main__"], list(sys.path)
        self._factory: Any = ZMQInteractiveShell
        config = Config({"IPKernelApp": {}, "HistoryManager": {"hist_file": ":memory:"}})
        self.shell = self._factory.instance(config=config)
        # Streams like those of a kernel, but whatever is written goes to the file behind.
        methods: dict[str, Any] = {
            "write": lambda _, text: os.write(1, text.encode("utf-8", "replace")),
            **dict.fromkeys(("__init__", "__del__", "flush", "isatty"), lambda self: None),
        }
        stream: Any = type("OutStream", (OutStream,), methods)
        self._streams = (stream(), stream())
        self._callbacks = {name: list(them) for name, them in self.shell.events.callbacks.items()}
        self._before = self._state()

    @contextmanager
    def _cell(self) -> Iterator[dict[str, Any]]:
        environment: Any = os.environ
        watched = environment._data = _Watched(environment._data)
        said = os.memfd_create("said")
        outs, streams = [(fd, os.dup(fd)) for fd in (1, 2)], (sys.stdout, sys.stderr)
        for fd, _ in outs:
            os.dup2(said, fd)
        sys.stdout, sys.stderr = self._streams
        try:
            with self.shell.builtin_trap:
                yield {"__name__": "__main__", "__builtins__": builtins}
        finally:
            sys.stdout, sys.stderr = streams
            sys.stdout.flush()
            sys.stderr.flush()
            for fd, before in outs:
                os.dup2(before, fd)
                os.close(before)
            read, environment._data = set(watched.read), dict(watched)
            size = os.fstat(said).st_size
            os.close(said)
        looked = {
            "it prints": size > 0,
            "it starts threads": threading.active_count() > 1,
            "it reads what each run has of its own": not read.isdisjoint(
                map(os.fsencode, VOLATILE)
            ),
            "it registers with IPython": self._state() != self._before,
        }
        self.doubts += [doubt for doubt, so in looked.items() if so]

    def _state(self) -> Any:
        """Return what imports may change of the shell and of this process, but for events."""
        shell, formatter = self.shell, self.shell.display_formatter
        return (
            {kind: set(magics) for kind, magics in shell.magics_manager.magics.items()},
            [
                (set(f.singleton_printers), set(f.type_printers), set(f.deferred_printers))
                for f in (*formatter.formatters.values(), formatter.ipython_display_formatter)
            ],
            formatter.active_types,
            [list(shell.input_transformers_post), list(shell.ast_transformers)],
            [list(t) for t in vars(shell.input_transformer_manager).values() if type(t) is list],
            set(shell.user_ns),
            set(shell.configurables),
            {name: str(hook) for name, hook in shell.hooks.items()},
            shell.showtraceback,
            [sys.displayhook, sys.excepthook, builtins.print, builtins.input, builtins.__import__],
            {number: signal.getsignal(number) for number in signal.valid_signals()},
        )

    def leave(self) -> list[tuple[str, Any]]:
        """Make room for the shell of a kernel; return the events that imports have joined."""
        if self.shell is None:
            return []
        joined = [
            (name, callback)
            for name, callbacks in self.shell.events.callbacks.items()
            for callback in callbacks
            if callback not in self._callbacks.get(name, [])
        ]
        atexit.unregister(self.shell.atexit_operations)
        self._factory.clear_instance()
        sys.modules["__main__"], sys.path[:] = self._main, self._path
        return joined

    def hidden(self, folder: str) -> list[str]:
        """Return what was imported, or may be, that a module in a folder would have hidden."""
        if self.shell is None:
            return []
        ahead = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
        names = {name.partition(".")[0] for name in os.listdir(folder)} & (
            ahead - self._base | {"fourfold"}
        )
        specs = ((name, PathFinder.find_spec(name, [folder])) for name in sorted(names))
        return [name for name, spec in specs if spec and spec.loader and spec.origin]
