"""What `fourfold new` shows of a table, and what it asks."""

from dataclasses import replace

import typer
from rich.table import Table

from fourfold.author.survey import Survey
from fourfold.author.understood import understood
from fourfold.cli.options import console
from fourfold.data.coerce import READ
from fourfold.errors import DataError, did_you_mean
from fourfold.methods.columns import frequencies
from fourfold.methods.supervised import evaluation
from fourfold.records.formatting import short

#: Columns shown; those with something to say come before others.
_MOST = 40


def show(table: Survey, template: str) -> None:
    """Print a line for each column: type, unit, missing values, role, and why."""
    lines = understood(table, template)
    telling = [line for line in lines if line.said]  # a target always says its values
    chosen = {line.name for line in [*telling, *lines][: _MOST if len(lines) > _MOST else None]}
    shown = Table(box=None, header_style="bold", pad_edge=False, expand=False)
    shown.add_column("column", overflow="fold", max_width=24)
    for head in ("type", "unit", "missing", "role"):
        shown.add_column(head, no_wrap=True)
    shown.add_column("why", overflow="fold")
    for line in lines:
        if line.name in chosen:
            missing = f"{100 * line.missing:.0f} %" if line.missing >= 0.005 else ""
            missing = missing or ("few" if line.missing else "")
            cells = (short(line.name), line.kind, line.unit, missing, line.role, line.said)
            shown.add_row(*map(_plain, cells))
    console.print(shown)
    if left := len(lines) - len(chosen):
        console.print(f"and {left:,} more columns")
    if whole := table.frame.attrs.get(READ, {}).get(""):
        console.print(f"the file: {_plain(whole)}")
    console.print(f"template: {template}, since {_reason(table, template)}")


def answered(table: Survey, template: str) -> Survey:
    """Ask what only a person can know: the target, what belongs together, the class to be found."""
    if not table.target and template in ("", "starter", "classification", "regression"):
        table = replace(table, target=_target(table))
    if not table.target:
        return table
    parameter, column = table.division
    if parameter == "groups":
        asked = f"Rows of one {column} belong together: test on others than those learned from?"
        table = replace(table, grouped=typer.confirm(asked, default=True))
    counts = frequencies(table.goal)
    if evaluation.task(table.goal) == "classification" and len(counts) == 2:
        classes = [str(value) for value in counts.index]
        answer = typer.prompt(f"Which is to be found: {' or '.join(classes)}?", classes[-1])
        while answer not in classes:
            answer = typer.prompt(f"Expected {' or '.join(classes)}, got {answer!r}", classes[-1])
        table = replace(table, positive=answer)
    return table


def _target(table: Survey) -> str:
    names = list(map(str, table.columns.index))
    others = f" and {len(names) - _MOST} others" if len(names) > _MOST else ""
    columns = f"columns: {', '.join(map(short, names[:_MOST]))}{others}"
    console.print(columns, markup=False, highlight=False)
    while True:
        answer = str(typer.prompt("Column to predict (Enter: none)", "", show_default=False))
        if not answer or answer in names:
            try:
                if answer:
                    _ = replace(table, target=answer).goal
                return answer
            except DataError as error:
                console.print(_plain(str(error)))
        else:
            console.print(f"no column {answer!r}.{did_you_mean(answer, names)}", markup=False)


def _reason(table: Survey, template: str) -> str:
    if not table.target:
        numbers = len(table.of_kind("number"))
        reasons = {
            "clustering": f"no column is to be predicted and {numbers} hold numbers",
            "starter": "no column is to be predicted",
        }
        return reasons.get(template, "you asked for it")
    different = table.goal.nunique()
    what = "classes" if evaluation.task(table.goal) == "classification" else "quantities"
    if template == "starter":
        return "you asked for it"
    few = "" if what == "quantities" else f" {different}"
    return f"{short(table.target)} has{few} {what}"


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
