"""How a model does on parts of the rows held out, which a mean over all of them hides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from fourfold.models.folder import Description

#: Smaller parts say nothing; of many features, the first few are parted.
FEWEST, MOST_LEVELS, MOST_COLUMNS = 30, 8, 6


def segments_of(
    rows: pd.DataFrame, table: pd.DataFrame, description: Description
) -> list[dict[str, Any]]:
    """Return a measure for each part of the rows held out, with its 95 % interval.

    The levels of categories are parts; if there are none, the lower and upper half of numbers.

    Parameters
    ----------
    rows : DataFrame
        Features of the rows held out.
    table : DataFrame
        Their ``truth`` and ``answer``, in the same order.
    description : Description

    Returns
    -------
    list of dict
        ``segment``, ``rows``, ``measure`` (share of right answers, Wilson's interval; or mean
        absolute error, Student's), ``value``, ``low`` and ``high``; of all rows first.
    """
    import numpy as np
    from scipy import stats

    made: list[dict[str, Any]] = []
    classes = description.classes
    right = table["truth"].to_numpy() == table["answer"].to_numpy()
    errors = np.abs(table["truth"].to_numpy() - table["answer"].to_numpy())
    for name, chosen in parts_of(rows, description):
        count = int(chosen.sum())
        if count < FEWEST:
            continue
        low: float
        high: float
        value: float
        if classes:
            hits = int(right[chosen].sum())
            measure, value = "right answers", float(hits / count)
            low, high = stats.binomtest(hits, count).proportion_ci(0.95, "wilson")
        else:
            part = errors[chosen]
            measure, value = "mean absolute error", float(part.mean())
            half = float(stats.t.ppf(0.975, count - 1) * part.std(ddof=1) / count**0.5)
            low, high = max(0.0, value - half), value + half
        figures = {"value": value, "low": float(low), "high": float(high)}
        made.append({"segment": name, "rows": count, "measure": measure, **figures})
    return made


def parts_of(rows: pd.DataFrame, description: Description) -> Iterator[tuple[str, Any]]:
    """Yield the parts of rows: a name, and which rows are in it, an array of booleans.

    Parameters
    ----------
    rows : DataFrame
        Features.
    description : Description
        Of the model.
    """
    import numpy as np

    yield "all rows held out", np.ones(len(rows), dtype=bool)
    kinds = {column.name: column.kind for column in description.columns}
    names = list(map(str, rows))
    named = [name for name in names if kinds[name] in ("category", "yes/no")]
    few = [name for name in named if rows[name].nunique() <= MOST_LEVELS]
    for name in few[:MOST_COLUMNS]:
        values = rows[name]
        for level in sorted(values.dropna().unique()):
            said = {0.0: "no", 1.0: "yes"}.get(level, level) if kinds[name] == "yes/no" else level
            yield f"{name}: {said}", (values == level).to_numpy()
        yield f"{name}: missing", values.isna().to_numpy()
    numbers = [] if few else [name for name in names if name not in named]
    for name in numbers[: MOST_COLUMNS // 2]:
        values, middle = rows[name], rows[name].median()
        yield f"{name}: lower half", (values <= middle).to_numpy()
        yield f"{name}: upper half", (values > middle).to_numpy()
