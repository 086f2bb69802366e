"""The project's own templates, configs, schemas and references agree with each other."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from fourfold.author.lint import check_templates
from fourfold.author.skeleton import editor_settings
from fourfold.plan.plan import plan
from fourfold.plan.schema import write_schemas
from fourfold.records.ipynb import parameters_index, tags, text
from fourfold.regress.references import first_runs

ROOT = Path(__file__).parents[1]
REFERENCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
OF_THE_CYCLE = {"monitoring", "promotion"}
INSERTED = {"injected-parameters", "four-quarters"}
DIGITS = re.compile(r"(?<![\w.])-?\d+\.\d{9,}")
LEFT_OVER = re.compile(r"<Axes|<Figure|Text\(|Warning\b|object at 0x|Traceback")


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def outputs(notebook: dict) -> list[tuple[str, dict]]:
    """Each output of a notebook with the id of its cell."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [(cell["id"], output) for cell in cells for output in cell["outputs"]]


def shown(output: dict) -> str:
    """What a reader sees of an output, as text; pictures left out."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "image/png" in data:
        return ""
    parts = (data.get(kind, "") for kind in ("text/plain", "text/html", "text/markdown"))
    joined = "\n".join("".join(part) for part in parts)
    return re.sub(r"<(style|script)[^>]*>.*?</\1>", "", joined, flags=re.DOTALL)


def test_templates_keep_the_rules():
    """`fourfold check` finds nothing in templates/."""
    assert check_templates(sorted((ROOT / "templates").glob("*.ipynb")), ROOT) == []


def test_schemas_are_fresh(tmp_path):
    """.schema/ is what `fourfold schema` writes from the templates of today."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    (tmp_path / "params").mkdir()
    written = {path.name: path.read_text() for path in write_schemas(tmp_path)}
    assert written == {path.name: path.read_text() for path in (ROOT / ".schema").glob("*.json")}


def test_every_config_names_its_schema_and_is_sound():
    """All of params/ plans without a mistake, and editors find the schema of each config."""
    for spec in plan([], ROOT):
        config = ROOT / spec.config_file
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", config.read_text())
        assert (config.parent / found[1]).resolve() == ROOT / ".schema" / f"{spec.template}.json"
        assert spec.parameters["question"].endswith("?")
        assert spec.parameters["success"]


def test_each_template_has_a_reference():
    """None is missing of the configs that want one, and none belongs to a config that is gone.

    What looks at a model in use has none: on a fresh clone there is no such model.
    """
    wanted = first_runs(plan([], ROOT))
    assert {path.stem for path in REFERENCES} == {spec.config for spec in wanted}
    templates = {path.stem for path in (ROOT / "templates").glob("*.ipynb")}
    assert {spec.template for spec in wanted} == templates - OF_THE_CYCLE


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_references_are_of_the_templates_and_configs_of_today(path):
    """Each reference has the cells of its template and the parameters of its config."""
    reference = read(path)
    stored = reference["metadata"]["fourfold"]
    template = read(ROOT / "templates" / f"{stored['template']}.ipynb")
    cells = [cell for cell in reference["cells"] if not INSERTED & set(tags(cell))]
    assert [(c["id"], text(c)) for c in cells] == [(c["id"], text(c)) for c in template["cells"]]
    spec = next(s for s in plan([stored["config"]], ROOT) if s.config == path.stem)
    assert stored["parameters"] == dict(spec.parameters)


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_references_read_well(path):
    """Every cell ran; no warning, no repr of an object, no number of nine decimals is shown."""
    notebook = read(path)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    for name, output in outputs(notebook):
        assert output["output_type"] in ("display_data", "execute_result"), name
        assert not LEFT_OVER.search(shown(output)), name
        assert not DIGITS.search(shown(output)), name


@pytest.mark.parametrize("template", ["starter", "classification", "regression", "clustering"])
def test_training_converged_to_finite_numbers(template):
    """Each metric of trained references is a number, and so are the ends of its interval.

    A warning that a fit has not converged would be an output that no reference may have.
    """
    mime = "application/vnd.fourfold.v1+json"
    trained = [path for path in REFERENCES if path.stem.startswith(f"{template}-")]
    for path in trained:
        records = [o["data"][mime] for _, o in outputs(read(path)) if mime in o.get("data", {})]
        metrics = [each for each in records if each.get("kind") == "metric"]
        numbers = [n for m in metrics for n in (m["value"], *(m["ci"] or ()))]
        assert len(metrics) > 4
        assert all(isinstance(n, int | float) and math.isfinite(n) for n in numbers), path.stem
    assert trained


def test_verdicts_differ_for_good_reasons():
    """Among the references, data support one conclusion, refute one and leave one open."""
    verdicts = {}
    for path in REFERENCES:
        bundles = [output.get("data", {}) for _, output in outputs(read(path))]
        found = [b["application/vnd.fourfold.v1+json"] for b in bundles if len(b) == 3]
        (verdicts[path.stem],) = [each["verdict"] for each in found if each["kind"] == "conclusion"]
    assert verdicts["clustering-penguins"] == "supported"
    assert verdicts["clustering-nba"] == "refuted"
    assert verdicts["starter-nba-salary"] == "inconclusive"


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_references_say_with_which_parameters_they_ran(path):
    """The injected cell stands right after the parameters cell, as papermill puts it."""
    notebook = read(path)
    after = notebook["cells"][parameters_index(notebook) + 1]
    assert tags(after) == ["injected-parameters"]


def test_editors_and_containers_find_what_they_name():
    """VS Code's settings are those that a new project gets; each schema has its configs."""
    names = sorted(path.stem for path in (ROOT / "templates").glob("*.ipynb"))
    text_ = (ROOT / ".vscode" / "settings.json").read_text(encoding="utf-8")
    assert text_ == editor_settings(names)
    for schema, configs in json.loads(text_)["yaml.schemas"].items():
        assert (ROOT / schema).is_file()
        assert list(ROOT.glob(configs)) or Path(schema).stem in OF_THE_CYCLE
    container = read(ROOT / ".devcontainer" / "devcontainer.json")
    assert "noxfile.py -s run" in container["postCreateCommand"]
    assert (ROOT / ".gitattributes").read_text() == "*.ipynb filter=fourfold\n"
