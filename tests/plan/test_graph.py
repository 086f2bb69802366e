"""What a config may take of other runs, follow and wait for."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from fourfold.data.artifacts import Artifact, artifact_path, artifacts_in, read_artifact
from fourfold.data.sources import load, locate, parse
from fourfold.errors import ConfigError, DataError
from fourfold.plan.plan import plan
from fourfold.plan.schema import config_schema
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import read_template
from tiny_project import CELLS, make_notebook

SAVES = ("code", "modeling-save", "ff.save('kept.csv', frame)\nff.save(f'{mode}.csv', frame)")


@pytest.fixture
def project(project):
    """The tiny project, whose template saves two tables."""
    cells = [*CELLS[:-2], SAVES, *CELLS[-2:]]
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    return project


def refused(project: Path, *paths: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        plan([str(project / "params" / path) for path in paths], project)
    return [str(each) for each in error.value.violations]


def test_a_run_names_what_it_follows(project, config):
    """Runs by what they take, configs by name; the others are given as well, and as JSON."""
    config("template: tiny\nsweep: {grid: {seed: [1, 2]}}\n", "deep/first.yaml")
    config(
        "template: tiny\nparameters: {data: run:deep-first/seed=1/kept.csv}\n"
        "after: deep-first/seed=2\nwhen: {third: supported}\n",
        "second.yaml",
    )
    config("template: tiny\nafter: [deep-first]\n", "third.yaml")
    others = []
    (run,) = plan([str(project / "params" / "second.yaml")], project, above=others.append)
    assert run.after == ("deep-first/seed=2", "third", "deep-first/seed=1")
    assert run.when == {"third": ("supported",)}
    names = ["deep-first/seed=1", "deep-first/seed=2", "third/default"]
    assert sorted(each.name for each in others) == names
    assert RunSpec.from_json(json.loads(json.dumps(run.to_json()))) == run


def test_every_mistake_is_located(project, config):
    """File, line, column and key, what was expected, and the nearest name."""
    config("template: tiny\nsweep: {grid: {seed: [1, 2]}}\n", "first.yaml")
    config("template: tiny\nsearch: {metric: mean, direction: maximize, over: {count: [1, 2]}, "
           "trials: 2}\n", "search.yaml")  # fmt: skip
    config(
        "template: tiny\nparameters:\n  data: run:first/seed=3/kept.csv\n"
        "  query: run:first/seed=1/kept.cs\n  contract: run:first\n"
        "after: [fist, search, search/count=1]\nwhen:\n  first: support\n  count: '>= 2'\n",
        "wrong.yaml",
    )
    assert refused(project, "wrong.yaml") == [
        "params/wrong.yaml:3:3 parameters.data: expected a run of first (seed=1, seed=2), got "
        "'seed=3'. Did you mean 'seed=2'?",
        "params/wrong.yaml:4:3 parameters.query: expected an artifact that first/seed=1 makes "
        "(kept.csv, *.csv), got 'kept.cs'. Did you mean 'kept.csv'?",
        "params/wrong.yaml:5:3 parameters.contract: expected run:CONFIG/RUN/ARTIFACT, such as "
        "run:prices/default/accepted.csv, got 'run:first'",
        "params/wrong.yaml:6:9 after.0: expected a config of the project, or CONFIG/RUN, got "
        "'fist'. Did you mean 'first'?",
        "params/wrong.yaml:6:23 after.2: search is a search, whose runs are not known before; "
        "expected search or search/default, the run of the winner",
        "params/wrong.yaml:8:3 when.first: expected a verdict (supported, refuted, inconclusive, "
        "not judged) or a list of verdicts, got 'support'. Did you mean 'supported'?",
        "params/wrong.yaml:9:3 when.count: expected a config of the project, or CONFIG/RUN, got "
        "'count'. A condition on values of a sweep stands there, next to them.",
        "params/wrong.yaml:9:3 when.count: expected a verdict (supported, refuted, inconclusive, "
        "not judged) or a list of verdicts, got '>= 2'.",
    ]


@pytest.mark.parametrize("named", ["a.yaml", "b.yaml", "c.yaml"])
def test_a_circle_is_found_from_any_of_its_configs(project, config, named):
    """By after, when and artifacts together."""
    config("template: tiny\nafter: b\n", "a.yaml")
    config("template: tiny\nwhen: {c: supported}\n", "b.yaml")
    config("template: tiny\nparameters: {data: run:a/default/kept.csv}\n", "c.yaml")
    (message,) = refused(project, named)
    assert "expected an order, got a circle: " in message
    words = message.partition("circle: ")[2].split(" follows ")
    assert set(pairwise(words)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_run_cannot_follow_itself_but_may_follow_one_of_its_sweep(project, config):
    """A chain of runs within a config is an order."""
    config("template: tiny\nafter: [a]\n", "a.yaml")
    assert "got a circle: a follows a" in refused(project, "a.yaml")[0]
    chain = "[numbers.csv, 'run:chain/data=numbers.csv/kept.csv']"
    config(f"template: tiny\nsweep: {{grid: {{data: {chain}}}}}\n", "chain.yaml")
    first, second = plan([str(project / "params" / "chain.yaml")], project)
    assert (first.after, second.after) == ((), (first.name,))


def test_a_mistake_in_what_is_followed_is_said_too(project, config):
    """Nothing can be promised of a run whose config is wrong."""
    config("template: tiny\nparameters: {count: 0}\n", "first.yaml")
    config("template: tiny\nafter: first\n", "second.yaml")
    assert refused(project, "second.yaml") == [
        "params/first.yaml:2:14 parameters.count: expected int in 1..100, got 0"
    ]


@pytest.mark.parametrize("given", ["3", "[3]", "[]", "''", "{a: b}", "[[a]]"])
def test_after_takes_names(project, config, given):
    """One, or a list."""
    config(f"template: tiny\nafter: {given}\n")
    assert "expected the name of a config, or a list of such names" in refused(project, "a.yaml")[0]


def test_editors_complete_verdicts(project):
    """And know both keys."""
    schema = config_schema(read_template(project / "templates" / "tiny.ipynb"))
    assert {"after", "when"} <= schema["properties"].keys()
    assert "inconclusive" in json.dumps(schema["properties"]["when"])


@pytest.mark.parametrize(
    "text", ["run:", "run:a", "run:a/b", "run:a//c", "run:a/../c", "run:a/b/*.csv", "run:a/b/../c"]
)
def test_no_artifact_is_elsewhere(text):
    """Nor does a wildcard stand for one that may be missing."""
    with pytest.raises(DataError, match="expected run:CONFIG/RUN/ARTIFACT"):
        read_artifact(text)


def test_an_artifact_is_a_source_like_any_other(project, monkeypatch):
    """Found from the project, from below it, and in the outputs of a batch; a folder for models."""
    text = "run:a/k=1/model/model.json"
    assert read_artifact(text) == Artifact("a", "k=1", "model/model.json")
    assert artifacts_in({"x": [{"y": text}, 3, "run"]}) == [text]
    folder = project / "outputs" / "a" / "k=1" / "artifacts"
    with pytest.raises(DataError, match="expected an artifact, found none; run a/k=1 first"):
        load("run:a/k=1/kept.csv", root=project)
    (folder / "model").mkdir(parents=True)
    (folder / "kept.csv").write_text("n\n1\n")
    with pytest.raises(DataError, match=r"a/k=1 has made kept.csv.* Did you mean 'kept.csv'"):
        load("run:a/k=1/kapt.csv", root=project)
    assert load("run:a/k=1/kept.csv", root=project).source == "run:a/k=1/kept.csv"
    (folder / "model" / "model.json").write_text("{}")
    assert locate("run:a/k=1/model", project) == folder / "model"
    name = "outputs/a/k=1/artifacts/model/model.json"
    assert list(parse("run:a/k=1/model", project).fingerprint()) == [name]
    assert "expected a file, got a folder" in parse("run:a/k=1/model", project).problem()
    (folder / "here").mkdir()
    monkeypatch.chdir(folder / "here")
    assert len(load("run:a/k=1/kept.csv").frame) == 1
    monkeypatch.setenv("FOURFOLD_OUTPUTS", str(project / "other"))
    with pytest.raises(DataError, match="run a/k=1 first"):
        load("run:a/k=1/kept.csv")
    assert artifact_path("run:a/k=1/kept.csv", project / "outputs") == folder / "kept.csv"
