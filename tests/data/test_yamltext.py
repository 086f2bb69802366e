"""Files of YAML get other values, and keep every line that is not about these."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.data.yamlfile import read_positions
from fourfold.data.yamltext import REMOVED, changed_text
from fourfold.errors import ConfigError, FourfoldError

ROOT = Path(__file__).parents[2]
CONFIG = """\
# yaml-language-server: $schema=../../.schema/tiny.json
template: tiny  # the only one
business:
  question: "Is it so?"   # ask Ada
  success: {mean: ">= 0"}
parameters:
  # of last year
  data: old.csv
  columns:
    - a   # the first
    - b   # the second
    - c
  count: 5   # few

# How it runs
run: {timeout: 10m}
"""


def read(text):
    return read_positions(Path(), "c", "config", text=text)[0]


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        (("parameters", "count"), 7, "  count: 5   # few", "  count: 7   # few"),
        (("parameters", "count"), REMOVED, "  count: 5   # few\n", ""),
        (("parameters", "data"), "new: a.csv", "data: old.csv", 'data: "new: a.csv"'),
        (("parameters", "mode"), "x", "# few\n", "# few\n  mode: x\n"),
        (("parameters", "columns"), ["a", "c", "d"], "    - b   # the second\n    - c\n", "    - c\n    - d\n"),
        (("parameters", "columns"), ["x", "z"], "    - a   # the first\n    - b   # the second\n    - c\n", "    - x\n    - z\n"),
        (("parameters", "columns"), [], "  columns:\n    - a   # the first\n    - b   # the second\n    - c\n", "  columns: []\n"),
        (("business", "success"), {"mean": ">= 1"}, '">= 0"}', '">= 1"}'),
        (("business", "success"), {"mean": ">= 0", "gain": "> 2"}, '">= 0"}', '">= 0", gain: "> 2"}'),
        (("business", "success"), {}, '{mean: ">= 0"}', "{}"),
        (("business", "labels"), {"a": "A"}, '">= 0"}\n', '">= 0"}\n  labels: {a: A}\n'),
        (("run", "retries"), 2, "10m}", "10m, retries: 2}"),
        (("run", "timeout"), REMOVED, "run: {timeout: 10m}\n", ""),
        (("sweep",), {"grid": {"k": [1, 2]}}, "10m}\n", "10m}\nsweep:\n  grid: {k: [1, 2]}\n"),
        (("parameters", "query"), "select a\n  from b", "# few\n", "# few\n  query: |-\n    select a\n      from b\n"),
        (("business", "question"), "Why\tnot?\n", '"Is it so?"', '"Why\\tnot?\\n"'),
    ],
)  # fmt: skip
def test_only_the_lines_of_a_value_change(key, value, old, new):
    """As a person would have edited it, also with the line ends of Windows."""
    assert CONFIG.count(old) == 1
    wanted = CONFIG.replace(old, new)
    assert changed_text(CONFIG, {key: value}) == wanted
    windows = CONFIG.replace("\n", "\r\n")
    assert changed_text(windows, {key: value}) == wanted.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("template: a", {("parameters", "k"): 1}, "template: a\nparameters:\n  k: 1\n"),
        ("template: a\nparameters:\nrun: {}\n", {("parameters", "k"): 1, ("run", "retries"): 0},
         "template: a\nparameters:\n  k: 1\nrun: {retries: 0}\n"),
        ("{template: a}\n", {("parameters", "k"): True}, "{template: a, parameters: {k: true}}\n"),
        ("a: {b: 1}\nparameters:\n  query: |\n    x\n    y\n  k: 1\n", {("parameters", "query"): "z\nw"},
         "a: {b: 1}\nparameters:\n  query: |-\n    z\n    w\n  k: 1\n"),
        ("a:\nb:   # none\n", {("b",): 1}, "a:\nb: 1   # none\n"),
        ("p:\n- x\n- y # keep\n", {("p",): ["y", "z"]}, "p:\n- y # keep\n- z\n"),
        ("p: {a: &x [1], b: 2}\nq: *x\n", {("p", "b"): 3}, "p: {a: &x [1], b: 3}\nq: *x\n"),
        ("x: &x {k: 1}\np:\n  <<: *x\n  m: 2\n", {("p", "k"): 3}, "x: &x {k: 1}\np:\n  <<: *x\n  m: 2\n  k: 3\n"),
        ("p: {k: 1}\n", {("p", "k"): 1.0, ("p", "t"): "yes"}, 'p: {k: 1, t: "yes"}\n'),
    ],
)  # fmt: skip
def test_files_of_every_shape(text, values, wanted):
    assert changed_text(text, values) == wanted


def test_a_value_with_an_anchor_is_left_to_its_author():
    """Whoever uses it elsewhere would get the other value too."""
    for text, key in (("p: {a: &x [1]}\nq: *x\n", ("q",)), ("p: {a: &x [1]}\nq: *x\n", ("p", "a"))):
        with pytest.raises(FourfoldError, match=r"(p\.a|q): expected a value .*in the file"):
            changed_text(text, {key: [2]})
    with pytest.raises(ConfigError, match="not YAML"):
        changed_text("a: [", {("b",): 1})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("clustering/penguins", "cycle/classification", "comparison/penguins-sweep")
CONFIGS = [CONFIG, *((ROOT / f"params/{name}.yaml").read_text() for name in NAMES)]


@settings(max_examples=15)
@given(
    st.sampled_from(CONFIGS),
    st.sampled_from(["data", "features", "success", "question", "k", "new"]),
    st.sampled_from(["business", "parameters", "run"]),
    VALUES | st.just(REMOVED),
)
def test_any_value_is_read_back_and_all_comments_stay(text, name, block, value):
    """Whatever a form takes: the content is as before but for one key; other lines are the same."""
    changed, before = changed_text(text, {(block, name): value}), read(text)
    after = read(changed)
    own = {**before.get(block, {}), name: value}
    own = {key: each for key, each in own.items() if each is not REMOVED}
    assert after.get(block, {}) == own
    assert {**after, block: 0} == {**before, block: 0}
    lost = set(text.splitlines()) - set(changed.splitlines())
    touched = before.get(block, {}).get(name)
    assert len(lost) <= 1 or isinstance(touched, list | dict)
