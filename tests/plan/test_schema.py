"""JSON Schemas for editors agree with the planner."""

from __future__ import annotations

import json

import jsonschema
import pytest

from fourfold.plan.schema import config_schema, write_schemas
from fourfold.plan.template import read_template


@pytest.fixture
def schema(project):
    """The schema of the tiny template."""
    found = config_schema(read_template(project / "templates" / "tiny.ipynb"))
    jsonschema.Draft7Validator.check_schema(found)
    return found


GOOD = {
    "template": "tiny",
    "business": {"question": "q", "success": {"mean": ">= 1"}},
    "parameters": {"scale": 2, "mode": "fancy", "columns": ["a"], "limit": None},
    "sweep": {"grid": {"count": [1, 2]}, "exclude": [{"count": 1}]},
    "run": {"timeout": "10m", "retries": 1},
}


def test_a_good_config_passes(schema):
    """What the planner accepts, the editor accepts."""
    jsonschema.validate(GOOD, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"template": "other"}, {"paramters": {}}, {"parameters": {"scale": 11}},
        {"parameters": {"mode": "odd"}}, {"parameters": {"cuont": 1}},
        {"business": {"success": {"maen": "> 1"}}}, {"sweep": {"grid": {"count": [0]}}},
        {"run": {"timeout": "soon"}}, {"parameters": {"columns": "a"}},
    ],
)  # fmt: skip
def test_a_wrong_config_is_underlined(schema, change):
    """Each mistake that the planner tells, the schema sees too."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**GOOD, **change}, schema)


def test_a_schema_is_written_for_each_template(project):
    """Into .schema/, by the name of the template."""
    written = write_schemas(project)[-1]
    assert written == project / ".schema" / "tiny.json"
    assert (project / ".schema" / "clustering.json").is_file()
    assert json.loads(written.read_text())["properties"]["template"] == {
        "const": "tiny",
        "description": "The notebook that is run",
    }
