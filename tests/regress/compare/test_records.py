"""JSON and records, compared by path."""

from __future__ import annotations

from fourfold.plan.rules import USUAL, Rules, Tolerance
from fourfold.regress.compare.records import compare_json, compare_records


def metric(value, ci=None, name="auc"):
    """A record as `ff.record` emits it."""
    return {"kind": "metric", "name": name, "value": value, "ci": ci, "unit": "", "exact": False}


def told(found) -> list[str]:
    """The differences as they are shown."""
    return list(map(str, found))


def test_a_metric_by_its_path():
    """A value by the metric's name, an end of its interval below it."""
    found = compare_records(metric(0.91, [0.90, 0.92]), metric(0.92, [0.90, 0.93]), Rules())
    assert told(found) == ["/metrics/auc: 0.91 -> 0.92", "/metrics/auc/ci/1: 0.92 -> 0.93"]


def test_a_tolerance_per_metric():
    """One metric may be looser than all others."""
    rules = Rules(metrics={"auc": 0.02})
    assert compare_records(metric(0.91), metric(0.92), rules) == []
    assert compare_records(metric(0.91, name="f1"), metric(0.92, name="f1"), rules) != []


def test_a_metric_can_be_ignored():
    """By name, with the wildcards of the shell."""
    rules = Rules(ignore=("metric a*",))
    assert compare_records(metric(0.91), metric(0.5), rules) == []
    assert compare_records(metric(1, name="f1"), metric(2, name="f1"), rules) != []


def test_another_metric_is_no_other_value():
    """Records of different names are told as different records."""
    found = compare_records(metric(1.0), metric(1.0, name="f1"), Rules())
    assert told(found) == ["record: metric auc -> metric f1"]


def test_a_conclusion_claim_by_claim():
    """A verdict is exact, the value below it as loose as its metric, the sentence as well."""

    def conclusion(value, verdict, answer):
        claim = {"metric": "auc", "condition": "> 0.9", "value": value, "verdict": verdict}
        return {"kind": "conclusion", "answer": answer, "claims": [claim]}

    before = conclusion(0.912, "supported", "AUC is 0.912.")
    after = conclusion(0.915, "supported", "AUC is 0.915.")
    assert compare_records(before, after, Rules(metrics={"auc": 0.01})) == []
    assert told(compare_records(before, after, Rules())) == [
        "/conclusion/answer: AUC is 0.912. -> AUC is 0.915.",
        "/claims/auc > 0.9/value: 0.912 -> 0.915",
    ]
    refuted = conclusion(0.912, "refuted", "AUC is 0.912.")
    assert told(compare_records(before, refuted, Rules(metrics={"auc": 0.5}))) == [
        "/claims/auc > 0.9/verdict: supported -> refuted"
    ]


def test_json_by_path():
    """Keys gone and new, lists of other lengths, kinds, integers exact, floats close."""
    before = {"a": 1, "b": [1.0, 2.0], "c": "x", "d": None, "e": [1]}
    after = {"a": 2, "b": [1.0, 2.0 + 1e-12], "c": "x", "d": 0, "e": [1, 2], "f": True}
    assert told(compare_json(before, after, USUAL)) == [
        "/a: 1 -> 2",
        "/d: nothing -> 0",
        "/e: 1 items -> 2 items",
        "/f: (nothing) -> True",
    ]


def test_truth_is_no_number():
    """True is not 1."""
    assert compare_json(True, 1, USUAL) != []


def test_noise_in_a_series_is_measured_by_its_largest():
    """1e-12 beside 1000 is zero; 1e-3 beside 1000 is not."""
    assert compare_json([1000.0, 1e-12], [1000.0, 0.0], USUAL) == []
    assert compare_json([1000.0, 1e-3], [1000.0, 0.0], USUAL) != []
    assert compare_json([1.0], [1.5], Tolerance(atol=1.0)) == []
