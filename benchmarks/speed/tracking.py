"""What does tracking in MLflow cost, and is anything lost or doubled?

``python benchmarks/speed/tracking.py [--runs 200] [--workers 8] [--times 3]`` starts PostgreSQL (of
Debian's package, as an unprivileged user) and a real ``mlflow server`` on it, both on this machine.

1. A sweep of short runs by ``fourfold run``, in turn without tracking, tracked, and tracked with no
   server there: seconds, and what a run costs more.
2. The sweep again, while the server is killed (``kill -9``) at a quarter and at three quarters and
   started again, and the runner is killed at half and the same command given again; then
   ``fourfold track``. Each result must be one MLflow run with its parameter, metric and files,
   below one parent; nothing may be lost or doubled, nor by sending all once more. Then five runs
   are executed again, which must be five more.
3. The sweep once more into a file, ``sqlite:///``, and read by what the template `comparison` uses.
4. Two models are promoted as ``it``, the second while the server is killed, and rolled back; the
   same in a file. The registered model must have the two versions, each of its run and with the
   files of its model, and the alias ``champion`` must be where ``models/it.yaml`` says.

The server is of the environment of the nox session ``tracking``, where the runner of the third part
is as well; the runner of the others is of this Python, and needs no mlflow. Exit code 1 if a result
is missing, doubled or another, or if a tracked run costs over 60 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from measure import ROOT, keep
from small import project, project_of_models

MOST_MS = 60
PYTHON = ROOT / ".nox" / "tracking" / "bin" / "python"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
LIGHT = {  # no telemetry, and no processes for jobs that nobody asks for
    **{"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    **{"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
}
READ = """
import sys
from fourfold.data.sources import load
from fourfold.methods.comparison import read_runs
runs = read_runs(load(sys.argv[1], "select * from runs").frame, sys.argv[1])
print(len(runs.table), *runs.repeats, *(m for m in runs.metrics if m == "mean"))
"""
#: Version, config and files of a champion, as MLflow's own client has them.
CHAMPION = """
import sys
from pathlib import Path
import mlflow
uri, name, folder = sys.argv[1:]
mlflow.set_tracking_uri(uri)
version = mlflow.MlflowClient().get_model_version_by_alias(name, "champion")
config = mlflow.get_run(version.run_id).data.tags["fourfold.config"]
got = Path(mlflow.artifacts.download_artifacts(f"models:/{name}@champion"))
digest = version.tags["fourfold.digest.model"][:12]
names = {path.name for path in got.iterdir()} - {"registered_model_meta"}
kept = {path.name: path.read_bytes() for path in Path(folder, digest).iterdir()}
same = names == set(kept) and all((got / n).read_bytes() == kept[n] for n in names)
print(version.version, config, "same" if same else f"other: {sorted(names)}")
"""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Serve an empty database in a folder, on a socket there alone; give its address."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not versions:
        raise SystemExit("expected PostgreSQL: apt-get install postgresql")
    who: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    folder.mkdir()
    if who:
        shutil.chown(folder, "postgres", "postgres")
    data, options = str(folder / "data"), {"cwd": folder, **who, **QUIET}
    make = [versions[-1] / "initdb", "-D", data, "-A", "trust", "-U", "mlflow", "--no-sync"]
    subprocess.run([*make, "-E", "UTF8"], check=True, **options)
    # No TCP at all: `-h ''`.
    serve = [versions[-1] / "postgres", "-D", data, "-k", str(folder), "-h", ""]
    server = subprocess.Popen(serve, **options)
    try:
        create = [versions[-1] / "createdb", "-h", str(folder), "-U", "mlflow", "mlflow"]
        for _ in range(300):
            if subprocess.run(create, **options).returncode == 0:
                break
            time.sleep(0.2)
        yield f"postgresql+psycopg2://mlflow@/mlflow?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


class Mlflow:
    """A real ``mlflow server``, which can be killed and started again."""

    def __init__(self, python: Path, database: str, artifacts: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._log = artifacts.parent / "mlflow.log"
        self.address, self.artifacts = f"http://127.0.0.1:{port}", artifacts
        self._call = [python, "-m", "mlflow", "server", "--backend-store-uri", database]
        self._call += ["--artifacts-destination", artifacts, "--host", "127.0.0.1"]
        self._call += ["--port", str(port), "--workers", "1"]

    def start(self) -> None:
        """Start it, without waiting for it."""
        env = {**os.environ, **LIGHT}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._call,
                env=env,
                cwd=self.artifacts.parent,
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + 180
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/health", timeout=5):
                return
            time.sleep(0.3)
        raise SystemExit(f"the server of MLflow did not start:\n{self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End it with all its processes, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, path: str, body: Any = None) -> Any:
        """Return an answer of its REST API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/2.0/mlflow/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self, experiment: str) -> list[dict[str, Any]]:
        """Return all runs of an experiment."""
        found = self.ask(f"experiments/get-by-name?experiment_name={experiment}")["experiment"]
        body = {"experiment_ids": [found["experiment_id"]], "max_results": 1000}
        runs, token = [], ""
        while token is not None:
            answer = self.ask("runs/search", {**body, "page_token": token})
            runs, token = runs + answer.get("runs", []), answer.get("next_page_token")
        return runs


def tracked(root: Path, address: str, name: str) -> Path:
    """Say where the runs of a project are tracked; nowhere if the address is empty."""
    line = f'[tool.fourfold]\ntracking = "{address}"\n' if address else ""
    (root / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n{line}')
    return root


def cpu_s() -> float:
    """Return the seconds of the processor that ended commands took, their senders included."""
    times = os.times()
    return times.children_user + times.children_system


def fourfold(root: Path, *arguments: str, python: Path | str = sys.executable) -> tuple[float, str]:
    """Return the seconds that a command took, and what it says of tracking."""
    started = time.perf_counter()
    call = [python, "-m", "fourfold", *arguments]
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("tracking: ")]
    return seconds, lines[-1] if lines else ""


def records(root: Path) -> list[Path]:
    """Return the records on disk."""
    return list((root / "outputs" / "short").glob("*/record.json"))


def wrong(root: Path, server: Mlflow, name: str, again: int = 0) -> list[str]:
    """Return what MLflow lacks, has twice or has otherwise than the records of a project.

    Parameters
    ----------
    root : Path
    server : Mlflow
    name : str
        Of the experiment.
    again : int
        Runs that have been executed a second time.
    """
    complaints, parents = [], set()
    by_id: dict[str, list[dict[str, Any]]] = {}
    runs = server.runs(name)
    for run in runs:
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
        if parent := tags.get("mlflow.parentRunId"):
            parents.add(parent)
            key = f"{tags['fourfold.run']} {tags['fourfold.started_at']}"
            by_id.setdefault(key, []).append(run)
    others = {run["info"]["run_id"] for run in runs} - {
        run["info"]["run_id"] for group in by_id.values() for run in group
    }
    if len(parents) != 1 or others != parents:
        complaints.append(f"{len(parents)} parents, {len(others)} runs without one")
    paths = records(root)
    if (count := sum(map(len, by_id.values()))) != len(paths) + again:
        complaints.append(f"{count} runs in MLflow for {len(paths)} results and {again} again")
    for path in paths:
        record = json.loads(path.read_text())
        group = by_id.get(f"{record['run_id']} {record['started_at']}", [])
        if len(group) != 1:
            complaints.append(f"{record['run_id']}: {len(group)} runs")
            continue
        info, data = group[0]["info"], group[0]["data"]
        values = {each["key"]: each["value"] for each in data["metrics"]}
        given = {each["key"]: each["value"] for each in data["params"]}
        if values["mean"] != record["metrics"]["mean"]["value"]:
            complaints.append(f"{record['run_id']}: another metric")
        if given["seed"] != str(record["parameters"]["seed"]) or info["status"] != "FINISHED":
            complaints.append(f"{record['run_id']}: another parameter or status")
        folder = server.artifacts / info["experiment_id"] / info["run_id"] / "artifacts"
        files = ("notebook.ipynb", "report.html", "record.json")
        others = [f for f in files if (folder / f).read_bytes() != path.with_name(f).read_bytes()]
        complaints += [f"{record['run_id']}: another {file}" for file in others]
    return complaints


def cost(folder: Path, server: Mlflow, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of a batch without tracking, with it, and while no server is there."""
    seconds: dict[str, list[float]] = {"without": [], "tracked": [], "away": []}
    addresses = {"without": "", "tracked": server.address, "away": "http://127.0.0.1:9"}
    busy: dict[str, float] = dict.fromkeys(seconds, 0.0)
    lines, complaints = {}, []
    for number in range(asked.times):
        for kind, address in addresses.items():
            name = f"{kind}-{number}"
            root = tracked(project(folder / name, asked.runs), address, name)
            before = cpu_s()
            took, lines[kind] = fourfold(root, "run", "--workers", str(asked.workers), "--quiet")
            seconds[kind].append(took)
            busy[kind] += cpu_s() - before
            if kind == "tracked":
                fourfold(root, "track")
                complaints += wrong(root, server, name)
    pairs = zip(seconds["without"], seconds["tracked"], seconds["away"], strict=True)
    more = [((t - w) / asked.runs, (a - w) / asked.runs) for w, t, a in pairs]
    return {
        "seconds": {kind: [round(s, 1) for s in each] for kind, each in seconds.items()},
        "cpu_s": {kind: round(each / asked.times, 1) for kind, each in busy.items()},
        "ms_a_run_tracked": round(1000 * statistics.median(t for t, _ in more), 1),
        "ms_a_run_server_away": round(1000 * statistics.median(a for _, a in more), 1),
        "lines": lines,
        "wrong": complaints,
    }


def interrupted(folder: Path, server: Mlflow, asked: argparse.Namespace) -> dict[str, Any]:
    """Kill the server twice and the runner once; return what is wrong afterwards."""
    root = tracked(project(folder / "killed", asked.runs), server.address, "killed")
    call = [sys.executable, "-m", "fourfold", "run", "--workers", str(asked.workers), "--quiet"]
    sent = []

    def runner() -> subprocess.Popen[bytes]:
        return subprocess.Popen(call, cwd=root, **QUIET)

    def until(share: float) -> None:
        while len(records(root)) < share * asked.runs:
            time.sleep(0.02)

    def kill() -> None:
        server.kill()
        sent.append(len(list(server.artifacts.rglob("record.json"))))
        server.start()

    batch = runner()
    until(0.25)
    kill()
    until(0.5)
    batch.kill()
    batch.wait()
    server.wait()  # so that there is something to be killed
    batch = runner()
    until(0.75)
    kill()
    batch.wait()
    server.wait()
    _, line = fourfold(root, "track")
    complaints = wrong(root, server, "killed")
    _, once_more = fourfold(root, "track")
    _, nothing = fourfold(root, "run", "--quiet")
    complaints += wrong(root, server, "killed")
    fourfold(root, "run", "--force", "--only", "seed<5", "--quiet")
    fourfold(root, "track")
    complaints += wrong(root, server, "killed", again=5)
    executed = Counter(json.loads(path.read_text())["status"] for path in records(root))
    said = {"after": line, "once more": once_more, "nothing to do": nothing}
    return {"results": executed, "sent at kills": sent, "lines": said, "wrong": complaints}


def local(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Track a sweep in a file; return seconds, and how `comparison` reads it."""
    root = tracked(project(folder / "file", asked.runs), "sqlite:///mlflow.db", "file")
    workers = ("--workers", str(asked.workers))
    seconds, line = fourfold(root, "run", *workers, "--quiet", python=asked.python)
    fourfold(root, "track", python=asked.python)
    read = subprocess.run(
        [asked.python, "-c", READ, f"sqlite:///{root / 'mlflow.db'}"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    right = f"{asked.runs} seed mean"
    complaints = [] if read == right else [f"comparison reads {read!r}, expected {right!r}"]
    return {"seconds": round(seconds, 1), "line": line, "wrong": complaints}


def aliases(
    folder: Path, address: str, client: Path, python: Path | str, server: Mlflow | None = None
) -> dict[str, Any]:
    """Promote two models and go back to the first; return what was said and what is wrong.

    Parameters
    ----------
    folder : Path
        To be made.
    address : str
        Of MLflow; of a file, relative to the folder.
    client, python : Path
        Of MLflow, and of Fourfold.
    server : Mlflow, optional
        Is killed before the second promotion, and started again after it.
    """
    root = tracked(project_of_models(folder), address, folder.name)
    uri = address.replace(":///", f":///{root}/")
    lines, complaints = [], []

    def step(champion: str, *arguments: str) -> None:
        started = time.perf_counter()
        lines.append(fourfold(root, *arguments, python=python)[1])
        lines[-1] += f" ({time.perf_counter() - started:.1f} s)"
        if champion:
            call = [client, "-c", CHAMPION, uri, "it", str(root / "models" / "it")]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.stdout.strip() != champion:
                complaints.append(f"{arguments}: got {done.stdout}{done.stderr[-300:]}, {champion}")

    as_it = ("--as", "it", "--approver", "Ada")
    step("", "run", "--quiet")
    step("1 poor same", "promote", "poor", *as_it)
    if server:
        server.kill()
    step("" if server else "2 good same", "promote", "good", *as_it)
    if server:
        server.start()
        server.wait()
    step("2 good same", "run", "--quiet")
    step("1 poor same", "promote", "--rollback", *as_it, "--because", "a test")
    step("1 poor same", "track")
    return {"lines": lines, "wrong": complaints}


def main() -> int:
    """Print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--python", type=Path, default=PYTHON, help="One that has mlflow.")
    parser.add_argument("--bar", type=float, default=MOST_MS, help="Milliseconds a run; 0: none.")
    asked = parser.parse_args()
    os.environ.update(LIGHT)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    figures: dict[str, Any] = {"runs": asked.runs, "workers": asked.workers}
    with tempfile.TemporaryDirectory(prefix="tracking-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # for the user of the database
        (folder / "artifacts").mkdir()
        with postgres(folder / "postgres") as database:
            server = Mlflow(asked.python, database, folder / "artifacts")
            server.start()
            try:
                server.wait()
                figures["cost"] = cost(folder, server, asked)
                print(json.dumps(figures["cost"], indent=1), flush=True)
                figures["killed"] = interrupted(folder, server, asked)
                print(json.dumps(figures["killed"], indent=1), flush=True)
                place, by = folder / "models", sys.executable
                figures["aliases"] = aliases(place, server.address, asked.python, by, server)
                print(json.dumps(figures["aliases"], indent=1), flush=True)
            finally:
                server.kill()
        figures["file"] = local(folder, asked)
        print(json.dumps(figures["file"], indent=1))
        place, by = folder / "models-in-a-file", asked.python
        figures["aliases in a file"] = aliases(place, "sqlite:///mlflow.db", by, by)
        print(json.dumps(figures["aliases in a file"], indent=1))
    parts = ("cost", "killed", "aliases", "file", "aliases in a file")
    complaints = [c for part in parts for c in figures[part]["wrong"]]
    slow = asked.bar and figures["cost"]["ms_a_run_tracked"] > asked.bar
    keep("tracking", figures)
    print("\n".join(complaints) or "nothing lost, nothing doubled")
    return int(bool(complaints or slow))


if __name__ == "__main__":
    raise SystemExit(main())
