"""Does a model as ONNX say what scikit-learn says? On rows that neither was fitted on.

Each kind of model that the templates offer is fitted on 4,000 rows of a drawn table (numbers with
gaps, on a coarse grid and with long tails; categories with rare and with 200 levels), converted as
`ff.keep_model` does it, and compared on 20,000 other rows with scikit-learn on 64-bit features:
the largest difference of probabilities, or of quantities as a share of their standard deviation,
and the decisions that differ. ``beside`` is skl2onnx's own conversion in 32 bits.

Bar: no decision differs in at least 95 % of the draws, and the largest difference is at most 1e-5
in all of them. What misses it in a notebook is not kept.
"""

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fourfold as ff
from fourfold.models import onnx
from fourfold.models.folder import Description
from fourfold.models.keep import PARITY, parity_of
from fourfold.models.signature import columns_of

MODELS = {
    "logistic": (LogisticRegression(max_iter=1000), "classification", 2),
    "logistic, 4 classes": (LogisticRegression(max_iter=1000), "classification", 4),
    "forest": (RandomForestClassifier(100, min_samples_leaf=3), "classification", 2),
    "boosting": (HistGradientBoostingClassifier(learning_rate=0.08), "classification", 2),
    "boosting, 4 classes": (HistGradientBoostingClassifier(), "classification", 4),
    "neighbours": (KNeighborsClassifier(15), "classification", 2),
    "ridge": (Ridge(), "regression", 0),
    "forest, quantity": (RandomForestRegressor(100, min_samples_leaf=3), "regression", 0),
    "boosting, quantity": (HistGradientBoostingRegressor(learning_rate=0.08), "regression", 0),
    "neighbours, quantity": (KNeighborsRegressor(15), "regression", 0),
    "k-means": (KMeans(4, n_init=3), "clustering", 0),
}


def table(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return features of many kinds."""
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    frame["coarse"] = rng.normal(5, 1, rows).round(2)
    frame["long"] = rng.lognormal(6, 2, rows)
    frame.loc[rng.random(rows) < 0.1, "b"] = np.nan
    frame["few"] = rng.choice(["x", "y", "z", "rare"], rows, p=[0.5, 0.3, 0.195, 0.005])
    frame["many"] = np.array([f"level {n}" for n in range(200)])[rng.integers(0, 200, rows)]
    frame[["few", "many"]] = frame[["few", "many"]].astype(object)
    return frame


def compared(name: str, seed: int) -> dict[str, float]:
    """Return the parity of one model that was fitted on one draw."""
    estimator, task, classes = MODELS[name]
    rng = np.random.default_rng(seed)
    frame = table(24_000, rng)
    push = frame["a"] + np.log(frame["long"]) / 3 + (frame["few"] == "x") + rng.normal(size=24_000)
    learn, other = frame.iloc[:4000], frame.iloc[4000:]
    if task == "clustering":
        learn, other = (part[["a", "c", "coarse", "long"]] for part in (learn, other))
        model = make_pipeline(StandardScaler(), estimator.set_params(random_state=seed)).fit(learn)
    else:
        edges = np.quantile(push, np.arange(1, classes) / max(classes, 1))
        goal = pd.Series(np.digitize(push, edges) if classes else push)
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed)
        model = ff.supervised.pipelines({name: estimator}, learn, task)[name]
        model.fit(learn, goal.iloc[:4000])
    kinds = dict.fromkeys(("few", "many"), "category")
    columns = columns_of(frame[list(other)], kinds, {})
    names = tuple(map(str, range(classes)))
    threshold = round(rng.uniform(0.2, 0.8), 2) if classes == 2 else None
    said = Description(
        *(task, name, "", names, threshold, "", columns, {}, (), {}, {}, (), (), ()),
    )
    made = parity_of(model, onnx.converted(model, columns, task), said, other)
    return {**made, "beside": beside(model, said, other)}


def beside(model: object, said: Description, frame: pd.DataFrame) -> float:
    """Return the largest difference where boosted trees compare 32-bit features."""
    before, onnx._in_64_bits = onnx._in_64_bits, lambda *given: None
    try:
        content = onnx.converted(model, said.columns, said.task)
        return float(parity_of(model, content, said, frame)["largest difference"])
    finally:
        onnx._in_64_bits = before


def draws(name: str, times: int) -> Iterator[dict[str, float]]:
    """Yield the parity of each draw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(times):
            yield compared(name, seed)


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=10)
    options = parser.parse_args()
    missed = []
    print(f"{options.draws} draws, 20,000 rows each")
    print(f"{'model':22} {'largest difference':>18} {'beside':>9} {'differ':>7} {'draws':>6}")
    for name in MODELS:
        made = list(draws(name, options.draws))
        largest, other = (max(each[k] for each in made) for k in ("largest difference", "beside"))
        differ = [each["decisions that differ"] for each in made]
        touched = sum(count > 0 for count in differ)
        print(f"{name:22} {largest:18.1e} {other:9.1e} {sum(differ):7} {touched:6}", flush=True)
        if largest > PARITY or touched > 0.05 * options.draws:
            missed.append(name)
    if missed:
        raise SystemExit(f"without parity: {', '.join(missed)}")


if __name__ == "__main__":
    main()
