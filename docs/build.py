"""Build the site of the docs, and check every link: ``python docs/build.py [FOLDER]``.

The site mirrors the project: README.md becomes index.html, other Markdown files keep their place,
files that they link to are copied. It loads nothing from a network.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import gallery
import reference
from jinja2 import Environment, FileSystemLoader, select_autoescape
from links import ROOT, check_site, check_sources, headings, markdown, slug
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from fourfold.report.safe import asset, policy

DOCS = ROOT / "docs"
SITE = DOCS / "_site"
#: The navigation: a heading, and the pages below it; a folder stands for its pages.
PARTS = {
    "Start": ["docs/gallery.md", "docs/search.md"],
    "Guide": ["docs/guide"],
    "How to": ["docs/glossary.md", "docs/recipes.md", "docs/errors.md", "outputs/README.md"],
    "Reference": ["docs/reference/command-line.md", "docs/reference/templates.md",
                  "docs/reference/python.md"],
    "Project": ["docs/architecture.md", "docs/decisions", "benchmarks/README.md", "CHANGELOG.md"],
}  # fmt: skip
#: Titles that only say something where they stand.
SHORT = {"outputs/README.md": "Outputs"}
_SCROLLING = {
    "<pre>": '<pre tabindex="0">',
    "<table>": '<div class="wide" tabindex="0"><table>',
    "</table>": "</table></div>",
}
_COLOURS = ("colours.css",)
SEARCH = "docs/search.md"
_ABOUT_SEARCH = "# Search\n\nType words: sections that have all of them appear below.\n"
_FIELD = (
    '<p><label for="q">Words</label> <input id="q" type="search" autocomplete="off"></p>'
    '<p id="count" role="status"></p><ol id="hits"></ol>'
    "<noscript><p>The search needs JavaScript.</p></noscript>"
)


@dataclass(frozen=True)
class Page:
    """A page of the site: its path in the project, its Markdown, and its title."""

    path: str
    text: str
    title: str

    @property
    def address(self) -> str:
        """Return its path in the site."""
        return (
            "index.html" if self.path == "README.md" else str(Path(self.path).with_suffix(".html"))
        )


def build(site: Path = SITE) -> int:
    """Write the site into a folder, anew; return how many pages it has."""
    shutil.rmtree(site, ignore_errors=True)
    pages = read_pages()
    known = {page.path: page for page in pages}
    environment = Environment(
        loader=FileSystemLoader(DOCS), autoescape=select_autoescape(), trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    template = environment.get_template("site.html.j2")
    sections: list[tuple[str, str, str, str]] = []
    for page in sorted(pages, key=lambda page: page.path == SEARCH):  # it has the words of all
        script = ""
        body, contents = rendered(page, known, site)
        if page.path == SEARCH:
            script = (DOCS / "search.js").read_text(encoding="utf-8")
            index = json.dumps(sections, ensure_ascii=False).replace("<", "\\u003c")
            body += f'{_FIELD}<script type="application/json" id="sections">{index}</script>'
        else:
            sections += _sections(page, body)
        there = _relative(".", page.address) + "/"
        # Its style sheets are files beside it.
        own = policy(theme := asset("theme.js"), *filter(None, [script])).replace(
            "style-src", "style-src 'self'"
        )
        html = template.render(page=page, body=body, contents=contents, parts=_parts(known, page),
                               root=there if there != "./" else "", theme=theme,
                               script=script, policy=own)  # fmt: skip
        _write(site / page.address, html)
    for name in _COLOURS:
        _write(
            site / name, (files("fourfold.report") / "assets" / name).read_text(encoding="utf-8")
        )
    gallery.write_reports(site)
    _write(site / "site.css", (DOCS / "site.css").read_text(encoding="utf-8"))
    return len(pages)


def read_pages() -> list[Page]:
    """Return all pages: Markdown files, the reference, and a list of each folder of pages."""
    paths = ["README.md", "CHANGELOG.md", "benchmarks/README.md", "outputs/README.md"]
    for pattern in ("*.md", "guide/*.md", "decisions/*.md"):
        paths += [path.relative_to(ROOT).as_posix() for path in sorted(DOCS.glob(pattern))]
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}
    texts |= reference.pages()
    texts |= {gallery.PAGE: gallery.page(), SEARCH: _ABOUT_SEARCH}
    titles = {path: _title(text) for path, text in texts.items()}
    listed = [path for path in paths if path.startswith("docs/decisions/")]
    items = (f"- [{titles[path]}]({Path(path).name})" for path in listed)
    texts["docs/decisions/index.md"] = "# Decisions\n\n" + "\n".join(items) + "\n"
    return [Page(path, text, _title(text)) for path, text in texts.items()]


def _title(text: str) -> str:
    return next(words for _, level, words in headings(markdown().parse(text)) if level == 1)


def _sections(page: Page, body: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield address, title of the page, heading and plain text of each section, for the search."""
    parts = re.split(r'<h[23] id="([^"]+)">(.*?)</h[23]>', body)
    plain = [" ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split()) for part in parts]
    address = _relative(page.address, str(Path(SEARCH).with_suffix(".html")))
    yield address, page.title, "", plain[0]
    for anchor, heading, text in zip(parts[1::3], plain[2::3], plain[3::3], strict=True):
        yield f"{address}#{anchor}", page.title, heading, text


def rendered(page: Page, known: dict[str, Page], site: Path) -> tuple[str, list[tuple[str, str]]]:
    """Return the HTML of a page, and the anchor and text of each heading of level two."""
    parser = markdown()
    tokens = parser.parse(page.text)
    contents: list[tuple[str, str]] = []
    taken: list[str] = []
    for place, level, text in headings(tokens):
        taken.append(slug(text, taken))
        tokens[place].attrSet("id", taken[-1])
        if level == 2:
            contents.append((taken[-1], text))
    for token in tokens:
        for each in [token, *(token.children or [])]:
            _relink(each, page, known, site)
    parser.add_render_rule("fence", lambda self, all_, place, *rest: _code(all_[place]))
    body = str(parser.renderer.render(tokens, parser.options, {}))
    # What scrolls must be reached by keyboard.
    for plain, marked in _SCROLLING.items():
        body = body.replace(plain, marked)
    return body, contents


def _code(token: Token) -> str:
    kind, _, option = token.info.strip().partition(" ")
    if kind == "console":  # Pygments would take a line of output that begins with # for a prompt
        text = re.sub(r"(?m)^\$ ", '<span class="gp">$ </span>', escape(token.content))
        return f'<div class="code"><pre><code>{text}</code></pre></div>'
    try:
        lexer = get_lexer_by_name(kind or "text")
    except ClassNotFound:
        lexer = TextLexer()
    told = option.partition("=")[2].replace("#", ", cell ")
    caption = f'<p class="file">{told}</p>' if told else ""
    marked: str = highlight(token.content, lexer, HtmlFormatter(cssclass="code", wrapcode=True))
    return caption + marked


def _relink(token: Token, page: Page, known: dict[str, Page], site: Path) -> None:
    """Let a link lead to the page of a Markdown file; copy any other file that it names."""
    for name in ("href", "src"):
        link = str(token.attrs.get(name, ""))
        if link:
            token.attrs[name] = _moved(link, page, known, site)
    if token.type.startswith("html") and 'src="' in token.content:
        before, _, rest = token.content.partition('src="')
        link, _, after = rest.partition('"')
        token.content = f'{before}src="{_moved(link, page, known, site)}"{after}'


def _moved(link: str, page: Page, known: dict[str, Page], site: Path) -> str:
    parts = urlsplit(link)
    if parts.scheme or not parts.path:
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), unquote(parts.path)))
    folder = f"{target}/index.md"
    if target in known or folder in known:
        address = known.get(target, known.get(folder))
        assert address is not None
        moved = _relative(address.address, page.address)
        return f"{moved}#{parts.fragment}" if parts.fragment else moved
    if (ROOT / target).is_file():
        (site / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / target, site / target)
    return _relative(target, page.address)


def _relative(target: str, start: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(start) or ".")


def _parts(known: dict[str, Page], page: Page) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return the navigation as it is on a page: heading; address, title, and whether it is this."""
    found = []
    here = page.path
    if here.startswith(reference.FOLDER) and here not in PARTS["Reference"]:
        here = PARTS["Reference"][-1]  # a module belongs to Python
    for heading, paths in PARTS.items():
        items: list[tuple[str, str, bool]] = []
        for path in paths:
            own = f"{path}/index.md"
            inside = [own] if own in known else [n for n in known if n.startswith(f"{path}/")]
            for name in [path] if path in known else inside:
                title = SHORT.get(name, known[name].title)
                items.append((_relative(known[name].address, page.address), title, name == here))
        found.append((heading, items))
    return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> int:
    """Build the site, and print what is wrong with any link; return 1 if anything is."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    pages = build(site)
    wrong = [*check_sources(), *check_site(site)]
    print("\n".join([*wrong, f"{pages} pages, {len(wrong)} wrong links"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
