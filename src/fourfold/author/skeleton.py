"""What a user's own project begins with: its files, and the skeleton of a template."""

import json
import re
from collections.abc import Iterable
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from fourfold.plan.setup import for_colab
from fourfold.plan.template import library
from fourfold.records.ipynb import in_lines, written

#: Path in a project: name of the file that it is made from.
FILES = {
    "README.md": "README.md",
    "noxfile.py": "noxfile.py",
    "requirements.txt": "requirements.txt",
    "environment.yml": "environment.yml",
    ".gitignore": "gitignore",
    ".gitattributes": "gitattributes",
    ".github/workflows/fourfold.yml": "ci.yml",
    ".devcontainer/devcontainer.json": "devcontainer.json",
    "params/starter/iris.yaml": "example.yaml",
    "tests/test_project.py": "test_project.py",
    "outputs/README.md": "outputs.md",
}
#: Folders that git would not keep while they are empty.
FOLDERS = ("templates", "contracts", "notebooks")
_CONFIG = """\
# yaml-language-server: $schema=../../.schema/{name}.json
template: {name}
business:
  question: How long is the sepal of an iris?
  decision: Which ruler to buy
  success: {{mean: "<= 10"}}
parameters:
  data: iris
  column: sepal_length_cm
"""


def project_files(name: str, source: str) -> dict[str, str]:
    """Return the content of each file of a new project, by its path.

    The requirement `source` installs Fourfold there, such as ``fourfold==0.1.0``.
    """
    kept = {f"{folder}/.gitkeep": "" for folder in FOLDERS}
    names = sorted(path.stem for path in library().glob("*.ipynb"))
    made = {path: _made(made_from, name, source) for path, made_from in FILES.items()}
    return kept | made | {".vscode/settings.json": editor_settings(names)}


def editor_settings(templates: Iterable[str]) -> str:
    """Return VS Code's settings for a project: its Python, and the schema of each template.

    A config says its schema in its first line as well, which is enough for other editors.
    """
    settings = {
        "python.defaultInterpreterPath": "${workspaceFolder}/.venv/bin/python",
        # Where runs have their kernels, so that relative paths of data hold.
        "jupyter.notebookFileRoot": "${workspaceFolder}",
        "yaml.schemas": dict(map(schema_setting, templates)),
        "files.exclude": {"**/.ipynb_checkpoints": True},
    }
    return json.dumps(settings, indent=2) + "\n"


def schema_setting(name: str) -> tuple[str, str]:
    """Return the path of a template's schema, and the configs that it is for.

    A base, which other configs extend, begins with an underscore and need not be complete.
    """
    return f"./.schema/{name}.json", f"params/{name}/**/[!_]*.yaml"


def with_schema(settings: str, name: str) -> str:
    """Return VS Code's settings with the schema of one more template, and all else as it is.

    Settings may hold comments, so that no reader of JSON can write them again.

    Examples
    --------
    >>> print(with_schema('{"a": 1, // one\\n "yaml.schemas": {"./.schema/b.json": "b/*"}}', "c"))
    {"a": 1, // one
     "yaml.schemas": {
        "./.schema/c.json": "params/c/**/[!_]*.yaml",
        "./.schema/b.json": "b/*"}}
    """
    schema, configs = schema_setting(name)
    if json.dumps(schema) in settings:
        return settings
    line = f"\n    {json.dumps(schema)}: {json.dumps(configs)}"
    block = re.search(r'"yaml\.schemas"\s*:\s*\{(\s*)(\}?)', settings)
    if block:
        rest = settings[block.start(2) :]
        end = "\n  " if block[2] else f",{block[1] if chr(10) in block[1] else f'{chr(10)}    '}"
        return f"{settings[: block.start(1)]}{line}{end}{rest}"
    start = settings.find("{") + 1
    if not start:
        return editor_settings([name])
    comma = "" if settings[start:].strip().startswith("}") else ","
    return f'{settings[:start]}\n  "yaml.schemas": {{{line}\n  }}{comma}{settings[start:]}'


def skeleton(name: str) -> str:
    """Return the notebook of a template that keeps the rules and runs, to be changed."""
    return _made("template.ipynb", name, "")


def template(content: str, name: str, root: Path) -> str:
    """Return a notebook as the template of this name: with its setup cell, and each line by itself.

    Parameters
    ----------
    content, name : str
    root : Path
        The project, whose repository the notebook names where it is known.
    """
    notebook = json.loads(content)
    for_colab(notebook, name, f"templates/{name}.ipynb", root)
    return written({**notebook, "cells": [in_lines(cell) for cell in notebook["cells"]]})


def first_config(name: str) -> str:
    """Return a config for the skeleton of this name."""
    return _CONFIG.format(name=name)


def requirement() -> str:
    """Return what installs this Fourfold again: from where it was installed.

    A folder or wheel of this machine is named as such: a project that is to be shared needs
    another address.
    """
    installed = distribution("fourfold")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    url = origin.get("url", "")
    if commit := origin.get("vcs_info", {}).get("commit_id"):
        return f"fourfold[data] @ git+{url}@{commit}"
    return f"fourfold[data] @ {url}" if url else f"fourfold[data]=={installed.version}"


def _made(made_from: str, name: str, source: str) -> str:
    text = (files("fourfold.author") / "skeletons" / f"{made_from}.in").read_text(encoding="utf-8")
    title = Path(name).name.replace("-", " ").replace("_", " ").capitalize()
    return text.replace("@NAME@", name).replace("@TITLE@", title).replace("@REQUIREMENT@", source)
