"""A result that is kept under another name, question or criterion is what a new run would give."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fourfold.cli.results import ids_of
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import read_record
from fourfold.run import kept
from fourfold.run.code import judged_by, tokens
from fourfold.run.selection import Choice, choose
from tiny_project import CELLS, make_notebook, run_all

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").glob("*.ipynb"))
SWEEP = "template: tiny\nsweep: {grid: {scale: [1, 2], mode: [plain]}}\n"
CONCLUDE = """answer = {
    "supported": f"Yes, go on: {mean:.1f}.",
    "refuted": "Stop.",
    "": "Measure again.",
}
ff.conclude(
    answer,
    success={"count": ">= 2"} | success,
    question=question,
    decision=decision,
    limits=["one table"],
    next_step={"supported": "Start.", "": "Wait."},
)"""


def template(**cells: str) -> str:
    """The tiny template with other sources of some cells."""
    sources = {"conclusions-conclude": CONCLUDE}
    sources |= {name.replace("_", "-"): source for name, source in cells.items()}
    return json.dumps(make_notebook([(k, n, sources.get(n, s)) for k, n, s in CELLS]))


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Path:
    """A project with two runs that have been executed."""
    root = tmp_path_factory.mktemp("kept")
    for folder in ("templates", "params"):
        (root / folder).mkdir()
    (root / "numbers.csv").write_text("n\n1\n2\n")
    (root / "templates" / "tiny.ipynb").write_text(template())
    (root / "params" / "a.yaml").write_text(SWEEP)
    records, _ = run_all(plan([], root), root, root / "outputs")
    assert [record.status for record in records] == ["ok"] * 2
    return root


@pytest.fixture
def root(executed, tmp_path) -> Path:
    """The project, to be changed."""
    return Path(shutil.copytree(executed, tmp_path / "project"))


def chosen(root: Path) -> Choice:
    """What a command would do now; what is kept is written."""
    specs = plan([], root)
    place = Project(root, root / "outputs")
    choice = choose(specs, place, runs=ids_of(specs, place))
    kept.keep(choice.kept, place)
    return choice


def whys(choice: Choice) -> dict[str, list[str]]:
    return {item.spec.run_id: list(item.why) for item in choice.todo}


def results(root: Path, outputs: Path) -> dict[str, Any]:
    """All that a reader sees of each run: record, notebook and page, but for times."""
    seen = {}
    for path in sorted(outputs.glob("*/*/record.json")):
        record = json.loads(path.read_text())
        for name in ("started_at", "duration_s", "sections", "cost", "start", "attempts", "key"):
            record.pop(name)
        notebook = json.loads((path.parent / "notebook.ipynb").read_text())
        for cell in notebook["cells"]:
            for noise in ("papermill", "execution", "fourfold"):
                cell["metadata"].pop(noise, None)
        cells = [(c["id"], c["source"], c.get("outputs")) for c in notebook["cells"]]
        parameters = (path.parent / "params.yaml").read_text()
        seen[path.parent.name] = record, json.loads(json.dumps(cells)), parameters
    return seen


def same_as_executed(root: Path) -> None:
    """Execute all runs from scratch elsewhere; each result must be the one that is there."""
    run_all(plan([], root), root, root / "fresh")
    fresh, held = results(root, root / "fresh"), results(root, root / "outputs")
    text = json.dumps(held).replace(str(root / "outputs"), str(root / "fresh"))
    now, before = json.loads(json.dumps(fresh)), json.loads(text)
    assert list(before) == list(now)
    for name, parts in now.items():
        for one, other in zip(before[name], parts, strict=True):
            assert one == other


@pytest.mark.parametrize(
    "config",
    [
        "template: tiny\nsweep: {grid: {mode: [plain], scale: [1, 2]}}\n",
        "template: tiny\nsweep: {grid: {scale: [1, 2], mode: [plain], count: [5]}}\n",
        "template: tiny\nparameters: {count: 5}\n" + SWEEP.removeprefix("template: tiny\n"),
    ],
    ids=["keys in another order", "a key with the value it had", "a default that is stated"],
)
def test_a_result_belongs_to_its_parameters(root, config):
    """Nothing is executed; each run has its result, and no other is left."""
    (root / "params" / "a.yaml").write_text(config)
    assert whys(chosen(root)) == {}
    assert {path.name for path in (root / "outputs" / "a").iterdir() if path.is_dir()} == {
        spec.run_id for spec in plan([], root)
    }
    same_as_executed(root)
    assert not chosen(root).kept


@pytest.mark.parametrize("per_process", [1, 20])
def test_runs_that_exchange_their_names_keep_their_results(root, monkeypatch, per_process):
    """Written by one process or by two; no result stands under the name of another."""
    monkeypatch.setattr(kept, "_PER_PROCESS", per_process)
    sweep = "template: tiny\nsweep: {table: {file: runs.csv, name: who}}\n"
    (root / "params" / "a.yaml").write_text(sweep)
    for names in (("x", "y"), ("y", "x"), ("x", "y")):
        (root / "runs.csv").write_text(f"who,scale,mode\n{names[0]},1,plain\n{names[1]},2,plain\n")
        choice = chosen(root)
        assert (whys(choice), len(choice.kept)) == ({}, 2)
        assert {path.name for path in (root / "outputs" / "a").iterdir() if path.is_dir()} == {
            *"xy"
        }
        same_as_executed(root)


def test_a_renamed_config_keeps_its_results(root):
    """And a second config with the same runs executes its own, for the first has them still."""
    (root / "params" / "a.yaml").rename(root / "params" / "b.yaml")
    choice = chosen(root)
    assert (whys(choice), len(choice.kept)) == ({}, 2)
    assert read_record(next((root / "outputs" / "b").glob("*/record.json"))).config == "b"
    (root / "params" / "c.yaml").write_text(SWEEP)
    assert set(map(tuple, whys(chosen(root)).values())) == {("not run yet",)}


@pytest.mark.parametrize(
    "business",
    [
        "{success: {mean: '>= 5'}}",
        "{success: {mean: '>= 3.5', count: '== 5'}}",
        "{question: Does it pay?, decision: Whether to buy}",
        "{question: How much is it?, success: {mean: 0..3}}",
        "{success: {count: '>= 9'}}",
    ],
)
def test_other_criteria_and_questions_are_judged_without_a_kernel(root, business):
    """Claims, verdict, answer, next step, header and page are those of an execution."""
    (root / "params" / "a.yaml").write_text(f"business: {business}\n{SWEEP}")
    choice = chosen(root)
    assert (whys(choice), len(choice.kept)) == ({}, 2)
    assert {record.status for record in choice.unchanged} == {"unchanged"}
    same_as_executed(root)
    (root / "params" / "a.yaml").write_text(f"business: {business}\n{SWEEP}")
    assert not chosen(root).kept


def test_rows_set_aside_are_judged_again_as_well(root):
    """What is judged unasked is no criterion; one of the user's own takes its place."""
    aside = 'ff.record("rows set aside", 0.2, exact=True)\n' + CONCLUDE
    (root / "templates" / "tiny.ipynb").write_text(template(conclusions_conclude=aside))
    run_all(plan([], root), root, root / "outputs")
    for business in ("{question: How much is it?}", "{success: {rows set aside: '<= 0.3'}}"):
        (root / "params" / "a.yaml").write_text(f"business: {business}\n{SWEEP}")
        choice = chosen(root)
        assert (business, whys(choice), len(choice.kept)) == (business, {}, 2)
        same_as_executed(root)


def test_criteria_that_go_to_the_conclusion_alone_may_go_away(root):
    """Where the template has none itself, those that are left are all there are."""
    alone = CONCLUDE.replace('{"count": ">= 2"} | success', "success")
    (root / "templates" / "tiny.ipynb").write_text(template(conclusions_conclude=alone))
    run_all(plan([], root), root, root / "outputs")
    for success in ("{mean: '>= 0', count: '>= 9'}", "{count: '>= 4'}", "{}"):
        asked = f"business: {{success: {success}}}\n{SWEEP}"
        (root / "params" / "a.yaml").write_text(asked)
        assert whys(chosen(root)) == {}
        same_as_executed(root)


@pytest.mark.parametrize(
    ("cells", "business", "why"),
    [
        (
            {"modeling_mean": "mean = sum(values) / count\nif scale > 5:\n    ff.record('median', 1)"},
            "{success: {median: '>= 5'}}",
            "parameter success",
        ),
        ({"eda_look": "print(success)"}, "{success: {mean: '>= 5'}}", "parameter success"),
        (
            {"conclusions_conclude": CONCLUDE.replace('{"count": ">= 2"} | success',
                                                      'success | {"count": ">= 2"}')},
            "{success: {mean: '>= 5', count: '>= 9'}}",
            "parameter success",
        ),
        ({"eda_look": "print(len(question))"}, "{question: Who?}", "parameter question"),
        ({"eda_look": "%time 1"}, "{question: Who?}", "parameter question"),
        ({"eda_look": "vars()['success']"}, "{question: Who?}", "parameter question"),
        (
            {"conclusions_conclude": CONCLUDE.replace("question=question", "question=question * 2")},
            "{question: Who?}",
            "parameter question",
        ),
    ],
    ids=["not recorded", "used before", "merged first", "counted", "a magic", "by its name", "in other words"],
)  # fmt: skip
def test_what_only_an_execution_can_tell_is_executed(root, cells, business, why):
    """A criterion without its metric, or one that the notebook uses in another way."""
    (root / "templates" / "tiny.ipynb").write_text(template(**cells))
    run_all(plan([], root), root, root / "outputs")
    (root / "params" / "a.yaml").write_text(f"business: {business}\n{SWEEP}")
    found = whys(chosen(root))
    assert len(found) == 2
    assert all(reasons[0].startswith(why) for reasons in found.values())


def test_a_criterion_that_the_template_has_itself_comes_back(root):
    """The condition of the template under one that was asked for is known to it alone."""
    asked = f"business: {{success: {{mean: '>= 0', count: '>= 4'}}}}\n{SWEEP}"
    (root / "params" / "a.yaml").write_text(asked)
    assert whys(chosen(root)) == {}
    same_as_executed(root)
    (root / "params" / "a.yaml").write_text(SWEEP)
    assert len(whys(chosen(root))) == 2


@pytest.mark.parametrize(
    ("cell", "source", "changed"),
    [
        ("eda_look", "# how many\nprint(\n    len(values),\n    'values',\n)  # that many", False),
        ("ingest_values", "values = [scale * n\n  for n in range(count)]", False),
        ("modeling_mean", "mean = sum(values) / count\n'a comment: # no'", True),
        ("eda_look", "print(len(values), 'value')", True),
        ("modeling_record", "ff.record('mean', mean, ci=(mean - 1, mean + 1), unit='kg')", True),
        ("eda_look", "%time  print(len(values), 'values')", True),
    ],
)
def test_comments_and_layout_are_no_change(root, cell, source, changed):
    """Nor is a trailing comma... which is a token, so it is one."""
    (root / "templates" / "tiny.ipynb").write_text(template(**{cell: source}))
    expected = ["template changed"] if changed or ",\n)" in source else []
    assert {tuple(reasons) for reasons in whys(chosen(root)).values()} == (
        {tuple(expected)} if expected else set()
    )


@pytest.mark.parametrize("source", ["f'{x!r:>{n}}' % 1", "f'{a}{b!s}' # c", "x != y", "d['a'] % 2"])
def test_parts_of_f_strings_are_no_magic(source):
    """From Python 3.12 on they are tokens of their own."""
    assert isinstance(tokens(source), list)


def test_defaults_and_help_of_parameters_are_no_change(root):
    """A default that the config sets, and what stands behind it; one that it uses is a change."""
    parameters = {name: source for _, name, source in CELLS}["parameters"]
    named = parameters.replace("scale: float = 1.0  # factor", "scale: float = 7.0  # a factor")
    (root / "templates" / "tiny.ipynb").write_text(template(parameters=named))
    assert whys(chosen(root)) == {}
    used = parameters.replace("count: int = 5", "count: int = 6")
    (root / "templates" / "tiny.ipynb").write_text(template(parameters=used))
    assert set(map(tuple, whys(chosen(root)).values())) == {("parameter count: 5 -> 6",)}


def test_a_notebook_that_reads_itself_is_compared_as_it_is(root):
    """Its comments may be results."""
    code = "import inspect\nprint(len(values), 'values')"
    (root / "templates" / "tiny.ipynb").write_text(template(eda_look=code))
    run_all(plan([], root), root, root / "outputs")
    assert whys(chosen(root)) == {}
    (root / "templates" / "tiny.ipynb").write_text(template(eda_look=code + "  # why"))
    assert set(map(tuple, whys(chosen(root)).values())) == {("template changed",)}


@pytest.mark.parametrize("path", TEMPLATES, ids=[path.stem for path in TEMPLATES])
def test_each_of_our_templates_can_be_judged_again(path):
    """With their setup cells; seven of them have criteria of their own."""
    own = {"classification", "clustering", "platform", "regression", "starter"}
    own |= {"monitoring", "promotion"}
    expected = "merged" if path.stem in own else "asked"
    assert judged_by(json.loads(path.read_text())) == expected


def test_a_threshold_of_a_real_template_costs_nothing(tmp_path):
    """The README's own clustering, with another threshold and question, as executed anew."""
    for name in ("templates", "contracts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "params").mkdir()
    text = (ROOT / "params" / "clustering" / "penguins.yaml").read_text()
    config = tmp_path / "params" / "penguins.yaml"
    config.write_text(text)
    run_all(plan([], tmp_path), tmp_path, tmp_path / "outputs")
    config.write_text(text.replace(">= 0.40", ">= 0.45").replace("question: ", "question: Now, "))
    choice = chosen(tmp_path)
    assert (whys(choice), len(choice.kept)) == ({}, 1)
    assert choice.unchanged[0].verdict == "inconclusive"
    same_as_executed(tmp_path)
