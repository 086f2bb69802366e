"""A config: one YAML file, read with the place of every key."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fourfold.data.yamlfile import Key, Position, read_positions
from fourfold.errors import ConfigError, Violation, did_you_mean
from fourfold.plan.spec import RunOptions
from fourfold.project import shown
from fourfold.records.evidence import BUSINESS

KEYS = ("extends", "template", "business", "parameters", "sweep", "run", "regress")
RUN = ("timeout", "cell_timeout", "retries", "retry_on", "reference")
RETRY_ON = ("killed", "failed", "timed_out")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECONDS = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class Config:
    """One YAML file after ``extends``; nothing in it is checked against a template yet."""

    path: Path
    name: str
    content: Mapping[str, Any]
    places: Mapping[Key, Position] = field(repr=False)

    def place(self, *key: Any) -> Position:
        """Return where `key` stands, or the nearest key above it."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key, Position(str(self.path)))

    def violation(self, key: Key, message: str) -> Violation:
        """Return a violation located at `key`."""
        place = self.place(*key)
        dotted = ".".join(map(str, key)).replace(".<key>", "") or "config"
        return Violation(place.file, place.line, place.column, dotted, message)


def read_config(path: Path, root: Path) -> Config:
    """Read a config and the configs that it extends.

    Parameters
    ----------
    path : Path
        The YAML file.
    root : Path
        The project: its ``params/`` folder is left out of the name, and messages name
        files relative to it.

    Raises
    ------
    ConfigError
        If a file is missing, no YAML, no mapping, or extends itself.
    """
    content, places = _read(path, root, ())
    return Config(path, config_name(path, root), content, places)


def config_name(path: Path, root: Path) -> str:
    """Return ``clustering-penguins`` for ``params/clustering/penguins.yaml``."""
    below = next((base for base in (root / "params", root) if path.is_relative_to(base)), None)
    relative = path.relative_to(below) if below else Path(path.name)
    return "-".join(relative.with_suffix("").parts)


def _read(
    path: Path, root: Path, above: tuple[Path, ...]
) -> tuple[dict[str, Any], dict[Key, Position]]:
    file = shown(path, root)
    content, places = read_positions(path, file, "config", " with 'template'")
    parent = content.get("extends")
    if parent is None:
        return content, places
    base = (path.parent / str(parent)).resolve()
    place = places[("extends",)]
    if base in (*above, path.resolve()):
        raise _error(
            place, "extends", f"expected a config that does not extend itself, got {parent!r}"
        )
    if not base.is_file():
        near = did_you_mean(parent, (p.name for p in path.parent.glob("*.y*ml")))
        raise _error(place, "extends", f"expected a file, found no {shown(base, root)!r}.{near}")
    return _merge(_read(base, root, (*above, path.resolve())), (content, places))


def _error(place: Position, key: str, message: str) -> ConfigError:
    return ConfigError([Violation(place.file, place.line, place.column, key, message)])


_Read = tuple[dict[str, Any], dict[Key, Position]]


def _merge(base: _Read, child: _Read) -> _Read:
    """Lay `child` over `base`: mappings key by key, lists, values and sweeps as a whole."""
    content, places = dict(base[0]), dict(base[1])
    for name, value in child[0].items():
        deep = name in ("business", "parameters", "run", "regress") and isinstance(
            content.get(name), dict
        )
        content[name] = {**content[name], **value} if deep and isinstance(value, dict) else value
    return content, {**places, **child[1]}


def duration_s(value: Any) -> float:
    """Return seconds from a number, or from ``90s``, ``10m``, ``2h``.

    Raises
    ------
    ValueError
        If it is neither, or not positive.
    """
    found = _DURATION.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    seconds = float(found[1]) * _SECONDS[found[2]] if found else math.nan
    if not seconds > 0:
        raise ValueError(f"expected a duration such as 90s, 10m or 2h, got {value!r}")
    return seconds


def check_keys(config: Config) -> list[Violation]:
    """Return the violations that need no template: unknown keys and wrong kinds."""
    found = _unknown(config, (), config.content, KEYS)
    if "template" not in config.content:
        found.append(config.violation((), "template: missing; expected the name of a template"))
    for name, known in {
        "business": BUSINESS,
        "run": RUN,
        "parameters": None,
        "sweep": None,
        "regress": None,
    }.items():
        block = config.content.get(name)
        if block is None:
            continue
        if not isinstance(block, dict):
            found.append(config.violation((name,), f"expected a mapping, got {block!r}"))
        elif known is not None:
            found += _unknown(config, (name,), block, known)
    return found


def _unknown(
    config: Config, key: Key, block: Mapping[str, Any], known: tuple[str, ...]
) -> list[Violation]:
    return [
        config.violation(
            (*key, name),
            f"unknown key; expected one of {', '.join(known)}." + did_you_mean(name, known),
        )
        for name in block
        if name not in known
    ]


def run_options(config: Config) -> tuple[RunOptions, list[Violation]]:
    """Return how the runs of a config are executed, and what is wrong with it."""
    block = config.content.get("run")
    options, found = RunOptions(), []
    for name, value in block.items() if isinstance(block, dict) else ():
        if name not in RUN:
            continue
        try:
            options = replace(options, **_option(name, value))
        except ValueError as error:
            found.append(config.violation(("run", name), str(error)))
    return options, found


def _option(name: str, value: Any) -> dict[str, Any]:
    if name in ("timeout", "cell_timeout"):
        return {f"{name}_s": duration_s(value)}
    if name == "retries" and (type(value) is not int or value < 0):
        raise ValueError(f"expected a whole number from 0, got {value!r}")
    if name == "retry_on":
        return {name: _retry_on(value)}
    if name == "reference" and type(value) is not bool:
        raise ValueError(f"expected true or false, got {value!r}")
    return {name: value}


def _retry_on(value: Any) -> tuple[str, ...]:
    kinds = value if isinstance(value, list) else [value]
    for kind in kinds:
        if kind not in RETRY_ON:
            known = ", ".join(RETRY_ON)
            raise ValueError(
                f"expected a list of {known}, got {kind!r}.{did_you_mean(str(kind), RETRY_ON)}"
            )
    return tuple(kinds)
