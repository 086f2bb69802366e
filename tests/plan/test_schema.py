"""JSON Schemas for editors agree with the planner."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fourfold.errors import ConfigError
from fourfold.plan.config import read_config
from fourfold.plan.plan import check_config, plan
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
        "anyOf": [{"const": "tiny"}, {"type": "string", "pattern": r"(^|/)tiny\.ipynb$"}],
        "description": "The notebook that is run",
    }


#: What no schema can say: it compares two values, or asks for a file.
BETWEEN = re.compile(
    r"found no|is the same as run|already swept|of one length|no run of the sweep|expected at least one run"
    r"|low <= high|from <= to|a value of this range|weights of one length|expected a CSV file in UTF-8|got none that match"
    r"|either a sweep or a search|each value once|already searched|expected fewer runs"
    r"|extend itself|expected a condition.*got '9\.\.2'"
)
FULL = {
    "template": "tiny",
    "business": {"question": "q", "decision": "d", "success": {"mean": ">= 1", "count": "2..9"}},
    "parameters": {"scale": 2, "mode": "fancy", "columns": ["a"], "limit": None, "count": 3, "fail": True, "rate": [0.5]},
    "sweep": {
        "grid": {"seed": {"from": 1, "to": 2}, "count": {"values": [1, 2], "when": {"mode": ["plain", "!= odd"]}}},
        "random": {"runs": 2, "seed": 0, "over": {"scale": {"low": 1, "high": 9, "log": True}}, "method": "latin"},
        "repeat": {"any": 2},
        "list": [{"mode": "plain"}, {"mode": "fancy"}],
        "zip": {"limit": [2, None]},
        "exclude": [{"mode": "plain", "scale": ">= 2"}],
    },
    "run": {"timeout": "10m", "cell_timeout": 5, "retries": 1, "retry_on": ["killed"], "reference": False},
    "regress": {"rtol": 0.1, "atol": 0, "metrics": {"mean": 0.1}, "ignore": ["stderr", "cell a"]},
}  # fmt: skip
SEARCH = {
    "metric": "mean", "direction": "maximize", "trials": 9, "hours": 2, "confirm": 5, "at_once": 2, "seed": 1,
    "over": {"scale": {"low": 1, "high": 9, "log": True}, "mode": ["plain", "fancy"], "count": {"from": 1, "to": 3}},
    "repeat": {"seed": 3},
}  # fmt: skip
VALUES = [
    None, True, False, 0, 1, -1, 7, 200, 2.5, "", "x", "yes", "plain", "odd", ">= 0.4", "about 0.4", "> 1e3", "2..5",
    "9..2", "==3", "10m", "0s", " 1.5 h ", "soon", "killed", "stderr", "column", "tiny", "templates/tiny.ipynb", [],
    [1], [2, 3], [1, 1], ["a"], ["plain", "odd"], ["killed", "failed"], [None], {}, {"mean": ">= 1"}, {"maen": "1"},
    {"low": 1, "high": 2}, {"low": 1}, {"low": 1, "high": 2, "log": "x"}, {"low": 1, "high": 200}, {"scale": 2},
    {"from": 1, "to": 3}, {"from": 0.1, "to": 1, "step": 0.3}, {"from": 1, "to": 8, "log": True}, {"from": 1},
    {"from": 1, "to": 2, "step": 1, "count": 2}, {"values": [1, 2]}, {"values": []}, {"files": "*.csv"}, {"files": 3},
    {"values": [2, 3], "weights": [1, 2]}, {"values": [2], "weights": "x"}, {"values": [2], "when": {"mode": "plain"}},
    {"when": {}}, {"mode": "> 3"}, "numbers.csv", {"file": "numbers.csv", "name": "n"}, "2026-11-27", "latin", "sobol",
    {"from": "2026-01-31", "to": "2026-05-31", "step": "1 month"}, {"count": 2}, {"scale": ["> 3", 2]},
    {"scale": [1, 2]}, [{"scale": 2}], [{}], {"question": "q"}, {"runs": 2}, {"count": [2, 3]}, {"rate a": ">= 1"},
]  # fmt: skip
NAMES = ["scale", "mode", "question", "success", "template", "extends", "business", "parameters", "sweep", "run",
         "mean", "rate a", "rate", "grid", "over", "seed", "low", "from", "step", "count", "when", "values", "weights", "files", "table", "repeat", "method", "log", "x", "retries", "ignore", "metrics", "need"]  # fmt: skip


def places(value, at=()):
    """Every mapping and list in a config, by its path."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if isinstance(value, dict | list):
        yield at
    for name, part in parts:
        yield from places(part, (*at, name))


@st.composite
def configs(draw):
    """Configs with up to three mutations: a key less, a key more, another value."""
    content = copy.deepcopy(FULL)
    if draw(st.booleans()):
        del content["sweep"]
        content["search"] = copy.deepcopy(SEARCH)
    for name in draw(st.sets(st.sampled_from([*FULL, "random", "zip"]), max_size=4)):
        content.pop(name, None)
        content.get("sweep", {}).pop(name, None)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.sampled_from(list(places(content))))
        inside = content
        for name in at:
            inside = inside[name]
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        what = draw(st.sampled_from(["less", "more", "other"])) if keys else "more"
        if what == "less":
            del inside[draw(st.sampled_from(keys))]
        elif what == "more" and isinstance(inside, dict):
            inside[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif what == "more":
            inside.append(copy.deepcopy(draw(st.sampled_from(VALUES))))
        else:
            inside[draw(st.sampled_from(keys))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return content


def wider(notebook, need):
    """The tiny template with more types, a metric whose name is made at run time, a need."""
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "parameters")
    cell["source"] += "rate: list[float] | None = None  # shares, 0..1\nany: Any = 3  # 1..9\n"
    cell["source"] += "need: int  # how much, 1..9\n" * need
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "modeling-record")
    cell["source"] += "\nff.record(f'rate {mode}', 1, exact=True)"
    return notebook


@pytest.mark.parametrize("need", [False, True])
@pytest.mark.parametrize(
    "base", [None, "template: tiny\nparameters: {need: 2}\n", "run: {retries: 2}\n"]
)
def test_what_plan_refuses_is_underlined_and_only_that(project, notebook, base, need):
    """For configs of any kind, alone or on top of another one."""
    path = project / "templates" / "tiny.ipynb"
    path.write_text(json.dumps(wider(notebook, need)))
    found = config_schema(read_template(path))
    jsonschema.Draft7Validator.check_schema(found)
    validator = jsonschema.Draft7Validator(found)
    config = project / "params" / "a.yaml"
    (project / "params" / "_base.yaml").write_text(base or "")

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(configs())
    def compare(content):
        content = ({"extends": "_base.yaml"} if base else {}) | content
        if not base and isinstance(content.get("extends"), str | int | float | list | dict):
            return  # no such file
        text = json.dumps(content)
        config.write_text(text)
        refused = []
        try:
            plan([str(config)], project)
        except ConfigError as error:
            refused = [str(each) for each in error.violations if each.file == "params/a.yaml"]
        if base and "template" not in base:
            assume(not any("template: missing" in each for each in refused))
        if base:
            assume(not any("missing; expected" in each for each in refused))
        here = [each for each in refused if not BETWEEN.search(each)]
        assume(len(here) == len(refused) or here)
        marked = [
            f"{list(error.absolute_path)}: {error.message[:200]}"
            for error in validator.iter_errors(content)
        ]
        assert bool(here) == bool(marked), (text, here, marked)

    compare()


def test_business_takes_the_words_of_its_conclusion():
    """Actions and labels belong to `business`, and a typo of one is located."""
    root = Path(__file__).parents[2]
    template = read_template(root / "templates" / "clustering.ipynb")
    config = read_config(root / "params" / "clustering" / "penguins.yaml", root)
    assert {"if_yes", "if_no", "labels"} <= config.block("business").keys()
    assert check_config(config, template) == []
    config.value["business"] |= {"labels": ["body mass"]}
    (violation,) = check_config(config, template)
    assert "business.labels" in str(violation)


def test_business_takes_the_unit_of_the_outcome():
    """It is a parameter of the template, given once; a template without it says so."""
    root = Path(__file__).parents[2]
    template = read_template(root / "templates" / "regression.ipynb")
    config = read_config(root / "params" / "regression" / "diamonds.yaml", root)
    assert config.block("business")["unit"] == "USD"
    assert check_config(config, template) == []
    config.value["parameters"] |= {"unit": "EUR"}
    (twice,) = check_config(config, template)
    assert "already given by business.unit" in str(twice)
    other = read_config(root / "params" / "clustering" / "penguins.yaml", root)
    other.value["business"] |= {"unit": "g"}
    (none,) = check_config(other, read_template(root / "templates" / "clustering.ipynb"))
    assert "has no parameter 'unit'" in str(none)
