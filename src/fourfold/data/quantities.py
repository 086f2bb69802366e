"""Numbers as people write them: groups of digits, decimal commas, currencies, percents, units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CURRENCIES = _listed(
    "$ € £ ¥ ₹ ₩ ₽ ₺ ฿ ₫ ₪ US$ R$ A$ C$ USD EUR GBP JPY CHF CAD AUD NZD CNY INR BRL SEK NOK DKK "
    "PLN CZK HUF RUB TRY ZAR MXN KRW SGD HKD Fr. kr zł Kč Ft Rs Rs."
)
#: Without a blank before it a letter is a code as often as a unit: 12A, 5G.
_UNITS = _listed(
    "% ‰ ° °C °F K kg g mg µg t lb lbs oz km m cm mm µm nm mi ft in yd ha km² m² m³ sqft qm l L "
    "ml mL cl dl gal h hr hrs hours hour min mins minutes s sec secs seconds ms µs d day days "
    "week weeks month months yr yrs year years a J kJ kcal cal kWh MWh GWh Wh W kW MW GW V mV A "
    "mA Hz kHz MHz GHz mph km/h kmh m/s kn mpg mg/dl mg/dL mmol/l mmol/L g/l g/L g/dl g/dL mmHg "
    "bpm hPa Pa kPa bar psi ppm px pt dpi B KB kB MB GB TB GiB MiB pcs people persons rows times "
    "Stk Stück €/m² €/kg Tag Tage Jahr Jahre Std Std. Min. Personen"
)
#: Letters that multiply.
_FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "m": 1e6, "mn": 1e6, "Mio": 1e6, "Mio.": 1e6}
_FACTORS |= {"B": 1e9, "bn": 1e9, "Mrd": 1e9, "Mrd.": 1e9}
_SPACE = "[ \u00a0\u202f\u2009]"
NUMBER = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+−–]{_SPACE}?)?"
    rf"(?P<before>[^\d\s.,()'’+−–-]{{1,4}}\.?)?{_SPACE}?(?P<inner>[-+−])?"
    rf"(?P<digits>(?:\d{{1,3}}(?:[.,'’ \u00a0\u202f\u2009]\d{{3}})+|\d+)(?:[.,]\d+)?|[.,]\d+)"
    rf"(?P<power>[eE][-+]?\d{{1,3}})?(?P<space>{_SPACE})?"
    rf"(?P<after>[^\d\s.,()+−–-][^\d\s()]{{0,8}})?(?P<close>\))?(?P<minus>[-−])?"
)
_HEAD = 200
_BLANKS = str.maketrans("", "", "'’ \u00a0\u202f\u2009")


@dataclass(frozen=True)
class Quantity:
    """A column of text that holds numbers.

    Attributes
    ----------
    numbers : Series
        Of int64 or float64.
    unit : str
        What stands before or behind each number.
    note : str
        What could have been meant as well; empty if nothing could.
    """

    numbers: pd.Series
    unit: str = ""
    note: str = ""


def parsed(values: pd.Series, decimal: str) -> Quantity | None:
    """Return a column of text as numbers with one unit; None where any value is none.

    Parentheses mean a negative number, as in accounts. Codes are no numbers: digits with zeros
    before them, more digits than a float holds, groups of one length throughout.

    Parameters
    ----------
    values : Series of str
        Without missing ones.
    decimal : {'.', ','}
        The decimal mark of the file, where the column does not tell it: in ``1.234``.

    Examples
    --------
    >>> import pandas as pd
    >>> found = parsed(pd.Series(["1.029,39 EUR", "734,79 EUR"]), ".")
    >>> found.numbers.tolist(), found.unit
    ([1029.39, 734.79], 'EUR')
    """
    import pandas as pd

    if not all(map(NUMBER.fullmatch, values.head(_HEAD))):
        return None
    different = values.unique()  # so many only are read, of a column of few values
    matches = [NUMBER.fullmatch(value) for value in different]
    if not all(matches):
        return None
    parts = [match.groupdict("") for match in matches if match]
    factors = _factors(parts)
    unit = _unit(parts)
    if unit is None or any(bool(p["open"]) != bool(p["close"]) for p in parts):
        return None
    digits = [part["digits"] for part in parts]
    if _is_code(digits):
        return None
    mark, sure = _decimal_mark(digits, decimal)
    if not mark:
        return None
    plain = dict(zip(different, (_plain(part, mark) for part in parts), strict=True))
    made = pd.to_numeric(values.map(plain))
    if factors:
        scale = dict(zip(different, factors, strict=True))
        # Rounded against the noise of binary fractions: 1.1 million is 1,100,000.
        made = (made * values.map(scale)).round(6)
    note = "" if sure else f"{digits[0]} is read as {plain[different[0]]}; is that meant?"
    return Quantity(made, unit, note)


def _factors(parts: list[dict[str, str]]) -> list[float] | None:
    """Return what each number is multiplied by, and take that from its unit: €1.5M, €300K.

    Only beside a currency, or where there are several such letters: one alone may be a unit.
    """
    letters = {part["after"] for part in parts} - {""}
    if not letters or not letters <= _FACTORS.keys():
        return None
    if len(letters) < 2 and not all(part["before"] for part in parts):
        return None
    factors = [_FACTORS.get(part["after"], 1.0) for part in parts]
    for part in parts:
        part["after"] = ""
    return factors


def _plain(part: dict[str, str], mark: str) -> str:
    """Return a number as Python writes it."""
    digits = part["digits"].translate(_BLANKS).replace("," if mark == "." else ".", "")
    signs = part["sign"].strip() + part["inner"] + part["minus"] + part["open"]
    return "-" * (signs not in ("", "+")) + digits.replace(mark, ".") + part["power"]


def _unit(parts: list[dict[str, str]]) -> str | None:
    """Return the unit of all; empty if none has one; None if they differ, or it is none."""
    units = {
        (part["before"], part["after"], bool(part["after"]) and part["space"]) for part in parts
    }
    pairs = {(before, after) for before, after, _ in units}
    if len(pairs) != 1:
        # A zero needs no unit: 0, 5 %, 12 %.
        bare = {p["digits"].strip("0.,") for p in parts if not (p["before"] or p["after"])}
        pairs -= {("", "")} if bare == {""} else set()
        if len(pairs) != 1:
            return None
    before, after = pairs.pop()
    if (before and before not in _CURRENCIES) or (before and after):
        return None
    if after and after not in (*_CURRENCIES, *_UNITS):
        return None
    spaced = any(space for *_, space in units)
    if after and len(after) == 1 and after.isalpha() and not spaced and after.isupper():
        return None
    return before or after


def _is_code(digits: list[str]) -> bool:
    plain = [each.translate(_BLANKS) for each in digits]
    if any(re.match(r"0\d", each) or re.search(r"\d{16}", each) for each in plain):
        return True
    # 110 001 and 560 034 are places of India, and no thousands.
    spaced = [bool(re.fullmatch(r"\d+(?:\s\d+)+", each)) for each in digits]
    return all(spaced) and len(digits) > 1 and len({len(each) for each in digits}) == 1


def _decimal_mark(digits: list[str], hint: str) -> tuple[str, bool]:
    """Return the decimal mark of a column, and whether it is sure; empty if values disagree."""
    ends, groups = set(), set()
    unsure = False
    for each in digits:
        marks = [sign for sign in each if sign in ".,"]
        if not marks:
            continue
        blanks = each.translate(_BLANKS) != each
        last = marks[-1]
        others = set(marks[:-1])
        tail = each.rpartition(last)[2]
        if len(set(marks)) == 2:
            groups |= others
            ends.add(last)
        elif len(marks) > 1:
            groups.add(last)
        elif len(tail) != 3 or blanks or re.match(r"0?[.,]", each) or len(each) > 7:
            ends.add(last)
        else:
            unsure = True
    if groups & ends or len(ends) > 1 or len(groups) > 1:
        return "", False
    if ends:
        return ends.pop(), True
    if groups:
        return ("," if groups == {"."} else "."), True
    # Groups as the file's own mark of decimals has it are usual; a third decimal is a doubt.
    return hint, not any(hint in each for each in digits) or not unsure
