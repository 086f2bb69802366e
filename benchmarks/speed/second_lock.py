"""The references on the oldest supported versions: ``fourfold regress`` must find no difference.

``python benchmarks/speed/second_lock.py`` installs ``older.txt`` and this working tree into a
temporary folder, tests a copy of the project there, and prints what differs, notebook by notebook;
exit code 1 if anything does. It then writes the references anew with the older versions and counts
the outputs that are not the same byte for byte, so that one sees what the comparison forgave.
``--resolve`` writes ``older.txt`` anew from pyproject.toml. Needs the package index.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import ROOT, keep

PINS = Path(__file__).with_name("older.txt")
PYTHON = "3.11"
OLDEST = ("--universal", "--resolution", "lowest-direct", "--python-version", PYTHON)
# What we do not depend on directly is resolved to its newest; of these, take those of the time.
OF_THE_TIME = "ipykernel<7\nipython<9\njupyter-client<8.7\nclick<8.2\n"
NAMED = ("pandas", "numpy", "scikit-learn", "matplotlib", "scipy", "seaborn", "ipykernel", "pytest")
VERSIONS = (
    "import json; from importlib.metadata import version;"
    f"print(json.dumps({{n: version(n) for n in {NAMED}}}))"
)


def uv(*arguments: str, given: str = "") -> str:
    call = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(call, cwd=ROOT, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}:\n{done.stderr}")
    return done.stdout


def resolve() -> None:
    """Write the oldest versions that pyproject.toml allows."""
    quiet = ("--quiet", "--no-emit-index-url", "--no-annotate", "--no-header")
    project = ("--extra", "data", "--constraints", "-", "pyproject.toml")
    pins = uv("pip", "compile", *quiet, *OLDEST, *project, given=OF_THE_TIME)
    command = "python benchmarks/speed/second_lock.py --resolve"
    title = f"# The oldest versions in the ranges of pyproject.toml, by: {command}"
    PINS.write_text(f"{title}\n{pins}")


def copy_of_project(folder: Path) -> Path:
    """Return a copy of what git keeps of the working tree, and of what it would."""
    list_files = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(list_files, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def install(folder: Path, project: Path) -> Path:
    """Return the Python of a new environment with the pins and the copy of the project."""
    uv("venv", "--quiet", "--python", PYTHON, str(folder))
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    into = ("pip", "install", "--quiet", "--python", str(python), "--compile-bytecode")
    uv(*into, "-r", str(PINS))
    uv(*into, "--no-deps", str(project))
    return python


def call(python: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    personal = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    env = {key: value for key, value in os.environ.items() if key not in personal}
    command = [str(python), *arguments]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def regress(python: Path, project: Path) -> list[dict[str, Any]]:
    """Return the results of all references, as the page of differences gets them."""
    done = call(python, project, "-m", "fourfold", "regress")
    found = sorted((project / "outputs" / "regress").glob("*.json"))
    results = [json.loads(path.read_text()) for path in found]
    if len(results) != len(list((project / "notebooks").glob("*.ipynb"))):
        raise SystemExit(f"fourfold regress ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return results


def contents(path: Path) -> Iterator[tuple[tuple[str, int], str, Any]]:
    """Yield each output of a reference: its place, what it is, its content."""
    for cell in json.loads(path.read_text())["cells"]:
        for number, output in enumerate(cell.get("outputs", [])):
            place = (cell["id"], number)
            if "data" in output:
                yield from ((place, mime, content) for mime, content in output["data"].items())
            else:
                yield place, output.get("name", "error"), output.get("text")


def unlike(before: Path, after: Path) -> tuple[Counter[str], Counter[str]]:
    """Count, of each kind of output, how many there are and how many are not equal by bytes."""
    new = {(place, kind): content for place, kind, content in contents(after)}
    there = Counter(kind for _, kind in new)
    same = {
        (place, kind)
        for place, kind, content in contents(before)
        if new.get((place, kind)) == content
    }
    return there, Counter(kind for _, kind in new.keys() - same)


def rewritten(python: Path, project: Path) -> tuple[Counter[str], Counter[str]]:
    """Count outputs of all references, and those that the older versions write otherwise."""
    done = call(python, project, "-m", "fourfold", "reference")
    if done.returncode:
        raise SystemExit(f"fourfold reference:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    there, other = Counter[str](), Counter[str]()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        counts = unlike(path, project / "notebooks" / path.name)
        there += counts[0]
        other += counts[1]
    return there, other


def report(results: list[dict[str, Any]]) -> int:
    """Print each notebook with its differences; return how many differ."""
    for result in results:
        cells = [cell for cell in result["cells"] if cell["status"] != "same"]
        told = f"{len(cells)} of {len(result['cells'])} cells differ" if cells else "no difference"
        print(f"  {result['name']:<24}{len(result['cells']):>4} cells  {result['status']}, {told}")
        for cell in cells:
            print(f"      {cell['id']}: {cell['message'] or cell['status']}")
            for found in cell["differences"]:
                print(f"        {found['where']}: {found['before']} -> {found['after']}")
    return sum(result["status"] != "passed" for result in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resolve", action="store_true", help="write older.txt anew, and end")
    parser.add_argument("--keep", type=Path, help="where environment and copy are made, and stay")
    options = parser.parse_args()
    if options.resolve:
        resolve()
        return 0
    folder = options.keep or Path(tempfile.mkdtemp(prefix="second-lock-"))
    try:
        project = copy_of_project(folder / "project")
        python = install(folder / "venv", project)
        here, older = (
            json.loads(call(Path(p), project, "-c", VERSIONS).stdout)
            for p in (sys.executable, python)
        )
        print(", ".join(f"{name} {here[name]} -> {older[name]}" for name in NAMED))
        results = regress(python, project)
        differing = report(results)
        there, other = rewritten(python, project)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print("outputs that are not the same byte for byte:")
    for kind, count in there.most_common():
        print(f"  {kind:<36}{other[kind]:>4} of {count}")
    kept = {"versions": [here, older], "results": results, "there": there, "unlike": other}
    keep("second_lock", kept)
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
