"""Durations of earlier runs: what is expected of new ones, when a batch ends, what hangs."""

from __future__ import annotations

import heapq
from dataclasses import replace

import pytest

from fourfold.plan.spec import RunSpec
from fourfold.records.record import RunRecord, write_record
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.past import Forecast, Past
from fourfold.run.selection import Todo

DAY_S, HOUR_S = 86400.0, 3600.0


def todo(name: str, expected_s=None, template="t", **parameters) -> Todo:
    spec = RunSpec("a", name, "a.yaml", template, f"{template}.ipynb", parameters)
    return Todo(spec, Fingerprint("", {}, ""), (), expected_s)


@pytest.fixture
def outputs(tmp_path):
    """Runs of a template: those with n = 9 take 90 s whatever k is, the others 10 s."""
    for number in range(12):
        n, k = (9, 1)[number % 2], number % 3
        run = RunRecord(
            "a", f"n{number}", "t", "ok", {"n": n, "k": k, "id": number}, [], "", 10.0 * n
        )
        write_record_in(tmp_path, run)
    write_record_in(tmp_path, replace(run, run_id="bad", status="failed", duration_s=5000.0))
    return tmp_path


def write_record_in(outputs, run):
    (outputs / "a" / run.run_id).mkdir(parents=True)
    write_record(run, outputs / "a" / run.run_id / "record.json")


def test_a_new_run_is_expected_to_take_as_long_as_its_like(outputs):
    """By the parameter that matters; a value that is new is like all; an own duration stands."""
    asked = [
        todo("1", n=9, k=1, id=77),
        todo("2", n=1, k=1, id=78),
        todo("3", n=5, k=2),
        todo("4", 3.0),
    ]
    runs = list(map(Past(outputs).known, [*asked, todo("other", template="other")]))
    assert [run.expected_s for run in runs] == [90.0, 10.0, 50.0, 3.0, None]


def test_a_hang_is_what_takes_far_longer_than_its_like(outputs):
    """At least an hour, 20 times the longest that ended well, a day where nothing is known."""
    known, other = map(Past(outputs).known, [todo("1"), todo("2", template="other")])
    assert (known.limit_s, other.limit_s) == (HOUR_S, DAY_S)
    long = RunRecord("a", "long", "t", "ok", {}, [], "", 400.0)
    write_record_in(outputs, long)
    assert Past(outputs).known(todo("1")).limit_s == 8000.0


def simulated(seconds, expected, workers, start_s=0.0):
    """Forecasts of a batch at each end of a run, with the time that was really left."""
    items = [todo(str(n), each) for n, each in enumerate(expected)]
    forecast = Forecast(items, workers)
    queue, free = list(enumerate(seconds)), [(0.0, 0.0, None)] * workers
    forecasts, active, now, order = [(0.0, forecast.left_s({}))], {}, 0.0, []
    while free:
        now, since, name = heapq.heappop(free)
        if name is not None:
            del active[name]
            forecast.ended(name, now - since)
            forecasts.append((now, forecast.left_s({n: now - s for n, s in active.items()})))
        if queue:
            number, length = queue.pop(0)
            active[f"a/{number}"] = now
            heapq.heappush(
                free, (now + length + (start_s if len(order) < workers else 0), now, f"a/{number}")
            )
            order.append(number)
    return [(now, left, forecasts[-1][0] - now) for now, left in forecasts]


def test_what_is_known_of_each_run_is_the_forecast():
    """The first runs take 60 times as long as the last: their mean would be far off."""
    seconds = [60.0] * 10 + [1.0] * 200
    for _, left, real in simulated(seconds, seconds, 2):
        assert left == pytest.approx(real, abs=31)
    assert simulated(seconds, seconds, 2)[0][1] == 400.0


def test_a_slower_machine_is_noticed():
    """All runs take three times as long as before; the start of the kernels counts once."""
    seconds = [6.0] * 300
    forecasts = simulated(seconds, [2.0] * 300, 2, start_s=20.0)
    assert forecasts[0][1] == 300.0
    for now, left, real in forecasts[10:]:
        assert left == pytest.approx(real, rel=0.1, abs=6), now


def test_of_new_templates_the_first_ends_are_the_forecast():
    """Nothing is known before."""
    forecasts = simulated([3.0] * 100, [None] * 100, 4)
    assert forecasts[0][1] is None
    for _, left, real in forecasts[4:]:
        assert left == pytest.approx(real, abs=3.1)


def test_a_run_on_its_own_at_the_end_is_waited_for():
    """Other workers cannot help it."""
    forecast = Forecast([todo("a", 100.0), todo("b", 1.0), todo("c", 1.0)], 4)
    forecast.ended("a/b", 1.0)
    forecast.ended("a/c", 1.0)
    assert forecast.left_s({"a/a": 10.0}) == 90.0
    assert forecast.left_s({"a/a": 200.0}) == 0.0


def test_runs_that_come_later_are_expected_too():
    """They count as many as there may be, and take what others took."""
    forecast = Forecast([todo("a"), todo("b")], 1, later=8)
    assert (forecast.total, forecast.left_s({})) == (10, None)
    forecast.ended("a/a", 5.0)
    assert forecast.left_s({}) == 45.0
    forecast.add([todo("c")], 3)
    assert (forecast.total, forecast.left_s({})) == (6, 25.0)
