"""What is promoted, what is refused and why, and how it is undone."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from fourfold.errors import ConfigError, DataError, FourfoldError
from fourfold.models.champion import folder_of
from fourfold.models.predict import find_model
from fourfold.project import Project
from fourfold.promotion.decide import draft, roll_back, settle, weigh
from fourfold.promotion.gate import read_gate

NAME = "buyers"


def promote(root, folder, approver="Ada", **options):
    return settle(weigh(folder, NAME, root, **options), root, approver, because="a test")


def met(decision):
    return {check.check: check.passed for check in decision.checks}


def gate(root):
    return read_gate(root / "models" / f"{NAME}.yaml")


def test_the_first_is_promoted_and_predicts_under_the_name(root, model):
    """What people wrote stays; the model is a copy; again it is the champion already."""
    decision = promote(root, model("poor"))
    assert (decision.decision, decision.run) == ("promoted", "poor/default")
    assert met(decision) == {
        "conclusion supported": True, "better than the baseline": True, "contract met": True,
        "parity": True, "card complete": True, "approved": True,
    }  # fmt: skip
    text = (root / "models/buyers.yaml").read_text()
    assert text.startswith("# What people wrote stays.\nabout: who buys  # a note\n")
    assert gate(root).champion == decision.digest
    assert gate(root).decisions == (decision,)
    folder = find_model(NAME, Project(root, root / "outputs"))
    assert folder == root / "models" / NAME / decision.digest
    shutil.rmtree(root / "outputs" / "poor")
    assert folder_of(root / "models/buyers.yaml") == folder
    assert weigh(model("good"), NAME, root).champion.folder == folder


def test_the_better_one_replaces_the_champion_and_the_worse_one_does_not(root, model):
    """By the paired interval on rows that both held out."""
    promote(root, model("poor"))
    better = promote(root, model("good"))
    assert better.decision == "promoted"
    (said,) = (c.why for c in better.checks if c.check == "better than the champion")
    assert said.startswith("brier lower by 0.0")
    assert "95 %) on 450 rows of customers.csv that it held out, as did the champion" in said
    worse = promote(root, model("poor"))
    assert worse.decision == "refused"
    assert met(worse)["better than the champion"] is False
    assert met(worse)["no part much worse"] is False
    assert gate(root).champion == better.digest
    assert promote(root, model("poor")) == worse  # not written twice
    assert len(gate(root).decisions) == 3


def test_an_equal_one_is_refused_and_each_try_makes_the_next_harder(root, model):
    """The luckiest of many equal ones must not win."""
    promote(root, model("good"))
    decision = promote(root, model("twin"))
    assert met(decision)["better than the champion"] is False
    known = gate(root)
    assert known.tries(decision.rows, "another") == 1
    assert known.tries(decision.rows, decision.digest) == known.tries("other rows", "another") == 0


def test_what_each_condition_says(root, model):
    """A verdict, a baseline, an approver, a contract, a licence."""
    (root / "LICENSE").unlink()
    decision = promote(root, model("doubtful"), approver="Adda")
    assert decision.decision == "refused"
    why = {check.check: check.why for check in decision.checks if not check.passed}
    assert why == {
        "conclusion supported": "doubtful/default is refuted; gain > 0: refuted",
        "better than the baseline": "gain 0.100 (-0.100 to 0.300)",
        "card complete": "missing: licence",
        "approved": "expected Ada, got 'Adda'. Did you mean 'Ada'?",
    }
    assert gate(root).champion is None


def test_rows_that_changed_show_nothing_and_rows_of_their_own_do(root, model):
    """A stale source is never compared; `--on` takes new rows with their truth."""
    promote(root, model("poor"))
    text = (root / "customers.csv").read_text()
    (root / "customers.csv").write_text(text.replace("Oslo", "Bergen", 1))
    decision = promote(root, model("good"))
    assert met(decision)["better than the champion"] is None
    assert any("customers.csv has changed since the run" in check.why for check in decision.checks)
    fresh = promote(root, model("good"), data=str(root / "fresh.csv"))
    assert fresh.decision == "promoted"
    assert any("900 rows of " in check.why for check in fresh.checks)
    (root / "wrong.csv").write_text((root / "fresh.csv").read_text().replace("buys", "buy"))
    message = r"expected a column 'buys' with the truth, found none\. Did you mean 'buy'\?"
    with pytest.raises(DataError, match=message):
        weigh(model("other"), NAME, root, str(root / "wrong.csv"))


def test_only_rows_that_both_held_out_count(root, model):
    """Another split of the same data leaves the common ones."""
    promote(root, model("poor"))
    compared = weigh(model("other"), NAME, root).compared
    assert 180 < len(compared.losses) < 270


def test_a_rollback_restores_the_former_and_keeps_the_other_out(root, model):
    """With its reason; by git as well."""
    first, second = promote(root, model("poor")), promote(root, model("good"))
    with pytest.raises(FourfoldError, match="--because: expected the reason"):
        roll_back(NAME, root, "Ada", "")
    decision = roll_back(NAME, root, "Ada", "complaints")
    assert (decision.decision, decision.digest) == ("rolled back", second.digest)
    assert gate(root).champion == first.digest
    again = promote(root, model("good"))
    assert (again.decision, met(again)["not rolled back"]) == ("refused", False)
    with pytest.raises(FourfoldError, match="expected a former champion to go back to, found none"):
        roll_back(NAME, root, "Ada", "once more")


def test_git_revert_restores_the_former(root, model):
    """File and folder are ordinary files."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]

    def call(*words):
        subprocess.run([*git, *words], cwd=root, check=True, capture_output=True)

    call("init", "-q")
    first = promote(root, model("poor"))
    call("add", "models")
    call("commit", "-qm", "first")
    promote(root, model("good"))
    call("add", "models")
    call("commit", "-qm", "second")
    call("revert", "--no-edit", "HEAD")
    assert gate(root).champion == first.digest
    assert folder_of(root / "models/buyers.yaml").name == first.digest


def test_what_was_changed_is_refused(root, model):
    """The candidate, the champion's folder, a name that is another's."""
    first = promote(root, model("poor"))
    with (model("good") / "model.skops").open("ab") as handle:
        handle.write(b"x")
    with pytest.raises(DataError, match="was changed after the model was kept"):
        weigh(model("good"), NAME, root)
    folder = root / "models" / NAME / first.digest
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match=r"buyers\.yaml:\d+:1 champion: expected the model in"):
        folder_of(root / "models/buyers.yaml")
    shutil.copytree(model("other"), folder)
    with pytest.raises(DataError, match="holds another model than its name states"):
        folder_of(root / "models/buyers.yaml")


def test_two_at_once_do_not_undo_each_other(root, model):
    """What was weighed against another champion is not settled."""
    promote(root, model("poor"))
    early = weigh(model("good"), NAME, root)
    promote(root, model("other"))
    with pytest.raises(FourfoldError, match="the champion has changed meanwhile"):
        settle(early, root, "Ada")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("margn: 0\n", r"models/buyers.yaml:1:1 margn: unknown key; .* Did you mean 'margin'\?"),
        ("a: 1\n", "models/buyers.yaml:1:1 a: unknown key"),
        ("margin: much\n", "models/buyers.yaml:1:1 margin: expected "),
        ("segments: -1\n", "models/buyers.yaml:1:1 segments: expected a number from 0 on, got -1"),
        ("measure: briar\n", r"measure: expected .* Did you mean 'brier'\?"),
        ("champion: 12\n", "champion: expected "),
    ],
)
def test_a_wrong_file_is_located(root, model, text, message):
    """With file, line, key, what was expected and the nearest name."""
    (root / "models/buyers.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        weigh(model("good"), NAME, root)


def test_a_draft_is_a_gate(root):
    """And is not written twice."""
    path = draft("new", root)
    assert read_gate(path).rejected == 0.05
    path.write_text("margin: 1\n")
    assert read_gate(draft("new", root)).margin == 1
    with pytest.raises(ConfigError, match="--as"):
        draft("../new", root)
