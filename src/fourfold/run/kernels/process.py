"""A forked kernel as a process: seen, signalled and waited for from here, though not our child.

Messages between a runner, its zygotes and their kernels are JSON in frames, sockets beside it.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from typing import Any

_READY_S = 60.0
_SIZE = struct.Struct("!I")


def kill_kernel(manager: Any) -> None:
    """End the kernel of a manager at once, and what it has started, if it has one that runs."""
    process = getattr(getattr(manager, "provisioner", None), "process", None)
    if process is not None and process.poll() is None:
        with suppress(ProcessLookupError):
            if os.name == "posix" and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(process.pid, signal.SIGKILL)


class WarmError(Exception):
    """No zygote gives a kernel; a cold start serves instead."""


class Lost(WarmError):
    """A zygote or its kernel ended; another may serve."""


class Process:
    """A forked kernel, as `subprocess.Popen` would show it.

    `connection` is as in a connection file; `usage` has ``cpu_s`` and ``peak_mb`` once the kernel
    has ended, and is empty if its zygote was lost.
    """

    stdin = stdout = stderr = None

    def __init__(self, answer: socket.socket) -> None:
        self._answer = answer
        self.returncode: int | None = None
        self.usage: dict[str, float] = {}
        answer.settimeout(_READY_S)
        message = None
        try:
            message = receive(answer)
        except TimeoutError:
            raise WarmError(f"no kernel was ready within {_READY_S:g} s") from None
        finally:
            if message is None:
                answer.close()
        if message is None or "code" in message[0]:
            answer.close()
            raise Lost("the kernel ended before it was ready")
        if "cold" in message[0]:
            answer.close()
            raise WarmError(message[0]["cold"])
        self.pid: int = message[0]["pid"]
        self.connection = dict(message[0]["connection"])
        self._lock = threading.Lock()

    def __del__(self) -> None:
        self._answer.close()

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit code, negative for a signal.

        Raises
        ------
        subprocess.TimeoutExpired
            If the kernel still runs after `timeout` seconds.
        """
        with self._lock:
            if self.returncode is None:
                self._answer.settimeout(timeout)
                try:
                    message = receive(self._answer)
                except (TimeoutError, BlockingIOError):
                    raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0.0) from None
                # Without a last message the zygote was killed, and the system killed the kernel.
                self.usage = message[0] if message else {"code": -int(signal.SIGKILL)}
                self.returncode = int(self.usage.pop("code"))
                self._answer.close()
            return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless the kernel has ended."""
        if self.poll() is None:
            # It may have ended while the word of that is still on its way.
            with suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def leave(self) -> None:
        """Ask it to end in order, with its exit handlers."""
        with suppress(OSError):
            send(self._answer, {"do": "leave"})

    def terminate(self) -> None:
        """End it, unless it has a handler for that."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def send(to: socket.socket, message: dict[str, Any], *beside: socket.socket) -> None:
    """Send a message, and a socket with it if one is given."""
    content = json.dumps(message).encode()
    frame = _SIZE.pack(len(content)) + content
    sent = socket.send_fds(to, [frame], [each.fileno() for each in beside])
    if sent < len(frame):  # an empty send would fail where the other end has already read and gone
        to.sendall(frame[sent:])


def receive(source: socket.socket) -> tuple[dict[str, Any], socket.socket | None] | None:
    """Return the next message and the socket beside it; None at the end."""
    try:
        head, fds, _, _ = socket.recv_fds(source, _SIZE.size, 1)
        content = _exactly(source, _SIZE.unpack(head)[0]) if len(head) == _SIZE.size else None
    except ConnectionError:
        return None
    if content is None:
        return None
    return json.loads(content), socket.socket(fileno=fds[0]) if fds else None


def _exactly(source: socket.socket, size: int) -> bytes | None:
    content = b""
    while len(content) < size:
        more = source.recv(size - len(content))
        if not more:
            return None
        content += more
    return content
