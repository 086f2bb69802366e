"""How often a model is promoted that is no better: two equal models on the same rows, many times.

    python benchmarks/truth/promotion.py [--draws 500] [--rows 300]

A draw has two models that are equal by construction, and rows that neither has seen. It is a
false promotion if the paired interval says that the candidate is better. Then models that are
truly better, for the power; and a name on which twenty equal candidates are tried in turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from fourfold.methods.intervals import share
from fourfold.models.folder import decisions
from fourfold.promotion.compare import level_after, loss, paired

Draw = Callable[[np.random.Generator, int, float], tuple[np.ndarray, np.ndarray | None]]
#: Rows by which it is known which of two fitted models is better.
KNOWN = 50_000
CLASSES = ("no", "yes")


def world(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, the true probability, and the class of each row."""
    features = rng.normal(size=(rows, 4))
    push = features @ [1.2, -0.8, 0.5, 0.0] + 0.4 * features[:, 0] * features[:, 1]
    chance = 1 / (1 + np.exp(-push))
    return features, chance, (rng.random(rows) < chance).astype(int)


def model(threshold: float = 0.5) -> SimpleNamespace:
    """Return what `loss` asks of a model."""
    said = SimpleNamespace(classes=CLASSES, threshold=threshold)
    return SimpleNamespace(description=said, decisions=lambda given: decisions(given, threshold))


def losses(chances: np.ndarray, truth: np.ndarray, measure: str) -> np.ndarray:
    """Return the loss of probabilities of the second class."""
    scores = np.column_stack([1 - chances, chances])
    return loss(model(), scores, truth, measure, CLASSES)


def noisy(measure: str) -> Draw:
    """Two models that are off by equally much, each by its own noise; worth: less noise."""

    def draw(rng: np.random.Generator, rows: int, worth: float) -> tuple[np.ndarray, None]:
        _, chance, truth = world(rng, rows)
        odds = np.log(chance / (1 - chance))
        both = [1 / (1 + np.exp(-(odds + s * rng.normal(size=rows)))) for s in (1.0, 1.0 - worth)]
        one, other = (losses(each, truth, measure) for each in both)
        return one - other, None

    return draw


def houses(rng: np.random.Generator, rows: int, worth: float) -> tuple[np.ndarray, np.ndarray]:
    """Ten rows of each house, on which both models are off in the same way each."""
    count = rows // 10
    off = rng.normal(size=(2, count)).repeat(10, axis=1)[:, :rows]
    truth = rng.normal(size=off.shape[1])
    noise = rng.normal(size=(2, off.shape[1]))
    one, other = np.abs(off + 0.3 * noise) * np.array([[1.0], [1.0 - worth]])
    del truth
    return one - other, np.arange(count).repeat(10)


def absolute(rng: np.random.Generator, rows: int, worth: float) -> tuple[np.ndarray, None]:
    """Errors of quantities with heavy tails."""
    one, other = np.abs(rng.standard_t(3, size=(2, rows))) * np.array([[1.0], [1.0 - worth]])
    return one - other, None


def fitted(rng: np.random.Generator, rows: int, worth: float) -> tuple[np.ndarray, None]:
    """Real models, each fitted on rows of its own; worth: boosting against one column's line.

    Of two equal procedures one has learnt more. The first here is the one that is worse on many
    rows, or as good, so that it must not be promoted.
    """
    test, _, truth = world(rng, rows + KNOWN)
    made = []
    for place in range(2):
        known, _, goal = world(rng, 300)
        better = worth > 0 and place == 1
        kind = HistGradientBoostingClassifier(max_iter=20) if better else LogisticRegression()
        columns = slice(0, 4) if better or worth == 0 else slice(0, 1)
        chances = kind.fit(known[:, columns], goal).predict_proba(test[:, columns])[:, 1]
        made.append(losses(chances, truth, "brier"))
    apart = made[0] - made[1]
    sign = -1 if worth == 0 and apart[rows:].mean() > 0 else 1
    return sign * apart[:rows], None


KINDS: dict[str, Draw] = {
    "noise, brier": noisy("brier"),
    "noise, log": noisy("log"),
    "noise, error": noisy("error"),
    "quantities, heavy tails": absolute,
    "ten rows of a house": houses,
    "logistic, other rows": fitted,
}


def main() -> None:
    """Print the table; exit code 1 if more than 5 % are promoted falsely."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--rows", type=int, nargs="*", default=[100, 300, 1000])
    given = parser.parse_args()
    table, worst = [], 0.0
    for name, draw in KINDS.items():
        for rows in given.rows:
            rng = np.random.default_rng([rows, *name.encode()])
            equal = [paired(*draw(rng, rows, 0.0)).low > 0 for _ in range(given.draws)]
            power = [paired(*draw(rng, rows, 0.3)).low > 0 for _ in range(given.draws // 5)]
            false = share(sum(equal), len(equal))
            worst = max(worst, false.value)
            limits = f"{100 * false.value:.1f} % ({100 * false.low:.1f} to {100 * false.high:.1f})"
            table.append([name, rows, limits, f"{100 * np.mean(power):.0f} %"])
    columns = ["models", "rows", "promoted though equal", "promoted if better"]
    print(pd.DataFrame(table, columns=columns).to_string(index=False))
    rng, wins, plain = np.random.default_rng(1), 0, 0
    for _ in range(given.draws):
        _, chance, truth = world(rng, 300)
        odds = np.log(chance / (1 - chance))
        chances = 1 / (1 + np.exp(-(odds + rng.normal(size=(21, 300)))))
        each = [losses(one, truth, "brier") for one in chances]
        tries = [each[0] - other for other in each[1:]]
        wins += any(paired(d, None, level_after(n)).low > 0 for n, d in enumerate(tries))
        plain += any(paired(d).low > 0 for d in tries)
    print(
        f"twenty equal candidates in turn on the same 300 rows: one is promoted in "
        f"{100 * wins / given.draws:.1f} % of {given.draws} draws "
        f"({100 * plain / given.draws:.1f} % if tries did not count)"
    )
    raise SystemExit(int(worst > 0.05))


if __name__ == "__main__":
    main()
