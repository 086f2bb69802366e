"""How often a verdict is right on tables that nobody here has seen, but whose truth is known.

``python benchmarks/truth/strangers.py`` draws tables of fifty kinds: leaks, one cloud in many
shapes, groups, nulls, repeated rows, categories of many levels, rows of the same patient or of
another year. Each goes the way of a new user's: the config that ``fourfold new`` drafts, and the
cells of the template that it names, executed in this process. Asked is how often "supported" stands
where the truth is a no, whether leaks are told, and whether groups and true relations are found.
Figures are kept in ``outputs/benchmarks``. Seeds are fixed: two runs print the same.

``files.py`` beside it does the same with files, by the commands themselves.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
import yaml
from simulation import ERROR, ROOT, TOLD, Bar, judge

from fourfold.author.config_draft import drafts
from fourfold.author.survey import survey
from fourfold.records import emit

Rng = np.random.Generator
#: Wrong "supported", leaks told, and leaks told where there is none.
WRONG, LEAKS, ALARMS = (0.0, 0.02), (0.98, 1.0), (0.0, 0.02)


@dataclass(frozen=True)
class Outcome:
    """What a run concluded; `verdict` is the first line of the error where it failed."""

    verdict: str
    leaks: float
    clusters: float


def concluded(frame: pd.DataFrame, target: str = "") -> Outcome:
    """Return what the drafted config and its template conclude of a table."""
    with TemporaryDirectory() as name, chdir(name):
        root = Path(name)
        (root / "templates").symlink_to(ROOT / "templates")
        frame.to_csv("table.csv", index=False)
        for kept in (emit._METRICS, emit._CONCLUSIONS, emit._DATA, emit._ASIDE):
            kept.clear()
        try:
            with catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                simplefilter("ignore")
                _execute(root, target)
        except Exception as error:
            return Outcome(f"{type(error).__name__}: {error}".splitlines()[0], np.nan, np.nan)
        metrics, conclusion = emit.recorded()
        leaks, clusters = (
            float(metrics[name].value) if name in metrics and metrics[name].value else 0.0
            for name in ("leaks", "clusters")
        )
        return Outcome(conclusion.verdict if conclusion else "none", leaks, clusters)


def _execute(root: Path, target: str) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    from fourfold.methods.yellowbrick import shim

    shim()  # as the setup cell does, which is left out below
    for path, text in drafts("table", "", survey("table.csv", "", root, target), root, "").items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    given = config["parameters"] | config["business"]
    names: dict[str, Any] = {"display": lambda *_, **__: None, "__name__": "notebook"}
    notebook = json.loads((ROOT / "templates" / f"{config['template']}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code" and "setup" not in tags:
            exec(compile("".join(cell["source"]), "cell", "exec"), names)
            names |= given if "parameters" in tags else {}
            plt.close("all")


Maker = Callable[[Rng], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """A kind of table: how it is drawn, its target, and whether "supported" would be right."""

    kind: str
    name: str
    make: Maker
    target: str = ""
    right: bool = False
    groups: int = 0


def regression(rng: Rng, rows: int = 400) -> pd.DataFrame:
    """A price that nothing explains."""
    price = rng.lognormal(4, 0.5, rows).round(2)
    return pd.DataFrame({"noise": rng.normal(size=rows), "x": rng.random(rows), "price": price})


def classes(rng: Rng, rows: int = 400, share: float = 0.4) -> pd.DataFrame:
    """Yes or no, which nothing explains."""
    left = np.where(rng.random(rows) < share, "yes", "no")
    return pd.DataFrame({"age": rng.normal(40, 9, rows), "x": rng.random(rows), "left": left})


def of_price(give: Callable[[pd.Series, Rng], dict[str, Any]]) -> Maker:
    def make(rng: Rng) -> pd.DataFrame:
        frame = regression(rng)
        return pd.DataFrame(give(frame["price"], rng)).join(frame)

    return make


def of_class(give: Callable[[pd.Series, Rng], dict[str, Any]], share: float = 0.4) -> Maker:
    def make(rng: Rng) -> pd.DataFrame:
        frame = classes(rng, 800 if share < 0.1 else 400, share)
        return pd.DataFrame(give(frame["left"] == "yes", rng)).join(frame)

    return make


def part(price: pd.Series, rng: Rng) -> Any:
    return (price * rng.uniform(0.1, 0.9, len(price))).round(2)


def summands(price: pd.Series, rng: Rng, count: int) -> dict[str, Any]:
    parts = {f"part{n}": part(price / count, rng) for n in range(count - 1)}
    return parts | {f"part{count}": (price - sum(parts.values())).round(2)}


def leaks() -> Iterator[Table]:
    def factors(price: pd.Series, rng: Rng) -> dict[str, Any]:
        area = rng.uniform(20, 200, len(price))
        return {"area": area, "per_area": price / area}

    def ratio(price: pd.Series, rng: Rng) -> dict[str, Any]:
        pieces = rng.integers(2, 40, len(price))
        return {"total": price * pieces, "pieces": pieces}

    def difference(price: pd.Series, rng: Rng) -> dict[str, Any]:
        costs = rng.lognormal(5, 1, len(price)).round(2)
        return {"gross": (price + costs).round(2), "costs": costs}

    for name, give in {
        "cents": lambda y, rng: {"cents": (100 * y).round()},
        "logarithm": lambda y, rng: {"log": np.log(y)},
        "rank": lambda y, rng: {"rank": y.rank()},
        "reciprocal": lambda y, rng: {"per_unit": 1 / y},
        "sum of two": lambda y, rng: summands(y, rng, 2),
        "sum of three": lambda y, rng: summands(y, rng, 3),
        "difference": difference,
        "product": factors,
        "ratio": ratio,
    }.items():
        yield Table("leak", name, of_price(give), "price")
    code = {"status": lambda yes, rng: np.where(yes, "C7", "B2")}
    yield Table(
        "leak",
        "code of the classes",
        of_class(lambda y, r: {"status": code["status"](y, r)}),
        "left",
    )
    rare = of_class(lambda yes, rng: {"flag": yes.astype(int)}, 0.04)
    yield Table("leak", "flag of a rare class", rare, "left")
    counted = of_class(lambda yes, rng: {"calls": np.where(yes, rng.integers(5, 9, len(yes)), 0)})
    yield Table("leak", "count after the fact", counted, "left")


def cloud(draw: Callable[[Rng, int], Any]) -> Maker:
    def make(rng: Rng) -> pd.DataFrame:
        rows = int(rng.choice([150, 300, 600]))
        return pd.DataFrame(np.column_stack([draw(rng, rows)])).add_prefix("m").round(4)

    return make


def shapes() -> Iterator[Table]:
    def on(x: Any, y: Any) -> Any:
        return np.column_stack([x, y])

    def arc(rng: Rng, n: int, angle: float) -> Any:
        turn = rng.random(n) * angle
        return on(np.cos(turn), np.sin(turn)) + rng.normal(size=(n, 2)) * 0.12

    def line(rng: Rng, n: int) -> Any:
        u = rng.random(n)
        return np.column_stack([u, u + rng.normal(0, 0.1, n), u + rng.normal(0, 0.1, n)])

    def dose(rng: Rng, n: int) -> Any:
        t = rng.random(n)
        return on(t, 1 / (1 + np.exp(-8 * (t - 0.5))) + rng.normal(size=n) * 0.03)

    def bow(rng: Rng, n: int) -> Any:
        t = rng.normal(size=n)
        return on(t, 0.7 * t**2 + 0.4 * rng.normal(size=n))

    def funnel(rng: Rng, n: int) -> Any:
        t = rng.random(n)
        return on(t, t * rng.normal(size=n))

    def triangle(rng: Rng, n: int) -> Any:
        corner = rng.random((n, 2))
        return np.where((corner.sum(1) > 1)[:, None], 1 - corner, corner)

    def trend(rng: Rng, n: int) -> Any:
        t = np.arange(n) / n
        return np.column_stack([t, 3 * t + rng.normal(size=n) * 0.1, rng.normal(size=n)])

    for name, draw in {
        "one Gaussian": lambda rng, n: rng.normal(size=(n, int(rng.integers(2, 7)))),
        "square": lambda rng, n: rng.random((n, 2)),
        "line": line,
        "dose curve": dose,
        "ring": lambda rng, n: arc(rng, n, 2 * np.pi),
        "banana": lambda rng, n: arc(rng, n, np.pi),
        "bow": bow,
        "funnel": funnel,
        "triangle": triangle,
        "shares of three": lambda rng, n: rng.dirichlet([1] * 3, n),
        "shares of four": lambda rng, n: rng.dirichlet([1] * 4, n),
        "one skewed hump": lambda rng, n: rng.lognormal(0, 1, (n, 2)),
        "heavy tails": lambda rng, n: rng.standard_t(3, (n, 3)),
        "trend over time": trend,
    }.items():
        yield Table("one cloud", name, cloud(draw))


def groups() -> Iterator[Table]:
    for name, apart, shares, columns in [
        ("two, 8 sd, 50:50", 8, (1, 1), 2),
        ("two, 8 sd, 90:10", 8, (9, 1), 2),
        ("three, 6 sd", 6, (1, 1, 1), 2),
        ("three, 6 sd, 10:1:1", 6, (10, 1, 1), 2),
        ("two, 6 sd in 1 of 3", 6, (1, 1), 3),
        ("two, 10 sd in 1 of 5", 10, (1, 1), 5),
    ]:
        yield Table("groups", name, clouds(apart, shares, columns), "", True, len(shares))


def clouds(apart: float, shares: tuple[int, ...], columns: int) -> Maker:
    centres = np.zeros((3, columns))
    centres[1, 0], centres[2, :2] = apart, (apart / 2, apart * 0.866)

    def make(rng: Rng) -> pd.DataFrame:
        sizes = np.round(300 * np.array(shares) / sum(shares)).astype(int)
        points = centres[np.repeat(range(len(shares)), sizes)]
        return pd.DataFrame(points + rng.normal(size=points.shape)).add_prefix("m").round(4)

    return make


def nulls() -> Iterator[Table]:
    def wide(rng: Rng) -> pd.DataFrame:
        return pd.DataFrame(rng.normal(size=(120, 40))).add_prefix("g").join(classes(rng, 120))

    def claims(rng: Rng) -> pd.DataFrame:
        """Mostly nothing is paid: answering 0 is cheapest, whatever a mean says."""
        paid = rng.lognormal(4, 1, 600) * (rng.random(600) < 0.25)
        return regression(rng, 600).drop(columns="price").assign(claim=paid.round(2))

    def kinds(rng: Rng) -> pd.DataFrame:
        return regression(rng, 500).assign(price=rng.choice(list("abcdefgh"), 500))

    yield Table("null", "a price", regression, "price")
    yield Table("null", "yes or no", classes, "left")
    yield Table("null", "a rare class", lambda rng: classes(rng, 800, 0.04), "left")
    yield Table("null", "more columns than sense", wide, "left")
    yield Table("null", "claims, mostly none", claims, "claim")
    yield Table("null", "eight classes", kinds, "price")


def repeated() -> Iterator[Table]:
    def copies(rng: Rng, make: Maker) -> pd.DataFrame:
        frame = make(rng).head(150)
        return pd.concat([frame] * 4, ignore_index=True).sample(
            frac=1, random_state=rng.integers(99)
        )

    def numbered(rng: Rng) -> pd.DataFrame:
        frame = copies(rng, classes)
        return frame.assign(received=rng.random(len(frame)).round(6))

    def people(rng: Rng) -> pd.DataFrame:
        old, ill = rng.random(2000) < 0.5, rng.random(2000)
        word = np.where(ill < np.where(old, 0.75, 0.2), "yes", "no")
        return pd.DataFrame({"sex": rng.choice(["f", "m"], 2000), "old": old, "ill": word})

    yield Table("repeated rows", "each four times", lambda rng: copies(rng, regression), "price")
    yield Table("repeated rows", "with the time received", numbered, "left")
    yield Table("repeated rows", "two questions, many people", people, "ill", True)


def entities(rng: Rng, rows: int, each: int) -> tuple[Any, pd.DataFrame]:
    """Rows of the same patient, told by their measures, which say nothing of others."""
    who = np.repeat(np.arange(rows // each), each)
    build = rng.normal(size=(rows // each, 3))[who] + rng.normal(0, 0.05, (len(who), 3))
    return who, pd.DataFrame(build).add_prefix("m")


def patients(rng: Rng) -> pd.DataFrame:
    who, frame = entities(rng, 600, 10)
    ill = np.where(rng.random(60) < 0.5, "yes", "no")[who]
    return frame.assign(patient=[f"P{n:03}" for n in who], left=ill)


def countries(rng: Rng) -> pd.DataFrame:
    who, frame = entities(rng, 600, 12)
    level = rng.normal(60, 9, 50)[who] + rng.normal(size=len(who))
    return frame.assign(country=[f"land{n}" for n in who], price=level)


def reversed_(rng: Rng) -> pd.DataFrame:
    """Four years; in the last the relation is the other way round."""
    frame = classes(rng, 800).assign(day=pd.date_range("2020-01-01", periods=800, freq="44h"))
    signal = rng.normal(size=800) + 2.5 * (frame["left"] == "yes")
    return frame.assign(score=np.where(np.arange(800) < 600, signal, -signal))


def walks(rng: Rng) -> pd.DataFrame:
    """Independent random walks, which have trends in common by luck."""
    frame = pd.DataFrame(rng.normal(size=(500, 4)).cumsum(axis=0), columns=["a", "b", "c", "price"])
    return frame.assign(day=pd.date_range("2020-01-01", periods=500))


def many_levels(effect: float) -> Maker:
    def make(rng: Rng) -> pd.DataFrame:
        shop = np.repeat(np.arange(100), 8)
        sales = 50 + effect * rng.normal(size=100)[shop] + rng.normal(0, 2, 800)
        return pd.DataFrame(
            {"shop": [f"s{n:03}" for n in shop], "x": rng.random(800), "price": sales}
        )

    return make


def clean() -> Iterator[Table]:
    def price(rng: Rng) -> pd.DataFrame:
        frame = regression(rng).drop(columns="price")
        return frame.assign(
            price=20 + 9 * frame["noise"] + 20 * frame["x"] + 4 * rng.normal(size=400)
        )

    def left(rng: Rng) -> pd.DataFrame:
        frame = classes(rng)
        return frame.assign(use=rng.normal(size=400) + 2.5 * (frame["left"] == "yes"))

    def rare(rng: Rng) -> pd.DataFrame:
        frame = classes(rng, 2000, 0.06)
        return frame.assign(use=rng.normal(size=2000) + 3.5 * (frame["left"] == "yes"))

    def three(rng: Rng) -> pd.DataFrame:
        kind = rng.integers(0, 3, 450)
        frame = pd.DataFrame(rng.normal(size=(450, 3))).add_prefix("m")
        return frame.assign(m0=frame["m0"] + 2.5 * kind, kind=np.array(list("abc"))[kind])

    yield Table("true relation", "a price", price, "price", True)
    yield Table("true relation", "yes or no", left, "left", True)
    yield Table("true relation", "a rare class", rare, "left", True)
    yield Table("true relation", "three kinds", three, "kind", True)
    yield Table("many levels", "that explain", many_levels(12), "price", True)


TABLES = [
    *[*leaks(), *shapes(), *groups(), *nulls(), *repeated(), *clean()],
    Table("many levels", "that say nothing", many_levels(0), "price"),
    Table("groups of rows", "patients", patients, "left"),
    Table("groups of rows", "countries", countries, "price"),
    Table("time", "the relation turned", reversed_, "left"),
    Table("time", "random walks", walks, "price"),
]


def one(rng: Rng) -> Iterator[tuple[str, Bar, bool]]:
    """Draw one of the tables, and ask what is concluded of it."""
    table = TABLES[rng.integers(len(TABLES))]
    yes = concluded(table.make(rng), table.target)
    supported, failed = yes.verdict == "supported", ":" in yes.verdict
    yield "all tables: supported, and wrong", WRONG, supported and not table.right
    yield f"{table.kind}, {table.name}: {'found' if table.right else 'wrong'}", TOLD, supported
    yield "all tables: ends with an error", TOLD, failed
    if failed:
        yield f"error: {yes.verdict[:60]}", TOLD, True
        return
    if table.kind == "leak":
        yield "leaks: told", LEAKS, yes.leaks > 0
    elif table.target and table.right:
        yield "true relations: a leak is told", ALARMS, yes.leaks > 0
    elif table.kind == "one cloud":
        yield "one cloud: supported as clusters", ERROR, supported
    elif table.groups:
        yield (
            "groups: of those supported, another number",
            TOLD,
            (supported and yes.clusters != table.groups),
        )


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    sys.exit(judge("strangers", __doc__, [(one, 1000)]))
