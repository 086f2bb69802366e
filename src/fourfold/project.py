"""The user's folder: find it, name files in it, write whole files, lock it, ask git."""

import errno
import os
import re
import secrets
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.errors import ConfigError, FourfoldError, InUseError, Violation, did_you_mean

try:
    import fcntl
except ImportError:  # Windows, where nothing guards the folder
    fcntl = None  # type: ignore[assignment]

_NO_ROOM = {getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG")}


#: The folder in the outputs that has a folder of results for each shard of a plan.
SHARDS = "shards"
_FILE, _TABLE = "pyproject.toml", "tool.fourfold"
_KEYS = ("tracking", "on_end", "repository")
_LOCATED = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def no_room(error: BaseException) -> bool:
    """Say whether an error comes from a disk that takes nothing: full or read-only."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def find_root(start: Path) -> Path:
    """Return the nearest folder from `start` upwards that holds ``templates/``, or `start`."""
    start = start.resolve()
    folders = [start, *start.parents]
    return next((folder for folder in folders if (folder / "templates").is_dir()), start)


def shown(path: Path, root: Path) -> str:
    """Return the path as messages show it: relative to the project where it is inside."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


@dataclass(frozen=True)
class Project:
    """Where runs happen: the folder of a project, and that of outputs.

    Runs take artifacts of others from there too, or from `taken`.
    """

    root: Path
    outputs: Path
    taken: Path | None = None

    @property
    def upstream(self) -> Path:
        """Return the folder of outputs that artifacts of other runs are taken from."""
        return self.taken or self.outputs

    def folder(self, config: str, run_id: str) -> Path:
        """Return ``outputs/<config>/<run id>``.

        Raises
        ------
        FourfoldError
            If a link there leads out of the outputs: what a run writes over, it removes first.
        """
        folder = self.outputs / config / run_id
        _check_inside(folder, self.outputs)
        return folder


def of_all_shards(outputs: Path) -> Path:
    """Return the folder of outputs that those of a shard are in; of others the same."""
    return outputs.parents[1] if outputs.parent.name == SHARDS else outputs


@dataclass(frozen=True)
class Settings:
    """The table ``tool.fourfold`` of a project's ``pyproject.toml``, and the project's name there.

    Both are empty where there is none.
    """

    own: Mapping[str, Any]
    name: str
    text: str

    def wrong(self, key: str, problem: str) -> ConfigError:
        """Return the error about one of our keys, located in the text of the file."""
        place, inside = (1, 1), False
        for number, line in enumerate(self.text.splitlines(), 1):
            if head := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
                inside = head[1].replace(" ", "") == _TABLE
            at = re.match(rf"\s*((?:[\w.]+\.)?[\"']?{re.escape(key)}[\"']?)\s*=", line)
            if at and (inside or "fourfold" in at[1]):
                place = number, at.start(1) + 1
        return ConfigError([Violation(_FILE, *place, f"{_TABLE}.{key}".rstrip("."), problem)])


def read_settings(root: Path) -> Settings:
    """Return what a project's ``pyproject.toml`` says of us.

    Raises
    ------
    ConfigError
        If it cannot be read, or has a key of ours that there is not.
    """
    text = ""
    try:
        with suppress(FileNotFoundError):
            text = (root / _FILE).read_text(encoding="utf-8", errors="replace")
        content = tomllib.loads(text)
    except OSError as error:
        raise ConfigError([Violation(_FILE, 1, 1, _TABLE, str(error.strerror))]) from None
    except (ValueError, RecursionError) as error:  # such as a number of 5,000 digits
        at = _LOCATED.search(str(error))
        line, column = (int(n or 1) for n in at.groups()) if at else (1, 1)
        problem = f"not TOML: {_LOCATED.sub('', str(error))}"
        raise ConfigError([Violation(_FILE, line, column, _TABLE, problem)]) from None
    tool, project = content.get("tool"), content.get("project")
    own = tool.get("fourfold", {}) if isinstance(tool, dict) else {}
    name = project.get("name", "") if isinstance(project, dict) else ""
    read = Settings(own if isinstance(own, dict) else {}, str(name), text)
    if not isinstance(own, dict):
        raise read.wrong("", f"expected a table, got {own!r}")
    for key in read.own:
        if key not in _KEYS:
            expected = f"expected {', '.join(_KEYS[:-1])} or {_KEYS[-1]}"
            raise read.wrong(key, f"unknown key; {expected}.{did_you_mean(key, _KEYS)}")
    return read


@cache
def git_commit(root: Path) -> str | None:
    """Return the commit of the project, with ``+changes`` where the work tree differs."""
    commit = git(root, "rev-parse", "HEAD")
    changes = git(root, "status", "--porcelain", "-uno") if commit else None
    return None if changes is None else f"{commit}+changes" if changes else commit


def git(root: Path, *arguments: str) -> str | None:
    """Return the answer of git about a folder; None if it fails, or takes more than 10 seconds."""
    call = ["git", "-C", str(root), *arguments]
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()
    return None


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write a file, and put it at `path` afterwards: the old one or the new one.

    Two processes may write the same file at a time; the later one stays.
    """
    # Threads, and processes in containers with the same number, may write it at the same time.
    partial = path.with_name(f".{path.name[:180]}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        if error.filename != str(partial):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # the name that is known
    finally:
        with suppress(OSError):  # the folder has become a file
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    with whole_file(path) as partial:
        # Half of a character becomes the escape that JSON has for it.
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def linked(source: str | Path, target: str | Path) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def hold_outputs(outputs: Path) -> Iterator[None]:
    """Hold a folder of outputs; it is free when this process ends, however it ends.

    Raises
    ------
    FourfoldError
        If another process holds it, or if it cannot be written.
    """
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        lock = (outputs / ".lock").open("a+b", buffering=0)
    except OSError as error:
        raise _unwritable(outputs, error) from None
    for entry in os.scandir(outputs):
        _check_inside(Path(entry.path), outputs)
    with lock as handle:
        if fcntl:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                holder = handle.read().decode().strip() or "unknown"
                raise InUseError(
                    f"{outputs}: in use by another run, process {holder}; wait for it, or give "
                    "another folder with --outputs"
                ) from None
        try:
            handle.seek(0)
            handle.truncate()
            handle.write(str(os.getpid()).encode())
            yield
        except OSError as error:
            file = Path(str(error.filename or ""))
            if not no_room(error) and not file.is_relative_to(outputs):
                raise
            raise _unwritable(outputs if no_room(error) else file, error) from None


def _check_inside(path: Path, outputs: Path) -> None:
    """Refuse a path that is not in the outputs, or by a link; it is asked for each run."""
    named = os.path.normpath(path).startswith(os.path.normpath(outputs) + os.sep)
    if named and not (os.path.islink(path) or os.path.islink(path.parent)):
        return
    if not os.path.realpath(path).startswith(os.path.realpath(outputs) + os.sep):
        raise FourfoldError(f"{path}: expected a folder in {outputs}, got a link out of it")


def _unwritable(path: Path, error: OSError) -> FourfoldError:
    return FourfoldError(f"{path}: cannot be written: {error.strerror}")
