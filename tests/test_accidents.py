"""Accidents and attacks by real commands: what each gives, what is lost, where secrets are."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from urllib.parse import quote, quote_plus

import psutil
import pytest

from fourfold.data.database import clean, writes
from fourfold.data.sources import load
from fourfold.errors import DataError, FourfoldError, masked
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import find_record
from fourfold.run.kernels.execution import LONGEST_ERROR
from fourfold.run.kernels.machine import cores, memory_mb
from served import COMMAND
from tiny_project import CELLS, make_notebook, run_all


def call(project, *words, **options):
    """Run a command; it must not show a traceback."""
    done = subprocess.run(
        [*COMMAND, *words], cwd=project, capture_output=True, text=True, timeout=120, **options
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def with_code(project, *sources):
    """Write a template whose Modeling section has these cells."""
    place = next(n for n, (_, name, _) in enumerate(CELLS) if name == "modeling-record")
    extra = [("code", f"odd-{n}", source) for n, source in enumerate(sources)]
    notebook = make_notebook([*CELLS[:place], *extra, *CELLS[place:]])
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))


ODD_CODE = {
    "a notebook that removes its own folder": "import os, shutil; shutil.rmtree(os.path.dirname(os.environ['FOURFOLD_ARTIFACTS']))",
    "a metric beyond 64 bits": "ff.record('large', 10**40, exact=True)",
    "output that only looks like ours": "from IPython.display import display; display({'application/vnd.fourfold.v1+json': {'kind': 'metric', 'value': [], 'name': 'x'}}, raw=True)",
    "output that is no mapping": "from IPython.display import display; display({'application/vnd.fourfold.v1+json': [1]}, raw=True)",
    "a message of megabytes": "raise ValueError('x' * 3_000_000)",
    "a child that stays": "import subprocess; subprocess.Popen(['sleep', '987'])",
    "half of a character": "print('\\ud800'); ff.record('m', 1, unit='\\ud800')",
}  # fmt: skip


def test_what_a_notebook_does_is_that_of_its_run_alone(project, config):
    """Seven odd runs and a plain one: eight records, each with its reason; the batch goes on."""
    code = "\n".join(
        f"{'if' if not n else 'elif'} count == {n + 2}:\n    {source}"
        for n, source in enumerate(ODD_CODE.values())
    )
    with_code(project, code)
    config(f"template: tiny\nsweep: {{grid: {{count: {list(range(1, len(ODD_CODE) + 2))}}}}}\n")
    done = call(project, "run", "--workers", "2")
    records = {
        n: find_record(project / "outputs" / "a" / f"count={n + 2}")
        for n in range(-1, len(ODD_CODE))
    }
    assert done.returncode == 1, done.stderr
    assert records[-1].status == "ok"
    ends = dict(zip(ODD_CODE, list(records.values())[1:], strict=True))
    assert all(ends.values()), ends
    assert ends["a metric beyond 64 bits"].metrics["large"].value == 10**40
    assert ends["output that only looks like ours"].error["error"] == "ConclusionError"
    assert ends["output that is no mapping"].error["error"] == "ConclusionError"
    assert len(ends["a message of megabytes"].error["message"]) < LONGEST_ERROR + 10
    folder = project / "outputs" / "a" / "count=6"
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 1_000_000
    sleeping = [
        each
        for each in psutil.process_iter(["cmdline"])
        if each.info["cmdline"] == ["sleep", "987"]
    ]
    assert sleeping == []
    assert (project / "outputs" / "results.csv").read_text().count("\n") >= len(ODD_CODE)


SPOILED = ["", "{", "[]", "null", '{"config": 1}', '{"metrics": []}', "\0", '{"a": ' * 3000]


@pytest.mark.parametrize("content", SPOILED, ids=range(len(SPOILED)))
def test_a_spoiled_record_counts_as_none(project, config, content):
    """The run is planned anew, and pages are written without it."""
    from fourfold.report.overview import write_results
    from fourfold.run.selection import choose

    config("template: tiny\n")
    folder = project / "outputs" / "a" / "default"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(content)
    todo = choose(plan([], project), Project(project, project / "outputs"), force=False).todo
    assert len(todo) == 1
    write_results(project / "outputs")


def test_each_wrong_field_of_a_record_counts_as_none(tmp_path):
    """No field of a wrong type comes through to those who read records."""
    from fourfold.records.record import RunRecord, write_record

    write_record(
        RunRecord("a", "b", "t", "ok", {"k": 1}, ["k"], "2026", 1.0), tmp_path / "record.json"
    )
    assert find_record(tmp_path)
    content = json.loads((tmp_path / "record.json").read_text())
    for name in set(content) - {"seed", "format", "parameters", "key", "git_commit"}:
        for wrong in (5 if isinstance(content[name], str) else "x", [[1]], {"x": [[]]}):
            if wrong == content[name] or (name == "former" and isinstance(wrong, dict)):
                continue
            (tmp_path / "record.json").write_text(json.dumps({**content, name: wrong}))
            assert find_record(tmp_path) is None, (name, wrong)


def test_a_file_where_a_folder_should_be_fails_its_run(project, config):
    config("template: tiny\nsweep: {grid: {count: [1, 2]}}\n")
    (project / "outputs" / "a").mkdir(parents=True)
    (project / "outputs" / "a" / "count=1").write_text("a file")
    done = call(project, "run")
    assert done.returncode == 1
    assert find_record(project / "outputs" / "a" / "count=2").status == "ok"


def test_nothing_outside_of_the_outputs_is_written_or_deleted(project, config, tmp_path_factory):
    """Names of configs, links among the outputs, names of artifacts."""
    before = set(project.rglob("*"))
    for name in ("...yaml", "..yaml", ".yaml", ".new.yaml"):
        (project / "params" / name).write_text("template: tiny\n")
        done = call(project, "run", f"params/{name}")
        assert done.returncode == 2, name
        (project / "params" / name).unlink()
    assert before <= set(project.rglob("*"))
    away = tmp_path_factory.mktemp("away")
    (away / "default").mkdir()
    (away / "default" / "precious.txt").write_text("x")
    (project / "outputs").mkdir(exist_ok=True)
    (project / "outputs" / "a").symlink_to(away)
    config("template: tiny\n")
    done = call(project, "run")
    assert (done.returncode, "a link out of it" in done.stderr) == (2, True)
    assert [path.name for path in away.rglob("*")] == ["default", "precious.txt"]


def test_a_fifo_among_configs_is_passed_over(project, config):
    config("template: tiny\n")
    os.mkfifo(project / "params" / "pipe.yaml")
    assert [run.config for run in plan([], project)] == ["a"]


@pytest.mark.parametrize(
    "question", ["漢" * 300, "** or [a-z]*?", "https://example.com/?", "a\n" * 500, "run: a/b"]
)
def test_text_is_no_path(project, config, question):
    """A question is looked up nowhere: the run ends well, and stands unchanged the second time."""
    config(f"template: tiny\nbusiness: {{question: {json.dumps(question)}}}\n")
    assert run_all(plan([], project), project, project / "outputs")[0][0].status == "ok"
    from fourfold.run.selection import choose

    chosen = choose(plan([], project), Project(project, project / "outputs"), force=False)
    assert chosen.todo == []


def test_limits_of_both_versions_of_cgroups(tmp_path):
    """Half of a gigabyte and one core, as version 1 and as version 2 say it."""
    old, new = tmp_path / "1", tmp_path / "2"
    for path, text in {
        old / "cpu/cpu.cfs_quota_us": "100000", old / "cpu/cpu.cfs_period_us": "100000",
        old / "memory/memory.limit_in_bytes": str(2**29), old / "memory/memory.usage_in_bytes": str(2**28),
        new / "cpu.max": "100000 100000", new / "memory.max": str(2**29), new / "memory.current": str(2**28),
    }.items():  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert [cores(old), cores(new)] == [1, 1]
    assert [memory_mb(old), memory_mb(new)] == [256, 256]
    (old / "cpu/cpu.cfs_quota_us").write_text("-1")
    assert cores(old) == cores(tmp_path)


SECRETS = {
    "user": "https://me:hunter2@host.example/a.csv",
    "token": "https://hunter2hunter2@host.example/a.csv",
    "query": "https://host.example/a.csv?v=1&access_token=hunter2",
    "signature": "https://host.example/a.csv?sig=hunter2%3D",
    "amazon": "s3://bucket/a.csv?X-Amz-Signature=hunter2",
    "database": "postgresql://me:hun/ter2@host.example/shop",
    "at": "postgresql://me:hunter2@x@host.example/shop",
    "key": "https://host.example/a.csv?api_key=hunter2hunter2hunter2",
}


@pytest.mark.parametrize("url", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("place", ["parameters: {data: '%s'}", "parameters: {columns: ['%s']}", "business: {question: 'Is %s up?'}", "sweep: {list: [{mode: plain, data: '%s'}]}"])  # fmt: skip
def test_a_secret_in_a_url_is_refused_and_never_shown(project, config, url, place):
    """Wherever a config has it; the message has the remedy, and not the secret."""
    config(f"template: tiny\n{place % url}\n")
    with pytest.raises(FourfoldError) as refused:
        plan([], project)
    assert "${" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "hun/ter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://host.example:8080/a@b.csv", "https://host.example/a.csv?page=2&sort=key", "sqlite:///a.db", "postgresql://me:${PGPASSWORD}@host/shop", "https://host/a?token=${T}", "https://x.example/?signal=1&monkey=2&key=name", "me@host.example"])  # fmt: skip
def test_what_is_no_secret_stays(url):
    assert masked(url) == url


def test_a_planted_secret_is_in_no_file_and_no_output(project, config):
    """Of the environment, in a URL that cannot be reached, and in the error about it."""
    with_code(project, "ff.ingest(data, query or None)")
    config(
        "template: tiny\nparameters: {data: 'https://me:${PLANTED}@127.0.0.1:9/a.csv?token=${PLANTED}'}\n"
    )
    config(
        "template: tiny\nparameters: {data: 'postgresql://me:${PLANTED}@127.0.0.1:9/shop', query: select 1}\n",
        "b.yaml",
    )
    done = call(project, "run", env={**os.environ, "PLANTED": "hunter2/%4"})
    assert done.returncode == 1
    assert find_record(project / "outputs" / "a" / "default").status == "failed"
    texts = [
        done.stdout,
        done.stderr,
        *(f.read_bytes().decode(errors="replace") for f in project.rglob("*") if f.is_file()),
    ]
    assert not any(form in text for text in texts for form in ("hunter2", "hunter2%2F%254"))


@pytest.mark.parametrize("secret", ["hunter2", "a'b\"c", "back\\slash", "\u00e9t\u00e9 %&", "${x}"])
def test_a_message_has_a_secret_in_no_spelling(monkeypatch, secret):
    """As text, in a URL, and as an inner text of lists and mappings, as drivers print them."""
    monkeypatch.setenv("PLANTED", secret)
    for text in (secret, quote(secret), quote_plus(secret), quote(secret, safe="")):
        for message in (text, repr(text), json.dumps([text]), repr({"password": text})):
            assert "PLANTED" in clean(message, "x://me:${PLANTED}@h"), message
            for part in (text, repr(text)[1:-1], json.dumps(text)[1:-1]):
                assert part not in clean(message, "x://me:${PLANTED}@h").replace("${PLANTED}", "")


QUERIES = [
    "drop table t", "insert into t values (9)", "delete from t", "update t set n = 9", "select 1; drop table t",
    "attach database 'evil.db' as e", "vacuum into 'evil.db'", "pragma writable_schema = 1", "/* x */ delete from t",
    "with a as (select 1) delete from t", "with a as (select 1) insert into t select 1", "create table e (x)",
    "select * into e from t", "explain analyze delete from t", "replace into t values (1)", "copy t to 'evil.csv'",
]  # fmt: skip


#: Where a string or a comment ends is another place for each database; what hides behind that is asked.
HIDDEN = [
    "select 1 /*! into outfile 'FOLDER/evil' */", "select 1 /*M!100100 into outfile 'FOLDER/evil' */", "/*! set global x = ( */ select 1 /*! ) */",
    "select '\\'' into outfile 'FOLDER/evil", "select '\\'', 'x' into dumpfile \"FOLDER/evil\"", "select \"\\\"\" into outfile \"FOLDER/evil",
    "select 1 # '\n into outfile 'FOLDER/evil'", "select 1 as `'` into outfile 'FOLDER/evil'", "select 1--1 into outfile 'FOLDER/evil'",
    "select E'\\'';commit;delete from t;select '1'", "select $$'$$; commit; delete from t; select '1'", "select $a$'$a$; drop table t; select '1'",
    "/* /* */ select 1 */ copy t to program 'touch evil'", "select 1 /* /* */ ' */ ; commit; delete from t -- '",
    "explain (analyze) copy t to 'evil.csv'", "explain (costs off, analyze true) select 1", "select 1 --\r; drop table t", "select 1 as \"\\\"\"; drop table t",
    "select '--', pg_read_file('/etc/passwd')", "select '/*', pg_read_file('/etc/passwd'), '*/'", "select $$'--$$, pg_read_file/* x */('/etc/passwd')",
    "select pg_read_file -- (\n ('/etc/passwd')", "select '\\''; delete from t -- '", "with a as (select 1) select $$'$$ into e from a where n = '1'",
]  # fmt: skip


@pytest.mark.parametrize("query", HIDDEN)
def test_no_quote_or_comment_hides_what_is_asked(query):
    """Not even one that another database would read as text."""
    assert "only reads" in (writes(query) or "passes")


@pytest.mark.parametrize("query", [r"select 'C:\' as drive", r"select 'it\'s' as a", "select data #>> '{a,b}' from t", "select 1 --why\n, 2", "/* a; 'b' */ select 1", f"select nextval {'/**/' * 5000}", "select `a b` from `t`", "/* x */ select data['k'] from t", "select array['a', 'b'] /* two */;", "select 'a;b', 'c /* d'"])  # fmt: skip
def test_odd_quotes_are_no_reason_to_refuse(query):
    assert writes(query) is None


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_only_reads(tmp_path, monkeypatch, query):
    """Of a database, and of the table in memory; neither changes, and no file appears."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("a.db") as database:
        database.execute("create table t (n)")
        database.execute("insert into t values (1)")
    database.close()
    before = (tmp_path / "a.db").read_bytes()
    assert "only reads" in writes(query)
    for source in ("a.db", "iris"):
        with pytest.raises(DataError, match="only reads"):
            load(source, query)
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes() == before


def test_sqlite_itself_refuses_to_write(tmp_path):
    """Should a statement pass for reading, the database still takes no change and no extension."""
    import sqlalchemy

    from fourfold.data.database import _only_read

    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("create table t (n)"))
        connection.commit()
        _only_read(connection)
        assert connection.execute(sqlalchemy.text("select count(*) from t")).scalar() == 0
        for statement in (
            "insert into t values (1)",
            "drop table t",
            "attach 'e.db' as e",
            "select load_extension('e')",
        ):
            with pytest.raises(sqlalchemy.exc.DatabaseError):
                connection.execute(sqlalchemy.text(statement))
    engine.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


@pytest.mark.parametrize("query", ["select * from data limit 5", "-- why\nwith a as (select 'drop; into' as x, * from data) select * from a limit 5", "(select * from data limit 5)", "select replace(species, 'a', 'b') as s from data limit 5;"])  # fmt: skip
def test_queries_that_read_are_read(query):
    if query.startswith("("):
        assert writes(query) is None
    else:
        assert len(load("iris", query).frame) == 5


def test_a_template_that_goes_meanwhile_fails_only_what_needs_it(project, config):
    """What is planned has been read; a template that is gone is one located line."""
    config("template: tiny\n")
    specs = plan([], project)
    shutil.rmtree(project / "templates")
    with pytest.raises(FourfoldError, match="tiny"):
        run_all(specs, project, project / "outputs")


ENGINE = """import os, sqlalchemy
engine = sqlalchemy.create_engine(f"sqlite://me:{os.environ['PLANTED']}@/none")
raise RuntimeError(repr(engine), str(engine.url))"""


def test_a_planted_secret_is_in_no_list_of_what_was_done(project, config):
    """Of a command at the end, of tracking, of a template's engine; in lists, locks and journals."""
    with_code(project, "if mode == 'fancy':\n    ff.ingest(data)", ENGINE)
    (project / "pyproject.toml").write_text(
        "[tool.fourfold]\non_end = 'echo sent to $PLANTED@ >/dev/null; curl-is-not-here https://chat.example/hooks/s3cr3tT0ken'\n"
        "tracking = 'http://me:${PLANTED}@127.0.0.1:9'\n"
    )
    config("template: tiny\nparameters: {data: 'https://me:${PLANTED}@127.0.0.1:9/a.csv'}\nsweep: {grid: {mode: [plain, fancy]}}\n")  # fmt: skip
    search = "metric: mean, direction: maximize, trials: 1, over: {count: [2, 3]}"
    config(f"template: tiny\nparameters: {{data: 'ftp://127.0.0.1:9/${{PLANTED}}.csv', mode: fancy}}\nsearch: {{{search}}}\n", "s.yaml")  # fmt: skip
    secret = "hun'ter\\2/%4"
    done = [
        call(project, *words, env={**os.environ, "PLANTED": secret})
        for words in (("plan", "--json"), ("run", "--json"), ("track",), ("compare", "--json"))
    ]
    (project / "pyproject.toml").unlink()
    said = [each.stdout + each.stderr for each in done]
    assert '"failed"' in said[1]
    assert "on_end: exit code 127" in said[1]
    texts = [*said, *(f.read_bytes().decode(errors="replace") for f in project.rglob("*") if f.is_file())]  # fmt: skip
    assert len(texts) > 20
    for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], "hun%27ter", "s3cr3tT0ken"):
        assert [text for text in texts if form in text] == []
