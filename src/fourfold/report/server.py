"""A server of pages that only this machine, and only its own pages, can reach."""

import os
import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from fourfold.errors import FourfoldError

HOST = "127.0.0.1"
#: Of the pages of all runs, of a search and of a run; each has a policy of its own.
_PAGE = re.compile(r"(?:index|[^/]+/search|[^/]+/[^/]+/report)\.html")
_LIVE = ".live.js"
#: What notebooks have saved is shown as if it were of another site, and runs nothing.
_APART = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class _Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, never older than they are there; requests are not printed."""

    server_version, sys_version = "fourfold", ""

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
        try:
            asked, folder = Path(self.translate_path(self.path)), Path(self.directory)
            file = (asked / "index.html" if asked == folder else asked).resolve()
            inside = file.relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError):
            return self.send_error(HTTPStatus.NOT_FOUND)
        hidden = any(part.startswith(".") for part in inside.parts) and str(inside) != _LIVE
        if hidden or not os.path.isfile(file):  # of `os`, which takes any text
            return self.send_error(HTTPStatus.NOT_FOUND)
        self.inside = inside
        try:
            return super().send_head()
        except OSError:  # it has gone, or may not be read
            return self.send_error(HTTPStatus.NOT_FOUND)

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


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of the files in a folder, bound to loopback.

    Raises
    ------
    FourfoldError
        If the port is taken.
    """
    try:
        return _Server((HOST, port), partial(_Quiet, directory=str(folder)))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "expected 0 to 65535"
        raise FourfoldError(f"--port {port}: {why}; 0 takes any that is free") from error
