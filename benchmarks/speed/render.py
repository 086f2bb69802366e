"""Pictures of a notebook or an HTML page, so that what a reader meets can be looked at.

``python benchmarks/speed/render.py notebooks/clustering-penguins.ipynb`` writes numbered PNG pages
to a new temporary folder and prints their paths. Needs Chromium (or Chrome) on the PATH; nothing is
fetched from the network, so what shows here also shows to a reader offline.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image

from fourfold.errors import FourfoldError
from fourfold.report import pdf

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=10000",
)
# Pixels of one screenshot: past 16,384 Chromium leaves the rest unpainted.
TALLEST = 12_000
MEASURE = (
    "<script>addEventListener('load', () => setTimeout(() => {const root = document"
    ".documentElement; root.dataset.height = Math.ceil(root.getBoundingClientRect().height)}, 500))"
    "</script>"
)


@dataclass(frozen=True)
class Page:
    """One picture: `top` and `bottom` are pixels from the top of the document."""

    top: int
    bottom: int


def pages(height: int, page_height: int) -> list[Page]:
    """Cut a document of `height` pixels into pages of at most `page_height` pixels."""
    return [
        Page(top, min(top + page_height, height)) for top in range(0, max(height, 1), page_height)
    ]


def browser() -> str:
    """Path of a Chromium on this machine; exits with what to install if there is none."""
    try:
        return pdf.browser()
    except FourfoldError as error:
        sys.exit(f"render: {error}")


def html_of(source: Path) -> str:
    """HTML text of an HTML page, or of a notebook with the outputs stored in it."""
    if source.suffix == ".ipynb":
        return str(HTMLExporter().from_notebook_node(nbformat.read(source, as_version=4))[0])
    return source.read_text(encoding="utf-8")


def chromium(scratch: Path, *options: str) -> str:
    """Run Chromium once with a profile of its own in `scratch`; its standard output comes back."""
    command = [browser(), *FLAGS, f"--user-data-dir={scratch / 'profile'}", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        sys.exit(f"render: {command[0]} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def insert(text: str, addition: str) -> str:
    """Put `addition` at the start of the head of the HTML `text`, or before all of it."""
    head = re.search(r"<head\b[^>]*>", text, re.IGNORECASE)
    at = head.end() if head else 0
    return text[:at] + addition + text[at:]


def document_height(text: str, width: int, scratch: Path) -> int:
    """Height in pixels of the HTML `text` laid out `width` pixels wide."""
    page = scratch / "measure.html"
    page.write_text(insert(text, MEASURE), encoding="utf-8")
    dom = chromium(scratch, f"--window-size={width},800", "--dump-dom", page.as_uri())
    found = re.search(r'<html[^>]*data-height="(\d+)"', dom)
    return int(found[1]) if found else sys.exit("render: the page did not finish loading")


def shoot(text: str, top: int, height: int, width: int, scratch: Path) -> Image.Image:
    """Picture of the `height` pixels of the HTML `text` that start `top` pixels down."""
    page, picture = scratch / "shot.html", scratch / "shot.png"
    shift = f"<style>html {{margin-top: {-top}px !important}}</style>" if top else ""
    page.write_text(insert(text, shift), encoding="utf-8")
    chromium(scratch, f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri())
    with Image.open(picture) as image:
        return image.copy()


def render(source: Path, into: Path, width: int, page_height: int) -> list[Path]:
    """Write `source` as PNG pages into the folder `into`; their paths come back in order."""
    text = insert(html_of(source), f'<base href="{source.resolve().parent.as_uri()}/">')
    block = max(TALLEST // page_height, 1) * page_height
    written: list[Path] = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for part in pages(document_height(text, width, scratch), block):
            image = shoot(text, part.top, part.bottom - part.top, width, scratch)
            for cut in pages(part.bottom - part.top, page_height):
                path = into / f"{source.stem}-{len(written) + 1:02}.png"
                image.crop((0, cut.top, width, cut.bottom)).save(path)
                written.append(path)
    return written


def main() -> None:
    """Render each file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, nargs="+", help="executed .ipynb, or .html")
    parser.add_argument("-o", "--output", type=Path, help="folder (default: a new temporary one)")
    parser.add_argument("--width", type=int, default=1000, help="pixels")
    parser.add_argument("--height", type=int, default=1600, help="most pixels of one page")
    args = parser.parse_args()
    into = args.output or Path(tempfile.mkdtemp(prefix="render-"))
    into.mkdir(parents=True, exist_ok=True)
    for source in args.source:
        for path in render(source, into, args.width, args.height):
            print(path)


if __name__ == "__main__":
    main()
