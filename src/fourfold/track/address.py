"""Where MLflow is: as pyproject.toml or the environment says, checked without asking it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fourfold.data.database import password_complaint, resolved, unset
from fourfold.errors import TrackingError, did_you_mean
from fourfold.project import read_settings

VARIABLE, KEY = "MLFLOW_TRACKING_URI", "tracking"
_SCHEMES = ("sqlite", "http", "https")
_EXPECTED = "expected sqlite:///FILE, http://HOST, https://HOST or false"


@dataclass(frozen=True)
class Tracking:
    """An address of MLflow, as it is written, and the experiment that runs belong to."""

    address: str
    experiment: str

    @property
    def shown(self) -> str:
        """Return the address as messages show it, without user and password."""
        return masked(self.address)

    @property
    def uri(self) -> str:
        """Return the address with the values of the environment variables that it names."""
        return resolved(self.address)


def masked(address: str) -> str:
    """Return an address without user and password.

    Examples
    --------
    >>> masked("https://me:p/w@host:5000")
    'https://***@host:5000'
    """
    if address.lower().startswith("sqlite:"):
        return address
    return re.sub(r"^([\w+.-]+:/*)?.*@", r"\1***@", address, flags=re.DOTALL)


def read_tracking(root: Path) -> Tracking | None:
    """Return where runs of a project are tracked; None if they are not.

    ``[tool.fourfold] tracking`` in its pyproject.toml counts more than the variable
    MLFLOW_TRACKING_URI, and ``false`` there turns the latter off. The experiment is that of
    MLFLOW_EXPERIMENT_NAME, else the name of the project, else that of its folder.

    Raises
    ------
    ConfigError, TrackingError
        If it is no address that runs can be sent to, in pyproject.toml or in the environment.
    """
    settings = read_settings(root)
    given, variable = settings.own.get(KEY), os.environ.get(VARIABLE, "")
    address = variable if given is None else given
    if address is False or (given is None and not variable):
        return None
    secret = isinstance(given, str) and "@" in given and password_complaint(given)
    problem = _problem(address, bool(secret))
    if problem and given is None:
        off = f"{KEY} = false below [tool.fourfold] in pyproject.toml turns it off"
        raise TrackingError(f"{VARIABLE}: {problem.rstrip('.')}; {off}")
    if problem:
        raise settings.wrong(KEY, problem)
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or settings.name or root.resolve().name
    return Tracking(address, name or "fourfold")


def _problem(address: Any, secret: bool) -> str:
    """Return what is wrong with an address; empty if it can be asked."""
    if not isinstance(address, str):
        return f"{_EXPECTED}, got {address!r}"
    scheme, slashes, _ = address.partition("://")
    scheme, got = scheme.lower(), repr(masked(address))
    if not slashes or scheme not in _SCHEMES:
        return f"{_EXPECTED}, got {got}.{did_you_mean(scheme, _SCHEMES)}"
    if secret:
        form = f"{scheme}://me:${{MLFLOW_PASSWORD}}@host"
        return f"expected the password as an environment variable, as in {form}; got plain text"
    if lacking := unset(address):
        return lacking
    if scheme == "sqlite":
        if not re.fullmatch(r"sqlite:///(?!:memory:)[^?#]+", address, re.IGNORECASE):
            return f"{_EXPECTED}, got {got}"
        has = find_spec("mlflow")
        lacking = 'expected the package mlflow for a file; run: pip install "mlflow>=3.1"'
        return "" if has else lacking
    try:
        parts = urlsplit(resolved(address))
        whole = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:  # such as a port that is no number
        whole = False
    return "" if whole else f"{_EXPECTED}, got {got}"
