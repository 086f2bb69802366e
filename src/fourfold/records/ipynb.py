"""A notebook as JSON: its cells, tags, sections and code."""

import ast
import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from fourfold.data.listing import text_of
from fourfold.errors import TemplateError

_PARSING = threading.Lock()
_TRIES = 5
SECTIONS = ("Ingest", "EDA", "Modeling", "Conclusions")
HEADING = re.compile(r"^## (?:(\d+)\. )?(.+?)\s*$", re.MULTILINE)
FIRST_LINE = "# parameters"
_GRAMMAR = "rfc3987_syntax"
_TEXTS = ("application/javascript", "image/svg+xml")
Notebook = dict[str, Any]


def defer_grammar() -> None:
    """Have this process compile the grammar of IRIs on first use, not when nbformat is imported.

    jsonschema, which nbformat imports, compiles it at once. That takes two seconds, and no schema
    of a notebook asks for it (https://github.com/python-jsonschema/jsonschema/issues/1428).
    """
    spec = None if _GRAMMAR in sys.modules else find_spec(_GRAMMAR)
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, module_from_spec(spec)

    def loaded() -> ModuleType:
        if vars(module).pop("__getattr__", None):
            loader.exec_module(module)
        return module

    module.is_valid_syntax = lambda *args: loaded().is_valid_syntax(*args)  # type: ignore[attr-defined]
    module.__getattr__ = lambda name: getattr(loaded(), name)  # type: ignore[method-assign]
    sys.modules[_GRAMMAR] = module


def syntax_tree(source: str) -> ast.Module:
    """Return the syntax tree of Python code, from one thread at a time.

    Python 3.11 counts the depth of the tree once for all threads: where the garbage collector
    lets another thread in, `ast.parse` raises SystemError (CPython issue 106905). A library may
    parse in its own thread, so that it is tried again.
    """
    with _PARSING:
        for _ in range(_TRIES):
            with suppress(SystemError):
                return ast.parse(source)
        return ast.parse(source)


def read_notebook(path: Path) -> dict[str, Any]:
    """Return the JSON of a notebook.

    Raises
    ------
    TemplateError
        If the file is missing or not a notebook; older formats are read as format 4.
    """
    try:
        notebook = json.loads(text_of(path))
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{path}: expected a notebook (JSON), got {error}") from error
    if isinstance(notebook, dict) and notebook.get("nbformat") in (1, 2, 3):
        notebook = _upgraded(notebook)
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
        raise TemplateError(f"{path}: expected a notebook of format 4")
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(
        isinstance(c, dict) and "cell_type" in c for c in cells
    ):
        raise TemplateError(f"{path}: expected a notebook with a list of cells, found none")
    notebook["metadata"] = notebook.get("metadata") or {}
    if wrong := next(filter(None, (_misshapen(cell) for cell in [notebook, *cells])), ""):
        raise TemplateError(f"{path}: expected a notebook of format 4; {wrong}")
    return notebook


def _misshapen(cell: Mapping[str, Any]) -> str:
    """Return what in a cell, or in a notebook, is not as its format has it; empty if all is."""
    metadata, source = cell.get("metadata") or {}, cell.get("source", "")
    if not isinstance(metadata, dict) or not _texts(metadata.get("tags") or []):
        return "expected metadata with tags that are texts"
    if not (isinstance(source, str) or _texts(source)) or not isinstance(cell.get("id", ""), str):
        return "expected text as source and as id of a cell"
    if not isinstance(cell.get("cell_type", ""), str):
        return f"expected a type of cell, got {cell['cell_type']!r}"
    outputs, attached = cell.get("outputs", []), cell.get("attachments", {})
    if not isinstance(outputs, list) or not all(map(_is_output, outputs)):
        return "expected outputs, each with its type and its data"
    bundles = isinstance(attached, dict) and all(
        isinstance(a, dict) and all(isinstance(v, str) or _texts(v) for v in a.values())
        for a in attached.values()
    )
    kernel = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    if not bundles or not all(isinstance(each, dict) for each in kernel):
        return "expected mappings as attachments, kernelspec and language_info"
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict):
        return False
    data, about = output.get("data", {}), output.get("metadata", {})
    if not isinstance(data, dict) or not isinstance(about, dict):
        return False
    said = [output.get(name, "") for name in ("name", "ename", "evalue")]
    shown = [value for kind, value in data.items() if not kind.endswith("json")]
    shown.append(output.get("text", ""))
    return (
        output.get("output_type") in ("stream", "display_data", "execute_result", "error")
        and all(isinstance(each, str) or _texts(each) for each in shown)
        and all(isinstance(each, str) for each in said)
        and _texts(output.get("traceback", []))
        and (output["output_type"] not in ("display_data", "execute_result") or "data" in output)
        and (output["output_type"] != "stream" or {"name", "text"} <= output.keys())
        and (output["output_type"] != "error" or {"ename", "evalue"} <= output.keys())
    )


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of an old format in format 4, without the random ids that it would get."""
    import nbformat

    try:
        new = nbformat.convert(nbformat.from_dict(notebook), 4)  # type: ignore[no-untyped-call]
    except Exception:  # which is that of no notebook, whatever it raises
        return {}
    content = dict(json.loads(json.dumps(new)))
    for cell in content["cells"]:
        cell.pop("id", None)
    return {**content, "nbformat_minor": min(content["nbformat_minor"], 4)}


def text(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell, which JSON keeps as a string or a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list((cell.get("metadata") or {}).get("tags") or [])


def parameters_index(notebook: Mapping[str, Any]) -> int | None:
    """Return the index of the parameters cell; Colab keeps no tags, so its first line counts."""
    code = [(i, c) for i, c in enumerate(notebook["cells"]) if c["cell_type"] == "code"]
    tagged = [i for i, cell in code if "parameters" in tags(cell)]
    spoken = [i for i, cell in code if text(cell).split("\n")[0].strip() == FIRST_LINE]
    return next(iter(tagged + spoken), None)


def sections(notebook: Mapping[str, Any]) -> list[str]:
    """Return for each cell the section it stands in; before the first, ``Setup``."""
    current, names = "Setup", []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (headings := HEADING.findall(text(cell))):
            current = headings[-1][1]
        names.append(current)
    return names


def code_trees(notebook: Mapping[str, Any]) -> Iterator[ast.Module]:
    """Yield the syntax tree of each code cell that is plain Python."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            lines = (line for line in text(cell).split("\n") if not line.lstrip().startswith("%"))
            try:
                yield syntax_tree("\n".join(lines))
            except SyntaxError:
                continue


def in_lines(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell with its source and the text of its outputs as lists of lines.

    So git shows which line was changed. Data that are JSON stay as they are.
    """
    new = {**cell, "source": text(cell).splitlines(keepends=True)}
    if "outputs" in cell:
        new["outputs"] = [_output_in_lines(output) for output in cell["outputs"]]
    return new


def _output_in_lines(output: Mapping[str, Any]) -> dict[str, Any]:
    new = dict(output)
    if isinstance(output.get("text"), str):
        new["text"] = output["text"].splitlines(keepends=True)
    if "data" in output:
        new["data"] = {
            mime: content.splitlines(keepends=True)
            if isinstance(content, str) and (mime.startswith("text/") or mime in _TEXTS)
            else content
            for mime, content in output["data"].items()
        }
    return new


def written(notebook: Notebook) -> str:
    """Return a notebook as the text of its file, as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
