"""Cards of the page of all runs: one a config, with the picture that carries its answer."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from fourfold.report.side_by_side import Entry, name

#: The picture of a run for the page of all runs, beside its report.
THUMBNAIL = ".thumbnail.png"
_WIDTH, _COLOURS = 560, 64  # pixels: twice as many as a card shows
_MOST = 60  # configs whose pictures the page holds


def best(entries: Sequence[Entry]) -> tuple[Entry, int] | None:
    """Return the best of runs by their first criterion, and how many lie within its interval."""
    judged = [each for each in entries if each["claims"] and each["verdict"] != "not judged"]
    sides = {(each["claims"][0][0], each["claims"][0][1].strip()[:1]) for each in judged}
    if len(judged) < 2 or len(sides) > 1:
        return None
    metric, side = sides.pop()
    values = [(each["metrics"][metric], each) for each in judged if metric in each["metrics"]]
    if len(values) < 2 or side not in "<>":
        return None
    choose = min if side == "<" else max
    (_, low, high), first = choose(values, key=lambda pair: float(pair[0][0]))
    within = (low is not None and low <= v <= high for (v, *_), each in values if each is not first)
    return first, sum(within)


def cards(entries: Sequence[Entry], outputs: Path) -> list[dict[str, str]]:
    """Return for each config the run that its card shows, and its picture as a data address."""
    configs: dict[str, list[Entry]] = {}
    for each in entries:
        configs.setdefault(each["config"], []).append(each)
    made = list[dict[str, str]]()
    for runs in configs.values():
        chosen = best(runs)
        first = chosen[0] if chosen else next((r for r in runs if r["status"] == "ok"), runs[0])
        picture = _picture(outputs / name(first) / THUMBNAIL) if len(made) < _MOST else ""
        made.append({"run": name(first), "picture": picture})
    return made


def _picture(path: Path) -> str:
    try:
        return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    except OSError:
        return ""


def write_thumbnail(folder: Path, hero: Mapping[str, Any] | None) -> None:
    """Write the picture of a run in the size of a card; without a hero figure there is none."""
    path = folder / THUMBNAIL
    if hero is None:
        path.unlink(missing_ok=True)
        return
    from PIL import Image

    with Image.open(BytesIO(base64.b64decode(hero["png"]))) as given:
        image = given.convert("RGB")
    image.thumbnail((_WIDTH, _WIDTH))
    image.quantize(_COLOURS).save(path, optimize=True)
