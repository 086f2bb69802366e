"""The model card: what a model is for, how good it is and where not, from the record of its run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fourfold.models.folder import CONTRACT, Description, named, read_description
from fourfold.project import write_text
from fourfold.records.evidence import EXACT, MARKS
from fourfold.records.formatting import number, short
from fourfold.records.record import RunRecord

CARD = "card.md"
_MOST = 12  # levels of a category that a card names


def write_card(folder: Path, record: RunRecord, root: Path) -> None:
    """Write the card of a model.

    Parameters
    ----------
    folder : Path
        Of the model.
    record : RunRecord
        Of its run; without a config, what the notebook recorded by itself.
    root : Path
        Of the project, whose licence the model has.
    """
    text = card(read_description(folder), record, _licence(root))
    write_text(folder / CARD, text)


def finish(run: Path, record: RunRecord, root: Path) -> None:
    """Name the run in the model that it has kept, if any, and write its card from the record.

    Parameters
    ----------
    run : Path
        The folder of the run.
    record : RunRecord
    root : Path
        Of the project.
    """
    folder = run / "artifacts" / "model"
    if (folder / "model.json").is_file():
        named(read_description(folder), record.name, record.git_commit).write(folder)
        write_card(folder, record, root)


def card(description: Description, record: RunRecord, licence: str) -> str:
    """Return the text of a card, in Markdown.

    Parameters
    ----------
    description : Description
    record : RunRecord
        Of the run, or what its notebook has recorded so far.
    licence : str
        That of the project, in a sentence.
    """
    parts = {
        "Purpose": _purpose(description, record),
        "Data": _data(description),
        "Model": _model(description),
        "Metrics": _metrics(record),
        "Segments": _segments(description),
        "Limits": _limits(description, record),
        "Energy": _energy(record),
        "Licence": licence,
        "Use": _use(description),
        "Origin": _origin(description),
    }
    head = f"# Model card: {description.run or description.target or description.task}"
    return "\n\n".join([head, *(f"## {name}\n\n{text}" for name, text in parts.items())]) + "\n"


def missing_in(said: Description, record: RunRecord, root: Path) -> list[str]:
    """Return what the card of a model leaves open; nothing if it is complete.

    Parameters
    ----------
    said : Description
        Of the model.
    record : RunRecord
        Of its run.
    root : Path
        Of the project.
    """
    parameters = record.parameters
    parts = {
        "question": parameters.get("question"),
        "decision": parameters.get("decision"),
        "answer": record.answer,
        "metrics": record.metrics,
        "criteria": record.claims,
        "figures of parts of the rows": said.segments,
        "limits": said.limits,
        "licence": any(root.glob("LICEN[CS]E*")),
        "run": said.run,
    }
    return [name for name, there in parts.items() if not there]


def _purpose(description: Description, record: RunRecord) -> str:
    question, decision = (record.parameters.get(each) for each in ("question", "decision"))
    verdict = f"{MARKS[record.verdict]} {record.verdict}"
    return "\n\n".join(
        [
            f"**Question.** {question or 'None was asked.'}",
            f"**Decision served.** {decision or 'None was named.'}",
            f"**Answer.** {record.answer or 'None was drawn.'} Verdict: {verdict}.",
            "Not meant for other questions, nor for rows of another kind than the data below.",
        ]
    )


def _data(description: Description) -> str:
    tables = _table(
        ["source", "rows", "rejected", "contract", "sha256"],
        (
            [
                *(t["source"], number(t["rows"]), number(t["rejected"])),
                *(t["contract"] or "none", t["sha256"][:16]),
            ]
            for t in description.data
        ),
    )
    taken = _table(
        ["column", "kind", "levels, or 5 %, 50 % and 95 % of the rows"],
        ([each.name, each.kind, _values(each)] for each in description.columns),
    )
    return f"{tables}\n\nThe model takes these columns:\n\n{taken}"


def _values(column: Any) -> str:
    if column.kind == "category":
        more = f" and {len(column.levels) - _MOST:,} more" if len(column.levels) > _MOST else ""
        return ", ".join(map(short, column.levels[:_MOST])) + more
    ends = ", ".join(map(number, column.ends))
    return f"{ends} days from {column.origin}" if column.kind == "date" else ends


def _model(description: Description) -> str:
    rows = description.rows
    text = f"{description.name or description.task}: it gives {description.answers}."
    if not rows["held out"]:
        return f"{text} Fitted on {number(rows['fitted'])} rows, all that could be used."
    return (
        f"{text} Fitted on {number(rows['fitted'])} rows. The {number(rows['held out'])} rows held "
        "out were not added afterwards: the figures below are those of this very model."
    )


def _metrics(record: RunRecord) -> str:
    figures = _table(
        ["metric", "value", "95 % interval"],
        (
            [name, metric.figure, metric.interval or ("exact" if metric.exact else "none")]
            for name, metric in record.metrics.items()
        ),
    )
    claims = _table(
        ["criterion", "value", "95 % interval", "verdict"],
        (
            [
                *(f"{claim.metric} {claim.condition}", claim.figure),
                claim.interval or ("exact" if claim.why == EXACT else "none"),
                f"{MARKS[claim.verdict]} {claim.verdict}",
            ]
            for claim in record.claims
        ),
    )
    return f"{figures}\n\n{claims}" if record.claims else f"{figures}\n\nNo criterion was set."


def _segments(description: Description) -> str:
    if not description.segments:
        return "No rows were held out, so no part of them is judged."
    unit = f" {description.unit}" if description.unit and not description.classes else ""
    measure = description.segments[0]["measure"]
    rows = (
        [
            *(s["segment"], number(s["rows"]), f"{number(s['value'])}{unit}"),
            f"{number(s['low'])} to {number(s['high'])}",
        ]
        for s in description.segments
    )
    return _table(["rows held out", "number", measure, "95 % interval"], rows)


def _limits(description: Description, record: RunRecord) -> str:
    limits = list(description.limits)
    if record.verdict != "supported":
        limits.append(f"The conclusion of the run is {record.verdict}: see the criteria above.")
    if any(column.kind == "category" for column in description.columns):
        limits.append("Levels that are not named above are refused.")
    limits.append("Rows that break the data contract are set aside, if there is one.")
    return "\n".join(f"- {limit}" for limit in limits)


def _energy(record: RunRecord) -> str:
    cost = record.cost
    if "energy_wh" not in cost:
        return "Not measured, since the notebook was executed without `fourfold run`."
    return (
        f"{number(cost['energy_wh'])} Wh for the whole run, estimated from "
        f"{number(cost['cpu_s'])} s of a processor."
    )


def _use(description: Description) -> str:
    run = description.run or "artifacts/model"
    onnx = description.onnx
    lines = [f"`fourfold predict {run} DATA` predicts new rows."]
    if onnx["kept"]:
        lines.append(
            f"`fourfold export {run} DIR` makes a folder that predicts without Fourfold. As ONNX, "
            f"on {number(onnx['rows'])} rows of the run the largest difference from scikit-learn "
            f"is {onnx['largest difference']:.2g}; {onnx['decisions that differ']} answers differ."
        )
    else:
        lines.append(f"There is no ONNX model: {onnx['why']}.")
    return " ".join(lines)


def _origin(description: Description) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in description.versions.items())
    contract = f" Contract: `{CONTRACT}`." if CONTRACT in description.files else ""
    run = f"Run `{description.run}`" if description.run else "Executed without `fourfold run`"
    commit = f", commit {description.commit}" if description.commit else ""
    return f"{run}{commit}, with {packages}. Digest: `{description.digest[:16]}`.{contract}"


def _licence(root: Path) -> str:
    for path in sorted(root.glob("LICEN[CS]E*")):
        lines = filter(None, map(str.strip, path.read_text(errors="replace").splitlines()))
        return f"That of the project: {next(lines, 'an empty file')} (`{path.name}`). " + _OF_DATA
    return f"The project has no licence file, so all rights are reserved. {_OF_DATA}"


_OF_DATA = "The data keep the licence of their source."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(str(c).replace("|", "\\|").split()) for c in cells) + " |"

    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])
