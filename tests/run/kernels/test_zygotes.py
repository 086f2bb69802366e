"""Forked kernels: ready at once, each its own, and gone with the process that asked for them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from subprocess import TimeoutExpired

import psutil
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from typer.testing import CliRunner

from fourfold.cli.main import app
from fourfold.records.record import read_record
from fourfold.run.kernels.machine import cores
from fourfold.run.kernels.process import Lost, Process, WarmError, send
from fourfold.run.kernels.provisioner import WarmProvisioner
from fourfold.run.kernels.zygotes import VOLATILE, Zygotes, available, own_folder, remove, sweep

pytestmark = pytest.mark.skipif(not available(), reason="kernels are forked on Linux only")
MODULES = ("numpy", "no_such_module_anywhere")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


@pytest.fixture
def zygotes():
    """Zygotes of their own, closed at the end."""
    made = Zygotes()
    yield made
    made.close()


@pytest.fixture
def kernel(tmp_path):
    """A kernel on the kernelspec of the package, and a function that runs code in it."""
    manager, client = start_new_kernel(kernel_name="fourfold", cwd=str(tmp_path))

    def run(code: str) -> str:
        told: list[str] = []

        def hook(message):
            content = message["content"]
            told.append(content.get("text", "") or "".join(content.get("traceback", [])))

        client.execute_interactive(code, output_hook=hook, timeout=30)
        return "".join(told).strip()

    run.manager, run.client = manager, client
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_the_kernelspec_starts_a_forked_kernel(kernel, tmp_path):
    """Through nothing but Jupyter's own interface; the folder is right, no library is there yet."""
    assert kernel.manager.provisioner.start == "warm"
    assert kernel("import os; print(os.getcwd())") == str(tmp_path)
    code = "import sys; print({'pandas', 'numpy', 'fourfold'} & set(sys.modules) or 'none')"
    assert kernel(code) == "none"
    assert kernel("import gc; print(gc.isenabled(), gc.get_freeze_count())") == "True 0"
    assert kernel("print(__name__, sys.path.count(''), len(sys.argv))") == "__main__ 1 4"


def test_a_forked_kernel_can_be_interrupted_and_restarted(kernel):
    """As any other; a restart is a new process where its clients look for it."""
    before = kernel("import os; print(os.getpid()); x = 1")
    assert before.isdigit()
    kernel.manager.interrupt_kernel()
    assert kernel("print(x)") == "1"
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=30)
    assert kernel("import os; print(os.getpid())") != before
    assert "NameError" in kernel("x")


def test_kernels_do_not_share_random_numbers():
    """Each is seeded anew after the fork, numpy's global state as well."""
    seen = []
    for _ in range(2):
        manager, client = start_new_kernel(kernel_name="fourfold")
        code = "import random, numpy; print(random.random(), numpy.random.random())"
        client.execute_interactive(
            code, output_hook=lambda m: seen.extend(m["content"].get("text", "").split())
        )
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert len(set(seen)) == 4


def test_a_kernel_gets_its_environment_and_tells_what_it_used(zygotes, tmp_path):
    """The end comes with exit code, CPU seconds and peak memory."""
    process = zygotes.kernel(MODULES, environment(FOURFOLD_ARTIFACTS="here"), tmp_path)
    assert process.poll() is None
    told = Path(f"/proc/{process.pid}/cwd").readlink()
    assert told == tmp_path
    with pytest.raises(TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(5) == -signal.SIGKILL
    assert process.poll() == -signal.SIGKILL
    assert process.usage["cpu_s"] > 0
    assert process.usage["peak_mb"] > 10


def test_kernels_ahead_are_handed_out_at_once(zygotes):
    """The first waits for imports; the others were there before they are asked for."""
    first = zygotes.kernel(MODULES, environment(), None, ahead=2)
    time.sleep(1.5)
    ready = {child.pid for child in psutil.Process(first.pid).parent().children()} - {first.pid}
    pids = {zygotes.kernel(MODULES, environment(), None).pid for _ in range(2)}
    assert len(pids) == 2
    assert pids <= ready


def test_a_killed_zygote_takes_its_kernels_along_and_is_replaced(zygotes):
    """Who waits for a kernel of it learns that it is dead; the next one comes from another."""
    first = zygotes.kernel(MODULES, environment(), None)
    for pid in zygotes.pids():
        os.kill(pid, signal.SIGKILL)
    assert first.wait(5) == -signal.SIGKILL
    assert first.usage == {}
    _gone([first.pid])
    second = zygotes.kernel(MODULES, environment(), None)
    assert second.poll() is None


def test_a_zygote_whose_folder_is_gone_is_replaced(zygotes):
    """Somebody has cleared the temporary folder; no kernel of it could open its sockets."""
    first = zygotes.kernel((), environment(), None)
    shutil.rmtree(Path(first.connection["ip"]).parent)
    second = zygotes.kernel((), environment(), None)
    assert Path(second.connection["ip"]).parent.exists()
    assert (first.poll(), second.poll()) == (None, None)
    zygotes.close()
    _gone([first.pid, second.pid])


def test_a_killed_branch_is_replaced(zygotes):
    """The process that imported a template's libraries, not the one above it."""
    first = zygotes.kernel(MODULES, environment(), None)
    (root,) = zygotes.pids()
    (branch,) = psutil.Process(root).children()
    branch.kill()
    assert first.wait(5) == -signal.SIGKILL
    assert zygotes.kernel(MODULES, environment(), None).poll() is None
    assert zygotes.pids() == [root]


def test_another_environment_is_another_zygote(zygotes):
    """Libraries read variables while they are imported; a few environments are enough."""
    processes = [zygotes.kernel((), environment(ANY=str(number)), None) for number in range(4)]
    assert len(zygotes.pids()) == 4
    for number, process in enumerate(processes):
        content = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
        assert f"ANY={number}" in content
    with pytest.raises(WarmError, match="too many"):
        zygotes.kernel((), environment(ANY="5"), None)
    changed = environment(ANY="0", **dict.fromkeys(VOLATILE, "another"))
    assert zygotes.kernel((), changed, None).poll() is None
    before = zygotes.pids()
    processes[1].kill()
    processes[1].wait(5)
    assert zygotes.kernel((), environment(ANY="5"), None).poll() is None
    assert len(set(before) & set(zygotes.pids())) == 3


def test_nothing_is_left_after_the_end(zygotes):
    """No process, no folder."""
    before = _folders()
    process = zygotes.kernel(MODULES, environment(), None, ahead=2)
    family = [child.pid for pid in zygotes.pids() for child in psutil.Process(pid).children(True)]
    assert process.pid in family
    pids = [*zygotes.pids(), *family]
    assert len(_folders() - before) == 1
    zygotes.close()
    _gone(pids)
    assert _folders() - before == set()


OWN = (
    "from fourfold.run.kernels.zygotes import own_folder; print(own_folder(), flush=True); input()"
)


def test_what_a_killed_process_left_is_swept():
    """Whatever its number is; the folder of a living process stays, whatever its number is."""
    call = [sys.executable, "-c", OWN]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(call, **pipes) as other, subprocess.Popen(call, **pipes) as killed:
        living, stale = (Path(each.stdout.readline().strip()) for each in (other, killed))
        own = own_folder()
        # As a process of another container has it, whose number is nobody's here.
        living = living.rename(living.with_name("fourfold-4194999-abcdefgh"))
        killed.kill()
        killed.wait()
        stale = stale.rename(stale.with_name(f"fourfold-{os.getpid()}-stale"))
        sweep()
        assert (own.exists(), living.exists(), stale.exists()) == (True, True, False)
        other.communicate("")
        sweep()
        assert not living.exists()
    remove(own)
    assert not own.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of processes takes root")
@pytest.mark.commands
def test_containers_may_share_a_temporary_folder(project, config):
    """A batch beside another whose processes have numbers of their own takes nothing from it."""
    config("template: tiny\nsweep: {grid: {seed: [1, 2, 3, 4, 5, 6]}}\n")
    run = [sys.executable, "-m", "fourfold", "run", "--workers", "1"]
    inside = ["unshare", "--pid", "--fork", "--mount-proc", *run, "--outputs", "inside"]
    if subprocess.run([*inside[:4], "true"], capture_output=True).returncode:
        pytest.skip("no namespaces here")
    with subprocess.Popen(
        run, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as outside:
        assert "ok" in next(line for line in outside.stdout if "/6 " in line)
        done = subprocess.run([*inside, "--force"], cwd=project, capture_output=True, text=True)
        assert "6 runs, 0 failed" in done.stdout, done.stdout + done.stderr
        assert "6 runs, 0 failed" in outside.communicate()[0]
    records = [read_record(path) for path in project.glob("outputs/a/*/record.json")]
    assert {record.start for record in records} == {"warm"}


def test_a_kernel_that_ends_before_it_is_ready_is_lost():
    """Its zygote says how it ended, which is no kernel; another is asked for."""
    ours, theirs = socket.socketpair()
    with theirs:
        send(theirs, {"code": -9, "cpu_s": 0.0, "peak_mb": 0.0})
        with pytest.raises(Lost):
            Process(ours)


def _folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"fourfold-{os.getpid()}-*"))


def test_no_zygote_outlives_a_killed_process():
    """``kill -9`` of the process that asked, while a kernel computes."""
    code = """
        import os, sys, time
        from fourfold.run.kernels.zygotes import ZYGOTES
        process = ZYGOTES.kernel(("numpy",), dict(os.environ), None, ahead=1)
        print(process.pid, *ZYGOTES.pids(), flush=True)
        time.sleep(60)
    """
    call = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as asked:
        pids = list(map(int, asked.stdout.readline().split()))
        family = [c.pid for c in psutil.Process(asked.pid).children(recursive=True)]
        assert len(pids) == 2
        assert set(pids) <= set(family)
        asked.kill()
    _gone(family)


def test_a_cold_start_serves_where_nothing_can_be_forked(monkeypatch):
    """Asked for by a variable, or since the kernel has options that a fork does not know."""
    monkeypatch.setenv("FOURFOLD_COLD", "1")
    assert _start() == "cold"
    monkeypatch.delenv("FOURFOLD_COLD")
    assert _start(extra_arguments=["--Session.debug=False"]) == "cold"
    assert _start() == "warm"


def _start(**options) -> str:
    manager = KernelManager(kernel_name="fourfold")
    manager.start_kernel(**options)
    assert isinstance(manager.provisioner, WarmProvisioner)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return manager.provisioner.start


def _gone(pids: list[int], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if _alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_signal_to_a_kernel_that_has_just_ended_is_none():
    """Between its end and the word of it lies a moment; the signal of a stop fell into it once."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(theirs, {"pid": gone.pid, "connection": {}})
        kernel = Process(ours)
        kernel.terminate()
        kernel.kill()
        assert kernel.poll() is None


@pytest.mark.parametrize("length", [60, 90, 250])
def test_the_temporary_folder_may_have_a_long_name(length, tmp_path, monkeypatch, zygotes):
    """A socket's path may not, so it lies elsewhere, and goes away as well."""
    long = tmp_path / ("t" * max(1, length - len(str(tmp_path))))
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    process = zygotes.kernel((), environment(TMPDIR=str(long)), tmp_path)
    assert process.poll() is None
    folder = Path(process.connection["ip"]).parent
    assert len(f"{process.connection['ip']}-5") <= 107
    assert folder.exists()
    zygotes.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        ({"pandas.py": ""}, ("pandas",)),
        ({"joblib/__init__.py": ""}, ("sklearn",)),
        ({"cProfile.py": ""}, ("numpy",)),
        ({"fourfold.py": ""}, ("fourfold",)),
        ({"matplotlibrc": ""}, ("matplotlib",)),
    ],
)
def test_what_a_local_file_would_change_is_not_imported_ahead(files, modules, zygotes, tmp_path):
    """A cold start finds the local module, and so does the notebook."""
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(WarmError, match=f"lies in {tmp_path}"):
        zygotes.kernel(modules, environment(), tmp_path)
    assert zygotes.kernel((), environment(), tmp_path).poll() is None


def test_kernels_with_and_without_common_imports_are_told_apart(zygotes):
    """What notebooks have in common is in no kernel of one that does not import it."""
    stocks = {("numpy", "pandas"): 1, ("numpy", "scipy"): 1}
    zygotes.prepare(stocks, environment())
    loaded = []
    for modules in (*stocks, ()):
        maps = Path(f"/proc/{zygotes.kernel(modules, environment(), None).pid}/maps").read_text()
        loaded.append([name in maps for name in ("/numpy/", "/pandas/", "/scipy/")])
    assert loaded == [[True, True, False], [True, False, loaded[1][2]], [False, False, False]]


def test_what_was_imported_ahead_serves_the_runs(project, config, monkeypatch):
    """One zygote for a command, begun before its runs and their threads are known."""
    started, start = [], Zygotes._start
    monkeypatch.setattr(Zygotes, "_start", lambda *args: started.append(args[1]) or start(*args))
    template = project / "templates" / "tiny.ipynb"
    look = "import numpy\nfrom threadpoolctl import threadpool_info\n"
    look += "ff.record('threads', threadpool_info()[0]['num_threads'], exact=True)"
    notebook = json.loads(template.read_text())
    next(cell for cell in notebook["cells"] if cell["id"] == "eda-look")["source"] = look
    template.write_text(json.dumps(notebook))
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    for only, threads in (([], 1), (["--only", "scale=1", "--force"], cores())):
        arguments = ["run", "--root", str(project), "--workers", str(cores() // threads), *only]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert len(started) == 1
        started.clear()
        record = read_record(project / "outputs" / "a" / "scale=1" / "record.json")
        assert record.start == "warm"
        assert record.metrics["threads"].value == threads
