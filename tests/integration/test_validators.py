"""What `fourfold deploy` writes, before validators of Kubernetes, Docker and GitHub."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fourfold.author.deploy import KINDS, deployed, write

pytestmark = pytest.mark.integration

PROGRAMS = Path(os.environ.get("VALIDATORS", ""))
CALLS = {
    "docker": ["hadolint", "Dockerfile"],
    "kubernetes": ["kubernetes-validate", "--strict"],
    "github": ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
    "slurm": ["bash", "-n"],
}
BROKEN = {
    "docker": ("COPY . .", "COPY . . ."),
    "kubernetes": ("backoffLimit", "backofLimit"),
    "github": ("runs-on", "run-on"),
    "slurm": ("exec ", "if "),
}


def validated(kind: str, texts: dict[str, str], root: Path) -> subprocess.CompletedProcess[str]:
    write(texts, root)
    program, *arguments = CALLS[kind]
    call = [program if program == "bash" else str(PROGRAMS / program), *arguments]
    call += [path for path in texts if path in KINDS[kind] and kind != "docker"]
    return subprocess.run(call, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", sorted(CALLS))
def test_files_are_what_their_readers_expect(kind, tmp_path):
    """And a mistake in them is noticed."""
    texts = deployed(
        kind, tmp_path / "My Shop & Söhne_2", ["params/a b.yaml", "params/it's: #1"], 12
    )
    done = validated(kind, texts, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = BROKEN[kind]
    broken = {path: text.replace(before, after) for path, text in texts.items()}
    assert broken != texts
    (tmp_path / "broken").mkdir()
    assert validated(kind, broken, tmp_path / "broken").returncode != 0
