"""The terms of a drafted contract: what was seen keeps them, what is wrong does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.author.contract_draft import contract_text, terms
from fourfold.author.survey import Survey
from fourfold.data import contract
from fourfold.data.yamltext import scalar
from fourfold.methods import columns

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
COLUMNS = st.one_of(
    st.lists(st.integers(-(10**18), 10**18), min_size=6, max_size=6),
    st.lists(st.floats(allow_nan=True), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.lists(st.none() | st.booleans(), min_size=6, max_size=6),
    st.lists(TEXTS, min_size=6, max_size=6),
    st.lists(st.none() | st.sampled_from(["no", "3rd", "ä b", "1", "~", "a: b"]), min_size=6, max_size=6),
    st.lists(st.none() | st.integers(0, 3) | TEXTS, min_size=6, max_size=6),
    st.lists(st.datetimes(pd.Timestamp(1990, 1, 1), pd.Timestamp(2100, 1, 1)), min_size=6, max_size=6),
)  # fmt: skip


def looked_at(frame: pd.DataFrame) -> Survey:
    return Survey("x.csv", "", frame, 1.0, columns.describe(frame), {})


@given(names=st.lists(TEXTS, min_size=1, max_size=3, unique=True), data=st.data())
@settings(max_examples=60)
def test_a_table_keeps_the_contract_drafted_from_it(names, data, tmp_path_factory):
    """Whatever its columns hold and are called, and repeated as often as makes values a list."""
    frame = pd.DataFrame({name: data.draw(COLUMNS) for name in names})
    frame = pd.concat([frame] * 6, ignore_index=True)
    path = tmp_path_factory.mktemp("contract") / "x.yaml"
    path.write_text(contract_text(looked_at(frame), "x"), encoding="utf-8")
    found = contract.check(frame, path)
    assert len(found.rejected) == 0
    assert len(found.frame) == len(frame)


@given(
    st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
)
def test_scalars_are_read_back(value):
    """As the same value of the same kind, alone and within a list."""
    assert yaml.safe_load(f"[{scalar(value)}]") == [value]
    assert yaml.safe_load(f"{{{scalar(str(value))}: 1}}") == {str(value): 1}


@pytest.mark.parametrize(
    ("column", "kind", "check"),
    [
        ([3, 17, 60], "number", "in_range: {min_value: 0, max_value: 66}"),
        ([-3.0, 17, 60], "number", "in_range: {min_value: -10, max_value: 67}"),
        ([-9, -5, -1], "number", "in_range: {min_value: -9.8, max_value: -0.2}"),
        ([7, 7, 7], "number", "in_range: {min_value: 6.3, max_value: 7.7}"),
        ([0.0, np.inf], "number", ""),
        ([2**60, 2**60 + 1], "number", ""),
        (["b", "a"] * 5, "category", "isin: [a, b]"),
        (["b", "a"] * 4, "category", ""),
        ([*"abcdefghijklmnopqrstu"] * 9, "category", ""),
        (["yes", "no"] * 5, "category", 'isin: ["no", "yes"]'),
    ],
)
def test_rules_by_hand(column, kind, check):
    """Ranges have a tenth more room, rounded; lists are short, and each value came often."""
    wanted = {"checks": f"{{{check}}}"} if check else {}
    rules = terms(pd.Series(column), kind)
    assert {rule: text for rule, text in rules.items() if rule == "checks"} == wanted


def test_keys_and_missing_values():
    """A column that names rows must go on to; of a part of the rows nothing is promised."""
    ids = pd.Series([4, 9, 2], name="order_id")
    assert terms(ids, "number")["unique"] == "true"
    assert "unique" not in terms(ids.rename("paid"), "number")
    assert "unique" not in terms(pd.Series([4, 4], name="id"), "number")
    assert terms(pd.Series([1.0, None]), "number")["nullable"] == "true"
    part = terms(ids, "number", whole=False)
    assert part == {"dtype": "int64", "nullable": "true"}


def test_dirt_is_rejected(tmp_path):
    """A price a hundred times too high, a colour nobody knows, a lost and a repeated number."""
    good = pd.DataFrame(
        {"id": range(40), "price": [9.5, 12, 8, 11] * 10, "colour": ["red", "blue"] * 20}
    )
    path = tmp_path / "x.yaml"
    path.write_text(contract_text(looked_at(good), "x"), encoding="utf-8")
    bad = good.astype({"id": float}).copy()
    bad.loc[3, "price"], bad.loc[5, "colour"], bad.loc[8, "id"] = 950, "rde", np.nan
    bad.loc[11, "id"] = 12
    assert contract.check(bad, path).rejected.index.tolist() == [3, 5, 8, 11, 12]
