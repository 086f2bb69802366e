"""Which runs ``--only`` means."""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from fourfold.errors import FourfoldError, did_you_mean
from fourfold.plan.conditions import SIGNS, compares, is_bound, read, same
from fourfold.plan.spec import RunSpec, canonical
from fourfold.run.digests import WILDCARDS

_CONDITION = re.compile(rf"\s*(.+?)\s*(~|{SIGNS})\s*(.*?)\s*", re.DOTALL)
_ALTERNATIVES = re.compile(r"""\s*("[^"]*"|'[^']*'|\[[^\]]*\]|[^|]*)\s*(?:\||$)""")


def matching(specs: Sequence[RunSpec], patterns: Sequence[str]) -> list[RunSpec]:
    """Return the runs that meet every condition.

    A condition is the name of a run, or a parameter (or ``run``, ``config``, ``template``), an
    operator and a value: ``depth=1`` and ``depth!=1|2`` compare values, also texts and lists;
    ``depth>=3`` compares numbers, or texts such as dates; ``mode~pla`` finds its text anywhere in
    the value, or matches a glob.

    Raises
    ------
    FourfoldError
        If a condition cannot be read, or no run has such a parameter.
    """
    chosen = list(specs)
    for pattern in patterns:
        named = [spec for spec in chosen if pattern in (spec.name, spec.run_id)]
        chosen = named or _meeting(chosen, pattern)
    return chosen


def _meeting(specs: list[RunSpec], pattern: str) -> list[RunSpec]:
    condition = _CONDITION.fullmatch(pattern)
    if not condition:
        raise FourfoldError(
            "--only: expected a run, name~pattern, or name=value (also !=, <, <=, >, >=; values "
            f"a|b), got {pattern!r}"
        )
    name, sign, wanted = condition.groups()
    having = [spec for spec in specs if name in _own(spec) or name in spec.parameters]
    if specs and not having:
        known = ["run", "config", "template", *specs[0].parameters]
        near = did_you_mean(name, known)
        raise FourfoldError(
            f"--only: expected a parameter ({', '.join(known)}), got {name!r}.{near}"
        )
    meets = _test(sign, wanted)
    return [spec for spec in having if meets(_value(spec, name))]


def _test(sign: str, wanted: str) -> Callable[[Any], bool]:
    """Return the test of a value."""
    if sign == "~":
        glob = wanted if WILDCARDS & set(wanted) else f"*{wanted}*"
        return lambda value: fnmatchcase(_text(value), glob)
    if sign not in ("=", "!="):
        bound = read(wanted)
        if not is_bound(bound):
            raise FourfoldError(f"--only: expected a number or a date after {sign}, got {wanted!r}")
        return lambda value: compares(value, sign, bound)
    ends = [m[1] for m in _ALTERNATIVES.finditer(wanted) if m[1].strip()] or [""]
    values = [read(end.strip()) for end in ends]
    return lambda value: any(same(value, each) for each in values) == (sign == "=")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _own(spec: RunSpec) -> dict[str, str]:
    return {"run": spec.name, "config": spec.config, "template": spec.template}


def _value(spec: RunSpec, name: str) -> Any:
    own = _own(spec)
    return own[name] if name in own else spec.parameters[name]
