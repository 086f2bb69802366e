"""Where MLflow is: one located line for what cannot be asked, and no secret in any."""

from __future__ import annotations

import pytest

from fourfold.errors import ConfigError, TrackingError
from fourfold.track import address
from fourfold.track.address import masked, read_tracking


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def written(folder, text):
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_nothing_is_tracked_unless_it_is_asked_for(tmp_path):
    """No file, no key, false, and an empty variable."""
    assert read_tracking(tmp_path) is None
    assert read_tracking(written(tmp_path, "[project]\nname = 'shop'\n")) is None
    assert read_tracking(written(tmp_path, "tool = 1\n")) is None


def test_the_file_counts_more_than_the_variable(tmp_path, monkeypatch):
    """An address there, and false."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://other")
    assert read_tracking(tmp_path).address == "http://other"
    assert (
        read_tracking(written(tmp_path, "tool.fourfold.tracking = 'http://own'")).address
        == "http://own"
    )
    assert read_tracking(written(tmp_path, "[tool.fourfold]\ntracking = false")) is None


def test_the_experiment_has_the_name_of_the_project(tmp_path, monkeypatch):
    """Of pyproject.toml, else of the folder; MLflow's variable counts more."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://host:5000/mlflow")
    assert read_tracking(tmp_path).experiment == tmp_path.name
    assert read_tracking(written(tmp_path, "[project]\nname = 'shop'")).experiment == "shop"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "winter")
    assert read_tracking(tmp_path).experiment == "winter"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'postgres://me:hunter2@host/db'", "got 'postgres://***@host/db'"),
        ("'htp://host'", "got 'htp://host'. Did you mean 'http'?"),
        ("'mlflow.db'", "got 'mlflow.db'"),
        ("'http://'", "got 'http://'"),
        ("'http://host:abc'", "got 'http://host:abc'"),
        ("'http://host/?token=1'", "expected sqlite:///FILE"),
        ("'sqlite://mlflow.db'", "got 'sqlite://mlflow.db'"),
        ("'sqlite:///:memory:'", "expected sqlite:///FILE"),
        ("5", "got 5"),
        ("['http://host']", "expected sqlite:///FILE, http://HOST, https://HOST or false"),
        ("''", "got ''"),
        ("'https://me:hunter2@host'", "expected the password as an environment variable"),
        (
            "'https://me:${NO_SUCH}@host'",
            "expected the environment variable NO_SUCH, which is not set",
        ),
    ],
)
def test_what_is_no_address_has_one_located_line(tmp_path, value, expected):
    """File, line, column, key; what was expected and what came, without its password."""
    written(
        tmp_path,
        f"[project]\nname = 'shop'\n\n[tool.fourfold]\nrepository = 'a/b'\n  tracking = {value}\n",
    )
    with pytest.raises(ConfigError) as error:
        read_tracking(tmp_path)
    assert str(error.value).startswith("pyproject.toml:6:3 tool.fourfold.tracking: ")
    assert expected in str(error.value)
    assert "hunter2" not in str(error.value)
    assert len(error.value.violations) == 1


def test_a_key_nearly_right_is_located(tmp_path):
    """It would be left out without a word."""
    written(tmp_path, "[tool.fourfold]\ntrackings = 'http://host'\n")
    with pytest.raises(
        ConfigError,
        match=r"^pyproject.toml:2:1 tool.fourfold.trackings: unknown key; expected tracking, on_end or "
        r"repository. Did you mean 'tracking'\?$",
    ):
        read_tracking(tmp_path)


def test_a_file_that_is_no_toml_is_located(tmp_path):
    """With the line that the parser names."""
    written(tmp_path, "[project]\nname = \n")
    with pytest.raises(
        ConfigError, match=r"^pyproject.toml:2:8 tool.fourfold: not TOML: Invalid value$"
    ):
        read_tracking(tmp_path)


def test_a_variable_that_is_no_address_says_how_to_turn_it_off(tmp_path, monkeypatch):
    """It may be meant for another program; a password in it is shown to nobody."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks")
    with pytest.raises(
        TrackingError, match=r"^MLFLOW_TRACKING_URI: .*'databricks'; tracking = false"
    ):
        read_tracking(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hun/ter@2@host:x")
    with pytest.raises(TrackingError, match=r"'http://\*\*\*@host:x'"):
        read_tracking(tmp_path)


def test_a_password_in_the_variable_is_taken_and_masked(tmp_path, monkeypatch):
    """As MLflow takes it; the variable is no file that others read."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@host:5000")
    tracking = read_tracking(tmp_path)
    assert (tracking.shown, tracking.uri) == ("http://***@host:5000", "http://me:hunter2@host:5000")


def test_a_password_by_name_is_resolved_at_the_last_moment(tmp_path, monkeypatch):
    """And quoted, whatever it holds."""
    monkeypatch.setenv("SECRET", "a/b@c")
    tracking = read_tracking(
        written(tmp_path, "[tool.fourfold]\ntracking = 'https://me:${SECRET}@host'")
    )
    assert (tracking.shown, tracking.uri) == ("https://***@host", "https://me:a%2Fb%40c@host")


def test_a_file_of_sqlite_needs_the_extra(tmp_path, monkeypatch):
    """A server does not."""
    written(tmp_path, "[tool.fourfold]\ntracking = 'sqlite:///mlflow.db'")
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match="expected the package mlflow for a file; run: pip install"
    ):
        read_tracking(tmp_path)
    monkeypatch.setattr(address, "find_spec", lambda name: object())
    assert read_tracking(tmp_path).uri == "sqlite:///mlflow.db"


@pytest.mark.parametrize(
    "text", ["http://a:b@c@h/p", "http://token@h/p", "http://:x@h/p", "a:b@h/p", "HTTP://a:b/c@h/p"]
)
def test_masks(text):
    """All before the last @, whatever it looks like."""
    assert masked(text).endswith("***@h/p")
    assert "b" not in masked(text)
    assert "token" not in masked(text)
