"""Databases by URL: secrets resolved at the last moment, and never shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from sys import getsizeof
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

from fourfold.data.coerce import named, typed
from fourfold.data.packed import LARGEST, RATIO
from fourfold.errors import DataError, did_you_mean, masked

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
TABLE = "data"
DIALECTS = (
    *("bigquery", "databricks", "duckdb", "mariadb", "mssql", "mysql", "oracle", "postgres"),
    *("postgresql", "redshift", "snowflake", "sqlite", "trino"),
)
#: Packages of drivers and dialects that have another name.
_PACKAGES = {
    **{"MySQLdb": "mysqlclient", "mysql": "mysql-connector-python", "psycopg2": "psycopg2-binary"},
    **{"duckdb": "duckdb-engine", "bigquery": "sqlalchemy-bigquery"},
    **{"snowflake": "snowflake-sqlalchemy", "databricks": "databricks-sqlalchemy"},
    **{"redshift": "sqlalchemy-redshift"},
}
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_READING = {"select", "with", "values", "from", "table", "show", "describe", "explain"}
_WRITING = re.compile(
    r"\binto\b|[()]\s*(?:insert|update|delete|merge|replace)\s(?!\s*[,)])"
    r"|^explain\s*(?:\([^)]*\b)?analy[sz]e\b",
    re.IGNORECASE,
)
#: A comment that MySQL executes, or in which PostgreSQL begins another one.
_NO_COMMENT = re.compile(r"/\*(?:M?!|.+/\*)", re.DOTALL)
#: Where a database may end a string or a comment, and another one does not.
_ENDS = re.compile(r"""\\['"]|\$\w*\$|[`#].*['"]|\r(?!\n)""")
#: Functions that a query may call though it writes nothing in tables: they reach files, programs,
#: other connections or settings of the server, and a user with all rights may call them.
_REACHING = re.compile(
    r"""(?ix) \b (?:
    pg_(?:read|ls|stat)_\w*(?:file|dir)\w* | pg_file_\w+ | lo_\w+ | dblink\w* | query_to_xml\w*
    | pg_(?:terminate|cancel)_backend | pg_(?:reload|rotate|promote|switch|create|drop|backup)_?\w*
    | pg_(?:start|stop)_backup | pg_(?:wal_replay|logical|replication|advisory|stat_reset)\w*
    | pg_notify | set_config | nextval | setval | load_file | load_extension | sys_(?:eval|exec)
    | xp_\w+ | readfile | writefile | utl_(?:file|http)\.\w+
    | openrowset | opendatasource | openquery
    ) ["`\]]? \s* (?: (?:/\* | --) [\s\S]* )? \( | \bu&" """  # a name in escapes
)
#: What SQLite lets a query do, by its number: select, read, call a function, recurse, begin.
_ALLOWED = {20, 21, 22, 31, 33}
#: Steps of SQLite's machine between two looks; and how many it may do, in all or for each byte.
_STEPS, _MOST_STEPS, _STEPS_A_BYTE = 1_000_000, 100_000_000, 3000
_DUCKDB_FILE = re.compile(r"(?i)duckdb(?:\+\w+)?:///(?!:memory:).")
_SQLITE_URL = re.compile(r"sqlite(?:\+\w+)?:///(?!/|:memory:)(.+)", re.IGNORECASE)


def is_database(source: str) -> bool:
    """Say whether a source is the URL of a database."""
    scheme, slashes, _ = source.partition("://")
    return bool(slashes) and scheme.partition("+")[0].lower() in DIALECTS


def sqlite_path(source: str) -> str | None:
    """Return the path in a SQLite URL, a plain path as it is, and None for any other URL."""
    if url := _SQLITE_URL.fullmatch(source):
        return url[1]
    return None if "://" in source else source


def problem(source: str, query: str) -> str | None:
    """Return what is wrong with a database source, without connecting."""
    missing = (
        None if query else f"{masked(source)}: expected a query (SQL) for a database, got none"
    )
    return password_complaint(source) or missing or writes(query) or unset(source)


def password_complaint(source: str) -> str | None:
    """Return the complaint about a secret in a URL that is no environment variable."""
    if masked(source) == source:
        return None
    return (
        "expected the password as an environment variable, as in "
        "postgresql://me:${PGPASSWORD}@host/shop or https://host/a.csv?token=${TOKEN}; "
        f"got it in plain text: {masked(source)}"
    )


def writes(query: str) -> str | None:
    """Return why a query may do more than read; None if it only reads.

    Examples
    --------
    >>> writes("with a as (select 1) select 'drop table x; --' from a")
    >>> writes("drop table x")
    "expected one query that only reads, beginning with select or with; got 'drop'"
    """
    plain = _QUOTED.sub(lambda part: " " if part[0][0] in "-/" else "''", query).strip()
    first = re.match(r"[\s(]*([a-z]*)", plain, re.IGNORECASE)
    word = first[1].lower() if first else ""
    expected = "expected one query that only reads, beginning with select or with"
    if word not in _READING:
        near = did_you_mean(word, _READING)
        return f"{expected}; got {word or query[:20]!r}.{near}".removesuffix(".")
    parts = _QUOTED.findall(query)
    if hiding := [part for part in parts if _NO_COMMENT.match(part)]:
        return f"{expected}; got the comment {hiding[0][:20]!r}"
    # Of two signs without a blank MySQL makes no comment.
    odd = _ENDS.search(query) or any(re.match(r"--\S", part) for part in parts)
    for seen in (plain, query) if odd else (plain,):
        if ";" in seen.rstrip("; \t\n"):
            return f"{expected}; got several statements"
        if other := _WRITING.search(seen):
            return f"{expected}; got {' '.join(other[0].split()).lstrip('() ')!r}"
    if other := _REACHING.search(query):
        return f"{expected}; got {other[0]!r}"
    return None


def unset(source: str) -> str | None:
    """Return which environment variables that a source names are not set."""
    names = [name for name in _VARIABLE.findall(source) if name not in os.environ]
    if not names:
        return None
    return f"expected the environment variable {', '.join(names)}, which is not set"


def resolved(source: str) -> str:
    """Return the source with its ``${NAME}`` replaced by the environment's values, quoted."""
    return _VARIABLE.sub(lambda name: quote(os.environ[name[1]], safe=""), source)


def clean(message: str, source: str) -> str:
    """Return a message without any value that the source's variables hold."""
    for name in _VARIABLE.findall(source):
        value = os.environ.get(name, "")
        forms = {value, quote(value), quote(value, safe=""), quote_plus(value)} - {""}
        # As it is inside of another text, as in a list of what a driver was given.
        forms |= {write(form)[1:-1] for form in forms for write in (repr, json.dumps)}
        for form in sorted(forms, key=len, reverse=True):
            message = message.replace(form, f"${{{name}}}")
    return masked(message)


def read(source: str, query: str) -> pd.DataFrame:
    """Return the rows of a SQL query; the URL is that of SQLAlchemy, ``${NAME}`` for each secret.

    Raises
    ------
    DataError
        If the driver is missing, the connection fails or the query is refused; without secrets.
    """
    if problem := writes(query):
        raise DataError(f"{masked(source)}: {problem}")

    def rows(connection: Any) -> pd.DataFrame:
        _only_read(connection)
        return _answer(connection, query)

    return _rows(_asked(source, rows), masked(source))


def _answer(connection: Any, query: str) -> pd.DataFrame:
    """Return the rows of a query, in which ``:name`` and ``%s`` are text as any other."""
    import pandas as pd

    return pd.read_sql_query(query, connection.execution_options(no_parameters=True))


def _only_read(connection: Any) -> None:
    """Let a connection read, and nothing else, where its database knows how."""
    from sqlalchemy import text

    dialect = connection.dialect.name
    if dialect == "sqlite":
        raw = connection.connection.dbapi_connection
        pages, page = (raw.execute(f"pragma page_{n}").fetchone()[0] for n in ("count", "size"))
        _bound(raw, pages * page)
        raw.set_authorizer(_authorised)
    elif dialect == "postgresql":
        connection.execute(text("SET TRANSACTION READ ONLY"))
    elif dialect in ("mysql", "mariadb"):
        connection.execute(text("START TRANSACTION READ ONLY"))


def _bound(raw: Any, size: int) -> None:
    """Let SQLite make no more rows, texts and steps than a database of a size may give."""
    import sqlite3

    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    most, made, done = max(LARGEST, size * RATIO), 0, 0

    def row(_: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
        nonlocal made
        made += 2 * getsizeof(values) + sum(map(getsizeof, values))
        if made > most:
            raise DataError(
                f"expected a query that gives less than {RATIO} times the {size:,} bytes of its "
                f"database and {LARGEST >> 20} MB, got more; add where or limit"
            )
        return values

    def step() -> bool:
        nonlocal done
        done += _STEPS
        return done > max(_MOST_STEPS, size * _STEPS_A_BYTE)

    raw.row_factory = row
    raw.set_progress_handler(step, _STEPS)


def _authorised(action: int, first: str | None, second: str | None, *_: Any) -> int:
    loads = action == 31 and (second or "").lower() == "load_extension"
    return 0 if action in _ALLOWED and not loads else 1


def _rows(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    if not len(frame.columns):
        raise DataError(f"{source}: expected rows, the query returned none")
    return typed(named(frame))


def tables(source: str) -> list[str]:
    """Return the names of the tables and views of a database.

    Raises
    ------
    DataError
        As `read`.
    """
    from sqlalchemy import inspect

    def names(connection: Any) -> list[str]:
        inspector = inspect(connection)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

    return _asked(source, names)


def _asked(source: str, question: Callable[[Any], T]) -> T:
    try:
        return _connected(resolved(source).replace("postgres://", "postgresql://", 1), question)
    except Exception as error:
        message = f"{masked(source)}: {_first_line(error)}"
    # Raised outside of the handler: the cause, and its frames, may carry the secret.
    raise DataError(clean(message, source))


def _connected(url: str, question: Callable[[Any], T]) -> T:
    from sqlalchemy import create_engine

    # DuckDB makes a file that is not there, and lets one process write: it has to be opened so.
    only_read = {"connect_args": {"read_only": True}} if _DUCKDB_FILE.match(url) else {}
    engine = create_engine(url, **only_read)
    try:
        with engine.connect() as connection:
            return question(connection)
    finally:
        engine.dispose()


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

    def rows(connection: Any) -> pd.DataFrame:
        frame.to_sql(TABLE, connection, index=False)
        _only_read(connection)
        return _answer(connection, query)

    if problem := writes(query):
        raise DataError(f"{source}: {problem}")
    try:
        selected = _connected("sqlite://", rows)
    except Exception as error:
        raise DataError(f"{source}: {_refused(error, frame)}") from error
    return _rows(selected, source)


def _refused(error: Exception, frame: pd.DataFrame) -> str:
    """Return why SQLite refused a query, and what it should have asked for."""
    message = _first_line(error).rpartition("Error) ")[2]
    if column := re.search(r"no such column: (?:\w+\.)?(.+)", message):
        return f"{message}.{did_you_mean(column[1], frame.columns)}"
    if "no such table" in message:
        return f"{message}; the one table there is named {TABLE!r}"
    return message


def _first_line(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        package = _PACKAGES.get(str(error.name), error.name)
        return f"needs the driver {error.name!r}; run: pip install {package}"
    # What pandas says begins with the query, which may have many lines.
    line = str(error.__cause__ or error).split("\n")[0]
    if dialect := re.fullmatch(r"Can't load plugin: sqlalchemy\.dialects:(\w+)(\.\w+)?", line):
        known = "" if dialect[2] else f"; run: pip install {_PACKAGES.get(dialect[1], dialect[1])}"
        return f"needs a driver for {'+'.join(dialect[0].rpartition(':')[2].split('.'))}{known}"
    if line.endswith("Error) interrupted"):
        return (
            f"expected a query that is done in {_MOST_STEPS:,} steps, or {_STEPS_A_BYTE:,} for "
            "each byte of its database; got one that takes more"
        )
    return line
