"""The tools behind the docs: pages that execute themselves, links, recipes, the site."""

from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from axe_playwright_python.sync_playwright import Axe

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(DOCS))

import build  # noqa: E402
import execute  # noqa: E402
import links  # noqa: E402
import reference  # noqa: E402

RECIPES = (DOCS / "recipes.md").read_text(encoding="utf-8")
PAGE = """\
# A page

```text title=data/words.txt
b
a
```

```console
$ sort data/words.txt
a
b
$ cd data
$ ls nothing 2> /dev/null
$ echo $?
2
$ cat words.txt | head -1; echo took 1.5 s
b
took 0.3 s
```
"""


def commands_of_fourfold() -> set[str]:
    """Names of all commands."""
    from fourfold.cli.main import app

    return set(typer.main.get_command(app).commands)


@pytest.fixture
def page(tmp_path):
    """Write a page of these words, and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_page_that_shows_what_comes_is_kept(page):
    """Files are written, the folder and the exit code last from command to command, times may differ."""
    assert execute.main([str(page(PAGE))]) == 0


def test_a_page_that_shows_something_else_fails(page, capsys):
    """With a difference; --accept writes what came, and nothing else."""
    path = page(PAGE.replace("a\nb\n$", "a\nc\n$"))
    assert execute.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert "-c\n+b\n" in said
    assert "--accept takes what came into the page" in said
    assert execute.main(["--accept", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize(
    ("command", "told"),
    [("ls nothing", "page.md:9: `ls nothing`: expected exit code 0"), ("exit 3", "got 3")],
)
def test_a_command_that_fails_unseen_fails_the_page(page, capsys, command, told):
    """A page shows the exit code of what it shows to fail, so that --accept accepts no accident."""
    assert execute.main(["--accept", str(page(PAGE.replace("sort data/words.txt", command)))]) == 1
    assert told in capsys.readouterr().out


def test_a_cell_of_a_notebook_is_replaced(page):
    """By its id."""
    text = """```json title=n.ipynb
{"cells": [{"id": "a", "source": "1"}, {"id": "b", "source": "2"}]}
```
```python cell=n.ipynb#b
x = "ä"
```
```console
$ python -c "import json; print([c['source'] for c in json.load(open('n.ipynb'))['cells']])"
['1', 'x = "ä"']
```
"""
    assert execute.main([str(page(text))]) == 0


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nb\nc\n", False),
        ("…\nd\n", "d\n", True),
        ("mean 5.84\n", "mean 5.85\n", False),
        ("10 passed in 8.82s\n", "10 passed in 9.1s\n", True),
        ("run  seconds\na  ok  1.5\n", "run  seconds\na  ok  12.5\n", True),
        ("run  mean\na  ok  1.5\n", "run  mean\na  ok  12.5\n", False),
        ("1/2 ok a 1 s\n2/2 ok b 1 s\n", "1/2 ok b 2 s\n2/2 ok a 2 s\n", True),
        ("cost: 1 s CPU, at most 2 MB (a)\n", "cost: 3 s CPU, at most 4 MB (b)\n", True),
        ("", "anything\n", False),
    ],
)
def test_what_may_differ(shown, output, same):
    """Times, sizes and the order of runs; a result never."""
    assert execute.agrees(shown, output) is same


def test_every_page_is_executed_and_shows_an_error():
    """Eight pages of the guide; each shows a command that fails."""
    pages = sorted(execute.GUIDE.glob("*.md"))
    assert [path.name[0] for path in pages] == list("12345678")
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert "## When something is wrong" in text, path.name
        assert re.search(r"^\$ echo \$\?\n[12]$", text, re.MULTILINE), path.name


def test_every_command_of_the_docs_exists():
    """Whatever a page, a workflow or a DAG calls."""
    texts = [path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")]
    called = {name for text in texts for name in re.findall(r"(?m)^\$ fourfold ([\w-]+)", text)}
    called |= set(re.findall(r'bash_command="fourfold ([\w-]+)', RECIPES))
    assert {"plan", "run", "regress", "new-template"} <= called <= commands_of_fourfold()


def recipe(option: str) -> str:
    """Content of the file that the recipes write under this name."""
    (found,) = [b for b in execute.blocks(RECIPES) if b.value == option]
    return "\n".join(found.lines) + "\n"


def test_the_dag_is_python_and_its_tasks_follow_each_other():
    """It compiles, and checks before it runs."""
    tree = ast.parse(recipe("dags/shop.py"))
    tasks = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and "Bash" in ast.unparse(n.func)]
    given = [
        {k.arg: ast.literal_eval(k.value) for k in t.keywords if k.arg == "bash_command"}
        for t in tasks
    ]
    assert [each["bash_command"] for each in given] == [
        "fourfold plan",
        "fourfold run",
        "fourfold regress",
    ]
    assert "check >> run >> test" in ast.unparse(tree)


def test_the_line_of_cron_has_five_times_and_no_percent():
    """Cron takes a percent sign for the end of the command."""
    fields = recipe("crontab.txt").split(" ", 5)
    assert all(re.fullmatch(r"[\d*,/-]+", field) for field in fields[:5])
    assert "%" not in fields[5]
    assert subprocess.run(["sh", "-n", "-c", fields[5]], check=False).returncode == 0


def test_links_of_the_sources():
    """Every relative link and anchor leads somewhere; those to the outside are well formed."""
    assert links.check_sources() == []


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("b.md", ""),
        ("b.md#two-words", ""),
        ("b.md#two-words-1", ""),
        ("#a", ""),
        (".", ""),
        ("https://example.org/x", ""),
        ("c.md", "expected a file or folder"),
        ("b.md#three", "expected a heading"),
        ("#b", "expected a heading"),
        ("https://example", "expected an address"),
        ("htp://example.org", "expected an address"),
    ],
)
def test_links_are_checked(tmp_path, link, wrong):
    """Files, anchors as GitHub makes them, addresses."""
    (tmp_path / "a.md").write_text(f"# A\n[x]({link})\n")
    (tmp_path / "b.md").write_text("# B\n## Two `words`!\n## Two words\n")
    (found,) = links.in_markdown((tmp_path / "a.md").read_text())
    assert found == link
    told = links.complaint(link, tmp_path / "a.md")
    assert told.startswith(wrong)
    assert bool(told) == bool(wrong)


def test_links_in_html_are_found():
    """Pictures in a table of the README, say."""
    assert links.in_markdown('<td>\n\n<img src="a.png">\n\nx <a href="b">c</a>') == ["a.png", "b"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    assert build.build(folder) > 30
    return folder


def test_the_site_leads_nowhere_wrong(site):
    """Neither a link nor an anchor, and it loads nothing from a network."""
    assert links.check_site(site) == []
    (site / "broken.html").write_text(
        '<a href="gone.html">x</a><script src="https://example.org/x.js"></script>'
    )
    assert len(links.check_site(site)) == 2
    (site / "broken.html").unlink()


def test_the_reference_names_what_is_public():
    """Each name of fourfold.__all__, each command with its options, each parameter of a template."""
    import fourfold

    pages = reference.pages()
    python = pages["docs/reference/python.md"]
    methods = pages["docs/reference/clustering.md"]
    assert all(f"\n## {name}\n" in methods for name in ("choose_k", "KElbowVisualizer"))
    for name in fourfold.__all__:
        called = name in fourfold.CALLS
        assert (f"## ff.{name}\n" in python) == called, name
        assert (f"docs/reference/{name}.md" in pages) != called, name
    assert "ci : tuple" not in python
    commands = pages["docs/reference/command-line.md"]
    assert set(re.findall(r"(?m)^## fourfold ([\w-]+)$", commands)) == commands_of_fourfold()
    assert "| `--workers N\\|auto` | `auto` | Runs at a time. |" in commands
    assert "| `k_max` | `int` |" in pages["docs/reference/templates.md"]


def test_pages_of_the_site_open(site, browser_page):
    """Without an error or a barrier; the navigation marks the page, all fits on a phone."""
    browser_page.set_viewport_size({"width": 390, "height": 800})
    for name in (
        "index.html",
        "docs/guide/4-batches.html",
        "docs/errors.html",
        "docs/gallery.html",
        "docs/search.html",
        "docs/reference/clustering.html",
    ):
        browser_page.goto((site / name).as_uri())
        assert browser_page.locator("main h1").count() == 1
        assert browser_page.locator("nav.pages [aria-current]").count() == (name != "index.html")
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
        rows = {"exclude": ["tbody tr:nth-child(n+6)"]}  # of hundreds that are alike
        found = Axe().run(browser_page, rows, {"preload": False}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_the_site_is_searched(site, browser_page):
    """Sections with all words; a hit leads to its heading."""
    browser_page.goto((site / "docs/search.html").as_uri())
    browser_page.get_by_label("Words").fill("champion alias")
    hits = browser_page.locator("#hits a")
    hits.nth(1).wait_for()
    assert any(
        "recipes.html#mlflow" in hits.nth(n).get_attribute("href") for n in range(hits.count())
    )
    hits.first.click()
    browser_page.locator("main h1").wait_for()
    browser_page.goto((site / "docs/search.html").as_uri())
    browser_page.get_by_label("Words").fill("xyzzy")
    browser_page.locator("#count", has_text="0 sections").wait_for()


def test_the_gallery_has_ten_reports(site, browser_page):
    """Each with a question, a picture and a report that opens."""
    browser_page.goto((site / "docs/gallery.html").as_uri())
    assert browser_page.locator("main h2").count() == 10
    assert browser_page.evaluate("[...document.images].every((i) => i.naturalWidth > 0)")
    browser_page.get_by_role("link", name="The report").first.click()
    browser_page.locator("#result").wait_for()


def test_the_page_on_architecture_names_what_exists():
    """Each dotted name, such as `plan.config.read_config`, is a module, function or class."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.name for path in (ROOT / "src" / "fourfold").iterdir() if path.is_dir()}
    names = [n for n in re.findall(r"`([a-z_]+(?:\.\w+)+)`", text) if n.split(".")[0] in rooms]
    assert len(names) > 20
    for name in names:
        assert pkgutil.resolve_name(f"fourfold.{name}"), name
    for room in rooms - {"__pycache__"}:
        assert re.search(rf"\b{room}\b", text), room
