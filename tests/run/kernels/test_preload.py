"""What is imported ahead of a notebook: only where nobody could tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from fourfold.records.ipynb import read_notebook
from fourfold.run.kernels.preload import preloads
from fourfold.run.kernels.rehearsal import PATIENT

ROOT = Path(__file__).parents[3]


def modules_of(*sources: str) -> tuple[str, ...]:
    return preloads({"cells": [{"cell_type": "code", "source": source} for source in sources]})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["import json, csv as c\nimport numpy as np"], ("numpy",)),
        (["from scipy import stats\nfrom pandas import *"], ("scipy", "scipy:stats", "pandas")),
        (["import sklearn.cluster as c"], ("sklearn.cluster",)),
        (["x: int = 3  # of what\ny = [1, -2.5, {'a': None}]", "import numpy"], ("numpy",)),
        (["x = float('nan')\nimport numpy"], ("numpy",)),
        (["'About.'", "import numpy"], ("numpy",)),
        (["import numpy", "print(1)", "import pandas"], ("numpy",)),
        (["import os\nos.environ['A'] = 'b'\nimport pandas"], ()),
        (["%env A=b", "import pandas"], ()),
        (["import numpy", "%matplotlib inline\nimport pandas"], ("numpy",)),
        (["!pip install pandas", "import pandas"], ()),
        (["import warnings\nwarnings.simplefilter('ignore')\nimport pandas"], ()),
        (["import sys; sys.path.insert(0, 'src')", "import pandas"], ()),
        (["import dotenv\nimport pandas"], ()),
        (["import mine\nimport pandas"], ()),
        (["from . import near\nimport pandas"], ()),
        (["x = f()\nimport pandas"], ()),
        (["if True:\n    import pandas"], ()),
        (["def later():\n    import pandas"], ()),
        (["try:\n    import pandas\nexcept ImportError:\n    pass"], ()),
        (["import yellowbrick.cluster\nimport numpy"], ()),
        (["this is no Python", "import numpy"], ()),
        (["import this", "import plotly.express"], ()),
    ],
)
def test_modules_are_those_that_the_first_statements_import(cells, expected):
    """Nothing stands before them that could change what they read, and none is unknown."""
    modules = modules_of(*cells)
    assert modules[: len(expected)] == expected
    libraries = {name.partition(".")[0] for name in modules if ":" not in name} - {PATIENT}
    assert libraries <= {name.partition(".")[0] for name in expected} | {"narwhals"}


LATE = "import fourfold as ff\nimport pandas as pd\nff.style()\nframe = ff.ingest('a.csv')\n"


@pytest.mark.parametrize(
    ("more", "late"),
    [
        ("frame.head(3)", True),
        ("import re, math\nre.compile('a')", True),
        ("import os\nos.path.join('a', 'b')", True),
        ("import os\nos.environ['PANDERA_BACKEND'] = 'b'", False),
        ("from os import environ", False),
        ("import os\ngetattr(os, 'environ')", False),
        ("import os\nos.putenv('A', 'b')", False),
        ("%env A=b", False),
        ("%load_ext dotenv", False),
        ("import dotenv", False),
        ("from mine import helper", False),
        ("import warnings\nwarnings.filterwarnings('ignore')", False),
        ("import sys\nsys.path.append('src')", False),
        ("import os\nos.chdir('data')", False),
        ("exec('import os')", False),
        ("import gc\ngc.collect()", False),
        ("import weakref", False),
        ("!pip install pandera", False),
        ("%run more.py", False),
    ],
)
def test_what_is_imported_on_first_use_comes_ahead_where_nothing_reaches_for_it(more, late):
    """Its import comes after code that is unknown, which must not touch what it reads."""
    modules = modules_of(LATE, more)
    assert modules[:2] == ("fourfold", "pandas")
    assert ("pandera.pandas" in modules, "seaborn" in modules, PATIENT in modules) == (late,) * 3


def test_skipped_cells_import_nothing():
    """Nor do they stand before anything."""
    skipped = {"cell_type": "code", "source": "%env A=b", "metadata": {"tags": ["skip-execution"]}}
    numpy = {"cell_type": "code", "source": "import numpy"}
    assert preloads({"cells": [skipped, numpy]})[0] == "numpy"


@pytest.mark.parametrize("path", sorted(ROOT.glob("templates/*.ipynb")), ids=lambda p: p.stem)
def test_every_template_has_its_libraries_ahead(path):
    """And the parts of the package that load on first use."""
    modules = set(preloads(read_notebook(path)))
    assert {"pandas", "seaborn", "matplotlib.pyplot"} <= modules
    assert ({"fourfold:ingest", "pandera.pandas"} <= modules) == (path.stem != "promotion")
    assert PATIENT in modules
    assert not any(name.startswith("yellowbrick") for name in modules)
