"""A search by notebooks: what is executed, what is found again, and what is said in the end."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest
from playwright.sync_api import expect

from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import find_record
from fourfold.run.searching import expanded
from served import COMMAND, ITSELF
from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.commands

NOISE = (
    "mean = scale - (scale - 3) ** 2 + (seed * 7 % 5) / 10\nif count == 3:\n    raise ValueError"
)
CONFIG = """template: tiny
parameters: {{data: numbers.csv}}
search:
  metric: mean
  direction: maximize
  trials: {trials}
  over: {{scale: {{low: 0, high: 10}}, count: [4, 5]}}
  repeat: {{seed: 3}}
  confirm: 3
"""


@pytest.fixture
def project(tmp_path, config):
    """A project whose tiny template has noise that depends on the seed."""
    cells = [(k, n, NOISE if n == "modeling-mean" else s) for k, n, s in CELLS]
    (tmp_path / "templates").mkdir(exist_ok=True)
    (tmp_path / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n")
    config(CONFIG.format(trials=3))
    return tmp_path


@pytest.fixture
def config(tmp_path):
    """Write the config of the project."""

    def write(text):
        (tmp_path / "params").mkdir(exist_ok=True)
        (tmp_path / "params" / "a.yaml").write_text(text)

    return write


def command(project, *arguments, of=COMMAND):
    return [*of, *arguments, "--root", str(project)]


def fourfold(project, *arguments, code=0) -> str:
    done = subprocess.run(command(project, *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr + done.stdout


def result(project) -> dict:
    return json.loads((project / "outputs" / "a" / "search.json").read_text())


def times(project) -> dict[str, int]:
    """When the record of each run was written."""
    records = (project / "outputs" / "a").glob("*/record.json")
    return {path.parent.name: path.stat().st_mtime_ns for path in records}


def test_a_search_is_carried_out_once_and_goes_on_when_it_is_edited(project, config):
    """The second command executes nothing; more trials execute those only; --force all."""
    said = fourfold(project, "plan")
    assert "(search)" in said
    assert "1 search of 1 config, all checked" in said
    said = fourfold(project, "run", "--workers", "2")
    first, before = result(project), times(project)
    assert "search:    a: 3 settings tried" in said
    winner = first["winner"]
    seeds = {tuple(each["runs"]) for each in first["settings"]}
    assert first["ended"]
    assert len(before) == first["runs"] == sum(map(len, seeds))
    fresh = [find_record(project / "outputs/a" / name) for name in first["settings"][winner["setting"]]["runs"][3:]]  # fmt: skip
    assert [record.parameters["seed"] for record in fresh] == [3, 4, 5]
    assert winner["confirmed"]["scores"] == [record.metrics["mean"].value for record in fresh]
    low, high = winner["confirmed"]["interval"]
    assert low < winner["confirmed"]["mean"] < high
    assert winner["optimism"] == pytest.approx(winner["estimate"] - winner["confirmed"]["mean"])

    again = fourfold(project, "run")
    assert "nothing to do" in again
    assert again.splitlines()[-6:] == said.splitlines()[-6:]
    assert times(project) == before
    assert len((project / "outputs/results.csv").read_text().splitlines()) == 1 + len(before)

    config(CONFIG.format(trials=4))
    assert "4 settings tried" in fourfold(project, "run")
    after = times(project)
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)
    settings = result(project)["settings"]
    assert [each["values"] for each in settings[:3]] == [
        each["values"] for each in first["settings"]
    ]

    assert "1 search" not in fourfold(project, "plan", "--only", "count=4")
    said = fourfold(project, "run", "--only", "count=4")
    assert "--only and --failed execute runs that it has made before, and no others" in said
    assert "nothing to do" in said
    assert "nothing to do: 0 runs" in fourfold(project, "run", "--failed").replace(str(len(after)), "0")  # fmt: skip
    assert "0 runs that no config has" in fourfold(project, "clean", "--outputs")
    name = next(iter(before))
    assert "1 unchanged already" in fourfold(project, "accept", f"a/{name}", "--because", "why not")

    values = [each["values"] for each in settings]
    fourfold(project, "run", "--force")
    assert [each["values"] for each in result(project)["settings"]] == values
    assert all(times(project)[name] > after[name] for name in result(project)["settings"][0]["runs"])  # fmt: skip


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_search_that_was_ended_goes_on(project, how):
    """By kill -9 or Ctrl-C: what has ended is not executed again, and the answer is the same."""
    arguments = command(project, "run", "--workers", "2", of=ITSELF)
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout:
            if line.lstrip().startswith("5/"):
                process.send_signal(how)
                break
        rest = process.stdout.read()
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert "stopped before its end; the same command goes on with it" in rest
        assert not result(project)["ended"]
    whole = {name for name in times(project) if find_record(project / "outputs/a" / name).ok}
    before = {name: each for name, each in times(project).items() if name in whole}
    assert len(before) >= 5
    specs = expanded(plan([], project), Project(project, project / "outputs"))
    assert whole <= {spec.run_id for spec in specs}
    fourfold(project, "run", "--workers", "2")
    after = times(project)
    assert {name: after[name] for name in before} == before
    resumed = result(project)
    fourfold(project, "run", "--workers", "1", "--outputs", str(project / "other"))
    alone = json.loads((project / "other/a/search.json").read_text())
    for each in (resumed, alone):
        each.pop("hours_spent")
    assert resumed == alone


def test_a_setting_that_fails_is_tried_again_by_the_next_command(project, config):
    """It does not end the search, and counts for nothing."""
    config(CONFIG.format(trials=4).replace("[4, 5]", "[3, 4]"))
    said = fourfold(project, "run", "--fail-fast", code=1)
    assert "stopped before its end; the same command goes on with it" in said
    said = fourfold(project, "run", code=1)
    states = [each["state"] for each in result(project)["settings"]]
    assert "failed" in states
    assert f"{states.count('failed')} failed" in said
    failing = {
        name
        for each in result(project)["settings"]
        for name in each["runs"]
        if each["state"] == "failed"
    }
    before = times(project)
    fourfold(project, "run", code=1)
    after = times(project)
    assert {name for name in after if after[name] != before[name]} == failing
    source = project / "templates" / "tiny.ipynb"
    source.write_text(source.read_text().replace("count == 3", "count == 99"))
    said = fourfold(project, "run", "--json")
    assert "failed" not in [each["state"] for each in result(project)["settings"]]
    (event,) = (e for e in map(json.loads, said.splitlines()) if e["event"] == "search")
    assert event["winner"] == result(project)["winner"]
    assert (event["ended"], event["settings"]) == (True, 4)


def test_without_repeats_the_winner_is_not_confirmed(project, config):
    """And that is said."""
    text = CONFIG.format(trials=3)
    config("".join(line for line in text.splitlines(True) if not line.startswith(("  repeat", "  confirm"))))  # fmt: skip
    said = fourfold(project, "run")
    assert "not confirmed: without repeat there are no fresh runs" in said
    assert result(project)["runs"] == 3


def test_the_page_of_a_search_shows_winner_and_runs(project, browser_page):
    """All settings in a chart and a table, whose links lead to the runs; on a phone too."""
    fourfold(project, "run")
    browser_page.goto((project / "outputs/a/search.html").as_uri())
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Search: a")
    expect(browser_page.locator(".heads")).to_contain_text("with other values of seed")
    assert browser_page.locator("svg circle").count() == 4
    assert browser_page.locator("tbody tr a").count() == result(project)["runs"]
    browser_page.set_viewport_size({"width": 390, "height": 800})
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    browser_page.locator("tbody tr a").first.click()
    expect(browser_page).to_have_title("a · " + result(project)["settings"][result(project)["winner"]["setting"]]["runs"][0])  # fmt: skip


FOLLOWER = """template: tiny
parameters: {data: run:a/default/kept.csv}
when: {a: not judged}
"""


def test_what_follows_a_search_takes_the_run_that_confirms_its_winner(project, config):
    """In one batch, again unchanged, alone, and after another winner; before it has one, not."""
    cells = json.loads((project / "templates/tiny.ipynb").read_text())
    (cell,) = (c for c in cells["cells"] if c["id"] == "modeling-mean")
    cell["source"] += (
        "\nimport pandas as pd\nff.save('kept.csv', pd.DataFrame({'n': [seed, seed]}))"
    )
    (project / "templates/tiny.ipynb").write_text(json.dumps(cells))
    (project / "params/b.yaml").write_text(FOLLOWER)
    text = fourfold(project, "run", str(project / "params/b.yaml"), code=1)
    assert "follows a, which has found no winner yet: run params/a.yaml as well" in text
    assert "decided when a has ended" in fourfold(project, "plan", "--why")
    fourfold(project, "run")
    first = result(project)
    winner = first["settings"][first["winner"]["setting"]]["runs"]
    assert first["winner"]["run"] == winner[3]  # after the three of the search itself

    def taken() -> list[str]:
        record = find_record(project / "outputs/b/default")
        return [n for n in record.key["inputs"] if n.endswith("kept.csv") and n.startswith("out")]

    assert taken() == [f"outputs/a/{winner[3]}/artifacts/kept.csv"]
    kept = project / "outputs/a" / winner[3] / "artifacts/kept.csv"
    assert kept.read_text() == "n\n3\n3\n"
    assert "nothing to do" in fourfold(project, "run")
    assert "nothing to do" in fourfold(project, "run", str(project / "params/b.yaml"))
    kept.write_text("n\n9\n")
    text = fourfold(project, "run", str(project / "params/b.yaml"), code=1)
    assert "artifact kept.csv was changed after the run" in text
    fourfold(project, "run")
    assert kept.read_text() == "n\n3\n3\n"
    config(CONFIG.format(trials=3).replace("maximize", "minimize"))
    assert "has found no winner yet" in fourfold(
        project, "run", str(project / "params/b.yaml"), code=1
    )
    fourfold(project, "run")
    (other,) = taken()
    assert other == f"outputs/a/{result(project)['winner']['run']}/artifacts/kept.csv"
    assert other != f"outputs/a/{winner[3]}/artifacts/kept.csv"
    config("template: tiny\nparameters: {data: numbers.csv}\n")  # no search any more
    fourfold(project, "run")
    assert taken() == ["outputs/a/default/artifacts/kept.csv"]
