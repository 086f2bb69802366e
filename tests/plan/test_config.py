"""Reading a YAML file with the place of every key."""

from __future__ import annotations

import pytest

from fourfold.data.yamlfile import Position
from fourfold.errors import ConfigError
from fourfold.plan.config import RUN, config_name, duration_s, read_config, run_options
from fourfold.plan.plan import check_config


def test_every_key_and_item_knows_its_position(config, project):
    """Line and column count from 1."""
    path = config("template: tiny\nparameters:\n  columns: [a, b]\n  scale: 2\n")
    found = read_config(path, project)
    assert found.position("parameters", "scale") == Position("params/a.yaml", 4, 3)
    assert found.position("parameters", "columns", 1) == Position("params/a.yaml", 3, 16)
    assert found.position("parameters", "unknown") == Position("params/a.yaml", 2, 1)


def test_extends_merges_key_by_key_and_keeps_places(config, project):
    """The child wins; what comes from the base is located in the base."""
    config(
        "template: tiny\nparameters:\n  scale: 2\n  count: 3\nsweep:\n  grid: {count: [1]}\n",
        "_base.yaml",
    )
    path = config("extends: _base.yaml\nparameters:\n  scale: 4\nsweep:\n  grid: {scale: [1]}\n")
    found = read_config(path, project)
    assert found.value["parameters"] == {"scale": 4, "count": 3}
    assert found.value["sweep"] == {"grid": {"scale": [1]}}
    assert found.position("parameters", "count").file == "params/_base.yaml"
    assert found.position("parameters", "scale").file == "params/a.yaml"


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("", "a.yaml:1:1", "an empty file"),
        ("- a\n", "a.yaml:1:1", "expected a mapping"),
        ("template: tiny\nparameters: {a: [1, 2\n", "a.yaml:3:1", "not YAML"),
        ("template: tiny\ntemplate: tiny\n", "a.yaml:2:1", "duplicate key"),
        ("a: 1\nextends: b.yaml\n", "a.yaml:2:1", "found no 'params/b.yaml'"),
        ("extends: a.yaml\n", "a.yaml:1:1", "does not extend itself"),
    ],
)
def test_a_file_that_is_no_config_is_told_with_its_place(config, project, text, place, told):
    """Syntax, form and extends: file, line, column and what was expected."""
    with pytest.raises(ConfigError) as caught:
        read_config(config(text), project)
    assert str(caught.value).startswith("params/" + place)
    assert told in str(caught.value)


def test_bytes_that_are_no_text_are_told(config, project):
    """A binary file is a mistake in the config, not a crash."""
    path = config("")
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match=r"params/a\.yaml:1:1 config: expected YAML text"):
        read_config(path, project)


def test_unknown_keys_name_the_nearest(config, project):
    """At the top, in business and in run; all at once."""
    path = config(
        "template: tiny\nparamters: {}\nbusiness: {sucess: {}}\nrun: {timout: 3}\nsweep: 4\n"
    )
    told = "\n".join(v.message for v in check_config(read_config(path, project), None))
    for name in ("parameters", "success", "timeout"):
        assert f"Did you mean '{name}'?" in told
    assert "expected a mapping, got 4" in told


def test_run_options_are_read_in_seconds(config, project):
    """Durations are numbers of seconds or have a unit."""
    path = config(
        "template: t\nrun: {timeout: 10m, cell_timeout: 90, retries: 2, reference: false}\n"
    )
    config = read_config(path, project)
    assert RUN.problems(config.block("run")) == []
    options = run_options(config)
    assert (options.timeout_s, options.cell_timeout_s) == (600, 90)
    assert (options.retries, options.reference) == (2, False)


def test_wrong_run_options_are_all_told(config, project):
    """Each with its key and value."""
    path = config(
        "template: t\nrun: {timeout: soon, cell_timeout: 0, retries: -1, reference: maybe}\n"
    )
    found = check_config(read_config(path, project), None)
    assert [v.key for v in found] == [
        "run.timeout",
        "run.cell_timeout",
        "run.retries",
        "run.reference",
    ]
    assert "'soon'" in found[0].message


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1.5 m", 90), ("2h", 7200), (5, 5)])
def test_durations(text, seconds):
    """Seconds, minutes, hours, days."""
    assert duration_s(text) == seconds


def test_names_leave_out_the_params_folder(tmp_path):
    """The name is that of the reference and of the folder of outputs."""
    assert config_name(tmp_path / "params" / "a" / "b.yaml", tmp_path) == "a-b"
    assert config_name(tmp_path / "own" / "b.yaml", tmp_path) == "own-b"
