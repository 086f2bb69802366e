"""Pages as a watch serves them: they show its mistakes, and load themselves again when written."""

import base64
import hashlib
import json
import os
import re
import threading
from pathlib import Path
from urllib.parse import quote

from fourfold.report.safe import asset

#: Where a page listens; its own path is the query.
EVENTS = "/.watch"
_POLICY = re.compile(rb'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(">)')
#: Behind these comes the link to the forms.
_BAR, _BODY = b'<span class="tools">', b"<header>\n"
_HEAD = 1000  # bytes in which the policy of a page stands
_NONE_YET = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'none'; \
style-src 'unsafe-inline'">
<title>Fourfold</title></head>
<body><h1>No result yet</h1><p>This page shows the result as soon as there is one.</p></body>
</html>
"""


class Board:
    """What open pages show of a watch: mistakes in its files, and that runs are under way."""

    def __init__(self) -> None:
        self._texts = {"problem": "", "running": ""}
        self._changed = threading.Condition()
        self.closed = False

    def show(self, **texts: str) -> None:
        """Let pages show other texts: ``problem`` or ``running``."""
        with self._changed:
            self._texts |= texts
            self._changed.notify_all()

    def close(self) -> None:
        """Let all listeners go."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def message(self, file: Path) -> str:
        """Return what the page in a file is sent, as JSON: texts, and the state of the file."""
        return json.dumps({**self._texts, "file": state(file)})

    def text(self, name: str) -> str:
        """Return one of the texts; empty if there is none of this name."""
        with self._changed:
            return self._texts.get(name, "")

    def wait(self, seconds: float) -> None:
        """Return after a time, or as soon as texts have changed."""
        with self._changed:
            self._changed.wait(seconds)


def state(file: Path) -> str:
    """Return what tells one content of a file from the next; empty if there is no file."""
    try:
        now = os.stat(file)
    except OSError:
        return ""
    return f"{now.st_mtime_ns}-{now.st_size}-{now.st_ino}"


def served(file: Path) -> bytes:
    """Return a page with the script that listens, allowed by the page's own policy.

    The file stays as it is. A page without a policy of ours is served as it is, too.
    """
    before = state(file)
    try:
        content = file.read_bytes()
    except OSError:
        before, content = "", _NONE_YET
    script = asset("watch.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed, count = _POLICY.subn(
        lambda meta: (
            meta[1]
            + meta[2]
            .replace(b"script-src 'none'", b"script-src ")
            .replace(b"script-src ", f"script-src 'sha256-{digest}' ".encode())
            + b"; connect-src 'self'"
            + meta[3]
            + f'\n<script data-file="{before}">{script}</script>'.encode()
        ),
        content[:_HEAD],
        count=1,
    )
    return allowed + content[_HEAD:] if count else content


def linked(file: Path, inside: Path) -> bytes:
    """Return a page with a link to the forms: of a run, to run it again with another value.

    Parameters
    ----------
    file, inside : Path
        The page, and its path in the folder of outputs.
    """
    try:
        content = file.read_bytes()
    except OSError:
        content = _NONE_YET
    if len(inside.parts) == 3:
        address = f"../../.form/again?run={quote(inside.parent.as_posix(), safe='')}"
        link, before = "Run again with one value changed", _BAR
    else:
        address, link, before = f"{'../' * (len(inside.parts) - 1)}.form/", "Forms", _BODY
    tag = f'<a class="forms" target="_top" href="{address}">{link}</a> '.encode()
    return content.replace(before, before + tag, 1)
