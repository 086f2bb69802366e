"""Shards: which there are, how a plan is divided, and that it is divided alike everywhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.cli.batch import Asked
from fourfold.cli.options import Bounds
from fourfold.cli.shards import as_shard
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord, write_record
from fourfold.run.shard_note import Note, note_of, read_note
from fourfold.run.shards import COSTS, Costs, Shard, lightest, read_shard, split, write_costs

SLURM = "SLURM_ARRAY_TASK_"


def slurm(number, first=1, last=8, step=1, count=8) -> dict[str, str]:
    values = {"ID": number, "MIN": first, "MAX": last, "STEP": step, "COUNT": count}
    return {SLURM + name: str(value) for name, value in values.items()}


AWS = {"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}
CLOUD_RUN = {"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "4"}


@pytest.mark.parametrize(
    ("text", "environment", "shard"),
    [
        ("1/1", {}, (1, 1)),
        (" 3/8 ", slurm(5), (3, 8)),  # what is said counts
        ("auto", slurm(3), (3, 8)),
        ("auto", slurm(0, 0, 7), (1, 8)),
        ("auto", slurm(14, 0, 14, 2), (8, 8)),
        ("auto/8", slurm(3, 3, 3, 1, 1), (3, 8)),  # one task of the array runs again
        ("auto/8", {"JOB_COMPLETION_INDEX": "7"}, (8, 8)),
        ("auto", AWS, (1, 4)),
        ("auto/4", AWS, (1, 4)),
        ("auto", CLOUD_RUN, (4, 4)),
    ],
)
def test_a_shard_is_named_or_taken_from_an_array_of_jobs(text, environment, shard):
    """Those that count from 0 are counted from 1 here."""
    assert read_shard(text, environment) == Shard(*shard)


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("0/3", {}, "expected a shard from 1 to 3, got 0/3"),
        ("4/3", {}, "expected a shard from 1 to 3, got 4/3"),
        ("1/0", {}, "expected at least one shard, got 1/0"),
        ("x/3", {}, "such as 3/8, or auto, got 'x/3'"),
        ("3", {}, "such as 3/8, or auto, got '3'"),
        ("-1/3", {}, "got '-1/3'"),
        ("1/" + "9" * 5000, {}, "such as 3/8"),
        ("", {}, "got ''"),
        ("auto", {}, "found no array of jobs (SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX"),
        ("auto", {**AWS, **CLOUD_RUN}, "found several arrays of jobs (AWS_BATCH_JOB_ARRAY_INDEX,"),
        ("auto", {"JOB_COMPLETION_INDEX": "2"}, "the number of shards is not known here"),
        ("auto/8", AWS, "AWS Batch says AWS_BATCH_JOB_ARRAY_SIZE=4"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "2"}, "got auto/2 with JOB_COMPLETION_INDEX=2"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "two"}, "expected a whole number from 0, got 'two'"),
        # A part of an array that runs again would be divided as if it was all of it.
        ("auto", slurm(3, 3, 3, 1, 1), "a part of an array needs the whole number"),
        ("auto", slurm(3, 2, 3, 1, 2), "a part of an array needs the whole number"),
        ("auto", slurm(5, 1, 5, 1, 2), "a part of an array needs the whole number"),
        ("auto", {f"{SLURM}ID": "3"}, f"found no {SLURM}MIN"),
        (
            "auto/8",
            slurm(0, 0, 7),
            "expected tasks from 1 (--array=1-8), got SLURM_ARRAY_TASK_ID=0",
        ),
        ("auto/8", slurm(9, 1, 9, 1, 9), "expected a shard from 1 to 8"),
    ],
)
def test_a_shard_that_does_not_exist_is_refused(text, environment, message):
    """With what was expected."""
    with pytest.raises(FourfoldError) as error:
        read_shard(text, environment)
    assert message in str(error.value)


def specs(costs: list[int], after: list[tuple[int, int]] = ()) -> list[RunSpec]:
    runs = [RunSpec("c", f"n={n}", "c.yaml", "t", "t.ipynb", {"n": n}) for n, _ in enumerate(costs)]
    for later, earlier in after:
        runs[later] = replace(runs[later], after=(*runs[later].after, runs[earlier].name))
    return runs


def costs_of(seconds: list[int]) -> Costs:
    return Costs({"c": {f"n={n}": each for n, each in enumerate(seconds)}})


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=30),
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_shards_are_the_plan_once_and_alike_on_every_machine(seconds, of, links, random):
    """Whatever the order of configs; runs that follow one another stay together."""
    links = [(a, b) for a, b in links if b < a < len(seconds)]
    runs, costs = specs(seconds, links), costs_of(seconds)
    parts = split(runs, costs, of)
    names = [[spec.name for spec in part] for part in parts]
    assert len(parts) == of
    assert sorted(name for part in names for name in part) == sorted(spec.name for spec in runs)
    place = {name: number for number, part in enumerate(names) for name in part}
    assert all(place[runs[a].name] == place[runs[b].name] for a, b in links)
    shuffled = random.sample(runs, len(runs))
    assert [sorted(s.name for s in part) for part in split(shuffled, costs, of)] == list(
        map(sorted, names)
    )
    if not links:  # the most loaded one was the lightest before its last run
        loads = [sum(seconds[spec.parameters["n"]] for spec in part) for part in parts]
        assert max(loads) <= sum(seconds) / of + max(seconds)


def test_equal_costs_are_dealt_out_in_turn():
    """Neighbours of a sweep, which cost about the same, go to different shards."""
    parts = split(specs([1] * 6), Costs(), 3)
    assert [[spec.run_id for spec in part] for part in parts] == [
        ["n=0", "n=3"], ["n=1", "n=4"], ["n=2", "n=5"],
    ]  # fmt: skip
    assert lightest([], 2) == [[], []]


def test_a_config_and_what_follows_all_of_it_are_in_one_shard():
    """Also through a search, whose runs are those of its config."""
    last = RunSpec("d", "default", "d.yaml", "t", "t.ipynb", {}, after=("c",))
    parts = split([*specs([5, 5, 5]), last], Costs(), 4)
    assert [len(part) for part in parts] == [4, 0, 0, 0]


def test_a_run_that_was_never_measured_costs_what_is_usual():
    """For its config, else for all; a search as many of these as it has runs."""
    costs = Costs({"c": {"n=0": 2, "n=1": 4, "n=2": 60}})
    runs = specs([1, 1, 1, 1])
    other = RunSpec("d", "default", "d.yaml", "t", "t.ipynb", {})
    block = {"metric": "m", "direction": "maximize", "over": {"k": [1, 2, 3, 4, 5]}}
    search = replace(other, config="e", search=block)
    ms = costs.ms([*runs, other, search])
    assert list(ms.values()) == [2000, 4000, 60_000, 4000, 4000, 20_000]


@pytest.fixture
def sweep(project, config) -> Project:
    config("template: tiny\nsweep: {grid: {scale: [1, 2, 3, 4]}}\n")
    place = Project(project, project / "outputs")
    for scale, seconds in ((1, 30.0), (2, 10.0)):
        folder = place.outputs / "a" / f"scale={scale}"
        folder.mkdir(parents=True)
        parameters = {"scale": scale}
        run = RunRecord("a", folder.name, "tiny", "ok", parameters, ["scale"], "", seconds)
        write_record(run, folder / "record.json")
    return place


def test_durations_are_written_for_all_workers_and_change_no_share_by_themselves(sweep):
    """What is executed meanwhile changes the shares only when it is written."""
    runs = plan([], sweep.root)
    before = split(runs, Costs.of(sweep.root), 2)
    assert write_costs(runs, sweep) == 4
    assert json.loads((sweep.root / COSTS).read_text()) == {
        "a": {"scale=1": 30.0, "scale=2": 10.0, "scale=3": 20.0, "scale=4": 20.0}
    }
    after = split(runs, Costs.of(sweep.root), 2)
    assert [len(part) for part in before] == [len(part) for part in after] == [2, 2]
    assert [spec.run_id for spec in after[0]] == ["scale=1", "scale=2"]
    assert note_of(Shard(1, 2), [], runs, sweep)[0].runs == ["a/scale=1", "a/scale=2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "expected seconds by config and run, got []"),
        ('{"a": 3}', "a: expected seconds by config and run, got 3"),
        ('{"a": {"b": "3"}}', "a/b: expected seconds by config and run, got '3'"),
        ('{"a": {"b": -1}}', "a/b: expected seconds by config and run, got -1"),
        ('{"a": {"b": NaN}}', "got nan"),
        ('{"a": {"b": true}}', "got True"),
        ('{"a": {"b": 1e999}}', "got inf"),
        ('{"a": {"b": null}}', "got None"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_durations_that_cannot_be_read_stop_the_command(project, text, message):
    """Other workers would divide the plan in another way."""
    (project / COSTS).write_text(text)
    with pytest.raises(FourfoldError, match=r"^params/_costs\.json: ") as error:
        Costs.of(project)
    assert message in str(error.value)


def test_a_note_that_was_spoiled_is_none(tmp_path, sweep):
    """However; and one that is whole is as it was."""
    note, _ = note_of(Shard(1, 2), ["params"], plan([], sweep.root), sweep)
    path = sweep.outputs / "shard.json"
    note = note.write()
    read = read_note(path)
    assert isinstance(read, Note)
    assert replace(read, clock_s=note.clock_s) == note
    whole = json.loads(path.read_text())
    spoiled = [{}, [], {**whole, "shard": "1"}, {**whole, "of": 0}, {**whole, "plan": {"a": 1}}]
    for content in [*spoiled, {**whole, "more": 1}, {**whole, "runs": None}]:
        path.write_text(json.dumps(content))
        assert read_note(path) is None
    assert read_note(tmp_path / "none.json") is None


def test_only_chooses_among_the_runs_of_a_shard(project, config):
    """A shard that has none of them has nothing to do; a condition that no run meets is a mistake."""
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    config("template: tiny\nparameters: {count: 6}\n", "b.yaml")
    planned = plan([], project)
    asked = Asked(Project(project, project / "outputs"), Bounds(), only=["scale=2"])
    for number, names in ((1, ["a/scale=1", "b/default"]), (2, ["a/scale=2"])):
        runs, own = as_shard(f"{number}/2", [], planned, [], asked)
        assert [spec.name for spec in runs] == names
        assert own.names == {"a/scale=2"}
        assert own.place.outputs == project / "outputs" / "shards" / f"{number}-of-2"
    with pytest.raises(FourfoldError, match="expected one that matches among 3 runs, got none"):
        as_shard("1/2", [], planned, [], replace(asked, only=["scale=3"]))


def test_a_config_may_not_have_the_name_of_the_folder_of_shards(project, config):
    """Its results would lie among theirs."""
    config("template: tiny\n", "shards.yaml")
    with pytest.raises(FourfoldError, match="the folder shards of the outputs is that of a config"):
        note_of(Shard(1, 2), [], plan([], project), Project(project, project / "outputs"))
