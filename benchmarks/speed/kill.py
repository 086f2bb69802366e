"""``kill -9`` and signals during a batch, then the same command: is each run finished once?

``python benchmarks/speed/kill.py`` starts ``fourfold run`` and kills in turn a kernel, a zygote and
the runner, 150 times, each at a random moment; then it sends the runner 60 times SIGINT or SIGTERM,
some of them twice. A runner that has ended is started again by the same command. A record that says
``ok`` counts as finished: it must never be written again and never be torn. At the end results and
pages are whole, and the command has nothing to do. Exit code 1 if not, if a run is missing, or if a
process or a folder is left.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from small import project

KINDS = ("kernel", "zygote", "runner")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
MARK = "FOURFOLD_KILL"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}


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


def start(root: Path, mark: str, **options: object) -> psutil.Popen:
    """Start the command, with a mark that all its processes inherit."""
    call = [sys.executable, "-m", "fourfold", "run", "--workers", "2"]
    env = {**os.environ, MARK: mark, "TMPDIR": str(root.parent / "t")}
    return psutil.Popen(call, cwd=root, env=env, **{**QUIET, **options})


def marked(mark: str) -> list[psutil.Process]:
    """Return the living processes of a mark."""
    alive = []
    for process in psutil.process_iter():
        try:
            ended = process.status() == psutil.STATUS_ZOMBIE
            if not ended and process.environ().get(MARK) == mark:
                alive.append(process)
        except psutil.Error:
            continue
    return alive


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
        if choice := victims(run, kind):
            try:
                chance.choice(choice).kill()
            except psutil.NoSuchProcess:
                continue
            return True
        time.sleep(0.01)
    return False


def stop(run: psutil.Popen, number: int, chance: random.Random) -> bool:
    """Send the runner a signal at a random moment, each fourth time two; False if it has ended."""
    time.sleep(chance.uniform(0.5, 2.5))
    if run.poll() is not None:
        return False
    for _ in range(1 + (number % 4 == 3)):
        if run.poll() is None:
            run.send_signal(SIGNALS[number % 2])
        time.sleep(0.1)
    return True


def not_whole(root: Path, runs: int) -> list[str]:
    """Return what is wrong with results and pages."""
    outputs, wrong = root / "outputs", []
    with (outputs / "results.csv").open(newline="") as handle:
        statuses = [row["status"] for row in csv.DictReader(handle)]
    if statuses != ["ok"] * runs:
        wrong.append(f"results.csv: {len(statuses)} rows, {statuses.count('ok')} ok")
    files = ("notebook.ipynb", "report.html", "record.json", "params.yaml")
    folders = list((outputs / "short").glob("seed=*"))
    wrong += [f"{f.name}: no {n}" for f in folders for n in files if not (f / n).is_file()]
    text = (outputs / "index.html").read_text()
    wrong += [] if text.rstrip().endswith("</html>") else ["index.html: torn"]
    return wrong + [f"{path}: left" for path in outputs.glob(".new")]


@dataclass
class Tally:
    """What was done to the command, and what came of it."""

    done: int = 0
    commands: int = 0
    runs: int = 0
    finished: int = 0
    left: int = 0
    wrong: list[str] = field(default_factory=list)


def batch(place: Path, runs: int, asked: argparse.Namespace, tally: Tally) -> None:
    """Kill and signal until a batch has finished, and judge it."""
    mark, chance = f"{os.getpid()}-{tally.runs}", random.Random(asked.seed + tally.runs)
    (temporary := place / "t").mkdir(parents=True)
    root = project(place / "p", runs, pause_s=0.7)
    records, run = Records(root), start(root, mark)
    commands = 1
    while tally.done < asked.kills + asked.signals and len(records.finished) < runs:
        kind = KINDS[tally.done % len(KINDS)] if tally.done < asked.kills else "signal"
        if kind == "signal":
            tally.done += stop(run, tally.done, chance)
        else:
            tally.done += strike(run, kind, chance)
        records.look()
        if kind in ("runner", "signal") or run.poll() is not None:
            run.wait()
            records.look()
            run, commands = start(root, mark), commands + 1
    while run.wait() or len(records.finished) < runs:
        records.look()
        run, commands = start(root, mark), commands + 1
        if commands > 2 * (asked.kills + asked.signals) + 2:
            break
    records.look()
    last = start(root, mark, stdout=subprocess.PIPE)
    said = last.communicate()[0].decode()
    idle = f"nothing to do: {runs:,} runs unchanged" in said
    tally.wrong += [*records.wrong, *not_whole(root, runs), *([] if idle else [said])]
    time.sleep(1)
    tally.left += len(marked(mark)) + len(list(temporary.glob("fourfold-*")))
    tally.commands += commands + 1
    tally.finished += len(records.finished)
    tally.runs += runs


def main() -> None:
    """Kill and signal, run to the end, and judge; in further batches until all is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--signals", type=int, default=60)
    parser.add_argument("--runs", type=int, default=500, help="of a batch")
    parser.add_argument("--seed", type=int, default=0)
    asked, tally = parser.parse_args(), Tally()
    # A shell lets what it starts in the background ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as name:
        while tally.done < asked.kills + asked.signals:
            runs = min(asked.runs, max(20, 5 * (asked.kills + asked.signals - tally.done)))
            batch(Path(name) / str(tally.runs), runs, asked, tally)
    kills = min(tally.done, asked.kills)
    print(f"{kills} kills, {tally.done - kills} signals, {tally.commands} commands: "
          f"{tally.finished} of {tally.runs} runs finished, {len(tally.wrong)} wrong")  # fmt: skip
    print("\n".join(tally.wrong))
    print(f"processes and folders left: {tally.left}")
    raise SystemExit(bool(tally.wrong or tally.finished < tally.runs or tally.left))


if __name__ == "__main__":
    main()
