"""The three maturity models as data: their facts, their sources, and mistakes in such files."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.data.sources import load
from fourfold.data.yamlfile import read_document
from fourfold.errors import DataError
from fourfold.methods.maturity.practices import (
    FOLDER,
    FRAMEWORKS,
    QUARTERS,
    _Catalogue,
    frameworks,
    models_of,
    practices,
)


def test_levels_of_the_three_models():
    """As their documents have them; AWS has phases, to which 0 is added for 'before the first'."""
    names = {
        key: [(level.level, level.name) for level in model.levels]
        for key, model in frameworks().items()
    }
    assert [name for _, name in names["aws"][1:]] == [
        "initial",
        "repeatable",
        "reliable",
        "scalable",
    ]
    assert names["aws"][0] == (0, "before initial")
    assert [number for number, _ in names["microsoft"]] == [0, 1, 2, 3, 4]
    assert [number for number, _ in names["google"]] == [0, 1, 2]


def test_no_mlops_is_level_0_of_microsoft():
    """Often told as level 1, which is 'DevOps but no MLOps'."""
    model = frameworks()["microsoft"]
    assert model.level(0).name == "no MLOps"
    assert model.level(1).name == "DevOps but no MLOps"


def test_analysis_stays_manual_at_the_top_of_google():
    """Level 2 automates pipelines; no criterion asks for automatic analysis of data or model."""
    model = frameworks()["google"]
    assert model.level(2).manual == ("data analysis", "model analysis")
    assert not [c.id for c in model.criteria if "analysis" in c.text.lower()]


def test_microsoft_has_five_dimensions_and_the_others_none():
    """People, model creation, model release, application integration, technology."""
    model = frameworks()["microsoft"]
    assert model.dimensions == (
        "people",
        "model creation",
        "model release",
        "application integration",
        "technology",
    )
    assert {criterion.dimension for criterion in model.criteria} == set(model.dimensions)
    for other in ("aws", "google"):
        assert {criterion.dimension for criterion in frameworks()[other].criteria} == {""}


def test_every_criterion_has_its_source():
    """Title of the document, section and address; every level but 0 asks for something."""
    for model in frameworks().values():
        assert {c.level for c in model.criteria} == {n.level for n in model.levels} - {0}
        for criterion in model.criteria:
            assert criterion.section
        assert model.title
        assert model.url.startswith("https://")


def test_every_practice_is_asked_for_and_stands_behind_what_it_needs():
    """None is idle, each quarter has some, and the order respects `after`."""
    asked = {name for model in frameworks().values() for c in model.criteria for name in c.needs}
    assert asked == set(practices())
    assert {practice.quarter for practice in practices().values()} == set(QUARTERS)
    order = list(practices())
    for place, practice in enumerate(practices().values()):
        assert all(order.index(name) < place for name in practice.after)


def test_the_built_in_table_holds_the_same_criteria():
    """What a notebook ingests is what it judges by."""
    frame = load("mlops_criteria").frame
    expected = [
        (model.name, c.id, c.level, c.text, ", ".join(c.needs), c.section, model.url)
        for model in frameworks().values()
        for c in model.criteria
    ]
    columns = ["model", "id", "level", "criterion", "needs", "section", "url"]
    assert list(frame[columns].itertuples(index=False, name=None)) == expected


def test_criteria_of_a_table_take_the_place_of_the_packaged_ones():
    """Left out, changed and new ones count; the rest of the model stays."""
    frame = load("mlops_criteria").frame
    fewer = models_of(frame[~frame["needs"].str.contains("feature-store")])
    assert fewer["aws"] == frameworks()["aws"]
    assert len(fewer["google"].criteria) == len(frameworks()["google"].criteria) - 1
    assert fewer["google"].levels == frameworks()["google"].levels
    own = frame.tail(1).assign(id="ours", needs="approval, rollback", level=1, dimension=None)
    added = models_of(pd.concat([frame, own]))["google"].criteria[-1]
    assert (added.id, added.level, added.needs) == ("ours", 1, ("approval", "rollback"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "AWS"}, "expected some of Microsoft, got none"),
        ({"needs": "rolback"}, "criterion 'aws-1-experiment': .*Did you mean 'rollback'"),
        ({"level": 3}, r"criterion 'google-1-steps': expected one of the levels \[1, 2\], got 3"),
    ],
)
def test_criteria_that_cannot_be_judged_are_told(change, message):
    """A model without criteria, an unknown practice, a level that the model has not."""
    with pytest.raises(DataError, match=message):
        models_of(load("mlops_criteria").frame.assign(**change))


def test_a_model_that_nobody_knows_is_told():
    """With the nearest name."""
    frame = load("mlops_criteria").frame
    other = frame.assign(model=frame["model"].where(frame.index > 0, "Gogle"))
    with pytest.raises(DataError, match=r"got 'Gogle'\. Did you mean 'Google'"):
        models_of(other)


def test_practices_are_sound():
    """Each id once, some effort, and what comes first is a practice."""
    listed = read_document(FOLDER / "practices.yaml", _Catalogue).value.practices
    assert len({practice.id for practice in listed}) == len(listed) == len(practices())
    for practice in listed:
        assert practice.effort > 0, practice.id
        assert set(practice.after) <= set(practices()), practice.id


@pytest.mark.parametrize("model", frameworks().values(), ids=lambda model: model.id)
def test_models_are_sound(model):
    """Levels from 0, ids once; a criterion has a level, a dimension and practices of its model."""
    numbers = [level.level for level in model.levels]
    assert numbers == list(range(len(numbers)))
    assert len({criterion.id for criterion in model.criteria}) == len(model.criteria)
    for criterion in model.criteria:
        assert criterion.level in numbers[1:], criterion.id
        assert criterion.dimension in (model.dimensions or ("",)), criterion.id
        assert criterion.needs, criterion.id
        assert set(criterion.needs) <= set(practices()), criterion.id


def test_the_data_are_packaged():
    """Every model has its file beside the code."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*FRAMEWORKS, "practices"}
