"""The runs of an experiment as one table: settings that varied, repeats, metrics and intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from fourfold.data.sources import load
from fourfold.errors import DataError, did_you_mean
from fourfold.records.formatting import short

_FINISHED = ("ok", "unchanged", "FINISHED")
#: These ended without having been tried.
_UNTRIED = ("cancelled", "skipped", "invalid", "RUNNING", "SCHEDULED")
#: Columns that say why a run failed, the shortest first: of a batch, of records, of neither.
_WHY = ("cause", "error.error", "error", "status")
#: Parameters that say what a run is for, not how it is done.
_WORDS = ("question", "decision", "success")
#: Settings with more combinations than this are not listed as untried.
_MOST_COMBINATIONS = 100_000


@dataclass(frozen=True)
class Runs:
    """Finished runs, one row each.

    Attributes
    ----------
    table : DataFrame
        Settings, repeats and metrics by their plain names.
    settings : tuple of str
        Columns that varied on purpose.
    repeats : tuple of str
        Columns that only repeat a run, such as its seed.
    metrics : tuple of str
        Columns of results.
    intervals : DataFrame
        ``low`` and ``high`` of each metric that has an interval, as columns (metric, end).
    left_out : dict of str to str
        Other settings, with the reason.
    failed : DataFrame
        Settings and repeats of the runs that were tried in vain, and the ``cause``.
    """

    table: pd.DataFrame
    settings: tuple[str, ...]
    repeats: tuple[str, ...]
    metrics: tuple[str, ...]
    intervals: pd.DataFrame
    left_out: dict[str, str] = field(default_factory=dict)
    failed: pd.DataFrame = field(default_factory=pd.DataFrame)

    def of(self, metric: str) -> Runs:
        """Return the runs that have a metric; of equal repeats of equal settings, only one.

        Raises
        ------
        DataError
            If no run has the metric, or no setting varied among those that have it.
        """
        if metric not in self.metrics:
            known = ", ".join(map(short, self.metrics)) or "none"
            near = did_you_mean(metric, self.metrics)
            raise DataError(f"metric: expected one of {known}; got {metric!r}.{near}")
        has, repeats = self.table[metric].notna(), self.repeats
        table = self.table[has]
        lost = self.table[~has].reindex(columns=self.failed.columns).assign(cause=f"no {metric}")
        failed = pd.concat([self.failed, lost], ignore_index=True) if len(lost) else self.failed
        settings = [name for name in self.settings if len(table[name].unique()) > 1]
        if len(table) < 2 or not settings:
            raise DataError(
                f"{metric}: expected at least two runs with different settings, got {len(table)}"
            )
        groups = table.groupby(settings, dropna=False)[metric]
        spread = (groups.max() - groups.min()).max()
        if spread <= 1e-9 * table[metric].abs().max():  # a seed that changed nothing
            table, repeats = table.drop_duplicates(settings), ()
        return replace(
            self,
            table=table,
            settings=tuple(settings),
            repeats=repeats,
            intervals=self.intervals.loc[table.index],
            failed=failed,
        )


def read_runs(
    frame: pd.DataFrame,
    source: str = "",
    settings: Sequence[str] = (),
    metrics: Sequence[str] = (),
    repeats: Sequence[str] = ("seed",),
) -> Runs:
    """Return the runs in a table, whoever wrote it.

    Known are: ``results.parquet`` or ``.csv`` of a batch; records, ``outputs/**/record.json``; the
    rows of the table ``runs`` of an MLflow database; and any table with one row a run.

    Parameters
    ----------
    frame : DataFrame
        As `fourfold.ingest` returns it.
    source : str
        Where it came from; needed for MLflow, whose parameters and metrics are in other tables.
    settings, metrics : sequence of str
        Columns to use; empty: all parameters, all metrics. Needed for a table of another kind:
        there the metrics are named, and by default all other columns are settings.
    repeats : sequence of str
        Settings that only repeat a run.

    Raises
    ------
    DataError
        If a column is missing, or no run finished.
    """
    known, intervals, status = _layout(frame, source, metrics)
    status = pd.Series(_FINISHED[0], frame.index) if status is None else status
    status = status[known.notna().any(axis=1)]  # the parent of a sweep in MLflow has nothing
    known, intervals = known.loc[status.index], intervals.loc[status.index]
    finished = known[status.isin(_FINISHED)]
    if finished.empty:
        raise DataError(f"expected runs that finished, got none of {len(frame)}")
    for name in [*settings, *metrics]:
        if name not in known:
            raise DataError(
                f"expected settings and metrics among {', '.join(map(short, known.columns[:20]))}; "
                f"got {name!r}." + did_you_mean(name, known.columns)
            )
    wanted = settings or [c for c in known.attrs["settings"] if c not in _WORDS]
    varied, left_out = _varied(finished, [c for c in wanted if c not in repeats])
    again = tuple(c for c in repeats if c in finished and len(finished[c].unique()) > 1)
    results = (c for c in known.attrs["metrics"] if finished[c].notna().any())
    kept = tuple(c for c in results if not metrics or c in metrics)
    table = finished[[*varied, *again, *kept]].reset_index(drop=True)
    bounds = intervals.loc[finished.index].reset_index(drop=True)
    failed = known.loc[~status.isin((*_FINISHED, *_UNTRIED)), [*varied, *again]]
    failed = failed.assign(cause=_causes(frame)[failed.index]).reset_index(drop=True)
    return Runs(table, tuple(varied), again, kept, bounds, left_out, failed)


def _causes(frame: pd.DataFrame) -> pd.Series:
    """Return why each run failed, as far as its table says it."""
    known = frame.reindex(columns=list(_WHY)).astype("string").replace("", pd.NA)
    return known.bfill(axis=1).iloc[:, 0].fillna("unknown")


def failures(runs: Runs) -> pd.DataFrame:
    """Return how many runs failed and where, the most frequent cause first.

    Returns
    -------
    DataFrame
        One row a cause: `cause`, `failed` (runs), `where` (the levels that all of them have) and
        `tried` (all runs with these levels).
    """
    names, rows = list(runs.settings), []
    tried = pd.concat([runs.table[names], runs.failed[names]], ignore_index=True)
    for cause, part in runs.failed.groupby("cause"):
        levels = part[names].iloc[0]
        shared = tuple(name for name in names if len(part[name].unique()) == 1)
        alike = [(tried[n] == levels[n]) | (tried[n].isna() & pd.isna(levels[n])) for n in shared]
        where = settings_in_words(levels, shared) or "anywhere"
        count = int(np.logical_and.reduce(alike).sum()) if alike else len(tried)
        rows.append((cause, len(part), where, count))
    table = pd.DataFrame(rows, columns=["cause", "failed", "where", "tried"])
    return table.sort_values("failed", ascending=False, kind="stable", ignore_index=True)


def settings_in_words(row: pd.Series, names: Sequence[str]) -> str:
    """Return a combination as ``k 3, scaler robust``."""
    levels = [f"{row[n]:g}" if isinstance(row[n], float) else short(row[n], 16) for n in names]
    return ", ".join(f"{short(n)} {level}" for n, level in zip(names, levels, strict=True))


def _layout(
    frame: pd.DataFrame, source: str, metrics: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series | None]:
    """Return the table with plain names, its intervals, and the status of each run."""
    status = frame.get("status")
    if "run_uuid" in frame:
        return (*_from_mlflow(frame, source), status)
    if any(str(c).startswith("metric.") for c in frame):
        results = _prefixed(frame, "metric.")
        return (*_joined(_prefixed(frame, "param."), *_without_ends(results)), status)
    if any(str(c).startswith("metrics.") for c in frame):
        results, ends = _prefixed(frame, "metrics."), dict[str, Any]()
        for name in (str(c).removesuffix(".ci") for c in results if str(c).endswith(".ci")):
            pairs = results[f"{name}.ci"].map(_pair)
            ends |= {f"{name}.low": pairs.str[0], f"{name}.high": pairs.str[1]}
        values = results[[c for c in results if str(c).endswith(".value")]]
        values = values.rename(columns=lambda name: name.removesuffix(".value"))
        return (*_joined(_prefixed(frame, "parameters."), values, ends), status)
    if not metrics:
        names = ", ".join(map(short, frame.columns[:20]))
        raise DataError(
            f"expected columns param.* and metric.*, or metrics to be named; got {names}"
        )
    rest = frame.drop(columns=[c for c in metrics if c in frame])
    return (*_joined(rest, frame[[c for c in metrics if c in frame]], {}), None)


def _prefixed(frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    chosen = frame[[c for c in frame if str(c).startswith(prefix)]]
    return chosen.rename(columns=lambda name: name.removeprefix(prefix))


def _joined(
    settings: pd.DataFrame, results: pd.DataFrame, ends: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    # A setting that has the name of a metric, such as k, would be lost.
    settings = settings.rename(columns={c: f"{c} (set)" for c in settings if c in results})
    settings = settings.apply(lambda column: column.map(_plain_list))
    table = settings.join(results.apply(pd.to_numeric, errors="coerce"))
    table.attrs = {"settings": list(settings), "metrics": list(results)}
    bounds = pd.DataFrame(ends, index=table.index, dtype=object)
    return table, bounds.apply(lambda column: column.map(_float)).astype(float)


def _pair(text: Any) -> Any:
    """Return an interval that was written as JSON; none is a pair of missing numbers."""
    with suppress(ValueError, RecursionError):
        pair = json.loads(text) if isinstance(text, str) else None
        return pair if isinstance(pair, list) and len(pair) == 2 else (np.nan, np.nan)
    return np.nan, np.nan


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _plain_list(value: Any) -> Any:
    """Return a list that was written as JSON as words joined by ``+``."""
    if not (isinstance(value, str) and value.startswith("[")):
        return value
    try:
        return "+".join(map(str, json.loads(value))) or "none"
    except ValueError:
        return value


def _from_mlflow(frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return parameters and latest metrics of the runs, from the tables of an MLflow database."""
    values = []
    for table in ("params", "latest_metrics"):
        long = load(source, f"select run_uuid, key, value from {table}").frame
        wide = long.set_index(["run_uuid", "key"])["value"].unstack()  # noqa: PD010
        wide = wide.reindex(frame["run_uuid"]).set_axis(frame.index)
        wide.columns = wide.columns.map(str)
        values.append(wide.apply(_numbers))
    results, ends = _without_ends(values[1])
    return _joined(values[0], results, ends)


def _without_ends(results: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Return metrics, and apart from them the ends of their intervals: `name.low`, `name.high`."""
    names = set(map(str, results))
    limits = [
        c
        for c in map(str, results)
        if c.endswith((".low", ".high")) and c.rpartition(".")[0] in names
    ]
    return results.drop(columns=limits), {name: results[name] for name in limits}


def _numbers(column: pd.Series) -> pd.Series:
    """Return text as numbers where every value is one: MLflow keeps parameters as text."""
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().sum() == column.notna().sum() else column


def _varied(frame: pd.DataFrame, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    kept: dict[str, tuple[int, ...]] = {}
    left_out = {}
    for name in names:
        codes = tuple(map(int, pd.factorize(frame[name].astype(object), use_na_sentinel=False)[0]))
        if not any(codes):
            left_out[name] = "does not vary"
        elif twin := next((other for other, seen in kept.items() if seen == codes), None):
            left_out[name] = f"varies only together with {twin}"
        else:
            kept[name] = codes
    return list(kept), left_out


def untried(runs: Runs) -> pd.DataFrame:
    """Return the combinations of levels that ended well, but untried; empty if too many."""
    names = list(runs.settings)
    levels = [sorted(runs.table[n].dropna().unique(), key=str) for n in names]
    if np.prod([len(each) for each in levels], dtype=float) > _MOST_COMBINATIONS:
        return pd.DataFrame(columns=names)
    known = pd.concat([runs.table[names], runs.failed.reindex(columns=names)])
    tried = set(known.itertuples(index=False, name=None))
    free = [combination for combination in product(*levels) if combination not in tried]
    return pd.DataFrame(free, columns=names)


def pareto_front(table: pd.DataFrame, first: str, second: str, higher: Sequence[bool]) -> pd.Series:
    """Return which rows no other row beats: in one metric better, and in the other no worse.

    Parameters
    ----------
    table : DataFrame
    first, second : str
        Columns of two metrics.
    higher : sequence of two bool
        Whether more is better, of each metric.

    Examples
    --------
    >>> rows = pd.DataFrame({"score": [0.9, 0.8, 0.7], "seconds": [9, 1, 5]})
    >>> pareto_front(rows, "score", "seconds", (True, False)).tolist()
    [True, True, False]
    """
    signs = [1 if up else -1 for up in higher]
    points = table[[first, second]].to_numpy(float) * signs
    no_worse = (points[:, None] >= points[None]).all(axis=2)
    better = (points[:, None] > points[None]).any(axis=2)
    return pd.Series(~(no_worse & better).any(axis=0), table.index)


def show_parallel(runs: Runs, metric: str, ax: Any) -> None:
    """Draw each run as a line across its settings to the metric, dark where the metric is high.

    The levels of a setting are written where the lines meet its axis.

    Parameters
    ----------
    runs : Runs
        As `Runs.of` returns them for this metric.
    metric : str
        Its name.
    ax : matplotlib Axes
    """
    import matplotlib as mpl
    from matplotlib.collections import LineCollection

    names = [*runs.settings, metric]
    heights = runs.table[names].apply(_heights)
    shades = mpl.colormaps["viridis_r"](heights[metric])
    order = np.argsort(heights[metric].to_numpy(), kind="stable")
    lines = [np.column_stack([range(len(names)), row]) for row in heights.to_numpy()[order]]
    ax.add_collection(LineCollection(lines, colors=shades[order], alpha=0.7, linewidths=1.2))
    ax.set_ylim(-0.05, 1.05)
    box = {"facecolor": "white", "edgecolor": "0.8", "boxstyle": "round,pad=0.15"}
    for place, name in enumerate(names):
        levels = runs.table[name].to_frame("level").assign(height=heights[name])
        ends = levels.sort_values("height").drop_duplicates("level")
        for level, height in ends.iloc[:: max(1, len(ends) // 6)].itertuples(index=False):
            text = f"{level:.3g}" if isinstance(level, float) else short(level, 14)
            ax.text(place, height, text, ha="center", va="center", fontsize=8, bbox=box)
    ax.set_xticks(range(len(names)), [short(name, 18) for name in names])
    ax.set(yticks=[], xlim=(-0.4, len(names) - 0.6))
    ax.grid(axis="y", visible=False)


def _heights(column: pd.Series) -> pd.Series:
    """Return levels as heights from 0 to 1: numbers to scale, words at equal steps."""
    if not is_numeric_dtype(column):
        ordered = sorted(column.dropna().unique(), key=str)
        column = column.map({level: place for place, level in enumerate(ordered)})
    values = column.astype(float)
    return (values - values.min()) / (values.max() - values.min() or 1)
