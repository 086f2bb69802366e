"""What do small edits of a sweep cost? ``python benchmarks/speed/edits.py [--runs N]``

Executes a sweep of short runs once. Then each edit that changes no result is made, by itself, and
one ``fourfold run`` follows: a key added with the value it had, keys of the grid in another order,
a comment and the layout of the template, the help of a parameter, a default that the config sets,
a threshold, the question. Exit code 1 if any run is executed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import keep, timed
from small import project


def edits(root: Path) -> dict[str, Callable[[], None]]:
    """Return the edits by their names, each to be made after those before it."""
    path, template = root / "params" / "short.yaml", root / "templates" / "short.ipynb"

    def config(change: Callable[[dict], None]) -> Callable[[], None]:
        def make() -> None:
            content = json.loads(path.read_text())
            change(content)
            path.write_text(json.dumps(content))

        return make

    def code(before: str, after: str) -> Callable[[], None]:
        def make() -> None:
            text = template.read_text()
            before_, after_ = (json.dumps(part)[1:-1] for part in (before, after))
            assert before_ in text
            template.write_text(text.replace(before_, after_))

        return make

    def grid(**keys: list) -> Callable[[dict], None]:
        def change(content: dict) -> None:
            content["sweep"]["grid"] = keys | content["sweep"]["grid"]

        return change

    return {
        "a key added with the value it had": config(grid(pause=[0.0])),
        "keys in another order": config(
            lambda c: c["sweep"].update(grid=dict(reversed(c["sweep"]["grid"].items())))
        ),
        "a comment in the code": code("values = np", "# a comment\nvalues = np"),
        "another layout": code("size=1000)", "size=1000\n)"),
        "the help of a parameter": code("# seed, 0..", "# random seed, 0..99999"),
        "a default that the config sets": code("seed: int = 0", "seed: int = 7"),
        "a threshold": config(lambda c: c.update(business={"success": {"mean": ">= -1"}})),
        "the question": config(lambda c: c["business"].update(question="Is it high?")),
    }


def executed(outputs: Path) -> dict[str, str]:
    """Return when each run was executed."""
    files = outputs.glob("*/*/record.json")
    records = (json.loads(file.read_text()) for file in files)
    return {str(record["parameters"]["seed"]): record["started_at"] for record in records}


def main() -> int:
    """Print seconds of each command, and how many runs it executed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    asked = parser.parse_args()
    figures: dict[str, object] = {"runs": asked.runs}
    again = 0
    with tempfile.TemporaryDirectory() as folder:
        root = project(Path(folder), asked.runs)
        command = ("-m", "fourfold", "run", "--workers", "2")
        seconds, _ = timed(*command, cwd=root)
        before = executed(root / "outputs")
        print(f"{'all runs, once':32} {seconds:7.1f} s, {len(before):,} executed")
        for name, make in edits(root).items():
            make()
            seconds, text = timed(*command, cwd=root)
            now = executed(root / "outputs")
            changed = sum(now.get(seed) != at for seed, at in before.items())
            again += changed + ("nothing to do" not in text)
            figures[name] = {"seconds": round(seconds, 1), "executed": changed}
            print(f"{name:32} {seconds:7.1f} s, {changed:,} executed", flush=True)
            before = now
    keep("edits", figures)
    return 1 if again else 0


if __name__ == "__main__":
    sys.exit(main())
