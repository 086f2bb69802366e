"""Execute the guide and the recipes from top to bottom; compare what comes with what they show.

``python docs/execute.py [--accept] [PAGE]...``; ``--accept`` writes what comes into the pages.
A page holds three kinds of blocks that are executed, in their order, in a folder of its own:

- ``console``: each line ``$ command`` is run by bash; the lines below it are its output, where
  a line ``…`` stands for any number of lines. A command that fails is followed by ``$ echo $?``.
- any with ``title=PATH``: the file PATH is written, with this content.
- ``python cell=PATH#ID``: the cell ID of the notebook PATH gets this source.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from markdown_it import MarkdownIt

GUIDE = Path(__file__).parent / "guide"
RECIPES = GUIDE.with_name("recipes.md")
AT_ONCE = 2
LONGEST_S = 300
#: What differs from run to run, and what stands for it when two outputs are compared.
MASKS = (
    (r"^\d\d:\d\d:\d\d (.*), \d+ workers?, .*", r"<time> \1"),
    (r"^\d\d:\d\d:\d\d ", "<time> "),
    (r"\babout [\d a-z]+ left", "about # left"),
    (r"\b\d+(?:\.\d+)?(?:e-?\d+)? ?(s|ms|min|kB|MB|GB|Wh)\b", r"# \1"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?", "<time>"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:#"),
    (r"\b[0-9a-f]{12,64}\b", "<digest>"),
)
#: A run that has ended, and the error below it.
PROGRESS = re.compile(r"\d+(/\d+ )|      (?=\S)")
ANY = "…"


class PageError(Exception):
    """A page of the guide is not what it must be; the message names page, line and remedy."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its option as in ``title=PATH``, its lines and where they begin."""

    kind: str
    option: str
    value: str
    lines: tuple[str, ...]
    start: int


@dataclass(frozen=True)
class State:
    """Where the next command begins: its folder, and the exit code of the last one."""

    folder: Path
    status: int = 0


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text; `start` counts lines from 0."""
    found = []
    for token in MarkdownIt().parse(text):
        if token.type == "fence" and token.map:
            kind, _, rest = token.info.partition(" ")
            option, _, value = rest.strip().partition("=")
            lines = tuple(token.content.splitlines())
            found.append(Block(kind, option, value, lines, token.map[0] + 1))
    return found


def masked(output: str) -> list[str]:
    """Return the lines of an output without what differs from run to run.

    Examples
    --------
    >>> masked("2/2 ok b 3.1 s\\n1/2 ok a 0.4 s\\n")
    ['#/2 ok a # s', '#/2 ok b # s']
    """
    timed = re.search(r"(?m) seconds$", output)
    lines = []
    for line in output.splitlines():
        line = line.rstrip()
        # Which run took most memory differs as well.
        line = (
            re.sub(r" \(.*?\)|\d[\d.]*", "#", line) if line.startswith(("cost:", "time:")) else line
        )
        for pattern, instead in MASKS:
            line = re.sub(pattern, instead, line)
        lines.append(re.sub(r" +\d+\.\d$", " #", line) if timed else line)
    # Runs end in any order.
    grouped: list[str] = []
    for progress, group in groupby(lines, lambda line: bool(PROGRESS.match(line))):
        told = list(group)
        grouped += (
            sorted(PROGRESS.sub(r"#\1", each, count=1) for each in told) if progress else told
        )
    return grouped


def agrees(shown: str, output: str) -> bool:
    """Say whether an output is what a page shows, where ``…`` is any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == ANY else re.escape(line) + r"\n" for line in masked(shown)
    )
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in masked(output))))


def call(command: str, state: State, home: Path) -> tuple[str, State]:
    """Return what a command prints, both streams as they come, and the state after it."""
    # In CI pytest cuts no line; a page shows what a reader sees.
    left_out = ("FOURFOLD_", "PYTEST_", "CI", "BUILD_NUMBER")
    kept = {n: v for n, v in os.environ.items() if not n.startswith(left_out)}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    plain = {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    told = home.with_name("folder")
    script = f"trap 'pwd > \"{told}\"' EXIT\n(exit {state.status})\n{command}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=state.folder,
        env={**kept, **plain},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_S,
        encoding="utf-8",
    )
    output = done.stdout.replace(str(home), "~")
    return output, State(Path(told.read_text(encoding="utf-8").strip()), done.returncode)


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block, and the output that the page shows."""
    for part in re.split(r"(?m)^\$ ", "\n".join(block.lines))[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.rstrip("\n") + "\n" if shown.strip() else ""


def write_file(block: Block, folder: Path) -> None:
    """Write the file, or the cell of a notebook, that a block shows."""
    name, _, cell = block.value.partition("#")
    path = folder / name
    text = "\n".join(block.lines)
    if block.option == "title":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
        return
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (found,) = [each for each in notebook["cells"] if each["id"] == cell]
    found["source"] = text
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def executed(block: Block, state: State, home: Path, where: str) -> tuple[list[str], State]:
    """Return the lines of a console block with the outputs that came, and the state after it."""
    lines: list[str] = []
    asked = [command for command, _ in commands(block)]
    for (command, shown), following in zip(commands(block), [*asked[1:], ""], strict=True):
        output, state = call(command, state, home)
        if state.status and not following.startswith("echo $?"):
            told = f"expected exit code 0, or `$ echo $?` as the next command, got {state.status}"
            raise PageError(f"{where}: `{command}`: {told}\n{output}")
        kept = shown if agrees(shown, output) else output
        lines += [f"$ {command}", *(line.rstrip() for line in kept.splitlines())]
    return lines, state


def execute(page: Path) -> str:
    """Return the text of a page with the outputs that its commands give now.

    An output that agrees with what the page shows is kept as it is shown.

    Raises
    ------
    PageError
        If a command fails and the page does not show its exit code.
    """
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()
    with TemporaryDirectory(prefix="guide-") as made:
        home = Path(made).resolve() / "home"
        home.mkdir()
        state, shift = State(home), 0
        for block in blocks(text):
            if block.option in ("title", "cell"):
                write_file(block, state.folder)
            elif block.kind == "console":
                where = f"{page.name}:{block.start + 1}"
                new, state = executed(block, state, home, where)
                start = block.start + shift
                lines[start : start + len(block.lines)] = new
                shift += len(new) - len(block.lines)
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Result:
    """What became of a page: its text before and after, what went wrong, and how long it took."""

    page: Path
    before: str
    after: str
    wrong: str
    duration_s: float

    @property
    def difference(self) -> str:
        """Return what the page shows and what came, as a unified diff."""
        before, after = self.before.splitlines(), self.after.splitlines()
        return "\n".join(unified_diff(before, after, self.page.name, "what came", lineterm=""))


def result(page: Path) -> Result:
    """Execute a page; what goes wrong is told, not raised."""
    begun, text = time.perf_counter(), page.read_text(encoding="utf-8")
    found = Result(page, text, text, "", 0.0)
    try:
        found = replace(found, after=execute(page))
    except (PageError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        found = replace(found, wrong=str(error))
    return replace(found, duration_s=time.perf_counter() - begun)


def _kernels(page: Path) -> int:
    """Return how many commands of a page start kernels: run, regress and reference."""
    return page.read_text(encoding="utf-8").count("$ fourfold r")


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute pages; return 1 if one shows what does not come."""
    parser = argparse.ArgumentParser(description="Execute the pages of the guide.")
    parser.add_argument("--accept", action="store_true", help="write what comes into the pages")
    parser.add_argument("pages", nargs="*", type=Path, help="by default the guide and the recipes")
    given = parser.parse_args(arguments)
    pages = given.pages or [*sorted(GUIDE.glob("*.md")), RECIPES]
    pages = sorted(pages, key=_kernels, reverse=True)  # the longest first: the two end together
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(result, pages):
            print(f"{found.page.name}: executed in {found.duration_s:.1f} s", flush=True)
            if found.wrong:
                print(found.wrong)
            elif found.before != found.after:
                print(found.difference)
                if given.accept:
                    found.page.write_text(found.after, encoding="utf-8")
                    continue
                print(f"{found.page.name}: --accept takes what came into the page")
            failed += bool(found.wrong) or found.before != found.after
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
