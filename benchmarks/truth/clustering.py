"""How often the clustering template is right where the truth is known.

``python benchmarks/truth/clustering.py`` draws clouds of many shapes and true groups, asks the
template's own rule (its scaler and `choose_k`) and prints how often a cloud is called clear, how
often the number of groups is found, and how often near groups are refuted. The gap statistic has no
part in the verdict, and is not computed here. ``--times 10`` draws 200 data sets of
each kind instead of 20, ``--only ring`` one kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from simulation import ERROR, ROOT, TOLD, Bar, Draw, judge

from fourfold.methods.clustering import Choice, choose_k, scaler
from fourfold.plan.template import read_template

DRAWS = 20
Make = Callable[[np.random.Generator, int], np.ndarray]
DEFAULTS = {
    p.name: p.default
    for p in read_template(ROOT / "templates" / "clustering.ipynb").parameters.values()
}


def around(rng: np.random.Generator, n: int, turns: float, noise: float) -> np.ndarray:
    """Points around a circle, or a part of one."""
    angle = rng.uniform(0, 2 * np.pi * turns, n)
    return np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, noise, (n, 2))


def along(rng: np.random.Generator, n: int, shape: Callable[[np.ndarray], list[np.ndarray]],
          noise: float) -> np.ndarray:  # fmt: skip
    """Points along a curve, evenly in its first coordinate."""
    points = np.column_stack(shape(rng.uniform(size=n)))
    return points + rng.normal(0, noise, points.shape) * points.std(axis=0)


def wide(make: Make, columns: int) -> Make:
    """Embed a shape in more columns, each a noisy mixture of its own."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        points = make(rng, n)
        mixed = points @ rng.normal(size=(points.shape[1], columns - points.shape[1]))
        noise = rng.normal(0, 0.1, mixed.shape) * mixed.std(axis=0)
        return np.column_stack([points, mixed + noise])

    return draw


def triangle(rng: np.random.Generator, n: int) -> np.ndarray:
    points = rng.uniform(size=(n, 2))
    return np.where((points.sum(axis=1) > 1)[:, None], 1 - points, points)


def bow(rng: np.random.Generator, n: int) -> np.ndarray:
    x = rng.normal(size=n)
    return np.column_stack([x, 0.7 * x**2 + rng.normal(0, 0.4, n)])


def cone(rng: np.random.Generator, n: int) -> np.ndarray:
    x = rng.uniform(size=n)
    return np.column_stack([x, x * rng.normal(size=n)])


def dose(steep: float) -> Make:
    return lambda rng, n: along(rng, n, lambda x: [x, 1 / (1 + np.exp(-steep * (x - 0.5)))], 0.07)


def turned(make: Make, degrees: float) -> Make:
    """Turn a shape of two columns, so that neither column orders it."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        points = make(rng, n)
        points, angle = (points - points.mean(axis=0)) / points.std(axis=0), np.deg2rad(degrees)
        return points @ [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]

    return draw


def waves(rng: np.random.Generator, n: int) -> np.ndarray:
    return along(rng, n, lambda x: [x, np.sin(2 * np.pi * x)], 0.1)


def sphere(rng: np.random.Generator, n: int) -> np.ndarray:
    points = rng.normal(size=(n, 3))
    away = np.linalg.norm(points, axis=1, keepdims=True)
    return points / away + rng.normal(0, 0.1, (n, 3))


def correlated(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.multivariate_normal(np.zeros(6), 0.5 * np.eye(6) + 0.5, n)


def trend(rng: np.random.Generator, n: int) -> np.ndarray:
    time = np.arange(n) / n
    return np.column_stack([time, 3 * time + rng.normal(0, 0.1, n), rng.normal(size=n)])


SHAPES: dict[str, Make] = {
    "one Gaussian, 2 columns": lambda rng, n: rng.normal(size=(n, 2)),
    "one correlated Gaussian, 6 columns": correlated,
    "uniform, 2 columns": lambda rng, n: rng.uniform(size=(n, 2)),
    "uniform, 6 columns": lambda rng, n: rng.uniform(size=(n, 6)),
    "shares of 3": lambda rng, n: rng.dirichlet([1, 1, 1], n),
    "shares of 4": lambda rng, n: rng.dirichlet([1, 1, 1, 1], n),
    "triangle": triangle,
    "triangle, 4 columns": wide(triangle, 4),
    "cone": cone,
    "bow": bow,
    "bow, 4 columns": wide(bow, 4),
    "banana": lambda rng, n: around(rng, n, 0.5, 0.15),
    "ring": lambda rng, n: around(rng, n, 1, 0.1),
    "ring, 4 columns": wide(lambda rng, n: around(rng, n, 1, 0.1), 4),
    "dose curve": dose(8),
    "steep dose curve": dose(12),
    "dose curve, turned": turned(dose(8), 30),
    "dose curve, 4 columns": wide(dose(8), 4),
    "sine": waves,
    "two thirds of a ring": lambda rng, n: around(rng, n, 2 / 3, 0.1),
    "sphere": sphere,
    "parabola": lambda rng, n: along(rng, n, lambda x: [x, x**2], 0.1),
    "line, 3 columns": lambda rng, n: along(rng, n, lambda x: [x, x, x], 0.3),
    "line, 6 columns": lambda rng, n: along(rng, n, lambda x: [x] * 6, 0.3),
    "plane, 3 columns": wide(lambda rng, n: rng.uniform(size=(n, 2)), 3),
    "plane, 6 columns": wide(lambda rng, n: rng.uniform(size=(n, 2)), 6),
    "log-normal, 3 columns": lambda rng, n: rng.lognormal(size=(n, 3)),
    "Student t with 3 df, 3 columns": lambda rng, n: rng.standard_t(3, (n, 3)),
    "trend over time": trend,
    "answers 1 to 5, 4 columns": lambda rng, n: rng.integers(1, 6, (n, 4)).astype(float),
}


def groups(shares: Sequence[int], apart: float, columns: int, corners: bool = False) -> Make:
    """Round groups `apart` standard deviations from each other, in as few columns as they need."""
    count = len(shares)
    angle = 2 * np.pi * np.arange(count) / count
    at = apart / np.sqrt(3) * np.column_stack([np.cos(angle), np.sin(angle)])
    if count == 2:
        at = np.array([[0.0], [apart]])
    elif corners:
        at = apart / np.sqrt(2) * np.eye(count)
    centres = np.zeros((count, columns))
    centres[:, : at.shape[1]] = at

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        sizes = np.round(np.array(shares) / sum(shares) * n).astype(int)
        pairs = zip(centres, sizes, strict=True)
        return np.concatenate([rng.normal(centre, 1, (size, columns)) for centre, size in pairs])

    return draw


def moons(rng: np.random.Generator, n: int) -> np.ndarray:
    upper, lower = around(rng, n // 2, 0.5, 0.05), around(rng, n // 2, 0.5, 0.05)
    return np.concatenate([upper, [1, 0.5] - lower])


#: Tables of more columns than anybody can look at: no groups, and two in a tenth of the columns.
WIDE = [(100, 30), (120, 400), (300, 30), (1000, 100)]


def two_in_many(columns: int) -> Make:
    """Two groups that are 4 standard deviations apart in each of a tenth of the columns."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        points = rng.normal(size=(n, columns))
        points[: n // 2, : columns // 10] += 4
        return points

    return draw


#: Name, number of groups, how to draw them, rows, and the least share of draws that finds them.
GROUPS: list[tuple[str, int, Make, int, Bar]] = [
    *(
        (f"two 8 sd apart, {share}:{100 - share}", 2, groups((share, 100 - share), 8, 2), n, bar)
        for share in (50, 70, 90, 95)
        for n, bar in ((300, (0.95, 1.0)), (1000, (0.95, 1.0)))
    ),
    ("two 8 sd apart, 95:5, 5 columns", 2, groups((95, 5), 8, 5), 1000, TOLD),
    ("two 6 sd apart in one of three columns", 2, groups((1, 1), 6, 3), 300, (0.95, 1.0)),
    ("two 10 sd apart in one of five columns", 2, groups((1, 1), 10, 5), 300, (0.95, 1.0)),
    ("three 6 sd apart", 3, groups((1, 1, 1), 6, 2), 300, (0.95, 1.0)),
    ("three 6 sd apart, 150/100/50", 3, groups((3, 2, 1), 6, 4, True), 300, (0.95, 1.0)),
    ("three 6 sd apart, 250/25/25", 3, groups((10, 1, 1), 6, 4, True), 300, (0.70, 1.0)),
    ("three 4 sd apart", 3, groups((1, 1, 1), 4, 2), 300, (0.60, 1.0)),
    ("three 4 sd apart", 3, groups((1, 1, 1), 4, 2), 1000, (0.90, 1.0)),
    ("three 3 sd apart", 3, groups((1, 1, 1), 3, 2), 300, TOLD),
    ("two moons (not round)", 2, moons, 300, TOLD),
]


def chosen(points: np.ndarray) -> Choice:
    """Return what the template finds with its defaults."""
    scaled = scaler(DEFAULTS["scaler"]).fit_transform(points)
    return choose_k(scaled, DEFAULTS["k_max"], DEFAULTS["k"], 10, DEFAULTS["resamples"])


def draws() -> Iterator[tuple[Draw, int]]:
    for rows in (150, 300, 1000):
        for name, make in SHAPES.items():
            yield called_clear(f"{name}, {rows:,} rows: called clear", make, rows), DRAWS
    for rows, columns in WIDE:
        for name, make in (
            (f"one Gaussian, {columns} columns", lambda rng, n, d=columns: rng.normal(size=(n, d))),
            (f"uniform, {columns} columns", lambda rng, n, d=columns: rng.uniform(size=(n, d))),
        ):
            yield called_clear(f"{name}, {rows:,} rows: called clear", make, rows), DRAWS
        name = f"two 4 sd apart in each of {columns // 10} of {columns} columns, {rows:,} rows"
        yield counted(name, 2, two_in_many(columns), rows, (0.95, 1.0)), DRAWS
    for name, truth, make, rows, bar in GROUPS:
        yield counted(f"{name}, {rows:,} rows", truth, make, rows, bar), DRAWS


def called_clear(question: str, make: Make, rows: int) -> Draw:
    return lambda rng: [(question, ERROR, chosen(make(rng, rows)).clear)]


def counted(question: str, truth: int, make: Make, rows: int, bar: Bar) -> Draw:
    def draw(rng: np.random.Generator) -> list[tuple[str, Bar, bool]]:
        choice = chosen(make(rng, rows))
        return [
            (f"{question}: k = {truth}", bar, choice.clear and choice.k == truth),
            (f"{question}: refuted", ERROR, choice.clusters.high < 2),
        ]

    return draw


if __name__ == "__main__":
    sys.exit(judge("clustering", __doc__ or "", list(draws())))
