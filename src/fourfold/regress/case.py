"""A case: a reference, and the notebook whose outputs must be those that it keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.rules import Rules, read_rules
from fourfold.plan.spec import RunSpec, canonical
from fourfold.plan.template import find_template, template_path
from fourfold.project import find_root
from fourfold.records.ipynb import parameters_index, read_notebook, sections, text
from fourfold.regress.compare.difference import Difference
from fourfold.run.prepare import with_room

INJECTED = "injected-parameters"
# An id such as modeling-choose says something, 3f2a9c01 does not.
_SPOKEN = re.compile(r"cell \d+|[a-z]+|[a-z]\w*(-[a-z]\w*)+|(?=\w*_)[a-z]\w+")


@dataclass(frozen=True)
class Pair:
    """A code cell as the reference keeps it and as it is executed; one of the two may be missing.

    Attributes
    ----------
    index : int
        Of the cell in the notebook that is executed; in the reference if it is gone.
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
    """What a regression test executes, and against what.

    Attributes
    ----------
    path : Path
        The reference.
    stored, current : dict
        Notebooks as JSON: the reference, and what is executed.
    spec : RunSpec, optional
        The run that the reference is of; None for a notebook that no template made.
    changed : list of Difference
        Parameters that would now be others.
    problem : str
        Why it cannot be executed at all.
    """

    path: Path
    root: Path
    stored: Mapping[str, Any]
    current: Mapping[str, Any]
    spec: RunSpec | None = None
    rules: Rules = field(default_factory=Rules)
    changed: tuple[Difference, ...] = ()
    problem: str = ""

    @property
    def cwd(self) -> Path:
        """Return the folder of the kernel: that of the notebook, or for a run the project."""
        return self.root if self.spec else self.path.parent

    def pairs(self) -> list[Pair]:
        """Return the code cells of both notebooks, matched by id, in the order of execution."""
        named = all(cell.get("id") for nb in (self.stored, self.current) for cell in nb["cells"])
        old, new = (_code_cells(notebook, named) for notebook in (self.stored, self.current))
        pairs = [
            Pair(key, section, index, old.get(key, (0, 0, None))[2], cell)
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


def _code_cells(
    notebook: Mapping[str, Any], named: bool
) -> dict[str, tuple[str, int, Mapping[str, Any]]]:
    """Return section, index and cell by id, or by number in the notebooks of old editors."""
    places = enumerate(zip(sections(notebook), notebook["cells"], strict=True))
    return {
        str(cell["id"]) if named else f"cell {index + 1}": (section, index, cell)
        for index, (section, cell) in places
        if cell["cell_type"] == "code"
    }


def read_case(path: Path, outside: Mapping[str, Any] | None = None) -> Case:
    """Return the case of a notebook.

    A notebook that a template made (its metadata say so) is tested by the current template with
    its config's parameters now, any other by its own code. What went wrong on the way, such as a
    mistake in the config, is the case's `problem`: it fails this notebook, not all.

    Parameters
    ----------
    outside : mapping, optional
        Rules for notebooks that have none of their own.

    Raises
    ------
    TemplateError
        If the file is not a notebook of format 4.
    """
    stored = read_notebook(path)
    own = stored["metadata"].get("fourfold", {})
    root = find_root(path.resolve().parent)
    rules, problems = read_rules(own.get("regress", outside or {}))
    problem = "; ".join(
        f"metadata.fourfold.regress.session {key}: {told}" for key, told in problems
    )
    if "template" not in own or "parameters" not in own:
        return Case(path, root, stored, stored, None, rules, (), problem)
    try:
        spec = _spec(own, root)
        current = _with_room(read_notebook(template_path(spec.template_file, root)))
    except FourfoldError as error:
        return Case(path, root, stored, stored, None, rules, (), str(error))
    if spec.regress:
        rules = read_rules(spec.regress)[0]
    changed = _changed(own["parameters"], spec.parameters)
    return Case(path, root, stored, current, spec, rules, changed, problem)


def _spec(own: Mapping[str, Any], root: Path) -> RunSpec:
    """Return the run as its config has it now; without the config, as the reference keeps it."""
    file = str(own.get("config", ""))
    if file and (root / file).is_file():
        return plan([str(root / file)], root)[0]
    template = find_template(str(own["template"]), root / "templates")
    name = Path(file).stem or str(own["template"])
    return RunSpec(
        *(name, "default", file, str(own["template"])),
        str(template.relative_to(root)),
        dict(own["parameters"]),
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    names = dict.fromkeys([*before, *after])
    pairs = {name: [_shown(side, name) for side in (before, after)] for name in names}
    return tuple(
        Difference(f"parameter {name}", old, new, "parameter")
        for name, (old, new) in pairs.items()
        if old != new
    )


def _shown(parameters: Mapping[str, Any], name: str) -> str:
    return canonical(parameters[name]) if name in parameters else "(not there)"


def _with_room(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template with the cells that a run inserts: parameters and header."""
    index = parameters_index(template)
    cell = {"cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "source": ""}
    cells = list(template["cells"])
    cells.insert(0 if index is None else index + 1, {**cell, "outputs": []})
    room: dict[str, Any] = with_room({**template, "cells": cells})
    return room


def code_of(notebook: Mapping[str, Any]) -> str:
    """Return the code of a notebook, as JSON."""
    return json.dumps([text(c) for c in notebook["cells"] if c["cell_type"] == "code"])
