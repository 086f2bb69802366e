"""Tables as notebooks show them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

from fourfold.records import tables
from fourfold.records.formatting import number

FRAME = pd.DataFrame(
    {
        "east": [-86.3, -112, -92.3],
        "share": [0.0531, -0.143, np.nan],
        "mixed": [1, 336_776.0, 2.5],
        "whole": [1.0, np.nan, 1200],
        "rows": [1, 20, 300],
    }
)


@pytest.fixture
def shown():
    """Text and HTML of a frame, as a notebook has them, with our style."""
    shell = SimpleNamespace(display_formatter=DisplayFormatter())
    with pd.option_context("display.float_format", number, "display.show_dimensions", False):
        tables.install(shell)
        yield lambda frame: shell.display_formatter.format(frame)[0]


def test_numbers_of_a_column_have_the_same_decimals(shown):
    """Where sizes differ too much, each has its own, as before."""
    made = shown(FRAME)
    cells = re.findall("<td>(.*)</td>", made["text/html"])
    assert cells[0::5] == ["-86.3", "-112.0", "-92.3"]
    assert cells[1::5] == ["0.0531", "-0.1430", "NaN"]
    assert cells[2::5] == ["1.00", "336,776", "2.50"]
    assert cells[3::5] == ["1", "NaN", "1,200"]
    assert cells[4::5] == ["1", "20", "300"]
    assert [line.split()[1] for line in made["text/plain"].splitlines()[1:]] == [
        "-86.3",
        "-112.0",
        "-92.3",
    ]


def test_a_long_and_wide_table_is_cut_as_pandas_cuts_it(shown):
    """And what somebody has set is obeyed."""
    frame = pd.DataFrame(np.arange(4000).reshape(200, 20))
    with pd.option_context("display.max_columns", 6, "display.show_dimensions", "truncate"):
        assert shown(frame) == {
            "text/plain": repr(frame),
            "text/html": frame.to_html(
                notebook=True, max_rows=10, max_cols=6, show_dimensions=True
            ),
        }
        with pd.option_context("display.float_format", "{:.1f}".format):
            assert shown(frame)["text/html"] == frame._repr_html_()
    with pd.option_context("display.notebook_repr_html", False):
        assert "text/html" not in shown(frame)


def test_noise_decides_nothing(shown):
    """Another machine computes 2.9999999999999996 for 3, or a tie that is not quite one."""
    plain, noisy = pd.DataFrame({"a": [3.0, 12]}), pd.DataFrame({"a": [3 - 4e-16, 12]})
    assert shown(plain) == shown(noisy)
    tie = pd.DataFrame({"a": [0.1125, 0.25]})
    assert shown(tie) == shown(tie + 2e-17) == shown(tie - 2e-17)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8))
def test_no_number_seems_to_be_zero(values):
    places = tables.decimals(pd.Series(values))
    if places is not None:
        assert all(float(f"{value:.{places}f}") for value in values if value)
