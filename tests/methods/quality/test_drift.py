"""What changed between two tables: columns, types, missing values, distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.data.profile import MOST_VALUES, profile_columns, read_profile
from fourfold.errors import DataError
from fourfold.methods.quality import drift
from fourfold.methods.quality.batches import by_period


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_profile_by_hand():
    """Nine edges of a hundred different numbers; the words as they are; missing ones apart."""
    frame = pd.DataFrame({"n": [*range(1, 101), None], "w": ["a"] * 60 + ["b"] * 40 + [None]})
    found = profile_columns(frame).columns
    assert found["n"].edges == tuple(range(10, 100, 10))
    assert found["n"].rows == (*[10] * 10, 1)
    assert (found["w"].words, found["w"].rows) == (("a", "b"), (60, 40, 1))
    assert found["w"].missing == pytest.approx(1 / 101)
    assert list(profile_columns(frame, ["n"]).columns) == ["w"]
    assert profile_columns(frame).rows == 101


def test_a_profile_comes_back_from_its_file(tmp_path, rng):
    """Also words that a reader of CSV takes for missing, constants and too many words."""
    frame = pd.DataFrame(
        {"n": rng.normal(size=2000), "k": 1, "w": rng.choice(["NA", "", "b"], 2000)}
    )
    frame = frame.assign(id=[f"i{n}" for n in range(2000)], empty=np.nan, yes=frame["n"] > 0)
    kept = profile_columns(frame)
    kept.table().to_csv(tmp_path / "p.csv", index=False)
    assert read_profile(pd.read_csv(tmp_path / "p.csv")) == kept
    assert len(frame) > MOST_VALUES
    assert kept.columns["id"].kind == "bucket"
    with pytest.raises(
        DataError, match=r"last_profile: expected the columns .* none named 'column'"
    ):
        read_profile(frame)


def test_the_index_by_hand():
    """0.5 and 0.5 against 0.3 and 0.7: 0.2 ln(7/3), less what chance adds."""
    found, p = drift.difference([5000, 5000], [3000, 7000])
    assert found.value == pytest.approx(0.2 * np.log(7 / 3) - 2e-4, abs=1e-4)
    assert found.low < found.value < found.high
    assert p < 1e-9
    wider, _ = drift.difference([5000, 5000], [3000, 7000], columns=20)
    assert wider.low < found.low < found.high < wider.high


@given(st.lists(st.integers(0, 500), min_size=2, max_size=12))
def test_equal_counts_are_no_change(counts):
    """Whatever they are; of too few rows, nothing is excluded."""
    found, p = drift.difference(counts, counts)
    assert found.value == found.low == 0
    assert p == pytest.approx(1)
    assert found.high == np.inf or sum(counts) >= 5


def test_what_changed_is_told(rng):
    """A column that went, one that came, one of another type, one that moved, and none besides."""
    old = pd.DataFrame({"same": rng.normal(size=3000), "moved": rng.normal(size=3000)})
    old = old.assign(gone=1, typed=rng.integers(0, 9, 3000), word=rng.choice(list("ab"), 3000))
    new = pd.DataFrame({"same": rng.normal(size=2000), "moved": rng.normal(0.6, 1, 2000)})
    new = new.assign(typed="x", word=rng.choice(list("ab"), 2000), came=1)
    found = drift.compare_profiles(profile_columns(old), new)
    assert found["change"].to_dict() == {
        "same": "",
        "moved": "distribution",
        "gone": "gone",
        "typed": f"type: int64, now {new['typed'].dtype}",
        "word": "",
        "came": "new column",
    }
    assert drift.changed_columns(found) == (4, 4, 4)
    assert drift.compare_profiles(profile_columns(old), new, limit=5)["change"]["moved"] == ""
    assert (
        "moved"
        not in drift.compare_profiles(
            profile_columns(old, ["moved"]), new, leave_out=["moved"]
        ).index
    )


def test_missing_values_are_a_change(rng):
    """A column that empties moves its rows into the missing."""
    old = pd.DataFrame({"n": rng.normal(size=2000)})
    new = old.mask(rng.random(2000)[:, None] < 0.4)
    found = drift.compare_profiles(profile_columns(old), new).loc["n"]
    assert found["change"] == "distribution"
    assert found["missing now"] == pytest.approx(0.4, abs=0.05)


def test_few_rows_exclude_nothing():
    """Three rows against three: no change is claimed, and none is ruled out."""
    frame = pd.DataFrame({"w": list("abc")})
    found = drift.compare_profiles(profile_columns(frame), frame)
    assert drift.changed_columns(found) == (0, 0, 1)


def test_no_drift_is_claimed_where_there_is_none(rng):
    """At most 5 % of tables by benchmarks/truth/quality.py; here at most 6 of 40."""
    claimed = 0
    for _ in range(40):
        old, new = (
            pd.DataFrame(
                {
                    "id": rng.integers(0, 10**6, 300).astype(str),
                    "word": rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 300),
                    "zeros": rng.poisson(0.3, 300),
                    "tail": rng.lognormal(0, 2, 300),
                }
            )
            for _ in range(2)
        )
        claimed += (drift.compare_profiles(profile_columns(old), new, limit=0)["p"] < 0.05).any()
    assert claimed <= 6


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 2013.0, 1e12, 1e-5])
def test_another_constant_is_a_change(value):
    """Lower, higher or mixed; the same one, a few missing, or none at all are not."""
    kept = profile_columns(pd.DataFrame({"n": [value] * 200}))
    step = max(1.0, abs(value)) * 1e-3
    for now in ([value - step] * 100, [value + step] * 100, [value] * 50 + [value + step] * 50):
        found = drift.compare_profiles(kept, pd.DataFrame({"n": now}))
        assert found.loc["n", "change"] == "distribution"
        assert drift.changed_columns(found).low == 1
    for now in ([value] * 100, [value] * 99 + [np.nan], [value] * 99 + [value + step]):
        found = drift.compare_profiles(kept, pd.DataFrame({"n": now}))
        assert drift.changed_columns(found).value == 0
    shares = drift.bin_shares(kept, pd.DataFrame({"n": [value, value + step]}), "n")
    assert shares["now"].tolist() == [50, 50]


def equal(kind, rng, rows):
    """Ten columns of one kind, whatever the rows."""
    if kind == "normal":
        return pd.DataFrame(rng.normal(size=(rows, 10))).add_prefix("x")
    if kind == "tail":
        return pd.DataFrame(rng.lognormal(0, 2, (rows, 10))).add_prefix("x")
    if kind == "count":
        return pd.DataFrame(rng.poisson(3, (rows, 10))).add_prefix("x")
    gaps = rng.random((rows, 10)) < 0.2
    return pd.DataFrame(rng.normal(size=(rows, 10))).add_prefix("x").mask(gaps)


@pytest.mark.parametrize("kind", ["normal", "tail", "count", "gaps"])
@pytest.mark.parametrize(("before", "now"), [(30, 60), (40, 1000), (1000, 40)])
def test_bins_cut_from_few_rows_claim_no_change(kind, before, now):
    """Nor do those of many: a change is named in at most one of twenty tables, here 3 of 25.

    It was named in 55 % of such tables, since the bins that were few by luck were put together.
    """
    named = 0
    for seed in range(25):
        rng = np.random.default_rng([seed, before, now])
        kept = profile_columns(equal(kind, rng, before))
        found = drift.compare_profiles(kept, equal(kind, rng, now))
        named += drift.changed_columns(found).value > 0
    assert named <= 3


@pytest.mark.parametrize(
    ("before", "now", "step"), [(50, 50, 1.5), (40, 1000, 1.0), (300, 300, 0.6)]
)
def test_a_change_in_few_rows_is_still_named(before, now, step):
    """One of ten columns moves by so many standard deviations: it, and hardly ever another."""
    right = 0
    for seed in range(10):
        rng = np.random.default_rng([seed, before, now])
        kept = profile_columns(equal("normal", rng, before))
        found = drift.compare_profiles(
            kept, equal("normal", rng, now).assign(x3=rng.normal(step, 1, now))
        )
        right += found.index[found["change"] != ""].tolist() == ["x3"]
    assert right >= 8


def test_over_time(rng):
    """Each batch against the one before; the last so many; a jump shows once."""
    frame = pd.DataFrame({"t": np.repeat(list("abcd"), 500), "n": rng.normal(size=2000)})
    frame.loc[frame["t"] >= "c", "n"] += 1
    found = drift.over_time(frame, by_period(frame, "t"), ["t"])
    assert found.columns.tolist() == ["b", "c", "d"]
    assert found.loc["n", "c"] > 0.5 > 0.1 > found.loc["n", ["b", "d"]].max()
    assert drift.over_time(frame, by_period(frame, "t"), ["t"], 1).columns.tolist() == ["d"]


def test_shapes(rng):
    """Shares of the bins before and now, words by frequency, ends of bins as labels."""
    old = pd.DataFrame({"w": list("aab"), "n": [1.0, 2.0, 3.0]})
    new = pd.DataFrame({"w": list("bbc"), "n": [1.0, np.nan, 9.0]})
    words = drift.bin_shares(profile_columns(old), new, "w")
    assert words.loc["b"].tolist() == pytest.approx([100 / 3, 200 / 3])
    assert words.index[0] == "b"
    numbers = drift.bin_shares(profile_columns(old), new, "n")
    assert numbers.index.tolist() == ["≤ 1", "≤ 2", "> 2", "missing"]
    assert numbers.sum().tolist() == pytest.approx([100, 100])


def test_columns_without_names_have_numbers(rng):
    """As pandas gives them to an array; a profile names them by text."""
    frame = pd.DataFrame(rng.normal(size=(200, 2)))
    later = pd.DataFrame(np.column_stack([frame[0], frame[1] + 3]))
    table = drift.compare_profiles(profile_columns(frame), later)
    assert list(table.index[table["change"] != ""]) == ["1"]
