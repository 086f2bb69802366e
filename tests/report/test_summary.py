"""What stands above and below a report."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fourfold.records.evidence import Claim
from fourfold.records.record import RunRecord
from fourfold.report.report import chart, parameters, provenance, sign

FINITE = st.floats(-1e9, 1e9)


def record(**changes):
    plain = {"question": "Why?", "k": 3, "data": "", "names": ["ä"], "limit": None}
    return RunRecord("a", "k=3", "tiny", "ok", plain, ["k"], "2026-01-02T03:04:05+00:00", 2.0, **changes)  # fmt: skip


def claim(value, ci, condition):
    return Claim("m", condition, value, ci, "", "supported", "")


def test_parameters_as_yaml_would_have_them():
    """Those that vary first, and without the question, which stands on top."""
    found = [(each["name"], each["value"], each["varied"]) for each in parameters(record())]
    assert found == [
        ("k", "3", True),
        ("data", "(empty)", False),
        ("names", '["ä"]', False),
        ("limit", "(none)", False),
    ]


def test_provenance_leaves_out_what_is_not_known():
    """An old record without costs is told without them."""
    told = dict(provenance(record(versions={"pandas": "3.1"})))
    assert told["started"] == "2026-01-02 03:04:05 UTC"
    assert told["pandas"] == "3.1"
    assert not {"CPU", "energy, estimated", "attempts", "kernel"} & set(told)
    costs = {"cpu_s": 1.25, "peak_mb": 200.4, "energy_wh": 0.0012}
    assert dict(provenance(record(cost=costs)))["peak memory"] == "200 MB"


@given(FINITE, FINITE, FINITE, FINITE)
def test_a_chart_stays_in_its_frame(value, low, high, bound):
    """In the order of the numbers."""
    low, high = sorted((low, high))
    found = chart(claim(value, (low, high), f">= {bound!r}"))
    if found is None:
        assert value == low == high == bound
        return
    places = [found["low"], found["high"], found["value"], *found["bounds"]]
    assert all(0 <= place <= 160 for place in places)
    assert found["low"] <= found["high"]


def test_a_range_has_two_bounds():
    """An equation has one; without an interval or a value there is no chart."""
    assert len(chart(claim(1.0, (0.0, 2.0), "0.5..1.5"))["bounds"]) == 2
    assert len(chart(claim(1.0, (0.0, 2.0), "== 1"))["bounds"]) == 1
    assert chart(claim(1.0, None, "> 0")) is None
    assert chart(claim(None, (0.0, 1.0), "> 0")) is None


def test_colour_is_not_alone():
    """Each verdict has a sign of its own."""
    words = ("supported", "refuted", "inconclusive", "not judged")
    assert len({sign(word) for word in words}) == len(words)
