"""How a regression test compares: tolerances, and what it leaves out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from fourfold.errors import TemplateError, did_you_mean
from fourfold.plan.kind import Kind, Problem, mapping, value

IGNORABLE = ("pictures", "stderr", "column NAME", "metric NAME", "cell ID")
_ALONE = ("pictures", "stderr")
_NAMED = ("column", "metric", "cell")
_TAG = "ignore-"
_NO_SIZE = "expected a number from 0, got …"


@dataclass(frozen=True)
class Tolerance:
    """How far two floats may lie apart.

    Attributes
    ----------
    rtol : float
        Relative to the larger of the two; from 0.
    atol : float
        Absolute: below it, numbers are the noise of rounding around zero; from 0.
    """

    rtol: float = 1e-5
    atol: float = 1e-12


USUAL = Tolerance()
"""Apart from the noise of rounding, equal."""


@dataclass(frozen=True)
class Rules:
    """How the outputs of a reference are compared.

    Attributes
    ----------
    tolerance : Tolerance
        Of all numbers.
    metrics : dict of str to float
        Relative tolerance of a metric and its interval.
    ignore : tuple of str
        ``pictures``, ``stderr``, ``column NAME``, ``metric NAME``, ``cell ID``; names may have
        the wildcards of the shell.
    """

    tolerance: Tolerance = USUAL
    metrics: Mapping[str, float] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    def ignores(self, kind: str, name: str = "") -> bool:
        """Say whether something is left out."""
        return any(fnmatchcase(f"{kind} {name}".strip(), pattern) for pattern in self.ignore)

    def of_metric(self, name: str) -> Tolerance:
        """Return the tolerance of a metric."""
        return replace(self.tolerance, rtol=self.metrics.get(name, self.tolerance.rtol))

    def to_json(self) -> dict[str, Any]:
        """Return what `read_rules` reads."""
        lists = {"metrics": dict(self.metrics), "ignore": list(self.ignore)}
        return asdict(self.tolerance) | lists


USUAL_RULES = Rules()


def _is_size(given: Any) -> bool:
    return type(given) in (int, float) and 0 <= given < math.inf


def size(about: str = "") -> Kind:
    """Return what a tolerance may be."""
    return value(_NO_SIZE, _is_size, about, type="number", minimum=0)


def regress_kind(metrics: Kind) -> Kind:
    """Return what the block ``regress`` may hold, with the tolerances of these metrics."""
    one = {"type": "string", "pattern": "^(pictures|stderr|(column|metric|cell) .+)$"}
    ignore = {
        "anyOf": [one, {"type": "array", "items": one}],
        "description": f"Not compared: {', '.join(IGNORABLE)}",
    }
    keys = {
        "rtol": size("Relative tolerance of numbers; by default 1e-5"),
        "atol": size("Absolute tolerance of numbers; by default 1e-12"),
        "metrics": metrics,
        "ignore": Kind(_ignore_problems, lambda: ignore),
    }
    return mapping("How the reference is compared", keys)


def _ignore_problems(given: Any) -> list[Problem]:
    return [
        Problem((i,), text) for i, item in enumerate(_listed(given)) if (text := _unknown(item))
    ]


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


REGRESS = regress_kind(mapping("", {}, lambda name: size()))
"""What the block may hold whatever a template records."""


def read_rules(block: Any) -> tuple[Rules, list[Problem]]:
    """Return the rules in a mapping, and what is wrong with it: the key and a message."""
    if problems := REGRESS.problems(block):
        return Rules(), problems
    tolerance = Tolerance(**{name: block[name] for name in ("rtol", "atol") if name in block})
    return Rules(tolerance, block.get("metrics", {}), tuple(_listed(block.get("ignore", [])))), []


def with_tags(rules: Rules, tags: Sequence[str]) -> Rules:
    """Return the rules of a cell: ``rtol=0.01``, ``ignore-pictures``, ``ignore-column=fit_time``.

    Raises
    ------
    TemplateError
        If a tag begins as one of these and cannot be read.
    """
    for tag in tags:
        name, equals, given = tag.partition("=")
        if name in ("rtol", "atol") and equals:
            try:
                size = float(given)
            except ValueError:
                size = math.nan
            if not _is_size(size):
                raise TemplateError(f"tag {tag!r}: {_NO_SIZE.replace('…', repr(given))}")
            rules = replace(rules, tolerance=replace(rules.tolerance, **{name: size}))
        elif name.removeprefix(_TAG) in (*_ALONE, *_NAMED) and name.startswith(_TAG):
            item = f"{name.removeprefix(_TAG)} {given}".strip()
            if problem := _unknown(item):
                raise TemplateError(f"tag {tag!r}: {problem}")
            rules = replace(rules, ignore=(*rules.ignore, item))
    return rules


def _unknown(item: Any) -> str:
    kind, _, name = str(item).partition(" ")
    if (kind in _ALONE and not name) or (kind in _NAMED and name):
        return ""
    near = did_you_mean(kind, (*_ALONE, *_NAMED))
    return f"expected one of {', '.join(IGNORABLE)}, got {item!r}.{near}"
