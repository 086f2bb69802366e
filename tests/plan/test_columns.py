"""Columns that a config names and its data do not have."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from fourfold.data.formats import columns_of
from fourfold.errors import ConfigError
from fourfold.plan.plan import plan

ROOT = Path(__file__).parents[2]
TABLE = "age,town,ill\n" + "".join(f"{n},Ulm,{n % 2}\n" for n in range(40))
CONFIG = """template: classification
business: {question: Who is ill?, decision: Whom to see, success: {auc: '> 0.7'}}
parameters:
  data: people.csv
  target: %s
"""


@pytest.fixture
def root(tmp_path):
    """A project with a table."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    (tmp_path / "params").mkdir()
    (tmp_path / "people.csv").write_text(TABLE)
    return tmp_path


def refused(root, text):
    """The violations of a config."""
    (root / "params" / "a.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        plan([], root)
    return [(v.line, v.key, v.message) for v in error.value.violations]


def test_a_misspelled_column_is_a_located_mistake(root):
    """With the line, the columns that there are, and the nearest one."""
    (line, key, message), (_, leave_out, _) = refused(
        root, CONFIG % "iil" + "  leave_out: [agee, town]\n"
    )
    assert (line, key, leave_out) == (5, "parameters.target", "parameters.leave_out")
    assert message == (
        "expected a column of people.csv (age, town, ill), got 'iil'. Did you mean 'ill'?"
    )


def test_columns_that_are_there_and_those_that_nobody_can_know(root):
    """A query, a database, a glob of several files: what these have is seen by reading only."""
    for text in (
        CONFIG % "ill",
        CONFIG % "sick" + "  query: SELECT ill AS sick FROM data\n",
        (CONFIG % "sick").replace("people.csv", "'*.csv'"),
    ):
        (root / "other.csv").write_text(TABLE)
        (root / "params" / "a.yaml").write_text(text)
        assert plan([], root)


def test_a_contract_of_other_columns(root):
    """A column that the contract needs is missed before anything runs; an optional one is not."""
    (root / "c.yaml").write_text(
        "schema_type: dataframe\ncolumns:\n  age: {dtype: int64}\n  illl: {}\n"
        "  maybe: {required: false}\n"
    )
    ((line, key, message),) = refused(root, CONFIG % "ill" + "  contract: c.yaml\n")
    assert (line, key) == (6, "parameters.contract")
    assert "c.yaml: expected a column of people.csv (age, town, ill), got 'illl'" in message


def test_a_column_in_one_run_of_a_sweep(root):
    """Is located in the sweep; another file in between is another head."""
    text = CONFIG % "ill" + "sweep: {grid: {target: [ill, age, agee]}}\n"
    ((_, key, message),) = refused(root, text.replace("  target: ill\n", ""))
    assert key.startswith("sweep")
    assert "'agee'" in message
    (root / "people.csv").write_text(TABLE.replace("age,", "agee,", 1))
    ((_, _, message),) = refused(root, text.replace("  target: ill\n", ""))
    assert "(agee, town, ill), got 'age'" in message


def test_names_by_the_head_of_a_file(tmp_path):
    """Text, packed text, Parquet; as reading gives them, or none where only that would tell."""
    (tmp_path / "a.csv").write_text("Title\n\n a ;b;c\n1;2;3\n4;5;6\n")
    assert columns_of(tmp_path / "a.csv") == ("a", "b", "c")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert columns_of(tmp_path / "a.csv.gz") == ("a", "b")
    (tmp_path / "bare.csv").write_text("1.5,2\n2.5,3\n3.5,4\n")
    assert columns_of(tmp_path / "bare.csv") == ("column_1", "column_2")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    assert columns_of(tmp_path / "twice.csv") == ()
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "p.parquet")
    assert columns_of(tmp_path / "p.parquet") == ("a", "b")
