"""What a template imports, read from its code, so that it can be imported ahead of its run."""

import ast
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from fourfold.records.ipynb import code_trees

KERNEL = (
    "fourfold.run.kernels.forked",
    "fourfold.run.kernels.kernel",
    "fourfold.run.kernels.watch",
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
    """
    nodes = [node for tree in code_trees(notebook) for node in ast.walk(tree)]
    bound: dict[str, str] = {}
    used: list[str] = []
    for node in nodes:
        match node:
            case ast.Import(names=aliases):
                used += [alias.name for alias in aliases]
                bound |= {
                    a.asname or a.name: a.name for a in aliases if a.asname or "." not in a.name
                }
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                used += [module, *(f"{module}:{alias.name}" for alias in aliases)]
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in bound:
                used.append(f"{bound[name]}:{attribute}")
            case ast.Attribute(
                value=ast.Attribute(value=ast.Name(id=name), attr=package), attr=attribute
            ) if bound.get(name) == "fourfold":
                used.append(f"fourfold:{package}.{attribute}")
    chosen = dict.fromkeys(name for name in used if re.split("[.:]", name)[0] not in _NEVER)
    later = [_ON_FIRST_USE.get(key, ()) for name in chosen for key in (name, name.split(".")[0])]
    return tuple(dict.fromkeys([*chosen, *chain(*later)]))
