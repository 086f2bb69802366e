"""Runs side by side on the terminal."""

from __future__ import annotations

import json
import subprocess

import pytest

from fourfold.errors import FourfoldError
from fourfold.report.side_by_side import chosen, differing, metrics_of, name, view_of
from served import COMMAND


def entry(config, run, k, mean, claims=()):
    return {
        "config": config,
        "run": run,
        "status": "ok",
        "verdict": "supported",
        "parameters": {"k": str(k), "data": "penguins"},
        "metrics": {"mean": [mean, mean - 1, mean + 1], "rows": [3, None, None]},
        "claims": [list(each) for each in claims],
    }


RUNS = [
    entry("wine", "k=2", 2, 5.0, [("mean", "> 0", "supported")]),
    entry("wine", "names=[a]", 3, 6.0),
    entry("penguins", "default", 3, 7.0),
]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([], ["wine/k=2", "wine/names=[a]", "penguins/default"]),
        (["wine"], ["wine/k=2", "wine/names=[a]"]),
        (["penguins", "wine/k=2"], ["penguins/default", "wine/k=2"]),
        (["wine/names=[a]"], ["wine/names=[a]"]),
        (["*/k=*", "wine/"], ["wine/k=2", "wine/names=[a]"]),
    ],
)
def test_runs_by_name_config_or_glob(patterns, found):
    """In the order in which they are asked for, each once."""
    assert [name(each) for each in chosen(RUNS, patterns)] == found


def test_what_is_not_there_is_told_with_the_nearest():
    """A run, and a metric."""
    with pytest.raises(FourfoldError, match=r"got 'penguin', which is none. Did you mean 'pe"):
        chosen(RUNS, ["penguin"])
    with pytest.raises(FourfoldError, match=r"got 'wi', which is none. Did you mean 'wine"):
        chosen(RUNS, ["wi"])
    with pytest.raises(
        FourfoldError, match=r"got 'xyz', which is none. There are wine/k=2, wine, "
    ):
        chosen(RUNS, ["xyz"])
    with pytest.raises(FourfoldError, match=r"expected one of mean, rows, got 'men'. Did you"):
        metrics_of(RUNS, ["men"])


def test_what_differs_and_what_is_claimed():
    """Parameters that are the same are left out; without claims all metrics show."""
    assert differing(RUNS) == ["k"]
    assert metrics_of(RUNS, []) == ["mean"]
    assert metrics_of(RUNS[1:], []) == ["mean", "rows"]
    assert metrics_of(RUNS, ["rows"]) == ["rows"]
    assert view_of(RUNS[:2], RUNS) == "#runs=wine/*"
    assert view_of(RUNS[1:], RUNS) == "#runs=wine/names=%5Ba%5D;penguins/*"
    many = [entry(f"c{n}", "default", n, 1.0) for n in range(60)]
    assert view_of(many, many) == ""


def test_the_command(project, config):
    """On real runs: a table, JSON, and one line for what is wrong; then the reports as PDF."""
    config("template: tiny\nsweep: {grid: {scale: [1.0, 2.0]}}\n")

    def call(*words, **options):
        command = [*COMMAND, *words]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, **options)

    assert call("compare").returncode == 2
    assert call("run").returncode == 0
    told = call("compare", "a").stdout
    assert "4.00 (3.00 to 5.00) kg" not in told
    assert "4.00 (3.00 to 5.00)" in told
    assert "outputs/index.html#runs=" in told
    rows = json.loads(call("compare", "--json", "--metric", "count").stdout)
    assert [row["parameters"] for row in rows] == [{"scale": "1.0"}, {"scale": "2.0"}]
    wrong = call("compare", "b")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
