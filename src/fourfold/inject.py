"""A template with the parameters of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import from_dict
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fourfold.quarters import with_room
from fourfold.records.ipynb import parameters_index, tags


def injected(template: Path, parameters: Mapping[str, Any]) -> Any:
    """Return the template with the parameters injected as papermill does it."""
    notebook = load_notebook_node(str(template))
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook.cells[index]):
        notebook.cells[index].metadata.tags.append("parameters")  # Colab keeps no tags
    notebook = parameterize_notebook(notebook, dict(parameters))
    cell = next(cell for cell in notebook.cells if "injected-parameters" in tags(cell))
    # A random id would make two executions of the same run differ.
    cell.id = "injected-parameters"
    return notebook


def prepared(template: Path, parameters: Mapping[str, Any]) -> Any:
    """Return the template with the parameters injected, and room for a header."""
    return with_room(injected(template, parameters), from_dict)
