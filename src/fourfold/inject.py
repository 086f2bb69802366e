"""A template with the parameters of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import from_dict
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from fourfold.quarters import with_room
from fourfold.template import parameters_index, tags


def prepared(template: Path, parameters: Mapping[str, Any]) -> Any:
    """Return the template with the parameters injected as papermill does it, and a header."""
    notebook = load_notebook_node(str(template))
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook.cells[index]):
        notebook.cells[index].metadata.tags.append("parameters")  # Colab keeps no tags
    notebook = parameterize_notebook(notebook, dict(parameters))
    injected = next(cell for cell in notebook.cells if "injected-parameters" in tags(cell))
    # A random id would make two executions of the same run differ.
    injected.id = "injected-parameters"
    return with_room(notebook, from_dict)
