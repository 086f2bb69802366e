"""Shards: a plan divided among machines, in the same way on each of them.

Each worker plans all runs and takes its share, so that nobody needs to hand out work. The shares
depend on the plan and on a file of the project, and not on results: those of each machine are
others, and change while runs are executed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from heapq import heapify, heapreplace
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from fourfold.data.kept import read_kept
from fourfold.errors import FourfoldError
from fourfold.plan.search import search_of
from fourfold.plan.spec import RunSpec
from fourfold.project import SHARDS, Project, write_text
from fourfold.report.overview import entries
from fourfold.run.past import Past

#: Expected seconds by config and run; a part of the project, so that all workers have the same.
COSTS = "params/_costs.json"
_FORM = re.compile(r"(?:(\d{1,9})|(auto))(?:/(\d{1,9}))?")
#: Variables of an array of jobs: name, that of its number, the first one, that of their count.
_ARRAYS = (
    ("Slurm", "SLURM_ARRAY_TASK_ID", 1, ""),
    ("Kubernetes", "JOB_COMPLETION_INDEX", 0, ""),
    ("AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", 0, "AWS_BATCH_JOB_ARRAY_SIZE"),
    ("Cloud Run", "CLOUD_RUN_TASK_INDEX", 0, "CLOUD_RUN_TASK_COUNT"),
)
_NO_COUNT = "the number of shards is not known here: --shard auto/8, say"
_EXPECTED, _AGAIN = "expected seconds by config and run", "fourfold plan --costs writes it"
_MOST_S = 1e9
_MOST_RUNS = 1000  # of a search that hours end
_T = TypeVar("_T")


@dataclass(frozen=True)
class Shard:
    """One of so many parts of a plan, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def place(self, project: Project) -> Project:
        """Return the project with the folder that the results of this shard go to."""
        return replace(project, outputs=project.outputs / SHARDS / f"{self.number}-of-{self.of}")


def read_shard(text: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """Return the shard that a text names: ``3/8``, or ``auto``, the place in an array of jobs.

    Parameters
    ----------
    text : str
        ``auto/8`` says how many there are, where the environment does not.
    environment : mapping
        Variables that Slurm, Kubernetes, AWS Batch or Cloud Run set.

    Raises
    ------
    FourfoldError
        If there is no such shard, or no array.

    Examples
    --------
    >>> read_shard("auto/8", {"JOB_COMPLETION_INDEX": "2"})
    Shard(number=3, of=8)
    """
    form = _FORM.fullmatch(text.strip())
    if not form or not (form[2] or form[3]):
        expected = "expected a shard and how many there are, such as 3/8, or auto"
        raise FourfoldError(f"--shard: {expected}, got {text!r}")
    if form[1]:
        return _checked(int(form[1]), int(form[3]), text)
    arrays = [array for array in _ARRAYS if array[1] in environment]
    if len(arrays) != 1:
        names = ", ".join(name for _, name, *_ in arrays or _ARRAYS)
        problem = f"several arrays of jobs ({names})" if arrays else f"no array of jobs ({names})"
        raise FourfoldError(f"--shard {text}: expected one, found {problem}; name it: --shard 3/8")
    kind, name, first, of = arrays[0]
    number = _number(name, environment)
    count = int(form[3]) if form[3] else 0
    if of in environment:
        known = _number(of, environment)
        if count not in (0, known):
            raise FourfoldError(f"--shard {text}: {kind} says {of}={known}")
        count = known
    if kind == "Slurm" and not count:
        first, step, count = _slurm_array(text, environment)
        number = (number - first) // step + 1
    elif not count:
        raise FourfoldError(f"--shard {text}: {name}={number}, but {_NO_COUNT}")
    elif kind == "Slurm" and number == 0:
        expected = f"with a count, expected tasks from 1 (--array=1-{count})"
        raise FourfoldError(f"--shard {text}: {expected}, got {name}=0")
    else:
        number += 1 - first
    return _checked(number, count, f"{text} with {name}={environment[name]}")


def _slurm_array(text: str, environment: Mapping[str, str]) -> tuple[int, int, int]:
    """Return first task, step and number of an array that is whole.

    A part of an array that runs again has other bounds, and would be divided as if it was all.
    """
    names = [f"SLURM_ARRAY_TASK_{end}" for end in ("MIN", "MAX", "STEP", "COUNT")]
    if missing := [name for name in names if name not in environment]:
        raise FourfoldError(f"--shard {text}: found no {', '.join(missing)}; {_NO_COUNT}")
    first, last, step, count = (_number(name, environment) for name in names)
    if first > 1 or count < 2 or not step or (last - first) // step + 1 != count:
        bounds = ", ".join(f"{name}={environment[name]}" for name in names)
        raise FourfoldError(
            f"--shard {text}: expected an array from 0 or 1, with several tasks and without gaps, "
            f"got {bounds}; a part of an array needs the whole number: --shard auto/8"
        )
    return first, step, count


def _number(name: str, environment: Mapping[str, str]) -> int:
    text = environment[name]
    if not re.fullmatch(r"\d{1,9}", text):
        raise FourfoldError(f"{name}: expected a whole number from 0, got {text!r}")
    return int(text)


def _checked(number: int, of: int, text: str) -> Shard:
    if not 1 <= number <= of:
        expected = f"a shard from 1 to {of}" if of else "at least one shard"
        raise FourfoldError(f"--shard: expected {expected}, got {text}")
    return Shard(number, of)


def lightest(units: Sequence[tuple[int, str, _T]], of: int) -> list[list[_T]]:
    """Return units divided into so many parts, the most expensive first, to the lightest part.

    That is at most a third over the best division (Graham 1969, SIAM J. Appl. Math. 17, p. 421).
    Costs are whole numbers, so that all machines come to the same sums.

    Parameters
    ----------
    units : sequence of (cost, name, unit)
    of : int

    Examples
    --------
    >>> lightest([(1, "a", "a"), (1, "b", "b"), (2, "c", "c")], 2)
    [['c'], ['a', 'b']]
    """
    parts: list[list[_T]] = [[] for _ in range(of)]
    loads = [(0, number) for number in range(min(of, len(units)))]
    heapify(loads)
    for cost, _, unit in sorted(units, key=lambda unit: (-unit[0], unit[1])):
        load, number = loads[0]
        parts[number].append(unit)
        heapreplace(loads, (load + cost, number))
    return parts


@dataclass(frozen=True)
class Costs:
    """What runs are expected to take, as the project has it for all workers."""

    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Costs:
        """Return the costs of a project; none where it has no file of them.

        Raises
        ------
        FourfoldError
            If the file is not as `write_costs` writes it.
        """
        try:
            content = json.loads((root / COSTS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, RecursionError) as error:
            raise FourfoldError(f"{COSTS}: {_EXPECTED}: {error}; {_AGAIN}") from None
        whole = isinstance(content, dict)
        for config, runs in content.items() if whole else [("", content)]:
            wrong = runs if not isinstance(runs, dict) else None
            for run, cost in runs.items() if wrong is None else [("", wrong)]:
                if wrong is not None or not _is_cost(cost):
                    name = "/".join(filter(None, [config, run]))
                    problem = f"{name + ': ' if name else ''}{_EXPECTED}, got {cost!r:.60}"
                    raise FourfoldError(f"{COSTS}: {problem}; {_AGAIN}")
        return cls(content)

    def ms(self, specs: Iterable[RunSpec]) -> dict[str, int]:
        """Return the cost of each run; that of a run that is not there is usual for its config."""
        usual = cache(self._usual_s)
        return {spec.name: self._ms(spec, usual) for spec in specs}

    def usual_ms(self, config: str) -> int:
        """Return what is usual for the runs of a config; of one that is not there, for all."""
        return max(1, round(1000 * self._usual_s(config)))

    def _usual_s(self, config: str) -> float:
        every = [cost for runs in self.seconds.values() for cost in runs.values()]
        return median([*self.seconds.get(config, {}).values()] or every or [1.0])

    def _ms(self, spec: RunSpec, usual: Callable[[str], float]) -> int:
        cost = self.seconds.get(spec.config, {}).get(spec.run_id)
        if cost is None:
            runs = min(search_of(spec).runs, _MOST_RUNS) if spec.search else 1
            cost = usual(spec.config) * runs
        return max(1, round(1000 * cost))


def _is_cost(cost: Any) -> bool:
    return type(cost) in (int, float) and 0 <= cost < _MOST_S


def write_costs(specs: Sequence[RunSpec], project: Project) -> int:
    """Write what runs are expected to take by results that are there; return of how many.

    That of a search is what its runs took together.
    """
    took: dict[str, float] = {}
    searches = {spec.config for spec in specs if spec.search}
    for entry in entries(project.outputs) if project.outputs.is_dir() else ():
        if entry["status"] == "ok":
            run = "default" if entry["config"] in searches else entry["run"]
            name = f"{entry['config']}/{run}"
            took[name] = took.get(name, 0.0) + entry["seconds"]
    past, costs = Past(project.outputs), dict[str, dict[str, float]]()
    for spec in specs:
        cost = took.get(spec.name)
        if cost is None and not spec.search:
            cost = past.expected_s(spec)
        if cost is not None:
            costs.setdefault(spec.config, {})[spec.run_id] = round(cost, 1)
    before = read_kept(project.root / COSTS)
    kept = {name: runs for name, runs in before.items() if name not in {s.config for s in specs}}
    if costs:
        text = json.dumps({**kept, **costs}, indent=0, ensure_ascii=False, sort_keys=True)
        (project.root / COSTS).parent.mkdir(exist_ok=True)
        write_text(project.root / COSTS, text + "\n")
    return sum(map(len, costs.values()))


def split(specs: Sequence[RunSpec], costs: Costs, of: int) -> list[list[RunSpec]]:
    """Return the runs of each shard, in the order of the plan.

    Runs that follow one another, or take artifacts of one another, stay together.

    Parameters
    ----------
    specs : sequence of RunSpec
        The whole plan.
    costs : Costs
    of : int
        How many shards there are.
    """
    ms, groups = costs.ms(specs), dict[str, list[RunSpec]]()
    for root, spec in zip(_groups(specs), specs, strict=True):
        groups.setdefault(root, []).append(spec)
    units = [
        (sum(ms[spec.name] for spec in group), min(spec.name for spec in group), group)
        for group in groups.values()
    ]
    place = {spec.name: number for number, spec in enumerate(specs)}
    return [
        sorted((spec for group in part for spec in group), key=lambda spec: place[spec.name])
        for part in lightest(units, of)
    ]


def _groups(specs: Sequence[RunSpec]) -> list[str]:
    """Return for each run the name of the group of runs that it hangs together with."""
    above: dict[str, str] = {}

    def root(name: str) -> str:
        while (up := above.get(name, name)) != name:
            above[name] = above.get(up, up)
            name = up
        return name

    names, configs = {spec.name for spec in specs}, {spec.config for spec in specs}
    asked = {name for spec in specs for name in spec.after}
    for spec in specs:
        for name in spec.after:
            if name in names or name in configs:
                above[root(spec.name)] = root(name)
        if spec.config in asked:  # all of its runs
            above[root(spec.name)] = root(spec.config)
    return [root(spec.name) for spec in specs]
