"""A config with a search: what it may hold, and what is planned of it."""

from __future__ import annotations

import math

import jsonschema
import pytest
import yaml

from fourfold.errors import ConfigError
from fourfold.plan.plan import plan
from fourfold.plan.schema import config_schema
from fourfold.plan.search import search_of, setting
from fourfold.plan.template import read_template

SEARCH = {
    "metric": "mean",
    "direction": "maximize",
    "trials": 20,
    "over": {"scale": {"low": 0, "high": 10}, "mode": ["plain", "fancy"], "count": [1, 2, 5]},
    "repeat": {"seed": 5},
}


def written(**changes) -> str:
    """A config whose search has these keys; None takes one away."""
    block = {name: value for name, value in (SEARCH | changes).items() if value is not None}
    return yaml.safe_dump({"template": "tiny", "search": block}, sort_keys=False)


def planned(config, text):
    path = config(text)
    return plan([str(path)], path.parents[1])


def test_a_search_is_one_entry_of_the_plan(project, config):
    """Its runs are not known before; the entry has the first value of each list, for an editor."""
    (spec,) = planned(config, written())
    assert spec.name == "a/default"
    assert (spec.parameters["mode"], spec.parameters["count"]) == ("plain", 1)
    search = search_of(spec)
    assert (search.repeat, search.repeats, search.first, search.confirm) == ("seed", 5, 0, 20)
    assert search.runs == 20 * 5 + 20
    assert str(search) == (
        "maximize mean over scale 0..10, mode plain | fancy, count 1 | 2 | 5; at most 20 settings"
        " × 5 values of seed, the best confirmed on 20 others: 120 runs"
    )


def test_a_range_is_of_the_kind_that_the_parameter_takes(project, config):
    """0 to 10 of a float has all floats between; of an integer, eleven values."""
    over = {"scale": {"low": 0, "high": 10}}
    (spec,) = planned(config, written(over=over))
    assert search_of(spec).size == math.inf
    assert setting(search_of(spec), {"scale": 1.23456789}) == {"scale": 1.23457}
    (spec,) = planned(config, written(over={"count": {"low": 1, "high": 10}}))
    assert search_of(spec).settings == 10


def test_ranges_and_files_of_a_sweep_are_lists_here(project, config):
    """Steps, counts and globs give the values that a grid of them has."""
    over = {"scale": {"from": 1, "to": 3}, "data": {"files": "*.csv"}, "limit": {"values": [1, 2]}}
    (spec,) = planned(config, written(over=over))
    assert search_of(spec).over == {"scale": [1, 2, 3], "data": ["numbers.csv"], "limit": [1, 2]}


def test_few_settings_are_all_tried(project, config):
    """Trials beyond the number of settings are none."""
    (spec,) = planned(config, written(over={"mode": ["plain", "fancy"]}, trials=50))
    assert search_of(spec).settings == 2


def test_repeats_count_up_from_the_value_of_the_config(project, config):
    """Those that confirm the winner come after all that the search uses."""
    text = written() + "parameters: {seed: 100}\n"
    search = search_of(planned(config, text)[0])
    assert [search.value_at(repeat) for repeat in (0, 4, 5)] == [100, 104, 105]


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"metric": "maen"}, "search.metric", "records no such metric; expected one of mean, count. Did you mean 'mean'?"),
        ({"direction": "up"}, "search.direction", "expected maximize or minimize, got 'up'"),
        ({"direction": None}, "search", "direction: missing"),
        ({"over": None}, "search", "over: missing"),
        ({"over": {}}, "search.over", "expected a mapping of parameter to list or range, got {}"),
        ({"over": {"scael": [1]}}, "search.over.scael", "unknown parameter of template 'tiny'. Did you mean 'scale'?"),
        ({"over": {"scale": []}}, "search.over.scale", "at least one, got []"),
        ({"over": {"scale": {"low": 2, "high": 1}}}, "search.over.scale", "low <= high"),
        ({"over": {"scale": {"low": 0, "high": 99}}}, "search.over.scale.high", "expected float in 0..10, got 99"),
        ({"over": {"mode": ["odd"]}}, "search.over.mode.0", "got 'odd'"),
        ({"over": {"count": [3, 4, 3]}}, "search.over.count", "expected each value once, got 3 again"),
        ({"trials": None}, "search", "expected trials, hours or both as its end, got neither"),
        ({"trials": 0}, "search.trials", "expected a whole number from 1, got 0"),
        ({"hours": -1}, "search.hours", "expected a number of hours above 0, got -1"),
        ({"repeat": {"sed": 5}}, "search.repeat.sed", "Did you mean 'seed'?"),
        ({"repeat": {"mode": 5}}, "search.repeat.mode", "expected a parameter of whole numbers to repeat, such as seed"),
        ({"repeat": {"seed": 0}}, "search.repeat.seed", "expected a whole number in 1..100000, got 0"),
        ({"repeat": {"seed": 2, "limit": 2}}, "search.repeat", "expected one parameter, as {seed: 5}, got"),
        ({"over": {"scale": {"low": 0, "high": 1, "weights": [1]}}}, "search.over.scale", "expected low, high and log, got weights as well"),
        ({"over": {"data": {"files": "*.txt"}}}, "search.over.data", "expected files, got none that match"),
        ({"over": {"mode": ["plain", "plain"]}}, "search.over.mode", "expected each value once, got 'plain' again"),
        ({"repeat": {"count": 5}, "over": {"mode": ["plain"]}, "confirm": 200}, "search.repeat.count", "expected fewer runs, for the last would have 209: expected int in 1..100, got 209"),
        ({"over": {"seed": [1, 2]}}, "search.repeat.seed", "already searched over; expected a parameter that is not, got 'seed'"),
        ({"repeat": None, "confirm": 5}, "search.confirm", "expected repeat as well"),
        ({"confirm": 2}, "search.confirm", "expected a whole number from 3, got 2"),
        ({"at_once": 0}, "search.at_once", "expected a whole number from 1, got 0"),
        ({"trails": 3}, "search.trails", "unknown key; expected one of metric"),
    ],
)  # fmt: skip
def test_a_mistake_is_located(project, config, changes, key, message):
    """With its line, before a kernel starts; most are underlined in an editor too."""
    with pytest.raises(ConfigError) as raised:
        planned(config, written(**changes))
    (violation,) = raised.value.violations
    assert violation.key == key
    assert message in violation.message
    assert violation.line > 1


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "maen"}, {"direction": "up"}, {"direction": None}, {"over": {}}, {"trials": None},
        {"over": {"scael": [1]}}, {"over": {"scale": {"low": 0, "high": 99}}}, {"hours": 0},
        {"repeat": {"mode": 5}}, {"repeat": {"seed": 0}}, {"repeat": {}}, {"confirm": 2}, {"trails": 3},
    ],
)  # fmt: skip
def test_an_editor_underlines_mistakes(project, changes):
    """By the schema, which passes the config without them."""
    schema = config_schema(read_template(project / "templates" / "tiny.ipynb"))
    jsonschema.validate(yaml.safe_load(written(hours=2, confirm=9)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(written(**changes)), schema)


def test_a_config_has_a_sweep_or_a_search(project, config):
    """Both at once would be a search for each set of the sweep, which there is not."""
    with pytest.raises(ConfigError, match="search: expected either a sweep or a search, got both"):
        planned(config, written() + "sweep: {grid: {limit: [1, 2]}}\n")


def test_files_that_a_search_names_must_be_there(project, config):
    """Each value of its lists is checked as that of a sweep."""
    over = {"data": ["numbers.csv", "number.csv"]}
    with pytest.raises(ConfigError, match=r"search\.data: .*number\.csv"):
        planned(config, written(over=over))
