"""References: executed notebooks without what changes from one execution to the next."""

import copy
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.plan.template import read_template, template_path
from fourfold.project import Project, write_text
from fourfold.records.evidence import MIME
from fourfold.records.ipynb import in_lines, written
from fourfold.records.record import find_record, versions
from fourfold.regress import colab
from fourfold.regress.case import Case, read_case
from fourfold.regress.compare.outputs import Outputs, plain
from fourfold.regress.compare.pictures import same_software
from fourfold.regress.evidence import VARIES, Evidence, note
from fourfold.regress.job import Job
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.kernels.execution import Limits
from fourfold.run.kernels.machine import kernel_env
from fourfold.run.prepare import HEADER, fill

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


def write_reference(spec: RunSpec, project: Project) -> Path:
    """Write ``notebooks/<config>.ipynb`` from the executed notebook in the outputs; return it."""
    record = find_record(project.folder(spec.config, spec.run_id))
    key = Fingerprint.from_json(record.key if record else {})
    folder = project.folder(spec.config, spec.run_id)
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    target = project.root / "notebooks" / f"{spec.config}.ipynb"
    target.parent.mkdir(exist_ok=True)
    write_text(target, written(_finished(notebook, spec, target, project.root, key)))
    execute_again(target)
    return target


def execute_again(path: Path, only: Collection[str] | None = None) -> None:
    """Execute a new reference once more, and keep with it what varies by itself.

    Where only some cells are new, `only` has their keys.
    """
    case = read_case(path)
    if case.problem or case.spec is None:
        return
    options = case.spec.options
    limits = Limits(options.timeout_s, options.cell_timeout_s)
    with TemporaryDirectory(prefix="fourfold-") as scratch:
        env = kernel_env(Path(scratch))
        job = Job(case, limits, None, env, {})  # which need not begin: the reference was executed
        evidence = Evidence(case, job, Path(scratch) / "none.json")
        evidence.run()
    notebook = copy.deepcopy(dict(case.stored))
    ids = {id(cell): index for index, cell in enumerate(case.stored["cells"])}
    for pair in case.pairs():
        if pair.stored and (only is None or pair.key in only):
            note(notebook["cells"][ids[id(pair.stored)]], evidence.runs[0].get(pair.key))
    if notebook != case.stored:
        write_text(path, written(notebook))


def _finished(
    executed: dict[str, Any], spec: RunSpec, path: Path, root: Path, key: Fingerprint
) -> dict[str, Any]:
    """Return the notebook without noise, with Colab's cells and what its outputs depend on."""
    for cell in executed["cells"]:
        for noise in _CELL_NOISE:
            cell["metadata"].pop(noise, None)
    parameters = read_template(template_path(spec.template_file, root)).parameters
    place = path.relative_to(root).as_posix()
    colab.prepare(executed, parameters, spec.template, place, root)
    executed["cells"] = [in_lines(cell) for cell in executed["cells"]]
    now = key.of_reference(root, executed["cells"])
    # It holds on any machine: packages and files outside of the project are not the same there.
    inputs = {name: part for name, part in now.inputs.items() if not Path(name).is_absolute()}
    if inputs != now.inputs:
        inputs["outside of the project"] = None
    now = replace(now, environment=None, packages=None, inputs=inputs)
    kernel = executed["metadata"].get("kernelspec", {"name": "python3"})
    own = {
        "template": spec.template,
        "config": spec.config_file,
        "parameters": dict(spec.parameters),
        "versions": {name: versions()[name] for name in _VERSIONS if name in versions()},
        "key": now.to_json(),
    }
    metadata = {"kernelspec": kernel, "language_info": _LANGUAGE, "fourfold": own}
    return {**executed, "metadata": metadata}


def accepted(
    case: Case,
    executed: Mapping[str, Any],
    differing: Collection[str],
    again: Mapping[str, Outputs],
    key: Fingerprint,
) -> dict[str, Any]:
    """Return the new reference.

    Parameters
    ----------
    executed : mapping
        The notebook as it was executed, as JSON.
    differing : collection of str
        Keys of the cells whose outputs differ; the others keep the outputs that they have.
    again : mapping
        Outputs of a further execution of the same code by key, if there was one.
    key : Fingerprint
        Of this execution.
    """
    notebook: dict[str, Any] = copy.deepcopy(dict(executed if case.spec else case.stored))
    for pair in case.pairs():
        if case.spec is None:
            if pair.key in differing:
                cell = notebook["cells"][pair.index]
                _take_outputs(cell, executed["cells"][pair.index])
                note(cell, again.get(pair.key))
        elif pair.current and pair.stored and pair.key not in differing:
            cell = notebook["cells"][pair.index]
            if not _redrawn(pair.stored, cell):
                _take_outputs(cell, pair.stored)
                note(cell, pair.stored["metadata"].get("fourfold", {}).get(VARIES))
    if case.spec is None:
        return notebook
    fill(notebook, case.spec)
    notebook = _finished(notebook, case.spec, case.path.resolve(), case.root, key)
    own = case.stored["metadata"].get("fourfold", {})
    notebook["metadata"]["fourfold"] |= {k: v for k, v in own.items() if k == "regress"}
    return notebook


def same_content(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether two references have the same content: cells but the header, run and rules."""
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
    """Return the difference of two notebooks as nbdime prints it.

    Parameters
    ----------
    name : str
        Of both, as the heading shows it.
    """
    from nbdime import diff_notebooks
    from nbdime.prettyprint import PrettyPrintConfig, pretty_print_notebook_diff

    old, new = (_node(notebook) for notebook in (before, after))
    printed = io.StringIO()
    config = PrettyPrintConfig(out=printed, use_color=False)
    pretty_print_notebook_diff(name, name, old, diff_notebooks(old, new), config)
    return printed.getvalue()


def _node(notebook: Mapping[str, Any]) -> Any:
    """Return a notebook for nbdime, without the data behind figures: the picture shows them."""
    import nbformat

    copied = copy.deepcopy(dict(notebook))
    for data in (o.get("data", {}) for c in copied["cells"] for o in c.get("outputs", [])):
        if data.get(MIME, {}).get("kind") == "figure":
            del data[MIME]
    return nbformat.reads(json.dumps(copied), as_version=4)  # type: ignore[no-untyped-call]
