"""The plan: every run of every config, checked before any kernel starts."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, cast

from fourfold.data import sources
from fourfold.data.artifacts import artifacts_in, is_artifact, read_artifact, texts_in
from fourfold.data.database import password_complaint
from fourfold.data.formats import kind_of
from fourfold.data.listing import files_below, matches
from fourfold.errors import ConfigError, DataError, TemplateError, Violation, did_you_mean
from fourfold.plan import search as searches
from fourfold.plan import sweep as sweeps
from fourfold.plan.columns import column_problems, columns_in
from fourfold.plan.config import Config, config_name, read_config, run_options
from fourfold.plan.graph import Planned, link
from fourfold.plan.kind import Problem
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.schema import config_kind
from fourfold.plan.search import read_search, resolved
from fourfold.plan.spec import RunOptions, RunSpec, canonical, digest, run_id
from fourfold.plan.sweep import Expansion, Setting
from fourfold.plan.template import Template, find_template, read_template, template_file
from fourfold.project import shown
from fourfold.records.evidence import IN_BUSINESS

#: A parameter whose comment starts with this is the path of a file.
_PATH_OF = "path of "
#: Bytes of the name of a config: it names a folder and, with an ending, a file.
_LONGEST_NAME = 230


def find_configs(paths: Sequence[str], root: Path) -> list[Path]:
    """Return the configs that files, folders and globs name; ``params/`` if there are none.

    Raises
    ------
    ConfigError
        For each path that names no config.
    """
    if not paths and not (root / "templates").is_dir():
        message = (
            "expected a project, a folder with templates/ and params/, here or above; found none"
        )
        raise ConfigError([Violation(str(root), 1, 1, "project", message)])
    hits = {path: _configs_at(path, root) for path in paths or [str(root / "params")]}
    if missing := [path for path, configs in hits.items() if not configs]:
        known = [shown(file, root) for file in _configs_at(str(root / "params"), root)]
        message = "expected a config, a folder of configs or a glob; found none."
        raise ConfigError(
            [Violation(p, 1, 1, "config", message + did_you_mean(p, known)) for p in missing]
        )
    once: dict[str, Path] = {}
    for config in (config for configs in hits.values() for config in configs):
        once.setdefault(os.path.realpath(config), config)
    return list(once.values())


def _configs_at(path: str, root: Path) -> list[Path]:
    """Return the configs at a path; what a link leads to is named by the link."""
    if os.path.isfile(path):
        return [_in_project(Path(path), root)]
    files = files_below(Path(path)) if os.path.isdir(path) else matches(path, Path())
    # A leading underscore marks a base that other configs extend.
    return [
        _in_project(file, root)
        for file in files
        if file.suffix in (".yaml", ".yml") and not file.name.startswith("_")
    ]


def _in_project(path: Path, root: Path) -> Path:
    """Return the absolute path of a config, in the project if any path of it is."""
    absolute = Path(os.path.abspath(path))
    return absolute if absolute.is_relative_to(root) else path.resolve()


def plan(
    paths: Sequence[str],
    root: Path,
    remark: Callable[[Violation], None] = lambda remark: None,
    above: Callable[[RunSpec], None] = lambda run: None,
    outputs: Path | None = None,
    texts: Mapping[Path, str] | None = None,
) -> list[RunSpec]:
    """Return the runs of all configs in order, or raise with everything that is wrong.

    Parameters
    ----------
    paths : sequence of str
        Files, folders and globs; none means ``params/``.
    root : Path
        The project.
    remark : callable
        Given what is not wrong and should be known.
    above : callable
        Given each run of another config that these follow.
    outputs : Path, optional
        Folder of results, by default ``outputs/`` of the project.
    texts : mapping of Path to str, optional
        Of configs that are not saved yet; then these are planned, in place of `paths`.

    Raises
    ------
    ConfigError
        With all violations of all files at once.
    """
    read = cache(read_template)
    planned: list[Planned] = []
    violations: list[Violation] = []
    names: dict[str, Path] = {}
    texts = texts or {}
    for path in texts or find_configs(paths, root):
        try:
            config = read_config(path, root, texts.get(path))
        except ConfigError as error:
            violations += error.violations
            continue
        if config.name in names:
            first = shown(names[config.name], root)
            violations.append(
                config.violation((), f"expected a name of its own, got that of {first}")
            )
        names[config.name] = path
        if not _is_folder_name(config.name):
            message = (
                f"expected a name that UTF-8 can hold in {_LONGEST_NAME} bytes, "
                "and that begins with no dot"
            )
            violations.append(config.violation((), f"{message}, got {config.name!r}"))
            continue
        runs, wrong = _plan_config(config, root, read, remark)
        planned.append(Planned(config, _template(config, root, read), runs))
        violations += wrong

    others_of = cache(_others)  # listed once, and only if a config names another

    def load(name: str) -> Planned | None:
        if (path := others_of(root).get(name)) is None:
            return None
        config = read_config(path, root)
        runs, wrong = _plan_config(config, root, read, remark)
        violations.extend(wrong)
        return Planned(config, _template(config, root, read), runs)

    places = lambda: [*names, *others_of(root)]  # noqa: E731
    try:
        runs, others, wrong = link(planned, load, places, outputs or root / "outputs")
    except ConfigError as error:
        runs, others, wrong = [], [], list(error.violations)
    if violations := [*violations, *wrong]:
        raise ConfigError(list(dict.fromkeys(violations)))
    for run in others:
        above(run)
    return runs


def _others(root: Path) -> dict[str, Path]:
    """Return all configs of a project by name."""
    return {config_name(path, root): path for path in _configs_at(str(root / "params"), root)}


def _template(config: Config, root: Path, read: Any) -> Template | None:
    with suppress(TemplateError):
        path = find_template(str(config.value.get("template")), root / "templates")
        return cast("Template", read(path))
    return None


def _is_folder_name(name: str) -> bool:
    """Say whether outputs can lie in a folder of this name, and a reference in such a file."""
    try:  # a dot at its beginning hides what is ours, and two lead out of the outputs
        return len(name.encode()) <= _LONGEST_NAME and not name.startswith(".")
    except UnicodeEncodeError:
        return False


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


def _plan_config(
    config: Config,
    root: Path,
    read: Any,
    remark: Callable[[Violation], None] = lambda remark: None,
) -> tuple[list[RunSpec], list[Violation]]:
    violations: list[Violation] = []
    template = None
    if "template" in config.value:
        try:
            template = read(find_template(str(config.value["template"]), root / "templates"))
        except TemplateError as error:
            violations.append(config.violation(("template",), str(error)))
    else:
        message = "template: missing; expected the name of a template"
        violations.append(config.violation((), message))
    violations += check_config(config, template)
    names = ("business", "parameters", "sweep", "search", "regress")
    blocks = [config.value.get(name) for name in names]
    if template is None or not all(isinstance(block, dict | None) for block in blocks):
        return [], violations
    if config.block("search"):
        return _plan_search(config, template, violations, root)
    sweep, sets = config.block("sweep"), list[Setting]()
    common = _common(config, template)
    if any(violation.key.startswith("sweep") for violation in violations):
        problems = []
    elif not (problems := sweeps.problems(sweep)):
        kinds = {name: parameter.kind for name, parameter in template.parameters.items()}
        expanded = Expansion(sweep, common, kinds, root)
        sets, problems = expanded.settings, expanded.problems
        if not sets and not problems:
            problems.append(Problem((), "expected at least one run, got none"))
        for key, message in expanded.remarks:
            remark(config.violation(("sweep", *key), message))
    violations += [config.violation(("sweep", *key), message) for key, message in problems]
    options = RunOptions() if violations else run_options(config)
    runs = _runs(config, template, common, sets, options, root)
    return runs, violations + _check_runs(config, template, runs, root)


def _plan_search(
    config: Config, template: Template, violations: list[Violation], root: Path
) -> tuple[list[RunSpec], list[Violation]]:
    """Return the run that stands for a search, and what is wrong with both."""
    if config.block("sweep"):
        message = "expected either a sweep or a search, got both"
        violations.append(config.violation(("search",), message))
    if violations:
        return [], violations
    kinds = {name: parameter.kind for name, parameter in template.parameters.items()}
    block = resolved(config.block("search"), kinds, root)
    common = _common(config, template)
    search = read_search(block, common)
    if wrong := searches.problems(search, kinds):
        return [], [config.violation(("search", *key), message) for key, message in wrong]
    sets = [Setting(values) for values in searches.samples(search)]
    runs = _runs(config, template, common, sets, run_options(config), root)
    spec = replace(runs[0], run_id="default", varied=(), search=block)
    return [spec], _check_runs(config, template, runs, root)


def _common(config: Config, template: Template) -> dict[str, Any]:
    """Return the values of parameters that do not vary."""
    return {**template.defaults, **config.block("business"), **config.block("parameters")}


def _runs(
    config: Config,
    template: Template,
    common: Mapping[str, Any],
    sets: list[Setting],
    options: RunOptions,
    root: Path,
) -> list[RunSpec]:
    ids = [run_id(each.parts.values()) for each in sets]
    # Some systems take capital letters for small ones.
    times = Counter(name.casefold() for name in ids)
    return [
        RunSpec(
            config.name,
            f"{name}-{digest(each.values)}" if times[name.casefold()] > 1 else name,
            shown(config.path, root),
            template.name,
            template_file(template.path, root),
            {**common, **each.values},
            tuple(each.values),
            options,
            config.block("regress"),
            each.row,
        )
        for name, each in zip(ids, sets, strict=True)
    ]


def check_config(config: Config, template: Template | None) -> list[Violation]:
    """Return what is wrong with the keys and values of a config."""
    kind = config_kind(template)
    # A block with nothing in it is none.
    keys = kind.keys or {}
    given = {n: block for n, block in config.value.items() if block is not None or n not in keys}
    problems = kind.problems(given)
    twice = set(IN_BUSINESS) & config.block("business").keys() & config.block("parameters").keys()
    problems += [
        Problem(("parameters", name), f"already given by business.{name}") for name in twice
    ]
    return [config.violation(key, message) for key, message in problems]


def _check_runs(
    config: Config, template: Template, runs: Sequence[RunSpec], root: Path
) -> list[Violation]:
    """Return a violation for each required parameter, run and file that is not as expected."""
    problems = [
        Problem(("parameters", name), f"missing; expected {parameter.expected} ({parameter.help})")
        for name, parameter in template.parameters.items()
        if runs and name not in runs[0].parameters and parameter.default is REQUIRED
    ]
    block = "search" if config.block("search") else "sweep"
    seen: dict[str, str] = {}
    for run in runs if block == "sweep" else ():
        content = canonical(run.parameters)
        if content in seen:
            message = f"run {run.run_id!r} is the same as run {seen[content]!r}; expected each once"
            problems.append(Problem(("sweep",), message))
        seen[content] = run.run_id
    for name, parameter in template.parameters.items():
        named = [r for r in runs if name != "data" or isinstance(r.parameters.get(name), str)]
        cases = {(name in run.varied, _given(run, name), _given(run, "query")) for run in named}
        for varied, path, query in sorted(cases):
            problem: str | None = ""
            if is_artifact(path):
                continue  # which its run may still have to make
            if name == "data" and (path or parameter.default != ""):
                problem = sources.parse(path, root).problem(query)
            elif name == "contract" or (name != "data" and parameter.help.startswith(_PATH_OF)):
                problem = _no_file(path, root)
            if problem:
                problems.append(Problem((block if varied else "parameters", name), problem))
    given = config.block("parameters")
    problems += [
        Problem((block if name in run.varied else "parameters", name), message)
        for run in _differing(template, runs)
        for name, message in column_problems(
            template.parameters, run.parameters, {*given, *run.varied}, root
        )
    ]
    for run in runs:
        for name, value in run.parameters.items():
            place = block if name in run.varied else "parameters"
            unread = map(_unread, artifacts_in(value) if name in run.own else (), repeat(name))
            plain = filter(None, map(password_complaint, texts_in(value)))
            problems += [
                Problem((place, name), message) for message in (*unread, *plain) if message
            ]
    return [config.violation(key, message) for key, message in problems]


def _differing(template: Template, runs: Sequence[RunSpec]) -> list[RunSpec]:
    """Return a run for each set of data and columns."""
    names = ("data", "query", "contract", *columns_in(template.parameters))
    cases = {canonical({n: run.parameters.get(n) for n in names}): run for run in reversed(runs)}
    return list(cases.values())[::-1]


def _unread(text: str, name: str) -> str:
    """Return why a parameter cannot take the artifact that a text names; empty if it can."""
    try:
        artifact = read_artifact(text)
        if name == "data":
            kind_of(artifact.name)
    except DataError as error:
        return str(error)
    return ""


def _given(run: RunSpec, name: str) -> str:
    return str(run.parameters.get(name) or "")


def _no_file(path: str, root: Path) -> str:
    # Of `os`, which takes any text: a path may be too long, or hold what no path can.
    if not path or os.path.isfile(root / path):
        return ""
    folder = (root / path).parent
    files = folder.glob("*") if os.path.isdir(folder) else ()
    known = [shown(file, root) for file in files if file.is_file()]
    return f"expected a file, found no {path!r}.{did_you_mean(path, known)}"
