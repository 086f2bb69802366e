"""What a reference has for Colab: a form for its parameters, a badge, and its setup cell."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fourfold.plan.parameters import Parameter
from fourfold.plan.setup import for_colab
from fourfold.records.ipynb import tags, text


def prepare(
    notebook: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    template: str,
    place: str,
    root: Path,
) -> None:
    """Give a reference its form and setup cell; if the repository is known, its badge as well.

    Parameters
    ----------
    notebook, parameters : mapping
        The cells of the notebook are changed; the parameters are those of its template.
    template, place : str
        Name of the template, and path of the reference in the project.
    root : Path
        The project.
    """
    for cell in notebook["cells"]:
        if "injected-parameters" in tags(cell):
            cell["source"] = form(text(cell), parameters)
    for_colab(notebook, template, place, root)


def form(source: str, parameters: Mapping[str, Parameter]) -> str:
    """Return assignments with the comments from which Colab makes a form.

    To Python, and to anybody who reads it in Jupyter, they are comments.
    """
    return "".join(_field(line, parameters) for line in source.splitlines(keepends=True))


def _field(line: str, parameters: Mapping[str, Parameter]) -> str:
    name, equals, value = line.rstrip("\n").partition(" = ")
    parameter = parameters.get(name)
    if not equals or parameter is None:
        return line
    try:
        kind = _kind(ast.literal_eval(value), parameter)
    except (ValueError, SyntaxError):  # one of several lines
        return line
    return f"{name} = {value}  # @param {kind}\n"


def _kind(value: Any, parameter: Parameter) -> str:
    match value:
        case str() if parameter.choices:
            return json.dumps(list(parameter.choices))
        case bool():
            return '{type: "boolean"}'
        case int() if None not in (parameter.low, parameter.high):
            ends = f"min: {parameter.low:.0f}, max: {parameter.high:.0f}"
            return f'{{type: "slider", {ends}, step: 1}}'
        case int() if parameter.annotation == "int":
            return '{type: "integer"}'
        case str() if not set(value) & set("\"'\\\n"):
            return '{type: "string"}'
    return '{type: "raw"}'
