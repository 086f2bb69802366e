"""What a notebook found: metrics with intervals, and the claims judged by them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from fourfold.errors import ConclusionError, did_you_mean
from fourfold.records.formatting import number, significant

MIME = "application/vnd.fourfold.v1+json"

Verdict = Literal["supported", "refuted", "inconclusive", "not judged"]
MARKS = {"supported": "✔", "refuted": "✘", "inconclusive": "?", "not judged": "–"}

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"\s*(>=|<=|==|>|<)\s*({_NUMBER})\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*")
EXPECTED_CONDITION = "a condition such as '>= 0.4', '< 10', '== 3' or '2..5'"
BUSINESS = ("question", "decision", "success")


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval, all in one unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """One number that a notebook found.

    Attributes
    ----------
    value : float, int or None
        Kept to six significant digits; None if undefined.
    ci : tuple of two floats, optional
        95 % interval, ``(low, high)``.
    exact : bool
        True for a fact such as a count, which has no sampling error.
    """

    name: str
    value: float | int | None
    ci: tuple[float, float] | None = None
    unit: str = ""
    exact: bool = False

    @classmethod
    def of(
        cls, name: str, value: Any, ci: Sequence[Any] | None, unit: str = "", exact: bool = False
    ) -> Metric:
        """Return the metric in plain Python numbers.

        Raises
        ------
        ConclusionError
            If `value` is not a number, or `ci` not a pair ``low <= high``.
        """
        if isinstance(value, Interval):
            value, *ci = value
        if ci is None:
            return cls(name, _plain(name, value), None, unit, exact)
        low_high = [_plain(name, bound) for bound in ci]
        if len(low_high) != 2:
            raise ConclusionError(f"metric {name!r}: expected ci=(low, high), got {ci!r}")
        low, high = low_high
        if low is None or high is None:
            return cls(name, _plain(name, value), None, unit, exact)
        if low > high:
            raise ConclusionError(f"metric {name!r}: expected ci with low <= high, got {ci!r}")
        return cls(name, _plain(name, value), (low, high), unit, exact)

    def __str__(self) -> str:
        """Return ``0.47 kg (95 % interval 0.43 to 0.50)``."""
        unit = f" {self.unit}" if self.unit else ""
        if self.ci is None:
            return f"{number(self.value)}{unit}"
        low, high = map(number, self.ci)
        return f"{number(self.value)}{unit} (95 % interval {low} to {high})"


def _plain(name: str, value: Any) -> float | int | None:
    """Turn a numpy scalar, bool or None into a plain number of six significant digits."""
    if value is None:
        return None
    try:
        return significant(int(value) if hasattr(value, "__index__") else float(value))
    except (TypeError, ValueError, OverflowError):
        raise ConclusionError(
            f"metric {name!r}: expected a number, got {value!r} ({type(value).__name__})"
        ) from None


@dataclass(frozen=True)
class Criterion:
    """A condition on one metric, such as ``silhouette >= 0.40``."""

    metric: str
    condition: str
    low: float
    high: float
    low_open: bool
    high_open: bool

    @classmethod
    def parse(cls, metric: str, condition: object) -> Criterion:
        """Read ``>= x``, ``> x``, ``<= x``, ``< x``, ``== x`` or the inclusive range ``a..b``.

        Raises
        ------
        ConclusionError
            If the condition is none of these.
        """
        text = str(condition)
        if found := _RANGE.fullmatch(text):
            low, high = map(float, found.groups())
            if low <= high:
                return cls(metric, text, low, high, False, False)
        if found := _COMPARISON.fullmatch(text):
            sign, bound = found[1], float(found[2])
            low = bound if sign in (">", ">=", "==") else -math.inf
            high = bound if sign in ("<", "<=", "==") else math.inf
            return cls(metric, text, low, high, sign == ">", sign == "<")
        raise ConclusionError(f"expected {EXPECTED_CONDITION}, got {condition!r}")

    def holds(self, value: float) -> bool:
        """Say whether one value meets the condition."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def excludes(self, low: float, high: float) -> bool:
        """Say whether every value of the interval ``[low, high]`` breaks the condition."""
        too_low = high <= self.low if self.low_open else high < self.low
        too_high = low >= self.high if self.high_open else low > self.high
        return too_low or too_high


@dataclass(frozen=True)
class Claim:
    """One criterion with the evidence for it and the verdict."""

    metric: str
    condition: str
    value: float | int | None
    ci: tuple[float, float] | None
    unit: str
    verdict: Verdict
    why: str


def judge(criterion: Criterion, metric: Metric) -> Claim:
    """Return the claim: supported or refuted only where the whole interval says so.

    A metric that has no interval and is not exact carries no claim: it is inconclusive.

    Examples
    --------
    >>> wanted = Criterion.parse("silhouette", ">= 0.4")
    >>> judge(wanted, Metric("silhouette", 0.45, (0.41, 0.48))).verdict
    'supported'
    >>> judge(wanted, Metric("silhouette", 0.45, (0.38, 0.48))).verdict
    'inconclusive'
    """
    verdict, why = _verdict(criterion, metric)
    return Claim(
        metric.name, criterion.condition, metric.value, metric.ci, metric.unit, verdict, why
    )


def _verdict(criterion: Criterion, metric: Metric) -> tuple[Verdict, str]:
    if metric.value is None:
        return "inconclusive", "the metric is undefined on this data"
    if metric.exact:
        held = criterion.holds(metric.value)
        return ("supported" if held else "refuted"), "an exact figure"
    if metric.ci is None:
        return "inconclusive", "the metric has no interval"
    low, high = metric.ci
    if criterion.holds(low) and criterion.holds(high):
        return "supported", "the whole interval meets the condition"
    if criterion.excludes(low, high):
        return "refuted", "the whole interval breaks the condition"
    return "inconclusive", "the interval straddles the bound"


def overall(claims: Sequence[Claim]) -> Verdict:
    """Return the verdict of all claims: one refuted refutes, all supported support."""
    verdicts = {claim.verdict for claim in claims}
    if not verdicts:
        return "not judged"
    if "refuted" in verdicts:
        return "refuted"
    return "supported" if verdicts == {"supported"} else "inconclusive"


def judge_all(success: Mapping[str, object], metrics: Mapping[str, Metric]) -> list[Claim]:
    """Judge each success criterion by the metric of its name.

    Raises
    ------
    ConclusionError
        If a condition cannot be read, or its metric was not recorded.
    """
    claims = []
    for name, condition in success.items():
        if name not in metrics:
            known = ", ".join(metrics) or "none"
            raise ConclusionError(
                f"success.{name}: no metric of this name was recorded; recorded: {known}."
                + did_you_mean(name, metrics)
            )
        claims.append(judge(Criterion.parse(name, condition), metrics[name]))
    return claims


def payload(kind: str, content: Any) -> dict[str, Any]:
    """Return `content` (a dataclass or dict) as the JSON that goes into an output."""
    body: dict[str, Any] = dict(content) if isinstance(content, Mapping) else asdict(content)
    return {"kind": kind, **_jsonable(body)}


def _jsonable(value: Any) -> Any:
    convert: Callable[[Any], Any] = _jsonable
    if isinstance(value, Mapping):
        return {str(key): convert(item) for key, item in value.items()}
    return [convert(item) for item in value] if isinstance(value, list | tuple) else value
