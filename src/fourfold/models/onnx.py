"""Models as ONNX: the preparation written as a graph, the estimator converted by skl2onnx.

skl2onnx has no imputer with an indicator and no rare categories. What a pipeline of ours does with
a category is a table, a row for each level, so it is asked of the pipeline itself and looked up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fourfold.errors import DataError
from fourfold.models.signature import MISSING, Column, probe

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from fourfold.models.folder import Description

OPSETS = {"": 17, "ai.onnx.ml": 3}
#: Of onnxruntime 1.12, so that small and older ones read it.
_IR = 8
_UNSEEN = "\0"
#: What ONNX Runtime computes in 64 bits, in which near neighbours keep their order.
_IN_64_BITS = ("Ridge", "KMeans", "KNeighborsClassifier", "KNeighborsRegressor")


@dataclass(frozen=True)
class Session:
    """A model in ONNX Runtime, called as scikit-learn's."""

    session: Any
    columns: Sequence[Column]

    @classmethod
    def of(cls, content: bytes, name: str, description: Description) -> Session:
        """Return the session of a model.

        Parameters
        ----------
        content : bytes
        name : str
            Of the file, for messages.
        description : Description

        Raises
        ------
        DataError
            If ONNX Runtime is not installed, or refuses the model.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError:
            needs = "needs the package 'onnxruntime'; run: pip install 'fourfold[onnx]'"
            raise DataError(f"--engine onnx: {needs}") from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise DataError(f"{name}: expected an ONNX model: {error}") from error
        return cls(session, description.columns)

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """Return the probability of each class."""
        return self._run(features)[-1]

    def predict(self, features: pd.DataFrame) -> Any:
        """Return quantities or clusters."""
        return self._run(features)[0].reshape(-1)

    def _run(self, features: pd.DataFrame) -> Any:
        return self.session.run(None, inputs(features, self.columns))


def inputs(features: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    """Return features as the graph takes them: ``numbers`` and ``categories``, if there are any."""
    import numpy as np

    texts = [column.name for column in columns if column.kind == "category"]
    numbers = [column.name for column in columns if column.kind != "category"]
    made: dict[str, Any] = {}
    if numbers:
        made["numbers"] = features[numbers].to_numpy(np.float64)
    if texts:
        made["categories"] = features[texts].fillna(MISSING).to_numpy(object)
    return made


def converted(pipeline: Any, columns: Sequence[Column], task: str) -> bytes:
    """Return a fitted pipeline as ONNX.

    Parameters
    ----------
    pipeline : Pipeline
        A preparation and an estimator.
    columns : sequence of Column
        What it takes.
    task : str
        One of `Description.task`.

    Raises
    ------
    DataError
        If it has a step that we cannot write as a graph.
    ModuleNotFoundError
        If skl2onnx is not installed.
    """
    import onnx
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    (_, preparation), (_, estimator) = pipeline.steps[0], pipeline.steps[-1]
    graph = _Graph()
    texts = [column.name for column in columns if column.kind == "category"]
    numbers = [column.name for column in columns if column.kind != "category"]
    if len(pipeline.steps) != 2:
        raise DataError(f"a pipeline of {len(pipeline.steps)} steps has no ONNX form")
    if hasattr(preparation, "transformers_"):
        prepared = _columns(graph, preparation, columns, numbers, texts)
    else:
        prepared = _affine(graph, preparation, numbers)
    width = preparation.transform(probe(columns, 1)).shape[1]
    if type(estimator).__name__ in _IN_64_BITS:
        kinds = [(prepared, DoubleTensorType([None, width]))]
    else:
        ready = graph.add("Cast", [prepared], to=onnx.TensorProto.FLOAT)
        kinds = [(ready, FloatTensorType([None, width]))]
    options = {"zipmap": False} if task == "classification" else None
    with _tree_attributes() as pairs:
        made = to_onnx(estimator, initial_types=kinds, options=options, target_opset=OPSETS)
    if type(estimator).__name__.startswith("HistGradientBoosting"):
        _in_64_bits(made, pairs, prepared)
    floats, words = onnx.TensorProto.DOUBLE, onnx.TensorProto.STRING
    given = [("numbers", floats, numbers), ("categories", words, texts)]
    helper = onnx.helper
    joined = helper.make_graph(
        [*graph.nodes, *made.graph.node],
        "fourfold",
        [helper.make_tensor_value_info(n, kind, [None, len(c)]) for n, kind, c in given if c],
        list(made.graph.output),
        [*graph.constants, *made.graph.initializer],
    )
    domains = {**{each.domain: each.version for each in made.opset_import}, **OPSETS}
    opsets = [helper.make_opsetid(*each) for each in domains.items()]
    model = helper.make_model(joined, opset_imports=opsets, ir_version=_IR)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants of a graph, named one after the other."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, given: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        import onnx

        name = f"fourfold_{len(self.nodes)}"
        self.nodes.append(
            onnx.helper.make_node(kind, given, [name], name=name, domain=domain, **attributes)
        )
        return name

    def constant(self, values: Any) -> str:
        """Add an array, and return its name."""
        import onnx

        name = f"fourfold_c{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(values, name))
        return name


def _columns(
    graph: _Graph, preparation: Any, columns: Sequence[Column], numbers: list[str], texts: list[str]
) -> str:
    """Add what a ColumnTransformer of `fourfold.columns.preprocessing` does."""
    levels = {column.name: column.levels for column in columns}
    blocks = []
    for name, transformer, names in preparation.transformers_:
        if not len(names) or name == "remainder":
            continue
        if name == "number":
            blocks.append(_scaled(graph, transformer, [numbers.index(each) for each in names]))
        else:
            blocks.append(_looked_up(graph, transformer, list(names), levels, texts))
    return graph.add("Concat", blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _scaled(graph: _Graph, transformer: Any, places: list[int]) -> str:
    """Add imputation by the median, a column for what was missing, and standardisation."""
    import numpy as np
    import onnx

    imputer, scaler = (step for _, step in transformer.steps)
    picked = graph.add("Gather", ["numbers", graph.constant(np.array(places))], axis=1)
    gone = graph.add("IsNaN", [picked])
    known = ~np.isnan(imputer.statistics_)  # a column that had no value is left out
    medians = graph.constant(np.where(known, imputer.statistics_, 0.0).reshape(1, -1))
    parts = [graph.add("Where", [gone, medians, picked])]
    if not known.all():
        parts = [graph.add("Gather", [parts[0], graph.constant(np.flatnonzero(known))], axis=1)]
    if len(imputer.indicator_.features_):
        said = graph.constant(imputer.indicator_.features_.astype(np.int64))
        flags = graph.add("Gather", [gone, said], axis=1)
        parts.append(graph.add("Cast", [flags], to=onnx.TensorProto.DOUBLE))
    both = graph.add("Concat", parts, axis=1)
    centred = graph.add("Sub", [both, graph.constant(scaler.mean_.reshape(1, -1))])
    return graph.add("Div", [centred, graph.constant(scaler.scale_.reshape(1, -1))])


def _looked_up(
    graph: _Graph, transformer: Any, names: list[str], levels: Any, texts: list[str]
) -> str:
    """Add the table of each category."""
    import numpy as np

    blocks, order = [], []
    for name, keys, places, table in tables_of(transformer, names, levels):
        order.append(places)
        column = graph.add(
            "Gather", ["categories", graph.constant(np.array(texts.index(name)))], axis=1
        )
        code = graph.add(
            "LabelEncoder",
            [column],
            "ai.onnx.ml",
            keys_strings=keys,
            values_int64s=list(range(len(keys))),
            default_int64=len(keys),
        )
        blocks.append(graph.add("Gather", [graph.constant(table), code], axis=0))
    joined = graph.add("Concat", blocks, axis=1)
    back = np.argsort(np.concatenate(order), kind="stable")
    return graph.add("Gather", [joined, graph.constant(back)], axis=1)


def tables_of(
    transformer: Any, names: Sequence[str], levels: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[str], NDArray[Any], NDArray[Any]]]:
    """Yield what a transformer makes of each category: name, keys, places in its output, table.

    Parameters
    ----------
    transformer : Pipeline
        Fitted on these categories.
    names : sequence of str
    levels : mapping of name to levels
        The table has a row for each, for a missing value, and for any other one.
    """
    import numpy as np
    import pandas as pd

    base = pd.DataFrame({name: [_UNSEEN] for name in names}, dtype=object)
    plain = np.asarray(transformer.transform(base), dtype=float)[0]
    rest = np.ones(len(plain), dtype=bool)
    for name in names:
        keys = [*dict.fromkeys([*levels[name], MISSING])]
        rows = pd.concat([base] * (len(keys) + 1), ignore_index=True)
        rows[name] = pd.Series([*keys, _UNSEEN], dtype=object)
        table = np.asarray(transformer.transform(rows), dtype=float)
        varies = (table != plain).any(axis=0)
        if name == names[-1]:
            varies |= rest & ~varies  # what no level changes
        rest &= ~varies
        yield name, keys, np.flatnonzero(varies), table[:, varies]


def _affine(graph: _Graph, scaler: Any, numbers: list[str]) -> str:
    """Add a scaler that shifts and stretches each column."""
    import numpy as np
    import pandas as pd

    ends = pd.DataFrame([[0.0] * len(numbers), [1.0] * len(numbers)], columns=numbers)
    low, high = np.asarray(scaler.transform(ends), dtype=float)
    stretched = graph.add("Mul", ["numbers", graph.constant((high - low).reshape(1, -1))])
    return graph.add("Add", [stretched, graph.constant(low.reshape(1, -1))])


def _in_64_bits(made: Any, pairs: dict[str, Any], given: str) -> None:
    """Let boosted trees compare 64-bit features with 64-bit thresholds, as scikit-learn does.

    In 32 bits some values and the threshold beside them are one number. A forest compares 32 bits
    in scikit-learn too.
    """
    import numpy as np
    from onnx import helper, numpy_helper

    (node,) = (node for node in made.graph.node if node.op_type.startswith("TreeEnsemble"))
    exact = {name: pairs[name] for name in ("nodes_values", "class_weights", "target_weights")}
    for attribute in list(node.attribute):
        name = attribute.name
        values = exact.get(name) if exact.get(name) else list(attribute.floats)
        if name in (*exact, "base_values", "nodes_hitrates"):
            node.attribute.remove(attribute)
        if name in (*exact, "base_values"):
            tensor = numpy_helper.from_array(np.array(values, dtype=np.float64))
            node.attribute.append(helper.make_attribute(f"{name}_as_tensor", tensor))
    node.input[0] = given


@contextmanager
def _tree_attributes() -> Iterator[dict[str, Any]]:
    """Give the attributes that trees are converted to, in 64 bits.

    The side that missing values take in boosted trees is written as 0 or 1: skl2onnx 1.20 hands on
    booleans, which protobuf refuses for a list of integers.
    """
    from skl2onnx.common import tree_ensemble

    before, pairs = tree_ensemble.add_node, defaultdict[str, Any](list)

    def add_node(
        attributes: Any, *given: Any, nodes_missing_value_tracks_true: Any = 0, **options: Any
    ) -> Any:
        pairs.update(attributes)
        missing = int(nodes_missing_value_tracks_true)
        return before(attributes, *given, nodes_missing_value_tracks_true=missing, **options)

    tree_ensemble.add_node = add_node
    try:
        yield pairs
    finally:
        tree_ensemble.add_node = before
