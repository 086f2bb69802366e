"""Metrics, criteria and verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.errors import ConclusionError
from fourfold.records import evidence
from fourfold.records.evidence import Criterion, Metric, judge, judge_all, overall
from fourfold.records.formatting import number, significant

FINITE = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("condition", "interval", "verdict"),
    [
        (">= 0.4", (0.4, 0.5), "supported"),
        ("> 0.4", (0.4, 0.5), "inconclusive"),
        (">= 0.4", (0.3, 0.5), "inconclusive"),
        (">= 0.4", (0.3, 0.39), "refuted"),
        (">= 0.4", (0.3, 0.4), "inconclusive"),
        ("> 0.4", (0.3, 0.4), "refuted"),
        ("< 3", (1, 2.9), "supported"),
        ("<= 3", (3.1, 4), "refuted"),
        ("== 3", (2, 4), "inconclusive"),
        ("== 3", (4, 5), "refuted"),
        ("2..5", (2, 5), "supported"),
        ("2..5", (6, 7), "refuted"),
    ],
)
def test_the_whole_interval_decides(condition, interval, verdict):
    """Supported and refuted need the whole interval on one side."""
    claim = judge(Criterion.parse("m", condition), Metric(sum(interval) / 2, interval))
    assert claim.verdict == verdict


def test_a_metric_without_interval_carries_no_claim():
    """A point estimate alone is inconclusive, however far from the bound."""
    assert judge(Criterion.parse("m", ">= 0"), Metric(99.0)).verdict == "inconclusive"


@pytest.mark.parametrize(("value", "verdict"), [(3, "supported"), (4, "refuted")])
def test_an_exact_fact_needs_no_interval(value, verdict):
    """A count is judged by its value."""
    claim = judge(Criterion.parse("k", "== 3"), Metric(value, exact=True))
    assert claim.verdict == verdict


def test_an_undefined_metric_is_inconclusive():
    """NaN supports nothing, even where it is declared exact."""
    metric = Metric(math.nan, None, exact=True).plain("m")
    assert metric.value is None
    assert judge(Criterion.parse("m", ">= 0"), metric).verdict == "inconclusive"


def test_an_undefined_metric_has_neither_unit_nor_interval():
    """It is read as undefined, and nothing more."""
    assert Metric(None, (0, 1), "columns").text() == "undefined"
    assert Metric(2, (0, 3), "columns").text("") == "2 columns (0 to 3)"


@given(low=FINITE, width=st.floats(0, 1e3), bound=FINITE)
def test_supported_and_refuted_exclude_each_other(low, width, bound):
    """For any interval, 'x >= b' supported means 'x < b' refuted, and the reverse."""
    metric = Metric(low, (low, low + width))
    above = judge(Criterion.parse("m", f">= {bound}"), metric).verdict
    below = judge(Criterion.parse("m", f"< {bound}"), metric).verdict
    mirror = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
    assert below == mirror[above]


@pytest.mark.parametrize("text", ["0.4", ">= x", "=> 3", "5..2", "", ">= 1 and < 2"])
def test_a_condition_that_cannot_be_read_is_told(text):
    """The message holds the text and shows what was expected."""
    with pytest.raises(ConclusionError, match="expected a condition") as caught:
        Criterion.parse("m", text)
    assert repr(text) in str(caught.value)


def test_a_criterion_on_an_unknown_metric_names_the_nearest():
    """A typo in a success criterion is told with the recorded name."""
    with pytest.raises(ConclusionError, match="Did you mean 'silhouette'"):
        judge_all({"silhouete": ">= 0.4"}, {"silhouette": Metric(0.5)})


def test_one_refuted_criterion_refutes_all():
    """Refuted beats inconclusive, inconclusive beats supported, none is not judged."""
    metrics = {"a": Metric(1, exact=True), "b": Metric(1.0)}
    assert overall(judge_all({"a": "== 1"}, metrics)) == "supported"
    assert overall(judge_all({"a": "== 1", "b": "> 0"}, metrics)) == "inconclusive"
    assert overall(judge_all({"a": "== 2", "b": "> 0"}, metrics)) == "refuted"
    assert overall([]) == "not judged"


@pytest.mark.parametrize("ci", [(2, 1), (1, 2, 3), ("a", "b")])
def test_an_interval_that_is_none_is_told(ci):
    """A reversed or malformed interval raises."""
    with pytest.raises(ConclusionError, match="'m'"):
        Metric(1.5, ci).plain("m")


def test_numpy_numbers_become_plain():
    """What is emitted is JSON, integers stay integers, floats keep six digits."""
    metric = Metric(np.float32(0.1234567), (np.float64(0.1), np.int64(1))).plain("m")
    assert metric.value == 0.123457
    assert metric.ci == (0.1, 1)
    assert Metric(np.int64(7)).plain("n").value == 7


def test_text_is_no_number():
    """The message names the metric, the value and its type."""
    with pytest.raises(ConclusionError, match=r"'m': expected a number, got 'x' \(str\)"):
        Metric("x").plain("m")


@pytest.mark.parametrize(
    ("value", "text"),
    [(336776, "336,776"), (0.37, "0.370"), (12.345, "12.3"), (123.0, "123"), (4567.8, "4,568"),
     (0.0, "0.00"), (1e-7, "1.00e-07"), (None, "undefined"), (-0.5, "-0.500")],
)  # fmt: skip
def test_numbers_read_as_people_write_them(value, text):
    """Three significant digits, whole integers, no 12-digit floats."""
    assert number(value) == text


@given(FINITE)
def test_rounding_is_idempotent(value):
    """Six significant digits of six significant digits are the same."""
    assert significant(significant(value)) == significant(value)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Does it pay?", True),
        ("As known today, will it break in 2 or 3 days?", True),
        ("Isn't it so?", True),
        ("Is this table usable or not?", True),
        ("We sell shoes. Do they fit?", True),
        ("Does age or income matter?", True),
        ("CAN WE TRUST IT?", True),
        ("Which groups are there, and are they real?", False),
        ("How long is it?", False),
        ("Is it red or blue?", False),
        ("Do men or women live longer or more happily?", False),
        ("Do more women than men, or fewer, buy it?", False),
        ("Whether it pays", False),
        ("Is it", False),
        ("", False),
    ],
)
def test_questions_that_ask_yes_or_no(question, asks):
    """By their first verb; neither a choice between things nor a question of which."""
    assert evidence.asks_yes_or_no(question) is asks


@pytest.mark.parametrize(
    ("verdict", "answer", "said"),
    [
        ("supported", "It saves 3.", "Yes. It saves 3."),
        ("refuted", "It costs 3.", "No. It costs 3."),
        ("inconclusive", "It may.", "Not known. It may."),
        ("not judged", "It may.", "Not known. It may."),
        ("refuted", "No clear clusters.", "No clear clusters."),
        ("inconclusive", "No clear clusters.", "Not known. No clear clusters."),
        ("refuted", "Not known: it leaks.", "Not known: it leaks."),
    ],
)
def test_the_first_word_follows_the_verdict(verdict, answer, said):
    """Once, and only where the question asks so."""
    assert evidence.first_word("Does it pay?", verdict, answer) == said
    assert evidence.first_word("What does it cost?", verdict, answer) == answer
