"""What a cell prints that no two executions print alike: code, and what another one printed.

Each snippet stands for a habit seen in notebooks. What it printed on another day, on another
machine or in another process is written beside it, so that the reference keeps that.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Output = Mapping[str, Any]
Restate = Callable[[Sequence[Output]], list[Output]]


@dataclass(frozen=True)
class Snippet:
    """Lines of code, and how the outputs that they make now become those that were kept."""

    code: str
    restate: Restate


def says(text: str, name: str = "stdout") -> Restate:
    """Return what keeps this text as the only output."""
    return lambda fresh: [stream(text, name)]


def shows(text: str, mime: str = "text/plain") -> Restate:
    """Return what keeps this displayed value as the only output."""
    return lambda fresh: [{"output_type": "display_data", "metadata": {}, "data": {mime: text}}]


def keeps(*outputs: tuple[str, str]) -> Restate:
    """Return what keeps these streams: pairs of name and text."""
    return lambda fresh: [stream(text, name) for name, text in outputs]


def respelled(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Restate:
    """Return what keeps the outputs of now with each match of a pattern replaced."""
    return lambda fresh: [_respelled(output, re.compile(pattern), new) for output in fresh]


def stream(text: str, name: str) -> Output:
    """Return a stream as a notebook keeps it."""
    return {"output_type": "stream", "name": name, "text": text}


def _respelled(output: Output, pattern: re.Pattern[str], new: Any) -> Output:
    fresh = copy.deepcopy(dict(output))
    if "text" in fresh:
        fresh["text"] = pattern.sub(new, fresh["text"])
    for mime, value in fresh.get("data", {}).items():
        if isinstance(value, str):
            fresh["data"][mime] = pattern.sub(new, value)
        elif "model_id" in value:
            fresh["data"][mime] = {**value, "model_id": "5d1f0b7cfae94f4f8b0f7d1c2a9e6b30"}
    return fresh


def _timed(call: str) -> str:
    return f"import time\nstarted = time.perf_counter()\ntotal = sum(range(200_000))\n{call}"


DURATION = (
    Snippet(
        _timed('print(f"took {time.perf_counter() - started:.2f} s")'),
        says("took 1.83 s\n"),
    ),
    Snippet(
        _timed('print("--- %s seconds ---" % (time.perf_counter() - started))'),
        says("--- 0.4137279987335205 seconds ---\n"),
    ),
    Snippet(
        _timed('print(f"Elapsed time: {1000 * (time.perf_counter() - started):.1f} ms")'),
        says("Elapsed time: 311.9 ms\n"),
    ),
    Snippet("%time total = sum(range(200_000))", respelled(r"\d+(\.\d+)?", "7")),
    Snippet(
        _timed('print("Training finished in", round(time.perf_counter() - started, 1), "seconds")'),
        says("Training finished in 12.6 seconds\n"),
    ),
    Snippet(
        "%timeit -n 20 -r 3 sum(range(1000))",
        says("14.7 μs ± 1.21 μs per loop (mean ± std. dev. of 3 runs, 20 loops each)\n"),
    ),
    Snippet(
        "from datetime import datetime\nbegan = datetime.now()\ntotal = sum(range(200_000))\n"
        'print("Duration:", datetime.now() - began)',
        says("Duration: 0:00:01.284307\n"),
    ),
)
CLOCK = (
    Snippet(
        "from datetime import datetime\nprint(datetime.now())", says("2025-03-14 09:26:53.589793\n")
    ),
    Snippet(
        'import time\nprint(f"Last run: {time.ctime()}")',
        says("Last run: Fri Mar 14 09:26:53 2025\n"),
    ),
    Snippet(
        'import time\nprint("finished at", time.strftime("%H:%M:%S"))',
        says("finished at 09:26:53\n"),
    ),
    Snippet(
        "from datetime import UTC, datetime\n"
        'print("Report generated", datetime.now(UTC).isoformat(timespec="seconds"))',
        says("Report generated 2025-03-14T08:26:53+00:00\n"),
    ),
    Snippet(
        'import logging\nlogging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")\n'
        'logging.warning("reading the table")',
        says("2025-03-14 09:26:53,589 WARNING reading the table\n", "stderr"),
    ),
    Snippet(
        "from datetime import date\ndisplay(date.today())", shows("datetime.date(2025, 3, 14)")
    ),
    Snippet(
        'import pandas as pd\nprint(f"As of {pd.Timestamp.now():%d %B %Y, %H:%M}")',
        says("As of 14 March 2025, 09:26\n"),
    ),
)
ADDRESS = (
    Snippet("print(object())", says("<object object at 0x7f2c1c0a9d40>\n")),
    Snippet(
        "class Holder:\n    pass\ndisplay(Holder())", shows("<__main__.Holder at 0x7f2c1c0a9d40>")
    ),
    Snippet("print(f'{id(print):#x}')", says("0x55d8f1c3a2e0\n")),
    Snippet(
        "print((value for value in range(3)))",
        respelled(r"0x[0-9a-f]+", "0x7f2c1c0a9d40"),
    ),
)
PATH = (
    Snippet(
        'import os\nprint("reading", os.path.abspath("data/raw.csv"))',
        says("reading /home/alice/study/data/raw.csv\n"),
    ),
    Snippet("import sys\nprint(sys.executable)", says("/home/alice/miniconda3/bin/python\n")),
    Snippet(
        "import pandas\nprint(pandas.__file__)",
        says("/home/alice/miniconda3/lib/python3.12/site-packages/pandas/__init__.py\n"),
    ),
    Snippet(
        'from pathlib import Path\nsaved = Path.home() / "models" / "best.bin"\n'
        'print(f"Saved model to {saved}.")',
        says("Saved model to /Users/alice/models/best.bin.\n"),
    ),
    Snippet(
        'from pathlib import Path\ndisplay(Path("figures").resolve())',
        shows("PosixPath('/home/alice/study/figures')"),
    ),
    Snippet(
        'import os\nprint(os.path.abspath("clusters.csv"))',
        says("C:\\Users\\alice\\study\\clusters.csv\n"),
    ),
)
TEMP = (
    Snippet("import tempfile\nprint(tempfile.mkdtemp())", says("/tmp/tmpk3v9x0qz\n")),
    Snippet(
        'import tempfile\nprint("cache in", tempfile.mkdtemp(prefix="model-"))',
        says("cache in /tmp/model-w8_2nx7d\n"),
    ),
    Snippet(
        "import tempfile\nprint(tempfile.NamedTemporaryFile(suffix='.csv').name)",
        says("/var/folders/q2/8hk2l9z53k1f0c7w4d6s_x8r0000gn/T/tmp4c1h8f0d.csv\n"),
    ),
)
STDERR = (
    Snippet(
        "import sys\nfor part in (2, 0, 1):\n    print(f'part {part} read', file=sys.stderr)",
        says("part 1 read\npart 2 read\npart 0 read\n", "stderr"),
    ),
    Snippet(
        'import logging\nlogging.warning("left fold done")\nlogging.warning("right fold done")',
        says("WARNING:root:right fold done\nWARNING:root:left fold done\n", "stderr"),
    ),
)
INTERLEAVED = (
    Snippet(
        "import sys\nprint('read 3 files')\nprint('skipped 1 file', file=sys.stderr)\n"
        "print('wrote 2 files')",
        keeps(
            ("stdout", "read 3 files\n"),
            ("stderr", "skipped 1 file\n"),
            ("stdout", "wrote 2 files\n"),
        ),
    ),
    Snippet(
        "import sys\nprint('fitting')\nprint('few rows', file=sys.stderr)",
        keeps(("stderr", "few rows\n"), ("stdout", "fitting\n")),
    ),
    Snippet(
        "for fold in range(3):\n    print('fold', fold)",
        keeps(("stdout", "fold 0\nfold"), ("stdout", " 1\nfold 2\n")),
    ),
)
WARNING = (
    Snippet(
        'import warnings\nwarnings.warn("few rows in a group")',
        respelled(r"ipykernel_\d+/\d+", "ipykernel_48213/1927405563"),
    ),
    Snippet(
        'import warnings\nwarnings.warn("will be removed", FutureWarning)',
        respelled(r"/\S*/ipykernel_\d+/\d+\.py", "<ipython-input-9-4b1f0d2c7a35>"),
    ),
)
PROGRESS = (
    Snippet(
        "from tqdm import tqdm\nfor step in tqdm(range(40)):\n    pass",
        keeps(
            ("stderr", "\r  0%|          | 0/40 [00:00<?, ?it/s]"),
            ("stderr", "\r 45%|████▌     | 18/40 [00:00<00:00, 171.20it/s]"),
            ("stderr", "\r100%|██████████| 40/40 [00:00<00:00, 174.55it/s]\n"),
        ),
    ),
    Snippet(
        "from tqdm.auto import tqdm\nfor step in tqdm(range(40)):\n    pass",
        respelled(r"0%.*", "100%|██████████| 40/40 [00:00<00:00, 174.55it/s]"),
    ),
    Snippet(
        "from tqdm import tqdm\nfor step in tqdm(range(4), desc='folds'):\n    pass",
        keeps(
            ("stderr", "folds: 100%|██████████| 4/4 [00:03<00:00,  1.21it/s]\n"),
        ),
    ),
)
COLOUR = (
    Snippet("print('\\x1b[32mpassed\\x1b[0m: 12 checks')", says("passed: 12 checks\n")),
    Snippet(
        "import sys\nprint('\\x1b[1;33mWARN\\x1b[0m few rows', file=sys.stderr)",
        says("\x1b[38;5;208mWARN\x1b[39m few rows\n", "stderr"),
    ),
)
UUID = (
    Snippet(
        "import uuid\nprint('run', uuid.uuid4())",
        says("run 0d1d7a3e-5a5c-4c1b-9d37-6e2f0b8c4a91\n"),
    ),
    Snippet(
        "import uuid\ndisplay(uuid.uuid4())",
        shows("UUID('0d1d7a3e-5a5c-4c1b-9d37-6e2f0b8c4a91')"),
    ),
)
PROCESS = (
    Snippet("import os\nprint(f'worker pid {os.getpid()}')", says("worker pid 48213\n")),
    Snippet(
        "import os\nprint('Process ID:', os.getpid())",
        says("Process ID: 48213\n"),
    ),
    Snippet(
        "import threading\ndisplay(threading.current_thread())",
        shows("<_MainThread(MainThread, started 139872310343488)>"),
    ),
)
PORT = (
    Snippet(
        "import socket\nwith socket.socket() as probe:\n    probe.bind(('127.0.0.1', 0))\n"
        "    print(f'Dashboard: http://127.0.0.1:{probe.getsockname()[1]}/status')",
        says("Dashboard: http://127.0.0.1:34507/status\n"),
    ),
)
ORDER = (
    Snippet(
        "print({'mean', 'median', 'mode', 'spread', 'skew'})",
        says("{'spread', 'mode', 'mean', 'skew', 'median'}\n"),
    ),
)
NOISE = {
    "duration": DURATION,
    "clock": CLOCK,
    "address": ADDRESS,
    "path": PATH,
    "temp folder": TEMP,
    "stderr order": STDERR,
    "interleaved": INTERLEAVED,
    "warning": WARNING,
    "progress": PROGRESS,
    "colour": COLOUR,
    "uuid": UUID,
    "process": PROCESS,
    "port": PORT,
    "set order": ORDER,
}
