"""Results that are there: kept after a harmless change, listed, and removed once nobody has them."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest

from fourfold.records.record import read_record
from served import COMMAND

pytestmark = pytest.mark.commands

SWEEP = "template: tiny\nsweep: {grid: {scale: [1, 2]}}\n"


@pytest.fixture
def done(project, config):
    """A project with two runs that have been executed, and its command."""
    config(SWEEP)

    def fourfold(*arguments: str, code: int = 0, out: bool = False) -> str:
        call = [*COMMAND, *arguments]
        ended = subprocess.run(call, cwd=project, capture_output=True, text=True, timeout=120)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout if out else ended.stdout + ended.stderr

    assert "2 runs, 0 failed" in fourfold("run")
    return fourfold


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def change(project, before: str, after: str) -> None:
    path = project / "templates" / "tiny.ipynb"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_harmless_change_is_accepted_with_its_reason(done, project):
    """The record and the page name change and reason; the next change is one again."""
    change(project, "sum(values) / count", "sum(values) / len(values)")
    assert "2 to execute" in done("plan", "--why")
    told = done("accept", "a/scale=1", "--because", "count is the length")
    assert "a/scale=1: template changed" in told
    assert "1 result accepted, 0 unchanged already" in told
    again = json.loads(done("accept", "a/scale=1", "--because", "as before", "--json", out=True))
    assert again == {"accepted": {}, "unchanged": ["a/scale=1"]}
    assert "1 to execute, 1 unchanged" in done("plan", "--why")
    folder = project / "outputs" / "a" / "scale=1"
    (reason,) = read_record(folder / "record.json").accepted
    assert (reason["because"], reason["changes"]) == ("count is the length", ["template changed"])
    assert "template changed; because: count is the length" in (folder / "report.html").read_text()
    assert "1 result accepted, 1 unchanged already" in done("accept", "a", "--because", "as before")
    assert "nothing to do: 2 runs unchanged" in done("run")
    change(project, "len(values)", "max(1, len(values))")
    assert "2 to execute" in done("plan", "--why")
    assert "2 runs, 0 failed" in done("run")
    assert read_record(folder / "record.json").accepted == []


def test_what_cannot_be_accepted_is_refused(done, project, config):
    """Other parameters, a run that there is not, one that failed, and no reason."""
    config(SWEEP.replace("sweep", "parameters: {count: 6}\nsweep"))
    told = done("accept", "a", "--because", "no matter", code=2)
    assert "a/scale=1: parameter count: 5 -> 6: a result belongs to its parameters" in told
    assert "Did you mean 'a'" in done("accept", "aa", "--because", "no matter", code=2)
    assert "expected a reason" in done("accept", "a", "--because", " ", code=2)
    config(SWEEP.replace("sweep", "parameters: {fail: true}\nsweep"))
    done("run", code=1)
    failed = done("accept", "a", "--because", "no matter", code=2)
    assert "expected a result that ended well, found one that failed" in failed


def test_runs_that_no_config_has_are_listed_and_removed(done, project, config):
    """A dry run first; runs of configs that exist stay, also if they are not asked for."""
    config(SWEEP, "b.yaml")
    done("run", "params/b.yaml")
    config(SWEEP.replace("[1, 2]", "[2, 3]"))
    (project / "params" / "b.yaml").unlink()
    listed = done("clean", "--outputs")
    assert [line for line in listed.splitlines() if line.startswith("outputs/")] == [
        "outputs/a/scale=1", "outputs/b/scale=1", "outputs/b/scale=2",
    ]  # fmt: skip
    assert "3 runs that no config has" in listed
    assert "remove them with --yes" in listed
    assert (project / "outputs" / "a" / "scale=1" / "record.json").exists()
    assert "removed" in done("clean", "--outputs", "--yes")
    assert not (project / "outputs" / "a" / "scale=1").exists()
    assert not (project / "outputs" / "b").exists()
    assert "0 runs that no config has" in done("clean", "--outputs")
    assert "expected --outputs" in done("clean", "--yes", code=2)
    rows = read(project / "outputs" / "results.csv")
    assert [row["run_id"] for row in rows] == ["scale=2"]


def test_the_table_of_a_batch_says_what_was_executed(done, project, config):
    """What stood as it was is ok as well."""
    config(SWEEP.replace("[1, 2]", "[1, 2, 3]"))
    assert "1 run, 0 failed, 2 unchanged" in done("run")
    rows = read(max((project / "outputs" / "batches").glob("*.csv")))
    rows = [(row["run_id"], row["status"], row["executed"]) for row in rows]
    assert sorted(rows) == [
        ("scale=1", "ok", "False"), ("scale=2", "ok", "False"), ("scale=3", "ok", "True"),
    ]  # fmt: skip


def test_the_command_keeps_results_under_other_names(done, config):
    """It says so, in a plan as well, and the table has the new names."""
    config(
        "template: tiny\nparameters: {count: 5}\nsweep: {grid: {mode: [plain], scale: [1, 2]}}\n"
    )
    assert "0 to execute, 2 unchanged, 2 of them under other names" in done("plan", "--why")
    told = done("run")
    assert "2 results kept under other names, questions or criteria, not executed" in told
    assert "nothing to do: 2 runs unchanged" in told
    assert "kept" not in done("run")


def test_notes_are_kept_beside_the_config_and_shown(done, project):
    """Written, edited by hand, and taken by the next command; a mistake in the file stops it."""
    assert "wrote params/_a.notes.yaml: 2 runs" in done("note", "a", "--tag", "keep")
    wrote = json.loads(done("note", "a/scale=2", "--text", "the larger one", "--json", out=True))
    assert wrote == {"params/_a.notes.yaml": ["scale=2"]}
    page, file = project / "outputs" / "index.html", project / "params" / "_a.notes.yaml"
    assert "the larger one" in page.read_text()
    file.write_text(file.read_text().replace("larger", "greater"))
    assert "nothing to do: 2 runs unchanged" in done("run")
    assert "the greater one" in page.read_text()
    file.write_text("scale=1: {tag: [a]}\n")
    wrong = "params/_a.notes.yaml:1:11 scale=1.tag: expected one of tags, note, got 'tag'. Did you"
    assert wrong in done("run", code=2)
    file.unlink()
    done("run")
    assert "the greater one" not in page.read_text()
    assert "--tag: expected one word, got 'a b'" in done("note", "a", "--tag", "a b", code=2)
    assert "note: expected --tag or --text, got neither" in done("note", "a", code=2)


def test_a_page_is_live_only_while_the_batch_runs(done, project):
    """At its end the page says so itself, and pages that are open load it anew."""
    outputs = project / "outputs"
    assert '"running":null' in (outputs / "index.html").read_text()
    assert (outputs / ".live.js").read_text() == "Fourfold.live(null)\n"
    assert not list((outputs / "a").glob(".live*"))
