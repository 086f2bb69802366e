"""Bombs are refused at once; the fuzzer itself works, and finds what it is there to find."""

from __future__ import annotations

import gzip
import io
import os
import re
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fourfold.data.formats import read_table
from fourfold.data.sources import load
from fourfold.errors import DataError, FourfoldError
from fuzz import bombs, run


@pytest.fixture(scope="module")
def root():
    return run.project()


@pytest.mark.parametrize(("name", "data"), bombs.configs().items(), ids=bombs.configs())
def test_configs_that_would_grow_are_counted_first(root, name, data):
    """One located line each; a long question means no file, and trials are drawn one by one."""
    if name in ("question", "search"):
        run.config(root, data)
        return
    began = time.process_time()
    with pytest.raises(FourfoldError) as refused:
        run.config(root, data)
    assert str(refused.value).startswith("params/a.yaml:")
    assert len(str(refused.value)) < 100_000
    assert time.process_time() - began < 10  # else it hangs


@pytest.mark.parametrize(("name", "data"), bombs.contracts().items(), ids=bombs.contracts())
def test_contracts_that_would_grow_are_refused(root, name, data):
    began = time.process_time()
    with pytest.raises(FourfoldError, match=r"a\.yaml: expected"):
        run.contract(root, data)
    assert time.process_time() - began < 10  # else it hangs


FILES, COUNTED = bombs.files(), bombs.counted()


@pytest.mark.parametrize("name", FILES)
def test_files_that_would_unpack_to_more_are_refused(tmp_path, name):
    """And never in more memory than 500 MB."""
    (tmp_path / name).write_bytes(FILES[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / name).open("rb") as handle, pytest.raises(DataError, match=name):
        read_table(handle, name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 << 10


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_counted_is_refused_before_it_is_made(tmp_path, name):
    """In less memory than a part of what it would become, and with how much that is."""
    assert len(COUNTED[name]) < 3_000_000
    (tmp_path / name).write_bytes(COUNTED[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / name).open("rb") as handle, pytest.raises(DataError) as refused:
        read_table(handle, name)
    assert re.match(rf"{name}: expected a (file that unpacks to less|sheet of about|table of about)", str(refused.value))  # fmt: skip
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 350 << 10


DATABASES = bombs.databases()


@pytest.mark.parametrize("name", DATABASES)
def test_a_view_that_becomes_large_or_does_not_end_is_refused(tmp_path, name):
    """A database gives no more rows, texts and steps than one of its size may."""
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.executescript(DATABASES[name])
    database.close()
    assert (tmp_path / "a.db").stat().st_size < 20_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"a\.db: .*(expected a query that|too big)") as refused:
        load("a.db", "select * from v", tmp_path)
    assert "\n" not in str(refused.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 << 10


def test_a_query_of_a_table_in_memory_ends_too():
    query = DATABASES["counted"].removeprefix("create view v as ")
    with pytest.raises(DataError, match=r"^iris: expected a query that is done in"):
        load("iris", query)


def test_tables_that_repeat_themselves_are_no_bombs(tmp_path):
    """A category of long names, and a million rows of zeros, are what people have."""
    frame = pd.DataFrame(
        {"zero": np.zeros(1_000_000), "name": ["a long name of a town"] * 1_000_000}
    )
    frame.astype({"name": "category"}).to_parquet(tmp_path / "a.parquet")
    frame.to_parquet(tmp_path / "b.parquet")
    for name in ("a.parquet", "b.parquet"):
        with (tmp_path / name).open("rb") as handle:
            assert len(read_table(handle, name)) == 1_000_000


class _Read:
    """A file that counts what is read of it."""

    def __init__(self, content):
        self.inner, self.bytes = io.BytesIO(content), 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def read(self, size=-1):
        part = self.inner.read(size)
        self.bytes += len(part)
        return part


def test_an_archive_is_unpacked_once(tmp_path):
    """Though the text is read for its dialect, its values and its codes."""
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919 % 1000) for n in range(400_000))
    handle = _Read(gzip.compress(text))
    assert len(read_table(handle, "a.csv.gz")) == 400_000
    assert handle.bytes < 1.1 * len(handle.inner.getvalue())


def test_an_archive_that_is_cut_says_so():
    """Whoever of the readers notices it first."""
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    for name, content in {
        "a.csv.gz": packed[:-9],
        "b.json.gz": packed[:-9],
        "c.csv.gz": b"no",
    }.items():
        with pytest.raises(DataError, match=rf"^{name}: expected a \.gz file: "):
            read_table(io.BytesIO(content), name)


def test_long_cells_are_read(tmp_path):
    """A cell may be longer than 131,072 characters."""
    (tmp_path / "a.csv").write_text(f"a;b\n{'x' * 200_000};1\n")
    with (tmp_path / "a.csv").open("rb") as handle:
        frame = read_table(handle, "a.csv")
    assert (frame.shape, len(frame.a[0])) == ((1, 2), 200_000)


def test_an_archive_of_a_usual_table_is_read(tmp_path):
    """Repeated rows pack well, and are no bomb."""
    import gzip

    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000))
    with (tmp_path / "a.csv.gz").open("rb") as handle:
        assert len(read_table(handle, "a.csv.gz")) == 100_000


TABLE = "outputs/batches/2026-11-28.csv"
WRONG_ONCE = [
    ("settings", b"number = " + b"9" * 5000), ("settings", b"a = " + b"[" * 5000),
    ("notes", b"[1]"), ("notes", b"default: {tags: 5}"), ("notes", b"default: {note: {a: 1}}"), ("notes", b"\xff"), ("notes", b"a: ["),
    ("promotion", ("proposal", b"[1]")), ("promotion", ("proposal", b'{"run": 5, "name": [], "approver": null}')),
    ("outputs", (TABLE, b"config,status\na,ok\n")), ("outputs", (TABLE, b"config,run_id\na,b\n")),
    ("outputs", (TABLE, b"config,run_id,status\na,k=1,ok,more,still more\n")), ("outputs", (TABLE, b"\xff")),
    ("outputs", ("outputs/results.csv", b"config,run_id,status,param.k,metric.m,metric.m.low\na,b,ok,1,2,x\na,c,ok,2,3,y\n")),
    ("outputs", ("outputs/a/.notes.json", b"")), ("outputs", ("outputs/a/.notes.json", b'{"default": {"tags": 5}}')),
    ("outputs", ("outputs/a/.runs.json", b"5")), ("outputs", ("outputs/.overview.json", b'{"format": 4, "found": {"a/default": 5}}')),
    ("outputs", ("outputs/s/search.json", b"[1]")), ("outputs", ("outputs/s/search.json", b'{"about": "a", "ended": true, "winner": "x"}')),
    ("outputs", ("outputs/s/.search.jsonl", b'{"search": "x"}\n{"drawn": {"count": 99}}\n{"drawn": 5}\n')),
    ("outputs", ("outputs/s/.search.jsonl", b'{"search": "x"}\n{"seconds": []}\n5\n')),
    ("outputs", ("outputs/.track/aliases.json", b'{"http://127.0.0.1:5000 shop": 5}')),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), WRONG_ONCE, ids=[f"{n}-{each[0]}" for n, each in enumerate(WRONG_ONCE)])  # fmt: skip
def test_what_the_fuzzer_has_met(root, kind, value):
    """A result, or an error that is raised on purpose."""
    with suppress(FourfoldError):
        run.KINDS[kind](root, value)


def test_a_few_inputs_of_each_kind():
    """The session `fuzz` tries 50,000; here 42 show that it works, and that its inputs are read."""
    call = [sys.executable, str(Path(run.__file__)), "--inputs", "42", "--processes", "1"]
    done = subprocess.run(
        call, capture_output=True, text=True, env={**os.environ, "FOURFOLD_FUZZ_SLACK": "10"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 wrong") == len(run.KINDS)
