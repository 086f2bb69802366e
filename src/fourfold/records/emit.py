"""What a template calls: `ingest`, `record`, `save` and `conclude`.

Each shows something readable and emits the same facts as ``application/vnd.fourfold.v1+json``,
from which the runner collects the record without executing anything again. Nothing emitted
holds a time or a path of the machine, so that two executions of a notebook can be compared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.data import contract as contracts
from fourfold.data import sources
from fourfold.records.evidence import (
    MARKS,
    MIME,
    Claim,
    Metric,
    Verdict,
    judge_all,
    overall,
    payload,
)
from fourfold.records.formatting import number

if TYPE_CHECKING:
    import pandas as pd

_METRICS: dict[str, Metric] = {}
_CONCLUSIONS: list[Conclusion] = []


@dataclass(frozen=True)
class Conclusion:
    """What a notebook concludes, with the claims that carry it."""

    answer: str
    verdict: Verdict
    claims: list[Claim]
    question: str
    decision: str
    limits: list[str]
    next_step: str


def ingest(
    data: str, query: str | None = None, contract: str | None = None, whole: bool = False
) -> pd.DataFrame:
    """Load a data set, keep the rows that meet its contract, and show what came in.

    Parameters
    ----------
    data : str
        Built-in name, path, glob, URL, or database URL.
    query : str, optional
        SQL for a database, or for any other source as its table ``data``.
    contract : str, optional
        Path of a contract; the rows that break it are kept in ``rejected.csv`` with the reason.
    whole : bool
        Return the rejected rows too.

    Returns
    -------
    pandas.DataFrame
        The accepted rows; or all rows as they came, and a column ``reason`` that is empty for
        the accepted ones.

    Raises
    ------
    DataError
        If the source cannot be read, or a column that the contract needs is missing.
    """
    loaded = sources.load(data, query or "")
    frame, rejected = loaded.frame, loaded.frame.iloc[:0]
    if contract:
        checked = contracts.check(frame, sources.locate(contract))
        frame, rejected = checked.frame, checked.rejected
    facts = {
        "source": loaded.source,
        "sha256": loaded.sha256,
        "rows": len(frame),
        "columns": len(frame.columns),
        "missing": int(frame.isna().sum().sum()),
        "rejected": len(rejected),
        "contract": contract or None,
    }
    _show(payload("data", facts), _ingest_html(facts), _ingest_text(facts))
    if len(rejected):
        save("rejected.csv", rejected)
    if not whole:
        return frame
    reasons = dict(rejected.get("reason", {}))
    return loaded.frame.assign(reason=[reasons.get(row, "") for row in loaded.frame.index])


def record(
    name: str,
    value: Any,
    ci: Sequence[Any] | None = None,
    unit: str = "",
    exact: bool = False,
) -> None:
    """Record one metric and show it in a line.

    Parameters
    ----------
    name : str
        Name of the metric; success criteria refer to it.
    value : number
        Kept to six significant digits.
    ci : (low, high), optional
        95 % interval of `value`, in the same unit.
    unit : str
        Unit of `value`; empty for a pure number.
    exact : bool
        True for a fact without sampling error, such as a count.

    Raises
    ------
    ConclusionError
        If `value` is no number or `ci` no ordered pair.
    """
    metric = _METRICS[name] = Metric.of(name, value, ci, unit, exact)
    _show(
        payload("metric", metric),
        f"<b>{escape(name)}</b> {escape(str(metric))}",
        f"{name} {metric}",
    )


def save(name: str, frame: pd.DataFrame) -> None:
    """Save a table as an artifact of the run, as CSV or (by its ending) Parquet.

    Parameters
    ----------
    name : str
        File name inside the run's folder of artifacts.
    frame : pandas.DataFrame
        The table; its index is not saved.

    Raises
    ------
    ValueError
        If `name` is not a bare file name.
    """
    if Path(name).name != name:
        raise ValueError(f"save: expected a bare file name such as 'labels.csv', got {name!r}")
    folder = Path(os.environ.get("FOURFOLD_ARTIFACTS", "artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        frame.to_parquet(folder / name, index=False)
    else:
        frame.to_csv(folder / name, index=False)
    facts = {"name": name, "rows": len(frame), "columns": list(map(str, frame.columns))}
    text = f"saved {name}: {number(len(frame))} rows, {len(frame.columns)} columns"
    _show(payload("artifact", facts), escape(text), text)


def conclude(
    answer: str,
    *,
    success: Mapping[str, str] | None = None,
    question: str = "",
    decision: str = "",
    limits: Sequence[str] = (),
    next_step: str = "",
) -> None:
    """Judge each success criterion by the interval of its metric, and show the conclusion.

    Parameters
    ----------
    answer : str
        The answer in a sentence or two, rendered from variables.
    success : mapping of metric to condition
        Such as ``{"silhouette": ">= 0.40"}``.
    question, decision : str
        The business question, and the decision it serves.
    limits : sequence of str
        What the data cannot say.
    next_step : str
        What to do next.

    Raises
    ------
    ConclusionError
        If a condition cannot be read, or its metric was never recorded.
    """
    claims = judge_all(success or {}, _METRICS)
    found = Conclusion(answer, overall(claims), claims, question, decision, list(limits), next_step)
    _CONCLUSIONS[:] = [found]
    _show(payload("conclusion", found), _conclusion_html(found), _conclusion_text(found))


def recorded() -> tuple[dict[str, Metric], Conclusion | None]:
    """Return what this notebook has recorded so far: its metrics, and its last conclusion."""
    return dict(_METRICS), next(iter(_CONCLUSIONS), None)


def _show(content: Mapping[str, Any], html: str, text: str) -> None:
    """Display one output that people, tests and the runner each can read."""
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(text)
    else:
        bundle = {MIME: content, "text/html": html, "text/plain": text}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _ingest_text(facts: Mapping[str, Any]) -> str:
    shape = f"{number(facts['rows'])} rows, {facts['columns']} columns"
    return (
        f"{facts['source']}: {shape}, {number(facts['missing'])} missing values, "
        f"{number(facts['rejected'])} rows rejected"
    )


def _ingest_html(facts: Mapping[str, Any]) -> str:
    rule = facts["contract"] or "none"
    cells = {
        "source": facts["source"],
        "rows": number(facts["rows"]),
        "columns": number(facts["columns"]),
        "missing values": number(facts["missing"]),
        "rejected rows": number(facts["rejected"]),
        "contract": rule,
        "content": f"sha256 {facts['sha256'][:12]}…",
    }
    return _table([list(cells), list(map(str, cells.values()))])


def _claim_row(claim: Claim) -> list[str]:
    unit = f" {claim.unit}" if claim.unit else ""
    interval = "exact" if claim.ci is None and claim.why == "an exact figure" else "none"
    if claim.ci is not None:
        interval = " to ".join(map(number, claim.ci))
    return [
        f"{claim.metric} {claim.condition}",
        number(claim.value) + unit,
        interval,
        f"{MARKS[claim.verdict]} {claim.verdict}",
        claim.why,
    ]


_CLAIM_HEAD = ["criterion", "value", "95 % interval", "verdict", "why"]


def _conclusion_html(found: Conclusion) -> str:
    parts = [f"<p><b>Question.</b> {escape(found.question)}</p>"] if found.question else []
    parts.append(f"<p><b>Answer.</b> {escape(found.answer)}</p>")
    if found.claims:
        parts.append(_table([_CLAIM_HEAD, *map(_claim_row, found.claims)]))
    mark = MARKS[found.verdict]
    parts.append(f"<p><b>Verdict.</b> {mark} {found.verdict}</p>")
    if found.decision:
        parts.append(f"<p><b>Decision served.</b> {escape(found.decision)}</p>")
    if found.limits:
        items = "".join(f"<li>{escape(limit)}</li>" for limit in found.limits)
        parts.append(f"<p><b>Limits.</b></p><ul>{items}</ul>")
    if found.next_step:
        parts.append(f"<p><b>Next step.</b> {escape(found.next_step)}</p>")
    return "\n".join(parts)


def _conclusion_text(found: Conclusion) -> str:
    lines = [f"Answer: {found.answer}"]
    lines += ["  " + " | ".join(_claim_row(claim)) for claim in found.claims]
    lines.append(f"Verdict: {found.verdict}")
    lines += [f"Limit: {limit}" for limit in found.limits]
    return "\n".join([*lines, f"Next step: {found.next_step}"] if found.next_step else lines)


def _table(rows: Sequence[Sequence[str]]) -> str:
    style = 'style="text-align:left;padding:2px 12px 2px 0"'
    head = "".join(f"<th {style}>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td {style}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[1:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
