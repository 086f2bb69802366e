"""What a reference has for Colab: a form for its parameters, a badge, and its setup cell."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fourfold.plan.parameters import Parameter
from fourfold.plan.setup import for_colab
from fourfold.records.ipynb import tags, text

#: Most steps of a slider; a range from which on it has values by decades; few whole numbers.
_STEPS, _DECADE, _FEW = 100, 10, 30


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
    """Return the field of a value.

    A slider is for a range of few steps; in a wider one nobody hits a value, so that it has
    values to pick from, and any other can be typed.
    """
    if options := _options(value, parameter):
        if value not in options:
            options = (
                [value, *options]
                if None in options or isinstance(value, list)
                else sorted([*options, value])
            )
        return f'{json.dumps(list(map(repr, options)))} {{type: "raw", allow-input: true}}'
    match value:
        case str() if parameter.choices:
            return json.dumps(list(dict.fromkeys([value, *parameter.choices])))
        case bool():
            return '{type: "boolean"}'
        case int() | float() if step := _step(value, parameter):
            ends = f"min: {parameter.low:g}, max: {parameter.high:g}"
            return f'{{type: "slider", {ends}, step: {step:g}}}'
        case int() if parameter.annotation == "int":
            return '{type: "integer"}'
        case int() | float() if parameter.annotation in ("int", "float"):
            return '{type: "number"}'
        case str() if not set(value) & set("\"'\\\n"):
            return '{type: "string"}'
    return '{type: "raw"}'


def _step(value: float, parameter: Parameter) -> float:
    """Return the step of a slider; 0 if it would not hit the value, or have too many steps."""
    low, high = parameter.low, parameter.high
    if low is None or high is None or parameter.annotation not in ("int", "float"):
        return 0
    steps = (1,) if parameter.annotation == "int" else (0.01, 0.05, 0.1, 0.5, 1, 5, 10)
    for step in steps:
        places = [(each - low) / step for each in (value, high)]
        if places[1] <= _STEPS and all(abs(place - round(place)) < 1e-6 for place in places):
            return step
    return 0


def _options(value: Any, parameter: Parameter) -> list[Any]:
    """Return values to pick from: choices of a list, an optional value, a wide range."""
    whole = "int" in parameter.annotation and "float" not in parameter.annotation
    choices = list(parameter.choices)
    if isinstance(value, list) or parameter.annotation.startswith("list"):
        return [[each] for each in choices]
    optional = [None] if "None" in parameter.annotation else []
    if parameter.choices:
        return [*optional, *choices] if optional else []
    low, high = parameter.low, parameter.high
    if isinstance(value, bool | str) or low is None or high is None:
        return []
    if not optional and (_step(value, parameter) or low <= 0 or high / low < _DECADE):
        return []
    ladder = [digit * 10.0**power for power in range(-6, 10) for digit in (1, 2, 5)]
    if high <= _FEW and whole:
        ladder = [float(each) for each in range(_FEW + 1)]
    inside = [each for each in [low, *ladder, high] if low <= each <= high]
    numbers = [int(each) if whole else float(f"{each:g}") for each in inside]
    return [*optional, *dict.fromkeys(numbers)]
