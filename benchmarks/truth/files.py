"""What a new user is told of each file of a folder: ``fourfold new`` and ``fourfold run``.

``python benchmarks/truth/files.py FOLDER`` copies the files into a project of their own, drafts a
config for each, runs it, and prints a line: the file, its kind (the template), the verdict, whether
a leak is told, and the answer or the error. Nothing is judged: what is right, only you know.
``--target claims=claims_eur`` names the column to predict of ``claims.csv``; without it, those in
`TARGETS` are taken, and other files are clustered or described.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from simulation import ROOT, keep

#: What is asked of files that are known.
TARGETS = {
    "bikes": "riders",
    "churn": "churn",
    "claims": "claims_eur",
    "customers": "left",
    "drift": "y",
    "flats": "price",
    "people": "ill",
    "prices": "price_eur",
    "shop": "spend",
    "shops": "sales",
}
ENDINGS = (".csv", ".csv.gz", ".tsv", ".parquet", ".json", ".jsonl", ".xlsx", ".txt")
WAIT = 900


def fourfold(project: Path, *words: str) -> tuple[int, str]:
    """Return the exit code of a command in the project, and what it printed."""
    command = [sys.executable, "-m", "fourfold", *words]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=WAIT)
    except subprocess.TimeoutExpired:
        return 1, f"no end after {WAIT} s"
    return done.returncode, done.stdout + done.stderr


def told(project: Path, file: Path, target: str) -> dict[str, str]:
    """Return the line of one file."""
    name = re.sub(r"[^a-z0-9_-]+", "-", file.name.split(".")[0].lower()).strip("-_") or "file"
    name = (
        f"{name}-{file.suffix[1:]}" if list((project / "params").glob(f"*/{name}.yaml")) else name
    )
    asked = ["--target", target] if target else []
    code, text = fourfold(project, "new", name, "--data", f"data/{file.name}", *asked)
    line = {"file": file.name, "kind": "", "verdict": "not drafted", "leak": "", "answer": text}
    if code:
        return line
    config = next((project / "params").glob(f"*/{name}.yaml"))
    _, text = fourfold(project, "run", str(config.relative_to(project)))
    line |= {"kind": config.parent.name, "verdict": "no record", "answer": text}
    for record in (project / "outputs").glob(f"*-{name}/*/record.json"):
        facts = json.loads(record.read_text(encoding="utf-8"))
        leaks = (facts.get("metrics", {}).get("leaks") or {}).get("value")
        failed = facts["status"] != "ok"
        line["verdict"] = facts["status"] if failed else facts.get("verdict", "")
        line["leak"] = "" if leaks is None else "told" if leaks else "none"
        line["answer"] = str(facts.get("error") if failed else facts.get("answer", ""))
    return line


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", action="append", default=[], metavar="FILE=COLUMN")
    parser.add_argument("--only", default="", help="files whose name holds this")
    options = parser.parse_args(given)
    targets = TARGETS | dict(pair.split("=", 1) for pair in options.target)
    files = [f for f in sorted(options.folder.iterdir()) if f.name.endswith(ENDINGS)]
    lines = []
    with TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(ROOT / "templates", project / "templates")
        for name in ("params", "data"):
            (project / name).mkdir()
        print(f"{'file':20} {'kind':15} {'verdict':13} {'leak':5} answer")
        for file in files:
            if options.only in file.name:
                shutil.copy(file, project / "data")
                line = told(project, file, targets.get(file.name.split(".")[0], ""))
                line["answer"] = " ".join(line["answer"].split())
                lines.append(line)
                parts = f"{line['file']:20} {line['kind']:15} {line['verdict']:13} {line['leak']:5}"
                print(f"{parts} {line['answer'][:110]}", flush=True)
    if not options.only:
        keep("files", lines)
    return 0 if lines else 1


if __name__ == "__main__":
    sys.exit(main())
