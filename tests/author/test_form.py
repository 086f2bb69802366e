"""Forms of configs: typed entries, mistakes in the words of the plan, files as people write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.author.fields import Field, kind_of, shown
from fourfold.author.form import Form, columns
from fourfold.author.forms import Forms
from fourfold.data.yamltext import REMOVED
from fourfold.errors import ConfigError
from fourfold.plan.parameters import read_parameters
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import RunRecord, write_record
from tiny_project import CELLS, PARAMETERS, make_notebook

ROOT = Path(__file__).parents[2]
MORE = """ratio: float | None = 0.5  # share, 0..1; none: any
either: int | str = 3  # number or word
anything: Any = None  # of any kind
deep: dict[str, list[int]] = {}  # lists by name
ways: list[str] = ["a"]  # a | b
flagged: bool | None = None  # whether, if known
target: str = ""  # column to predict
"""
TEXT = """\
template: tiny
business: {question: Why?}
parameters:
  count: 7  # as last year
  columns: [n, m]
"""


@pytest.fixture
def wide(project):
    """The tiny template with parameters of every type."""
    source = PARAMETERS + MORE
    cells = [(kind, name, source if name == "parameters" else text) for kind, name, text in CELLS]
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    return project


@pytest.fixture
def forms(wide):
    """Forms of a project that note what they run."""
    started: list[Path] = []

    def run(path: Path) -> int:
        started.append(path)
        return len(started)

    made = Forms(Project(wide, wide / "outputs"), run, started.remove)
    made.started = started
    return made


def by_name(form: Form):
    return {field.key[1]: field for field in form.fields}


def opened(root: Path, text: str) -> Form:
    return Form(root / "params" / "a.yaml", root, text)


def test_each_parameter_is_a_field_of_its_type(wide):
    """Kind, choices, range in words and help come from the template; the value from the config."""
    fields = by_name(opened(wide, TEXT))
    kinds = {name: field.kind for name, field in fields.items()}
    assert {name: kinds[name] for name in ("question", "success", "data", "count", "mode")} == {
        "question": "long", "success": "pairs", "data": "text", "count": "number", "mode": "choice"}  # fmt: skip
    assert {name: kinds[name] for name in ("fail", "columns", "ways", "either", "deep")} == {
        "fail": "flag", "columns": "list", "ways": "choices", "either": "text", "deep": "value"}  # fmt: skip
    assert fields["count"].hint == "whole number, 1 to 100"
    assert fields["limit"].hint == "whole number, 1 or more"
    assert fields["mode"].options == ("plain", "fancy")
    assert fields["count"].help == "how many, 1..100"
    assert (fields["count"].shown, fields["scale"].shown) == ("7", "1")
    assert fields["columns"].shown == ["n", "m"]
    assert fields["question"].key == ("business", "question")
    assert fields["target"].suggest == "columns"
    assert fields["timeout"].key == ("run", "timeout")


@pytest.mark.parametrize(
    ("name", "entry", "value"),
    [
        ("count", "12", 12), ("count", "12.5", "12.5"), ("count", "", REMOVED), ("count", "1e", "1e"),
        ("scale", "0.25", 0.25), ("scale", "0,25", "0,25"), ("scale", "3", 3), ("scale", "nan", "nan"),
        ("scale", "9" * 5000, "9" * 5000), ("limit", "", None), ("ratio", "", None), ("fail", True, True),
        ("mode", "fancy", "fancy"), ("columns", ["a", "", "b"], ["a", "b"]), ("columns", [], []),
        ("success", [["mean", ">= 2"], ["", ""]], {"mean": ">= 2"}), ("either", "x", "x"), ("either", "4", 4),
        ("anything", "[1, {a: yes}]", [1, {"a": "yes"}]), ("anything", "a: [", "a: ["), ("anything", "1\nb: 2", "1\nb: 2"),
        ("deep", "{a: [1]}", {"a": [1]}), ("flagged", "true", True), ("flagged", "", None), ("ways", ["b"], ["b"]),
        ("data", "", ""), ("data", "12", "12"), ("timeout", "5m", "5m"), ("retries", "2", 2), ("timeout", "", None),
    ],
)  # fmt: skip
def test_an_entry_is_a_value_of_the_type(wide, name, entry, value):
    """What is none stays as it was entered, for the plan to say what is wrong."""
    assert by_name(opened(wide, TEXT))[name].entered(entry) == value


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=9)
VALUES = {
    "count": st.integers(1, 100), "scale": st.floats(0, 10) | st.integers(0, 10), "limit": st.none() | st.integers(1),
    "ratio": st.none() | st.floats(0, 1), "fail": st.booleans(), "flagged": st.none() | st.booleans(),
    "mode": st.sampled_from(["plain", "fancy"]), "ways": st.just(["b", "a"]), "columns": st.lists(TEXTS, max_size=3),
    "success": st.dictionaries(TEXTS, TEXTS, max_size=3), "either": TEXTS | st.integers(), "data": TEXTS,
    "deep": st.dictionaries(TEXTS, st.lists(st.integers()), max_size=3),
    "anything": st.none() | TEXTS | st.floats(allow_nan=False) | st.dictionaries(TEXTS, st.booleans(), max_size=3),
}  # fmt: skip
KNOWN = read_parameters(PARAMETERS + MORE, "cell")


@settings(max_examples=40)
@given(st.data(), st.sampled_from(list(VALUES)))
def test_what_is_shown_is_the_entry_of_the_same_value(data, name):
    """For every value that a parameter may have: opened and saved, nothing changes."""
    parameter, value = KNOWN[name], data.draw(VALUES[name])
    kind = kind_of(parameter)[0]
    field = Field(("parameters", name), kind, "", value, "", parameter=parameter)
    assert field.entered(shown(value, kind)) == value


def test_configs_that_are_saved_as_they_are_stay_byte_by_byte():
    """Configs of this project of all shapes, with every field sent."""
    for path in sorted((ROOT / "params").rglob("*.yaml"))[::6]:
        form = Form(path, ROOT, path.read_text())
        assert form.changed({field.name: field.shown for field in form.fields}) == form.text, path


@pytest.mark.parametrize(
    ("name", "entry", "told"),
    [
        ("parameters.count", "500", "expected int in 1..100, got 500"),
        ("parameters.count", "many", "expected int in 1..100, got 'many' (str)"),
        ("parameters.mode", "fanzy", "expected str, one of plain, fancy, got 'fanzy'. Did you mean 'fancy'?"),
        ("business.success", [["maen", ">= 1"]], "maen: template 'tiny' records no such metric; expected one of mean, count. Did you mean 'mean'?"),
        ("business.success", [["mean", "large"]], "mean: expected a condition such as '>= 0.4', '< 10', '== 3' or '2..5', got 'large'"),
        ("parameters.data", "nums.csv", "numbers.csv"),
        ("parameters.target", "m", "expected a column of numbers.csv (n), got 'm'."),
        ("business.success", [["mean", ">= 1"], ["mean", "> 2"]], "expected each name once, got 'mean' again"),
        ("run.timeout", "soon", "expected a duration such as 90s, 10m or 2h, got 'soon'"),
        ("parameters.deep", "{a: [x]}", "a.0: expected dict[str, list[int]], got 'x' (str)"),
    ],
)  # fmt: skip
def test_mistakes_stand_at_their_field_as_the_plan_says_them(forms, config, name, entry, told):
    """Word for word what `fourfold plan` says of the file that would be saved; nothing is saved."""
    path = config("template: tiny\n")
    body = {"open": {"config": "params/a.yaml"}, "entries": {name: entry}, "run": True}
    status, answer = forms.take("check", body)
    [problem] = answer["problems"]
    assert (status, problem["field"]) == (200, name)
    assert told in problem["message"]
    version = forms.state(body["open"])["version"]
    assert forms.take("save", {**body, "version": version})[0] == 422
    assert (path.read_text(), forms.started) == ("template: tiny\n", [])
    if "again" in told:  # which a mapping of YAML cannot hold
        return
    path.write_text(answer["text"])
    with pytest.raises(ConfigError) as error:
        plan([str(path)], forms.place.root)
    assert problem["message"].rpartition(": ")[2] in str(error.value)
    assert forms.state(body["open"])["problems"] == [problem]  # also as it is opened


def test_a_wrong_config_opens_with_its_mistakes_and_is_mended(forms, config):
    """A number in quotes, a text for a list, a name that the template does not have."""
    path = config(
        "template: tiny\nparameters:\n  count: '7'\n  columns: first\n  cuont: 3  # a slip\n"
    )
    state = forms.state({"config": "params/a.yaml"})
    assert {each["field"] for each in state["problems"]} == {
        f"parameters.{name}" for name in ("count", "columns", "cuont")
    }
    entries = {each["name"]: each["shown"] for each in state["fields"]} | {"parameters.cuont": ""}
    body = {"open": state["open"], "entries": entries, "version": state["version"]}
    assert forms.take("save", body)[0] == 200
    assert path.read_text() == "template: tiny\nparameters:\n  count: 7\n  columns: [first]\n"
    for text in ("a: [", "- a\n", "template: none\n", "template: tiny\nparameters: 3\n"):
        path.write_text(text)
        status, html = forms.page("config", {"config": "params/a.yaml"})
        assert "params/a.yaml" in html, text
        assert status == (200 if "parameters" in text else 404)


def test_a_new_config_is_what_a_person_would_write(forms, wide):
    """Its own question and data; defaults that are not changed stay with the template."""
    state = forms.state({"template": "tiny"})
    fields = {each["name"]: each["shown"] for each in state["fields"]}
    assert (fields["business.question"], fields["parameters.data"]) == ("", "")
    body = {"open": state["open"], "entries": fields, "name": "", "version": ""}
    answer = forms.take("save", body)[1]
    assert [each["field"] for each in answer["problems"]] == [
        "name", "business.question", "parameters.data"]  # fmt: skip
    fields |= {"business.question": "Is it: so?", "parameters.data": "numbers.csv"}
    fields |= {"parameters.count": "9", "parameters.target": "n", "run.timeout": "10m"}
    body |= {"name": "first-of", "entries": fields, "run": True}
    status, answer = forms.take("save", body)
    assert (status, answer["file"]) == (200, "params/tiny/first-of.yaml")
    assert (wide / answer["file"]).read_text() == (
        "# yaml-language-server: $schema=../../.schema/tiny.json\n"
        "template: tiny\n"
        "business:\n"
        '  question: "Is it: so?"\n'
        '  success: {mean: ">= 0"}\n'
        "parameters:\n"
        "  data: numbers.csv\n"
        "  count: 9\n"
        '  target: "n"\n'
        "run: {timeout: 10m}\n"
    )
    assert forms.started == [wide / "params/tiny/first-of.yaml"]
    again = forms.take("save", body)[1]["problems"]
    assert [(each["field"], "of its own" in each["message"]) for each in again] == [("name", True)]


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", ".hidden", "A", "a b", "a\0b", "a" * 400, "a\\b"])  # fmt: skip
def test_a_name_leads_nowhere_else(forms, wide, name):
    """Nothing is written, and no folder is made."""
    before = sorted(wide.rglob("*"))
    fields = {"business.question": "Why?", "parameters.data": "numbers.csv"}
    body = {"open": {"template": "tiny"}, "entries": fields, "name": name, "version": ""}
    status, answer = forms.take("save", body)
    assert (status, answer["problems"][0]["field"]) == (422, "name")
    for query in (
        {"template": name},
        {"config": f"params/{name}.yaml"},
        {"run": f"{name}/default"},
    ):
        assert forms.take("save", {**body, "open": query})[0] == 400
        assert forms.page("config", query)[0] == 404
    assert sorted(wide.rglob("*")) == before


def test_a_file_that_was_changed_is_not_written_over(forms, config):
    """Two browsers, or an editor: the later one is asked. What was saved can be taken back."""
    path = config(TEXT)
    query = {"config": "params/a.yaml"}
    version = forms.state(query)["version"]
    first = {"open": query, "entries": {"parameters.count": "8"}, "version": version}
    status, answer = forms.take("save", first)
    after = TEXT.replace("count: 7", "count: 8")
    assert (status, path.read_text()) == (200, after)
    status, told = forms.take("save", {**first, "entries": {"parameters.count": "9"}})
    assert (status, path.read_text()) == (409, after)
    now = {each["name"]: each["shown"] for each in told["now"]["fields"]}
    assert (now["parameters.count"], told["now"]["version"]) == ("8", answer["version"])
    path.write_text(after + "  fail: true\n")
    assert forms.take("undo", {"open": query})[0] == 400
    assert path.read_text().endswith("fail: true\n")
    path.write_text(after)
    assert forms.take("undo", {"open": query}) == (200, {"gone": False})
    assert path.read_text() == TEXT
    assert forms.take("undo", {"open": query})[0] == 400
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    version = forms.state(query)["version"]
    assert forms.take("save", {**first, "version": version})[0] == 200
    assert path.read_bytes() == after.replace("\n", "\r\n").encode()


def test_values_of_a_sweep_are_shown_and_stay(forms, config):
    path = config("template: tiny\nparameters: {count: 3}\nsweep:\n  grid: {scale: [1, 2]}\n")
    fields = {each["name"]: each for each in forms.state({"config": "params/a.yaml"})["fields"]}
    assert "sweep" in fields["parameters.scale"]["locked"]
    version = forms.state({"config": "params/a.yaml"})["version"]
    entries = {"parameters.scale": "5", "parameters.count": "4"}
    body = {"open": {"config": "params/a.yaml"}, "entries": entries, "version": version}
    assert forms.take("save", body)[0] == 200
    assert (
        path.read_text()
        == "template: tiny\nparameters: {count: 4}\nsweep:\n  grid: {scale: [1, 2]}\n"
    )


def test_a_run_is_repeated_with_the_values_that_it_had(forms, config):
    """Also one of a sweep, and after the config has changed: in a config of its own."""
    first = "# yaml-language-server: $schema=../.schema/tiny.json\n"
    path = config(
        first + "template: tiny\nparameters: {count: 3}\nsweep:\n  grid: {scale: [1, 2]}\n"
    )
    root, outputs = forms.place.root, forms.place.outputs
    for spec in plan([], root):
        (folder := outputs / "a" / spec.run_id).mkdir(parents=True)
        record = RunRecord("a", spec.run_id, "tiny", "ok", spec.parameters, ["scale"], "", 1.0)
        write_record(record, folder / "record.json")
    path.write_text(path.read_text().replace("count: 3", "count: 4"))
    state = forms.state({"run": "a/scale=2"})
    assert (state["file"], state["problems"]) == ("params/a-2.yaml", [])
    entries = {each["name"]: each["shown"] for each in state["fields"]} | {
        "parameters.mode": "fancy"
    }
    body = {"open": state["open"], "name": "other", "entries": entries}
    assert forms.take("save", body)[1]["file"] == "params/other.yaml"
    assert (root / "params/other.yaml").read_text() == (
        f"{first}extends: a.yaml\nsweep: null\nparameters:\n  scale: 2\n  count: 3\n  mode: fancy\n"
    )
    [run] = plan([str(root / "params/other.yaml")], root)
    assert [run.parameters[n] for n in ("scale", "count", "mode")] == [2, 3, "fancy"]
    status, html = forms.page("beside", {"old": "a/scale=1", "new": "a/scale=2"})
    assert (status, html.count("<iframe")) == (200, 2)
    assert forms.page("beside", {"old": "a/scale=1", "new": "../x"})[0] == 404


@pytest.mark.parametrize("entry", [3, None, {}, [["a"]], True])
def test_what_is_no_entry_is_refused(forms, config, entry):
    """A form sends none; nothing is written, and nothing fails with more than a message."""
    path = config(TEXT)
    fields = by_name(opened(forms.place.root, TEXT)).values()
    version = forms.state({"config": "params/a.yaml"})["version"]
    names = [field.name for field in fields]
    for sent in (dict.fromkeys(names, entry), {"parameters.count": entry}):
        body = {"open": {"config": "params/a.yaml"}, "entries": sent, "version": version}
        assert forms.take("check", body)[1]["problems"]
        assert forms.take("save", body)[0] == 422
        assert forms.take("columns", body)[0] == 200
    for body in ({}, {"open": 3}, {"open": {}}, {"open": {"config": 3}}, {"open": {"config": "params/a.yaml"}, "entries": entry if entry != {} else 3}):  # fmt: skip
        assert forms.take("save", body)[0] in (400, 404)
    assert forms.take(str(entry), {"open": {}})[0] == 404
    assert path.read_text() == TEXT


CODE = ["__import__('os').system('touch evil')", "!!python/object/apply:os.system ['touch evil']",
        "`touch evil` $(touch evil)", "{{ evil() }}"]  # fmt: skip


@pytest.mark.parametrize("code", CODE)
def test_an_entry_is_never_code(forms, config, monkeypatch, code):
    """In every field it is text as any other, or a mistake; the file has no tag."""
    monkeypatch.chdir(forms.place.root)
    config(TEXT)
    entry = {"list": [code], "choices": [code], "pairs": [[code, code]]}
    fields = [f for f in by_name(opened(forms.place.root, TEXT)).values() if f.kind != "flag"]
    entries = {field.name: entry.get(field.kind, code) for field in fields}
    body = {"open": {"config": "params/a.yaml"}, "entries": entries}
    text = forms.take("check", body)[1]["text"]
    assert text.count(code.split()[0].replace('"', "")) >= 10
    assert all("!!" not in line or '"' in line for line in text.splitlines())
    forms.take("save", {**body, "version": forms.state(body["open"])["version"]})
    forms.take("columns", body)
    assert not list(forms.place.root.rglob("evil"))


def test_a_link_is_followed_in_the_project_only(forms, config, tmp_path_factory):
    """What it leads to is written, and it stays a link; out of the project nothing is."""
    inside, outside = config(TEXT, "../real.yaml"), tmp_path_factory.mktemp("other") / "a.yaml"
    outside.write_text(TEXT)
    path = forms.place.root / "params" / "a.yaml"
    for target, status in ((outside, 400), (inside, 200)):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        version = forms.state({"config": "params/a.yaml"})["version"]
        body = {"open": {"config": "params/a.yaml"}, "entries": {"parameters.count": "8"}}
        assert forms.take("save", {**body, "version": version})[0] == status
        assert path.is_symlink()
    assert outside.read_text() == TEXT
    assert inside.read_text() == TEXT.replace("count: 7", "count: 8")


def test_columns_are_those_of_file_contract_or_built_in(project):
    (project / "c.yaml").write_text("columns: {a: {}, b: {}}\n")
    assert columns("numbers.csv", "", project) == ["n"]
    assert columns("penguins", "c.yaml", project) == ["a", "b"]
    assert "species" in columns("penguins", "", project)
    for nothing in ("", None, "none.csv", "https://a.example/b.csv", ["a"]):
        assert columns(nothing, None, project) == []
