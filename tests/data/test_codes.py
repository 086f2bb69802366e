"""Codes in tables: what is written is what is read."""

from __future__ import annotations

import gzip
import io

import pandas as pd
import pytest

from fourfold.data.formats import read_table


def read(text, name="a.csv"):
    return read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()), name)


def values(column):
    return [None if pd.isna(value) else value for value in column]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zip,n\n01234,1\n80331,2\n,3\n", ["01234", "80331", None]),
        ("zip;n\n01234;1,5\n80331;2,5\n", ["01234", "80331"]),
        ('zip\r\n"01234"\r\n"80331"\r\n', ["01234", "80331"]),
        ("zip,zip\n80331,1\n007,2\n", ["80331", "007"]),
        ("zip\n" + "80331\n" * 70_000 + "01234\n", ["80331"] * 70_000 + ["01234"]),
        ("id,n\n1234567890123456789,1\n,2\n1234567890123456781,3\n",
         [1234567890123456789, None, 1234567890123456781]),
        ("id,n\n12345678901234567891,1\n,2\n", ["12345678901234567891", None]),
        ("country,n\nNA,1\nDE,2\nUS,3\n,4\n", ["NA", "DE", "US", None]),
        ("answer,n\nNA,1\nOK,2\nNO,3\n", [None, "OK", "NO"]),
        ("n\n0\n10\n", [0, 10]),
        ("n,m\n0.5,1\n,2\n", [0.5, None]),
        ("n,m\n1,1\n,2\n", [1.0, None]),
        ("n,t\n1,08:30\n20,09:15\n", [1, 20]),
        ("n;m\n1,234.5;2\n12,000;3\n", [1234.5, 12000.0]),
    ],
)  # fmt: skip
def test_codes_stay_as_they_are_written(text, expected):
    """Zeros before digits, digits beyond a float, and Namibia; numbers stay numbers."""
    assert values(read(text).iloc[:, 0].head(len(expected))) == expected


def test_codes_are_found_in_any_encoding_and_archive():
    """UTF-16, and compressed."""
    text = "zip,n\n80331,1\n01234,2\n"
    for content, name in (
        (text.encode("utf-16"), "a.csv"),
        (gzip.compress(text.encode()), "a.csv.gz"),
    ):
        assert values(read(content, name)["zip"]) == ["80331", "01234"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[{"id": 1234567890123456789}, {"id": null}, {}]', "a.json"),
        ('{"id": 1234567890123456789}\n{"id": null}\n{}\n', "a.jsonl"),
    ],
)
def test_integers_of_json_are_exact(text, name):
    """Beside missing ones, too."""
    assert values(read(text, name)["id"]) == [1234567890123456789, None, None]


def test_dates_with_two_offsets_are_one_time():
    """As on the night of summer time: in UTC."""
    frame = read("when\n2024-03-31T01:30:00+01:00\n2024-03-31T03:30:00+02:00\n")
    assert list(frame["when"].astype(str)) == [
        "2024-03-31 00:30:00+00:00",
        "2024-03-31 01:30:00+00:00",
    ]
