"""The parameters cell of a template, read as the schema of its configs."""

import ast
import io
import math
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fourfold.errors import TemplateError, did_you_mean
from fourfold.plan.kind import Kind, Problem
from fourfold.records.ipynb import syntax_tree

_TYPES: dict[str, Any] = {each.__name__: each for each in (int, float, str, bool, list, dict)}
_TYPES["Any"] = Any
# As Python writes a number, with thousands apart by commas or underscores: -5, .1, 1e-5, 1,000.
_NUMBER = (
    r"[-+−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:_\d+)*)?"
    r"(?:(?<=\d)\.(?!\.)\d*|(?<!\.)\.\d+)?(?:(?<=[\d.])e[-+]?\d+)?"
)
_UNIT = r"(?: ?%|[A-Za-zµ°€$]+)?"
# Not part of a longer word, a date, a time, a power or a path.
_RANGE = re.compile(
    rf"(?<![\w.])(?<!\w-)(?<!\d[,:/'])(?<![*^])(inf|-inf|{_NUMBER}){_UNIT}(?:(?<=[\w%]) (?=\.\. ))?"
    rf"\.\.(?!\.)(?:(?<= \.\.) )?(inf|{_NUMBER}){_UNIT}(?![\w./*^]|[-,:']\w)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]*\)")
_CHOICES = re.compile(r"[^\s|:]+(?: \| [^\s|]+)+")
REQUIRED: Any = ...


@dataclass(frozen=True)
class Parameter:
    """One parameter of a template.

    Attributes
    ----------
    annotation : str
        The type as written, such as ``list[str]`` or ``int | None``.
    type : type
        The same as a Python type.
    default : object
        The literal of the cell, or `REQUIRED` (``...``) where there is none.
    help : str
        The comment beside it.
    low, high : float, optional
        Inclusive range of the value, or of each element of a list.
    choices : tuple of str
        Allowed values; empty where any will do.
    line : int
        Line in the cell, from 1.
    """

    name: str
    annotation: str
    type: Any
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    line: int

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.type, config=ConfigDict(strict=True))

    @property
    def expected(self) -> str:
        """Return in words what a value must be."""
        bounds = "" if self.range == ".." else f" in {self.range}"
        choices = f", one of {', '.join(self.choices)}" if self.choices else ""
        return f"{self.annotation}{bounds}{choices}"

    @property
    def range(self) -> str:
        """Return the range as ``LO..HI``, either end empty where it is open."""
        return "..".join("" if end is None else f"{end:g}" for end in (self.low, self.high))

    @property
    def held(self) -> bool:
        """Say whether YAML can hold the default; a tuple, a set or bytes stay with the cell."""
        return _is_held(self.default)

    @property
    def kind(self) -> Kind:
        """Return what a config may give."""
        return Kind(self.problems, self.json_schema)

    def problems(self, value: Any) -> list[Problem]:
        """Return what is wrong with `value`."""
        try:
            self._adapter.validate_python(value)
        except ValidationError as error:
            inside = [] if "|" in self.annotation else error.errors(include_url=False)
            wrong = [(tuple(item["loc"]), item["input"]) for item in inside] or [((), value)]
            return [
                Problem(key, f"expected {self.expected}, got {got!r} ({type(got).__name__})")
                for key, got in wrong
            ]
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        return [
            Problem(() if index is None else (index,), message)
            for index, item in items
            if (message := self._out_of_bounds(item))
        ]

    def _out_of_bounds(self, item: Any) -> str:
        wrong, near = False, ""
        if isinstance(item, str) and self.choices:
            wrong, near = item not in self.choices, f".{did_you_mean(item, self.choices)}"
        elif isinstance(item, int | float) and not isinstance(item, bool):
            wrong = not _within(item, self.low, self.high)
        return f"expected {self.expected}, got {item!r}{near}" if wrong else ""

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of one value, for editors."""
        schema = self._adapter.json_schema()
        ends = {"minimum": self.low, "maximum": self.high}
        whole = [schema, *schema.get("anyOf", [])]
        for part in [*whole, *(part["items"] for part in whole if "items" in part)]:
            kind = part.get("type") or ("" if part.keys() & {"anyOf", "enum", "const"} else "any")
            if kind in ("integer", "number", "any"):  # to a value of another type they say nothing
                part.update({key: end for key, end in ends.items() if end is not None})
            if kind == "string" and self.choices:
                part["enum"] = list(self.choices)
            if kind == "any" and self.choices:
                part["if"], part["then"] = {"type": "string"}, {"enum": list(self.choices)}
        default = {"default": self.default} if self.held else {}
        return {"description": self.help, **default, **schema}


def read_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Read a parameters cell: annotated literals with a comment each.

    Messages start with `where`.

    Raises
    ------
    TemplateError
        If the cell is not Python, or holds anything but assignments of literals.
    """
    try:
        tree = syntax_tree(source)
    except SyntaxError as error:
        raise TemplateError(f"{where}, line {error.lineno}: {error.msg}") from error
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }
    parameters = (_parameter(node, comments, where) for node in tree.body)
    return {parameter.name: parameter for parameter in parameters if parameter is not None}


def _parameter(node: ast.stmt, comments: Mapping[int, str], where: str) -> Parameter | None:
    line = f"{where}, line {node.lineno}"
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            kind, written = _type(annotation, line), ast.unparse(annotation)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            kind, written = None, ""
        case ast.Expr(value=ast.Constant(value=str())) | ast.ImportFrom(module="typing"):
            return None
        case _:
            raise TemplateError(
                f"{line}: expected `name: type = literal  # help`, got {ast.unparse(node)!r}"
            )
    try:
        default = ast.literal_eval(value) if value else REQUIRED
    except ValueError:
        message = (
            f"{line}: parameter {name!r}: expected a literal, got {ast.unparse(value or node)!r}"
        )
        raise TemplateError(message) from None
    if kind is None:
        kind = {type(None): Any, tuple: list}.get(type(default), type(default))
        written = getattr(kind, "__name__", "Any")
    lines = range(node.lineno, (node.end_lineno or 0) + 1)
    help_text = " ".join(comments[number] for number in lines if number in comments)
    low, high = _range(help_text)
    if "%" in help_text and not _within(default, low, high):
        low = high = None  # 10%..90% of a share that is written 0.2
    choices = _choices(help_text, default)
    return Parameter(name, written, kind, default, help_text, low, high, choices, node.lineno)


def _range(text: str) -> tuple[float | None, float | None]:
    """Return the last range in a comment; one in brackets, such as of pages, if there is no other.

    Examples
    --------
    >>> _range("first year (pages 3..7 of the manual), 1990..2030")
    (1990.0, 2030.0)
    >>> _range("rows to read, 1,000..")
    (1000.0, None)
    """
    for part in (_ASIDE.sub(" ", text), text):
        for low, high in reversed(_RANGE.findall(part)):
            ends = [_end(low), _end(high)]
            if (low or high) and not (None not in ends and ends[0] > ends[1]):  # type: ignore[operator]
                return ends[0], ends[1]
    return None, None


def _within(item: Any, low: float | None, high: float | None) -> bool:
    """Say whether a number lies in a range, to which "not a number" belongs to no end."""
    if not isinstance(item, int | float):
        return True
    return (low is None or item >= low) and (high is None or item <= high)


def _end(written: str) -> float | None:
    try:
        number = float(written.replace(",", "").replace("−", "-"))
    except ValueError:  # an open end
        return None
    return number if math.isfinite(number) else None


def _choices(text: str, default: Any) -> tuple[str, ...]:
    """Return the words between bars in a comment, unless it is prose.

    They are choices if the default is one of them; without a default, if nothing but a heading
    stands before them.
    """
    listed = _CHOICES.search(text)
    if listed is None or "|" in text[: listed.start()] + text[listed.end() :]:
        return ()
    words = tuple(part.strip(" ,;.") for part in listed[0].split(" | "))
    named = [word for word in (default if isinstance(default, list) else [default]) if word]
    heads = text[: listed.start()].rstrip()
    alone = not heads or heads[-1] in ":,;("
    texts = [word for word in named if isinstance(word, str)]
    return words if (set(texts) <= set(words) if texts else alone) else ()


def _is_held(value: Any) -> bool:
    """Say whether a value can be given by a config, and reach a notebook as it is."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_held([key, part]) for key, part in value.items())
    if isinstance(value, list):
        return all(map(_is_held, value))
    if isinstance(value, str):
        return value == value.encode(errors="ignore").decode()
    return value is None or isinstance(value, bool | int | float)


def _type(node: ast.expr, line: str) -> Any:
    """Return the type that an annotation names; only types that YAML can hold."""
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.Constant(value=None):
            return type(None)
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[_type(item, line)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, item])):
            return dict[_type(key, line), _type(item, line)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=items)):
            return Literal[tuple(ast.literal_eval(item) for item in items)]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _type(left, line) | _type(right, line)
    known = "int, float, str, bool, list[…], dict[str, …] or … | None"
    raise TemplateError(f"{line}: expected a type of {known}, got {ast.unparse(node)!r}")
