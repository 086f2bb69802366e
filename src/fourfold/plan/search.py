"""A search: the block of a config that asks for the best setting, and the runs that it may make."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fourfold.plan.axes import axis, drawn, draws_whole, six_digits, values_of
from fourfold.plan.kind import Kind, Problem, anything, mapping, value
from fourfold.plan.spec import RunSpec, canonical, digest, run_id, written
from fourfold.plan.sweep import Names, Values, first_repeat, repeats_kind

DIRECTIONS = ("maximize", "minimize")
_REQUIRED = ("metric", "direction", "over")
_AT_ONCE, _CONFIRM, _LEAST = 8, 20, 3
_MOST = 12  # values that are shown


@dataclass(frozen=True)
class Search:
    """What a block ``search`` asks for.

    Attributes
    ----------
    metric, direction : str
        Metric of the template, and ``maximize`` or ``minimize``.
    over : mapping
        Of each parameter a list of values, or a range ``low``, ``high``, ``log``.
    trials : int, optional
        Most settings.
    hours : float, optional
        Hours of the clock after which no setting begins.
    repeat : str
        Parameter that makes a repeat of a run, such as ``seed``; empty: one run a setting.
    repeats : int
        Runs of a setting that is not stopped.
    first : int
        Value of `repeat` in the first run of each setting; the others count up from it.
    confirm : int
        Runs of the winner with values of `repeat` that the search has not used.
    at_once : int
        Runs that are under way at a time; what is tried next does not depend on workers.
    seed : int
        Of the settings that are drawn.
    """

    metric: str
    direction: str
    over: Mapping[str, Any]
    trials: int | None = None
    hours: float | None = None
    repeat: str = ""
    repeats: int = 1
    first: int = 0
    confirm: int = 0
    at_once: int = _AT_ONCE
    seed: int = 0

    @property
    def size(self) -> float:
        """Return how many settings there are; infinite if one parameter is a range of floats."""
        return math.prod(map(_size, self.over.values()))

    @property
    def settings(self) -> float:
        """Return how many settings are tried at most."""
        return min(self.trials or math.inf, self.size)

    @property
    def runs(self) -> float:
        """Return how many runs there are at most, those that confirm the winner included."""
        return self.settings * self.repeats + self.confirm

    def value_at(self, repeat: int) -> int:
        """Return the value of the parameter `repeat` in a run of a setting, counted from 0."""
        return self.first + repeat

    def values_at(self, values: Values, repeat: int) -> Values:
        """Return the values of all parameters that a run of a setting has of its own."""
        return {**values, **({self.repeat: self.value_at(repeat)} if self.repeat else {})}

    def __str__(self) -> str:
        """Return what is searched, in one line."""
        over = ", ".join(f"{name} {_shown(values)}" for name, values in self.over.items())
        most = "" if self.settings == math.inf else f"at most {self.settings:,} settings"
        hours = f"{self.hours:g} hours" if self.hours else ""
        limit = " or ".join(filter(None, [most, hours]))
        times = f" × {self.repeats} values of {self.repeat}" if self.repeat else ""
        confirmed = f", the best confirmed on {self.confirm} others" if self.confirm else ""
        runs = f": {int(self.runs):,} runs" if self.repeat and self.runs < math.inf else ""
        return f"{self.direction} {self.metric} over {over}; {limit}{times}{confirmed}{runs}"


def _size(values: Any) -> float:
    if isinstance(values, list):
        return len(values)
    low, high = values["low"], values["high"]
    return high - low + 1 if _is_whole(values) else 1 if low == high else math.inf


def _is_whole(span: Mapping[str, Any]) -> bool:
    return isinstance(span["low"], int)


def _shown(values: Any) -> str:
    if isinstance(values, list):
        texts = [each if isinstance(each, str) else canonical(each) for each in values]
        return " | ".join(texts if len(texts) <= _MOST else [*texts[:3], "…", texts[-1]])
    return f"{values['low']:g}..{values['high']:g}{' (log)' * bool(values.get('log'))}"


def distributions(search: Search) -> dict[str, Any]:
    """Return of each parameter the distribution that Optuna draws from.

    Values of a list are drawn by their place, which has an order if they are sorted numbers.
    """
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    def of(values: Any) -> Any:
        if isinstance(values, list):
            numbers = all(type(each) in (int, float) for each in values)
            if numbers and values == sorted(values):
                return IntDistribution(0, len(values) - 1)
            return CategoricalDistribution(range(len(values)))
        kind = IntDistribution if _is_whole(values) else FloatDistribution
        return kind(values["low"], values["high"], log=values.get("log", False))

    return {name: of(values) for name, values in search.over.items()}


def setting(search: Search, drawn: Mapping[str, Any]) -> Values:
    """Return the values of what was drawn: floats of six digits, which names of runs hold."""
    return {
        name: over[drawn[name]]
        if isinstance(over, list)
        else drawn[name]
        if _is_whole(over)
        else six_digits(drawn[name])
        for name, over in search.over.items()
    }


def fits(search: Search, drawn: Any) -> bool:
    """Say whether something may have been drawn by a search: its parameters, within its ranges."""

    def of(over: Any, value: Any) -> bool:
        if isinstance(over, list):
            return type(value) is int and 0 <= value < len(over)
        kind = int if _is_whole(over) else int | float
        return isinstance(value, kind) and bool(over["low"] <= value <= over["high"])

    return isinstance(drawn, dict) and all(of(o, drawn.get(n)) for n, o in search.over.items())


def search_kind(names: Names, metric: Kind | None = None) -> Kind:
    """Return what the block ``search`` may hold.

    Parameters
    ----------
    names : Names
        Of the template.
    metric : Kind, optional
        What `metric` may be.
    """
    form = value("expected a mapping of parameter to list or range, got …", is_dict(1))
    whole = value(
        "expected a whole number, got …", lambda given: type(given) is int, type="integer"
    )
    block = mapping(
        "The best setting is looked for",
        {
            "metric": metric or anything(),
            "direction": value(
                "expected maximize or minimize, got …",
                lambda given: given in DIRECTIONS,
                "Whether more of the metric is better, or less",
                enum=list(DIRECTIONS),
            ),
            "over": names.each(
                _searched, "Values of each parameter: a list or a range", form, minProperties=1
            ),
            "trials": _from(1, "Most settings to try"),
            "hours": value(
                "expected a number of hours above 0, got …",
                lambda given: type(given) in (int, float) and 0 < given < math.inf,
                "Hours after which no other setting begins",
                type="number",
                exclusiveMinimum=0,
            ),
            "repeat": names.each(
                repeats_kind,
                "Parameter of which each setting is tried with several values, as {seed: 5}",
                value("expected one parameter, as {seed: 5}, got …", is_dict(1, 1)),
                minProperties=1,
                maxProperties=1,
            ),
            "confirm": _from(_LEAST, f"Fresh runs of the winner; by default {_CONFIRM}"),
            "at_once": _from(1, f"Runs under way at a time; by default {_AT_ONCE}"),
            "seed": whole,
        },
        required=list(_REQUIRED),
        anyOf=[{"required": ["trials"]}, {"required": ["hours"]}],
        dependencies={"confirm": ["repeat"]},
    )
    return replace(block, check=lambda given: block.check(given) or _incomplete(given))


def is_dict(least: int, most: float = math.inf) -> Callable[[Any], bool]:
    """Return the test of a mapping with so many keys."""
    return lambda given: isinstance(given, dict) and least <= len(given) <= most


def _searched(of: Kind) -> Kind:
    """Return the kind of what a parameter is searched over: as in a grid, or between two ends."""
    ends, listed = drawn(of, Kind()), axis(of)

    def check(given: Any) -> list[Problem]:
        if not isinstance(given, dict) or not {"low", "high"} & set(given):
            return listed.problems(given)
        if others := sorted(set(given) - {"low", "high", "log"}):
            return [Problem((), f"expected low, high and log, got {', '.join(others)} as well")]
        return ends.problems(given)

    def schema() -> dict[str, Any]:
        keys = ends.keys or {}
        parts = {name: keys[name].json_schema() for name in ("low", "high", "log")}
        form = {"required": ["low", "high"], "additionalProperties": False}
        return {"anyOf": [listed.json_schema(), {"type": "object", "properties": parts, **form}]}

    return Kind(check, schema)


def _from(least: int, about: str) -> Kind:
    return value(
        f"expected a whole number from {least}, got …",
        lambda given: type(given) is int and given >= least,
        about,
        type="integer",
        minimum=least,
    )


def _incomplete(given: Mapping[str, Any]) -> list[Problem]:
    missing = [name for name in _REQUIRED if name not in given]
    wrong = [Problem((), f"{name}: missing; expected metric, direction, over") for name in missing]
    if not {"trials", "hours"} & given.keys():
        wrong.append(Problem((), "expected trials, hours or both as its end, got neither"))
    if "confirm" in given and "repeat" not in given:
        message = "expected repeat as well: fresh runs need another value of one parameter"
        wrong.append(Problem(("confirm",), message))
    return wrong


def read_search(block: Mapping[str, Any], parameters: Mapping[str, Any]) -> Search:
    """Return the search in a block that `search_kind` finds right.

    Parameters
    ----------
    block : mapping
    parameters : mapping
        Of the config and the template; the first repeat has the value that is given here.
    """
    own = {name: part for name, part in block.items() if name != "repeat"}
    for name, repeats in (block.get("repeat") or {}).items():
        first = first_repeat(parameters, name)
        own = {"confirm": _CONFIRM, **own, "repeat": name, "repeats": repeats, "first": first}
    return Search(**own)


def resolved(block: Mapping[str, Any], kinds: Mapping[str, Kind], root: Path) -> dict[str, Any]:
    """Return a block in which each parameter has a list, or two ends of the kind that it takes.

    Parameters
    ----------
    block : mapping
        As `search_kind` finds it right.
    kinds : mapping
        What the parameters of the template take.
    root : Path
        The project, to which files are relative.
    """

    def of(given: Any, kind: Kind) -> Any:
        if isinstance(given, list) or "low" not in given:
            return values_of(given, kind, root)
        low, high = given["low"], given["high"]
        if isinstance(low, str):  # dates
            return values_of({"from": low, "to": high}, kind, root)
        number = int if draws_whole(given, kind) else float
        return {**given, "low": number(low), "high": number(high)}

    return {
        **block,
        "over": {name: of(given, kinds[name]) for name, given in block["over"].items()},
    }


def problems(search: Search, kinds: Mapping[str, Kind]) -> list[Problem]:
    """Return what is wrong with a search beyond the form of its block."""
    wrong = []
    for name, values in search.over.items():
        if values == []:
            wrong.append(Problem(("over", name), "expected files, got none that match"))
        ids = [id_of({name: each}) for each in values] if isinstance(values, list) else []
        wrong += [
            Problem(("over", name), f"expected each value once, got {values[place]!r} again")
            for place, each in enumerate(ids)
            if each in ids[:place]
        ]
    if search.repeat in search.over:
        message = f"already searched over; expected a parameter that is not, got {search.repeat!r}"
        wrong.append(Problem(("repeat", search.repeat), message))
    elif search.repeat:
        last = search.value_at(search.repeats + search.confirm - 1)
        wrong += [
            Problem(
                ("repeat", search.repeat),
                f"expected fewer runs, for the last would have {last}: {text}",
            )
            for _, text in kinds[search.repeat].problems(last)
        ]
    return wrong


def samples(search: Search) -> Iterator[Values]:
    """Yield settings that together have each value of each list, and both ends of each range."""
    ends = {
        name: values if isinstance(values, list) else [values["low"], values["high"]]
        for name, values in search.over.items()
    }
    for place in range(max(map(len, ends.values()))):
        yield {name: values[min(place, len(values) - 1)] for name, values in ends.items()}


def search_of(spec: RunSpec) -> Search:
    """Return the search of a config that has one."""
    return read_search(spec.search, spec.parameters)


def run_of(spec: RunSpec, own: Values) -> RunSpec:
    """Return the run of a search, by its `spec`, that has these values of its own."""
    parameters = {**spec.parameters, **own}
    return replace(spec, run_id=id_of(own), parameters=parameters, varied=tuple(own), search={})


def id_of(own: Values) -> str:
    """Return the name of a run with these values, which no other run of the search has."""
    parts = [f"{name}={written(each)}" for name, each in own.items()]
    name = run_id(parts)
    plain = all(isinstance(each, int | float) for each in own.values())
    return name if plain or name == ",".join(parts).lower() else f"{name}-{digest(own)}"
