"""References: executed notebooks without what changes from one execution to the next."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.plan.template import read_template, template_path
from fourfold.project import write_text
from fourfold.records.evidence import MIME
from fourfold.records.ipynb import written
from fourfold.records.record import versions
from fourfold.regress import colab
from fourfold.regress.case import Case
from fourfold.regress.changed import key_of_run
from fourfold.regress.compare.outputs import plain
from fourfold.regress.compare.pictures import same_software
from fourfold.run.prepare import HEADER, fill, model_of

_CELL_NOISE = ("papermill", "execution", "ExecuteTime")
_VERSIONS = ("python", "numpy", "pandas", "scikit-learn", "matplotlib")
_LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
_PNG = "image/png"


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
    write_text(target, written(stable))
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


def accepted(case: Case, executed: Mapping[str, Any], differing: Collection[str]) -> dict[str, Any]:
    """Return the reference anew.

    Parameters
    ----------
    executed : mapping
        The notebook as it was executed, as JSON.
    differing : collection of str
        Keys of the cells whose outputs differ; the others keep the outputs that they have.
    """
    kept = {pair.key: pair.stored for pair in case.pairs() if pair.stored and pair.current}
    if case.spec is None:
        notebook: dict[str, Any] = copy.deepcopy(dict(case.stored))
        fresh = {p.key: executed["cells"][p.index] for p in case.pairs()}
        for key, old in ((p.key, notebook["cells"][p.index]) for p in case.pairs()):
            if key in differing:
                _take_outputs(old, fresh[key])
        return notebook
    notebook = without_noise(copy.deepcopy(dict(executed)))
    for pair in case.pairs():
        old = kept.get(pair.key)
        if pair.current is None or old is None or pair.key in differing:
            continue
        if not _redrawn(old, notebook["cells"][pair.index]):
            _take_outputs(notebook["cells"][pair.index], old)
    fill(notebook, case.spec, model_of(executed))
    open_in_colab(notebook, case.spec, case.root, case.path.resolve())
    notebook["metadata"]["fourfold"] = metadata_of(case.spec, case.root, notebook["cells"])
    if "regress" in case.stored["metadata"].get("fourfold", {}):
        notebook["metadata"]["fourfold"]["regress"] = case.stored["metadata"]["fourfold"]["regress"]
    return notebook


def same_content(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether two references hold the same; fingerprints and versions alone are no content."""
    return _content(before) == _content(after)


def _content(notebook: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    own = notebook["metadata"].get("fourfold", {})
    cells = [cell for cell in notebook["cells"] if cell.get("id") != HEADER]
    return cells, {k: v for k, v in own.items() if k not in ("key", "versions")}


def _take_outputs(cell: dict[str, Any], other: Mapping[str, Any]) -> None:
    cell["outputs"] = copy.deepcopy(other.get("outputs", []))
    cell["execution_count"] = other.get("execution_count")


def _redrawn(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether pictures of a cell come from another version, to be compared closely again."""
    old, new = (
        [plain(o["data"][_PNG]) for o in cell.get("outputs", []) if _PNG in o.get("data", {})]
        for cell in (before, after)
    )
    return not all(same_software(b, a) for b, a in zip(old, new, strict=False))


def shown_difference(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> str:
    """Return the difference of two notebooks as nbdime prints it."""
    from nbdime import diff_notebooks
    from nbdime.prettyprint import PrettyPrintConfig, pretty_print_notebook_diff

    old, new = (_node(notebook) for notebook in (before, after))
    told = io.StringIO()
    config = PrettyPrintConfig(out=told, use_color=False)
    pretty_print_notebook_diff(name, name, old, diff_notebooks(old, new), config)
    return told.getvalue()


def _node(notebook: Mapping[str, Any]) -> Any:
    """Return a notebook for nbdime, without the data behind figures: the picture says it."""
    import nbformat

    shown = copy.deepcopy(dict(notebook))
    for data in (o.get("data", {}) for c in shown["cells"] for o in c.get("outputs", [])):
        if data.get(MIME, {}).get("kind") == "figure":
            del data[MIME]
    return nbformat.reads(json.dumps(shown), as_version=4)  # type: ignore[no-untyped-call]
