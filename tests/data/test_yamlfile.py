"""YAML into dataclasses: what is read, and that each mistake is told with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from fourfold.data.yamlfile import closed, read_document
from fourfold.errors import ConfigError


@closed
@dataclass(frozen=True)
class Part:
    name: str
    kind: Literal["round", "square"] = "round"
    size: float = 1.0


@closed
@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    named: dict[str, Part] | None = None


@dataclass(frozen=True)
class Open:
    name: str


GOOD = "parts:\n  - {name: a, kind: square, size: 2}\nnamed: {x: {name: b}}\n"


def read(tmp_path, text, kind=Whole, file=""):
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path, kind, file)


def test_a_document_becomes_the_dataclass(tmp_path):
    """Nested parts and defaults included."""
    found = read(tmp_path, GOOD).value
    assert found == Whole((Part("a", "square", 2.0),), {"x": Part("b")})


def test_all_mistakes_are_told_at_once_with_line_and_key(tmp_path):
    """Unknown, missing and wrong ones, in lists and in mappings."""
    text = "parts:\n  - {namee: a, kind: squarre}\n  - name: 3\nnamed:\n  x: {name: b, size: big}\n"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    lines = str(caught.value).split("\n")
    assert [line.partition(": ")[0] for line in lines] == [
        "some.yaml:2:5 parts.0.name",
        "some.yaml:2:6 parts.0.namee",
        "some.yaml:2:16 parts.0.kind",
        "some.yaml:3:5 parts.1.name",
        "some.yaml:5:16 named.x.size",
    ]
    assert lines[0].endswith("expected this key, found none")
    assert "unknown key; expected one of name, kind, size. Did you mean 'name'?" in lines[1]
    assert "expected 'round' or 'square', got 'squarre'. Did you mean 'square'?" in lines[2]
    assert "got 3" in lines[3]
    assert "expected a valid number" in lines[4]
    assert "got 'big'" in lines[4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a mapping, got an empty file"),
        ("- 1\n", "expected a mapping, got a list"),
        ("a: [1\nb: 2\n", "some.yaml:2:2 document: not YAML"),
        ("parts: []\nparts: []\n", "not YAML"),
    ],
)
def test_what_is_no_mapping_is_told(tmp_path, text, message):
    """Empty files, lists, broken YAML, a key twice."""
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path):
    """By its name."""
    with pytest.raises(ConfigError, match=r"gone\.yaml.*cannot be read"):
        read_document(tmp_path / "gone.yaml", Whole)


def test_messages_name_the_file_as_asked(tmp_path):
    """The name in a config rather than the path of a machine."""
    with pytest.raises(
        ConfigError, match=r"^data/some\.yaml:1:1 parts: expected this key, found none$"
    ):
        read(tmp_path, "named: {}\n", file="data/some.yaml")


def test_only_closed_dataclasses_refuse_keys(tmp_path):
    """An open one leaves out what it does not know."""
    assert read(tmp_path, "name: a\nmore: 1\n", Open).value == Open("a")


def test_a_violation_stands_at_the_nearest_key(tmp_path):
    """Of a key that is not there, at the one above it."""
    document = read(tmp_path, GOOD)
    assert str(document.violation(("parts", 0, "size"), "x")) == "some.yaml:2:29 parts.0.size: x"
    assert str(document.violation(("parts", 0, "gone"), "x")) == "some.yaml:2:5 parts.0.gone: x"
    assert str(document.violation(("gone",), "x")) == "some.yaml:1:1 gone: x"
