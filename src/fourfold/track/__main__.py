"""The sender, a process of its own: ``python -m fourfold.track``, told its task on stdin.

It ends when stdin does, whose last line has the aliases to set, with all that MLflow takes sent. It
never has the address among its arguments, which every user of a machine can read.
"""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from fourfold.errors import TrackingError
from fourfold.track.aliases import note
from fourfold.track.send import Sender
from fourfold.track.spool import Spool, alone
from fourfold.track.store import open_store

_LOOK_S = 0.3


def main() -> None:
    """Send what waits, and what comes, until stdin ends."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what mlflow prints is no answer
    task = json.loads(sys.stdin.readline())

    def touch() -> None:
        with suppress(OSError):  # somebody has removed the outputs
            os.utime(task["log"])

    spool, closing = Spool(Path(task["outputs"])), threading.Event()
    last = list[str]()
    threading.Thread(target=_await_end, args=(closing, last), daemon=True).start()
    sender = Sender(spool, task["experiment"], lambda: open_store(task["uri"], touch))
    sender.on_alias = partial(note, spool.folder, task["note"])
    with alone(spool.folder):
        while not closing.is_set():
            if sender.ready():
                sender.once()
            closing.wait(_LOOK_S)
        sender.aliases = json.loads("".join(last) or "{}")
        # A server that did not answer a moment ago is not waited for, unless that is asked.
        tries = task["tries"]
        while (tries or not sender.why) and not sender.once():
            tries -= bool(tries)
            time.sleep(_LOOK_S)
    print(json.dumps(sender.result()), file=answer, flush=True)


def _await_end(closing: threading.Event, last: list[str]) -> None:
    last.append(sys.stdin.read())
    closing.set()


if __name__ == "__main__":
    try:
        main()
    except (TrackingError, OSError, ImportError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
