"""How often the maturity template is right where the truth is known.

``python benchmarks/truth/maturity.py`` draws organisations whose practices are known, hides
some answers, and asks the functions that the template calls. The interval of a level runs from the
worst to the best case: it promises more than 95 %, must always hold the level, and so no criterion
may ever be supported or refuted wrongly. The share of random orders that the roadmap beats has a
95 % interval, which is compared with the share counted over all orders. Shares come with their
95 % interval (Wilson 1927); seeds are fixed; figures are kept in
outputs/benchmarks/truth_maturity.json.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import permutations

import numpy as np
from simulation import ROOT, Result, report, result

from fourfold.methods.maturity import levels as maturity
from fourfold.methods.maturity import roadmap
from fourfold.methods.maturity.assessment import Answers, Assessment, Reply, assess
from fourfold.methods.maturity.practices import frameworks, practices
from fourfold.plan.template import read_template
from fourfold.records.evidence import Criterion, Metric, judge

TEMPLATE = read_template(ROOT / "templates" / "maturity.ipynb")
ORDERS = TEMPLATE.parameters["orders"].default
OPEN = 6  # practices that are not there: 720 orders can all be counted


def assessed(states: dict[str, str]) -> Assessment:
    replies = tuple(Reply(name, answer) for name, answer in states.items())  # type: ignore[arg-type]
    return assess(Answers("drawn", replies), ROOT)


def organisation(rng: np.random.Generator) -> dict[str, str]:
    """Practices of a drawn organisation: those of low levels are there more often."""
    reach = rng.uniform(0.5, 1)
    answers = rng.choice(
        ["done", "partly", "missing"], len(practices()), p=[reach, *[(1 - reach) / 2] * 2]
    )
    return dict(zip(practices(), answers.tolist(), strict=True))


def levels(count: int) -> Iterator[Result]:
    """Coverage of the interval of a level, and wrong verdicts on it."""
    for hidden in (0.1, 0.5):
        held, wrong, judged = [], [], []
        for seed in range(count):
            rng = np.random.default_rng([seed, 5])
            truth = organisation(rng)
            told = {n: "unknown" if rng.random() < hidden else a for n, a in truth.items()}
            full, partial = assessed(truth), assessed(told)
            for model in frameworks().values():
                level = model.reached(full.low)
                case = maturity.bounds(*(model.reached(c) for c in (partial.low, partial.high)))
                metric = Metric(case["value"], case["ci"], exact=case["exact"]).plain("level")
                held.append(model.reached(partial.low) <= level <= model.reached(partial.high))
                for bound in range(1, len(model.levels)):
                    verdict = judge(Criterion.parse("level", f">= {bound}"), metric).verdict
                    judged.append(verdict != "inconclusive")
                    wrong.append(
                        (verdict == "supported" and level < bound)
                        or (verdict == "refuted" and level >= bound)
                    )
        told_hidden = f"{hidden:.0%} of the answers hidden"
        yield result(f"level within worst and best case, {told_hidden}", held, "== 1")
        yield result(f"wrong verdict on a level, {told_hidden}", wrong, "== 0")
        yield result(f"verdict other than inconclusive, {told_hidden}", judged, ">= 0")


def orders(count: int) -> Iterator[Result]:
    """Coverage of the interval of the share of random orders that the roadmap beats."""
    for seed in range(3):
        rng = np.random.default_rng([seed, 9])
        free = [name for name, practice in practices().items() if not practice.after]
        gone = rng.choice(free, OPEN, replace=False).tolist()
        found = assessed({name: "missing" if name in gone else "done" for name in practices()})
        steps = roadmap.plan_steps(found)
        # A road of medium quality: that of the plan beats nearly all, which tells little.
        middling = [steps[place] for place in rng.permutation(len(steps))]
        waits = roadmap.waits(found, list(permutations(gone))).mean(axis=1)
        mine = roadmap.waits(found, [[step.practice for step in middling]]).mean()
        equal = np.isclose(waits, mine, rtol=0, atol=1e-9)
        truth = float(np.mean(np.where(equal, 0.5, waits > mine)))
        hits = []
        for draw in range(count):
            _, low, high = roadmap.compare_orders(found, middling, ORDERS, draw).share
            hits.append(low <= truth <= high)
        yield result(f"interval of the share of orders beaten, {truth:.3f}", hits, "0.93..0.97")


def cases(count: int) -> Iterator[Result]:
    yield from levels(count)
    yield from orders(count)


if __name__ == "__main__":
    sys.exit(report("maturity", __doc__, cases, 1000))
