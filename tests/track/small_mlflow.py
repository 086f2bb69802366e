"""A server that answers as MLflow's REST API does, in this process, and can go wrong on demand.

The real one is asked by the session ``tracking``.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NAME = re.compile(r"[\w./ :-]+")


class Small:
    """What the server keeps, and how it misbehaves: `status` for each path that `on` matches."""

    def __init__(self) -> None:
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.status, self.on, self.lose = 0, ".", ""
        self.artifacts = "mlflow-artifacts:"
        self.port = 0
        self.pause_s = 0.0  # before each answer

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, name: str) -> list[dict[str, Any]]:
        return [run for run in self.runs.values() if run["tags"].get("mlflow.runName") == name]

    def answer(self, path: str, body: dict[str, Any], data: bytes) -> tuple[int, dict[str, Any]]:
        what, query = urlsplit(path).path.removeprefix("/api/2.0/"), parse_qs(urlsplit(path).query)
        if what.startswith("mlflow-artifacts/"):
            self.files[what.removeprefix("mlflow-artifacts/artifacts/")] = data
            return 200, {}
        return getattr(self, what.replace("mlflow/", "").translate({47: 95, 45: 95}))(body, query)

    def experiments_get_by_name(self, body, query):
        name = query["experiment_name"][0]
        if name not in self.experiments:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
        found = {"experiment_id": self.experiments[name], "name": name, "lifecycle_stage": "active"}
        return 200, {"experiment": found}

    def experiments_create(self, body, query):
        number = self.experiments[body["name"]] = str(len(self.experiments) + 1)
        return 200, {"experiment_id": number}

    def runs_search(self, body, query):
        key, value = re.fullmatch(r"tags\.`(.+)` = '(\w+)'", body["filter"]).groups()
        assert body["run_view_type"] == "ALL"
        runs = [r for r in self.runs.values() if r["tags"].get(key) == value]
        return 200, {"runs": [self._shown(r) for r in sorted(runs, key=lambda r: r["start_time"])]}

    def runs_create(self, body, query):
        number = f"r{len(self.runs)}"
        tags = {each["key"]: each["value"] for each in body["tags"]}
        place = f"{self.artifacts}/{body['experiment_id']}/{number}/artifacts"
        self.runs[number] = {"run_id": number, "status": "RUNNING", "start_time": body["start_time"],
                             "tags": tags, "params": {}, "metrics": {}, "artifact_uri": place,
                             "lifecycle_stage": "active"}  # fmt: skip
        return 200, {"run": self._shown(self.runs[number])}

    def runs_log_batch(self, body, query):
        run = self.runs[body["run_id"]]
        assert len(body["params"]) <= 100
        assert len(body["tags"]) <= 100
        for part in ("params", "metrics", "tags"):
            for each in body[part]:
                assert NAME.fullmatch(each["key"])
                assert len(each["key"]) <= 250
                if part == "params" and run[part].get(each["key"], each["value"]) != each["value"]:
                    return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "changed"}
                run[part][each["key"]] = each["value"]
        return 200, {}

    def runs_delete_tag(self, body, query):
        del self.runs[body["run_id"]]["tags"][body["key"]]
        return 200, {}

    def runs_update(self, body, query):
        self.runs[body["run_id"]] |= {"status": body["status"], "end_time": body["end_time"]}
        return 200, {}

    def runs_delete(self, body, query):
        self.runs[body["run_id"]]["lifecycle_stage"] = "deleted"
        return 200, {}

    def registered_models_create(self, body, query):
        if body["name"] in self.models:
            return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "there"}
        self.models[body["name"]] = {"versions": [], "aliases": {}}
        return 200, {"registered_model": {"name": body["name"]}}

    def model_versions_create(self, body, query):
        assert body["source"].startswith(self.runs[body["run_id"]]["artifact_uri"])
        versions = self.models[body["name"]]["versions"]
        versions.append({**body, "version": str(len(versions) + 1)})
        return 200, {"model_version": versions[-1]}

    def model_versions_search(self, body, query):
        name = re.fullmatch(r"name='(.+)'", query["filter"][0])[1]
        versions = self.models.get(name, {"versions": []})["versions"]
        first = int(query.get("page_token", ["0"])[0] or 0)  # pages of one
        more = {"next_page_token": str(first + 1)} if first + 1 < len(versions) else {}
        return 200, {"model_versions": versions[first : first + 1], **more}

    def registered_models_alias(self, body, query):
        if "version" in body:
            self.models[body["name"]]["aliases"][body["alias"]] = body["version"]
        elif body["name"] not in self.models:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}
        else:
            self.models[body["name"]]["aliases"].pop(body["alias"], None)
        return 200, {}

    def _shown(self, run):
        info = {name: run[name] for name in ("run_id", "status", "artifact_uri", "lifecycle_stage")}
        return {
            "info": info,
            "data": {"tags": [{"key": k, "value": v} for k, v in run["tags"].items()]},
        }


@contextmanager
def serving() -> Iterator[Small]:
    """A server on a port of its own."""
    small = Small()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            small.asked.append(self.path)
            small.headers.append(dict(self.headers))
            time.sleep(small.pause_s)
            wrong = small.status and re.search(small.on, self.path)
            if wrong:
                status, content = small.status, {"error_code": "SOME_ERROR", "message": "no"}
            else:
                is_json = "json" in self.headers.get("Content-Type", "")
                body = json.loads(data) if is_json else {}
                status, content = small.answer(self.path, body, data)
            if small.lose and re.search(small.lose, self.path):
                self.close_connection = True  # done, and nobody hears of it
                return
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        small.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield small
        server.shutdown()
        thread.join()
