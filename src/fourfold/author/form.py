"""A config as a form: its fields by the types of the template, and its text with other entries."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from fourfold.author.fields import Field, hint_of, kind_of, shown
from fourfold.data.datasets import DATASETS
from fourfold.data.formats import is_table
from fourfold.data.listing import matches
from fourfold.data.yamlfile import Key
from fourfold.data.yamltext import REMOVED, changed_text
from fourfold.errors import DataError, FourfoldError, Violation
from fourfold.plan.columns import columns_in, contract_columns, file_columns
from fourfold.plan.config import RUN, Config, read_config
from fourfold.plan.parameters import REQUIRED, Parameter
from fourfold.plan.schema import config_kind
from fourfold.plan.template import Template, find_template, read_template
from fourfold.records.evidence import FRAME, IN_BUSINESS

#: Of the template's own data, or of its own question: a new config begins without them.
_OWN = (*FRAME, "data", "query", "contract")
_MOST_FILES = 500


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
        kind, options = kind_of(parameter)
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
            hint_of(parameter),
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


def columns(data: Any, contract: Any, root: Path, load: bool = True) -> list[str]:
    """Return the columns of data, by their file, their contract or as built in; else none.

    Parameters
    ----------
    data, contract : object
        As a config has them.
    root : Path
        The project.
    load : bool
        Whether a built-in data set is loaded, which takes a second.
    """
    if not isinstance(data, str) or not data:
        return []
    with suppress(FourfoldError, OSError, ValueError):
        if known := file_columns(data, root):
            return list(known)
        if isinstance(contract, str) and contract and (named := contract_columns(root / contract)):
            return [name for name in named if isinstance(name, str)]
        return _built_in(data) if load else []
    return []


@lru_cache(maxsize=32)
def _built_in(name: str) -> list[str]:
    with suppress(DataError, ImportError):
        return list(map(str, DATASETS[name].load())) if name in DATASETS else []
    return []
