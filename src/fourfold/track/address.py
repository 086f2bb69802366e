"""Where MLflow is: as pyproject.toml or the environment says, checked without asking it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fourfold.data.database import password_complaint, resolved, unset
from fourfold.errors import ConfigError, TrackingError, Violation, did_you_mean

VARIABLE, KEY = "MLFLOW_TRACKING_URI", "tracking"
_FILE, _TABLE = "pyproject.toml", "tool.fourfold"
_SCHEMES = ("sqlite", "http", "https")
_EXPECTED = "expected sqlite:///FILE, http://HOST, https://HOST or false"
_LOCATED = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


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
    path, text, content = root / _FILE, "", dict[str, Any]()
    if path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            at = _LOCATED.search(str(error))
            line, column = (int(n or 1) for n in at.groups()) if at else (1, 1)
            problem = f"not TOML: {_LOCATED.sub('', str(error))}"
            raise ConfigError([Violation(_FILE, line, column, _TABLE, problem)]) from None
    tool = content.get("tool")
    own = tool.get("fourfold") if isinstance(tool, dict) else None
    own = own if isinstance(own, dict) else {}
    near = next((k for k in own if k not in (KEY, "repository") and did_you_mean(k, [KEY])), None)
    if near:
        raise _wrong(text, near, f"unknown key; expected {KEY}")
    given, variable = own.get(KEY), os.environ.get(VARIABLE, "")
    address = variable if given is None else given
    if address is False or (given is None and not variable):
        return None
    secret = isinstance(given, str) and "@" in given and password_complaint(given)
    problem = _problem(address, bool(secret))
    if problem and given is None:
        off = f"{KEY} = false below [{_TABLE}] in {_FILE} turns it off"
        raise TrackingError(f"{VARIABLE}: {problem.rstrip('.')}; {off}")
    if problem:
        raise _wrong(text, KEY, problem)
    project = content.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or name or root.resolve().name
    return Tracking(address, str(name) or "fourfold")


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


def _wrong(text: str, key: str, problem: str) -> ConfigError:
    """Return the error about a key of ours, located in the text of pyproject.toml."""
    place, inside = (1, 1), False
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            inside = head[1].replace(" ", "") == _TABLE
        at = re.match(rf"\s*((?:[\w.]+\.)?[\"']?{re.escape(key)}[\"']?)\s*=", line)
        if at and (inside or "fourfold" in at[1]):
            place = number, at.start(1) + 1
    return ConfigError([Violation(_FILE, *place, f"{_TABLE}.{key}", problem)])
