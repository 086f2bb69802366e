"""Compare docs/errors.md with the messages in the source: ``python docs/messages.py`` says what lacks.

A message is a text that is raised, or that says what was expected. Its variable parts are ``…``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fourfold"
PAGE = ROOT / "docs" / "errors.md"
#: What stands for a variable part.
PART = "…"
#: Words by which a text is a message, wherever it stands.
_SAYS = re.compile(r"\bexpected\b|\bunknown (key|parameter|template|tag)|cannot be read")
#: What a function raises for whoever calls it wrongly from Python, which no config can cause.
_ERRORS = re.compile(r"(FourfoldError|ConfigError|TemplateError|DataError|ConclusionError|RunError"
                     r"|ValueError|TypeError|UsageError|CollectError)$")  # fmt: skip


def pattern(node: ast.expr) -> str:
    """Return the text that an expression makes, with ``…`` for what is variable."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(pattern(value) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return pattern(left) + pattern(right)
        case ast.BinOp(left=left, op=ast.Mod()):
            return re.sub(r"%[sdr]", PART, pattern(left))
        case _:
            return PART


def tidy(text: str) -> str:
    """Return a message on one line, with one ``…`` where several parts meet."""
    return re.sub(rf"{PART}(\s*{PART})*", PART, " ".join(text.split())).strip()


def _texts(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the outermost expressions that make a text; documentation is none."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        adds = isinstance(child, ast.BinOp) and isinstance(child.op, ast.Add | ast.Mod)
        if isinstance(child, ast.JoinedStr) or (adds and pattern(child).strip(PART)):  # type: ignore[arg-type]
            yield child  # type: ignore[misc]
        elif isinstance(child, ast.Constant):
            if isinstance(child.value, str):
                yield child
        else:
            yield from _texts(child)


def _raised(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the first argument of each error that is raised or made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _ERRORS.search(ast.unparse(node.func)):
            yield node.args[0]


def messages(source: str) -> set[str]:
    """Return the messages of a module's source."""
    tree = ast.parse(source)
    found = {tidy(pattern(node)) for node in _texts(tree) if _SAYS.search(pattern(node))}
    found |= {tidy(pattern(node)) for node in _raised(tree)}
    return {text for text in found if re.search(r"[a-z]{3}", text)}


def in_source(package: Path = PACKAGE) -> dict[str, str]:
    """Return each message of the package and the modules that hold it."""
    found: dict[str, list[str]] = {}
    for path in sorted(package.glob("*.py")):
        for text in messages(path.read_text(encoding="utf-8")):
            found.setdefault(text, []).append(path.stem)
    return {text: ", ".join(modules) for text, modules in sorted(found.items())}


def on_page(text: str) -> dict[str, str]:
    """Return each message of a page and its remedy, from the rows of its tables."""
    rows = re.findall(r"^\| (`+) ?(.+?) ?\1 \| (.*?) \|$", text, re.MULTILINE)
    return {tidy(message.replace(r"\|", "|")): remedy for _, message, remedy in rows}


def complaints(source: Mapping[str, str], page: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a page, one line each."""
    lacking = [f"{module}: not in errors.md: {text}" for text, module in source.items()
               if text not in page]  # fmt: skip
    gone = [f"errors.md: no such message in the source: {text}" for text in page
            if text not in source]  # fmt: skip
    bare = [f"errors.md: expected a remedy: {text}" for text, remedy in page.items() if not remedy]
    return lacking + gone + bare


def main() -> int:
    """Print what is wrong with docs/errors.md; return 1 if anything is."""
    found = complaints(in_source(), on_page(PAGE.read_text(encoding="utf-8")))
    print("\n".join(found) or "errors.md holds every message")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
