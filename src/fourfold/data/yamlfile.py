"""A YAML document as a dataclass: each mistake with its file, line and key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from fourfold.data.listing import text_of
from fourfold.errors import ConfigError, Violation, did_you_mean

Key = tuple[Any, ...]
T = TypeVar("T")
Held = TypeVar("Held", covariant=True)

_STANDARD = "tag:yaml.org,2002:"
#: What a config can hold, by the tag. A date is a text, and so is a lonely equals sign.
_KINDS = {
    **{
        f"{_STANDARD}{kind}": kind for kind in ("map", "seq", "str", "int", "float", "bool", "null")
    },
    **{f"{_STANDARD}{kind}": "str" for kind in ("timestamp", "value")},
}
_DEEPEST = 100
_BRACKETS = 500
_MOST = 1_000_000


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


def strict(kind: type[T]) -> type[T]:
    """Let a dataclass take values of exactly its types, and no number that is none."""
    options = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    kind.__pydantic_config__ = options  # type: ignore[attr-defined]
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
    path: Path, file: str, what: str, keys: str = "", text: str | None = None
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
    text : str, optional
        In place of what the file holds.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no YAML, or no mapping.
    """

    def wrong(message: str, line: int = 1, column: int = 1) -> ConfigError:
        return ConfigError([Violation(file, line, column, what, message)])

    yaml = YAML(typ="safe", pure=True)
    try:
        text = text_of(path) if text is None else text
        if nested(text):
            raise RecursionError
        tree = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise wrong(f"not YAML: {' '.join(str(error.problem).split())}", line, column) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise wrong(f"expected YAML text, got {error}") from error
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise wrong(f"expected at most {_DEEPEST} values inside each other") from error
    if not isinstance(tree, MappingNode) or tree.tag != f"{_STANDARD}map":
        raise wrong(f"expected a mapping{keys}, got {_spoken(tree) if tree else 'an empty file'}")
    if too_large(tree):  # which takes an anchor that is repeated often
        raise wrong(f"expected at most {_MOST:,} values, got more")
    reader = _Reader(yaml.constructor, Document(None, {(): Position(file)}))
    content = reader.value(tree, (), ())
    if reader.wrong:
        raise ConfigError(list(dict.fromkeys(reader.wrong)))
    return content, reader.positions


def too_large(tree: Any) -> bool:
    """Say whether a tree of YAML is too large once each alias stands for what it names."""
    return _size(tree) > _MOST


def nested(text: str) -> bool:
    """Say whether so many brackets are open at once that reading them would take seconds."""
    if sum(map(text.count, "[{")) < _BRACKETS:
        return False
    steps = ({"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0) for mark in text)
    return max(accumulate(steps)) > _BRACKETS


def _size(tree: Any) -> int:
    """Return the values in a tree of YAML as if each alias was written out, without doing so."""
    sizes: dict[int, int] = {}
    todo = [(tree, False)]
    while tree and todo:
        node, below = todo.pop()
        held = node.value if isinstance(node.value, list) else []
        inner = [each for part in held for each in (part if isinstance(part, tuple) else [part])]
        if below:
            sizes[id(node)] = 1 + sum(sizes.get(id(each), 0) for each in inner)
        elif id(node) not in sizes:
            sizes[id(node)] = 0  # of one that holds itself
            todo += [(node, True), *((each, False) for each in inner)]
    return sizes.get(id(tree), 0)


class _Reader:
    """Makes plain values of a tree of YAML, and notes the position of each key and item.

    What a parameter of papermill, JSON and UTF-8 cannot all hold is a violation: a key that is
    no text, a set, bytes, half of a character. A date is a text, as for papermill.
    """

    def __init__(self, constructor: Any, document: Document[None]) -> None:
        self.constructor, self.document = constructor, document
        self.positions: dict[Key, Position] = document.positions  # type: ignore[assignment]
        self.wrong: list[Violation] = []

    def value(self, node: Any, key: Key, above: tuple[Any, ...]) -> Any:
        """Return the plain value of the node at `key`, which lies inside those `above`."""
        if any(node is each for each in above):
            return self._complain(key, "expected a value that does not hold itself")
        if len(above) > _DEEPEST:
            return self._complain(key, f"expected at most {_DEEPEST} values inside each other")
        own = {MappingNode: "map", SequenceNode: "seq"}.get(type(node))
        kind = _KINDS.get(str(node.tag))
        if kind is None or (kind if kind in ("map", "seq") else None) != own:
            expected = "expected text, a number, true, false, null, a list or a mapping"
            return self._complain(key, f"{expected}, got {_spoken(node)}")
        if own == "map":
            return self._mapping(node, key, (*above, node))
        if own == "seq":
            places = ((index, item, item) for index, item in enumerate(node.value))
            return [self._at(key, *place, (*above, node)) for place in places]
        return self._scalar(node, key, kind)

    def _at(self, key: Key, name: Any, place: Any, node: Any, above: tuple[Any, ...]) -> Any:
        mark = place.start_mark
        file = self.positions[()].file
        self.positions[(*key, name)] = Position(file, mark.line + 1, mark.column + 1)
        return self.value(node, (*key, name), above)

    def _mapping(self, node: Any, key: Key, above: tuple[Any, ...]) -> dict[str, Any]:
        merged, plain = dict[str, Any](), dict[str, Any]()
        seen: set[Any] = set()
        for name_node, value in node.value:
            merge = name_node.tag == f"{_STANDARD}merge"
            name = "<<" if merge else self._name(name_node, key)
            if name is None:
                continue
            if (merge, name) in seen:
                self._tell(name_node, (*key, name), f"not YAML: found duplicate key {name!r}")
            elif merge:
                merged = self._merged(value, name_node, key, above)
            else:
                plain[name] = self._at(key, name, name_node, value, above)
            seen.add((merge, name))
        return {**merged, **plain}

    def _merged(self, node: Any, place: Any, key: Key, above: tuple[Any, ...]) -> dict[str, Any]:
        """Return the keys that ``<<`` takes over; of several mappings, the first wins."""
        several = type(node) is SequenceNode
        merged: dict[str, Any] = {}
        for part in reversed(node.value) if several else [node]:
            if type(part) is MappingNode:
                merged |= self.value(part, key, above) or {}
            else:
                expected = "expected a mapping to take keys from, or a list of mappings"
                self._tell(place, (*key, "<<"), f"{expected}, got {_spoken(part)}")
        return merged

    def _name(self, node: Any, key: Key) -> str | None:
        """Return a key, which is a text."""
        if type(node) is ScalarNode and _KINDS.get(str(node.tag)) == "str":
            name = self._scalar(node, (*key, node.value), "str")
            return None if name is None else str(name)
        spelled = node.value if type(node) is ScalarNode else "?"
        message = f"expected a text as key, got {_spoken(node)}; write it in quotes"
        self._tell(node, (*key, spelled), message)
        return None

    def _scalar(self, node: Any, key: Key, kind: str) -> Any:
        try:
            if kind == "str":
                # JSON writes a character beyond 16 bits as two halves.
                return node.value.encode("utf-16", "surrogatepass").decode("utf-16")
            if kind == "null" and node.value not in ("", "~", "null", "Null", "NULL"):
                raise ValueError
            return self.constructor.construct_object(node)
        except (ValueError, LookupError, YAMLError):
            wanted = "text that UTF-8 can hold" if kind == "str" else f"a value of type {kind}"
            message = f"expected {wanted}, got {node.value!r}"
            if key in self.positions:
                return self._complain(key, message)
            return self._tell(node, key, message)

    def _complain(self, key: Key, message: str) -> None:
        self.wrong.append(self.document.violation(key, message))

    def _tell(self, node: Any, key: Key, message: str) -> None:
        """Complain with the position of a node that has none of its own yet."""
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        dotted = ".".join(map(str, key))
        self.wrong.append(Violation(self.positions[()].file, line, column, dotted, message))


def _spoken(node: Any) -> str:
    """Return a node as a message names it: by its tag, and its text where it has one."""
    usual = {SequenceNode: ("seq", "a list"), MappingNode: ("map", "a mapping")}
    kind, words = usual.get(type(node), ("", ""))
    tag = str(node.tag).replace(_STANDARD, "!!")
    if kind:
        return words if tag == f"!!{kind}" else tag
    return f"{node.value!r} ({tag})"


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
