"""Whether a reference must be tested again: what its outputs depend on, then and now."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.records.ipynb import code_trees
from fourfold.regress.case import Case, code_of
from fourfold.run.fingerprint import Keys, digest, environment, library, lock

_SPOKEN = {
    "template": "template changed",
    "library": "library changed",
    "lock": "lock changed",
    "environment": "installed packages changed",
    "cells": "reference changed",
}
_LONGEST_PATH = 300
_LARGEST_FILE = 2**28


def key_of_run(spec: RunSpec, root: Path, cells: Any) -> dict[str, Any]:
    """Return the fingerprints of a reference of a run, which go into its metadata.

    They hold on any machine, for what is installed counts by the lock file.
    """
    key = {**Keys(root).key(spec)}
    key.pop("environment")
    return {**key, "lock": lock(root), "cells": digest(cells)}


def key_of(case: Case) -> dict[str, Any]:
    """Return the fingerprints of a case now, those of this machine among them."""
    cells = case.stored["cells"]
    if case.spec:
        return {**key_of_run(case.spec, case.root, cells), "environment": environment()}
    return {
        "template": digest(code_of(case.stored)),
        "inputs": dict(_files(case.stored, case.path.parent)),
        "library": library(),
        "lock": lock(case.root),
        "environment": environment(),
        "cells": digest(cells),
    }


def why(case: Case, key: Mapping[str, Any], known: Mapping[str, Any] | None) -> list[str]:
    """Return why a reference must be tested; empty if nothing has changed.

    Parameters
    ----------
    key : mapping
        Of now, see `key_of`.
    known : mapping, optional
        Of the last time that it passed here, or of when it was written.

    Examples
    --------
    >>> case = Case(Path("a.ipynb"), Path(), {"cells": [], "metadata": {}}, {})
    >>> why(case, {"inputs": {}, "lock": "b"}, {"inputs": {}, "lock": "a"})
    ['lock changed']
    """
    if case.problem:
        return [case.problem]
    if not known:
        return ["not tested yet"]
    found = [str(difference) for difference in case.changed]
    found += [
        told for part, told in _SPOKEN.items() if part in known and known[part] != key.get(part)
    ]
    before, now = known.get("inputs", {}), key["inputs"]
    for name in dict.fromkeys([*before, *now]):
        if name in now and now[name] is None:
            found.append(f"data {name} may have changed, which only reading them would tell")
        elif before.get(name) != now.get(name):
            found.append(f"data {name} changed")
    return found


def _files(notebook: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that a notebook's code names, and the modules beside it that it imports."""
    names: dict[str, None] = {}
    for node in (node for tree in code_trees(notebook) for node in ast.walk(tree)):
        match node:
            case ast.Constant(value=str(value)) if 0 < len(value) < _LONGEST_PATH:
                names[value] = None
            case ast.Import(names=aliases):
                names |= {f"{alias.name.split('.')[0]}.py": None for alias in aliases}
            case ast.ImportFrom(module=str(module)):
                names[f"{module.split('.')[0]}.py"] = None
    for name in names:
        file = folder / name
        spelled = "\n" not in name and "\0" not in name
        if spelled and file.is_file() and file.stat().st_size <= _LARGEST_FILE:
            yield name, hashlib.sha256(file.read_bytes()).hexdigest()[:16]
