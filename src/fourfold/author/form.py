"""A config as a form: its fields by the types of the template, and its text with other entries."""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from fourfold.data.datasets import DATASETS
from fourfold.data.formats import is_table
from fourfold.data.listing import matches
from fourfold.data.yamlfile import Key, read_positions
from fourfold.data.yamltext import REMOVED, changed_text, flow
from fourfold.errors import ConfigError, DataError, FourfoldError, Violation
from fourfold.plan.columns import columns_in, contract_columns, file_columns
from fourfold.plan.config import RUN, Config, read_config
from fourfold.plan.parameters import REQUIRED, Parameter
from fourfold.plan.schema import config_kind
from fourfold.plan.template import Template, find_template, read_template
from fourfold.records.evidence import FRAME, IN_BUSINESS

_NUMBER = re.compile(r"[-+]?(\d+|(\d+\.\d*|\.\d+)([eE][-+]?\d+)?|\d+[eE][-+]?\d+)")
_WORDS = {int: "whole number", float: "number"}
#: Of the template's own data, or of its own question: a new config begins without them.
_OWN = (*FRAME, "data", "query", "contract")
_LONG = ("question", "decision", "if_yes", "if_no", "query")
_MOST_FILES = 500
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
            inner = _inner(types, dict, 1)
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


def _kind(parameter: Parameter) -> tuple[str, tuple[str, ...]]:
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


def _hint(parameter: Parameter) -> str:
    """Return type and range in words."""
    types = _types(parameter.type)
    word = next((_WORDS[each] for each in types if each in _WORDS), "")
    low, high = ("" if end is None else f"{end:,.15g}" for end in (parameter.low, parameter.high))
    span = f"{low} to {high}" if low and high else low and f"{low} or more"
    span = span or (high and f"{high} or less")
    return ", ".join(filter(None, (word, span)))


@dataclass(frozen=True)
class Form:
    """A config that is open, and where it is or will be.

    Attributes
    ----------
    path : Path
    text : str
        What the file holds, or what a new one begins with.
    new : bool
        Whether there is no file yet.
    blank : bool
        Whether values of the template's own data are left out.
    """

    path: Path
    root: Path
    text: str
    new: bool = False
    blank: bool = False

    @cached_property
    def config(self) -> Config:
        """Return the config with those that it extends."""
        return read_config(self.path, self.root, self.text)

    @cached_property
    def template(self) -> Template:
        """Return the template."""
        named = str(self.config.value.get("template"))
        return read_template(find_template(named, self.root / "templates"))

    @property
    def version(self) -> str:
        """Return what tells this content of the file from others; empty if there is no file."""
        return "" if self.new else version(self.text)

    @cached_property
    def fields(self) -> list[Field]:
        """Return all fields: parameters of the template, how it is run, and unknown names."""
        parameters = self.template.parameters
        made = [self._field(parameter) for parameter in parameters.values()]
        own = self.config.block("parameters")
        strange = [name for name in own if name not in parameters]
        made += [
            Field(("parameters", n), "value", "not known to the template; empty: removed", own[n],
                  shown(own[n], "value"))
            for n in strange
        ]  # fmt: skip
        return [*made, *self._of_run()]

    def _field(self, parameter: Parameter) -> Field:
        name, swept = parameter.name, self._swept
        blocks = [b for b in ("business", "parameters") if name in self.config.block(b)]
        block = [*blocks, "business" if name in IN_BUSINESS else "parameters"][0]
        value = self.config.block(block).get(name, self.template.defaults.get(name, ""))
        kind, options = _kind(parameter)
        columns = columns_in(self.template.parameters)
        blank = self.blank and not blocks and (name in _OWN or name in columns)
        first = parameter.default if name == "success" else None  # to begin with
        entry = shown(first if blank else value, kind)
        if kind in ("choice", "choices"):  # also what is wrong is shown
            given = [entry] if isinstance(entry, str) else entry
            options = tuple(dict.fromkeys([*options, *given])) if isinstance(given, list) else ()
        keys = {} if block == "parameters" else config_kind(self.template).keys or {}
        about = (keys["business"].keys or {})[name].json_schema() if keys else {}
        return Field(
            (block, name),
            kind,
            str(about.get("description") or parameter.help),
            value,
            entry,
            _hint(parameter),
            options,
            _suggest(parameter, columns),
            f"varied by the {swept[name]} of this config: change it in the file"
            if name in swept
            else "",
            self.blank and (name in ("question", "data") or parameter.default is REQUIRED),
            parameter,
        )

    @cached_property
    def _swept(self) -> dict[str, str]:
        blocks = [(block, self.config.block(block)) for block in ("sweep", "search")]
        return {name: block for block, given in blocks for name in _names(given)}

    def _of_run(self) -> Iterator[Field]:
        given = self.config.block("run")
        for name in ("timeout", "cell_timeout", "retries"):
            about = (RUN.keys or {})[name].json_schema()["description"]
            value = given.get(name)
            yield Field(("run", name), "value", about, value, shown(value, "value"))

    def changed(self, entries: Mapping[str, Any]) -> str:
        """Return the text of the file with entries in fields.

        Parameters
        ----------
        entries : mapping of str to entry
            By the name of a field; others stay as they are.

        Raises
        ------
        FourfoldError
            If one is no entry, or its value cannot be changed alone.
        """
        values: dict[Key, Any] = {}
        for field in self.fields:
            if field.name not in entries or field.locked:
                continue
            value = field.entered(entries[field.name])
            block, name = field.key
            explicit = self.blank and name in ("question", "success", "data") and value
            other = value != field.value or type(value) is not type(field.value)
            if explicit or (other and (value is not REMOVED or name in self.config.block(block))):
                values[field.key] = value
        return changed_text(self.text, values)

    def missing(self, entries: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the fields that a new config needs and that are empty, and what is expected."""
        return [
            (field.name, f"missing; expected {field.parameter.expected} ({field.help})")
            for field in self.fields
            if field.required and field.parameter and not entries.get(field.name, field.shown)
        ]

    def place(self, violation: Violation) -> str:
        """Return the name of the field that a mistake is about; empty if there is none."""
        names = [field.name for field in self.fields]
        fits = [n for n in names if violation.key == n or violation.key.startswith(f"{n}.")]
        tail = violation.key.rpartition(".")[2]
        block = violation.key.partition(".")[0]
        of_values = block in ("parameters", "business", "sweep", "search")
        moved = [n for n in names if of_values and n.rpartition(".")[2] == tail]
        return max(fits or moved[:1], key=len, default="")


def version(text: str) -> str:
    """Return what tells a text from others."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _names(value: Any) -> Iterator[str]:
    """Yield the keys of mappings in a value, at any depth."""
    if isinstance(value, Mapping):
        yield from map(str, value)
    inner = value.values() if isinstance(value, Mapping) else value
    for each in inner if isinstance(value, Mapping | list) else ():
        yield from _names(each)


def _suggest(parameter: Parameter, columns: Sequence[str]) -> str:
    if parameter.name in columns or parameter.name == "labels":
        return "columns"
    if parameter.name == "data":
        return "data"
    if parameter.name == "success":
        return "metrics"
    return "files" if parameter.name == "contract" or parameter.help.startswith("path of ") else ""


def suggestions(form: Form) -> dict[str, list[str]]:
    """Return what may be entered: data and files of the project, and metrics of the template."""
    root = form.root
    files = [path.relative_to(root).as_posix() for path in _files(root)]
    tables = [name for name in files if is_table(name)]
    built_in = [name for name, data in DATASETS.items() if data.installed]
    metrics = [name for name in form.template.metrics if "*" not in name]
    others = [name for name in files if name not in tables]
    return {"data": [*tables, *built_in], "files": others, "metrics": metrics}


def _files(root: Path) -> list[Path]:
    patterns = ("*.*", "data/**/*", "contracts/*.y*ml")
    files = [path for pattern in patterns for path in matches(pattern, root) if path.is_file()]
    return sorted(dict.fromkeys(files))[:_MOST_FILES]


def columns(data: Any, contract: Any, root: Path) -> list[str]:
    """Return the columns of data, by their file, their contract or as built in; else none."""
    if not isinstance(data, str) or not data:
        return []
    with suppress(FourfoldError, OSError, ValueError):
        if known := file_columns(data, root):
            return list(known)
        if isinstance(contract, str) and contract and (named := contract_columns(root / contract)):
            return [name for name in named if isinstance(name, str)]
        return _built_in(data)
    return []


@lru_cache(maxsize=32)
def _built_in(name: str) -> list[str]:
    with suppress(DataError, ImportError):
        return list(map(str, DATASETS[name].load())) if name in DATASETS else []
    return []
