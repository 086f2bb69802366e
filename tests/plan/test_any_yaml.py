"""Any YAML as a config: it plans, or each mistake is told with its place; nothing else happens."""

from __future__ import annotations

import ast
import json
import math
import os
import re

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from papermill.iorw import NoDatesSafeLoader

from fourfold.errors import ConfigError
from fourfold.plan.plan import plan
from fourfold.run.fingerprint import Fingerprints
from fourfold.run.prepare import as_yaml, injected
from tiny_project import make_notebook

CELL = (
    "# parameters\nfree = None  # anything\nword: str = ''  # a word\nflag: bool = False  # yes\n"
    "nest: dict = {}  # a mapping\nnumber: float = 0.5  # from -9..9\nsuccess = {}  # criteria\n"
    "data: str = ''  # a table\nlog: str = ''  # path of a file\n"
)
PLACE = re.compile(r"^\S+\.yaml:\d+:\d+ ")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose template takes anything."""
    root = tmp_path_factory.mktemp("any")
    (root / "templates").mkdir()
    (root / "params").mkdir()
    cells = [("code", "parameters", CELL), ("code", "one", 'ff.record("one", 1)')]
    (root / "templates/t.ipynb").write_text(json.dumps(make_notebook(cells)))
    return root


def planned(project, text):
    """Return the parameters of the runs of a config."""
    path = project / "params" / "c.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    runs = plan([str(path)], project)
    for run in runs:
        Fingerprints(project).of(run)
    return [run.parameters for run in runs]


def mistakes(project, text):
    """Return what is told of a config that is wrong, each located."""
    with pytest.raises(ConfigError) as caught:
        planned(project, text)
    lines = str(caught.value).split("\n")
    assert all(map(PLACE.match, lines)), lines
    assert all(line.isprintable() for line in lines)
    return lines


def value_of(node):
    """Return the value of a syntax tree, in which `float("nan")` is one."""
    if isinstance(node, ast.Call):
        return float(node.args[0].value)
    if isinstance(node, ast.List):
        return [value_of(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {k.value: value_of(v) for k, v in zip(node.keys, node.values, strict=True)}
    return ast.literal_eval(node)


def assert_arrives(project, parameters):
    """Our injected cell, and that of plain papermill with `params.yaml`, give these values."""
    again = yaml.load(as_yaml(parameters), Loader=NoDatesSafeLoader)
    for given_values in (parameters, again):
        notebook = injected(project / "templates/t.ipynb", given_values)
        cell = next(cell for cell in notebook.cells if cell.get("id") == "injected-parameters")
        tree = ast.parse(cell.source)
        arrived = {node.targets[0].id: value_of(node.value) for node in tree.body}
        assert repr(arrived) == repr(dict(parameters))


RIGHT = [
    ("since: 2024-05-01", "2024-05-01"),
    ("since: 2024-05-01T10:30:00+02:00", "2024-05-01T10:30:00+02:00"),
    ("since: !!timestamp 2024-05-01", "2024-05-01"),
    ("at: 12:30:45", "12:30:45"),
    ("nest: {2024-05-01: x}", {"2024-05-01": "x"}),
    ("large: 123456789012345678901234567890", 123456789012345678901234567890),
    ("large: -9223372036854775809", -(2**63) - 1),
    ("inf: [.inf, -.inf]", [math.inf, -math.inf]),
    ("flag: &on true", True),
    ("same: [&x true, *x, &y null, *y, &z 1.5, *z]", [True, True, None, None, 1.5, 1.5]),
    ('emoji: "\\ud83d\\ude00"', "\U0001f600"),
    ('nul: "a\\0b\\u2028c"', "a\0b\u2028c"),
    ("merged: {<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}),
    ("merged: {<<: [{a: 1}, {a: 2, b: 2}], c: 3}", {"a": 1, "b": 2, "c": 3}),
    ("merged: {<<: {<<: {a: 1}, b: 2}, c: {<<: {d: 4}}}", {"a": 1, "b": 2, "c": {"d": 4}}),
    ('quoted: {"<<": 1, "=": =}', {"<<": 1, "=": "="}),
    ('texts: {"1": a, "true": b, "~": c}', {"1": "a", "true": "b", "~": "c"}),
    ("tagged: [!!str 1, !!int '2', !!float 3]", ["1", 2, 3.0]),
    ("long: " + "x" * 100_000, "x" * 100_000),
    ("glob: 'a/**b'", "a/**b"),
]


@pytest.mark.parametrize(("text", "value"), RIGHT, ids=[text[:30] for text, _ in RIGHT])
def test_a_value_reaches_the_notebook_as_it_was_planned(project, text, value):
    """The plan, our cell and papermill's with params.yaml have the same value and type."""
    given_value = text.partition(": ")[2]
    (parameters,) = planned(project, f"template: t\nparameters:\n  free: {given_value}\n")
    assert repr(parameters["free"]) == repr(value)
    assert_arrives(project, parameters)


WRONG = [
    ("parameters: {free: !!set {a, b}}", "2:14 parameters.free: expected text, a number", "!!set"),
    ("parameters: {free: !!binary aGk=}", "2:14 parameters.free", "'aGk=' (!!binary)"),
    ("parameters: {free: [1, !mine x]}", "2:24 parameters.free.1", "'x' (!mine)"),
    ("parameters: {free: !!omap [a: 1]}", "2:14 parameters.free", "!!omap"),
    ("parameters: {free: !!python/name:os.system x}", "2:14 parameters.free", "!!python/name"),
    ('parameters: {word: "\\ud83d"}', "2:14 parameters.word", "UTF-8 can hold, got '\\ud83d'"),
    ('parameters: {nest: {"\\ud83d": 1}}', "2:21 parameters.nest", "UTF-8 can hold"),
    ("parameters: {free: {1: low, other: high}}", "2:21 parameters.free.1", "a text as key"),
    ("parameters: {nest: {~: x}}", "2:21 parameters.nest.~", "a text as key, got '~' (!!null)"),
    ("parameters: {nest: {true: x}}", "2:21 parameters.nest.true", "a text as key"),
    ("parameters: {nest: {1.5: x}}", "2:21 parameters.nest.1.5", "a text as key"),
    ("parameters: {nest: {[a]: x}}", "2:21 parameters.nest.?", "a text as key, got a list"),
    ("parameters: {1: x}", "2:14 parameters.1", "a text as key"),
    ('business: {success: {2: "> 3"}}', "2:22 business.success.2", "a text as key"),
    ("7: x", "2:1 7", "a text as key"),
    ("sweep: {grid: {3: [1]}}", "2:16 sweep.grid.3", "a text as key"),
    ("regress: {metrics: {3: 1}}", "2:21 regress.metrics.3", "a text as key"),
    ("parameters: {free: {a: 1, a: 2}}", "2:27 parameters.free.a", "duplicate key 'a'"),
    ("parameters: {<<: 3}", "2:14 parameters.<<", "a mapping to take keys from"),
    ("parameters: {free: &a [*a]}", "2:20 parameters.free.0", "does not hold itself"),
    ("parameters: {free: " + "[" * 150 + "]" * 150 + "}", "2:", "at most 100 values"),
    ("parameters: {free: " + "[" * 5000 + "]" * 5000 + "}", "1:1 config", "at most 100 values"),
    ("parameters: {free: " + "9" * 5000 + "}", "2:14 parameters.free", "a value of type int"),
    ("parameters: {free: !!int x}", "2:14 parameters.free", "a value of type int, got 'x'"),
    ("parameters: {free: !!null x}", "2:14 parameters.free", "a value of type null"),
    ("extends: " + "x" * 5000, "2:1 extends", "expected a file, found no"),
    ('extends: "a\\0b"', "2:1 extends", "expected a file, found no 'params/a\\x00b'"),
    ("parameters: {log: " + "x" * 5000 + "}", "2:14 parameters.log", "expected a file"),
    ("parameters: {data: " + "x/" * 3000 + "a*.csv}", "2:14 parameters.data", "matches none"),
    ("parameters: {data: 'a/**b'}", "2:14 parameters.data", "matches none"),
    ("parameters: {data: " + "x" * 5000 + "}", "2:14 parameters.data", "expected a built-in"),
]


@pytest.mark.parametrize(("text", "place", "said"), WRONG, ids=[text[:35] for text, _, _ in WRONG])
def test_what_cannot_reach_a_notebook_is_told_with_its_place(project, text, place, said):
    """One message, with file, line, column and key; never a traceback."""
    (line,) = mistakes(project, f"template: t\n{text}\n")
    assert line.startswith(f"params/c.yaml:{place}")
    assert said in line
    assert len(line) < 2500


@pytest.mark.parametrize("name", ["x" * 5000, "a\\0b", "\\n", "..", "/etc/passwd/x"])
def test_a_template_by_an_impossible_name_is_unknown(project, name):
    """Too long, with a zero byte, of several lines."""
    (line,) = mistakes(project, f'template: "{name}"\n')
    assert line.startswith("params/c.yaml:1:1 template: unknown template")


def test_all_mistakes_in_values_are_told_at_once(project):
    """Four of a file."""
    text = 'template: t\nparameters: {free: {1: a}, nest: !!set {b}, word: "\\ud800", 2: x}\n'
    assert len(mistakes(project, text)) == 4


def test_true_one_and_one_point_zero_are_three_values(project):
    """Three runs of a sweep, of which `exclude` takes out the one that it names."""
    sweep = "template: t\nsweep: {grid: {free: [1, true, 1.0]}, exclude: [{free: true}]}\n"
    assert repr([run["free"] for run in planned(project, sweep)]) == "[1, 1.0]"


def test_a_name_that_no_folder_can_have_is_told(project):
    """Longer than a name of a file may be, or not in UTF-8."""
    deep = project / "params" / ("a" * 120) / ("b" * 120)
    deep.mkdir(parents=True)
    (deep / "c.yaml").write_text("template: t\n")
    odd = os.fsdecode(os.fsencode(project) + b"/params/\xe9t\xe9.yaml")
    with open(odd, "w") as handle:
        handle.write("template: t\n")
    for path in (deep / "c.yaml", odd):
        with pytest.raises(ConfigError, match="expected a name that UTF-8 can hold in 230 bytes"):
            plan([str(path)], project)


def test_a_sweep_over_wide_characters_has_names_that_fit_a_folder(project):
    """Of four bytes each."""
    path = project / "params" / "wide.yaml"
    path.write_text(f"template: t\nsweep: {{grid: {{word: [{'𝒳' * 90}a, {'𝒳' * 90}b]}}}}\n")
    names = {run.run_id for run in plan([str(path)], project)}
    assert len(names) == 2
    assert all(len(name.encode()) <= 255 for name in names)


plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates()
)
keys = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none(), st.dates())
NAMES = ("template", "extends", "business", "parameters", "sweep", "run", "regress", "success")
MORE = (
    "free",
    "word",
    "flag",
    "nest",
    "number",
    "grid",
    "zip",
    "list",
    "random",
    "exclude",
    "data",
)


def nested(scalars, names):
    """Return any nesting of lists and mappings."""
    return st.recursive(
        scalars,
        lambda part: st.one_of(
            st.lists(part, max_size=4), st.dictionaries(names, part, max_size=4)
        ),
        max_leaves=12,
    )


class Dumper(yaml.SafeDumper):
    """Repeats what is the same rather than naming it by an anchor."""

    def ignore_aliases(self, data):
        return True


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.dictionaries(
        st.sampled_from([*NAMES, *MORE]),
        nested(plain, keys | st.sampled_from([*NAMES, *MORE])),
        max_size=5,
    ),
    named=st.booleans(),
)
def test_any_document_plans_or_is_told_with_its_place(project, content, named):
    """Never another exception."""
    content = {**content, "template": "t"} if named else content
    text = yaml.dump(content, Dumper=Dumper, allow_unicode=True)
    said = ""
    try:
        planned(project, text)
    except ConfigError as error:
        said = str(error)
    assert all(map(PLACE.match, said.split("\n") if said else ()))


@example(free={"±\x85x": "a\u2028b", "c\u2029": None})
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(free=nested(plain, st.text(max_size=8)))
def test_whatever_plans_reaches_the_notebook_as_it_is(project, free):
    """Values of any kind and nesting, read back from the injected cell and from params.yaml."""
    text = yaml.dump({"template": "t", "parameters": {"free": free}}, Dumper=Dumper)
    try:
        (parameters,) = planned(project, text)
    except ConfigError:
        return
    assert_arrives(project, parameters)
