"""Fourfold against what people use today, on the same notebooks and parameters.

``python benchmarks/speed/batches.py`` times whole commands in rounds, each way once a round, so
that a busy moment of the machine meets all of them, with the environment as it is: papermill's
command in a loop, its function in a loop, ploomber-engine, and ``fourfold run`` with one and two
workers, cold and warm; and the floor, the pure time of the cells (see floor.py). It prints medians
and ratios and keeps every figure in ``outputs/benchmarks/batches.json``. Two sets of notebooks:

- ``params``: all of params/ but the flights;
- ``nine``: a notebook of nine cells, of which 2 and 12 runs are timed; a tenth of the difference
  is what one more run costs.

ploomber-engine is installed into a temporary folder (needs the package index); the rest is here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from measure import ROOT, keep, timed

HERE = Path(__file__).parent
PLOOMBER = ("ploomber-engine==0.0.33", "ploomber-core", "debuglater", "parso")
PLOOMBER += ("posthog", "backoff", "distro")
LOOPS = {
    "papermill command": "command",
    "papermill function": "function",
    "ploomber-engine": "ploomber",
}
OURS = {
    "fourfold, 1 worker, cold": ("1", "1"),
    "fourfold, 2 workers, cold": ("2", "1"),
    "fourfold, 1 worker, warm": ("1", ""),
    "fourfold, 2 workers, warm": ("2", ""),
}
BEST = "fourfold, 2 workers, warm"


class Bench:
    """Commands on one project, timed."""

    def __init__(self, root: Path, paths: list[str], folder: Path, library: Path) -> None:
        self.root, self.paths, self.folder = root, paths, folder
        self.env = dict(os.environ)
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles at every start
        self.env |= {"PLOOMBER_STATS_ENABLED": "false", "FOURFOLD_ARTIFACTS": str(folder)}
        self.with_ploomber = {**self.env, "PYTHONPATH": str(library)}
        self.floors: list[dict[str, float]] = []
        self.cells: list[float] = []

    def call(self, env: dict[str, str], *arguments: str) -> tuple[float, str]:
        """Return seconds and output of one command."""
        return timed(*arguments, cwd=self.root, env=env)

    def run(self, workers: str, cold: str) -> float:
        """Time ``fourfold run``."""
        env = {**self.env, "FOURFOLD_COLD": cold}
        options = ("--force", "--workers", workers, "--outputs", str(self.folder))
        seconds = self.call(env, "-m", "fourfold", "run", *self.paths, *options)[0]
        if (workers, cold) == ("1", ""):
            records = [json.loads(p.read_text()) for p in self.folder.glob("*/*/record.json")]
            self.cells.append(sum(sum(record["sections"].values()) for record in records))
        return seconds

    def loop(self, way: str) -> float:
        """Time one of the ways of loops.py, on the parameters that a run left."""
        env = self.with_ploomber if way == "ploomber" else self.env
        files = (str(HERE / "loops.py"), way, str(self.root), str(self.folder))
        return self.call(env, *files)[0]

    def floor(self) -> float:
        """Return the pure seconds of all runs on one core."""
        folder = str(self.folder / "floor")
        files = (str(HERE / "floor.py"), str(self.root), folder, *self.paths)
        one_core = {**self.env, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        found: dict[str, float] = json.loads(self.call(one_core, *files)[1].splitlines()[-1])
        self.floors.append(found)
        return sum(found.values())

    def round(self, quick: bool = False) -> dict[str, float]:
        """Time every way once, or only the two that matter most."""
        if quick:
            return {BEST: self.run(*OURS[BEST]), "floor, one core": self.floor()}
        times = {name: self.run(*how) for name, how in OURS.items()}
        times |= {name: self.loop(way) for name, way in LOOPS.items()}
        return {"floor, one core": self.floor(), **times}


@contextmanager
def ploomber() -> Iterator[Path]:
    """Install ploomber-engine where nothing else sees it."""
    with tempfile.TemporaryDirectory() as folder:
        call = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*call, "--target", folder, *PLOOMBER], check=True)
        yield Path(folder)


def nine(folder: Path, runs: int) -> Path:
    """Make the project of the nine-cell notebook, with so many runs."""
    for name in ("templates", "params"):
        (folder / name).mkdir(parents=True)
    shutil.copy(HERE / "nine.ipynb", folder / "templates" / "nine.ipynb")
    sweep = {"template": "nine", "sweep": {"grid": {"seed": list(range(runs))}}}
    (folder / "params" / "nine.yaml").write_text(json.dumps(sweep))
    return folder


def show(title: str, rounds: list[dict[str, float]], cores: int = 2) -> None:
    """Print medians, and each against Fourfold warm with two workers."""
    print(f"\n{title} (medians of {len(rounds)}; each as a multiple of {BEST!r})")
    for name in rounds[0]:
        seconds = median(times[name] for times in rounds)
        ratio = median(times[name] / times[BEST] for times in rounds)
        print(f"  {name:28} {seconds:7.2f} s  {ratio:6.2f} x")
    above = median(times[BEST] * cores / times["floor, one core"] for times in rounds)
    print(f"  {BEST} is {above:.2f} x the floor on {cores} cores")


def one_more(
    few: list[dict[str, float]], many: list[dict[str, float]], benches: list[Bench]
) -> None:
    """Print what one more run costs, and how much of it is not its cells."""
    print("\none more nine-cell run costs")
    cost = {}
    for way in few[0]:
        cost[way] = median((b[way] - a[way]) / 10 for a, b in zip(few, many, strict=True))
        print(f"  {way:28} {cost[way]:7.2f} s")
    pairs = zip(benches[0].cells, benches[1].cells, strict=True)
    cells = median((b - a) / 10 for a, b in pairs)
    warm = cost["fourfold, 1 worker, warm"]
    print(f"  a warm run takes {warm - cells:.2f} s over the {cells:.2f} s of its own cells,")
    print(f"  and {warm - cost['floor, one core']:.2f} s over the floor")


def main() -> None:
    """Time both sets and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["params", "nine"])
    parser.add_argument("--quick", action="store_true", help="only our best, and the floor")
    args = parser.parse_args()
    kept: dict[str, list[dict[str, float]]] = {}
    with ploomber() as library, tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if args.only != "nine":
            configs = sorted((ROOT / "params").rglob("*.yaml"))
            paths = [str(path) for path in configs if path.stem != "flights"]
            bench = Bench(ROOT, paths, place / "params-outputs", library)
            kept["params"] = [bench.round(args.quick) for _ in range(args.rounds)]
            show(f"{len(paths)} configs of params/", kept["params"])
        if args.only != "params":
            few, many = (nine(place / f"nine-{runs}", runs) for runs in (2, 12))
            benches = [Bench(root, ["params"], root / "outputs", library) for root in (few, many)]
            labels = ("2 nine-cell runs", "12 nine-cell runs")
            for label, bench in zip(labels, benches, strict=True):
                kept[label] = [bench.round() for _ in range(args.rounds)]
                show(label, kept[label])
            one_more(kept[labels[0]], kept[labels[1]], benches)
    file = keep("batches", kept)
    print(f"\nall figures: {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
