"""A server of pages that only this machine, and only its own pages, can reach."""

import hmac
import io
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from fourfold.errors import FourfoldError
from fourfold.report.pages import EVENTS, Board, linked, served

HOST = "127.0.0.1"
#: Below the token: pages that start runs, what they ask for, and where they listen.
FORMS = "/.form/"
#: Of the pages of all runs, of a search and of a run; each has a policy of its own.
_PAGE = re.compile(r"(?:index|[^/]+/search|[^/]+/[^/]+/report)\.html")
_LIVE = ".live.js"
_LOOK_S, _ALIVE_S = 0.1, 10.0
#: What notebooks have saved is shown as if it were of another site, and runs nothing.
_APART = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LARGEST = 2**20
_PATIENCE_S = 10.0


class Forms(Protocol):
    """Pages that change configs and start runs; who has no token gets nothing at all."""

    token: str
    board: Board

    def page(self, name: str, query: Mapping[str, str]) -> tuple[int, str]:
        """Return status and HTML of a page."""

    def take(self, action: str, body: Any) -> tuple[int, Mapping[str, Any]]:
        """Do what a page asks for; return status and answer."""


class _Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, never older than they are there; requests are not printed."""

    server_version, sys_version = "fourfold", ""

    def __init__(
        self, *request: Any, board: Board | None, forms: Forms | None, **folder: Any
    ) -> None:
        self.board, self.forms, self.framed = board, forms, False
        super().__init__(*request, **folder)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def _stranger(self) -> HTTPStatus | None:
        """Return how to refuse who is no browser of this machine, or has not the token.

        A page of elsewhere whose name was made to mean this machine brings that name along.
        """
        name, _, port = self.headers.get("Host", "").rpartition(":")
        own = cast("ThreadingHTTPServer", self.server).server_port
        if name not in (HOST, "localhost") or port != str(own):
            return HTTPStatus.MISDIRECTED_REQUEST
        if self.forms:
            _, given, *rest = f"{self.path}/".split("/", 2)
            if not hmac.compare_digest(given.encode(), self.forms.token.encode()):
                return HTTPStatus.FORBIDDEN
            self.path = f"/{''.join(rest)[:-1]}"
        return None

    def _from_elsewhere(self) -> bool:
        return self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"

    def send_head(self) -> Any:
        """Answer with a file of the folder, or a form."""
        if refusal := self._stranger():
            return self.send_error(refusal)
        address = urlsplit(self.path)
        if self.forms and address.path.startswith(FORMS):
            return self._form(address.path.removeprefix(FORMS), address.query)
        events = self.board is not None and address.path == EVENTS
        if events and self._from_elsewhere():
            return self.send_error(HTTPStatus.FORBIDDEN)
        try:
            path = address.query if events else self.path
            asked, folder = Path(self.translate_path(path)), Path(self.directory)
            file = (asked / "index.html" if asked == folder else asked).resolve()
            inside = file.relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError):
            return self.send_error(HTTPStatus.NOT_FOUND)
        hidden = any(part.startswith(".") for part in inside.parts) and str(inside) != _LIVE
        live = self.board is not None or self.forms is not None
        page = live and not hidden and _PAGE.fullmatch(inside.as_posix())
        if events:
            board = cast("Board", self.board)
            message = partial(board.message, file)
            return self._events(board, message) if page else self.send_error(HTTPStatus.NOT_FOUND)
        if not page and (hidden or not os.path.isfile(file)):  # of `os`, which takes any text
            return self.send_error(HTTPStatus.NOT_FOUND)
        self.inside = inside
        if page:
            content = linked(file, inside) if self.forms else served(file)
            return self._send(HTTPStatus.OK, content)
        try:
            return super().send_head()
        except OSError:  # it has gone, or may not be read
            return self.send_error(HTTPStatus.NOT_FOUND)

    def _form(self, name: str, query: str) -> Any:
        forms, values = cast("Forms", self.forms), dict(parse_qsl(query))
        if name == "events":
            if self._from_elsewhere():
                return self.send_error(HTTPStatus.FORBIDDEN)
            return self._events(forms.board, lambda: forms.board.text(values.get("config", "")))
        self.framed = True
        status, html = forms.page(name, values)
        return self._send(status, html.encode("utf-8", "backslashreplace"))

    def do_POST(self) -> None:
        """Do what a form asks for, if it is one of ours that asks."""
        if refusal := self._stranger():
            self.send_error(refusal)
            return
        path = urlsplit(self.path).path
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        own = self.headers.get("Origin") == f"http://{self.headers['Host']}"
        if not self.forms or not path.startswith(FORMS):
            self.send_error(HTTPStatus.NOT_IMPLEMENTED)
        elif not own or self._from_elsewhere() or kind != "application/json":
            self.send_error(HTTPStatus.FORBIDDEN)
        elif (body := self._body()) is not None:
            status, answer = self.forms.take(path.removeprefix(FORMS), body)
            content = json.dumps(answer, default=str).encode()
            self.wfile.write(self._send(status, content, "application/json").getvalue())

    def _body(self) -> Any:
        """Return the JSON that was sent; None if that was refused."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > _LARGEST:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self.connection.settimeout(_PATIENCE_S)
        try:
            body = json.loads(self.rfile.read(int(length)))
            if isinstance(body, dict):
                return body
        except (OSError, ValueError, RecursionError):
            pass
        return self.send_error(HTTPStatus.BAD_REQUEST)

    def _send(self, status: int, content: bytes, kind: str = "text/html") -> io.BytesIO:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def _events(self, board: Board, message: Callable[[], str]) -> None:
        """Send what changes for a page, until it or the server goes."""
        sent, at = None, 0.0
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while self.command == "GET" and not board.closed:
            now = message()
            if now != sent or time.monotonic() - at > _ALIVE_S:  # a page that has gone fails
                self.wfile.write(f"data: {now}\n\n".encode())
                sent, at = now, time.monotonic()
            board.wait(_LOOK_S)

    def end_headers(self) -> None:
        """Let no browser keep a page that a run writes anew, nor guess what a file is."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        own = _PAGE.fullmatch(getattr(self, "inside", Path()).as_posix())
        # Two reports are shown side by side in frames of a page that starts runs.
        framed = "frame-ancestors 'self'" if own and self.forms else "frame-ancestors 'none'"
        self.send_header("Content-Security-Policy", framed if own or self.framed else _APART)
        super().end_headers()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a browser that went away, or a request that is none, is no news."""


def server(
    folder: Path, port: int = 0, board: Board | None = None, forms: Forms | None = None
) -> ThreadingHTTPServer:
    """Return a server of the files in a folder, bound to loopback.

    Parameters
    ----------
    folder : Path
    port : int
        0 takes any that is free.
    board : Board, optional
        Of a watch, which its pages follow.
    forms : Forms, optional
        Then all pages, and what they ask for, are below its token.

    Raises
    ------
    FourfoldError
        If the port is taken.
    """
    handler = partial(_Quiet, directory=str(folder), board=board, forms=forms)
    try:
        return _Server((HOST, port), handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "expected 0 to 65535"
        raise FourfoldError(f"--port {port}: {why}; 0 takes any that is free") from error
