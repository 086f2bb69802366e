"""What a watch looks at: files of the plan and of records, whole and not while they are written."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import RunRecord, write_record
from fourfold.run import saves
from fourfold.run.doubts import Doubts
from fourfold.run.fingerprint import UNSURE, Fingerprint
from fourfold.run.inputs import CHANGED
from fourfold.run.saves import Saves, forget_surroundings, outdated
from fourfold.run.selection import Todo, choose


@pytest.fixture
def at_once(monkeypatch):
    """Let a look be due each time, and a change count at once."""
    for name in ("PAUSE_S", "SETTLED_S", "GONE_S"):
        monkeypatch.setattr(saves, name, 0.0)
    monkeypatch.setattr(saves, "_SHARE", float("inf"))


def planned(watched: Saves, project):
    with watched.planning():
        specs = plan(watched.paths, project)
    watched.read_by(specs)
    return specs


@pytest.fixture
def watched(project, config, at_once):
    """A plan of one config that extends another; its record names a module, a folder, a pattern."""
    config("parameters:\n  scale: 2\n", "_base.yaml")
    config("template: tiny\nextends: _base.yaml\n")
    (project / "helper.py").write_text("A = 1\n")
    (project / "parts").mkdir()
    place = Project(project, project / "outputs")
    folder = place.folder("a", "default")
    folder.mkdir(parents=True)
    inputs = {"helper.py": "1", "late.py": "", "parts/": "1", "raw/*.csv": "1"}
    record = RunRecord("a", "default", "tiny", "ok", {}, [], "", 1.0, key={"inputs": inputs})
    write_record(record, folder / "record.json")
    saved = Saves([str(project / "params")], place)
    planned(saved, project)
    assert not saved.changed()
    return saved


@pytest.mark.parametrize(
    "name",
    ["params/a.yaml", "params/_base.yaml", "params/sub/new.yaml", "templates/tiny.ipynb",
     "templates/other.ipynb", "numbers.csv", "helper.py", "late.py", "parts/new.csv", "raw/b.csv"],
)  # fmt: skip
def test_what_plan_and_runs_have_opened_is_looked_at(watched, project, name):
    """So are files that are not there yet, in a folder or a pattern that was read."""
    file = project / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(file.read_text() + " " if file.exists() else "template: tiny\n")
    assert watched.changed()


@pytest.mark.parametrize("name", ["notes.txt", "outputs/index.html", "params/a.yaml~", ".git/HEAD"])
def test_other_files_are_not(watched, project, name):
    """Of the project, of the outputs, of an editor."""
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("other")
    assert not watched.changed()


def test_a_config_that_goes_is_a_change_and_then_none(watched, project, config):
    """And what is planned again is no longer one."""
    config("template: tiny\n", "b.yaml")
    assert watched.changed()
    assert len(planned(watched, project)) == 2
    assert not watched.changed()
    (project / "params" / "b.yaml").unlink()
    assert watched.changed()
    assert len(planned(watched, project)) == 1
    assert not watched.changed()


def test_a_file_counts_once_it_is_whole(watched, project, monkeypatch):
    """Written twice it counts when it rests; a file that is gone may come back as it was."""
    clock = [100.0]
    monkeypatch.setattr(saves.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(saves, "SETTLED_S", 0.1)
    monkeypatch.setattr(saves, "GONE_S", 1.0)
    watched._next = 0.0
    file = project / "helper.py"

    def after(seconds):
        clock[0] += seconds
        return watched.changed()

    assert not after(1)
    file.write_text("A = 2\n")
    assert not after(0.05)
    file.write_text("A = 2\nB = 2\n")
    assert not after(0.09)
    assert after(0.11)
    planned(watched, project)
    assert not after(0.1)
    os.rename(file, project / "helper.py~")
    assert not after(0.05)
    assert not after(0.5)
    os.rename(project / "helper.py~", file)
    assert after(0.3) is not after(0.2)  # it has another time, and rests
    planned(watched, project)
    file.unlink()
    assert not after(0.05)
    assert after(1.01)


def test_a_file_that_is_written_all_the_time_does_not_hide_others(watched, project, monkeypatch):
    """After some seconds it counts though it does not rest."""
    clock = [100.0]
    monkeypatch.setattr(saves.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(saves, "SETTLED_S", 0.1)
    watched._next, seen = 0.0, []
    watched.changed()
    for number in range(50):
        clock[0] += 0.09
        (project / "numbers.csv").write_text("n\n" + "1\n" * number)
        seen.append(watched.changed())
    assert not any(seen[:20])
    assert any(seen)


def test_runs_of_another_config_template_or_module_are_out_of_date(project, config):
    """Other data end no run, and neither does a comment."""
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    (project / "helper.py").write_text("A = 1\n")
    place = Project(project, project / "outputs")
    before = plan([], project)
    todo = choose(before, place).todo
    inputs = {"helper.py": "old", "numbers.csv": "old"}
    reads = replace(todo[0].fingerprint, inputs=inputs)
    assert outdated(todo, before, plan([], project), place) == set()
    assert outdated([replace(todo[0], fingerprint=reads)], before, before, place) == {"a/scale=1"}
    data = replace(reads, inputs={"numbers.csv": "old"})
    assert outdated([replace(todo[0], fingerprint=data)], before, before, place) == set()
    config("template: tiny # same\nsweep: {grid: {scale: [1, 3]}}\n")
    assert outdated(todo, before, plan([], project), place) == {"a/scale=2"}
    file = project / "templates" / "tiny.ipynb"
    cells = json.loads(file.read_text())
    cells["cells"][-1]["source"] += "\nprint(1)"
    file.write_text(json.dumps(cells))
    assert len(outdated(todo, before, before, place)) == 2


def test_runs_that_a_search_has_chosen_stand_with_its_config(project, config):
    """They are in no plan."""
    text = "template: tiny\nsearch: {{metric: mean, direction: maximize, trials: 3, over: {{scale: {}}}}}\n"
    config(text.format("[1, 2, 3]"))
    place, before = Project(project, project / "outputs"), plan([], project)
    item = replace(
        choose(before, place).todo[0], spec=replace(before[0], run_id="scale=2", search={})
    )
    assert outdated([item], before, plan([], project), place) == set()
    config(text.format("[1, 2, 4]"))
    assert outdated([item], before, plan([], project), place) == {"a/scale=2"}


def _todo(spec, place, why):
    return Todo(spec, Fingerprint("1", {}, "1"), why)


@pytest.mark.parametrize(
    ("status", "inputs", "why", "executions"),
    [
        ("failed", {}, "last time: failed", 1),
        ("ok", {"http://a": None}, f"data http://a {UNSURE}", 1),
        # Once more, as somebody may have saved it; then the run changes it itself.
        ("ok", {"numbers.csv": CHANGED}, f"data numbers.csv {CHANGED}", 2),
    ],
)
def test_a_run_that_stays_due_is_not_run_for_ever(project, config, status, inputs, why, executions):
    """It is due again once something that it reads is saved, or when there is another reason."""
    config("template: tiny\n")
    place, doubts = Project(project, project / "outputs"), Doubts()
    (spec,) = plan([], project)
    record = RunRecord(
        "a", "default", "tiny", status, dict(spec.parameters), [], "", 1.0, key={"inputs": inputs}
    )

    def now():
        return saves.Fingerprints(project, place.upstream).of(spec, record.key)

    assert not doubts.settled(spec, now(), [why])  # nobody knows it yet
    times, reason = 0, "not run yet"
    while times < 5 and not doubts.settled(spec, now(), [reason]):
        doubts.take([_todo(spec, place, [reason])], [record], place)
        times, reason = times + 1, why
    assert times == executions
    assert not doubts.settled(spec, now(), [why, "template changed"])
    other = replace(spec, parameters={**spec.parameters, "scale": 3.0})
    assert not doubts.settled(other, now(), [why])
    (project / "numbers.csv").write_text("n\n3\n")
    assert not doubts.settled(spec, now(), [why])


def test_a_save_between_the_end_of_a_run_and_its_record_counts(project, config):
    """What a failed run had read is known from its record, not from the files as they are then."""
    config("template: tiny\n")
    place, doubts = Project(project, project / "outputs"), Doubts()
    (spec,) = plan([], project)
    (project / "helper.py").write_text("fixed\n")
    key = {"inputs": {"helper.py": "of the mistake"}}
    record = RunRecord(
        "a", "default", "tiny", "failed", dict(spec.parameters), [], "", 1.0, key=key
    )
    doubts.take([_todo(spec, place, ["not run yet"])], [record], place)
    now = saves.Fingerprints(project, place.upstream).of(spec, record.key)
    assert not doubts.settled(spec, now, ["last time: failed"])


def test_another_fourfold_ends_a_watch(monkeypatch):
    """What is loaded is not what a result would be said to come from."""
    forget_surroundings()
    real = saves.library()
    answers = iter([real, "another"])
    other = lambda: next(answers)  # noqa: E731
    other.cache_clear = lambda: None
    monkeypatch.setattr(saves, "library", other)
    with pytest.raises(FourfoldError, match="Fourfold itself has changed"):
        forget_surroundings()
