"""``models/NAME.yaml``: what a model must do to be used under a name, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from io import StringIO
from pathlib import Path
from typing import Any, Final, Literal

from ruamel.yaml import YAML

from fourfold.data.yamlfile import closed, read_document
from fourfold.errors import ConfigError, Violation
from fourfold.models.champion import FOLDER
from fourfold.project import write_text

Measure = Literal["brier", "log", "error", "absolute", "squared"]
PROMOTED: Final = "promoted"
REFUSED: Final = "refused"
ROLLED_BACK: Final = "rolled back"
MARK = "# From here on, `fourfold promote` writes.\n"
DRAFT = """\
# What a model must do to be used as {name!r}: `fourfold promote RUN --as {name}` decides by it.
about: ""  # purpose of the model
approvers: []  # who may approve; empty: anyone who gives a name
# measure: brier  # brier, log or error of classes; absolute or squared of quantities
margin: 0  # by how much its loss must be lower than the champion's, in the measure
segments: 0.1  # by which share its loss may be higher in a part of the rows
rejected: 0.05  # largest share of rows that broke the contract; null: no contract is asked for
parity: true  # an ONNX copy must answer the same
references: []  # notebooks in notebooks/ that must pass `fourfold regress`
"""


@closed
@dataclass(frozen=True)
class Check:
    """A condition: whether it is met, and why; `passed` is None if it could not be looked at."""

    check: str
    passed: bool | None
    why: str


@closed
@dataclass(frozen=True)
class Decision:
    """What was decided of a model.

    Attributes
    ----------
    at : str
        When, in UTC as ISO 8601.
    decision : str
        ``promoted``, ``refused`` or ``rolled back``.
    run, digest : str
        The run that kept the model, and the first signs of the model's digest.
    rows : str
        What the models were compared on: the digest of the rows; empty without a champion.
    """

    at: str
    decision: Literal["promoted", "refused", "rolled back"]
    run: str
    digest: str
    approver: str = ""
    because: str = ""
    rows: str = ""
    checks: tuple[Check, ...] = ()


@closed
@dataclass(frozen=True)
class Gate:
    """The conditions of a name, its champion, and the decisions so far, the newest last."""

    about: str = ""
    approvers: tuple[str, ...] = ()
    measure: Measure | None = None
    margin: float = 0.0
    segments: float = 0.1
    rejected: float | None = 0.05
    parity: bool = True
    references: tuple[str, ...] = ()
    champion: str | None = None
    decisions: tuple[Decision, ...] = field(default=())

    @property
    def undone(self) -> set[str]:
        """Return the digests that were rolled back, and not promoted since by hand."""
        last = {each.digest: each.decision for each in self.decisions if each.decision != REFUSED}
        return {digest for digest, decision in last.items() if decision == ROLLED_BACK}

    def tries(self, rows: str, digest: str) -> int:
        """Return how many other models were compared on the same rows, and refused.

        Each is a chance to be lucky, so the interval of the next must be wider.
        """
        others = {
            each.digest
            for each in self.decisions
            if each.rows == rows and each.digest != digest and each.decision == REFUSED
        }
        return len(others)

    def former(self) -> Decision | None:
        """Return the promotion that a rollback goes back to: the last one that still stands."""
        stack: list[Decision] = []
        for each in self.decisions:
            if each.decision == PROMOTED:
                stack.append(each)
            elif each.decision == ROLLED_BACK and stack:
                stack.pop()
        return stack[-2] if len(stack) > 1 else None


def path_of(name: str, root: Path) -> Path:
    """Return the path of ``models/NAME.yaml``.

    Raises
    ------
    ConfigError
        If the name is no name of a file.
    """
    if not name or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        message = f"expected letters, digits, -, _ and ., got {name!r}"
        raise ConfigError([Violation("--as", 1, 1, "name", message)])
    return root / FOLDER / f"{name}.yaml"


def read_gate(path: Path) -> Gate:
    """Return the content of ``models/NAME.yaml``.

    Raises
    ------
    ConfigError
        If the file cannot be read, a key is unknown, or a value is none of its kind.
    """
    document = read_document(path, Gate, f"{FOLDER}/{path.name}")
    gate = document.value
    wrong = [
        document.violation((name,), f"expected a number from 0 on, got {value:g}")
        for name in ("margin", "segments", "rejected")
        if (value := getattr(gate, name)) is not None and not 0 <= value < float("inf")
    ]
    if wrong:
        raise ConfigError(wrong)
    return gate


def with_decision(path: Path, decision: Decision, champion: str | None) -> None:
    """Write a decision, and which model is the champion; what people wrote above stays as it is.

    Parameters
    ----------
    path : Path
        Of ``models/NAME.yaml``.
    decision : Decision
    champion : str, optional
        First signs of a digest.
    """
    gate = read_gate(path)
    text = path.read_text(encoding="utf-8")
    written: dict[str, Any] = {"champion": champion} if champion else {}
    written |= {"decisions": [_plain(each) for each in (*gate.decisions, decision)]}
    yaml, stream = YAML(), StringIO()
    yaml.width = 100
    yaml.dump(written, stream)
    head = _before(text)
    write_text(path, f"{head}{MARK}{stream.getvalue()}")


def _plain(decision: Decision) -> dict[str, Any]:
    """Return the parts of a decision that say anything."""
    made: dict[str, Any] = {}
    for each in fields(decision):
        value = getattr(decision, each.name)
        if each.name == "checks":
            value = [asdict(check) for check in value]
        if value or each.default != value:
            made[each.name] = value
    return {name: value for name, value in made.items() if value not in ("", [], ())}


def _before(text: str) -> str:
    """Return what people have written: all above the mark, or above the first key of ours."""
    head, mark, _ = text.partition(MARK)
    if not mark:
        lines = text.splitlines(keepends=True)
        ours = (n for n, line in enumerate(lines) if line.startswith(("champion:", "decisions:")))
        head = "".join(lines[: next(ours, len(lines))])
    return head if not head or head.endswith("\n") else head + "\n"


def in_words(checks: Sequence[Check]) -> list[Mapping[str, str]]:
    """Return checks as rows of a table: condition, met, why."""
    marks = {True: "yes", False: "no", None: "not known"}
    return [{"condition": c.check, "met": marks[c.passed], "why": c.why} for c in checks]
