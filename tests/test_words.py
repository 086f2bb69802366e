"""Words that people use: ten patterns of odd English are in no text that a user meets."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Patterns by their kind, each with an example that it must catch.
PATTERNS = {
    "a bare clause in place of a noun": (
        r"\b[Ww]hat (was|differs|changed|failed|came|it|editors)\b(?![^.|]*\?)",
        "Executes again what failed.",
    ),
    "inverted order": (
        r"(^|[.;] )(Left out|Kept|Ruined|Drawn|Counted|Told|Refused) (is|are|was|were)\b",
        "Left out are settings that never vary.",
    ),
    "where and who in place of if and anyone who": (
        r"(^|[.;] )(Where|Who|Who(ever)) (?![^.|]*\?)(?!\w+ings? )",
        "Who decides reads section 4.",
    ),
    "words of another grammar": (
        r"\b([Mm]end(s|ing|ed)?|anew|beside|learnt|put aside|[Rr]eckon|[Ss]eldom|[Ww]ho(ever)"
        r"|[Ss]ome(body)|[Nn]o(body)|[Aa]ny(body))\b",
        "Somebody mends it anew.",
    ),
    "statistics as persons": (
        r"\b([Tt]ells?|told|owed|flatters?)\b",
        "The best of many trials flatters itself.",
    ),
    "private words": (
        r"\b([Hh]onest(y|ly)?|firmness stands|the dummy|a dummy|smallest stakes?|a kick|[Kk]icks:)\b",
        "The dummy answers honestly.",
    ),
    "help without a verb or a noun": (
        r"^(Of |Whose |As |What |Where |0: |Also )",
        "Of the config: small letters.",
    ),
    "names of variables as prose": (
        r", tuned (tells|predicts)|\bundefined columns|\b1 (columns|rows|runs)\b",
        "logistic, tuned predicts survived",
    ),
    "one text for every data set": (
        r"\b(Drive it|another year may|the season's|k lower than|its leaves|whether leaves)\b",
        "Drive it; it is in trip.csv.",
    ),
    "chains of fragments": (r";[^.;|]*;[^.;|]*;[^.;|]*;", "one; two; three; four; five"),
}
#: Texts that may stand: names of metrics, of parameters, and quotations.
EXCEPTIONS = (
    "mended from random orders, mean",  # a metric of the references
    "`told`",  # a name of former versions
    "repair in `mend`",  # a name in the code
    "; style-src 'unsafe-inline'; img-src data: 'self'",  # a policy of pages
)
HELP = "help without a verb or a noun"


def strings(tree: ast.AST) -> Iterator[str]:
    """Texts of code, without docstrings; `{}` stands for what is filled in."""
    inside = {v for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False):
            inside.add(node.body[0].value)  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.value


@cache
def texts() -> list[tuple[str, str]]:
    """Texts that users meet, read once."""
    return list(read())


def read() -> Iterator[tuple[str, str]]:
    """Where each text that a user meets is, and the text."""
    for path in sorted((ROOT / "templates").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source, place = "".join(cell["source"]), f"{path.name}: {cell['id']}"
            if cell["cell_type"] == "markdown":
                yield from ((place, line) for line in source.splitlines())
                continue
            tree = ast.parse(re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", source))
            yield from ((place, each) for each in strings(tree) if " " in each)
            yield from ((place, each) for each in re.findall(r"  # (.*)", source))
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from ((path.name, text) for text in strings(tree) if text.count(" ") >= 2)
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/guide").glob("*.md")]
    for path in pages:
        prose = re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8"))
        yield from ((path.name, line) for line in prose.splitlines())
    unreleased = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    yield from (("CHANGELOG.md", line) for line in unreleased.splitlines())
    for path in (ROOT / "params").rglob("*.yaml"):
        yield from ((path.name, line) for line in path.read_text(encoding="utf-8").splitlines())


def helps() -> Iterator[tuple[str, str]]:
    """Help of each option, and first line of each command."""
    for path in sorted((ROOT / "src/fourfold/cli").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "help":
                yield path.name, str(getattr(node.value, "value", ""))


def odd(kind: str, found_in: Iterable[tuple[str, str]]) -> list[str]:
    """Places that have a pattern, with the words around it."""
    lines = []
    for place, text in found_in:
        for each in EXCEPTIONS:
            text = text.replace(each, "")
        for match in re.finditer(PATTERNS[kind][0], text):
            around = text[max(0, match.start() - 40) : match.end() + 40]
            lines.append(f"{place}: …{around}…")
    return lines


@pytest.mark.parametrize("kind", PATTERNS)
def test_users_meet_no_such_words(kind):
    """Templates, messages, help, README, docs, configs, and what is new in the changelog."""
    assert odd(kind, helps() if kind == HELP else texts()) == []


@pytest.mark.parametrize("kind", PATTERNS)
def test_each_pattern_finds_its_example(kind):
    """A pattern that finds nothing would pass whatever is written."""
    assert odd(kind, [("example", PATTERNS[kind][1])])
