"""The pure time of notebooks: their cells' code in one warmed process, figures saved as PNG.

``python benchmarks/speed/floor.py PROJECT OUTPUTS PATH…`` executes the runs of the configs once to
warm up and then again, one after the other on one core, and prints the seconds of each as JSON. No
kernel, no messages, no notebook file: nothing that executes notebooks can be faster on one core.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path

import matplotlib as mpl
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from fourfold.plan.plan import plan
from fourfold.plan.spec import RunSpec
from fourfold.run.prepare import prepared

mpl.use("agg")
import matplotlib.pyplot as plt


def save_figures(*_: object, **__: object) -> None:
    """What ``plt.show`` means in a notebook: each figure becomes a PNG."""
    for number in plt.get_fignums():
        plt.figure(number).savefig(io.BytesIO(), format="png", bbox_inches="tight")
    plt.close("all")


def seconds(shell: InteractiveShell, root: Path, spec: RunSpec) -> float:
    """Execute one run in this process."""
    notebook = prepared(root / spec.template_file, spec.parameters)
    shell.reset(new_session=False)
    started = time.perf_counter()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            with capture_output():
                result = shell.run_cell(cell.source)
                save_figures()
            result.raise_error()
    return time.perf_counter() - started


def main() -> None:
    """Print ``{run: seconds}``."""
    root, outputs, paths = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    os.chdir(root)
    outputs.mkdir(parents=True, exist_ok=True)
    os.environ["FOURFOLD_ARTIFACTS"] = str(outputs)
    plt.show = save_figures
    shell = InteractiveShell.instance()
    specs = plan(paths, root)
    for spec in specs:
        seconds(shell, root, spec)
    print(json.dumps({spec.name: seconds(shell, root, spec) for spec in specs}))


if __name__ == "__main__":
    main()
