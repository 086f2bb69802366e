"""Answers with evidence, and what they are worth in the worst and in the best case."""

from __future__ import annotations

from pathlib import Path

import pytest

from fourfold.errors import ConfigError, DataError
from fourfold.methods.maturity.assessment import (
    Answers,
    Proof,
    Reply,
    assess,
    project_of,
    read_answers,
)
from fourfold.methods.maturity.practices import practices

ROOT = Path(__file__).parents[3]


def standing(reply, root, **options):
    return assess(Answers("ours", (reply,)), root, **options).standings[reply.practice]


@pytest.mark.parametrize(
    ("answer", "low", "high"),
    [("done", 1, 1), ("partly", 0.5, 0.5), ("missing", 0, 0), ("unknown", 0, 1)],
)
def test_answers_are_worth_a_worst_and_a_best_case(answer, low, high, tmp_path):
    """Unknown is neither yes nor no; half is half."""
    found = standing(Reply("rollback", answer), tmp_path)
    assert (found.low, found.high) == (low, high)


def test_what_is_not_answered_is_unknown(tmp_path):
    """Every practice has a standing."""
    found = assess(Answers("ours", (Reply("rollback", "done"),)), tmp_path)
    assert set(found.standings) == set(practices())
    others = {name: s for name, s in found.standings.items() if name != "rollback"}
    assert {(s.answer, s.low, s.high) for s in others.values()} == {("unknown", 0, 1)}
    assert (found.low["rollback"], found.high["rollback"]) == (1, 1)


def test_evidence_decides_what_is_trusted(tmp_path):
    """A proof that fails makes a practice unknown; without a proof it counts only if trusted."""
    (tmp_path / "here.txt").touch()
    holding, failing = Proof(file="here.txt"), Proof(file="gone.txt")
    command = Proof(command="python -c pass")
    cases = {
        (): ("none", 1, 0),
        (holding,): ("holds", 1, 1),
        (failing,): ("fails", 0, 0),
        (holding, failing): ("fails", 0, 0),
        (holding, command): ("not checked", 1, 0),
        (command, failing): ("fails", 0, 0),
    }
    for proofs, (told, stated, checked) in cases.items():
        reply = Reply("rollback", "done", proofs=proofs)
        found = standing(reply, tmp_path)
        assert (found.proof, found.low, found.high) == (told, stated, 1)
        assert standing(reply, tmp_path, trust="checked").low == checked
    reply = Reply("rollback", "done", proofs=(holding, command))
    assert standing(reply, tmp_path, trust="checked", commands=True).proof == "holds"


def test_a_partial_answer_without_evidence_is_at_most_partial(tmp_path):
    """Its best case is what was stated."""
    found = standing(Reply("rollback", "partly"), tmp_path, trust="checked")
    assert (found.low, found.high) == (0, 0.5)


def test_trust_is_one_of_two(tmp_path):
    """Told with what was given."""
    with pytest.raises(DataError, match="expected one of stated, checked, got 'blind'"):
        assess(Answers("ours", ()), tmp_path, trust="blind")


def test_own_effort_replaces_the_rough_one(tmp_path):
    """In person-weeks of the organisation."""
    usual = practices()["rollback"].effort
    assert standing(Reply("rollback", "missing"), tmp_path).practice.effort == usual
    assert standing(Reply("rollback", "missing", effort=7), tmp_path).practice.effort == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{practice: rolback, answer: done}", r"practice: .* 'rolback'\. Did you mean 'rollback'"),
        ("{practice: rollback, answer: donne}", r"answer: .* got 'donne'\. Did you mean 'done'"),
        ("{practice: rollback, answer: true}", r"answer: expected .* got True"),
        ("{practice: rollback}", r"answers\.1\.answer: expected this key"),
        ("{practice: approval, answer: done}", "expected one answer, got 'approval' again"),
        ("{practice: rollback, answer: done, effort: 0}", "effort: expected weeks > 0, got 0"),
        ("{practice: rollback, answer: done, proofs: [{text: a}]}", r"proofs\.0: expected either"),
        ("{practice: rollback, answer: done, proof: []}", "Did you mean 'proofs'"),
    ],
)
def test_mistakes_in_answers_are_told_with_their_line(tmp_path, monkeypatch, text, message):
    """Practices, answers, efforts and proofs, each at its place."""
    monkeypatch.chdir(tmp_path)
    head = "organisation: ours\nanswers:\n  - {practice: approval, answer: done}\n  - "
    Path("a.yaml").write_text(head + text + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^a\.yaml:4:\d+ ") as caught:
        read_answers("a.yaml")
    assert caught.match(message)


def test_answers_that_are_not_there_are_told():
    """With the nearest file."""
    with pytest.raises(DataError, match=r"Did you mean 'data/maturity/fourfold\.yaml'"):
        read_answers("data/maturity/forfold.yaml")


def test_the_project_is_where_the_path_starts(tmp_path, monkeypatch):
    """From any folder below; of an absolute path, the folder of the file."""
    monkeypatch.chdir(ROOT / "notebooks")
    assert project_of("data/maturity/fourfold.yaml") == ROOT
    assert project_of(str(ROOT / "data" / "maturity" / "fourfold.yaml")) == ROOT / "data/maturity"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data" / "maturity").glob("*.yaml")), ids=lambda path: path.stem
)
def test_answers_of_the_repository_are_sound(path):
    """They read, and each claim of this project has evidence that holds."""
    answers = read_answers(str(path))
    found = assess(answers, ROOT, commands=True)
    claimed = [s for s in found.standings.values() if s.answer in ("done", "partly")]
    if path.stem == "fourfold":
        assert sum(s.answer == "done" for s in claimed) >= 35
        assert {standing.proof for standing in claimed} == {"holds"}
    else:
        assert "invented" in answers.organisation
