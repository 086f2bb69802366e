"""How often monitoring asks to train again, where it is known whether the model became worse.

``python benchmarks/truth/monitoring.py`` trains a model of late departures on a month of flights
and lets the others come in. The truth of a month: the loss on all of its rows, of the model and of
models that are trained on other days of that month. Then nothing changes: days, or rows, are drawn
at random from the whole year, so that each "train again" is a false one. ``--notebooks`` executes
the real templates besides: trained on January, other months come in.
``--draws`` says how many of these. Seeds are fixed. Figures are kept in ``outputs/benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from simulation import ROOT, Result, keep, result
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import fourfold as ff
from fourfold.data.contract import check
from fourfold.data.profile import profile_columns
from fourfold.data.sources import load
from fourfold.methods.intervals import Interval
from fourfold.methods.monitoring import decide, gain, rise
from fourfold.methods.monitoring.in_use import InUse
from fourfold.models.folder import Description, Model
from fourfold.models.signature import columns_of

WORTH, ALLOWED, MOST = 3.0, 10.0, 20_000
TARGET, GOAL = "dep_delay_min", "dep_delay_min > 15"
USED = ["sched_dep_time_hhmm", "sched_arr_time_hhmm", "carrier", "origin", "dest", "distance_mi"]
ROWS = 8000


@cache
def flights() -> pd.DataFrame:
    """Flights that meet their contract and left; with their day."""
    frame = load("flights").frame
    frame = check(frame, ROOT / "contracts" / "flights.yaml").frame.dropna(subset=[TARGET])
    frame["date"] = frame["month"] * 100 + frame["day"]
    return frame[[*USED, TARGET, "month", "date"]].reset_index(drop=True)


def trained(rows: pd.DataFrame, seed: int, by_day: bool = True) -> InUse:
    """Return a model as the template classification makes it, in use; judged by days, or rows."""
    rows = rows.sample(min(ROWS, len(rows)), random_state=seed).sort_index()
    goal = (rows[TARGET] > 15).astype(int)
    chosen = ff.columns.select(rows[USED])
    sides = ff.supervised.sides(rows, groups="date" if by_day else "")
    learn, test, goal_learn, goal_test = sides.hold_out(
        "classification", chosen.frame, goal, 0.25, seed
    )
    candidates = {"logistic": LogisticRegression(max_iter=5000)}
    pipe = ff.supervised.pipelines(candidates, chosen.frame, "classification")["logistic"]
    pipe.fit(learn, goal_learn)
    columns = columns_of(chosen.frame, chosen.kinds, chosen.origins)
    texts = ("classification", "logistic", GOAL, ("no", "yes"), 0.5, "")
    described = Description(*texts, columns, {}, [], {}, {}, [], [], [])
    chances = pipe.predict_proba(test)
    held_out = pd.DataFrame({"truth": goal_test, "chance 0": chances[:, 0]})
    held_out["chance 1"] = chances[:, 1]
    if by_day:
        held_out["group"] = rows.loc[test.index, "date"]
    return InUse(Model(Path(), described, pipe), held_out, profile_columns(chosen.frame))


def verdict(used: InUse, rows: pd.DataFrame) -> tuple[Interval, Interval, str]:
    """Return the gain, the rise and what follows, as the template finds them."""
    rows = rows.sample(min(MOST, len(rows)), random_state=0).sort_index()
    new = used.meet(rows)
    days = rows["date"].loc[new.losses.index]
    gained = gain(used, new, days)
    risen = rise(new.losses, used.losses, days, used.groups)
    retrain = decide(gained, risen, WORTH, ALLOWED, [])
    return gained, risen, "retrain" if retrain.low else "look" if retrain.high else "nothing"


@cache
def true_loss(month: int) -> float:
    """Return the loss on all rows of a month, predicted by models that have not seen their day."""
    rows = flights()[flights()["month"] == month]
    part = rows["date"] % 4
    losses = [trained(rows[part != n], n).meet(rows[part == n]).losses for n in range(4)]
    return float(pd.concat(losses).mean())


def seasons(month: int) -> list[dict[str, float | str]]:
    """Train on one month; say of all others how much worse they truly are, and what is said."""
    table, lines = flights(), []
    used = trained(table[table["month"] == month], month)
    for other in range(1, 13):
        if other == month:
            continue
        rows = table[table["month"] == other]
        loss = float(used.meet(rows).losses.mean())
        true = {
            "true rise": 100 * (loss / true_loss(month) - 1),
            "true gain": 100 * (1 - true_loss(other) / loss),
        }
        gained, risen, said = verdict(used, rows)
        ends = {"gain": gained.value, "gain low": gained.low, "gain high": gained.high}
        ends |= {"rise": risen.value, "rise low": risen.low, "rise high": risen.high}
        lines.append({"trained": month, "came in": other, **true, **ends, "said": said})
    return lines


def nothing_changes(kind: str, seed: int) -> str:
    """Draw 30 days, or as many rows, to train on and others to come in; return what is said."""
    rng, table = np.random.default_rng(seed), flights()
    if kind == "rows":
        order = rng.permutation(len(table))[:54_000]
        parts = [table.iloc[np.sort(half)] for half in np.split(order, 2)]
    else:
        days = rng.permutation(table["date"].unique())[:60]
        parts = [table[table["date"].isin(half)] for half in np.split(days, 2)]
    return verdict(trained(parts[0], seed, kind != "days, rows held out"), parts[1])[2]


WATCHED = (2, 4, 6, 7, 9)
KINDS = ("days", "rows", "days, rows held out")


def _drawn(task: tuple[str, int]) -> str:
    return nothing_changes(*task)


def results(lines: list[dict[str, float | str]], said: dict[str, list[str]]) -> Iterator[Result]:
    """Return the shares of both parts, with what they must be."""
    worse = [line for line in lines if float(line["true gain"]) > WORTH]
    fine = [line for line in lines if float(line["true gain"]) <= WORTH]
    again = "train again"
    yield result(f"{again}, of months truly not worse", _share(fine, "retrain"), "<= 0.05")
    yield result(f"{again}, of months truly worse", _share(worse, "retrain"), "told")
    much = [line for line in lines if float(line["true gain"]) > 3 * WORTH]
    yield result(f"{again}, of months much worse", _share(much, "retrain"), "told")
    yield result("nothing to do, of months truly worse", _share(worse, "nothing"), "<= 0.05")
    for kind, answers in said.items():
        hits = [each == "retrain" for each in answers]
        yield result(f"{again}, shuffled {kind}", hits, "<= 0.05")
        looks = [each == "look" for each in answers]
        yield result(f"look, shuffled {kind}", looks, "told")


def notebooks() -> None:
    """Execute classification on January and monitoring on other months; print the table."""
    table = check(load("flights").frame, ROOT / "contracts" / "flights.yaml").frame
    with TemporaryDirectory() as name:
        root = Path(name)
        (root / "params").mkdir()
        (root / "templates").mkdir()
        for template in ("classification", "monitoring"):
            shutil.copy(ROOT / "templates" / f"{template}.ipynb", root / "templates")
        for month in (1, *WATCHED):
            rows = table[table["month"] == month]
            rows[[*USED, TARGET, "day"]].to_parquet(root / f"{month}.parquet", index=False)
        train = {"data": "1.parquet", "target": TARGET, "positive": "> 15", "groups": "day"}
        train |= {"leave_out": [TARGET], "models": ["logistic"], "repeats": 1, "sample_rows": ROWS}
        watch = {"model": "run:train/default/model", "time": "day"}
        months = {"grid": {"data": [f"{month}.parquet" for month in WATCHED]}}
        configs = {
            "train": {"template": "classification", "parameters": train},
            "watch": {"template": "monitoring", "parameters": watch, "sweep": months},
        }
        for config, content in configs.items():
            (root / "params" / f"{config}.yaml").write_text(json.dumps(content))
        subprocess.run([sys.executable, "-m", "fourfold", "run", "--quiet"], cwd=root, check=True)
        shown = pd.read_csv(root / "outputs" / "results.csv").query("config == 'watch'")
        gained = [f"metric.gain by training again{end}" for end in ("", ".low", ".high")]
        print(shown[["param.data", *gained, "verdict"]].to_string(index=False))


def _share(lines: list[dict[str, float | str]], said: str) -> list[bool]:
    return [line["said"] == said for line in lines]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--draws", type=int, default=50, help="of days, and of rows, where nothing changes"
    )
    parser.add_argument("--notebooks", action="store_true", help="execute the real templates")
    options = parser.parse_args()
    if options.notebooks:
        notebooks()
    start = time.time()
    flights()
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork"), threadpool_limits, (1,)) as pool:
        lines = [line for part in pool.map(seasons, range(1, 13)) for line in part]
        said = {}
        for kind in KINDS:
            tasks = [(kind, seed) for seed in range(options.draws)]
            said[kind] = list(pool.map(_drawn, tasks, chunksize=4))
    table = pd.DataFrame(lines)
    with pd.option_context("display.width", 120, "display.max_rows", None):
        print(table.round(1).to_string(index=False))
    shares = list(results(lines, said))
    for each in shares:
        interval = f"({each.low:.1%} to {each.high:.1%}) of {each.count}"
        print(f"{each.case:50} {each.share:6.1%} {interval}{'' if each.passed else '  MISSED'}")
    print(f"{time.time() - start:.0f} s")
    keep("monitoring", {"months": lines, "shares": [asdict(each) for each in shares]})
    sys.exit(0 if all(each.passed for each in shares) else 1)
