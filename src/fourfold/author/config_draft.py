"""The draft of a config: the result of a survey, written to be changed."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap

from fourfold.author.contract_draft import contract_text
from fourfold.author.survey import Survey, suits, template_for
from fourfold.author.understood import understood
from fourfold.data.coerce import READ
from fourfold.data.contract import check
from fourfold.data.yamltext import scalar
from fourfold.methods.columns import frequencies, kind
from fourfold.methods.supervised.entities import FEWEST, times
from fourfold.plan.plan import plan
from fourfold.project import find_root
from fourfold.records.formatting import number, short

#: More missing values than this are worth a comment.
_OFTEN_MISSING = 0.2
_WIDTH = 92
#: Columns about whose reading a config says something.
_MOST_NOTES = 12
#: More values are no grouping that anybody knows.
_MOST_GROUPS = 12
_QUESTIONS = {
    "clustering": "Do the rows of {data} fall into groups, and what is typical of each?",
    "starter": "What is in {data}?",
    "starter target": "Do the other columns of {data} help to predict {target}?",
    "classification": "How well do the other columns of {data} predict {target}?",
    "regression": "How well do the other columns of {data} predict {target}?",
    "quality": "Can {data} be used as it comes?",
    "routes": "What is the shortest round trip through the places of {data}?",
}
#: Criteria that anybody may begin with, and what they say.
_SUCCESS = {
    "clustering": {
        "clusters": (">= 2", "groups with sparse borders; see section 3"),
        "stability": (">= 0.75", "the weakest group comes again in resamples"),
    },
    "starter": {"missing share": ("<= 0.2", "of all cells")},
    "starter target": {"gain": ("> 0", "better than always answering the same")},
    "classification": {
        "auc": (">= 0.7", "0.5 is chance, 1 is perfect"),
        "saving": ("> 0", "against deciding without a model"),
    },
    "regression": {
        "r2": (">= 0.3", "share of the variance explained on rows held out"),
        "saving": ("> 0", "against always answering the median"),
    },
    "quality": {
        "invalid": ("<= 1", "rows that break the contract, in percent"),
        "changed": ("== 0", "columns that changed since the batch before"),
    },
    "routes": {"gap": ("<= 0.03", "above the shortest trip possible, at most")},
}


def drafts(name: str, template: str, table: Survey, root: Path, question: str) -> dict[Path, str]:
    """Return the texts of a contract and a config for a table, by their paths.

    Parameters
    ----------
    name : str
        Of both files, in the project `root`.
    template, question : str
        Empty: the template that suits the table, and a plain question.

    Raises
    ------
    DataError
        If the template does not suit the table.
    """
    suited = suited_template(template, table)
    contract = f"contracts/{name}.yaml"
    config = _config(name, suited, table, contract, question)
    texts = {contract: contract_text(table, name), f"params/{suited}/{name}.yaml": config}
    return {root / path: text for path, text in texts.items()}


def suited_template(template: str, table: Survey) -> str:
    """Return a template that suits a table; by default, the one that suits it best.

    Raises
    ------
    DataError
        If it does not suit.
    """
    suited = template or template_for(table)
    suits(suited, table)
    return suited


def rejected_rows(table: Survey, drafted: Iterable[Path]) -> int:
    """Return how many rows of a table its drafted contract rejects; check the config as well.

    Raises
    ------
    DataError, ConfigError
        If one of the two cannot be used.
    """
    contract, config = drafted
    rejected = check(table.frame, contract).rejected
    plan([str(config)], find_root(config.parent))
    return len(rejected)


def _config(name: str, template: str, table: Survey, contract: str, question: str) -> str:
    target = table.target
    case = f"{template} target" if template == "starter" and target else template
    asked = question or _QUESTIONS[case].format(data=name, target=target)
    about = [f"# {line}" for sentence in _about(table, template) for line in wrap(sentence, _WIDTH)]
    lines = [
        f"# yaml-language-server: $schema=../../.schema/{template}.json",
        *about,
        f"template: {template}",
        "business:",
        f"  question: {scalar(asked)}",
        "  decision: to be named  # what will be done differently, depending on the answer",
        "  success:  # yours to set: when is the answer good enough to act on?",
        *(f'    {key}: "{bound}"  # {why}' for key, (bound, why) in _SUCCESS[case].items()),
        "parameters:",
        f"  data: {scalar(table.source)}",
        *([f"  query: {scalar(table.query)}"] if table.query else []),
        f"  contract: {scalar(contract)}",
        *(f"  {line}" for line in _PARAMETERS[template](table)),
        "run: {timeout: 10m}",
    ]
    return "\n".join(lines) + "\n"


def _about(table: Survey, template: str) -> Iterator[str]:
    columns = table.frame.shape[1]
    yield f"Drafted by fourfold new from {table.seen} of {columns} columns; it is yours to change."
    reasons: dict[str, list[str]] = {}
    for name, why in table.useless.items():
        if name != table.target:
            reasons.setdefault(why, []).append(_plain(name))
    for why, names in reasons.items():
        verb = "it is " if why in ("constant", "empty") else "it " * why.startswith("counts")
        yield f"Not used, since {verb}{why}: {_some(names)}."
    missing = table.columns["missing"]
    often = missing[(missing > _OFTEN_MISSING) & ~missing.index.isin(list(table.useless))]
    if len(often):
        shares = [f"{_plain(name)} ({100 * share:.0f} %)" for name, share in often.items()]
        yield f"Often missing: {_some(shares)}."
    if whole := table.frame.attrs.get(READ, {}).get(""):
        yield f"The file: {_plain(whole)}."
    said = [(each.name, each.notes) for each in understood(table, template) if each.notes]
    for name, notes in said[:_MOST_NOTES]:
        yield f"{_plain(name)}: {' '.join('; '.join(notes).split())}"


def _plain(value: object) -> str:
    """Return a name as it can stand in a comment."""
    return short(" ".join(str(value).split()))


def _some(names: Sequence[str], most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _clustering(table: Survey) -> list[str]:
    features = ", ".join(map(scalar, table.measures))
    groups = table.columns[table.columns["different"].between(2, _MOST_GROUPS)].index
    labels = [name for name in table.of_kind("category", "yes/no") if name in groups]
    known = f", such as {_plain(labels[0])}" if labels else ""
    return [
        f"features: [{features}]  # those that should decide who is alike",
        f'label: ""  # a known grouping to compare with at the end{known}',
    ]


def _starter(table: Survey) -> list[str]:
    comment = "" if table.target else "  # name the column that you want to predict"
    divided = _division(table) if table.target else []
    return [f"target: {scalar(table.target)}{comment}", _leave_out(table.target), *divided]


def _classification(table: Survey) -> list[str]:
    counts = frequencies(table.goal)
    shares = [f"{_plain(value)} {100 * n / counts.sum():.0f} %" for value, n in counts.items()]
    rarer = table.positive or (str(counts.index[-1]) if len(counts) == 2 else "")
    return [
        f"target: {scalar(table.target)}  # {_some(shares)}",
        f"positive: {scalar(rarer)}  # of two classes the one to be found",
        _leave_out(table.target),
        *_division(table),
        "models: [logistic, boosting]  # also forest, neighbours; auto searches for settings",
        "cost_false_alarm: 1  # cost of a false alarm",
        "cost_miss: 1  # cost of a miss",
        "currency: mistakes  # or money",
    ]


def _regression(table: Survey) -> list[str]:
    values = table.frame[table.target].dropna()
    low, middle, high = (number(float(each)) for each in values.quantile([0, 0.5, 1]))
    return [
        f"target: {scalar(table.target)}  # {low} to {high}, half of the rows below {middle}",
        'unit: ""  # of the target',
        _leave_out(table.target),
        *_division(table),
        "models: [ridge, boosting]  # also forest, neighbours; auto searches for settings",
        "cost_per_unit: 1  # cost of an error of one unit",
        "currency: units  # or money",
    ]


def _leave_out(target: str) -> str:
    why = f"known when {_plain(target)} is to be predicted" if target else "to be looked at"
    return f"leave_out: []  # columns not {why}"


def _division(table: Survey) -> Iterator[str]:
    """Yield whose rows are kept together, or which come later, and what else could divide them."""
    frame, target = table.frame, table.target
    parameter, column = table.division
    if parameter == "groups":
        count = f"{frame[column].nunique():,} in {len(frame):,} rows"
        yield f"groups: {scalar(column)}  # {count}: tested on others than those learned from"
    else:
        # One category with many levels may be meant, but whether its values come again is unknown.
        many = [n for n in table.of_kind("category") if n != target and _repeats(table, n)]
        maybe = f", such as {_plain(many[0])}" if many else ""
        yield f'groups: ""  # column of things with several rows each, to test on new ones{maybe}'
    if parameter == "time":
        yield f"time: {scalar(column)}  # tested on later rows than those learned from"
        return
    dates = times(frame, target)
    maybe = f", such as {_plain(dates[0])}; then without groups" if dates else ""
    yield f'time: ""  # column that orders the rows, to test on later ones{maybe}'


def _repeats(table: Survey, name: str) -> bool:
    return FEWEST <= table.frame[name].nunique() <= len(table.frame) / 2


def _quality(table: Survey) -> list[str]:
    date = next((str(name) for name in table.frame if kind(table.frame[name]) == "date"), "")
    comment = "" if date else "  # no column of dates was found: all rows are one batch"
    return [
        f"time: {scalar(date)}{comment}",
        "zone: UTC  # whose clock divides the days",
        'as_of: ""  # the date at which the newest row is looked at; empty: now',
        "leave_out: []  # columns that change by themselves, such as the month",
    ]


def _routes(table: Survey) -> list[str]:
    across, up = table.coordinates or ("", "")
    texts = (str(n) for n in table.frame if kind(table.frame[n]) in ("text", "category"))
    return [
        f"name: {scalar(next(texts, ''))}",
        f"across: {scalar(across)}",
        f"up: {scalar(up)}",
        "closed: true  # whether the trip comes home",
        f"most: 500  # a random sample of the {len(table.frame):,} places, if there are more",
    ]


_PARAMETERS = {
    "clustering": _clustering,
    "starter": _starter,
    "classification": _classification,
    "regression": _regression,
    "quality": _quality,
    "routes": _routes,
}
