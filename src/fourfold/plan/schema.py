"""What a config of a template may hold: to check it, and as JSON Schema for editors."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from fourfold.errors import ConclusionError
from fourfold.plan.config import RUN
from fourfold.plan.graph import AFTER, WHEN
from fourfold.plan.kind import Kind, Problem, anything, mapping, pattern, unknown
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.rules import REGRESS, regress_kind, size
from fourfold.plan.search import search_kind
from fourfold.plan.spec import canonical
from fourfold.plan.sweep import Names, conditions_kind, sweep_kind
from fourfold.plan.template import Template, read_template, templates
from fourfold.records.evidence import CONDITION, EXPECTED_CONDITION, FRAME, IN_BUSINESS, Criterion

_ABOUT = {
    "question": "Business question to answer",
    "decision": "Decision that the answer serves",
    "success": "Criteria: metric to condition, judged by the metric's interval",
    "if_yes": "Action if the answer is yes",
    "if_no": "Action if the answer is no",
    "labels": "Words for names of columns, in the conclusion",
    "unit": "Unit of the outcome",
}
_SHORT = 120  # characters, of a part that may stand twice
_EXTENDS = {"type": "string", "description": "Path of a config to build on"}
_NOTEBOOK = "The notebook that is run"
_WHY = "Why the run is made, and what counts as success"
_CONDITION = f"{EXPECTED_CONDITION[0].upper()}{EXPECTED_CONDITION[1:]}"


@lru_cache(maxsize=64)  # a template that is read again is another one
def config_kind(template: Template | None) -> Kind:
    """Return what a config may hold; without a template, what holds for all of them."""
    keys: dict[str, Kind] = {
        "extends": Kind(schema=lambda: _EXTENDS),
        "template": anything(),
        "business": mapping(_WHY, dict.fromkeys(IN_BUSINESS, anything())),
        "parameters": mapping("Parameters of the template", {}, anything),
        "sweep": sweep_kind(Names()),
        "search": search_kind(Names()),
        "after": AFTER,
        "when": WHEN,
        "run": RUN,
        "regress": REGRESS,
    }
    return mapping("", keys | (_of_template(template) if template else {}))


def _names(template: Template) -> Names:
    kinds = {name: parameter.kind for name, parameter in template.parameters.items()}
    if "success" in kinds:
        kinds["success"] = _success(template, kinds["success"])
    # Editors offer question, decision and success below `business` alone.
    own = {name: kind for name, kind in kinds.items() if name not in FRAME}
    strange = unknown(kinds, f"unknown parameter of template {template.name!r}.")

    def other(name: Any) -> Kind:
        return kinds.get(name) or strange(name)

    return Names(own, other, {name: _defined(name) for name in kinds if name in FRAME})


def _of_template(template: Template) -> dict[str, Kind]:
    own, other, unoffered = swept = _names(template)
    kinds = {**own, **{name: other(name) for name in unoffered}}
    rare = {f"^{name}$": kind.json_schema() for name, kind in unoffered.items()}
    extra = {"patternProperties": rare} if rare else {}
    about = "Relative tolerance of a metric and its interval"
    path = {"type": "string", "pattern": rf"(^|/){re.escape(template.name)}\.ipynb$"}
    names = [{"const": template.name}, path]
    return {
        "template": Kind(schema=lambda: {"anyOf": names, "description": _NOTEBOOK}),
        "business": mapping(_WHY, {n: _business(template, n, kinds) for n in IN_BUSINESS}),
        "parameters": mapping("Parameters of the template", own, other, **extra),
        "sweep": sweep_kind(swept),
        "search": search_kind(swept, _metric(template)),
        "regress": regress_kind(_of_metrics(template, about, lambda metric: size())),
    }


def _defined(name: str) -> Kind:
    return Kind(schema=lambda: {"$ref": f"#/definitions/{name}"})


def _business(template: Template, name: str, kinds: Mapping[str, Kind]) -> Kind:
    if name == "success" and name in kinds:
        return kinds[name]
    message = f"template {template.name!r} has no parameter {name!r} to take it"
    if name not in kinds:
        return Kind(lambda given: [Problem((), message)], lambda: {"not": {}})
    kind, about = kinds[name], {"description": _ABOUT[name]}
    return Kind(kind.check, lambda: {**kind.json_schema(), **about})


def _success(template: Template, parameter: Kind) -> Kind:
    kind = _of_metrics(template, _ABOUT["success"], _criterion)
    own = parameter.json_schema()
    takes_others = {"anyOf": [{"type": "object"}, own]} if "anyOf" in own else {}
    return replace(
        kind,
        check=lambda v: [] if isinstance(v, dict) else parameter.check(v),
        schema=lambda: {**kind.schema(), **takes_others},
    )


def _criterion(metric: str) -> Kind:
    def check(condition: Any) -> list[Problem]:
        try:
            Criterion.parse(metric, condition)
        except ConclusionError as error:
            return [Problem((), str(error))]
        return []

    return Kind(check, _defined("condition").schema)


def _no_metric(template: Template) -> Callable[[Any], Kind]:
    message = f"template {template.name!r} records no such metric; expected one of …."
    return unknown(template.metrics, message)


def _metric(template: Template) -> Kind:
    """Return what names a metric of a template."""
    patterns = [pattern(name) for name in template.metrics]

    def check(given: Any) -> list[Problem]:
        known = any(fnmatchcase(str(given), name) for name in template.metrics)
        return [] if known else _no_metric(template)(given).problems(given)

    schema = {
        "anyOf": [
            {"enum": list(template.metrics)},
            *({"type": "string", "pattern": p} for p in patterns),
        ]
    }
    return Kind(check, lambda: {**schema, "description": "Metric that is to be best"})


def _of_metrics(template: Template, about: str, each: Callable[[str], Kind]) -> Kind:
    no_metric = _no_metric(template)

    def other(name: Any) -> Kind:
        return Kind(lambda given: no_metric(name).problems(given) + each(name).problems(given))

    return mapping(about, {name: each(name) for name in template.metrics}, other)


def config_schema(template: Template) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the configs of one template.

    It refuses what `fourfold plan` refuses, apart from what compares two values, as ``5..2`` and
    the lengths of ``zip`` do, and from files that are not there.
    """
    schema = config_kind(template).json_schema()
    for name, block in schema["properties"].items():
        if block.get("type") == "object" or name == "extends":  # nothing in it: none
            block["type"] = [block["type"], "null"]
    block = schema["properties"]["business"]["properties"]
    required = [name for name, p in template.parameters.items() if p.default is REQUIRED]
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Fourfold config of template {template.name}",
        **schema,
        "definitions": {
            **{name: block[name] for name in FRAME if name in template.parameters},
            "conditions": conditions_kind(_names(template)).json_schema(),
            "condition": {
                **{"type": "string", "pattern": CONDITION, "description": _CONDITION},
                "patternErrorMessage": _CONDITION,
            },
        },
        "allOf": [_has(["template"]), *map(_given, required), *map(_once, IN_BUSINESS)],
    }
    return _shared(whole)


def _shared(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the same schema with each part that comes twice written once, in its definitions."""
    often, names, definitions = Counter[str](), dict[str, str](), dict[str, Any]()

    def count(part: Any) -> Any:
        often[text := canonical(part)] += 1
        return part if often[text] > 1 else _parts(part, count)

    def name(part: Any) -> Any:
        text = canonical(part)
        if often[text] < 2 or len(text) < _SHORT:
            return _parts(part, name)
        if text not in names:
            names[text] = f"part-{len(names) + 1}"
            definitions[names[text]] = _parts(part, name)
        return {"$ref": f"#/definitions/{names[text]}"}

    _parts(schema, count)
    made = _parts(schema, name)
    return {**made, "definitions": {**made["definitions"], **definitions}}


def _parts(schema: Any, change: Callable[[Any], Any]) -> Any:
    """Return a schema each of whose parts is changed."""
    made = dict(schema)
    for key, inner in schema.items():
        if key in ("properties", "patternProperties", "definitions"):
            made[key] = {name: change(part) for name, part in inner.items()}
        elif key in ("anyOf", "allOf", "oneOf", "items") and isinstance(inner, list):
            made[key] = [change(part) for part in inner]
        elif key in ("items", "not", "if", "then"):
            made[key] = change(inner)
    return made


def _not_extended() -> dict[str, Any]:
    return {"not": {"required": ["extends"], "properties": {"extends": {"type": "string"}}}}


def _has(required: list[str]) -> dict[str, Any]:
    """Return the schema of a config with a key, unless it extends one that may have it."""
    return {"if": _not_extended(), "then": {"required": required}}


def _given(name: str) -> dict[str, Any]:
    """Return the schema of a config that gives a required parameter, or may inherit it."""

    def below(*path: str) -> dict[str, Any]:
        inner: dict[str, Any] = {"required": [name]}
        for key in reversed(path):
            inner = {"required": [key], "properties": {key: inner}}
        return inner

    of_list = {"type": "array", "items": [{"required": [name]}], "minItems": 1}
    swept = {"required": ["list"], "properties": {"list": of_list}}
    ways = [
        *([below("business")] if name in IN_BUSINESS else []),
        *(below("sweep", *way) for way in (["grid"], ["zip"], ["random", "over"])),
        below("search", "over"),
        {"required": ["sweep"], "properties": {"sweep": swept}},
    ]
    elsewhere = {"anyOf": [{"not": _not_extended()}, *ways]}
    block = {"properties": {"parameters": {"required": [name]}}, "required": ["parameters"]}
    home = {"properties": {"business": {"required": [name]}}, "required": ["business"]}
    usual = home if name in FRAME else block
    return {"if": {"not": {"anyOf": [elsewhere, block]}}, "then": usual}


def _once(name: str) -> dict[str, Any]:
    """Return the schema of a config that does not give a name of ``business`` twice."""
    both = {block: {"type": "object", "required": [name]} for block in ("business", "parameters")}
    return {"not": {"required": [*both], "properties": both}}


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
