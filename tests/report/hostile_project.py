"""A project whose tables, scorecards and configs hold text that wants to be code in every name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RUN = "document.documentElement.dataset.ran='yes'"
#: Begins what a page must show letter by letter; what follows is code in HTML, Markdown or TeX.
MARK = "Qz"
ENDS = {
    "html": f"<img src=x onerror={RUN}>",
    "code": "`a|b` ``c`` ~~d~~",
    "tex": "$e_1$ and $f^2$",
    "stars": "*g* __h__ [i](javascript:0) <b>j</b>",
    "entity": "&lt;k&gt; &amp; \\l \\* {{ m }}",
}


def name(kind: str, number: int = 0) -> str:
    """A name that is code of some kind; of each number another one."""
    return f"{MARK}{number}{ENDS[kind]}"


def table(rows: int = 160) -> pd.DataFrame:
    """Measures that depend on each other, classes, places and dates, under such names."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=rows)
    frame = pd.DataFrame({name(kind): base + rng.normal(size=rows) for kind in ENDS})
    frame[name("html", 1)] = np.where(base + rng.normal(0, 0.5, rows) > 0, *(name(k, 2) for k in ("html", "code")))  # fmt: skip
    frame[name("code", 3)] = rng.choice([name(kind, 4) for kind in ENDS], rows)
    frame[name("tex", 5)] = 10 + 3 * base + rng.normal(size=rows)
    frame[name("stars", 6)] = [f"{name('html', 7)}{n}" for n in range(rows)]
    frame["across"], frame["up"] = rng.uniform(0, 90, (2, rows))
    frame["day"] = pd.date_range("2025-01-01", periods=rows).strftime("%Y-%m-%d")
    return frame


SUPERVISED = {"trials": 2, "seconds": 20, "folds": 3, "repeats": 1}
CONFIGS = {
    "starter": {"target": name("tex", 5), "folds": 3, "repeats": 1},
    "classification": {"target": name("html", 1), "positive": name("html", 2), "models": ["logistic"], "currency": ENDS["html"], **SUPERVISED},
    "regression": {"target": name("tex", 5), "models": ["ridge"], "unit": name("tex", 8), "currency": name("html", 8), **SUPERVISED},
    "clustering": {"contract": "", "features": [name(kind) for kind in ENDS], "label": name("code", 3), "k": 3, "references": 10, "resamples": 10},
    "quality": {"contract": "", "time": "day", "zone": "UTC", "as_of": "", "leave_out": []},
    "routes": {"layout": "plane", "name": name("stars", 6), "across": "across", "up": "up", "most": 30, "unit": name("code", 8), "steps": 2000, "kicks": 20, "starts": 10},
    "comparison": {"data": "sweep.csv", "metric": name("html", 9), "second": name("code", 9), "settings": [name("tex"), name("stars")], "metrics": [name("html", 9), name("code", 9)], "repeats": ["seed"], "draws": 199},
    "gambling": {"outcome": name("code", 3), "pays": {name(kind, 4): 3.0 if kind == "html" else -0.9 for kind in ENDS}, "players": 100, "rounds": 20, "half_width": 0.5},
    "platform": {"data": None, "scorecard": "card.yaml", "draws": 1000},
    "maturity": {"data": "mlops_criteria", "answers": "answers.yaml", "orders": 100, "contract": ""},
    "monitoring": {"model": "run:classification/default/model"},
    "promotion": {"candidate": "run:classification/default/model", "name": "hostile", "data": ""},
}  # fmt: skip


def _card() -> dict[str, Any]:
    criteria = {
        name(kind, 1): {"weight": 20, "meaning": name(kind, 2)} for kind in ("html", "code", "tex")
    }
    criteria[name("stars", 1)] = {"weight": 40, "worst": 100, "best": 1, "unit": name("html", 3), "meaning": name("entity", 2)}  # fmt: skip
    scores = [
        {"platform": name(platform, 4), "criterion": criterion, "score": 1 + (3 * n + 7 * m) % 5, "plus_minus": 0.5, "basis": "judgement", "source": name(platform, 6)}
        for n, platform in enumerate(("html", "code", "tex"))
        for m, criterion in enumerate(criteria)
    ]  # fmt: skip
    return {"about": name("html", 7), "criteria": criteria, "scores": scores}


def _answers() -> dict[str, Any]:
    answers = [
        {"practice": practice, "answer": answer, "evidence": name(kind, 3)}
        for practice, answer, kind in (
            ("business-question", "done", "html"), ("shared-work", "partly", "code"),
            ("release-owner", "missing", "tex"), ("approval", "done", "stars"),
        )
    ]  # fmt: skip
    return {"organisation": name("html", 1), "about": name("code", 2), "answers": answers}


def write(root: Path) -> None:
    """Write tables, scorecard, answers and a config for each template."""
    (root / "params").mkdir(parents=True)
    (root / "templates").mkdir()
    table().to_csv(root / f"{MARK}.csv", index=False)
    (root / "card.yaml").write_text(json.dumps(_card()))
    (root / "answers.yaml").write_text(json.dumps(_answers()))
    rng = np.random.default_rng(1)
    runs = [(a, b, seed) for a in (1, 2, 3) for b in (name("html", 4), name("stars", 4)) for seed in (0, 1, 2)]  # fmt: skip
    sweep = pd.DataFrame(runs, columns=[name("tex"), name("stars"), "seed"])
    sweep[name("html", 9)] = sweep[name("tex")] + rng.normal(0, 0.1, len(sweep))
    sweep[name("code", 9)] = rng.normal(size=len(sweep))
    sweep.to_csv(root / "sweep.csv", index=False)
    (root / "models").mkdir()
    (root / "models" / "hostile.yaml").write_text("about: who\n")
    for template, own in CONFIGS.items():
        business = {"question": f"{name('html', 5)} or {name('tex', 5)}?", "decision": name("code", 5), "success": {}}  # fmt: skip
        parameters = {"data": f"{MARK}.csv", **own}
        content = {"template": template, "business": business, "parameters": parameters}
        (root / "params" / f"{template}.yaml").write_text(json.dumps(content))
