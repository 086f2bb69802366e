"""What editors leave in a notebook beside code, text and outputs; some of it names a person."""

import ast
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from fourfold.records.ipynb import Notebook, syntax_tree, tags, text

#: Tags, and ids, of cells that a run puts into a notebook, and its template does not have.
ADDED = ("injected-parameters", "four-quarters")
# Of Colab, Kaggle, Deepnote, Databricks, Azure; `id` is Colab's, which leaves out that of the cell.
_LEFT = re.compile(
    r"executionInfo|colab(_type)?|outputId|cellView|id|base_uri|height|resources|accelerator"
    r"|gpuClass|referenced_widgets|gather|nteract|microsoft|kaggle|trusted|_uuid|_cell_guid"
    r"|_kg_.*|deepnote.*|application/vnd\.databricks.*"
)
# Whatever an entry is called, if these are in it, it is about a person.
_PERSONAL = {"user", "userId", "displayName", "photoUrl", "authorship_tag", "userEmail", "email"}
_OURS = ("fourfold", "kernelspec", "language_info", "authors", "tags")
_GITHUB = "view-in-github"
_OF_COLAB = "application/vnd.google.colaboratory."
_DATA_FRAME = re.compile(r"<div>\n<style scoped>.*?</table>\n(?:<p>[^<]*</p>\n?)?</div>", re.DOTALL)
# pandas shows a series as text alone.
_SERIES = re.compile(r"</div><br><label><b>dtype:</b> [^<]*</label>\s*$")
_CALLED = re.compile(r"\brerun\s*\(")
_ALIAS = re.compile(r"\bimport fourfold as (\w+)")
_IMPORTED = re.compile(r"\bfrom fourfold import [^\n]*\brerun\b")
_MAGIC = re.compile(r"^\s*%+\w+[ \t]*", re.MULTILINE)


def impersonal(notebook: Notebook) -> bool:
    """Take out, in place, what editors leave; say whether anything changed.

    Cells take their id from Colab's metadata if they have no other. Outputs stay, without what
    Colab adds to them for its own page.
    """
    cells = [cell for cell in notebook["cells"] if not _badge(cell)]
    changed = len(cells) < len(notebook["cells"])
    notebook["cells"] = cells
    for cell in cells:
        metadata = cell.get("metadata") or {}
        if not cell.get("id") and isinstance(metadata.get("id"), str):
            cell["id"] = metadata["id"]
            notebook["nbformat_minor"] = max(5, notebook.get("nbformat_minor", 5))
        changed |= _strip(metadata)
        for output in list(cell.get("outputs", [])):
            changed |= _strip(output.get("metadata") or {})
            if _plain_data(output.get("data") or {}):
                changed = True
                if not output["data"]:  # which is then Colab's alone
                    cell["outputs"].remove(output)
    return _strip(notebook.get("metadata") or {}) or changed


def left(notebook: Mapping[str, Any]) -> Iterator[tuple[int | None, str]]:
    """Yield what editors have left that tells of a person or a place: index of a cell, and name."""
    for index, cell in enumerate(notebook["cells"]):
        if _badge(cell):
            yield index, _GITHUB
        yield from ((index, name) for name in _leftovers(cell.get("metadata") or {}))
    yield from ((None, name) for name in _leftovers(notebook.get("metadata") or {}))


def _leftovers(metadata: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, value in metadata.items()
        if name not in _OURS and (_LEFT.fullmatch(name) or _personal(value))
    ]


def _strip(metadata: dict[str, Any]) -> bool:
    names = _leftovers(metadata)
    for name in names:
        del metadata[name]
    return bool(names)


def _personal(value: Any) -> bool:
    if isinstance(value, Mapping):
        return bool(_PERSONAL & value.keys()) or any(map(_personal, value.values()))
    return isinstance(value, list) and any(map(_personal, value))


def _badge(cell: Mapping[str, Any]) -> bool:
    """Say whether this is the cell that Colab puts above notebooks that it saves to GitHub."""
    ids = (cell.get("id"), (cell.get("metadata") or {}).get("id"))
    link = text(cell).strip().startswith('<a href="https://colab.research.google.com/github/')
    return _GITHUB in ids or (cell["cell_type"] == "markdown" and link)


def _plain_data(data: dict[str, Any]) -> bool:
    """Take out what Colab adds to the data of an output: its own types, buttons around a table."""
    names = [mime for mime in data if mime.startswith(_OF_COLAB)]
    for mime in names:
        del data[mime]
    html = data.get("text/html", "")
    html = html if isinstance(html, str) else "".join(html)
    if _SERIES.search(html):
        del data["text/html"]
        return True
    if "colab-df-" in html and (table := _DATA_FRAME.search(html)):
        data["text/html"] = table[0].splitlines(keepends=True)
        return True
    return bool(names)


def added(cell: Mapping[str, Any]) -> bool:
    """Say whether a run has put this cell into the notebook; Colab may lose its tag."""
    return bool({*tags(cell), cell.get("id")} & {*ADDED})


def reruns(notebook: Mapping[str, Any]) -> Iterator[tuple[int, bool]]:
    """Yield each cell that calls ``ff.rerun``: its index, and whether it does nothing else."""
    calling = [i for i, cell in enumerate(notebook["cells"]) if _CALLED.search(text(cell))]
    code = "\n".join(text(c) for c in notebook["cells"] if c["cell_type"] == "code")
    ours = {"ff", "fourfold", *_ALIAS.findall(code)} if calling else set()
    plain = bool(_IMPORTED.search(code)) if calling else False

    def calls(node: ast.AST) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="rerun")):
                return name in ours
            case ast.Call(func=ast.Name(id="rerun")):
                return plain
        return False

    for index in (i for i in calling if notebook["cells"][i]["cell_type"] == "code"):
        try:
            body = syntax_tree(_MAGIC.sub("", text(notebook["cells"][index]))).body
        except SyntaxError:
            continue
        those = [node for node in body if any(map(calls, ast.walk(node)))]
        if those:
            yield index, all(_unnamed(node) if node in those else _import(node) for node in body)


def _unnamed(node: ast.AST) -> bool:
    """Say whether a statement leaves no name that other cells may use."""
    return isinstance(node, ast.Expr | ast.For) or (
        isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["_"]
    )


def _import(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=[ast.alias(name="fourfold")]) | ast.ImportFrom(module="fourfold"):
            return True
    return False


def adopt(edited: Notebook, known: Mapping[str, Any]) -> None:
    """Give cells without an id of `known` that of the cell there that they are, in place.

    It is the one with the same source in the same order; between two of those, the one in the
    same place. An editor that keeps no ids gives new ones with each save.
    """
    old, new = ([(cell["cell_type"], text(cell)) for cell in nb["cells"]] for nb in (known, edited))
    ids = [cell.get("id") for cell in known["cells"]]
    free = {*ids} - {cell.get("id") for cell in edited["cells"]}
    if not free:
        return
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and i2 - i1 == j2 - j1):
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                cell = edited["cells"][j]
                if ids[i] in free and cell.get("id") not in ids and old[i][0] == new[j][0]:
                    cell["id"] = ids[i]
