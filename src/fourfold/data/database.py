"""Databases by URL: secrets resolved at the last moment, and never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

from fourfold.data.coerce import with_dates
from fourfold.data.formats import SQLITE
from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
TABLE = "data"
DIALECTS = [
    "bigquery",
    "databricks",
    "duckdb",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgres",
    "postgresql",
    "redshift",
    "snowflake",
    "sqlite",
    "trino",
]
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_USERINFO = re.compile(r"(?<=://)([^/@:]*):([^/@]*)(?=@)")
_SECRET_KEY = re.compile(
    r"(?i)([?&][^=&]*(?:pass|pwd|token|secret|sig|key|credential)[^=&]*=)([^&]+)"
)
_SQLITE_URL = re.compile(r"sqlite(?:\+\w+)?:///(?!/|:memory:)(.+)", re.IGNORECASE)


def is_database(source: str) -> bool:
    """Say whether a source is the URL of a database."""
    scheme, found, _ = source.partition("://")
    return bool(found) and scheme.partition("+")[0].lower() in DIALECTS


def sqlite_path(source: str) -> str | None:
    """Return the path in a SQLite URL, a plain path as it is, and None for any other URL."""
    if found := _SQLITE_URL.fullmatch(source):
        return found[1]
    return None if "://" in source else source


def problem(source: str, query: str) -> str | None:
    """Return what is wrong with a database source, without connecting."""
    if wrong := plain_password(source):
        return wrong
    if not query:
        return f"{masked(source)}: expected a query (SQL) for a database, got none"
    return unset(source)


def unsafe(source: str) -> str | None:
    """Return what is wrong with the secrets of a source: in plain text, or not set."""
    return plain_password(source) or unset(source)


def plain_password(source: str) -> str | None:
    """Return the complaint about a password that is no environment variable."""
    password = _USERINFO.search(source)
    if not password or not _VARIABLE.sub("", password[2]):
        return None
    return (
        "expected the password as an environment variable, as in "
        "postgresql://me:${PGPASSWORD}@host/shop; got it in plain text"
    )


def unset(source: str) -> str | None:
    """Return which environment variables that a source names are not set."""
    names = [name for name in _VARIABLE.findall(source) if name not in os.environ]
    if not names:
        return None
    return f"expected the environment variable {', '.join(names)}, which is not set"


def resolved(source: str) -> str:
    """Return the source with its ``${NAME}`` replaced by the environment's values, quoted."""
    return _VARIABLE.sub(lambda found: quote(os.environ[found[1]], safe=""), source)


def masked(source: str) -> str:
    """Return the source with what was written in plain text where a secret stands as ``***``.

    Examples
    --------
    >>> masked("postgresql://me:hunter2@host/shop")
    'postgresql://me:***@host/shop'
    >>> masked("postgresql://me:${PGPASSWORD}@host/shop")
    'postgresql://me:${PGPASSWORD}@host/shop'
    """

    def hide(secret: str) -> str:
        return secret if _VARIABLE.fullmatch(secret) else "***"

    text = _USERINFO.sub(lambda found: f"{found[1]}:{hide(found[2])}", source)
    return _SECRET_KEY.sub(lambda found: found[1] + hide(found[2]), text)


def clean(message: str, source: str) -> str:
    """Return a message without any value that the source's variables hold."""
    for name in _VARIABLE.findall(source):
        value = os.environ.get(name, "")
        for form in {value, quote(value), quote(value, safe=""), quote_plus(value)} - {""}:
            message = message.replace(form, f"${{{name}}}")
    return masked(message)


def read(source: str, query: str) -> pd.DataFrame:
    """Return the rows of a query.

    Parameters
    ----------
    source : str
        SQLAlchemy URL, with ``${NAME}`` for each secret; or the path of a SQLite file.
    query : str
        SQL.

    Raises
    ------
    DataError
        If the driver is missing, the connection fails or the query is refused; without secrets.
    """
    import pandas as pd
    from sqlalchemy import text

    frame = _asked(source, lambda connection: pd.read_sql_query(text(query), connection))
    if not len(frame.columns):
        raise DataError(f"{masked(source)}: expected rows, the query returned none")
    return with_dates(frame)


def tables(source: str) -> list[str]:
    """Return the names of the tables and views of a database.

    Raises
    ------
    DataError
        As `read`.
    """
    from sqlalchemy import inspect

    def names(connection: Any) -> list[str]:
        found = inspect(connection)
        return sorted([*found.get_table_names(), *found.get_view_names()])

    return _asked(source, names)


def _asked(source: str, question: Callable[[Any], T]) -> T:
    from sqlalchemy import create_engine

    url = (
        f"sqlite:///{source}" if source.lower().endswith(SQLITE) and "://" not in source else source
    )
    try:
        engine = create_engine(resolved(url).replace("postgres://", "postgresql://", 1))
        try:
            with engine.connect() as connection:
                return question(connection)
        finally:
            engine.dispose()
    except Exception as error:
        message = f"{masked(source)}: {_first_line(error)}"
    # Raised outside of the handler: the cause, and its frames, may carry the secret.
    raise DataError(clean(message, source))


def select(frame: pd.DataFrame, query: str, source: str = "data") -> pd.DataFrame:
    """Return the rows of a query on one table, which SQLite holds in memory as ``data``.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table. Dates become text on the way, and dates again in the result.
    query : str
        SQL in the dialect of SQLite.
    source : str
        Name of the table's source; messages start with it.

    Raises
    ------
    DataError
        If SQLite refuses the query; with the nearest column where it knows none of that name.

    Examples
    --------
    >>> import pandas as pd
    >>> select(pd.DataFrame({"n": [1, 2, 3]}), "select sum(n) as total from data")["total"].item()
    6
    """
    import pandas as pd
    from sqlalchemy import create_engine, text

    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            frame.to_sql(TABLE, connection, index=False)
            found: pd.DataFrame = pd.read_sql_query(text(query), connection)
    except Exception as error:
        raise DataError(f"{source}: {_refused(error, frame)}") from error
    finally:
        engine.dispose()
    if not len(found.columns):
        raise DataError(f"{source}: expected rows, the query returned none")
    return with_dates(found)


def _refused(error: Exception, frame: pd.DataFrame) -> str:
    """Return why SQLite refused a query, and what it should have asked for."""
    message = _first_line(error).rpartition("Error) ")[2]
    if found := re.search(r"no such column: (?:\w+\.)?(.+)", message):
        return f"{message}.{did_you_mean(found[1], frame.columns)}"
    if "no such table" in message:
        return f"{message}; the one table there is named {TABLE!r}"
    return message


def _first_line(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"needs the driver {error.name!r}; run: pip install {error.name}"
    # What pandas says begins with the query, which may have many lines.
    return str(error.__cause__ or error).split("\n")[0]
