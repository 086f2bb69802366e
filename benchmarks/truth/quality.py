"""How often the quality template is right where the truth is known.

``python benchmarks/truth/quality.py`` draws batches of rows whose true share of valid rows, trend
and distributions are known, asks the functions that the template calls, and prints with 95 %
intervals (Wilson 1927): how often each interval holds the truth, and how often a change, a bad
batch or a yes is claimed where there is none. Figures are kept in ``outputs/benchmarks``. Seeds are
fixed: two runs print the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp
from simulation import COVERAGE, ERROR, TOLD, Bar, asked
from simulation import judge as judged

from fourfold.methods import quality
from fourfold.methods.quality import drift, validity
from fourfold.records.evidence import Criterion, Metric, judge

#: The interval of a count may hold the truth more often than in 95 %.
AT_LEAST = (0.95, 1.0)
Answer = Callable[[np.random.Generator], bool]
Case = tuple[str, Bar, Answer]


def table(rng: np.random.Generator, true: np.ndarray, size: int, spread: float) -> pd.DataFrame:
    """Batches of about `size` rows; `spread` is the correlation of failures within a batch."""
    rows = rng.poisson(size, len(true)) + 1
    invalid = 1 - true
    if spread:
        invalid = rng.beta(invalid * (1 / spread - 1), true * (1 / spread - 1))
    failed = rng.binomial(rows, invalid)
    frame = pd.DataFrame({"position": range(len(true)), "rows": rows, "failed": failed})
    return frame.assign(valid=100 * (1 - frame["failed"] / frame["rows"]))


def share_held(valid: float, batches: int, size: int, spread: float = 0.0) -> Answer:
    def draw(rng: np.random.Generator) -> bool:
        found = validity.valid_share(table(rng, np.full(batches, valid), size, spread))
        return found.low <= 100 * valid <= found.high

    return draw


def share_supported(valid: float, batches: int, size: int, spread: float = 0.0) -> Answer:
    """Is `valid >= bound` called supported, where the truth lies just below the bound?"""

    def draw(rng: np.random.Generator) -> bool:
        found = validity.valid_share(table(rng, np.full(batches, valid), size, spread))
        metric = Metric(found.value, found[1:]).plain("valid")
        wanted = Criterion.parse("valid", f">= {100 * valid + 1e-6}")
        return judge(wanted, metric).verdict == "supported"

    return draw


def slope_held(first: float, last: float, batches: int, size: int, spread: float = 0.0) -> Answer:
    true = np.linspace(first, last, batches)

    def draw(rng: np.random.Generator) -> bool:
        found = validity.trend(table(rng, true, size, spread))
        return found.low <= 100 * (true[1] - true[0]) <= found.high

    return draw


def batch_marked(valid: float, batches: int, size: int, spread: float = 0.0) -> Answer:
    def draw(rng: np.random.Generator) -> bool:
        drawn = table(rng, np.full(batches, valid), size, spread)
        names = np.repeat([f"{n:03}" for n in range(batches)], drawn["rows"])
        bad = np.concatenate([np.arange(r) < f for r, f in drawn[["rows", "failed"]].to_numpy()])
        found = quality.by_period(pd.DataFrame({"batch": names}), "batch")
        marked = validity.shares(pd.Series(np.where(bad, "x: bad", "")), found)
        return bool((marked["p"] < 0.05).any())

    return draw


def columns(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Twelve columns of the kinds that tables have, three of them saying the same."""
    normal = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "normal": normal,
            "copy": normal + rng.normal(0, 0.1, rows),
            "rounded": normal.round(1),
            "long tail": rng.lognormal(0, 2, rows),
            "many zeros": rng.poisson(0.3, rows),
            "count": rng.poisson(20, rows),
            "with gaps": np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows)),
            "yes or no": rng.random(rows) < 0.02,
            "rare words": rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rows),
            "identifier": rng.integers(0, 10**6, rows).astype(str),
        }
    )
    skewed = rng.choice(["x", "y", "z"], rows, p=[0.9, 0.09, 0.01])
    return frame.assign(skewed=skewed, constant=1)


def drift_claimed(before: int, now: int, limit: float) -> Answer:
    def draw(rng: np.random.Generator) -> bool:
        profile = quality.profile_columns(columns(rng, before))
        moved = drift.compare_profiles(profile, columns(rng, now), limit)
        return bool((moved["change"] != "").any())

    return draw


def equal(kind: str, rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Ten columns of one kind."""
    if kind == "words":
        return pd.DataFrame(rng.choice(list("abcdefghijklmnop"), (rows, 10))).add_prefix("x")
    if kind == "counts":
        return pd.DataFrame(rng.poisson(1, (rows, 10))).add_prefix("x")
    frame = pd.DataFrame(rng.normal(size=(rows, 10))).add_prefix("x")
    return frame.mask(rng.random((rows, 10)) < 0.2) if kind == "numbers with gaps" else frame


def change_named(kind: str, before: int, now: int) -> Answer:
    """Ten columns of the same distribution before and now: is one named as changed?"""

    def draw(rng: np.random.Generator) -> bool:
        profile = quality.profile_columns(equal(kind, rng, before))
        return (
            drift.changed_columns(drift.compare_profiles(profile, equal(kind, rng, now))).value > 0
        )

    return draw


def change_found(before: int, now: int, step: float, by: str) -> Answer:
    """One of ten columns moved by `step` standard deviations: is it found, by us or by others?"""

    def draw(rng: np.random.Generator) -> bool:
        old, new = (rng.normal(size=(rows, 10)) for rows in (before, now))
        new[:, 3] += step
        if by == "Kolmogorov-Smirnov":
            return bool(ks_2samp(old[:, 3], new[:, 3]).pvalue < 0.05 / 10)
        profile = quality.profile_columns(pd.DataFrame(old).add_prefix("x"))
        return bool(
            drift.compare_profiles(profile, pd.DataFrame(new).add_prefix("x"))["change"].iloc[3]
        )

    return draw


def index_held(before: np.ndarray, now: np.ndarray, rows: int) -> Answer:
    """Does the interval hold the stability index of the true shares?"""
    true = float(((now - before) * np.log(now / before)).sum())

    def draw(rng: np.random.Generator) -> bool:
        found, _ = drift.difference(rng.multinomial(rows, before), rng.multinomial(rows, now))
        return found.low <= true <= found.high

    return draw


def count_held(rows: int, supported: bool) -> Answer:
    """Six columns, the true index of two of which is twice, or just over, the limit.

    Either: does the interval of the count hold 2? Or: is "none changed" called supported, where
    two columns changed by just the limit?
    """
    step = 0.1577 if supported else 0.2235  # moved up by so much, 0.5 against 0.5: index 0.1, 0.2

    def draw(rng: np.random.Generator) -> bool:
        old = pd.DataFrame({f"c{n}": rng.random(rows) < 0.5 for n in range(6)})
        shares = [0.5 + step * (n < 2) for n in range(6)]
        new = pd.DataFrame({f"c{n}": rng.random(rows) < p for n, p in enumerate(shares)})
        found = drift.changed_columns(drift.compare_profiles(quality.profile_columns(old), new))
        if supported:
            metric = Metric(found.value, found[1:]).plain("changed")
            return judge(Criterion.parse("changed", "== 0"), metric).verdict == "supported"
        return found.low <= 2 <= found.high

    return draw


def cases() -> Iterator[Case]:
    for valid, batches, size in [
        (0.5, 12, 100),
        (0.95, 12, 300),
        (0.99, 6, 500),
        (0.999, 30, 5000),
    ]:
        told = f"share valid {valid:.1%}, {batches} batches of {size}"
        yield f"{told}: interval holds it", COVERAGE, share_held(valid, batches, size)
        yield f"{told}: yes just below", ERROR, share_supported(valid, batches, size)
    for valid, batches, spread in [(0.9, 12, 0.02), (0.95, 30, 0.01), (0.98, 12, 0.005)]:
        told = f"share valid {valid:.1%}, {batches} batches that differ ({spread})"
        yield f"{told}: interval holds it", COVERAGE, share_held(valid, batches, 1000, spread)
        yield f"{told}: yes just below", ERROR, share_supported(valid, batches, 1000, spread)
    told = "share valid 99.5%, 6 batches, most failures in one (0.02)"
    yield f"{told}: interval holds it", TOLD, share_held(0.995, 6, 1000, 0.02)
    for first, last, batches, size, spread in [
        (0.95, 0.95, 12, 300, 0.0),
        (0.99, 0.95, 12, 300, 0.0),
        (0.99, 0.90, 30, 1000, 0.0),
        (0.95, 0.95, 12, 1000, 0.01),
        (0.97, 0.93, 12, 1000, 0.01),
        (0.999, 0.999, 12, 5000, 0.0),
    ]:
        told = f"trend {first:.1%} to {last:.1%}, {batches} batches of {size}, differ {spread}"
        yield (
            f"{told}: interval holds it",
            COVERAGE,
            slope_held(first, last, batches, size, spread),
        )
    for valid, batches, size, spread in [
        (0.95, 12, 300, 0),
        (0.998, 12, 300, 0),
        (0.95, 12, 300, 0.01),
    ]:
        told = f"no bad batch of {batches}, {valid:.1%} valid, differ {spread}"
        yield f"{told}: one is marked", ERROR, batch_marked(valid, batches, size, spread)
    for before, now in [(100, 100), (1000, 1000), (5000, 300)]:
        told = f"no drift in 12 columns, {before} rows and {now}"
        yield f"{told}: by chance alone", ERROR, drift_claimed(before, now, 0.0)
        yield f"{told}: change claimed", ERROR, drift_claimed(before, now, 0.1)
    for kind in ("numbers", "numbers with gaps", "counts", "words"):
        for before, now in [(30, 60), (50, 50), (40, 1000), (1000, 40), (50, 500)]:
            told = f"10 equal columns of {kind}, {before} rows then {now}: one named"
            yield told, ERROR, change_named(kind, before, now)
    for before, now, step in [(50, 50, 1.0), (40, 1000, 0.7), (300, 300, 0.5)]:
        for by in ("us", "Kolmogorov-Smirnov"):
            told = f"1 of 10 moved by {step} sd, {before} rows then {now}: found by {by}"
            yield told, TOLD, change_found(before, now, step, by)
    even, tenth = np.full(10, 0.1), np.linspace(0.055, 0.145, 10)
    for now, rows in [(np.linspace(0.08, 0.12, 10), 1000), (tenth, 500), (tenth, 5000)]:
        true = ((now - even) * np.log(now / even)).sum()
        told = f"index {true:.3f} of ten bins, {rows} rows"
        yield f"{told}: interval holds it", COVERAGE, index_held(even, now, rows)
    yield (
        "2 of 6 columns changed: interval of the count holds it",
        AT_LEAST,
        count_held(2000, False),
    )
    yield "2 of 6 changed by the limit: 'none' supported", ERROR, count_held(2000, True)


if __name__ == "__main__":
    sys.exit(judged("quality", __doc__, [(asked(*case), 2000) for case in cases()]))
