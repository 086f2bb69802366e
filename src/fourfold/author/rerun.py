"""The notebook that is open, run again with other parameters, and both results side by side."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from fourfold.author.begin import begun
from fourfold.author.edit import EDITED
from fourfold.data.yamlfile import Position
from fourfold.errors import FourfoldError, last_line
from fourfold.plan.config import Config
from fourfold.plan.plan import plan_one
from fourfold.plan.spec import RunSpec, digest, run_id, written
from fourfold.plan.template import Template, find_template, read_template
from fourfold.project import Project, find_root
from fourfold.records import emit
from fourfold.records.evidence import Metric
from fourfold.records.formatting import as_text
from fourfold.records.ipynb import FIRST_LINE, defer_grammar
from fourfold.records.record import RunRecord, error_line, find_record


@dataclass(frozen=True)
class Rerun:
    """A run with other parameters, beside the notebook that it was started from.

    Attributes
    ----------
    record : RunRecord
        Of the new run.
    rows : list of (name, before, after)
        Parameters that differ, verdict, and metrics with their 95 % intervals.
    report : str
        Path of its report, relative to the project.
    """

    record: RunRecord
    rows: list[tuple[str, str, str]]
    report: str

    def __repr__(self) -> str:
        """Return both as lines of text."""
        rows = [_HEAD, *self.rows]
        wide = [max(len(row[i]) for row in rows) for i in (0, 1)]
        lines = [f"{a:{wide[0]}}  {b:{wide[1]}}  {c}".rstrip() for a, b, c in rows]
        return "\n".join([*lines, f"report: {self.report}"])

    def _repr_html_(self) -> str:
        lines = ""
        for kind, row in [("th", _HEAD), *(("td", row) for row in self.rows)]:
            cells = (f'<{kind} style="text-align:left">{escape(text)}</{kind}>' for text in row)
            lines += f"<tr>{''.join(cells)}</tr>"
        return f"<table>{lines}</table><p>report: <code>{escape(self.report)}</code></p>"


#: The folder of artifacts, which is set where a run executes the notebook.
ARTIFACTS = "FOURFOLD_ARTIFACTS"
_HEAD = ("", "this notebook", "rerun")


def rerun(template: str = "", /, **parameters: Any) -> Rerun | None:
    """Run the template of this notebook with other parameters, in a kernel of its own.

    In a notebook that Fourfold runs, it says that it does nothing, and does nothing.

    What is not named keeps the value that it has in this notebook. The run is checked as a config
    is, kept in ``outputs/rerun/TEMPLATE/``, and taken from there if nothing has changed since.

    Parameters
    ----------
    template : str, optional
        Name of the template; by default that of the notebook, which the editor or the setup cell
        says.
    **parameters
        The parameters that are to be others.

    Returns
    -------
    Rerun or None
        A table of both, where it is the last line of a cell; None inside of a run.

    Raises
    ------
    ConfigError
        If a parameter is unknown, or its value not allowed.
    FourfoldError
        If there is no template to run, or its process ends without a record.

    Examples
    --------
    In a notebook of the template ``clustering``::

        ff.rerun(k=4, scaler="robust")
    """
    if ARTIFACTS in os.environ and EDITED not in os.environ:
        print("ff.rerun: this notebook is being run by Fourfold, so nothing is run again")
        return None
    names, sources = _namespace()
    root = find_root(Path.cwd())
    path = find_template(template or _template_of(names, root), root / "templates")
    used = read_template(path)
    names |= _as_given(sources, used)
    spec = _spec(used, names, parameters, root)
    folders = Project(root, root / "outputs" / "rerun", root / "outputs")
    record = _executed(spec, folders)
    before, conclusion = emit.recorded()
    ended = record.verdict if record.ok else f"{record.status}: {error_line(record)}"
    verdict = ("verdict", conclusion.verdict if conclusion else "–", ended)
    changed = [
        (name, as_text(names.get(name, used.parameters[name].default)), as_text(value))
        for name, value in parameters.items()
    ]
    metrics = [
        (name, _text(before.get(name)), _text(record.metrics.get(name)))
        for name in dict.fromkeys([*before, *record.metrics])
    ]
    report = folders.folder(record.config, record.run_id) / "report.html"
    return Rerun(record, [*changed, verdict, *metrics], report.relative_to(root).as_posix())


def _namespace() -> tuple[dict[str, Any], list[str]]:
    """Return the names of the notebook, and the cells that it has executed, the oldest first."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise FourfoldError("rerun: expected to be called in a notebook, got a plain Python")
    return dict(shell.user_ns), list(shell.user_ns.get("In", []))


def _as_given(sources: Iterable[str], template: Template) -> dict[str, Any]:
    """Return parameters as their cells have set them: a later cell may use a name again."""
    given: dict[str, Any] = {}
    for source in sources:
        if source.split("\n")[0].strip().lower() != FIRST_LINE:
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name = ast.unparse(target)
                if name in template.parameters:
                    with suppress(ValueError):
                        given[name] = ast.literal_eval(node.value)
    return given


def _template_of(names: Mapping[str, Any], root: Path) -> str:
    """Return the template of the notebook that is open."""
    path = Path(names.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or "")
    if path.is_file():
        if path.resolve().parent == (root / "templates").resolve():
            return str(path)
        if record := find_record(path.parent):
            return record.template
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("fourfold", {})
        if about.get("template"):
            return str(about["template"])
    if begun():
        return begun()
    if edited := os.environ.get(EDITED):  # a copy that was renamed since its kernel began
        return str(json.loads(edited)["template"])
    raise FourfoldError(
        "rerun: expected the notebook of a template, got one whose template is not known; "
        "name it, as in ff.rerun('clustering', k=4)"
    )


def _spec(
    template: Template, names: Mapping[str, Any], parameters: Mapping[str, Any], root: Path
) -> RunSpec:
    kept = {name: names[name] for name in template.parameters if name in names}
    content = {"template": template.name, "parameters": {**kept, **parameters}}
    config = Config(content, {(): Position("ff.rerun")}, Path("ff.rerun"), template.name)
    spec = plan_one(config, root)
    # What is not named may differ from one notebook to the next.
    named = run_id(f"{name}={written(each)}" for name, each in parameters.items())
    name = f"{named}-{digest(spec.parameters)}"
    return replace(spec, run_id=name, varied=tuple(parameters), config_file="")


def _executed(spec: RunSpec, folders: Project) -> RunRecord:
    """Return the record of a run that a process of its own has executed."""
    places = {"root": str(folders.root), "outputs": str(folders.outputs)}
    content = json.dumps({"spec": spec.to_json(), **places}, default=str)
    # Its artifacts are its own, and not those of this notebook.
    inherited = {k: v for k, v in os.environ.items() if k not in (EDITED, ARTIFACTS)}
    call = [sys.executable, "-m", "fourfold.author.rerun"]
    done = subprocess.run(call, input=content, env=inherited, capture_output=True, text=True)
    record = find_record(folders.folder(spec.config, spec.run_id))
    if done.returncode or record is None:
        said = last_line(done.stderr)
        raise FourfoldError(f"rerun: expected a record, its process ended without: {said}")
    return record


def _text(metric: Metric | None) -> str:
    return metric.text() if metric else "–"


def _main() -> None:
    """Execute the spec on standard input, unless its record stands."""
    defer_grammar()
    from fourfold.project import hold_outputs
    from fourfold.report.overview import write_overview
    from fourfold.run.batch import run_batch
    from fourfold.run.selection import choose

    given = json.loads(sys.stdin.read())
    folders = Project(root := Path(given["root"]), Path(given["outputs"]), root / "outputs")
    with hold_outputs(folders.outputs):
        run_batch(choose([RunSpec.from_json(given["spec"])], folders).todo, folders)
        write_overview(folders.outputs)


if __name__ == "__main__":
    _main()
