"""The parameters cell as a schema."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.errors import TemplateError
from fourfold.plan import parameters
from fourfold.plan.parameters import REQUIRED, read_parameters
from fourfold.records.ipynb import syntax_tree


def one(line: str):
    return next(iter(read_parameters(line, "cell 1").values()))


def test_an_annotated_literal_gives_type_default_help_and_range():
    """Everything a config needs is in one line."""
    found = one("k_max: int = 10  # most clusters to try, 3..30")
    assert (found.name, found.type, found.default) == ("k_max", int, 10)
    assert found.help == "most clusters to try, 3..30"
    assert (found.low, found.high) == (3, 30)


def test_strings_with_equals_signs_and_hashes_are_read_right():
    """Where papermill's inference breaks (its issue 864), ast does not."""
    found = one('url: str = "a=b # no comment"  # the address')
    assert found.default == "a=b # no comment"
    assert found.help == "the address"


def test_several_lines_and_their_comments_are_read():
    """A long literal may span lines."""
    found = one('features: list[str] = [  # columns\n    "a",  # first\n    "b",\n]')
    assert found.default == ["a", "b"]
    assert found.help == "columns first"


def test_choices_come_from_the_comment():
    """Words separated by bars are the allowed values."""
    found = one('scaler: str = "standard"  # scaling: standard | robust | none')
    assert found.choices == ("standard", "robust", "none")
    assert found.problems("robust") == []
    assert "Did you mean 'robust'?" in found.problems("robbust")[0][1]


def test_a_parameter_without_value_is_required():
    """An annotation alone has no default."""
    assert one("target: str  # column").default is REQUIRED


@pytest.mark.parametrize(
    ("line", "good", "bad"),
    [
        ("x: int = 1", [0, -5], [1.5, "1", True, None, [1]]),
        ("x: float = 1", [1, 2.5], ["1", None, False]),
        ("x: str = ''", ["", "a"], [1, None, ["a"]]),
        ("x: bool = True", [True, False], [1, "yes"]),
        ("x: list[str] = []", [[], ["a"]], ["a", [1], {"a": 1}]),
        ("x: dict[str, float] = {}", [{}, {"a": 1}], [[], {"a": "b"}]),
        ("x: int | None = None  # 2..9", [None, 2, 9], [1, 10, "a", 2.5]),
        ("x: list[int] = []  # each 1..3", [[1, 3]], [[0], [1, 4]]),
        ("x: float = 0.5  # share, 0..1", [0, 1, 0.3], [-0.1, 1.1]),
        ("x: int = 1  # at least 1..", [1, 10**9], [0]),
        ("x: Literal['a', 'b'] = 'a'", ["a", "b"], ["c", 1]),
    ],
)
def test_values_are_checked_strictly(line, good, bad):
    """No silent conversion: a text is no number, a bool no int."""
    parameter = one(line)
    assert [value for value in good if parameter.problems(value)] == []
    assert [value for value in bad if not parameter.problems(value)] == []


def test_a_problem_inside_a_list_carries_its_place():
    """The path leads to the item, so that the message can point at its line."""
    problems = one("x: list[str] = []").problems(["a", 2])
    assert problems == [((1,), "expected list[str], got 2 (int)")]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x: int = len([])", "expected a literal, got 'len([])'"),
        ("import os", "expected `name: type = literal"),
        ("x: Path = 'a'", "got 'Path'"),
        ("x = = 1", "line 1"),
        ("y: int = 1\nfor i in []: pass", "line 2"),
    ],
)
def test_a_cell_that_is_no_schema_is_told(source, told):
    """The message holds the place and what was found."""
    with pytest.raises(TemplateError) as caught:
        read_parameters(source, "a.ipynb, cell 2")
    assert told in str(caught.value)
    assert "a.ipynb, cell 2" in str(caught.value)


def test_without_annotation_the_default_gives_the_type():
    """Plain assignments are read too."""
    assert one("x = 3").type is int


def test_the_json_schema_carries_bounds_choices_and_help():
    """Editors complete and underline from it."""
    schema = one("k: int | None = None  # clusters, 2..30").json_schema()
    whole = next(part for part in schema["anyOf"] if part["type"] == "integer")
    assert (whole["minimum"], whole["maximum"]) == (2, 30)
    assert schema["description"] == "clusters, 2..30"
    assert one("m: str = 'a'  # a | b").json_schema()["enum"] == ["a", "b"]


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(-200, 200))
def test_the_range_is_inclusive(low, width, value):
    """A value passes if and only if low <= value <= high."""
    high = low + abs(width)
    parameter = one(f"x: int = 0  # {low}..{high}")
    assert (not parameter.problems(value)) == (low <= value <= high)


@pytest.mark.parametrize(
    ("comment", "ends"),
    [
        ("learning rate, 1e-5..1", (1e-5, 1)),
        ("1e3..1E6", (1e3, 1e6)),
        ("rows to read, 1,000..10,000", (1000, 10_000)),
        ("1_000..10_000", (1000, 10_000)),
        ("share, .1..0.9", (0.1, 0.9)),
        ("first year (pages 3..7 of the manual), 1990..2030", (1990, 2030)),
        ("1990..2030 (pages 3..7)", (1990, 2030)),
        ("pages 3..7 tell; 1990..2030", (1990, 2030)),
        ("share (0..1)", (0, 1)),
        ("−5..−1", (-5, -1)),
        ("+1..+5", (1, 5)),
        ("most, ..-2.5", (None, -2.5)),
        ("from 1..", (1, None)),
        ("0..inf", (0, None)),
        ("1 .. 10", (1, 10)),
        ("k:1..10.", (1, 10)),
        ("0..24h", (0, 24)),
        ("1..60 s", (1, 60)),
        ("1..; none: as long as it needs", (1, None)),
        *((prose, (None, None)) for prose in (
            "1...10", "see ../data/x.csv", "a..b", "v1.2..1.4", "2**3..2**10", "10^3..10^6",
            "2020-01-01..2020-12-31", "08:00..18:00", "0,5..1", "etc...", "1..2..3", "5..1")),
    ],
)  # fmt: skip
def test_a_range_is_read_as_numbers_are_written(comment, ends):
    """Exponents, thousands, signs, units, open ends; what is no range is none."""
    parameter = one(f"x: float = 3.5  # {comment}")
    assert (parameter.low, parameter.high) == ends
    low, high = ends
    if low is not None:
        assert parameter.problems(low - 1)
        assert not parameter.problems(low)
    if high is not None:
        assert parameter.problems(high + 1)
        assert not parameter.problems(high)
    assert bool(parameter.problems(float("nan"))) == (ends != (None, None))


def test_a_share_in_percent_has_no_range():
    """Of a parameter that is a share, 10% is 0.1; of one in percent, it is 10."""
    assert one("x: float = 0.2  # 10%..90%").range == ".."
    assert one("x: float = 20  # 10%..90%").range == "10..90"


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ('x: str = "north"  # shop name | region name', ()),
        ('x: str = "north"  # north | south east | west', ()),
        ('x: str = ""  # shop name | region name', ()),
        ('x: str = ""  # how: plain | fancy', ("plain", "fancy")),
        ('x: str = "a"  # a | b; c is gone', ("a", "b")),
        ('x: list[str] = ["a"]  # each a | b', ("a", "b")),
        ('x: list[str] = ["c"]  # each a | b', ()),
    ],
)
def test_bars_in_prose_are_no_choices(line, choices):
    """A default that is none of the words says so."""
    assert one(line).choices == choices


@pytest.mark.parametrize(
    "literal", ["(1, 2)", "{'a'}", "b'x'", "1j", "{1: 'a'}", "[(1,)]", "'\\ud83d'"]
)
def test_a_default_that_yaml_cannot_hold_stays_in_the_cell(literal):
    """And a schema for editors can be written all the same."""
    parameter = one(f"x = {literal}  # a value")
    assert not parameter.held
    assert "default" not in parameter.json_schema()


def test_code_is_parsed_from_many_threads():
    """Runs are prepared beside each other, and Python 3.11 counts depth for all threads at once."""

    class Cycle:
        def __init__(self):
            self.me = self

        def __del__(self):
            sum(range(50))

    def parse(_):
        for _ in range(100):
            [Cycle() for _ in range(20)]
            syntax_tree(source)

    source = Path(parameters.__file__).read_text()
    before = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(20)
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(parse, range(4)))
    finally:
        gc.set_threshold(*before[0])
        sys.setswitchinterval(before[1])
