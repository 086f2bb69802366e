"""What `fourfold deploy slurm` writes, in a real Slurm of one node: an array, killed and run again."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.integration

CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=32000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
#: The file is no input: its name stands nowhere as a whole.
PAUSED = "import os\nimport time\n\nif os.path.exists('wols'[::-1]) and seed >= 2:\n    time.sleep(300)\n"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment of commands of Slurm: one node, whose daemons end with the tests."""
    programs = ("munged", "slurmctld", "slurmd", "sbatch")
    if missing := [name for name in programs if not shutil.which(name)]:
        assert not os.environ.get("CI"), f"expected Slurm where CI runs, found no {missing}"
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurm-wlm munge")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(64))
    (folder / "munge.key").chmod(0o600)
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [each.getsockname()[1] for each in free]
    for each in free:
        each.close()
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=socket.gethostname(), ports=ports, folder=folder))
    environment = {**os.environ, "SLURM_CONF": str(config)}
    munge = [f"--{name}={folder}/munge.{name.split('-')[0]}" for name in ("key-file", "socket")]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
    calls = [
        ["munged", "--foreground", "--force", *munge],
        ["slurmctld", "-D", "-c"],
        ["slurmd", "-D"],
    ]
    daemons = []
    try:
        for call in calls:
            with (folder / f"{call[0]}.out").open("w") as out:
                daemons.append(subprocess.Popen(call, env=environment, stdout=out, stderr=out))
            if call[0] == "munged":
                wait_for(lambda: (folder / "munge.socket").exists())
        wait_for(lambda: "idle" in said(["sinfo", "-h", "-o", "%T"], environment, check=False))
        yield environment
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)


def wait_for(condition, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def said(call: list[str], environment: dict[str, str], cwd: Path | None = None, check=True) -> str:
    done = subprocess.run(
        call, env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done.stdout + done.stderr * (not check)


@pytest.fixture
def project(tmp_path) -> Path:
    """Four runs, of which two wait as long as there is a file ``slow``."""
    root = tmp_path / "shop"
    for folder in ("templates", "params", ".venv"):
        (root / folder).mkdir(parents=True)
    (root / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    cells = [(kind, name, PAUSED if name == "eda-look" else text) for kind, name, text in CELLS]
    (root / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    (root / "numbers.csv").write_text("n\n1\n")
    (root / "params" / "a.yaml").write_text("template: tiny\nsweep: {repeat: {seed: 4}}\n")
    return root


def fourfold(root: Path, *arguments: str, code: int = 0) -> str:
    call = [sys.executable, "-m", "fourfold", *arguments]
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def submitted(root: Path, environment: dict[str, str], *options: str) -> str:
    return said(["sbatch", "--parsable", *options, "deploy/slurm.sh"], environment, root).strip()


def state(job: str, environment: dict[str, str]) -> str:
    return said(["squeue", "-h", "-j", job, "-o", "%T"], environment, check=False)


def is_over(job: str, environment: dict[str, str]) -> bool:
    """Whether no task of a job is queued or runs; those that have ended may still be listed."""
    words = ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING")
    return not any(word in state(job, environment) for word in words)


def test_an_array_runs_all_once_also_if_a_task_is_killed(slurm, project):
    """One task is cancelled at once, with its kernel; it alone is submitted again."""
    fourfold(project, "deploy", "slurm", "--shards", "2")
    (project / "slow").touch()
    job = submitted(project, slurm)
    shards = project / "outputs" / "shards"
    wait_for(lambda: len(list(shards.glob("*/a/*/record.json"))) == 2)
    wait_for(lambda: len(list(shards.glob("*/a/*/params.yaml"))) == 4)
    said(["scancel", "--signal=KILL", "--full", job], slurm)
    said(["scancel", job], slurm, check=False)
    wait_for(lambda: is_over(job, slurm))
    result = json.loads(fourfold(project, "gather", "--json", code=1))
    assert sorted(result["new"]) == ["a/seed=0", "a/seed=1"]
    assert sorted(result["missing"]) == ["a/seed=2", "a/seed=3"]
    (project / "slow").unlink()
    # Alone, a task is still the second of two.
    again = submitted(project, slurm, "--array=2")
    wait_for(lambda: is_over(again, slurm))
    result = json.loads(fourfold(project, "gather", "--json", code=1))
    assert len(result["new"]) == 1
    last = submitted(project, slurm)
    wait_for(lambda: is_over(last, slurm))
    result = json.loads(fourfold(project, "gather", "--json"))
    assert (len(result["new"]), result["there"], result["missing"]) == (1, 3, [])
    assert result["notes"] == []
    logs = "".join(path.read_text() for path in project.glob("*.log"))
    assert "nothing to do: 2 runs unchanged" in logs
