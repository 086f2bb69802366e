"""Notes and tags of runs, in a file beside their config: ``_penguins.notes.yaml``."""

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from fourfold.data.yamlfile import Document, read_positions
from fourfold.errors import ConfigError, Violation, did_you_mean
from fourfold.project import shown, write_text

#: Of one run: ``tags``, a list of words, and ``note``, a text.
Notes = dict[str, dict[str, Any]]
_KEYS = ("tags", "note")


def notes_file(config: Path) -> Path:
    """Return the file of the notes on a config's runs; a leading underscore marks no config."""
    return config.with_name(f"_{config.stem}.notes.yaml")


def read_notes(configs: Mapping[str, str], root: Path) -> dict[str, Notes]:
    """Return the notes on the runs of each config.

    Parameters
    ----------
    configs : mapping of str to str
        Name and file of each config; files are relative to `root` where they are inside.

    Raises
    ------
    ConfigError
        If a file is no YAML, or holds anything but tags and notes.
    """
    notes, wrong = {}, []
    for config, file in configs.items():
        path = notes_file(root / file)
        notes[config], violations = _read(path, shown(path, root)) if path.exists() else ({}, [])
        wrong += violations
    if wrong:
        raise ConfigError(wrong)
    return notes


def _read(path: Path, file: str) -> tuple[Notes, list[Violation]]:
    if path.is_file() and not path.read_bytes().strip():
        return {}, []
    document = Document(*read_positions(path, file, "notes"))
    wrong, notes = [], {}
    for run, of_run in document.value.items():
        if not isinstance(of_run, dict):
            wrong.append(document.violation((run,), f"expected tags and note, got {of_run!r}"))
            continue
        for key, value in of_run.items():
            if key not in _KEYS:
                expected = f"expected one of {', '.join(_KEYS)}, got {key!r}."
                message = expected + did_you_mean(str(key), _KEYS)
                wrong.append(document.violation((run, key), message))
            elif key == "tags" and not (isinstance(value, list) and all(map(is_tag, value))):
                message = f"expected a list of words, as [keep, slow], got {value!r}"
                wrong.append(document.violation((run, key), message))
            elif key == "note" and not isinstance(value, str):
                wrong.append(document.violation((run, key), f"expected a text, got {value!r}"))
        notes[str(run)] = of_run
    return notes, wrong


def is_tag(value: object) -> bool:
    """Say whether a value is one word."""
    return isinstance(value, str) and len(value.split()) == 1 and value == value.strip()


def add_notes(config: Path, runs: Iterable[str], tags: Sequence[str], note: str | None) -> Path:
    """Add tags to runs of a config, and a note in place of the former; return the file.

    What else the file holds, comments included, stays as it is.

    Parameters
    ----------
    config : Path
    runs : iterable of str
        Their ids.
    tags : sequence of str
    note : str, optional
        An empty one removes the former.

    Raises
    ------
    ConfigError
        As `read_notes`; the file stays as it is.
    """
    path, yaml, text = notes_file(config), YAML(), StringIO()
    if path.exists() and (wrong := _read(path, path.name)[1]):
        raise ConfigError(wrong)
    content = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    content = {} if content is None else content
    for run in runs:
        of_run = content.setdefault(run, {})
        if tags:
            of_run["tags"] = list(dict.fromkeys([*of_run.get("tags", []), *tags]))
        if note is not None:
            of_run["note"] = note
        if not of_run.get("note", True):
            del of_run["note"]
    yaml.dump(content, text)
    write_text(path, text.getvalue())
    return path
