"""How a regression test compares: tolerances, and what it leaves out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from fourfold.errors import did_you_mean

KEYS = ("rtol", "atol", "metrics", "ignore")
IGNORABLE = ("pictures", "stderr", "column NAME", "metric NAME", "cell ID")
_ALONE = ("pictures", "stderr")
_NAMED = ("column", "metric", "cell")
_TAG = "ignore-"
Problem = tuple[tuple[Any, ...], str]


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
        """Say whether something is left out.

        Examples
        --------
        >>> Rules(ignore=("column fit_*",)).ignores("column", "fit_time")
        True
        """
        wanted = f"{kind} {name}".strip()
        return any(fnmatchcase(wanted, pattern) for pattern in self.ignore)

    def of_metric(self, name: str) -> Tolerance:
        """Return the tolerance of a metric."""
        if name in self.metrics:
            return replace(self.tolerance, rtol=self.metrics[name])
        return self.tolerance

    def to_json(self) -> dict[str, Any]:
        """Return what `read_rules` reads."""
        return {
            "rtol": self.tolerance.rtol,
            "atol": self.tolerance.atol,
            "metrics": dict(self.metrics),
            "ignore": list(self.ignore),
        }


USUAL_RULES = Rules()


def read_rules(block: Any) -> tuple[Rules, list[Problem]]:
    """Return the rules in a mapping, and what is wrong with it: the key and a message.

    Examples
    --------
    >>> read_rules({"rtol": 0.01})[0].tolerance.rtol
    0.01
    >>> read_rules({"rtoll": 0.01})[1]
    [(('rtoll',), "unknown key; expected one of rtol, atol, metrics, ignore. Did you mean 'rtol'?")]
    """
    if not isinstance(block, Mapping):
        return Rules(), [((), f"expected a mapping, got {block!r}")]
    problems: list[Problem] = [
        ((name,), f"unknown key; expected one of {', '.join(KEYS)}.{did_you_mean(name, KEYS)}")
        for name in block
        if name not in KEYS
    ]
    tolerances = {name: block[name] for name in ("rtol", "atol") if name in block}
    metrics, ignore = block.get("metrics", {}), block.get("ignore", [])
    problems += [((name,), _no_size(v)) for name, v in tolerances.items() if not _is_size(v)]
    if not isinstance(metrics, Mapping):
        return Rules(), [*problems, (("metrics",), f"expected a mapping, got {metrics!r}")]
    problems += [(("metrics", n), _no_size(v)) for n, v in metrics.items() if not _is_size(v)]
    ignore = ignore if isinstance(ignore, list) else [ignore]
    problems += [(("ignore", i), text) for i, item in enumerate(ignore) if (text := _unknown(item))]
    if problems:
        return Rules(), problems
    return Rules(Tolerance(**tolerances), dict(metrics), tuple(ignore)), []


def with_tags(rules: Rules, tags: Sequence[str]) -> Rules:
    """Return the rules of a cell: ``rtol=0.01``, ``ignore-pictures``, ``ignore-column=fit_time``.

    Raises
    ------
    ValueError
        If a tag begins as one of these and cannot be read.

    Examples
    --------
    >>> with_tags(Rules(), ["rtol=0.01", "ignore-stderr"])
    Rules(tolerance=Tolerance(rtol=0.01, atol=1e-12), metrics={}, ignore=('stderr',))
    """
    for tag in tags:
        name, equals, given = tag.partition("=")
        if name in ("rtol", "atol") and equals:
            try:
                size = float(given)
            except ValueError:
                size = math.nan
            if not _is_size(size):
                raise ValueError(f"tag {tag!r}: {_no_size(given)}")
            rules = replace(rules, tolerance=replace(rules.tolerance, **{name: size}))
        elif name.removeprefix(_TAG) in (*_ALONE, *_NAMED) and name.startswith(_TAG):
            item = f"{name.removeprefix(_TAG)} {given}".strip()
            if problem := _unknown(item):
                raise ValueError(f"tag {tag!r}: {problem}")
            rules = replace(rules, ignore=(*rules.ignore, item))
    return rules


def _is_size(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _no_size(value: Any) -> str:
    return f"expected a number from 0, got {value!r}"


def _unknown(item: Any) -> str:
    kind, _, name = str(item).partition(" ")
    if (kind in _ALONE and not name) or (kind in _NAMED and name):
        return ""
    near = did_you_mean(kind, (*_ALONE, *_NAMED))
    return f"expected one of {', '.join(IGNORABLE)}, got {item!r}.{near}"
