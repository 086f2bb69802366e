"""Notebooks of many kinds give the same by plain papermill and by Fourfold, warm and cold.

``python benchmarks/speed/warm_equals_cold.py [NAME …]`` executes each twice by plain papermill,
which shows what varies by itself, then warm and cold. Exit code 1 if anything else differs.
Libraries that are missing are installed into a temporary folder (needs the package index).
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError

from fourfold.run.kernels import provisioner

WAYS = ("plain", "plain again", "warm", "cold")
_WAY = threading.local()
_TOKEN = re.compile(r"\d+:\d\d:\d\d|\w+|[^\w\s]")

#: The cells of a notebook by its name; in the file, lines of dashes part them.
NOTEBOOKS = {
    part.partition("\n")[0]: part.partition("\n")[2].split("\n---\n")
    for part in Path(__file__).with_name("kinds.txt").read_text().split("=== ")[1:]
}

#: What lies in the folder of a notebook.
FILES = {
    "variables by a local module": {
        "settings.py": "import os\nos.environ['PANDAS_FUTURE_INFER_STRING'] = '0'\n"
    },
    "local optuna": {"optuna.py": "def optimise(): return 'the local module'\n"},
    "local calendar": {
        "calendar.py": "mine = True\nday_name = day_abbr = month_name = month_abbr = []\n"
    },
    "local package": {"seaborn/__init__.py": "mine = True\n"},
    "local joblib": {"joblib/__init__.py": "raise ImportError('the local one')\n"},
    "local fourfold": {"fourfold.py": "mine = True\n"},
    "matplotlibrc": {"matplotlibrc": "font.size: 17\n"},
}
#: What the notebooks import beside what Fourfold needs, and what that needs itself.
LIBRARIES = ("ipywidgets", "rich", "tqdm", "plotly", "sympy", "statsmodels", "altair", "bokeh")
LIBRARIES += ("dotenv",)
PACKAGES = (*LIBRARIES[:-1], "python-dotenv", "narwhals", "mpmath", "patsy", "xyzservices")
PACKAGES += ("widgetsnbextension", "jupyterlab_widgets")
#: Says that they are installed.
GIVEN = "WARM_EQUALS_COLD"


def write(name: str, path: Path) -> None:
    """Write a notebook, and what lies beside it."""
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in NOTEBOOKS[name]]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    shutil.rmtree(path.parent, ignore_errors=True)
    for other, content in {**FILES.get(name, {}), path.name: ""}.items():
        (path.parent / other).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / other).write_text(content)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)


def outputs(path: Path) -> list[str]:
    """Return what each cell gave, as text, with texts of one stream in one."""
    shown = []
    for cell in nbformat.read(path, as_version=4).cells:
        merged: list = []
        for output in cell.get("outputs", ()):
            last = merged[-1] if merged else {}
            if output.get("name") and output.get("name") == last.get("name"):
                last["text"] += output["text"]
            else:
                merged.append(output)
        text = json.dumps([cell.get("execution_count"), merged], indent=1)
        # Where a kernel finds its connection is among its arguments, and new each time.
        text = re.sub(r"/\S+\.json", "FILE", text)
        shown.append(re.sub(r"(Ran \d+ tests?) in [\d.]+s", r"\1 in TIME", text))
    return shown


def patiently(call: Callable[..., object]) -> None:
    """Call papermill, and again where it waits for ever, as one in forty with widgets does."""
    for _ in range(3):
        with suppress(CellTimeoutError):
            call(execution_timeout=200)
            return
    raise SystemExit("plain papermill has hung three times")


def execute(name: str, folder: Path) -> dict[str, list[str]]:
    """Execute a notebook in every way, always at the same place."""
    made = {}
    path = folder / re.sub(r"\W", "_", name) / "a.ipynb"
    for way in WAYS:
        write(name, path)
        _WAY.cold = way == "cold"
        options = {} if way.startswith("plain") else {"engine_name": "fourfold"}
        target = path.with_name("out.ipynb")
        call = partial(
            *(papermill.execute_notebook, str(path), str(target)),
            **{"cwd": str(path.parent), "progress_bar": False, **options},
        )
        # An error of a cell stands in the notebook.
        with suppress(papermill.PapermillExecutionError):
            if way.startswith("plain"):
                patiently(call)
            else:
                call()
        made[way] = outputs(target)
        # Handlers at the exit of a kernel leave files.
        time.sleep(0.2 if name == "atexit" else 0)
        made[way].append(str(sorted(p.name for p in path.parent.iterdir())))
    return made


def differences(made: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what differs from plain papermill, by way, but for what varies by itself."""
    differing: dict[str, list[str]] = {}
    for way in WAYS[2:]:
        if len(made[way]) != len(made["plain"]):
            differing[way] = ["another number of cells"]
        for plain, again, ours in zip(made["plain"], made["plain again"], made[way], strict=False):
            one, two, three = (_TOKEN.findall(text) for text in (plain, again, ours))
            fixed = [a == b for a, b in zip(one, two, strict=False)]
            same = len(one) == len(three) and all(
                a == c for a, c, stays in zip(one, three, fixed, strict=False) if stays
            )
            same = plain == ours if plain == again else same
            # Where the length varies by itself, what is common to both plain ones must be in ours.
            loose = len(one) != len(two) and set(one) & set(two) <= set(three)
            if not same and not loose:
                lines = (text.replace("\\n", "\n").splitlines() for text in (plain, ours))
                shown = difflib.unified_diff(*lines, "plain", way, n=0, lineterm="")
                differing.setdefault(way, []).append("\n".join(line[:300] for line in shown))
    return differing


def with_libraries() -> int:
    """Do it all with the libraries that are missing, which nothing else sees."""
    with tempfile.TemporaryDirectory() as place:
        install = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps")
        subprocess.run([*install, "--target", place, *PACKAGES], check=True)
        env = {**os.environ, "PYTHONPATH": place, GIVEN: "1"}
        return subprocess.run([sys.executable, *sys.argv], env=env).returncode


def main() -> None:
    """Print what differs."""
    if GIVEN not in os.environ and not all(map(find_spec, LIBRARIES)):
        sys.exit(with_libraries())
    names = sys.argv[1:] or list(NOTEBOOKS)
    skipped = [
        n for n in names if any(x in " ".join(NOTEBOOKS[n]) and not find_spec(x) for x in LIBRARIES)
    ]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        rest = [name for name in names if name not in skipped]
        for name, made in zip(
            rest, pool.map(lambda n: execute(n, Path(folder)), rest), strict=True
        ):
            differing = differences(made)
            wrong += bool(differing)
            print(
                f"{name}: {', '.join(differing) + ' differ' if differing else 'same'}", flush=True
            )
            for texts in differing.values():
                print(*texts, sep="\n")
    print(
        f"{len(rest)} notebooks, {wrong} differ; not installed: {', '.join(skipped) or 'nothing'}"
    )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    # A variable would be seen by the notebooks.
    provisioner.available = lambda: not _WAY.cold
    main()
