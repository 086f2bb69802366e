"""What a template calls, in a kernel-like shell and in plain Python."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import fourfold as ff
from fourfold.errors import ConclusionError, DataError
from fourfold.records import emit
from fourfold.records.evidence import MIME, Interval

CONTRACT = "schema_type: dataframe\ncolumns:\n  n:\n    dtype: int64\n    checks: {greater_than_or_equal_to: 1}\n"


@pytest.fixture(autouse=True)
def a_notebook_of_its_own(monkeypatch):
    """Each test begins as a kernel does."""
    monkeypatch.setattr(emit, "_METRICS", {})
    for name in ("_DATA", "_CONCLUSIONS", "_ASIDE"):
        monkeypatch.setattr(emit, name, [])


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython shell, with artifacts in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOURFOLD_ARTIFACTS", str(tmp_path / "kept"))
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def displayed(call):
    """The bundles that a call displays."""
    with capture_output() as captured:
        call()
    return [output.data for output in captured.outputs]


def test_a_metric_is_shown_and_emitted(shell):
    """One line for people, six digits for the record."""
    (bundle,) = displayed(lambda: ff.record("width", 1.23456789, ci=(1.0, 2.0), unit="mm"))
    assert bundle["text/plain"] == "width 1.23 mm (95 % interval 1.00 to 2.00)"
    assert bundle["text/html"].startswith("<b>width</b> 1.23 mm")
    expected = {"kind": "metric", "name": "width", "value": 1.23457, "ci": [1, 2]}
    assert bundle[MIME] == expected | {"unit": "mm", "exact": False}
    assert json.loads(json.dumps(bundle[MIME])) == bundle[MIME]


def test_an_interval_is_a_value_and_its_ends(shell):
    """As it is, in place of a value and a pair; ends that are no numbers leave no interval."""
    given = Interval(1.23456789, 1.0, 2.0)
    (bundle,) = displayed(lambda: ff.record("width", given, unit="mm"))
    assert bundle["text/plain"] == "width 1.23 mm (95 % interval 1.00 to 2.00)"
    assert (bundle[MIME]["value"], bundle[MIME]["ci"]) == (1.23457, [1, 2])
    (bundle,) = displayed(lambda: ff.record("slope", Interval(1.0, math.nan, math.nan)))
    assert (bundle[MIME]["value"], bundle[MIME]["ci"]) == (1.0, None)


def test_names_are_escaped_in_html(shell):
    """A metric or an answer with HTML in it is shown as text."""
    (bundle,) = displayed(lambda: ff.record("<i>x</i>", 1))
    assert "<i>" not in bundle["text/html"]
    (bundle,) = displayed(lambda: ff.conclude("a < b", question="<script>"))
    assert "<script>" not in bundle["text/html"]
    assert "a &lt; b" in bundle["text/html"]


def test_ingest_says_what_came_in_and_keeps_the_rejected(shell, tmp_path):
    """The contract's rejects are an artifact with their reasons; the record holds the digest."""
    (tmp_path / "n.csv").write_text("n\n1\n0\n3\n")
    (tmp_path / "c.yaml").write_text(CONTRACT)
    found = []
    bundles = displayed(lambda: found.append(ff.ingest("n.csv", contract="c.yaml")))
    data, artifact, share = bundles
    assert (share[MIME]["name"], share[MIME]["value"]) == ("rows set aside", 0.333333)
    assert found[0]["n"].tolist() == [1, 3]
    assert data["text/plain"] == "n.csv: 2 rows, 1 column, 0 missing values, 1 row rejected"
    assert (data[MIME]["rows"], data[MIME]["rejected"]) == (2, 1)
    assert len(data[MIME]["sha256"]) == 64
    assert artifact[MIME]["name"] == "rejected.csv"
    rejected = pd.read_csv(tmp_path / "kept" / "rejected.csv")
    assert rejected["reason"].tolist() == ["n: expected >= 1, got 0"]


def test_ingest_gives_the_whole_table_where_asked(shell, tmp_path):
    """As it came, with the reason beside each rejected row; without a contract all are accepted."""
    (tmp_path / "n.csv").write_text("n\n1\n0\n3\n")
    (tmp_path / "c.yaml").write_text(CONTRACT)
    found = []
    displayed(lambda: found.append(ff.ingest("n.csv", contract="c.yaml", whole=True)))
    displayed(lambda: found.append(ff.ingest("n.csv", whole=True)))
    assert found[0]["n"].tolist() == [1, 0, 3]
    assert found[0]["reason"].tolist() == ["", "n: expected >= 1, got 0", ""]
    assert found[1]["reason"].tolist() == ["", "", ""]


def test_ingest_without_contract_rejects_nothing(shell, tmp_path):
    """And says so; a missing file is one clear error."""
    (tmp_path / "n.csv").write_text("n\n1\n0\n")
    (bundle,) = displayed(lambda: ff.ingest("n.csv"))
    assert bundle[MIME]["rejected"] == 0
    with pytest.raises(DataError, match=r"n\.cvs"):
        ff.ingest("n.cvs")


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_tables_are_saved_by_their_ending(shell, tmp_path, name):
    """And read back as they were; the index is not saved."""
    frame = pd.DataFrame({"a": [1, 2]}, index=[5, 6])
    (bundle,) = displayed(lambda: ff.save(name, frame))
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    assert read(tmp_path / "kept" / name).to_dict("list") == {"a": [1, 2]}
    assert bundle[MIME] == {"kind": "artifact", "name": name, "rows": 2, "columns": ["a"]}


def test_mixed_values_become_text_in_parquet(shell, tmp_path):
    """A column has one type there; missing values stay missing, other columns as they are."""
    frame = pd.DataFrame({"mixed": [1, "a", None, {2}], "whole": [1, 2, 3, 4], 5: ["x", *"yzz"]})
    ff.save("table.parquet", frame)
    read = pd.read_parquet(tmp_path / "kept" / "table.parquet")
    assert read["mixed"].dropna().tolist() == ["1", "a", "{2}"]
    assert read["mixed"].isna().tolist() == [False, False, True, False]
    assert (read["whole"].dtype, list(read)) == ("int64", ["mixed", "whole", "5"])


def test_artifacts_stay_in_their_folder(shell):
    """A path instead of a name is refused."""
    with pytest.raises(ValueError, match=r"got '\.\./x\.csv'"):
        ff.save("../x.csv", pd.DataFrame())


def test_a_conclusion_judges_each_criterion(shell):
    """Table, verdict, limits and next step; the claims are in the record."""
    displayed(lambda: (ff.record("gain", 0.3, ci=(0.2, 0.4)), ff.record("rows", 5, exact=True)))
    (bundle,) = displayed(
        lambda: ff.conclude(
            "It works.",
            success={"gain": "> 0", "rows": "< 3"},
            question="Does it?",
            decision="Go on",
            limits=["One year only."],
            next_step="More rows.",
        )
    )
    assert bundle[MIME]["verdict"] == "refuted"
    assert [c["verdict"] for c in bundle[MIME]["claims"]] == ["supported", "refuted"]
    for part in ("Does it?", "It works.", "✘ refuted", "One year only.", "More rows.", "Go on"):
        assert part in bundle["text/html"]
    assert "Verdict: refuted" in bundle["text/plain"]


def test_many_rows_set_aside_leave_nothing_supported(shell, tmp_path):
    """The answer is for the others, and says so; a criterion of the user's own accepts that."""
    (tmp_path / "n.csv").write_text("n\n" + "1\n" * 90 + "0\n" * 10)
    (tmp_path / "c.yaml").write_text(CONTRACT)
    displayed(
        lambda: (ff.ingest("n.csv", contract="c.yaml"), ff.record("gain", 0.3, ci=(0.2, 0.4)))
    )
    (bundle,) = displayed(lambda: ff.conclude("x", success={"gain": "> 0"}))
    assert bundle[MIME]["verdict"] == "inconclusive"
    assert "rows set aside <= 0.05" in bundle["text/plain"]
    limit = "c.yaml set aside 10 of 100 rows: the answer is for the others."
    assert bundle[MIME]["limits"] == [limit]
    accepted = {"gain": "> 0", "rows set aside": "<= 0.2"}
    (bundle,) = displayed(lambda: ff.conclude("x", success=accepted))
    assert (bundle[MIME]["verdict"], bundle[MIME]["limits"]) == ("supported", [limit])


def test_few_rows_set_aside_are_a_limit(shell, tmp_path):
    """No verdict falls over two rows of a hundred."""
    (tmp_path / "n.csv").write_text("n\n" + "1\n" * 98 + "0\n" * 2)
    (tmp_path / "c.yaml").write_text(CONTRACT)
    displayed(
        lambda: (ff.ingest("n.csv", contract="c.yaml"), ff.record("gain", 0.3, ci=(0.2, 0.4)))
    )
    (bundle,) = displayed(lambda: ff.conclude("x", success={"gain": "> 0"}))
    assert (bundle[MIME]["verdict"], len(bundle[MIME]["limits"])) == ("supported", 1)


def test_a_criterion_without_metric_is_an_error(shell):
    """With the nearest name."""
    displayed(lambda: ff.record("silhouette", 0.3))
    with pytest.raises(ConclusionError, match=r"success\.silhouete.*Did you mean 'silhouette'"):
        ff.conclude("?", success={"silhouete": "> 0"})


def test_outside_of_a_notebook_text_is_printed(capsys):
    """In plain Python the same line goes to standard output."""
    InteractiveShell.clear_instance()
    ff.record("plain", 2.5)
    assert capsys.readouterr().out == "plain 2.50\n"


@pytest.mark.parametrize(
    ("bound", "word"), [("> 0", "Yes."), ("< 0", "No."), ("> 5", "Not known.")]
)
def test_answer_and_next_step_follow_the_verdict(capsys, bound, word):
    """A step for each verdict, or one for all others; never "use it" beside refuted."""
    ff.record("saving", 5.0, ci=(4, 6))
    steps = {"supported": "Use it.", "": "Do not use it."}
    ff.conclude("5.", success={"saving": bound}, question="Does it pay?", next_step=steps)
    text = capsys.readouterr().out
    assert f"Answer: {word} 5." in text
    assert ("Next step: Use it." in text) is (word == "Yes.")
    assert ("Next step: Do not use it." in text) is (word != "Yes.")
