"""What is imported ahead of a template."""

from __future__ import annotations

from pathlib import Path

import pytest

from fourfold.records.ipynb import read_notebook
from fourfold.run.kernels.preload import preloads

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import json, csv as c", ("json", "csv")),
        ("import os.path as p\np.join()", ("os.path", "os.path:join")),
        ("from glob import glob", ("glob", "glob:glob")),
        ("from . import near\nfrom .far import x", ()),
        ("def later():\n    import json", ("json",)),
        ("import yellowbrick.cluster\nimport yellowbrick as y\ny.style()", ()),
        ("from yellowbrick.cluster import KElbow", ()),
        ("this is no Python", ()),
        ("%matplotlib inline\nimport json", ("json",)),
        ("import os.path\nos.getcwd()", ("os.path",)),
        (
            "import fourfold as ff\nff.routes.length",
            ("fourfold", "fourfold:routes.length", "fourfold:routes"),
        ),
    ],
)
def test_modules_are_read_from_the_code(source, expected):
    """With the attributes that are used, for they may load on first use."""
    notebook = {"cells": [{"cell_type": "code", "source": source}]}
    assert preloads(notebook) == expected


@pytest.mark.parametrize("path", sorted(ROOT.glob("templates/*.ipynb")), ids=lambda p: p.stem)
def test_every_template_has_its_libraries_ahead(path):
    """And the parts of the package that load on first use."""
    found = preloads(read_notebook(path))
    assert {"pandas", "seaborn", "matplotlib.pyplot", "fourfold:ingest", "pandera.pandas"} <= set(
        found
    )
    assert not any(name.startswith("yellowbrick") for name in found)
