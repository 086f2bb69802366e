"""Reports as PDF, printed by a browser of this machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from fourfold.errors import FourfoldError, last_line
from fourfold.project import whole_file

#: Names on the search path, in the order in which they are tried; `FOURFOLD_BROWSER` comes first.
NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "msedge", "brave-browser"),
)
_ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    # A report asks for nothing; should one do so all the same, it gets nothing.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_TIMEOUT_S = 120


def browser() -> str:
    """Return the program that prints.

    Raises
    ------
    FourfoldError
        If there is none, or `FOURFOLD_BROWSER` names none.
    """
    wanted = os.environ.get("FOURFOLD_BROWSER")
    names = [wanted] if wanted else [*NAMES, *_ELSEWHERE]
    if program := next(filter(None, map(shutil.which, names)), None):
        return program
    if wanted:
        raise FourfoldError(f"FOURFOLD_BROWSER: expected a program, found no {wanted!r}")
    raise FourfoldError(
        "pdf: expected a browser that prints, found no Chromium, Chrome, Edge or Brave; "
        "install one (Debian: apt-get install chromium), or name it in FOURFOLD_BROWSER"
    )


def print_all(reports: Sequence[Path], program: str) -> Iterator[Path]:
    """Print each report to ``report.pdf`` beside it; yield the files in the same order.

    As many at a time as this machine has cores.

    Raises
    ------
    FourfoldError
        If the browser fails; what was printed before is kept.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(partial(print_one, program=program), reports)


def print_one(report: Path, program: str) -> Path:
    """Print one report, and return the PDF."""
    target = report.with_suffix(".pdf")
    # A profile of its own: one that is open elsewhere would take the call over.
    with tempfile.TemporaryDirectory(prefix="fourfold-pdf-") as folder:
        made = Path(folder) / "report.pdf"
        own = [f"--user-data-dir={folder}", f"--print-to-pdf={made}"]
        # Chromium refuses its sandbox to root, which is who one is in a container.
        root = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
        call = [program, *_FLAGS, *root, *own, report.resolve().as_uri()]
        try:
            done = subprocess.run(call, capture_output=True, text=True, timeout=_TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FourfoldError(f"{report}: {program} did not print it: {error}") from error
        if not made.exists() or not made.read_bytes().startswith(b"%PDF"):
            said = last_line(done.stderr)
            raise FourfoldError(f"{report}: {program} did not print it: {said}")
        with whole_file(target) as unfinished:
            shutil.copyfile(made, unfinished)
    return target
