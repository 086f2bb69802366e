"""Models as skops files, of which only types on a list of our own are ever made.

skops trusts what it was built to trust, and lets a caller name more. Here the list is closed: what
the pipelines of our templates consist of, read one by one. Arrays that compiled code follows
without a look at their bounds, those of trees, are checked before the first prediction.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from fourfold.errors import DataError

_SKLEARN = {
    "cluster._kmeans": "KMeans",
    # What older versions keep the columns in that no step takes: a list that warns.
    "compose._column_transformer": "ColumnTransformer _RemainderColsList",
    "dummy": "DummyClassifier DummyRegressor",
    "ensemble._forest": "RandomForestClassifier RandomForestRegressor",
    "ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "ensemble._hist_gradient_boosting.gradient_boosting": (
        "HistGradientBoostingClassifier HistGradientBoostingRegressor"
    ),
    "ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "impute._base": "MissingIndicator SimpleImputer",
    "linear_model._logistic": "LogisticRegression",
    "linear_model._ridge": "Ridge",
    "metrics._dist_metrics": "EuclideanDistance64",
    "model_selection._split": "KFold",
    "neighbors._classification": "KNeighborsClassifier",
    "neighbors._kd_tree": "KDTree",
    "neighbors._regression": "KNeighborsRegressor",
    "pipeline": "Pipeline",
    "preprocessing._data": "MinMaxScaler RobustScaler StandardScaler",
    "preprocessing._encoders": "OneHotEncoder",
    "preprocessing._function_transformer": "FunctionTransformer",
    "preprocessing._label": "LabelEncoder",
    "preprocessing._target_encoder": "TargetEncoder",
    "tree._classes": "DecisionTreeClassifier DecisionTreeRegressor",
    "_loss.link": "IdentityLink Interval LogitLink MultinomialLogit",
    "_loss.loss": "HalfBinomialLoss HalfMultinomialLoss HalfSquaredError",
}
_LOSSES = ("CyHalfBinomialLoss", "CyHalfMultinomialLoss", "CyHalfSquaredError")
_ARRAYS = (
    *("ndarray", "bool", "bool_", "float32", "float64"),
    *("int8", "int32", "int64", "uint8", "uint32", "uint64"),
)
#: What each way of skops to make an object may make. No function, method or operator is among it.
ALLOWED: dict[str, frozenset[str]] = {
    "ObjectNode": frozenset(
        ["fourfold.methods.supervised.candidates.Pipeline"]
        + [f"sklearn.{module}.{n}" for module, names in _SKLEARN.items() for n in names.split()]
    ),
    "LossNode": frozenset(f"sklearn._loss._loss.{name}" for name in _LOSSES),
    "TreeNode": frozenset(["sklearn.tree._tree.Tree"]),
    "NdArrayNode": frozenset(f"numpy.{name}" for name in _ARRAYS),
    "DTypeNode": frozenset(["numpy.dtype"]),
    "RandomGeneratorNode": frozenset(["numpy.random._generator.Generator"]),
    "TypeNode": frozenset(["builtins.str", "builtins.float", "builtins.int", "numpy.float64"]),
    "JsonNode": frozenset(["builtins.str"]),
    "DictNode": frozenset(["builtins.dict"]),
    "ListNode": frozenset(["builtins.list"]),
    "TupleNode": frozenset(["builtins.tuple"]),
    "SliceNode": frozenset(["builtins.slice"]),
}
_NAMES = sorted(frozenset().union(*ALLOWED.values()))
#: More than any model of ours; a small file may unpack to a disk of zeros.
_MOST_BYTES = 8 << 30
_BROKEN = (zipfile.BadZipFile, zlib.error)


def dumped(model: Any) -> bytes:
    """Return a model as the content of a skops file.

    Raises
    ------
    DataError
        If it holds a type that `loaded` would refuse.
    """
    from skops.io import dumps

    content = _renumbered(dumps(model))
    _check_types(content, "keep_model")
    return content


def _renumbered(content: bytes) -> bytes:
    """Return a skops file in which objects count from 0, without times: equal models, equal bytes.

    skops names objects by where they lie in memory, which is another place in each process.
    """
    with zipfile.ZipFile(BytesIO(content)) as given:
        files = {name: given.read(name) for name in given.namelist()}
    schema = json.loads(files.pop("schema.json"))
    numbers, named = dict[str, str](), dict[str, bytes]()

    def renamed(node: Any) -> Any:
        if isinstance(node, list):
            return [renamed(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {}
        for key, value in node.items():
            stem, dot, ending = str(value).partition(".")
            made[key] = renamed(value)
            if key == "__id__":
                made[key] = int(numbers.setdefault(stem, str(len(numbers))))
            elif key == "file" and value in files:
                made[key] = numbers.setdefault(stem, str(len(numbers))) + dot + ending
                named[made[key]] = _without_gaps(files[value])
            elif key == "__module__" and value == "_loss":
                # What older versions of scikit-learn call it. A loader must not look for it there:
                # anybody can put a module of that name on the path.
                made[key] = "sklearn._loss._loss"
        return made

    named["schema.json"] = json.dumps(renamed(schema)).encode()
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name in sorted(named):
            made.writestr(zipfile.ZipInfo(name), named[name], zipfile.ZIP_DEFLATED, 1)
    return written.getvalue()


def _without_gaps(content: bytes) -> bytes:
    """Return an array in npy format; between the fields of a tree's node there may be anything."""
    import numpy as np

    array = np.load(BytesIO(content), allow_pickle=False)
    if not array.dtype.names:
        return content
    clean, written = np.zeros(array.shape, array.dtype), BytesIO()
    for name in array.dtype.names:
        clean[name] = array[name]
    np.save(written, clean, allow_pickle=False)
    return written.getvalue()


def loaded(content: bytes, name: str) -> Any:
    """Return the model in a skops file.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Raises
    ------
    DataError
        If it is no whole skops file, holds a type that is not on our list, or a tree or an index
        that leads out of its arrays.
    """
    from skops.io import loads

    _check_types(content, name)
    try:
        model = loads(content, trusted=_NAMES)
        problems = [problem for part in _parts(model, set()) for problem in _out_of_bounds(part)]
    except Exception as error:  # whatever the constructors of another version raise
        raise DataError(
            f"{name}: the model cannot be made again: {type(error).__name__}: {error}"
        ) from error
    if problems:
        raise DataError(f"{name}: refused, since {problems[0]}")
    return model


def _check_types(content: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise DataError(f"{name}: refused, since it unpacks to more than 8 GB")
            if broken := archive.testzip():
                raise zipfile.BadZipFile(f"{broken} is damaged")
            schema = json.loads(archive.read("schema.json"))
        foreign = sorted({each for each in _nodes(schema) if each})
    except (*_BROKEN, LookupError, ValueError, EOFError, RuntimeError) as error:
        raise DataError(f"{name}: expected a whole skops file: {error}") from error
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise DataError(
            f"{name}: refused, since it holds types that Fourfold does not load: "
            f"{', '.join(foreign[:3])}{more}"
        )


def _nodes(state: Any) -> Iterator[str]:
    """Yield, for each object of a schema, the type that is not allowed; or an empty string."""
    if isinstance(state, dict):
        if "__loader__" in state or "__class__" in state:
            loader = state.get("__loader__")
            name = f"{state.get('__module__')}.{state.get('__class__')}"
            # CachedNode: an object that stands elsewhere in the file
            allowed = loader == "CachedNode" or name in ALLOWED.get(str(loader), ())
            yield "" if allowed else f"{name} ({loader})"
        for value in state.values():
            yield from _nodes(value)
    elif isinstance(state, list):
        for value in state:
            yield from _nodes(value)


def _parts(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Yield the objects that a model consists of."""
    if id(thing) in seen or isinstance(thing, str | int | float | None):
        return
    seen.add(id(thing))
    yield thing
    if isinstance(thing, dict):
        inner: Any = thing.values()
    elif isinstance(thing, list | tuple) or getattr(thing, "dtype", "") == "object":
        inner = thing
    else:
        inner = getattr(thing, "__dict__", {}).values()
    for each in inner:
        yield from _parts(each, seen)


def _out_of_bounds(part: Any) -> Iterator[str]:
    """Yield why compiled code must not follow the arrays of a part."""
    import numpy as np

    kind = type(part).__name__
    if kind == "Tree":
        here = np.arange(part.node_count)
        inner = part.children_left != -1
        for children in (part.children_left[inner], part.children_right[inner]):
            if (children <= here[inner]).any() or (children >= part.node_count).any():
                yield "a tree has a branch that leads nowhere"
        if (part.feature[inner] < 0).any() or (part.feature[inner] >= part.n_features).any():
            yield "a tree asks for a feature that there is not"
    elif kind.startswith("DecisionTree") and hasattr(part, "tree_"):
        if part.tree_.n_features != part.n_features_in_:
            yield "a tree asks for a feature that there is not"
    elif kind.startswith("RandomForest"):
        if any(tree.n_features_in_ != part.n_features_in_ for tree in part.estimators_):
            yield "a tree asks for a feature that there is not"
    elif kind == "TreePredictor":
        nodes = part.nodes
        inner = nodes["is_leaf"] == 0
        here = np.arange(len(nodes))[inner]
        for side in ("left", "right"):
            children = nodes[side][inner].astype(np.int64)
            if (children <= here).any() or (children >= len(nodes)).any():
                yield "a tree has a branch that leads nowhere"
        if not inner.size or nodes["is_categorical"].any():
            yield "a tree has another form than ours"
    elif kind.startswith("HistGradientBoosting"):
        trees = [tree.nodes for stage in part._predictors for tree in stage]
        if any((tree["feature_idx"] >= part.n_features_in_).any() for tree in trees):
            yield "a tree asks for a feature that there is not"
    elif kind == "KDTree":
        data, order, nodes, _ = map(np.asarray, part.get_arrays())
        ends = np.concatenate([nodes["idx_start"], nodes["idx_end"]])
        if (order < 0).any() or (order >= len(data)).any() or len(order) != len(data):
            yield "an index of neighbours names rows that there are not"
        if (ends < 0).any() or (ends > len(data)).any():
            yield "an index of neighbours names rows that there are not"
