"""Yellowbrick's own imports, with the fixes, and only where they were asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOOK = """
import matplotlib as mpl
before = dict(mpl.rcParams)
from yellowbrick.cluster import InterclusterDistance, KElbowVisualizer, SilhouetteVisualizer
from yellowbrick.classifier import DiscriminationThreshold
from yellowbrick.regressor import ResidualsPlot
classes = (
    InterclusterDistance, KElbowVisualizer, SilhouetteVisualizer,
    DiscriminationThreshold, ResidualsPlot,
)
print(*{each.__module__.split(".")[0] for each in classes}, dict(mpl.rcParams) == before)
"""


def printed(code: str, folder: str) -> str:
    """What Python prints for some code, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "first",
    [
        "from fourfold import begin; begin('clustering')",
        "import fourfold as ff; ff.clustering.KElbowVisualizer; ff.begin('clustering')",
    ],
    ids=["begin", "ours-then-begin"],
)
def test_imports_after_begin_are_fixed(first, tmp_path):
    """In whatever order; and neither fonts nor colours of the process change."""
    assert printed(first + LOOK, tmp_path) == "fourfold True\n"


def test_elsewhere_yellowbrick_is_as_it_is(tmp_path):
    """Importing Fourfold, and using a class of ours, changes nothing of yellowbrick's."""
    code = "import fourfold as ff; ff.clustering.KElbowVisualizer\n"
    code += "from yellowbrick.cluster import KElbowVisualizer; print(KElbowVisualizer.__module__)"
    assert printed(code, tmp_path).startswith("yellowbrick")
