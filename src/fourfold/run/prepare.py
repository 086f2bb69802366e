"""The notebook of a run: its template with parameters, and a header of four quarters of MLOps.

MLOps is one quarter each of business framing, DataOps, model improvement and DevOps.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from nbformat import from_dict
from nbformat.v4.rwbase import rejoin_lines, strip_transient
from papermill import __version__ as papermill
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fourfold.plan.spec import RunSpec
from fourfold.records.formatting import code, number, plain
from fourfold.records.ipynb import parameters_index, tags
from fourfold.records.record import findings, versions
from fourfold.run.kernelspec import complete, kernel_for

HEADER = "four-quarters"
_MOST = 4  # figures in the header
_HEAD = [
    "**This run at a glance**",
    "",
    "| part | in this run |",
    "|---|---|",
]
_VERSIONS = ("python", "pandas", "scikit-learn")
# What Markdown, or Jupyter's formulas, would read as marks.


def loaded(template: Path | Mapping[str, Any]) -> Any:
    """Return a notebook as papermill's `load_notebook_node` does, from a file or its JSON.

    One of format 4.5 is not written, read and validated for that, which takes longer than
    everything else that is done with a short run.
    """
    if isinstance(template, Path):
        return load_notebook_node(str(template))
    ids = {cell.get("id") for cell in template["cells"]} - {None}
    version = template.get("nbformat"), template.get("nbformat_minor")
    if version != (4, 5) or len(ids) < len(template["cells"]):
        return load_notebook_node(from_dict(template))  # type: ignore[no-untyped-call]
    notebook: Any = from_dict(deepcopy(dict(template)))  # type: ignore[no-untyped-call]
    strip_transient(rejoin_lines(notebook))  # type: ignore[no-untyped-call]
    names = ("default_parameters", "parameters", "environment_variables")
    empty: dict[str, Any] = {name: {} for name in names}
    notebook.metadata.setdefault("papermill", from_dict({**empty, "version": papermill}))  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
        cell.metadata.setdefault("papermill", from_dict({}))  # type: ignore[no-untyped-call]
    return notebook


def injected(
    template: Path | Mapping[str, Any],
    parameters: Mapping[str, Any],
    kernel: tuple[str, str] | None = None,
) -> Any:
    """Return the template with the parameters injected as papermill does it.

    Parameters
    ----------
    template : Path or mapping
        A file or its JSON.
    parameters : mapping
    kernel : tuple of str, optional
        Its name and language; by default as `kernel_for` has it.
    """
    notebook = loaded(template)
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook.cells[index]):
        notebook.cells[index].metadata.tags.append("parameters")  # Colab keeps no tags
    kernel = kernel or kernel_for(notebook.metadata)
    complete(notebook.metadata, kernel)
    given = dict(zip(("kernel_name", "language"), kernel, strict=True))
    notebook = parameterize_notebook(notebook, dict(parameters), **given)
    cell = next(cell for cell in notebook.cells if "injected-parameters" in tags(cell))
    # A random id would make two executions of the same run differ.
    cell.id = "injected-parameters"
    return notebook


def prepared(
    template: Path | Mapping[str, Any],
    parameters: Mapping[str, Any],
    kernel: tuple[str, str] | None = None,
) -> Any:
    """Return the template with the parameters injected, and room for a header.

    Parameters
    ----------
    template, parameters, kernel
        As for `injected`.
    """
    return with_room(injected(template, parameters, kernel))


def with_room(notebook: Any) -> Any:
    """Put an empty header below the title, so that the run counts the cells of its result."""
    titled = bool(notebook["cells"]) and notebook["cells"][0]["cell_type"] == "markdown"
    metadata = {"tags": [HEADER]}
    cell = {"cell_type": "markdown", "id": HEADER, "metadata": metadata, "source": ""}
    notebook["cells"].insert(int(titled), from_dict(cell))  # type: ignore[no-untyped-call]
    return notebook


def as_yaml(parameters: Mapping[str, Any]) -> str:
    """Return parameters as flat YAML, which ``papermill -f`` reads.

    Written as papermill reads it, by YAML 1.1: there a bare ``yes`` is true, and ``1e-05`` a word.

    Examples
    --------
    >>> as_yaml({"positive": "yes", "rate": 1e-05})
    "positive: 'yes'\\nrate: 1.0e-05\\n"
    """
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
    return str(yaml.dump(dict(parameters), Dumper=_Dumper, **options))


class _Dumper(yaml.SafeDumper):
    """Escapes what YAML 1.1 folds as the end of a line, in texts and in keys."""


def _escaped(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    ends = re.search("[\x85\u2028\u2029]", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if ends else None)


_Dumper.add_representer(str, _escaped)


def fill(notebook: Any, spec: RunSpec) -> None:
    """Write the header of an executed notebook, where it has one."""
    model = str(notebook["metadata"].get("fourfold", {}).get("model", ""))
    for cell in notebook["cells"]:
        if cell.get("id") == HEADER:
            cell["source"] = header(spec, findings(notebook), model)


def header(spec: RunSpec, results: Mapping[str, Any], model: str = "") -> str:
    """Return the four quarters of a run as a table in Markdown.

    Parameters
    ----------
    results : mapping
        As `fourfold.records.record.findings` returns them.
    model : str
        The model step in the words of the template: its metadata ``fourfold.model``.
    """
    rows = {
        "Business": _business(spec.parameters),
        "Data": "; ".join(map(_table, results["data"])) or "No table is read.",
        "Model": _model(results, model),
        "Environment": _environment(spec),
    }
    return "\n".join([*_HEAD, *(f"| {name} | {content} |" for name, content in rows.items())])


def _business(parameters: Mapping[str, Any]) -> str:
    question, decision = (plain(parameters.get(name, "")) for name in ("question", "decision"))
    parts = [question, f"*Decision:* {decision}." if decision else ""]
    return " ".join(filter(None, parts)) or "No question is named."


def _table(table: Mapping[str, Any]) -> str:
    shape = f"{number(table['rows'])} rows, {table['columns']} columns"
    checked = "no contract"
    if contract := table.get("contract"):
        checked = f"{number(table['rejected'])} rejected by {plain(contract)}"
    return f"{plain(table['source'])}: {shape}, {checked}, sha256 {table['sha256'][:12]}"


def _model(results: Mapping[str, Any], model: str) -> str:
    metrics = results["metrics"]
    judged = [claim.metric for claim in results["claims"] if claim.metric in metrics]
    names = list(dict.fromkeys([*judged, *metrics]))[: max(len(judged), 1)][:_MOST]
    figures = ", ".join(f"{plain(name)} {plain(metrics[name].text('95 %: '))}" for name in names)
    return ": ".join(filter(None, [plain(model), figures])) or "No figure is recorded."


def _environment(spec: RunSpec) -> str:
    only = f" --only '{spec.run_id}'" if spec.varied else ""
    parts = [code(f"fourfold run {spec.config_file}{only}")] if spec.config_file else []
    parts += [f"{name} {versions()[name]}" for name in _VERSIONS if name in versions()]
    parts += [f"seed {spec.parameters['seed']}"] if "seed" in spec.parameters else []
    return ", ".join(parts)
