"""Files that run a project elsewhere; validators and a real Slurm are in ``tests/integration``."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML
from typer.testing import CliRunner

from fourfold.author.deploy import KINDS, LOCK, deployed, is_own, locked, stamped, write
from fourfold.cli.main import app
from fourfold.errors import FourfoldError


def read(text: str) -> list[dict]:
    return list(YAML(typ="safe").load_all(text))


def pod(spec: dict) -> dict:
    return spec["template"]["spec"]


def test_kubernetes_gets_an_indexed_job_a_nightly_one_and_one_that_gathers(tmp_path):
    """None as root, all with the same volume; a job that was killed goes on, a failed run does not."""
    texts = deployed("kubernetes", tmp_path / "My Shop_2", ["params/a b.yaml"], 12)
    claim, job = read(texts["deploy/kubernetes.yaml"])
    (gather,) = read(texts["deploy/kubernetes-gather.yaml"])
    (nightly,) = read(texts["deploy/kubernetes-nightly.yaml"])
    assert claim["metadata"]["name"] == "my-shop-2-outputs"
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 12, 12)
    assert spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [1, 2]
    pods = [pod(spec), pod(gather["spec"]), pod(nightly["spec"]["jobTemplate"]["spec"])]
    calls = [each["containers"][0]["args"] for each in pods]
    assert calls == [
        ["run", "--shard", "auto/12", "--quiet", "params/a b.yaml"],
        ["gather"],
        ["run", "--quiet", "params/a b.yaml"],
    ]
    for each in pods:
        assert each["securityContext"]["runAsNonRoot"]
        assert each["volumes"][0]["persistentVolumeClaim"]["claimName"] == "my-shop-2-outputs"


def test_github_runs_each_shard_and_gathers_whatever_came(tmp_path):
    """Hidden files too: searches keep their course in one."""
    texts = deployed("github", tmp_path, ["params/it's: #1.yaml"], 3)
    (flow,) = read(texts[".github/workflows/fourfold-shards.yml"])
    shard, gather = flow["jobs"]["shard"], flow["jobs"]["gather"]
    assert shard["strategy"] == {"fail-fast": False, "matrix": {"shard": [1, 2, 3]}}
    (run,) = [step["run"] for step in shard["steps"] if "--shard" in step.get("run", "")]
    words = shlex.split(run)
    assert words[-1] == "params/it's: #1.yaml"
    assert words[4] == "matrix.shard"
    upload = shard["steps"][-1]["with"]
    assert upload["include-hidden-files"] is True
    assert (gather["needs"], gather["if"]) == ("shard", "always()")
    assert any(step.get("run") == "fourfold gather shards" for step in gather["steps"])
    assert texts[LOCK] == stamped(locked(tmp_path))


def test_slurm_gets_an_array_of_which_a_part_may_run_again(tmp_path):
    """The count is in the command, since a part of an array has another."""
    (text,) = deployed("slurm", tmp_path, ["params/a b.yaml"], 40).values()
    assert text.startswith("#!/bin/bash\n# Written by")
    assert "#SBATCH --array=1-40\n" in text
    last = shlex.split(text.splitlines()[-1])
    assert last == [
        *["exec", "fourfold", "run", "--shard", "auto/40", "--quiet"],
        "params/a b.yaml",
    ]
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_the_image_has_the_packages_of_here_and_is_not_root(tmp_path):
    """All that the project and Fourfold need, each pinned, and nothing else."""
    (tmp_path / "requirements.txt").write_text(
        "# ours\nhypothesis>=6\nno-such-package==1.0\n-e .\n"
    )
    texts = deployed("docker", tmp_path, [], 8)
    lines = texts["Dockerfile"].splitlines()
    assert lines[-3:] == ["USER 1000:1000", 'ENTRYPOINT ["fourfold"]', 'CMD ["run"]']
    pins = [Requirement(line) for line in texts[LOCK].splitlines() if line[0] != "#"]
    names = {pin.name for pin in pins}
    assert {"numpy", "papermill", "palmerpenguins", "hypothesis", "no-such-package"} <= names
    assert "ruff" not in names
    assert all(pin.url or [s.operator for s in pin.specifier] == ["=="] for pin in pins)
    assert "git" in deployed("docker", tmp_path, [], 8)[".dockerignore"]


def test_what_somebody_has_changed_is_kept(tmp_path):
    """What was only written is written anew, as for another number of shards."""
    path, name = tmp_path / "deploy" / "slurm.sh", "deploy/slurm.sh"
    assert write(deployed("slurm", tmp_path, [], 4), tmp_path) == {name: "wrote"}
    assert write(deployed("slurm", tmp_path, [], 4), tmp_path) == {name: "unchanged"}
    assert write(deployed("slurm", tmp_path, [], 5), tmp_path) == {name: "wrote"}
    changed = path.read_text().replace("--mem=4G", "--mem=8G")
    path.write_text(changed)
    assert not is_own(changed)
    assert write(deployed("slurm", tmp_path, [], 6), tmp_path) == {name: "kept"}
    assert path.read_text() == changed
    path.write_text("mine\n")
    assert write(deployed("slurm", tmp_path, [], 6), tmp_path) == {name: "kept"}
    assert write(deployed("slurm", tmp_path, [], 6), tmp_path, force=True) == {name: "wrote"}


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        (
            "slrm",
            "",
            "expected docker, kubernetes, slurm, github, got 'slrm'. Did you mean 'slurm'?",
        ),
        ("slurm", "params/a\nb", "expected a path in plain characters, got 'params/a\\nb'"),
        ("github", "${{ secrets.X }}", "expected a path in plain characters"),
    ],
)
def test_what_cannot_be_written_is_refused(kind, path, message, tmp_path):
    """Before anything is."""
    with pytest.raises(FourfoldError) as error:
        deployed(kind, tmp_path, [path] if path else [], 2)
    assert message in str(error.value)


def test_the_command_says_what_it_wrote_and_kept(project, config):
    """Paths are those of the project, wherever the command is given."""
    path = config("template: tiny\n")
    run = CliRunner().invoke
    done = run(app, ["deploy", "slurm", str(path), "--shards", "3", "--root", str(project)])
    assert (done.exit_code, done.output) == (0, "wrote deploy/slurm.sh\n")
    script = project / "deploy" / "slurm.sh"
    assert script.read_text().endswith("--shard auto/3 --quiet params/a.yaml\n")
    script.write_text(script.read_text() + "# mine\n")
    done = run(app, ["deploy", "slurm", "--root", str(project)])
    kept = "kept deploy/slurm.sh: it was changed here; --force overwrites it\n"
    assert (done.exit_code, done.output) == (1, kept)
    assert set(KINDS) == {"docker", "kubernetes", "slurm", "github"}
