"""MLflow as the sender asks it: a server by its REST API, a SQLite file by the package mlflow.

A server is spoken to without mlflow: its REST API has been the same since MLflow 1, while the
package of 90 others must fit the server, and would have to be installed beside every kernel.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlencode, urlsplit

from fourfold.errors import TrackingError
from fourfold.track.content import ID, Content

if TYPE_CHECKING:
    import requests

FAILED = "500"
_CONNECT_S, _ANSWER_S = 3.0, 30.0
_PARAMETERS, _METRICS, _TAGS = 100, 800, 100  # of one call, as MLflow allows


@dataclass(frozen=True)
class Found:
    """A run that MLflow has."""

    run_id: str
    status: str
    artifacts: str
    tags: Mapping[str, str]
    deleted: bool = False


class Store(Protocol):
    """What the sender needs of MLflow; errors are `TrackingError`.

    `at_once` says how many threads may ask at a time.
    """

    at_once: int

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, which is made where there is none."""

    def find(self, experiment: str, identity: str, tag: str = ID) -> list[Found]:
        """Return the runs that have an id of ours, or another tag, the oldest first.

        Parameters
        ----------
        experiment, identity : str
        tag : str
        """

    def create(self, experiment: str, started: int, tags: Mapping[str, str]) -> Found:
        """Make a run, which has its tags from the first moment.

        Parameters
        ----------
        experiment : str
        started : int
            Milliseconds since 1970.
        tags : mapping of str to str
        """

    def log(self, run: Found, content: Content, tags: Mapping[str, str]) -> None:
        """Write parameters, metrics and tags; the same twice is the same.

        Parameters
        ----------
        run : Found
        content : Content
            Without its tags.
        tags : mapping of str to str
        """

    def untag(self, run: Found, name: str) -> None:
        """Remove a tag."""

    def upload(self, run: Found, path: Path, folder: str = "") -> None:
        """Write a file of a run.

        Parameters
        ----------
        run : Found
        path : Path
        folder : str
            Of its artifacts.
        """

    def end(self, run: Found, status: str, ended: int) -> None:
        """Note how and when a run ended.

        Parameters
        ----------
        run : Found
        status : str
            A word of MLflow, such as FINISHED.
        ended : int
            Milliseconds since 1970.
        """

    def delete(self, run: Found) -> None:
        """Delete a run, which MLflow can restore."""

    def version(self, name: str, tags: Mapping[str, str]) -> str | None:
        """Return the last version of a registered model that has these tags; None without."""

    def register(self, name: str, run: Found, tags: Mapping[str, str]) -> str:
        """Make a version of a registered model, which is made where there is none.

        Parameters
        ----------
        name : str
        run : Found
            Whose artifacts ``model`` it is.
        tags : mapping of str to str
        """

    def point(self, name: str, alias: str, version: str | None) -> None:
        """Let the alias of a registered model be a version; with None, there is no such alias.

        Parameters
        ----------
        name, alias : str
        version : str, optional
        """


def open_store(uri: str, on_answer: Callable[[], None] = lambda: None) -> Store:
    """Return the store of an address, whose variables are resolved.

    Parameters
    ----------
    uri : str
    on_answer : callable
        Called before the first request to a server, and with each of its answers.
    """
    if not uri.lower().startswith("sqlite:"):
        return _Server(uri, on_answer)
    from fourfold.track.local import open_file

    return open_file(uri)


def asked(identity: str, tag: str) -> str:
    """Return the filter of runs that have a tag."""
    return f"tags.`{tag}` = '{identity}'"


def last(versions: Iterable[tuple[str, Mapping[str, str]]], tags: Mapping[str, str]) -> str | None:
    """Return the last of versions of a model, given with their tags, that has these."""
    numbers = [int(number) for number, own in versions if tags.items() <= own.items()]
    return str(max(numbers)) if numbers else None


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in values.items()]


class _Server:
    at_once = 4

    def __init__(self, uri: str, on_answer: Callable[[], None]) -> None:
        import requests  # noqa: F401

        on_answer()
        self._on_answer = on_answer
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._base = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}/api/2.0/"
        self._threads = threading.local()  # requests does not promise to share a session
        self._auth: tuple[bytes, bytes] | None = None
        self._headers: dict[str, str] = {}
        self._verify: bool | str = True
        own = {name: os.environ.get(f"MLFLOW_TRACKING_{name}") for name in
               ("USERNAME", "PASSWORD", "TOKEN", "INSECURE_TLS", "SERVER_CERT_PATH")}  # fmt: skip
        user = unquote(parts.username or "") or own["USERNAME"]
        if user:
            password = unquote(parts.password or "") or own["PASSWORD"] or ""
            self._auth = (user.encode(), password.encode())
        elif own["TOKEN"]:
            self._headers = {"Authorization": f"Bearer {own['TOKEN']}"}
        if (own["INSECURE_TLS"] or "").lower() in ("1", "true"):
            self._verify = False
        elif own["SERVER_CERT_PATH"]:
            self._verify = own["SERVER_CERT_PATH"]

    def _session(self) -> requests.Session:
        import requests

        if not hasattr(self._threads, "session"):
            self._threads.session = session = requests.Session()
            session.auth = self._auth  # type: ignore[assignment]
            session.headers.update(self._headers)
            session.verify = self._verify
        return self._threads.session  # type: ignore[no-any-return]

    def _ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Return the JSON of an answer.

        Raises
        ------
        TrackingError
            If there is no answer, or another one.
        """
        from requests import RequestException, Timeout
        from requests.exceptions import SSLError

        if body is not None:
            options |= {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}
        url, timeout = self._base + path, (_CONNECT_S, _ANSWER_S)
        try:
            answer = self._session().request(
                method, url, timeout=timeout, allow_redirects=False, **options
            )
            text, status = answer.text, answer.status_code
            self._on_answer()
        except Timeout:
            raise TrackingError("it does not answer in time") from None
        except SSLError:
            raise TrackingError("its certificate is not trusted") from None
        except (RequestException, OSError) as error:
            raise TrackingError(f"it cannot be reached ({_reason(error)})") from None
        try:
            content = json.loads(text or "{}")
        except ValueError:
            content = None
        if status == 200 and isinstance(content, dict):
            return content
        said = f"it answers {status} ({answer.reason})"
        if status == 413:  # a proxy before MLflow has a limit for files
            raise TrackingError(said, of_run=True)
        if status >= 500 or status in (401, 403, 429):
            raise TrackingError(said, code=FAILED if status >= 500 else "")
        code = content.get("error_code") if isinstance(content, dict) else None
        if not (content and code):
            raise TrackingError(f"no MLflow server is there: it answers {status} to {path}")
        message = first_line(content.get("message"))
        raise TrackingError(f"{code}: {message}", of_run=True, code=code)

    def experiment(self, name: str) -> str:
        path = f"mlflow/experiments/get-by-name?experiment_name={quote(name, safe='')}"
        try:
            return alive(self._ask("GET", path)["experiment"])
        except TrackingError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
        try:
            made = self._ask("POST", "mlflow/experiments/create", {"name": name})
        except TrackingError as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":  # another sender was faster
                raise
            return alive(self._ask("GET", path)["experiment"])
        return str(made["experiment_id"])

    def find(self, experiment: str, identity: str, tag: str = ID) -> list[Found]:
        body = {"experiment_ids": [experiment], "filter": asked(identity, tag), "max_results": 100}
        body |= {"run_view_type": "ALL", "order_by": ["attributes.start_time ASC"]}
        return [
            _found(run) for run in self._ask("POST", "mlflow/runs/search", body).get("runs", [])
        ]

    def create(self, experiment: str, started: int, tags: Mapping[str, str]) -> Found:
        body = {"experiment_id": experiment, "start_time": started, "tags": _pairs(tags)}
        return _found(self._ask("POST", "mlflow/runs/create", body)["run"])

    def log(self, run: Found, content: Content, tags: Mapping[str, str]) -> None:
        for parameters, metrics, marks in batches(content, tags):
            timed = [{**each, "timestamp": content.ended, "step": 0} for each in _pairs(metrics)]
            body = {"run_id": run.run_id, "params": _pairs(parameters), "metrics": timed}
            self._ask("POST", "mlflow/runs/log-batch", {**body, "tags": _pairs(marks)})

    def untag(self, run: Found, name: str) -> None:
        self._ask("POST", "mlflow/runs/delete-tag", {"run_id": run.run_id, "key": name})

    def upload(self, run: Found, path: Path, folder: str = "") -> None:
        place = urlsplit(run.artifacts)
        if place.scheme != "mlflow-artifacts":
            raise TrackingError(
                f"its artifacts are at {place.scheme or 'a path'}: expected mlflow-artifacts:, as "
                "mlflow server has them by --serve-artifacts",
                of_run=True,
            )
        parts = (place.path.strip("/"), folder, path.name)
        target = f"mlflow-artifacts/artifacts/{'/'.join(map(quote, filter(None, parts)))}"
        with path.open("rb") as file:
            self._ask("PUT", target, data=file)

    def end(self, run: Found, status: str, ended: int) -> None:
        body = {"run_id": run.run_id, "status": status, "end_time": ended}
        self._ask("POST", "mlflow/runs/update", body)

    def delete(self, run: Found) -> None:
        self._ask("POST", "mlflow/runs/delete", {"run_id": run.run_id})

    def version(self, name: str, tags: Mapping[str, str]) -> str | None:
        versions, token = list[Any](), ""
        while True:
            query = urlencode({"filter": f"name='{name}'", "page_token": token})
            answer = self._ask("GET", f"mlflow/model-versions/search?{query}")
            versions += answer.get("model_versions", [])
            if not (token := answer.get("next_page_token", "")):
                break
        own = ((v["version"], {t["key"]: t["value"] for t in v.get("tags", [])}) for v in versions)
        return last(own, tags)

    def register(self, name: str, run: Found, tags: Mapping[str, str]) -> str:
        with passing("RESOURCE_ALREADY_EXISTS"):
            self._ask("POST", "mlflow/registered-models/create", {"name": name})
        body = {"name": name, "source": f"{run.artifacts}/model", "run_id": run.run_id}
        made = self._ask("POST", "mlflow/model-versions/create", {**body, "tags": _pairs(tags)})
        return str(made["model_version"]["version"])

    def point(self, name: str, alias: str, version: str | None) -> None:
        path = "mlflow/registered-models/alias"
        if version:
            self._ask("POST", path, {"name": name, "alias": alias, "version": version})
            return
        with passing("RESOURCE_DOES_NOT_EXIST"):
            self._ask("DELETE", path, {"name": name, "alias": alias})


@contextmanager
def passing(code: str) -> Iterator[None]:
    """Take an error of this code for success."""
    try:
        yield
    except TrackingError as error:
        if error.code != code:
            raise


def batches(content: Content, tags: Mapping[str, str]) -> list[tuple[dict[str, Any], ...]]:
    """Return parameters, metrics and tags in parts that one call may have."""
    parts = []
    for values, most in (
        (content.parameters, _PARAMETERS), (content.metrics, _METRICS), (tags, _TAGS)
    ):  # fmt: skip
        items = list(values.items())
        parts.append([dict(items[at : at + most]) for at in range(0, len(items), most)])
    calls = range(max(map(len, parts)))
    return [tuple(part[call] if call < len(part) else {} for part in parts) for call in calls]


def alive(experiment: Mapping[str, Any]) -> str:
    """Return the id of an experiment that is not deleted."""
    if experiment.get("lifecycle_stage") == "deleted":
        raise TrackingError(
            f"its experiment {experiment['name']!r} is deleted: expected one that is not; restore "
            "it, or name another in MLFLOW_EXPERIMENT_NAME"
        )
    return str(experiment["experiment_id"])


def _found(run: Mapping[str, Any]) -> Found:
    info, tags = run["info"], run.get("data", {}).get("tags", [])
    return Found(
        info["run_id"],
        info.get("status", ""),
        info.get("artifact_uri", ""),
        {tag["key"]: tag["value"] for tag in tags},
        info.get("lifecycle_stage") == "deleted",
    )


def _reason(error: BaseException) -> str:
    """Return what the system says of a connection, which never has its address in it."""
    seen: list[Any] = [error]
    for each in seen:
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
        inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        seen += [e for e in inner if isinstance(e, BaseException) and e not in seen]
    return type(error).__name__


def first_line(message: object) -> str:
    """Return the first line of what MLflow says."""
    return str(message).strip().partition("\n")[0][:300]
