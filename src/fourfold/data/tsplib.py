"""Files of TSPLIB, the library of travelling salesman problems, as square tables of distances."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_FIELD = re.compile(r"^\s*([A-Z_]+)\s*:?\s*(.*?)\s*$")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_SECTIONS = ("NODE_COORD_SECTION", "EDGE_WEIGHT_SECTION")
#: Places: a table of all distances between more of them is too large.
_MOST = 12_000
_KINDS = ("EUC_2D", "CEIL_2D", "ATT", "GEO")


def read(handle: IO[bytes], name: str) -> pd.DataFrame:
    """Return the distances of a TSPLIB file, symmetric or not, with its own rounding.

    Returns
    -------
    DataFrame
        Column `place`, then one column a place; coordinates, if the file has any, are in
        ``attrs["points"]``, a list of (across, up).

    Raises
    ------
    DataError
        If the file says no type of distances, one that is not known, or another count of numbers
        than it announces.

    Notes
    -----
    Reinelt, "TSPLIB 95" (1995), sections 1 and 2: EUC_2D, CEIL_2D, ATT, GEO and EXPLICIT.
    """
    import numpy as np
    import pandas as pd

    fields, numbers = _parts(name, handle.read().decode("utf-8", "replace"))
    kind, dimension = fields.get("EDGE_WEIGHT_TYPE", ""), fields.get("DIMENSION", "")
    if not re.fullmatch(r"[0-9]{1,9}", dimension) or int(dimension) > _MOST:
        message = f"{name}: DIMENSION: expected the number of places, at most {_MOST:,}"
        raise DataError(f"{message}, got {dimension[:20]!r}")
    count, points = int(dimension), None
    if kind == "EXPLICIT":
        matrix = _explicit(name, fields, numbers, count)
    elif kind in _KINDS:
        if len(numbers) != 3 * count:
            raise DataError(f"{name}: expected {count} places, got {len(numbers) / 3:g}")
        points = np.array(numbers).reshape(count, 3)[:, 1:]
        matrix = _rounded(kind, points)
    else:
        known = [*_KINDS, "EXPLICIT"]
        message = f"{name}: EDGE_WEIGHT_TYPE: expected one of {', '.join(known)}, got {kind!r}."
        raise DataError(message + did_you_mean(kind, known))
    names = [str(place) for place in range(1, count + 1)]
    frame = pd.DataFrame(matrix, columns=names)
    frame.insert(0, "place", names)
    if points is not None:
        # GEO writes north first.
        frame.attrs["points"] = (points[:, ::-1] if kind == "GEO" else points).tolist()
    return frame


def _parts(name: str, text: str) -> tuple[dict[str, str], list[float]]:
    fields: dict[str, str] = {}
    numbers: list[float] = []
    section = ""
    for place, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and _NUMBER.fullmatch(words[0]):
            if section in _SECTIONS:
                numbers += (_number(word, f"{name}:{place} {section}") for word in words)
        elif field := _FIELD.match(line):
            section = field[1]
            fields[section] = field[2]
    return fields, numbers


def _number(word: str, where: str) -> float:
    if not _NUMBER.fullmatch(word):
        raise DataError(f"{where}: expected numbers, got {word!r}")
    return float(word)


def _explicit(name: str, fields: dict[str, str], numbers: list[float], count: int) -> Array:
    import numpy as np

    shape = fields.get("EDGE_WEIGHT_FORMAT", "")
    half = count * (count - 1) // 2
    sizes = {"FULL_MATRIX": count**2, "UPPER_ROW": half, "UPPER_DIAG_ROW": half + count}
    sizes |= {"LOWER_ROW": half, "LOWER_DIAG_ROW": half + count}
    if sizes.get(shape) != len(numbers):  # before the table is made, which takes the memory
        message = f"{name}: EDGE_WEIGHT_FORMAT {shape!r}: expected distances of {count} places"
        raise DataError(f"{message}, got {len(numbers)} numbers")
    matrix = np.zeros((count, count))
    below, diagonal = shape.startswith("LOWER"), int("DIAG" not in shape)
    if shape == "FULL_MATRIX":
        places = np.indices((count, count)).reshape(2, -1)
    elif below:
        places = np.array(np.tril_indices(count, -diagonal))
    else:
        places = np.array(np.triu_indices(count, diagonal))
    matrix[places[0], places[1]] = numbers
    if shape != "FULL_MATRIX":
        matrix = np.maximum(matrix, matrix.T)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _rounded(kind: str, points: Array) -> Array:
    import numpy as np
    from scipy.spatial.distance import cdist

    if kind == "GEO":
        return _geographic(points)
    straight = cdist(points, points)
    if kind == "EUC_2D":
        return np.asarray(np.floor(straight + 0.5))
    return np.asarray(np.ceil(straight / np.sqrt(10 if kind == "ATT" else 1) - 1e-9))


def _geographic(points: Array) -> Array:
    """Return TSPLIB's whole kilometres: its own pi and radius, degrees with minutes as decimals."""
    import numpy as np

    whole = np.trunc(points)
    up, across = (3.141592 * (whole + 5 * (points - whole) / 3) / 180).T
    one = np.cos(across[:, None] - across)
    two, three = np.cos(up[:, None] - up), np.cos(up[:, None] + up)
    cosine = np.clip(0.5 * ((1 + one) * two - (1 - one) * three), -1, 1)
    distances = np.floor(6378.388 * np.arccos(cosine) + 1)
    np.fill_diagonal(distances, 0.0)
    return np.asarray(distances)
