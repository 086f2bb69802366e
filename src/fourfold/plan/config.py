"""A config: one YAML file, read with the position of every key."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fourfold.data.yamlfile import Document, Key, Position, read_positions
from fourfold.errors import ConfigError, Violation, did_you_mean
from fourfold.plan.kind import Kind, Problem, mapping, value
from fourfold.plan.spec import RunOptions
from fourfold.project import shown

RETRY_ON = ("killed", "failed", "timed_out")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECONDS = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_Read = tuple[dict[str, Any], dict[Key, Position]]


@dataclass(frozen=True)
class Config(Document[dict[str, Any]]):
    """One YAML file after ``extends``; nothing in it is checked against a template yet."""

    what: ClassVar[str] = "config"
    path: Path
    name: str

    def block(self, name: str) -> dict[str, Any]:
        """Return a mapping of the config; empty if there is none of this name."""
        block = self.value.get(name)
        return block if isinstance(block, dict) else {}


def read_config(path: Path, root: Path, text: str | None = None) -> Config:
    """Read a config and the configs that it extends; messages name files relative to `root`.

    Parameters
    ----------
    path, root : Path
    text : str, optional
        In place of what the file holds, which need not be there.

    Raises
    ------
    ConfigError
        If a file is missing, no YAML, no mapping, or extends itself.
    """
    return Config(*_read(path.resolve(), root, (), text), path, config_name(path, root))


def config_name(path: Path, root: Path) -> str:
    """Return ``clustering-penguins`` for ``params/clustering/penguins.yaml``."""
    below = next((base for base in (root / "params", root) if path.is_relative_to(base)), None)
    relative = path.relative_to(below) if below else Path(path.name)
    return "-".join(relative.with_suffix("").parts)


def _read(path: Path, root: Path, above: tuple[Path, ...], text: str | None = None) -> _Read:
    named = shown(path, root)
    content, positions = read_positions(path, named, "config", " with 'template'", text)
    parent = content.get("extends")
    if parent is None:
        return content, positions
    wanted = path.parent / str(parent)
    # A path may be too long for the system, or hold what no path can.
    base = wanted.resolve() if os.path.isfile(wanted) else wanted
    here, problem = positions[("extends",)], ""
    if base in (*above, path.resolve()):
        problem = f"expected a config that does not extend itself, got {parent!r}"
    elif base is wanted:
        near = did_you_mean(parent, (p.name for p in path.parent.glob("*.y*ml")))
        problem = f"expected a file, found no {shown(Path(os.path.normpath(base)), root)!r}.{near}"
    if problem:
        raise ConfigError([Violation(here.file, here.line, here.column, "extends", problem)])
    return _merge(_read(base, root, (*above, path.resolve())), (content, positions))


def _merge(base: _Read, child: _Read) -> _Read:
    """Lay `child` over `base`: mappings key by key, lists, values and sweeps as a whole."""
    content = dict(base[0])
    for name, given in child[0].items():
        under = content.get(name)
        deep = name in ("business", "parameters", "run", "regress")
        merged = deep and isinstance(under, dict) and isinstance(given, dict)
        content[name] = {**(under or {}), **given} if merged else given
    return content, {**base[1], **child[1]}


def duration_s(given: Any) -> float | None:
    """Return seconds from a number, or from ``90s``, ``10m``, ``2h``; None if it is no duration."""
    match = _DURATION.fullmatch(str(given).strip()) if not isinstance(given, bool) else None
    return float(match[1]) * _SECONDS[match[2]] or None if match else None


def _retry_on(given: Any) -> list[Problem]:
    known = ", ".join(RETRY_ON)
    return [
        Problem((), f"expected a list of {known}, got {end!r}.{did_you_mean(end, RETRY_ON)}")
        for end in (given if isinstance(given, list) else [given])
        if end not in RETRY_ON
    ][:1]


def _duration(about: str) -> Kind:
    message = "expected a duration such as 90s, 10m or 2h, got …"
    # As `duration_s` reads it; none is no duration.
    pattern = r"^\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*(s|m|h|d)?\s*$"
    kinds = {"type": ["string", "number"], "pattern": pattern, "exclusiveMinimum": 0}
    kinds["patternErrorMessage"] = message.removesuffix(", got …")
    return value(message, duration_s, about, **kinds)


RUN = mapping(
    "How the run is executed",
    {
        "timeout": _duration("Longest time for the run, such as 10m"),
        "cell_timeout": _duration("Longest time for one cell"),
        "retries": value(
            "expected a whole number from 0, got …",
            lambda given: type(given) is int and given >= 0,
            "Tries after the first",
            type="integer",
            minimum=0,
        ),
        "retry_on": Kind(
            _retry_on,
            lambda: {
                "anyOf": [
                    {"enum": list(RETRY_ON)},
                    {"type": "array", "items": {"enum": list(RETRY_ON)}},
                ],
                "description": "Ends after which a run is tried again; by default killed",
            },
        ),
        "reference": value(
            "expected true or false, got …",
            lambda given: type(given) is bool,
            "Keep an executed reference in notebooks/",
            type="boolean",
        ),
    },
)


def run_options(config: Config) -> RunOptions:
    """Return how the runs of a config are executed, of which `RUN` has found nothing wrong."""
    given = config.block("run")
    options: dict[str, Any] = {n: given[n] for n in ("retries", "reference") if n in given}
    limits = (name for name in ("timeout", "cell_timeout") if name in given)
    options |= {f"{name}_s": duration_s(given[name]) for name in limits}
    if "retry_on" in given:
        ends = given["retry_on"]
        options["retry_on"] = tuple(ends if isinstance(ends, list) else [ends])
    return RunOptions(**options)
