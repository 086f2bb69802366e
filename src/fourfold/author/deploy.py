"""Files that run a project elsewhere: an image, jobs of Kubernetes and Slurm, a workflow."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from textwrap import indent

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fourfold.author.names import plain_name
from fourfold.author.skeleton import requirement
from fourfold.errors import FourfoldError, did_you_mean
from fourfold.project import write_text

LOCK = "deploy/requirements.lock"
#: What each kind writes: path in the project, and the file that it is made from.
KINDS = {
    "docker": {"Dockerfile": "Dockerfile", ".dockerignore": "dockerignore"},
    "kubernetes": {
        f"deploy/{name}.yaml": f"{name}.yaml"
        for name in ("kubernetes", "kubernetes-gather", "kubernetes-nightly")
    },
    "slurm": {"deploy/slurm.sh": "slurm.sh"},
    "github": {".github/workflows/fourfold-shards.yml": "github.yml"},
}
_LOCKED = ("docker", "github")
_STAMP = re.compile(r"^# Written by `fourfold deploy`, ([0-9a-f]{16}).*\n", re.MULTILINE)
_GIT = """\
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
"""


def deployed(kind: str, root: Path, paths: Sequence[str], shards: int) -> dict[str, str]:
    """Return the files of a kind by their path in the project, each with a stamp.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    root : Path
        The project.
    paths : sequence of str
        Configs that are run, relative to the project; none for all.
    shards : int
        How many jobs there are.

    Raises
    ------
    FourfoldError
        For a kind that there is not, or a path of more than a line.
    """
    if kind not in KINDS:
        near = did_you_mean(kind, KINDS)
        raise FourfoldError(f"deploy: expected {', '.join(KINDS)}, got {kind!r}.{near}")
    for path in paths:
        if not path.isprintable() or "${{" in path:
            raise FourfoldError(f"deploy: expected a path in plain characters, got {path!r}")
    name = (plain_name(root.name) or "project").replace("_", "-")[:40].strip("-")
    pinned = locked(root) if kind in _LOCKED else ""
    values = {
        "NAME": name,
        "DNS": name,
        "SHARDS": str(shards),
        "NUMBERS": ", ".join(map(str, range(1, shards + 1))),
        "PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
        "PATHS": "".join(f", {json.dumps(path)}" for path in paths),
        "SHELL": "".join(f" {shlex.quote(path)}" for path in paths),
        "GIT": _GIT if "git+" in pinned else "",
    }
    asked = {
        "kubernetes.yaml": ["run", "--shard", f"auto/{shards}", "--quiet", *paths],
        "kubernetes-gather.yaml": ["gather"],
        "kubernetes-nightly.yaml": ["run", "--quiet", *paths],
    }
    texts = {path: _made(source, values, asked.get(source)) for path, source in KINDS[kind].items()}
    return {path: stamped(text) for path, text in {**texts, **{LOCK: pinned}}.items() if text}


def _made(source: str, values: dict[str, str], arguments: Sequence[str] | None) -> str:
    folder = files("fourfold.author") / "skeletons" / "deploy"
    text = (folder / f"{source}.in").read_text(encoding="utf-8")
    if arguments and (place := re.search(r"^( *)@POD@\n", text, re.MULTILINE)):
        pod = (folder / "pod.yaml.in").read_text(encoding="utf-8")
        values = {**values, "ARGS": json.dumps(arguments, ensure_ascii=False)}
        text = text.replace(place[0], indent(pod, place[1]))
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def locked(root: Path) -> str:
    """Return the packages of a project, as they are installed here: as `pip install -r` takes them.

    They are those that its ``requirements.txt`` asks for, Fourfold, and all that these need.
    Fourfold itself is named by where it was installed from.
    """
    asked = ["fourfold[data]"]
    if (own := root / "requirements.txt").is_file():
        asked += own.read_text(encoding="utf-8").splitlines()
    pins: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(need, "") for line in asked if (need := _requirement(line))]
    while queue:
        need, extra = queue.pop()
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(need.name)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # of another system, or not installed yet
            if not extra:
                pins.setdefault(name, str(need))
            continue
        pins[name] = f"{name}=={package.version}"
        for extra in {"", *need.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            queue += [
                (each, extra) for line in package.requires or () if (each := _requirement(line))
            ]
    pins["fourfold"] = requirement()
    head = "# The packages of this project, as they were installed where this file was written."
    return "\n".join([head, *(pins[name] for name in sorted(pins)), ""])


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line.partition(" #")[0].strip())
    except InvalidRequirement:  # a comment, an option or a path
        return None


def stamped(text: str) -> str:
    """Return a text with a line that says what it was when it was written."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    line = f"# Written by `fourfold deploy`, {digest}; what you change is kept.\n"
    first, rest = text.split("\n", 1)
    return f"{first}\n{line}{rest}" if first.startswith("#!") else line + text


def is_own(text: str) -> bool:
    """Say whether a text is as `stamped` gave it, so that a new one may take its place."""
    stamp = _STAMP.search(text)
    return stamp is not None and stamped(_STAMP.sub("", text, count=1)) == text


def write(texts: dict[str, str], root: Path, force: bool = False) -> dict[str, str]:
    """Write files into a project, but for those that somebody has changed.

    Parameters
    ----------
    texts : dict of str to str
        As `deployed` returns them.
    root : Path
    force : bool
        Overwrite what was changed as well.

    Returns
    -------
    dict of str to str
        What was done with each: ``wrote``, ``unchanged`` or ``kept``.
    """
    done = {}
    for name, text in texts.items():
        path = root / name
        try:
            before = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            before = ""
        if before == text:
            done[name] = "unchanged"
        elif before and not force and not is_own(before):
            done[name] = "kept"
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
            done[name] = "wrote"
    return done
