"""What of the code of a template decides its result: neither comments nor layout."""

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fourfold.errors import TemplateError
from fourfold.plan.parameters import read_parameters
from fourfold.plan.setup import is_setup
from fourfold.records.evidence import BUSINESS
from fourfold.records.ipynb import code_trees, parameters_index, text

_LAYOUT = {
    tokenize.NEWLINE: "\n",
    tokenize.INDENT: "\0indent",
    tokenize.DEDENT: "\0dedent",
    tokenize.ENDMARKER: "",
}
# From Python 3.12 on, the parts of an f-string are tokens.
_BEGINS, _ENDS = (getattr(tokenize, f"FSTRING_{end}", None) for end in ("START", "END"))
# Behind a value, % is an operator; elsewhere it begins a magic.
_VALUES = (tokenize.NAME, tokenize.NUMBER, tokenize.STRING, _ENDS)
# By these a notebook sees its own text.
_READERS = {"In", "_ih", "_i", "_ii", "_iii", "inspect", "getsource", "linecache", "history"}

# And by these its variables.
_SEERS = {"globals", "locals", "eval", "exec", "get_ipython"}
_WITHOUT = {"vars", "dir"}  # called without an argument


def deciding(notebook: Mapping[str, Any]) -> list[Any]:
    """Return the code of a template but for comments, layout, and defaults of its parameters.

    The defaults of a run are among its parameters. A cell that is not plain Python stays as it
    is, and so does all the code of a notebook that reads its own.
    """
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if any(_READERS & _named(tree) for tree in code_trees(notebook)):
        return [text(cell) for cell in cells]
    index = parameters_index(notebook)
    given = None if index is None else notebook["cells"][index]
    defaults = given if given and _only_parameters(given) else None
    return [tokens(text(cell)) for cell in cells if cell is not defaults]


def tokens(source: str) -> list[str] | str:
    """Return the tokens of Python code that count; other code as it is.

    Examples
    --------
    >>> tokens("x = f(1,\\n      2)  # why") == tokens("x = f(1, 2)")
    True
    >>> tokens("%time  f()  # not Python")
    '%time  f()  # not Python'
    """
    try:
        parts = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source
    parts = [token for token in parts if token.type not in (tokenize.COMMENT, tokenize.NL)]
    before: tokenize.TokenInfo | None = None
    depth = 0
    for token in parts:
        depth += (token.type == _BEGINS) - (token.type == _ENDS)
        value = before is not None and (before.type in _VALUES or before.string in (")", "]", "}"))
        if token.type == tokenize.ERRORTOKEN or (token.string in ("!", "?", "$") and not depth):
            return source
        if token.string == "%" and not value:
            return source
        before = token
    return [_LAYOUT.get(token.type, token.string) for token in parts]


def _named(tree: ast.AST) -> set[str]:
    """Return what code names: variables, attributes, and what it imports."""
    fields = ("id", "attr", "name")
    return {str(getattr(node, field, "")) for node in ast.walk(tree) for field in fields}


def _only_parameters(cell: Mapping[str, Any]) -> bool:
    try:
        read_parameters(text(cell), "")
    except TemplateError:
        return False
    return True


def judged_by(notebook: Mapping[str, Any]) -> str:
    """Say by what criteria a template concludes: ``asked``, or ``merged`` with criteria of its own.

    Empty if question, decision or criteria go anywhere else than to one `ff.conclude`, which
    could then not be asked again with others.
    """
    index = parameters_index(notebook)
    rest = [cell for i, cell in enumerate(notebook["cells"]) if i != index]
    cells = [c for c in rest if c["cell_type"] == "code" and not is_setup(text(c))]
    trees = list(code_trees({"cells": cells}))
    if any(isinstance(tokens(text(cell)), str) for cell in cells):
        return ""  # a magic may use them
    if any(map(_sees_variables, trees)):
        return ""
    calls = [call for tree in trees for call in _calls(tree.body)]
    if len(calls) != 1:
        return ""
    given = {word.arg: word.value for word in calls[0].keywords if word.arg in BUSINESS}
    passed = {id(n) for name, value in given.items() for n in _last(value, name == "success")}
    names = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)]
    if len(given) < len(BUSINESS) or any(n.id in BUSINESS and id(n) not in passed for n in names):
        return ""
    return "asked" if isinstance(given["success"], ast.Name) else "merged"


def _sees_variables(tree: ast.AST) -> bool:
    calls = (n.func for n in ast.walk(tree) if isinstance(n, ast.Call) and not n.args)
    bare = {function.id for function in calls if isinstance(function, ast.Name)}
    return bool(_SEERS & _named(tree) or _WITHOUT & bare)


def _last(value: ast.expr, merged: bool) -> Iterator[ast.Name]:
    """Yield the name that a value is; if it may be `merged`, that which is merged in last."""
    match value:
        case ast.Name():
            yield value
        case ast.Dict(keys=[*_, None], values=[*_, last]) if merged:
            yield from _last(last, merged)
        case ast.BinOp(op=ast.BitOr(), right=last) if merged:
            yield from _last(last, merged)
        case ast.IfExp(body=body, orelse=orelse) if merged:
            yield from _last(body, merged)
            yield from _last(orelse, merged)


def _calls(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls of `ff.conclude` that stand for themselves."""
    for node in body:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="conclude")) as call):
                yield call
            case ast.Expr(value=ast.Call(func=ast.Name(id="conclude")) as call):
                yield call
