"""Whether a model may be used under a name: each condition, and the file that says what is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fourfold.errors import DataError, FourfoldError, did_you_mean
from fourfold.models.card import CARD, missing_in, write_card
from fourfold.models.champion import DIGITS, folder_of
from fourfold.models.folder import CONTRACT, Model, load_model
from fourfold.project import find_root, write_text
from fourfold.promotion.compare import (
    Compared,
    Rows,
    compare,
    level_after,
    measure_for,
    rows_held_out,
    rows_of,
)
from fourfold.promotion.gate import (
    DRAFT,
    PROMOTED,
    REFUSED,
    ROLLED_BACK,
    Check,
    Decision,
    Gate,
    path_of,
    read_gate,
    with_decision,
)
from fourfold.records.formatting import number
from fourfold.records.record import RunRecord, find_record

try:
    import fcntl
except ImportError:  # Windows, where nothing guards the file
    fcntl = None  # type: ignore[assignment]


PROPOSAL = "promotion.json"


@dataclass(frozen=True)
class Weighed:
    """A model and a name: the conditions that are met and those that are not.

    Attributes
    ----------
    candidate, champion : Model
        The champion is None if nothing is in use under the name yet.
    run : str
        That kept the candidate.
    already : bool
        Whether the candidate is the champion.
    compared : Compared, optional
        None without a champion, or if the models could not be compared.
    rows : str
        Digest of the rows that they were compared on.
    """

    name: str
    gate: Gate
    candidate: Model
    run: str
    champion: Model | None
    already: bool = False
    checks: Sequence[Check] = ()
    compared: Compared | None = None
    rows: str = ""

    @property
    def digest(self) -> str:
        """Return the first signs of the candidate's digest."""
        return self.candidate.description.digest[:DIGITS]

    @property
    def passed(self) -> bool:
        """Say whether every condition is met."""
        return all(check.passed for check in self.checks)

    @property
    def alone(self) -> str:
        """Return why there is nothing to compare."""
        if self.already:
            return "the candidate is the champion."
        if self.champion is None:
            return f"no model is used as {self.name} yet."
        return f"{self.checks[-1].why}."

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        """Return what the two models are, as a table of two columns."""
        both = {"candidate": self.candidate, "champion": self.champion}
        return {name: _facts(model) for name, model in both.items() if model}

    def propose(self, approver: str) -> None:
        """Leave a note in the artifacts, by which `fourfold run` promotes when the batch ends."""
        folder = Path(os.environ.get("FOURFOLD_ARTIFACTS", "artifacts"))
        folder.mkdir(parents=True, exist_ok=True)
        content = {"name": self.name, "run": self.run, "approver": approver}
        write_text(folder / PROPOSAL, json.dumps(content, indent=1) + "\n")


def _facts(model: Model) -> dict[str, str]:
    said = model.description
    return {
        "run": said.run,
        "model": said.name,
        "gives": said.answers,
        "fitted on": f"{number(said.rows['fitted'])} rows",
        "held out": f"{number(said.rows['held out'])} rows",
        "data": ", ".join(f"{each['source']} ({each['sha256'][:8]}…)" for each in said.data),
        "digest": said.digest[:DIGITS],
    }


def draft(name: str, root: Path) -> Path:
    """Write ``models/NAME.yaml`` with the usual conditions, if it is not there; return its path."""
    path = path_of(name, root)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        write_text(path, DRAFT.format(name=name))
    return path


def weigh(
    candidate: Path, name: str, root: Path | None = None, data: str = "", query: str = ""
) -> Weighed:
    """Look at every condition that a model and its record can answer.

    Parameters
    ----------
    candidate : Path
        Folder of the model, in the artifacts of its run.
    name : str
    root : Path, optional
        Of the project; by default, the one around the working directory.
    data, query : str
        Rows with a known truth to compare on; empty: those that the candidate held out.

    Raises
    ------
    DataError
        If the candidate or the champion is refused; if `data` cannot be read.
    ConfigError
        If ``models/NAME.yaml`` is wrong.
    """
    root = root or find_root(Path.cwd())
    path = path_of(name, root)
    gate, folder, model = read_gate(path), folder_of(path), load_model(candidate)
    record = find_record(candidate.parents[1])
    if record is None:
        raise DataError(f"{candidate}: expected the model of a run, found no record of it")
    champion = load_model(folder) if folder else None
    weighed = Weighed(name, gate, model, record.name, champion)
    if champion and champion.description.digest == model.description.digest:
        said = f"{weighed.digest} is what is used as {name}"
        return replace(weighed, already=True, checks=[Check("in use already", True, said)])
    checks = [_concluded(record), _baseline(record), _contract(model, gate)]
    checks += [_parity(model)] if gate.parity else []
    checks += [_card(model, record, root)]
    checks += [_undone(weighed.digest)] if weighed.digest in gate.undone else []
    if champion is None:
        return replace(weighed, checks=checks)
    measure = measure_for(model, gate.measure)
    try:
        rows = (
            rows_of(model, data, query, record)
            if data
            else rows_held_out(model, champion, record, root)
        )
        level = level_after(gate.tries(rows.digest, weighed.digest))
        compared = compare(model, champion, rows, measure, level)
    except DataError as error:
        if data:
            raise
        return replace(weighed, checks=[*checks, Check(_BETTER, None, str(error))])
    checks += [_better(compared, gate, rows), _segments(compared, gate)]
    return replace(weighed, checks=checks, compared=compared, rows=rows.digest)


_BETTER = "better than the champion"


def _concluded(record: RunRecord) -> Check:
    why = f"{record.name} is {record.verdict}"
    broken = [
        f"{c.metric} {c.condition}: {c.verdict}" for c in record.claims if c.verdict != "supported"
    ]
    met = record.ok and record.verdict == "supported"
    return Check("conclusion supported", met, "; ".join([why, *broken]))


def _baseline(record: RunRecord) -> Check:
    name, gain = "better than the baseline", record.metrics.get("gain")
    if gain is None or gain.value is None or gain.ci is None:
        return Check(name, None, "the run has recorded no gain with an interval")
    said = f"gain {gain.figure} ({gain.interval})"
    return Check(name, gain.ci[0] > 0, said)


def _contract(model: Model, gate: Gate) -> Check:
    name, tables = "contract met", model.description.data
    if gate.rejected is None:
        return Check(name, True, "not asked for (rejected: null)")
    if CONTRACT not in model.description.files or not all(each["contract"] for each in tables):
        return Check(name, False, "the data were not checked against a contract")
    rows = sum(each["rows"] + each["rejected"] for each in tables)
    share = sum(each["rejected"] for each in tables) / max(1, rows)
    percent = f"{number(100 * share)} % of {rows:,} rows were set aside"
    return Check(
        name, share <= gate.rejected, f"{percent}, at most {number(100 * gate.rejected)} %"
    )


def _parity(model: Model) -> Check:
    onnx = model.description.onnx
    if not onnx.get("kept"):
        return Check("parity", False, f"no ONNX copy: {onnx.get('why', 'none was made')}")
    why = f"largest difference {onnx['largest difference']:.2g} on {number(onnx['rows'])} rows"
    return Check("parity", True, why)


def _card(model: Model, record: RunRecord, root: Path) -> Check:
    gaps = missing_in(model.description, record, root)
    gaps = gaps if (model.folder / CARD).is_file() else ["the card itself", *gaps]
    return Check(
        "card complete", not gaps, f"missing: {', '.join(gaps)}" if gaps else "all is there"
    )


def _undone(digest: str) -> Check:
    return Check("not rolled back", False, f"{digest} was promoted before, and rolled back")


def _better(compared: Compared, gate: Gate, rows: Rows) -> Check:
    better = compared.better
    ends, words = (better.value, better.low, better.high), "lower"
    if better.value < 0:
        ends, words = (-better.value, -better.high, -better.low), "higher"
    value, low, high = map(number, ends)
    percent = f"{100 * compared.level:.4g}"
    said = f"{compared.measure} {words} by {value} ({low} to {high}, {percent} %)"
    out = f", {compared.left_out:,} left out" if compared.left_out else ""
    why = f"{said} on {len(compared.losses):,} {rows.words}{out}"
    return Check(_BETTER, compared.better.low > gate.margin, why)


def _segments(compared: Compared, gate: Gate) -> Check:
    shares = compared.segments["worse"] / compared.segments["champion"]
    worse = shares[shares > gate.segments].sort_values(ascending=False)
    rows = compared.segments["rows"]
    parts = [
        f"{name}: {number(100 * worse[name])} % worse in {rows[name]:,} rows"
        for name in worse.index[:3]
    ]
    fine = f"none of {len(shares)} parts is worse by more than {number(100 * gate.segments)} %"
    return Check("no part much worse", worse.empty, "; ".join(parts) or fine)


def approved(gate: Gate, approver: str) -> Check:
    """Return whether somebody who may has approved."""
    name = "approved"
    if not approver.strip():
        return Check(name, False, "no approver is named")
    if gate.approvers and approver not in gate.approvers:
        near = did_you_mean(approver, gate.approvers)
        return Check(
            name, False, f"expected {' or '.join(gate.approvers)}, got {approver!r}.{near}"
        )
    return Check(name, True, f"by {approver}")


def settle(
    weighed: Weighed, root: Path, approver: str, more: Sequence[Check] = (), because: str = ""
) -> Decision:
    """Decide, write it into ``models/NAME.yaml``, and keep the model if it is promoted.

    The same refusal is not written twice.

    Parameters
    ----------
    weighed : Weighed
    root : Path
        Of the project.
    approver : str
    more : sequence of Check
        Conditions that were looked at elsewhere.
    because : str
        In the words of the approver.

    Raises
    ------
    FourfoldError
        If the champion has changed since the model was weighed.
    """
    path = path_of(weighed.name, root)
    with _held(path):
        gate = read_gate(path)
        if folder_of(path) != (weighed.champion and weighed.champion.folder):
            raise FourfoldError(
                f"{path}: the champion has changed meanwhile; weigh the model again"
            )
        checks = (*weighed.checks, *more, approved(gate, approver))
        passed = all(check.passed for check in checks)
        decision = Decision(
            datetime.now(UTC).isoformat(timespec="seconds"),
            PROMOTED if passed else REFUSED,
            weighed.run,
            weighed.digest,
            approver,
            because,
            weighed.rows,
            checks,
        )
        last = gate.decisions[-1] if gate.decisions else None
        if last and not passed and _same(last, decision):
            return last
        if passed:
            _keep(weighed.candidate.folder, path.with_suffix("") / weighed.digest, root)
        with_decision(path, decision, weighed.digest if passed else gate.champion)
    return decision


def _same(one: Decision, other: Decision) -> bool:
    parts = ("decision", "digest", "approver", "rows", "checks")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def roll_back(name: str, root: Path, approver: str, because: str) -> Decision:
    """Put the former champion back.

    Parameters
    ----------
    name : str
    root : Path
        Of the project.
    approver, because : str
        Who says so, and why.

    Raises
    ------
    FourfoldError
        If there is no former champion, it is not whole, or nobody with a reason says so.
    """
    path = path_of(name, root)
    with _held(path):
        gate = read_gate(path)
        check = approved(gate, approver)
        if not check.passed:
            raise FourfoldError(f"--approver: {check.why}")
        if not because.strip():
            raise FourfoldError("--because: expected the reason of the rollback, got none")
        former = gate.former()
        if gate.champion is None or former is None:
            raise FourfoldError(f"{path}: expected a former champion to go back to, found none")
        load_model(path.with_suffix("") / former.digest)
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        run = next(each.run for each in reversed(gate.decisions) if each.digest == gate.champion)
        decision = Decision(stamp, ROLLED_BACK, run, gate.champion, approver, because)
        with_decision(path, decision, former.digest)
    return decision


def _keep(source: Path, target: Path, root: Path) -> None:
    """Copy a model so that its folder is there whole or not at all, with its card written anew."""
    if target.exists():
        load_model(target)
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    load_model(partial)
    if record := find_record(source.parents[1]):
        write_card(partial, record, root)
    partial.rename(target)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Let one process at a time decide on a name."""
    if not path.is_file():
        raise FourfoldError(f"{path}: expected the conditions of this name, found no file")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        if fcntl:
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
