"""Fuzz what Fourfold reads: ``python tests/fuzz/run.py [--inputs N] [--kind KIND] [--seed N]``.

Each input goes through all that the commands do with its kind. Right is a result, or an error that
Fourfold raises on purpose. Wrong are any other exception, more than 2 seconds, and more than 500 MB.
What is wrong is grouped by the place where it came up; the exit code is 1 if anything is.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

LIMIT_S, LIMIT_MB = 2.0, 500


class TooLong(BaseException):
    """An input took more than its time; no handler may take it for an error."""


def project() -> Path:
    """A project with a template, a table and a base config, in a temporary folder."""
    from fourfold.plan.template import library
    from tiny_project import CELLS, make_notebook

    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for name in ("templates", "params", "outputs/a/default", "contracts", "data"):
        (root / name).mkdir(parents=True)
    (root / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    shutil.copy(library() / "starter.ipynb", root / "templates")
    (root / "numbers.csv").write_text("n\n1\n2\n")
    (root / "params" / "_base.yaml").write_text("template: tiny\n")
    (root / "params" / "b.yaml").write_text("template: tiny\nparameters: {data: numbers.csv}\n")
    return root


def config(root: Path, data: bytes) -> None:
    """As `fourfold plan` and `run` read it."""
    from fourfold.plan.plan import plan
    from fourfold.run.prepare import as_yaml

    (root / "params" / "a.yaml").write_bytes(data)
    for run in plan([str(root / "params" / "a.yaml")], root):
        as_yaml(run.parameters)
        json.dumps(run.to_json(), ensure_ascii=False).encode()


def template(root: Path, data: bytes) -> None:
    """As `fourfold check` and `plan` read it."""
    from fourfold.author.lint import check_templates
    from fourfold.plan.plan import plan

    path = root / "templates" / "odd.ipynb"
    path.write_bytes(data)
    (root / "params" / "c.yaml").write_text("template: odd\nparameters: {data: numbers.csv}\n")
    for violation in check_templates([path], root):
        str(violation)
    plan([str(root / "params" / "c.yaml")], root)


def record(root: Path, data: bytes) -> None:
    """As `run`, `compare`, `view` and the page of all runs read it."""
    from fourfold.records.record import find_record
    from fourfold.report import overview, side_by_side
    from fourfold.report.report import write_skipped

    path = root / "outputs" / "a" / "default" / "record.json"
    path.write_bytes(data)
    overview.write_results(root / "outputs")
    entries = overview.entries(root / "outputs")
    side_by_side.as_json(entries, side_by_side.metrics_of(entries, []))
    if (known := find_record(path.parent)) is not None:
        write_skipped(path.parent, known)


def contract(root: Path, data: bytes) -> None:
    """As `ff.ingest` and `fourfold check` read it."""
    import pandas as pd

    from fourfold.data.contract import check

    (root / "contracts" / "a.yaml").write_bytes(data)
    frame = pd.DataFrame({"species": ["Adelie"], "island": ["Biscoe"], "body_mass_g": [4000.0]})
    frame = frame.assign(
        bill_length_mm=40.0, bill_depth_mm=18.0, flipper_length_mm=190.0, sex="male", year=2007
    )
    check(frame, root / "contracts" / "a.yaml")


def data(root: Path, given: tuple[str, bytes]) -> None:
    """As `ff.ingest` reads it."""
    from fourfold.data.sources import load, parse

    name, content = given
    (root / "data" / name).write_bytes(content)
    query = "select * from data" if name.endswith(".db") else ""
    parse(f"data/{name}", root).problem(query)
    load(f"data/{name}", query, root)


def notebook(root: Path, data: bytes) -> None:
    """As the report, the record and the regression test read it."""
    from nbformat import from_dict

    from fourfold.author.clean import cleaned
    from fourfold.plan.rules import Rules
    from fourfold.records.ipynb import read_notebook
    from fourfold.records.record import RunRecord, findings, section_times
    from fourfold.regress.compare.outputs import compare_outputs
    from fourfold.report.report import render

    path = root / "outputs" / "a" / "default" / "notebook.ipynb"
    path.write_bytes(data)
    content = read_notebook(path)
    cleaned(json.dumps(content))
    facts = findings(content)
    section_times(content)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            outputs = cell.get("outputs", [])
            compare_outputs(outputs, outputs, Rules())
    render(from_dict(content), RunRecord("a", "b", "c", "ok", {}, [], "", 1.0, **facts))


KINDS: dict[str, Callable[[Path, Any], None]] = {
    "config": config, "template": template, "record": record, "contract": contract, "data": data,
    "notebook": notebook,
}  # fmt: skip


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/fourfold/" in frame.filename]
    last = (own or frames)[-1]
    where = last.filename.rpartition("/fourfold/")[2]
    return f"{type(error).__name__} at {where}:{last.lineno} in {last.name}"


def worker(kind: str, count: int, seed: int, keep: str, answer: Any) -> None:
    """Try so many inputs of a kind; send what was wrong, by place, with one example each."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from inputs import INPUTS

    from fourfold.errors import FourfoldError

    warnings.simplefilter("ignore")
    os.environ["FOURFOLD_FUZZ"] = "1"
    root, wrong, examples, ends = project(), Counter[str](), dict[str, str](), Counter[str]()

    def stop(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stdout

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(INPUTS[kind])
    def attempt(value: Any) -> None:
        ends["inputs"] += 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if ends["inputs"] > 20:  # imports are paid for
            signal.setitimer(signal.ITIMER_REAL, LIMIT_S * SLACK)
        place = ""
        try:
            KINDS[kind](root, value)
            ends["read"] += 1
        except FourfoldError:
            ends["refused"] += 1
        except TooLong as error:
            place = "hang: " + _place(error)
        except Exception as error:
            place = _place(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
        if not place and ends["inputs"] > 20 and grown > LIMIT_MB * 1024:
            place = f"memory: {grown // 1024} MB"
        if place:
            wrong[place] += 1
            examples.setdefault(place, repr(value))

    try:
        attempt()
    except BaseException as error:
        wrong[f"the fuzzer itself: {_place(error)}"] += 1
        examples[f"the fuzzer itself: {_place(error)}"] = repr(error)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    answer.put((kind, dict(ends), dict(wrong), examples if keep else {}))


SLACK = float(os.environ.get("FOURFOLD_FUZZ_SLACK", "1"))


def main() -> int:
    """Share the inputs among processes, and print what was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=50_000, help="in all, over the kinds")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--examples", help="folder for one input of each place")
    given = parser.parse_args()
    kinds = given.kind or list(KINDS)
    parts = max(1, (given.processes or 1) * 2 // len(kinds)) if given.inputs > 2000 else 1
    jobs = [
        (kind, given.inputs // len(kinds) // parts, given.seed * 1000 + n)
        for kind in kinds
        for n in range(parts)
    ]
    context, began = multiprocessing.get_context("spawn"), time.monotonic()
    answers, running, waiting, done = context.Queue(), [], list(jobs), []
    while waiting or running:
        while waiting and len(running) < (given.processes or 1):
            process = context.Process(
                target=worker, args=(*waiting.pop(0), given.examples, answers)
            )
            process.start()
            running.append(process)
        with suppress(Exception):
            done.append(answers.get(timeout=0.5))
        running = [each for each in running if each.is_alive()]
    while not answers.empty():
        done.append(answers.get())
    bad = 0
    for kind in kinds:
        own = [each for each in done if each[0] == kind]
        ends, wrong = Counter[str](), Counter[str]()
        for _, ended, found, examples in own:
            ends.update(ended)
            wrong.update(found)
            for place, text in examples.items():
                folder = Path(given.examples) / kind
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{abs(hash(place)) % 10**8}.txt").write_text(
                    f"{place}\n{text}", errors="backslashreplace"
                )
        lost = parts - len(own)
        bad += sum(wrong.values()) + lost
        print(
            f"{kind}: {ends['inputs']:,} inputs, {ends['read']:,} read, {ends['refused']:,} refused, {sum(wrong.values()):,} wrong"
        )
        for place, times in wrong.most_common():
            print(f"  {times:6,}  {place}")
        if lost:
            print(f"  {lost} processes ended without an answer")
    print(f"{time.monotonic() - began:.0f} s")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
