"""The kernel of a run: what it prints waits for its reader instead of being dropped."""

import sys
import threading
import time
from typing import Any

import zmq
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

import fourfold.run.kernels.watch  # noqa: F401  (which the first request calls)

WAITING = 100  # messages on their way to a client, beyond which the notebook's code waits
_PIECE = 1_000_000  # characters of one message, about


class Kernel(IPythonKernel):
    """IPython's kernel, whose messages are never dropped.

    ZeroMQ drops what a socket publishes faster than it is read, beyond a thousand messages: a
    loop that prints loses lines, or the message that a cell has ended. Here the socket waits for
    its reader, and code that prints waits for the socket. Text goes in pieces, so that messages
    that wait take little memory.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        if self.iopub_thread is not None:
            _wait_for_reader(self.iopub_thread)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "pub_thread"):
                _in_pieces(stream)


class KernelApp(IPKernelApp):
    """The application of such a kernel, forked or started by ``python -m`` this module."""

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


def _in_pieces(stream: Any) -> None:
    write, size = stream.write, 0

    def write_piece(text: str) -> Any:
        nonlocal size
        written = write(text)
        size += len(text)
        if size > _PIECE:
            size = 0
            stream.flush()
        return written

    stream.write = write_piece


if __name__ == "__main__":
    sys.argv[0] = "ipykernel_launcher.py"
    KernelApp.launch_instance()
