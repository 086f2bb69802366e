"""Dialects of text tables, on heads written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.data.dialect import HEAD, Dialect, find_dialect, find_layout
from fourfold.errors import DataError


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"a,b\n1,2\n", Dialect()),
        (b"a;b\n1,5;2,5\n", Dialect(";", ",")),
        (b"a;b\n1.5;2.5\n", Dialect(";", ".")),
        (b"a;b\n1.234,5;x\n", Dialect(";", ",")),
        (b"a\tb\n1,5\t2\n", Dialect("\t", ",")),
        (b"a|b\n1|2\n", Dialect("|")),
        (b"alone\n1\n", Dialect()),
        ("a,b\nJos\u00e9,2\n".encode("cp1252"), Dialect(encoding="cp1252")),
        ("a,b\nJos\u00e9,2\n".encode("utf-8-sig"), Dialect(encoding="utf-8-sig")),
        ("a;b\n1;2\n".encode("utf-16"), Dialect(";", encoding="utf-16")),
        (b'a,b\n"x;y;z",2\n"p;q;r",3\n', Dialect()),
    ],
)
def test_finds_separator_decimal_mark_and_encoding(head, expected):
    """Each head tells how the table is written."""
    assert find_dialect(head, "x.csv") == expected


def test_head_may_end_inside_a_character():
    """UTF-8 cut in the middle of a character is still UTF-8."""
    head = b"aaa,b\n" + "1,ß\n".encode() * HEAD
    assert find_dialect(head[:HEAD], "x.csv").encoding == "utf-8"
    assert head[HEAD - 1 : HEAD] == "ß".encode()[:1]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"PAR1....", "Parquet"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"PK\x03\x04", "Excel"),
        (b"\x89PNG\r\n", "picture"),
        (b"a\x00b", "binary"),
    ],
)
def test_refuses_what_is_not_text(head, told):
    """A binary file is named for what it is."""
    with pytest.raises(DataError, match=rf"x\.csv: expected a text table, got .*{told}"):
        find_dialect(head, "x.csv")


@given(st.lists(st.tuples(st.integers(), st.integers(), st.integers()), min_size=2))
def test_finds_the_separator_of_any_table_of_whole_numbers(rows):
    """A table of three columns of integers is recognised with each separator."""
    for mark in ",;\t|":
        text = "\n".join([mark.join("abc"), *(mark.join(map(str, row)) for row in rows)])
        assert find_dialect(text.encode(), "x.csv").separator == mark


@pytest.mark.parametrize(
    ("head", "above", "header", "units"),
    [
        ("a,b\n1,2\n", 0, True, ()),
        ("Sales of 2024\n\na;b;c\n1;2;3\n4;5;6\n", 2, True, ()),
        ("Sales, of 2024\na,b,c,d,e\n1,2,3,4,5\n6,7,8,9,0\n", 1, True, ()),
        ("# by hand\n# twice\na,b\n1,2\n", 2, True, ()),
        ("sep=;\na;b\n1;2\n", 1, True, ()),
        ("1.5,2,x\n2.5,3,y\n3.5,4,x\n", 0, False, ()),
        ("p,x,s\nq,x,s\np,y,s\np,x,t\nq,y,s\np,x,s\n", 0, False, ()),
        ("land,2019,2020\na,1.5,2\nb,2.5,3\n", 0, True, ()),
        ("1990,1991,1992\n1.5,2,5\n2.5,3,6\n", 0, True, ()),
        ("size,town,mass\nm,,kg\n1,Ulm,3\n2,Bonn,4\n3,Ulm,5\n", 0, True, ("m", "", "kg")),
        ("size,mass\n[m],[kg]\n1,3\n2,4\n3,5\n", 0, True, ("m", "kg")),
        ("size,mass\n?,?\n1,3\n2,4\n3,5\n", 0, True, ()),
        ("a,b\n", 0, True, ()),
        ("a\n1,2\n3,4\n", 0, True, ()),
        ("name,word\nann,red\nbob,blue\ncy,red\nann,blue\ndi,red\n", 0, True, ()),
    ],
)
def test_where_the_rows_begin(head, above, header, units):
    """Titles, remarks, no names, and rows of units."""
    layout = find_dialect(head.encode(), "x.csv").layout
    assert (layout.above, layout.header, layout.units) == (above, header, units)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Москва и другие города: Казань, Томск, Самара"),
        ("shift_jis", "東京都千代田区と大阪府大阪市、京都府京都市"),
        ("utf-16-le", "plain words without a mark"),
    ],
)
def test_encodings_of_other_scripts(encoding, text):
    """Cyrillic, Japanese, and UTF-16 without its mark."""
    head = ("id;town\n" + "".join(f"{n};{text}\n" for n in range(40))).encode(encoding)
    dialect = find_dialect(head, "x.csv")
    assert head.decode(dialect.encoding).splitlines()[1] == f"0;{text}"


@pytest.mark.parametrize(
    ("rows", "above"),
    [
        # As R and pandas write names of rows: theirs is the only column without a name.
        ([["", "1", "2"], ["a", "50", "19"], ["b", "16", "40"], ["c", "3", "1"]], 0),
        ([["", "1.5", "2.5"], ["9.4", "0", "0"], ["9.5", "0", "1"], ["9.6", "1", "0"]], 0),
        ([["", "Content"], ["V1", "Do you?"], ["V2", "Are you?"], ["V3", "Is it?"]], 0),
        ([["", "Sales"], ["city", "sold"], ["Rome", "12"], ["Oslo", "7"]], 1),
    ],
)
def test_names_of_rows_have_no_name_themselves(rows, above):
    layout = find_layout(rows)
    assert (layout.header, layout.above) == (True, above)
