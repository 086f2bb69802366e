"""Which of several alternatives is best by weighted criteria, and how firmly that stands.

Values are weighted sums of scores. Weights and scores are judgements, so both are drawn many times
around what is given: stochastic multicriteria acceptability analysis (Lahdelma & Salminen 2001,
"SMAA-2", Operations Research 49(3), p. 444), with Dirichlet weights and normal scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd

from fourfold.methods.intervals import Array, Interval
from fourfold.methods.intervals import share as share_of
from fourfold.methods.platform.scorecard import Decision


@dataclass(frozen=True)
class Draws:
    """Values of the platforms under drawn weights and scores.

    Attributes
    ----------
    totals : array of shape (draws, platforms)
        Points, 0 to 100; a drawn score may lie outside the ends of its scale.
    """

    totals: Array

    @property
    def acceptability(self) -> Array:
        """Return the share of draws in which each platform has each rank, (platforms, ranks).

        Platforms that tie share the ranks that they take together.
        """
        # Rounded: sums of the same numbers in another order are a tie.
        values = np.round(self.totals, 9)
        count = values.shape[1]
        better = (values[:, None, :] > values[:, :, None]).sum(axis=2)
        tied = (values[:, None, :] == values[:, :, None]).sum(axis=2)
        ranks = np.arange(count)
        here = (better[..., None] <= ranks) & (ranks < (better + tied)[..., None])
        return np.asarray((here / tied[..., None]).mean(axis=0))

    def wins(self, platform: int) -> Interval:
        """Return the share of draws that a platform wins, and its 95 % Monte-Carlo interval."""
        count = len(self.totals)
        return share_of(float(self.acceptability[platform, 0]) * count, count)

    def lead(self, platform: int, rival: int) -> tuple[float, float]:
        """Return the range of 95 % of the draws of one value less another, in points."""
        low, high = np.quantile(self.totals[:, platform] - self.totals[:, rival], [0.025, 0.975])
        return float(low), float(high)

    def without(self, platform: int) -> Draws:
        """Return the draws of the other platforms."""
        return Draws(np.delete(self.totals, platform, axis=1))


def draw(decision: Decision, draws: int, firmness: float, seed: int = 0) -> Draws:
    """Return values under weights and scores drawn around the given ones.

    Parameters
    ----------
    decision : Decision
    draws : int
        How many.
    firmness : float
        Sum of the parameters of the Dirichlet distribution: a weight w has the standard deviation
        sqrt(w (1 - w) / (firmness + 1)). Infinite: the weights stand.
    seed : int
        Of the draws.

    Examples
    --------
    >>> decision = Decision(("a", "b"), ("x",), np.ones(1), np.array([[60.0], [50.0]]),
    ...                     np.zeros((2, 1)))
    >>> draw(decision, 1000, 50).wins(0)[0]
    1.0
    """
    rng = np.random.default_rng(seed)
    weights = np.broadcast_to(decision.weights, (draws, len(decision.criteria)))
    if isfinite(firmness):
        # Gamma variates with a common scale, over their sum: a weight of 0 stays 0.
        weights = rng.standard_gamma(firmness * decision.weights, weights.shape)
        weights = weights / weights.sum(axis=1, keepdims=True)
    values = np.empty((draws, len(decision.platforms)))
    for place, (points, error) in enumerate(zip(decision.points, decision.error, strict=True)):
        # Not cut at the ends of the scale: that would pull down who stands at the top.
        drawn = points + error * rng.standard_normal(weights.shape)
        values[:, place] = np.einsum("ij,ij->i", weights, drawn)
    return Draws(values)


def tipping(decision: Decision) -> pd.DataFrame:
    """Return for each criterion the nearest weight at which another platform would win.

    All other weights keep their proportions. A value is linear in one weight t: t s + (1 - t) r,
    with the score s in the criterion and the weighted mean r of the others, so that each rival
    draws level at one t. A rival that is level already needs no change.

    Returns
    -------
    DataFrame
        By criterion: `weight`, `tips at` (share, 0 to 1; undefined where no weight does it),
        `change` (`tips at` less `weight`) and `winner then`. The smallest change first.
    """
    winner = decision.order[0]
    rows = {}
    for place, name in enumerate(decision.criteria):
        weight = decision.weights[place]
        points = decision.points - decision.points[winner]
        with np.errstate(divide="ignore", invalid="ignore"):
            others = (points @ decision.weights - weight * points[:, place]) / (1 - weight)
            tips = others / (others - points[:, place])
            # Overtaken only if the rival is ahead at the far end, where one weight is all or none.
            ahead = np.where(tips > weight, points[:, place], others) > 1e-9
        tips = np.where((tips >= 0) & (tips <= 1) & ahead, tips, np.nan)
        # Who is level with the winner already shares the first place at this weight.
        level = np.abs(points @ decision.weights) < 1e-9
        tips = np.where(level & (np.arange(len(tips)) != winner), weight, tips)
        change = tips - weight
        known = not np.isnan(change).all()
        rival = int(np.nanargmin(np.abs(change))) if known else winner
        rows[name] = {
            "weight": weight,
            "tips at": tips[rival],
            "change": change[rival],
            "winner then": decision.platforms[rival] if known else "nobody else",
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.sort_values("change", key=abs, kind="stable")


def doubts(decision: Decision, platform: int, rival: int) -> pd.DataFrame:
    """Return how much each score adds to the uncertainty of the lead of one platform over another.

    Parameters
    ----------
    decision : Decision
    platform, rival : int
        Positions of the two in `decision.platforms`.

    Returns
    -------
    DataFrame
        By platform: `criterion`, and `share`, 0 to 1, of the variance of the lead that comes from
        the score (0 where no score is uncertain). The largest first.
    """
    variance = decision.table((decision.weights * decision.error) ** 2).iloc[[platform, rival]]
    shares = pd.Series((variance / (variance.to_numpy().sum() or 1.0)).stack(), name="share")  # noqa: PD013
    table = shares.rename_axis(["platform", "criterion"]).reset_index("criterion")
    return table.sort_values("share", ascending=False, kind="stable")


def dominated(decision: Decision) -> Mapping[str, str]:
    """Return each platform that another one matches in all criteria and beats in one."""
    better = {}
    for mine, name in zip(decision.points, decision.platforms, strict=True):
        by = (decision.points >= mine).all(axis=1) & (decision.points > mine).any(axis=1)
        if by.any():
            better[name] = decision.platforms[int(np.argmax(by))]
    return better
