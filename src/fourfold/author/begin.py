"""What the setup cell of a template calls: which template it is, and where its project is.

Colab begins, and begins again after a restart, in an empty folder, with what was installed still
there. Elsewhere nothing is fetched.
"""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from fourfold.author.install import install
from fourfold.data.datasets import DATASETS
from fourfold.errors import FourfoldError, last_line
from fourfold.methods import yellowbrick
from fourfold.plan.template import templates
from fourfold.project import find_root

_begun: dict[str, str] = {}


def begin(template: str, repository: str = "") -> None:
    """Say which template this notebook is, and go to its project, which paths are relative to.

    Colab fetches the project, and installs what is missing; elsewhere nothing is fetched. From
    here on, `yellowbrick` can be imported as it is, with the fixes of `methods.yellowbrick`.

    Parameters
    ----------
    template : str
        Its name, which `ff.rerun` uses where the editor tells no path.
    repository : str, optional
        Of the project on GitHub, ``owner/name``, and the project's folder in it, if any:
        ``owner/name/folder``. Default: where Fourfold was installed from.

    Raises
    ------
    FourfoldError
        If the project cannot be fetched.
    """
    _begun["template"] = template
    yellowbrick.shim()
    here = Path.cwd()
    inside = (find_root(here) / "templates").is_dir()
    if inside and here.name in ("templates", "notebooks") and here.parent == find_root(here):
        os.chdir(here.parent)  # an editor begins in the folder of the notebook
    if not _in_colab():
        return
    if not inside:
        address, folder = _address(repository)
        if address and (repository or template in templates(Path("templates"))):
            os.chdir(_fetched(address) / folder)
    install("fourfold", ["data"], only=_data_package())


def begun() -> str:
    """Return the template that this notebook says it is; empty if it does not."""
    return _begun.get("template", "")


def _in_colab() -> bool:
    """Say whether this is Colab, or one who wants the same."""
    names = ("COLAB_RELEASE_TAG", "FOURFOLD_SOURCE")
    return "google.colab" in sys.modules or any(name in os.environ for name in names)


def _address(repository: str) -> tuple[str, str]:
    """Return the address of the project's repository, and its folder in there."""
    if repository:
        owner, name, *folder = repository.split("/", 2)
        return f"https://github.com/{owner}/{name}", "".join(folder)
    origin = json.loads(metadata.distribution("fourfold").read_text("direct_url.json") or "{}")
    return origin.get("url", ""), origin.get("subdirectory", "")


def _fetched(address: str) -> Path:
    """Return the folder of a repository, which is cloned unless it is there."""
    local = Path(address.removeprefix("file://"))
    if local.is_dir() and not (local / "HEAD").is_file():
        return local
    folder = Path.cwd() / local.name.removesuffix(".git")
    if (folder / ".git").exists():
        return folder
    call = ["git", "clone", "-q", "--depth=1", address, str(folder)]
    done = subprocess.run(call, capture_output=True, text=True, env=_quiet())
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        fatal = (line for line in lines if line.startswith("fatal: "))
        reason = next(fatal, last_line(done.stderr))
        raise FourfoldError(f"begin: expected to fetch {address}: {reason}")
    return folder


def _quiet() -> dict[str, str]:
    """Return an environment in which git asks for no password, which nobody could type."""
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0"}


def _data_package() -> list[str]:
    """Return the package of the data set that the notebook's parameter ``data`` names."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    name = shell.user_ns.get("data") if shell else None
    dataset = DATASETS.get(name) if isinstance(name, str) else None
    return [dataset.package] if dataset else []
