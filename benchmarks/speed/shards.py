"""Shards of a trivial sweep: ``python benchmarks/speed/shards.py [--runs 60] [--plan 100000]``.

Executes the same runs as 1, 2 and 4 shards at the same time, on two cores, and gathers each.
Prints runs a minute, and the CPU seconds of a run with its kernel. Then plans and divides a large
sweep, and gathers many results, which are copies of a real one: seconds, memory, files and bytes.
Exit code 1 if a run is missing or is there twice.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, keep, timed

sys.path.insert(0, str(ROOT / "tests"))
from tiny_project import CELLS, make_notebook

CORES = 2
COPIES = 2000
PLAN = """
import json, resource, sys, time
from pathlib import Path
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.run.shard_note import note_of
from fourfold.run.shards import Shard
root, began = Path.cwd(), time.process_time()
runs = plan([], root)
planned = time.process_time()
note, own = note_of(Shard(1, 100), [], runs, Project(root, root / "outputs"))
divided = time.process_time()
mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([planned - began, divided - planned, mb, len(own)]))
"""


def project(root: Path, runs: int) -> Path:
    """Write a sweep of so many trivial runs."""
    for folder in ("templates", "params"):
        (root / folder).mkdir(parents=True)
    (root / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    (root / "numbers.csv").write_text("n\n1\n")
    sweep = {"template": "tiny", "sweep": {"repeat": {"seed": runs}}}
    (root / "params" / "many.yaml").write_text(json.dumps(sweep))
    return root


def cpu_s() -> float:
    """Return the CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def executed(root: Path, runs: int, shards: int) -> dict[str, float]:
    """Execute all shards at the same time, gather them, and return what that took."""
    before, began = cpu_s(), time.perf_counter()
    call = [sys.executable, "-m", "fourfold", "run", "--quiet", "--workers"]
    call += [str(max(1, CORES // shards)), "--shard"]
    calls = [[*call, f"{number}/{shards}"] for number in range(1, shards + 1)]
    processes = [subprocess.Popen(each, cwd=root, stdout=subprocess.DEVNULL) for each in calls]
    codes = [process.wait() for process in processes]
    wall = time.perf_counter() - began
    cpu = cpu_s() - before
    gather, said = timed("-m", "fourfold", "gather", "--json", cwd=root)
    result = json.loads(said)
    if any(codes) or len(result["new"]) != runs or result["missing"] or result["notes"]:
        sys.exit(f"{shards} shards: exit codes {codes}, {said}")
    records = [json.loads(p.read_text()) for p in root.glob("outputs/many/*/record.json")]
    kernels = sum(record["cost"]["cpu_s"] for record in records)
    return {
        "seconds": round(wall, 1),
        "runs a minute": round(60 * runs / wall),
        "CPU seconds of all commands": round(cpu, 1),
        "CPU seconds a run of its kernel": round(kernels / runs, 2),
        "gathered in seconds": round(gather, 1),
    }


def copied(root: Path) -> dict[str, float]:
    """Gather many results, which are copies of a real one."""
    own = project(root / "copies", COPIES)
    source = next(root.glob("*/outputs/shards/1-of-1/many/seed=0"))
    for number in range(4):
        shard = own / "outputs" / "shards" / f"{number + 1}-of-4"
        for seed in range(number, COPIES, 4):
            target = shard / "many" / f"seed={seed}"
            shutil.copytree(source, target)
            record = json.loads((target / "record.json").read_text())
            record["run_id"], record["parameters"]["seed"] = target.name, seed
            (target / "record.json").write_text(json.dumps(record, indent=1))
        note = json.loads((source.parents[1] / "shard.json").read_text())
        note |= {"shard": number + 1, "of": 4, "root": str(own), "outputs": str(shard)}
        (shard / "shard.json").write_text(json.dumps(note))
    before = cpu_s()
    first, _ = timed("-m", "fourfold", "gather", "--json", cwd=own, codes=(0, 1))
    between = cpu_s()
    again, _ = timed("-m", "fourfold", "gather", "--json", cwd=own, codes=(0, 1))
    files = [path for path in own.glob("outputs/many/*/**/*") if path.is_file()]
    return {
        "results": COPIES,
        "gathered in seconds": round(first, 1),
        "CPU": round(between - before, 1),
        "gathered again in seconds": round(again, 1),
        "CPU again": round(cpu_s() - between, 1),
        "files a run": round(len(files) / COPIES, 1),
        "kB a run": round(sum(path.stat().st_size for path in files) / COPIES / 1000, 1),
        "page of all runs, MB": round((own / "outputs" / "index.html").stat().st_size / 1e6, 2),
    }


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--plan", type=int, default=100_000)
    asked = parser.parse_args()
    figures: dict[str, object] = {"load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for shards in (1, 2, 4):
            own = project(root / str(shards), asked.runs)
            figures[f"{shards} shards"] = executed(own, asked.runs, shards)
            print(f"{shards} shards: {figures[f'{shards} shards']}", flush=True)
        figures["copies"] = copied(root)
        print(f"copies: {figures['copies']}", flush=True)
        large = project(root / "large", asked.plan)
        _, said = timed("-c", PLAN, cwd=large)
        names = ("CPU seconds to plan", "to divide", "MB", "runs of the first of 100")
        figures["plan"] = dict(zip(names, (round(n, 1) for n in json.loads(said)), strict=True))
        print(f"plan of {asked.plan:,} runs: {figures['plan']}")
    keep("shards", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
