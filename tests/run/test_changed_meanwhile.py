"""What changes while a batch runs is noticed; an earlier good result stays until the new one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import read_record
from fourfold.run import inputs
from fourfold.run.selection import choose
from tiny_project import make_notebook, run_all

pytestmark = pytest.mark.commands

PARAMETERS = """# parameters
question: str = ""  # business question
decision: str = ""  # decision it serves
success: dict[str, str] = {}  # metric: condition
seed: int = 0  # random seed, 0..
what: str = "wait"  # what to do
address: str = ""  # of a server, without its scheme
"""
CODE = """
import os, sqlite3, time, urllib.request
from pathlib import Path
def wait(reader):
    Path(f"outputs/{what}.ready").touch()
    print(reader().strip())
    until = time.monotonic() + 10
    while not Path(f"outputs/{what}.go").exists() and time.monotonic() < until: time.sleep(0.01)
if what == "wait": wait(open("data.csv").read)
if what == "arrow":
    import pyarrow as pa
    wait(lambda: pa.OSFile(f"{what}.csv").read().decode())
if what == "always": wait(open("always.csv").read)
if what == "server": urllib.request.urlopen(f"http://{address}/a.csv").read()
if what == "database": print(sqlite3.connect("wal.db").execute("select * from t").fetchall())
if what == "output":
    import pyarrow as pa
    with pa.OSFile(f"{what}.bin", "wb") as own: own.write(b"1")
    print(pa.OSFile(f"{what}.bin").read())
if what == "slow": print(open("slow.csv").read()); time.sleep(1.5)
print("kept", VERSION)
"""


def notebook(kernel: str = "python3") -> str:
    cells = [
        ("markdown", "title", "# Meanwhile"),
        ("code", "parameters", PARAMETERS),
        ("markdown", "ingest", "## 1. Ingest"),
        ("code", "version", "VERSION = 1"),
        ("code", "code", CODE),
        *(("markdown", f"s{n}", f"## {n}. {s}") for n, s in ((2, "EDA"), (3, "Modeling"))),
        ("markdown", "end", "## 4. Conclusions"),
    ]
    content = make_notebook(cells)
    content["metadata"]["kernelspec"]["name"] = kernel
    return json.dumps(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("templates", "params", "outputs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "templates/mean.ipynb").write_text(notebook())
    for name in ("data", "arrow", "always", "slow"):
        (tmp_path / f"{name}.csv").write_text("before\n")
    return tmp_path


def config(root: Path, *what: str, address: str = "") -> None:
    (root / "params/a.yaml").write_text(
        f"template: mean\nparameters: {{address: '{address}'}}\n"
        f"sweep: {{grid: {{what: [{', '.join(what)}]}}}}\n"
    )


def why(root: Path) -> dict[str, list[str]]:
    choice = choose(plan([str(root / "params")], root), Project(root, root / "outputs"))
    return {item.spec.run_id.removeprefix("what="): list(item.why) for item in choice.todo}


def run(root: Path) -> dict[str, object]:
    records, _ = run_all(plan([str(root / "params")], root), root, root / "outputs", 2)
    assert [record.error for record in records] == [None] * len(records)
    return {record.run_id.removeprefix("what="): record for record in records}


def printed(root: Path, what: str) -> str:
    return (root / f"outputs/a/what={what}/notebook.ipynb").read_text()


def after(root: Path, what: str, edit) -> threading.Thread:
    """Edit as soon as a run has read, then let it go on."""

    def act() -> None:
        ready, go = (root / f"outputs/{what}.{word}" for word in ("ready", "go"))
        for _ in range(edit.times):
            deadline = time.monotonic() + 60
            while not ready.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.05)
            ready.unlink()
            edit()
            go.touch()
            if edit.times > 1:
                time.sleep(0.1)
                go.unlink()

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_what_changed_under_a_run_is_run_again(root):
    """Data, and a template, edited and put back: the run that counts has read what is there.

    Data that change each time are not certified, and the next command says so.
    """
    config(root, "wait", "arrow", "always")
    data, template = root / "data.csv", root / "templates/mean.ipynb"

    def put_back() -> None:
        before = template.read_text()
        data.write_text("between\n")
        template.write_text(before.replace("VERSION = 1", "VERSION = 2"))
        data.write_text("before\n")
        template.write_text(before)

    put_back.times = 1
    later = lambda: (root / "arrow.csv").write_text("later\n")  # noqa: E731
    later.times = 1
    each = lambda: (root / "always.csv").write_text(f"{time.time_ns()}\n")  # noqa: E731
    each.times = 2
    threads = [
        after(root, *each_) for each_ in (("wait", put_back), ("arrow", later), ("always", each))
    ]
    records = run(root)
    for thread in threads:
        thread.join()
    assert {what: record.attempts for what, record in records.items()} == {
        "wait": 2, "arrow": 2, "always": 2,
    }  # fmt: skip
    assert "before" in printed(root, "wait")
    assert "later" in printed(root, "arrow")
    assert all("kept 1" in printed(root, what) for what in records)
    assert why(root) == {"always": [f"data always.csv {inputs.CHANGED}"]}


class Server(BaseHTTPRequestHandler):
    """Answers with a table."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a\n1\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    connection.execute(line)
    print("done", flush=True)
"""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_servers_databases_and_own_files(root, address):
    """A server may say another thing each time; the log of a SQLite file counts; own files do not."""
    config(root, "server", "database", "output", address=address)
    # In a process of its own: to read a file here would end the locks that SQLite has on it.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", WRITER, root / "wal.db"], **pipes) as writer:

        def write(statement: str) -> None:
            print(statement, file=writer.stdin, flush=True)
            assert writer.stdout.readline() == "done\n"

        write("pragma journal_mode=wal")
        write("create table t (a)")
        run(root)
        unknown = f"data {address} may have changed, which shows only when they are read"
        assert why(root) == {"server": [unknown]}
        write("insert into t values (1)")
        assert set(why(root)) == {"server", "database"}
        writer.stdin.close()
    records = run(root)
    assert why(root) == {"server": [unknown]}
    assert records["output"].attempts <= 2


def test_a_kernel_of_another_environment_is_watched(root, monkeypatch):
    """Plain ipykernel, started cold: no number, name or output shows that notes were taken."""
    kernels = root / "jupyter/kernels/plain"
    kernels.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Plain", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(root / "jupyter"))
    content = json.loads(notebook("plain"))
    names = (
        "print(sorted(n for n in dir() if 'watch' in n or 'note' in n), len(In), os.getpid() > 0)"
    )
    content["cells"][-1:-1] = make_notebook([("code", "names", names)])["cells"]
    (root / "templates/mean.ipynb").write_text(json.dumps(content))
    config(root, "slow")
    (record,) = run(root).values()
    assert record.start == "cold"
    cell = json.loads(printed(root, "slow"))["cells"][-2]
    assert (cell["execution_count"], cell["outputs"][0]["text"]) == (5, ["[] 6 True\n"])
    assert why(root) == {}
    assert record.key["packages"]["ipykernel"]
    (root / "slow.csv").write_text("after\n")
    assert why(root) == {"slow": ["data slow.csv changed"]}


def test_force_keeps_the_good_result_until_the_new_one_is_there(root):
    """While it runs, after ``kill -9``, after Ctrl-C; then the new one, in the same place."""
    config(root, "slow")
    run(root)
    folder = root / "outputs/a/what=slow"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    call = [sys.executable, "-m", "fourfold", "run", "--force"]
    for kind in (signal.SIGKILL, signal.SIGINT):
        command = subprocess.Popen(call, cwd=root, stdout=subprocess.DEVNULL)
        new = root / "outputs/.new/a/what=slow/notebook.ipynb"
        deadline = time.monotonic() + 60
        while not new.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert {
            path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()
        } == before
        command.send_signal(kind)
        command.wait()
        if kind == signal.SIGKILL:
            kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
            assert kept == before
            assert why(root) == {}
    assert subprocess.run(call, cwd=root, capture_output=True).returncode == 0
    assert not (root / "outputs/.new").exists()
    record = read_record(folder / "record.json")
    assert record.ok
    assert (folder / "record.json").read_bytes() != before["record.json"]
    assert ".new" not in (folder / "notebook.ipynb").read_text()
    assert (folder / "artifacts").is_dir()
    assert why(root) == {}
    assert os.listdir(root / "outputs/a") == ["what=slow"] or set(
        os.listdir(root / "outputs/a")
    ) == {
        "what=slow",
        ".runs.json",
    }
