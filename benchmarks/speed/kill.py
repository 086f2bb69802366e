"""Thirty ``kill -9`` during a batch, then the same command: is each run finished exactly once?

``python benchmarks/speed/kill.py`` starts ``fourfold run`` and kills in turn a kernel, a zygote and
the runner, each at a random moment; a killed runner is started again by the same command. A record
that says ``ok`` counts as finished: it must never be written again and never be torn. Exit code 1
if one was, if a run is missing, or if a process or a folder is left at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from small import ours, project, stray

KINDS = ("kernel", "zygote", "runner")


class Records:
    """The records on disk: which are finished, and what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "outputs" / "short"
        self.finished: dict[str, str] = {}
        self.wrong: list[str] = []

    def look(self) -> None:
        """Compare what is there with what was."""
        now = {}
        for path in self.folder.glob("*/record.json"):
            try:
                content = path.read_text()
                if json.loads(content)["status"] == "ok":
                    now[path.parent.name] = content
            except FileNotFoundError:
                continue
            except ValueError:
                self.wrong.append(f"{path.parent.name}: torn")
        for name, content in self.finished.items():
            if now.get(name) != content:
                self.wrong.append(f"{name}: finished twice")
        self.finished = now


def start(root: Path) -> psutil.Popen:
    """Start the command."""
    call = [sys.executable, "-m", "fourfold", "run", "--workers", "2"]
    return psutil.Popen(call, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def victims(run: psutil.Popen, kind: str) -> list[psutil.Process]:
    """Return the living processes of a kind: a kernel leads a session of its own."""
    if kind == "runner":
        return [run]
    try:
        roots = run.children()
        kernels = [c for root in roots for b in root.children() for c in b.children()]
        branches = [branch for root in roots for branch in root.children()]
    except psutil.NoSuchProcess:
        return []
    return kernels if kind == "kernel" else [*roots, *branches]


def strike(run: psutil.Popen, kind: str, chance: random.Random) -> bool:
    """Kill one of a kind at a random moment; False if the command ended before."""
    time.sleep(chance.uniform(0.2, 2.0))
    while run.poll() is None:
        if found := victims(run, kind):
            try:
                chance.choice(found).kill()
            except psutil.NoSuchProcess:
                continue
            return True
        time.sleep(0.01)
    return False


def main() -> None:
    """Kill, run to the end, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance, before, folders = random.Random(args.seed), ours(), stray()
    with tempfile.TemporaryDirectory() as name:
        root = project(Path(name), args.runs, pause_s=0.7)
        records, run, commands, kills = Records(root), start(root), 1, 0
        while kills < args.kills:
            kind = KINDS[kills % len(KINDS)]
            kills += strike(run, kind, chance)
            records.look()
            if kind == "runner" or run.poll() is not None:
                run.wait()
                if len(records.finished) == args.runs:
                    break
                run, commands = start(root), commands + 1
        while run.wait() or len(records.finished) < args.runs:
            records.look()
            run, commands = start(root), commands + 1
            if commands > 2 * args.kills:
                break
        records.look()
    time.sleep(1)
    left = (ours() - before, stray() - folders)
    print(f"{kills} kills, {commands} commands: {len(records.finished)} of {args.runs} runs "
          f"finished, {len(records.wrong)} torn or finished twice")  # fmt: skip
    print("\n".join(records.wrong))
    print(f"processes left: {len(left[0])}; folders left: {len(left[1])}")
    bad = records.wrong or len(records.finished) < args.runs or kills < args.kills
    raise SystemExit(bool(bad or left[0] or left[1]))


if __name__ == "__main__":
    main()
