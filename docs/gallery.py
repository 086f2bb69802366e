"""The gallery of the site: ten references as reports, each with the picture of its answer."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import nbformat

from fourfold.records.record import RunRecord, findings, section_times
from fourfold.report.cards import THUMBNAIL, write_thumbnail
from fourfold.report.report import hero, render

ROOT = Path(__file__).parents[1]
PAGE = "docs/gallery.md"
FOLDER = "docs/gallery"
#: One a template first, then the other answers that it can give.
SHOWN = (
    *("clustering-penguins", "classification-titanic", "regression-diabetes", "starter-nba-salary"),
    *("gambling-roulette", "routes-capitals", "quality-flights", "comparison-penguins-sweep"),
    *("maturity-halden", "platform-cloud"),
)
_LOCAL = r'<a href="(?!#|\.\./|https?:)[^"]*"[^>]*>(.*?)</a>'
_WORDS = {"supported": "Yes", "refuted": "No", "inconclusive": "Not known"}


def _read(name: str) -> tuple[nbformat.NotebookNode, RunRecord]:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    own = notebook.metadata.fourfold
    took = round(sum(section_times(notebook).values()), 1)
    record = RunRecord(
        name, "default", own.template, "ok", dict(own.parameters), [], "", took,
        **findings(notebook),
    )  # fmt: skip
    return notebook, record


def page() -> str:
    """Return the Markdown of the gallery."""
    lines = ["# Gallery", "", "Ten reports, as `fourfold reference` has executed them. Each opens "
             "with its answer; the code is folded away.", ""]  # fmt: skip
    for name in SHOWN:
        _, record = _read(name)
        question = str(record.parameters.get("question") or name)
        word = _WORDS.get(record.verdict, "")
        answer = record.answer
        said = answer if not word or answer.startswith(word) else f"{word}. {answer}"
        lines += [
            f"## {question}",
            "",
            f'<a href="gallery/{name}.html"><img src="gallery/{name}.png" width="420" '
            f'alt="The figure of the answer: {escape(answer[:120], quote=True)}"></a>',
            "",
            f"{said} [The report](gallery/{name}.html), by the template `{record.template}`.",
            "",
        ]
    return "\n".join(lines)


def write_reports(site: Path) -> None:
    """Write the reports and their pictures into the folder of the site."""
    folder = site / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHOWN:
        notebook, record = _read(name)
        write_thumbnail(folder, hero(notebook))
        if (folder / THUMBNAIL).exists():
            (folder / THUMBNAIL).rename(folder / f"{name}.png")
        # The files of a run are not there.
        html = re.sub(
            r'<a href="(?!#|\.\./|https?:)[^"]*"[^>]*>(.*?)</a>', r"\1", render(notebook, record)
        )
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
