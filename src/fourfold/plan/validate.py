"""A config against its template, and its runs against the files that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fourfold.data import sources
from fourfold.errors import Violation, did_you_mean
from fourfold.plan.config import Config
from fourfold.plan.kind import Problem
from fourfold.plan.schema import config_kind
from fourfold.plan.spec import RunSpec, canonical
from fourfold.plan.template import Template
from fourfold.project import shown
from fourfold.records.evidence import BUSINESS

#: A parameter whose comment starts with this is the path of a file.
PATH_OF = "path of "


def check_config(config: Config, template: Template | None) -> list[Violation]:
    """Return what is wrong with the keys and values of a config."""
    kind = config_kind(template)
    # A block with nothing in it is none.
    keys = kind.keys or {}
    given = {n: block for n, block in config.value.items() if block is not None or n not in keys}
    problems = kind.problems(given)
    twice = set(BUSINESS) & config.block("business").keys() & config.block("parameters").keys()
    problems += [
        Problem(("parameters", name), f"already given by business.{name}") for name in twice
    ]
    return [config.violation(key, message) for key, message in problems]


def check_runs(
    config: Config, template: Template, runs: Sequence[RunSpec], root: Path
) -> list[Violation]:
    """Return a violation for each required parameter, run and file that is not as expected.

    Parameters
    ----------
    config : Config
    template : Template
    runs : list of RunSpec
        Those of the config.
    root : Path
        Folder that relative paths start from.
    """
    problems = [
        Problem(("parameters", name), f"missing; expected {parameter.expected} ({parameter.help})")
        for name, parameter in template.parameters.items()
        if runs and name not in runs[0].parameters
    ]
    seen: dict[str, str] = {}
    for run in runs:
        content = canonical(run.parameters)
        if content in seen:
            message = f"run {run.run_id!r} is the same as run {seen[content]!r}; expected each once"
            problems.append(Problem(("sweep",), message))
        seen[content] = run.run_id
    for name, parameter in template.parameters.items():
        named = [r for r in runs if name != "data" or isinstance(r.parameters.get(name), str)]
        cases = {(_origin(name, run), _given(run, name), _given(run, "query")) for run in named}
        for origin, path, query in sorted(cases):
            problem: str | None = ""
            if name == "data" and (path or parameter.default != ""):
                problem = sources.parse(path, root).problem(query)
            elif name == "contract" or (name != "data" and parameter.help.startswith(PATH_OF)):
                problem = _no_file(path, root)
            problems += [Problem((origin, name), problem)] if problem else []
    return [config.violation(key, message) for key, message in problems]


def _origin(name: str, run: RunSpec) -> str:
    return "sweep" if name in run.varied else "parameters"


def _given(run: RunSpec, name: str) -> str:
    return str(run.parameters.get(name) or "")


def _no_file(path: str, root: Path) -> str:
    if not path or (root / path).is_file():
        return ""
    known = [shown(file, root) for file in (root / path).parent.glob("*") if file.is_file()]
    return f"expected a file, found no {path!r}.{did_you_mean(path, known)}"
