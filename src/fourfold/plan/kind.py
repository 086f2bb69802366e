"""What a key of a config may hold, described once: for messages, and for editors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from fourfold.errors import did_you_mean


class Problem(NamedTuple):
    """One mistake: the path inside a value, and the message."""

    key: tuple[Any, ...]
    message: str


@dataclass(frozen=True)
class Kind:
    """What a key may hold.

    Attributes
    ----------
    check : callable
        Returns the problems of the value itself. If it has none, its parts are checked.
    schema : callable
        Returns the JSON Schema of the value itself.
    keys : dict of str to Kind, optional
        The keys of a mapping; ``*`` in a name stands for any text.
    other : callable, optional
        Returns the kind of a key that is none of these. Default: an unknown key.
    items : Kind, optional
        The items of a list.
    """

    check: Callable[[Any], list[Problem]] = lambda value: []
    schema: Callable[[], dict[str, Any]] = dict
    keys: Mapping[str, Kind] | None = None
    other: Callable[[Any], Kind] | None = None
    items: Kind | None = None

    def problems(self, value: Any) -> list[Problem]:
        """Return what is wrong with a value and its parts."""
        if wrong := self.check(value):
            return wrong
        parts: Iterable[tuple[Any, Any, Kind]] = ()
        if self.keys is not None and isinstance(value, Mapping):
            parts = ((name, part, self._at(name)) for name, part in value.items())
        elif self.items is not None and isinstance(value, list):
            parts = ((index, part, self.items) for index, part in enumerate(value))
        return [
            Problem((name, *key), message)
            for name, part, kind in parts
            for key, message in kind.problems(part)
        ]

    @property
    def types(self) -> set[Any]:
        """Return the types in JSON that a value may have; None stands for any."""
        schema = self.json_schema()
        return {part.get("type") for part in (schema, *schema.get("anyOf", ()))}

    def _at(self, name: Any) -> Kind:
        keys = self.keys or {}
        if name in keys:
            return keys[name]
        wild = (kind for pattern, kind in keys.items() if fnmatchcase(str(name), pattern))
        return next(wild, None) or (self.other or unknown(keys))(name)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value and its parts."""
        schema = dict(self.schema())
        if self.keys is not None:
            parts = {name: kind.json_schema() for name, kind in self.keys.items()}
            schema["additionalProperties"] = False
            schema["properties"] = {name: part for name, part in parts.items() if "*" not in name}
            if wild := {pattern(name): part for name, part in parts.items() if "*" in name}:
                schema["patternProperties"] = {**schema.get("patternProperties", {}), **wild}
        return schema | ({"items": self.items.json_schema()} if self.items else {})


def pattern(name: str) -> str:
    """Return the regular expression of a name in which ``*`` stands for any text."""
    return f"^{'.*'.join(re.escape(part) for part in name.split('*'))}$"


def anything(name: Any = None) -> Kind:
    """Return the kind of a key that may hold any value."""
    return Kind()


def value(message: str, fits: Callable[[Any], Any], about: str = "", **schema: Any) -> Kind:
    """Return the kind of a value that gets a message, with itself for ``…``, if it does not fit.

    Parameters
    ----------
    message : str
    fits : callable
        Says whether a value is right.
    about : str
        What an editor says of it.
    **schema
        JSON Schema of the value.

    Examples
    --------
    >>> value("expected a text, got …", lambda each: isinstance(each, str)).problems(3)
    [Problem(key=(), message='expected a text, got 3')]
    """

    def check(given: Any) -> list[Problem]:
        return [] if fits(given) else [Problem((), message.replace("…", repr(given)))]

    return Kind(check, lambda: schema | ({"description": about} if about else {}))


def mapping(
    about: str, keys: Mapping[str, Kind], other: Callable[[Any], Kind] | None = None, **schema: Any
) -> Kind:
    """Return the kind of a mapping.

    Parameters
    ----------
    about : str
        What an editor says of it.
    keys, other
        As those of `Kind`.
    **schema
        JSON Schema of the mapping, apart from that of its keys.
    """
    message, schema = "expected a mapping, got …", {"type": "object", **schema}
    whole = value(message, lambda given: isinstance(given, Mapping), about, **schema)
    return Kind(whole.check, whole.schema, keys, other)


def unknown(
    known: Iterable[str], message: str = "unknown key; expected one of …."
) -> Callable[[Any], Kind]:
    """Return the kinds of keys that nothing takes; the message names the nearest known one."""
    names = list(dict.fromkeys(known))
    text = message.replace("…", ", ".join(names))
    return lambda name: Kind(lambda given: [Problem((), text + did_you_mean(name, names))])
