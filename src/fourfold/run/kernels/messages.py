"""Messages between a runner, its zygotes and their kernels: JSON in frames, sockets beside it."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_SIZE = struct.Struct("!I")


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
