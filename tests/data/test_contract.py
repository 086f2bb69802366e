"""Contracts: rows that keep them, rows that break them and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fourfold.data.contract import check, read_contract
from fourfold.data.sources import load
from fourfold.errors import DataError

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem: path for path in sorted((ROOT / "contracts").glob("*.yaml"))}
REJECTED = {"penguins": 2, "flights": 179, "diamonds": 23, "movies": 38, "titanic": 1}
# Of data in a file, made by a query, or by a benchmark: their configs test them.
ELSEWHERE = {"us_capitals", "spreads", "measurements"}
CONTRACT = """\
schema_type: dataframe
coerce: true
columns:
  age:
    dtype: int64
    checks: {in_range: {min_value: 0, max_value: 120}}
  sex:
    dtype: str
    nullable: true
    checks: {isin: [f, m]}
"""


@pytest.fixture
def contract(tmp_path):
    def write(text: str = CONTRACT) -> Path:
        path = tmp_path / "people.yaml"
        path.write_text(text)
        return path

    return write


def people(**columns):
    return pd.DataFrame({"age": [30, 40, 50], "sex": ["f", None, "m"]} | columns)


def test_accepted_rows_keep_their_index(contract):
    """The bad row is set aside with its reason, as it came."""
    found = check(people(age=[30, 130, 50]), contract())
    assert found.frame.index.tolist() == [0, 2]
    assert found.rejected.index.tolist() == [1]
    assert found.rejected["reason"].tolist() == ["age: expected 0 to 120, got 130"]
    assert found.rules.iloc[0].to_dict() == {
        "column": "age",
        "rule": "0 to 120",
        "failed": 1,
        "valid": pytest.approx(2 / 3),
    }


def test_all_reasons_of_a_row_are_told(contract):
    """Not just the first."""
    found = check(people(age=[30, 130, 50], sex=["f", "x", "m"]), contract())
    (reason,) = found.rejected["reason"]
    assert "age: expected 0 to 120, got 130" in reason
    assert "sex: expected one of" in reason
    assert "'x'" in reason


def test_good_data_pass_whole(contract):
    """Nothing rejected, types as the contract says."""
    found = check(people(age=["30", "40", "50"]), contract())
    assert found.frame["age"].tolist() == [30, 40, 50]
    assert found.rejected.empty
    assert found.rules.empty


@pytest.mark.parametrize(
    ("text", "frame", "message"),
    [
        (CONTRACT, people().rename(columns={"sex": "sexe"}), "expected a column 'sex'.*'sexe'"),
        (CONTRACT, people(age=["a", "b", "c"]), "columns.age: expected type int64"),
        (CONTRACT, people(age=[200, 300, 400]), "expected rows that keep it, got none"),
        (CONTRACT.replace("nullable", "nulable"), people(), "nulable.*Did you mean 'nullable'"),
        (CONTRACT.replace("isin", "is_in"), people(), "is_in: unknown key.*'isin'"),
        ("columns: [", people(), "expected YAML"),
        ("hello", people(), "expected a mapping with 'columns'"),
    ],
)
def test_what_no_row_is_to_blame_for_is_an_error(contract, text, frame, message):
    """Missing columns, wrong types throughout, and mistakes in the contract itself."""
    with pytest.raises(DataError, match=message):
        check(frame, contract(text))


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - ELSEWHERE))
def test_shipped_contracts_fit_their_data(name):
    """Each can be read, and rejects what is known to be wrong in its data set, and no more."""
    assert read_contract(SHIPPED[name]).title
    found = check(load(name).frame, SHIPPED[name])
    assert len(found.rejected) == REJECTED.get(name, 0)
    assert len(found.frame) + len(found.rejected) == len(load(name).frame)
