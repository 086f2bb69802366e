"""The report of a run: its notebook as one page that opens from disk, code on demand."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from traitlets.config import Config

from fourfold import summary
from fourfold.alt import in_words
from fourfold.project import write_text
from fourfold.records.evidence import MIME
from fourfold.records.ipynb import HEADING, text
from fourfold.records.record import RunRecord, error_line

_HIDDEN = ("parameters", "injected-parameters", "setup")


class _Exporter(HTMLExporter):
    """As nbconvert's, without parsing the whole page again to name its pictures."""

    def from_notebook_node(  # type: ignore[override]
        self, nb: Any, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources."""
        # Twice as fast: the parse was half of the time, and a batch writes a page for each run.
        resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        lexer = nb.metadata.get("language_info", {}).get("pygments_lexer", "ipython3")
        filters: dict[str, Any] = {
            "highlight_code": Highlight2HTML(  # type: ignore[no-untyped-call]
                pygments_lexer=lexer, parent=self
            ),
            "filter_data_type": WidgetsDataTypeFilter(  # type: ignore[no-untyped-call]
                notebook_metadata=nb.metadata, parent=self, resources=resources
            ),
        }
        for name, each in filters.items():
            self.register_filter(name, each)  # type: ignore[no-untyped-call]
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)


@cache
def _exporter() -> HTMLExporter:
    folder = str(files("fourfold") / "pages")
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_all_outputs_tags = set(_HIDDEN)
    config.HTMLExporter.extra_template_paths = [folder]
    return _Exporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="basic",
        template_file="report.html.j2",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )


def prime() -> None:
    """Load what makes pages, so that the first one takes no longer than the others."""
    empty = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    render(empty, RunRecord("", "", "", "ok", {}, [], "", 0.0))


def render(notebook: Any, record: RunRecord) -> str:
    """Return a self-contained page: style and pictures inside, no request to anywhere.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook; its cells are given alternative texts and tags.
    record : RunRecord
        What the run found; shown above and below the notebook.
    """
    for number, cell in enumerate(notebook.cells):
        _mark(cell, number)
    resources = {
        "title": f"{record.config} · {record.run_id}",
        "style": _page("colours.css") + _page("report.css"),
        "scripts": _page("theme.js") + _page("report.js"),
        "record": asdict(record),
        "error": error_line(record),
        "anchors": _anchors(notebook),
        "sign": summary.sign,
        "shown": {
            "claims": summary.claims(record),
            "metrics": summary.metrics(record),
            "parameters": summary.parameters(record),
            "provenance": summary.provenance(record),
        },
    }
    page, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return str(page)


@cache
def _page(name: str) -> str:
    return (files("fourfold") / "pages" / name).read_text(encoding="utf-8")


def _mark(cell: Any, number: int) -> None:
    """Tag what the page folds away, and put each figure into words."""
    tags = cell.metadata.setdefault("tags", [])
    if cell.cell_type == "markdown":
        if number == 0:
            tags.append("about")
        return
    if not cell.outputs or set(tags) & set(_HIDDEN):
        tags.append("silent")
    name = f"Figure of the cell {cell.get('id', str(number)).replace('-', ' ')}"
    cell.metadata.setdefault("alt", name)
    for output in cell.outputs:
        facts = output.get("data", {}).get(MIME, {})
        for kind in ("image/png", "image/jpeg"):
            if kind in output.get("data", {}) and (told := in_words(facts)):
                output.metadata.setdefault(kind, {})["alt"] = told


def _anchors(notebook: Any) -> dict[str, str]:
    """Return the id that nbconvert gives each level-two heading."""
    return {
        title: f"{number}.-{title}".replace(" ", "-") if number else title.replace(" ", "-")
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for number, title in HEADING.findall(text(cell))
    }


def write_report(notebook_path: Path, record: RunRecord, path: Path) -> None:
    """Write the report of an executed notebook."""
    notebook = nbformat.read(notebook_path, as_version=4)  # type: ignore[no-untyped-call]
    write_text(path, render(notebook, record))
