"""Columns of codes: digits that are no number, and letters that are not missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from fourfold.data.coerce import with_columns

if TYPE_CHECKING:
    import pandas as pd

#: Whole numbers up to here are exact as floats.
_EXACT = 2**53
# What stands before a cell; UTF-16 has bytes of zeros besides.
_BEFORE = list(b'\n\r\t ,;|"')
_CHUNK = 1 << 24
# ISO 3166-1: among these, NA is Namibia.
_ISO_3166 = (
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBR"
    "BSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZ"
    "ECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGW"
    "GYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKY"
    "KZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMV"
    "MWMXMYMZNCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQA"
    "RERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTH"
    "TJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZM"
    "ZW"
)
_COUNTRIES = frozenset(re.findall("..", _ISO_3166))


def with_codes(
    frame: pd.DataFrame, handle: IO[bytes], again: Callable[[list[int], bool], pd.DataFrame]
) -> pd.DataFrame:
    """Return the frame with codes as they are written.

    Whole numbers with zeros before them are text, ``01234``; those too large for a float are
    exact beside missing values; ``NA`` among codes of countries is Namibia.

    Parameters
    ----------
    frame : pandas.DataFrame
        As pandas read it.
    handle : file
        The same as bytes.
    again : callable
        Reads columns by number as text; whether ``NA`` is missing there.
    """
    whole = [number for number, name in enumerate(frame) if _is_whole(frame[name])]
    large = [n for n in whole if frame.dtypes.iloc[n].kind == "f" and _is_large(frame.iloc[:, n])]
    places = whole if whole and _is_padded(handle) else large
    columns: dict[str, Any] = {}
    for number, texts in zip(places, again(places, True).items() if places else (), strict=True):
        written = texts[1].str.strip()
        if written.str.fullmatch(r"[-+]?0\d+").any():
            columns[frame.columns[number]] = written
        elif number in large and written.dropna().str.fullmatch(r"[-+]?\d+").all():
            columns[frame.columns[number]] = _integers(written)
    # What pandas reads as unsigned and then as text keeps an empty text for a missing value.
    texts_only = frame.select_dtypes(include=["object", "string"])
    blank = {str(n): texts_only[n].mask(texts_only[n] == "") for n in texts_only}
    columns = {**blank, **columns}
    places = [number for number, name in enumerate(frame) if _is_of_countries(frame[name])]
    for number, texts in zip(places, again(places, False).items() if places else (), strict=True):
        columns[frame.columns[number]] = texts[1]
    return with_columns(frame, columns)


def exact(frame: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a frame of JSON rows with whole numbers that a float would round."""
    import pandas as pd

    columns = {}
    for name in frame.columns[[dtype.kind == "f" for dtype in frame.dtypes]]:
        if _is_whole(frame[name]) and _is_large(frame[name]):
            values = [row.get(str(name)) for row in rows]
            if all(value is None or isinstance(value, int) for value in values):
                columns[str(name)] = _integers(pd.Series(values, dtype=object, index=frame.index))
    return with_columns(frame, columns)


def _is_whole(column: pd.Series) -> bool:
    if column.dtype.kind == "i":
        return True
    values = column.dropna() if column.dtype.kind == "f" else column.head(0)
    return bool(len(values)) and bool((values % 1 == 0).all())


def _is_large(column: pd.Series) -> bool:
    return bool((column.abs() > _EXACT).any())


def _is_padded(handle: IO[bytes]) -> bool:
    """Say whether any cell may begin with a zero before another digit."""
    import numpy as np

    handle.seek(0)
    end = b"\n"
    while chunk := handle.read(_CHUNK):
        text = np.frombuffer(end + chunk, dtype=np.uint8)
        zeros = np.flatnonzero(text[1:-1] == ord("0")) + 1
        digits = (text[zeros + 1] >= ord("0")) & (text[zeros + 1] <= ord("9"))
        # The two bytes before and after count: a mark may be at the border of a chunk.
        if b"\0" in chunk or np.isin(text[zeros[digits] - 1], _BEFORE).any():
            return True
        end = chunk[-2:]
    return False


def _integers(written: pd.Series) -> pd.Series:
    """Return whole numbers, exact and with missing ones; as text where they exceed 64 bits."""
    import pandas as pd

    numbers = [pd.NA if pd.isna(value) else int(value) for value in written]
    try:
        return pd.Series(pd.array(numbers, dtype="Int64"), index=written.index)
    except OverflowError:
        return written.where(written.isna(), written.astype(str))


def _is_of_countries(column: pd.Series) -> bool:
    """Say whether a column with missing values holds codes of countries, and at least two."""
    if column.dtype.kind in "ifb" or not column.isna().any():
        return False
    known = set(column.dropna().unique())
    return len(known) > 1 and known <= _COUNTRIES
