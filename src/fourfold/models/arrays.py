"""Models as plain arrays, which numpy alone predicts by: linear ones, trees and k-means."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from fourfold.models.folder import Description, decisions, scores
from fourfold.models.onnx import inputs, tables_of
from fourfold.models.signature import Column, probe

#: Largest difference from scikit-learn: sums in another order.
PARITY = 1e-9
ROWS = 5_000


def arrays_of(pipeline: Any, description: Description) -> dict[str, Any] | None:
    """Return the arrays by which the script of an exported folder predicts as the pipeline does.

    None if the estimator has no such form, or predicts otherwise on made-up rows.
    """
    (_, preparation), *_, (_, estimator) = pipeline.steps
    made = _estimator(estimator)
    if len(pipeline.steps) != 2 or not made:
        return None
    arrays = {**_preparation(preparation, description.columns), **made}
    frame = _rows(description.columns)
    if description.task == "clustering":
        frame = frame.dropna()
    given = inputs(frame, description.columns)
    texts = [c for c in description.columns if c.kind == "category"]
    script = import_module("fourfold.models.edge.predict")
    codes = [
        [script.codes(c.levels)[text] for text in given["categories"][:, place]]
        for place, c in enumerate(texts)
    ]
    numbers = given.get("numbers", np.empty((len(frame), 0)))
    theirs = np.asarray(script.computed(arrays, numbers, codes))
    ours = scores(pipeline, description.task, frame)
    scale = max(1.0, float(np.abs(ours).max()))
    same = theirs.shape == ours.shape and bool((np.abs(theirs - ours) <= PARITY * scale).all())
    if same and description.task == "classification":
        pair = [decisions(each, description.threshold) for each in (ours, theirs)]
        same = bool((pair[0] == pair[1]).all())
    return arrays if same else None


def _rows(columns: Sequence[Column]) -> pd.DataFrame:
    """Return made-up rows: values of the run, others between and beyond them, and none."""
    rng, frame = np.random.default_rng(1), probe(columns, ROWS)
    for column in columns:
        if column.kind in ("number", "date"):
            low, _, high = column.ends
            drawn = rng.uniform(low - (high - low) / 2, high + (high - low) / 2, ROWS)
            frame[column.name] = frame[column.name].where(rng.random(ROWS) < 0.3, drawn)
        frame.loc[rng.random(ROWS) < 0.05, column.name] = np.nan
    return frame


def _preparation(preparation: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the arrays of what is done with numbers and categories before the estimator.

    A prepared column is a number (or whether it is missing) minus `mean`, divided by `scale`; or
    what a table of the levels of a category has.
    """
    numbers = [column.name for column in columns if column.kind != "category"]
    levels = {column.name: column.levels for column in columns if column.kind == "category"}
    if not hasattr(preparation, "transformers_"):
        ends = pd.DataFrame([[0.0] * len(numbers), [1.0] * len(numbers)], columns=numbers)
        low, high = np.asarray(preparation.transform(ends), dtype=float)
        scale = 1.0 / (high - low)
        every = np.arange(len(numbers))
        parts = [(every, every, np.zeros(len(every)), np.zeros(len(every)), -low * scale, scale)]
        return _joined(parts)
    parts, tables, at = [], dict[str, Any](), 0
    for name, transformer, names in preparation.transformers_:
        if not len(names) or name == "remainder":
            continue
        if name != "number":
            block = list(tables_of(transformer, list(names), levels))
            for column, _, places, table in block:
                number = list(levels).index(column)
                tables |= {f"at{number}": at + places, f"table{number}": table}
            at += sum(len(places) for _, _, places, _ in block)
            continue
        imputer, scaler = (step for _, step in transformer.steps)
        source = np.array([numbers.index(each) for each in names])
        known = np.flatnonzero(~np.isnan(imputer.statistics_))
        flags = imputer.indicator_.features_.astype(int)
        width = len(known) + len(flags)
        parts.append((
            *(at + np.arange(width), source[[*known, *flags]]),
            np.r_[imputer.statistics_[known], np.zeros(len(flags))],
            np.r_[np.zeros(len(known)), np.ones(len(flags))],
            *(scaler.mean_, scaler.scale_),
        ))  # fmt: skip
        at += width
    return {**_joined(parts), **tables}


def _joined(parts: Sequence[Any]) -> dict[str, Any]:
    names = ("to", "source", "median", "flag", "mean", "scale")
    return {
        name: np.concatenate(part)
        for name, part in zip(names, zip(*parts, strict=True), strict=bool(parts))
    }


def _estimator(estimator: Any) -> dict[str, Any]:
    kind = type(estimator).__name__
    classes = len(getattr(estimator, "classes_", ()))
    link = "softmax" if classes > 2 else "logistic" if classes else "identity"
    if kind in ("LogisticRegression", "Ridge"):
        coef = np.atleast_2d(estimator.coef_).T
        return {"link": link, "coef": coef, "base": np.atleast_1d(estimator.intercept_)}
    if kind == "KMeans":
        return {"centers": estimator.cluster_centers_}
    if kind.startswith("RandomForest"):
        trees = [each.tree_ for each in estimator.estimators_]
        ends = [(t.feature, t.threshold, t.children_left, t.children_right) for t in trees]
        values = [t.value[:, 0, :] / len(trees) for t in trees]
        made = _trees(ends, values)
        return {**made, "link": "none", "single": 1, "base": np.zeros(values[0].shape[1])}
    if kind.startswith("HistGradientBoosting"):
        base = estimator._baseline_prediction.reshape(-1)
        nodes = [tree.nodes for stage in estimator._predictors for tree in stage]
        sides = [
            [np.where(n["is_leaf"] == 1, -1, n[side].astype(int)) for side in ("left", "right")]
            for n in nodes
        ]
        ends = [
            (n["feature_idx"].astype(int), n["num_threshold"], *side)
            for n, side in zip(nodes, sides, strict=True)
        ]
        outputs = np.eye(len(base))
        values = [n["value"][:, None] * outputs[i % len(base)] for i, n in enumerate(nodes)]
        return {**_trees(ends, values), "link": link, "single": 0, "base": base}
    return {}


def _trees(ends: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    """Return trees one after the other; a leaf leads to itself."""
    sizes = [len(each) for each in values]
    roots = np.cumsum([0, *sizes[:-1]])
    feature, threshold, *sides = (list(part) for part in zip(*ends, strict=True))
    here = [np.arange(size) for size in sizes]
    left, right = (
        np.concatenate(
            [np.where(s < 0, h, s) + r for s, h, r in zip(side, here, roots, strict=True)]
        )
        for side in sides
    )
    return {
        "feature": np.maximum(np.concatenate(feature), 0),
        "threshold": np.concatenate(threshold).astype(float),
        **{"left": left, "right": right, "roots": roots, "values": np.concatenate(values)},
    }
