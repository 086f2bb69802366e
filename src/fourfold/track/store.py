"""MLflow as the sender asks it: a server by its REST API, a SQLite file by the package mlflow.

A server is spoken to without mlflow: its REST API has been the same since MLflow 1, while the
package of 90 others must fit the server, and would have to be installed beside every kernel.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

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

    def find(self, experiment: str, identity: str) -> list[Found]:
        """Return the runs that have an id of ours, the oldest first."""

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

    def upload(self, run: Found, path: Path) -> None:
        """Write a file of a run."""

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


def open_store(uri: str) -> Store:
    """Return the store of an address, whose variables are resolved."""
    return _Local(uri) if uri.lower().startswith("sqlite:") else _Server(uri)


def _asked(identity: str) -> str:
    return f"tags.`{ID}` = '{identity}'"


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in values.items()]


class _Server:
    at_once = 4

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._base = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}/api/2.0/"
        self._threads = threading.local()  # requests does not promise to share a session
        self._options: dict[str, Any] = {}
        own = {name: os.environ.get(f"MLFLOW_TRACKING_{name}") for name in
               ("USERNAME", "PASSWORD", "TOKEN", "INSECURE_TLS", "SERVER_CERT_PATH")}  # fmt: skip
        user = unquote(parts.username or "") or own["USERNAME"]
        if user:
            password = unquote(parts.password or "") or own["PASSWORD"] or ""
            self._options["auth"] = (user.encode(), password.encode())
        elif own["TOKEN"]:
            self._options["headers"] = {"Authorization": f"Bearer {own['TOKEN']}"}
        if (own["INSECURE_TLS"] or "").lower() in ("1", "true"):
            self._options["verify"] = False
        elif own["SERVER_CERT_PATH"]:
            self._options["verify"] = own["SERVER_CERT_PATH"]

    def _session(self) -> requests.Session:
        import requests

        if not hasattr(self._threads, "session"):
            self._threads.session = session = requests.Session()
            for name, value in self._options.items():
                if name == "headers":
                    session.headers.update(value)
                else:
                    setattr(session, name, value)
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
        message = _first_line(content.get("message"))
        raise TrackingError(f"{code}: {message}", of_run=True, code=code)

    def experiment(self, name: str) -> str:
        path = f"mlflow/experiments/get-by-name?experiment_name={quote(name, safe='')}"
        try:
            return _alive(self._ask("GET", path)["experiment"])
        except TrackingError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
        try:
            made = self._ask("POST", "mlflow/experiments/create", {"name": name})
        except TrackingError as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":  # another sender was faster
                raise
            return _alive(self._ask("GET", path)["experiment"])
        return str(made["experiment_id"])

    def find(self, experiment: str, identity: str) -> list[Found]:
        body = {"experiment_ids": [experiment], "filter": _asked(identity), "max_results": 100}
        body |= {"run_view_type": "ALL", "order_by": ["attributes.start_time ASC"]}
        return [
            _found(run) for run in self._ask("POST", "mlflow/runs/search", body).get("runs", [])
        ]

    def create(self, experiment: str, started: int, tags: Mapping[str, str]) -> Found:
        body = {"experiment_id": experiment, "start_time": started, "tags": _pairs(tags)}
        return _found(self._ask("POST", "mlflow/runs/create", body)["run"])

    def log(self, run: Found, content: Content, tags: Mapping[str, str]) -> None:
        for parameters, metrics, marks in _batches(content, tags):
            timed = [{**each, "timestamp": content.ended, "step": 0} for each in _pairs(metrics)]
            body = {"run_id": run.run_id, "params": _pairs(parameters), "metrics": timed}
            self._ask("POST", "mlflow/runs/log-batch", {**body, "tags": _pairs(marks)})

    def untag(self, run: Found, name: str) -> None:
        self._ask("POST", "mlflow/runs/delete-tag", {"run_id": run.run_id, "key": name})

    def upload(self, run: Found, path: Path) -> None:
        place = urlsplit(run.artifacts)
        if place.scheme != "mlflow-artifacts":
            raise TrackingError(
                f"its artifacts are at {place.scheme or 'a path'}: expected mlflow-artifacts:, as "
                "mlflow server has them by --serve-artifacts",
                of_run=True,
            )
        target = f"mlflow-artifacts/artifacts/{quote(place.path.strip('/'))}/{quote(path.name)}"
        with path.open("rb") as file:
            self._ask("PUT", target, data=file)

    def end(self, run: Found, status: str, ended: int) -> None:
        body = {"run_id": run.run_id, "status": status, "end_time": ended}
        self._ask("POST", "mlflow/runs/update", body)

    def delete(self, run: Found) -> None:
        self._ask("POST", "mlflow/runs/delete", {"run_id": run.run_id})


def _batches(content: Content, tags: Mapping[str, str]) -> list[tuple[dict[str, Any], ...]]:
    """Return parameters, metrics and tags in parts that one call may have."""
    parts = []
    for values, most in (
        (content.parameters, _PARAMETERS), (content.metrics, _METRICS), (tags, _TAGS)
    ):  # fmt: skip
        items = list(values.items())
        parts.append([dict(items[at : at + most]) for at in range(0, len(items), most)])
    calls = range(max(map(len, parts)))
    return [tuple(part[call] if call < len(part) else {} for part in parts) for call in calls]


def _alive(experiment: Mapping[str, Any]) -> str:
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


def _first_line(message: object) -> str:
    return str(message).strip().partition("\n")[0][:300]


class _Local:
    """A SQLite file; the package writes it, and creates and upgrades its tables."""

    at_once = 1  # one writer

    def __init__(self, uri: str) -> None:
        from fourfold.data.database import sqlite_path

        file = Path(sqlite_path(uri) or uri).resolve()
        file.parent.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient

        self._artifacts = file.parent / "mlartifacts"
        self._client: Any = MlflowClient(f"sqlite:///{file}")

    def _do(self, name: str, *args: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, name)(*args, **options)
        except Exception as error:
            code = getattr(error, "error_code", "")
            of_run = code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")
            message = f"{code or type(error).__name__}: {_first_line(error)}"
        raise TrackingError(message, of_run, code)

    def experiment(self, name: str) -> str:
        if known := self._do("get_experiment_by_name", name):
            return _alive(dict(known))
        place = (self._artifacts / quote(name, safe=" ")).as_uri()
        return str(self._do("create_experiment", name, place))

    def find(self, experiment: str, identity: str) -> list[Found]:
        order = ["attributes.start_time ASC"]
        runs = self._do("search_runs", [experiment], _asked(identity), 3, 100, order)
        return [self._found(run) for run in runs]

    def create(self, experiment: str, started: int, tags: Mapping[str, str]) -> Found:
        return self._found(self._do("create_run", experiment, started, dict(tags)))

    def log(self, run: Found, content: Content, tags: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        for parameters, metrics, marks in _batches(content, tags):
            self._do(
                "log_batch",
                run.run_id,
                [Metric(name, value, content.ended, 0) for name, value in metrics.items()],
                [Param(name, value) for name, value in parameters.items()],
                [RunTag(name, value) for name, value in marks.items()],
            )

    def untag(self, run: Found, name: str) -> None:
        self._do("delete_tag", run.run_id, name)

    def upload(self, run: Found, path: Path) -> None:
        self._do("log_artifact", run.run_id, str(path))

    def end(self, run: Found, status: str, ended: int) -> None:
        self._do("set_terminated", run.run_id, status, ended)

    def delete(self, run: Found) -> None:
        self._do("delete_run", run.run_id)

    def _found(self, run: Any) -> Found:
        info = run.info
        gone = info.lifecycle_stage == "deleted"
        return Found(info.run_id, info.status, info.artifact_uri, dict(run.data.tags), gone)
