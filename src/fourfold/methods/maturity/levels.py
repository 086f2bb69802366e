"""How mature an organisation's MLOps is by the models of AWS, Microsoft and Google.

A level is reached if all its criteria, and those of the levels below, are met. What is not known
is neither yes nor no: it gives each level a worst and a best case.
"""

import pandas as pd

from fourfold.methods.maturity.assessment import CREDIT, Assessment
from fourfold.methods.maturity.practices import QUARTERS, Criterion, Framework


def level_table(assessment: Assessment) -> pd.DataFrame:
    """Return the level of each model in the worst and in the best case, one row for each.

    Returns
    -------
    DataFrame
        `at least` and `at most` (levels), `name` of the first, `top` (the highest there is),
        `criteria met` in the worst case and `criteria` in all, `manual` (what stays the work of
        people at the level).
    """
    rows = {}
    for model in assessment.models.values():
        least = model.reached(assessment.low)
        rows[model.name] = {
            "at least": least,
            "at most": model.reached(assessment.high),
            "name": model.level(least).name,
            "top": model.levels[-1].level,
            "criteria met": sum(c.share(assessment.low) == 1 for c in model.criteria),
            "criteria": len(model.criteria),
            "manual": ", ".join(model.level(least).manual) or "nothing named",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def bounds(low: float, high: float) -> dict[str, object]:
    """Return a worst and a best case as `fourfold.record` takes them."""
    return {"value": low, "ci": (low, high) if low < high else None, "exact": bool(low == high)}


def status(assessment: Assessment, criterion: Criterion) -> str:
    """Return whether a criterion is met, partly met, open or unknown."""
    low, high = criterion.share(assessment.low), criterion.share(assessment.high)
    if low == 1:
        return "met"
    if low < high:
        return "unknown"
    return "partly" if low else "open"


def quarters(assessment: Assessment) -> pd.DataFrame:
    """Return the practices of each quarter of MLOps by answer, one row for each quarter.

    Returns
    -------
    DataFrame
        `done`, `partly`, `missing`, `unknown` (practices), `score` and `best case` (share of
        the quarter that is there, 0 to 1, a partial answer as half).
    """
    rows = {}
    for quarter, name in QUARTERS.items():
        mine = [s for s in assessment.standings.values() if s.practice.quarter == quarter]
        counts: dict[str, float] = {each: sum(s.answer == each for s in mine) for each in CREDIT}
        low, high = (sum(getattr(s, end) for s in mine) / len(mine) for end in ("low", "high"))
        rows[name] = counts | {"score": low, "best case": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def gaps(assessment: Assessment, model: Framework) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how many criteria of each group are met at each level of a model.

    Returns
    -------
    share : DataFrame
        Dimensions of the model (quarters, where it has none) by levels: share of the criteria
        that is met in the worst case, 0 to 1; undefined where there is none.
    text : DataFrame
        The same as ``2 of 3``, with a question mark where some of the others are unknown.
    """
    rows = []
    for each in model.criteria:
        quarter = QUARTERS[assessment.standings[each.needs[0]].practice.quarter]
        rows.append((each.dimension or quarter, each.level, status(assessment, each)))
    table = pd.DataFrame(rows, columns=["group", "level", "status"])

    def in_words(cell: pd.Series) -> str:
        doubt = " ?" if (cell == "unknown").any() else ""
        return f"{(cell == 'met').sum()} of {len(cell)}{doubt}"

    cells = table.groupby(["group", "level"])["status"]
    share = cells.agg(lambda cell: (cell == "met").mean()).unstack()  # noqa: PD010
    text = cells.agg(in_words).unstack(fill_value="")  # noqa: PD010
    groups = [name for name in model.dimensions or QUARTERS.values() if name in share.index]
    named = (each.loc[groups].rename_axis(index=None, columns=None) for each in (share, text))
    return next(named), next(named)
