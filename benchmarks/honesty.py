"""What the benchmarks of honesty share: draws on both cores, bars, shares with their intervals."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from fourfold.methods.intervals import wilson

KEPT = Path(__file__).parents[1] / "outputs" / "benchmarks"
Bar = tuple[float, float] | None
#: A claim of 95 % that holds in so many draws is honest; an error may come in so many.
COVERAGE, ERROR, AT_LEAST = (0.93, 0.97), (0.0, 0.05), (0.93, 1.0)
#: Without a bar: told, because the template warns of it or promises nothing.
TOLD = None
#: What one draw finds: question, bar, yes or no; a draw may answer a question more than once.
Draw = Callable[[np.random.Generator], Iterable[tuple[str, Bar, bool]]]


def judge(name: str, about: str, draws: Sequence[tuple[Draw, int]]) -> int:
    """Print and keep how often each question has a yes; return 1 if one misses its bar.

    Each draw is made as often as its number says, times ``--times``. A share misses its bar if its
    95 % interval (Wilson 1927, JASA 22, p. 209) does; "near" says that only the share itself does.
    """
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("--times", type=float, default=1.0, help="more or fewer draws")
    parser.add_argument("--only", default="", help="questions whose name holds this")
    options = parser.parse_args()
    _DRAWS[:] = [draw for draw, _ in draws]
    start, kept, missed = time.time(), [], []
    context = get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), context, threadpool_limits, (1,)) as pool:
        for place, (_, count) in enumerate(draws):
            seeds = [[place, seed] for seed in range(max(1, round(options.times * count)))]
            parts = pool.map(_found, [(place, seeds[n::64]) for n in range(64)])
            told: dict[tuple[str, Bar], list[bool]] = {}
            for question, bar, yes in (each for part in parts for each in part):
                if options.only in question:
                    told.setdefault((question, bar), []).append(yes)
            for (question, bar), hits in sorted(told.items()):
                share, (low, high) = sum(hits) / len(hits), map(float, wilson(sum(hits), len(hits)))
                mark = _mark(share, low, high, bar)
                print(f"{question:66} {share:6.1%} ({low:.1%} to {high:.1%}) {mark}", flush=True)
                line = {"case": question, "share": share, "low": low, "high": high}
                kept.append(line | {"draws": len(hits), "bar": bar, "mark": mark})
                missed += [question] if mark == "MISSED" else []
    if not options.only and options.times >= 1:
        KEPT.mkdir(parents=True, exist_ok=True)
        text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
        (KEPT / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"missed: {', '.join(missed)}" if missed else "all bars met", end=", ")
    print(f"{time.time() - start:.0f} s")
    return 1 if missed else 0


_DRAWS: list[Draw] = []


def _found(part: tuple[int, list[list[int]]]) -> list[tuple[str, Bar, bool]]:
    place, seeds = part
    return [each for seed in seeds for each in _DRAWS[place](np.random.default_rng(seed))]


def _mark(share: float, low: float, high: float, bar: Bar) -> str:
    if bar is None:
        return "told"
    if bar[0] <= share <= bar[1]:
        return ""
    return "near" if low <= bar[1] and high >= bar[0] else "MISSED"


if __name__ == "__main__":
    sys.exit("nothing to run here: see the files honesty_*.py")
