"""Times of the README's two commands on a fresh clone with an empty home folder.

``python benchmarks/speed/install.py`` clones the committed state into a temporary folder, gives
each command a home of its own without any cache, runs both, each a second time, and prints seconds.
``--python /usr/bin/python3.11`` starts from another Python, such as one that refuses ``pip
install`` outside a virtual environment. Needs git and the package index.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from measure import ROOT

# What would let a clone profit from, or stumble over, the caches and environments of this user.
PERSONAL = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "UV_CACHE_DIR", "PIP_CACHE_DIR")


@dataclass(frozen=True)
class Timing:
    """One execution of one command: `duration_s` is wall time in seconds, `code` its exit code."""

    label: str
    duration_s: float
    code: int
    output: str


def readme_commands() -> list[str]:
    """The README's commands that start from a bare machine: to run params/, and to test."""
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [" ".join(line.split()) for line in lines if "-m venv" in line]


def bare_environment(home: Path, python: Path) -> dict[str, str]:
    """Environment with the empty folder `home` as home and `python` as the first ``python3``."""
    tools = home.parent / f"{home.name}-bin"
    home.mkdir()
    tools.mkdir()
    # A script, for a link would make the environments believe that Python lives here.
    (tools / "python3").write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    (tools / "python3").chmod(0o755)
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in PERSONAL and not key.startswith("XDG_")
    }
    return {**kept, "HOME": str(home), "PATH": f"{tools}{os.pathsep}{kept['PATH']}"}


def timed(label: str, command: str, clone: Path, environment: dict[str, str]) -> Timing:
    """Run `command` in the folder `clone` by a plain shell."""
    started = time.perf_counter()
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Timing(label, time.perf_counter() - started, done.returncode, done.stdout)


def measure(label: str, command: str, folder: Path, python: Path) -> list[Timing]:
    """Clone into a new folder, with a space in its name, and run `command` twice."""
    clone = folder / f"a clone to {label}"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = bare_environment(folder / f"home-{label}", python)
    return [timed(f"{label}, {nth}", command, clone, environment) for nth in ("first", "again")]


def main() -> None:
    """Measure both commands; exit code 1, and the output, if one fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, default=Path(sys.executable).resolve())
    parser.add_argument("--only", choices=["run", "test"], help="one of the two commands")
    parser.add_argument("--verbose", action="store_true", help="print what the commands print")
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        for label, command in zip(("run", "test"), readme_commands(), strict=True):
            if args.only in (None, label):
                for timing in measure(label, command, Path(name), args.python):
                    print(f"{timing.label}: {timing.duration_s:.1f} s, exit {timing.code}")
                    failed |= timing.code != 0
                    if timing.code or args.verbose:
                        print(timing.output)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
