"""How honest the templates ``regression`` and ``classification`` are, on data whose truth is known.

``python benchmarks/honesty_supervised.py`` draws data sets, does with each what the templates do,
by the same functions, and prints with 95 % intervals (Wilson 1927, JASA 22, p. 209)

- how often an interval that claims 95 % holds the truth. Of held-out figures, the truth is that of
  the fitted model on endless new rows; of cross-validation, the mean score of the procedure;
- how often noise is declared to be predictable (gain supported), and how often the better of two
  equal models is declared the winner.

Every figure is kept in ``outputs/benchmarks/honesty_supervised.json``. Takes four minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression, Ridge

from fourfold import candidates, discrimination, residuals, thresholds
from fourfold.evaluation import splits

KEPT = Path(__file__).parents[1] / "outputs" / "benchmarks" / "honesty_supervised.json"
Hits = Iterator[tuple[str, bool]]
FOLDS, REPEATS = 5, 3  # the templates' own


def inside(interval: tuple[float, float, float], truth: float) -> bool:
    return bool(interval[1] <= truth <= interval[2])


def quantities(rng: np.random.Generator) -> Hits:
    """A straight line with normal or exponential errors; held-out parts of 60 and 250 rows."""
    for rows in (60, 250):
        for shape, draw in (
            ("normal", rng.standard_normal),
            ("skew", lambda n: rng.exponential(size=n) - 1),
        ):
            line, errors = 1.5 * rng.standard_normal(rows), draw(rows)
            size = np.sqrt(2 / np.pi) if shape == "normal" else 2 / np.e
            name = f"{rows} rows, {shape} errors"
            yield f"R² {name}", inside(residuals.r2(line + errors, line), 2.25 / 3.25)
            yield f"error {name}", inside(residuals.positive_mean(np.abs(errors)), size)
            # The dummy is off by the line and the error.
            plain = np.abs(1.5 * rng.standard_normal(rows) + errors)
            gain = np.abs(line + errors) - np.abs(errors)
            if shape == "normal":
                truth = np.sqrt(2 / np.pi) * (np.sqrt(3.25) - 1)
                yield f"saving {name}", inside(residuals.mean_interval(gain), truth)
            del plain


def classes(rng: np.random.Generator) -> Hits:
    """Two normal classes, in equal shares and one to four, near and far."""
    for rows, share, shift in ((60, 0.5, 1.0), (60, 0.3, 2.3), (250, 0.2, 1.5), (250, 0.4, 2.5)):
        labels = rng.random(rows) < share
        scores = rng.standard_normal(rows) + shift * labels
        name = f"{rows} rows, {share:.0%} positive, area {norm.cdf(shift / np.sqrt(2)):.2f}"
        yield (
            f"AUC {name}",
            inside(discrimination.auc(labels, scores), norm.cdf(shift / np.sqrt(2))),
        )
        told = scores > shift / 2
        recall = discrimination.balanced_accuracy(pd.Series(labels), told)
        yield f"balanced accuracy {name}", inside(recall, norm.cdf(shift / 2))
        odds = np.log(share / (1 - share)) + shift * (scores - shift / 2)
        slope = discrimination.calibration_slope(labels, expit(odds))
        yield f"calibration slope {name}", inside(slope, 1.0)
        alarm, missed = (1 - share) * norm.sf(shift / 2), share * norm.sf(shift / 2)
        spent = thresholds.row_costs(labels, told, 1, 3)
        none = thresholds.row_costs(labels, np.zeros(rows, bool), 1, 3)
        saving = residuals.mean_interval(none - spent)
        yield f"saving {name}", inside(saving, 3 * share - alarm - 3 * missed)
        yield f"cost {name}", inside(residuals.positive_mean(spent), alarm + 3 * missed)


def three_classes(rng: np.random.Generator) -> Hits:
    """Three normal classes at 0, 1 and 2; areas by numerical integration."""
    labels = rng.integers(0, 3, 150)
    scores = rng.standard_normal(150) + labels
    density = norm.pdf(scores[:, None] - np.arange(3))
    table = pd.DataFrame(density / density.sum(axis=1, keepdims=True))
    yield (
        "AUC of three classes, 150 rows",
        inside(discrimination.macro_auc(pd.Series(labels), table), TRIPLE),
    )


def _triple() -> float:
    """Return the mean area of `three_classes`, from two million rows."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 2_000_000)
    scores = rng.standard_normal(len(labels)) + labels
    density = norm.pdf(scores[:, None] - np.arange(3))
    table = pd.DataFrame(density / density.sum(axis=1, keepdims=True))
    return discrimination.macro_auc(pd.Series(labels), table)[0]


TRIPLE = _triple()


def margins(rng: np.random.Generator) -> Hits:
    """The share of new rows within the margin of 90 %; each row is a trial."""
    margin = residuals.margin(rng.exponential(size=99), level=0.9)
    for error in rng.exponential(size=5):
        yield "a new row lies within the margin of 90 %", bool(error <= margin)


def procedures(rng: np.random.Generator) -> Hits:
    """Cross-validation: gain over the dummy, noise as a target, two equal models."""
    for rows in (100, 300):
        frame = pd.DataFrame(rng.standard_normal((rows, 4)), columns=list("abcd"))
        goal = frame["a"] + frame["b"] + rng.standard_normal(rows)
        for kind in ("regression", "classification"):
            model = Ridge(alpha=1.0) if kind == "regression" else LogisticRegression()
            target = goal if kind == "regression" else (goal > 0).astype(int)
            ranking = candidates.ranking(_scores({"model": model}, frame, target, kind), FOLDS)
            found = ranking.loc["model"]
            truth = EXPECTED[kind, rows]
            name = f"gain in cross-validation, {kind}, {rows} rows"
            yield name, bool(found["gain low"] <= truth <= found["gain high"])
            noise = pd.Series(rng.permutation(target.to_numpy()))
            null = candidates.ranking(_scores({"model": model}, frame, noise, kind), FOLDS)
            yield f"noise supported, {kind}, {rows} rows", bool(null.loc["model", "gain low"] > 0)
            halves = {name: frame[[name, "c", "d"]] for name in "ab"}
            equal = pd.DataFrame(
                {n: _scores({n: model}, part, target, kind)[n] for n, part in halves.items()}
            )
            best = candidates.winner(equal, FOLDS)
            yield f"winner of two equal models, {kind}, {rows} rows", best.clear


def _scores(models: dict, frame: pd.DataFrame, goal: pd.Series, kind: str) -> pd.DataFrame:
    cv = splits(kind, FOLDS, REPEATS, seed=0)
    pipes = candidates.pipelines(models, frame, kind)
    return candidates.scores(pipes, frame, goal, cv, kind)


def _expected(kind: str, rows: int, draws: int) -> float:
    """Return the mean gain of the procedure over many data sets."""
    gains = []
    for seed in range(draws):
        rng = np.random.default_rng([9, rows, seed])
        frame = pd.DataFrame(rng.standard_normal((rows, 4)), columns=list("abcd"))
        goal = frame["a"] + frame["b"] + rng.standard_normal(rows)
        model = Ridge(alpha=1.0) if kind == "regression" else LogisticRegression()
        target = goal if kind == "regression" else (goal > 0).astype(int)
        cv = splits(kind, FOLDS, 1, seed=0)
        pipes = candidates.pipelines({"model": model}, frame, kind)
        found = candidates.scores(pipes, frame, target, cv, kind)
        gains.append((found["model"] - found["dummy"]).mean())
    return float(np.mean(gains))


EXPECTED: dict[tuple[str, int], float] = {}


def collect(
    draw: Callable[[np.random.Generator], Hits], count: int, table: dict[str, list[bool]]
) -> None:
    for seed in range(count):
        for name, hit in draw(np.random.default_rng([count, seed])):
            table.setdefault(name, []).append(hit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000, help="of what is cheap")
    parser.add_argument("--procedures", type=int, default=1000, help="of cross-validation")
    options = parser.parse_args()
    table: dict[str, list[bool]] = {}
    for draw in (quantities, classes, three_classes, margins):
        collect(draw, options.draws, table)
    for kind in ("regression", "classification"):
        for rows in (100, 300):
            EXPECTED[kind, rows] = _expected(kind, rows, options.procedures)
    collect(procedures, options.procedures, table)
    kept = {}
    for name, hits in table.items():
        share, low, high = discrimination.wilson(sum(hits), len(hits))
        kept[name] = {"share": share, "low": low, "high": high, "draws": len(hits)}
        print(f"{name:58} {100 * share:5.1f} % ({100 * low:.1f} to {100 * high:.1f})")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
