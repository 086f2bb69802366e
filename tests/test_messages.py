"""The page of errors: it holds each message of the source, with a remedy, and no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.append(str(DOCS))

import messages  # noqa: E402


def test_the_page_holds_every_message():
    """And none that is gone, and each with what to do."""
    page = messages.on_page(messages.PAGE.read_text(encoding="utf-8"))
    source = messages.in_source()
    assert messages.complaints(source, page) == []
    assert len(source) > 200


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x):\n    raise DataError(f'{x}: no such thing as {x!r}')", {"…: no such thing as …"}),
        ("def f():\n    told = 'a: expected b'\n    raise DataError(told + did_you_mean(1, 2))", {"a: expected b"}),
        ("def f(x):\n    told = f'got {x}'\n    raise E(f'expected y, {told}')", {"expected y, got …"}),
        ("def f():\n    yield Problem(('a',), 'expected a list')", {"expected a list"}),
        ("def f():\n    return [Violation('f', 1, 1, 'key', 'not right')]", {"not right"}),
        ("class C:\n    async def f(self):\n        raise CError('it is lost')", {"it is lost"}),
        ("def f():\n    '''Say what was expected of it.'''\n    log('all is well')", set()),
        ("def f(error):\n    raise DataError(error)", set()),
    ],
)  # fmt: skip
def test_messages_are_found(source, found):
    """Raised, yielded or put together from parts; documentation is none."""
    assert messages.messages(source) == found


def test_what_is_wrong_with_a_page_is_told():
    """A message that lacks, one that is gone, and one without a remedy."""
    page = messages.on_page(
        "| `expected …` | Do it. |\n| `expected a \\| b` | Do. |\n| `gone` |  |"
    )
    assert page == {"expected …": "Do it.", "expected a | b": "Do.", "gone": ""}
    told = messages.complaints({"expected …": "data", "new": "config, plan"}, page)
    assert told == [
        "config, plan: not in errors.md: new",
        "errors.md: no such message in the source: expected a | b",
        "errors.md: no such message in the source: gone",
        "errors.md: expected a remedy: gone",
    ]
