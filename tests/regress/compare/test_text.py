"""Texts: equal sign for sign, floats within the tolerance; forgiven is what is proved to vary."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.rules import Tolerance
from fourfold.regress.compare.align import changed
from fourfold.regress.compare.text import Again, compare
from fourfold.regress.compare.tokens import lines

ALICE = "/home/alice"  # the folder of another machine
# Cut in two, so that they are no machine paths of tracked files.
MINE, OTHER = "/wo" + "rk/p", "/t" + "mp/x/y/z"

SLOWEST = (
    "The slowest run took 4.68 times longer than the fastest. This could mean that an "
    "intermediate result is being cached."
)


def told(before: str, after: str, **options) -> list[str]:
    """The differences as they are shown."""
    return list(map(str, compare(before, after, **options)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mean 0.30000000000000004", "mean 0.3"),
        ("x  0.30000000000000004 |", "x                  0.3 |"),
        ("<Model at 0x7f3a5c0d1e10>", "<Model at 0x7fe1b2c3d4e5>"),
        ("\r 1 of 5\r 5 of 5\nend", " 5 of 5\nend\n"),
        ("5\b6 of 6", "6 of 6"),
        ("/tmp/ipykernel_12/345.py:3: UserWarning: x", "/tmp/ipykernel_99/1.py:3: UserWarning: x"),
        ("<ipython-input-3-abc123>:2: UserWarning: x", "/tmp/ipykernel_9/1.py:2: UserWarning: x"),
        (f"{SLOWEST}\n12 ms", "12 ms"),
        (f"{ALICE}/lib/site-packages/a/b.py:3: W", "/usr/lib/site-packages/a/b.py:3: W"),
    ],
)
def test_what_never_is_a_result(before, after):
    """Noise of floats, rewritten lines, names that Python and Jupyter themselves give."""
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
        ("a\nb", "a\n\nb", ["line 2: (nothing) -> an empty line"]),
        ("a b", " a b", ["line 1, spaces: a·b -> ·a·b"]),
        ("x nan", "x 1.0", ["line 1: x nan -> x 1.0"]),
        ("2013-01-01", "2013-01-02", ["line 1: 2013-01-01 -> 2013-01-02"]),
        (f"{ALICE}/a.csv", f"{ALICE}/b.csv", [f"line 1: {ALICE}/a.csv -> {ALICE}/b.csv"]),
    ],
)  # fmt: skip
def test_what_is_a_result(before, after, expected):
    """A changed number, word, line, space, date or file is told with its place."""
    assert told(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("p 0.04 ***", "p 0.04 *"), ("x**2 + 1", "x*2 + 1"), ("==|==", "=|="), ("##..#", "#...#"),
        ("total 100.00 EUR", "total 100.01 EUR"), ("12,345,678.25", "12,345,678.26"),
        ("1.0", "1.00"), ("+0.5", "0.5"), ("1,234.567", "1234.567"), ("1,234", "1234"),
        ("read /data/2023/a.csv", "read /data/2024/a.csv"), ("/shop/i.html", "/blog/i.html"),
        ("worst pid: 1017", "worst pid: 2033"), ("slowest: Worker-5", "slowest: Worker-9"),
        ("In [5] buckets", "In [9] buckets"), ("A| 45%|12|ok", "A| 62%|12|ok"),
        ("took 5 s", "took 9 s"), ("at 09:14:00", "at 21:50:00"), ("lap 1:23:45", "lap 1:40:12"),
        ("== Fold 1/5: 0.91 ==", "== Fold 1/5: 0.72 =="), ("{'a', 'b'}", "{'b', 'a'}"),
        ("['a', 'b']", "['b', 'a']"), ("v1.2.3", "v1.2.4"), ("5 °C", "5 °F"), ("5 ms", "5 s"),
        ("key 6f1c3c1e-7c0d-4b8e-9d0a-0c2a8a5b7c11", "key 0b8f6e64-3b0a-4f4e-8d2e-0a4a2d9c1b77"),
        ("entry 0x0040f00d", "entry 0x0040f00e"), ("port localhost:80", "port localhost:81"),
        ("\x1b[32mok\x1b[0m", "\x1b[31mok\x1b[0m"), ("np.float64(0.25)", "0.25"),
        ("Wall time: 5 s", "Wall time: 9 s"), ("a\tb", "a b"), ("a ", "a"), ("é", "e"),
        ("a\nb\nc", "b\na\nc"), ("3", "3.0"), ("yes", "Yes"), ("-0.5", "−0.5"), ("no.", "no!"),
    ],
)  # fmt: skip
def test_what_only_looks_like_noise(before, after):
    """Signs, money, paths, numbers of processes, times, colours, spaces and order are results."""
    assert told(before, after) != []
    assert told(after, before) != []


def times(user, system="0 ns"):
    """What %time prints: a process may have used no time of the system, twice."""
    return f"CPU times: user {user}, sys: {system}, total: {user}\nWall time: {user}"


T, V = "took 0.12 s, score 0.91", "took 0.31 s, score 0.91"


@pytest.mark.parametrize(
    ("before", "after", "others"),
    [
        ("took 1.52 s", "took 998 ms", ["took 0.91 s"]),
        ("CPU times: user 1.2 s, total: 1.2 s", "CPU times: user 2 ms, total: 3 ms",
         ["CPU times: user 2.1 ms, total: 3.1 ms"]),
        (times("251 µs", "39 µs"), times("1min 3s"), [times("122 µs")]),
        ("12 µs ± 3 µs per loop (mean ± std. dev. of 7 runs, 100,000 loops each)",
         "9.5 ms ± 1 µs per loop (mean ± std. dev. of 7 runs, 100 loops each)",
         ["9.4 ms ± 1 µs per loop (mean ± std. dev. of 7 runs, 100 loops each)"]),
        ("100%|███| 5/5 [00:10<00:00,  2.01s/it]", "100%|███| 5/5 [00:00<00:00, 33.1it/s]",
         ["100%|███| 5/5 [00:00<00:00, 31.9it/s]"]),
        ("2020-03-01 10:11:12 start", "2026-11-27 13:01:02 start", ["2028-01-04 18:20:03 start"]),
        ("Date: Fri, 27 Nov 2026", "Date: Sat, 28 Nov 2026", ["Date: Tue, 4 Jan 2028"]),
        ("started 14:05", "started 15:10", ["started 20:22"]),
        (f"wrote {ALICE}/project/out.csv", f"wrote {MINE}/out.csv", [f"wrote {OTHER}/out.csv"]),
        ("in /tmp/tmpa1b2c3d4/model", "in /tmp/tmpzyxwvuts/model", ["in /tmp/tmp_aaaaa_1/model"]),
        ("job c4c2cdb8d8f943c2", "job 4306123412341234", ["job 99f2e1aab8d8f943"]),
        ("pid 4711 on port 815", "pid 52 on port 40123", ["pid 53 on port 31999"]),
        ("oak, elm, fir", "fir, elm, oak", ["fir, oak, elm"]),
        ("{'oak', 'elm'} 3", "{'elm', 'oak'} 3", ["{'elm', 'oak'} 3", "{'oak', 'elm'} 3"]),
        ("{'x': {1, 'a', None}, 'y': {'b', 'c'}}", "{'x': {None, 1, 'a'}, 'y': {'c', 'b'}}",
         ["{'x': {'a', 1, None}, 'y': {'b', 'c'}}"]),
        ("w3 in 1.1 s\nw1 in 0.2 s\nw2 in 1 s", "w1 in 0.3 s\nw2 in 0.2 s\nw3 in 1 s",
         ["w2 in 0.31 s\nw1 in 0.21 s\nw3 in 1 s"]),
        ("a\nwarn 1\nwarn 2\nb", "a\nb", ["a\nwarn 7\nb"]),
        ("x   0.5 s", "x  12.5 s", ["x   0.6 s"]),
        ("e1 took 0.2 s\ne2 took 0.1 s\ne3 took 0.1 s\ne4 took 0.4 s",
         "e1 took 0.1 s\ne2 took 0.3 s\ne3 took 0.2 s\ne4 took 0.1 s",
         ["e1 took 0.1 s\ne2 took 0.1 s\ne3 took 0.1 s\ne4 took 0.2 s"]),
        ("Overwriting a.py", "Writing a.py", ["Overwriting a.py"]),
    ],
)  # fmt: skip
def test_what_is_proved_to_vary(before, after, others):
    """A second execution of the same code that varies there proves that a difference is none."""
    assert told(before, after) != []
    assert told(before, after, again=Again(tuple(others))) == []
    assert told(after, before, again=Again(tuple(others), "before")) == []
    assert told(before, after, again=Again((after, *others), "own")) == []
    assert told(before, after, again=Again((after,) * len(others))) != []


@pytest.mark.parametrize(
    ("before", "after", "others"),
    [
        (T.replace("0.91", "0.92"), T, [V]),
        (T.replace("0.12", "nan"), T, [V]),
        ("Error: no file", T, [V]),
        (T + "\nError: x", T, [V]),
        ("in /tmp/tmpa1b2c3d4/other", "in /tmp/tmpzyxwvuts/model", ["in /tmp/tmpaaaaaa_1/model"]),
        (f"wrote {ALICE}/project/in.csv", f"wrote {MINE}/out.csv", [f"wrote {OTHER}/out.csv"]),
        ("oak, elm, yew", "fir, elm, oak", ["fir, oak, elm"]),
        ("{('a', 2), ('b', 1)}", "{('b', 2), ('a', 1)}", ["{('a', 1), ('b', 2)}"]),
        ("{'x': {1, 'a', 'c'}, 'y': {'b', 0}}", "{'x': {0, 1, 'a'}, 'y': {'c', 'b'}}",
         ["{'x': {'a', 1, 0}, 'y': {'b', 'c'}}"]),
        ("w3 in 1.1 s\nw4 in 0.2 s\nw2 in 1 s", "w1 in 0.3 s\nw2 in 0.2 s\nw3 in 1 s",
         ["w2 in 0.31 s\nw1 in 0.21 s\nw3 in 1 s"]),
        ("a\nfail 1\nb", "a\nb", ["a\nwarn 7\nb"]),
        ("100%|███| 5/6 [00:10<00:00,  2.01s/it]", "100%|███| 5/5 [00:00<00:00, 33.1it/s]",
         ["100%|███| 5/5 [00:00<00:00, 31.9it/s]"]),
        ("id T_4f2a1_row1_col1", "id T_9bc3e_row0_col1", ["id T_11aa2_row0_col1"]),
        ("took 3 s\nleft 5 s", "took 4 s\nleft 6 s", ["took 5 s\nleft 6 s"]),
        ("state: failed", "state: fast", ["state: slow"]),
    ],
)  # fmt: skip
def test_a_hole_is_narrow(before, after, others):
    """Around what varies all is compared; in its place, only what is of its kind may stand."""
    assert told(before, after, again=Again(tuple(others))) != []
    assert told(before, after, again=Again((after, *others), "own")) != []


def test_only_what_is_not_proved_is_told():
    """Of two numbers in a line, of many lines."""
    other = "took 0.31 s\nscore 0.91"
    assert told("took 5 s\nscore 0.92", "took 4 s\nscore 0.91", again=Again((other,))) == [
        "line 2, after 'score': 0.92 -> 0.91"
    ]


def test_lines_as_a_reader_sees_them():
    """The last state of a line that is rewritten; movements of the cursor are nothing."""
    assert lines("a\r\nb\n\n") == ["a", "b"]
    assert lines("1/3\r2/3\r3/3\r\nend") == ["3/3", "end"]
    assert lines("\x1b[1A\x1b[2Kx\x1b[1mb") == ["x\x1b[1mb"]
    assert lines("") == []


@pytest.mark.parametrize("kind", ["added", "changed", "longer", "one line"])
def test_long_texts(kind):
    """20,000 lines, or a line of 60,000 signs (difflib took minutes; benchmarks/speed/linear)."""
    text = "\n".join(f"iteration {i}: loss {1 / (i + 1):.5f}" for i in range(20_000))
    before, after, count = {
        "added": (text, text + "\niteration 20000: loss 0.1", 1),
        "changed": (text, text.replace("iteration 77:", "iteration 78:"), 1),
        "longer": (text, text.replace("iteration 77:", "iteration 77\n:"), 3),
        "one line": (*(json.dumps({f"s{i}": i * k for i in range(3000)}) for k in (1, 2)), 2999),
    }[kind]
    assert len(compare(before, after)) in (count, count - 1)


ITEMS = st.lists(st.sampled_from("abcd"), max_size=30)


@given(ITEMS, ITEMS)
def test_blocks_lead_from_one_side_to_the_other(before, after):
    """What lies between the blocks is equal, whatever the two sides are."""
    rebuilt, at = [], 0
    for i, i_end, j, j_end in changed(before, after):
        rebuilt += before[at:i] + after[j:j_end]
        at = i_end
    assert rebuilt + before[at:] == after


def test_blocks_of_long_sides_are_short():
    """Lines that stand once are anchors: 2,000 changes in 20,000 lines are told one by one."""
    before = [f"{i}" for i in range(20_000)]
    gone = set(random.Random(0).sample(range(20_000), 2000))
    after = [line for i, line in enumerate(before) if i not in gone]
    assert sum(block[1] - block[0] for block in changed(before, after)) == 2000


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
    """No text differs from itself, whatever it holds, or from itself with an end of line."""
    assert compare(text, text + "") == []
    assert compare(text + "\n", text) == []
    assert compare(text, text + " x") != []


@given(WORDS, st.integers(0, 10**9), st.integers(1, 10**9))
def test_an_integer_is_exact(words, number, by):
    """Any other integer in any words is one difference."""
    before, after = f"{words} {number} rows", f"{words} {number + by} rows"
    assert [(d.before, d.after) for d in compare(before, after)] == [
        (str(number), str(number + by))
    ]


@pytest.mark.parametrize("words", ["oak elm ash fir yew", "1: a,2: b,3: c,4: d", "k l m n o p q r"])
def test_lines_of_which_only_the_order_varies_have_any_order(words):
    """Of forty draws of seven executions all forgive a new order, but never another line."""
    chance = random.Random(0)

    def order() -> str:
        every = words.split("," if "," in words else None)
        return "\n".join(["began", *chance.sample(every, len(every)), "ended"])

    for _ in range(40):
        before, after, again = order(), order(), Again(tuple(order() for _ in range(7)), "own")
        assert told(before, after, again=again) == []
        last = after.splitlines()[-2]
        assert told(before, after.replace(last, "x"), again=again) != []
        assert told(before, after.replace("ended", "left"), again=again) != []
