"""YAML as people write it: values on one line, and files with other values at some keys."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from fourfold.data.yamlfile import Key, read_positions
from fourfold.errors import ConfigError, FourfoldError

_PLAIN = re.compile(r"(?:\.\./)*[A-Za-z_][\w./]*(?:[ -][\w./]+)*|\d+[smhd]", re.ASCII)
_WORDS = {"y", "n", "yes", "no", "true", "false", "on", "off", "null", "none", "nan", "inf"}
#: Larger whole numbers have no exact float.
_EXACT = 2.0**53
#: In place of a value: the key is to go.
REMOVED: Any = object()
_Change = tuple[int, int, str]
_Changes = Iterator[_Change]


def scalar(value: object) -> str:
    """Return a value as YAML on one line; text is quoted where YAML would read something else.

    Examples
    --------
    >>> [scalar(each) for each in ("north", "no", "3rd", "a: b", 1.5, True)]
    ['north', '"no"', '"3rd"', '"a: b"', '1.5', 'true']
    """
    value = value.item() if hasattr(value, "item") else value  # of numpy
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    if value is None or isinstance(value, bool | int | float):
        return yaml.safe_dump(value).split("\n")[0]
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    # JSON's escapes are YAML's, but for characters that YAML alone wants escaped.
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)


def flow(value: Any) -> str:
    """Return any value as YAML on one line.

    Examples
    --------
    >>> flow({"auc": ">= 0.9", "models": ["a", 1, []]})
    '{auc: ">= 0.9", models: [a, 1, []]}'
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(name)}: {flow(each)}' for name, each in value.items())}}}"
    return f"[{', '.join(map(flow, value))}]" if isinstance(value, list) else scalar(value)


def changed_text(text: str, values: Mapping[Key, Any]) -> str:
    """Return a YAML file with other values at some keys, and all else as it was written.

    Comments, order and quotes stay, and so do the lines of all that is not changed.

    Parameters
    ----------
    text : str
    values : mapping of tuple to value
        By key of a block, or of a value in a block; `REMOVED` where a key is to go.

    Raises
    ------
    ConfigError
        If the text is no YAML.
    FourfoldError
        If a value is written such that no other one can take its place, as by an anchor.
    """
    before = after = _read(text)
    for (name, *below), value in values.items():
        if below:
            block = after.get(name)
            value = _with(block if isinstance(block, dict) else {}, below[0], value) or REMOVED
        after = _with(after, name, value)
    if _same(after, before):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    made = text.replace("\r\n", "\n")
    tree = YAML(typ="safe", pure=True).compose(made)
    for start, stop, written in sorted(_mapping(made, tree, before, after), reverse=True):
        made = made[:start] + written + made[stop:]
    made = made.replace("\n", end)
    with suppress(ConfigError):  # of an alias that has lost its anchor
        if _read(made) == after:
            return made
    if len(values) > 1:
        for key, value in values.items():
            text = changed_text(text, {key: value})
        return text
    message = f"{'.'.join(map(str, next(iter(values))))}: expected a value that is written once"
    raise FourfoldError(f"{message} and without anchors; change it in the file")


def _read(text: str) -> dict[str, Any]:
    return read_positions(Path(), "config", "config", text=text)[0]


def _with(mapping: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    changed = {**mapping, name: value}
    return {key: each for key, each in changed.items() if each is not REMOVED}


def _same(one: Any, other: Any) -> bool:
    """Say whether two values are written alike: true is not 1."""
    return json.dumps(one) == json.dumps(other)


def _mapping(text: str, node: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> _Changes:
    """Yield the changes by which a mapping in a text gets new values."""
    own = {key.value for key, _ in node.value}
    others = {name: each for name, each in new.items() if name not in own}  # some by a merge
    added = {n: v for n, v in others.items() if n not in old or not _same(old[n], v)}
    if node.flow_style:
        if not old or old.keys() - new.keys():
            yield node.start_mark.index, _end(text, node), flow(new)
            return
        for key, each in node.value:
            if (name := key.value) in new and not _same(old[name], new[name]):
                yield each.start_mark.index, _end(text, each), flow(new[name])
        if added:
            close = _end(text, node) - 1
            yield close, close, f", {flow(added)[1:-1]}"
        return
    indent = node.value[0][0].start_mark.column
    for key, each in node.value:
        name = key.value
        if name not in new and name in old:
            yield *_lines_of(text, key, each), ""
        elif name in old and not _same(old[name], new[name]):
            yield from _value(text, key, each, old[name], new[name])
    if added:
        yield _below(text, node, _block(added, indent))


def _value(text: str, key: Any, node: Any, old: Any, new: Any) -> _Changes:
    """Yield the changes by which a key on a line of its own gets a new value."""
    indent, start = key.start_mark.column, node.start_mark.index
    if isinstance(node, MappingNode) and old and new and isinstance(new, Mapping):
        yield from _mapping(text, node, old, new)
    elif isinstance(node, SequenceNode) and not node.flow_style and new and isinstance(new, list):
        yield from _items(text, node, old, new)
    elif start == node.end_mark.index:  # of nothing, which stands nowhere
        if isinstance(new, Mapping) and new:
            yield _below(text, key, _block(new, indent + 2))
        else:
            colon = text.index(":", key.end_mark.index) + 1
            yield colon, colon, f" {flow(new)}"
    elif getattr(node, "style", "") in ("|", ">") or not _on_one_line(node) or _literal(new):
        yield *_lines_of(text, key, node), _block({key.value: new}, indent)
    else:
        yield start, _end(text, node), " " * (text[start - 1] == ":") + flow(new)


def _items(text: str, node: Any, old: Sequence[Any], new: Sequence[Any]) -> _Changes:
    """Yield the changes of a list with an item a line: lines of items that stay are kept."""
    rest, gone = list(new), list[Any]()
    for item, each in zip(node.value, old, strict=True):
        if rest and _same(each, rest[0]):
            rest.pop(0)
        else:
            gone.append(item)
    dent = " " * node.start_mark.column
    lines = "".join(f"{dent}- {flow(each)}\n" for each in rest)
    if len(gone) == len(old):
        yield _lines_of(text, node, node)[0], _after(text, node), lines
        return
    for item in gone:
        yield *_lines_of(text, item, item), ""
    if rest:
        yield _below(text, node, lines)


def _block(mapping: Mapping[str, Any], indent: int) -> str:
    """Return the keys of a mapping, each on a line of its own."""
    dent, lines = " " * indent, []
    for name, each in mapping.items():
        if isinstance(each, Mapping) and each and indent == 0 and name != "run":
            lines.append(f"{scalar(name)}:\n{_block(each, 2)}")
        elif _literal(each):
            body = "".join(f"{dent}  {line}".rstrip() + "\n" for line in each.split("\n"))
            lines.append(f"{scalar(name)}: |-\n{body}")
        else:
            lines.append(f"{scalar(name)}: {flow(each)}\n")
    return "".join(f"{dent}{line}" for line in lines)


def _literal(value: Any) -> bool:
    """Say whether a value is a text of several lines, and none that only escapes can write."""
    if not isinstance(value, str) or "\n" not in value or value[:1].isspace():
        return False
    return all(line.isprintable() and line == line.rstrip() for line in value.split("\n")[:-1])


def _on_one_line(node: Any) -> bool:
    return isinstance(node, ScalarNode) or bool(node.flow_style)


def _end(text: str, node: Any) -> int:
    """Return where the last value in a node ends, without the comments behind it."""
    if _on_one_line(node):
        start, stop = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(text[start:stop].rstrip())
    last = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last)


def _after(text: str, node: Any) -> int:
    """Return where the line after the last one of a node begins."""
    at = text.find("\n", _end(text, node))
    return len(text) if at < 0 else at + 1


def _lines_of(text: str, first: Any, last: Any) -> tuple[int, int]:
    return text.rfind("\n", 0, first.start_mark.index) + 1, _after(text, last)


def _below(text: str, node: Any, lines: str) -> _Change:
    """Return the change that puts lines below those of a node."""
    at = _after(text, node)
    return at, at, "\n" * (at > 0 and text[at - 1] != "\n") + lines
