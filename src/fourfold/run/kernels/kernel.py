"""The kernel of a run: what it prints waits for its reader instead of being dropped."""

import importlib.util
import runpy  # noqa: F401  as other kernels have it
import select
import sys
import threading
import time
from typing import Any, NoReturn

import psutil  # noqa: F401
import zmq
from ipykernel import kernelapp
from ipykernel.ipkernel import IPythonKernel
from IPython.core.autocall import ZMQExitAutocall

from fourfold.run.kernels import watch

WAITING = 100  # messages on their way to a client, beyond which the notebook's code waits
_PIECE = 1_000_000  # characters of one message, about
_LONGEST_WAIT_S = 3600  # until a client reads
_PATIENCE_S = 1.0  # for what programs have printed, where others still print


class Kernel(IPythonKernel):
    """IPython's kernel, whose messages are never dropped.

    ZeroMQ drops what a socket publishes faster than it is read, beyond a thousand messages: a
    loop that prints loses lines, or the message that a cell has ended. Here the socket waits for
    its reader, and code that prints waits for the socket. Text goes in pieces, so that messages
    that wait take little memory.
    """

    take_notes = staticmethod(watch.begin)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        ZMQExitAutocall.__call__ = _exit  # type: ignore[method-assign]
        shell: Any = self.shell
        _number_when_sent(shell.displayhook)
        if self.iopub_thread is not None:
            _wait_for_reader(self.iopub_thread)
        self._piped: list[int] = []
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "pub_thread"):
                _in_pieces(stream)
                self._piped += filter(None, [getattr(stream, "_fid", None)])

    async def do_execute(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a cell; what its programs have printed comes before the cell has ended."""
        reply = await super().do_execute(*args, **kwargs)  # type: ignore[no-untyped-call]
        until = time.monotonic() + _PATIENCE_S
        while any(map(_unread, self._piped)) and time.monotonic() < until:
            time.sleep(0.001)
        return reply


class IPKernelApp(kernelapp.IPKernelApp):
    """The application of such a kernel, forked or started by `main`.

    Its name is that of Jupyter's, by which libraries tell that they are in a notebook.
    """

    kernel_class = Kernel

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Make the socket, whose limit counts from the moment that it is bound."""
        context.setsockopt(zmq.SNDHWM, WAITING)
        super().init_iopub(context)  # type: ignore[no-untyped-call]
        del context.sockopts[zmq.SNDHWM]


def _wait_for_reader(sender: Any) -> None:
    send = sender.schedule

    def schedule(event: Any) -> None:
        while (
            len(sender._events) > WAITING
            and sender.thread.is_alive()
            and threading.current_thread() is not sender.thread
        ):
            time.sleep(0.002)
        send(event)

    send(lambda: sender.socket.setsockopt(zmq.XPUB_NODROP, 1))
    sender.schedule = schedule


def _unread(pipe: int) -> bool:
    """Say whether the thread that reads a pipe has not read all of it."""
    look = select.poll()
    look.register(pipe, select.POLLIN)
    return any(event & select.POLLIN for _, event in look.poll(0))


def _number_when_sent(hook: Any) -> None:
    """Give a result its number when it is sent, since one that displays itself never is."""
    start, finish = hook.start_displayhook, hook.finish_displayhook

    def begin() -> None:
        start()
        hook.session.message_count -= 1

    def end() -> None:
        if hook.msg and hook.msg["content"]["data"]:
            hook.msg["msg_id"] = hook.msg["header"]["msg_id"] = hook.session.msg_id
        finish()

    hook.start_displayhook, hook.finish_displayhook = begin, end


def _in_pieces(stream: Any) -> None:
    write, size = stream.write, 0
    # Beyond it ipykernel prints "IOStream.flush timed out" into the notebook.
    stream.flush_timeout = _LONGEST_WAIT_S

    def write_piece(text: str) -> Any:
        nonlocal size
        written = write(text)
        size += len(text)
        if size > _PIECE:
            size = 0
            stream.flush()
        return written

    stream.write = write_piece


def _exit(self: Any, code: Any = None) -> NoReturn:
    """End the notebook here, as ``sys.exit()`` does; Jupyter's would go on with the cell."""
    raise SystemExit(*() if code is None else (code,))


def launcher() -> str:
    """Return what a kernel finds as the name of its program."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    return str(spec.origin if spec else "")


def hide_ourselves(wholly: bool) -> None:
    """Take our modules from those that are imported, which a notebook did not ask for.

    Parameters
    ----------
    wholly : bool
        Whether the package is none of those that were imported ahead of a notebook that does.
    """
    for name in list(sys.modules):
        if name.startswith("fourfold.run") or (wholly and name.partition(".")[0] == "fourfold"):
            del sys.modules[name]


def main() -> None:
    """Start a kernel cold."""
    sys.argv[0] = launcher()
    app: Any = IPKernelApp.instance()
    app.initialize()
    hide_ourselves(wholly=True)
    app.start()
