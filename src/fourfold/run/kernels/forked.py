"""A kernel in a process forked from the zygote: ready ahead of need, then given its run."""

import atexit
import gc
import os
import signal
import sys
import time
from pathlib import Path
from socket import socket
from typing import Any, NoReturn

from fourfold.run.kernels.process import receive, send

_GC_THRESHOLD = 50_000
_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


def run_kernel(channel: socket, folder: str) -> NoReturn:
    """Become a kernel; wait on `channel` for environment, folder and the socket to answer on."""
    code = 1
    try:
        _start(channel, f"{folder}/{os.getpid()}")
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        # Past this point are the zygote's frames, which are not ours.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _start(channel: socket, name: str) -> None:
    from tornado.ioloop import IOLoop

    from fourfold.run.kernels.kernel import KernelApp

    os.setsid()
    gc.enable()
    # Plots and fits make many objects that soon go by themselves; looking for cycles among them
    # as often as Python does takes a twelfth of their time.
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # a stream of its own; `random` does so itself after a fork
    arguments = ["-f", f"{name}.json", "--transport=ipc", f"--ip={name}"]
    arguments.append("--HistoryManager.hist_file=:memory:")
    sys.argv = ["ipykernel_launcher.py", *arguments]
    app: Any = KernelApp.instance()
    app.initialize(arguments)
    # Its threads may still speak when it closes their sockets, and then wait for each other; the
    # end of the process closes them as well.
    atexit.unregister(app.close)
    if backend := sys.modules.get("matplotlib_inline.backend_inline"):
        # Show figures as the notebook expects, which the preloaded backend could not yet.
        backend._enable_matplotlib_integration()
    signal.signal(signal.SIGTERM, _leave)

    def take(fd: int, events: int) -> None:
        loop.remove_handler(fd)
        message = receive(channel)
        if message is None:
            os._exit(0)
        request, answer = message
        for variable in request["unset"]:
            os.environ.pop(variable, None)
        os.environ.update(request["env"])
        time.tzset()
        if request["cwd"]:
            os.chdir(request["cwd"])
            app.shell.history_manager.dir_hist[:] = [Path.cwd()]
        if answer:
            connection = {name: getattr(app, name) for name in ("transport", "ip", *_PORTS)}
            connection["key"] = app.session.key.decode()
            connection["signature_scheme"] = app.session.signature_scheme
            send(answer, {"pid": os.getpid(), "connection": connection})
            answer.close()
        channel.close()

    loop: Any = IOLoop.current()
    loop.add_handler(channel.fileno(), take, IOLoop.READ)
    app.start()


def _leave(*_: Any) -> NoReturn:
    """End at once but in order, which takes ipykernel a tenth of a second."""
    atexit._run_exitfuncs()
    os._exit(0)
