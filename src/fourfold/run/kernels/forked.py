"""A kernel in a process forked from the zygote: ready ahead of need, then given its run."""

import atexit
import gc
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from socket import socket
from typing import Any, NoReturn

from fourfold.run.kernels.kernel import IPKernelApp, hide_ourselves, launcher
from fourfold.run.kernels.process import receive, send
from fourfold.run.kernels.rehearsal import PATIENT, Rehearsal

_GC_THRESHOLD = 50_000
_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_HISTORY = "--HistoryManager.hist_file=:memory:"
_NUMBERS: Any = threading  # where threads get their numbers
READ_HERE = ("matplotlibrc", ".numba_config.yaml", "odr")
"""Files that libraries read from the folder in which they are imported."""
KEPT = {"multiprocessing.process": "ORIGINAL_DIR", "rich": "_IMPORT_CWD"}
"""Attributes in which libraries keep the folder in which they are imported."""


def launched(connection_file: str) -> list[str]:
    """Return the arguments that Jupyter starts a kernel with."""
    return [launcher(), "-f", connection_file, _HISTORY]


def run_kernel(channel: socket, folder: str, ahead: Rehearsal) -> NoReturn:
    """Become a kernel; wait on `channel` for environment, folder and the socket to answer on.

    Parameters
    ----------
    channel : socket
    folder : str
        For the sockets of the kernel.
    ahead : Rehearsal
        What this process has imported.
    """
    code = 1
    try:
        _start(channel, f"{folder}/{os.getpid()}", ahead)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        # Past this point are the zygote's frames, which are not ours.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _start(channel: socket, name: str, ahead: Rehearsal) -> None:
    from tornado.ioloop import IOLoop

    os.setsid()
    gc.enable()
    if PATIENT in ahead.modules:
        # Plots and fits make many objects that soon go by themselves; looking for cycles among
        # them as often as Python does takes a twelfth of their time.
        gc.set_threshold(_GC_THRESHOLD, 20, 50)
    else:
        gc.unfreeze()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # a stream of its own; `random` does so itself after a fork
    joined, filters = ahead.leave(), list(warnings.filters)
    numbered = int(_NUMBERS._counter()) - 1  # threads that imports have named, which starts none
    _NUMBERS._counter = count(1).__next__
    sys.argv = launched(f"{name}.json")
    app: Any = IPKernelApp.instance(transport="ipc", ip=name, parent_handle=os.getppid())
    app.initialize(sys.argv[1:])
    for _ in range(numbered):
        _NUMBERS._counter()
    # Its threads may still speak when it closes their sockets, and then wait for each other; the
    # end of the process closes them as well.
    atexit.unregister(app.close)
    for event, callback in joined:
        app.shell.events.register(event, callback)
    if ahead.modules:
        # The shell puts a filter of its own in front of those that libraries have set.
        warnings.filters[:] = filters  # type: ignore[index]
    if not ahead.modules:
        del sys.modules["gc"]  # which no other kernel has at its start
    hide_ourselves(all(name.partition(".")[0] != "fourfold" for name in ahead.modules))

    def take(fd: int, events: int) -> None:
        loop.remove_handler(fd)
        message = receive(channel)
        if message is None:
            os._exit(0)
        request, answer = message
        channel.close()
        _take_over(request, app)
        if answer is None:
            return
        if doubt := _doubt(app, ahead):
            send(answer, {"cold": doubt})
            os._exit(0)
        connection = {name: getattr(app, name) for name in ("transport", "ip", *_PORTS)}
        connection["key"] = app.session.key.decode()
        connection["signature_scheme"] = app.session.signature_scheme
        send(answer, {"pid": os.getpid(), "connection": connection})
        # The end of the run is said on the same socket, which no process of the notebook keeps.
        os.register_at_fork(after_in_child=answer.close)
        loop.add_handler(answer.fileno(), _leave, IOLoop.READ)

    loop: Any = IOLoop.current()
    loop.add_handler(channel.fileno(), take, IOLoop.READ)
    app.start()


def _take_over(request: Mapping[str, Any], app: Any) -> None:
    """Take over the environment and the folder of a run."""
    for variable in request["unset"]:
        os.environ.pop(variable, None)
    os.environ.update(request["env"])
    time.tzset()
    if request["cwd"]:
        os.chdir(request["cwd"])
        app.shell.history_manager.dir_hist[:] = [Path.cwd()]
    for name, kept in KEPT.items():
        if module := sys.modules.get(name):
            setattr(module, kept, os.getcwd())


def _doubt(app: Any, ahead: Rehearsal) -> str:
    """Return why a cold start might see something else here; empty if it sees the same."""
    profile = Path(app.profile_dir.startup_dir)
    files = [*app.loaded_config_files, *profile.glob("*.py"), *profile.glob("*.ipy")]
    files += filter(None, [os.environ.get("PYTHONSTARTUP")])
    if files:
        return f"{files[0]} may change what is imported after it"
    hidden = ahead.hidden(os.getcwd())
    if ahead.modules:
        hidden += [file for file in READ_HERE if os.path.exists(file)]
    return f"{hidden[0]} lies in {os.getcwd()}" if hidden else ""


def _leave(*_: Any) -> NoReturn:
    """End at once but in order, which takes ipykernel a tenth of a second."""
    atexit._run_exitfuncs()
    os._exit(0)
