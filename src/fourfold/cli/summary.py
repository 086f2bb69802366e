"""The end of a batch: its page in the terminal or in a mail, and the tables of results."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from fourfold.cli.layout import print_rows
from fourfold.cli.progress import MOST_ROWS, coloured_end, title
from fourfold.project import Project, no_room, shown
from fourfold.records.evidence import Claim, Metric
from fourfold.records.formatting import count
from fourfold.records.record import RunRecord, causes, error_line
from fourfold.report.cards import best
from fourfold.report.overview import entry
from fourfold.report.side_by_side import name
from fourfold.run.inputs import CHANGED
from fourfold.run.searching import Searches
from fourfold.run.selection import Choice

_MOST_CAUSES, _NAMES = 20, 2


def print_summary(
    records: Sequence[RunRecord],
    choice: Choice,
    console: Console,
    why: str,
    later: int = 0,
    searched: Collection[str] = (),
    gathered: bool = False,
) -> None:
    """Print the runs that were executed; of more than fit on a page, the causes of failures.

    Parameters
    ----------
    records : sequence of RunRecord
        Of the runs that ended or were skipped.
    choice : Choice
    console : Console
    why : str
        Why others were not started, in words.
    later : int
        How many others follow runs that were not started.
    searched : collection of str
        Configs whose best run is that of a search.
    gathered : bool
        Whether they were executed elsewhere.
    """
    many = len(records) > MOST_ROWS
    if records and not many:
        print_rows(result_rows(records), console, crop=2, number=True)
    statuses = Counter(record.status for record in records)
    executed = len(records) - statuses["skipped"]
    missing = len(choice.todo) - executed + later
    words = [count(executed, "run"), f"{sum(record.failed for record in records):,} failed"]
    words += [f"{n:,} cancelled"] if (n := statuses["cancelled"]) else []
    words += [f"{n:,} skipped"] if (n := statuses["skipped"]) else []
    words += [f"{missing:,} not started ({why})"] if missing else []
    words += [f"{len(choice.unchanged):,} unchanged"] if choice.unchanged else []
    if not gathered:
        console.print(", ".join(words), soft_wrap=True)
    for line in best_lines([*records, *choice.unchanged], searched):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if many:
        verdicts = Counter(record.verdict for record in records if record.ok)
        text = ", ".join(f"{number:,} {verdict}" for verdict, number in verdicts.most_common())
        console.print(f"verdicts: {text}", soft_wrap=True)
        _print_causes(causes(records), console)
    for record in records:
        for file in (n for n, part in record.key.get("inputs", {}).items() if part == CHANGED):
            again = f"{record.name}: {file} {CHANGED}; the next command runs it again"
            console.print(again, markup=False, soft_wrap=True)
    if executed:
        for line in cost_lines(records):
            console.print(line, highlight=False, soft_wrap=True)


def _print_causes(groups: Mapping[str, Sequence[RunRecord]], console: Console) -> None:
    for cause, records in list(groups.items())[:_MOST_CAUSES]:
        names = [record.name for record in records[:_NAMES]]
        names += [f"{len(records) - _NAMES:,} others"] if len(records) > _NAMES else []
        for line in (f"{len(records):,} × {cause}", f"      {', '.join(names)}"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(groups) > _MOST_CAUSES:
        rest = sum(map(len, list(groups.values())[_MOST_CAUSES:]))
        console.print(f"{rest:,} × {count(len(groups) - _MOST_CAUSES, 'other cause')}")


def write_tables(
    records: Sequence[RunRecord], choice: Choice, place: Project, console: Console
) -> bool:
    """Write the tables of the batch and of all runs, and say where to look.

    Parameters
    ----------
    records : sequence of RunRecord
    choice : Choice
    place : Project
    console : Console

    Returns
    -------
    whole : bool
        False if the disk takes no table or page; what could be written is.
    """
    from fourfold.report.overview import write_results
    from fourfold.report.table import batch_row, write_table

    everything = [*records, *choice.unchanged]
    if not everything:
        return True
    lost = [r for r in records if not (place.folder(r.config, r.run_id) / "record.json").exists()]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    rows = [batch_row(record) for record in everything]
    whole, wrong = True, None
    for write in (
        lambda: write_table(rows, place.outputs / "batches" / stamp),
        lambda: write_results(place.outputs, unwritten=lost),
    ):
        try:
            write()
        except OSError as error:
            whole = whole and not no_room(error)
            wrong = wrong if no_room(error) else error
    if wrong:
        raise wrong
    where = shown(place.outputs, place.root)
    pages = f"{where}/index.html; each: {where}/<config>/<run>/report.html"
    console.print(f"all runs: {pages}", soft_wrap=True)
    console.print(f"table:    {where}/results.csv and results.parquet", soft_wrap=True)
    return whole


def write_searches(searches: Searches, place: Project, console: Console) -> bool:
    """Write record and page of each search, and say what it has come to.

    Parameters
    ----------
    searches : Searches
    place : Project
    console : Console
        If it is quiet, a program gets the same as a line of JSON.

    Returns
    -------
    whole : bool
        False if the disk takes no page.
    """
    from fourfold.cli.events import write_search as as_event
    from fourfold.report.search import sentences, write_search

    for folder, content in searches.results():
        try:
            page = write_search(folder, content)
        except OSError as error:
            if not no_room(error):
                raise
            return False
        if console.quiet:
            as_event(content)
        for head, said in [*sentences(content), ("page", shown(page, place.root))]:
            line = f"{head + ':' if head else '':<10} {said}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return True


def result_rows(records: Sequence[RunRecord]) -> list[list[str]]:
    """Return the records as rows: verdict or status, the criterion that decided, seconds."""
    rows = [["run", "verdict", "criterion", "seconds"]]
    for record in records:
        why = error_line(record) or record.reason or _decisive(record.claims)
        name, end = title(record.config, record.run_id), coloured_end(record.status, record.verdict)
        rows.append([escape(name), end, escape(why), f"{record.duration_s:.1f}"])
    return rows


def _decisive(claims: Sequence[Claim]) -> str:
    """Return the first criterion that is not met, else the first of all."""
    order = ("refuted", "inconclusive", "supported", "not judged")
    if not claims:
        return ""
    claim = min(claims, key=lambda each: order.index(each.verdict))
    value, rest = f"{claim.metric} {claim.figure}", len(claims) - 1
    if claim.verdict == "refuted":
        return f"{value}, not {claim.condition}"
    if claim.verdict == "inconclusive":
        return f"{claim.metric} {claim.text('')}: {claim.condition} is open"
    return f"{value} ({claim.condition})" + (f" and {count(rest, 'other')}" if rest else "")


def best_lines(records: Sequence[RunRecord], searched: Collection[str] = ()) -> list[str]:
    """Return, for each config with several runs, the best one by its first criterion."""
    lines = []
    configs = dict.fromkeys(record.config for record in records)
    for config in (each for each in configs if each not in searched):
        runs = [entry(record) for record in records if record.config == config]
        if chosen := best(runs):
            first, rivals = chosen
            metric = first["claims"][0][0]
            value, low, high = first["metrics"][metric]
            figure = Metric(value, None if low is None else (low, high)).text("")
            tied = f"; {count(rivals, 'other')} within that interval" if rivals else ""
            lines.append(f"best:     {name(first)}, {metric} {figure}{tied}")
    return lines


def cost_lines(records: Sequence[RunRecord]) -> list[str]:
    """Return what the runs cost together, and in which sections the time went."""
    costs = [record.cost for record in records]
    words = [f"{sum(cost.get('cpu_s', 0.0) for cost in costs):,.1f} s CPU"]
    largest = max(records, key=lambda record: record.cost.get("peak_mb", 0.0))
    if "peak_mb" in largest.cost:
        name = escape(title(largest.config, largest.run_id))
        words.append(f"at most {largest.cost['peak_mb']:,.0f} MB ({name})")
    words.append(f"about {sum(cost.get('energy_wh', 0.0) for cost in costs):.2g} Wh")
    spent = Counter[str]()
    for record in records:
        spent.update(record.sections)
    whole = sum(spent.values()) or 1.0
    shares = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in spent.items())
    return [f"cost:     {', '.join(words)}", *[f"time:     {shares}"] * bool(shares)]
