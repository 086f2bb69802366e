"""How long does ``comparison`` take? ``python benchmarks/speed/comparison.py [--runs N]``

Executes the template on a sweep of six parameters with 2,000 runs, of which one in fifty failed:
a grid with repeats by seed, and a random search. Exit code 1 if one takes over 15 s.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from measure import ROOT, keep, timed

MOST_S = 15.0


def sweeps(runs: int) -> dict[str, pd.DataFrame]:
    """Return the parameters of both sweeps."""
    rng = np.random.default_rng(0)
    rows = list(product(range(5), range(5), range(4), range(4), range(5)))
    grid = pd.DataFrame([rows[n % len(rows)] for n in range(runs)], columns=[*"abcd", "seed"])
    grid["e"], grid["f"] = rng.choice(list("xyz"), runs), rng.choice([0.1, 0.2, 0.5, 1.0], runs)
    search = pd.DataFrame({name: rng.integers(0, 5, runs) for name in "abc"})
    search["d"], search["e"] = rng.random(runs), 10 ** rng.uniform(-4, 0, runs)
    return {"grid": grid, "search": search.assign(f=rng.choice(list("wxyz"), runs))}


def table(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a batch with these parameters."""
    rng, runs = np.random.default_rng(1), len(parameters)
    failed = rng.random(runs) < 0.02
    score = 0.3 * parameters["a"] + 0.2 * parameters["b"] * parameters["c"] + rng.normal(size=runs)
    metrics = {"metric.score": score, "metric.cost": rng.exponential(size=runs)}
    frame = parameters.add_prefix("param.").assign(**metrics, status="ok", cause="")
    frame.loc[failed, list(metrics)] = np.nan
    frame.loc[failed, ["status", "cause"]] = ["killed", "KernelDied: out of memory"]
    return frame


def main() -> int:
    """Print the seconds of both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=2000)
    asked, seconds = parser.parse_args(), {}
    with tempfile.TemporaryDirectory() as name:
        for sweep, parameters in sweeps(asked.runs).items():
            data, config = Path(name, f"{sweep}.csv"), Path(name, f"{sweep}.yaml")
            table(parameters).to_csv(data, index=False)
            values = {"data": str(data), "metric": "score", "second": "cost"}
            config.write_text(json.dumps({"template": "comparison", "parameters": values}))
            timed("-m", "fourfold", "run", str(config), "--outputs", name, cwd=ROOT)
            record = json.loads(next(Path(name).glob(f"*{sweep}/*/record.json")).read_text())
            seconds[sweep] = {"seconds": record["duration_s"], "cpu_s": record["cost"]["cpu_s"]}
            print(f"{sweep:8} {record['duration_s']:6.1f} s, {record['cost']['cpu_s']:.1f} s CPU")
    keep("comparison_speed", {"runs": asked.runs, **seconds})
    return 1 if any(each["seconds"] > MOST_S for each in seconds.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
