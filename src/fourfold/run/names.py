"""Names of files in code: literals, and patterns of what is put together at run time."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from fourfold.records.ipynb import syntax_tree

_LONGEST = 300
_OF_FOLDERS = {
    *("dataset", "ParquetDataset", "FileSystemDataset", "read_table", "read_parquet"),
    *("read_orc", "read_delta", "read_ipc", "read_csv", "read_json", "open_zarr", "open_mfdataset"),
    *("scan_parquet", "scan_csv", "scan_ipc", "scan_ndjson", "parquet", "csv", "json", "load"),
}
_LIBRARIES = {"pd", "pandas", "np", "numpy", "sqlite3"}
_OF_C = ("parquet", "orc", "hdf", "sql", "sql_query", "sql_table", "HDFStore", "feather")
_WORD = re.compile(r"[^\s\"'`|;&<>()=,]+")
_SHELL_VALUE = re.compile(r"\$\{?\w+\}?|\{\w+\}")
_PERCENT = re.compile(r"%(\(\w+\))?[-+\d.]*[sdifge]")
_BRACES = re.compile(r"\{[^{}]*\}")
_SHELL_VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]{2,})\b")
_ENV_MAGIC = re.compile(r"^\s*%env\s+(\w+)\s*$", re.MULTILINE)
#: Variables that are no inputs: of the setup cell, and secrets.
_APART = re.compile(r"(?i)^fourfold_|^colab_|pass|pwd|token|secret|key|cred|dsn|auth|cookie")
_MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)


def names_in(code: str, values: Mapping[str, Any], watched: bool = True) -> set[str]:
    """Return what may name files in a cell or module: as written, ``*`` for what is not known.

    Parameters
    ----------
    values : mapping
        Parameters, whose texts stand for their names.
    watched : bool
        Whether what Python opens is known already.

    Examples
    --------
    >>> sorted(names_in("pq.read_table(f'data/{region}/{year}.parquet')", {"region": "north"}))
    ['data/north/*.parquet']
    """
    used = {name: v for name, v in values.items() if isinstance(v, str | int | float)}
    used = {name: v for name, v in used.items() if name in code}  # runs of a sweep share the rest
    return set(_names_in(code, tuple(used.items()), watched))


@lru_cache(4096)
def _names_in(code: str, values: tuple[tuple[str, Any], ...], watched: bool) -> set[str]:
    texts: set[str] = words_in(code) if _MAGIC.search(code) else set()
    if (tree := _tree(code)) is None:
        return texts | words_in(code)
    known = _assigned(tree, {name: str(value) for name, value in values})
    opened = [node for node in ast.walk(tree) if watched and _by_python(node)]
    seen = {id(part) for node in opened for part in ast.walk(node)}
    for node in ast.walk(tree):
        match node:  # whose parts alone name nothing
            case ast.JoinedStr(values=parts):
                seen |= {id(part) for part in parts}
            case ast.BinOp(left=left, right=right):
                seen |= {id(part) for part in (left, right) if isinstance(part, ast.Constant)}
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="ff"), attr="save"), args=[artifact, *_]
            ):  # an artifact of the run, not the file of this name in the project
                seen |= {id(part) for part in ast.walk(artifact)}
        if id(node) in seen:
            continue
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Call):
            text = _text(node, known)
            if " " in text and not isinstance(node, ast.BinOp):
                texts |= words_in(text)
            if isinstance(node, ast.Call) and _name(node.func) in _OF_FOLDERS and node.args:
                folder = _text(node.args[0], known)
                texts |= {f"{folder}/"} if "." not in folder else set()
            if 1 < len(text) < _LONGEST and "\n" not in text and "\0" not in text:
                texts.add(text)
    return {text for text in texts if re.search(r"\w\w", text)}


def _tree(code: str) -> ast.AST | None:
    """Return the tree of code without its magics; None if it is no Python."""
    plain = "\n".join(line for line in code.split("\n") if not _MAGIC.match(line))
    with suppress(SyntaxError, ValueError, RecursionError):
        return syntax_tree(plain)
    return None


def _assigned(tree: ast.AST, given: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of names, those that are given among them; ``*`` if one has several."""
    known = dict(given)
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in given:
                text = _text(value, known)
                known[name] = "*" if name in known and known[name] != text else text
    return known


def words_in(text: str) -> set[str]:
    """Return the words of a script or command line that may name files.

    Examples
    --------
    >>> sorted(words_in("cat data/$name.csv | wc -l > lines.txt"))
    ['data/*.csv', 'lines.txt']
    """
    words = (_SHELL_VALUE.sub("*", word) for word in _WORD.findall(text))
    return {
        word for word in words if len(word) < _LONGEST and re.search(r"[\w*][./][\w*]|\w/$", word)
    }


@lru_cache(4096)
def modules_in(code: str) -> frozenset[str]:
    """Return the modules that code imports."""
    return frozenset(_modules_in(code))


def _modules_in(code: str) -> Iterator[str]:
    if (tree := _tree(code)) is None:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


@lru_cache(4096)
def variables_in(code: str) -> frozenset[str]:
    """Return the environment variables that code reads, ``$*`` for one that it does not name.

    Secrets, by their names, are left out: a new password changes no result, and its digest would
    help to guess it.

    Examples
    --------
    >>> sorted(variables_in("rate = float(os.environ['RATE'])\\nos.environ['OMP'] = '1'"))
    ['$RATE']
    """
    lines = code.split("\n")
    shell = code if code.startswith("%%") else "\n".join(line for line in lines if "!" in line)
    names = {*_SHELL_VARIABLE.findall(shell), *_ENV_MAGIC.findall(code)}
    if tree := _tree(code):
        names |= set(_variables(tree))
    return frozenset(f"${name}" for name in names if not _APART.search(name))


def _variables(tree: ast.AST) -> Iterator[str]:
    known = _assigned(tree, {})
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=place, slice=name, ctx=ast.Load()):
                pass
            case ast.Call(
                func=ast.Attribute(value=place, attr="get" | "pop" | "setdefault"), args=[name, *_]
            ):
                pass
            case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[place]):
                pass
            case ast.Call(func=function, args=[name, *_]) if _name(function) == "getenv":
                place = ast.Name("environ")
            case _:
                continue
        if (place.attr if isinstance(place, ast.Attribute) else _name(place)) == "environ":
            text = _text(name, known)
            yield text if text.isidentifier() else "*"


def _name(function: ast.expr) -> str:
    """Return the last name of a function that is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _by_python(node: ast.AST) -> bool:
    """Say whether a call opens its files by Python itself, as the kernel's notes then show."""
    match node:
        case ast.Call(func=ast.Name(id="open")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=library), attr=name)):
            return library in _LIBRARIES and not name.endswith(_OF_C)
        case ast.Call(func=ast.Attribute(attr="read_text" | "read_bytes" | "open")):
            return True
    return False


def _text(node: ast.expr, known: Mapping[str, str]) -> str:
    """Return the text of an expression, with ``*`` for each part that is not known."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, known) for part in parts)
        case ast.FormattedValue(value=value, format_spec=None):
            return _text(value, known)
        case ast.Name(id=name):
            return known.get(name, "*")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, known) + _text(right, known)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"{_text(left, known)}/{_text(right, known)}"
        case ast.BinOp(left=ast.Constant(value=str(value)), op=ast.Mod()):
            return _PERCENT.sub("*", value)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(value)), attr="format")):
            return _BRACES.sub("*", value)
        case ast.Call(func=ast.Attribute(value=value, attr="joinpath"), args=args):
            return _joined([value, *args], known)
        case ast.Call(func=ast.Attribute(attr="join"), args=args) if args:
            return _joined(args, known)
        case ast.Call(func=ast.Name(id="Path" | "str") | ast.Attribute(attr="Path"), args=args):
            return _joined(args, known) or "*"
    return "*"


def _joined(parts: Iterable[ast.expr], known: Mapping[str, str]) -> str:
    return "/".join(_text(part, known) for part in parts)


def texts_of(value: Any) -> list[str]:
    """Return the texts in a value, at any depth."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        keys = [key for key in texts_of(list(value)) if "." in key or "/" in key]
        return [*keys, *texts_of(list(value.values()))]
    if isinstance(value, list | tuple | set):
        return [text for item in value for text in texts_of(item)]
    return []
