"""``fourfold regress`` against plain nbval, on all of notebooks/: seconds of whole commands.

``python benchmarks/speed/regress.py`` times each way once a round, so that a busy moment of the
machine meets all of them, and prints medians and ratios; then, how soon the death of a kernel is
told. Every figure is kept in ``outputs/benchmarks/regress.json``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median

import nbformat
from measure import ROOT, keep, timed

NBVAL = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings=")
OURS = ("-m", "fourfold", "regress")
WAYS = {
    "plain nbval": (*NBVAL, "--nbval", "notebooks"),
    "nbval, xdist, 2 workers, by file": (*NBVAL, "--nbval", "-n2", "--dist=loadfile", "notebooks"),
    "fourfold regress, 1 worker": (*OURS, "--workers", "1"),
    "fourfold regress, 2 workers": (*OURS, "--workers", "2"),
    "fourfold regress -n 2 (xdist)": (*OURS, "-n2"),
}
BEST = "fourfold regress, 2 workers"


def seconds(arguments: tuple[str, ...], cwd: Path = ROOT, codes: tuple[int, ...] = (0,)) -> float:
    env = {**os.environ, "FOURFOLD_ARTIFACTS": tempfile.mkdtemp()}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return timed(*arguments, cwd=cwd, env=env, codes=codes)[0]


def dead_kernel() -> float:
    """Seconds that a kernel's death adds to a notebook of one cell."""
    spent = []
    for source in ("1 + 1", "import os; os._exit(9)"):
        folder = Path(tempfile.mkdtemp())
        cell = nbformat.v4.new_code_cell(source, execution_count=1, metadata={"tags": []})
        notebook = nbformat.v4.new_notebook(cells=[cell])
        nbformat.write(notebook, folder / "a.ipynb")
        spent.append(seconds((*OURS, "a.ipynb"), folder, (0, 1)))
    return spent[1] - spent[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="only plain nbval and our best")
    options = parser.parse_args()
    ways = {n: w for n, w in WAYS.items() if not options.quick or n in (BEST, "plain nbval")}
    # nbval says of pictures of our own kind that they differ, where a reference is older: 1 is fine
    spent = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            spent[name].append(seconds(way, codes=(0, 1) if "nbval" in name else (0,)))
    dead = [dead_kernel() for _ in range(options.rounds)]
    keep("regress", {"seconds": spent, "dead kernel": dead})
    best = median(spent[BEST])
    print(f"all of notebooks/ (medians of {options.rounds}; as a multiple of {BEST!r})")
    for name, values in spent.items():
        print(f"  {name:<34}{median(values):7.2f} s  {median(values) / best:6.2f} x")
    print(f"  the death of a kernel costs {median(dead):.2f} s")


if __name__ == "__main__":
    main()
