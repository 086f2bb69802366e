"""What each field of a record holds: one that was spoiled counts as none, before it is used."""

from collections.abc import Callable, Mapping
from typing import Any

from fourfold.errors import RecordError
from fourfold.records.evidence import MARKS, Criterion

Holds = Callable[[Any], bool]
_LARGEST = 10**300  # beyond it, an integer is no float, and no page can draw an interval of it


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < _LARGEST  # NaN is not


def _real(value: Any) -> bool:
    return isinstance(value, float) or _number(value)  # a metric may be infinite


def _maybe(holds: Holds) -> Holds:
    return lambda value: value is None or holds(value)


def _each(holds: Holds) -> Holds:
    return lambda value: isinstance(value, list | tuple) and all(map(holds, value))


def _values(holds: Holds) -> Holds:
    return lambda value: (
        isinstance(value, Mapping) and all(map(_text, value)) and all(map(holds, value.values()))
    )


def _with(**fields: Holds) -> Holds:
    return lambda value: (
        isinstance(value, Mapping) and all(n in value and h(value[n]) for n, h in fields.items())
    )


def _any(value: Any) -> bool:
    return True


def _figure(value: Any) -> bool:
    """Say whether a metric or a claim has a value, an interval of two, and a unit."""
    ends = value.ci is None or (len(value.ci) == 2 and all(map(_real, value.ci)))
    exact = isinstance(value.value, int)  # of any size: a table has room for it
    return (exact or _maybe(_real)(value.value)) and ends and _text(value.unit)


def _claim(value: Any) -> bool:
    Criterion.parse(value.metric, value.condition)  # a ValueError, if it is none
    return all(map(_text, (value.metric, value.condition, value.why))) and value.verdict in MARKS


_FIELDS: Mapping[str, Holds] = {
    **dict.fromkeys(("config", "run_id", "template", "status", "started_at", "verdict"), _text),
    **dict.fromkeys(("answer", "start", "kernel", "reason"), _text),
    **dict.fromkeys(("key", "former", "parameters"), _values(_any)),
    "varied": _each(_text),
    "duration_s": _number,
    "attempts": _number,
    "metrics": _values(_figure),
    "claims": _each(lambda value: _figure(value) and _claim(value)),
    "data": _each(
        _with(source=_text, rows=_number, columns=_number, sha256=_text, rejected=_number)
    ),
    "artifacts": _each(_with(name=_text)),
    "sections": _values(_number),
    "versions": _values(_text),
    "digests": _values(_text),
    "cost": _values(_maybe(_number)),
    "git_commit": _maybe(_text),
    "error": _maybe(_with(section=_text, cell=_number, cell_id=_text, error=_text, message=_text)),
    "accepted": _each(_with(at=_text, because=_text, changes=_each(_text))),
}


def check_shape(content: Mapping[str, Any]) -> None:
    """Check fields of a record, of which some may be missing.

    Raises
    ------
    RecordError
        Naming the first field that holds anything else than it should.
    """
    for name, holds in _FIELDS.items():
        if name in content and not holds(content[name]):
            raise RecordError(name)
