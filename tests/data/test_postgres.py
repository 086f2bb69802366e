"""Queries on a real PostgreSQL only read, whatever they say; the session `tracking` runs this."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fourfold.data.database import tables, writes
from fourfold.data.sources import load
from fourfold.errors import DataError
from test_accidents import HIDDEN

sqlalchemy = pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg2")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "speed"))
tracking = pytest.importorskip("tracking")

MAKE = """
create table t (n int); insert into t values (1), (2);
create function removes() returns int language sql as 'delete from t; select 1';
create function hidden() returns int language plpgsql as $$ begin execute 'drop table t'; return 1; end $$;
create view v as select n, removes() as gone from t;
create sequence s; create materialized view m as select 1 as n;
"""  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database with a table, and with functions that write; its superuser asks."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin")):
        pytest.skip("needs Debian's PostgreSQL")
    folder = tmp_path_factory.mktemp("postgres")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)  # its server is another user
    with tracking.postgres(folder / "p") as address:
        engine = sqlalchemy.create_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql(MAKE)
        yield address, engine, folder
        engine.dispose()


def state(engine):
    with engine.connect() as connection:
        ask = "select (select sum(n) from t), (select last_value from s), (select count(*) from pg_class), (select count(*) from pg_roles), (select count(*) from pg_largeobject_metadata)"  # fmt: skip
        return tuple(connection.exec_driver_sql(ask).one())


#: By their first word these pass for reading, or hide what they do: the database refuses them.
REFUSED = [
    "select removes()", "select hidden()", "select * from v", "with a as (select removes()) select * from a",
    "select nextval('s')", "select setval('s', 9)", "explain analyze select removes()", "table v",
    "select lo_create(0)", "select lo_import('/etc/passwd')", "select n from t for update",
    "select query_to_xml('delete from t', true, true, '')", "values (removes())",
    "select * from t; commit; delete from t", "select 1; rollback; drop table t", "select 1\n;--\ncommit; delete from t",
    "with a as (delete from t returning n) select * from a", "with a as (insert into t values (3) returning n) select * from a",
    "with a as materialized (update t set n = 9 returning n) select * from a", "WITH a AS(/**/DELETE FROM t RETURNING n) SELECT * FROM a",
    "delete from t", "truncate t", "drop table t", "create table e (n int)", "select * into e from t", "refresh materialized view m",
    "explain (analyze) delete from t", "explain (analyze true) insert into t values (9)", "create role evil superuser",
    "do $$ begin delete from t; end $$", "call removes()", "vacuum", "merge into t using t u on false when not matched then insert values (3)",
    "copy t to program 'touch FOLDER/evil'", "copy t to 'FOLDER/evil'", "copy (select 1) to program 'touch FOLDER/evil'",
    "copy t from program 'echo 3'", "set transaction read write; delete from t", "begin; delete from t; commit",
    "select lo_export(0, 'FOLDER/evil')", "select \"lo_import\"('/etc/passwd')", "select U&\"lo\\005fimport\"('/etc/passwd')",
    "select pg_file_write('FOLDER/evil', 'x', false)", "select set_config('transaction_read_only', 'off', false), removes()",
    "select pg_catalog.set_config('default_transaction_read_only', 'off', false) from t where removes() > 0",
]  # fmt: skip


@pytest.mark.parametrize("query", [*REFUSED, *HIDDEN])
def test_what_writes_is_refused(database, query):
    """By its words or by the server; nothing has changed, and no program was started."""
    address, engine, folder = database
    before = state(engine)
    with pytest.raises(DataError) as refused:
        load(address, query.replace("FOLDER", str(folder)))
    assert "\n" not in str(refused.value)
    assert state(engine) == before
    assert not (folder / "evil").exists()


def test_what_leaves_the_database_is_refused(database):
    """A superuser may let the server start programs and read its files; a query may not."""
    address, _, folder = database
    (folder / "private").write_text("hunter2")
    (folder / "private").chmod(0o644)
    for query in (
        f"select pg_read_file('{folder}/private') as text",
        f"select * from pg_ls_dir('{folder}')",
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()",
        "select pg_reload_conf()",
        "select * from dblink('dbname=mlflow', 'delete from t') as a (n int)",
        f"select pg_catalog . pg_read_file /* x */ ('{folder}/private')",
        f"select query_to_xml('select pg_re' || 'ad_file(''{folder}/private'')', true, true, '')",
    ):
        with pytest.raises(DataError) as refused:
            load(address, query)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("query", ["select * from t", "table t", "values (1), (2)", "with a as (select * from t) select n from a order by n", "select n from t where 'into; delete' <> '--'", "(select n from t)", "with recursive a as (select 1 as n union all select n + 1 from a where n < 2) select n from a"])  # fmt: skip
def test_what_reads_is_read(database, query):
    frame = load(database[0], query).frame
    assert frame.iloc[:, 0].tolist() == [1, 2]


def test_its_tables_are_named(database):
    assert tables(database[0]) == ["t", "v"]


def test_a_function_that_writes_passes_for_reading_by_its_words():
    """So that it is the server which refuses it above, and not the words alone."""
    for query in ("select removes()", "select * from v", "values (removes())", "table v"):
        assert writes(query) is None
