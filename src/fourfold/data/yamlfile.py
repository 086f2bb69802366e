"""A YAML document as a dataclass: each mistake with its file, line and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from fourfold.errors import ConfigError, Violation, did_you_mean

Key = tuple[Any, ...]
T = TypeVar("T")
Held = TypeVar("Held", covariant=True)


@dataclass(frozen=True)
class Position:
    """Where a key stands: line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Document(Generic[Held]):
    """The content of a file, and the position of each key of it."""

    what: ClassVar[str] = "document"
    value: Held
    positions: Mapping[Key, Position]

    def position(self, *key: Any) -> Position:
        """Return the position of `key`, or of the nearest key above it."""
        while key not in self.positions:
            key = key[:-1]
        return self.positions[key]

    def violation(self, key: Key, message: str) -> Violation:
        """Return a violation located at `key`, or at the nearest key above it."""
        near = self.position(*key)
        dotted = ".".join(map(str, key)) or self.what
        return Violation(near.file, near.line, near.column, dotted, message)


def closed(kind: type[T]) -> type[T]:
    """Let a dataclass refuse keys that are none of its fields."""
    kind.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return kind


def read_document(path: Path, kind: type[T], file: str = "") -> Document[T]:
    """Read a YAML file whose content is the fields of a dataclass.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        A dataclass; its fields may be dataclasses, and tuples or mappings of them. Those that are
        `closed` refuse unknown keys.
    file : str
        Name in messages; the file's own where it is empty.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no YAML, or a key is unknown, missing or of the wrong type.
    """
    content, positions = read_positions(path, file or path.name, "document")
    try:
        return Document(TypeAdapter(kind).validate_python(content), positions)
    except ValidationError as error:
        document: Document[Any] = Document(None, positions)
        wrong = [_violation(document, kind, dict(item)) for item in error.errors()]
        raise ConfigError(wrong) from error


def read_positions(
    path: Path, file: str, what: str, keys: str = ""
) -> tuple[dict[str, Any], dict[Key, Position]]:
    """Return the content of a YAML file in plain Python values, and the position of each key.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.
    what, keys : str
        What messages call the file as a whole, and which keys they say that it should have.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no YAML, or no mapping.
    """

    def wrong(message: str, line: int = 1, column: int = 1) -> ConfigError:
        return ConfigError([Violation(file, line, column, what, message)])

    try:
        tree = YAML().load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise wrong(f"not YAML: {' '.join(str(error.problem).split())}", line, column) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise wrong(f"expected YAML text, got {error}") from error
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror}") from error
    if not isinstance(tree, CommentedMap):
        got = "an empty file" if tree is None else f"a {type(tree).__name__}"
        raise wrong(f"expected a mapping{keys}, got {got}")
    positions: dict[Key, Position] = {(): Position(file)}
    return _plain(tree, (), positions), positions


def _plain(node: Any, key: Key, positions: dict[Key, Position]) -> Any:
    """Return plain Python values, and note the position of each key and item."""
    if isinstance(node, CommentedMap | CommentedSeq):
        is_map, plain = isinstance(node, CommentedMap), {}
        for name in node if is_map else range(len(node)):
            line, column = node.lc.data.get(name, (node.lc.line, node.lc.col))[:2]
            positions[(*key, name)] = Position(positions[()].file, line + 1, column + 1)
            plain[name] = _plain(node[name], (*key, name), positions)
        return plain if is_map else list(plain.values())
    simple = next((kind for kind in (bool, int, float, str) if isinstance(node, kind)), None)
    return simple(node) if simple else node


def _violation(document: Document[Any], kind: type, item: Mapping[str, Any]) -> Violation:
    key: Key = tuple(item["loc"])
    if item["type"] == "unexpected_keyword_argument":
        known = _known(kind, key[:-1])
        message = f"unknown key; expected one of {', '.join(known)}." + did_you_mean(key[-1], known)
    elif item["type"] in ("missing", "missing_argument"):
        message = "expected this key, found none"
    else:
        wanted = str(item["msg"]).replace("Input should be ", "")
        message = f"expected {wanted}, got {item['input']!r}."
        message += did_you_mean(item["input"], str(item.get("ctx", {}).get("expected")).split("'"))
    return document.violation(key, message)


def _known(kind: Any, key: Sequence[Any]) -> list[str]:
    """Return the fields of the dataclass that stands at `key`."""
    for part in key:
        if is_dataclass(kind) and isinstance(part, str):
            kind = get_type_hints(kind)[part]
        else:  # an item of a tuple, or a value of a mapping
            kind = next(each for each in reversed(get_args(kind)) if each is not Ellipsis)
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []
