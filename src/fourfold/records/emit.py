"""What a template calls: `ingest`, `record`, `save` and `conclude`.

Each shows something readable and emits the same facts as ``application/vnd.fourfold.v1+json``,
from which the runner collects the record without executing anything again. Nothing emitted
holds a time or a path of the machine, so that two executions of a notebook can be compared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.data import contract as contracts
from fourfold.data import sources
from fourfold.data.coerce import READ, UNITS, with_columns
from fourfold.errors import DataError
from fourfold.records.evidence import (
    EXACT,
    MARKS,
    MIME,
    MOST_ASIDE,
    SET_ASIDE,
    Claim,
    Interval,
    Metric,
    Verdict,
    first_word,
    judge_all,
    overall,
)
from fourfold.records.formatting import count, number

if TYPE_CHECKING:
    import pandas as pd

_METRICS: dict[str, Metric] = {}
_CONCLUSIONS: list[Conclusion] = []
#: So many notes of a table are shown.
_MOST_NOTES = 8
_DATA: list[dict[str, Any]] = []
#: Which rows the answer does not hold for, as contracts have set them aside.
_ASIDE: list[str] = []


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
        The accepted rows; or all rows as they came, and a last column ``reason`` that is
        empty for the accepted ones.

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
    facts: dict[str, Any] = {
        "source": loaded.source,
        "sha256": loaded.sha256,
        "rows": len(frame),
        "columns": len(frame.columns),
        "missing": int(frame.isna().sum().sum()),
        "rejected": len(rejected),
        "contract": contract or None,
    }
    rows, missing, broken = (number(facts[name]) for name in ("rows", "missing", "rejected"))
    heads = ["source", "rows", "columns", "missing values", "rejected rows", "contract", "content"]
    counts = [rows, number(facts["columns"]), missing, broken]
    cells = [loaded.source, *counts, contract or "none", f"sha256 {loaded.sha256[:12]}…"]
    if notes := _as_read(loaded.frame):
        heads.append("as read")
        cells.append("; ".join(notes))
    shape = f"{count(len(frame), 'row')}, {count(facts['columns'], 'column')}"
    gaps, bad = count(facts["missing"], "missing value"), count(len(rejected), "row")
    line = f"{loaded.source}: {shape}, {gaps}, {bad} rejected"
    _DATA.append(facts)
    show("data", facts, table([heads, cells]), line)
    if len(rejected):
        save("rejected.csv", rejected)
    if not whole:
        if len(rejected):
            rows = f"{broken} of {number(len(loaded.frame))} rows"
            _ASIDE.append(f"{contract} set aside {rows}: the answer is for the others.")
        if (share := len(rejected) / len(loaded.frame)) > MOST_ASIDE:
            record(SET_ASIDE, share, exact=True)
        return frame
    reasons = dict(rejected.iloc[:, -1]) if contract else {}
    why = [reasons.get(row, "") for row in loaded.frame.index]
    return loaded.frame.copy().assign(**{contracts.reason_in(loaded.frame): why})


def _as_read(frame: pd.DataFrame) -> list[str]:
    """Return what was done to values on reading them, and the units that were written there."""
    notes, units = frame.attrs.get(READ, {}), frame.attrs.get(UNITS, {})
    said = [f"{name}: {note}" if name else note for name, note in notes.items()]
    said += [f"{name} in {unit}" for name, unit in units.items()]
    more = len(said) - _MOST_NOTES
    return [*said[:_MOST_NOTES], *([f"and {more} more"] if more > 0 else [])]


def record(
    name: str, value: Any, ci: Sequence[Any] | None = None, unit: str = "", exact: bool = False
) -> None:
    """Record one metric and show it in a line.

    Parameters
    ----------
    name : str
        Name of the metric; success criteria refer to it.
    value : number, None or Interval
        Kept to six significant digits; None if undefined. An `Interval` holds `ci` too.
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
    if isinstance(value, Interval):
        value, *ci = value
    given = Metric(value, None if ci is None else tuple(ci), unit, exact)
    metric = _METRICS[name] = given.plain(name)
    words = metric.text()
    html = f"<b>{escape(name)}</b> {escape(words)}"
    show("metric", {"name": name, **asdict(metric)}, html, f"{name} {words}")


def save(name: str, frame: pd.DataFrame) -> None:
    """Save a table as an artifact of the run, as CSV or (by its ending) Parquet.

    Parameters
    ----------
    name : str
        File name inside the run's folder of artifacts.
    frame : pandas.DataFrame
        The table; its index is not saved. Parquet has one type a column: what it cannot take
        becomes text.

    Raises
    ------
    DataError
        If `name` is not a bare file name.
    """
    if Path(name).name != name or name in ("", "..") or "\0" in name:
        raise DataError(f"save: expected a bare file name such as 'labels.csv', got {name!r}")
    folder = Path(os.environ.get("FOURFOLD_ARTIFACTS", "artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        _of_one_type(frame).to_parquet(folder / name, index=False)
    else:
        frame.to_csv(folder / name, index=False)
    facts = {"name": name, "rows": len(frame), "columns": list(map(str, frame.columns))}
    shape = f"{count(len(frame), 'row')}, {count(len(frame.columns), 'column')}"
    text = f"saved {name}: {shape}"
    show("artifact", facts, escape(text), text)


def _of_one_type(frame: pd.DataFrame) -> pd.DataFrame:
    import pyarrow as pa

    frame, texts = frame.rename(columns=str), {}
    for name in frame.columns[frame.dtypes == "object"]:
        try:
            pa.array(frame[name], from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            texts[name] = frame[name].map(str, na_action="ignore")
    return with_columns(frame, texts)


def conclude(
    answer: str | Mapping[str, str],
    *,
    success: Mapping[str, str] | None = None,
    question: str = "",
    decision: str = "",
    limits: Sequence[str] = (),
    next_step: str | Mapping[str, str] = "",
) -> None:
    """Judge each success criterion by the interval of its metric, and show the conclusion.

    A question that asks yes or no is answered so: yes if all criteria are supported, no if one is
    refuted, otherwise not known.

    Parameters
    ----------
    answer : str, or mapping of verdict to str
        The answer in a sentence or two, rendered from variables; or one for each verdict
        (supported, refuted, inconclusive), of which ``""`` is for those that are not named.
    success : mapping of metric to condition
        Such as ``{"silhouette": ">= 0.40"}``.
    question, decision : str
        The business question, and the decision it serves.
    limits : sequence of str
        What the data cannot say.
    next_step : str, or mapping of verdict to str
        What to do next, as `answer`.

    Raises
    ------
    ConclusionError
        If a condition cannot be read, or its metric was never recorded.
    """
    texts = {"answer": answer, "next_step": next_step}
    claims = judge_all(success or {}, _METRICS)
    made = concluded(texts, claims, question, decision, [*limits, *_ASIDE])
    _CONCLUSIONS[:] = [made]
    _display(conclusion_bundle(made, texts))


def concluded(
    texts: Mapping[str, str | Mapping[str, str]],
    claims: list[Claim],
    question: str,
    decision: str,
    limits: Sequence[str],
) -> Conclusion:
    """Return the conclusion of claims.

    Parameters
    ----------
    texts : mapping
        The ``answer`` and the ``next_step``, each a text or one for each verdict.
    claims : list of Claim
    question, decision : str
    limits : sequence of str
    """
    verdict = overall(claims)
    said, then = (
        text if isinstance(text, str) else text.get(verdict, text.get("", ""))
        for text in (texts["answer"], texts["next_step"])
    )
    said = first_word(question, verdict, said)
    return Conclusion(said, verdict, claims, question, decision, list(limits), then)


def conclusion_bundle(made: Conclusion, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the output of a conclusion; with all its `texts`, so that it may be judged again."""
    facts = {**asdict(made), "texts": texts}
    return _bundle("conclusion", facts, _conclusion_html(made), _conclusion_text(made))


def recorded() -> tuple[dict[str, Metric], Conclusion | None]:
    """Return what this notebook has recorded so far: its metrics, and its last conclusion."""
    return dict(_METRICS), next(iter(_CONCLUSIONS), None)


def ingested() -> list[dict[str, Any]]:
    """Return what this notebook has loaded so far: source, digest, rows and contract of each."""
    return list(_DATA)


def show(kind: str, facts: Mapping[str, Any], html: str, text: str) -> None:
    """Display one output that people, tests and the runner each can read.

    Parameters
    ----------
    kind : str
        ``data``, ``metric``, ``artifact`` or ``conclusion``.
    facts : mapping
        What a record takes from it.
    html, text : str
        The same for people.
    """
    _display(_bundle(kind, facts, html, text))


def _bundle(kind: str, facts: Mapping[str, Any], html: str, text: str) -> dict[str, Any]:
    content = json.loads(json.dumps({"kind": kind, **facts}, default=str))
    return {MIME: content, "text/html": html, "text/plain": text}


def _display(bundle: Mapping[str, Any]) -> None:
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)  # type: ignore[no-untyped-call]


_CLAIM_HEAD = ["criterion", "value", "95 % interval", "verdict", "why"]


def _claim_row(claim: Claim) -> list[str]:
    return [
        f"{claim.metric} {claim.condition}",
        claim.figure,
        claim.interval or ("exact" if claim.why == EXACT else "none"),
        f"{MARKS[claim.verdict]} {claim.verdict}",
        claim.why,
    ]


def _conclusion_html(made: Conclusion) -> str:
    def named(name: str, text: str) -> str:
        return f"<p><b>{name}.</b> {escape(text)}</p>" if text else ""

    limits = "".join(f"<li>{escape(limit)}</li>" for limit in made.limits)
    parts = [
        named("Question", made.question),
        f"<p><b>Answer.</b> {escape(made.answer)}</p>",
        table([_CLAIM_HEAD, *map(_claim_row, made.claims)]) if made.claims else "",
        named("Verdict", f"{MARKS[made.verdict]} {made.verdict}"),
        named("Decision served", made.decision),
        f"<p><b>Limits.</b></p><ul>{limits}</ul>" if limits else "",
        named("Next step", made.next_step),
    ]
    return "\n".join(filter(None, parts))


def _conclusion_text(made: Conclusion) -> str:
    lines = [f"Answer: {made.answer}"]
    lines += ["  " + " | ".join(_claim_row(claim)) for claim in made.claims]
    lines.append(f"Verdict: {made.verdict}")
    lines += [f"Limit: {limit}" for limit in made.limits]
    return "\n".join([*lines, f"Next step: {made.next_step}"] if made.next_step else lines)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, of which the first is the head, as HTML."""

    def row(kind: str, cells: Sequence[str]) -> str:
        style = 'style="text-align:left;padding:2px 12px 2px 0"'
        return "".join(f"<{kind} {style}>{escape(cell)}</{kind}>" for cell in cells)

    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in rows[1:])
    return f"<table><thead><tr>{row('th', rows[0])}</tr></thead><tbody>{body}</tbody></table>"
