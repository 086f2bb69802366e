"""A case: a reference, the notebook whose outputs must be the same, and what both depend on."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from fourfold.data.digest import content_digest
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.rules import Rules, read_rules
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import find_template, template_file, template_path
from fourfold.project import find_root
from fourfold.records.editors import adopt, impersonal, reruns
from fourfold.records.ipynb import code_trees, parameters_index, read_notebook, sections, text
from fourfold.regress.compare.difference import Difference
from fourfold.run.fingerprint import (
    Fingerprint,
    Fingerprints,
    changed_parameters,
    digest_of_code,
    key_of,
)
from fourfold.run.inputs import Reader
from fourfold.run.kernels.execution import Execution
from fourfold.run.prepare import with_room

INJECTED = "injected-parameters"
_LONGEST_PATH = 300
_LARGEST_FILE = 2**28
# An id such as modeling-choose says something, 3f2a9c01 does not.
_SPOKEN = re.compile(r"cell \d+|[a-z]+|[a-z]\w*(-[a-z]\w*)+|(?=\w*_)[a-z]\w+")


@dataclass(frozen=True)
class Pair:
    """A code cell as the reference keeps it and as it is executed; one of the two may be missing.

    Its `index` is that in the notebook that is executed; in the reference if it is gone.
    """

    key: str
    section: str
    index: int
    stored: Mapping[str, Any] | None
    current: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """Return ``modeling-choose``; ``cell 12`` where the id is an editor's random one."""
        return self.key if _SPOKEN.fullmatch(self.key) else f"cell {self.index + 1}"

    @property
    def title(self) -> str:
        """Return ``Modeling: modeling-choose``."""
        return f"{self.section}: {self.name}"


@dataclass(frozen=True)
class Case:
    """A reference, and the notebook that a regression test executes to compare it.

    `stored` is the reference and `current` the notebook, both as JSON. That of a run has its
    `spec` as it is now, and the parameters that have `changed`; other notebooks have no template.
    A `problem` says why it cannot be executed at all.
    """

    path: Path
    root: Path
    stored: Mapping[str, Any]
    current: Mapping[str, Any]
    spec: RunSpec | None = None
    rules: Rules = field(default_factory=Rules)
    changed: tuple[Difference, ...] = ()
    problem: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Return where it is executed, and what the names of its inputs are relative to."""
        return self.root if self.spec else self.path.resolve().parent

    def fingerprint(self) -> Fingerprint:
        """Return what the outputs depend on now, on this machine."""
        if self.spec:
            own = Fingerprints(self.root).of(self.spec)
            own = replace(own, template=digest_of_code(self.template))
        else:
            code = [text(c) for c in self.stored["cells"] if c["cell_type"] == "code"]
            own = Fingerprint.of_code(code, dict(_files(self.stored, self.path.parent)))
        return own.of_reference(self.root, self.stored["cells"])

    def reasons(self, now: Fingerprint, key: Mapping[str, Any] | None) -> list[str]:
        """Return why the reference must be tested; empty if nothing has changed.

        The `key` is of the last time that it passed here, or of when it was written.
        """
        if self.problem:
            return [self.problem]
        if not key:
            return ["not tested yet"]
        now = Fingerprints(self.folder).again(now, key)
        return [*map(str, self.changed), *now.changes_since(Fingerprint.from_json(key))]

    @property
    def uncounted(self) -> bool:
        """Say whether the counts of cells were stripped, so that none tells what was executed."""
        cells = [cell for cell in self.stored["cells"] if cell["cell_type"] == "code"]
        counts = any(cell.get("execution_count") is not None for cell in cells)
        return not counts and any(cell.get("outputs") for cell in cells)

    def read_by(self, execution: Execution, now: Fingerprint, began_ns: int) -> Fingerprint:
        """Return the fingerprint of this case, executed: with what it has read.

        Parameters
        ----------
        execution : Execution
            That has ended.
        now : Fingerprint
            From before it.
        began_ns : int
            When it began.
        """
        outputs = self.root / "outputs" if self.spec else None
        reader = Reader(self.folder, outputs, None, began_ns)
        parameters = self.spec.parameters if self.spec else {}
        return key_of(now, execution, reader, parameters, last=False)[0]

    def pairs(self) -> list[Pair]:
        """Return the code cells of both notebooks, matched by id, in the order of execution."""
        named = all(cell.get("id") for nb in (self.stored, self.current) for cell in nb["cells"])
        old, new = (_code_cells(notebook, named) for notebook in (self.stored, self.current))
        pairs = [
            Pair(key, section, index, old[key][-1] if key in old else None, cell)
            for key, (section, index, cell) in new.items()
        ]
        above = -1
        for key, (section, index, cell) in old.items():
            if key in new:
                above = next(i for i, pair in enumerate(pairs) if pair.key == key)
            else:
                above += 1
                pairs.insert(above, Pair(key, section, index, cell, None))
        return pairs


def _code_cells(notebook: Mapping[str, Any], named: bool) -> dict[str, tuple[Any, ...]]:
    """Return section, index and cell by id, or by number in the notebooks of old editors.

    An id that stands there again, as after a cell was copied, gets a number.
    """
    cells: dict[str, tuple[Any, ...]] = {}
    for index, (section, cell) in enumerate(
        zip(sections(notebook), notebook["cells"], strict=True)
    ):
        if cell["cell_type"] == "code":
            name = key = str(cell["id"]) if named else f"cell {index + 1}"
            again = count(2)
            while key in cells:
                key = f"{name} ({next(again)})"
            cells[key] = (section, index, cell)
    return cells


def read_case(path: Path) -> Case:
    """Return the case of a notebook.

    A notebook that a template made (its metadata say so) is tested by the current template with
    its config's parameters now, any other by its own code. A problem on the way, such as a
    mistake in the config, is the case's `problem`: it fails this notebook, not all.

    Raises
    ------
    TemplateError
        If the file is not a notebook of format 4.
    """
    stored = read_notebook(path)
    impersonal(stored)
    own = stored["metadata"].get("fourfold", {})
    root = find_root(path.resolve().parent)
    rules, problems = read_rules(own.get("regress", {}))
    problem = "; ".join(f"metadata.fourfold.regress {key}: {message}" for key, message in problems)
    case = Case(path, root, stored, stored, None, rules, (), problem)
    if "template" not in own or "parameters" not in own:
        return case
    try:
        spec = _spec(own, root)
        template = read_notebook(template_path(spec.template_file, root))
        current = _with_room(template)
    except FourfoldError as error:
        return replace(case, problem=str(error))
    if stored["cells"]:
        adopt(stored, current)
        ids = {cell.get("id") for cell in current["cells"]}
        extra = {index for index, _ in reruns(stored)}  # that somebody has added to look around
        stored["cells"] = [
            c for i, c in enumerate(stored["cells"]) if i not in extra or c.get("id") in ids
        ]
    rules = read_rules(spec.regress)[0] if spec.regress else rules
    changes = changed_parameters(own["parameters"], spec.parameters)
    changed = tuple(Difference(*change, "parameter") for change in changes)
    own_parts = {"current": current, "template": template, "spec": spec}
    return replace(case, **own_parts, rules=rules, changed=changed)


def _spec(own: Mapping[str, Any], root: Path) -> RunSpec:
    """Return the run as its config has it now; without the config, as the reference keeps it."""
    file, name = str(own.get("config", "")), str(own["template"])
    if file and (root / file).is_file():
        return plan([str(root / file)], root)[0]
    template = template_file(find_template(name, root / "templates"), root)
    config = Path(file).stem or name
    return RunSpec(config, "default", file, name, template, dict(own["parameters"]))


def _with_room(template: dict[str, Any]) -> Any:
    """Return the template with the cells that a run inserts: parameters and header."""
    index = parameters_index(template)
    cell = {"cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "source": ""}
    cells = list(template["cells"])
    cells.insert(0 if index is None else index + 1, {**cell, "outputs": []})
    return with_room({**template, "cells": cells})


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
            yield name, content_digest(file)
