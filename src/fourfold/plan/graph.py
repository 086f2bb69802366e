"""Runs that follow runs: what a config takes of others, what it waits for, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, get_args

from fourfold.data.artifacts import artifacts_in, names_at, read_artifact, run_named
from fourfold.errors import DataError, Violation, did_you_mean
from fourfold.plan.config import Config
from fourfold.plan.kind import Kind, Problem, mapping
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import Template
from fourfold.records.evidence import Verdict

VERDICTS: tuple[str, ...] = get_args(Verdict)
#: What `ingest` may save, and what keeps a model.
_OF_LIBRARY = ("rejected.csv", "model", "model/*")


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _names(given: Any) -> list[Problem]:
    expected = "expected the name of a config, or a list of such names, got"
    return [
        Problem((index,) if isinstance(given, list) else (), f"{expected} {each!r}")
        for index, each in enumerate(_listed(given) or [given])
        if not isinstance(each, str) or not each
    ]


def _verdicts(given: Any) -> list[Problem]:
    expected = f"expected a verdict ({', '.join(VERDICTS)}) or a list of verdicts, got"
    return [
        Problem((), f"{expected} {each!r}.{did_you_mean(each, VERDICTS)}")
        for each in _listed(given) or [given]
        if each not in VERDICTS
    ][:1]


def _one_or_more(about: str, of: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
    several = {"type": "array", "items": of, "minItems": 1}
    return lambda: {"anyOf": [of, several], "description": about}


AFTER = Kind(
    _names, _one_or_more("Configs, or CONFIG/RUN, that must end first", {"type": "string"})
)
_WHEN = Kind(_verdicts, _one_or_more("Verdicts that it may have", {"enum": list(VERDICTS)}))
WHEN = mapping("Run only if these configs, or CONFIG/RUN, have these verdicts", {"*": _WHEN})


@dataclass(frozen=True, eq=False)
class Planned:
    """A config with its runs; what else is wrong with it has been said."""

    config: Config
    template: Template | None
    runs: list[RunSpec]


class _Link(NamedTuple):
    """Where a config names others: all of its runs, or one; with what it takes or waits for."""

    key: tuple[Any, ...]
    name: str
    artifact: str = ""


def link(
    planned: Sequence[Planned],
    load: Callable[[str], Planned | None],
    known: Callable[[], list[str]],
    outputs: Path,
) -> tuple[list[RunSpec], list[RunSpec], list[Violation]]:
    """Return the runs with what they follow, then all others that lead to them; what is wrong.

    Parameters
    ----------
    planned : sequence of Planned
    load : callable
        Returns another config of the project by its name; None if there is none.
    known : callable
        Returns the names of all configs of the project.
    outputs : Path
        Where artifacts are that runs have made.
    """
    every = {each.config.name: each for each in planned}
    linked: dict[str, list[RunSpec]] = {}
    places: dict[tuple[str, str], Violation] = {}
    wrong: dict[Violation, None] = {}
    problem = cache(partial(_problem, known=known, outputs=outputs))
    queue = list(planned)
    while queue:
        own = queue.pop(0)
        runs = linked[own.config.name] = []
        for run in own.runs:
            names: dict[str, None] = {}
            for key, name, artifact in _links(own.config, run):
                config = name.partition("/")[0]
                if config not in every and (other := load(config)):
                    every[config] = other
                    queue.append(other)
                if message := problem(own, every.get(config), name, artifact):
                    wrong[own.config.violation(key, message)] = None
                else:
                    names[name] = None
                    places.setdefault((run.name, name), own.config.violation(key, ""))
            when = own.config.block("when")
            asked = {name: tuple(_listed(when[name])) for name in when if name in names}
            runs.append(replace(run, after=tuple(names), when=asked))
    batch = [run for each in planned for run in linked[each.config.name]]
    others = [run for name in [*linked][len(planned) :] for run in linked[name]]
    circle = _circle([*batch, *others])
    if circle and not wrong:
        place = next(places[pair] for pair in pairwise(circle) if pair in places)
        names = dict.fromkeys([name.removesuffix("/default") for name in circle])
        text = " follows ".join([*names, next(iter(names))])
        wrong[replace(place, message=f"expected an order, got a circle: {text}")] = None
    return batch, others, list(wrong)


def _links(config: Config, run: RunSpec) -> Iterator[_Link]:
    """Yield where a run names others, in what it follows and in its parameters."""
    after = config.value.get("after")
    named: list[tuple[tuple[Any, ...], Any]] = [
        (("after", n) if after is not each else ("after",), each)
        for n, each in enumerate(_listed(after))
    ]
    named += [(("when", name), name) for name in config.block("when")]
    for key, name in named:
        if isinstance(name, str) and name:
            yield _Link(key, name)
    for name, value in run.own.items():
        for text in artifacts_in(value):
            block = "sweep" if name in run.varied else "parameters"
            try:
                artifact = read_artifact(text)
            except DataError:
                continue  # said already, by the check of the parameter
            yield _Link((block, name), artifact.run, artifact.name)


def _problem(
    own: Planned,
    other: Planned | None,
    name: str,
    artifact: str,
    known: Callable[[], list[str]],
    outputs: Path,
) -> str:
    """Return what is wrong with a link; empty if nothing is."""
    config, _, run_id = name.partition("/")
    if other is None:
        near = did_you_mean(name, names := known()) or did_you_mean(config, names)
        values = own.template and config in own.template.parameters
        hint = " A condition on values of a sweep stands there, next to them." if values else ""
        return f"expected a config of the project, or CONFIG/RUN, got {name!r}.{near}{hint}"
    if own.config.block("search"):
        return "a search follows no run; expected a config without one"
    if other.config.block("search") and run_id not in ("", "default"):
        winner = f"{config} or {config}/default, the run of the winner"
        return f"{config} is a search, whose runs are not known before; expected {winner}"
    ids = [run.run_id for run in other.runs]
    if run_id and run_id not in ids:
        listed = ", ".join(ids[:5]) + (f" and {len(ids) - 5} others" if len(ids) > 5 else "")
        return f"expected a run of {config} ({listed}), got {run_id!r}.{did_you_mean(run_id, ids)}"
    if not artifact:
        return ""
    made = names_at(outputs / run_named(name, outputs) / "artifacts")
    code = str(other.template.notebook) if other.template else ""
    names = [*(other.template.artifacts if other.template else ()), *made]
    if any(fnmatchcase(artifact, each) for each in (*names, *_OF_LIBRARY)) or any(
        each.startswith(f"{artifact}/") for each in made
    ):
        return ""
    if "FOURFOLD_ARTIFACTS" in code:  # which says nothing of names
        return ""
    listed = ", ".join(dict.fromkeys(names)) or "none"
    near = did_you_mean(artifact, names)
    return f"expected an artifact that {name} makes ({listed}), got {artifact!r}.{near}"


def _circle(runs: Sequence[RunSpec]) -> list[str]:
    """Return runs and configs of which each follows the next, and the last is the first."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for run in runs:
        sorter.add(run.name, *run.after)
        sorter.add(run.config, run.name)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
