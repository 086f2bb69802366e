"""The record of a run: what it found, collected from its notebook without executing it."""

import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from fourfold.errors import ConclusionError, RecordError
from fourfold.project import write_text
from fourfold.records.evidence import MIME, Claim, Metric
from fourfold.records.ipynb import SECTIONS, sections
from fourfold.records.shape import check_shape

FORMAT = 1
SKIPPED = "skipped"
_OF_ONE = re.compile(  # parts of a message that say something of one run only
    r"""(?P<quote>['"])[^'"]*[/\\][^'"]*(?P=quote)              # a path in quotes
    | (?<!\w)(?:\w+:/|[a-z]:\\|~?\.{0,2}/)\S*\w/? | [\w.-]+(?:/[\w.-]+)*/[\w-]+\.\w+  # a path
    | \b0x[0-9a-f]+\b | \b(?=[a-f-]*\d)(?=\d*[a-f])[0-9a-f]{7,}(?:-[0-9a-f]+)*\b      # an id
    | (?<!errno[ ])(?<![\w.])[-+]?\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)     # a number
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST_CAUSE = 160
_PACKAGES = (
    *("fourfold", "papermill", "pandas", "numpy"),
    *("scikit-learn", "matplotlib", "yellowbrick"),
)


@dataclass(frozen=True)
class RunRecord:
    """What one run found, and how.

    Attributes
    ----------
    status : str
        ``ok``, ``unchanged``, or how it ended otherwise: ``failed``, ``timed_out``, ``killed`` or
        ``cancelled``; ``skipped`` if it was not executed because of a run that it follows.
    sections : dict
        Seconds that each section took.
    error : dict, optional
        Section, cell, error and message of a failure.
    attempts : int
        Executions that it took; a lost kernel is tried again.
    start : str
        Of the kernel: ``warm`` or ``cold``.
    kernel : str
        Its name; empty where none was found.
    cost : dict
        CPU seconds, peak memory in MB and estimated energy in Wh of the kernel.
    key : dict
        Fingerprints of what the result depends on beside the parameters.
    accepted : list of dict
        Changes that somebody says are harmless: ``at``, ``because``, ``changes``.
    reason : str
        Why it was skipped.
    digests : dict
        Of its artifacts, by their path (`fourfold.models.artifacts`).
    former : dict
        The record of its last good end, if it was skipped since.
    """

    config: str
    run_id: str
    template: str
    status: str
    parameters: Mapping[str, Any]
    varied: Sequence[str]
    started_at: str
    duration_s: float
    verdict: str = "not judged"
    answer: str = ""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    claims: Sequence[Claim] = ()
    data: Sequence[Mapping[str, Any]] = ()
    artifacts: Sequence[Mapping[str, Any]] = ()
    sections: Mapping[str, float] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    seed: Any = None
    attempts: int = 1
    start: str = ""
    kernel: str = ""
    cost: Mapping[str, Any] = field(default_factory=dict)
    key: Mapping[str, Any] = field(default_factory=dict)
    accepted: Sequence[Mapping[str, Any]] = ()
    reason: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def name(self) -> str:
        """Return ``config/run id``."""
        return f"{self.config}/{self.run_id}"

    @property
    def ok(self) -> bool:
        """Say whether the run came to its end."""
        return self.status in ("ok", "unchanged")

    @property
    def failed(self) -> bool:
        """Say whether the run is to blame for its end: not if it was cancelled or skipped."""
        return not self.ok and self.status not in ("cancelled", SKIPPED)


def emitted(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what `ingest`, `record`, `save` and `conclude` emitted, in order."""
    return [
        output["data"][MIME]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]


def findings(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record that the outputs of a notebook hold.

    The last value of a metric and the last conclusion count, as for a reader.

    Raises
    ------
    ConclusionError
        If an output that bears the name of ours is none.
    """
    try:
        kinds: dict[str, list[dict[str, Any]]] = {}
        for item in map(dict, emitted(notebook)):
            kinds.setdefault(item.pop("kind"), []).append(item)
        conclusion = kinds.get("conclusion", [{}])[-1]
        metrics = {item.pop("name"): item for item in kinds.get("metric", [])}
        made = {
            "data": kinds.get("data", []),
            "artifacts": kinds.get("artifact", []),
            "verdict": conclusion.get("verdict", "not judged"),
            "answer": conclusion.get("answer", ""),
            **_evidence(metrics, conclusion.get("claims", [])),
        }
        check_shape(made)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"expected outputs of {MIME} as ff.record and ff.conclude make them"
        raise ConclusionError(f"{message}; got others: {error}") from error
    return made


def _evidence(metrics: Mapping[str, Any], claims: Iterable[Any]) -> dict[str, Any]:
    """Return metrics and claims as values, from JSON as `write_record` and notebooks hold them."""

    def made(kind: type[Any], item: Mapping[str, Any]) -> Any:
        return kind(**{**item, "ci": tuple(item.get("ci") or ()) or None})

    values = {name: made(Metric, item) for name, item in metrics.items()}
    return {"metrics": values, "claims": tuple(made(Claim, item) for item in claims)}


def section_times(notebook: Mapping[str, Any]) -> dict[str, float]:
    """Return the seconds that the cells of each section took, as papermill noted them."""
    times: dict[str, float] = {}
    for section, cell in zip(sections(notebook), notebook["cells"], strict=True):
        spent = cell.get("metadata", {}).get("papermill", {}).get("duration") or 0.0
        times[section] = times.get(section, 0.0) + spent
    order = ["Setup", *SECTIONS, *times]
    return {name: round(times[name], 3) for name in dict.fromkeys(order) if name in times}


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make results."""
    numbers = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            numbers[package] = metadata.version(package)
    return numbers


def write_record(record: RunRecord, path: Path) -> None:
    """Write a record as JSON."""
    content = asdict(record)
    if record.status != SKIPPED:
        del content["reason"], content["former"]
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")


def find_record(folder: Path) -> RunRecord | None:
    """Return the record in a run's folder; None where there is none that can be read."""
    try:
        return read_record(folder / "record.json")
    except (OSError, ValueError):
        return None


def read_record(path: Path) -> RunRecord:
    """Return the record in a file.

    Raises
    ------
    RecordError
        If it is not as `write_record` writes it: then it counts as if there was none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise RecordError(str(path)) from error
    return record_of(content)


def record_of(content: Mapping[str, Any]) -> RunRecord:
    """Return the record that JSON holds.

    Raises
    ------
    RecordError
        As `read_record`.
    """
    try:
        record = RunRecord(**content)
        record = replace(record, **_evidence(record.metrics, record.claims))
        check_shape(vars(record))
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise RecordError("record") from error
    return record


def error_line(record: RunRecord) -> str:
    """Return ``section, cell n (id): Error: message``, why it was skipped, or an empty string."""
    if not record.error:
        return record.reason
    cell = ", cell {cell} ({cell_id})".format(**record.error) if record.error["cell"] else ""
    return f"{record.error['section']}{cell}: {record.error['error']}: {record.error['message']}"


def cause(record: RunRecord) -> str:
    """Return why a run did not end well, equal for runs with the same cause; empty if it did.

    Numbers, paths and ids are left out, and of a long message all but its first line.

    Examples
    --------
    >>> error = {"error": "ValueError", "message": "row 17 of data/a.csv is empty"}
    >>> cause(RunRecord("trees", "depth=1", "trees", "failed", {}, [], "", 1.0, error=error))
    'ValueError: row … of … is empty'
    """
    if not record.error:
        return "" if record.ok else record.reason or record.status
    message = str(record.error["message"]).strip().partition("\n")[0].strip()
    if record.error["error"] == "OutOfMemory":
        return message.partition(",")[0]
    message = _OF_ONE.sub("…", message[: 4 * _LONGEST_CAUSE])
    text = f"{record.error['error']}: {message}".removesuffix(": ")
    return text if len(text) <= _LONGEST_CAUSE else f"{text[: _LONGEST_CAUSE - 1]}…"


def causes(records: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    """Return the failed and skipped runs by `cause`, the most frequent first."""
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        if record.failed or record.status == SKIPPED:
            groups.setdefault(cause(record), []).append(record)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))
