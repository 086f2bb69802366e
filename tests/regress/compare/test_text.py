"""Texts: words equal, numbers within the tolerance, times and places forgiven."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.rules import Tolerance
from fourfold.regress.compare import volatile
from fourfold.regress.compare.text import compare

NOW = datetime.now()
NIGHT = datetime(2026, 3, 1, 3, 0)
ALICE = "/home/alice"  # the folder of another machine


def told(before: str, after: str, **options) -> list[str]:
    """The differences as they are shown."""
    return list(map(str, compare(before, after, **options)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a   b\nc", "a b\n\nc  "),
        ("mean 0.30000000000000004", "mean 0.3"),
        ("<Model at 0x7f3a5c0d1e10>", "<Model at 0x7fe1b2c3d4e5>"),
        ("id 6f1c3c1e-7c0d-4b8e-9d0a-0c2a8a5b7c11", "id 0b8f6e64-3b0a-4f4e-8d2e-0a4a2d9c1b77"),
        ("took 1.52 s", "took 0.98 s"),
        ("Training time: 12.5 seconds", "Training time: 9.1 seconds"),
        ("Elapsed 0:01:12", "Elapsed 0:01:12"),
        ("CPU times: user 1.2 s, sys: 3 ms, total: 1.2 s", "CPU times: user 2 s, total: 3 s"),
        ("Wall time: 1.3 s", "Wall time: 988 ms"),
        ("12 µs ± 3 µs per loop (mean ± std)", "9.5 µs ± 1 µs per loop (mean ± std)"),
        ("100%|██████| 50/50 [00:01<00:00, 33.1it/s]", "100%|██████| 50/50 [00:02<00:00, 21it/s]"),
        ("\x1b[31mred\x1b[0m 1", "red 1"),
        ("2020-03-01 10:11:12", f"{NOW:%Y-%m-%d %H:%M:%S}"),
        ("Sun Mar  1 10:11:12 2020", time.ctime()),
        ("on 1/3/20", f"on {NOW:%d/%m/%y}"),
        ("on March 1, 2020", f"on {NOW:%B %d, %Y}"),
        ("started 03:04:05", f"started {NOW:%H:%M:%S}"),
        ("epoch 1583057472.12", f"epoch {time.time():.2f}"),
        (f"wrote {ALICE}/project/out.csv", f"wrote {Path.cwd()}/out.csv"),
        (r"wrote C:\Users\alice\out.csv", f"wrote {Path.cwd()}/out.csv"),
        ("in /tmp/tmpa1b2c3d4/model", f"in {tempfile.gettempdir()}/tmpz9y8x7w6/model"),
        ("/tmp/ipykernel_12/345.py:3: UserWarning: x", "/tmp/ipykernel_99/1.py:3: UserWarning: x"),
        ("<ipython-input-3-abc123>", "<ipython-input-4-def456>"),
        ("Process ID: 4711", "Process ID: 815"),
        ("Process-12 done, pid 4711", "Process-13 done, pid 815"),
        ("listening on localhost:40213", "listening on localhost:51234"),
        ("np.float64(0.25)", "0.25"),
        ("<ipython-input-3-abc123>:2: UserWarning: x", "/tmp/ipykernel_9/1.py:2: UserWarning: x"),
        ("<Thread(a, started daemon 13987)>", "<Thread(a, started daemon 14123)>"),
        ("kinds {'a', \"it's\", 'b'}", "kinds {\"it's\", 'b', 'a'}"),
    ],
    # The texts hold the time, and two workers of xdist must agree on the names of tests.
    ids=(f"case {number}" for number in count(1)),
)
def test_what_never_is_a_result(before, after):
    """Spaces, last digits, addresses, times, speeds, paths and process numbers do not count."""
    assert told(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("k = 3", "k = 4", ["line 1, after 'k =': 3 -> 4"]),
        ("score 0.53", "score 0.54", ["line 1, after 'score': 0.53 -> 0.54"]),
        ("a\nb 1.5\nc", "a\nb 1.6\nc", ["line 2, after 'b': 1.5 -> 1.6"]),
        ("good", "bad", ["line 1: good -> bad"]),
        ("a\nb", "a\nb\nc", ["line 3: (nothing) -> c"]),
        ("a\nb\nc", "a\nc", ["line 2: b -> (nothing)"]),
        ("mean wait 3.2 s", "mean wait 3.3 s", ["line 1, after 'mean wait': 3.2 -> 3.3"]),
        # A date is data, unless the new one is now.
        ("2013-01-01", "2013-01-02", ["line 1: 2013-01-01 -> 2013-01-02"]),
        ("at 10:11:12 h", "at 10:11:13 h", None),
        (f"{ALICE}/a.csv", f"{ALICE}/b.csv", [f"line 1: {ALICE}/a.csv -> {ALICE}/b.csv"]),
        ("{'a', 'b'}", "{'b', 'c'}", None),
        ("['a', 'b']", "['b', 'a']", None),
        ("x nan", "x 1.0", ["line 1: x nan -> x 1.0"]),
        ("v1.2.3", "v1.2.4", None),
    ],
)  # fmt: skip
def test_what_is_a_result(before, after, expected, monkeypatch):
    """A changed number, word, line, date of the data or file name is told with its place."""
    monkeypatch.setattr(volatile, "_now", lambda: (NIGHT, NIGHT))
    found = told(before, after)
    assert found == expected if expected is not None else found


@pytest.mark.parametrize(
    ("after", "forgiven"),
    [("03:30:00", True), ("05:00:00", True), ("05:01:00", False), ("15:00:00", False),
     ("20:59:00", False), ("23:00:00", True)],
)  # fmt: skip
def test_a_clock_of_now_is_forgiven_only(after, forgiven, monkeypatch):
    """A time of day within two hours of now, here or in UTC, is no difference."""
    monkeypatch.setattr(volatile, "_now", lambda: (NIGHT, NIGHT - timedelta(hours=4)))
    assert bool(told("at 09:00:00", f"at {after}")) != forgiven


def test_all_differences_at_once():
    """Each number that differs is told, in one go."""
    assert told("a 1\nb 2\nc 3", "a 1\nb 3\nc 4") == [
        "line 2, after 'b': 2 -> 3",
        "line 3, after 'c': 3 -> 4",
    ]


def test_the_tolerance_is_used():
    """A given tolerance lets through more."""
    assert told("x 1.00", "x 1.01", tolerance=Tolerance(rtol=0.02)) == []
    assert told("x 1.00", "x 1.01", tolerance=Tolerance(rtol=0.005)) == [
        "line 1, after 'x': 1.00 -> 1.01"
    ]


WORDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(" ".join)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200))
def test_a_text_is_itself(text):
    """No text differs from itself, whatever it holds."""
    assert compare(text, text + "") == []
    assert compare(text + " ", text) == []


@given(WORDS, st.integers(0, 10**9), st.integers(1, 10**9))
def test_an_integer_is_exact(words, number, by):
    """Any other integer in any words is one difference."""
    before, after = f"{words} {number} rows", f"{words} {number + by} rows"
    assert [(d.before, d.after) for d in compare(before, after)] == [
        (str(number), str(number + by))
    ]
