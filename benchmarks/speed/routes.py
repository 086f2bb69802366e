"""How short trips get and how long that takes: 48 capitals, 1,000 and 10,000 random places.

``python benchmarks/speed/routes.py`` prints, for several seeds, the gap to a proven optimum or to
the Held-Karp bound and the seconds of the search (start, neighbours and Lin-Kernighan steps with
kicks); compiling, once after an installation, and the bound, which is no part of the search, are
told apart. Every figure is kept in ``outputs/benchmarks/routes.json``. Takes five minutes.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from measure import ROOT, keep
from scipy.spatial import KDTree

from fourfold.methods.routes import bounds, heuristics, lin_kernighan, places

NONE = np.empty((0, 0))
# Places, kicks, rounds of the ascent of the bound.
RANDOM = ((1000, 10_000, 1000), (10_000, 30_000, 120))


def strips(points: Any) -> Any:
    """Return the trip up and down through strips of the plane, quick for any number of places."""
    count = max(1, int(np.sqrt(len(points) / 3)))
    low, high = points.min(axis=0), points.max(axis=0)
    strip = np.minimum((points[:, 0] - low[0]) / max(high[0] - low[0], 1e-300) * count, count - 1)
    strip = strip.astype(int)
    along = np.where(strip % 2, -points[:, 1], points[:, 1])
    return np.lexsort((along, strip)).astype(np.int64)


def compiled() -> float:
    """Seconds until everything is compiled, or read from the cache."""
    started = time.perf_counter()
    points = np.random.default_rng(0).random((20, 2))
    matrix = places.straight(points)
    near = places.neighbours(matrix)
    for distances in (matrix, NONE):
        order = lin_kernighan.improve(distances, points, near, strips(points), 5).order
    bounds.held_karp(matrix, points, 9.0, 5)
    bounds.optimum(matrix, order)
    return time.perf_counter() - started


def capitals() -> dict[str, float]:
    """All of it: reading, a good trip, the proof."""
    started = time.perf_counter()
    frame = pd.read_csv(ROOT / "data" / "us_capitals.csv")
    found = places.from_coordinates(frame, "capital", "longitude_deg", "latitude_deg", globe=True)
    near = places.neighbours(found.matrix)
    start = heuristics.greedy(found.matrix, near)
    good = lin_kernighan.improve(found.matrix, found.points, near, start, kicks=500)
    best, proved = bounds.optimum(found.matrix, good.order)
    if not proved:
        raise SystemExit("the optimum of the capitals was not proved")
    return {
        "seconds": time.perf_counter() - started,
        "length_km": heuristics.length(found.matrix, best),
        "gap": good.length / heuristics.length(found.matrix, best) - 1,
    }


def random(count: int, kicks: int, rounds: int, seed: int) -> dict[str, float]:
    points = np.random.default_rng(seed).random((count, 2))
    wall, cpu = time.perf_counter(), time.process_time()
    matrix = places.straight(points) if count <= 2000 else NONE
    near = KDTree(points).query(points, k=9)[1][:, 1:]
    found = lin_kernighan.improve(matrix, points, near, strips(points), kicks, seed)
    spent = {"seconds": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    bound, _ = bounds.held_karp(matrix, points, found.length, rounds)
    first = float(found.curve[0, 1])
    return {**spent, "gap": found.length / bound - 1, "gap without kicks": first / bound - 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    kept: dict[str, object] = {"compiled_s": compiled()}
    print(f"compiled, or read from the cache: {kept['compiled_s']:.1f} s")
    kept["capitals"] = found = capitals()
    print(
        f"48 capitals: {found['length_km']:,.1f} km, proved to be the shortest, "
        f"in {found['seconds']:.2f} s in all"
    )
    for count, kicks, rounds in RANDOM:
        for seed in range(options.seeds):
            kept[f"{count} places, seed {seed}"] = found = random(count, kicks, rounds, seed)
            print(
                f"{count:6,} random places, seed {seed}: {100 * found['gap']:.2f} % over the "
                f"Held-Karp bound in {found['seconds']:.1f} s ({found['cpu_s']:.1f} s CPU; "
                f"{100 * found['gap without kicks']:.2f} % without kicks)"
            )
    keep("routes", kept)


if __name__ == "__main__":
    main()
