"""The mutants of benchmarks/mutations: what is edited, what is kept of it, how it is counted."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import breaking
import harmless
import mutants
import numpy as np
import pytest
import study
import trials

from tiny_project import make_notebook

ROOT = Path(__file__).parents[1]
Edit = mutants.Edit

FACTS = mutants.Facts(
    kinds={"table": "DataFrame", "other": "DataFrame", "count": "int"},
    columns={"table": {"age": "f", "pay": "f"}},
    rows={"table": 10},
    given=("data",),
)


def edited(operator: Any, source: str) -> set[str]:
    """Return all that an operator makes of a cell."""
    names = frozenset({"table", "other", "count"})
    cell = mutants.Cell("c", source, FACTS, np.random.default_rng(0), names)
    return set(operator(cell))


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        (breaking.comparison, "a = b < c", {"a = (b >= c)"}),
        (breaking.comparison, "if a: b()", {"if (not a): b()"}),
        (breaking.comparison, 'f"{a:.1f} {a == 1}"', {"f'{a:.1f} {a != 1}'"}),
        (breaking.aggregate, "x.mean()", {"x.median()"}),
        (breaking.aggregate, 'x.agg(["std"])', {"x.agg(['var'])"}),
        (breaking.off_by_one, "x[:9]  # few", {"x[:10]  # few", "x[:8]  # few"}),
        (breaking.lost_filter, "a = b[b > 0]", {"a = b"}),
        (breaking.lost_filter, "a.dropna().sum()", {"a.sum()"}),
        (breaking.lost_filter, "[a for a in b if a]", {"[a for a in b]"}),
        (breaking.lost_filter, "t.iloc[:5, 1]", {"t"}),
        (breaking.constant, "f(x=True)", {"f(x=False)"}),
        (breaking.constant, "a = 0.5", {"a = 1.0", "a = 5.0", "a = 0.25"}),
        (breaking.argument, "f(a, b)", {"f(b, a)"}),
        (breaking.argument, "f(x=a, y=b)", {"f(x=b, y=a)"}),
        (breaking.keyword, "f(a, x=1)", {"f(a)"}),
        (breaking.arithmetic, "a = b + c", {"a = (b - c)"}),
        (breaking.arithmetic, "a = -b", {"a = b"}),
        (breaking.statement, "a = 1\nif a:\n    b()", {"if a:\n    b()", "a = 1", "a = 1\nif a:\n    pass"}),
        (breaking.metric, 'ff.record("r", x)', {'ff.record("r", (x * 1.01))'}),
        (breaking.label, 'ax.set(title="A", xlim=3)', {"ax.set(title='untitled', xlim=3)"}),
        (breaking.plot, "ax.bar(a, 1)", {"ax.bar((1.05 * a), 1)", "ax.bar(a[::-1], 1)", "ax.bar(a[1:], 1)"}),
        (breaking.plot, "np.sum(a)", set()),
        (breaking.seed, "f(seed)", {"f((seed + 1))"}),
        (breaking.seed, "f(random_state=0)", {"f(random_state=(0 + 1))"}),
        (breaking.variable, "a = table", {"a = other"}),
        (breaking.cell, "a = 1", {None}),
        (breaking.column, 'a["age"]', {"a['pay']"}),
        (harmless.digits, 'ff.record("r", x)', {'ff.record("r", (x * 1.000000000001))'}),
        (harmless.reformat, 'a="b"  # c', {"a = 'b'"}),
        (harmless.imports, "import os", {"import math\nimport os"}),
    ],
)  # fmt: skip
def test_operator_makes_its_edits_and_no_others(operator, source, expected):
    """Each operator edits every place of its kind, and leaves the rest as it was written."""
    assert edited(operator, source) == expected


def test_rows_and_columns_of_a_table_are_changed_where_it_is_assigned():
    """A row is dropped, columns swapped, a column made larger right after the assignment."""
    source = "table = load()\nshow(table)"
    (dropped,) = edited(breaking.row, source)
    assert re.fullmatch(
        r"table = load\(\)\ntable = table.drop\(table.index\[\d\]\)\nshow\(table\)", dropped
    )
    (swapped,) = edited(breaking.column, source)
    assert {"['age', 'pay']", "['pay', 'age']"} == set(re.findall(r"\['\w+', '\w+'\]", swapped))
    (larger,) = edited(breaking.metric, source)
    assert re.search(r"\ntable\['(age|pay)'\] = table\['\1'\] \* 1.01\n", larger)


def test_default_keeps_to_what_the_comment_allows_and_the_config_leaves_open():
    """Other defaults lie in the parameter's range; a parameter of the config and the seed stay."""
    source = (
        'data: str = "a | b"  # data: a | b\nmode: str = "x"  # how: x | y\n'
        "many: int = 3  # how many, 3..4\nseed: int = 0  # seed, 0.."
    )
    assert edited(breaking.default, source) == {
        source.replace('"x"', "'y'"),
        source.replace("many: int = 3", "many: int = 4"),
    }


@pytest.mark.parametrize("name", ["clustering", "starter"])
def test_every_operator_edits_the_templates(name):
    """On real templates every edit can be read by Python, and the setup cell is never touched."""
    template = json.loads((ROOT / "templates" / f"{name}.ipynb").read_text())
    for operators, parameters in ((breaking.OF_PARAMETERS, True), (breaking.OF_CODE, False)):
        for operator in operators:
            made = [
                mutants.edits("x", operator, template, FACTS, np.random.default_rng(3), parameters)
                for _ in range(2)
            ]
            assert made[0] == made[1], "not the same again with the same seed"
            assert made[0] or operator in (breaking.row, breaking.column, breaking.variable)
            for edit in made[0]:
                assert edit.cell not in ("setup", "injected-parameters")
                ast.parse(edit.after or "")


def test_applied_edits_one_cell_and_deletes_another():
    """The notebook itself is left as it was."""
    book = make_notebook([("code", "a", "x = 1"), ("code", "b", "y = 2")])
    fresh = mutants.applied(book, Edit("o", "a", "x = 1", "x = 3"), Edit("o", "b", "y = 2", None))
    assert [(cell["id"], cell["source"]) for cell in fresh["cells"]] == [("a", "x = 3")]
    assert [cell["source"] for cell in book["cells"]] == ["x = 1", "y = 2"]


def test_rename_reaches_fstrings_and_nothing_that_is_only_spelled_alike():
    """Attributes, keywords and strings keep their name."""
    source = 'mean = 1\nprint(f"mean {mean:.2f}", x.mean(), mean=mean)'
    assert harmless.renamed(source, "mean", "mean_2") == (
        "mean_2 = 1\nprint(f'mean {mean_2:.2f}', x.mean(), mean=mean_2)"
    )


def test_kept_replaces_what_the_edit_printed_and_refuses_any_other_change():
    """Of the cell's own outputs none may differ."""
    own = [harmless.stream("rows 3\n", "stdout")]
    added, other = harmless.stream("took 1 s\n", "stderr"), harmless.stream("took 9 s\n", "stderr")
    restate = harmless._restate(stderr="took 9 s\n")
    assert harmless.kept(restate, own, [added, *own]) == [other, *own]
    assert harmless.kept(restate, own, [*own, added]) == [*own, other]
    assert harmless.kept(restate, own, [added, harmless.stream("rows 4\n", "stdout")]) is None
    assert harmless.kept(restate, own, [other, *own]) is None, "nothing differs"
    assert harmless.kept(None, own, own) == own


SKELETON = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4,12})+|\d+(\.\d+)?")


@pytest.mark.parametrize("kind", ["duration", "uuid", "process", "port", "stderr order"])
def test_what_was_kept_of_a_snippet_has_the_form_of_what_it_prints(kind):
    """A reference of another execution differs in its numbers only, or in its order."""
    for snippet in harmless.NOISE[kind]:
        if snippet.code.startswith("%") or re.search(r"display|logging", snippet.code):
            continue
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exec(snippet.code, {})
        (stored,) = snippet.restate([])
        printed = out.getvalue() or err.getvalue()
        forms = [sorted(SKELETON.sub("#", text).split("\n")) for text in (printed, stored["text"])]
        assert printed != stored["text"]
        if kind != "stderr order":
            assert forms[0] == forms[1]
        else:
            assert sorted(printed.splitlines()) == sorted(stored["text"].splitlines())


def test_last_digits_move_by_a_part_in_a_million_millions():
    """Full-precision floats only; what is shown with few digits stays."""
    fresh = [harmless.stream("0.30000000000000004 and 0.25", "stdout")]
    (nudged,) = harmless._NUDGED(fresh)
    first, second = map(float, nudged["text"].split(" and "))
    assert 0 < abs(first / 0.3 - 1) < 2e-12
    assert second == 0.25


@pytest.mark.parametrize("rewrite", harmless._OF_FILE)
def test_a_rewritten_file_says_the_same(rewrite):
    """Outputs are those of the reference, though the file is another one."""
    book = make_notebook([("code", "a", "x\ny")])
    book["cells"][0] |= {"outputs": [harmless.stream("b\nc\n", "stdout")], "execution_count": 1}
    assert rewrite(book) != book
    assert trials.outputs_of(rewrite(book)) == trials.outputs_of(book)


def test_wilson_is_the_published_interval():
    """81 of 263 gives 25.53 to 36.62 % (Newcombe 1998, Stat. Med. 17, p. 862, method 3)."""
    low, high = study.wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_places_name_what_differs():
    """A deleted cell, an error, a picture and a text are told apart."""
    png, text = (
        {"output_type": "display_data", "data": {m: "x"}} for m in ("image/png", "text/plain")
    )
    before = {"a": [png], "b": [text], "c": [text], "d": []}
    after = {
        "a": [{**png, "data": {"image/png": "y"}}],
        "b": [{"output_type": "error"}],
        "d": [],
    }
    assert trials.places(before, after) == (("picture", "error", "cell"), ("a", "b", "c"))


def test_tiny_project_tells_breaking_from_equivalent_edits(project, config, tmp_path):
    """By execution: an edit that shows is kept, one that does not is discarded; ours catches it."""
    numbers = project / "numbers.csv"
    config(f"template: tiny\nparameters: {{count: 4, data: {numbers}}}\n", "tiny.yaml")
    folder = tmp_path / "trials"
    folder.mkdir()
    base = trials.read_base(project, "tiny", "params/tiny.yaml", folder)
    assert base.facts.kinds["values"] == "list"
    sources = {cell["id"]: cell["source"] for cell in base.template["cells"]}

    def edit(cell: str, old: str, new: str) -> Edit:
        return Edit("o", cell, sources[cell], sources[cell].replace(old, new))

    shows = edit("ingest-values", "scale * n", "scale + n")
    assert (
        trials.check_breaking(base, edit("ingest-values", "scale * n", "n * scale"), folder) is None
    )
    trial = trials.check_breaking(base, shows, folder)
    assert trial is not None
    assert set(trial.cells) == {"modeling-record", "conclusions-conclude"}
    assert trials.verdict("fourfold", trial, folder, folder).failed
    took = harmless.NOISE["duration"][0]
    change = edit("modeling-record", "ff.record('m", took.code + "\nff.record('m")
    printed = trials.check_harmless(base, harmless.Harmless("d", (change,), took.restate), folder)
    assert trials.check_harmless(base, harmless.Harmless("o", (shows,)), folder) is None
    assert printed is not None
    stored = trials.outputs_of(printed.reference)["modeling-record"][0]["text"]
    assert stored.startswith("took 1.83 s\n")
