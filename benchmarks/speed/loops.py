"""What people use today, each on the same templates and parameters.

``python benchmarks/speed/loops.py WAY PROJECT OUTPUTS`` executes the runs whose ``params.yaml``
stand in OUTPUTS, one after the other: by papermill's command, by its function, or by
ploomber-engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML


def runs(outputs: Path) -> list[tuple[str, dict]]:
    """Return template and parameters of each run, from what Fourfold left."""
    found = []
    for record in sorted(outputs.glob("*/*/record.json")):
        template = json.loads(record.read_text())["template"]
        found.append((template, YAML(typ="safe").load(record.with_name("params.yaml"))))
    return found


def main() -> None:
    """Execute all runs."""
    way, root, outputs = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    (outputs / "loops").mkdir(exist_ok=True)
    for number, (template, parameters) in enumerate(runs(outputs)):
        source = str(root / "templates" / f"{template}.ipynb")
        target = str(outputs / "loops" / f"{number}.ipynb")
        if way == "command":
            flat = Path(target).with_suffix(".yaml")
            with flat.open("w") as stream:
                YAML(typ="safe").dump(parameters, stream)
            call = [sys.executable, "-m", "papermill", source, target, "-f", str(flat)]
            call += ["--cwd", str(root), "--no-progress-bar", "--log-level", "ERROR"]
            subprocess.run(call, check=True, stderr=subprocess.DEVNULL)
        elif way == "function":
            from papermill import execute_notebook

            execute_notebook(source, target, parameters, cwd=str(root), progress_bar=False)
        else:
            from ploomber_engine import execute_notebook as execute

            execute(source, target, parameters=parameters, cwd=str(root), progress_bar=False)


if __name__ == "__main__":
    main()
