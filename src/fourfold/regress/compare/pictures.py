"""Two pictures: whether they show the same, and one over the other.

Pictures are the weaker witness: of figures that carry their data,
`fourfold.records.figures.facts` says more.
"""

import base64
import binascii
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

# Closely: levels of 255 that a channel may differ, as edges do between processors.
_LEVELS = 8
# Coarsely: sizes may differ by this share, for labels of other widths move the margins.
_RESIZED = 0.04
_BLOCK = 8
_LEAST_LIKENESS = 0.965
_MOST_STRANGE = 35.0
# Pixels around what varies, such as the next digit of a time in a title.
_AROUND = 15

_UNREADABLE = (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def compare(before: str, after: str, same_library: bool | None = None) -> str:
    """Say in what two pictures differ; an empty string if they show the same.

    Drawn by the same version of the library, pictures are the same pixel by pixel, but for a few
    levels of grey. Otherwise other sizes, letters, edges and margins pass, another plot does not:
    the pictures are brought to one size and blurred (sigma 8 pixels), and must correlate by 0.965;
    and of their blocks of 8 x 8 pixels, the strangest hundredth may lie by 35 levels on average
    outside what the other picture has there or in the blocks around.

    Measured on the 36 figures of the project's references: drawn by matplotlib 3.9 and 3.11, or
    in a font with serifs, pictures correlate by 0.985 and more, and lie at most 27 levels outside;
    those of other data or of another cell by 0.916 at most, with 42 levels and more. Coarsely, one
    moved point passes. Tests keep the closest of these pairs.

    Parameters
    ----------
    before, after : str
        PNG or JPEG, base64.
    same_library : bool, optional
        Whether both were drawn by the same version of the drawing library; by default as the
        pictures say themselves, see `same_software`.
    """
    if before == after:
        return ""
    old, new = _decoded(before), _decoded(after)
    if old is None or new is None:
        unread = [name for name, side in (("old", old), ("new", new)) if side is None]
        return f"the {' and the '.join(unread)} picture cannot be read"
    if same_library is None:
        same_library = same_software(before, after)
    return _closely(old, new) if same_library else _coarsely(old, new)


def vary(base: str, others: Sequence[str], sides: Sequence[str]) -> bool:
    """Say whether pictures differ from one only where others do that the same code drew.

    Parameters
    ----------
    base, others : str and sequence of str
        Drawn by the same code.
    sides : sequence of str
        To be compared with `base`.
    """
    decoded = [_decoded(picture) for picture in (base, *others, *sides)]
    first = decoded[0]
    if first is None or any(p is None or p.size != first.size for p in decoded):
        return False
    far = [_distance(first, picture) > _LEVELS for picture in decoded[1:] if picture]
    mask = np.zeros_like(far[0]) if not others else np.logical_or.reduce(far[: len(others)])
    near = Image.fromarray(np.uint8(255) * mask).filter(ImageFilter.MaxFilter(_AROUND))
    return not any((side & (np.asarray(near) == 0)).any() for side in far[len(others) :])


def same_software(before: str, after: str) -> bool:
    """Say whether two pictures name the same program, or both none; matplotlib's name theirs."""
    return _software(before) == _software(after)


def _software(text: str) -> str:
    """Return the PNG text ``Software``, such as ``matplotlib version3.11.0, …``."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
            return str(picture.info.get("Software", ""))
    except _UNREADABLE:
        return ""


def difference(before: str, after: str) -> str:
    """Return two pictures laid over each other, all in base64, as PNG.

    Ink of the old one alone is red, of the new one alone blue, and of both dark. Empty if one of
    them cannot be read.
    """
    sides = [_decoded(each) for each in (before, after)]
    if None in sides:
        return ""
    known = [side for side in sides if side is not None]
    size = max(side.width for side in known), max(side.height for side in known)
    old, new = (Image.new("L", size, 255) for _ in known)
    old.paste(known[0].convert("L"))
    new.paste(known[1].convert("L"))
    buffer = io.BytesIO()
    both = Image.merge("RGB", (new, ImageChops.darker(old, new), old))
    both.quantize(64).save(buffer, "png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _decoded(text: str) -> Image.Image | None:
    """Return a picture on white; None if it cannot be read."""
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")
    except _UNREADABLE:
        return None
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _distance(old: Image.Image, new: Image.Image) -> NDArray[np.uint8]:
    """Return by how many levels the pixels differ, of the channel that differs most."""
    levels: NDArray[np.uint8] = np.asarray(ImageChops.difference(old, new)).max(axis=2)
    return levels


def _closely(old: Image.Image, new: Image.Image) -> str:
    if old.size != new.size:
        return f"size {old.width}x{old.height} -> {new.width}x{new.height}"
    far = _distance(old, new) > _LEVELS
    count, share = int(far.sum()), float(far.mean())
    if share < 0.001:
        return f"{count} pixel{'s'[: count != 1]} differ{'s'[: count == 1]}" if count else ""
    return f"{100 * share:.1f} % of the pixels differ"


def _coarsely(old: Image.Image, new: Image.Image) -> str:
    stretch = [a / b - 1 for a, b in zip(old.size, new.size, strict=True)]
    if max(map(abs, stretch)) > _RESIZED:
        return ""  # each version has a size of its own by default, and nothing lies where it lay
    new = new.resize(old.size)
    likeness = _likeness(old, new)
    strange = max(_strangeness(old, new), _strangeness(new, old))
    if likeness >= _LEAST_LIKENESS and strange <= _MOST_STRANGE:
        return ""
    return f"another picture: correlation {likeness:.2f}, strangest parts {strange:.0f} levels off"


def _blocks(picture: Image.Image) -> NDArray[np.float64]:
    """Return the mean colours of blocks of 8 x 8 pixels, shape (rows, columns, 3)."""
    size = (max(1, round(picture.width / _BLOCK)), max(1, round(picture.height / _BLOCK)))
    return np.asarray(picture.resize(size, Image.Resampling.BOX)).astype(float)


def _likeness(old: Image.Image, new: Image.Image) -> float:
    """Return the correlation of two blurred pictures; of even ones 1 if of one colour."""
    a, b = (_blocks(side.filter(ImageFilter.GaussianBlur(_BLOCK))) for side in (old, new))
    if min(a.std(), b.std()) < 1:
        return float(np.abs(a - b).max() <= _LEVELS)
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _strangeness(old: Image.Image, new: Image.Image) -> float:
    """Return how far the strangest hundredth of the new blocks lies outside the old ones around."""
    around = np.pad(_blocks(old), ((1, 1), (1, 1), (0, 0)), mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(0, 1))
    blocks = _blocks(new)
    outside = np.maximum(near.min((-1, -2)) - blocks, blocks - near.max((-1, -2)))
    far = np.sort(np.maximum(outside, 0).max(axis=2).ravel())[::-1]
    return float(far[: max(1, far.size // 100)].mean())
