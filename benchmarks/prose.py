"""How the templates read: code in plain sight, short cells, more words than code.

Counted are the cells from the first section on, so neither parameters, setup nor imports. A code
cell is *plain* if it calls nothing of ours, by `ff.` or a name imported from `fourfold`, except
what records, saves, formats or concludes (`PLAIN`). Methods of an object that ours returned are
not seen. Words are those of Markdown cells without tables; a line of code is one with code in it.

    python benchmarks/prose.py [TEMPLATE.ipynb …]    ends with 1 if a bar is missed
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from fourfold.records.ipynb import read_notebook, syntax_tree, text

TEMPLATES = Path(__file__).parents[1] / "templates"
#: Calls of ours that record or format, so that a cell with them still shows the real tool.
PLAIN = {
    *("record", "save", "conclude", "keep_model"),
    *("number", "short", "listed", "style", "begin", "rerun"),
}
#: Templates of the course, of which more is asked.
COURSE = {"clustering", "classification", "regression", "starter"}
LIBRARIES = {"seaborn", "sklearn", "yellowbrick"}


@dataclass
class Count:
    """What one template shows."""

    plain: int = 0
    lines: list[int] = field(default_factory=list)
    words: int = 0
    libraries: set[str] = field(default_factory=set)
    ours: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of code cells that are plain."""
        return self.plain / max(len(self.lines), 1)


def names_by_library(trees: list[ast.Module]) -> dict[str, str]:
    """Return the library that each imported name comes from."""
    names = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for each in node.names:
                names[each.asname or each.name.split(".")[0]] = each.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {e.asname or e.name: node.module.split(".")[0] for e in node.names}
    return names


def calls_of_ours(tree: ast.Module, libraries: dict[str, str]) -> set[str]:
    """Return the names of ours in a cell that do more than record or format."""
    used = set()
    for node in ast.walk(tree):
        owner = node.value if isinstance(node, ast.Attribute) else node
        if isinstance(owner, ast.Name) and libraries.get(owner.id) == "fourfold":
            used.add(node.attr if isinstance(node, ast.Attribute) else owner.id)
    return used - PLAIN - {"ff"}


def count(path: Path) -> Count:
    """Count one template."""
    cells = read_notebook(path)["cells"]
    first = next(i for i, cell in enumerate(cells) if text(cell).startswith("## 1."))
    trees = {
        i: syntax_tree(re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", text(cell)))
        for i, cell in enumerate(cells)
        if cell["cell_type"] == "code"
    }
    libraries = names_by_library(list(trees.values()))
    counted, modeling = Count(), False
    for i, cell in enumerate(cells[first:], first):
        source = text(cell)
        if cell["cell_type"] == "markdown":
            prose = "\n".join(line for line in source.splitlines() if not line.startswith("|"))
            counted.words += len(re.findall(r"\w[\w'’-]*", prose))
            modeling = source.startswith("## 3.") if source.startswith("## ") else modeling
            continue
        code = [line for line in source.splitlines() if line.strip() and line.strip()[0] != "#"]
        counted.lines.append(len(code))
        ours = calls_of_ours(trees[i], libraries)
        counted.plain += not ours
        counted.ours += [f"{cell['id']}: {', '.join(sorted(ours))}"] if ours else []
        if modeling:
            used = {n.id for n in ast.walk(trees[i]) if isinstance(n, ast.Name)}
            counted.libraries |= {libraries[name] for name in used & libraries.keys()} & LIBRARIES
    return counted


def main(arguments: list[str]) -> int:
    """Print a line for each template and one for all, and which bars are missed."""
    listed = "-v" in arguments
    paths = [Path(each) for each in arguments if each != "-v"] or sorted(TEMPLATES.glob("*.ipynb"))
    counts = {path.stem: count(path) for path in paths}
    missed = []
    print(f"{'template':<16}plain  of cells  median lines  words per line  modeling shows")
    for name, each in counts.items():
        per_line = each.words / max(sum(each.lines), 1)
        shows = ", ".join(sorted(each.libraries)) or "none"
        median = statistics.median(each.lines)
        line = f"{name:<16}{each.share:>5.0%}{len(each.lines):>10}{median:>14}{per_line:>16.1f}"
        print(f"{line}  {shows}")
        if listed:
            print(*(f"    {line}" for line in each.ours), sep="\n")
        if name in COURSE and each.share < 0.6:
            missed.append(f"{name}: plain {each.share:.0%}, bar 60 %")
        if not each.libraries:
            missed.append(f"{name}: modeling shows none of {', '.join(sorted(LIBRARIES))}")
    lines = [n for each in counts.values() for n in each.lines]
    share = sum(each.plain for each in counts.values()) / len(lines)
    words = sum(each.words for each in counts.values()) / sum(lines)
    median = statistics.median(lines)
    print(f"{'all':<16}{share:>5.0%}{len(lines):>10}{median:>14}{words:>16.1f}")
    for what, wrong in (
        (f"all: plain {share:.0%}, bar 45 %", share < 0.45),
        (f"all: median cell of {median} lines, bar 5", median > 5),
        (f"all: {words:.1f} words per line of code, bar 9", words < 9),
    ):
        missed += [what] if wrong else []
    print(*(f"missed: {each}" for each in missed), sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
