"""Fuzz what Fourfold reads: ``python tests/fuzz/run.py [--inputs N] [--kind KIND] [--seed N]``.

Each input goes through all that the commands do with its kind. Right is a result, or an error that
Fourfold raises on purpose. Wrong are any other exception, more than 2 seconds of CPU time (or a
minute of waiting), and more than 500 MB.
What is wrong is grouped by the place where it came up; the exit code is 1 if anything is.
"""

from __future__ import annotations

import argparse
import hashlib
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
sys.path.insert(0, str(HERE.parent))

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


def settings(root: Path, data: bytes) -> None:
    """As every command reads what ``pyproject.toml`` says of us."""
    from fourfold.cli.ending import command_of
    from fourfold.plan.setup import setup_cell
    from fourfold.track.address import read_tracking

    (root / "pyproject.toml").write_bytes(data)
    for read in (read_tracking, command_of, lambda folder: setup_cell("tiny", folder)):
        with suppress(_fourfold_error()):
            read(root)


def cycle(root: Path, configs: dict[str, Any]) -> None:
    """As `fourfold plan` puts configs that follow each other in order, and draws them."""
    from fourfold.cli.graph import drawing
    from fourfold.plan.plan import plan
    from fourfold.run.following import Following
    from fourfold.run.searching import expanded
    from fourfold.run.selection import Choice, Known

    paths = [root / "params" / f"{name}.yaml" for name in configs]
    for path, content in zip(paths, configs.values(), strict=True):
        path.write_text(json.dumps(content))
    place = _place_of(root)
    planned = plan([str(path) for path in paths], root)
    runs = expanded(planned, place)
    drawing(planned, {spec.config for spec in planned})
    sought = [spec.config for spec in planned if spec.search]
    following = Following(
        runs, planned, place, Known(place, runs), Choice(), dry=True, searching=sought
    )
    following.begin()
    list(following.waiting())


def reference(root: Path, data: bytes) -> None:
    """As `fourfold regress` collects it, up to its execution."""
    from fourfold.author.copies import find_copy
    from fourfold.regress.case import read_case
    from fourfold.regress.references import same_content

    path = root / "notebooks" / "a.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    case = read_case(path)
    for pair in case.pairs():
        str(pair.title)
    case.reasons(case.fingerprint(), {})
    same_content(case.stored, case.current)
    find_copy(dict(case.stored), path)


def outputs(root: Path, given: tuple[str, bytes]) -> None:
    """As `run`, `compare`, `view` and the template `comparison` read what batches have left."""
    from fourfold.data.artifacts import run_named
    from fourfold.data.sources import load
    from fourfold.methods.comparison import read_runs
    from fourfold.plan.plan import plan
    from fourfold.plan.search import search_of
    from fourfold.report import history, overview, side_by_side
    from fourfold.run.searching import Searches, expanded, journal_of, winner_of
    from fourfold.run.selection import Choice, Known
    from fourfold.track.aliases import due, note
    from fuzz.kept import OUTPUTS

    for path, content in OUTPUTS.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content if isinstance(content, str) else json.dumps(content))
    search = {"metric": "mean", "direction": "maximize", "over": {"count": {"low": 1, "high": 4}}}
    (root / "params" / "s.yaml").write_text(
        json.dumps({"template": "tiny", "search": search | {"trials": 3}})
    )
    place = _place_of(root)
    planned = plan([str(root / "params" / "s.yaml")], root)
    # Else the files would be of another search, and count for nothing.
    of = journal_of(planned[0], place)._lines[0]["search"].encode()
    about = json.dumps(str(search_of(planned[0]))).encode()
    spoilt = given[1].replace(b'"search": "x"', b'"search": "%s"' % of)
    (root / given[0]).write_bytes(spoilt.replace(b'"about": "a"', b'"about": ' + about))
    expanded(planned, place)
    for spec in planned:
        winner_of(spec, place)
        run_named(f"{spec.config}/default", place.outputs)
    searches = Searches(planned, place, Known(place, []), Choice(), False)
    searches.keep_runs()
    entries = overview.entries(place.outputs)
    side_by_side.as_json(entries, side_by_side.metrics_of(entries, []))
    overview.begin(place.outputs)
    overview.keep_notes(place.outputs, {"a": {"default": {"tags": ["x"]}}})
    overview.write_results(place.outputs)
    history.turned_last(place.outputs, ["a/k=1", "a/k=3"])
    due(root, place.outputs / ".track", "http://127.0.0.1:5000 shop")
    note(place.outputs / ".track", "x", "shop", "y")
    if given[0] == "outputs/results.csv":
        (root / given[0]).write_bytes(given[1])
        read_runs(load("outputs/results.csv", "", root).frame)


def notes(root: Path, data: bytes) -> None:
    """As `run` reads it, and `fourfold note` adds to it."""
    from fourfold.report.notes import add_notes, read_notes

    path = root / "params" / "b.yaml"
    (root / "params" / "_b.notes.yaml").write_bytes(data)
    with suppress(_fourfold_error()):
        read_notes({"b": "params/b.yaml"}, root)
    add_notes(path, ["default", "k=1"], ["new"], "a note")


def rows(root: Path, data: bytes) -> None:
    """As `fourfold plan` makes a run of each row."""
    from fourfold.plan.plan import plan

    (root / "rows.csv").write_bytes(data)
    for table in ("rows.csv", {"file": "rows.csv", "name": "name", "columns": {"count": "scale"}}):
        path = root / "params" / "r.yaml"
        path.write_text(json.dumps({"template": "tiny", "sweep": {"table": table}}))
        with suppress(_fourfold_error()):
            plan([str(path)], root)


def promotion(root: Path, given: tuple[str, bytes]) -> None:
    """As `promote`, `predict` and the end of a batch read it."""
    from fourfold.cli.promoting import after_batch
    from fourfold.models.champion import folder_of
    from fourfold.promotion.gate import Decision, in_words, read_gate, with_decision
    from fourfold.records.record import RunRecord

    kind, data = given
    (root / "models").mkdir(exist_ok=True)
    path = root / "models" / "shop.yaml"
    if kind == "proposal":
        path.unlink(missing_ok=True)
        proposal = root / "outputs" / "a" / "default" / "artifacts" / "promotion.json"
        proposal.parent.mkdir(exist_ok=True)
        proposal.write_bytes(data)
        run = RunRecord("a", "default", "promotion", "ok", {}, [], "2026", 1.0)
        after_batch([run], _place_of(root), str)
        return
    path.write_bytes(data)
    with suppress(_fourfold_error()):
        folder_of(path)
    gate = read_gate(path)
    gate.former()
    gate.tries("r", "d")
    sorted(gate.undone)
    for each in gate.decisions:
        in_words(each.checks)
    with_decision(path, Decision("2026", "refused", "a/default", "0" * 12), gate.champion)
    read_gate(path)


def model(root: Path, given: tuple[str, bytes, bool]) -> None:
    """As `fourfold predict` loads it."""
    from fourfold.models.predict import predict
    from fuzz import kept

    name, content, signed = given
    folder = root / "outputs" / "m" / "default" / "artifacts" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    for each, data in {**kept.model(), name: content}.items():
        (folder / each).write_bytes(data)
    if signed:
        kept.signed(folder)
    (root / "new.csv").write_text("size,town\n1,Oslo\n2,Bergen\n")
    for engine in ("skops", "onnx"):
        with suppress(_fourfold_error()):
            predict(folder, str(root / "new.csv"), root / "predictions.csv", engine=engine)


def _place_of(root: Path) -> Any:
    from fourfold.project import Project

    return Project(root, root / "outputs")


def _fourfold_error() -> type[Exception]:
    from fourfold.errors import FourfoldError

    return FourfoldError


KINDS: dict[str, Callable[[Path, Any], None]] = {
    "config": config, "template": template, "record": record, "contract": contract, "data": data,
    "notebook": notebook, "settings": settings, "cycle": cycle, "reference": reference,
    "outputs": outputs, "notes": notes, "rows": rows, "promotion": promotion, "model": model,
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

    from fourfold.errors import FourfoldError
    from fuzz.inputs import INPUTS
    from fuzz.kept import KEPT

    warnings.simplefilter("ignore")
    os.environ["FOURFOLD_FUZZ"] = "1"
    root, wrong, examples, ends = project(), Counter[str](), dict[str, str](), Counter[str]()

    armed = [False]

    def stop(*_: Any) -> None:
        if armed[0]:
            raise TooLong

    # Seconds of this process, as others may have the machine; what only waits has a minute.
    signal.signal(signal.SIGPROF, stop)
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
    @given({**INPUTS, **KEPT}[kind])
    def attempt(value: Any) -> None:
        ends["inputs"] += 1
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        place = ""
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S * SLACK)
        signal.setitimer(signal.ITIMER_REAL, 60)
        armed[0] = ends["inputs"] > 20  # imports are paid for
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
            armed[0] = False
            signal.setitimer(signal.ITIMER_PROF, 0)
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


def jobs_of(kinds: list[str], inputs: int, seed: int) -> list[tuple[str, int, int]]:
    """Parts of at most 500 inputs, in turns of one of each kind: what is tried is spread evenly."""
    each = max(1, inputs // len(kinds))
    parts = -(-each // PART)
    return [
        (kind, min(PART, each - n * PART), seed * 1000 + n) for n in range(parts) for kind in kinds
    ]


def _keep(examples: dict[str, str], where: str | None, kind: str) -> None:
    for place, text in examples.items() if where else ():
        folder = Path(str(where)) / kind
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(place.encode()).hexdigest()[:8]
        (folder / f"{name}.txt").write_text(f"{place}\n{text}", errors="backslashreplace")


PART = 500
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
    parser.add_argument(
        "--after", type=int, default=0, help="parts to leave out, of 500 inputs each"
    )
    parser.add_argument("--examples", help="folder for one input of each place")
    given = parser.parse_args()
    kinds = given.kind or list(KINDS)
    jobs = jobs_of(kinds, given.inputs, given.seed)[given.after :]
    context, began = multiprocessing.get_context("spawn"), time.monotonic()
    answers, running, waiting, done = context.Queue(), [], list(jobs), []
    while waiting or running:
        while waiting and len(running) < (given.processes or 1):
            call = (*waiting.pop(0), given.examples, answers)
            process = context.Process(target=worker, args=call)
            process.start()
            running.append(process)
        with suppress(Exception):
            done.append(answers.get(timeout=0.5))
            kind, _, wrong, examples = done[-1]
            _keep(examples, given.examples, kind)
            said = ", ".join(wrong) or f"{sum(each[1]['inputs'] for each in done):,} tried"
            print(f"  {len(done)}/{len(jobs)} {kind}: {said}", file=sys.stderr, flush=True)
        running = [each for each in running if each.is_alive()]
    while not answers.empty():
        done.append(answers.get())
        _keep(done[-1][3], given.examples, done[-1][0])
    bad = 0
    for kind in kinds:
        own = [each for each in done if each[0] == kind]
        ends, wrong = Counter[str](), Counter[str]()
        for _, ended, found, _ in own:
            ends.update(ended)
            wrong.update(found)
        lost = sum(job[0] == kind for job in jobs) - len(own)
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
