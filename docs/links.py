"""Check links, of Markdown files and of the built site; those to the outside by form only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
SOURCES = ("*.md", "benchmarks/README.md", "outputs/README.md", "docs/*.md", "docs/*/*.md")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}|127\.0\.0\.1|localhost", re.IGNORECASE)


def markdown() -> MarkdownIt:
    """Return the parser of all pages: CommonMark with tables and HTML, as GitHub has it."""
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """Return the anchor of a heading as GitHub makes it; a second one of the name gets ``-1``.

    Examples
    --------
    >>> slug("Why not a loop over `papermill`?"), slug("Exit codes", ["exit-codes"])
    ('why-not-a-loop-over-papermill', 'exit-codes-1')
    """
    plain = re.sub(r"[^\w\- ]", "", text.lower().strip()).replace(" ", "-")
    known, count = set(taken), 0
    while (name := f"{plain}-{count}" if count else plain) in known:
        count += 1
    return name


def headings(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """Yield the place, level and text of each heading."""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            inline = tokens[place + 1].children or []
            yield place, int(token.tag[1]), "".join(each.content for each in inline)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a Markdown file."""
    found: list[str] = []
    for _, _, text in headings(markdown().parse(path.read_text(encoding="utf-8"))):
        found.append(slug(text, found))
    return frozenset(found)


class _Attributes(HTMLParser):
    """The links and ids of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" and value:
                self.ids.add(value)


def in_html(text: str) -> _Attributes:
    """Return the links and ids of HTML."""
    parser = _Attributes()
    parser.feed(text)
    return parser


def in_markdown(text: str) -> list[str]:
    """Return the links and images of Markdown, those in its HTML as well."""
    found: list[str] = []
    for token in markdown().parse(text):
        for each in [token, *(token.children or [])]:
            found += [str(each.attrs[name]) for name in ("href", "src") if name in each.attrs]
            if each.type.startswith("html"):
                found += in_html(each.content).links
    return found


def malformed(link: str) -> bool:
    """Say whether a link to the outside is none that a browser could follow."""
    parts = urlsplit(link)
    web = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or ""))
    return not (web or parts.scheme in ("mailto", "data"))


def complaint(link: str, path: Path, ids: Iterable[str] | None = None) -> str:
    """Return what is wrong with a link in a file; empty if nothing is.

    Parameters
    ----------
    ids : set of str, optional
        Of the file itself, where they are known.
    """
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return "expected an address such as https://example.org/page" if malformed(link) else ""
    target = path.parent / unquote(parts.path) if parts.path else path
    if not target.exists():
        return "expected a file or folder, found none"
    if not parts.fragment:
        return ""
    if target.suffix == ".md":
        known: Iterable[str] = anchors(target.resolve())
    else:
        own = ids if ids is not None and not parts.path else None
        known = own if own is not None else in_html(target.read_text(encoding="utf-8")).ids
    return "" if unquote(parts.fragment) in known else "expected a heading of that name, found none"


def check_sources(root: Path = ROOT) -> list[str]:
    """Return what is wrong with the links of the project's Markdown, one line each."""
    paths = [path for pattern in SOURCES for path in sorted(root.glob(pattern))]
    return [
        f"{path.relative_to(root)}: {link}: {told}"
        for path in paths
        for link in in_markdown(path.read_text(encoding="utf-8"))
        if (told := complaint(link, path))
    ]


def check_site(site: Path) -> list[str]:
    """Return what is wrong with the links of a built site; it must ask nothing of a network."""
    found = []
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        page = in_html(text)
        told = [
            f"{link}: {wrong}" for link in page.links if (wrong := complaint(link, path, page.ids))
        ]
        loaded = re.findall(r'(?:src="|<link[^>]+href=")(https?:[^"]+)', text)
        told += [f"{link}: expected a file of the site, got a web address" for link in loaded]
        found += [f"{path.relative_to(site)}: {each}" for each in told]
    return found
