"""Notes and tags of runs, in a file beside their config."""

from __future__ import annotations

import pytest

from fourfold.errors import ConfigError
from fourfold.report.notes import add_notes, notes_file, read_notes


def test_what_is_added_is_read(tmp_path):
    """Tags are added once, a note replaces the former; comments and other runs stay."""
    config = tmp_path / "a.yaml"
    notes_file(config).write_text("# mine\nk=1:\n  tags: [old]  # why\nk=9: {note: far}\n")
    add_notes(config, ["k=1", "k=2"], ["keep"], "good: yes")
    add_notes(config, ["k=1"], ["keep", "slow"], None)
    add_notes(config, ["k=2"], [], "")
    text = notes_file(config).read_text()
    assert "# mine" in text
    assert notes_file(config).name == "_a.notes.yaml"
    notes = read_notes({"a": "a.yaml", "b": "b.yaml"}, tmp_path)
    assert notes == {
        "a": {
            "k=1": {"tags": ["old", "keep", "slow"], "note": "good: yes"},
            "k=9": {"note": "far"},
            "k=2": {"tags": ["keep"]},
        },
        "b": {},
    }


def test_every_mistake_is_located(tmp_path):
    """File, line, key, what was expected and the nearest name."""
    (tmp_path / "_a.notes.yaml").write_text("k=1: {tgs: [a]}\nk=2: {tags: a}\nk=3: good\n")
    with pytest.raises(ConfigError) as error:
        read_notes({"a": "a.yaml"}, tmp_path)
    assert [str(each) for each in error.value.violations] == [
        "_a.notes.yaml:1:7 k=1.tgs: expected one of tags, note, got 'tgs'. Did you mean 'tags'?",
        "_a.notes.yaml:2:7 k=2.tags: expected a list of words, as [keep, slow], got 'a'",
        "_a.notes.yaml:3:1 k=3: expected tags and note, got 'good'",
    ]
