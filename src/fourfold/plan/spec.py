"""A run as a value: one template with one set of parameters."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fourfold.records.evidence import without_business

_UNSAFE = re.compile(r"[^\w.=,+-]+")
_LONGEST_ID = 80
_LONGEST_BYTES = 236


@dataclass(frozen=True)
class RunOptions:
    """How a run is executed; times in seconds, None for no limit.

    A run that ended in one of `retry_on` is executed again, `retries` times at most. Without
    a `kernel`, that of the template is taken.
    """

    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    retries: int = 1
    retry_on: tuple[str, ...] = ("killed",)
    reference: bool = True
    kernel: str | None = None


@dataclass(frozen=True)
class RunSpec:
    """One template with one set of parameters.

    Attributes
    ----------
    config : str
        Name of the config, such as ``clustering-penguins``.
    run_id : str
        Unique within its config: the swept values, or ``default``.
    config_file, template_file : str
        Relative to the project where they are inside it.
    parameters : dict
        All parameters of the template, resolved.
    varied : tuple of str
        Names of the swept parameters.
    row : dict
        Cells of the row that it comes from, where a sweep has a ``table``.
    regress : dict
        Rules of the regression test, as `fourfold.plan.rules.read_rules` takes them.
    search : dict
        Of a config that searches: its block, as `fourfold.plan.search.read_search` takes it. Its
        runs are not known before it is carried out.
    after : tuple of str
        Names of the runs that it follows: those of ``after`` and ``when``, and those whose
        artifacts it takes.
    when : dict
        Verdicts that such a run must have, for this one to be executed.
    """

    config: str
    run_id: str
    config_file: str
    template: str
    template_file: str
    parameters: Mapping[str, Any]
    varied: tuple[str, ...] = ()
    options: RunOptions = field(default_factory=RunOptions)
    regress: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, str] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return ``config/run id``, unique within a batch."""
        return f"{self.config}/{self.run_id}"

    @property
    def own(self) -> dict[str, Any]:
        """Return the parameters that may name files: not what the business asks in plain text."""
        return without_business(self.parameters)

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        lists = {"varied": list(self.varied), "after": list(self.after)}
        return {**asdict(self), **lists, "when": {n: list(v) for n, v in self.when.items()}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> RunSpec:
        """Return the spec that `to_json` wrote."""
        given = content["options"]
        options = RunOptions(**{**given, "retry_on": tuple(given["retry_on"])})
        own = {name: tuple(content[name]) for name in ("varied", "after")}
        when = {name: tuple(verdicts) for name, verdicts in content["when"].items()}
        return cls(**{**content, **own, "when": when, "options": options})


def run_id(parts: Iterable[str]) -> str:
    """Return a readable folder name of parts such as ``k=2``; it may be cut.

    Examples
    --------
    >>> run_id(["scaler=min max", "k=2"])
    'scaler=min-max,k=2'
    """
    text = _UNSAFE.sub("-", ",".join(parts)).strip("-")[:_LONGEST_ID]
    # Some characters are four bytes, and the name of a folder has at most 255.
    safe = text.encode()[:_LONGEST_BYTES].decode(errors="ignore")
    return re.sub(r"^\.", "-", safe) or "default"


def written(value: Any) -> str:
    """Return a value as the name of a run has it."""
    if isinstance(value, dict):
        value = [f"{name} {part}" for name, part in value.items()]
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def digest(content: Any) -> str:
    """Return eight hex digits that tell one content from another."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:8]


def canonical(content: Any) -> str:
    """Return JSON with sorted keys and no spaces: equal content, equal text."""
    options: dict[str, Any] = {"sort_keys": True, "ensure_ascii": False, "default": str}
    return json.dumps(content, separators=(",", ":"), **options)
