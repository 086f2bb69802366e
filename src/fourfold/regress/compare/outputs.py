"""The outputs of a cell against those that are kept: each kind by its own measure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from html import unescape
from typing import Any

from fourfold.plan.rules import USUAL_RULES, Rules
from fourfold.records.evidence import MIME
from fourfold.regress.compare.difference import Difference, gone_and_new
from fourfold.regress.compare.html_table import Table, compare_tables, read_tables
from fourfold.regress.compare.records import compare_json, compare_records
from fourfold.regress.compare.text import compare
from fourfold.regress.compare.volatile import stable

PICTURES = ("image/png", "image/jpeg")
_READ = ("text/markdown", "text/latex", "text/plain", "image/svg+xml")
# Widgets and scripts hold random names, and nothing that a reader sees.
_UNREAD = re.compile(r"application/(vnd\.jupyter\.widget|vnd\.bokehjs|javascript)")
_FIGURE = re.compile(r"<(?:matplotlib\.figure\.)?Figure\b.*>$")
_NO_CONTENT = re.compile(r"<[\w.]+(?: object| size| at|>).*")
_MARKUP = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)

Output = Mapping[str, Any]
Outputs = Sequence[Output]
Data = Mapping[str, Any]


def compare_outputs(
    before: Outputs, after: Outputs, rules: Rules = USUAL_RULES
) -> list[Difference]:
    """Return all differences between the outputs of a cell.

    Parameters
    ----------
    before, after : sequence of outputs
        As a notebook of format 4 keeps them.
    """
    differences = [*_streams(before, after, rules)]
    for old, new in aligned(displayed(before), displayed(after)):
        if old is None or new is None:
            differences += _single(old, new, rules)
        elif "error" in (old["output_type"], new["output_type"]):
            error, new_error = (
                f"{o['ename']}: {o['evalue']}" if o["output_type"] == "error" else "no error"
                for o in (old, new)
            )
            if compare(error, new_error, rules.tolerance):
                differences.append(Difference("error", error, new_error, "error"))
        else:
            differences += _data(old["data"], new["data"], rules)
    return differences


def displayed(outputs: Outputs) -> list[Output]:
    """Return the outputs that are no stream."""
    return [output for output in outputs if output["output_type"] != "stream"]


def plain(content: Any) -> str:
    """Return a text that JSON keeps as a string or a list of lines."""
    return content if isinstance(content, str) else "".join(content)


def _streams(before: Outputs, after: Outputs, rules: Rules) -> Iterator[Difference]:
    """Compare stdout; and stderr, where threads and buffers change the order of lines."""
    old, new = (_stream(side, "stdout") for side in (before, after))
    yield from compare(old, new, rules.tolerance)
    if not rules.ignores("stderr"):
        old, new = (stable(_stream(side, "stderr")) for side in (before, after))
        in_order = compare(old, new, rules.tolerance)
        in_any_order = compare(_sorted(old), _sorted(new), rules.tolerance)
        fewest = min(in_order, in_any_order, key=len)
        yield from (replace(d, where=f"stderr {d.where}") for d in fewest)


def _stream(outputs: Outputs, name: str) -> str:
    return "".join(plain(output["text"]) for output in outputs if output.get("name") == name)


def _sorted(text: str) -> str:
    lines = sorted(text.splitlines(), key=lambda line: (re.sub(r"[\d.]+", "0", line), line))
    return "\n".join(lines)


def aligned(before: Outputs, after: Outputs) -> Iterable[tuple[Output | None, Output | None]]:
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


def _single(before: Output | None, after: Output | None, rules: Rules) -> list[Difference]:
    """Return the difference that an output makes which only one side has."""
    output = before or after or {}
    data = output.get("data", {})
    if data and all(_UNREAD.match(mime) for mime in set(data) - {"text/plain"}) and len(data) > 1:
        return []
    drawn = any(mime in data for mime in PICTURES)
    if drawn and rules.ignores("pictures"):
        return []
    mime = next((mime for mime in ("text/plain", *data) if mime in data and not drawn), "")
    text = f"{mime}: {plain(data[mime])[:80]}" if mime else "an output"
    shown = output.get("ename") or ("a picture" if drawn else text)
    gone = Difference("output", shown, "", "missing")
    return [gone if before is not None else Difference("output", "", shown, "extra")]


def _data(before: Data, after: Data, rules: Rules) -> list[Difference]:
    """Compare the richest form that both have: a record, a table, a text, then pictures."""
    old, new = before.get(MIME), after.get(MIME)
    drawn = "figure" in [record.get("kind") for record in (old, new) if record]
    if old is not None and new is not None:
        differences = compare_records(old, new, rules)
        return differences or (_pictures(before, after, rules) if drawn else [])
    if not drawn and old is not None:
        return [Difference("record", "a record", "", "missing")]
    if not drawn and new is not None:
        return [Difference("record", "", "a record", "extra")]
    readable = [
        [mime for mime in data if mime != MIME and not _UNREAD.match(mime)]
        for data in (before, after)
    ]
    differences = [*gone_and_new("output {}", readable, "missing", "extra")]
    differences += _texts(before, after, rules)
    return differences or _pictures(before, after, rules)


def _texts(before: Data, after: Data, rules: Rules) -> list[Difference]:
    """Compare the tables in HTML that both have; without them text, and JSON."""
    old_html, new_html = (plain(data.get("text/html", "")) for data in (before, after))
    if old_html and new_html and "sk-top-container" not in old_html + new_html:
        old_tables, new_tables = read_tables(old_html), read_tables(new_html)
        if old_tables or new_tables:
            return _tables(old_tables, new_tables, rules)
        if _NO_CONTENT.fullmatch(plain(before.get("text/plain", "<x object>"))):
            old, new = (unescape(_MARKUP.sub(" ", html)) for html in (old_html, new_html))
            return compare(old, new, rules.tolerance)
    differences = []
    drawn = all(any(mime in data for mime in PICTURES) for data in (before, after))
    for mime in _READ:
        if mime in before and mime in after:
            old, new = plain(before[mime]), plain(after[mime])
            if not (drawn and _FIGURE.match(old) and _FIGURE.match(new)):
                differences += compare(old, new, rules.tolerance)
    for mime in before:
        if mime.endswith("json") and mime in after and mime != MIME and not _UNREAD.match(mime):
            differences += compare_json(before[mime], after[mime], rules.tolerance)
    return differences


def _tables(old: Sequence[Table], new: Sequence[Table], rules: Rules) -> list[Difference]:
    if len(old) != len(new):
        return [Difference("number of tables", str(len(old)), str(len(new)), "table")]
    return [
        replace(d, where=f"table {number} {d.where}" if len(old) > 1 else d.where)
        for number, tables in enumerate(zip(old, new, strict=True), 1)
        for d in compare_tables(*tables, rules)
    ]


def _pictures(before: Data, after: Data, rules: Rules) -> list[Difference]:
    differences = []
    for mime in () if rules.ignores("pictures") else PICTURES:
        if mime in before and mime in after and before[mime] != after[mime]:
            # It decodes with numpy and Pillow, if it must.
            from fourfold.regress.compare import pictures

            text = pictures.compare(plain(before[mime]), plain(after[mime]))
            differences += [Difference("picture", "", text, "picture")] if text else []
    return differences
