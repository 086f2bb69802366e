"""What a config of a template may hold: to check it, and as JSON Schema for editors."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.errors import ConclusionError
from fourfold.plan.config import RUN
from fourfold.plan.kind import Kind, Problem, anything, mapping, unknown
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.rules import REGRESS, regress_kind, size
from fourfold.plan.sweep import sweep_kind
from fourfold.plan.template import Template, read_template, templates
from fourfold.records.evidence import BUSINESS, EXPECTED_CONDITION, Criterion

_ABOUT = {
    "question": "Business question to answer",
    "decision": "Decision that the answer serves",
    "success": "Criteria: metric to condition, judged by the metric's interval",
}
_EXTENDS = {"type": "string", "description": "Path of a config to build on"}
_NOTEBOOK = "The notebook that is run"
_WHY = "Why the run is made, and what counts as success"
_CONDITION = f"{EXPECTED_CONDITION[0].upper()}{EXPECTED_CONDITION[1:]}"


@cache
def config_kind(template: Template | None) -> Kind:
    """Return what a config may hold; without a template, what holds for all of them."""
    keys: dict[str, Kind] = {
        "extends": Kind(schema=lambda: _EXTENDS),
        "template": anything(),
        "business": mapping(_WHY, dict.fromkeys(BUSINESS, anything())),
        "parameters": mapping("Parameters of the template", {}, anything),
        "sweep": sweep_kind({}),
        "run": RUN,
        "regress": REGRESS,
    }
    return mapping("", keys | (_of_template(template) if template else {}))


def _of_template(template: Template) -> dict[str, Kind]:
    kinds = {name: parameter.kind for name, parameter in template.parameters.items()}
    if "success" in kinds:
        kinds["success"] = _success(template, kinds["success"])
    # Editors offer question, decision and success below `business` alone.
    own = {name: kind for name, kind in kinds.items() if name not in BUSINESS}
    strange = unknown(kinds, f"unknown parameter of template {template.name!r}.")

    def other(name: Any) -> Kind:
        return kinds.get(name) or strange(name)

    required = [name for name, p in template.parameters.items() if p.default is REQUIRED]
    # A config that extends another may leave a required parameter to it.
    extra = {"x-required": required} if required else {}
    about = "Relative tolerance of a metric and its interval"
    return {
        "template": Kind(schema=lambda: {"const": template.name, "description": _NOTEBOOK}),
        "business": mapping(_WHY, {name: _business(template, name, kinds) for name in BUSINESS}),
        "parameters": mapping("Parameters of the template", own, other, **extra),
        "sweep": sweep_kind(own, other),
        "regress": regress_kind(_of_metrics(template, about, lambda metric: size())),
    }


def _business(template: Template, name: str, kinds: Mapping[str, Kind]) -> Kind:
    if name == "success" and name in kinds:
        return kinds[name]
    message = f"template {template.name!r} has no parameter {name!r} to take it"
    check = kinds[name].check if name in kinds else lambda given: [Problem((), message)]
    return Kind(check, lambda: {"type": "string", "description": _ABOUT[name]})


def _success(template: Template, parameter: Kind) -> Kind:
    kind = _of_metrics(template, _ABOUT["success"], _criterion)
    return replace(kind, check=lambda v: [] if isinstance(v, dict) else parameter.check(v))


def _criterion(metric: str) -> Kind:
    def check(condition: Any) -> list[Problem]:
        try:
            Criterion.parse(metric, condition)
        except ConclusionError as error:
            return [Problem((), str(error))]
        return []

    return Kind(check, lambda: {"type": "string", "description": _CONDITION})


def _of_metrics(template: Template, about: str, each: Callable[[str], Kind]) -> Kind:
    message = f"template {template.name!r} records no such metric; expected one of …."
    no_metric = unknown(template.metrics, message)

    def other(name: Any) -> Kind:
        return Kind(lambda given: no_metric(name).problems(given) + each(name).problems(given))

    return mapping(about, {name: each(name) for name in template.metrics}, other)


def config_schema(template: Template) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the configs of one template."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Fourfold config of template {template.name}",
        **config_kind(template).json_schema(),
        "anyOf": [{"required": ["template"]}, {"required": ["extends"]}],
    }


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
        schema = config_schema(read_template(path))
        target = folder / f"{path.stem}.json"
        text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written
