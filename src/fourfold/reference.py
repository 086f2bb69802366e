"""References: executed notebooks without what changes from one execution to the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fourfold import colab
from fourfold.changed import key_of_run
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import read_template, template_path
from fourfold.project import write_text
from fourfold.records.record import versions

_CELL_NOISE = ("papermill", "execution", "ExecuteTime")
_VERSIONS = ("python", "numpy", "pandas", "scikit-learn", "matplotlib")
_LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}


def first_runs(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Return the first run of each config that wants a reference."""
    first: dict[str, RunSpec] = {}
    for spec in specs:
        if spec.options.reference:
            first.setdefault(spec.config, spec)
    return list(first.values())


def write_reference(folder: Path, spec: RunSpec, root: Path) -> Path:
    """Write ``notebooks/<config>.ipynb`` from the executed notebook in `folder`.

    Returns
    -------
    Path
        The reference.
    """
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    target = root / "notebooks" / f"{spec.config}.ipynb"
    target.parent.mkdir(exist_ok=True)
    stable = without_noise(notebook)
    open_in_colab(stable, spec, root, target)
    stable["metadata"]["fourfold"] = metadata_of(spec, root, stable["cells"])
    write_text(target, json.dumps(stable, indent=1, ensure_ascii=False) + "\n")
    return target


def open_in_colab(notebook: dict[str, Any], spec: RunSpec, root: Path, path: Path) -> None:
    """Give a reference at this path what Colab needs."""
    template = read_template(template_path(spec.template_file, root))
    place = path.relative_to(root).as_posix()
    name = colab.repository(root)
    colab.prepare(notebook, template.parameters, name, place, colab.below(root))


def metadata_of(spec: RunSpec, root: Path, cells: Any) -> dict[str, Any]:
    """Return what a reference says of itself: its run, and what its outputs depend on."""
    return {
        "template": spec.template,
        "config": spec.config_file,
        "parameters": dict(spec.parameters),
        "versions": {name: versions()[name] for name in _VERSIONS if name in versions()},
        "key": key_of_run(spec, root, cells),
    }


def without_noise(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook without times, machine metadata and papermill's notes."""
    for cell in notebook["cells"]:
        for noise in _CELL_NOISE:
            cell["metadata"].pop(noise, None)
    kernel = notebook["metadata"].get("kernelspec", {"name": "python3"})
    notebook["metadata"] = {"kernelspec": kernel, "language_info": _LANGUAGE}
    return notebook
