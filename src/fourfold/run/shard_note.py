"""What a shard says of itself, in its folder: of which plan it is, and how it ended."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import get_origin, get_type_hints

from fourfold.data.kept import read_kept
from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec, canonical, digest
from fourfold.project import SHARDS, Project, shown, write_text
from fourfold.records.record import versions
from fourfold.run.fingerprint import Fingerprints, digest_of_code, library
from fourfold.run.shards import COSTS, Costs, Shard, split

NOTE = "shard.json"


def planned_as(specs: Sequence[RunSpec], root: Path, costs: Costs) -> dict[str, dict[str, str]]:
    """Return the digest of a plan, by what may differ on another machine.

    Parameters
    ----------
    specs : sequence of RunSpec
    root : Path
        The project.
    costs : Costs

    Returns
    -------
    dict
        Digests of each ``config``, ``template`` and of the ``durations``; ``Fourfold``.
    """
    fingerprints = Fingerprints(root)
    code = cache(lambda file: digest_of_code(fingerprints.template(file)))
    parts: dict[str, list[str]] = {}
    for spec in specs:
        own = [spec.run_id, spec.template, spec.parameters, spec.after, spec.when, spec.search]
        parts.setdefault(spec.config, []).append(canonical(own))
    return {
        "config": {name: digest(sorted(own)) for name, own in parts.items()},
        "template": {spec.template: code(spec.template_file) for spec in specs},
        "durations": {COSTS: digest(costs.seconds)} if costs.seconds else {},
        "Fourfold": {"": f"{versions().get('fourfold')} {library()}"},
    }


@dataclass(frozen=True)
class Note:
    """What a shard says of itself, in its folder.

    Attributes
    ----------
    paths : list of str
        The configs that were planned, as the command was given them.
    plan : dict
        As `planned_as` returns it.
    root, outputs : str
        The project and the folder of the shard, where it was executed.
    runs : list of str
        Its runs.
    began, ended : float
        By the clock of its machine, in seconds since 1970; 0 if it has not ended.
    clock_s : float
        How far the clock of its file system is ahead of that of its machine.
    code : int
        Its exit code, once it has ended.
    """

    shard: int
    of: int
    paths: list[str]
    plan: dict[str, dict[str, str]]
    root: str
    outputs: str
    runs: list[str]
    began: float
    host: str = ""
    ended: float = 0.0
    clock_s: float = 0.0
    code: int = 0

    def write(self) -> Note:
        """Write it into the folder of the shard, and return it with what that says of clocks."""
        path, now = Path(self.outputs) / NOTE, time.time()
        write_text(path, json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")
        return replace(self, clock_s=round(path.stat().st_mtime - now, 1))

    def end(self, code: int) -> None:
        """Note that the shard has ended."""
        with suppress(OSError):  # a full disk, which the command has said
            replace(self, ended=time.time(), code=code).write()


def read_note(path: Path) -> Note | None:
    """Return what a shard says of itself; None if it is not as `Note.write` writes it."""
    content = read_kept(path)
    kinds = get_type_hints(Note)
    if content.keys() != kinds.keys():
        return None
    if not all(isinstance(content[name], get_origin(kind) or kind) for name, kind in kinds.items()):
        return None
    note = Note(**content)
    whole = all(isinstance(part, dict) for part in note.plan.values())
    return note if whole and 1 <= note.shard <= note.of else None


def note_of(
    shard: Shard, paths: Sequence[str], specs: Sequence[RunSpec], place: Project
) -> tuple[Note, list[RunSpec]]:
    """Return what a shard says of itself before it begins, and its runs.

    Parameters
    ----------
    shard : Shard
    paths : sequence of str
        As the command was given them.
    specs : sequence of RunSpec
        The whole plan.
    place : Project
        With the folder of the shard.

    Raises
    ------
    FourfoldError
        If the costs cannot be read, or a config has the name of the folder of shards.
    """
    if any(spec.config == SHARDS for spec in specs):
        raise FourfoldError(f"--shard: the folder {SHARDS} of the outputs is that of a config")
    costs = Costs.of(place.root)
    runs = split(specs, costs, shard.of)[shard.number - 1]
    named = [shown(Path(os.path.abspath(path)), place.root) for path in paths]
    plan = planned_as(specs, place.root, costs)
    own = [spec.name for spec in runs]
    places = str(place.root), str(place.outputs)
    host = socket.gethostname()
    note = Note(shard.number, shard.of, named, plan, *places, own, time.time(), host)
    return note, runs
