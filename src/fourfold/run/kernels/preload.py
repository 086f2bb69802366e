"""What a template imports, read from its code, so that it can be imported ahead of its run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from fourfold.records.ipynb import code_trees

KERNEL = (
    "fourfold.run.kernels.forked",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
)
"""What every kernel imports while it starts."""

_ON_FIRST_USE = {
    "matplotlib.pyplot": ("matplotlib_inline.backend_inline", "matplotlib.backends.backend_agg"),
    "sklearn": ("narwhals.stable.v1", "sklearn.utils._repr_html.estimator"),
    "fourfold:style": ("seaborn",),
    "fourfold:ingest": ("fourfold.data.contract", "pandera.pandas", "pandera.io"),
    "pandas": ("pandas.io.formats.style", "pandas.io.formats.html"),
}
"""What modules import only once they are used."""

# yellowbrick restyles matplotlib when imported, which then must happen where the notebook says;
# the others start threads when imported, which a fork would lose.
_NEVER = {"yellowbrick", "tensorflow", "jax", "ray", "grpc"}


def preloads(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules that a notebook imports, and the attributes of them that it uses.

    Attributes matter where a module loads its parts on first use, as `fourfold` does itself.

    Examples
    --------
    >>> source = "import numpy as np\\nimport fourfold as ff\\nff.style()"
    >>> cell = {"cell_type": "code", "source": source}
    >>> preloads({"cells": [cell]})
    ('numpy', 'fourfold', 'fourfold:style', 'seaborn')
    """
    trees = list(code_trees(notebook))
    names: dict[str, str] = {}
    found: list[str] = []
    for module, name in (item for tree in trees for item in _imports(tree)):
        found.append(module)
        if name and ":" not in module:
            names[name] = module
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in names:
                found.append(f"{names[name]}:{attribute}")
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id=name), attr=package), attr=attribute
            ) if names.get(name) == "fourfold":
                found.append(f"fourfold:{package}.{attribute}")
    allowed = (item for item in found if item.split(".")[0].split(":")[0] not in _NEVER)
    chosen = dict.fromkeys(allowed)
    later = (_ON_FIRST_USE.get(name, ()) for item in chosen for name in (item, item.split(".")[0]))
    return tuple(dict.fromkeys([*chosen, *(name for names in later for name in names)]))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield modules with the name that they are bound to."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    whole = alias.asname or "." not in alias.name
                    yield alias.name, (alias.asname or alias.name) if whole else None
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                yield module, None
                for alias in aliases:
                    yield f"{module}:{alias.name}", None
