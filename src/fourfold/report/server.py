"""A server of files that only this machine can reach."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fourfold.errors import FourfoldError

HOST = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, never older than they are there; requests are not printed."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def end_headers(self) -> None:
        """Let no browser keep a page that a run writes anew."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


def server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of the files in a folder, bound to loopback.

    Raises
    ------
    FourfoldError
        If the port is taken.
    """
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Quiet, directory=str(folder)))
    except OSError as error:
        raise FourfoldError(f"--port {port}: {error.strerror}; 0 takes any that is free") from error
