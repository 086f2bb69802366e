"""The day-one notebook on awkward tables, each executed for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fourfold.plan.plan import plan
from tiny_project import run_all

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[1]


def german(path: Path, generator: np.random.Generator) -> None:
    """Semicolons, decimal commas, umlauts in cp1252, dates with points; price follows height."""
    height = generator.normal(170, 10, 120).round(1)
    frame = pd.DataFrame(
        {
            "Größe": height,
            "Stadt": generator.choice(["Köln", "Genf"], 120),
            "am": pd.date_range("2024-01-01", periods=120).strftime("%d.%m.%Y"),
            "Preis": (3 * height + generator.normal(0, 3, 120)).round(2),
        }
    )
    frame.to_csv(path, sep=";", decimal=",", encoding="cp1252", index=False)


def weird(path: Path, generator: np.random.Generator) -> None:
    """Nothing, constants, text, names that are HTML, formulas or two lines, infinity, rare classes."""
    rows = 150
    frame = pd.DataFrame(
        {
            "empty": None,
            "same": 1,
            "id": range(rows),
            "note": [f"note {n} $x$ <b>" for n in range(rows)],
            "two\nlines": generator.normal(size=rows),
            "$a_1$ <i>": generator.lognormal(20, 3, rows),
            "inf": np.where(generator.random(rows) < 0.05, np.inf, generator.normal(size=rows)),
            "y": [*("ab" * (rows // 2 - 1)), "c", None],
        }
    )
    frame.to_csv(path, index=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All cases as one batch: name to record and notebook."""
    root = tmp_path_factory.mktemp("starter")
    (root / "params").mkdir()
    shutil.copytree(ROOT / "templates", root / "templates")
    generator = np.random.default_rng(0)
    german(root / "german.csv", generator)
    weird(root / "weird.csv", generator)
    (root / "words.csv").write_text("word\n" + "\n".join("abcd" * 5) + "\n")
    (root / "header.csv").write_text("x,y\n")
    (root / "binary.csv").write_bytes(bytes(range(256)) * 20)
    cases = {
        "german": ("german.csv", "Preis"),
        "weird": ("weird.csv", "y"),
        "look": ("weird.csv", ""),
        "words": ("words.csv", ""),
        "header": ("header.csv", ""),
        "binary": ("binary.csv", ""),
        "same": ("weird.csv", "same"),
    }
    for name, (data, target) in cases.items():
        config: dict[str, object] = {"data": data, "target": target, "repeats": 1}
        if name == "german":  # an R² of 0.986 alone would be a likely leak
            config["legitimate"] = {"Größe": "the shop measures before it names a price"}
        success = {"gain": "> 0", "score": "> 0"}
        text = {"template": "starter", "parameters": config, "business": {"success": success}}
        (root / "params" / f"{name}.yaml").write_text(json.dumps(text))
    records, _ = run_all(plan([str(root / "params")], root), root, root / "outputs", 2)
    return {
        r.config: (r, json.loads((root / "outputs" / r.name / "notebook.ipynb").read_text()))
        for r in records
    }


@pytest.mark.parametrize("name", ["german", "weird", "look", "words"])
def test_it_comes_to_its_end_without_a_warning(runs, name):
    """Nothing on standard error, and a conclusion."""
    record, notebook = runs[name]
    assert record.status == "ok", record.error
    assert record.answer
    kinds = {o["output_type"] for c in notebook["cells"] for o in c.get("outputs", [])}
    assert kinds == {"display_data", "execute_result"}


def test_a_relation_is_found_in_a_german_table(runs):
    """Numbers with commas are numbers, and height explains the price."""
    record, _ = runs["german"]
    assert record.verdict == "supported"
    assert record.metrics["score"].value > 0.9
    assert "Größe" in record.answer


def test_noise_is_not_called_a_finding(runs):
    """The rare class and rows without target are left out; no gain is claimed."""
    record, _ = runs["weird"]
    assert record.verdict != "supported"
    assert "no column is shown" in record.answer
    assert record.metrics["features"].value == 3


@pytest.mark.parametrize("name", ["look", "words"])
def test_without_a_target_criteria_on_scores_stay_open(runs, name):
    """The score is undefined, so the verdict is inconclusive, and no error."""
    record, _ = runs[name]
    assert record.metrics["score"].value is None
    assert record.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("name", "section", "message"),
    [
        ("header", "Ingest", "header.csv: expected rows, got only the columns x, y"),
        ("binary", "Ingest", "binary.csv: expected a text table"),
        ("same", "Modeling", "target 'same': expected at least two different values"),
    ],
)
def test_what_cannot_be_used_is_one_clear_error(runs, name, section, message):
    """With the file or column, in the section where it shows."""
    record, _ = runs[name]
    assert record.status == "failed"
    assert (record.error["section"], record.error["error"]) == (section, "DataError")
    assert message in record.error["message"]
