"""The outputs of a cell against those that are kept: each kind by its own measure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fourfold.plan.rules import USUAL_RULES, Rules
from fourfold.records.evidence import MIME
from fourfold.regress.compare.align import changed
from fourfold.regress.compare.difference import Difference, gone_and_new
from fourfold.regress.compare.html_table import compare_tables, read_tables
from fourfold.regress.compare.markup import read_markup
from fourfold.regress.compare.records import compare_json, compare_records
from fourfold.regress.compare.text import NONE, Again, compare
from fourfold.regress.compare.tokens import mask

PICTURES = ("image/png", "image/jpeg")
_SVG = "image/svg+xml"
# Widgets hold random names, and nothing that a reader sees without their state.
_UNREAD = "application/vnd.jupyter.widget-view+json"
_FIGURE = re.compile(r"<(?:matplotlib\.figure\.)?Figure\b.*>$")
_MARK = "[an output]"

Output = Mapping[str, Any]
Outputs = Sequence[Output]
Data = Mapping[str, Any]


def compare_outputs(
    before: Outputs, after: Outputs, rules: Rules = USUAL_RULES, again: Again = NONE
) -> list[Difference]:
    """Return all differences between the outputs of a cell.

    Parameters
    ----------
    before, after : sequence of outputs
        As a notebook of format 4 keeps them.
    again : Again
        Outputs of further executions: what varies among them by itself is no difference.
    """
    differences = [*_streams(before, after, rules, again)]
    old, new = displayed(before), displayed(after)
    view = _View(old if again.base == "before" else new, again)
    for b, a in aligned(old, new):
        if b is None or a is None:
            differences += view.unless_varies(b or a, _single(b, a, rules))
            continue
        evidence = view.of(b if again.base == "before" else a)
        if "error" in (b["output_type"], a["output_type"]):
            texts = evidence.map(lambda o: _error(o) if o["output_type"] == "error" else None)
            if compare(_error(b), _error(a), rules.tolerance, texts):
                differences.append(Difference("error", _error(b), _error(a), "error"))
        else:
            differences += _data(b["data"], a["data"], rules, evidence.map(lambda o: o.get("data")))
    return differences


class _View:
    """What each output of a cell was in further executions."""

    def __init__(self, base: Outputs, again: Again) -> None:
        self.again = again
        self.of_each: list[dict[int, Output]] = []
        self.alone: set[Any] = set()
        for outputs in again.others:
            pairs = [*aligned(base, displayed(outputs))]
            self.of_each.append({id(b): o for b, o in pairs if b is not None and o is not None})
            self.alone |= {_signature(b or o or {}) for b, o in pairs if b is None or o is None}

    def of(self, output: Output) -> Again:
        others = tuple(o[id(output)] for o in self.of_each if id(output) in o)
        return Again(others, self.again.base)

    def unless_varies(
        self, output: Output | None, differences: list[Difference]
    ) -> list[Difference]:
        return [] if _signature(output or {}) in self.alone else differences


def _error(output: Output) -> str:
    return f"{output['ename']}: {output['evalue']}" if "ename" in output else "no error"


def displayed(outputs: Outputs) -> list[Output]:
    """Return the outputs that are no stream."""
    return [output for output in outputs if output["output_type"] != "stream"]


def plain(content: Any) -> str:
    """Return a text that JSON keeps as a string or a list of lines."""
    return content if isinstance(content, str) else "".join(content)


def _streams(before: Outputs, after: Outputs, rules: Rules, again: Again) -> Iterator[Difference]:
    """Compare stdout, and where displays stand in it.

    And stderr, where threads and buffers change the order of lines.
    """
    marked = len(displayed(before)) == len(displayed(after))
    old, new = (_stream(side, "stdout", marked) for side in (before, after))
    evidence = again.map(lambda outputs: _stream(outputs, "stdout", marked))
    yield from compare(old, new, rules.tolerance, evidence)
    if not rules.ignores("stderr"):
        old, new = (_stream(side, "stderr") for side in (before, after))
        evidence = again.map(lambda outputs: _stream(outputs, "stderr"))
        differences = compare(old, new, rules.tolerance, evidence)
        if differences:
            sides = _sorted(old), _sorted(new)
            in_any_order = compare(*sides, rules.tolerance, evidence.map(_sorted))
            differences = min(differences, in_any_order, key=len)
        yield from (replace(d, where=f"stderr {d.where}") for d in differences)


def _stream(outputs: Outputs, name: str, marked: bool = False) -> str:
    text = ""
    for output in outputs:
        if output.get("name") == name:
            text += plain(output["text"])
        elif marked and output["output_type"] != "stream":
            text += ("\n" if text and not text.endswith("\n") else "") + _MARK + "\n"
    return text


def _sorted(text: str) -> str:
    return "\n".join(sorted(text.splitlines(), key=lambda line: (mask(line), line)))


def aligned(before: Outputs, after: Outputs) -> Iterable[tuple[Output | None, Output | None]]:
    """Yield outputs in pairs, in order; where there are more on one side, by what they are."""
    if len(before) == len(after):
        yield from zip(before, after, strict=True)
        return
    old, new = ([_signature(output) for output in side] for side in (before, after))
    i = j = 0
    for start, i_end, fresh, j_end in [*changed(old, new), (len(old), 0, len(new), 0)]:
        yield from zip(before[i:start], after[j:fresh], strict=True)
        yield from ((output, None) for output in before[start:i_end])
        yield from ((None, output) for output in after[fresh:j_end])
        i, j = i_end, j_end


def _signature(output: Output) -> tuple[str, ...]:
    data = output.get("data", {})
    own = data.get(MIME, {})
    return (*sorted(set(data) - {MIME}), str(own.get("kind", "")), str(own.get("name", "")))


def _single(before: Output | None, after: Output | None, rules: Rules) -> list[Difference]:
    """Return the difference that an output makes which only one side has."""
    output = before or after or {}
    data = output.get("data", {})
    drawn = any(mime in data for mime in PICTURES)
    if drawn and rules.ignores("pictures"):
        return []
    mime = next((mime for mime in ("text/plain", *data) if mime in data and not drawn), "")
    text = f"{mime}: {plain(data[mime])[:80]}" if mime else "an output"
    shown = output.get("ename") or ("a picture" if drawn else text)
    gone = Difference("output", shown, "", "missing")
    return [gone if before is not None else Difference("output", "", shown, "extra")]


def _data(before: Data, after: Data, rules: Rules, again: Again) -> list[Difference]:
    """Compare the richest form that both have: a record, a table, a text, then pictures."""
    old, new = before.get(MIME), after.get(MIME)
    drawn = "figure" in [record.get("kind") for record in (old, new) if record]
    if old is not None and new is not None:
        differences = compare_records(old, new, rules)
        return differences or (_pictures(before, after, rules, again) if drawn else [])
    if not drawn and old is not None:
        return [Difference("record", "a record", "", "missing")]
    if not drawn and new is not None:
        return [Difference("record", "", "a record", "extra")]
    readable = [[mime for mime in data if mime not in (MIME, _UNREAD)] for data in (before, after)]
    differences = [*gone_and_new("output {}", readable, "missing", "extra")]
    differences += _texts(before, after, rules, again)
    return differences or _pictures(before, after, rules, again)


def _texts(before: Data, after: Data, rules: Rules, again: Again) -> list[Difference]:
    """Compare HTML, with its tables cell by cell; then all other texts, and JSON."""
    html = [plain(data.get("text/html", "")) for data in (before, after)]
    # The diagram of an estimator shows what its text says, in a style of each version.
    if all(html) and not all("sk-top-container" in side for side in html):
        evidence = again.map(_form("text/html")).map(plain)
        differences = _html(html[0], html[1], rules, evidence)
        if differences or any("<table" in side for side in html):
            return differences
    differences = []
    drawn = all(any(mime in data for mime in PICTURES) for data in (before, after))
    for mime in (mime for mime in before if mime in after and mime not in (MIME, _UNREAD)):
        old, new = before[mime], after[mime]
        evidence = again.map(_form(mime))
        if mime in PICTURES or mime == "text/html":
            continue
        if mime.endswith("json") or not isinstance(old, str | list):
            differences += _json(old, new, rules, evidence)
        elif mime == _SVG:
            evidence = evidence.map(lambda svg: read_markup(plain(svg)))
            sides = read_markup(plain(old)), read_markup(plain(new))
            differences += _named("SVG", compare(*sides, rules.tolerance, evidence))
        elif not (drawn and _FIGURE.match(plain(old)) and _FIGURE.match(plain(new))):
            differences += compare(plain(old), plain(new), rules.tolerance, evidence.map(plain))
    return differences


def _form(mime: str) -> Callable[[Data], Any]:
    return lambda data: data.get(mime)


def _named(kind: str, differences: Iterable[Difference]) -> list[Difference]:
    return [replace(d, where=f"{kind} {d.where}") for d in differences]


def _html(before: str, after: str, rules: Rules, again: Again) -> list[Difference]:
    """Compare tables cell by cell, then all around them, tags and attributes as well."""
    old, new = read_tables(before), read_tables(after)
    differences = []
    if len(old) != len(new):
        differences = [Difference("number of tables", str(len(old)), str(len(new)), "table")]
    else:
        like = [read_tables(other) for other in again.others]
        for number, tables in enumerate(zip(old, new, strict=True)):
            own = tuple(tables[number] for tables in like if number < len(tables))
            name = f"table {number + 1} " if len(old) > 1 else ""
            differences += [
                replace(d, where=name + d.where)
                for d in compare_tables(*tables, rules, Again(own, again.base))
            ]
    if differences and again.others:
        # A row or a column may vary as a whole.
        sides = read_markup(before), read_markup(after)
        varies = not compare(*sides, rules.tolerance, again.map(read_markup))
        return [] if varies else differences
    if differences:
        return differences
    around = again.map(lambda html: read_markup(html, cells=False))
    sides = read_markup(before, cells=False), read_markup(after, cells=False)
    return _named("HTML", compare(*sides, rules.tolerance, around))


def _json(before: Any, after: Any, rules: Rules, again: Again) -> list[Difference]:
    differences = compare_json(before, after, rules.tolerance)
    if not differences or not again.others:
        return differences

    def written(value: Any) -> str:
        return json.dumps(value, indent=0, ensure_ascii=False, sort_keys=True)

    sides = written(before), written(after)
    return differences if compare(*sides, rules.tolerance, again.map(written)) else []


def _pictures(before: Data, after: Data, rules: Rules, again: Again) -> list[Difference]:
    differences = []
    for mime in () if rules.ignores("pictures") else PICTURES:
        if mime in before and mime in after and before[mime] != after[mime]:
            # It decodes with numpy and Pillow, if it must.
            from fourfold.regress.compare import pictures

            sides = plain(before[mime]), plain(after[mime])
            text = pictures.compare(*sides)
            if text and again.others:
                drawn = again.map(_form(mime)).map(plain)
                text = "" if drawn.others and pictures.vary(*drawn.sides(*sides)) else text
            differences += [Difference("picture", "", text, "picture")] if text else []
    return differences
