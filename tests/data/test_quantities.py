"""Numbers as people write them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.data.coerce import READ, UNITS, typed
from fourfold.data.quantities import parsed


@pytest.mark.parametrize(
    ("values", "numbers", "unit"),
    [
        (("1.029,39 EUR", "734,79 EUR"), [1029.39, 734.79], "EUR"),
        (("$1,234.50", "-$5.00"), [1234.5, -5], "$"),
        (("13.6%", "91.4%"), [13.6, 91.4], "%"),
        (("13,6 %", "0"), [13.6, 0], "%"),
        (("4,70 kg", "10 kg"), [4.7, 10], "kg"),
        (("1\u202f234,50\u00a0€", "7,00\u00a0€"), [1234.5, 7], "€"),
        (("CHF 1'234.50", "CHF 2.00"), [1234.5, 2], "CHF"),
        (("1.2e3", "5"), [1200, 5], ""),
        ((".5", "1.25"), [0.5, 1.25], ""),
        (("€110.5M", "€300K", "€0"), [110_500_000, 300_000, 0], "€"),
        (("1.1M", "20K", "7"), [1_100_000, 20_000, 7], ""),
    ],
)
def test_a_unit_beside_each_number_is_the_unit_of_the_column(values, numbers, unit):
    """Whatever marks the file itself has."""
    for hint in ".,":
        quantity = parsed(pd.Series(values), hint)
        assert (quantity.numbers.tolist(), quantity.unit) == (numbers, unit)


@pytest.mark.parametrize(
    "values",
    [
        ("$5", "€6"),  # two currencies
        ("12A", "13A"),  # flats
        ("ID7", "ID8"),
        ("01234 kg", "5 kg"),  # zeros before a code
        ("110 001", "560 034"),  # places of India
        ("1234567890123456789", "?x"),
        ("1,5", "1.5,5"),  # one mark of two meanings
        ("1,2,3", "4"),  # a list
        ("2024-01-31", "2024-02-01"),
        ("10:30", "11:45"),
        ("(5", "6"),
        ("1/2", "3"),
    ],
)
def test_what_is_no_quantity_stays_text(values):
    """Codes, lists, times and two units at once."""
    for hint in ".,":
        assert parsed(pd.Series(values), hint) is None


def test_a_group_that_may_be_a_decimal_follows_the_file_and_says_so():
    """1.234 kg: where nothing else in the column tells, the file's own mark does."""
    values = pd.Series(["1.234 kg", "5.678 kg"])
    english, german = parsed(values, "."), parsed(values, ",")
    assert (english.numbers.tolist(), german.numbers.tolist()) == ([1.234, 5.678], [1234, 5678])
    assert english.note == "1.234 is read as 1.234; is that meant?"


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=20),
    st.sampled_from([(".", ","), (",", "."), (",", "\u202f"), (".", "'"), (",", "")]),
    st.sampled_from(["", " €", "%", " kg"]),
)
def test_any_number_comes_back(cents, style, unit):
    """Two decimals in the style of a country, with or without a unit."""
    mark, group = style
    texts = [
        f"{n / 100:,.2f}".replace(",", "\0").replace(".", mark).replace("\0", group) for n in cents
    ]
    quantity = parsed(pd.Series([text + unit for text in texts]), ".")
    assert quantity.numbers.tolist() == pytest.approx([n / 100 for n in cents])
    assert quantity.unit == unit.strip()


@pytest.mark.parametrize("mark", ["?", "-", "n/a", " ", "k.A.", "#DIV/0!"])
def test_marks_among_numbers_are_missing_values_and_told(mark):
    """Two columns: of numbers, and of dates."""
    days = ["Jan 1 2019", mark, "Feb 3 2020", "Mar 4 2021"]
    frame = typed(pd.DataFrame({"n": ["1", mark, "3", "4"], "d": days}))
    assert frame["n"].isna().tolist() == [False, True, False, False]
    assert frame["d"][3] == pd.Timestamp("2021-03-04")
    said = (
        "read as missing: blanks in 1 row" if mark == " " else f"read as missing: {mark!r} in 1 row"
    )
    assert frame.attrs[READ] == {"n": said, "d": said}


def test_marks_in_words_and_too_many_marks_stay():
    """A question mark among words may mean what it says; half a column of dashes is no number."""
    frame = pd.DataFrame({"w": ["a", "?", "b", "?"], "n": ["1", "-", "-", "-"]})
    assert typed(frame).equals(frame)
    assert UNITS not in typed(frame).attrs


@pytest.mark.parametrize(
    ("texts", "last"),
    [
        (["20240131", "20240229", "20240301", "20231231", "20240102"], "2024-01-02"),
        (["Jan 1 2019", "Dec 24 2020"], "2020-12-24"),
        (["January 1, 2019", "May 24, 2020"], "2020-05-24"),
        (["1. January 2019", "24. May 2020"], "2020-05-24"),
        (["01-Jan-19", "24-May-20"], "2020-05-24"),
        (["1/31/2019 11:30:00 PM", "2/1/2019 1:00:00 AM"], "2019-02-01 01:00"),
        (["31.01.24", "01.02.24"], "2024-02-01"),
        (["2024-01", "2024-02"], "2024-02-01"),
        (["1990Q1", "1990Q4"], "1990-10-01"),
        (["Q1 1990", "Q4 1990"], "1990-10-01"),
        (["2001M05", "2001M11"], "2001-11-01"),
        (["2024-W05", "2024-W06"], "2024-02-05"),
        (["Montag, 3. März 2020", "Di, 4. Mai 2021"], "2021-05-04"),
        (["12 de enero de 2019", "3 de agosto de 2020"], "2020-08-03"),
        (["12 août 2019", "2 déc. 2020"], "2020-12-02"),
        (["1 gennaio 2020", "2 luglio 2021"], "2021-07-02"),
        (["01JAN1960", "12dec1999"], "1999-12-12"),
        (["January 7, 2014, 3:04 PM", "May 8, 2014, 3:04 AM"], "2014-05-08 03:04"),
        # A year of two digits is one from 1930 to 2029.
        (["25/11/63", "29/10/30"], "1930-10-29"),
        (["25.11.63", "29.10.29"], "2029-10-29"),
    ],
)
def test_dates_in_more_ways_of_writing(texts, last):
    """With names of months, in eight digits, with two of the year."""
    assert typed(pd.DataFrame({"d": texts}))["d"].iloc[-1] == pd.Timestamp(last)


@pytest.mark.parametrize(
    ("name", "texts", "hours"),
    [
        ("Time", ["18:30:00", "6:45:36"], [18.5, 6.76]),
        ("Time", ["18.30.00", "06.45.36"], [18.5, 6.76]),
        ("arrival", ["18:30", "06:45"], [18.5, 6.75]),
        ("lap", ["03:25", "04:10"], None),
        ("arrival", ["25:30", "06:45"], None),
        ("start", ["18.30", "06.45"], None),
    ],
)
def test_times_of_day_are_hours(name, texts, hours):
    """Where they may be minutes and seconds, or numbers, they stay as they are written."""
    frame = typed(pd.DataFrame({name: texts}))
    if hours is None:
        assert UNITS not in frame.attrs
    else:
        assert frame[name].tolist() == pytest.approx(hours)
        assert frame.attrs[UNITS] == {name: "h"}
        assert frame.attrs[READ] == {name: "times of day are read as hours"}


def test_numbers_of_eight_digits_that_are_days():
    """By their name, or since all of several are; no other number is."""
    days = [20240131, 20240229, 20240301, 20231231, 20240102]
    frame = typed(
        pd.DataFrame({"day": days[:2] + [None] * 3, "when": days, "n": [*days[:4], 20240132]})
    )
    assert frame["day"][1] == pd.Timestamp("2024-02-29")
    assert frame["when"][4] == pd.Timestamp("2024-01-02")
    assert frame["n"].tolist() == [*days[:4], 20240132]
