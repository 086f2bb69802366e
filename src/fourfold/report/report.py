"""The report of a run: its notebook as one page that opens from disk, code on demand."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache, partial
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import FileSystemBytecodeCache, pass_context
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from traitlets.config import Config

from fourfold.project import write_text
from fourfold.records.evidence import FRAME, MARKS, MIME, Claim, Criterion
from fourfold.records.formatting import as_text, count, number
from fourfold.records.ipynb import HEADING, text
from fourfold.records.record import RunRecord, error_line
from fourfold.report.cards import write_thumbnail
from fourfold.report.figure_text import in_words
from fourfold.report.safe import LEFT_OUT, asset, policy, safe_html, safe_page, safe_styles

_HIDDEN = ("parameters", "injected-parameters", "setup")
_WIDTH, _ROOM = 160.0, 12.0  # of the small chart of an interval, in pixels
_SCRIPTS = ("theme.js", "report.js")
_KINDS = (
    *("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg"),
    *("text/plain", "application/javascript", "application/vnd.jupyter.widget-view+json"),
)
_SIGNS = {**MARKS, "ok": "✔", "skipped": "–"}


class _Exporter(HTMLExporter):
    """nbconvert's, without what a batch of pages would pay for each of them once more."""

    def _create_environment(self) -> Any:
        """Keep what jinja compiles where Python does: half a second of each command."""
        environment = super()._create_environment()  # type: ignore[no-untyped-call]
        folder = Path(__file__).with_name("assets") / "__pycache__"
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
        if os.access(folder, os.W_OK):
            name = f"%s.{sys.implementation.cache_tag}.jinja"
            environment.bytecode_cache = FileSystemBytecodeCache(str(folder), name)
        return environment

    def _preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Prepare the copy that nbconvert has made, instead of two more and a validation."""
        for step in self._preprocessors:
            nb, resources = step(nb, resources)
        return nb, resources


@cache
def _exporter() -> HTMLExporter:
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.CSSHTMLHeaderPreprocessor.enabled = False  # the page has a style of its own
    config.TagRemovePreprocessor.remove_all_outputs_tags = set(_HIDDEN)
    config.HTMLExporter.extra_template_paths = [str(files("fourfold.report") / "assets")]
    return _Exporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="basic",
        template_file="report.html.j2",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )


def _exported(notebook: Any, resources: dict[str, Any]) -> str:
    """Return the page as `HTMLExporter` makes it, which then parses all of it to name pictures.

    Without that it takes half of the time, and a batch writes a page for each run.
    """
    exporter = _exporter()
    resources = exporter._init_resources(resources)  # type: ignore[no-untyped-call]
    language = notebook.metadata.get("language_info") or {}
    lexer = language.get("pygments_lexer") or "ipython3"
    for name, make in (
        ("highlight_code", partial(_highlighted, lexer)),
        ("markdown2html", _prose),
        ("safe_html", safe_html),
        ("safe_page", safe_page),
        ("safe_styles", safe_styles),
        ("filter_data_type", _kind),
    ):
        exporter.register_filter(name, make)  # type: ignore[no-untyped-call]
    page, _ = TemplateExporter.from_notebook_node(exporter, notebook, resources)
    return str(page)


def _kind(data: Mapping[str, Any]) -> list[str]:
    """Return the richest kind of an output that a page without scripts can show."""
    return [kind for kind in _KINDS if kind in data][:1]


def _highlighted(lexer: str, source: str, metadata: Mapping[str, Any]) -> str:
    return _coloured(lexer, source, metadata.get("magics_language"))


@pass_context
def _prose(context: Mapping[str, Any], source: str) -> str:
    own = context["cell"].get("attachments")
    if own:
        return safe_html(str(_exporter().markdown2html(context, source)))
    return _shared_prose(source)


@lru_cache(maxsize=512)  # the runs of a template share most of their cells
def _shared_prose(source: str) -> str:
    return safe_html(str(_exporter().markdown2html({}, source)))


@lru_cache(maxsize=512)
def _coloured(lexer: str, source: str, magics: str | None) -> str:
    known = {"magics_language": magics} if magics else {}
    return str(Highlight2HTML(pygments_lexer=lexer)(source, metadata=known))  # type: ignore[no-untyped-call]


def prime() -> None:
    """Load what makes pages, so that the first one takes no longer than the others."""
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict(empty)  # type: ignore[no-untyped-call]
    render(notebook, RunRecord("", "", "", "ok", {}, [], "", 0.0))


def render(notebook: Any, record: RunRecord) -> str:
    """Return a self-contained page: style and pictures inside, no request to anywhere.

    The cells of the notebook are given alternative texts and tags. Nothing of it runs there.
    """
    for index, cell in enumerate(notebook.cells):
        _mark(cell, index)
    resources = {
        "title": f"{record.config} · {record.run_id}",
        "style": asset("colours.css", "report.css"),
        "scripts": asset(*_SCRIPTS),
        "policy": policy(asset(*_SCRIPTS)),
        "coloured": [],
        "left_out": LEFT_OUT,
        "record": record,
        "hero": hero(notebook),
        "error": error_line(record),
        "anchors": _anchors(notebook),
        "sign": sign,
        "chart": chart,
        "parameters": parameters(record),
        "provenance": provenance(record),
    }
    return _exported(notebook, resources)


def _mark(cell: Any, number: int) -> None:
    """Tag what the page folds away, and put each figure into words."""
    cell.source = text(cell)
    cell.metadata = cell.get("metadata") or NotebookNode()  # type: ignore[no-untyped-call]
    cell.metadata.tags = tags = list(cell.metadata.get("tags") or [])
    if cell.cell_type != "code":
        if number == 0 and cell.cell_type == "markdown":
            tags.append("about")
        return
    outputs = cell.setdefault("outputs", [])
    if not outputs or set(tags) & set(_HIDDEN):
        tags.append("silent")
    name = f"Figure of the cell {cell.get('id', str(number)).replace('-', ' ')}"
    cell.metadata.setdefault("alt", name)
    for output in outputs:
        for kind, lines in output.get("data", {}).items():
            if isinstance(lines, list) and not kind.endswith("json"):
                output.data[kind] = "".join(lines)
        facts = output.get("data", {}).get(MIME, {})
        for kind in ("image/png", "image/jpeg"):
            if kind in output.get("data", {}) and (words := in_words(facts)):
                output.setdefault("metadata", {}).setdefault(kind, {})["alt"] = words


def hero(notebook: Any) -> dict[str, str] | None:
    """Return the picture that carries the answer, of the cell with the tag ``hero``, if any."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "hero" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if picture := output.get("data", {}).get("image/png"):
                    alt = output.metadata.get("image/png", {}).get("alt", "")
                    return {"png": "".join(picture.split()), "alt": alt}
    return None


def _anchors(notebook: Any) -> dict[str, str]:
    """Return the id that nbconvert gives each level-two heading."""
    return {
        title: f"{number}.-{title}".replace(" ", "-") if number else title.replace(" ", "-")
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for number, title in HEADING.findall(text(cell))
    }


def write_report(folder: Path, record: RunRecord) -> None:
    """Write the report of the executed notebook in a run's folder."""
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    write_text(folder / "report.html", render(notebook, record))
    write_thumbnail(folder, hero(notebook))


def write_skipped(folder: Path, record: RunRecord) -> None:
    """Write the page of a run that was skipped: the reason, and no earlier result as if of now."""
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    if record.former:
        text = f"Its last result is of {record.former['started_at'][:19].replace('T', ' ')} UTC."
        notebook.cells.append(nbformat.v4.new_markdown_cell(text))  # type: ignore[no-untyped-call]
    write_text(folder / "report.html", render(notebook, record))


def sign(word: str) -> str:
    """Return the sign of a verdict or status, so that colour is never alone in telling it."""
    return _SIGNS.get(word, "✘")


def chart(claim: Claim) -> dict[str, Any] | None:
    """Return where value, interval and bounds lie, in pixels; None without an interval.

    All are on one axis of 160 pixels.

    Examples
    --------
    >>> chart(Claim("m", ">= 5", 5.0, (0.0, 10.0), "", "inconclusive", ""))
    {'low': 12.0, 'high': 148.0, 'value': 80.0, 'bounds': [80.0]}
    """
    if not claim.ci or claim.value is None:
        return None
    criterion = Criterion.parse(claim.metric, claim.condition)
    bounds = [*filter(isfinite, dict.fromkeys([criterion.low, criterion.high]))]
    places = [*claim.ci, claim.value, *bounds]
    least, most = float(min(places)), float(max(places))
    if least == most:
        return None
    low, high, value, *bounds = (
        round(_ROOM + (_WIDTH - 2 * _ROOM) * (place - least) / (most - least), 1)
        for place in places
    )
    return {"low": low, "high": high, "value": value, "bounds": bounds}


def parameters(record: RunRecord) -> list[dict[str, Any]]:
    """Return the parameters of a run as YAML would have them, those that a sweep varies first."""
    shown = {name: value for name, value in record.parameters.items() if name not in FRAME}
    order = sorted(shown, key=lambda name: name not in record.varied)
    texts = {n: "(none)" if v is None else as_text(v) or "(empty)" for n, v in shown.items()}
    return [{"name": n, "value": texts[n], "varied": n in record.varied} for n in order]


def provenance(record: RunRecord) -> list[tuple[str, str]]:
    """Return what a run was made of and what it cost, as pairs of a name and a text."""
    cost = record.cost
    facts = {
        "started": f"{record.started_at[:19].replace('T', ' ')} UTC",
        "duration": f"{record.duration_s:.1f} s",
        "per section": ", ".join(f"{name} {took:.1f} s" for name, took in record.sections.items()),
        "CPU": f"{cost['cpu_s']:.1f} s" if cost.get("cpu_s") else "",
        "peak memory": f"{cost['peak_mb']:,.0f} MB" if cost.get("peak_mb") else "",
        "energy, estimated": f"{number(cost['energy_wh'])} Wh" if cost.get("energy_wh") else "",
        "kernel": record.start,
        "attempts": str(record.attempts) if record.attempts > 1 else "",
        "seed": "" if record.seed is None else str(record.seed),
        "template": record.template,
        "commit": record.git_commit or "not in a repository",
    }
    known = [pair for pair in facts.items() if pair[1]]
    known += [("accepted", _accepted(each)) for each in record.accepted]
    return [*known, *(("data", _data(table)) for table in record.data), *record.versions.items()]


def _accepted(change: Mapping[str, Any]) -> str:
    what = "; ".join(change["changes"])
    return f"{change['at'][:10]}: {what}; because: {change['because']}"


def _data(table: Mapping[str, Any]) -> str:
    rejected = f"{number(table['rejected'])} rejected" if table.get("contract") else "no contract"
    shape = f"{count(table['rows'], 'row')}, {count(table['columns'], 'column')}"
    return f"{table['source']}, {shape}, {rejected}, sha256 {table['sha256']}"
