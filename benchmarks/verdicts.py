"""The example and test notebooks of nbval and papermill: the verdicts that their authors intended.

``python benchmarks/verdicts.py`` fetches the source distributions of the installed versions from
the package index into a temporary folder, makes each notebook of ``verdicts.yaml`` ready as its
authors do, tests it with ``pytest --nbval`` and ``pytest --fourfold``, and prints which verdicts
are those of the authors. Exit code 1 if one of ours is neither theirs nor one that the table names
as a rule of ours. ``--only WORD`` tests some, ``--verbose`` prints what the cells say.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from authors import Case, Cells, Ready, read_table, ready

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "outputs" / "benchmarks" / "verdicts.json"
TOOLS = {"nbval": ("--nbval", "-p", "no:fourfold"), "fourfold": ("--fourfold",)}
NEEDED = ("sympy",)  # by nbval's notebooks
TIMEOUT_S = 280


def groups(items: Sequence[Ready]) -> Iterator[list[Ready]]:
    """Yield what one call of pytest can test: same tree, same options, no notebook twice."""

    def alike(item: Ready) -> tuple[str, ...]:
        written = item.case.notebook if item.case.how == "written" else ""
        return (item.case.package, written, *item.options)

    for _, group in groupby(sorted(items, key=alike), alike):
        yield list(group)


def test(tool: str, group: list[Ready], folder: Path, packages: Path) -> list[Cells]:
    """Return the verdicts of a tool on a fresh copy of the tree."""
    shutil.copytree(group[0].tree, folder)
    (folder / "empty.ini").write_text("[pytest]\n")
    file = folder / "verdicts.json"
    own = ("-p", "cell_verdicts", "--verdicts", str(file), "-p", "no:cacheprovider", "-q")
    paths = [str(item.path) for item in group]
    call = (*own, "-c", "empty.ini", "--rootdir", ".", *TOOLS[tool], *group[0].options, *paths)
    search = [str(ROOT / "benchmarks"), str(packages)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(search)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *call],
        **{"cwd": folder, "env": env, "capture_output": True, "text": True, "timeout": TIMEOUT_S},
    )
    if not file.exists():
        raise SystemExit(f"{tool} {' '.join(call)}:\n{done.stdout}{done.stderr}")
    found = json.loads(file.read_text())
    results = [found.get(str((folder / path).resolve()), {}) for path in paths]
    return [{int(n): tuple(verdict) for n, verdict in cells.items()} for cells in results]


def verdicts(items: Sequence[Ready], folder: Path) -> dict[int, dict[str, Cells]]:
    """Return the verdicts of all tools, by the identity of the item; two calls at a time."""
    found: dict[int, dict[str, Cells]] = {}
    work = [(tool, group) for group in groups(items) for tool in TOOLS]

    def call(number: int) -> list[Cells]:
        return test(*work[number], folder / f"call-{number}", folder / "packages")

    with ThreadPoolExecutor(2) as pool:
        for (tool, group), results in zip(work, pool.map(call, range(len(work))), strict=True):
            for item, cells in zip(group, results, strict=True):
                found.setdefault(id(item), {})[tool] = cells
    return found


def keep(results: Sequence[dict[str, Any]]) -> None:
    """Write every verdict to a file."""
    told = [
        {"notebook": f"{r['case'].package}: {r['case'].notebook}", "options": r["case"].options}
        | {tool: r[tool] for tool in TOOLS}
        for r in results
    ]
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(told, indent=1))


def shown(cells: Cells) -> str:
    """Return ``fail 3, 7`` or ``pass``."""
    failed = sorted(number for number, (outcome, _) in cells.items() if outcome == "failed")
    return f"fail {', '.join(map(str, failed))}" if failed else "pass" if cells else "none"


def judged(case: Case, cells: Cells) -> str:
    """Return whose verdict one of ours is: the authors', the issue's, or nobody's."""
    if case.agrees(cells):
        return "authors'"
    return "issue's" if case.agrees(cells, ours=True) else "WRONG"


def report(results: Sequence[dict[str, Any]], verbose: bool) -> int:
    """Print all verdicts; return how many of ours are wrong."""
    print(f"{'notebook':<58}{'authors':<21}{'nbval':<26}{'fourfold':<26}whose ours is")
    for result in results:
        case: Case = result["case"]
        wanted = f"{case.intended} {', '.join(map(str, sorted(case.fails)))}"
        told = [shown(result[tool]) for tool in TOOLS]
        whose = judged(case, result["fourfold"])
        name = f"{case.notebook.rpartition('/')[2]} ({case.how})"
        print(f"{name:<58}{wanted:<21}{told[0]:<26}{told[1]:<26}{whose}")
        for number, reason in case.issue.items() if whose == "issue's" else ():
            print(f"    cell {number}: {reason}")
        if verbose or whose == "WRONG":
            for number, (outcome, message) in result["fourfold"].items():
                first = [line for line in message.splitlines() if line.strip()][:4]
                if outcome != "passed":
                    print(f"    ours, cell {number} {outcome}: {' | '.join(first)[:300]}")
    return sum(judged(result["case"], result["fourfold"]) == "WRONG" for result in results)


def summary(results: Sequence[dict[str, Any]], skipped: Sequence[Case]) -> None:
    """Print how often each tool has the authors' verdict."""
    for tool in TOOLS:
        count = sum(result["case"].agrees(result[tool]) for result in results)
        print(f"{tool}: the authors' verdict on {count} of {len(results)}")
    named = sum(judged(result["case"], result["fourfold"]) == "issue's" for result in results)
    print(f"fourfold: another on {named}, by the rules named above")
    for case in skipped:
        print(f"not tested: {case.package} {case.notebook}: {case.source}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a word of the notebook's name")
    parser.add_argument("--verbose", action="store_true", help="what the cells that fail say")
    parser.add_argument("--keep", type=Path, help="where the notebooks are made, and stay")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="verdicts-"))
    # One of the notebooks calls ``python``, and means this one.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    cases = [case for case in read_table() if options.only in case.notebook]
    try:
        target = ("pip", "install", "--quiet", "--target", str(folder / "packages"), *NEEDED)
        subprocess.run([sys.executable, "-m", "uv", *target], check=True)
        items = ready([case for case in cases if case.intended != "skip"], folder)
        found = verdicts(items, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    results = [{"case": item.case, **found[id(item)]} for item in items]
    keep(results)
    wrong = report(results, options.verbose)
    summary(results, [case for case in cases if case.intended == "skip"])
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
