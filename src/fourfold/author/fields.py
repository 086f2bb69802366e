"""Fields of a form: their kinds by the types of a template, and the values of their entries."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from fourfold.data.yamlfile import read_positions
from fourfold.data.yamltext import REMOVED, flow
from fourfold.errors import ConfigError, FourfoldError
from fourfold.plan.parameters import Parameter

_NUMBER = re.compile(r"[-+]?(\d+|(\d+\.\d*|\.\d+)([eE][-+]?\d+)?|\d+[eE][-+]?\d+)")
_WORDS = {int: "whole number", float: "number"}
_LONG = ("question", "decision", "if_yes", "if_no", "query")
Entry = str | bool | list[Any]


@dataclass(frozen=True)
class Field:
    """One value of a config, as a form shows it.

    Attributes
    ----------
    key : tuple of str
        Block and name.
    kind : str
        ``text``, ``long``, ``number``, ``flag``, ``choice``, ``choices``, ``list``, ``pairs``, or
        ``value``, which is written as YAML.
    help : str
        The comment beside the parameter.
    value : object
        What a run has without an entry.
    shown : str, bool or list
        The same as an entry.
    hint : str
        Type and range in words.
    options : tuple of str
        What can be chosen.
    suggest : str
        What may be entered: ``data``, ``files``, ``columns``, ``metrics`` or nothing in particular.
    locked : str
        Why it cannot be changed here.
    required : bool
        Whether a new config needs it.
    parameter : Parameter, optional
        Of the template.
    """

    key: tuple[str, str]
    kind: str
    help: str
    value: Any
    shown: Entry
    hint: str = ""
    options: tuple[str, ...] = ()
    suggest: str = ""
    locked: str = ""
    required: bool = False
    parameter: Parameter | None = None

    @property
    def name(self) -> str:
        """Return block and name with a dot between them, as messages have it."""
        return ".".join(self.key)

    def to_json(self) -> dict[str, Any]:
        """Return what a page needs."""
        names = ("name", "kind", "help", "shown", "hint", "options", "suggest", "locked")
        label = self.key[1].replace("_", " ")
        return {n: getattr(self, n) for n in names} | {"label": label, "required": self.required}

    def entered(self, entry: Any) -> Any:
        """Return the value that an entry stands for, `REMOVED` for that of the template.

        Raises
        ------
        FourfoldError
            If it is no entry of such a field.
        """
        if not _fits(self.kind, entry):
            raise FourfoldError(f"{self.name}: expected an entry of a field of kind {self.kind!r}")
        wrong = self.parameter.problems(self.value) if self.parameter else []
        if entry == shown(self.value, self.kind) and not wrong:
            return self.value
        types = _types(self.parameter.type) if self.parameter else (Any,)
        if self.kind == "flag":
            return entry
        if self.kind in ("choices", "list"):
            return [_typed(each, _inner(types, list, 0)) for each in entry if each != ""]
        if self.kind == "pairs":
            inner, names = _inner(types, dict, 1), [name for name, _ in entry if name]
            if twice := [name for name in names if names.count(name) > 1]:
                raise FourfoldError(f"{self.name}: expected each name once, got {twice[0]!r} again")
            return {name: _typed(each, inner) for name, each in entry if [name, each] != ["", ""]}
        if entry == "" and (NoneType in types or str not in types):
            return None if NoneType in types else REMOVED
        return _typed(entry, types)


def _fits(kind: str, entry: Any) -> bool:
    def texts(many: Any) -> bool:
        return isinstance(many, list) and all(isinstance(each, str) for each in many)

    if kind in ("choices", "list"):
        return texts(entry)
    if kind == "pairs":
        return isinstance(entry, list) and all(texts(e) and len(e) == 2 for e in entry)
    return isinstance(entry, bool if kind == "flag" else str)


def _types(kind: Any) -> tuple[Any, ...]:
    """Return the types of which a value may be any."""
    return get_args(kind) if get_origin(kind) not in (None, list, dict, Literal) else (kind,)


def _inner(types: Sequence[Any], kind: type, place: int) -> tuple[Any, ...]:
    """Return the types of the items of a list, or of the values of a mapping."""
    whole = next((each for each in types if get_origin(each) is kind), None)
    return _types(get_args(whole)[place]) if whole else (Any,)


def _typed(text: str, types: Sequence[Any]) -> Any:
    """Return a text as a value of the first of some types that it can be, else as it is."""
    if bool in types and text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text.strip()) and {int, float} & {*types}:
        with suppress(ValueError):  # of more digits than Python reads
            return int(text)
        if float in types and math.isfinite(float(text)):
            return float(text)
    if any(each is Any or each in (list, dict) or get_origin(each) for each in types):
        with suppress(ConfigError):
            content, _ = read_positions(Path(), "entry", "entry", text=f"value: {text}")
            if len(content) == 1:
                return content["value"]
    return text


def shown(value: Any, kind: str) -> Entry:
    """Return a value as an entry of a field."""
    if kind == "flag":
        return value is True
    if kind in ("choices", "list"):
        items = value if isinstance(value, list) else [] if value in (None, "") else [value]
        return [_text(each) for each in items]
    if kind == "pairs":
        pairs = value if isinstance(value, Mapping) else {}
        return [[name, _text(each)] for name, each in pairs.items()]
    return _text(value)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else flow(value)


def kind_of(parameter: Parameter) -> tuple[str, tuple[str, ...]]:
    """Return the kind of field of a parameter, and what it may choose from."""
    types = [each for each in _types(parameter.type) if each is not NoneType]
    literal = next((get_args(each) for each in types if get_origin(each) is Literal), ())
    options = parameter.choices or tuple(map(_text, literal))
    [kind, *others] = types or [Any]
    of = get_args(kind)
    plain = (str, int, float)
    if others and not {*types} <= {*plain}:
        return "value", ()
    if get_origin(kind) is list or kind is list:
        simple = not of or of[0] in plain
        return ("choices" if options else "list") if simple else "value", options
    if get_origin(kind) is dict or kind is dict:
        return "pairs" if not of or of[1] in plain else "value", ()
    if options:
        empty = ("",) if len(types) < len(_types(parameter.type)) else ()
        return "choice", (*empty, *options)
    if kind is bool:
        return ("flag", ()) if parameter.type is bool else ("choice", ("", "true", "false"))
    if str in types:
        return ("long" if parameter.name in _LONG else "text"), ()
    return ("number" if kind in (int, float) else "value"), ()


def hint_of(parameter: Parameter) -> str:
    """Return type and range in words."""
    types = _types(parameter.type)
    word = next((_WORDS[each] for each in types if each in _WORDS), "")
    low, high = ("" if end is None else f"{end:,.15g}" for end in (parameter.low, parameter.high))
    span = f"{low} to {high}" if low and high else low and f"{low} or more"
    span = span or (high and f"{high} or less")
    return ", ".join(filter(None, (word, span)))
