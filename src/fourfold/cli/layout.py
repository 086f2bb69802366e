"""Tables on a terminal or in a file: a row is one line, and the names in it are whole."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

_LEAST = 12  # columns that a cropped text keeps
_GAP = "  "


def print_rows(
    rows: Sequence[Sequence[str]], console: Console, crop: int | None = None, number: bool = False
) -> None:
    """Print rows in aligned columns, the first one in bold as their heads.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, which may hold markup of Rich.
    console : Console
    crop : int, optional
        The column that gives way on a terminal that is too narrow; a file has all of it.
    number : bool
        Whether the last column holds numbers, and is aligned to the right.
    """
    cells = [[Text.from_markup(cell) for cell in row] for row in rows]
    widths = _widths(rows)
    if crop is not None and watched(console):
        over = width_of(rows) - console.width
        widths[crop] = min(widths[crop], max(_LEAST, widths[crop] - over))
        for row in cells:
            row[crop].truncate(widths[crop], overflow="ellipsis")
    last = len(widths) - 1
    for place, row in enumerate(cells):
        for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
            if number and column == last:
                cell.pad_left(width - cell.cell_len)
            elif column < last:
                cell.pad_right(width - cell.cell_len)
        line = Text(_GAP).join(row)
        line.rstrip()
        if not place:
            line.stylize("bold")
        console.print(line, soft_wrap=True, highlight=False)


def width_of(rows: Sequence[Sequence[str]]) -> int:
    """Return how many columns of a terminal these rows take."""
    widths = _widths(rows)
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    columns = zip(*rows, strict=True)
    return [max(Text.from_markup(cell).cell_len for cell in column) for column in columns]


def watched(console: Console) -> bool:
    """Say whether somebody watches a console: no file, and no CI that asks for colours only."""
    return console.file.isatty() and not console.is_dumb_terminal
