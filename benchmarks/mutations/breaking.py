"""Edits that change results: the mistakes that break notebooks in practice.

Each operator proposes all edits of its kind, wherever the code allows; whether one really changes
what the notebook shows is found out by executing it (see `trials.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from mutants import Cell, Operator, bodies, expressions, inserted, replaced, without

from fourfold.plan.parameters import Parameter, read_parameters

_COMPARISONS = (
    *((ast.Lt, ast.GtE), (ast.Gt, ast.LtE), (ast.Eq, ast.NotEq)),
    *((ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
)
_OPPOSITE: dict[type, type] = {b: a for a, b in _COMPARISONS} | dict(_COMPARISONS)
_OPERATORS = ((ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitOr, ast.BitAnd))
_ARITHMETIC: dict[type, type] = {b: a for a, b in _OPERATORS} | dict(_OPERATORS)
_ARITHMETIC |= dict.fromkeys((ast.FloorDiv, ast.Mod, ast.Pow), ast.Mult)
_PAIRS = (
    *(("mean", "median"), ("max", "min"), ("std", "var"), ("sum", "mean"), ("any", "all")),
    *(("count", "nunique"), ("first", "last"), ("argmax", "argmin"), ("idxmax", "idxmin")),
    *(("corr", "cov"), ("cumsum", "cumprod"), ("log", "log10"), ("floor", "ceil")),
)
_AGGREGATES = {b: a for a, b in _PAIRS} | dict(_PAIRS)
_FILTERS = {"dropna", "head", "tail", "query", "where", "drop_duplicates", "nlargest", "clip"}
_FIGURE = {"ax", "axes", "fig", "plt", "sns"}
_LABELS = {"title", "xlabel", "ylabel", "label", "set_title", "suptitle", "set_xlabel"}
_SHARED = {"module", "function", "type", "ABCMeta", "method", "builtin_function_or_method"}


def default(cell: Cell) -> Iterator[str]:
    """Give a parameter another default, one that its own comment allows."""
    tree, known = cell.tree, read_parameters(cell.source, cell.key)
    for node in expressions(tree, ast.AnnAssign):
        parameter = known[node.target.id]
        if parameter.name not in (*cell.facts.given, "seed"):
            for value in _others(cell, parameter):
                if value != parameter.default and not parameter.problems(value):
                    yield replaced(cell.source, tree, node.value, ast.Constant(value))


def _others(cell: Cell, parameter: Parameter) -> list[Any]:
    match parameter.default:
        case bool(value):
            return [not value]
        case int(value):
            return [value + 1, value - 1, value * 2, value // 2, value // 10]
        case float(value):
            return [value * 1.5, value / 2]
        case None:
            return [int(cell.rng.integers(2, 7)), False, ""]
        case []:
            return [[str(cell.rng.choice(list(names)))] for names in cell.facts.columns.values()]
        case list(values):
            return [values[1:], values[:-1], values[::-1]]
    return list(parameter.choices)


def seed(cell: Cell) -> Iterator[str]:
    """Draw other random numbers: another default, or another seed in one call."""
    tree = cell.tree
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "seed" and node.value:
            value = int(cell.rng.integers(1, 1000))
            yield replaced(cell.source, tree, node.value, ast.Constant(value))
    for call in expressions(tree, ast.Call):
        named = [k.value for k in call.keywords if k.arg in ("seed", "random_state")]
        for node in [*named, *(a for a in call.args if isinstance(a, ast.Name) and a.id == "seed")]:
            yield replaced(cell.source, tree, node, _sum(node, 1))


def column(cell: Cell) -> Iterator[str]:
    """Swap two columns of a table, or name another column of it."""
    for statement, name in _tables(cell):
        numeric = [c for c, kind in cell.facts.columns.get(name, {}).items() if kind in "iuf"]
        if len(numeric) > 1:
            a, b = map(str, cell.rng.choice(numeric, 2, replace=False))
            line = f"{name}[{[a, b]}] = {name}[{[b, a]}].to_numpy()"
            yield inserted(cell.source, statement, line)
    tree = cell.tree
    for node in expressions(tree, ast.Constant):
        for names in cell.facts.columns.values():
            if node.value in names and len(names) > 1:
                other = str(cell.rng.choice([c for c in names if c != node.value]))
                yield replaced(cell.source, tree, node, ast.Constant(other))


def row(cell: Cell) -> Iterator[str]:
    """Drop one row of a table or series."""
    for statement, name in _tables(cell):
        place = int(cell.rng.integers(cell.facts.rows[name]))
        yield inserted(cell.source, statement, f"{name} = {name}.drop({name}.index[{place}])")


def _tables(cell: Cell) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each assignment of a table or series, and its name."""
    for body in bodies(cell.tree):
        for statement in body:
            if isinstance(statement, ast.Assign):
                for node in (n for target in statement.targets for n in ast.walk(target)):
                    stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                    if stored and cell.facts.rows.get(node.id):
                        yield statement, node.id


def metric(cell: Cell) -> Iterator[str]:
    """Make a recorded metric, or a column of a table, 1 % larger."""
    tree = cell.tree
    for call in expressions(tree, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "record" and call.args[1:]:
            larger = ast.BinOp(call.args[1], ast.Mult(), ast.Constant(1.01))
            yield replaced(cell.source, tree, call.args[1], larger)
    for statement, name in _tables(cell):
        numeric = [c for c, kind in cell.facts.columns.get(name, {}).items() if kind == "f"]
        if numeric:
            chosen = str(cell.rng.choice(numeric))
            line = f"{name}[{chosen!r}] = {name}[{chosen!r}] * 1.01"
            yield inserted(cell.source, statement, line)


def plot(cell: Cell) -> Iterator[str]:
    """Change a series of a figure: 5 % larger, in the reverse order, without its first value."""
    tree = cell.tree
    for call in expressions(tree, ast.Call):
        drawn = [k.value for k in call.keywords if k.arg in ("x", "y", "data", "yerr", "xerr")]
        if _drawing(call):
            for node in [*call.args, *drawn]:
                if isinstance(node, ast.Constant | ast.JoinedStr | ast.Starred):
                    continue
                cuts = (ast.Slice(step=ast.Constant(-1)), ast.Slice(ast.Constant(1)))
                yield replaced(
                    cell.source, tree, node, ast.BinOp(ast.Constant(1.05), ast.Mult(), node)
                )
                for cut in cuts:
                    yield replaced(cell.source, tree, node, ast.Subscript(node, cut, ast.Load()))


def _drawing(call: ast.Call) -> bool:
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in _FIGURE and node is not call.func


def label(cell: Cell) -> Iterator[str]:
    """Give a figure another title or label."""
    tree = cell.tree
    for call in filter(_drawing, expressions(tree, ast.Call)):
        named = [k.value for k in call.keywords if k.arg in _LABELS]
        own = call.args[:1] if getattr(call.func, "attr", "") in _LABELS else []
        for node in [*own, *named]:
            if isinstance(node, ast.Constant | ast.JoinedStr):
                yield replaced(cell.source, tree, node, ast.Constant("untitled"))


def cell(cell: Cell) -> Iterator[None]:
    """Delete the cell."""
    yield None


def comparison(cell: Cell) -> Iterator[str]:
    """Invert a comparison or a condition."""
    tree = cell.tree
    for node in expressions(tree, ast.Compare):
        for place, operator in enumerate(node.ops):
            ops = [*node.ops[:place], _OPPOSITE[type(operator)](), *node.ops[place + 1 :]]
            new = ast.Compare(node.left, ops, node.comparators)
            yield replaced(cell.source, tree, node, new)
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.If | ast.IfExp)):
        yield replaced(cell.source, tree, node.test, ast.UnaryOp(ast.Not(), node.test))


def aggregate(cell: Cell) -> Iterator[str]:
    """Take another aggregate, such as the median for the mean."""
    tree = cell.tree
    for node in expressions(tree, ast.Attribute, ast.Constant, ast.Name):
        match node:
            case ast.Attribute(value=value, attr=name) if name in _AGGREGATES:
                new: ast.expr = ast.Attribute(value, _AGGREGATES[name], node.ctx)
            case ast.Constant(value=str(name)) if name in _AGGREGATES:
                new = ast.Constant(_AGGREGATES[name])
            case ast.Name(id=name) if name in _AGGREGATES and name not in cell.names:
                new = ast.Name(_AGGREGATES[name], node.ctx)
            case _:
                continue
        yield replaced(cell.source, tree, node, new)


def off_by_one(cell: Cell) -> Iterator[str]:
    """Move an integer by one."""
    tree = cell.tree
    for node in expressions(tree, ast.Constant):
        if type(node.value) is int:
            for value in (node.value + 1, node.value - 1):
                yield replaced(cell.source, tree, node, ast.Constant(value))


def lost_filter(cell: Cell) -> Iterator[str]:
    """Lose a filter: a mask, a slice, ``dropna`` or ``head``, the condition of a comprehension."""
    tree = cell.tree
    for node in expressions(tree, ast.Subscript, ast.Call):
        match node:
            case ast.Subscript(value=value, slice=ast.Compare() | ast.Slice() | ast.Tuple()):
                inner = value.value if _indexer(value) else value
                yield replaced(cell.source, tree, node, inner)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _FILTERS:
                yield replaced(cell.source, tree, node, value)
    for node in expressions(tree, ast.ListComp, ast.SetComp, ast.GeneratorExp):
        if any(loop.ifs for loop in node.generators):
            loops = [ast.comprehension(g.target, g.iter, [], g.is_async) for g in node.generators]
            yield replaced(cell.source, tree, node, type(node)(node.elt, loops))


def _indexer(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("loc", "iloc")


def constant(cell: Cell) -> Iterator[str]:
    """Change a number by much, or a truth value."""
    tree = cell.tree
    for node in expressions(tree, ast.Constant):
        match node.value:
            case bool(value):
                others: list[Any] = [not value]
            case int(value) | float(value):
                others = [value * 2, value * 10, value / 2 if type(value) is float else value // 2]
            case _:
                continue
        for other in others:
            yield replaced(cell.source, tree, node, ast.Constant(other))


def argument(cell: Cell) -> Iterator[str]:
    """Swap two arguments of a call."""
    tree = cell.tree
    for call in expressions(tree, ast.Call):
        for i in range(len(call.args) - 1):
            args = [*call.args[:i], call.args[i + 1], call.args[i], *call.args[i + 2 :]]
            yield replaced(cell.source, tree, call, ast.Call(call.func, args, call.keywords))
        for i in range(len(call.keywords) - 1):
            a, b = call.keywords[i : i + 2]
            swapped = [ast.keyword(a.arg, b.value), ast.keyword(b.arg, a.value)]
            keywords = [*call.keywords[:i], *swapped, *call.keywords[i + 2 :]]
            yield replaced(cell.source, tree, call, ast.Call(call.func, call.args, keywords))


def keyword(cell: Cell) -> Iterator[str]:
    """Leave out a named argument, so that its default is taken."""
    tree = cell.tree
    for call in expressions(tree, ast.Call):
        for left_out in call.keywords:
            kept = [k for k in call.keywords if k is not left_out]
            yield replaced(cell.source, tree, call, ast.Call(call.func, call.args, kept))


def statement(cell: Cell) -> Iterator[str]:
    """Remove a statement."""
    for body in bodies(cell.tree):
        for found in body:
            yield without(cell.source, found, alone=len(body) == 1)


def arithmetic(cell: Cell) -> Iterator[str]:
    """Take another operator, or lose a sign."""
    tree = cell.tree
    for node in expressions(tree, ast.BinOp, ast.UnaryOp):
        if isinstance(node, ast.UnaryOp):
            yield replaced(cell.source, tree, node, node.operand)
        elif type(node.op) in _ARITHMETIC:
            new = ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
            yield replaced(cell.source, tree, node, new)


def variable(cell: Cell) -> Iterator[str]:
    """Use another variable of the same type."""
    tree, kinds = cell.tree, cell.facts.kinds
    for node in expressions(tree, ast.Name):
        kind = kinds.get(node.id, "")
        others = [n for n in cell.names if kinds.get(n) == kind and n != node.id]
        if isinstance(node.ctx, ast.Load) and kind not in ("", *_SHARED) and others:
            other = str(cell.rng.choice(sorted(others)))
            yield replaced(cell.source, tree, node, ast.Name(other, node.ctx))


def _sum(node: ast.expr, more: int) -> ast.expr:
    return ast.BinOp(node, ast.Add(), ast.Constant(more))


OF_PARAMETERS: tuple[Operator, ...] = (default, seed)
OF_CODE: tuple[Operator, ...] = (
    *(seed, column, row, metric, plot, label, cell, comparison, aggregate, off_by_one),
    *(lost_filter, constant, argument, keyword, statement, arithmetic, variable),
)
