"""Promotions on the command line: conditions that need other commands, and what is printed."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fourfold.data.kept import read_kept
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.project import Project, shown
from fourfold.promotion.decide import PROPOSAL, Weighed, settle, weigh
from fourfold.promotion.gate import Check, Decision, in_words, path_of
from fourfold.records.record import RunRecord
from fourfold.run.selection import choose


def conditions(weighed: Weighed, place: Project) -> list[Check]:
    """Return the conditions that need configs and references: is it current, are they green?"""
    checks = [_current(weighed.run, place)]
    if weighed.gate.references:
        checks.append(_references(weighed.gate.references, place.root))
    return checks


def _current(run: str, place: Project) -> Check:
    name = "nothing changed since"
    specs = [spec for spec in plan([], place.root, outputs=place.outputs) if spec.name == run]
    if not specs:
        return Check(name, False, f"no config has the run {run} any more")
    choice = choose(specs, place)
    if choice.todo:
        return Check(name, False, "; ".join(choice.todo[0].why) or "it has not run")
    return Check(name, True, "config, template, code and data are those of the run")


def _references(names: Sequence[str], root: Path) -> Check:
    """Say whether references pass ``fourfold regress``, which executes them."""
    paths = [f"notebooks/{name}.ipynb" for name in names]
    command = [sys.executable, "-m", "fourfold", "regress", *paths]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    counted = [line for line in lines if re.search(r"\d (passed|failed|error)", line)]
    last = (counted or lines or [f"exit code {done.returncode}"])[-1].strip("= ")
    return Check("references green", done.returncode == 0, f"{', '.join(names)}: {last}")


def lines_of(
    name: str, decision: Decision | None, checks: Sequence[Check], root: Path
) -> list[str]:
    """Return what is printed of a decision and its conditions.

    Parameters
    ----------
    name : str
    decision : Decision, optional
        With the conditions; None if nothing was decided.
    checks : sequence of Check
        The conditions, where there is no decision.
    root : Path
        Of the project.
    """
    rows = in_words(decision.checks if decision else checks)
    wide = {key: max((len(row[key]) for row in rows), default=0) for key in ("met", "condition")}
    lines = [
        f"  {row['met']:{wide['met']}}  {row['condition']:{wide['condition']}}  {row['why']}"
        for row in rows
    ]
    if decision:
        by = f", approved by {decision.approver}" if decision.approver else ""
        file = shown(path_of(name, root), root)
        lines.insert(
            0, f"{name}: {decision.decision} {decision.run} ({decision.digest}){by}; {file}"
        )
    return lines


def after_batch(
    records: Sequence[RunRecord], place: Project, say: Callable[[str], object]
) -> tuple[list[str], bool]:
    """Decide what the notebooks of a batch propose, where an approver is named; else say it only.

    Parameters
    ----------
    records : sequence of RunRecord
    place : Project
    say : callable
        Prints a line.

    Returns
    -------
    decided : list of str
        A line for each proposal.
    wrong : bool
        Whether a proposal could not be decided; the others are.
    """
    decided, wrong = list[str](), False
    for record in records:
        path = place.folder(record.config, record.run_id) / "artifacts" / PROPOSAL
        if record.status != "ok" or not path.is_file():
            continue
        try:
            lines = _decided(_proposal(path), place)
        except KeyError as error:
            lines, wrong = [f"{shown(path, place.root)}: expected a proposal, got no {error}"], True
        except (FourfoldError, OSError, ValueError) as error:
            lines, wrong = [f"promotion by {record.name}: {error}"], True
        for line in lines:
            say(line)
        decided += lines[:1]
    return decided, wrong


def _proposal(path: Path) -> Mapping[str, str]:
    """Return what a notebook proposes, as `Weighed` has written it: texts by name."""
    said = read_kept(path)
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _decided(said: Mapping[str, str], place: Project) -> list[str]:
    candidate = place.outputs / said["run"] / "artifacts" / "model"
    weighed = weigh(candidate, said["name"], place.root)
    if weighed.already:
        return []
    if not said["approver"]:
        command = f"fourfold promote {weighed.run} --as {weighed.name} --approver NAME"
        broken = ", ".join(check.check for check in weighed.checks if not check.passed)
        waits = f"not proposed, since not met: {broken}" if broken else f"waits for you: {command}"
        return [f"{weighed.name}: {weighed.run} {waits}"]
    more = conditions(weighed, place) if weighed.passed else []
    decision = settle(weighed, place.root, said["approver"], more)
    return lines_of(said["name"], decision, (), place.root)
