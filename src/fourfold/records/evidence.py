"""What a notebook found: metrics with intervals, and the claims judged by them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from fourfold.errors import ConclusionError, did_you_mean
from fourfold.records.formatting import number, significant, unit_of

MIME = "application/vnd.fourfold.v1+json"

Verdict = Literal["supported", "refuted", "inconclusive", "not judged"]
MARKS = {"supported": "✔", "refuted": "✘", "inconclusive": "?", "not judged": "–"}

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"\s*(>=|<=|==|>|<)\s*({_NUMBER})\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*")
#: The same as a pattern that editors understand.
CONDITION = rf"^\s*((>=|<=|==|>|<)\s*{_NUMBER}|{_NUMBER}\s*\.\.\s*{_NUMBER})\s*$"
EXPECTED_CONDITION = "a condition such as '>= 0.4', '< 10', '== 3' or '2..5'"
#: Why a claim about a fact without sampling error is judged by its value.
EXACT = "an exact figure"
BUSINESS = ("question", "decision", "success")
#: What a config may say of its own question besides: for a conclusion in its own words.
FRAME = (*BUSINESS, "if_yes", "if_no", "labels")
#: What stands below `business`: also the unit of the outcome, which changes what is computed.
IN_BUSINESS = (*FRAME, "unit")


def without_business(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that may name files: not what the business asks in plain text."""
    return {name: value for name, value in parameters.items() if name not in BUSINESS}


class Interval(NamedTuple):
    """A value with the ends of its 95 % interval, all in one unit."""

    value: float
    low: float
    high: float


class _Figure:
    """What metrics and claims share: a value with its interval and unit, as people read them."""

    value: float | int | None
    ci: tuple[float, float] | None
    unit: str

    @property
    def figure(self) -> str:
        """Return ``0.47 kg``."""
        if not self.unit or self.value is None:
            return number(self.value)
        return f"{number(self.value)} {unit_of(self.value, self.unit)}"

    @property
    def interval(self) -> str:
        """Return ``0.43 to 0.50``, or an empty string."""
        return " to ".join(map(number, self.ci or ()))

    def text(self, about: str = "95 % interval ") -> str:
        """Return ``0.47 kg (95 % interval 0.43 to 0.50)``."""
        known = self.ci and self.value is not None
        return f"{self.figure} ({about}{self.interval})" if known else self.figure


@dataclass(frozen=True)
class Metric(_Figure):
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

    value: float | int | None
    ci: tuple[float, float] | None = None
    unit: str = ""
    exact: bool = False

    def plain(self, name: str) -> Metric:
        """Return the metric, which has this name, in plain Python numbers of six digits.

        Raises
        ------
        ConclusionError
            If `value` is not a number, or `ci` not a pair ``low <= high``.
        """
        value, ci = _plain(name, self.value), self.ci
        if ci is None:
            return replace(self, value=value)
        if len(ci) != 2:
            raise ConclusionError(f"metric {name!r}: expected ci=(low, high), got {ci!r}")
        low, high = (_plain(name, end) for end in ci)
        if low is None or high is None:
            return replace(self, value=value, ci=None)
        if low > high:
            raise ConclusionError(f"metric {name!r}: expected ci with low <= high, got {ci!r}")
        return replace(self, value=value, ci=(low, high))


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
    """A condition on one metric, such as ``silhouette >= 0.40``.

    It holds from `low` to `high`, both included: ``> 0`` from the next number after 0.
    """

    metric: str
    condition: str
    low: float
    high: float

    @classmethod
    def parse(cls, metric: str, condition: object) -> Criterion:
        """Read ``>= x``, ``> x``, ``<= x``, ``< x``, ``== x`` or the inclusive range ``a..b``.

        Raises
        ------
        ConclusionError
            If the condition is none of these.
        """
        text = str(condition)
        if match := _RANGE.fullmatch(text):
            low, high = map(float, match.groups())
            if low <= high:
                return cls(metric, text, low, high)
        elif match := _COMPARISON.fullmatch(text):
            bound = float(match[2])
            low, high = {
                ">=": (bound, math.inf),
                ">": (math.nextafter(bound, math.inf), math.inf),
                "<=": (-math.inf, bound),
                "<": (-math.inf, math.nextafter(bound, -math.inf)),
                "==": (bound, bound),
            }[match[1]]
            return cls(metric, text, low, high)
        raise ConclusionError(f"expected {EXPECTED_CONDITION}, got {condition!r}")

    def holds(self, value: float) -> bool:
        """Say whether one value meets the condition."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Claim(_Figure):
    """One criterion with the evidence for it and the verdict."""

    metric: str
    condition: str
    value: float | int | None
    ci: tuple[float, float] | None
    unit: str
    verdict: Verdict
    why: str


#: Metric of a run whose contract has set rows aside: their share. Of more rows, no answer about all
#: is supported, unless a criterion accepts them.
SET_ASIDE, MOST_ASIDE = "rows set aside", 0.05


def judge(criterion: Criterion, metric: Metric) -> Claim:
    """Return the claim: supported or refuted only where the whole interval says so.

    A metric that has no interval and is not exact carries no claim: it is inconclusive.

    Examples
    --------
    >>> wanted = Criterion.parse("silhouette", ">= 0.4")
    >>> judge(wanted, Metric(0.45, (0.41, 0.48))).verdict
    'supported'
    >>> judge(wanted, Metric(0.45, (0.38, 0.48))).verdict
    'inconclusive'
    """
    evidence = (metric.value, metric.ci, metric.unit)
    return Claim(criterion.metric, criterion.condition, *evidence, *_verdict(criterion, metric))


def _verdict(criterion: Criterion, metric: Metric) -> tuple[Verdict, str]:
    if metric.value is None:
        return "inconclusive", "the metric is undefined on this data"
    if metric.exact:
        held = criterion.holds(metric.value)
        return ("supported" if held else "refuted"), EXACT
    if metric.ci is None:
        return "inconclusive", "the metric has no interval"
    low, high = metric.ci
    if criterion.holds(low) and criterion.holds(high):
        return "supported", "the whole interval meets the condition"
    if high < criterion.low or low > criterion.high:
        return "refuted", "the whole interval breaks the condition"
    return "inconclusive", "the interval straddles the bound"


def overall(claims: Sequence[Claim]) -> Verdict:
    """Return the verdict of all claims: one refuted refutes, all supported support."""
    order: tuple[Verdict, ...] = ("refuted", "inconclusive", "supported")
    verdicts = {claim.verdict for claim in claims}
    return next((verdict for verdict in order if verdict in verdicts), "not judged")


_VERBS = (
    "am is are was were do does did has have had can could will would shall should may might must"
)
_VERB = rf"(?:{'|'.join(_VERBS.split())})(?:n['’]t)?"
_ASKS = re.compile(rf"{_VERB}\b", re.IGNORECASE)
_OTHER = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
#: A choice between two things, not between yes and no.
_EITHER = re.compile(
    r"\bor (?:(?:an?|the) )?[^\W\d]\w*\?$|\bor\b.*\b(?:more|less|better|worse|rather)\b"
    r"|\b(?:more|less|better|worse|rather)\b.*\bor\b",
    re.IGNORECASE,
)
_FIRST_WORDS: Mapping[str, str] = {"supported": "Yes", "refuted": "No"}
_ANSWERED = re.compile(r"(?:yes|no)\b(?!\s+\w)|not known\b", re.IGNORECASE)


def asks_yes_or_no(question: str) -> bool:
    """Say whether a question can be answered by yes or no.

    Examples
    --------
    >>> [asks_yes_or_no(each) for each in ("Is it so?", "As of today, will it pay?")]
    [True, True]
    >>> [asks_yes_or_no(each) for each in ("Which is it?", "Is it red or blue?", "To see what is")]
    [False, False, False]
    """
    last = re.split(r"(?<=[.!?:;])\s+", question.strip())[-1]
    parts = [part.strip() for part in re.split(r"[,–—]", last)]
    for place, part in enumerate(parts):
        if _ASKS.match(part):
            rest = re.sub(r"\bor not\b", "", ", ".join(parts[place:]))
            return last.endswith("?") and not _EITHER.search(rest)
        if _OTHER.match(part):
            return False
    return False


def first_word(question: str, verdict: Verdict, answer: str) -> str:
    """Return the answer, with yes, no or not known in front where the question asks so.

    Parameters
    ----------
    question : str
        As somebody asks it.
    verdict : str
        Of all claims: supported is yes, since success is what must hold for a yes.
    answer : str
        In other words; one that begins with this word, or answers by such a word, stays.

    Examples
    --------
    >>> first_word("Does it pay?", "refuted", "It costs 3 more.")
    'No. It costs 3 more.'
    """
    word = _FIRST_WORDS.get(verdict, "Not known")
    answered = _ANSWERED.match(answer) or re.match(rf"{word}\b", answer)
    return answer if answered or not asks_yes_or_no(question) else f"{word}. {answer}"


def judge_all(success: Mapping[str, object], metrics: Mapping[str, Metric]) -> list[Claim]:
    """Judge each success criterion by the metric of its name.

    Raises
    ------
    ConclusionError
        If a condition cannot be read, or its metric was not recorded.
    """
    for name in success:
        if name not in metrics:
            known = ", ".join(metrics) or "none"
            raise ConclusionError(
                f"success.{name}: no metric of this name was recorded; recorded: {known}."
                + did_you_mean(name, metrics)
            )
    claims = [judge(Criterion.parse(n, condition), metrics[n]) for n, condition in success.items()]
    return [*claims, *_population(success, metrics)]


def _population(success: Mapping[str, object], metrics: Mapping[str, Metric]) -> Iterator[Claim]:
    """Yield what keeps an answer from being supported if many rows are not among its evidence."""
    aside = metrics.get(SET_ASIDE)
    if not success or SET_ASIDE in success or not aside or (aside.value or 0) <= MOST_ASIDE:
        return
    why = "what remains is another population; accept that by a bound of your own"
    yield Claim(SET_ASIDE, f"<= {MOST_ASIDE:g}", aside.value, None, "", "inconclusive", why)
