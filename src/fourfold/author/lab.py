"""What Jupyter's server does for templates: each save keeps them clean, and says what it did.

A server extension, which installing Fourfold registers: it is there in every JupyterLab, however
that was started. What it has to say goes as an event to the page, whose part is in
``labextensions/``; a page without that part gets an error instead where a template was not written.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import to_api_path, url_path_join
from tornado import web

from fourfold.author import edit
from fourfold.author.copies import EDITED, find_copy, follow, hold
from fourfold.errors import FourfoldError, UnpublishedError
from fourfold.project import find_root, shown
from fourfold.records.ipynb import read_notebook

SCHEMA = "https://fourfold/edit/v1"
_EVENT = {
    "$id": SCHEMA,
    "version": "1",
    "title": "A template was saved",
    "type": "object",
    "required": ["path", "remarks", "conflict"],
    "properties": {
        "path": {"type": "string", "title": "The file that was saved"},
        "remarks": {"type": "array", "items": {"type": "string"}, "title": "What to say of it"},
        "conflict": {"type": "string", "title": "Two notebooks to compare; empty if none"},
    },
}
_CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "fourfold.author.lab"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    manager = serverapp.contents_manager
    if not hasattr(manager, "_get_os_path"):  # not of files
        return
    here = Saves(serverapp)
    manager.register_pre_save_hook(here.before)
    manager.register_post_save_hook(here.saved)
    serverapp.event_logger.register_event_schema(_EVENT)
    serverapp.event_logger.add_listener(schema_id=_CONTENTS, listener=here.changed)
    usual = serverapp.kernel_manager.cwd_for_path
    serverapp.kernel_manager.cwd_for_path = lambda path, **more: folder_of(usual(path, **more))
    address = url_path_join(serverapp.web_app.settings["base_url"], "fourfold")
    serverapp.web_app.add_handlers(".*$", [(f"{address}/(\\w+)", Answer, {"saves": here})])
    if edited := os.environ.get(EDITED):
        copy = to_api_path(json.loads(edited)["copy"], manager.root_dir)
        serverapp.io_loop.add_callback(_say_address, serverapp, copy)


def _say_address(serverapp: Any, copy: str) -> None:
    about = serverapp.identity_provider
    page = serverapp.public_url.partition("?")[0].removesuffix("/lab")
    # A token that somebody has chosen is theirs to keep.
    token = f"?token={about.token}" if about.token and about.token_generated else ""
    print(f"open  {url_path_join(page, 'lab/tree', copy)}{token}", flush=True)


def folder_of(folder: str) -> str:
    """Return where a kernel begins: in the project, as those of runs do, if its notebook is there.

    Examples
    --------
    >>> folder_of("/nowhere")
    '/nowhere'
    """
    here = Path(folder)
    if edited := os.environ.get(EDITED):
        return str(json.loads(edited)["root"])
    with suppress(OSError):
        if (known := here / ".copies" / "root").is_file():
            return os.path.normpath(here / known.read_text(encoding="utf-8"))
    root = find_root(here)
    own = here in (root / "templates", root / "notebooks") and (root / "params").is_dir()
    return str(root) if own else folder


class Saves:
    """The saves of one server, and what was said of each file."""

    def __init__(self, serverapp: Any) -> None:
        self.contents = serverapp.contents_manager
        self.events = serverapp.event_logger
        self.listening = False
        self.log = serverapp.log
        self.root = Path(self.contents.root_dir).resolve()
        self._before: dict[Path, str | None] = {}
        self._said: dict[str, list[str]] = {}

    def place(self, path: str) -> Path:
        """Return the file that a path of the server means, which is below its root."""
        return Path(self.contents._get_os_path(path.strip("/")))

    def before(self, model: Any, path: str, **more: Any) -> None:
        """Note how a notebook was before it is saved; Jupyter's server calls this.

        Parameters
        ----------
        model, path, more
            What Jupyter passes along.
        """
        if model.get("type") == "notebook":
            file = self.place(path)
            there = file.is_file()
            self._before[file] = file.read_text("utf-8", "replace") if there else None

    def saved(self, model: Any, os_path: str, **more: Any) -> None:
        """Take a notebook that was saved into its template; Jupyter's server calls this.

        Parameters
        ----------
        model, os_path, more
            What Jupyter passes along.

        Raises
        ------
        UnpublishedError
            If the template was not written, and no page is there that would say so.
        """
        file = Path(os_path)
        if model.get("type") != "notebook" or file not in self._before:
            return
        before = self._before.pop(file)
        try:
            if edit.is_template(file):
                self.say(os_path, _cleaned(file, before or ""))
            else:
                self.say(os_path, edit.publish(file, is_new=before is None))
        except FourfoldError as error:
            self.say(os_path, [str(error)], getattr(error, "conflict", False))
            if not self.listening:
                raise

    async def changed(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """Follow a template that was renamed, and clean what was renamed to one.

        Parameters
        ----------
        logger, schema_id, data
            What Jupyter passes along.
        """
        if data["action"] not in ("rename", "copy") or not data.get("source_path"):
            return
        new = self.place(data["path"])
        if data["action"] == "rename":
            follow(self.place(data["source_path"]).resolve(), new.resolve())
        if edit.is_template(new) and new.is_file():
            self.say(str(new), _cleaned(new, ""))

    def say(self, os_path: str, remarks: list[str], conflict: bool = False) -> None:
        """Send remarks about a file to the page, unless they were the last ones as well.

        Parameters
        ----------
        os_path : str
        remarks : list of str
            Empty: what was said is settled.
        conflict : bool
            Whether there are two versions of which one must be chosen.
        """
        if not conflict and self._said.get(os_path, []) == remarks:
            return
        self._said[os_path] = remarks
        for remark in remarks:
            self.log.warning("fourfold: %s", remark)
        both = ""
        if conflict and (copy := find_copy(read_notebook(Path(os_path)), Path(os_path))):
            mine = copy.beside(".ipynb") if copy.beside(".ipynb").exists() else copy.path
            both = json.dumps([os.path.relpath(path, self.root) for path in (copy.template, mine)])
        data = {"path": to_api_path(os_path, self.contents.root_dir), "remarks": remarks}
        self.events.emit(schema_id=SCHEMA, data={**data, "conflict": both})


def _cleaned(file: Path, before: str) -> list[str]:
    """Clean a template, without a new time: the page would take it for somebody else's change."""
    times = file.stat()
    remarks = edit.clean_file(file, before)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return remarks


class Answer(APIHandler):
    """What the page asks for: a copy of a config's template, and one of two versions."""

    auth_resource = "contents"

    def initialize(self, saves: Saves) -> None:
        """Take the server's saves."""
        self.saves = saves

    @web.authenticated
    @authorized
    async def post(self, what: str) -> None:
        """Answer ``hello``, ``configs``, ``open`` or ``settle``."""
        asked = self.get_json_body() or {}
        answers: dict[str, Callable[..., dict[str, Any]]] = {
            **{"hello": self._hello, "configs": self._configs},
            **{"open": self._open, "settle": self._settle},
        }
        if what not in answers:
            raise web.HTTPError(404)
        try:
            answer = answers[what](**asked)
        except (FourfoldError, TypeError) as error:
            raise web.HTTPError(400, str(error), reason=str(error).partition("\n")[0]) from error
        self.finish(json.dumps(answer))

    def _hello(self) -> dict[str, Any]:
        self.saves.listening = True
        return {}

    def _configs(self, path: str = "") -> dict[str, Any]:
        """Return the configs of the project in which a path lies."""
        from fourfold.plan.plan import find_configs

        root = find_root(self.saves.place(path))
        configs = find_configs([], root)
        return {"configs": [os.path.relpath(config, self.saves.root) for config in configs]}

    def _open(self, config: str) -> dict[str, Any]:
        """Write the copy that `fourfold edit CONFIG` would open, and return its path."""
        from fourfold.plan.plan import plan
        from fourfold.plan.template import template_path

        file = self.saves.place(config)
        root = find_root(file.parent)
        spec = plan([str(file)], root)[0]
        template, outputs = template_path(spec.template_file, root), root / "outputs"
        edit.own(template, root)
        hold(template, outputs / "edit", self.request.host)
        kept = edit.unmerged(template, outputs)
        copy = edit.working_copy(template, dict(spec.parameters), outputs, shown(file, root), root)
        path = to_api_path(str(copy.resolve()), self.saves.contents.root_dir)
        return {"path": path, "kept": kept.name if kept else ""}

    def _settle(self, path: str, mine: bool) -> dict[str, Any]:
        """End a conflict, and return the name of the version that is put aside."""
        file = self.saves.place(path)
        try:
            kept = edit.settle(file, mine)
            self.saves.say(str(file), [])
        except UnpublishedError as error:
            self.saves.say(str(file), [str(error)])
            raise
        return {"kept": kept.name if kept else ""}
