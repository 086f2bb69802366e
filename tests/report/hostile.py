"""Pages with text that wants to be a script, from each place that text comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, write_record
from fourfold.regress import page as differences
from fourfold.report import overview, search
from fourfold.report.report import render

RUN = "document.documentElement.dataset.ran='yes'"
#: Each is a script in another disguise.
PAYLOADS = {
    "script": f"<script>{RUN}</script>",
    "closed": f"</script></style></title></textarea>--><script>{RUN}</script>",
    "handler": f'<img src=x onerror="{RUN}">',
    "quote": f'"\'><svg onload="{RUN}">',
    "svg": f'<svg><animate onbegin="{RUN}" attributeName="x" dur="1s"/></svg>',
    "details": f'<details open ontoggle="{RUN}">x</details>',
    "frame": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "math": f'<math><mtext><table><mglyph><style><!--</style><img title="--><img src onerror={RUN}>">',
    "backtick": f'`` ` ``<img src=x onerror="{RUN}">`',
    "link": f'[x](javascript:{RUN})![y](x" onerror="{RUN})<a href="javascript:{RUN}" autofocus onfocus="{RUN}">z</a>',
    "template": "{{ ''.__class__ }}{% raw %}" + f"<script>{RUN}</script>",
    "base": f'<base href="https://attacker.example/"><meta http-equiv=refresh content="0;url=javascript:{RUN}">',
}


def _record(text: str) -> RunRecord:
    cell = {"section": text, "cell": 1, "cell_id": text, "error": text, "message": text}
    return RunRecord(
        text, text, text, "failed", {"question": text, "decision": text, text: text}, [text],
        text, 1.0, text, text, {text: Metric(1.0, (0.5, 2.0), text)},
        [Claim(text, ">= 1", 1.0, (0.5, 2.0), text, "inconclusive", text)],
        [{"source": text, "rows": 1, "columns": 1, "rejected": 0, "contract": text, "sha256": text}],
        [{"name": text}], {text: 1.0}, cell, {text: text}, text, text, kernel=text, start=text,
        accepted=[{"at": text, "because": text, "changes": [text]}], reason=text,
    )  # fmt: skip


def _plain() -> RunRecord:
    return RunRecord("a", "b", "c", "ok", {}, [], "2026-11-28T10:00:00", 1.0)


def outputs_of(text: str) -> list:
    """Every kind of output that a notebook may hold, with this text in it."""
    data = {
        "text/html": text,
        "text/markdown": f"# {text}\n\n- `{text}`\n\n|a|\n|-|\n|{text}|\n\n```{text}\n{text}\n```",
        "text/latex": f"${text}$",
        "text/plain": text,
        "image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>',
        "application/javascript": RUN,
        "application/pdf": text,
        "text/vnd.mermaid": text,
        "application/vnd.jupyter.widget-view+json": {"model_id": text},
        "image/png": f'x" onerror="{RUN}',
    }
    made = [new_output("display_data", {kind: value}) for kind, value in data.items()]
    sized = {
        "image/png": {"width": f"1 onerror={RUN}", "height": text, "alt": text, "unconfined": 1}
    }
    made.append(new_output("display_data", {"image/png": "AAAA"}, metadata=sized))
    isolated = {"text/html": {"isolated": True}}
    made.append(new_output("display_data", {"text/html": text}, metadata=isolated))
    facts = {
        "axes": [
            {"title": text, "x": {"label": text}, "series": [{"kind": text}], "legend": [text]}
        ]
    }
    figure = {"image/png": "AAAA", "application/vnd.fourfold.v1+json": {"kind": "figure", **facts}}
    made.append(new_output("display_data", figure))
    made.append(
        new_output("stream", name="stdout", text=f"\x1b]8;;javascript:{RUN}\x07{text}\x1b[31m")
    )
    made.append(new_output("error", ename=text, evalue=text, traceback=[text]))
    return made


def notebook_of(text: str) -> nbformat.NotebookNode:
    """A notebook whose outputs, prose, tags, ids and metadata hold this text."""
    code = new_code_cell(text, outputs=outputs_of(text), metadata={"tags": [text], "alt": text})
    code["id"] = text
    prose = new_markdown_cell(f"## 1. {text}\n\n{text}", attachments={"x": {"image/png": text}})
    raw = nbformat.v4.new_raw_cell(text, metadata={"raw_mimetype": "text/html"})
    about = {"language_info": {"name": text}}
    about["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": text}}
    notebook = new_notebook(metadata=about)
    notebook.cells = [prose, code, new_markdown_cell(text), raw]
    return notebook


def _searched(text: str) -> dict:
    setting = {
        "values": {text: text}, "drawn": {text: text}, "mean": 1.0, "interval": [0.5, 1.5],
        "scores": [1.0], "state": text, "runs": [text],
    }  # fmt: skip
    setting["state"] = "done"
    return {
        "config": text, "about": text, "metric": text, "over": [text], "repeat": text,
        "direction": "maximize", "settings": [setting], "winner": None, "why": text, "method": text,
        "seconds": 1.0, "ended": text, "runs": 1, "saved": 0, "seed": 1, "budget": text,
    }  # fmt: skip


def _compared(text: str) -> dict:
    outputs = [dict(output) for output in outputs_of(text)]
    cell = {
        "id": text, "section": text, "number": 3, "status": "differs", "message": text,
        "source": text, "differences": [{"where": text, "before": text, "after": text, "kind": text}],
        "before": outputs, "after": [*outputs[:2], *outputs_of("other")[2:]],
    }  # fmt: skip
    return {"notebook": text, "status": "failed", "cells": [cell], "why": [text], "duration_s": 1.0}


def write_pages(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write hostile pages into folders of outputs; give the name and the file of each."""
    for name, text in PAYLOADS.items():
        run = folder / "config" / name
        run.mkdir(parents=True)
        page = run / "report.html"
        page.write_text(render(notebook_of(text), _plain()), encoding="utf-8")
        yield f"report-{name}", page
        page = folder / "config" / f"{name}-record" / "report.html"
        page.parent.mkdir()
        page.write_text(render(new_notebook(), _record(text)), encoding="utf-8")
        yield f"record-{name}", page
        page = folder / name / "search.html"
        page.parent.mkdir()
        page.write_text(search.render(_searched(text)), encoding="utf-8")
        yield f"search-{name}", page
        page = folder / "config" / f"overview-{name}" / "report.html"
        page.parent.mkdir()
        entry = overview.entry(_record(text)) | {"tags": text, "note": text}
        past = {"stems": [text, text], "turned": [[[["a/b", text]], 0]] * 2,
                "series": [["a/b", text, [[0, 1.0, None, None], [1, 2.0, None, None]]]]}  # fmt: skip
        tables = [{"time": text, "table": text}]
        page.write_text(overview.render([entry, entry], tables, past), encoding="utf-8")
        yield f"overview-{name}", page
        page = folder / "config" / f"differences-{name}" / "report.html"
        page.parent.mkdir()
        page.write_text(differences.render([_compared(text)]), encoding="utf-8")
        yield f"differences-{name}", page


def write_run(outputs: Path, text: str) -> None:
    """Write the record of a run that holds this text."""
    folder = outputs / "config" / "run"
    folder.mkdir(parents=True)
    record = RunRecord(**{**_record(text).__dict__, "config": "config", "run_id": "run"})
    write_record(record, folder / "record.json")
    assert json.loads((folder / "record.json").read_text())
