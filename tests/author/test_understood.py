"""What `fourfold new` says of each column, and what it asks."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fourfold as ff
from fourfold.author.config_draft import drafts, rejected_rows
from fourfold.author.survey import survey
from fourfold.author.understood import doubts, sentinels, understood
from fourfold.cli.understood import answered
from fourfold.errors import DataError, FourfoldError
from fourfold.plan.plan import plan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def looked(tmp_path):
    """A survey of a table in a project of its own."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")

    def look(frame, target=""):
        frame.to_csv(tmp_path / "table.csv", index=False)
        return survey("table.csv", "", tmp_path, target)

    return look


def people(n=300):
    """Patients that come again, with a code, a price and a mark of missing values."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n).round(3)
    return pd.DataFrame(
        {
            "visitId": rng.permutation(n) + 50_001,
            "patient": [f"p{n:03d}" for n in rng.integers(0, 40, n)],
            "zip": [f"{n:05d}" for n in rng.integers(1000, 99_999, n)],
            "paid": [f"${v:,.2f}" for v in rng.gamma(2, 900, n)],
            "pulse": np.where(rng.random(n) < 0.05, -200, rng.integers(50, 120, n)),
            "x": x,
            "ill": np.where(x + rng.normal(size=n) > 0.8, "yes", "no"),
        }
    )


def test_each_column_has_a_role_and_a_reason(looked, tmp_path):
    """The same is in the config, whose contract keeps all rows."""
    table = looked(people(), "ill")
    lines = {line.name: line for line in understood(table, "classification")}
    roles = {name: line.role for name, line in lines.items()}
    assert roles == {
        "visitId": "identifier",
        "patient": "group",
        "zip": "identifier",
        "paid": "feature",
        "pulse": "feature",
        "x": "feature",
        "ill": "target",
    }
    assert (lines["paid"].kind, lines["paid"].unit, lines["ill"].why) == (
        "number",
        "$",
        "2 classes",
    )
    assert "-200 in" in lines["pulse"].notes[0]
    texts = drafts("a", "", table, tmp_path, "")
    for path, text in texts.items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    config = list(texts.values())[1]
    assert "groups: patient" in config
    assert "# pulse: -200 in" in config
    assert rejected_rows(table, texts) == 0


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([3.5, 4, 7, -200, 5, -200], [-200]),
        ([20, 31, 999, 44, 28, 999, 35], [999]),
        ([-999, 1, 2, 3, 9999, 2, 9999, -999, 3], [-999, 9999]),
        ([1, 2, 3, 4, 1000], []),  # once: a large value
        ([0, 0, 0, 120, 130, 125, 140], []),  # a zero may be one
        ([1, 2, 3, 4, 5, 5], []),
        ([7, 7, 7, 7], []),
        ([1e6, 1e6, 2.5, 3.5, 4.5], []),  # nobody writes that for nothing
        ([-200] * 20 + [1, 2, 3, 4, 5], [-200]),
        ([11, 12, 11, 12, 455, 455, 455], []),
    ],
)
def test_marks_of_missing_values_among_numbers(values, marks):
    """Far from all others, whole, and more than once."""
    assert sentinels(pd.Series(values)) == marks


def test_a_date_of_two_meanings_is_a_doubt():
    """01/02/2024 in every row."""
    assert list(doubts(pd.Series(["01/02/2024", "03/04/2024"] * 9), "category")) == [
        "dates that may be day/month or month/day: kept as text"
    ]
    assert not list(doubts(pd.Series(["a", "b"] * 9), "category"))


def test_answers_make_the_draft(looked, tmp_path, monkeypatch):
    """A target that is none is asked for again; groups are refused; a class is chosen."""
    monkeypatch.setattr("sys.stdin", io.StringIO("il\nill\nn\nmaybe\nno\n"))
    table = answered(looked(people()), "")
    assert (table.target, table.division, table.positive) == ("ill", ("", ""), "no")
    config = list(drafts("a", "", table, tmp_path, "").values())[1]
    assert 'positive: "no"' in config
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert answered(replace(table, target=""), "").target == ""


def test_a_table_in_a_notebook_gets_a_config(tmp_path, monkeypatch, capsys):
    """Once; a second time the file is there, and a table that cannot be drafted leaves nothing."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    table = ff.new(people(), "people", target="ill")
    assert table.loc["patient", "role"] == "group"
    out = capsys.readouterr().out
    assert "next:  fourfold run params/classification/people.yaml" in out
    assert [run.config for run in plan([], tmp_path)] == ["classification-people"]
    with pytest.raises(FourfoldError, match=r"data/people\.parquet: expected no file of that name"):
        ff.new(people(), "people")
    with pytest.raises(DataError):
        ff.new(people(), "others", target="sick")
    assert not (tmp_path / "data" / "others.parquet").exists()


def test_groups_are_not_sought_by_a_column_of_two_values(looked, tmp_path):
    """It is two groups already; the config names the others."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=60).round(2) for name in "ab"})
    table = looked(frame.assign(day=[307, 308] * 30))
    lines = {line.name: line for line in understood(table, "clustering")}
    assert (lines["day"].role, lines["day"].why) == (
        "not used",
        "two values: each would be a group",
    )
    assert "features: [a, b]" in list(drafts("a", "", table, tmp_path, "").values())[1]
