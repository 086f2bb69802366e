"""Files of typed tables: Parquet, Feather, Stata, SPSS, SAS."""

from __future__ import annotations

import json
import shutil
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from fourfold.data.coerce import UNITS, with_columns
from fourfold.data.packed import LARGEST, RATIO, bomb, check_feather, check_parquet
from fourfold.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(handle: IO[bytes], name: str) -> pd.DataFrame:
    """Return the table of a Parquet file; raise `DataError` if it is none."""
    import pandas as pd

    try:
        check_parquet(handle, name)
        frame: pd.DataFrame = pd.read_parquet(handle)
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: expected a Parquet file: {error}") from error
    return plain(frame)


def read_feather(handle: IO[bytes], name: str) -> pd.DataFrame:
    """Return the table of a Feather file; raise `DataError` if it is none."""
    import pandas as pd

    try:
        check_feather(handle, name)
        return plain(pd.read_feather(handle))
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: expected a Feather file: {error}") from error


def read_statistics(handle: IO[bytes], name: str) -> pd.DataFrame:
    """Return the table of Stata, SPSS or SAS; labels of values are its values.

    Raises
    ------
    DataError
        If pyreadstat is missing, which SPSS and SAS need: pandas loses rows of some SAS files.
    """
    import pandas as pd

    ending = name.lower().rpartition(".")[2]
    if ending == "dta":
        _check_stata(handle, name)
        return plain(pd.read_stata(handle))
    try:
        import pyreadstat
    except ImportError as error:
        raise DataError(f"{name}: needs the package pyreadstat; pip install pyreadstat") from error
    readers: dict[str, Any] = {"sas7bdat": pyreadstat.read_sas7bdat, "xpt": pyreadstat.read_xport}
    read = readers.get(ending, pyreadstat.read_sav)
    options: dict[str, Any] = {} if ending in readers else {"apply_value_formats": True}
    # It reads from paths only.
    with NamedTemporaryFile(suffix=f".{ending}") as file:
        shutil.copyfileobj(handle, file)
        file.flush()
        size, (_, about) = file.tell(), read(file.name, metadataonly=True)
        labels = about.variable_value_labels
        width = sum(
            max(8, 50 * (kind == "string") + about.variable_storage_width[column],
                *(len(str(label)) for label in labels.get(column, {}).values()))
            for column, kind in about.readstat_variable_types.items()
        )  # fmt: skip
        most = max(LARGEST, size * RATIO) // max(width, 1)
        rows = about.number_rows or 0
        if rows <= most:  # or says so
            frame, _ = read(file.name, row_limit=most + 1, **options)
            rows = len(frame)
    if rows > most:
        raise bomb(name, size, LARGEST)
    return plain(pd.DataFrame(frame))


def _check_stata(handle: IO[bytes], name: str) -> None:
    """Count a Stata file in parts, if it has texts that stand once for many rows."""
    import pandas as pd

    content, made = handle.read(), 0
    handle.seek(0)
    rows = max(RATIO, LARGEST // 4 // len(content))  # each may hold as much as the file
    with pd.read_stata(handle, chunksize=rows) as parts:
        for part in parts:
            # Which are known after the first part: asked before, pandas reads no long texts.
            labels = (text for each in parts.value_labels().values() for text in each.values())
            if b"<strls>GSO" not in content and all(len(text) <= RATIO for text in labels):
                break
            made += int(plain(part).memory_usage(deep=True).sum())
            if made > max(LARGEST, len(content) * RATIO):
                raise bomb(name, len(content), LARGEST)
    handle.seek(0)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return typed columns as the types of text tables: numbers, dates, text, true and false.

    Decimals become floats, durations seconds, days datetimes, and lists their JSON text.
    """
    from datetime import date
    from decimal import Decimal

    import numpy as np
    import pandas as pd

    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    made: dict[Any, Any] = {}
    units: dict[str, str] = {}
    for name in frame:
        column = frame[name]
        if column.dtype.kind == "m":
            made[name], units[str(name)] = column.dt.total_seconds(), "s"
        elif isinstance(column.dtype, pd.CategoricalDtype):
            made[name] = column.astype(column.cat.categories.dtype)
        elif column.dtype.kind == "O" and len(values := column.dropna()):
            if all(isinstance(value, Decimal) for value in values):
                made[name] = column.astype(float)
            elif all(isinstance(value, date) for value in values):
                made[name] = pd.to_datetime(column, errors="coerce")
            elif any(isinstance(value, np.ndarray | list | dict) for value in values):
                made[name] = column.map(_json_text, na_action="ignore")
            elif all(isinstance(value, bytes) for value in values):
                made[name] = column.map(lambda value: value.decode("utf-8", "replace"), "ignore")
    frame = with_columns(frame, {str(name): column for name, column in made.items()})
    frame.attrs = {UNITS: units} if units else {}
    return frame


def _json_text(cell: Any) -> Any:
    import numpy as np

    if isinstance(cell, np.ndarray | list | dict):
        return json.dumps(
            cell, ensure_ascii=False, default=lambda value: np.asarray(value).tolist()
        )
    return cell
