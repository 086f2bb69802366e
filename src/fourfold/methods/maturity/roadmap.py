"""What to do next: what each practice would unlock, and an order of practices by effect.

Everything is counted from the worst case: what is unknown has to be found out, or done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.methods.intervals import share as share_of
from fourfold.methods.maturity.assessment import Assessment
from fourfold.methods.maturity.levels import level
from fourfold.methods.maturity.practices import QUARTERS, Framework

Goal = tuple[Framework, int]


@dataclass(frozen=True)
class Step:
    """One practice on the road.

    Attributes
    ----------
    weeks, until : float
        Person-weeks of this step, and of all steps up to it.
    unlocks : str
        Levels that it completes, such as ``Google 1``.
    """

    practice: str
    weeks: float
    until: float
    unlocks: str


def remaining(found: Assessment) -> dict[str, float]:
    """Return the person-weeks left for each practice that is not there, in the worst case."""
    return {
        name: standing.practice.effort * (1 - standing.low)
        for name, standing in found.standings.items()
        if standing.low < 1
    }


def with_needed(found: Assessment, names: Sequence[str]) -> list[str]:
    """Return practices that are not there, each behind those that it needs."""
    return _with_needed(found, remaining(found), names)


def _with_needed(found: Assessment, left: Mapping[str, float], names: Sequence[str]) -> list[str]:
    order: dict[str, None] = {}

    def add(name: str) -> None:
        if name in left and name not in order:
            for needed in found.standings[name].practice.after:
                add(needed)
            order[name] = None

    for name in names:
        add(name)
    return list(order)


def unlocks(found: Assessment) -> pd.DataFrame:
    """Return what each practice that is not there would bring, were it the next to be done.

    Returns
    -------
    DataFrame
        By practice: `quarter`, `answer`, `weeks` of its own, `needs first` (practices that are
        not there), `criteria` it would complete by itself, `levels` it would unlock by itself.
        Most levels first, then most criteria for the effort.
    """
    rows = {}
    for name, weeks in remaining(found).items():
        standing, after = found.standings[name], {**found.low, name: 1.0}
        rows[name] = {
            "quarter": QUARTERS[standing.practice.quarter],
            "answer": standing.answer,
            "weeks": weeks,
            "needs first": ", ".join(with_needed(found, standing.practice.after)) or "nothing",
            "criteria": _met(found, after) - _met(found, found.low),
            "levels": ", ".join(_levels_between(found, found.low, after)),
        }
    columns = ["quarter", "answer", "weeks", "needs first", "criteria", "levels"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    gained = table["levels"].str.count(",") + (table["levels"] != "") if rows else table["levels"]
    return table.iloc[np.lexsort((-(table["criteria"] / table["weeks"]), -gained))]


def questions(found: Assessment) -> pd.DataFrame:
    """Return what hangs on each practice of which nobody knows, or for which evidence is missing.

    Returns
    -------
    DataFrame
        By practice: `quarter`, `criteria` that ask for it, `levels at stake` (levels of the best
        case that fall if it is not there). Most levels first, then most criteria.
    """
    rows = {}
    for name, standing in found.standings.items():
        if standing.low < standing.high:
            without = {**found.high, name: 0.0}
            rows[name] = {
                "quarter": QUARTERS[standing.practice.quarter],
                "criteria": sum(name in c.needs for m in found.models.values() for c in m.criteria),
                "levels at stake": len(_levels_between(found, without, found.high)),
            }
    columns = ["quarter", "criteria", "levels at stake"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.sort_values(["levels at stake", "criteria"], ascending=False, kind="stable")


def _met(found: Assessment, credit: Mapping[str, float]) -> int:
    each = [c for model in found.models.values() for c in model.criteria]
    return sum(min(credit[name] for name in criterion.needs) == 1 for criterion in each)


def _levels_between(
    found: Assessment, before: Mapping[str, float], after: Mapping[str, float]
) -> list[str]:
    return [
        f"{model.name} {number}"
        for model in found.models.values()
        for number in range(level(model, before) + 1, level(model, after) + 1)
    ]


def _goals(found: Assessment, credit: Mapping[str, float]) -> list[Goal]:
    """Return the levels that are not reached."""
    models = found.models.values()
    return [(m, n.level) for m in models for n in m.levels if n.level > level(m, credit)]


def _needed(goal: Goal) -> list[str]:
    model, number = goal
    return [name for c in model.criteria if c.level <= number for name in c.needs]


def plan_steps(found: Assessment) -> list[Step]:
    """Return the practices that are not there, in an order that reaches levels early.

    Repeatedly, of all levels not yet reached, the one is taken whose open practices, with those
    that they need, unlock most levels for their person-weeks. A greedy rule: good, not proven
    best. It ends when every model is at its top.
    """
    credit, steps, until = dict(found.low), list[Step](), 0.0
    left = remaining(found)
    while goals := _goals(found, credit):
        prices = {
            _price(found, names, credit): names
            for names in (_open(found, goal, credit) for goal in goals)
        }
        for name in prices[min(prices)]:
            before, credit = credit, {**credit, name: 1.0}
            until += left[name]
            gained = ", ".join(_levels_between(found, before, credit))
            steps.append(Step(name, left[name], until, gained))
    return steps


def _open(found: Assessment, goal: Goal, credit: Mapping[str, float]) -> list[str]:
    return [name for name in with_needed(found, _needed(goal)) if credit[name] < 1]


def _price(
    found: Assessment, names: Sequence[str], credit: Mapping[str, float]
) -> tuple[float, float]:
    """Return the person-weeks for each level that the practices unlock, and for all."""
    weeks = sum(remaining(found)[name] for name in names)
    gained = _levels_between(found, credit, {**credit, **dict.fromkeys(names, 1.0)})
    return weeks / len(gained), weeks


def waits(found: Assessment, order: Sequence[str]) -> NDArray[np.float64]:
    """Return after how many person-weeks each open level is reached.

    Parameters
    ----------
    order : sequence of str
        All practices that are not there, in the order in which they are done.

    Returns
    -------
    array of shape (open levels,)
        By model, then by level; person-weeks.
    """
    return _waits(remaining(found), _open_needs(found), order)


def _open_needs(found: Assessment) -> list[list[str]]:
    """Return for each level that is not reached the practices that are not there."""
    left = remaining(found)
    return [[n for n in _needed(goal) if n in left] for goal in _goals(found, found.low)]


def _waits(
    left: Mapping[str, float], needs: Sequence[Sequence[str]], order: Sequence[str]
) -> NDArray[np.float64]:
    until = dict(zip(order, np.cumsum([left[name] for name in order]), strict=True))
    return np.array([max(until[name] for name in names) for names in needs])


def cheapest_first(found: Assessment) -> list[str]:
    """Return the practices that are not there by person-weeks, each behind what it needs."""
    left = remaining(found)
    return with_needed(found, sorted(left, key=lambda name: left[name]))


def random_order(found: Assessment, rng: np.random.Generator) -> list[str]:
    """Return the practices that are not there in a random order, each behind what it needs."""
    left = remaining(found)
    return _with_needed(found, left, rng.permutation(list(left)).tolist())


@dataclass(frozen=True)
class Comparison:
    """How long a roadmap waits for its levels, and how long other orders do.

    Attributes
    ----------
    waits : mapping of str to array of shape (open levels,)
        Person-weeks until each level: of the roadmap, cheapest first, and of the first of the
        random orders.
    random : array of shape (orders,)
        Mean wait of each random order.
    """

    waits: Mapping[str, NDArray[np.float64]]
    random: NDArray[np.float64]

    @property
    def wait(self) -> float:
        """Return the mean wait of the roadmap for a level, in person-weeks."""
        return float(self.waits["roadmap"].mean())

    @property
    def share(self) -> float:
        """Return the share of random orders that wait longer; one as long counts half."""
        equal = np.isclose(self.random, self.wait, rtol=0, atol=1e-9)
        return float(np.mean(np.where(equal, 0.5, self.random > self.wait)))

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the share, by Wilson."""
        return share_of(self.share * len(self.random), len(self.random))[1:]


def compare_orders(
    found: Assessment, steps: Sequence[Step], orders: int, seed: int = 0
) -> Comparison:
    """Compare a roadmap with cheapest first and with random orders.

    Parameters
    ----------
    steps : sequence of Step
        As `plan_steps` returns them.
    orders : int
        Random orders, each of which keeps what has to come first.

    Raises
    ------
    ValueError
        If every level is reached: then there is nothing to wait for.
    """
    if not _goals(found, found.low):
        raise ValueError("compare: expected a level that is not reached, got none")
    rng = np.random.default_rng(seed)
    left, needs = remaining(found), _open_needs(found)
    drawn = [_waits(left, needs, random_order(found, rng)) for _ in range(orders)]
    named = {
        "roadmap": waits(found, [step.practice for step in steps]),
        "cheapest first": waits(found, cheapest_first(found)),
        "a random order": drawn[0],
    }
    return Comparison(named, np.array([wait.mean() for wait in drawn]))
