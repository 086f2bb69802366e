"""Every template with a table, a scorecard and a question whose text wants to be code."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from hostile_project import ENDS, MARK, write
from test_hostile import served, visit, watched

from fourfold.plan.template import library
from served import COMMAND

pytestmark = pytest.mark.commands
#: How a text stands in a page: as it is, as `ff.listed` has names, and within a list of JSON.
FORMS = [
    *ENDS.values(),
    *(" ".join(end.replace("_", " ").split()) for end in ENDS.values()),
    *(json.dumps(end, ensure_ascii=False)[1:-1] for end in ENDS.values()),
]
LEAST = 12  # characters that a text has if it was cut


def as_given(text: str) -> bool:
    """Say whether a text begins as one that was given, or as one that was cut, and says so."""
    for form in FORMS:
        if text.startswith(form):
            return True
        same = next(n for n, (a, b) in enumerate(zip(f"{form}\0", f"{text}\1", strict=False)) if a != b)  # fmt: skip
        ended = text[same:].startswith(("…", "...", "\n", "\t"))
        if ended and (same >= LEAST or text[same] == "…"):
            return True
    return False


def test_a_text_that_lost_a_character_is_noticed():
    assert all(as_given(f"{end} and more") for end in FORMS)
    assert as_given("<img src=x onerror=d… and")
    for swallowed in ("a|b c d", "*g* h i j", "<k> & l *", "$e_1 and", "<img> and", ""):
        assert not as_given(swallowed)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of a hostile project."""
    root = tmp_path_factory.mktemp("hostile")
    write(root)
    call = [*COMMAND, "run", "--workers", "2", "--quiet"]
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "outputs"


def test_pages_of_all_templates_show_the_text_and_run_nothing(browser, outputs):
    """From disk and served; and the page of all runs."""
    names = sorted(path.stem for path in library().glob("*.ipynb"))
    pages = [outputs / name / "default" / "report.html" for name in names]
    assert len(pages) == 12
    context, tab, asked, dialogs = watched(browser)
    with served(outputs) as address:
        for place in (outputs.as_uri(), address):
            for page in (*pages, outputs / "index.html"):
                name = page.relative_to(outputs).as_posix()
                assert (name, visit(tab, f"{place}/{name}")) == (name, "")
                shown = tab.evaluate("document.body.innerText")
                ends = [shown[each.end() :] for each in re.finditer(rf"{MARK}\d", shown)]
                assert len(ends) >= 4, name
                assert [end[:60] for end in ends if not as_given(end)] == [], name
        outside = [url for url in asked if not url.startswith(("file:", "data:", address))]
    context.close()
    assert (outside, dialogs) == ([], [])
