"""What is imported ahead is as if the notebook had imported it: measured, module by module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from fourfold.run.kernels.forked import KEPT, READ_HERE
from fourfold.run.kernels.preload import NEUTRAL, ON_FIRST_USE

FIRST = (
    "numpy",
    "scipy.stats",
    "pandas",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn.ensemble",
    "fourfold",
)
assert {name.partition(".")[0] for name in FIRST} == set(NEUTRAL)
LATE = tuple(dict.fromkeys(name for names in ON_FIRST_USE.values() for name in names))
METHODS = tuple(
    f"fourfold.methods.{name}"
    for name in (
        "clustering",
        "supervised",
        "gambling",
        "routes",
        "comparison",
        "quality",
        "maturity",
    )
)

#: What a library may have decided or changed, but for its own modules.
LOOK = """
import os, sys, json, random, warnings, locale, signal, threading, atexit, gc, decimal
def look():
    shown = {"filters": [str(f) for f in warnings.filters], "locale": locale.setlocale(locale.LC_ALL)}
    shown["signals"] = {int(s): str(signal.getsignal(s)) for s in signal.valid_signals()}
    shown["threads"] = [t.name for t in threading.enumerate()]
    shown["random"] = hash(repr(random.getstate()))
    shown["environ"] = {k: v for k, v in os.environ.items()}
    shown["path"], shown["hooks"] = sys.path, [str(sys.excepthook), str(sys.displayhook)]
    shown["context"] = str(decimal.getcontext())
    if "numpy" in sys.modules:
        import numpy as np
        shown["numpy"] = [str(np.get_printoptions()), str(np.geterr()), hash(np.random.get_state()[1].tobytes())]
    if "pandas" in sys.modules:
        import pandas as pd, pandas._config.config as c
        shown["pandas"] = {k: str(pd.get_option(k)) for k in c._registered_options}
    if "matplotlib" in sys.modules:
        import matplotlib as m
        shown["matplotlib"] = {k: str(v) for k, v in m.rcParams.items()}
        shown["units"] = sorted(map(str, sys.modules["matplotlib.units"].registry)) if "matplotlib.units" in sys.modules else []
    if "sklearn" in sys.modules:
        import sklearn
        shown["sklearn"] = {k: str(v) for k, v in sklearn.get_config().items()}
    return shown
"""

#: A notebook changes what it can, apart from what makes nothing be imported late.
CHANGE = """
import random, locale, sys, decimal
random.seed(7)
decimal.getcontext().prec = 11
sys.argv = ["another", "--help"]
import numpy as np, pandas as pd, matplotlib as m, matplotlib.pyplot as plt
np.random.seed(7); np.set_printoptions(precision=3); np.seterr(all="warn")
pd.set_option("display.max_rows", 7); pd.set_option("display.precision", 2)
m.rcParams["font.size"] = 17; m.rcParams["lines.linewidth"] = 5
"""


def run(code: str) -> dict:
    """Run code in a new process; return what it printed last, having said nothing else."""
    env = {**os.environ, "MPLBACKEND": "agg", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stderr
    *said, last = done.stdout.splitlines()
    return {**json.loads(last), "said": said}


REHEARSE = """
import genericpath, json, os, sys
from fourfold.run.kernels.rehearsal import KERNEL, Rehearsal, import_all
import_all(KERNEL)
ahead, get, stat, files, keepers = Rehearsal(), os.getcwd, os.stat, set(), set()
def relative(path):
    if isinstance(path, str) and path and not os.path.isabs(path):
        files.add(path)
def seen(path, *args, **more):
    relative(path)
    return stat(path, *args, **more)
def where():
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").split(".")[0] in ("os", "pathlib", "posixpath"):
        frame = frame.f_back
    keepers.add(frame.f_globals.get("__name__"))
    return get()
os.getcwd, os.stat = where, seen
sys.addaudithook(lambda event, args: relative(args[0]) if event == "open" else None)
for module in MODULES:
    ahead.add([module])
os.getcwd, os.stat = get, stat
joined = [f"{event} {call.__module__}" for event, call in ahead.leave()]
loaded = [name for name in MODULES if name in sys.modules]
keepers = sorted(name for name in keepers if "importlib" not in name)
print(json.dumps(dict(
    doubts=ahead.doubts, joined=joined, files=sorted(files), keepers=keepers, loaded=loaded
)))
"""


@pytest.fixture(scope="module")
def shown():
    """What importing all that is imported ahead does."""
    return run(REHEARSE.replace("MODULES", str((*FIRST, *METHODS, *LATE))))


def test_nothing_is_said_started_or_registered_while_it_is_imported(shown):
    """But for the event by which matplotlib draws, which the kernel takes over."""
    assert shown["loaded"] == [*FIRST, *METHODS, *LATE]
    assert shown["doubts"] == []
    assert set(shown["joined"]) <= {"post_execute matplotlib.pyplot"}
    assert shown["said"] == []


def test_what_is_read_from_the_folder_is_known(shown):
    """And who keeps its name; a kernel is told another folder when it is handed out."""
    assert set(shown["files"]) <= set(READ_HERE)
    # The shell is made anew, and numba's link to coverage is for measuring coverage only.
    other = {"IPython.core.interactiveshell", "IPython.core.history", "coverage.files"}
    assert set(shown["keepers"]) - other <= set(KEPT)


SPEAKING = {
    "prints": "print('hello')",
    "writes": "import os; os.write(1, b'x')",
    "warns": "import warnings; warnings.warn('old')",
    "deprecates": "import warnings; warnings.warn('old', DeprecationWarning, stacklevel=2)",
    "threads": "import threading, time; threading.Thread(target=time.sleep, args=(9,)).start()",
    "handles": "import signal; signal.signal(signal.SIGUSR1, lambda *_: None)",
    "registers": "get_ipython().register_magic_function(print, 'line', 'mine')",
    "formats": "get_ipython().display_formatter.formatters['text/html'].for_type(int, str)",
    "hooks": "import sys; sys.excepthook = print",
    "reads": "import os; os.environ.get('PYTEST_CURRENT_TEST')",
    "quiet": "x = get_ipython()",
}


def test_a_module_that_speaks_is_noticed(tmp_path):
    """One that prints, warns, starts a thread, sets a handler, or registers with IPython."""
    for name, code in SPEAKING.items():
        (tmp_path / f"my_{name}.py").write_text(code)
    shown = run(f"""
        import json, os, sys
        from fourfold.run.kernels.rehearsal import KERNEL, Rehearsal, import_all
        import_all(KERNEL)
        sys.path.insert(0, {str(tmp_path)!r})
        shown = {{}}
        for name in {list(SPEAKING)}:
            end, start = os.pipe()
            if os.fork() == 0:
                ahead = Rehearsal()
                ahead.add([f"my_{{name}}"])
                assert f"my_{{name}}" in sys.modules
                os.write(start, json.dumps(ahead.doubts).encode())
                os._exit(0)
            os.close(start)
            shown[name] = json.loads(os.read(end, 999))
        print(json.dumps(shown))
    """)
    assert shown.pop("said") == []
    assert [name for name, doubts in shown.items() if not doubts] == ["quiet"]


def test_what_is_imported_late_reads_and_changes_nothing():
    """Options, random states and filters are the same, imported before or after a change."""
    libraries = "import numpy, pandas, matplotlib.pyplot, seaborn, sklearn.linear_model\n"
    late = f"import {', '.join((*LATE, *METHODS))}\n"
    after = run(f"{LOOK}\n{libraries}{CHANGE}\n{late}print(json.dumps(look()))")
    before = run(f"{LOOK}\n{libraries}{late}{CHANGE}\nprint(json.dumps(look()))")
    assert after == before
    assert after["pandas"]["display.max_rows"] == "7"
