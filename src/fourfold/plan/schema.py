"""The JSON Schema of a template's configs, for completion and red underlines in editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fourfold.plan.config import RETRY_ON
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.rules import IGNORABLE
from fourfold.plan.template import Template, read_template, templates
from fourfold.records.evidence import BUSINESS, EXPECTED_CONDITION

_DURATION = {"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*(s|m|h|d)?$"}


def config_schema(template: Template) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the configs of one template."""
    own = {
        name: parameter.json_schema()
        for name, parameter in template.parameters.items()
        if name not in BUSINESS
    }
    required = [name for name, p in template.parameters.items() if p.default is REQUIRED]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Fourfold config of template {template.name}",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "extends": {"type": "string", "description": "Path of a config to build on"},
            "template": {"const": template.name, "description": "The notebook that is run"},
            "business": _business(template),
            "parameters": _object(own, "Parameters of the template", required),
            "sweep": _sweep(own),
            "run": _run(),
            "regress": _regress(template),
        },
        "anyOf": [{"required": ["template"]}, {"required": ["extends"]}],
    }


def _object(
    properties: dict[str, Any], description: str, required: list[str] | None = None
) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": properties,
        # A config that extends another may leave a required parameter to it.
        **({"x-required": required} if required else {}),
    }


def _business(template: Template) -> dict[str, Any]:
    condition = {
        "type": "string",
        "description": f"{EXPECTED_CONDITION[0].upper()}{EXPECTED_CONDITION[1:]}",
    }
    success = {
        "type": "object",
        "description": "Criteria: metric to condition, judged by the metric's interval",
        "properties": {name: condition for name in template.metrics if "*" not in name},
        "additionalProperties": condition if any("*" in m for m in template.metrics) else False,
    }
    properties = {
        "question": {"type": "string", "description": "Business question to answer"},
        "decision": {"type": "string", "description": "Decision that the answer serves"},
        "success": success,
    }
    return _object(properties, "Why the run is made, and what counts as success")


def _sweep(own: dict[str, Any]) -> dict[str, Any]:
    values = {name: {"type": "array", "minItems": 1, "items": s} for name, s in own.items()}
    one = _object(own, "One set of values")
    span = {
        "type": "object",
        "properties": {
            "low": {"type": "number"},
            "high": {"type": "number"},
            "log": {"type": "boolean"},
        },
        "required": ["low", "high"],
    }
    over = {name: {"anyOf": [schema, span]} for name, schema in values.items()}
    draws = {
        "runs": {"type": "integer", "minimum": 1},
        "seed": {"type": "integer"},
        "over": _object(over, "Lists to draw from, or low, high, log"),
    }
    properties = {
        "grid": _object(values, "Every combination of these lists"),
        "zip": _object(values, "These lists side by side"),
        "list": {"type": "array", "items": one, "description": "Sets one by one"},
        "random": _object(draws, "Sets drawn at random"),
        "exclude": {"type": "array", "items": one, "description": "Sets to leave out"},
    }
    return _object(properties, "Values to try: one run each")


def _run() -> dict[str, Any]:
    properties = {
        "timeout": {**_DURATION, "description": "Longest time for the run, such as 10m"},
        "cell_timeout": {**_DURATION, "description": "Longest time for one cell"},
        "retries": {"type": "integer", "minimum": 0, "description": "Tries after the first"},
        "retry_on": {
            "type": "array",
            "items": {"enum": list(RETRY_ON)},
            "description": "Ends after which a run is tried again; by default killed",
        },
        "reference": {"type": "boolean", "description": "Keep an executed reference in notebooks/"},
    }
    return _object(properties, "How the run is executed")


def _regress(template: Template) -> dict[str, Any]:
    size = {"type": "number", "minimum": 0}
    properties = {
        "rtol": {**size, "description": "Relative tolerance of numbers; by default 1e-5"},
        "atol": {**size, "description": "Absolute tolerance of numbers; by default 1e-12"},
        "metrics": {
            "type": "object",
            "description": "Relative tolerance of a metric and its interval",
            "properties": {name: size for name in template.metrics if "*" not in name},
            "additionalProperties": size if any("*" in m for m in template.metrics) else False,
        },
        "ignore": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(pictures|stderr|(column|metric|cell) .+)$"},
            "description": f"What is not compared: {', '.join(IGNORABLE)}",
        },
    }
    return _object(properties, "How the reference is compared")


def schema_text(template: Template) -> str:
    """Return the schema as the text of its file."""
    return json.dumps(config_schema(template), indent=1, ensure_ascii=False) + "\n"


def write_schemas(root: Path) -> list[Path]:
    """Write ``.schema/<template>.json`` for each template of the project.

    Raises
    ------
    TemplateError
        If a template cannot be read.
    """
    folder = root / ".schema"
    folder.mkdir(exist_ok=True)
    written = []
    for path in templates(root / "templates").values():
        target = folder / f"{path.stem}.json"
        target.write_text(schema_text(read_template(path)), encoding="utf-8")
        written.append(target)
    return written
