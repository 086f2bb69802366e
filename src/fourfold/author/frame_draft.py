"""From a table in a notebook to a config of its own: `ff.new`."""

from pathlib import Path

import pandas as pd

from fourfold.author.config_draft import drafts, rejected_rows, suited_template
from fourfold.author.names import check_name
from fourfold.author.survey import survey
from fourfold.author.understood import understood
from fourfold.errors import FourfoldError
from fourfold.project import find_root, shown

FOLDER = "data"


def new(
    frame: pd.DataFrame, name: str, target: str = "", template: str = "", question: str = ""
) -> pd.DataFrame:
    """Write a table to ``data/NAME.parquet``, and a config and a contract for it.

    As ``fourfold new``, for a table that is in memory; then ``fourfold run`` executes the config.

    Parameters
    ----------
    frame : DataFrame
        Its index is kept as columns where it has a name.
    name : str
        Of the config: a-z, 0-9, - and _.
    target : str
        Column to predict; empty: none.
    template, question : str
        Empty: the template that suits the table, and a plain question.

    Returns
    -------
    DataFrame
        What was understood of each column.

    Raises
    ------
    FourfoldError
        If the name is none for a config, there is a file of that name already, or nothing can be
        drafted; no file is left then.
    """
    root = find_root(Path.cwd())
    data = root / FOLDER / f"{name}.parquet"
    check_name(name)
    if data.exists():
        raise FourfoldError(
            f"{shown(data, root)}: expected no file of that name; take another name"
        )
    named = frame if frame.index.names == [None] else frame.reset_index()
    written: list[Path] = []
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        written.append(data)
        named.rename(columns=str).to_parquet(data, index=False)
        table = survey(shown(data, root), "", root, target)
        suited = suited_template(template, table)
        texts = drafts(name, suited, table, root, question)
        for path, text in texts.items():
            if path.exists():
                raise FourfoldError(
                    f"{shown(path, root)}: expected no file of that name; take another name"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_text(text, encoding="utf-8")
        rejected_rows(table, texts)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    print(*(f"wrote {shown(path, root)}" for path in written), sep="\n")
    print(f"next:  fourfold run {shown(written[-1], root)}")
    return pd.DataFrame(
        {
            line.name: {
                "type": line.kind,
                "unit": line.unit,
                "missing": line.missing,
                "role": line.role,
                "why": line.said,
            }
            for line in understood(table, suited)
        }
    ).T
