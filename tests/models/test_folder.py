"""Folders of models that are damaged, foreign or tampered with: each gets a clear refusal."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from skops.io import dumps

from fourfold.errors import DataError
from fourfold.models.export import export
from fourfold.models.folder import NEVER, load_model, read_description
from fourfold.models.safe import dumped, loaded

NAMES = ("logistic", "forest", "boosting", "neighbours", "ridge", "stairs", "means", "three")


def schema_of(path):
    """The schema of a skops file, and its other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(members.pop("schema.json")), members


def put(path, schema, members):
    """Write a skops file."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "schema.json": json.dumps(schema)}.items():
            archive.writestr(name, content)


def nodes(state):
    """All objects of a schema."""
    if isinstance(state, dict):
        yield state
        for value in state.values():
            yield from nodes(value)
    elif isinstance(state, list):
        for value in state:
            yield from nodes(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_folder_loads(models, name):
    """By both engines."""
    folder = models.outputs / "shop" / name / "artifacts" / "model"
    for engine in ("skops", "onnx"):
        assert load_model(folder, engine).description.columns


def test_no_folder_and_no_description(tmp_path):
    with pytest.raises(DataError, match=r"nope: expected a model, found no model\.json"):
        load_model(tmp_path / "nope")
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(DataError, match=r"model\.json: expected JSON"):
        load_model(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 7}')
    with pytest.raises(DataError, match="of format 1, got 7"):
        load_model(tmp_path)


def test_a_threshold_that_was_edited(copy):
    """By hand, so that the digest is that of before."""
    path = copy() / "model.json"
    path.write_text(path.read_text().replace('"threshold": 0.4', '"threshold": 0.1'))
    with pytest.raises(DataError, match="refused, since it was changed after the model was kept"):
        load_model(path.parent)


def test_a_key_that_is_gone_or_strange(copy, rewrite):
    folder = copy()
    rewrite(folder, lambda content: content.pop("threshold"))
    with pytest.raises(DataError, match=r"expected the description of a model.*threshold"):
        load_model(folder)
    rewrite(folder, lambda content: content.update(threshold=0.4, thresholds=0.4))
    with pytest.raises(DataError, match=r"thresholds: unknown key\. Did you mean 'threshold'"):
        load_model(folder)


@pytest.mark.parametrize(("engine", "name"), [("skops", "model.skops"), ("onnx", "model.onnx")])
def test_a_file_that_is_missing_or_another(copy, engine, name):
    path = copy() / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match=f"{name}: refused, since it was changed"):
        load_model(path.parent, engine)
    path.unlink()
    with pytest.raises(DataError, match=f"{name}: expected a file of the model, found none"):
        load_model(path.parent, engine)


def test_a_file_that_was_cut(copy, rewrite):
    """Half a zip archive; and one whose member is damaged."""
    folder = copy()
    path = folder / "model.skops"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    rewrite(folder)
    with pytest.raises(DataError, match=r"model\.skops: expected a whole skops file"):
        load_model(folder)
    spoilt = bytearray(whole)
    middle = len(whole) // 2
    spoilt[middle : middle + 20] = os.urandom(20)
    path.write_bytes(bytes(spoilt))
    rewrite(folder)
    with pytest.raises(DataError, match=r"model\.skops: (expected|the model)"):
        load_model(folder)


def test_an_onnx_file_that_was_cut(copy, rewrite):
    folder = copy()
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:500])
    rewrite(folder)
    with pytest.raises(DataError, match=r"model\.onnx: expected an ONNX model"):
        load_model(folder, "onnx")


def test_a_model_of_another_kind(copy, rewrite):
    """Though skops itself trusts it."""
    folder = copy()
    foreign = GaussianProcessClassifier().fit([[0.0], [1.0]], [0, 1])
    (folder / "model.skops").write_bytes(dumps(foreign))
    rewrite(folder)
    with pytest.raises(DataError, match=r"types that Fourfold does not load: .*GaussianProcess"):
        load_model(folder)


@pytest.mark.parametrize(
    ("loader", "module", "name"),
    [
        ("FunctionNode", "os", "system"),
        ("ObjectNode", "subprocess", "Popen"),
        ("MethodNode", "builtins", "eval"),
        ("OperatorFuncNode", "operator", "methodcaller"),
        ("TypeNode", "fourfold.methods.supervised.candidates", "Pipeline"),
        ("ObjectNode", "sklearn.pipeline", "FeatureUnion"),
    ],
)
def test_a_type_that_was_put_in(copy, rewrite, loader, module, name):
    """Nothing of it is made: the list is asked before skops reads the file."""
    folder = copy()
    schema, members = schema_of(folder / "model.skops")
    victim = next(node for node in nodes(schema) if node.get("__loader__") == "TypeNode")
    victim.update(__loader__=loader, __module__=module, __class__=name)
    put(folder / "model.skops", schema, members)
    rewrite(folder)
    with pytest.raises(DataError, match=rf"refused.*{module}\.{name} \({loader}\)"):
        load_model(folder)


def test_a_pickle_in_the_place_of_an_array(copy, rewrite, tmp_path):
    """An array of objects, which numpy would unpickle, is never made."""
    folder, mark = copy(), tmp_path / "mark"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(mark),)

    schema, members = schema_of(folder / "model.skops")
    content = io.BytesIO()
    np.save(content, np.array([Evil()], dtype=object), allow_pickle=True)
    name = next(name for name in members if name.endswith(".npy"))
    members[name] = content.getvalue()
    put(folder / "model.skops", schema, members)
    rewrite(folder)
    with pytest.raises(DataError, match="the model cannot be made again: ValueError"):
        load_model(folder)
    assert not mark.exists()


@pytest.mark.parametrize(("name", "field"), [("boosting", "left"), ("forest", "left_child")])
def test_a_tree_that_leads_out_of_its_array(copy, rewrite, name, field):
    """Compiled code would follow it into any memory."""
    folder = copy(name)
    schema, members = schema_of(folder / "model.skops")
    done = False
    for file, content in members.items():
        array = np.load(io.BytesIO(content)) if file.endswith(".npy") else np.zeros(0)
        if field in (array.dtype.names or ()) and len(array) > 3 and not done:
            array[field][0] = 10**6
            out = io.BytesIO()
            np.save(out, array)
            members[file], done = out.getvalue(), True
    assert done
    put(folder / "model.skops", schema, members)
    rewrite(folder)
    with pytest.raises(DataError, match="refused, since a tree has a branch that leads nowhere"):
        load_model(folder)


def test_a_tree_that_asks_for_another_feature(copy, rewrite):
    folder = copy("boosting")
    schema, members = schema_of(folder / "model.skops")
    for file, content in members.items():
        array = np.load(io.BytesIO(content)) if file.endswith(".npy") else np.zeros(0)
        if "feature_idx" in (array.dtype.names or ()):
            array["feature_idx"][:] = 500
            out = io.BytesIO()
            np.save(out, array)
            members[file] = out.getvalue()
    put(folder / "model.skops", schema, members)
    rewrite(folder)
    with pytest.raises(DataError, match="a tree asks for a feature that there is not"):
        load_model(folder)


def test_a_model_that_predicts_otherwise(copy, rewrite):
    """As one does of another version of a library: the message names the versions."""

    def older(content):
        content["versions"]["scikit-learn"] = "1.2.0"
        content["probe"][0] = [0.5, 0.5]

    folder = copy()
    rewrite(folder, older)
    with pytest.raises(DataError, match=r"no longer predicts .*\(scikit-learn 1\.2\.0 then, 1\."):
        load_model(folder)


def test_another_version_that_predicts_the_same(copy, rewrite):
    """A new release is no reason to refuse a model."""
    folder = copy()
    rewrite(folder, lambda content: content["versions"].update({"scikit-learn": "1.2.0"}))
    assert load_model(folder).description.versions["scikit-learn"] == "1.2.0"


def test_a_model_of_other_columns(copy, rewrite):
    folder = copy()
    rewrite(folder, lambda content: content["columns"].pop())
    with pytest.raises(DataError, match="it fails: ValueError"):
        load_model(folder)


def test_the_digest_is_that_of_the_model_and_not_of_its_run(models, copy):
    """A renamed run has the same model."""
    from fourfold.models.folder import named

    description = read_description(copy())
    assert named(description, "other/name", "abc").digest == description.digest


def test_the_loss_of_an_older_version_is_looked_for_in_scikit_learn_alone(monkeypatch, tmp_path):
    """Before 1.7 a loss says that its module is `_loss`, which anybody may put on the path."""
    model = HistGradientBoostingClassifier(max_iter=2).fit([[n] for n in range(40)], [0, 1] * 20)
    path = tmp_path / "model.skops"
    path.write_bytes(dumps(model))
    schema, members = schema_of(path)
    losses = [node for node in nodes(schema) if node.get("__loader__") == "LossNode"]
    losses[0]["__module__"] = "_loss"
    put(path, schema, members)
    with pytest.raises(DataError, match=r"does not load: _loss\.CyHalfBinomialLoss"):
        loaded(path.read_bytes(), "x")
    monkeypatch.setattr("skops.io.dumps", lambda model: path.read_bytes())
    assert (loaded(dumped(model), "x").predict([[1]]) == model.predict([[1]])).all()


@pytest.mark.parametrize("name", NAMES)
def test_equal_models_have_equal_bytes(models, name):
    """Wherever their objects lie in memory, so that a digest says whether a model is the same."""
    folder = models.outputs / "shop" / name / "artifacts" / "model"
    content = (folder / "model.skops").read_bytes()
    once, again = (loaded(content, name) for _ in range(2))
    assert dumped(once) == dumped(again)


def value(*path, to):
    """Return a function that changes a value of ``model.json``."""

    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (value("task", to="magic"), "task: 'magic' is none"),
        (value("task", to="clustering"), "classes: 2 do not fit clustering"),
        (value("classes", to=["no"]), "classes: 1 do not fit classification"),
        (value("classes", to=[0, 1]), "classes.0: input should be a valid string"),
        (value("classes", to=["a", "b", "c"]), "threshold: 0.4 is no probability of two classes"),
        (value("threshold", to="0.4"), "threshold: input should be a valid number"),
        (value("threshold", to=float("nan")), "threshold: input should be a finite number"),
        (value("threshold", to=1.5), "threshold: 1.5 is no probability"),
        (value("columns", to=[]), "columns or numbers of rows are missing"),
        (value("rows", to={}), "columns or numbers of rows are missing"),
        (
            value("columns", 0, "kind", to="text"),
            "'weight' has no kind that Fourfold knows: 'text'",
        ),
        (value("columns", 0, "ends", to=[]), "'weight' has 0 ends, not 3"),
        (value("columns", 4, "origin", to="yesterday"), "'day' has no date as origin: 'yesterday'"),
        (value("files", "../x", to="0" * 64), "files: '../x' is no file of this folder"),
        (value("onnx", to={}), "onnx: kept is missing"),
        (value("onnx", to="yes"), "onnx: input should be an object"),
        (value("probe", to="x"), "probe: input should be a valid array"),
        (value("run", to=5), "run: input should be a valid string"),
    ],
)
def test_a_description_that_contradicts_itself(copy, rewrite, change, message):
    """By somebody who makes all digests right again: it is refused before a file is read."""
    folder = copy("logistic")
    (folder.parent / "x").touch()
    rewrite(folder, change)
    for engine in ("skops", "onnx"):
        with pytest.raises(DataError, match=re.escape(message)):
            load_model(folder, engine)


def test_a_model_that_never_says_yes(copy, rewrite):
    """Where a false alarm costs more than it is worth, 1.01 is the cheapest threshold."""
    folder = copy("logistic")
    rewrite(folder, value("threshold", to=NEVER))
    model = load_model(folder)
    assert model.decisions(np.array([[0.0, 1.0], [0.4, 0.6]])).tolist() == [0, 0]
    assert model.description.answers == f"never {model.description.classes[1]}: that costs least"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "deep", "huge"])
def test_a_description_that_is_no_file_of_ours(copy, kind):
    """Nothing waits for ever, fills the memory or is a traceback."""
    path = copy("logistic") / "model.json"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "deep":
        path.write_text("[" * 1_000_000)
    else:
        with path.open("wb") as file:
            file.truncate(65 << 20)
    words = {"deep": "expected JSON", "huge": "refused, since it has 65 MB"}
    with pytest.raises(DataError, match=words.get(kind, r"found no model\.json")):
        load_model(path.parent)


def test_a_schema_that_is_nested_too_deeply(copy, rewrite):
    """As JSON that no reader follows."""
    folder = copy("logistic")
    with zipfile.ZipFile(folder / "model.skops", "w") as archive:
        archive.writestr("schema.json", '{"a":' * 100_000 + "1" + "}" * 100_000)
    rewrite(folder)
    with pytest.raises(DataError, match=r"model\.skops: expected a whole skops file"):
        load_model(folder)


def test_an_export_without_its_card(copy, tmp_path):
    """Whoever gets the folder must know what it is for."""
    folder = copy("logistic")
    (folder / "card.md").unlink()
    with pytest.raises(DataError, match=r"card\.md: expected the card of the model"):
        export(folder, tmp_path / "edge")
