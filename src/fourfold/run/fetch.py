"""Results of a shard, found and put into another folder of outputs."""

from __future__ import annotations

import html
import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec
from fourfold.project import SHARDS, Project, linked, of_all_shards, shown
from fourfold.records.record import RunRecord, find_record
from fourfold.run.folders import new_folder, settle
from fourfold.run.searching import expanded
from fourfold.run.shard_note import NOTE, Note, read_note
from fourfold.run.shards import Shard

#: Of a result; the record last: artifacts that are younger than it are compared with it.
FILES = ("notebook.ipynb", "report.html", "record.json")


@dataclass(frozen=True)
class Source:
    """The results of a shard, and how messages name it."""

    folder: Path
    note: Note
    label: str

    def run(self, name: str) -> Path:
        """Return the folder of a run."""
        return self.folder / name


def find_shards(folders: Sequence[Path], root: Path) -> list[Source]:
    """Return the shards in folders: their own, those of outputs, and those one level below.

    Raises
    ------
    FourfoldError
        For a folder that has none, or whose shard does not say what it is of.
    """
    patterns = (NOTE, f"{SHARDS}/*/{NOTE}", f"*/{NOTE}", f"*/{SHARDS}/*/{NOTE}")
    notes: dict[Path, Note] = {}
    for folder in folders:
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        if not paths:
            expected = f"expected results of shards (a folder with {NOTE}), found none"
            raise FourfoldError(f"{folder}: {expected}; fourfold run --shard 1/4 makes them")
        for path in paths:
            note = read_note(path)
            if note is None:
                raise FourfoldError(f"{path}: damaged; run that shard again, which repairs it")
            notes[path.parent.resolve()] = note
    times = Counter((note.shard, note.of) for note in notes.values())
    order = sorted(notes.items(), key=lambda each: (each[1].of, each[1].shard, str(each[0])))
    return [
        Source(folder, note, _label(note, folder, root, times[note.shard, note.of] > 1))
        for folder, note in order
    ]


def _label(note: Note, folder: Path, root: Path, twice: bool) -> str:
    where = f" in {shown(folder, root)}" if twice else ""
    return f"shard {Shard(note.shard, note.of)}{where}"


def newest(sources: Sequence[Source]) -> Source:
    """Return the shard that began last: its configs and number of shards are asked for now."""
    return max(sources, key=lambda source: source.note.began)


def take(source: Source, spec: RunSpec, project: Project) -> RunRecord | None:
    """Put the result of a run of a shard into the outputs, as if it had been executed there.

    The files of both are links to the same ones where that is possible, but for those that name
    the folder. Returns None if the shard writes another result meanwhile.

    Parameters
    ----------
    source : Source
    spec : RunSpec
    project : Project

    Raises
    ------
    FourfoldError
        If it cannot be copied.
    """
    folder, place = source.run(spec.name), new_folder(project, spec)
    note, outputs = source.note, project.outputs
    own = shown(Path(note.outputs), Path(note.root)), shown(outputs, project.root)
    for _ in range(2):
        before, wrong = _bytes(folder / "record.json"), ""
        shutil.rmtree(place, ignore_errors=True)
        try:
            shutil.copytree(folder, place, symlinks=True, copy_function=linked)
        except FileNotFoundError as error:
            wrong = str(error)
        except shutil.Error as error:
            wrong = str(error.args[0][0][-1])
        if before and before == _bytes(folder / "record.json"):
            break
    else:
        shutil.rmtree(place, ignore_errors=True)
        return None
    if wrong:
        raise FourfoldError(f"{folder}: cannot be copied: {wrong}")
    for name in FILES:
        if before := _bytes(place / name):
            content = _moved(before, note.outputs, str(outputs))
            if name == "record.json":
                content = _renamed(content, *own)
            elif content == before:
                continue
            (place / name).unlink()  # it is a link
            (place / name).write_bytes(content)
    target = project.folder(spec.config, spec.run_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    settle(place, target, keep=False)
    return find_record(target)


def _bytes(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _moved(content: bytes, before: str, after: str) -> bytes:
    """Return a text that names another folder, also as JSON and HTML write it."""
    for form in (str, lambda text: json.dumps(text)[1:-1], html.escape):
        if form is str or form(before) != before:
            old, new = (os.path.join(form(each), "").encode() for each in (before, after))
            content = content.replace(old, new)
    return content


def _renamed(content: bytes, before: str, after: str) -> bytes:
    """Return a record whose inputs of other runs lie in another folder of the project."""
    record = json.loads(content)
    inputs = record["key"].get("inputs", {})
    if any(name.startswith(f"{before}/") for name in inputs):
        record["key"]["inputs"] = {
            f"{after}{name[len(before) :]}" if name.startswith(f"{before}/") else name: part
            for name, part in inputs.items()
        }
        return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()
    return content


def seed(specs: Sequence[RunSpec], place: Project) -> int:
    """Give a shard the results that the folder of all shards has; return how many.

    Parameters
    ----------
    specs : sequence of RunSpec
        The runs of the shard, and those that they follow.
    place : Project
        With the folder of the shard.
    """
    whole = of_all_shards(place.outputs)
    if whole == place.outputs or not whole.is_dir():
        return 0
    root = str(place.root)
    note = Note(1, 1, [], {}, root, str(whole), [], 0.0)
    taken, source = 0, Source(whole, note, "")
    for spec in expanded(specs, Project(place.root, whole)):
        if find_record(place.folder(spec.config, spec.run_id)) is None:
            record = find_record(source.run(spec.name))
            if record and record.ok and take(source, spec, place):
                taken += 1
    return taken
