"""From a table to a config that runs: any source, any dirt, one clear line where it cannot be."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fourfold.cli import main
from fourfold.plan.plan import plan


@pytest.fixture
def command(monkeypatch, capsys):
    """Call any command in a folder; exit code and what was said."""

    def call(folder, *args: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["fourfold", *args])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return ended.value.code or 0, "".join(capsys.readouterr())

    return call


@pytest.fixture
def new(command, project):
    """Call ``fourfold new NAME …`` in the tiny project; exit code and what was said."""
    return lambda *args: command(project, "new", *args)


@pytest.fixture
def sales() -> pd.DataFrame:
    """Two hundred orders with umlauts, decimals, dates, gaps and a number that only counts."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "Auftrag": range(1, 201),
        "Datum": pd.date_range("2024-01-01", periods=200).strftime("%d.%m.%Y"),
        "Menge": rng.integers(1, 9, 200),
        "Größe": rng.normal(170, 9, 200).round(1),
        "Gebiet": rng.choice(["Süd", "Nord", "yes"], 200),
        "Bezahlt": rng.choice(["ja", "nein"], 200, p=[0.7, 0.3]),
    })  # fmt: skip
    return frame.assign(Umsatz=(frame["Menge"] * 12.5 + rng.normal(0, 9, 200)).round(2))


def german(frame: pd.DataFrame, path, encoding: str = "cp1252") -> None:
    frame.to_csv(path, sep=";", decimal=",", index=False, encoding=encoding)


@pytest.mark.parametrize(
    ("options", "template"),
    [
        ((), "clustering"),
        (("--target", "Umsatz"), "regression"),
        (("--target", "Bezahlt"), "classification"),
        (("--target", "Umsatz", "--template", "starter"), "starter"),
        (("--template", "quality"), "quality"),
    ],
)
def test_the_template_that_suits(new, project, sales, options, template):
    """The plan of what was written is free of mistakes; comments say what was left out."""
    german(sales, project / "umsatz.csv")
    code, said = new("umsatz", "--data", "umsatz.csv", *options)
    assert (code, f"next:  fourfold run params/{template}/umsatz.yaml" in said) == (0, True)
    (run,) = plan([str(project / "params" / template / "umsatz.yaml")], project)
    assert run.parameters["data"] == "umsatz.csv"
    text = (project / "params" / template / "umsatz.yaml").read_text(encoding="utf-8")
    assert "Not used, since it counts the rows: Auftrag." in text
    contract = (project / "contracts" / "umsatz.yaml").read_text(encoding="utf-8")
    assert 'isin: [Nord, "S\u00fcd", "yes"]' in contract
    assert "datetime64" in contract


def repeated(kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """Three hundred rows in which something comes again, or that come one after the other."""
    thing = rng.integers(0, 30, 300)
    frame = pd.DataFrame({"dose": rng.normal(size=300).round(3), "well": rng.normal(size=300)})
    if kind in ("patient", "MachineID", "country"):
        frame[kind] = [f"{kind[:2]}{n}" for n in thing] if kind != "MachineID" else thing
    if kind == "site":
        frame["site"] = [f"s{n}" for n in thing]
        frame["height"] = rng.normal(size=30)[thing]
    if kind in ("sold", "country"):
        frame["sold"] = pd.date_range("2022-01-01", periods=300, freq="7h").date
    if kind == "year":
        frame["year"] = 1990 + thing
    if kind == "shop":
        frame["shop"] = [f"s{n}" for n in thing]
    frame["cost"] = (frame["dose"] + rng.normal(size=300)).round(3)
    return frame


@pytest.mark.parametrize(
    ("kind", "groups", "time"),
    [
        ("patient", "patient", ""),
        ("MachineID", "MachineID", ""),
        ("site", "site", ""),
        ("country", "country", ""),
        ("sold", "", "sold"),
        ("year", "", "year"),
        ("shop", "", ""),
        ("", "", ""),
    ],
)
@pytest.mark.parametrize("template", ["regression", "starter"])
def test_things_that_come_again_and_time_divide_the_rows(
    new, project, kind, groups, time, template
):
    """By a name, or since their rows are alike; the config says which, and what else could."""
    repeated(kind, np.random.default_rng(0)).to_csv(project / "t.csv", index=False)
    code, said = new("t", "--data", "t.csv", "--target", "cost", "--template", template)
    assert code == 0, said
    (run,) = plan([str(project / "params" / template / "t.yaml")], project)
    assert (run.parameters["groups"], run.parameters["time"]) == (groups, time)
    text = (project / "params" / template / "t.yaml").read_text(encoding="utf-8")
    if groups:
        assert f"groups: {groups}  # 30 in 300 rows: tested on others than" in text
    assert ("to test on later ones, such as sold; then without groups" in text) == (
        kind == "country"
    )
    assert ("to test on new ones, such as shop" in text) == (kind == "shop")


def test_a_class_in_one_group_alone_keeps_the_rows_undivided(new, project):
    """Then no split by it could be judged, and the comment still names it."""
    frame = repeated("patient", np.random.default_rng(0))
    frame["cost"] = np.where(frame["patient"] == "pa3", "high", "low")
    frame.to_csv(project / "t.csv", index=False)
    code, said = new("t", "--data", "t.csv", "--target", "cost")
    assert code == 0, said
    text = (project / "params" / "classification" / "t.yaml").read_text(encoding="utf-8")
    assert (
        'groups: ""  # column of things with several rows each, to test on new ones, such as patient'
        in text
    )


def test_what_was_written_runs_at_once(new, project, sales):
    """And its record says something."""
    from fourfold.project import Project
    from fourfold.run.batch import run_batch
    from fourfold.run.selection import choose

    german(sales, project / "umsatz.csv")
    new("umsatz", "--data", "umsatz.csv", "--target", "Umsatz", "--template", "starter")
    place = Project(project, project / "outputs")
    specs = plan([], project)
    (record,), _ = run_batch(choose(specs, place).todo, place, 1)
    assert (record.status, record.verdict) == ("ok", "supported")


def to_sqlite(frame, path):
    """Write a table ``t`` and close the database."""
    with closing(sqlite3.connect(path)) as database, database:
        frame.to_sql("t", database, index=False)


@pytest.mark.parametrize(
    "write",
    [
        lambda f, d: (f.to_csv(d / "t.csv", index=False), "t.csv")[1],
        lambda f, d: (f.to_csv(d / "t.tsv", sep="\t", index=False, encoding="utf-16"), "t.tsv")[1],
        lambda f, d: (f.to_csv(d / "t.csv.gz", index=False), "t.csv.gz")[1],
        lambda f, d: (f.to_parquet(d / "t.parquet"), "t.parquet")[1],
        lambda f, d: (f.to_json(d / "t.jsonl", orient="records", lines=True), "t.jsonl")[1],
        lambda f, d: (to_sqlite(f, d / "t.db"), "t.db")[1],
        lambda f, d: (to_sqlite(f, d / "u.db"), "sqlite:///u.db")[1],
        lambda f, d: (f.to_csv(d / "a1.csv", index=False), f.to_csv(d / "a2.csv", index=False), "a*.csv")[2],
    ],
)  # fmt: skip
def test_any_source(new, project, sales, write):
    """The same table, however it comes."""
    source = write(sales, project)
    code, said = new("t", "--data", source, "--target", "Bezahlt")
    assert code == 0, said
    (run,) = plan([str(project / "params" / "classification" / "t.yaml")], project)
    assert (run.parameters["data"], run.parameters["positive"]) == (source, "nein")


def test_a_file_elsewhere_and_a_folder_below(new, project, sales, tmp_path_factory, monkeypatch):
    """Paths are taken from where one stands, and written from where the project begins."""
    other = tmp_path_factory.mktemp("other") / "t.csv"
    sales.to_csv(other, index=False)
    assert new("t", "--data", str(other), "--template", "starter")[0] == 0
    (run,) = plan([], project)
    assert run.parameters["data"].startswith("../")


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b"", (), "t.csv: expected a table, got an empty file"),
        (b"a,b\n", (), "t.csv: expected rows, got only the columns a, b"),
        (b"\x89PNG\r\n\x1a\n\0\0", (), "a picture"),
        (bytes(range(256)) * 9, (), "t.csv"),
        (b"a,b\n1,2\n3,4,5\n", (), "line 3: expected 2 fields, got 3"),
        (b"a,b\n1,x\n2,x\n" * 5, ("--target", "c"), "target: expected a column of the data (a, b), got 'c'"),
        (b"price,b\n1,x\n2,x\n", ("--target", "prize"), "Did you mean 'price'?"),
        (b"a,b\n1,x\n2,x\n", ("--target", "b"), "expected at least two different values, got only 'x'"),
        (b"a,b\n1,\n2,\n", ("--target", "b"), "got no value"),
        (b"a\n1.5\n2.5\n", ("--template", "clustering"), "expected two columns of numbers"),
        (b"a\n" + b"1.5\n2.5\n7\n3.25\n9\n8\n7.5\n11\n12\n14\n99\n", ("--target", "a"), "expected a column that can help"),
        (b"a,b\n1,2\n3,4\n", ("--template", "clusterin"), "Did you mean 'clustering'?"),
        (b"a,b\n1,2\n3,4\n", ("--template", "regression"), "--target: expected a column"),
        (b"a,b\n1,2\n3,4\n", ("--template", "routes"), "longitude and latitude"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_line(new, project, content, options, told):
    """Exit code 2, and nothing is written."""
    (project / "t.csv").write_bytes(content)
    code, said = new("t", "--data", "t.csv", *options)
    assert (code, told in said) == (2, True), said
    assert len(said.strip().splitlines()) == 1
    assert not list((project / "params").rglob("*.yaml"))
    assert not (project / "contracts").exists()


def test_nothing_is_written_over(new, project, sales):
    """Unless it is asked for."""
    sales.to_csv(project / "t.csv", index=False)
    assert new("t", "--data", "t.csv")[0] == 0
    contract = project / "contracts" / "t.yaml"
    contract.write_text("mine")
    code, said = new("t", "--data", "t.csv")
    assert (code, "contracts/t.yaml and params/clustering/t.yaml" in said) == (2, True)
    assert contract.read_text() == "mine"
    assert new("t", "--data", "t.csv", "--force")[0] == 0
    assert contract.read_text() != "mine"


def test_names_files_and_tables_that_are_not_there(new, project, sales, monkeypatch):
    """Each with the nearest, or what there is."""
    sales.to_csv(project / "sales.csv", index=False)
    assert "such as my-data" in new("My Data", "--data", "sales.csv")[1]
    assert "Did you mean 'sales.csv'?" in new("t", "--data", "sale.csv")[1]
    with closing(sqlite3.connect(project / "two.db")) as database, database:
        sales.to_sql("orders", database, index=False)
        sales.to_sql("clients", database, index=False)
    database.close()
    said = new("t", "--data", "two.db")[1]
    assert "the tables are: clients, orders" in said
    assert new("t", "--data", "two.db", "--query", "SELECT * FROM orders")[0] == 0
    monkeypatch.chdir(project.parent)
    monkeypatch.setattr(
        sys, "argv", ["fourfold", "new", "t", "--data", "iris", "--root", str(project.parent)]
    )
    with pytest.raises(SystemExit, match="2"):
        main.main()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("postgresql://me:${SHOP_WORD}@host/shop", "environment variable SHOP_WORD, which is not"),
        ("postgresql://me:secret@host/shop", "expected the password as an environment variable"),
    ],
)
def test_a_password_is_looked_at_before_the_database(new, project, monkeypatch, source, told):
    """One line, with no connection tried, and without the password."""
    monkeypatch.delenv("SHOP_WORD", raising=False)
    monkeypatch.setattr("fourfold.data.database.tables", lambda source: pytest.fail("connected"))
    code, said = new("t", "--data", source)
    assert (code, told in said, "secret" in said) == (2, True, False), said


def test_of_a_large_file_the_beginning(new, project, sales, monkeypatch):
    """It ends with a line, in any encoding; no range is drafted from a part."""
    monkeypatch.setattr("fourfold.author.survey.LARGE", 4000)
    monkeypatch.setattr("fourfold.author.survey.HEAD", 3001)
    for name, encoding in (("a", "utf-8"), ("b", "utf-16")):
        german(sales, project / f"{name}.csv", encoding)
        code, said = new(name, "--data", f"{name}.csv", "--template", "starter")
        assert (code, "looked at the first" in said) == (0, True), said
        contract = (project / "contracts" / f"{name}.yaml").read_text(encoding="utf-8")
        assert "in_range" not in contract
        assert "Umsatz:\n    dtype: float64\n    nullable: true" in contract


def test_a_project_of_ones_own(command, tmp_path):
    """Its config, the skeleton of a template and a copy of ours can run; the rules are kept."""
    code, said = command(tmp_path, "init", "shop", "--from", "fourfold==9.9")
    assert (code, "next:  cd shop && fourfold run" in said) == (0, True)
    shop = tmp_path / "shop"
    assert "fourfold==9.9" in (shop / "requirements.txt").read_text()
    assert {"params", "templates", "contracts", "notebooks", "outputs", "tests"} <= {
        p.name for p in shop.iterdir()
    }
    assert command(shop, "new-template", "churn")[0] == 0
    assert command(shop, "new-template", "groups", "--from", "clustering")[0] == 0
    assert command(shop, "check")[0] == 0
    assert [spec.name for spec in plan([], shop)] == ["churn-first/default", "starter-iris/default"]
    assert {p.stem for p in (shop / ".schema").iterdir()} > {"churn", "groups", "routes"}
    settings = json.loads((shop / ".vscode" / "settings.json").read_text())
    for schema, configs in settings["yaml.schemas"].items():
        assert (shop / schema).is_file()
        assert configs.startswith("params/")
    assert {"./.schema/churn.json", "./.schema/groups.json"} < settings["yaml.schemas"].keys()
    assert json.loads((shop / ".devcontainer" / "devcontainer.json").read_text())["name"] == "shop"
    assert "filter=fourfold" in (shop / ".gitattributes").read_text()
    text = (shop / "templates" / "churn.ipynb").read_text(encoding="utf-8")
    assert "# Churn: what is the mean?" in text
    assert "@NAME@" not in (shop / "README.md").read_text()


def test_what_is_there_is_kept(command, tmp_path):
    """And said; a second start of a project changes nothing."""
    (tmp_path / "README.md").write_text("mine")
    said = command(tmp_path, "init", ".")[1]
    assert "kept README.md" in said
    assert (tmp_path / "README.md").read_text() == "mine"
    assert "wrote params" not in command(tmp_path, "init", ".")[1]
    assert command(tmp_path, "init", "README.md")[1].startswith("README.md: expected a folder")
    code, said = command(tmp_path, "new-template", "churn")
    assert (code, "next:  fourfold edit params/churn/first.yaml" in said) == (0, True)
    assert "expected no file of that name" in command(tmp_path, "new-template", "churn")[1]
    said = command(tmp_path, "new-template", "x", "--from", "clusterin")[1]
    assert "Did you mean 'clustering'?" in said


@pytest.mark.commands
def test_the_skeleton_runs(command, tmp_path):
    """The mean of the sepals of irises is 5.84 cm (Fisher 1936)."""
    from fourfold.project import Project
    from fourfold.run.batch import run_batch
    from fourfold.run.selection import choose

    command(tmp_path, "init", ".")
    command(tmp_path, "new-template", "churn")
    specs = plan([str(tmp_path / "params" / "churn")], tmp_path)
    place = Project(tmp_path, tmp_path / "outputs")
    (record,), _ = run_batch(choose(specs, place).todo, place, 1)
    assert (record.status, record.verdict) == ("ok", "supported")
    assert record.metrics["mean"].value == pytest.approx(5.843, abs=1e-3)


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (None, "fourfold[data]==0.1.0"),
        ('{"url": "https://git.example/a", "vcs_info": {"vcs": "git", "commit_id": "0f3"}}', "fourfold[data] @ git+https://git.example/a@0f3"),
        ('{"url": "file:///w/fourfold.whl", "archive_info": {}}', "fourfold[data] @ file:///w/fourfold.whl"),
    ],
)  # fmt: skip
def test_where_fourfold_came_from(origin, wanted, monkeypatch):
    """A new project installs the same again: from the index, a repository or a file."""
    from types import SimpleNamespace

    from fourfold.author import skeleton

    found = SimpleNamespace(read_text=lambda name: origin, version="0.1.0")
    monkeypatch.setattr(skeleton, "distribution", lambda name: found)
    assert skeleton.requirement() == wanted
