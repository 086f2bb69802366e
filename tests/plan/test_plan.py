"""The plan: every run, checked before any kernel starts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.errors import ConfigError
from fourfold.plan.plan import find_configs, plan
from fourfold.plan.spec import RunSpec, canonical, run_id
from fourfold.project import find_root

SWEEP = "template: tiny\nparameters: {count: 3}\nsweep:\n  grid: {scale: [1, 2.5], mode: [plain, fancy]}\n"


def told(paths, project) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        plan([str(p) for p in paths], project)
    return str(caught.value).split("\n")


def test_a_config_becomes_runs_with_all_parameters(config, project):
    """Defaults, the config's own values and the swept ones, in this order of weight."""
    runs = plan([str(config(SWEEP))], project)
    assert [run.run_id for run in runs] == [
        "scale=1,mode=plain", "scale=1,mode=fancy", "scale=2.5,mode=plain", "scale=2.5,mode=fancy",
    ]  # fmt: skip
    first = runs[0]
    assert (first.parameters["count"], first.parameters["seed"]) == (3, 0)
    assert (first.config, first.template, first.template_file) == (
        "a",
        "tiny",
        "templates/tiny.ipynb",
    )
    assert first.varied == ("scale", "mode")


def test_business_reaches_the_template_as_parameters(config, project):
    """So that the flat params.yaml alone gives the same notebook."""
    path = config("template: tiny\nbusiness: {question: Why?, success: {mean: '> 1'}}\n")
    (run,) = plan([str(path)], project)
    assert run.run_id == "default"
    assert run.parameters["question"] == "Why?"
    assert run.parameters["success"] == {"mean": "> 1"}


def test_a_config_without_a_question_does_not_take_the_example_of_the_template(config, project):
    """The template asks about its own data, which a config may not use."""
    (run,) = plan([str(config("template: tiny\n"))], project)
    assert (run.parameters["question"], run.parameters["success"]) == ("", {})


def test_a_spec_survives_json(config, project):
    """Any step can be rerun from disk."""
    for run in plan([str(config(SWEEP))], project):
        assert RunSpec.from_json(json.loads(json.dumps(run.to_json()))) == run


def test_six_mistakes_give_six_located_messages(config, project):
    """All at once, over two files, each with file, line, column, key and remedy."""
    a = config(
        "template: tiny\nparameters:\n  scael: 2\n  count: 1000\n  columns: [a, 3]\n"
        "business:\n  success: {maen: '>= 2'}\n"
    )
    b = config("template: tinny\nrun:\n  timeout: soon\n", "b.yaml")
    assert told([a, b], project) == [
        "params/a.yaml:3:3 parameters.scael: unknown parameter of template 'tiny'. Did you mean 'scale'?",
        "params/a.yaml:4:3 parameters.count: expected int in 1..100, got 1000",
        "params/a.yaml:5:16 parameters.columns.1: expected list[str], got 3 (int)",
        "params/a.yaml:7:13 business.success.maen: template 'tiny' records no such metric; "
        "expected one of mean, count. Did you mean 'mean'?",
        "params/b.yaml:1:1 template: unknown template 'tinny'; expected one of "
        "classification, clustering, comparison, gambling, maturity, monitoring, platform, "
        "promotion, quality, regression, routes, starter, tiny. Did you mean 'tiny'?",
        "params/b.yaml:3:3 run.timeout: expected a duration such as 90s, 10m or 2h, got 'soon'",
    ]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("parameters: {scale: 1}\n", "1:1 config", "template: missing"),
        ("template: tiny\nparameters: {data: numbers.cvs}\n", "2:14 parameters.data", "numbers.csv"),
        ("template: tiny\nparameters: {contract: contracts/x.yaml}\n", "2:14 parameters.contract", "found no"),
        ("template: tiny\nsweep: {grid: {contract: [numbers.cvs]}}\n", "2:1 sweep.contract", "Did you mean 'numbers.csv'"),
        ("template: tiny\nsweep: {gird: {scale: [1]}}\n", "2:9 sweep.gird", "Did you mean 'grid'"),
        ("template: tiny\nsweep: {grid: {scale: [1, 1]}}\n", "2:1 sweep", "the same as run"),
        ("template: tiny\nsweep: {grid: {scale: [1]}, exclude: [{scale: 1}]}\n", "2:1 sweep", "at least one run"),
        ("template: tiny\nbusiness: 3\n", "2:1 business", "expected a mapping, got 3"),
        ("template: tiny\nsweep: []\n", "2:1 sweep", "expected a mapping, got []"),
        ("template: tiny\nbusiness: {question: 3}\n", "2:12 business.question", "expected str, got 3"),
        ("template: tiny\nbusiness: {question: a}\nparameters: {question: b}\n", "3:14 parameters.question", "already given"),
        ("template: tiny\nparameters: {success: {mean: high}}\n", "2:24 parameters.success.mean", "expected a condition"),
    ],
)  # fmt: skip
def test_each_kind_of_mistake_is_located(config, project, text, key, message):
    """Line, column, key; and what was expected."""
    (line,) = told([config(text)], project)
    assert line.startswith(f"params/a.yaml:{key}")
    assert message in line


def test_a_required_parameter_must_be_given(config, project, notebook):
    """The message holds its help text."""
    cell = notebook["cells"][1]
    cell["source"] += "target: str  # column to predict\n"
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
    (line,) = told([config("template: tiny\n")], project)
    assert "parameters.target: missing; expected str (column to predict)" in line
    (run,) = plan([str(config("template: tiny\nparameters: {target: n}\n"))], project)
    assert run.parameters["target"] == "n"


def test_two_configs_of_one_name_are_told(config, project):
    """They would write into the same folder."""
    paths = [config("template: tiny\n", "a.yaml"), config("template: tiny\n", "a.yml")]
    assert "expected a name of its own, got that of params/a.yaml" in told(paths, project)[0]


def test_files_folders_and_globs_are_found_once(config, project, monkeypatch):
    """Without a path params/ is meant; a leading underscore marks a base."""
    monkeypatch.chdir(project)
    a, b = config("template: tiny\n"), config("template: tiny\n", "deep/b.yaml")
    config("template: tiny\n", "_base.yaml")
    assert find_configs([], project) == [a, b]
    assert find_configs(["params", "params/a.yaml", str(a)], project) == [a, b]
    assert find_configs(["params/**/b.y*ml"], project) == [b]
    assert find_configs([str(project / "params" / "*.yaml")], project) == [a]


def test_a_path_that_names_no_config_is_told(config, project):
    """With the nearest that there is."""
    config("template: tiny\n", "penguins.yaml")
    (line,) = told(["params/penguin.yaml"], project)
    assert "found none. Did you mean 'params/penguins.yaml'?" in line


def test_the_root_is_found_from_below(project):
    """The nearest folder upwards that holds templates/."""
    assert find_root(project / "params") == project.resolve()


def test_run_ids_stay_apart_and_are_safe_folder_names(config, project):
    """Values with odd characters, long ones, and equal texts of other types."""
    assert run_id([]) == "default"
    assert run_id(["question=a/b: *?"]) == "question=a-b"
    assert run_id([".."]) == "-."
    assert len(run_id(["x" * 500])) < 100
    path = config("template: tiny\nsweep: {grid: {question: ['1', '1 ', 'A', 'a', 'b c']}}\n")
    names = [run.run_id for run in plan([str(path)], project)]
    assert len({name.casefold() for name in names}) == 5
    assert names[-1] == "question=b-c"  # no digest where the name is its own


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.integers())))
def test_canonical_json_ignores_the_order_of_keys(content):
    """Equal content, equal text."""
    assert canonical(content) == canonical(dict(reversed(content.items())))


def test_a_template_may_do_without_data(project, config, notebook):
    """Where its own default is empty; where data have a default, an empty name is a mistake."""
    path = project / "templates" / "tiny.ipynb"
    file = config("template: tiny\nparameters: {data: ''}\n")
    with pytest.raises(ConfigError, match="a path, glob or URL; got ''"):
        plan([str(file)], project)
    path.write_text(json.dumps(notebook).replace("numbers.csv", ""))
    assert len(plan([str(file)], project)) == 1


def test_the_path_of_a_file_must_be_there(config, project, notebook):
    """A parameter whose comment says so names a file; the nearest one is told."""
    cell = notebook["cells"][1]
    cell["source"] += 'answers: str = ""  # path of a YAML file\nother: str = ""  # a path\n'
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
    text = "template: tiny\nparameters:\n  other: nowhere\n  answers: "
    (line,) = told([config(f"{text}numbers.cs\n")], project)
    assert line.startswith("params/a.yaml:4:3 parameters.answers: expected a file, found no 'numb")
    assert "Did you mean 'numbers.csv'?" in line
    assert plan([str(config(f"{text}numbers.csv\n"))], project)
    assert plan([str(config(f"{text}''\n"))], project)
