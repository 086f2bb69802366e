"""What a terminal shows of strangers' tables, as pictures: ``terminals.py FOLDER``.

Six files are written from seeds, and each is drafted by ``fourfold new`` on a real pseudo-terminal
of 100 columns, with the answers that somebody types. The files: German numbers and money; a title
and a row of units; identifiers and few classes; patients with several rows; days in order; a book
with two sheets.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from measure import ROOT
from render import render
from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 100, 300
Rng = np.random.Generator


def german(path: Path, rng: Rng) -> None:
    area = rng.uniform(30, 140, 200)
    rent = 9.5 * area + rng.normal(0, 60, 200)
    money = [f"{r:,.2f} EUR".translate(str.maketrans(",.", ".,")) for r in rent]
    size = [f"{a:.1f}".replace(".", ",") for a in area]
    days = pd.date_range("2024-01-01", periods=200).strftime("%d.%m.%Y")
    frame = pd.DataFrame({"Datum": days, "Fläche": size, "Miete": money, "Balkon": "ja"})
    frame["Balkon"] = rng.choice(["ja", "nein", "?"], 200, p=[0.5, 0.45, 0.05])
    frame.to_csv(path, sep=";", index=False, encoding="cp1252")


def units(path: Path, rng: Rng) -> None:
    rows = [
        f"{t:.1f},{p:.0f},{w:.2f}" for t, p, w in rng.normal([20, 1013, 4], [5, 8, 1], (150, 3))
    ]
    path.write_text(
        "Station north 2023,,\ntemperature,pressure,wind\nC,hPa,m/s\n" + "\n".join(rows)
    )


def churn(path: Path, rng: Rng) -> None:
    years = rng.integers(0, 12, 400)
    left = rng.random(400) < 1 / (1 + np.exp(years - 2))
    frame = pd.DataFrame({"customerId": [f"C{n:06}" for n in range(400)], "zip": "01234"})
    frame["zip"] = [f"0{n}" for n in rng.integers(1000, 9999, 400)]
    frame["years"], frame["plan"] = years, rng.choice(["basic", "plus", "family"], 400)
    frame["bill"] = [f"${value:,.2f}" for value in rng.gamma(3, 400, 400)]
    frame["churned"] = np.where(left, "yes", "no")
    frame.to_csv(path, index=False)


def patients(path: Path, rng: Rng) -> None:
    who = np.repeat(np.arange(60), 5)
    base = rng.normal(120, 12, 60)[who]
    frame = pd.DataFrame({"patient_id": who, "visit": np.tile(np.arange(1, 6), 60)})
    frame["age"] = rng.integers(30, 80, 60)[who]
    frame["pressure"] = (base + rng.normal(0, 4, 300)).round(0)
    frame["sugar"] = np.where(rng.random(300) < 0.03, 999, rng.normal(95, 10, 300).round(0))
    frame.to_csv(path, index=False)


def days(path: Path, rng: Rng) -> None:
    when = pd.date_range("2022-01-01", periods=500, freq="h")
    load = 50 + 12 * np.sin(np.arange(500) / 24 * 2 * np.pi) + rng.normal(0, 2, 500)
    frame = pd.DataFrame({"time": when, "temperature": rng.normal(12, 6, 500).round(1)})
    frame["load"] = load.round(2)
    frame.to_csv(path, index=False)


def book(path: Path, rng: Rng) -> None:
    spec = spec_from_file_location("books", ROOT / "tests" / "data" / "test_typed_files.py")
    assert spec
    assert spec.loader
    spec.loader.exec_module(tests := module_from_spec(spec))  # which writes workbooks by hand
    shops = rng.choice(["Rome", "Oslo", "Bern"], 120).tolist()
    rows = [["shop", "sold"], *map(list, zip(shops, rng.poisson(20, 120).tolist(), strict=True))]
    path.write_bytes(tests.workbook({"Cover": [["made from seeds"]], "Sales": rows}))


#: Of each picture: the file, what is asked for besides, and what is typed.
CASES: dict[str, tuple[str, Callable[[Path, Rng], None], list[str], str]] = {
    "german": ("miete.csv", german, ["--target", "Miete"], "\n\n"),
    "units": ("station.csv", units, [], "\n\n"),
    "identifiers": ("churn.csv", churn, [], "churnd\nchurned\nyes\n"),
    "groups": ("visits.csv", patients, ["--target", "pressure"], "\n\n"),
    "time": ("load.csv", days, ["--target", "load"], "\n\n"),
    "sheets": ("book.xlsx", book, [], "\n\n"),
}


def on_terminal(command: list[str], folder: Path, typed: str) -> str:
    """Return what a command writes to a terminal, with its colours."""
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        os.execvpe(
            command[0], command, {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    text, answers = b"", typed.splitlines()
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # the end of a terminal, on Linux
            break
        if not part:
            break
        text += part
        if text.endswith(b": ") and answers:
            os.write(terminal, f"{answers.pop(0)}\n".encode())
    os.waitpid(child, 0)
    return text.decode(errors="replace").replace("\r\n", "\n")


def picture(text: str, name: str, into: Path) -> list[Path]:
    """Write the picture of a terminal's text."""
    console = Console(record=True, width=COLUMNS, file=StringIO())
    console.print(Text.from_ansi(text))
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / f"{name}.html"
        page.write_text(console.export_html(inline_styles=True), encoding="utf-8")
        return render(page, into, 980, 1600)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    call = [sys.executable, "-m", "fourfold"]
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        subprocess.run([*call, "init", "."], cwd=project, check=True, capture_output=True)
        (project / "data").mkdir(exist_ok=True)
        for seed, (case, (file, write, asked, typed)) in enumerate(CASES.items()):
            write(project / "data" / file, np.random.default_rng(seed))
            words = ["new", case, "--data", f"data/{file}", *asked]
            text = f"$ fourfold {' '.join(words)}\n" + on_terminal([*call, *words], project, typed)
            for path in picture(text, case, options.folder):
                print(path)


if __name__ == "__main__":
    main()
