"""What the benchmarks of truth share: draws on both cores, bars, shares with their intervals."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from fourfold.methods.intervals import share as share_of
from fourfold.methods.intervals import wilson
from fourfold.records.evidence import Criterion

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "outputs" / "benchmarks"
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
            first = _found((place, seeds[:1])) if options.only else []
            if options.only and not any(options.only in question for question, _, _ in first):
                continue
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
        keep(name, kept)
    print(f"missed: {', '.join(missed)}" if missed else "all bars met", end=", ")
    print(f"{time.time() - start:.0f} s")
    return 1 if missed else 0


def keep(name: str, figures: object) -> None:
    """Write the figures of a benchmark to ``outputs/benchmarks/truth_NAME.json``."""
    KEPT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    (KEPT / f"truth_{name}.json").write_text(text, encoding="utf-8")


def asked(question: str, bar: Bar, answer: Callable[[np.random.Generator], bool]) -> Draw:
    """Return the draw that answers one question."""
    return lambda rng: [(question, bar, answer(rng))]


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


@dataclass(frozen=True)
class Result:
    """One figure: `count` simulations, `share` of them, and what it must be."""

    case: str
    count: int
    share: float
    low: float
    high: float
    bar: str

    @property
    def passed(self) -> bool:
        """Say whether the share keeps the bar."""
        return self.bar == "told" or Criterion.parse("share", self.bar).holds(self.share)


def result(case: str, hits: Sequence[bool], bar: str) -> Result:
    """Return how often a case has a yes, with the 95 % interval."""
    share, low, high = share_of(sum(hits), len(hits))
    return Result(case, len(hits), share, low, high, bar)


def report(name: str, about: str, cases: Callable[[int], Iterable[Result]], count: int) -> int:
    """Print and keep the results of cases of so many simulations; return 1 if one misses its bar.

    For benchmarks that make their draws themselves, in one process.
    """
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("--count", type=int, default=count, help="simulations of each case")
    options = parser.parse_args()
    results = []
    for each in cases(options.count):
        results.append(each)
        mark = "" if each.passed else "  MISSED"
        print(
            f"{each.case:66} {each.share:6.1%} ({each.low:.1%} to {each.high:.1%}) "
            f"of {each.count:,}, bar {each.bar}{mark}",
            flush=True,
        )
    keep(name, [asdict(each) for each in results])
    return 0 if all(each.passed for each in results) else 1


if __name__ == "__main__":
    sys.exit("nothing to run here: see benchmarks/README.md")
