"""Strategies of files that stay between commands: settings, models, promotions, results, notes.

A file is given as its path in the project and its bytes; of a model, what is inside it as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzz.inputs import ODD, RECORD, as_json, broken_bytes, damaged, executed, misshapen, yaml_of

SETTINGS = """[project]
name = "shop"

[tool.fourfold]
tracking = "http://127.0.0.1:5000"
on_end = "cat > last.json"
repository = "owner/shop"
"""
GATE = {
    "about": "who buys", "approvers": ["Ada"], "measure": "brier", "margin": 0.1, "segments": 0.1,
    "rejected": 0.05, "parity": True, "references": ["starter"], "champion": "0" * 12,
    "decisions": [{"at": "2026-11-28T10:00:00+00:00", "decision": "promoted", "run": "a/default", "digest": "0" * 12,
                   "approver": "Ada", "because": "b", "rows": "r", "checks": [{"check": "c", "passed": True, "why": "w"}]}],
}  # fmt: skip
PROPOSAL = {"run": "a/default", "name": "shop", "approver": ""}
NOTES = {"default": {"tags": ["keep", "slow"], "note": "a text"}}
#: A search as a batch leaves it.
SEARCHED = {
    "config": "s", "template": "tiny", "metric": "mean", "direction": "maximize", "trials": 3, "seed": 0,
    "about": "a", "ended": True, "hours_spent": 0.1, "saved": 0, "runs": 3, "seconds": 1.0, "repeat": "seed", "over": ["count"],
    "settings": [{"values": {"count": 1}, "state": "done", "runs": ["count=1"], "scores": [1.0], "mean": 1.0, "interval": None}],
    "winner": {"setting": 0, "values": {"count": 1}, "run": "count=1", "estimate": 1.0, "confirmed": {"scores": [], "mean": None}, "optimism": None},
}  # fmt: skip
_ROWS = (
    "config,run_id,template,status,param.k,metric.m,metric.m.low,metric.m.high,verdict,cause\n"
    "a,k=1,tiny,ok,1,1.0,0.5,1.5,supported,\na,k=2,tiny,ok,2,2.0,1.5,2.5,not supported,\n"
    "a,k=3,tiny,failed,3,,,,,ValueError: x\n"
)
_JOURNAL = '{"search": "x"}\n{"drawn": {"count": 1}}\n{"seconds": 1.5}\n'
_OVERVIEW = {
    "format": 4, "results": True,
    "found": {"a/default": {"stamp": [1, 2], "entry": {"config": "a", "run": "default"}, "row": {"config": "a"}}},
}  # fmt: skip
#: What lies in a folder of outputs, but for records and notebooks.
OUTPUTS: dict[str, Any] = {
    "outputs/.overview.json": _OVERVIEW, "outputs/a/.runs.json": ["default", "k=1"],
    "outputs/a/.notes.json": NOTES, "outputs/s/search.json": SEARCHED, "outputs/s/.search.jsonl": _JOURNAL,
    "outputs/batches/2026-11-27.csv": _ROWS, "outputs/batches/2026-11-28.csv": _ROWS, "outputs/results.csv": _ROWS,
    "outputs/.track/aliases.json": {"http://127.0.0.1:5000 shop": {"shop": "0" * 12}},
    "outputs/a/k=1/record.json": RECORD | {"run_id": "k=1"}, "outputs/.live.js": "Fourfold.live(null)\n",
}  # fmt: skip
TABLE = "count,scale,mode,name\n1,0.5,plain,one\n2,1,fancy,two\n,2,plain,three\n"


def spoilt(content: Any) -> st.SearchStrategy[bytes]:
    """A text that was damaged, or JSON of another shape."""
    if isinstance(content, str):
        return damaged(content)
    return st.one_of(misshapen(content).map(as_json), damaged(json.dumps(content, indent=1)))


@st.composite
def files(draw: Any, contents: dict[str, Any]) -> tuple[str, bytes]:
    """One of some files, spoilt."""
    path = draw(st.sampled_from(sorted(contents)))
    return path, draw(spoilt(contents[path]))


@st.composite
def settings(draw: Any) -> bytes:
    """A pyproject.toml: damaged, or with another value of a key of ours."""
    if draw(st.booleans()):
        return draw(damaged(SETTINGS))
    key = draw(st.sampled_from(["tracking", "on_end", "repository", "other", "fourfold", ""]))
    value = draw(
        st.sampled_from(
            ["1", "[]", "{a = 1}", "true", "1979-05-27", "nan", '"s3://x"', '"sqlite:///"', '"http://"',
             '"https://[::1"', '"http://a:99999"', '"http://me:pw@host"', '"${NO_SUCH}"', '"http://${HOME}"', "'a\\b'",
             '"""x\ny"""', '"\\u0000"', '"a/b/c"', '"' + "x" * 5000 + '"', "[[1]]", "9" * 5000, "[" * 300 + "]" * 300]
        )
    )  # fmt: skip
    head = draw(
        st.sampled_from(["[tool.fourfold]\n", "[[tool.fourfold]]\n", "[tool]\n", "tool.", ""])
    )
    return f"{head}{key} = {value}\n".encode()


def _mostly(usual: Any, odd: Any) -> Any:
    return st.integers(0, 5).flatmap(lambda n: usual if n else odd)


@st.composite
def cycles(draw: Any) -> dict[str, Any]:
    """Configs that follow each other, themselves, or what there is not."""
    names = ["x", "y", "z"]
    runs = [*names, "x/default", "y/count=1", "none", "z/", "/", "X", "x/*", ""]
    configs: dict[str, Any] = {}
    for name in names:
        config: dict[str, Any] = {"template": draw(_mostly(st.just("tiny"), st.just("starter")))}
        if draw(st.integers(0, 2)) == 2:
            config["after"] = draw(
                _mostly(st.lists(st.sampled_from(runs[:6]), min_size=1, max_size=2), ODD)
            )
        if draw(st.integers(0, 2)) == 2:
            verdict = _mostly(st.sampled_from(["supported", ["inconclusive"]]), ODD)
            asked = st.dictionaries(st.sampled_from(runs[:5]), verdict, min_size=1, max_size=2)
            config["when"] = draw(_mostly(asked, ODD))
        if draw(st.booleans()):
            rest = _mostly(st.just("/default/a.csv"), st.sampled_from(["/a.csv", "/model", ""]))
            config["parameters"] = {"data": f"run:{draw(st.sampled_from(names))}{draw(rest)}"}
        if draw(st.booleans()):
            sweep = {"grid": {"count": [1, 2]}}
            config["sweep"] = draw(_mostly(st.just(sweep), misshapen(sweep)))
        elif draw(st.booleans()):
            over = {"count": {"low": 1, "high": 9}, "scale": [1, 2]}
            search = {"metric": "mean", "direction": "maximize", "over": over, "trials": 3}
            usual = search | {"repeat": {"seed": 2}, "confirm": 3}
            config["search"] = draw(_mostly(st.just(usual), misshapen(usual)))
        if draw(st.integers(0, 19)) == 19:
            config["extends"] = draw(st.sampled_from(["x.yaml", "y.yaml", "_base.yaml", "."]))
        configs[name] = config
    return configs


def _reference() -> dict[str, Any]:
    notebook = executed()
    notebook["metadata"]["fourfold"] = {
        "template": "tiny", "config": "params/b.yaml", "parameters": {"data": "numbers.csv", "count": 3},
        "regress": {"rtol": 0.01, "ignore": ["x"], "metrics": {"mean": {"rtol": 0.1}}},
        "key": {"code": "c", "inputs": {"numbers.csv": "d"}, "packages": {"numpy": "1"}},
    }  # fmt: skip
    return notebook


@cache
def model() -> dict[str, bytes]:
    """The files of a small model that was really kept."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    import fourfold as ff

    frame = pd.DataFrame({"size": range(40), "town": ["Oslo", "Bergen"] * 20})
    frame["buys"] = ["yes" if n % 3 else "no" for n in range(40)]
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(Path(folder) / "a.csv", index=False)
        before, os.environ["FOURFOLD_ARTIFACTS"] = os.getcwd(), f"{folder}/artifacts"
        os.chdir(folder)
        try:
            chosen = ff.columns.select(ff.ingest("a.csv"), ["buys"])
            goal = (frame["buys"] == "yes").astype(int)
            pipe = ff.supervised.pipelines({"m": LogisticRegression()}, chosen.frame, "classification")["m"]  # fmt: skip
            pipe.fit(chosen.frame, goal)
            ff.keep_model(
                pipe, chosen, (chosen.frame[:20], goal[:20]), name="m", target="buys",
                classes=("no", "yes"), threshold=0.5,
            )  # fmt: skip
        finally:
            os.chdir(before)
            del os.environ["FOURFOLD_ARTIFACTS"]
        kept = Path(folder) / "artifacts" / "model"
        return {path.name: path.read_bytes() for path in sorted(kept.iterdir())}


@st.composite
def models(draw: Any) -> tuple[str, bytes, bool]:
    """A file of a model, spoilt; and whether its digests are made right again, as by a stranger."""
    name = draw(st.sampled_from(sorted(model())))
    content = model()[name]
    if name == "model.json":
        content = draw(spoilt(json.loads(content)))
    elif name == "model.skops" and draw(st.booleans()):
        content = draw(_repacked(content))
    else:
        content = broken_bytes(draw, content)
    return name, content, draw(st.booleans())


@st.composite
def _repacked(draw: Any, content: bytes) -> bytes:
    """A model's archive, whole, with another schema or another array inside."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(inner)))
    if name == "schema.json":
        inner[name] = draw(misshapen(json.loads(inner[name])).map(as_json))
    else:
        inner[name] = broken_bytes(draw, inner[name])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for each, data in inner.items():
            archive.writestr(each, data)
    return packed.getvalue()


def signed(folder: Path) -> None:
    """Make the digests of a model right again, as far as its description can be read."""
    path = folder / "model.json"
    try:
        said = json.loads(path.read_bytes())
        for name in said["files"]:
            said["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        bare = {k: v for k, v in said.items() if k not in ("digest", "run", "commit")}
        text = json.dumps(bare, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        said["digest"] = hashlib.sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(said))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return


_gates = st.one_of(misshapen(GATE).map(as_json), damaged(yaml_of(GATE)))
KEPT: dict[str, Any] = {
    "settings": settings(),
    "cycle": cycles(),
    "reference": spoilt(_reference()),
    "outputs": files(OUTPUTS),
    "notes": st.one_of(misshapen(NOTES).map(as_json), damaged(yaml_of(NOTES))),
    "rows": damaged(TABLE),
    "promotion": st.one_of(
        st.tuples(st.just("gate"), _gates), st.tuples(st.just("proposal"), spoilt(PROPOSAL))
    ),
    "model": st.deferred(models),
}
