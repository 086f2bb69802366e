"""HTML and SVG as lines of text: each tag with its attributes, each text, each script."""

from html.parser import HTMLParser

_PLAIN = ("pre", "textarea", "script", "style")
_OF_TABLES = ("table", "thead", "tbody", "tfoot", "tr", "th", "td")
_LAID_OUT = ("rowspan", "colspan", "scope", "valign", "halign", "border")


class _Reader(HTMLParser):
    def __init__(self, cells: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.cells = cells
        self.lines: list[str] = []
        self.text = ""
        self.tables = self.plain = 0

    def _end_text(self) -> None:
        text = self.text if self.plain else " ".join(self.text.split())
        if text.strip() and (self.cells or not self.tables):
            self.lines += text.strip("\n").split("\n")
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        self.tables += tag == "table"
        self.plain += tag in _PLAIN
        if self.tables and tag in _OF_TABLES and not self.cells:
            attrs = [(k, v) for k, v in attrs if k not in _LAID_OUT]
            if not attrs:
                return
        named = "".join(f' {name}="{value or ""}"' for name, value in sorted(attrs, key=str))
        self.lines.append(f"<{tag}{named}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._end_text()
        self.tables -= tag == "table" and self.tables > 0
        self.plain -= tag in _PLAIN and self.plain > 0
        if self.cells or tag not in _OF_TABLES:
            self.lines.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def read_markup(markup: str, cells: bool = True) -> str:
    """Return the content of HTML or SVG line by line; nothing in it is executed.

    Spaces that a browser joins are joined, attributes are sorted. Without `cells`, the text in
    tables is left out, and their tags that have no style of their own.

    Examples
    --------
    >>> print(read_markup('<b style="color: red"  id=x>1   &lt; 2</b>'))
    <b id="x" style="color: red">
    1 < 2
    </b>
    """
    reader = _Reader(cells)
    reader.feed(markup)
    reader.close()
    reader._end_text()
    return "\n".join(reader.lines)
