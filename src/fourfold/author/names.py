"""Names of configs, templates and projects: files of every system, and words of an address."""

import re

from fourfold.errors import FourfoldError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def check_name(name: str) -> None:
    """Check the name of a config or template.

    Parameters
    ----------
    name : str

    Raises
    ------
    FourfoldError
        If it has other letters than a-z, 0-9, - and _; one is proposed.

    Examples
    --------
    >>> check_name("Sales 1")
    Traceback (most recent call last):
    ...
    fourfold.errors.FourfoldError: NAME: expected a-z, 0-9, - and _, got 'Sales 1'; such as sales-1
    """
    if not _NAME.fullmatch(name):
        expected = f"NAME: expected a-z, 0-9, - and _, got {name!r}"
        raise FourfoldError(f"{expected}; such as {plain_name(name) or 'sales'}")


def plain_name(name: str) -> str:
    """Return a name with nothing in it that a name may not have."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")
