"""The outputs of a cell against those that are kept: each kind by its own measure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from html import unescape
from typing import Any

from fourfold.plan.rules import USUAL_RULES, Rules
from fourfold.records.evidence import MIME
from fourfold.regress.compare.difference import Difference
from fourfold.regress.compare.html_table import TIMINGS, compare_tables, read_tables
from fourfold.regress.compare.records import compare_json, compare_records
from fourfold.regress.compare.text import compare, same
from fourfold.regress.compare.volatile import stable

_PICTURES = ("image/png", "image/jpeg")
_READ = ("text/markdown", "text/latex", "text/plain", "image/svg+xml")
# Widgets and scripts hold random names, and nothing that a reader sees.
_UNREAD = re.compile(r"application/(vnd\.jupyter\.widget|vnd\.bokehjs|javascript)")
_FIGURE = re.compile(r"<(?:matplotlib\.figure\.)?Figure\b.*>$")
_NO_CONTENT = re.compile(r"<[\w.]+(?: object| size| at|>).*")
_MARKUP = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)

Output = Mapping[str, Any]


def compare_outputs(
    before: Sequence[Output],
    after: Sequence[Output],
    rules: Rules = USUAL_RULES,
) -> list[Difference]:
    """Return all differences between the outputs of a cell.

    Parameters
    ----------
    before, after : sequence of outputs
        As a notebook of format 4 keeps them.
    """
    old, new = (_streams(outputs) for outputs in (before, after))
    found = _compare_stdout(old, new, rules) + _compare_stderr(old, new, rules)
    displays = [[o for o in outputs if o["output_type"] != "stream"] for outputs in (before, after)]
    for b, a in aligned(*displays):
        if b is None or a is None:
            found += _alone(b, a, rules)
        elif b["output_type"] == "error" or a["output_type"] == "error":
            found += _compare_errors(b, a, rules)
        else:
            found += _compare_data(b["data"], a["data"], rules)
    return found


def _streams(outputs: Sequence[Output]) -> dict[str, str]:
    streams: dict[str, str] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + plain(output["text"])
    return streams


def _compare_stdout(old: dict[str, str], new: dict[str, str], rules: Rules) -> list[Difference]:
    return compare(old.get("stdout", ""), new.get("stdout", ""), rules.tolerance)


def _compare_stderr(old: dict[str, str], new: dict[str, str], rules: Rules) -> list[Difference]:
    """Compare what was complained of; threads and buffers change the order of its lines."""
    if rules.ignores("stderr"):
        return []
    before, after = (stable(streams.get("stderr", "")) for streams in (old, new))
    found = [
        compare(before, after, rules.tolerance),
        compare(_in_order(before), _in_order(after), rules.tolerance),
    ]
    return [replace(d, where=f"stderr {d.where}") for d in min(found, key=len)]


def _in_order(text: str) -> str:
    lines = sorted(text.splitlines(), key=lambda line: (re.sub(r"[\d.]+", "0", line), line))
    return "\n".join(lines)


def aligned(
    before: Sequence[Output], after: Sequence[Output]
) -> Iterable[tuple[Output | None, Output | None]]:
    """Yield outputs in pairs, in order; where there are more on one side, by what they are."""
    if len(before) == len(after):
        yield from zip(before, after, strict=True)
        return
    old, new = ([_signature(output) for output in side] for side in (before, after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(before[i:i_end], after[j:j_end], strict=True)
        else:
            yield from ((output, None) for output in before[i:i_end])
            yield from ((None, output) for output in after[j:j_end])


def _signature(output: Output) -> tuple[str, ...]:
    data = output.get("data", {})
    own = data.get(MIME, {})
    return (*sorted(set(data) - {MIME}), str(own.get("kind", "")), str(own.get("name", "")))


def _alone(before: Output | None, after: Output | None, rules: Rules) -> list[Difference]:
    """Return the difference that an output makes which only one side has."""
    output = before or after or {}
    data = output.get("data", {})
    if data and all(_UNREAD.match(mime) for mime in set(data) - {"text/plain"}) and len(data) > 1:
        return []
    if rules.ignores("pictures") and any(mime in data for mime in _PICTURES):
        return []
    shown = output.get("ename") or next(
        (f"{mime}: {plain(data[mime])[:80]}" if mime not in _PICTURES else "a picture"
         for mime in (*_PICTURES, "text/plain", *data) if mime in data), "an output"
    )  # fmt: skip
    if before is not None:
        return [Difference("output", shown, "", "missing")]
    return [Difference("output", "", shown, "extra")]


def _compare_errors(before: Output, after: Output, rules: Rules) -> list[Difference]:
    old, new = (
        f"{o['ename']}: {o['evalue']}" if o["output_type"] == "error" else "no error"
        for o in (before, after)
    )
    return [] if same(old, new, rules.tolerance) else [Difference("error", old, new, "error")]


def _compare_data(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules
) -> list[Difference]:
    """Compare the richest form that both have: a record, a table, a text, then pictures."""
    old, new = before.get(MIME), after.get(MIME)
    drawn = "figure" in [r.get("kind") for r in (old, new) if r]
    if old is not None and new is not None:
        found = compare_records(old, new, rules)
        return found if not drawn or found else _compare_pictures(before, after, rules)
    if not drawn and (old is not None or new is not None):
        told = ("a record", "") if old is not None else ("", "a record")
        return [Difference("record", *told, "missing" if old is not None else "extra")]
    gone = [m for m in _readable(before) if m not in after]
    fresh = [m for m in _readable(after) if m not in before]
    found = [Difference(f"output {mime}", "there", "gone", "missing") for mime in gone]
    found += [Difference(f"output {mime}", "not there", "new", "extra") for mime in fresh]
    found += _compare_readings(before, after, rules)
    return found or _compare_pictures(before, after, rules)


def _readable(data: Mapping[str, Any]) -> list[str]:
    return [mime for mime in data if mime != MIME and not _UNREAD.match(mime)]


def _compare_readings(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules
) -> list[Difference]:
    old_html, new_html = (plain(data.get("text/html", "")) for data in (before, after))
    if old_html and new_html and "sk-top-container" not in old_html + new_html:
        tables = [read_tables(html) for html in (old_html, new_html)]
        if any(tables):
            return _compare_tables(tables[0], tables[1], rules)
        if _NO_CONTENT.fullmatch(plain(before.get("text/plain", "<x object>"))):
            old, new = (unescape(_MARKUP.sub(" ", html)) for html in (old_html, new_html))
            return compare(old, new, rules.tolerance)
    found = []
    drawn = all(any(mime in data for mime in _PICTURES) for data in (before, after))
    for mime in _READ:
        if mime in before and mime in after:
            old, new = plain(before[mime]), plain(after[mime])
            if not (drawn and _FIGURE.match(old) and _FIGURE.match(new)):
                found += compare(old, new, rules.tolerance)
    for mime in before:
        if mime.endswith("json") and mime in after and mime != MIME and not _UNREAD.match(mime):
            found += compare_json(before[mime], after[mime], rules.tolerance)
    return found


def _compare_tables(old: Sequence[Any], new: Sequence[Any], rules: Rules) -> list[Difference]:
    if len(old) != len(new):
        return [Difference("number of tables", str(len(old)), str(len(new)), "table")]

    def ignored(column: str) -> bool:
        return column in TIMINGS or rules.ignores("column", column)

    found = []
    for number, (b, a) in enumerate(zip(old, new, strict=True), 1):
        here = f"table {number} " if len(old) > 1 else ""
        differences = compare_tables(b, a, rules.tolerance, ignored)
        found += [replace(d, where=here + d.where) for d in differences]
    return found


def _compare_pictures(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules
) -> list[Difference]:
    if rules.ignores("pictures"):
        return []
    found = []
    for mime in _PICTURES:
        if mime in before and mime in after and before[mime] != after[mime]:
            from fourfold.regress.compare import (
                pictures,  # decodes with numpy and Pillow, if it must
            )

            told = pictures.compare(plain(before[mime]), plain(after[mime]))
            found += [Difference("picture", "", told, "picture")] if told else []
    return found


def plain(content: Any) -> str:
    """Return what JSON keeps as a string or a list of lines."""
    return content if isinstance(content, str) else "".join(content)
