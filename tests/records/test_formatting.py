"""The look of numbers and figures."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from fourfold.records.formatting import short


@given(st.text(), st.integers(2, 40))
def test_short_names_fit_in_one_line(name, width):
    """At most `width` characters, without line breaks; short ones only lose spaces."""
    found = short(name, width)
    assert len(found) <= width
    assert found == short(found, width)
    assert len(found.splitlines()) <= 1


def test_tables_show_three_digits_and_labels_no_formula():
    """In a fresh process, since the style is of the process."""
    code = (
        "import pandas as pd, matplotlib as mpl, fourfold as ff\n"
        "ff.style()\n"
        "print(pd.DataFrame({'x': [0.123456789, 1234567.9, 999.6]}))\n"
        "print(mpl.rcParams['text.parse_math'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["x", "0", "0.123", "1", "1,234,568", "2", "1,000", "False"]
