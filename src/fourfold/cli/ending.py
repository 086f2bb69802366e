"""The command of a project that gets a summary of each batch: for a mail, a chat, a pager."""

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fourfold.cli.options import complain
from fourfold.errors import masked
from fourfold.project import Project, read_settings
from fourfold.records.formatting import count
from fourfold.records.record import SKIPPED, RunRecord, cause, error_line

KEY = "on_end"
_PATIENCE_S = 60
_MOST = 50
_LINES = 20


def command_of(root: Path) -> str:
    """Return what ``[tool.fourfold] on_end`` in a project's pyproject.toml says; or nothing.

    Raises
    ------
    ConfigError
        If it is no text, or the file cannot be read.
    """
    settings = read_settings(root)
    given = settings.own.get(KEY, "")
    if not isinstance(given, str):
        raise settings.wrong(KEY, f"expected a command as text, got {given!r}")
    return given


def summary_of(
    records: Sequence[RunRecord],
    place: Project,
    code: int,
    ended: str,
    counts: dict[str, int],
    decided: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the summary of a batch as plain JSON values.

    Parameters
    ----------
    records : sequence of RunRecord
        Of the runs that ended or were skipped.
    place : Project
    code : int
        Exit code.
    ended : str
        Why it ended early, a word of `fourfold.run.schedule.WHY`; or nothing.
    counts : dict of str to int
        Of runs: ``not_started`` and ``unchanged``.
    decided : sequence of str
        What became of proposed promotions, a line each.
    """
    from fourfold.report.history import turned_last

    states = Counter(record.status for record in records)
    numbers = {
        "ok": sum(record.ok for record in records),
        "failed": sum(record.failed for record in records),
        **{name: states[name] for name in ("cancelled", SKIPPED)},
        **counts,
    }
    bad = [
        {"run": r.name, "status": r.status, "cause": cause(r), "message": error_line(r)}
        for r in records
        if not r.ok
    ]
    turned = turned_last(place.outputs, [record.name for record in records]) if records else []
    words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in numbers.items() if n)
    lines = [f"{place.root.name}: {words or 'no run'}" + (f", ended early ({ended})" * bool(ended))]
    lines += [f"{each['run']}: {each['what']}" for each in turned]
    known = {each["run"] for each in turned}
    lines += [f"{e['run']}: {e['status']}: {e['cause']}" for e in bad if e["run"] not in known]
    lines += decided
    rest = [f"and {count(len(lines) - _LINES, 'other line')}"] * (len(lines) > _LINES)
    return {
        "project": place.root.name,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "exit_code": code,
        "stopped": ended or None,
        "counts": numbers,
        "turned": turned,
        "not_ok": bad[:_MOST],
        "promotions": list(decided),
        "page": str(place.outputs / "index.html"),
        "text": "\n".join([*lines[:_LINES], *rest]),
    }


def tell(command: str, summary: dict[str, Any], root: Path) -> None:
    """Give a command the summary of a batch on stdin; if it fails, that is one line, no more.

    Parameters
    ----------
    command : str
        For the shell.
    summary : dict
        As `summary_of` returns it.
    root : Path
        Of the project, where the command runs.
    """
    try:
        done = subprocess.run(
            command,
            shell=True,
            input=json.dumps(summary, ensure_ascii=False) + "\n",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=root,
            timeout=_PATIENCE_S,
            check=False,
        )
        said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        problem = f"exit code {done.returncode}: {said}" if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = f"took more than {_PATIENCE_S} s, and was ended"
    except (OSError, ValueError) as error:
        problem = str(error)
    if problem:
        # Without the command, whose words may be the secret of a chat.
        complain(f"{KEY}: {masked(problem.removesuffix(': '))}")
