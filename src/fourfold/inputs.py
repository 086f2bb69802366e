"""The files that a config names: each data source, contract and path is there, or it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from fourfold.config import Config
from fourfold.data import sources
from fourfold.errors import Violation, did_you_mean
from fourfold.project import shown
from fourfold.template import Template

#: A parameter whose comment starts with this is the path of a file.
PATH_OF = "path of "
_CASE = tuple[Mapping[str, Any], Collection[str]]


def missing(
    config: Config, template: Template, cases: Sequence[_CASE], root: Path
) -> list[Violation]:
    """Return a violation for each source and file that is not there.

    Data need none if that is the template's default, and any other path may be empty.

    Parameters
    ----------
    config : Config
    template : Template
    cases : list of (parameters, names of those that a sweep varies)
        One for each run.
    root : Path
        Folder that relative paths start from.
    """
    found = [
        config.violation((origin, "data"), problem)
        for source, query, origin in sorted(_sources(template, cases))
        if (problem := sources.problem(source, query, root))
    ]
    for name in _paths(template):
        given = {(str(p.get(name) or ""), _origin(name, varied)) for p, varied in cases}
        for path, origin in sorted(given):
            if path and not (root / path).is_file():
                found.append(config.violation((origin, name), _not_there(path, root)))
    return found


def _sources(template: Template, cases: Sequence[_CASE]) -> set[tuple[str, str, str]]:
    needed = getattr(template.parameters.get("data"), "default", None) != ""
    return {
        (source, str(parameters.get("query") or ""), _origin("data", varied))
        for parameters, varied in cases
        if isinstance(source := parameters.get("data"), str) and (source or needed)
    }


def _paths(template: Template) -> list[str]:
    return [
        name
        for name, parameter in template.parameters.items()
        if name == "contract" or (name != "data" and parameter.help.startswith(PATH_OF))
    ]


def _not_there(path: str, root: Path) -> str:
    known = [shown(file, root) for file in (root / path).parent.glob("*") if file.is_file()]
    return f"expected a file, found no {path!r}." + did_you_mean(path, known)


def _origin(name: str, varied: Collection[str]) -> str:
    return "sweep" if name in varied else "parameters"
