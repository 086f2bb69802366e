"""MLflow in a SQLite file, by the package mlflow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fourfold.errors import TrackingError
from fourfold.track.content import ID, Content
from fourfold.track.store import (
    Found,
    Store,
    alive,
    asked,
    batches,
    first_line,
    last,
    passing,
)


def open_file(uri: str) -> Store:
    """Return the store of ``sqlite:///FILE``."""
    return _Local(uri)


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
            message = f"{code or type(error).__name__}: {first_line(error)}"
        raise TrackingError(message, of_run, code)

    def experiment(self, name: str) -> str:
        if known := self._do("get_experiment_by_name", name):
            return alive(dict(known))
        place = (self._artifacts / quote(name, safe=" ")).as_uri()
        return str(self._do("create_experiment", name, place))

    def find(self, experiment: str, identity: str, tag: str = ID) -> list[Found]:
        order = ["attributes.start_time ASC"]
        runs = self._do("search_runs", [experiment], asked(identity, tag), 3, 100, order)
        return [self._found(run) for run in runs]

    def create(self, experiment: str, started: int, tags: Mapping[str, str]) -> Found:
        return self._found(self._do("create_run", experiment, started, dict(tags)))

    def log(self, run: Found, content: Content, tags: Mapping[str, str]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        for parameters, metrics, marks in batches(content, tags):
            self._do(
                "log_batch",
                run.run_id,
                [Metric(name, value, content.ended, 0) for name, value in metrics.items()],
                [Param(name, value) for name, value in parameters.items()],
                [RunTag(name, value) for name, value in marks.items()],
            )

    def untag(self, run: Found, name: str) -> None:
        self._do("delete_tag", run.run_id, name)

    def upload(self, run: Found, path: Path, folder: str = "") -> None:
        self._do("log_artifact", run.run_id, str(path), folder or None)

    def end(self, run: Found, status: str, ended: int) -> None:
        self._do("set_terminated", run.run_id, status, ended)

    def delete(self, run: Found) -> None:
        self._do("delete_run", run.run_id)

    def version(self, name: str, tags: Mapping[str, str]) -> str | None:
        versions = self._do("search_model_versions", f"name='{name}'", max_results=10_000)
        return last(((each.version, each.tags) for each in versions), tags)

    def register(self, name: str, run: Found, tags: Mapping[str, str]) -> str:
        with passing("RESOURCE_ALREADY_EXISTS"):
            self._do("create_registered_model", name)
        source = f"{run.artifacts}/model"
        made = self._do("create_model_version", name, source, run.run_id, dict(tags))
        return str(made.version)

    def point(self, name: str, alias: str, version: str | None) -> None:
        if version:
            self._do("set_registered_model_alias", name, alias, version)
            return
        with passing("RESOURCE_DOES_NOT_EXIST"):
            self._do("delete_registered_model_alias", name, alias)

    def _found(self, run: Any) -> Found:
        info = run.info
        gone = info.lifecycle_stage == "deleted"
        return Found(info.run_id, info.status, info.artifact_uri, dict(run.data.tags), gone)
