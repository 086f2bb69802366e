"""Queries on a real MariaDB and on DuckDB only read; where there is none, its tests are skipped."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from fourfold.data.database import tables, writes
from fourfold.data.sources import load
from fourfold.errors import DataError
from test_accidents import HIDDEN

sqlalchemy = pytest.importorskip("sqlalchemy")

MAKE = """
create table t (n int) engine=innodb; insert into t values (1), (2); create table m (n int) engine=myisam; insert into m values (1);
create function removes() returns int begin delete from t; return 1; end; create function away() returns int begin delete from m; return 1; end;
create view v as select n, removes() as gone from t; create sequence s
"""  # fmt: skip
REFUSED = [
    "select removes()", "select away()", "select * from v", "select next value for s", "select nextval(s)", "select n from t for update",
    "select 1 into outfile 'FOLDER/evil'", "select 1 into dumpfile 'FOLDER/evil'", "select load_file('/etc/passwd')", "delete from t",
    "explain analyze delete from t", "with a as (select 1) delete from t", "set global max_connections = 1", "select 1; delete from t",
]  # fmt: skip


@pytest.fixture(scope="module")
def maria(tmp_path_factory):
    """A database with tables of two engines, asked by a user with all rights; and its files."""
    pytest.importorskip("pymysql")
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        pytest.skip("needs MariaDB's server")
    folder = tmp_path_factory.mktemp("m")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    as_root = ("--no-defaults", "--user=root", f"--datadir={folder}/data")
    make = ["mariadb-install-db", *as_root, "--auth-root-authentication-method=normal"]
    subprocess.run([*make, "--skip-test-db"], check=True, **quiet)
    serve = ["mariadbd", *as_root, f"--socket={folder}/s", "--skip-networking", "--secure-file-priv="]  # fmt: skip
    server = subprocess.Popen(serve, **quiet)
    try:
        for _ in range(300):
            if (folder / "s").exists():
                break
            time.sleep(0.2)
        address = f"mysql+pymysql://root@localhost/shop?unix_socket={folder}/s"
        engine = sqlalchemy.create_engine(address.replace("/shop", "/mysql"))
        with engine.begin() as connection:
            connection.exec_driver_sql("create database shop")
        engine.dispose()
        engine = sqlalchemy.create_engine(address)
        with engine.begin() as connection:
            for statement in MAKE.replace("; ret", ": ret").replace("; end", ": end").split(";"):
                connection.exec_driver_sql(statement.replace(":", ";"))
        yield address, engine, folder
        engine.dispose()
    finally:
        server.terminate()
        server.wait(60)


@pytest.mark.parametrize("query", [*REFUSED, *HIDDEN])
def test_what_writes_is_refused(maria, query):
    """By its words or by the server; no row is gone, and no file has come."""
    address, engine, folder = maria
    with pytest.raises(DataError) as refused:
        load(address, query.replace("FOLDER", str(folder)))
    assert "\n" not in str(refused.value)
    assert not list(folder.rglob("evil"))
    with engine.connect() as connection:
        counts = "select (select count(*) from t), (select count(*) from m)"
        assert tuple(connection.exec_driver_sql(counts).one()) == (2, 1)


def test_what_reads_is_read(maria):
    address = maria[0]
    for query in ("select * from t", "values (1), (2)", "select n from t where ':x' <> '%s'"):  # fmt: skip
        assert load(address, query).frame.iloc[:, 0].tolist() == [1, 2]
    assert tables(address) == ["m", "t", "v"]


def test_a_file_may_be_written_in_what_only_reads(maria):
    """So that it is the words which are refused above, and not the server alone."""
    _, engine, folder = maria
    with engine.connect() as connection:
        connection.exec_driver_sql("START TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"select 1 /*! into outfile '{folder}/evil' */")
    (made,) = folder.rglob("evil")
    made.unlink()


@pytest.fixture
def duck(tmp_path, monkeypatch):
    """A DuckDB file."""
    pytest.importorskip("duckdb_engine")
    import duckdb

    monkeypatch.chdir(tmp_path)
    with duckdb.connect("a.duckdb") as made:
        made.execute("create table t (n int); insert into t values (1), (2); create sequence s")
    return tmp_path


def test_duckdb_is_opened_to_be_read(duck):
    """Nothing is written, fetched or attached, and a file that is not there is not made."""
    for query in [
        "copy t to 'evil'", "explain (analyze) copy t to 'evil'", "attach 'evil' as e", "install httpfs", "load httpfs", "pragma enable_profiling",
        "export database 'evil'", "call force_checkpoint()", "select nextval('s')", "select * from query('delete from t')", "checkpoint",
        "with a as (delete from t returning n) select * from a", "from (delete from t returning n)", *HIDDEN,
    ]:  # fmt: skip
        with pytest.raises(DataError) as refused:
            load("duckdb:///a.duckdb", query)
        assert "\n" not in str(refused.value)
    with pytest.raises(DataError, match=r"none\.duckdb"):
        load("duckdb:///none.duckdb", "select 1")
    assert [path.name for path in duck.iterdir()] == ["a.duckdb"]
    assert load("duckdb:///a.duckdb", "from t").frame["n"].tolist() == [1, 2]
    assert load("duckdb:///:memory:", "select 1 as n").frame["n"].tolist() == [1]


MISSING = {
    "mysql://u@localhost/a": "needs the driver 'MySQLdb'; run: pip install mysqlclient",
    "mysql+mysqlconnector://u@localhost/a": "needs the driver 'mysql'; run: pip install mysql-connector-python",
    "mysql+nope://u@localhost/a": "needs a driver for mysql+nope",
    "snowflake://u@localhost/a": "needs a driver for snowflake; run: pip install snowflake-sqlalchemy",
    "trino://u@localhost/a": "needs a driver for trino; run: pip install trino",
}  # fmt: skip


@pytest.mark.parametrize("url", MISSING)
def test_a_driver_that_is_missing_is_named_by_its_package(url):
    """Which often has another name; one that is made up may be anybody's."""
    with pytest.raises(DataError) as refused:
        load(url, "select 1")
    assert str(refused.value) == f"{url}: {MISSING[url]}"


def test_a_colon_in_a_query_is_text():
    """SQLAlchemy would ask for the value of `:x`."""
    query = "select ':x' as a, 'at 12:30' as b, 'x :yy:z ::w %s' as c from data limit 1"
    assert load("iris", query).frame.iloc[0].tolist() == [":x", "at 12:30", "x :yy:z ::w %s"]
    assert writes(query) is None
