"""What to do next: what each practice would unlock, and an order of practices by effect.

Everything is counted from the worst case: what is unknown has to be found out, or done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fourfold.errors import DataError
from fourfold.methods.intervals import Array, Interval
from fourfold.methods.intervals import share as share_of
from fourfold.methods.maturity.assessment import Assessment
from fourfold.methods.maturity.practices import QUARTERS, Credit


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


def with_needed(assessment: Assessment, names: Sequence[str]) -> list[str]:
    """Return practices that are not there, each behind those that it needs."""
    order: dict[str, None] = {}

    def add(name: str) -> None:
        if name in assessment.left and name not in order:
            for needed in assessment.standings[name].practice.after:
                add(needed)
            order[name] = None

    for name in names:
        add(name)
    return list(order)


def unlocks(assessment: Assessment) -> pd.DataFrame:
    """Return what each practice that is not there would bring, were it the next to be done.

    Returns
    -------
    DataFrame
        By practice: `quarter`, `answer`, `weeks` of its own, `needs first` (practices that are
        not there), `criteria` it would complete by itself, `levels` it would unlock by itself.
        Most levels first, then most criteria for the effort.
    """
    rows = {}
    for name, weeks in assessment.left.items():
        standing, after = assessment.standings[name], {**assessment.low, name: 1.0}
        needed = with_needed(assessment, standing.practice.after)
        rows[name] = (
            QUARTERS[standing.practice.quarter],
            standing.answer,
            weeks,
            ", ".join(needed) or "nothing",
            _met(assessment, after) - _met(assessment, assessment.low),
            ", ".join(_gained(assessment, assessment.low, after)),
        )
    columns = ["quarter", "answer", "weeks", "needs first", "criteria", "levels"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    gained = table["levels"].map(lambda levels: len(levels.split(", ")) if levels else 0)
    return table.iloc[np.lexsort((-(table["criteria"] / table["weeks"]), -gained))]


def questions(assessment: Assessment) -> pd.DataFrame:
    """Return what hangs on each practice of which nobody knows, or for which evidence is missing.

    Returns
    -------
    DataFrame
        By practice: `quarter`, `criteria` that ask for it, `levels at stake` (levels of the best
        case that fall if it is not there). Most levels first, then most criteria.
    """
    asked = [name for m in assessment.models.values() for c in m.criteria for name in c.needs]
    rows = {
        name: (
            QUARTERS[standing.practice.quarter],
            asked.count(name),
            len(_gained(assessment, {**assessment.high, name: 0.0}, assessment.high)),
        )
        for name, standing in assessment.standings.items()
        if standing.low < standing.high
    }
    columns = ["quarter", "criteria", "levels at stake"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.sort_values(["levels at stake", "criteria"], ascending=False, kind="stable")


def _met(assessment: Assessment, credit: Credit) -> int:
    return sum(c.share(credit) == 1 for m in assessment.models.values() for c in m.criteria)


def _gained(assessment: Assessment, before: Credit, after: Credit) -> list[str]:
    """Return the levels that are reached after and not before."""
    return [
        f"{model.name} {number}"
        for model in assessment.models.values()
        for number in range(model.reached(before) + 1, model.reached(after) + 1)
    ]


def open_levels(assessment: Assessment, credit: Credit) -> list[list[str]]:
    """Return for each level that is not reached the practices that it needs and are not there."""
    return [
        [n for c in m.criteria if c.level <= level.level for n in c.needs if credit[n] < 1]
        for m in assessment.models.values()
        for level in m.levels
        if level.level > m.reached(credit)
    ]


def plan_steps(assessment: Assessment) -> list[Step]:
    """Return the practices that are not there, in an order that reaches levels early.

    Repeatedly, of all levels not yet reached, the one is taken whose open practices, with those
    that they need, unlock most levels for their person-weeks. A greedy rule: good, not proven
    best. It ends when every model is at its top.
    """
    left, credit, steps, until = assessment.left, dict(assessment.low), list[Step](), 0.0

    def price(names: Sequence[str]) -> tuple[float, float]:
        """Return the person-weeks for each level that the practices unlock, and for all."""
        weeks = sum(left[name] for name in names)
        gained = _gained(assessment, credit, {**credit, **dict.fromkeys(names, 1.0)})
        return weeks / len(gained), weeks

    while goals := open_levels(assessment, credit):
        ways = [[n for n in with_needed(assessment, goal) if credit[n] < 1] for goal in goals]
        # Of ways at one price, the last.
        for name in min(reversed(ways), key=price):
            before, credit = credit, {**credit, name: 1.0}
            until += left[name]
            gained = ", ".join(_gained(assessment, before, credit))
            steps.append(Step(name, left[name], until, gained))
    return steps


def waits(assessment: Assessment, orders: Sequence[Sequence[str]]) -> Array:
    """Return after how many person-weeks each open level is reached in each order.

    Parameters
    ----------
    assessment : Assessment
    orders : sequence of sequence of str
        All practices that are not there, in the orders in which they are done.

    Returns
    -------
    array of shape (orders, open levels)
        Levels by model, then by number; person-weeks.
    """
    goals, left = open_levels(assessment, assessment.low), assessment.left
    rows = []
    for order in orders:
        until = dict(zip(order, np.cumsum([left[name] for name in order]), strict=True))
        rows.append([max(until[name] for name in goal) for goal in goals])
    return np.array(rows)


def cheapest_first(assessment: Assessment) -> list[str]:
    """Return the practices that are not there by person-weeks, each behind what it needs."""
    return with_needed(assessment, sorted(assessment.left, key=assessment.left.__getitem__))


def random_order(assessment: Assessment, rng: np.random.Generator) -> list[str]:
    """Return the practices that are not there in a random order, each behind what it needs."""
    return with_needed(assessment, rng.permutation(list(assessment.left)).tolist())


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

    waits: Mapping[str, Array]
    random: Array

    @property
    def wait(self) -> float:
        """Return the mean wait of the roadmap for a level, in person-weeks."""
        return float(self.waits["roadmap"].mean())

    @property
    def share(self) -> Interval:
        """Return the share of random orders that wait longer; one as long counts half."""
        equal = np.isclose(self.random, self.wait, rtol=0, atol=1e-9)
        longer = np.where(equal, 0.5, self.random > self.wait)
        return share_of(float(longer.sum()), len(longer))


def compare_orders(
    assessment: Assessment, steps: Sequence[Step], orders: int, seed: int = 0
) -> Comparison:
    """Compare a roadmap with cheapest first and with random orders.

    Parameters
    ----------
    assessment : Assessment
    steps : sequence of Step
        As `plan_steps` returns them.
    orders : int
        Random orders, each of which keeps what has to come first.
    seed : int
        Of the random orders.

    Raises
    ------
    DataError
        If every level is reached: then there is nothing to wait for.
    """
    if not open_levels(assessment, assessment.low):
        raise DataError("compare: expected a level that is not reached, got none")
    rng = np.random.default_rng(seed)
    drawn = waits(assessment, [random_order(assessment, rng) for _ in range(orders)])
    planned = [step.practice for step in steps], cheapest_first(assessment)
    named = zip(("roadmap", "cheapest first"), waits(assessment, planned), strict=True)
    return Comparison({**dict(named), "a random order": drawn[0]}, drawn.mean(axis=1))
