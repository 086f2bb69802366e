"""Seconds to plan a sweep of 10,000 runs, and to find all of them unchanged.

``python benchmarks/speed/planner.py`` makes a project with the clustering template in a temporary
folder, executes one run of a sweep for real, gives every other run a copy of its record (with the
run's own parameters), and times whole commands, imports included: ``fourfold plan``, whose table
goes to a file, and ``fourfold run``, which has nothing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

from measure import ROOT, timed

from fourfold.plan.plan import plan
from fourfold.records.record import read_record

CONFIG = """\
template: clustering
business: {{question: Which sizes and seeds?, success: {{stability: ">= 0.75"}}}}
parameters: {{data: penguins, contract: contracts/penguins.yaml}}
sweep: {{grid: {{seed: {seeds}, k_max: [4, 5, 6, 7, 8], scaler: [standard, robust]}}}}
"""


def project(folder: Path, runs: int) -> Path:
    """Make a project whose only config is a sweep of so many runs."""
    for name in ("templates", "contracts"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "params").mkdir()
    config = CONFIG.format(seeds=list(range(runs // 10)))
    (folder / "params" / "sweep.yaml").write_text(config)
    return folder


def command(root: Path, *arguments: str) -> tuple[float, str]:
    """Return seconds and output of one command."""
    return timed("-m", "fourfold", *arguments, cwd=root)


def fill(root: Path) -> None:
    """Give every run the record, notebook and report of the one that was executed."""
    specs = plan([], root)
    first = root / "outputs" / "sweep" / specs[0].run_id
    record = read_record(first / "record.json")
    for spec in specs[1:]:
        folder = first.with_name(spec.run_id)
        folder.mkdir()
        own = replace(record, run_id=spec.run_id, parameters=spec.parameters)
        (folder / "record.json").write_text(json.dumps(asdict(own), indent=1))
        for name in ("notebook.ipynb", "report.html"):
            os.link(first / name, folder / name)


def main() -> None:
    """Print the median and all times of both commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000, help="a multiple of ten")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = project(Path(name), args.runs)
        plans = [command(root, "plan") for _ in range(args.repeats)]
        assert f"{args.runs:,} runs of 1 config, all checked" in plans[0][1]
        command(root, "run", "--only", "run~seed=0,k_max=4,scaler=standard")
        fill(root)
        checks = [command(root, "run") for _ in range(args.repeats)]
        assert f"nothing to do: {args.runs:,} runs unchanged" in checks[0][1]
    for label, times in (("plan", plans), ("find all unchanged", checks)):
        seconds = [second for second, _ in times]
        told = ", ".join(f"{second:.2f}" for second in seconds)
        print(f"{label} {args.runs:,} runs: median {median(seconds):.2f} s ({told})")


if __name__ == "__main__":
    main()
