"""Does what grows take time that grows no faster? ``python benchmarks/speed/linear.py``

Seconds of the processor, best of three, for what a run or a regression test does once for each
value: texts of 20,000 lines and a line of 60,000 signs compared (difflib took minutes), a million
numbers described, the points of 337,000 flights described.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from measure import keep

from fourfold.records.figures.facts import facts
from fourfold.records.figures.series import series
from fourfold.regress.compare.text import compare

BARS = {"texts": 1.0, "numbers": 0.1, "points": 0.05}


def texts() -> dict[str, tuple[str, str]]:
    """Return pairs of long texts that differ in few places, or in each of 3,000 values."""
    text = "\n".join(f"iteration {i}: loss {1 / (i + 1):.5f}" for i in range(20_000))
    first, second = (json.dumps({f"s{i}": i * k for i in range(3000)}) for k in (1, 2))
    return {
        "a line added": (text, text + "\niteration 20000: loss 0.1"),
        "a line changed": (text, text.replace("iteration 77:", "iteration 78:")),
        "a line divided": (text, text.replace("iteration 77:", "iteration 77\n:")),
        "one line": (first, second),
    }


def cpu_s(step: Callable[[], object]) -> float:
    """Return the least seconds of the processor of three calls."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        step()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> int:
    """Print the seconds of each; return 1 if one is over its bar."""
    mpl.use("agg")
    import matplotlib.pyplot as plt

    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 337_000))
    figure, ax = plt.subplots()
    ax.scatter(x, y, c=np.where(x > 0, "C0", "C1"))
    million = draw.normal(size=1_000_000)
    figures = {
        f"texts, {name}": cpu_s(lambda pair=pair: compare(*pair)) for name, pair in texts().items()
    }
    figures["numbers, a million"] = cpu_s(lambda: series(million))
    figures["points, 337,000"] = cpu_s(lambda: facts(figure))
    for name, seconds in figures.items():
        bar = BARS[name.partition(",")[0]]
        print(f"{name:24s} {seconds:6.3f} s, bar {bar:g} s")
    keep("linear", {name: round(seconds, 3) for name, seconds in figures.items()})
    return int(any(seconds > BARS[name.partition(",")[0]] for name, seconds in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
