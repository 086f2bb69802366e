"""Files of tables in every format, right and wrong."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.data.coerce import READ
from fourfold.data.formats import kind_of, read_table
from fourfold.errors import DataError

FRAME = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, -1.25, 1e6], "word": ["ä", "b c", "d"]})
CSV = FRAME.to_csv(index=False).encode()


def zipped(content: bytes, *names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return target.getvalue()


def parquet() -> bytes:
    return FRAME.to_parquet()


FILES = {
    "t.csv": CSV,
    "t.tsv": FRAME.to_csv(index=False, sep="\t").encode(),
    "t.txt": FRAME.to_csv(index=False, sep="|").encode(),
    "t.csv.gz": gzip.compress(CSV),
    "t.csv.bz2": bz2.compress(CSV),
    "t.csv.xz": lzma.compress(CSV),
    "t.csv.zip": zipped(CSV, "t.csv"),
    "t.zip": zipped(CSV, "anything"),
    "T.CSV": CSV,
    "t.parquet": parquet(),
    "t.json": FRAME.to_json(orient="records").encode(),
    "t.jsonl": FRAME.to_json(orient="records", lines=True).encode(),
    "t.ndjson.gz": gzip.compress(FRAME.to_json(orient="records", lines=True).encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_table(name):
    """By its ending, whatever the compression."""
    found = read_table(io.BytesIO(FILES[name]), name)
    assert found.to_dict("list") == FRAME.to_dict("list")


@given(
    st.sampled_from(",;\t|"),
    st.sampled_from([".", ","]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.lists(st.tuples(st.integers(-9999, 9999), st.sampled_from("äöü€ß")), min_size=3),
)
def test_any_dialect_comes_back(separator, decimal, encoding, rows):
    """Separator, decimal mark and encoding are found in the bytes; commas cannot be both."""
    if separator == ",":
        decimal = "."
    frame = pd.DataFrame(rows, columns=["number", "word"])
    frame["number"] = frame["number"] + 0.5
    text = frame.to_csv(sep=separator, decimal=decimal, index=False).encode(encoding)
    found = read_table(io.BytesIO(text), "t.csv")
    assert found["number"].tolist() == frame["number"].tolist()
    assert found["word"].tolist() == frame["word"].tolist()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "t.csv: expected a table, got an empty file"),
        ("t.csv", parquet(), "t.csv: expected a text table, got a Parquet file"),
        ("t.csv", bytes(range(256)) * 9, "t.csv: expected a text table, got binary content"),
        ("t.csv", b"a,b\n1,2\n3,4,5\n", "t.csv: line 3: expected 2 fields, got 3"),
        ("t.csv.gz", CSV, "t.csv.gz: expected a .gz file"),
        ("t.zip", CSV, "t.zip: expected a zip archive"),
        ("t.zip", zipped(CSV, "a", "b"), r"expected one file in the archive, got 2: \['a', 'b'\]"),
        ("t.json", b"{", "t.json"),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "t.jsonl, line 2"),
        ("t.parquet", CSV, "t.parquet"),
    ],
)
def test_a_broken_file_is_one_clear_error(name, content, message):
    """It names the file, what was expected, and the line where there are lines."""
    with pytest.raises(DataError, match=message):
        read_table(io.BytesIO(content), name)


@pytest.mark.parametrize(
    ("name", "message"), [("t.cvs", "got .cvs.*Did you mean '.csv'"), ("t", "got no ending")]
)
def test_an_unknown_ending_is_told(name, message):
    """With the nearest one."""
    with pytest.raises(DataError, match=message):
        kind_of(name)


def test_dates_become_dates_where_they_are_unambiguous():
    """ISO and German dates do; 1/2 and 2/1 alike stay text."""
    text = b"iso,german,both\n2024-01-31,31.01.2024,01/02/2024\n2024-02-01,01.02.2024,02/01/2024\n"
    found = read_table(io.BytesIO(text), "t.csv")
    assert (found["iso"] == found["german"]).all()
    assert found["iso"].iloc[0] == pd.Timestamp("2024-01-31")
    assert found["both"].tolist() == ["01/02/2024", "02/01/2024"]


def test_json_of_nested_records_is_read():
    """Lists inside of records become text, so that values can be compared."""
    content = json.dumps([{"a": 1, "b": [1, 2]}, {"a": 2, "b": []}]).encode()
    found = read_table(io.BytesIO(content), "t.json")
    assert found["a"].tolist() == [1, 2]
    assert found["b"].tolist() == ["[1, 2]", "[]"]


def test_numbers_with_groups_are_numbers():
    """1.234,50 and 1,234.50 are the same, and a lone 1.234 is not a thousand."""
    german = read_table(io.BytesIO(b"a;b\n1.234,50;x\n7,25;y\n"), "t.csv")
    english = read_table(io.BytesIO(b'a,b\n"1,234.50",x\n7.25,y\n'), "t.csv")
    assert german["a"].tolist() == english["a"].tolist() == [1234.5, 7.25]
    assert np.allclose(read_table(io.BytesIO(b"a,b\n1.234,x\n"), "t.csv")["a"], 1.234)


@pytest.mark.parametrize(
    ("text", "columns", "note"),
    [
        ("a;b;;\n1;x;;\n2;y;;\n;;;\n;;;\n", {"a": [1, 2], "b": ["x", "y"]}, "2 empty rows and 2 empty columns without a name left out"),
        ("a,b\n1,\n2,\n", {"a": [1, 2], "b": [None, None]}, ""),
        ("w, n\nx, 1\ny y, 2\n", {"w": ["x", "y y"], "n": [1, 2]}, ""),
        ("who,n\nann,1\nbob,2\nTotal,3\n", {"who": ["ann", "bob", "Total"], "n": [1, 2, 3]}, "a last row begins with 'Total': is it one of the things?"),
        ("1.5   2  \"a b\"\n2.5   ?  \"c d\"\n3.5   4\t\"a b\"\n", {"column_1": [1.5, 2.5, 3.5], "column_2": [2, None, 4], "column_3": ["a b", "c d", "a b"]}, "no row of names: the columns are called column_1 and so on"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_table(text, columns, note):
    """Empty rows and columns, blanks behind separators, and a last row that may be a sum."""
    frame = read_table(io.BytesIO(text.encode()), "t.csv")
    assert frame.astype(object).where(frame.notna(), None).to_dict("list") == columns
    assert frame.attrs.get(READ, {}).get("", "") == note
