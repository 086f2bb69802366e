"""Which kernel executes a notebook, and in which language its parameters are written."""

from collections.abc import Mapping
from typing import Any

from fourfold.errors import FourfoldError, did_you_mean

PYTHON = "python3"
"""The kernel of this Python."""


def kernel_for(metadata: Mapping[str, Any], asked: str | None = None) -> tuple[str, str]:
    """Return the name of a kernel and its language.

    The kernel is as asked for, else the notebook's own; where that is not installed, such as that
    of somebody's environment, or none is named, it is this Python's for a notebook in Python.

    Raises
    ------
    NoSuchKernel
        If the kernel is not installed, and no other will do.
    """
    own, info = (_mapping(metadata, name) for name in ("kernelspec", "language_info"))
    stated = str(own.get("language") or info.get("name") or "").lower()
    name = str(asked or own.get("name") or PYTHON)
    if name == PYTHON:
        return PYTHON, "python"
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        if asked or stated != "python":
            raise
        return PYTHON, "python"
    return name, str(spec.language or "").lower() or stated


def complete(metadata: dict[str, Any], kernel: tuple[str, str]) -> None:
    """Fill in what the format of notebooks wants of a kernelspec: a name, and one to show."""
    own, (name, language) = _mapping(metadata, "kernelspec"), kernel
    if not (own.get("name") and own.get("display_name")):
        usual = {"display_name": own.get("name") or name, "language": language, "name": name}
        metadata["kernelspec"] = usual | {key: part for key, part in own.items() if part}
    if not _mapping(metadata, "language_info"):
        metadata.pop("language_info", None)


def _mapping(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    content = metadata.get(name)
    return content if isinstance(content, Mapping) else {}


def check_kernel(name: str) -> None:
    """Refuse the name of a kernel that is not installed.

    Raises
    ------
    FourfoldError
    """
    from jupyter_client.kernelspec import KernelSpecManager

    known = sorted(KernelSpecManager().find_kernel_specs())
    if name not in known:
        expected = f"--kernel: expected one of {', '.join(known)}, got {name!r}."
        raise FourfoldError(expected + did_you_mean(name, known))
