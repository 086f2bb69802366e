"""Rules, batches and trend of a table that comes again."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fourfold.methods.intervals import wilson
from fourfold.methods.quality import validity
from fourfold.methods.quality.batches import by_period

CONTRACT = """\
schema_type: dataframe
unique: [n]
columns:
  n:
    dtype: int64
    checks: {greater_than_or_equal_to: 1, less_than: 9}
  w:
    dtype: float64
    nullable: true
"""


def table(rows, failed, position=None):
    """A table of batches as `quality.shares` returns it."""
    rows, failed = np.array(rows), np.array(failed)
    place = range(len(rows)) if position is None else position
    found = pd.DataFrame({"position": place, "rows": rows, "failed": failed})
    return found.assign(valid=100 * (1 - failed / rows))


def test_accepted_rows_have_the_types_of_the_contract(tmp_path):
    """Though the rejected ones made text of a column; without a contract, all rows stay."""
    (tmp_path / "c.yaml").write_text(CONTRACT.replace("unique: [n]", "coerce: true"))
    frame = pd.DataFrame({"n": ["1", "2", "none"], "w": [0.5, None, 1.0]})
    reasons = pd.Series(["", "", "n: expected int64, got none"])
    valid = validity.accepted(frame, reasons, str(tmp_path / "c.yaml"))
    assert (valid["n"].tolist(), valid["n"].dtype) == ([1, 2], "int64")
    assert validity.accepted(frame, pd.Series([""] * 3), "").equals(frame)


def test_every_rule_is_counted(tmp_path):
    """Also those that no row breaks; a row may break several; Wilson's interval beside each."""
    (tmp_path / "c.yaml").write_text(CONTRACT)
    reasons = pd.Series(["", "n: expected >= 1, got 0; n: expected < 9, got 0", "", ""])
    found = validity.rules(reasons, str(tmp_path / "c.yaml"))
    assert found[["column", "rule", "failed"]].to_numpy().tolist()[:3] == [
        ["n", ">= 1", 1],
        ["n", "< 9", 1],
        ["n", "type int64", 0],
    ]
    assert len(found) == 6
    assert found["valid"].tolist()[0] == 75
    assert found.loc[0, ["low", "high"]].tolist() == pytest.approx((100 * wilson(3, 4)).tolist())


def test_shares_of_batches():
    """In order of time, with the rows that failed; too few batches are not compared."""
    found = by_period(pd.DataFrame({"y": [2002, 2001, 2001, 2004]}), "y", "year")
    shares = validity.shares(pd.Series(["", "y: bad", "", ""]), found)
    assert shares.index.tolist() == ["2001", "2002", "2004"]
    assert shares["position"].tolist() == [0, 1, 3]
    assert shares["failed"].tolist() == [1, 0, 0]
    assert shares["valid"].tolist() == [50, 100, 100]
    assert shares["p"].isna().all()


def test_a_batch_unlike_the_others_is_found():
    """One in eight fails where one in a hundred does; where all differ as much, none stands out."""
    names = np.repeat(list("abcdef"), 200)
    bad = np.arange(1200) % 100 == 0
    bad[names == "e"] = np.arange(200) % 8 == 0
    found = by_period(pd.DataFrame({"t": names}), "t")
    shares = validity.shares(pd.Series(np.where(bad, "x", "")), found)
    assert shares.index[shares["p"] < 0.05].tolist() == ["e"]
    uneven = np.concatenate([np.arange(200) < n for n in (2, 25, 6, 14, 1, 33)])
    shares = validity.shares(pd.Series(np.where(uneven, "x", "")), found)
    assert (shares["p"] > 0.05).all()


def test_the_interval_of_alike_batches_is_wilsons():
    """Of 60 failures in 1,200 rows, ten in each of six batches."""
    found = validity.valid_share(table([200] * 6, [10] * 6))
    assert found.value == 95
    assert found[1:] == pytest.approx(tuple(100 * wilson(1140, 1200)))


def test_rows_that_fail_together_say_less():
    """The same share is less sure where all failures came in one batch."""
    together = validity.valid_share(table([200] * 6, [60, 0, 0, 0, 0, 0]))
    assert together.value == 95
    assert together.low < 85
    assert np.isnan(validity.valid_share(table([], []))).all()


def test_the_trend_by_hand():
    """99, 98, 97, 96 %: one point less a period; a gap of a period counts."""
    falling = table([100] * 4, [1, 2, 3, 4])
    assert validity.trend(falling).value == pytest.approx(-1)
    assert validity.trend(table([100] * 4, [1, 2, 3, 5], [0, 1, 2, 4])).value == pytest.approx(-1)
    assert np.isnan(validity.trend(table([100] * 3, [1, 2, 3]))).all()
    flat = validity.trend(table([100] * 5, [0] * 5))
    assert flat.low < 0 < flat.high


def test_the_intervals_hold_the_truth():
    """In 93 to 97 % of simulations by benchmarks/truth/quality.py; here at least 88 of 100."""
    held = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rows, true = rng.poisson(300, 12) + 1, np.linspace(0.99, 0.95, 12)
        drawn = table(rows, rng.binomial(rows, 0.05))
        valid = validity.valid_share(drawn)
        slope = validity.trend(table(rows, rng.binomial(rows, 1 - true)))
        held.append((valid.low <= 95 <= valid.high, slope.low <= -4 / 11 <= slope.high))
    assert (np.mean(held, axis=0) >= 0.88).all()


def test_labels_are_thinned():
    """Every batch of a few is named, of many every n-th."""
    fig, ax = plt.subplots()
    drawn = table([1] * 20, [0] * 20).set_axis([f"b{n}" for n in range(20)])
    validity.label_batches(ax, drawn)
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        f"b{n}" for n in range(0, 20, 3)
    ]
    validity.label_batches(ax, drawn, most=20)
    assert len(ax.get_xticklabels()) == 20
    plt.close(fig)
