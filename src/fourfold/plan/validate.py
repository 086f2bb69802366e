"""A config against its template: every mistake, located."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from fourfold.data import sources
from fourfold.data.yamlfile import Key
from fourfold.errors import ConclusionError, Violation, did_you_mean
from fourfold.plan import sweep as sweeps
from fourfold.plan.config import Config
from fourfold.plan.rules import read_rules
from fourfold.plan.template import Template
from fourfold.project import shown
from fourfold.records.evidence import BUSINESS, Criterion

#: A parameter whose comment starts with this is the path of a file.
PATH_OF = "path of "
_CASE = tuple[Mapping[str, Any], Collection[str]]


def block(config: Config, name: str) -> dict[str, Any]:
    """Return a mapping of the config; empty where it is not there."""
    return config.content.get(name) or {}


def check_content(config: Config, template: Template) -> list[Violation]:
    """Return what is wrong with all but the sweep."""
    checks = (check_business, check_parameters, check_regress)
    return [violation for check in checks for violation in check(config, template)]


def check_business(config: Config, template: Template) -> list[Violation]:
    """Return what is wrong with the question, the decision and the success criteria."""
    found = []
    for name, value in block(config, "business").items():
        key: Key = ("business", name)
        if name in BUSINESS and name not in template.parameters:
            message = f"template {template.name!r} has no parameter {name!r} to take it"
            found.append(config.violation(key, message))
        elif name in BUSINESS:
            found += _check_value(config, template, name, value, key)
    return found


def _check_success(
    config: Config, template: Template, success: dict[str, Any], above: Key
) -> list[Violation]:
    found = []
    for metric, condition in success.items():
        key = (*above, metric)
        if not template.records(metric):
            known = ", ".join(dict.fromkeys(template.metrics))
            message = f"template {template.name!r} records no such metric; expected one of {known}."
            found.append(config.violation(key, message + did_you_mean(metric, template.metrics)))
        try:
            Criterion.parse(metric, condition)
        except ConclusionError as error:
            found.append(config.violation(key, str(error)))
    return found


def check_parameters(config: Config, template: Template) -> list[Violation]:
    """Return the unknown parameters, wrong types and values out of range."""
    found = []
    for name, value in block(config, "parameters").items():
        key: Key = ("parameters", name)
        if name in BUSINESS and name in block(config, "business"):
            found.append(config.violation(key, f"already given by business.{name}"))
        found += _check_value(config, template, name, value, key)
    return found


def _check_value(
    config: Config, template: Template, name: str, value: Any, key: Key
) -> list[Violation]:
    parameter = template.parameters.get(name)
    if parameter is None:
        message = f"unknown parameter of template {template.name!r}."
        return [config.violation(key, message + did_you_mean(name, template.parameters))]
    if name == "success" and isinstance(value, dict):
        return _check_success(config, template, value, key)
    return [
        config.violation((*key, *inner), message) for inner, message in parameter.problems(value)
    ]


def check_regress(config: Config, template: Template) -> list[Violation]:
    """Return what is wrong with the rules of the regression test."""
    rules, problems = read_rules(config.content.get("regress") or {})
    found = [config.violation(("regress", *key), message) for key, message in problems]
    for metric in rules.metrics:
        if not template.records(metric):
            known = ", ".join(dict.fromkeys(template.metrics))
            message = f"template {template.name!r} records no such metric; expected one of {known}."
            message += did_you_mean(metric, template.metrics)
            found.append(config.violation(("regress", "metrics", metric), message))
    return found


def check_sweep(config: Config, template: Template) -> tuple[list[dict[str, Any]], list[Violation]]:
    """Return the parameter sets of the sweep, and what is wrong with it."""
    sweep = block(config, "sweep")
    found = [
        config.violation(
            ("sweep", name),
            f"unknown key; expected one of {', '.join(sweeps.KINDS)}."
            + did_you_mean(name, sweeps.KINDS),
        )
        for name in sweep
        if name not in sweeps.KINDS
    ]
    found += [config.violation(("sweep", *p.key), p.message) for p in sweeps.problems(sweep)]
    if found:
        return [], found
    for key, name, value in sweeps.swept(sweep):
        found += _check_value(config, template, name, value, ("sweep", *key))
    sets, idle = sweeps.expand(sweep)
    found += [config.violation(("sweep", *p.key), p.message) for p in idle]
    if not sets:
        found.append(config.violation(("sweep",), "expected at least one run, got none"))
    return sets, found


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
