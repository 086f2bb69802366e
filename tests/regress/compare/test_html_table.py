"""Tables in HTML: read as a reader sees them, compared cell by cell."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.plan.rules import Rules, Tolerance
from fourfold.regress.compare.html_table import Table, compare_tables, read_tables

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.1, 0.3, 0.5]}, index=["x", "y", "z"])


def table(frame: pd.DataFrame) -> Table:
    """The table as pandas shows it."""
    (found,) = read_tables(frame.to_html())
    return found


def told(before: pd.DataFrame, after: pd.DataFrame, **options) -> list[str]:
    """The differences as they are shown."""
    return list(map(str, compare_tables(table(before), table(after), **options)))


def test_a_frame_is_read():
    """Labels of columns and rows, and the cells as text."""
    assert table(FRAME) == Table(
        ["a", "b"], ["x", "y", "z"], [["1", "0.1"], ["2", "0.3"], ["3", "0.5"]]
    )


def test_levels_are_joined():
    """Levels of columns are joined; a label of rows counts for all that it spans."""
    wide = FRAME.assign(g=[1, 1, 2]).groupby("g")[["a", "b"]].agg(["min", "max"])
    assert table(wide).columns == ["a / min", "a / max", "b / min", "b / max"]
    assert table(wide).rows == ["1", "2"]
    deep = FRAME.set_index(pd.MultiIndex.from_tuples([("p", 1), ("p", 2), ("q", 1)]))
    assert table(deep).rows == ["p / 1", "p / 2", "q / 1"]
    assert table(deep).cells == table(FRAME).cells


def test_a_named_index_has_no_row_of_its_own():
    """The second line of a heading, which names the index, adds nothing to the columns."""
    named = FRAME.rename_axis("who")
    assert (table(named).columns, table(named).corner) == (["a", "b"], "who")
    assert told(named, FRAME) == ["corner: who -> (nothing)"]
    assert table(FRAME.rename_axis(columns="k")).corner == "k"
    assert len(table(named).cells) == 3


def test_a_table_without_head_is_read():
    """A plain table, its first line of headings or not; several tables in order."""
    plain = "<table><tr><td>1</td><td>2</td></tr></table>"
    headed = "<table><tr><th>p</th></tr><tr><td>3</td></tr></table>"
    first, second = read_tables(f"<p>x</p>{plain}{headed}")
    assert first == Table(["0", "1"], [""], [["1", "2"]])
    assert second == Table(["p"], [""], [["3"]])


@pytest.mark.parametrize("html", ["", "<p>1</p>", "<table>", "<table></table>", "</td><tr><td>1"])
def test_what_is_no_table(html):
    """Text, an empty or a broken table gives none, and no error."""
    assert read_tables(html) == []


def test_scripts_and_marks_are_text():
    """Escapes are read, markup inside a cell is left out."""
    html = "<table><tr><th>k</th></tr><tr><td>a &lt; <b>b</b></td></tr></table>"
    assert read_tables(html)[0].cells == [["a < b"]]


def test_a_changed_cell_is_told_by_its_labels():
    """Row and column, before and after."""
    assert told(FRAME, FRAME.replace(0.3, 0.31)) == ["[row 'y', column 'b']: 0.3 -> 0.31"]


def test_rows_and_columns_gone_or_new():
    """A dropped row and a renamed column are told as such, other cells are still compared."""
    other = FRAME.drop("y").rename(columns={"b": "c"}).replace(3, 4)
    assert told(FRAME, other) == [
        "column 'b': there -> gone",
        "column 'c': not there -> new",
        "row 'y': there -> gone",
        "[row 'z', column 'a']: 3 -> 4",
    ]


def test_swapped_columns_and_rows():
    """Another order alone is told once."""
    assert told(FRAME, FRAME[["b", "a"]]) == ["order of columns: a, b -> b, a"]
    assert told(FRAME, FRAME[::-1]) == ["order of rows: x, y, z -> z, y, x"]


def test_labels_that_stand_twice():
    """Rows of the same label are matched in order."""
    twice = FRAME.set_index(pd.Index(["x", "x", "y"]))
    assert told(twice, twice.replace(0.3, 0.4)) == ["[row 'x (2)', column 'b']: 0.3 -> 0.4"]


def test_tolerance_and_ignored_columns_are_used():
    """Noise is nothing; timings of scikit-learn are left out, others on demand."""
    assert told(FRAME, FRAME.assign(b=FRAME.b * (1 + 1e-12))) == []
    close = FRAME.assign(b=FRAME.b * 1.01)
    assert told(FRAME, close) != []
    assert told(FRAME, close, rules=Rules(Tolerance(rtol=0.02))) == []
    assert told(FRAME, close, rules=Rules(ignore=("column b",))) == []
    timed = FRAME.rename(columns={"b": "mean_fit_time"})
    assert told(timed, timed * [1, 3]) == []
