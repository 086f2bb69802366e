"""How often the platform template is right where the truth is known.

``python benchmarks/honesty_platform.py`` draws scorecards around known values, asks the functions
that the template calls (its default draws, firmness and rule), and prints each share with its 95 %
interval (Wilson 1927): how often recorded intervals hold the truth, and how often one of two or
more equal platforms is declared the clear winner. What has the bar "told" is no claim of the
template. Seeds are fixed. Figures are kept in
outputs/benchmarks/honesty_platform.json. About four minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import beta, norm

from fourfold.methods.intervals import share as share_of
from fourfold.methods.platform.acceptability import Decision, draw
from fourfold.plan.template import read_template
from fourfold.records.evidence import Criterion, Metric, judge

ROOT = Path(__file__).parents[1]
DEFAULTS = {
    name: parameter.default
    for name, parameter in read_template(ROOT / "templates" / "platform.ipynb").parameters.items()
}
WEIGHTS = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
ERROR = 10.0  # standard deviation of a score, in points: plus or minus 0.8 of 5
INF = float("inf")


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


def result(case: str, hits: list[bool], bar: str) -> Result:
    share, low, high = share_of(sum(hits), len(hits))
    return Result(case, len(hits), share, low, high, bar)


def decision(points: np.ndarray, weights: np.ndarray, error: float = ERROR) -> Decision:
    names = [
        tuple(f"{kind}{n}" for n in range(size))
        for kind, size in zip("pc", points.shape, strict=True)
    ]
    return Decision(*names, weights, points, np.full(points.shape, error))


def observed(truth: Decision, rng: np.random.Generator) -> Decision:
    """A scorecard whose scores miss the true ones as far as it says."""
    return replace(
        truth, points=truth.points + truth.error * rng.standard_normal(truth.error.shape)
    )


def monte_carlo(count: int) -> Iterator[Result]:
    """Coverage of the interval of the share of wins, against closed forms."""
    for share in (0.5, 0.75, 0.9, 0.975, 0.99):
        # Two platforms, fixed weights: the difference is normal.
        sd = ERROR * np.sqrt(2 * (WEIGHTS**2).sum())
        points = np.full((2, 5), 50.0)
        points[0] += norm.ppf(share) * sd
        yield covered(
            f"win share {share:g}, drawn scores", decision(points, WEIGHTS), INF, share, count
        )
    for weight in (0.55, 0.65):
        # Two criteria, exact scores: the first platform wins where its weight is above one half.
        share = 1 - beta.cdf(
            0.5, DEFAULTS["firmness"] * weight, DEFAULTS["firmness"] * (1 - weight)
        )
        card = decision(np.array([[100.0, 0], [0, 100]]), np.array([weight, 1 - weight]), 0)
        yield covered(
            f"win share {share:.3f}, drawn weights", card, DEFAULTS["firmness"], share, count
        )


def covered(case: str, card: Decision, firmness: float, share: float, count: int) -> Result:
    hits = []
    for seed in range(count):
        _, low, high = draw(card, DEFAULTS["draws"], firmness, seed).wins(0)
        hits.append(bool(low <= share <= high))
    return result(f"interval of {case}", hits, "0.93..0.97")


def cursed(case: str, truth: np.ndarray, count: int) -> Iterator[Result]:
    """How often 95 % of the draws hold the true value and lead of whoever came first.

    The template shows these ranges and records none as an interval, because of what this finds.
    """
    value, lead = [], []
    for seed in range(count):
        card = observed(decision(truth, WEIGHTS), np.random.default_rng([seed, 7]))
        first, second = card.order[:2]
        drawn = draw(card, DEFAULTS["draws"], INF, seed)
        low, high = np.quantile(drawn.totals[:, first], [0.025, 0.975])
        value.append(bool(low <= truth[first] @ WEIGHTS <= high))
        low, high = drawn.lead(first, second)
        lead.append(bool(low <= (truth[first] - truth[second]) @ WEIGHTS <= high))
    yield result(f"range of the first one's value, {case}", value, "told")
    yield result(f"range of the first one's lead, {case}", lead, "told")


def declared(card: Decision, seed: int) -> bool:
    """Say whether the template declares a clear winner."""
    drawn = draw(card, DEFAULTS["draws"], DEFAULTS["firmness"], seed)
    share, *interval = drawn.wins(int(card.order[0]))
    wanted = Criterion.parse("win share", f">= {DEFAULTS['sure']:g}")
    return judge(wanted, Metric(share, interval).plain("win share")).verdict == "supported"


def winners(case: str, truth: np.ndarray, count: int, bar: str) -> Result:
    cards = (
        observed(decision(truth, WEIGHTS), np.random.default_rng([seed, 11]))
        for seed in range(count)
    )
    return result(case, [declared(card, seed) for seed, card in enumerate(cards)], bar)


def cases(count: int) -> Iterator[Result]:
    equal: Callable[[int], np.ndarray] = lambda n: np.full((n, 5), 50.0)  # noqa: E731
    other = np.array([[70, 50, 50, 30, 20], [50, 50, 50, 50, 80.0]])
    other[0] -= (other[0] - other[1]) @ WEIGHTS  # equal by the given weights
    yield winners("a clear winner of two equal platforms", equal(2), 2 * count, "<= 0.05")
    yield winners("a clear winner of two of equal value", other, 2 * count, "<= 0.05")
    yield winners("a clear winner of three equal platforms", equal(3), 2 * count, "<= 0.05")
    yield winners("a clear winner of five equal platforms", equal(5), 2 * count, "<= 0.05")
    ahead = equal(2) + np.array([[20.0], [0]])
    yield winners("a clear winner where one is 20 points ahead", ahead, count, "told")
    for size, told in {2: "two equal", 3: "three equal", 5: "five equal"}.items():
        yield from cursed(told, equal(size), count // 2)
    yield from monte_carlo(count)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="simulations of each case")
    options = parser.parse_args()
    found = []
    for each in cases(options.count):
        found.append(each)
        mark = "" if each.passed else "  MISSED"
        print(
            f"{each.case:52} {each.share:6.1%} ({each.low:.1%} to {each.high:.1%}) "
            f"of {each.count:,}, bar {each.bar}{mark}",
            flush=True,
        )
    target = ROOT / "outputs" / "benchmarks" / "honesty_platform.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    return 0 if all(each.passed for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
