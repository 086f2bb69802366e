"""Tables as notebooks show them: the numbers of a column have the same decimals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from fourfold.records.formatting import number, settled

if TYPE_CHECKING:
    import pandas as pd

#: Digits of a small number of a column, one that a quarter is below; of the largest, at most.
_DIGITS, _SMALL, _MOST = 3, 0.25, 6


def decimals(values: pd.Series) -> int | None:
    """Return how many decimals show a column of floats; None if its sizes differ too much.

    Examples
    --------
    >>> import pandas as pd
    >>> decimals(pd.Series([86.3, 112, 5])), decimals(pd.Series([1.0, 1200.0]))
    (2, 0)
    >>> decimals(pd.Series([0.0531, -0.143])), decimals(pd.Series([1e-7, 12.5]))
    (4, None)
    >>> decimals(pd.Series([0.361, 1.304, -0.743, 0.009, -2.1]))
    3
    """
    sizes = values.abs()
    sizes = sizes[(sizes > 0) & (sizes < math.inf)].map(settled)
    if sizes.empty or (sizes % 1 == 0).all():
        return 0 if sizes.empty or sizes.max() < 1e9 else None
    least, small, largest = (
        math.floor(math.log10(size))
        for size in (sizes.min(), sizes.quantile(_SMALL, "lower"), sizes.max())
    )
    # One digit of the least, or it would seem to be zero.
    wanted = max(_DIGITS - 1 - small, -least, 0)
    return wanted if wanted <= max(_MOST - 1 - largest, 0) else None


def _written(places: int) -> Callable[[float], str]:
    def text(value: float) -> str:
        return f"{settled(value):,.{places}f}" if math.isfinite(value) else number(value)

    return text


def _options(frame: pd.DataFrame) -> dict[str, Any]:
    """Return how pandas would show a frame, with a format of each column of floats."""
    import pandas as pd

    display: Any = pd.options.display
    rows = None
    wide = bool(display.max_columns) and len(frame.columns) > display.max_columns
    if long := bool(display.max_rows) and len(frame) > display.max_rows:
        rows = min(display.min_rows or display.max_rows, display.max_rows)
    sized = display.show_dimensions
    half = (rows or len(frame)) // 2
    seen = pd.concat([frame.head(half), frame.tail(half)]) if long else frame
    formats: list[Callable[[float], str] | None] = []
    for place, dtype in enumerate(frame.dtypes):
        float_ = dtype.kind == "f"
        places = decimals(seen.iloc[:, place].astype(float)) if float_ else None
        formats.append(None if places is None else _written(places))
    return {
        "formatters": formats,
        "max_rows": rows,
        "max_cols": display.max_columns or None,
        "show_dimensions": long or wide if sized == "truncate" else bool(sized),
    }


def install(shell: Any) -> None:
    """Let a notebook show frames so; where `display.float_format` is another, as pandas does."""
    import pandas as pd

    def html(frame: pd.DataFrame) -> Any:
        display: Any = pd.options.display
        if display.float_format is not number or not display.notebook_repr_html:
            return cast("Any", frame)._repr_html_()
        return frame.to_html(notebook=True, **_options(frame))

    def plain(frame: pd.DataFrame, printer: Any, cycle: bool) -> None:
        own = pd.options.display.float_format is number and not cycle
        options: dict[str, Any] = {"line_width": pd.options.display.width}
        text = str(frame.to_string(**options, **_options(frame))) if own else repr(frame)
        printer.text(text)

    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(pd.DataFrame, html)
    formatters["text/plain"].for_type(pd.DataFrame, plain)
