"""The pages of forms: all configs, one of them as a form, and two reports side by side."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from fourfold.records.evidence import Metric
from fourfold.report.safe import asset, policy
from fourfold.report.side_by_side import Entry, differing, metrics_of, name

_SCRIPT = "form.js"


@cache
def _template(page: str) -> Any:
    from jinja2 import Environment, FileSystemLoader

    pages = FileSystemLoader(str(files("fourfold.report") / "assets"))
    environment = Environment(loader=pages, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    environment.filters["segment"] = lambda text: quote(str(text), safe="")
    return environment.get_template(page)


def _rendered(page: str, script: str = "", **values: Any) -> str:
    theme = asset("theme.js")
    scripts = [theme, *([asset(script)] if script else [])]
    allowed = f"{policy(*scripts)}; connect-src 'self'; frame-src 'self'"
    style = asset("colours.css", "form.css")
    values |= {"theme": theme, "script": scripts[-1], "style": style, "policy": allowed}
    return str(_template(page).render(**values))


def list_page(
    configs: Sequence[Mapping[str, Any]], templates: Sequence[Mapping[str, str]], project: str
) -> str:
    """Return the page of all configs and templates.

    Parameters
    ----------
    configs : sequence of mapping
        With ``file``, ``runs``, and ``template`` and ``question`` or a ``problem``.
    templates : sequence of mapping
        With ``name`` and ``title``.
    project : str
    """
    return _rendered("forms.html.j2", configs=configs, templates=templates, project=project)


def form_page(state: Mapping[str, Any]) -> str:
    """Return the page of a form, as `fourfold.author.forms.Forms.state` describes it."""
    # In a script element nothing else can end it, or begin a comment.
    data = json.dumps(state, ensure_ascii=False, default=str).replace("<", "\\u003c")
    return _rendered("form.html.j2", _SCRIPT, data=data, state=state)


def problem_page(problem: str) -> str:
    """Return a page that only says what is wrong."""
    return _rendered("forms.html.j2", problem=problem)


def beside_page(old: Entry, new: Entry) -> str:
    """Return the page of two reports side by side, with what differs above them."""
    rows = []
    for parameter in differing([old, new]):
        values = [each["parameters"].get(parameter, "–") or "(empty)" for each in (old, new)]
        rows.append((parameter, *values))
    for metric in metrics_of([old, new], []):
        stored = [each["metrics"].get(metric) for each in (old, new)]
        rows.append((metric, *map(_figure, stored)))
    named = [(name(each), each["status"], each["verdict"]) for each in (old, new)]
    chosen = ";".join(quote(each[0], safe="/=,") for each in named)
    return _rendered("beside.html.j2", runs=named, rows=rows, chosen=chosen)


def _figure(stored: Sequence[Any] | None) -> str:
    if not stored:
        return "–"
    value, low, high = stored
    return Metric(value, None if low is None else (low, high)).text("")
