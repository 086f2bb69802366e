"""How many runs go at a time, and which first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.spec import RunSpec
from fourfold.run import schedule
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.kernels.client import OutOfMemory, ending
from fourfold.run.kernels.machine import (
    cores,
    kernel_env,
    memory_mb,
    observed,
    oom_kills,
    with_energy,
)
from fourfold.run.schedule import scheduled, workers_for
from fourfold.run.selection import Todo


def todo(name: str, expected_s=None, expected_mb=None, template: str = "t") -> Todo:
    spec = RunSpec("a", name, "a.yaml", template, f"{template}.ipynb", {})
    return Todo(spec, Fingerprint("", {}, ""), (), expected_s, expected_mb)


def test_a_container_bounds_cores_and_memory(tmp_path):
    """By the files of its control group; without them, by the machine."""
    everything = (cores(tmp_path), memory_mb(tmp_path))
    assert everything[0] >= 1
    assert everything[1] > 10
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text(f"{80 * 2**20}\n")
    (tmp_path / "memory.current").write_text(f"{30 * 2**20}\n")
    assert (cores(tmp_path), memory_mb(tmp_path)) == (1, 50)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert cores(tmp_path) == everything[0]
    assert memory_mb(tmp_path) > 50


def test_workers_fit_cores_memory_and_runs(monkeypatch):
    """As asked, where it is asked; else as many as the largest run fits into memory."""
    monkeypatch.setattr(schedule, "cores", lambda: 8)
    monkeypatch.setattr(schedule, "memory_mb", lambda: 4000.0)
    many = [todo(str(number), expected_mb=100) for number in range(20)]
    assert workers_for(many) == 8
    assert workers_for([*many, todo("large", expected_mb=1500)]) == 2
    assert workers_for([*many, todo("new")]) == 8
    assert workers_for([*many, todo("huge", expected_mb=9000)]) == 1
    assert workers_for(many[:3]) == 3
    assert workers_for([*many, todo("huge", expected_mb=9000)], asked=12) == 12
    assert workers_for([]) == 1


def names(items: list[Todo]) -> list[str]:
    return [item.spec.run_id for item in items]


def test_the_longest_run_goes_first_or_the_cheapest():
    """Anything of which nothing is known may be the longest."""
    items = [todo("short", 1.0), todo("long", 9.0), todo("new"), todo("middle", 5.0)]
    assert names(scheduled(items)) == ["new", "long", "middle", "short"]
    assert names(scheduled(items, "cheapest")) == ["short", "middle", "long", "new"]


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=30))
def test_a_schedule_loses_no_run_and_starts_with_the_longest(durations):
    """Whatever is known of them; equal ones keep their order."""
    items = [todo(str(number), seconds) for number, seconds in enumerate(durations)]
    order = names(scheduled(items))
    assert sorted(order) == sorted(names(items))
    if None not in durations:
        longest = sorted(range(len(items)), key=lambda i: -durations[i])
        assert [int(name) for name in order] == longest


def test_workers_times_threads_are_the_cores(tmp_path, monkeypatch):
    """Threads of several kernels would wait for each other; who sets a number keeps it."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    env = kernel_env(tmp_path)
    assert (env["OMP_NUM_THREADS"], env["OPENBLAS_NUM_THREADS"]) == ("1", "1")
    assert env["FOURFOLD_ARTIFACTS"] == str(tmp_path)
    assert kernel_env(None, 4)["MKL_NUM_THREADS"] == "4"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert kernel_env(tmp_path, 4)["OMP_NUM_THREADS"] == "3"


def test_the_memory_killer_is_told_from_other_ends(tmp_path):
    """By the system's own count of what it killed."""
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("nr_free_pages 5\noom_kill 3\nswap_ra 0\n")
    assert oom_kills(vmstat) == 3
    assert oom_kills(tmp_path / "missing") == 0
    assert ending(-9) == "the kernel died: SIGKILL"
    assert ending(3) == "the kernel died: exit code 3"
    peak = "killed: out of memory, with a peak of"
    assert str(OutOfMemory(812.4, exact=False)) == f"{peak} at least 812 MB"
    assert str(OutOfMemory(3210.4)) == f"{peak} 3,210 MB"


def test_cost_is_observed_of_living_processes():
    """Of others nothing is known, and nothing invented."""

    class Us:
        pid = __import__("os").getpid()

    seen = with_energy(observed(Us))
    assert seen["peak_mb"] > 20
    assert seen["energy_wh"] == pytest.approx(seen["cpu_s"] * 3.5 / 3600, abs=1e-6)
    assert observed(None) == {}
    assert with_energy({}) == {}
