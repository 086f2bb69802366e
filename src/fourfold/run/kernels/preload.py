"""What may be imported ahead of a notebook, read from its code.

A module is imported ahead only where nobody could tell: it is one of `NEUTRAL`, and nothing that
stands before its import does more than import and name constants. What an installed module that
is not listed does when it is imported is unknown, and so is all that follows it.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from fourfold.plan.setup import is_setup
from fourfold.records.ipynb import syntax_tree, tags, text
from fourfold.run.kernels.rehearsal import PATIENT

NEUTRAL = ("numpy", "scipy", "pandas", "matplotlib", "seaborn", "sklearn", "fourfold")
"""Imported ahead, each is as if the notebook imported it: `tests/run/kernels/test_neutral.py`."""

ON_FIRST_USE = {
    "matplotlib.pyplot": ("matplotlib.backends.backend_agg",),
    "sklearn": ("narwhals.stable.v1", "sklearn.utils._repr_html.estimator"),
    "fourfold:style": ("seaborn",),
    "fourfold:ingest": ("fourfold.data.contract", "pandera.pandas", "pandera.io"),
    "pandas": ("pandas.io.formats.style", "pandas.io.formats.html"),
}
"""What modules import only once they are used, which is the same wherever they are used."""

_INERT = {*NEUTRAL, "IPython", *sys.stdlib_module_names}
# What the setup cell of a template asked earlier; in a kernel of ours, the answer is no.
_SETUP = "importlib.util.find_spec('fourfold') is None"
_PLAIN = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.unaryop, ast.Load)
# Names by which a notebook changes, or sees, what is read or done while modules are imported late.
_REACHES = {
    *("environ", "environb", "putenv", "unsetenv", "setlocale", "chdir", "fchdir", "path"),
    *("warnings", "modules", "meta_path", "path_hooks", "exec", "eval", "__import__", "pip"),
    *("import_module", "reload", "run_path", "run_module", "setattr", "delattr"),
    *("get_ipython", "__dict__", "colormaps", "reset_orig", "reset_defaults", "ctypes"),
    *(PATIENT, "weakref", "__del__", "tracemalloc", "site", "settrace", "setprofile"),
}


def preloads(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules to import ahead of a notebook, and attributes that load their modules.

    First are those that its first statements import. What Fourfold and others import only when
    they are used comes ahead as well if nothing in the notebook reaches for what such an import
    reads or changes; then the garbage of the notebook may be collected seldom, too.
    """
    cells = [_tree(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    statements = [node for tree in cells if tree for node in tree.body if not _setup(node)]
    first = dict.fromkeys(chain.from_iterable(map(_imported, _first(cells))))
    if not first or not all(cells) or any(map(_reaches, statements)):
        return tuple(first)
    lazily = dict.fromkeys(_used(statements))
    names = dict.fromkeys(key for name in (*first, *lazily) for key in (name, name.split(".")[0]))
    later = [ON_FIRST_USE.get(name, ()) for name in names]
    return tuple(dict.fromkeys([*first, *lazily, *chain(*later), PATIENT]))


def _tree(cell: Mapping[str, Any]) -> ast.Module | None:
    """Return the syntax tree of a cell; None if it is not plain Python, but has a magic, say.

    That of a setup cell is empty: in a kernel of ours it only says which template it is.
    """
    if "skip-execution" in tags(cell) or is_setup(text(cell)):
        return ast.Module([], [])
    try:
        return syntax_tree(text(cell))
    except (SyntaxError, ValueError):
        return None


def _first(cells: Sequence[ast.Module | None]) -> Iterator[ast.stmt]:
    """Yield the first statements, as long as they only import and name constants."""
    for tree in cells:
        for node in tree.body if tree else [None]:
            if node is None or not _inert(node):
                return
            yield node


def _inert(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom(level=0):
            return all(name.partition(".")[0] in _INERT for name in _named(node))
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Assign(targets=[ast.Name()], value=value):
            return _constant(value)
        case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
            called = any(isinstance(part, ast.Call) for part in ast.walk(annotation))
            return not called and (value is None or _constant(value))
    return _setup(node)


def _constant(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant()], keywords=[]):
            return True  # as papermill writes what has no literal
    return all(isinstance(part, _PLAIN) for part in ast.walk(value))


def _setup(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test) == _SETUP


def _named(node: ast.stmt) -> list[str]:
    """Return the modules that an import names."""
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module)):
            return [module]
    return []


def _imported(node: ast.stmt) -> list[str]:
    """Return what of `NEUTRAL` an import names, with what it takes from there."""
    names = [name for name in _named(node) if name.partition(".")[0] in NEUTRAL]
    if isinstance(node, ast.ImportFrom) and names:
        names += [f"{names[0]}:{alias.name}" for alias in node.names if alias.name != "*"]
    return names


def _reaches(statement: ast.stmt) -> bool:
    for node in ast.walk(statement):
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith("yellowbrick."):
                pass  # by `methods.yellowbrick`, which leaves no style and no filter of warnings
            case ast.Import() | ast.ImportFrom() if not _inert(node):
                return True
            case ast.ImportFrom(module="sys" | "os"):
                return True
            case ast.Attribute(value=ast.Name(id="os"), attr="path"):
                pass
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                if name in _REACHES:
                    return True
            case ast.Constant(value=str(name)) | ast.alias(name=name) if name in _REACHES:
                return True
    return False


def _used(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the attributes of our package that are used, for they load when they are."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    aliases = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    ours = {alias.asname or alias.name for alias in aliases if alias.name == "fourfold"}
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in ours:
                yield f"fourfold:{attribute}"
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id=name), attr=package), attr=attribute
            ) if name in ours:
                yield f"fourfold:{package}.{attribute}"
