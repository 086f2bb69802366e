"""From the values to try to the parameter sets."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.kind import value
from fourfold.plan.parameters import read_parameters
from fourfold.plan.spec import run_id
from fourfold.plan.sweep import Expansion, Names, problems, sweep_kind


def expand(sweep, base=None, **more):
    """The sets of a sweep, and what is wrong with it."""
    expanded = Expansion(sweep, base or {}, **more)
    return [setting.values for setting in expanded.settings], expanded.problems


def test_grid_zip_and_list_combine():
    """Grid is every combination, zip goes side by side, list adds sets, exclude takes out."""
    sweep = {
        "grid": {"k": [2, 3]},
        "zip": {"a": [1, 2], "b": [10, 20]},
        "list": [{"m": "x"}, {"m": "y", "n": 1}],
        "exclude": [{"k": 3, "a": 2}],
    }
    runs, idle = expand(sweep)
    assert idle == []
    assert len(runs) == 6
    assert {"k": 2, "a": 2, "b": 20, "m": "y", "n": 1} in runs
    assert not [run for run in runs if run["k"] == 3 and run["a"] == 2]


def test_no_sweep_is_one_run():
    """Without a sweep a config has one run, with nothing varied."""
    assert expand({}) == ([{}], [])


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4, unique=True), max_size=4))
def test_a_grid_has_the_product_of_its_lengths(lists):
    """And no two runs of it are the same."""
    runs, _ = expand({"grid": {f"p{i}": values for i, values in enumerate(lists)}})
    assert len(runs) == prod(map(len, lists))
    assert len({tuple(run.items()) for run in runs}) == len(runs)


def test_random_draws_are_seeded_and_stay_inside():
    """The same seed gives the same sets, another seed others."""
    block = {
        "runs": 50,
        "over": {
            "k": {"low": 2, "high": 5},
            "a": {"low": 0.01, "high": 1, "log": True},
            "m": ["x", "y"],
        },
    }
    first, again = expand({"random": block})[0], expand({"random": block})[0]
    other = expand({"random": {**block, "seed": 1}})[0]
    assert first == again != other
    assert {run["k"] for run in first} == {2, 3, 4, 5}
    assert all(0.01 <= run["a"] <= 1 and run["m"] in "xy" for run in first)
    assert sum(run["a"] < 0.1 for run in first) > 10  # log: half of the draws in each decade


def test_an_exclude_that_matches_nothing_is_told():
    """It is most likely a typo."""
    _, idle = expand({"grid": {"k": [2]}, "exclude": [{"k": 9}]})
    assert idle[0].key == ("exclude", 0)
    assert "{'k': 9}" in idle[0].message


@pytest.mark.parametrize(
    ("sweep", "key", "told"),
    [
        ({"grid": {"k": 3}}, ("grid", "k"), "got 3"),
        ({"grid": {"k": []}}, ("grid", "k"), "at least one"),
        ({"grid": [1]}, ("grid",), "expected a mapping"),
        ({"list": {"a": 1}}, ("list",), "expected a list of mappings"),
        ({"list": [3]}, ("list", 0), "got 3"),
        ({"grid": {"k": [1]}, "zip": {"k": [1]}}, ("zip", "k"), "already swept by 'grid'"),
        ({"random": {"runs": 0, "over": {}}}, ("random", "runs"), "got 0"),
        (
            {"random": {"runs": 1, "over": {"a": {"low": 2, "high": 1}}}},
            ("random", "over", "a"),
            "low <= high",
        ),
        ({"random": 3}, ("random",), "got 3"),
    ],
)
def test_a_malformed_sweep_is_told_with_its_place(sweep, key, told):
    """Each mistake is a problem, none an exception."""
    found = problems(sweep)
    assert (found[0].key, len(found)) == (key, 1)
    assert told in found[0].message


def test_every_value_is_checked_at_its_place():
    """Each against its parameter."""
    sweep = {
        "grid": {"k": [2, 3]},
        "list": [{"m": 1}],
        "random": {"runs": 1, "over": {"a": {"low": 0, "high": 1}}},
    }
    wrong = value("…", lambda given: False)
    kind = sweep_kind(Names(other=lambda name: wrong))
    assert [(key, int(message)) for key, message in kind.problems(sweep)] == [
        (("grid", "k", 0), 2), (("grid", "k", 1), 3), (("list", 0, "m"), 1),
        (("random", "over", "a", "low"), 0), (("random", "over", "a", "high"), 1),
    ]  # fmt: skip


KINDS = {
    name: each.kind
    for name, each in read_parameters(
        "seed: int = 4  # 0..\nk: int = 2\nmodel: str = ''\ndepth: int = 3\nalpha: float = 1.0\n",
        "c",
    ).items()
}
BASE = {"seed": 4, "k": 2, "model": "tree", "depth": 3, "alpha": 1.0}


def test_repeats_count_up_from_the_value_of_the_config():
    """And combine with the rest."""
    made = expand({"repeat": {"seed": 3}, "grid": {"k": [2, 3]}}, BASE)[0]
    assert [(each["seed"], each["k"]) for each in made] == [
        (4, 2), (5, 2), (6, 2), (4, 3), (5, 3), (6, 3),
    ]  # fmt: skip
    kind = sweep_kind(Names(KINDS))
    assert "whole numbers to repeat" in kind.problems({"repeat": {"alpha": 3}})[0].message
    assert "in 1..100000, got 0" in kind.problems({"repeat": {"seed": 0}})[0].message


def test_a_value_stands_only_where_its_condition_is_met():
    """A chain of conditions; what no longer differs is one run."""
    grid = {
        "model": ["tree", "knn"],
        "depth": {"values": [2, 8], "when": {"model": "tree"}},
        "k": {"from": 1, "to": 2, "when": {"depth": ">= 8"}},
    }
    made, problems = expand({"grid": grid}, {**BASE, "depth": 0})
    assert problems == []
    assert made == [
        {"model": "tree", "depth": 2},
        {"model": "tree", "depth": 8, "k": 1},
        {"model": "tree", "depth": 8, "k": 2},
        {"model": "knn"},
    ]
    grid["depth"]["when"] = {"model": "forest"}
    _, (never, later) = expand({"grid": grid}, {**BASE, "depth": 0})
    assert {never.key, later.key} == {("grid", "depth", "when"), ("grid", "k", "when")}


def test_excludes_take_lists_and_comparisons():
    """Also of parameters that do not vary."""
    sweep = {"grid": {"k": [1, 2, 3, 4]}, "exclude": [{"k": [1, ">= 4"], "model": "tree"}]}
    assert expand(sweep, BASE)[0] == [{"k": 2}, {"k": 3}]
    assert expand(sweep, {**BASE, "model": "knn"})[1][0].key == ("exclude", 0)


@pytest.mark.parametrize("method", ["latin", "sobol"])
def test_designs_fill_the_space_evenly(method):
    """Of 16 draws one lies in each sixteenth of a range, and eight take each of two values."""
    over = {"alpha": {"low": 0, "high": 16}, "model": ["a", "b"], "k": {"low": 1, "high": 4}}
    block = {"runs": 16, "seed": 3, "method": method, "over": over}
    made = expand({"random": block}, BASE, kinds=KINDS)[0]
    assert made == expand({"random": block}, BASE, kinds=KINDS)[0]
    assert sorted(int(each["alpha"]) for each in made) == list(range(16))
    assert sorted(each["model"] for each in made) == ["a"] * 8 + ["b"] * 8
    assert sorted(each["k"] for each in made) == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert all(type(each["alpha"]) is float for each in made)


def test_draws_that_came_twice_are_left_out_and_told():
    """As is that Sobol' points want a power of two."""
    block = {"runs": 20, "over": {"k": [1, 2]}}
    expanded = Expansion({"random": block})
    assert len(expanded.settings) == 2
    assert [message for _, message in expanded.remarks] == [
        "18 of 20 draws came twice and are left out"
    ]
    block = {"runs": 3, "method": "sobol", "over": {"k": {"low": 0.0, "high": 1.0}}}
    assert "not at 3" in Expansion({"random": block}).remarks[0].message


def test_files_and_rows_name_their_runs(tmp_path):
    """A file by its name, a row by the column that is asked for."""
    (tmp_path / "data").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "data" / name).touch()
    (tmp_path / "students.csv").write_text("who,k,mail\nAnna,1,a@x\nBen,2,b@x\n")
    sweep = {
        "grid": {"model": {"files": "data/*.csv"}},
        "table": {"file": "students.csv", "name": "who"},
    }
    settings = Expansion(sweep, BASE, KINDS, tmp_path).settings
    assert [run_id(each.parts.values()) for each in settings] == [
        "model=a.csv,Anna", "model=a.csv,Ben", "model=b.csv,Anna", "model=b.csv,Ben",
    ]  # fmt: skip
    assert settings[1].values == {"model": "data/a.csv", "k": 2}
    assert settings[1].row == {"who": "Ben", "k": "2", "mail": "b@x"}
    sweep["grid"]["model"]["files"] = "data/*.tsv"
    (problem,) = Expansion(sweep, BASE, KINDS, tmp_path).problems
    assert problem == (("grid", "model"), "expected files, got none that match 'data/*.tsv'")


def test_lists_side_by_side_have_one_length():
    """Also where one of them is a range."""
    sweep = {"zip": {"k": {"from": 1, "to": 3}, "model": ["a", "b"]}}
    (problem,) = Expansion(sweep, BASE, KINDS).problems
    assert problem == (("zip",), "expected lists of one length, got k 3, model 2")
