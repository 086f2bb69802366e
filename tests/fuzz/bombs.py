"""Input that is small and would become large, or take long: each is refused at once."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


def configs() -> dict[str, bytes]:
    """Configs by name."""
    many = ", ".join(map(str, range(1, 101)))
    grid = "".join(f"    {name}: [{many}]\n" for name in ("count", "seed", "limit"))
    return {
        "aliases": f"template: tiny\nparameters:\n  columns: &z [1]\n{ALIASES}".encode(),
        "merges": b"template: tiny\nparameters: &p\n  <<: [" + b", ".join([b"&q {data: a}"] * 1 + [b"*q"] * 3000) + b"]\n",
        "grid": f"template: tiny\nsweep:\n  grid:\n{grid}".encode(),
        "zip": b"template: tiny\nsweep:\n  repeat: {seed: 1000000000000}\n",
        "random": b"template: tiny\nsweep:\n  random: {runs: 1000000000000, over: {count: {low: 1, high: 9}}}\n",
        "search": b"template: tiny\nsearch: {metric: mean, direction: maximize, trials: 1000000000000, over: {count: {low: 1, high: 9}}}\n",
        "deep": b"template: tiny\nparameters: {columns: " + b"[" * 5000 + b"]" * 5000 + b"}\n",
        "brackets": b"template: tiny\nparameters: " + b"[" * 300,
        "digits": b"template: tiny\nparameters: {count: " + b"9" * 100_000 + b"}\n",
        "date": b"template: tiny\nparameters: {mode: 2024-02-30}\n",
        "nul": b"template: tiny\nparameters: {mode: \0}\n",
        "mixed": b"template: tiny\nparameters: {1: a, a: b, null: c, [1]: d}\n",
        "sweep-types": b"template: tiny\nsweep: {grid: {1: [1], a: [2], count: [1, x, null, {}]}}\n",
        "question": ("template: tiny\nbusiness: {question: '" + "漢" * 400 + " ** http://x'}\n").encode(),
    }  # fmt: skip


def counted() -> dict[str, bytes]:
    """Files whose own words say how much they hold: Parquet by groups, texts, workbooks by place."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    zeros, texts, alike = io.BytesIO(), io.BytesIO(), io.BytesIO()
    table = pa.table({"a": np.zeros(1_000_000)})
    with parquet.ParquetWriter(zeros, table.schema, compression="zstd") as writer:
        for _ in range(40):
            writer.write_table(table)
    once = pa.DictionaryArray.from_arrays(np.zeros(400_000, "int32"), ["x" * 1000])
    plain = {"compression": "zstd", "store_schema": False}
    parquet.write_table(pa.table({"a": once}), texts, **plain)
    long = pa.array([f"{'y' * 100_000}{n}" for n in range(4000)])
    delta = {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    parquet.write_table(pa.table({"a": long}), alike, **plain, **delta)
    many = pa.DictionaryArray.from_arrays(np.zeros(400_000, "int8"), ["x" * 1000])
    kept = io.BytesIO()
    parquet.write_table(pa.table({"a": once}), kept, compression="zstd")
    names = [b'{"%d":1}' % n for n in range(4000)]
    nested = [b'{"a":{"b":{"%d":1}}}' % n for n in range(4000)]
    cell = '<row r="{0}"><c r="{1}{0}"><v>1</v></c></row>'
    return {
        "zeros.parquet": zeros.getvalue(),
        "texts.parquet": texts.getvalue(),
        "alike.parquet": alike.getvalue(),
        "category.parquet": kept.getvalue(),
        "zeros.feather": _feather(table, 40),
        "lz4.feather": _feather(table, 40, "lz4"),
        "texts.feather": _feather(pa.table({"a": many}), 1),
        "again.feather": _feather(pa.table({"a": many}), 3),
        "nulls.feather": _feather(pa.table({"a": pa.nulls(1_000_000)}), 40),
        "lists.feather": _feather(pa.table({"a": pa.array([np.zeros(4_000_000)])}), 10),
        "columns.feather": _feather(pa.table({f"c{n}": np.zeros(60_000) for n in range(60)}), 10),
        "blanks.zsav": _spss(pd.DataFrame({"a": ["x" * 32_000, *[""] * 5000]})),
        "texts.dta": _stata(pd.DataFrame({"a": ["x" * 200_000] * 1500}), convert_strl=["a"]),
        "labels.dta": _stata(
            pd.DataFrame({"a": np.ones(100_000, "int8")}), value_labels={"a": {1: "x" * 9000}}
        ),
        "names.json": b"[" + b",".join(names) + b"]",
        "nested.json": b"[" + b",".join(nested) + b"]",
        "names.jsonl": b"\n".join(names),
        "far.xlsx": _workbook(cell.format(1, "A") + cell.format(1048576, "XFD")),
        "below.xlsx": _workbook(cell.format(1, "A") + cell.format(1048576, "A")),
        "shared.xlsx": _workbook('<row><c t="s"><v>0</v></c></row>' * 10_000, "x" * 32_000),
        "rows.ods": _opened(f"<{_ROW} {_AGAIN.format('rows', 1048576)}><{_CELL}/></{_ROW}>"),
        "columns.ods": _opened(
            f"<{_ROW}><{_CELL} {_AGAIN.format('columns', 16384)}/></{_ROW}>" * 400
        ),
        "area.ods": _opened(
            f"<{_ROW} {_AGAIN.format('rows', 1048575)}/><{_ROW}><{_EMPTY} {_AGAIN.format('columns', 16383)}/><{_CELL}/></{_ROW}>"
        ),
        "cells.xlsx": _workbook("<row><c><v>0</v></c><c><v>0</v></c></row>" * 500_000),
    }


def _feather(table: Any, times: int, compression: str = "zstd") -> bytes:
    """Return a Feather file that holds a table many times."""
    from pyarrow import ipc

    packed, options = io.BytesIO(), ipc.IpcWriteOptions(compression=compression)
    with ipc.new_file(packed, table.schema, options=options) as writer:
        for _ in range(times):
            writer.write_table(table)
    return packed.getvalue()


def _stata(frame: Any, **options: Any) -> bytes:
    """Return a file of Stata."""
    packed = io.BytesIO()
    frame.to_stata(packed, version=118, **options)
    return packed.getvalue()


def _spss(frame: Any) -> bytes:
    """Return a packed file of SPSS."""
    import pyreadstat

    with tempfile.TemporaryDirectory() as folder:
        pyreadstat.write_sav(frame, f"{folder}/a.zsav", compress=True)
        return Path(folder, "a.zsav").read_bytes()


def databases() -> dict[str, str]:
    """Scripts of SQLite databases whose view `v` becomes large, or does not end."""
    digits = f"create table d (n); insert into d values {','.join(f'({n})' for n in range(100))};"
    text = "printf('%.*c', 1000000, 'x')"
    forever = "with recursive c(n) as (select 1 union all select n + 1 from c) select"
    return {
        "product": f"{digits} create view v as select a.n as x, b.n as y from d a, d b, d c, d e",
        "endless": f"create view v as {forever} n from c",
        "counted": f"create view v as {forever} count(*) as n from c",
        "blob": "create view v as select zeroblob(900000000) as b",
        "hex": "create view v as select hex(zeroblob(400000000)) as b",
        "texts": f"{digits} create view v as select {text} as b, a.n from d a, d b",
        "joined": f"{digits} create view v as select group_concat({text}) as b from d a, d b",
        "generated": "create table v (n, b as (zeroblob(90000000))); insert into v values (1), (2), (3), (4), (5)",
    }


_ROW, _EMPTY = "table:table-row", "table:table-cell"
_CELL = f'{_EMPTY} office:value-type="float" office:value="1"'
_AGAIN = 'table:number-{}-repeated="{}"'


def _workbook(rows: str, text: str = "") -> bytes:
    return _zipped(
        {
            "xl/worksheets/sheet1.xml": f"<sheetData>{rows}</sheetData>",
            "xl/sharedStrings.xml": f"<sst><si><t>{text}</t></si></sst>",
        }
    )


def _opened(rows: str) -> bytes:
    """Return a workbook of OpenDocument."""
    sheet = f'<table:table table:name="a">{rows}</table:table>'
    return _zipped({"content.xml": f"<office:spreadsheet>{sheet}</office:spreadsheet>"})


def _zipped(members: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def contracts() -> dict[str, bytes]:
    """Contracts by name."""
    return {
        "aliases": f"columns:\n  x: &z 1\n{ALIASES}".encode(),
        "brackets": b"columns: " + b"[" * 3000,
        "binary": bytes(range(256)),
    }


def files() -> dict[str, bytes]:
    """Files of tables, by name."""
    zeros = b"a,b\n" + b"0" * (300 << 20)
    gz, zipped, sheet = gzip.compress(zeros), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", zeros)
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", zeros)
    made = {
        "a.csv.gz": gz,
        "b.csv.zip": zipped.getvalue(),
        "c.csv.bz2": bz2.compress(zeros),
        "d.csv.xz": lzma.compress(zeros, preset=0),
        "e.xlsx": sheet.getvalue(),
        "f.tsp": b"NAME: a\nDIMENSION: 99999\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\n",
        "g.tsp": b"DIMENSION: 11999\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: FULL_MATRIX\nEDGE_WEIGHT_SECTION\n1\n",
        "h.tsp": "DIMENSION: ²\nEDGE_WEIGHT_TYPE: EUC_2D\n".encode(),
        "i.json": b"[" * 100_000,
        "j.json": b'[{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}]",
        "k.json": b'[{"a": ' + b"9" * 10_000 + b"}]",
        "l.parquet": b"PAR1" + b"\xff" * 64 + b"PAR1",
        "m.zip": b"PK\x03\x04",
    }  # fmt: skip
    return made
