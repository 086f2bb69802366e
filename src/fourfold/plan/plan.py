"""The plan: every run of every config, checked before any kernel starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.errors import ConfigError, TemplateError, Violation, did_you_mean
from fourfold.plan import validate
from fourfold.plan.config import Config, check_keys, read_config, run_options
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.spec import RunOptions, RunSpec, canonical, digest, run_id
from fourfold.plan.template import Template, find_template, read_template, template_file
from fourfold.plan.validate import block, check_content, check_sweep
from fourfold.project import shown
from fourfold.records.evidence import BUSINESS


def find_configs(paths: Sequence[str], root: Path) -> list[Path]:
    """Return the configs that files, folders and globs name; ``params/`` if there are none.

    Raises
    ------
    ConfigError
        For each path that names no config.
    """
    found: dict[Path, None] = {}
    missing = []
    if not paths and not (root / "templates").is_dir():
        told = "expected a project, a folder with templates/ and params/, here or above; found none"
        raise ConfigError([Violation(str(root), 1, 1, "project", told)])
    for path in paths or [str(root / "params")]:
        hits = _configs_at(path)
        if not hits:
            missing.append(Violation(path, 1, 1, "config", _no_config(path, root)))
        found.update(dict.fromkeys(hits))
    if missing:
        raise ConfigError(missing)
    return list(found)


def _configs_at(path: str) -> list[Path]:
    place = Path(path)
    if place.is_dir():
        hits: Iterable[Path] = (f for f in place.rglob("*") if f.suffix in (".yaml", ".yml"))
    elif place.is_file():
        hits = [place]
    else:
        base = Path(place.anchor)
        pattern = str(place.relative_to(base)) if place.anchor else path
        hits = (f for f in base.glob(pattern) if f.suffix in (".yaml", ".yml"))
    # A leading underscore marks a base that other configs extend.
    return sorted(f.resolve() for f in hits if place.is_file() or not f.name.startswith("_"))


def _no_config(path: str, root: Path) -> str:
    known = [shown(f, root) for f in sorted((root / "params").rglob("*.y*ml"))]
    return "expected a config, a folder of configs or a glob; found none." + did_you_mean(
        path, known
    )


def plan(paths: Sequence[str], root: Path) -> list[RunSpec]:
    """Return the runs of all configs in order, or raise with everything that is wrong.

    Parameters
    ----------
    paths : sequence of str
        Files, folders and globs; empty means ``params/``.
    root : Path
        The project folder.

    Raises
    ------
    ConfigError
        With all violations of all files at once.
    """
    read = cache(read_template)
    runs: list[RunSpec] = []
    violations: list[Violation] = []
    names: dict[str, Path] = {}
    for path in find_configs(paths, root):
        try:
            config = read_config(path, root)
        except ConfigError as error:
            violations += error.violations
            continue
        if config.name in names:
            first = shown(names[config.name], root)
            violations.append(
                config.violation((), f"expected a name of its own, got that of {first}")
            )
        names[config.name] = path
        planned, found = _plan_config(config, root, read)
        runs += planned
        violations += found
    if violations:
        raise ConfigError(list(dict.fromkeys(violations)))
    return runs


def plan_one(config: Config, root: Path) -> RunSpec:
    """Return the only run of a config that no file holds, checked as any other.

    Raises
    ------
    ConfigError
        With all violations at once.
    """
    runs, violations = _plan_config(config, root, read_template)
    if violations:
        raise ConfigError(list(dict.fromkeys(violations)))
    return runs[0]


def _plan_config(config: Config, root: Path, read: Any) -> tuple[list[RunSpec], list[Violation]]:
    violations = check_keys(config)
    options, found = run_options(config)
    violations += found
    template = None
    if "template" in config.content:
        try:
            template = read(find_template(str(config.content["template"]), root / "templates"))
        except TemplateError as error:
            violations.append(config.violation(("template",), str(error)))
    if template is None or any(
        violation.key in ("business", "parameters", "sweep", "regress") for violation in violations
    ):
        return [], violations
    violations += check_content(config, template)
    sets, found = check_sweep(config, template)
    violations += found
    runs = _runs(config, template, sets, options, root)
    return runs, violations + _check_runs(config, template, runs, root)


def _runs(
    config: Config,
    template: Template,
    sets: list[dict[str, Any]],
    options: RunOptions,
    root: Path,
) -> list[RunSpec]:
    defaults = {
        name: parameter.default
        for name, parameter in template.parameters.items()
        if parameter.default is not REQUIRED
    }
    given = {**block(config, "business"), **block(config, "parameters")}
    common = {**defaults, **_without_business(defaults), **given}
    ids = [run_id(values) for values in sets]
    often = {name for name, times in Counter(ids).items() if times > 1}
    return [
        RunSpec(
            config.name,
            f"{name}-{digest(values)}" if name in often else name,
            shown(config.path, root),
            template.name,
            template_file(template.path, root),
            {**common, **values},
            tuple(values),
            options,
            block(config, "regress"),
        )
        for name, values in zip(ids, sets, strict=True)
    ]


def _without_business(defaults: dict[str, Any]) -> dict[str, Any]:
    """A template's own question is about its own example, never about somebody else's data."""
    return {name: type(defaults[name])() for name in BUSINESS if name in defaults}


def _check_runs(
    config: Config, template: Template, runs: list[RunSpec], root: Path
) -> list[Violation]:
    found = []
    given = runs[0].parameters if runs else {}
    for name, parameter in template.parameters.items():
        if runs and name not in given:
            message = f"missing; expected {parameter.expected} ({parameter.help})"
            found.append(config.violation(("parameters", name), message))
    seen: dict[str, str] = {}
    for run in runs:
        content = canonical(run.parameters)
        if content in seen:
            message = f"run {run.run_id!r} is the same as run {seen[content]!r}; expected each once"
            found.append(config.violation(("sweep",), message))
        seen[content] = run.run_id
    cases = [(run.parameters, run.varied) for run in runs]
    return found + validate.missing(config, template, cases, root)
