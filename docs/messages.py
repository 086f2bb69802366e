"""Compare docs/errors.md with the messages in the source: ``python docs/messages.py``.

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
_SAYS = re.compile(
    r"\bexpected\b|unknown (key|parameter|template|tag)|cannot be read|took longer|kernel died"
    r"|out of memory|stopped before this|already given|no parameter"
)
#: Errors that nobody sees: the runner starts a kernel cold instead, Python asks for an attribute.
_INNER = ("WarmError", "AttributeError")
#: Functions that make a violation; its message is among their arguments.
_TOLD = ("Violation", "violation", "_error")
#: A text with those words that is no message: a pattern that is searched for.
_NONE = {"…: expected …, got"}


_DEEPER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: Of each local name the texts that it stands for, by the lines from which it does.
Names = Mapping[str, Mapping[int, str]]


def pattern(node: ast.AST, names: Names) -> str:
    """Return the text that an expression makes, with ``…`` for what is variable.

    Parameters
    ----------
    node : ast.AST
    names : dict
        Texts that local names stand for.
    """
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(pattern(value, names) for value in values)
        case ast.FormattedValue(value=ast.Name() as inner, conversion=-1):
            return pattern(inner, names)
        case ast.Name(id=name, lineno=line):
            texts = {start: text for start, text in names.get(name, {}).items() if start <= line}
            return texts[max(texts)] if texts else PART
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return pattern(left, names) + pattern(right, names)
        case ast.Call(func=ast.Name(id="did_you_mean")):
            return ""
        case _:
            return PART


def tidy(text: str) -> str:
    """Return a message on one line, with one ``…`` where several parts meet."""
    text = re.sub(rf"{PART}(\s*{PART})*", PART, " ".join(text.split()))
    return re.sub(rf"\.\s*{PART}$", "", text).strip(" .")


def _is_documentation(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _makes_text(node: ast.AST) -> bool:
    adds = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    return (
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        or (adds and bool(pattern(node, {}).strip(PART + " ")))
    )


def _texts(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the outermost expressions that make a text; documentation is none."""
    for child in ast.iter_child_nodes(tree):
        if _is_documentation(child):
            continue
        if _makes_text(child):
            yield child
        else:
            yield from _texts(child)


def _local_texts(function: ast.AST) -> tuple[Names, dict[ast.AST, str]]:
    """Return the texts that local names stand for, and the names by the nodes that make them."""
    names: dict[str, dict[int, str]] = {}
    nodes: dict[ast.AST, str] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value, lineno=line):
                text = pattern(value, names)
                names.setdefault(name, {})[line] = text
                if text != PART:
                    nodes[value] = name
    return names, nodes


def _said(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what each error that is made says, and each violation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func).rpartition(".")[2]
            if name.endswith("Error") and name not in _INNER:
                yield node.args[0]
            elif name in _TOLD:
                yield from node.args[-1:] if name == "Violation" else node.args[1:3]
            elif name == "wrong":
                yield node.args[0]


def messages(source: str) -> set[str]:
    """Return the messages of a module's source."""
    tree = ast.parse(source)
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    outer = [*tree.body, *(n for each in classes for n in each.body)]
    functions = [n for n in outer if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    found: set[str] = set()
    for part in functions:
        names, nodes = _local_texts(part)
        texts = list(_texts(part))
        inside = {n.id for text in texts for n in ast.walk(text) if isinstance(n, ast.Name)}
        spoken = [node for node in texts if nodes.get(node) not in inside]
        found |= {t for n in spoken if _SAYS.search(t := pattern(n, names))}
        found |= {pattern(node, names) for node in _said(part)}
    others = [n for n in outer if not isinstance(n, _DEEPER) and not _is_documentation(n)]
    for other in others:
        found |= {t for n in _texts(other) if _SAYS.search(t := pattern(n, {}))}
    tidied = {tidy(text) for text in found}
    return {text for text in tidied if " " in text and re.search(r"[a-z]{3}", text)} - _NONE


def in_source(package: Path = PACKAGE) -> dict[str, str]:
    """Return each message of the package and the modules that hold it."""
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
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
