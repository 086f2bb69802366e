"""A server of pages that only this machine, and only its own pages, can reach."""

import io
import os
import re
import time
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from fourfold.errors import FourfoldError
from fourfold.report.pages import EVENTS, Board, served

HOST = "127.0.0.1"
#: Of the pages of all runs, of a search and of a run; each has a policy of its own.
_PAGE = re.compile(r"(?:index|[^/]+/search|[^/]+/[^/]+/report)\.html")
_LIVE = ".live.js"
_LOOK_S, _ALIVE_S = 0.1, 10.0
#: What notebooks have saved is shown as if it were of another site, and runs nothing.
_APART = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class _Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, never older than they are there; requests are not printed."""

    server_version, sys_version = "fourfold", ""

    def __init__(self, *request: Any, board: Board | None, **folder: Any) -> None:
        self.board = board
        super().__init__(*request, **folder)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def send_head(self) -> Any:
        """Answer with a file of the folder, to a browser that asks for this machine by name.

        A page of elsewhere whose name was made to mean this machine brings that name along.
        """
        name, _, port = self.headers.get("Host", "").rpartition(":")
        own = cast("ThreadingHTTPServer", self.server).server_port
        if name not in (HOST, "localhost") or port != str(own):
            return self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        address = urlsplit(self.path)
        events = self.board is not None and address.path == EVENTS
        if events and self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return self.send_error(HTTPStatus.FORBIDDEN)
        try:
            path = address.query if events else self.path
            asked, folder = Path(self.translate_path(path)), Path(self.directory)
            file = (asked / "index.html" if asked == folder else asked).resolve()
            inside = file.relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError):
            return self.send_error(HTTPStatus.NOT_FOUND)
        hidden = any(part.startswith(".") for part in inside.parts) and str(inside) != _LIVE
        page = self.board is not None and not hidden and _PAGE.fullmatch(inside.as_posix())
        if events:
            return self._events(file) if page else self.send_error(HTTPStatus.NOT_FOUND)
        if not page and (hidden or not os.path.isfile(file)):  # of `os`, which takes any text
            return self.send_error(HTTPStatus.NOT_FOUND)
        self.inside = inside
        if page:
            return self._page(served(file))
        try:
            return super().send_head()
        except OSError:  # it has gone, or may not be read
            return self.send_error(HTTPStatus.NOT_FOUND)

    def _page(self, content: bytes) -> io.BytesIO:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def _events(self, file: Path) -> None:
        """Send what changes for a page, until it or the watch goes."""
        board, sent, at = cast("Board", self.board), "", 0.0
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while self.command == "GET" and not board.closed:
            message = board.message(file)
            if message != sent or time.monotonic() - at > _ALIVE_S:  # a page that has gone fails
                self.wfile.write(f"data: {message}\n\n".encode())
                sent, at = message, time.monotonic()
            board.wait(_LOOK_S)

    def end_headers(self) -> None:
        """Let no browser keep a page that a run writes anew, nor guess what a file is."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        own = _PAGE.fullmatch(getattr(self, "inside", Path()).as_posix())
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'" if own else _APART)
        super().end_headers()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a browser that went away, or a request that is none, is no news."""


def server(folder: Path, port: int = 0, board: Board | None = None) -> ThreadingHTTPServer:
    """Return a server of the files in a folder, bound to loopback.

    Parameters
    ----------
    folder : Path
    port : int
        0 takes any that is free.
    board : Board, optional
        Of a watch, which its pages follow.

    Raises
    ------
    FourfoldError
        If the port is taken.
    """
    try:
        return _Server((HOST, port), partial(_Quiet, directory=str(folder), board=board))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "expected 0 to 65535"
        raise FourfoldError(f"--port {port}: {why}; 0 takes any that is free") from error
