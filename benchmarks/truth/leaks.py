"""Whether the templates that predict find leaks, groups and time, and alarm nobody without one.

``python benchmarks/truth/leaks.py`` draws tables of 150 to 1,000 rows and 3 to 12 columns of
several distributions, does with each what ``classification`` and ``regression`` do, by the same
functions, and prints with 95 % intervals (Wilson 1927, JASA 22, p. 209)

- how often a leak is found: eight kinds of features that know the target, rows of one patient (or
  machine, country, thing without a telling name) on both sides, a relation that turns round;
- how often a clean table is said to leak: strong features, rare or many classes, heavy tails,
  many levels, a patient or a date that does not matter;
- how often ``fourfold new`` divides the rows by the right column.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from simulation import Bar, Draw, judge
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer

from fourfold.author.survey import Survey
from fourfold.methods import columns, supervised
from fourfold.methods.supervised.sides import RANDOM

FOUND: Bar = (0.98, 1.0)
ALARM: Bar = (0.0, 0.02)
Rng = np.random.Generator
Hits = Iterator[tuple[str, Bar, bool]]


def values(rng: Rng, rows: int, count: int, positive: bool = False) -> pd.DataFrame:
    """Return columns of one distribution each: normal, skew, even, whole, or of heavy tails."""
    draws: list[Callable[[], np.ndarray]] = [
        lambda: rng.lognormal(rng.uniform(0, 5), rng.uniform(0.2, 1.5), rows),
        lambda: rng.uniform(1, rng.uniform(5, 500), rows),
        lambda: rng.integers(1, rng.integers(40, 1000), rows).astype(float),
        lambda: rng.pareto(2.5, rows) + 1,
        lambda: rng.normal(rng.normal(), rng.uniform(0.5, 20), rows),
    ]
    usable = draws[:4] if positive else draws
    made = {f"x{n}": usable[rng.integers(len(usable))]() for n in range(count)}
    return pd.DataFrame(made)


def standard(column: pd.Series) -> pd.Series:
    """Return ranks from -1 to 1, so that no tail rules a relation."""
    return 2 * column.rank(pct=True) - 1


def leaks(frame: pd.DataFrame, goal: pd.Series, table: pd.DataFrame | None = None) -> list[str]:
    """Return the names of the checks that say "leak likely"."""
    whole = frame if table is None else table
    goal = goal.rename("target")
    rows, goal = supervised.learnable_rows(whole.assign(target=goal), "target", 5)
    known = columns.select(rows, [n for n in rows if n not in frame]).frame
    kind = supervised.task(goal)
    classes = kind == "classification"
    goal = goal if not classes else goal.astype("category").cat.codes
    goal = goal.rename("target")
    estimator = LogisticRegression(max_iter=5000) if classes else Ridge()
    if table is not None:
        forest = RandomForestClassifier if classes else RandomForestRegressor
        estimator = forest(30, min_samples_leaf=3, random_state=0)
    model = supervised.pipelines({"model": estimator}, known, kind)["model"]
    parts = RANDOM.hold_out(kind, known, goal, 0.25, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of logistic regression on columns in any unit
        model.fit(parts[0], parts[2])
        score = get_scorer(supervised.SCORING[kind])(model, parts[1], parts[3])
        alone = supervised.score_alone(known, goal)
        checks = [
            supervised.single_feature(alone),
            supervised.several_features(known, goal, alone, kind),
            supervised.perfect_model(float(score), model, parts, {}),
            supervised.group_split(model, known, goal, rows, RANDOM, 0),
            supervised.time_split(model, known, goal, rows, RANDOM, 0),
        ]
    return [check.name for check in checks if check.verdict == supervised.LEAK]


def noisy(rng: Rng, frame: pd.DataFrame, strength: float) -> pd.Series:
    """Return a quantity of which the first columns explain a share."""
    signal = sum(standard(frame[name]) * rng.uniform(0.5, 2) for name in list(frame)[:3])
    signal = signal / signal.std()
    noise = rng.normal(size=len(frame))
    return signal * strength**0.5 + noise * (1 - strength) ** 0.5


def classes_of(rng: Rng, score: pd.Series, count: int, rare: float = 0.0) -> pd.Series:
    """Return classes, of about equal size or one of them rare, by a score."""
    cuts = np.array([1 - rare]) if rare else np.arange(1, count) / count
    names = rng.permutation([f"k{n}" for n in range(len(cuts) + 1)])
    return pd.Series(names[np.searchsorted(cuts, score.rank(pct=True) - 1e-9)], score.index)


def clothes(rng: Rng) -> Hits:
    """A feature that is the target: other units, a curve, ranks, codes, for some rows, rare."""
    rows = int(rng.integers(150, 1001))
    frame = values(rng, rows, int(rng.integers(3, 13)))
    goal = values(rng, rows, 1)["x0"]
    where = int(rng.integers(0, frame.shape[1]))

    def found(kind: str, feature: object, target: pd.Series) -> tuple[str, Bar, bool]:
        table = frame.copy()
        table.insert(where, "knows", feature)
        return f"leak found: {kind}", FOUND, bool(leaks(table, target))

    yield found("other units", goal * rng.choice([100, 0.001, -1, 1.79]) + rng.normal(), goal)
    curves = [np.cbrt, np.arcsinh, lambda x: np.exp(-x / np.abs(x).max()), lambda x: x**3]
    yield found("a curve of it", curves[rng.integers(4)](goal), goal)
    yield found("its ranks", goal.rank(ascending=bool(rng.integers(2))), goal)
    count = int(rng.integers(2, 13))
    target = classes_of(rng, noisy(rng, frame, 0.3), count)
    codes = dict(zip(sorted(set(target)), rng.permutation(count), strict=True))
    code = target.map(codes)
    yield found(
        "a code of the classes", code if rng.integers(2) else "c" + code.astype(str), target
    )
    part = rng.random(rows) < rng.uniform(0.3, 0.7)
    yield found("known for some rows", (goal * 3).where(part), goal)
    rare = classes_of(rng, noisy(rng, frame, 0.3), 2, rare=max(0.03, 12 / rows))
    hint = (rare == rare.value_counts().index[-1]).astype(float)
    yield found("known of a rare class", hint + rng.normal(0, 0.1, rows), rare)


def formulas(rng: Rng) -> Hits:
    """Two or three columns that give the target, and classes cut from it."""
    rows = int(rng.integers(150, 1001))
    frame = values(rng, rows, int(rng.integers(4, 13)), positive=bool(rng.integers(2)))
    a, b, c = (frame[name] for name in rng.choice(list(frame), 3, replace=False))
    # In one unit, so that each part matters: cents and tonnes are no sum.
    a, b, c = (each / each.std() for each in (a, b, c))
    for name, each in zip(rng.choice(list(frame), 3, replace=False), (a, b, c), strict=True):
        frame[name] = each
    sums = [a + b, a - b, a + b + c, a + b - c, a - b - c]
    products = [a * b, a / b, a * b * c, a * b / c, a / b / c, (a + b) / c, a * b + c, (a - b) * c]
    for kind, made in (("a sum or difference", sums), ("a product or ratio", products)):
        goal = made[rng.integers(len(made))]
        digits = int(rng.integers(4, 8)) - int(np.floor(np.log10(goal.abs().median() + 1e-12)))
        yield f"leak found: {kind}", FOUND, bool(leaks(frame, goal.round(max(0, digits))))
    goal = [*sums, *products][rng.integers(len(sums) + len(products))]
    cut = classes_of(rng, goal, 2)
    yield "leak found: classes cut from a formula", FOUND, bool(leaks(frame, cut))


def things(rng: Rng, marked: bool, rows_each: int = 10) -> tuple[pd.DataFrame, pd.Series]:
    """Return rows of patients with fingerprints or not, and whether they are ill."""
    count = int(rng.integers(30, 61))
    thing = np.repeat(np.arange(count), rows_each)
    ill = (np.arange(count) % 2)[thing]
    marks = rng.normal(size=(count, 4))[thing] if marked else 0.0
    frame = pd.DataFrame(marks + rng.normal(0, 0.1 if marked else 1, (len(thing), 4)))
    frame = frame.set_axis(list("abcd"), axis=1)
    frame["a"] += 0.5 * ill
    order = rng.permutation(len(frame))
    frame["thing"] = [f"t{n}" for n in thing]
    return frame.iloc[order].reset_index(drop=True), pd.Series(ill[order])


def divided(table: pd.DataFrame) -> tuple[str, str]:
    """Return how a draft divides a table, whose target is `target`."""
    useless = columns.select(table).left_out
    return Survey("t", "", table, 1.0, columns.describe(table), useless, "target").division


def groups_and_time(rng: Rng) -> Hits:
    """Things with a telling name and without, a relation that turns round; and harmless ones."""
    names = ["patient_id", "Customer", "machine no", "country", "subject", "well", "site", "c7"]
    name = str(rng.choice(names))
    for marked in (True, False):
        frame, goal = things(rng, marked)
        table = frame.rename(columns={"thing": name})
        alarm = leaks(frame.drop(columns="thing"), goal, table)
        if marked:
            yield "leak found: rows of one thing on both sides", FOUND, bool(alarm)
            seen = divided(table.assign(target=goal.map({0: "no", 1: "yes"})))
            yield "drafted by group", FOUND, seen == ("groups", name)
        else:
            yield "false alarm: things whose rows are not alike", ALARM, bool(alarm)
    rows = int(rng.integers(300, 1001))
    frame = values(rng, rows, 4)
    goal = noisy(rng, frame, rng.uniform(0.6, 0.95))
    when = pd.Series(pd.date_range("2021-01-01", periods=rows, freq="D"))
    if rng.integers(2):
        frame["year"] = 2000 + np.arange(rows) // -(-rows // 20)
        table, name = frame, "year"
    else:
        table, name = frame.assign(sold=when), "sold"
    late = np.arange(rows) >= 0.85 * rows
    turned = goal.where(~late, -goal)
    yield "leak found: the end turns round", FOUND, bool(leaks(frame, turned, table))
    yield "false alarm: a date that does not matter", ALARM, bool(leaks(frame, goal, table))
    yield "drafted by time", FOUND, divided(table.assign(target=goal)) == ("time", name)


def clean(rng: Rng) -> Hits:
    """Tables without a leak, from weak to strong features."""
    rows = int(rng.integers(150, 1001))
    frame = values(rng, rows, int(rng.integers(3, 13)))
    name = "false alarm: "
    yield name + "a quantity", ALARM, bool(leaks(frame, noisy(rng, frame, rng.uniform(0, 0.95))))
    score = noisy(rng, frame, rng.uniform(0, 0.8))
    yield name + "two classes", ALARM, bool(leaks(frame, classes_of(rng, score, 2)))
    yield name + "several classes", ALARM, bool(leaks(frame, classes_of(rng, score, 5)))
    rare = classes_of(rng, noisy(rng, frame, 0.5), 2, rare=max(0.04, 20 / rows))
    yield name + "a rare class", ALARM, bool(leaks(frame, rare))
    tail = np.exp(2 * noisy(rng, frame, 0.9))
    yield name + "a heavy tail", ALARM, bool(leaks(frame, tail))
    level = rng.integers(0, rows // 10, rows)
    effect = pd.Series(rng.normal(size=rows // 10)[level] + rng.normal(0, 0.25, rows))
    levels = frame.assign(level=[f"s{n}" for n in level])
    yield name + "many levels that explain much", ALARM, bool(leaks(levels, effect, levels))
    draft = divided(frame.assign(target=noisy(rng, frame, 0.5)))
    yield "a draft divides rows that nothing divides", ALARM, draft != ("", "")


def main() -> int:
    draws: list[tuple[Draw, int]] = [
        (draw, 300) for draw in (clothes, formulas, groups_and_time, clean)
    ]
    return judge("leaks", __doc__, draws)


if __name__ == "__main__":
    sys.exit(main())
