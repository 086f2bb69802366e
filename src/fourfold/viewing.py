"""The command that shows outputs: a server that only this machine can reach."""

from __future__ import annotations

import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from fourfold.errors import FourfoldError
from fourfold.options import Outputs, Root, console, outputs_of, root_of

app = typer.Typer()
HOST = "127.0.0.1"


class _Quiet(SimpleHTTPRequestHandler):
    """Files of one folder, never older than they are there; requests are not printed."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def end_headers(self) -> None:
        """Let no browser keep a page that a run writes anew."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@app.command()
def view(
    root: Root = None,
    outputs: Outputs = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Show all runs: write outputs/index.html anew and serve it to this machine, until Ctrl-C."""
    from fourfold.overview import entries, write_overview

    folder = outputs_of(outputs, root_of(root))
    if not folder.is_dir() or not entries(folder):
        raise FourfoldError(f"{folder}: expected outputs of runs, found none; fourfold run first")
    write_overview(folder)
    with server(folder, port) as found:
        address = f"http://{HOST}:{found.server_address[1]}/"
        console.print(f"{address}  (Ctrl-C ends it)", highlight=False)
        console.file.flush()
        if browser:
            webbrowser.open(address)
        try:
            found.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")


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
