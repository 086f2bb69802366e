"""Two pictures, closely and coarsely compared."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

mpl.use("agg")
import matplotlib.pyplot as plt

from fourfold.regress.compare.pictures import compare, difference, same_software

PICTURES = Path(__file__).parents[2] / "pictures"


def kept(name: str) -> str:
    """A picture of a template, drawn by the version of matplotlib in its name."""
    return base64.b64encode((PICTURES / f"{name}.png").read_bytes()).decode()


def encoded(picture, kind: str = "png", **options) -> str:
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture.astype(np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def opened(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")).astype(int)


def plot(values, noise: float = 0.0, width: float = 5.0) -> str:
    """A line and bars, with relative noise in the values."""
    drawn = np.asarray(values, float)
    drawn = drawn * (1 + noise * np.random.default_rng(0).uniform(-1, 1, len(drawn)))
    fig, ax = plt.subplots(figsize=(width, 3), layout="constrained")
    ax.plot(drawn, marker="o")
    ax.bar(range(len(drawn)), drawn / 2)
    ax.set_title("Values")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return base64.b64encode(buffer.getvalue()).decode()


VALUES = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0]


@pytest.mark.parametrize("same_library", [True, False])
def test_a_picture_is_the_same_as_itself(same_library):
    """Also where base64 is broken into lines, and drawn again with noise of 1e-9."""
    text = plot(VALUES)
    lines = "\n".join(text[i : i + 76] for i in range(0, len(text), 76)) + "\n"
    assert compare(text, text, same_library) == ""
    assert compare(text, lines, same_library) == ""
    assert compare(text, plot(VALUES, noise=1e-9), same_library) == ""


def test_closely_a_moved_point_shows():
    """One of six values, 2 % higher."""
    told = compare(plot(VALUES), plot([*VALUES[:2], 2.04, *VALUES[3:]]), same_library=True)
    assert told.endswith(("of the pixels differ", "pixels differ"))


def test_closely_counts_pixels_by_hand():
    """Of 100 x 50 pixels: one, ten thousandths and a tenth of them differ; 8 levels do not."""
    white = np.full((50, 100, 3), 255)
    one, block, pale = white.copy(), white.copy(), white.copy()
    one[3, 4, 1] = 200
    block[:10, :50] = 0
    pale[:] = 247
    assert compare(encoded(white), encoded(one), True) == "1 pixel differs"
    assert compare(encoded(white), encoded(block), True) == "10.0 % of the pixels differ"
    assert compare(encoded(white), encoded(pale), True) == ""
    assert compare(encoded(white), encoded(pale - 1), True) == "100.0 % of the pixels differ"


def test_another_size_is_said_of_one_version():
    """Each version has a default size of its own: coarsely, other sizes are not compared."""
    old, new = plot(VALUES), plot(VALUES, width=6)
    assert compare(old, new, same_library=True) == "size 500x300 -> 600x300"
    assert compare(old, new, same_library=False) == ""


def test_pictures_name_what_drew_them():
    """matplotlib does, and a picture of another version is compared coarsely."""
    old = plot(VALUES)
    assert same_software(old, plot(VALUES, width=6))
    buffer = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(old))).save(buffer, "png")  # loses the name
    assert not same_software(old, base64.b64encode(buffer.getvalue()).decode())
    assert compare(old, plot(VALUES, width=6)) == "size 500x300 -> 600x300"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stability-3.9", "stability-3.11"),
        ("correlation-3.9", "correlation-3.11"),
        ("correlation-3.11", "correlation-serif-3.11"),
    ],
)
def test_coarsely_versions_and_fonts_pass(before, after):
    """The worst pairs of the templates' figures pass, and would not closely."""
    assert compare(kept(before), kept(after), same_library=False) == ""
    assert compare(kept(after), kept(before), same_library=False) == ""
    assert compare(kept(before), kept(after), same_library=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stability-3.11", "stability-wine-3.11"),
        ("stability-3.9", "stability-wine-3.11"),
        ("correlation-3.11", "correlation-penguins-3.11"),
        ("correlation-3.9", "correlation-penguins-3.11"),
    ],
)
def test_coarsely_another_plot_does_not_pass(before, after):
    """The closest pairs of the same plot of other data are told apart."""
    assert compare(kept(before), kept(after), False).startswith("another picture: correlation")


def test_coarsely_other_colours_do_not_pass():
    """A plot in another colour is another plot; so is an empty page."""
    text = kept("stability-3.11")
    swapped = encoded(opened(text)[:, :, ::-1])
    white = encoded(np.full_like(opened(text), 255))
    assert compare(text, swapped, False)
    assert compare(text, white, False)
    assert compare(white, encoded(np.zeros_like(opened(text))), False)


def test_jpeg_is_read():
    """The noise of two qualities passes coarsely; clear pictures are compared as they are seen."""
    drawn = Image.open(PICTURES / "stability-3.11.png").convert("RGB")
    fine, rough = (encoded(drawn, "jpeg", quality=q) for q in (95, 60))
    assert compare(fine, rough, same_library=False) == ""
    clear = Image.new("RGBA", drawn.size, (0, 0, 0, 0))
    assert compare(encoded(clear), encoded(Image.new("L", drawn.size, 255)), True) == ""


def test_a_broken_picture_is_said():
    """Text that is no picture is a difference and no failure."""
    text = plot(VALUES)
    assert compare(text, "bm90IGEgcGljdHVyZQ==", True) == "the new picture cannot be read"
    assert compare("%", "?", False) == "the old and the new picture cannot be read"
    assert compare(text[: len(text) // 2], text, True) == "the old picture cannot be read"
    assert difference(text, "?") == ""


def test_both_pictures_lie_over_each_other():
    """What only the old one has is red, what only the new one has blue, and both dark."""
    white = np.full((40, 60, 3), 255)
    old, new = white.copy(), white.copy()
    old[10:20, 10:30], new[10:20, 20:40] = 0, 0
    laid = opened(difference(encoded(old), encoded(new)))
    red, both, blue = laid[15, 15], laid[15, 25], laid[15, 35]
    assert red[0] > 240 > 20 > max(red[1:])
    assert blue[2] > 240 > 20 > max(blue[:2])
    assert max(both) < 20
    assert (laid[:10] > 240).all()


def test_pictures_of_two_sizes_lie_over_each_other():
    """From the same corner; what only one covers is as if the other were white there."""
    small, wide = np.full((20, 30, 3), 255), np.full((10, 50, 3), 0)
    laid = opened(difference(encoded(small), encoded(wide)))
    assert laid.shape == (20, 50, 3)
    assert laid[5, 40][2] > 240 > 20 > laid[5, 40][0]
    assert (laid[15, 5] > 240).all()
