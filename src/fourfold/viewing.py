"""The command that shows outputs in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from fourfold.errors import FourfoldError
from fourfold.options import Outputs, Root, console, outputs_of, root_of

app = typer.Typer()


@app.command()
def view(
    root: Root = None,
    outputs: Outputs = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Show all runs: write outputs/index.html anew and serve it to this machine, until Ctrl-C."""
    import webbrowser

    from fourfold.overview import entries, write_overview
    from fourfold.serving import HOST, server

    folder = outputs_of(outputs, root_of(root))
    runs = entries(folder) if folder.is_dir() else []
    if not runs:
        raise FourfoldError(f"{folder}: expected outputs of runs, found none; fourfold run first")
    write_overview(folder, runs)
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
