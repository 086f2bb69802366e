"""Mutants drawn at random and checked by execution, in equal shares of all operators."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import breaking
import numpy as np
from harmless import Harmless, every, kept
from mutants import Edit, applied, edits
from trials import Base, Trial, executed, outputs_of, places, with_outputs

from fourfold.errors import FourfoldError

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


def check_breaking(base: Base, edit: Edit, folder: Path) -> Trial | None:
    """Return the trial of an edit if outputs differ, byte for byte, or a cell raises or is gone."""
    template = applied(base.template, edit)
    try:
        notebook, _ = executed(base, template, folder)
    except (FourfoldError, TimeoutError):
        return None
    fresh = outputs_of(notebook)
    kinds, cells = places(base.outputs, fresh)
    if not kinds:
        return None
    edited = with_outputs(notebook, base.reference)
    told = f"{edit.cell}\n{edit.diff()}"
    made = (template, base.reference, edited, fresh, kinds, cells)
    return Trial(base, edit.operator, False, told, *made)


def check_harmless(base: Base, harmless: Harmless, folder: Path) -> Trial | None:
    """Return the trial of an edit if nothing differs but what it is to print itself."""
    template = applied(base.template, *harmless.changes)
    try:
        notebook, failed = executed(base, template, folder)
    except (FourfoldError, TimeoutError):
        return None
    fresh, stored = outputs_of(notebook), base.outputs
    for key in stored:
        own = harmless.restate is not None and key == harmless.changes[0].cell
        outputs = kept(harmless.restate if own else None, stored[key], fresh.get(key, []))
        if failed or outputs is None:
            return None
        stored[key] = outputs
    reference = _with_stored(base.reference, stored)
    edited = with_outputs(notebook, reference)
    if harmless.rewrite:
        reference, edited = harmless.rewrite(reference), harmless.rewrite(edited)
    kinds, cells = places(stored, fresh)
    made = (template, reference, edited, fresh, kinds, cells)
    return Trial(base, harmless.operator, True, _told(harmless, stored), *made)


def _told(harmless: Harmless, stored: Mapping[str, Any]) -> str:
    lines = [harmless.diff()]
    if harmless.restate:
        lines += ["kept:", *_shown(stored[harmless.changes[0].cell])]
    return "\n".join(lines)


def _shown(outputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for output in outputs:
        yield repr(output.get("text") or output.get("data", {}).get("text/plain", ""))[:200]


def _with_stored(reference: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    cells = []
    for cell in reference["cells"]:
        if cell["cell_type"] == "code":
            number = {"execution_count": cell["execution_count"]}
            outputs = [
                {**o, **(number if o["output_type"] == "execute_result" else {})}
                for o in stored[cell["id"]]
            ]
            cell = {**cell, "outputs": outputs}
        cells.append(cell)
    return {**reference, "cells": cells}
