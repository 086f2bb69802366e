"""A record as MLflow has runs: parameters, metrics and tags, within MLflow's limits."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from fourfold.models.artifacts import MODEL
from fourfold.records.evidence import BUSINESS, MARKS
from fourfold.records.record import RunRecord, cause, error_line

ID, STATE = "fourfold.id", "fourfold.record"
CLAIM = "claim."
_LONGEST_NAME, _LONGEST_PARAMETER, _LONGEST_TAG = 250, 6000, 5000
_ENDS = {"ok": "FINISHED", "unchanged": "FINISHED", "killed": "KILLED"}
_FAILED = "FAILED"


def digest(content: Any) -> str:
    """Return sixteen hex digits that tell one content from another."""
    options: dict[str, Any] = {"sort_keys": True, "ensure_ascii": False, "default": str}
    return sha256(json.dumps(content, **options).encode()).hexdigest()[:16]


def identity(record: RunRecord) -> str:
    """Return the id of an execution, which stays if its result gets another name or criterion.

    Sections and costs are measured to the millisecond, so no two executions share them. One that
    failed never gets another name, and may have neither.
    """
    when = record.started_at, record.duration_s, dict(record.sections), dict(record.cost)
    return digest([record.template, *when, "" if record.ok else record.name])


def state(record: RunRecord) -> str:
    """Return the digest of all that a record says."""
    return digest(asdict(replace(record, status="ok") if record.ok else record))


def sweep_id(config: str) -> str:
    """Return the id of the parent run of a config's runs."""
    return digest(["sweep", config])


@dataclass(frozen=True)
class Content:
    """What MLflow is to keep of a run, besides its files; times in milliseconds since 1970."""

    name: str
    status: str
    started: int
    ended: int
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def content(record: RunRecord) -> Content:
    """Return a record as MLflow has it.

    A metric ``auc`` with an interval is three: ``auc``, ``auc.low`` and ``auc.high``. Question,
    decision and criteria may change while the result stays, so they are tags: MLflow never
    changes a parameter.
    """
    started = int(datetime.fromisoformat(record.started_at).timestamp() * 1000)
    metrics: dict[str, Any] = {}
    for name, metric in record.metrics.items():
        low, high = metric.ci or (None, None)
        metrics |= {name: metric.value, f"{name}.low": low, f"{name}.high": high}
    metrics["cost/duration_s"] = record.duration_s
    metrics |= {f"cost/{name}": value for name, value in record.cost.items()}
    own = {n: v for n, v in record.parameters.items() if n not in BUSINESS}
    return Content(
        name=record.run_id if record.varied else record.name,
        status=_ENDS.get(record.status, _FAILED),
        started=started,
        ended=started + round(record.duration_s * 1000),
        parameters={_name(n): _cut(_text(v), _LONGEST_PARAMETER) for n, v in own.items()},
        metrics={_name(n): float(v) for n, v in metrics.items() if _is_number(v)},
        tags={_name(n): _cut(v, _LONGEST_TAG) for n, v in _tags(record).items() if v},
    )


def _tags(record: RunRecord) -> dict[str, str]:
    commit, _, changed = (record.git_commit or "").partition("+")
    read = record.key.get("inputs", {})
    business = {name: record.parameters.get(name) for name in BUSINESS}
    claims = {
        f"{CLAIM}{claim.metric}": f"{claim.verdict}: {claim.metric} {claim.condition}; "
        f"{claim.text()}; {claim.why}"
        for claim in record.claims
    }
    lines = [f"{MARKS[claim.verdict]} `{claim.metric} {claim.condition}` {claim.text()}"
             for claim in record.claims]  # fmt: skip
    note = [record.answer, *(f"- {line}" for line in lines), error_line(record)]
    values = {
        "config": record.config,
        "run": record.run_id,
        "template": record.template,
        "status": "ok" if record.ok else record.status,
        "verdict": record.verdict,
        "answer": record.answer,
        "cause": cause(record),
        "varied": ", ".join(record.varied),
        "started_at": record.started_at,
        "uncommitted": "yes" if changed else "",
        "data": _text(record.data) if record.data else "",
        "inputs": _text({name: part for name, part in read.items() if part}) if read else "",
        "digest.template": record.key.get("template") or "",
        "digest.library": record.key.get("library") or "",
        "digest.model": record.digests.get(MODEL, ""),
        "digest.artifacts": _text(record.digests) if record.digests else "",
        "versions": _text(record.versions),
        "attempts": str(record.attempts),
        "accepted": _text(record.accepted) if record.accepted else "",
    }
    return {
        "mlflow.runName": record.run_id if record.varied else record.name,
        "mlflow.source.name": f"templates/{record.template}.ipynb",
        "mlflow.source.type": "NOTEBOOK",
        "mlflow.source.git.commit": commit,
        "mlflow.note.content": "\n".join(line for line in note if line),
        **{f"fourfold.{name}": value for name, value in values.items() if value},
        **{name: _text(value) for name, value in business.items() if value},
        **claims,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _name(name: str) -> str:
    """Return a name that MLflow takes; one that it does not take gets a digest, to stay unique."""
    safe = re.sub(r"[^\w.\- /]", "_", name)
    whole = safe == name and not re.search(r"//|^[/.]|(^|/)\.+(/|$)|/$", name)
    if whole and len(name) <= _LONGEST_NAME:
        return name
    return f"{safe.replace('/', '_')[: _LONGEST_NAME - 20].lstrip('.')}_{digest(name)[:8]}"
