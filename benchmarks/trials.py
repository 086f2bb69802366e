"""Mutants put to the test: projects for them, what they really change, what tools say of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from mutants import PROBE, Facts, read_facts

from fourfold.plan.plan import plan
from fourfold.records.evidence import MIME
from fourfold.run.kernels.client import execute
from fourfold.run.kernels.execution import Execution, Limits
from fourfold.run.kernels.machine import kernel_env
from fourfold.run.prepare import prepared

ROOT = Path(__file__).parents[1]
SANITIZE = ROOT / "tests" / "nbval_sanitize.cfg"
_PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=")
TOOLS = {
    "nbval": (*_PYTEST, "--nbval", "notebooks"),
    "nbval, sanitizing": (*_PYTEST, "--nbval", f"--nbval-sanitize-with={SANITIZE}", "notebooks"),
    "nbmake": (*_PYTEST, "--nbmake", "notebooks"),
    "fourfold": ("-m", "fourfold", "regress", "--root", "."),
}
OURS = "fourfold"
_LONGEST_S = 60.0
Outputs = dict[str, list[Any]]


@dataclass(frozen=True)
class Base:
    """A template, its config, and the reference that ``fourfold reference`` wrote for it."""

    root: Path
    name: str
    config: str
    template: Mapping[str, Any]
    reference: Mapping[str, Any]
    facts: Facts

    @property
    def file(self) -> str:
        """Return the name of the reference."""
        parts = Path(self.config).relative_to("params").with_suffix(".ipynb").parts
        return "-".join(parts)

    @property
    def outputs(self) -> Outputs:
        """Return the outputs that the reference keeps, by cell."""
        return outputs_of(self.reference)


@dataclass(frozen=True)
class Trial:
    """A mutant as tools get it.

    Attributes
    ----------
    template, reference : mapping
        The edited template, and the reference whose outputs were kept.
    edited : mapping
        The reference with the same edit in its own code, for tools that test that.
    fresh : dict
        What the edited template puts out.
    places : tuple of str
        Where its outputs differ from the reference's: text, table, record, picture, error, cell.
    cells : tuple of str
        In which cells.
    """

    base: Base
    operator: str
    harmless: bool
    diff: str
    template: Mapping[str, Any]
    reference: Mapping[str, Any]
    edited: Mapping[str, Any]
    fresh: Outputs
    places: tuple[str, ...]
    cells: tuple[str, ...]
    number: int = 0

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        kind = "harmless" if self.harmless else "breaking"
        return f"{self.base.name}-{kind}-{self.number:02}-{self.operator.replace(' ', '-')}"


@dataclass(frozen=True)
class Verdict:
    """What a tool said: whether it failed, after how many seconds, and its last words.

    `inferred` marks a verdict that follows from another tool's without a run.
    """

    failed: bool
    duration_s: float
    told: str
    inferred: bool = False


def outputs_of(notebook: Mapping[str, Any]) -> Outputs:
    """Return the outputs of the code cells, as JSON without execution counts."""
    found = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            kept = [{k: v for k, v in o.items() if k != "execution_count"} for o in cell["outputs"]]
            found[cell["id"]] = [_joined(output) for output in kept]
    return found


def _joined(output: Mapping[str, Any]) -> dict[str, Any]:
    data = {m: _text(v) if m != MIME else v for m, v in output.get("data", {}).items()}
    fresh = json.loads(json.dumps({**output, **({"data": data} if data else {})}))
    return {**fresh, "text": _text(fresh["text"])} if "text" in fresh else fresh


def _text(value: Any) -> Any:
    lines = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return "".join(value) if lines else value


def places(before: Outputs, after: Outputs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return where outputs differ: kinds, and cells."""
    kinds: dict[str, None] = {}
    cells = [key for key in before if before[key] != after.get(key)]
    for key in cells:
        if key not in after:
            kinds["cell"] = None
            continue
        kinds |= dict.fromkeys(_kinds(before[key], after[key]))
    return tuple(kinds), tuple(cells)


def _kinds(old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    if any(output["output_type"] == "error" for output in new):
        return ["error"]
    if len(old) != len(new):
        return ["text"]
    found = []
    for before, after in zip(old, new, strict=True):
        data = [output.get("data", {}) for output in (before, after)]
        changed = {m for m in {**data[0], **data[1]} if data[0].get(m) != data[1].get(m)}
        drawn = any(d.get(MIME, {}).get("kind") == "figure" for d in data)
        if changed & {"image/png"} or (drawn and MIME in changed):
            found.append("picture")
        elif MIME in changed:
            found.append("record")
        elif "text/html" in changed and "<table" in data[0].get("text/html", ""):
            found.append("table")
        elif before != after:
            found.append("text")
    return found


# -- projects -------------------------------------------------------------------------------------


def write_project(
    folder: Path,
    base: Base,
    template: Mapping[str, Any],
    reference: Mapping[str, Any] | None = None,
) -> Path:
    """Write a project of one template, its config, the contracts, and a reference."""
    for sub in ("templates", "notebooks", "contracts"):
        (folder / sub).mkdir(parents=True)
    (folder / base.config).parent.mkdir(parents=True)
    shutil.copy(base.root / base.config, folder / base.config)
    for contract in (base.root / "contracts").glob("*.yaml"):
        shutil.copy(contract, folder / "contracts")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    _write(folder / "templates" / f"{base.name}.ipynb", template)
    if reference:
        _write(folder / "notebooks" / base.file, reference)
    return folder


def _write(path: Path, notebook: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of tools: one thread, so that two fit side by side."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **more}


def read_base(root: Path, name: str, config: str, folder: Path) -> Base:
    """Write a reference of the template as it is now, and learn what it computes."""
    template = json.loads((root / "templates" / f"{name}.ipynb").read_text())
    base = Base(root, name, config, template, {}, Facts())
    project = write_project(folder / name, base, template)
    call = [sys.executable, "-m", "fourfold", "reference", "--root", str(project)]
    subprocess.run(call, check=True, capture_output=True, env=environment())
    reference = json.loads((project / "notebooks" / base.file).read_text())
    cell = nbformat.v4.new_code_cell(PROBE, id="probe", metadata={"tags": []})
    probed, _ = executed(base, {**template, "cells": [*template["cells"], cell]}, folder)
    printed = outputs_of(probed)["probe"][0]["text"]
    given = [*_given(root / config), "question", "decision", "success"]
    return replace(base, reference=reference, facts=read_facts(printed, given))


def _given(config: Path) -> list[str]:
    from ruamel.yaml import YAML

    return list(YAML(typ="safe").load(config.read_text())["parameters"])


def executed(base: Base, template: Mapping[str, Any], folder: Path) -> tuple[Any, bool]:
    """Return the notebook that a template gives with the config, and whether a cell failed.

    Raises
    ------
    ConfigError
        If the config no longer fits the template.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        project = write_project(Path(place) / "p", base, template)
        spec = plan([str(project / base.config)], project)[0]
        notebook = prepared(project / spec.template_file, spec.parameters)
        execution = execute(
            Execution(notebook, None),
            "python3",
            limits=Limits(_LONGEST_S),
            cwd=project,
            env=environment(**kernel_env(project / "artifacts", 1)),
            ahead=lambda: 1,
        )
    if execution.failure and execution.failure.outcome != "failed":
        raise TimeoutError(execution.failure.message)
    return execution.nb, execution.failure is not None


def with_outputs(notebook: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Return the code of an executed notebook with the stored outputs of another one."""
    stored = {cell["id"]: cell for cell in like["cells"]}
    cells = []
    for cell in json.loads(nbformat.writes(notebook))["cells"]:
        old = stored.get(cell["id"], {})
        fields = ("metadata", "outputs", "execution_count")
        cells.append({**cell, **{name: old[name] for name in fields if name in old}})
    return {**like, "cells": cells}


# -- verdicts -------------------------------------------------------------------------------------


def verdict(tool: str, trial: Trial, folder: Path, library: Path) -> Verdict:
    """Run a tool on a trial in a project of its own.

    Raises
    ------
    SystemExit
        If it neither passes nor fails, which says nothing of the mutant.
    """
    reference = trial.reference if tool == OURS else trial.edited
    place = folder / trial.name / re.sub(r"\W+", "-", tool)
    project = write_project(place, trial.base, trial.template, reference)
    path = os.pathsep.join(filter(None, [str(library), os.environ.get("PYTHONPATH")]))
    more = {"PYTHONPATH": path} if tool == "nbmake" else {}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, *TOOLS[tool]],
        cwd=project,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * _LONGEST_S,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{tool} on {project}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return Verdict(done.returncode == 1, time.monotonic() - started, done.stdout[-6000:])


def sanitized(plain: Verdict, trial: Trial) -> Verdict | None:
    """Return nbval's verdict with the sanitizing file where it follows from that without.

    Equal outputs stay equal, and a file that finds nothing to replace changes nothing.
    """
    patterns = re.findall(r"^regex: (.*)$", SANITIZE.read_text(), re.MULTILINE)
    seen = json.dumps([outputs_of(trial.edited), trial.fresh])
    if plain.failed and any(re.search(pattern, seen) for pattern in patterns):
        return None
    return replace(plain, duration_s=0.0, inferred=True)
