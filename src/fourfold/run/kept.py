"""A result that is kept though its run has another name, question or criterion than it had.

Nothing is executed: metrics stay, and claims are judged from them as `ff.conclude` judges them.
"""

import json
import multiprocessing
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

from nbformat import from_dict

from fourfold.errors import ConclusionError
from fourfold.models.card import finish
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, linked, write_text
from fourfold.records.emit import concluded, conclusion_bundle
from fourfold.records.evidence import BUSINESS, MIME, SET_ASIDE, Criterion, judge_all
from fourfold.records.ipynb import parameters_index, tags
from fourfold.records.record import RunRecord, findings, write_record
from fourfold.report.report import write_report
from fourfold.run.folders import new_folder, settle
from fourfold.run.kernels.execution import write_notebook
from fourfold.run.kernels.machine import cores
from fourfold.run.prepare import as_yaml, fill, injected

NOTEBOOK = "notebook.ipynb"
_PER_PROCESS = 20  # results at least, for which a process is worth its start


class _UnknownError(Exception):
    """What the notebook would conclude can only be told by executing it."""


@dataclass(frozen=True)
class Kept:
    """A result that is kept: its run as it is now, with record and notebook, and where it was."""

    spec: RunSpec
    record: RunRecord
    notebook: Mapping[str, Any]
    source: Path


def retold(
    spec: RunSpec,
    record: RunRecord,
    source: Path,
    folder: Path,
    template: Mapping[str, Any],
    judged_by: str,
) -> Kept | None:
    """Return the result of a run under its present name, question and criteria.

    None where only executing can tell: a criterion asks for what was not recorded, say.

    Parameters
    ----------
    spec : RunSpec
        As it is now.
    record : RunRecord
        Of the result, whose other parameters are the same.
    source, folder : Path
        Where the result is, and where it belongs.
    template : mapping
        Its JSON.
    judged_by : str
        As `fourfold.run.code.judged_by` says of it.
    """
    try:
        read = (source / NOTEBOOK).read_text(encoding="utf-8")
        notebook = json.loads(read.replace(str(source), str(folder)))
        _judge_again(notebook, record.parameters, spec.parameters, judged_by)
        index = parameters_index(template)
        head = template["cells"][index : index + 1] if index is not None else []
        new = injected({**template, "cells": head}, spec.parameters)
    except (OSError, ValueError, ConclusionError, _UnknownError):
        return None
    (cell,) = (c for c in new["cells"] if "injected-parameters" in tags(c))
    for own in notebook["cells"]:
        if "injected-parameters" in tags(own):
            own["source"] = cell["source"]
    fill(notebook, spec)
    kept = replace(
        record,
        config=spec.config,
        run_id=spec.run_id,
        varied=list(spec.varied),
        parameters=dict(spec.parameters),
        **findings(notebook),
    )
    return Kept(spec, kept, notebook, source)


def _judge_again(
    notebook: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], judged_by: str
) -> None:
    """Conclude with other criteria, question or decision.

    Raises
    ------
    _UnknownError
        If it cannot be known what the notebook would conclude.
    """
    asked = {name: now.get(name) for name in BUSINESS}
    if all(json.dumps(before.get(name)) == json.dumps(value) for name, value in asked.items()):
        return
    if not judged_by:
        raise _UnknownError
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    facts = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    ends = [number for number, fact in enumerate(facts) if fact["kind"] == "conclusion"]
    if len(ends) != 1 or "texts" not in facts[ends[0]]:
        raise _UnknownError
    said = facts[ends[0]]
    metrics = findings({"cells": [{"outputs": [_output(fact) for fact in facts[: ends[0]]]}]})
    claimed = {claim["metric"]: claim["condition"] for claim in said["claims"]}
    # Judged without being asked, unless it was.
    own = {SET_ASIDE} - {*(before.get("success") or {})}
    given = {name: condition for name, condition in claimed.items() if name not in own}
    success = _combined(given, before.get("success") or {}, asked["success"] or {}, judged_by)
    claims = judge_all(success, metrics["metrics"])
    words = str(asked["question"] or ""), str(asked["decision"] or "")
    for name in ("question", "decision"):
        if said[name] != str(before.get(name) or ""):
            raise _UnknownError
    made = concluded(said["texts"], claims, *words, said["limits"])
    output = next(o for o in outputs if o.get("data", {}).get(MIME) is said)
    output["data"] = conclusion_bundle(made, said["texts"])


def _output(fact: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": {MIME: fact}}


def _combined(
    given: Mapping[str, str], before: Mapping[str, Any], now: Mapping[str, Any], judged_by: str
) -> Mapping[str, Any]:
    """Return the criteria of a template together with those that are asked for now.

    Parameters
    ----------
    given : mapping of metric to condition
        What was judged: the template's own, then what was asked for `before`.
    before, now : mapping of metric to condition
    judged_by : str

    Raises
    ------
    _UnknownError
        If that is not how they were put together, or a criterion of the template may come back.
    """
    for name, condition in before.items():
        if Criterion.parse(name, given.get(name, "none")) != Criterion.parse(name, condition):
            raise _UnknownError
    if judged_by == "asked":
        return now
    if not before.keys() <= now.keys():
        raise _UnknownError
    names, asked = list(given), list(before)
    sizes = range(min(len(names), len(asked)), -1, -1)
    last = next(n for n in sizes if names[len(names) - n :] == asked[len(asked) - n :])
    return {**{name: given[name] for name in names[: len(names) - last]}, **now}


def keep(results: Sequence[Kept], project: Project) -> None:
    """Write kept results into the folders of their runs; the former folders go last.

    Many are written by as many processes as there are cores.
    """
    at_once = min(cores(), len(results) // _PER_PROCESS) if sys.platform == "linux" else 1
    # All are written before the first folder is replaced: two runs may have changed their names.
    if at_once > 1:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(at_once, context) as pool:
            places = list(pool.map(_written, results, repeat(project), chunksize=4))
    else:
        places = [_written(kept, project) for kept in results]
    folders = [project.folder(kept.spec.config, kept.spec.run_id) for kept in results]
    for place, folder in zip(places, folders, strict=True):
        folder.parent.mkdir(parents=True, exist_ok=True)
        settle(place, folder, keep=False)
    for former in {kept.source for kept in results}.difference(folders):
        shutil.rmtree(former, ignore_errors=True)


def _written(kept: Kept, project: Project) -> Path:
    """Write a result beside the folder that it belongs into."""
    place = new_folder(project, kept.spec)
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept.source, place, copy_function=linked)
    write_text(place / "params.yaml", as_yaml(kept.spec.parameters))
    write_notebook(from_dict(kept.notebook), place / NOTEBOOK)  # type: ignore[no-untyped-call]
    finish(place, kept.record, project.root)
    write_report(place, kept.record)
    write_record(kept.record, place / "record.json")
    return place
