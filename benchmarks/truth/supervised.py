"""How honest the templates ``regression`` and ``classification`` are, on data whose truth is known.

``python benchmarks/truth/supervised.py`` draws data sets, does with each what the templates do,
by the same functions, and prints with 95 % intervals (Wilson 1927, JASA 22, p. 209)

- how often an interval that claims 95 % holds the truth. Of held-out figures, the truth is that of
  the fitted model on endless new rows; of cross-validation, the mean score of the procedure;
- how often noise is declared to be predictable (gain supported), and how often the better of two
  equal models is declared the winner.

Errors that are exponential have squares so skew that intervals of 60 rows hold the truth less
often: told, and the notebook warns of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm
from simulation import COVERAGE, ERROR, TOLD, Bar, Draw, judge
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from fourfold.methods import intervals
from fourfold.methods.supervised import candidates, scores, thresholds
from fourfold.methods.supervised.evaluation import splits

Hits = Iterator[tuple[str, Bar, bool]]
FOLDS, REPEATS = 5, 3  # the templates' own


def inside(interval: tuple[float, float, float], truth: float) -> bool:
    return bool(interval[1] <= truth <= interval[2])


def quantities(rng: np.random.Generator) -> Hits:
    """A straight line with normal or exponential errors; held-out parts of 60 and 250 rows."""
    for rows in (60, 250):
        line, errors = 1.5 * rng.standard_normal(rows), rng.standard_normal(rows)
        name = f"{rows} rows, normal errors"
        yield f"R², {name}", COVERAGE, inside(scores.r2(line + errors, line), 2.25 / 3.25)
        size = np.sqrt(2 / np.pi)
        yield f"error, {name}", COVERAGE, inside(intervals.positive_mean(np.abs(errors)), size)
        # The dummy is off by the line and the error.
        gain = intervals.mean_interval(np.abs(line + errors) - np.abs(errors))
        yield f"saving, {name}", COVERAGE, inside(gain, size * (np.sqrt(3.25) - 1))
        errors = rng.exponential(size=rows) - 1
        name = f"{rows} rows, exponential errors"
        yield f"R², {name}", TOLD, inside(scores.r2(line + errors, line), 2.25 / 3.25)
        size = 2 / np.e
        yield f"error, {name}", TOLD, inside(intervals.positive_mean(np.abs(errors)), size)


def classes(rng: np.random.Generator) -> Hits:
    """Two normal classes, in equal shares and one to four, near and far."""
    for rows, share, shift in ((60, 0.5, 1.0), (60, 0.3, 2.3), (250, 0.2, 1.5), (250, 0.4, 2.5)):
        labels = rng.random(rows) < share
        given = rng.standard_normal(rows) + shift * labels
        area, right = norm.cdf(shift / np.sqrt(2)), norm.cdf(shift / 2)
        told = given > shift / 2
        odds = np.log(share / (1 - share)) + shift * (given - shift / 2)
        spent = thresholds.row_costs(labels, told, 1, 3)
        none = thresholds.row_costs(labels, np.zeros(rows, bool), 1, 3)
        costs = (1 - share) * (1 - right) + 3 * share * (1 - right)
        recall = scores.balanced_accuracy(pd.Series(labels), told)
        found = {
            "AUC": (scores.auc(labels, given), area),
            "balanced accuracy": (recall, right),
            "calibration slope": (scores.calibration_slope(labels, expit(odds)), 1.0),
            "saving": (thresholds.mean_cost(none - spent, (3, -1)), 3 * share - costs),
            "cost": (thresholds.mean_cost(spent, (1, 3)), costs),
        }
        for name, (interval, truth) in found.items():
            question = f"{name}, {rows} rows, {share:.0%} positive, area {area:.2f}"
            yield question, COVERAGE, inside(interval, truth)


def savings(rng: np.random.Generator) -> Hits:
    """What a model saves where few rows lose or win, and where most do."""
    cases = ((100, 0.05, 0.02, 5), (300, 0.1, 0.05, 5), (1000, 0.01, 0.003, 5))
    cases += ((400, 0.02, 0.005, 5), (200, 0.005, 0.02, 20), (100, 0.4, 0.4, 1), (60, 0.5, 0.4, 3))
    for rows, losing, winning, amount in cases:
        drawn = rng.random(rows)
        saved = np.select([drawn < losing, drawn < losing + winning], [-1.0, amount])
        held = inside(thresholds.mean_cost(saved, (-1, amount)), amount * winning - losing)
        name = f"{rows} rows, {losing:.1%} lose 1, {winning:.1%} win {amount}"
        yield f"saving, {name}", COVERAGE, held


def normals(rng: np.random.Generator, rows: int) -> tuple[pd.Series, pd.DataFrame]:
    """Three classes at 0, 1 and 2, and the chance of each."""
    labels = rng.integers(0, 3, rows)
    density = norm.pdf((rng.standard_normal(rows) + labels)[:, None] - np.arange(3))
    return pd.Series(labels), pd.DataFrame(density / density.sum(axis=1, keepdims=True))


@cache
def area_of_three() -> float:
    """Return the mean area of `normals`, from two million rows."""
    return float(scores.macro_auc(*normals(np.random.default_rng(0), 2_000_000))[0])


def three_classes(rng: np.random.Generator) -> Hits:
    found = scores.macro_auc(*normals(rng, 150))
    yield "AUC, three classes, 150 rows", COVERAGE, inside(found, area_of_three())


def margins(rng: np.random.Generator) -> Hits:
    """The share of new rows within the margin of 90 %; each row is a trial."""
    margin = scores.margin(rng.exponential(size=99), level=0.9)
    for error in rng.exponential(size=5):
        yield "a new row lies within the margin of 90 %", (0.88, 0.92), bool(error <= margin)


def task(rng: np.random.Generator, kind: str, rows: int) -> tuple[pd.DataFrame, pd.Series, Any]:
    frame = pd.DataFrame(rng.standard_normal((rows, 4)), columns=list("abcd"))
    goal = frame["a"] + frame["b"] + rng.standard_normal(rows)
    if kind == "regression":
        return frame, goal, Ridge(alpha=1.0)
    return frame, (goal > 0).astype(int), LogisticRegression()


def scored(
    models: dict[str, Any], frame: pd.DataFrame, goal: pd.Series, kind: str, repeats: int = REPEATS
) -> candidates.Validation:
    cv = splits(kind, FOLDS, repeats, seed=0)
    pipelines = candidates.pipelines(models, frame, kind)
    return candidates.cross_validate(pipelines, frame, goal, cv, kind)


def _gain(place: tuple[str, int, int]) -> float:
    kind, rows, seed = place
    frame, goal, model = task(np.random.default_rng([9, rows, seed]), kind, rows)
    found = scored({"model": model}, frame, goal, kind, 1).scores
    return float((found["model"] - found["dummy"]).mean())


def expected(kind: str, rows: int, draws: int = 1500) -> float:
    """Return the mean gain of the procedure over many data sets."""
    with ProcessPoolExecutor(initializer=threadpool_limits, initargs=(1,)) as pool:
        places = [(kind, rows, seed) for seed in range(draws)]
        return float(np.mean(list(pool.map(_gain, places, chunksize=50))))


def procedure(kind: str, rows: int) -> Draw:
    """Cross-validation: gain over the dummy, noise as a target, two equal models."""
    truth, name = expected(kind, rows), f"{kind}, {rows} rows"

    def draw(rng: np.random.Generator) -> Hits:
        frame, goal, model = task(rng, kind, rows)
        gain = candidates.rank(scored({"m": model}, frame, goal, kind), FOLDS).loc["m"]
        held = bool(gain["gain low"] <= truth <= gain["gain high"])
        yield f"gain in cross-validation, {name}", COVERAGE, held
        noise = pd.Series(rng.permutation(goal.to_numpy()))
        null = candidates.rank(scored({"m": model}, frame, noise, kind), FOLDS).loc["m"]
        yield f"noise supported, {name}", ERROR, bool(null["gain low"] > 0)
        halves = {each: frame[[each, "c", "d"]] for each in "ab"}
        found = {n: scored({n: model}, part, goal, kind).scores[n] for n, part in halves.items()}
        clear = candidates.winner(pd.DataFrame(found), FOLDS).clear
        yield f"winner of two equal models, {name}", ERROR, clear

    return draw


def main() -> int:
    draws: list[tuple[Draw, int]] = [
        (draw, 4000) for draw in (quantities, classes, savings, three_classes, margins)
    ]
    area_of_three()
    kinds = [(kind, rows) for kind in ("regression", "classification") for rows in (100, 300)]
    draws += [(procedure(kind, rows), 400) for kind, rows in kinds]
    return judge("supervised", __doc__, draws)


if __name__ == "__main__":
    sys.exit(main())
