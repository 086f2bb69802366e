"""Files of typed tables and workbooks."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from pyarrow import feather, parquet

from fourfold.data import sources
from fourfold.data.coerce import READ, UNITS
from fourfold.data.formats import read_table
from fourfold.errors import DataError

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, -1.25, 1e6],
        "word": ["ä", "b c", "d"],
        "day": pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-01"]),
    }
)


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A workbook of cells with text and numbers, by hand: nothing here writes one."""
    made, names = io.BytesIO(), list(sheets)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/package/2006"

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if value else "<c/>"
        return "<c/>" if value is None else f"<c><v>{value}</v></c>"

    with zipfile.ZipFile(made, "w") as book:
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1)
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{parts}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n, _ in enumerate(names, 1)
        )
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kinds}/content-types"><Default Extension="xml" ContentType='
            '"application/xml"/><Default Extension="rels" ContentType="application/xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{kinds}/relationships"><Relationship Id="r1" '
            f'Type="{parts}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{parts}"><sheets>{listed}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{kinds}/relationships">{links}</Relationships>',
        )
        for n, rows in enumerate(sheets.values(), 1):
            text = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            book.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{text}</sheetData></worksheet>',
            )
    return made.getvalue()


ROWS = [["town", "size", "mass"], ["", "m", "kg"], ["Ulm", 1.5, 3], ["Bonn", 2, 4], ["Ulm", 3, 5]]


def test_a_sheet_with_a_title_and_units(tmp_path):
    """The first sheet that is not empty; the others are named."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(
        workbook({"Cover": [], "North": [["Sizes of 2024"], [], *ROWS], "South": ROWS})
    )
    frame = read_table(io.BytesIO(path.read_bytes()), "book.xlsx")
    assert frame.to_dict("list") == {
        "town": ["Ulm", "Bonn", "Ulm"],
        "size": [1.5, 2, 3],
        "mass": [3, 4, 5],
    }
    assert frame.attrs[UNITS] == {"size": "m", "mass": "kg"}
    assert "sheet 'North'; others (Cover, South) by book.xlsx#SHEET" in frame.attrs[READ][""]
    loaded = sources.load("book.xlsx#South", root=tmp_path)
    assert (len(loaded.frame), loaded.source) == (3, "book.xlsx#South")


@pytest.mark.parametrize(
    "cover",
    [
        [["made from seeds"]],
        [["Author", "Ada"], ["Date", "2024"], ["Rows", 20]],
        [["Notes"], ["one"], ["two"], ["three"]],
    ],
)
def test_a_cover_is_no_table(cover, tmp_path):
    """The sheet behind it is read; where no sheet is longer, the first with two columns."""
    rows = [["town", "size"], *([f"t{n}", n] for n in range(20))]
    book = workbook({"Cover": cover, "Data": rows, "Codes": ROWS})
    frame = read_table(io.BytesIO(book), "book.xlsx")
    assert (len(frame), list(frame)) == (20, ["town", "size"])
    assert "sheet 'Data'; others (Cover, Codes)" in frame.attrs[READ][""]
    small = read_table(io.BytesIO(workbook({"Cover": [["x"]], "A": ROWS, "B": ROWS})), "book.xlsx")
    assert "sheet 'A'" in small.attrs[READ][""]


def test_a_sheet_that_there_is_not(tmp_path):
    """With those that there are, and the nearest name."""
    (tmp_path / "book.xlsx").write_bytes(workbook({"North": ROWS, "South": ROWS}))
    with pytest.raises(
        DataError, match=r"its sheets \(North, South\), got 'Nort'\. Did you mean 'North'"
    ):
        sources.load("book.xlsx#Nort", root=tmp_path)
    (tmp_path / "empty.xlsx").write_bytes(workbook({"A": [], "B": []}))
    with pytest.raises(DataError, match="expected a table, got empty sheets: A, B"):
        sources.load("empty.xlsx", root=tmp_path)
    (tmp_path / "no.xlsx").write_bytes(b"PK\x03\x04 no book")
    with pytest.raises(DataError, match=r"no\.xlsx: expected an Excel workbook"):
        sources.load("no.xlsx", root=tmp_path)


def test_feather_stata_spss_and_sas(tmp_path):
    """The same table in each, as far as a format can hold it."""
    plain = FRAME.drop(columns="day")
    feather.write_feather(pa.Table.from_pandas(FRAME), tmp_path / "t.feather")
    FRAME.to_stata(tmp_path / "t.dta", write_index=False, version=118)
    pyreadstat.write_sav(plain, tmp_path / "t.sav")
    pyreadstat.write_xport(
        plain.assign(word=["a", "b c", "d"]), tmp_path / "t.xpt", file_format_version=5
    )
    for name in ("t.feather", "t.dta"):
        pd.testing.assert_frame_equal(
            sources.load(name, root=tmp_path).frame, FRAME, check_dtype=False
        )
    frame = sources.load("t.sav", root=tmp_path).frame
    assert frame.to_dict("list") == plain.to_dict("list")
    frame = sources.load("t.xpt", root=tmp_path).frame
    assert (frame["x"].tolist(), len(frame)) == (plain["x"].tolist(), 3)


@pytest.mark.parametrize("name", ["t.sav", "t.dta", "t.xpt", "t.sas7bdat", "t.feather"])
def test_a_broken_file_is_one_clear_error(name, tmp_path):
    """Whatever the library says."""
    (tmp_path / name).write_bytes(b"this is none of them" * 9)
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        sources.load(name, root=tmp_path)


def test_types_of_parquet_that_text_has_not(tmp_path):
    """Decimals, days, durations, gaps, lists, codes of categories and bytes."""
    table = pa.table(
        {
            "price": pa.array([Decimal("1.10"), None, Decimal("3.00")], pa.decimal128(9, 2)),
            "day": pa.array([date(2024, 1, 31), None, date(2024, 3, 1)], pa.date32()),
            "took": pa.array([timedelta(minutes=1), timedelta(0), None], pa.duration("us")),
            "n": pa.array([1, None, 3], pa.int64()),
            "tags": pa.array([[1, 2], [], None]),
            "of": pa.array([{"a": 1}, {"a": 2}, {"a": 3}]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "raw": pa.array([b"ab", b"c", None]),
        }
    )
    parquet.write_table(table, tmp_path / "odd.parquet")
    frame = sources.load("odd.parquet", root=tmp_path).frame
    assert frame["price"].tolist()[::2] == [1.1, 3.0]
    assert frame["day"][2] == pd.Timestamp("2024-03-01")
    assert frame["took"].tolist()[:2] == [60.0, 0.0]
    assert frame.attrs[UNITS] == {"took": "s"}
    assert frame["tags"].tolist()[:2] == ["[1, 2]", "[]"]
    assert frame["of"].tolist() == ['{"a": 1}', '{"a": 2}', '{"a": 3}']
    assert frame["kind"].tolist() == ["x", "y", "x"]
    assert frame["raw"].tolist()[:2] == ["ab", "c"]
    assert frame.isna().sum().tolist() == [1, 1, 1, 1, 1, 0, 0, 1]
    assert np.isnan(frame["n"][1])
