"""Notebooks as they are stored elsewhere: each code cell is tested, as many as nbval counts."""

from __future__ import annotations

import copy
import json
import re
import subprocess

import pytest

from fourfold.errors import TemplateError
from fourfold.records.ipynb import read_notebook, tags, text
from served import COMMAND, MODULE

SOURCES = ("x = 2", "print(x + 1)", "x * 2", "'text'")
OUTPUTS = (
    [],
    [{"output_type": "stream", "name": "stdout", "text": ["3\n"]}],
    [{"output_type": "execute_result", "data": {"text/plain": ["4"]}, "metadata": {}}],
    [{"output_type": "execute_result", "data": {"text/plain": ["'text'"]}, "metadata": {}}],
)
COLAB = "application/vnd.google.colaboratory.intrinsic+json"


def plain():
    """Return a notebook of four cells as it was executed."""
    cells = []
    for number, (source, outputs) in enumerate(zip(SOURCES, OUTPUTS, strict=True), 1):
        cell = {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source}
        kept = copy.deepcopy(outputs)
        for output in kept:
            if output["output_type"] == "execute_result":
                output["execution_count"] = number
        cells.append({**cell, "outputs": kept, "execution_count": number})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def changed(change):
    """Return the plain notebook after a change."""
    notebook = plain()
    change(notebook, notebook["cells"])
    return notebook


def one_id(notebook, cells):
    """All cells have one id."""
    for cell in cells:
        cell["id"] = "same"


def wrong_twin(notebook, cells):
    """Two cells have one id, and the first has another result."""
    cells[2]["id"] = cells[1]["id"]
    cells[1]["outputs"][0]["text"] = ["999\n"]


def no_counts(notebook, cells):
    """Tools such as nb-clean take out counts."""
    for cell in cells:
        cell["execution_count"] = None
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = None


def wrong_without_counts(notebook, cells):
    """The same, with another result."""
    no_counts(notebook, cells)
    cells[2]["outputs"][0]["data"]["text/plain"] = ["5"]


def lost_without_counts(notebook, cells):
    """The same, with a result that is gone."""
    no_counts(notebook, cells)
    cells[2]["outputs"] = []


def one_not_run(notebook, cells):
    """One cell was never executed."""
    cells[0]["execution_count"] = None


def no_ids(notebook, cells):
    """Format 4.4 has none."""
    for cell in cells:
        del cell["id"]
    notebook["nbformat_minor"] = 4


def colab(notebook, cells):
    """Colab's own data stand beside a result."""
    cells[3]["outputs"][0]["data"][COLAB] = {"type": "string"}


def only_colab(notebook, cells):
    """And alone in an output, which no kernel sends."""
    data = {COLAB: {"type": "string"}}
    cells[0]["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]


def no_tags(notebook, cells):
    """Tags are null, and a cell is blank."""
    cells[0]["metadata"]["tags"] = None
    cells.append({**copy.deepcopy(cells[0]), "id": "blank", "source": "", "execution_count": None})


def old(version):
    """Return a notebook of format 2 or 3."""
    cell = {"cell_type": "code", "collapsed": False, "input": ["print(1+1)"], "language": "python"}
    output = {"output_type": "stream", "text": ["2\n"]} | (
        {"stream": "stdout"} if version == 3 else {}
    )
    cell |= {"outputs": [output], "prompt_number": 1} | ({"metadata": {}} if version == 3 else {})
    sheet = {"cells": [cell]} | ({"metadata": {}} if version == 3 else {})
    return {
        "metadata": {"name": ""},
        "nbformat": version,
        "nbformat_minor": 0,
        "worksheets": [sheet],
    }


#: What passes, and what does not, with the number of cells that fail.
NOTEBOOKS = {
    **{
        each.__name__: (changed(each), 0) for each in (one_id, no_counts, no_ids, colab, only_colab)
    },
    **{
        each.__name__: (changed(each), 1)
        for each in (wrong_twin, wrong_without_counts, one_not_run)
    },
    "lost_without_counts": (changed(lost_without_counts), 1),
    "no_tags": (changed(no_tags), 0),
    "format3": (old(3), 0),
    "format2": (old(2), 0),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of these notebooks, and files that are none."""
    folder = tmp_path_factory.mktemp("shapes")
    for name, (content, _) in NOTEBOOKS.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(content))
    (folder / "._plain.ipynb").write_bytes(b"\x00\x05\x16\x07")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/plain-checkpoint.ipynb").write_text("{}")
    (folder / "loop").symlink_to(folder)
    return folder


def collected(folder, *options):
    """Return how many cells of each notebook a plugin tests."""
    command = [*MODULE, "pytest", "--collect-only", "-q", *options, *(
        f"{name}.ipynb" for name in NOTEBOOKS)]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    names = re.findall(r"^(?:.*/)?(\w+)\.ipynb::", done.stdout, re.MULTILINE)
    return {name: names.count(name) for name in NOTEBOOKS}


def test_as_many_cells_as_nbval_counts(folder):
    """Of each notebook."""
    counts = collected(folder, "--fourfold")
    assert counts == collected(folder, "-p", "no:fourfold", "--nbval")
    assert counts["one_id"] == 4


def test_each_cell_is_compared(folder):
    """What differs fails, and nothing else; what is no notebook is left out."""
    command = [*COMMAND, "regress", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert " error" not in done.stdout.splitlines()[-1]
    failed = re.findall(r"^FAILED (?:.*/)?(\w+)\.ipynb::", done.stdout, re.MULTILINE)
    expected = {name: many for name, (_, many) in NOTEBOOKS.items() if many}
    assert {name: failed.count(name) for name in {*failed}} == expected


def test_old_formats_are_read_without_random_ids(folder):
    """Twice the same, so that names and digests are."""
    first, second = (read_notebook(folder / "format3.ipynb") for _ in range(2))
    assert first == second
    assert first["nbformat"] == 4
    assert [text(cell) for cell in first["cells"]] == ["print(1+1)"]


@pytest.mark.parametrize(
    "content", ["{}", "[]", "3", '{"nbformat": 3}', '{"nbformat": 5, "cells": []}',
                '{"nbformat": 4}', '{"nbformat": 4, "cells": [3]}', '{"nbformat": 4, "cells": [{}]}']
)  # fmt: skip
def test_what_is_no_notebook_is_told(tmp_path, content):
    """Also JSON of another kind."""
    (tmp_path / "a.ipynb").write_text(content)
    with pytest.raises(TemplateError, match="expected a notebook"):
        read_notebook(tmp_path / "a.ipynb")
    assert tags({"metadata": None}) == []
