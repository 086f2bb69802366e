"""Hypothesis strategies of input that nobody meant: configs, templates, records, data and more."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import json
import lzma
import sqlite3
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from tiny_project import CELLS, make_notebook

#: Values that no field expects, though YAML or JSON can hold them.
_ODD = st.sampled_from(
    [
        None, True, False, 0, -1, 2**63, 10**400, -(10**30), 1e308, float("nan"), float("inf"), 0.5,
        "", " ", "\0", "\ud800", "\x1b[31m", "é" * 300, "漢" * 100, "a" * 5000, "**", "**/*", "[", "*[",
        "../..", "/etc/passwd", "~", ".", "..", "http://[", "s3://", "sqlite:///", "postgresql://a:b@[",
        "run:", "run:a/b", "run:a/b/c", "2024-02-30", "0x10", "1e999", ">= 0.5", "1..2", "{}", "{{ x }}",
        "${HOME}", "\n", "a\nb", "=cmd()", "'", '"', "`", "\\", "%s", "{0}", "data", "tiny", "n",
        [], {}, [None], [[]], {"": ""}, {"a": {"b": [1]}}, ["a", 1, None, {}], [1, "1", 1.0, True],
        {"low": 1, "high": 0}, {"grid": {"k": [1]}}, {"run": "a/b"}, list(range(200)), {"x": None},
    ]
)  # fmt: skip
ODD = _ODD.map(copy.deepcopy)  # what is edited later must be a new one
_TOKENS = [
    "{", "}", "[", "]", ": ", "- ", "\n", "&a ", "*a", "<<: ", "!!set ", "!!binary ", "!!python/none ",
    "? ", "| ", "> ", "%YAML 9\n", "---\n", "...\n", "\t", "#", "'", '"', "\0", "\ufeff", "~", "2024-02-30",
    "2024-13-45T99:99:99", "0o9", "0x", ".inf", ".nan", "!!float x", "!!int 1_", "1:60", "[" * 300, "{a: " * 300,
    "=", "!", "@", "`", "\x85", "\u2028", "é", "null: 1\n", "1: 2\n", "[a]: b\n", "true: x\n", "{a: 1}: b\n",
    "1" * 5000, "1e" + "9" * 30, "!!timestamp 9", "!!omap ", "!!pairs ",
]  # fmt: skip


@st.composite
def damaged(draw: Any, text: str) -> bytes:
    """A text after a few edits, as bytes; now and then bytes that are no text."""
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        size = draw(st.sampled_from([0, 0, 1, 3, 10, 60]))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            text = text[:place] + text[place + size :]
        elif kind == 1:
            text = text[:place] + draw(st.sampled_from(_TOKENS)) + text[place + size :]
        elif kind == 2:
            text = text[:place] + draw(st.text(max_size=6)) + text[place:]
        else:
            other = draw(st.integers(0, len(text)))
            text = text[:place] + text[other : other + 60] + text[place:]
    return broken_bytes(draw, text.encode("utf-8", "surrogatepass"), seldom=True)


def broken_bytes(draw: Any, data: bytes, seldom: bool = False) -> bytes:
    """Bytes of which some are others, or gone."""
    if seldom and draw(st.integers(0, 9)):
        return data
    for _ in range(draw(st.integers(1, 5))):
        place, kind = draw(st.integers(0, len(data))), draw(st.integers(0, 3))
        if kind == 0:
            data = data[:place]
        elif kind == 1:
            data = data[:place] + draw(st.binary(min_size=1, max_size=4)) + data[place + 1 :]
        elif kind == 2:
            data = data[:place] + data[place + draw(st.integers(1, 40)) :]
        else:
            data = data[:place] + draw(st.binary(max_size=9)) + data[place:]
    return data


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value in a tree of lists and mappings."""
    items = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [path, *(each for key, inner in items for each in places_in(inner, (*path, key)))]


@st.composite
def misshapen(draw: Any, tree: Any) -> Any:
    """A tree with some values replaced, removed, renamed or repeated."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places_in(tree)))
        if not path:
            if draw(st.integers(0, 19)) == 0:
                tree = draw(ODD)
            continue
        parent = tree
        for key in path[:-1]:
            parent = parent[key]
        kind = draw(st.integers(0, 6))
        if kind <= 3:
            parent[path[-1]] = draw(ODD)
        elif kind == 4:
            del parent[path[-1]]
        elif isinstance(parent, dict):
            name = draw(
                st.one_of(
                    st.text(max_size=5),
                    st.sampled_from(
                        [
                            "grid",
                            "zip",
                            "list",
                            "random",
                            "rows",
                            "exclude",
                            "data",
                            "query",
                            "contract",
                            "extends",
                        ]
                    ),
                )
            )
            parent[name] = parent.pop(path[-1]) if kind == 5 else draw(ODD)
        else:
            parent.insert(0, copy.deepcopy(parent[path[-1]]))
    return tree


def yaml_of(tree: Any) -> str:
    """A tree as YAML."""
    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML().dump(tree, text)
    return text.getvalue()


def as_json(tree: Any) -> bytes:
    """JSON, which YAML holds as well; halves of characters stay escaped."""
    return json.dumps(tree).encode()


CONFIGS = [
    {"template": "tiny", "business": {"question": "q?", "decision": "d", "success": {"mean": ">= 1"}},
     "parameters": {"data": "numbers.csv", "scale": 2}, "run": {"timeout": "10m", "retries": 1, "retry_on": ["killed"]}},
    {"template": "tiny", "parameters": {"columns": ["n"]}, "sweep": {"grid": {"count": [1, 2, 3], "mode": ["plain", "fancy"]}, "exclude": [{"count": 2}]}},
    {"template": "tiny", "sweep": {"zip": {"count": [1, 2], "scale": [0.5, 1]}, "repeat": {"seed": 3}}},
    {"template": "tiny", "sweep": {"list": [{"count": 9}, {"count": 8, "limit": None}]}},
    {"template": "tiny", "sweep": {"random": {"runs": 3, "seed": 1, "over": {"count": {"low": 1, "high": 9}, "scale": [1, 2]}}}},
    {"template": "tiny", "search": {"metric": "mean", "direction": "maximize", "over": {"count": {"low": 1, "high": 4}}, "trials": 3}},
    {"template": "starter", "parameters": {"data": "numbers.csv", "query": "select n from data"}, "regress": {"rtol": 0.01, "ignore": ["x"]}},
    {"template": "tiny", "extends": "_base.yaml", "sweep": {"table": {"file": "numbers.csv", "columns": {"count": "n"}}}},
    {"template": "tiny", "parameters": {"data": "run:b/default/a.csv"}, "when": {"b": "supported"}},
]  # fmt: skip
CONTRACT = (Path(__file__).parents[2] / "contracts" / "penguins.yaml").read_text()
RECORD = {
    "config": "a", "run_id": "default", "template": "tiny", "status": "ok", "parameters": {"k": 1, "question": "q"},
    "varied": ["k"], "started_at": "2026-11-28T10:00:00+00:00", "duration_s": 1.5, "verdict": "supported",
    "answer": "yes", "metrics": {"m": {"value": 1.0, "ci": [0.5, 1.5], "unit": "kg", "exact": False}},
    "claims": [{"metric": "m", "condition": ">= 0.4", "value": 1.0, "ci": [0.5, 1.5], "unit": "", "verdict": "supported", "why": "w"}],
    "data": [{"source": "a.csv", "sha256": "0" * 64, "rows": 3, "columns": 2, "missing": 0, "rejected": 0, "contract": None}],
    "artifacts": [{"name": "a.csv", "rows": 1, "columns": ["x"]}], "sections": {"Setup": 1.0}, "versions": {"python": "3.11"},
    "error": {"section": "EDA", "cell": 3, "cell_id": "x", "error": "ValueError", "message": "m"},
    "git_commit": "abc", "seed": 1, "attempts": 1, "start": "warm", "kernel": "python3",
    "cost": {"cpu_s": 1.0, "peak_mb": 10.0, "energy_wh": 0.1}, "key": {"code": "c", "inputs": {"a.csv": "d"}, "packages": {}},
    "accepted": [{"at": "2026-11-28", "because": "b", "changes": ["c"]}], "format": 1,
}  # fmt: skip
_MIME = "application/vnd.fourfold.v1+json"


def executed() -> dict[str, Any]:
    """A notebook with one of each output."""
    notebook = make_notebook(CELLS)
    outputs: list[Any] = [
        {"output_type": "stream", "name": "stdout", "text": "3 rows\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "1"}},
        {"output_type": "display_data", "metadata": {"image/png": {"width": 3}}, "data": {"image/png": "iVBORw0KGgo=", _MIME: {"kind": "figure", "axes": [{"title": "t", "x": {"label": "l"}, "series": [{"kind": "line", "x": [1, 2], "y": [1, 2]}], "legend": ["a"]}]}}},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {_MIME: {"kind": "metric", "name": "m", "value": 1.0, "ci": [0, 2], "unit": "", "exact": False}, "text/plain": "m"}},
        {"output_type": "display_data", "metadata": {}, "data": {_MIME: {"kind": "conclusion", "answer": "a", "verdict": "supported", "claims": RECORD["claims"], "texts": {"answer": "a", "next_step": ""}, "question": "q", "decision": "d", "limits": ["l"], "next_step": "n"}}},
        {"output_type": "display_data", "metadata": {}, "data": {_MIME: {"kind": "data", **RECORD["data"][0]}, "text/markdown": "**x**"}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
    ]  # fmt: skip
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell, output in zip([*code, *code, *code], outputs, strict=False):
        cell["outputs"] = [*cell["outputs"], output]
    return notebook


def _tables() -> list[tuple[str, bytes]]:
    frame = pd.DataFrame(
        {"when": ["2024-01-01", "2024-01-02"], "n": [1, 2], "x": ["a", "b,c"], "y": [0.5, None]}
    )
    text = frame.to_csv(index=False).encode()
    parquet, excel, archive = io.BytesIO(), io.BytesIO(), io.BytesIO()
    frame.to_parquet(parquet)
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("a.csv", text)
    with tempfile.TemporaryDirectory() as folder:
        with sqlite3.connect(Path(folder) / "a.db") as database:
            frame.to_sql("data", database, index=False)
        database.close()
        stored = (Path(folder) / "a.db").read_bytes()
    tsp = (
        b"NAME: a\nTYPE: TSP\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n"
        b"1 0 0\n2 3 4\n3 6 8\nEOF\n"
    )
    full = (
        b"NAME: a\nDIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: UPPER_ROW\n"
        b"EDGE_WEIGHT_SECTION\n1 2\n3\nEOF\n"
    )
    made = [
        ("a.csv", text), ("a.csv", text.replace(b",", b";").replace(b"0.5", b"0,5")), ("a.tsv", text.replace(b",", b"\t")),
        ("a.csv", text.decode().encode("utf-16")), ("a.json", frame.to_json(orient="records").encode()),
        ("a.json", b'{"a": [1, 2], "b": [{"c": 1}, [2]]}'), ("a.jsonl", frame.to_json(orient="records", lines=True).encode()),
        ("a.parquet", parquet.getvalue()), ("a.csv.gz", gzip.compress(text)), ("a.csv.bz2", bz2.compress(text)),
        ("a.csv.xz", lzma.compress(text)), ("a.csv.zip", archive.getvalue()), ("a.db", stored), ("a.tsp", tsp), ("a.tsp", full),
        ("a.json", json.dumps(RECORD).encode()),
    ]  # fmt: skip
    try:
        frame.to_excel(excel, index=False)
        made.append(("a.xlsx", excel.getvalue()))
    except ImportError:  # no engine for it is installed
        made.append(("a.xlsx", archive.getvalue()))
    return made


_HUGE = [
    "1" * 400,
    "9" * 30,
    "1e400",
    "-1",
    "0",
    "99999999",
    "4294967296",
    "nan",
    '"',
    "'",
    "\0",
    ",,,,",
    ";" * 50,
    "\r",
    "\n\n",
]


@st.composite
def tables(draw: Any) -> tuple[str, bytes]:
    """The name and the bytes of a file that should be a table."""
    name, data = draw(st.sampled_from(TABLES))
    if draw(st.integers(0, 3)) == 0 and not name.endswith(
        (".gz", ".bz2", ".xz", ".zip", ".parquet", ".db", ".xlsx")
    ):
        place = draw(st.integers(0, len(data)))
        data = (
            data[:place]
            + draw(st.sampled_from(_HUGE)).encode()
            + data[place + draw(st.integers(0, 3)) :]
        )
    else:
        data = broken_bytes(draw, data)
    return name, data


TABLES = _tables()
INPUTS: dict[str, Any] = {
    "config": st.sampled_from(CONFIGS).flatmap(
        lambda tree: st.one_of(misshapen(tree).map(as_json), damaged(yaml_of(tree)))
    ),
    "template": st.one_of(
        misshapen(make_notebook(CELLS)).map(as_json),
        damaged(json.dumps(make_notebook(CELLS), indent=1)),
    ),
    "record": st.one_of(misshapen(RECORD).map(as_json), damaged(json.dumps(RECORD, indent=1))),
    "contract": damaged(CONTRACT),
    "data": tables(),
    "notebook": st.one_of(
        misshapen(executed()).map(as_json), damaged(json.dumps(executed(), indent=1))
    ),
}
