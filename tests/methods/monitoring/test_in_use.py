"""The model in use meets new rows: nothing that they hold stops it, and everything is reported."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fourfold as ff
from fourfold.errors import DataError
from fourfold.methods.monitoring import gain, in_use
from fourfold.records import emit
from tiny_delays import keep, put_to_use, rows


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project with a classifier of delays, a regression, and a champion."""
    root = tmp_path_factory.mktemp("in-use")
    (root / "templates").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name in ("late", "wait", "three"):
            keep(name, root / "outputs" / name / "default/artifacts", patch)
    put_to_use(root / "outputs/late/default/artifacts/model", "late", root)
    (root / "models/none.yaml").write_text("approver: Ada\n")
    return root


@pytest.fixture
def model(root, monkeypatch):
    """Return a function that gives a model in use."""
    monkeypatch.chdir(root)
    return in_use


def test_a_champion_brings_what_it_was_judged_by(model):
    """Its losses are the squared errors of the probabilities of the rows held out, by day."""
    champion = model("models/late.yaml")
    held_out = champion.held_out
    wanted = (held_out["chance 1"] - held_out["truth"]) ** 2
    assert np.allclose(champion.losses, wanted)
    assert sorted(set(champion.groups)) == [0, 1]
    assert champion.answers.columns.tolist() == ["probability of yes"]
    assert set(champion.profile.columns) == {"carrier", "hour"}


def test_rows_of_the_same_kind_have_not_changed(model):
    """Training rows have the profile that was kept, types included; the truth is a condition."""
    champion, frame = model("models/late.yaml"), rows()
    new = champion.meet(frame)
    drift = ff.quality.compare_profiles(champion.profile, new.features)
    assert (drift["change"] == "").all()
    assert (drift["psi"] == 0).all()
    assert new.truth.tolist() == (frame["delay"] > 30).tolist()
    assert len(new.losses) == 300
    assert np.allclose(new.losses.iloc[180:], champion.losses)


def test_the_truth_comes_late(model):
    """Without its column, or with gaps, the rows that have none have no loss."""
    champion, frame = model("models/late.yaml"), rows()
    assert champion.meet(frame.drop(columns="delay")).losses.empty
    frame.loc[:249, "delay"] = np.nan
    new = champion.meet(frame)
    assert new.losses.index.tolist() == list(range(250, 300))
    assert len(new.answers) == 300


def test_what_the_model_cannot_take_is_reported_with_its_rows(model):
    """Levels that it has never seen, words for numbers, and columns that are gone."""
    champion, frame = model("models/late.yaml"), rows()
    frame["hour"] = frame["hour"].astype(object)
    frame.loc[3, "carrier"], frame.loc[5, "hour"] = "ZZ", "noon"
    new = champion.meet(frame)
    assert new.reasons[new.reasons != ""].index.tolist() == [3, 5]
    assert "unknown level 'ZZ'" in new.reasons[3]
    assert new.features.loc[3, "carrier"] == "unknown"
    assert len(new.answers) == len(new.losses) == 298
    gone = champion.meet(frame.drop(columns="hour"))
    assert gone.missing == ("hour",)
    assert gone.answers.empty
    assert gone.losses.empty
    assert (gone.reasons == "no column 'hour'").all()
    assert list(gone.features) == ["carrier"]


def test_a_quantity_has_absolute_errors(model):
    """In its unit, of `run:CONFIG/RUN/model`."""
    used, frame = model("run:wait/default/model"), rows(1)
    new = used.meet(frame)
    wanted = (frame["delay"] - new.answers["predicted delay"]).abs()
    assert np.allclose(new.losses, wanted)


def test_a_class_that_the_model_does_not_know_is_a_mistake(model):
    """Of several classes, half the sum of squares; of an unknown one, none was right."""
    used, frame = model("run:three/default/model"), rows(1)
    frame["kind"] = "late"
    frame.loc[0, "kind"] = "cancelled"
    new = used.meet(frame)
    chances = new.answers.to_numpy()
    late = ((chances - [0, 1, 0]) ** 2).sum(axis=1) / 2
    assert np.allclose(new.losses.iloc[1:], late[1:])
    assert new.losses[0] == pytest.approx(((chances[0] ** 2).sum() + 1) / 2)


def test_clusters_have_features_and_answers_and_no_truth(model, root, monkeypatch):
    """Nothing was held out: neither answers nor losses can be compared."""
    monkeypatch.setenv("FOURFOLD_ARTIFACTS", str(root / "means"))
    monkeypatch.setattr(emit, "_DATA", [])
    frame = rows()[["hour", "delay"]]
    means = make_pipeline(StandardScaler(), KMeans(2, n_init=3, random_state=0)).fit(frame)
    ff.keep_model(means, frame)
    used = model("means/model")
    new = used.meet(frame)
    assert set(new.answers["cluster"]) == {"0", "1"}
    assert used.losses.empty
    assert used.answers.empty
    assert new.losses.empty
    assert np.isnan(gain(used, new).value)
    assert set(used.profile.columns) == {"hour", "delay"}


@pytest.mark.parametrize("path", ["models/none.yaml", "models/missing.yaml"])
def test_without_a_champion_all_tables_are_empty(model, path):
    """No file or no name in it: none is in use yet, and nothing fails."""
    none = model(path)
    new = none.meet(rows())
    assert (none.description, none.groups, none.has_seen_these) == (None, None, False)
    assert none.losses.empty
    assert none.answers.empty
    assert new.answers.empty
    assert new.losses.empty
    drift = ff.quality.compare_profiles(none.profile, new.features)
    assert drift.empty


def test_a_folder_that_does_not_exist_is_no_missing_champion(model):
    """A typing error must not train a model."""
    with pytest.raises(DataError, match="models/lte"):
        model("models/lte")


def test_a_profile_that_was_changed_is_refused(model, root):
    """As any other file of the model."""
    (path,) = root.glob("models/late/*/profile.csv")
    text = path.read_text()
    path.write_text(text.replace("carrier", "carriers"))
    try:
        with pytest.raises(DataError, match="refused"):
            model("models/late.yaml")
    finally:
        path.write_text(text)


def test_training_again_gains_what_the_world_has_changed(model):
    """Nothing on rows of the same kind; much where carriers have changed places."""
    champion, same, other = model("models/late.yaml"), rows(1), rows(2)
    other["carrier"] = other["carrier"].map({"AA": "UA", "UA": "AA"})
    other["delay"] += 10
    gains = {}
    for name, frame in {"same": same, "other": other}.items():
        new = champion.meet(frame)
        gains[name] = gain(champion, new, frame["day"])
        assert gain(champion, new, frame["day"]) == gains[name]
    assert gains["same"].low < 0
    assert gains["other"].low > 5
    assert gain(champion, champion.meet(other)).low > 5


@pytest.mark.parametrize(("kept", "end"), [(60, "unknown"), (80, "open"), (300, "closed")])
def test_a_gain_that_few_rows_cannot_show_is_not_excluded(model, kept, end):
    """One day proves nothing; far fewer rows than were learnt from exclude nothing."""
    champion, frame = model("models/late.yaml"), rows(1)
    new = champion.meet(frame.iloc[:kept])
    made = gain(champion, new, frame["day"])
    assert np.isnan(made.value) == (end == "unknown")
    assert (made.high == np.inf) == (end == "open")


def test_training_again_knows_quantities_and_new_classes(model):
    """A class that the model does not know is predicted by neither."""
    used, frame = model("run:wait/default/model"), rows(1)
    frame["delay"] = 100 - frame["delay"]
    assert gain(used, used.meet(frame), frame["day"]).low > 50
    used, frame = model("run:three/default/model"), rows(1)
    frame["kind"] = np.where(frame["delay"] > 30, "late", "early")
    frame.loc[0, "kind"] = "cancelled"
    assert gain(used, used.meet(frame), frame["day"]).low > 0


def test_without_truth_or_model_no_gain_is_known(model):
    """Labels come late, and champions too."""
    champion, frame = model("models/late.yaml"), rows(1)
    assert np.isnan(gain(champion, champion.meet(frame.drop(columns="delay"))).value)
    none = model("models/none.yaml")
    assert np.isnan(gain(none, none.meet(frame)).value)
