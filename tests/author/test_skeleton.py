"""Settings of VS Code, to which a new template adds its schema and changes nothing else."""

from __future__ import annotations

import json
import re

import pytest

from fourfold.author.skeleton import editor_settings, with_schema


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "{}",
        "{\n}\n",
        '{"yaml.schemas": {}}',
        '{"yaml.schemas" : { } , "a": [1]}',
        '{\n  "a": {"b": 1}\n}\n',
        '{\n  "yaml.schemas": {\n    "./.schema/b.json": "b/*"\n  },\n  "a": 1\n}\n',
        '{\n\t"yaml.schemas": {"./.schema/b.json": ["b/*", "c/*"]}\n}\n',
        editor_settings(["starter", "routes"]),
        '// mine\n{\n  // of YAML\n  "yaml.schemas": {\n    // a comment\n    "b": "c"\n  }\n}\n',
    ],
)
def test_a_schema_is_added(settings):
    """Whatever stands there; twice is once, and comments stay."""
    before = json.loads(re.sub(r"^\s*//.*$", "", settings, flags=re.M) or "{}")
    new = with_schema(with_schema(settings, "x-1"), "y")
    assert with_schema(new, "x-1") == new
    after = json.loads(re.sub(r"^\s*//.*$", "", new, flags=re.M))
    own = {f"./.schema/{name}.json": f"params/{name}/**/[!_]*.yaml" for name in ("x-1", "y")}
    assert after["yaml.schemas"] == before.get("yaml.schemas", {}) | own
    assert {k: v for k, v in before.items() if k != "yaml.schemas"}.items() <= after.items()
    assert new.count("//") == settings.count("//")
