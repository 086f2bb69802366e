"""What a test of notebooks catches: edits that change results, and edits that must not matter.

``python benchmarks/mutations/study.py`` edits both templates at random but reproducibly. 40 edits
of each change what the notebook shows, which is verified by executing it: outputs differ, byte for
byte, from those of the unchanged template (which is deterministic, pictures included), a cell
raises (at most a fifth of them) or is gone. 24 others must not matter: no output differs but what
the edit itself prints, such as a duration, of which the reference keeps another execution's.

Every tool then tests every mutant in a project of its own: plain nbval, nbval with our sanitizing
file, nbmake, and ``fourfold regress``. Ours tests the edited template against the reference. The
others test a reference's own code, so they get the reference with the same edit in its code and
its outputs left alone; a deleted cell is gone with its outputs, as a notebook editor leaves it.

It prints the share caught and the share of false alarms with 95 % intervals (Wilson 1927, JASA
22, p. 209), and what ours missed or complained of, with its diff. Every figure is kept in
``outputs/benchmarks/mutations.json``. nbmake is installed into a temporary folder (needs the
package index).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import breaking
import numpy as np
from harmless import Harmless, every
from mutants import Edit, edits
from trials import (
    OURS,
    ROOT,
    TOOLS,
    Base,
    Trial,
    Verdict,
    check_breaking,
    check_harmless,
    read_base,
    sanitized,
    verdict,
)

from fourfold.methods.intervals import wilson

KEPT = ROOT / "outputs" / "benchmarks" / "mutations.json"
# The quickest config of each template.
CONFIGS = {
    "clustering": "params/clustering/penguins.yaml",
    "starter": "params/starter/nba-salary.yaml",
}
NBMAKE = "nbmake==1.5.5"
_TRIES = 8
"""Candidates in a row that an operator may lose before it is left out of a round."""

Check = Callable[[Any], Trial | None]


def draw_breaking(
    base: Base, count: int, seed: int, only: Sequence[str], pool: ThreadPoolExecutor, folder: Path
) -> tuple[list[Trial], Counter[str]]:
    """Return mutants whose outputs differ, at most a fifth of which raise; and what was discarded.

    Discarded are edits that change nothing that the notebook shows.
    """
    queues: dict[str, list[Edit]] = {}
    for operators, parameters in ((breaking.OF_PARAMETERS, True), (breaking.OF_CODE, False)):
        for operator in operators:
            name = operator.__name__.replace("_", " ")
            rng = _rng(seed, name, base.name)
            found = edits(name, operator, base.template, base.facts, rng, parameters)
            queues[name] = [*queues.get(name, []), *found]
    crashes = 0

    def fair(trial: Trial) -> bool:
        nonlocal crashes
        crashes += "error" in trial.places
        return "error" not in trial.places or crashes <= count // 5

    def check(edit: Edit) -> Trial | None:
        return check_breaking(base, edit, folder)

    return _drawn(_only(queues, only), check, fair, count, pool)


def draw_harmless(
    base: Base, count: int, seed: int, only: Sequence[str], pool: ThreadPoolExecutor, folder: Path
) -> tuple[list[Trial], Counter[str]]:
    """Return mutants whose outputs are the same but for what the edit itself prints."""
    queues = every(base.template, base.facts, lambda name: _rng(seed, name, base.name))

    def check(harmless: Harmless) -> Trial | None:
        return check_harmless(base, harmless, folder)

    return _drawn(_only(queues, only), check, lambda trial: True, count, pool)


def _rng(seed: int, *names: str) -> np.random.Generator:
    """Return numbers of one operator's own, so that a new one leaves the others as they are."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def _only(queues: Mapping[str, list[Any]], only: Sequence[str]) -> dict[str, list[Any]]:
    return {name: list(queue) for name, queue in queues.items() if not only or name in only}


def _drawn(
    queues: dict[str, list[Any]],
    check: Check,
    fair: Callable[[Trial], bool],
    count: int,
    pool: ThreadPoolExecutor,
) -> tuple[list[Trial], Counter[str]]:
    """Take one mutant of each operator after the other, until there are enough."""
    found: list[Trial] = []
    discarded: Counter[str] = Counter()
    while any(queues.values()) and len(found) < count:
        waiting, tries = [name for name in queues if queues[name]], 0
        while waiting and tries < _TRIES and len(found) < count:
            tries += 1
            now, later = waiting[: count - len(found)], waiting[count - len(found) :]
            candidates = [queues[name].pop(0) for name in now]
            for name, trial in zip(now, pool.map(check, candidates), strict=True):
                if trial is not None and fair(trial):
                    found.append(trial)
                else:
                    discarded[name] += 1
                    later.append(name)
            waiting = [name for name in later if queues[name]]
    return found, discarded


def share(hits: int, count: int) -> str:
    """Return ``39/40  97.5 % (87.1 to 99.6)``."""
    low, high = wilson(hits, count) if count else (0.0, 1.0)
    percent = 100 * hits / count if count else 0.0
    return f"{hits}/{count} {percent:5.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def control(base: Base) -> Trial:
    """Return the unchanged template and its reference, which every tool must pass."""
    own = (base.template, base.reference, base.reference, base.outputs, (), ())
    return Trial(base, "unchanged", True, "", *own)


def judged(
    tools: Sequence[str], trial: Trial, folder: Path, library: Path, keep: bool
) -> dict[str, Verdict]:
    """Return what each tool says of a mutant."""
    found: dict[str, Verdict] = {}
    for tool in tools:
        known = sanitized(found["nbval"], trial) if tool == "nbval, sanitizing" else None
        found[tool] = known or verdict(tool, trial, folder, library)
    if not keep:
        shutil.rmtree(folder / trial.name)
    return found


def told(trial: Trial, verdicts: dict[str, Verdict]) -> dict[str, Any]:
    """Return what is kept of a trial."""
    return {
        "template": trial.base.name,
        "name": trial.name,
        "operator": trial.operator,
        "harmless": trial.harmless,
        "places": trial.places,
        "cells": trial.cells,
        "diff": trial.diff,
        "verdicts": {tool: asdict(verdict) for tool, verdict in verdicts.items()},
    }


def hits(results: Sequence[dict[str, Any]], tool: str) -> str:
    """Return the share of trials that a tool failed."""
    failed = [result["verdicts"][tool]["failed"] for result in results]
    return share(sum(failed), len(failed))


def show(results: Sequence[dict[str, Any]], tools: Sequence[str]) -> None:
    """Print shares by template and tool, counts by operator, and our mistakes."""
    for harmless, title in ((False, "caught"), (True, "false alarms")):
        chosen = [r for r in results if r["harmless"] is harmless]
        names = list(dict.fromkeys(r["template"] for r in chosen))
        print(f"\n{title}")
        for name in [*names, "all"] if len(names) > 1 else names:
            part = [r for r in chosen if name in ("all", r["template"])]
            for tool in tools:
                print(f"  {name:12}{tool:20}{hits(part, tool)}")
        _show_groups(chosen, tools)
    for result in results:
        if OURS in tools and result["verdicts"][OURS]["failed"] is result["harmless"]:
            print(f"\n{'FALSE ALARM' if result['harmless'] else 'MISSED'} {result['name']}")
            print(f"outputs differ in {', '.join(result['cells']) or 'nothing'}")
            print(result["diff"])
            print(result["verdicts"][OURS]["told"])


def _show_groups(results: Sequence[dict[str, Any]], tools: Sequence[str]) -> None:
    groups: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault(result["operator"], []).append(result)
    for result in results:
        if not result["harmless"]:
            where = "/".join(result["places"])
            groups.setdefault(f"(differs in {where})", []).append(result)
    print(f"  {'':34}" + "".join(f"{tool:>20}" for tool in tools))
    for name, group in groups.items():
        counts = [sum(r["verdicts"][tool]["failed"] for r in group) for tool in tools]
        print(f"  {name:34}" + "".join(f"{f'{n} of {len(group)}':>20}" for n in counts))


def install_nbmake(folder: Path) -> Path:
    """Install nbmake where nothing else sees it; all that it needs is here."""
    call = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*call, "--target", str(folder / "nbmake"), NBMAKE], check=True)
    return folder / "nbmake"


def trials(name: str, options: argparse.Namespace, pool: Any, folder: Path) -> list[Trial]:
    """Return the mutants of a template."""
    base = read_base(ROOT, name, CONFIGS[name], folder / "bases")
    found = []
    for draw, count in ((draw_breaking, options.edits), (draw_harmless, options.harmless)):
        drawn, discarded = draw(base, count, options.seed, options.only, pool, folder)
        found += [replace(trial, number=number) for number, trial in enumerate(drawn, 1)]
        told = ", ".join(f"{name} {count}" for name, count in discarded.items())
        print(f"{name}: {len(drawn)} edits; discarded as equivalent or too slow: {told}")
    return [control(base), *found]


def keep(seed: int, results: Sequence[dict[str, Any]]) -> None:
    """Write what was found; other templates keep what an earlier run of the same seed found."""
    now = {result["template"] for result in results}
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    others = before.get("trials", []) if before.get("seed") == seed else []
    trials = [trial for trial in others if trial["template"] not in now] + [*results]
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({"seed": seed, "trials": trials}, indent=1))


def run(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Draw mutants, and let every tool judge them, as many at a time as there are workers."""
    tools = [tool for tool in TOOLS if tool in (options.tool or TOOLS)]
    if "nbval, sanitizing" in tools and "nbval" not in tools:
        tools.insert(0, "nbval")
    library = install_nbmake(folder) if "nbmake" in tools else folder
    results = []
    (folder / "bases").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.workers) as pool:
        for name in options.template or CONFIGS:
            started = time.monotonic()
            drawn = trials(name, options, pool, folder)
            first, *others = drawn
            verdicts = judged(tools, first, folder, library, options.keep)
            for tool in tools:
                if verdicts[tool].failed:
                    raise SystemExit(f"{tool} fails unchanged:\n{verdicts[tool].told}")
            done = pool.map(lambda t: judged(tools, t, folder, library, options.keep), others)
            results += [told(*pair) for pair in zip(others, done, strict=True)]
            print(f"{name}: {time.monotonic() - started:.0f} s")
            keep(options.seed, results)
    show(results, tools)
    return results


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", action="append", choices=list(TOOLS))
    parser.add_argument("--template", action="append", choices=list(CONFIGS))
    parser.add_argument("--only", action="append", default=[], metavar="OPERATOR")
    parser.add_argument("--edits", type=int, default=40, help="that change results, a template")
    parser.add_argument("--harmless", type=int, default=24, help="that must not matter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the projects there")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if options.keep:
        options.keep.mkdir(parents=True)
        run(options, options.keep.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        run(options, Path(folder))


if __name__ == "__main__":
    main()
