"""What pages take from notebooks, and the policy by which browsers run our scripts alone."""

import base64
import hashlib
import re
from functools import cache
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import nh3

#: Beside nh3's own: headings, tables, lists, links, pictures.
_TAGS = nh3.ALLOWED_TAGS | {"section", "tfoot", "label", "input"}
_ATTRIBUTES = {
    **{tag: {*names} for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": {"class", "dir", "id", "lang", "style", "title"},
    "details": {"open"},
    "label": {"for"},
}
#: Nothing that lays itself over the rest of the page, or asks for a file.
_STYLES = {
    *("color", "background-color", "opacity", "text-align", "vertical-align", "white-space"),
    *("font-family", "font-size", "font-style", "font-weight", "line-height", "text-decoration"),
    *("width", "min-width", "max-width", "height", "max-height", "overflow", "overflow-x"),
    *("border", "border-collapse", "border-color", "border-style", "border-width"),
    *("border-bottom", "border-left", "border-right", "border-top"),
    *("padding", "padding-bottom", "padding-left", "padding-right", "padding-top"),
}
#: Classes of pandas and of highlighted code; those of our pages would pass for a verdict of ours.
_CLASSES = re.compile(
    r"dataframe|highlight|hl-[\w-]+|anchor-link|data|blank|[a-z]{1,2}\d?"
    r"|(row|col|level)\d+|(row|col|index)_(heading|name)|ansi-[\w-]+"
    r"|sk-[\w-]+|fitted|estimator-table|parameters-table|user-set|default|param|value|[\w-]+-doc-link"
)
_SCHEMES = {"http", "https", "mailto", "data"}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
#: Of rules of a pandas Styler, each of which is for the cells of its own table.
_SELECTORS = re.compile(r"[\w\s#.:(),-]+")
_LOADS = re.compile(r"[\\@<{]|url|image|expression|position|content|z-index", re.IGNORECASE)
_LIVES = re.compile(r"<\s*(?:script|iframe|object|embed|applet)\b", re.IGNORECASE)
_NONE = "'none'"
#: In place of the scripts of an output.
LEFT_OUT = (
    "<p><em>An interactive part of this output is left out here: reports run no scripts of "
    "notebooks. It is in notebook.ipynb.</em></p>"
)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href" and value.strip().lower().startswith("data:"):
        return None
    if name == "src":
        remote = re.match(r"\s*(?:[a-z][\w+.-]*:|//|\\)", value, re.IGNORECASE)
        return value if not remote or _PICTURE.match(value) else None
    return value


def _foreign(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if _CLASSES.fullmatch(word)) or None
    return _attribute(tag, name, value)


@cache
def _cleaner(foreign: bool) -> nh3.Cleaner:
    own = () if foreign else ("role", "tabindex", "aria-label", "aria-hidden")
    return nh3.Cleaner(
        tags=_TAGS,
        attributes={**_ATTRIBUTES, "*": {*_ATTRIBUTES["*"], *own}},
        attribute_filter=_foreign if foreign else None,
        filter_style_properties=_STYLES,
        # The diagrams of scikit-learn unfold by a box that is ticked.
        tag_attribute_values={"input": {"type": {"checkbox"}}},
        url_schemes=_SCHEMES,
        link_rel=None,
    )


def safe_html(html: str, plain: str = "") -> str:
    """Return the HTML of an output, or of a cell's prose, without anything that runs or loads.

    Parameters
    ----------
    html : str
    plain : str
        The same as text, which stands for a diagram of another scikit-learn than that of here.

    Examples
    --------
    >>> safe_html('<b onclick="f()">1</b><img src=x onerror="f()"><a href="javascript:f()">2</a>')
    '<b>1</b><img src="x"><a>2</a>'
    """
    diagram = "sk-container-id" in html
    if diagram and plain and not any(map(_of_sklearn, _STYLE.findall(html))):
        return f"<pre>{escape(plain)}</pre>"
    cleaned = _cleaner(True).clean(_whole(html))
    return cleaned + LEFT_OUT if _LIVES.search(html) and not diagram else cleaned


def safe_page(html: str) -> str:
    """Return the notebook of a page, put together by nbconvert, without what it let through."""
    return _cleaner(False).clean(_whole(html))


def _whole(text: str) -> str:
    """Return a text without halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


def safe_styles(html: str) -> str:
    """Return the rules for a table of a pandas Styler, or a diagram of scikit-learn; no others."""
    blocks = _STYLE.findall(html) if "<style" in html else []
    rules = [rule.strip() for block in blocks for rule in block.split("}") if "#T_" in rule]
    known = [f"{rule}}}" for rule in rules if _of_styler(*rule.partition("{"))]
    return "\n".join([*known, *filter(_of_sklearn, blocks)])


def _of_styler(selectors: str, _: str, declared: str) -> bool:
    known = all(each.strip().startswith("#T_") for each in selectors.split(","))
    return known and bool(_SELECTORS.fullmatch(selectors)) and not _LOADS.search(declared)


def _of_sklearn(style: str) -> bool:
    """Say whether a style is put together from files of the scikit-learn that is installed."""
    for text in _sklearn_styles():
        style = style.replace(text, "")
    return not style.strip()


@cache
def _sklearn_styles() -> list[str]:
    package = find_spec("sklearn")  # which is not imported
    sheets = Path(str(package and package.origin)).parent.glob("utils/_repr_html/*.css")
    return [sheet.read_text(encoding="utf-8").strip() for sheet in sheets]


@cache
def asset(*names: str) -> str:
    """Return the text of files beside this one."""
    folder = files("fourfold.report") / "assets"
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)


@cache
def policy(*scripts: str, loads: bool = False) -> str:
    """Return the Content-Security-Policy of a page that has these scripts, and runs no others.

    Parameters
    ----------
    *scripts : str
        The text of each script element.
    loads : bool
        Whether they may load others, as the page of all runs does to follow a batch.
    """
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    sources = [*(f"'sha256-{digest}'" for digest in digests)] + ["'strict-dynamic'"] * loads
    return (
        f"default-src 'none'; script-src {' '.join(sources) or _NONE}; style-src 'unsafe-inline'; "
        f"img-src data: 'self'; base-uri {_NONE}; form-action {_NONE}"
    )
