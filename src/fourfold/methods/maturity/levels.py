"""How mature an organisation's MLOps is by the models of AWS, Microsoft and Google.

A level is reached if all its criteria, and those of the levels below, are met. What is not known
is neither yes nor no: it gives each level a worst and a best case.
"""

from __future__ import annotations

import pandas as pd

from fourfold.methods.maturity.assessment import (
    CREDIT,
    Assessment,
    Credit,
)
from fourfold.methods.maturity.practices import (
    QUARTERS,
    Framework,
)


def level(model: Framework, credit: Credit) -> int:
    """Return the highest level whose criteria, and those of all levels below, are met.

    Examples
    --------
    >>> from fourfold.methods.maturity.practices import frameworks, practices
    >>> nothing, everything = dict.fromkeys(practices(), 0.0), dict.fromkeys(practices(), 1.0)
    >>> [(level(model, nothing), level(model, everything)) for model in frameworks().values()]
    [(0, 4), (0, 4), (0, 2)]
    """
    open_ = [c.level for c in model.criteria if min(credit[name] for name in c.needs) < 1]
    return min(open_, default=model.levels[-1].level + 1) - 1


def level_table(found: Assessment) -> pd.DataFrame:
    """Return the level of each model in the worst and in the best case, one row for each.

    Returns
    -------
    DataFrame
        `at least` and `at most` (levels), `name` of the first, `top` (the highest there is),
        `criteria met` in the worst case and `criteria` in all, `manual` (what stays the work of
        people at the level).
    """
    rows = {}
    for model in found.models.values():
        least, most = level(model, found.low), level(model, found.high)
        met = sum(min(found.low[name] for name in c.needs) == 1 for c in model.criteria)
        rows[model.name] = {
            "at least": least,
            "at most": most,
            "name": model.level(least).name,
            "top": model.levels[-1].level,
            "criteria met": met,
            "criteria": len(model.criteria),
            "manual": ", ".join(model.level(least).manual) or "nothing named",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def bounds(low: float, high: float) -> dict[str, object]:
    """Return a worst and a best case as `fourfold.record` takes them.

    Examples
    --------
    >>> bounds(1, 2), bounds(3, 3)
    ({'value': 1, 'ci': (1, 2), 'exact': False}, {'value': 3, 'ci': None, 'exact': True})
    """
    return {"value": low, "ci": (low, high) if low < high else None, "exact": bool(low == high)}


def criteria(found: Assessment) -> pd.DataFrame:
    """Return each criterion of each model with its worst and best case, one row for each.

    Returns
    -------
    DataFrame
        `model`, `level`, `group` (dimension of the model, or the quarter where it has none),
        `criterion` (text), `status` (met, partly, open or unknown), `low` and `high` (share
        that is there, of the weakest practice), `open` (ids of the practices that are not
        there), `source`.
    """
    rows = []
    for model in found.models.values():
        for each in model.criteria:
            standings = [found.standings[name] for name in each.needs]
            low = min(standing.low for standing in standings)
            high = min(standing.high for standing in standings)
            rows.append(
                {
                    "model": model.name,
                    "level": each.level,
                    "group": each.dimension or QUARTERS[standings[0].practice.quarter],
                    "criterion": each.text,
                    "status": _status(low, high),
                    "low": low,
                    "high": high,
                    "open": ", ".join(s.practice.id for s in standings if s.low < 1),
                    "source": model.source(each),
                }
            )
    return pd.DataFrame(rows, index=[each.id for m in found.models.values() for each in m.criteria])


def _status(low: float, high: float) -> str:
    if low == 1:
        return "met"
    if low < high:
        return "unknown"
    return "partly" if low else "open"


def quarters(found: Assessment) -> pd.DataFrame:
    """Return the practices of each quarter of MLOps by answer, one row for each quarter.

    Returns
    -------
    DataFrame
        `done`, `partly`, `missing`, `unknown` (practices), `score` and `best case` (share of
        the quarter that is there, 0 to 1, a partial answer as half).
    """
    rows = {}
    for quarter, name in QUARTERS.items():
        mine = [s for s in found.standings.values() if s.practice.quarter == quarter]
        counts: dict[str, float] = {
            answer: sum(s.answer == answer for s in mine) for answer in CREDIT
        }
        low, high = (sum(getattr(s, end) for s in mine) / len(mine) for end in ("low", "high"))
        rows[name] = counts | {"score": low, "best case": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def gaps(found: Assessment, model: Framework) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how many criteria of each group are met at each level of a model.

    Returns
    -------
    share : DataFrame
        Dimensions of the model (quarters, where it has none) by levels: share of the criteria
        that is met in the worst case, 0 to 1; undefined where there is none.
    text : DataFrame
        The same as ``2 of 3``, with a question mark where some of the others are unknown.
    """
    all_criteria = criteria(found)
    table = all_criteria[all_criteria["model"] == model.name]
    here = set(table["group"])
    groups = [name for name in model.dimensions or QUARTERS.values() if name in here]
    numbers = sorted(table["level"].unique())
    share = pd.DataFrame(float("nan"), index=groups, columns=numbers)
    text = pd.DataFrame("", index=groups, columns=numbers)
    for (group, number), status in table.groupby(["group", "level"])["status"]:
        met, doubt = int((status == "met").sum()), (status == "unknown").any()
        share.loc[group, number] = met / len(status)
        text.loc[group, number] = f"{met} of {len(status)}" + (" ?" if doubt else "")
    return share, text
