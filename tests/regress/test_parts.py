"""Parts of a regression test: the notebooks of a shard."""

from __future__ import annotations

import json

from fourfold.regress.session import _part, call_pytest
from fourfold.run.shards import COSTS, Shard


def test_shards_divide_notebooks_by_what_their_configs_cost(tmp_path, notebook):
    """Each notebook is in one shard, a link to one in that of the same; cells and options stay."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("a", "b", "c", "long"):
        notebook["metadata"]["fourfold"] = {"config": f"params/{name}.yaml"}
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook))
    (folder / "link.ipynb").symlink_to(folder / "a.ipynb")
    (folder / ".hidden.ipynb").write_text("{}")
    (tmp_path / "params").mkdir()
    costs = {"long": 60, "a": 5, "b": 5, "c": 5}
    (tmp_path / COSTS).write_text(json.dumps({name: {"default": s} for name, s in costs.items()}))
    given, paths = ["-x", str(folder)], [folder]
    parts = [_part(given, paths, tmp_path, Shard(number, 2)) for number in (1, 2)]
    names = [sorted(path.stem for path in mine) for _, mine, _ in parts]
    assert names == [["long"], ["a", "b", "c"]]
    assert {count for _, _, count in parts} == {4}
    assert parts[0][0] == ["-x", str(folder / "long.ipynb")]
    cell = f"{folder / 'a.ipynb'}::cell"
    assert _part([cell], [folder / "a.ipynb"], tmp_path, Shard(1, 2))[0] == [cell]
    assert _part([cell], [folder / "a.ipynb"], tmp_path, Shard(2, 2)) == ([], [], 1)


def test_a_shard_without_notebooks_is_all_right(tmp_path, notebook, capsys):
    """Results of an earlier test are not those of this one."""
    path = tmp_path / "notebooks" / "a.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps(notebook))
    old = tmp_path / ".pytest_cache" / "fourfold" / "old.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    assert call_pytest([], tmp_path, None, False, False, Shard(2, 2)) == 0
    assert capsys.readouterr().out == "shard 2/2: 0 of 1 notebook\n"
    assert not old.exists()
