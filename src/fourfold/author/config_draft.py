"""The draft of a config: what a survey found, written for somebody who will change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from fourfold.author.contract_draft import scalar
from fourfold.author.survey import Survey
from fourfold.methods.columns import frequencies, kind
from fourfold.records.formatting import number, short

#: More missing values than this are worth a comment.
_OFTEN_MISSING = 0.2
_WIDTH = 92
#: More values are no grouping that anybody knows.
_MOST_GROUPS = 12
_QUESTIONS = {
    "clustering": "Do the rows of {data} fall into groups, and what is each like?",
    "starter": "What is in {data}?",
    "starter target": "Do the other columns of {data} say anything about {target}?",
    "classification": "Which {target} is it, from the other columns of {data}?",
    "regression": "How much is {target}, from the other columns of {data}?",
    "quality": "Can {data} be used as it comes?",
    "routes": "What is the shortest round trip through the places of {data}?",
}
#: Criteria that anybody may begin with, and what they say.
_SUCCESS = {
    "clustering": {
        "silhouette": (">= 0.25", "groups stand apart; 0.25 weak, 0.5 reasonable, 0.7 strong"),
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
        "saving": ("> 0", "against always answering the mean"),
    },
    "quality": {
        "invalid": ("<= 1", "rows that break the contract, in percent"),
        "changed": ("== 0", "columns that changed since the batch before"),
    },
    "routes": {"gap": ("<= 0.03", "above the shortest trip possible, at most")},
}


def config_text(name: str, template: str, found: Survey, contract: str, question: str = "") -> str:
    """Return a commented config for a table.

    Parameters
    ----------
    name : str
        What the data are called in the question.
    template : str
    found : Survey
    contract : str
        Path of the contract.
    question : str
        Of the user; empty: a plain one.
    """
    target = found.target
    case = f"{template} target" if template == "starter" and target else template
    asked = question or _QUESTIONS[case].format(data=name, target=target)
    lines = [
        f"# yaml-language-server: $schema=../../.schema/{template}.json",
        *_comment(_about(found)),
        f"template: {template}",
        "business:",
        f"  question: {scalar(asked)}",
        "  decision: to be named  # what will be done differently, depending on the answer",
        "  success:  # yours to set: when is the answer good enough to act on?",
        *(f'    {key}: "{bound}"  # {why}' for key, (bound, why) in _SUCCESS[case].items()),
        "parameters:",
        f"  data: {scalar(found.source)}",
        *([f"  query: {scalar(found.query)}"] if found.query else []),
        f"  contract: {scalar(contract)}",
        *_PARAMETERS[template](found),
        "run: {timeout: 10m}",
    ]
    return "\n".join(lines) + "\n"


def _about(found: Survey) -> Iterator[str]:
    columns = found.frame.shape[1]
    yield f"Drafted by fourfold new from {found.seen} of {columns} columns; it is yours to change."
    reasons: dict[str, list[str]] = {}
    for name, why in found.useless.items():
        if name != found.target:
            reasons.setdefault(why, []).append(_said(name))
    for why, names in reasons.items():
        yield f"Not used, since {_reason(why)}: {_some(names)}."
    missing = found.columns["missing"]
    often = {str(name): float(share) for name, share in missing.items()
             if float(share) > _OFTEN_MISSING and name not in found.useless}  # fmt: skip
    if often:
        told = [f"{_said(name)} ({100 * share:.0f} %)" for name, share in often.items()]
        yield f"Often missing: {_some(told)}."


def _reason(why: str) -> str:
    if why in ("constant", "empty"):
        return f"it is {why}"
    return f"it {why}" if why.startswith("counts") else why


def _said(value: object) -> str:
    """Return a name as it can stand in a comment."""
    return short(" ".join(str(value).split()))


def _some(names: Sequence[str], most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _comment(sentences: Iterator[str]) -> list[str]:
    return [f"# {line}" for each in sentences for line in wrap(each, _WIDTH)]


def _clustering(found: Survey) -> list[str]:
    features = ", ".join(map(scalar, found.of_kind("number")))
    groups = found.columns[found.columns["different"].between(2, _MOST_GROUPS)].index
    labels = [name for name in found.of_kind("category", "yes/no") if name in groups]
    known = f", such as {_said(labels[0])}" if labels else ""
    return [
        f"  features: [{features}]  # those that should decide who is alike",
        f'  label: ""  # a known grouping to compare with at the end{known}',
    ]


def _starter(found: Survey) -> list[str]:
    told = "" if found.target else "  # name the column that you want to predict"
    return [f"  target: {scalar(found.target)}{told}", *_leave_out(found.target)]


def _classification(found: Survey) -> list[str]:
    counts = frequencies(found.goal)
    shares = [f"{_said(value)} {100 * n / counts.sum():.0f} %" for value, n in counts.items()]
    rarer = str(counts.index[-1]) if len(counts) == 2 else ""
    return [
        f"  target: {scalar(found.target)}  # {_some(shares)}",
        f"  positive: {scalar(rarer)}  # of two classes the one to be found",
        *_leave_out(found.target),
        "  models: [logistic, boosting]  # also forest, neighbours; auto searches for settings",
        "  cost_false_alarm: 1  # what it costs to take another class for the one to be found",
        "  cost_miss: 1  # what it costs to miss it",
        "  currency: mistakes  # or money",
    ]


def _regression(found: Survey) -> list[str]:
    values = found.frame[found.target].dropna()
    low, middle, high = (number(float(each)) for each in values.quantile([0, 0.5, 1]))
    return [
        f"  target: {scalar(found.target)}  # {low} to {high}, half of the rows below {middle}",
        '  unit: ""  # of the target',
        *_leave_out(found.target),
        "  models: [ridge, boosting]  # also forest, neighbours; auto searches for settings",
        "  cost_per_unit: 1  # what it costs to be off by one unit",
        "  currency: units  # or money",
    ]


def _leave_out(target: str) -> list[str]:
    told = f"not known when {_said(target)} is to be predicted" if target else "not to be looked at"
    return [f"  leave_out: []  # columns {told}"]


def _quality(found: Survey) -> list[str]:
    dates = [str(n) for n in found.frame if kind(found.frame[n]) == "date"]
    told = "" if dates else "  # no column of dates was found: all rows are one batch"
    return [
        f"  time: {scalar(dates[0] if dates else '')}{told}",
        "  zone: UTC  # whose clock divides the days",
        '  as_of: ""  # the date at which the newest row is looked at; empty: now',
        "  leave_out: []  # columns that change by themselves, such as the month",
    ]


def _routes(found: Survey) -> list[str]:
    across, up = found.coordinates or ("", "")
    texts = [str(n) for n in found.frame if kind(found.frame[n]) in ("text", "category")]
    return [
        f"  name: {scalar(texts[0] if texts else '')}",
        f"  across: {scalar(across)}",
        f"  up: {scalar(up)}",
        "  closed: true  # whether the trip comes home",
        f"  most: 500  # a random sample of the {len(found.frame):,} places, if there are more",
    ]


_PARAMETERS = {
    "clustering": _clustering,
    "starter": _starter,
    "classification": _classification,
    "regression": _regression,
    "quality": _quality,
    "routes": _routes,
}
