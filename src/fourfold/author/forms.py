"""What pages of forms may ask for: open a config, check it, save it, take that back, run it."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from fourfold.author.form import Form, columns, suggestions, version
from fourfold.author.names import check_name
from fourfold.data.yamltext import changed_text
from fourfold.errors import (
    ConfigError,
    FourfoldError,
    TemplateError,
    did_you_mean,
    masked,
    unforeseen,
)
from fourfold.plan.config import config_name, read_config
from fourfold.plan.plan import find_configs, plan
from fourfold.plan.spec import canonical
from fourfold.plan.template import templates
from fourfold.project import Project, shown, write_text
from fourfold.records.ipynb import read_notebook
from fourfold.records.record import find_record
from fourfold.report import form_pages
from fourfold.report.overview import entries
from fourfold.report.pages import Board
from fourfold.report.side_by_side import name as run_name

_LONGEST = 100
_SCHEMA = "# yaml-language-server: "


class Forms:
    """The forms of a project.

    Parameters
    ----------
    place : Project
    run : callable
        Begins to run a config, and returns the number of the job.
    stop : callable
        Ends that.
    """

    def __init__(
        self, place: Project, run: Callable[[Path], int], stop: Callable[[Path], None]
    ) -> None:
        self.place, self.run, self.stop = place, run, stop
        self.token, self.board = secrets.token_urlsafe(24), Board()
        self._former: dict[Path, tuple[str | None, str]] = {}
        self._lock = Lock()

    def page(self, name: str, query: Mapping[str, str]) -> tuple[int, str]:
        """Return status and HTML of a page: the list, a form, or two reports."""
        try:
            if name == "":
                return 200, form_pages.list_page(*self._lists())
            if name == "beside":
                runs = {run_name(each): each for each in entries(self.place.outputs)}
                asked = [runs.get(query.get(part, "")) for part in ("old", "new")]
                if all(asked):
                    return 200, form_pages.beside_page(*filter(None, asked))
            elif name in ("config", "new", "again"):
                return 200, form_pages.form_page(self.state(query))
            problem = "expected a page of forms, got one that there is not"
        except FourfoldError as error:
            problem = masked(str(error))
        except Exception as error:
            return 500, form_pages.problem_page(unforeseen(error))
        return 404, form_pages.problem_page(problem)

    def take(self, action: str, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Do what a page asks for; return status and answer."""
        known = action in ("check", "columns", "save", "undo", "stop")
        if not known or not isinstance(body.get("open"), dict):
            return 404, {"problem": "expected check, columns, save, undo or stop"}
        try:
            with self._lock if action in ("save", "undo") else nullcontext():
                answer: tuple[int, Mapping[str, Any]] = getattr(self, f"_{action}")(body)
                return answer
        except FourfoldError as error:
            return 400, {"problem": masked(str(error))}
        except Exception as error:
            return 500, {"problem": unforeseen(error)}

    def _configs(self) -> dict[str, Path]:
        root = self.place.root
        return {shown(path, root): path for path in find_configs([], root)}

    def _lists(self) -> tuple[list[dict[str, Any]], list[dict[str, str]], str]:
        last: dict[str, list[Mapping[str, Any]]] = {}
        for entry in entries(self.place.outputs) if self.place.outputs.is_dir() else ():
            last.setdefault(entry["config"], []).append(entry)
        configs, root = [], self.place.root
        with suppress(ConfigError):  # there is none yet
            for file, path in self._configs().items():
                made: dict[str, Any] = {"file": file, "runs": last.get(config_name(path, root), [])}
                try:
                    value = read_config(path, root).value
                    business = value.get("business")
                    made["template"] = value.get("template")
                    made["question"] = business.get("question") if business else ""
                except (FourfoldError, AttributeError) as error:
                    made["problem"] = masked(str(error))
                configs.append(made)
        known = []
        for name, path in templates(root / "templates").items():
            with suppress(FourfoldError, LookupError):
                first = "".join(read_notebook(path)["cells"][0]["source"])
                title = first.strip().partition("\n")[0].lstrip("# ")
                known.append({"name": name, "title": title})
        return configs, known, root.name

    def form(self, query: Mapping[str, Any], name: str = "") -> Form:
        """Return the form that is asked for.

        Parameters
        ----------
        query : mapping
            ``config``, the path of one that is there; ``template``, for a new one; or ``run``,
            for a new one that differs in some values from one that was run.
        name : str
            Of a new config.
        """
        root = self.place.root
        if "run" in query:
            return self._again(str(query["run"]), name)
        if "template" in query:
            template, known = str(query["template"]), templates(root / "templates")
            if template not in known:
                near = did_you_mean(template, known)
                raise FourfoldError(f"expected a template, got {template!r}.{near}")
            text = f"{_SCHEMA}$schema=../../.schema/{template}.json\ntemplate: {template}\n"
            path = root / "params" / template / f"{name or 'new'}.yaml"
            return Form(path, root, text, new=True, blank=True)
        file, configs = str(query.get("config")), self._configs()
        if file not in configs:
            near = did_you_mean(file, configs)
            raise FourfoldError(f"expected a config of this project, got {file!r}.{near}")
        return Form(configs[file], root, _read(configs[file]))

    def _again(self, run: str, name: str) -> Form:
        config, _, run_id = run.rpartition("/")
        root, record = self.place.root, None
        base = next((p for p in self._configs().values() if config_name(p, root) == config), None)
        with suppress(FourfoldError):  # a name that leads elsewhere
            record = find_record(self.place.folder(config, run_id)) if base else None
        if base is None or record is None:
            raise FourfoldError(f"expected a run of a config of this project, got {run!r}")
        first = _read(base).partition("\n")[0]
        text = f"{first}\n" * first.startswith(_SCHEMA) + f"extends: {base.name}\n"
        path = base.with_name(f"{name or self._free(base)}.yaml")
        opened = Form(path, root, text)
        given = read_config(base, root).value
        varied = [n for n in ("sweep", "search", "after", "when") if given.get(n)]
        values: dict[Any, Any] = {(block,): None for block in varied}
        for field in opened.fields:  # as it was when it ran
            value = record.parameters.get(field.key[1], field.value)
            if field.key[0] != "run" and canonical(value) != canonical(field.value):
                values[field.key] = value
        return Form(path, root, changed_text(text, values), new=True)

    def _free(self, base: Path) -> str:
        numbers = range(2, 10_000)
        names = (f"{base.stem}-{number}" for number in numbers)
        return next(name for name in names if not base.with_name(f"{name}.yaml").exists())

    def state(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that the page of a form shows."""
        form, root = self.form(query), self.place.root
        try:
            form.template  # noqa: B018
        except TemplateError:
            plan([], root, texts={form.path: form.text})  # which says where it is named
            raise
        opened = {n: query[n] for n in ("config", "template", "run") if n in query}
        values = {field.key[1]: field.value for field in form.fields if field.shown}
        return {
            "open": opened,
            "file": shown(form.path, root),
            "folder": f"{shown(form.path.parent, root)}/",
            "name": "" if form.blank else form.path.stem,
            "new": form.new,
            "blank": form.blank,
            "template": form.template.name,
            "version": form.version,
            "fields": [field.to_json() for field in form.fields],
            "suggest": suggestions(form),
            "columns": columns(values.get("data"), values.get("contract"), root, load=False),
            "problems": [] if form.blank else self._problems(form, {}, "")[0],
            "text": form.text,
            "undo": form.path in self._former,
        }

    def _problems(
        self, form: Form, entries: Mapping[str, Any], name: str | None
    ) -> tuple[list[dict[str, str]], str]:
        """Return what is wrong, by field, in the words of the plan; and the text of the file."""
        root, made = self.place.root, list[dict[str, str]]()
        if form.new and name is not None and entries:
            made += [{"field": "name", "message": each} for each in self._name(form, name)]
        made += [
            {"field": field, "message": text}
            for field, text in (form.missing(entries) if form.blank else ())
        ]
        try:
            text = form.changed(entries)
            plan([], root, outputs=self.place.outputs, texts={form.path: text})
        except ConfigError as error:
            missed = {each["field"] for each in made}
            for violation in error.violations:
                field = form.place(violation)
                inside = violation.key.removeprefix(field).lstrip(".") if field else ""
                message = f"{inside}: {violation.message}" if inside else violation.message
                said = masked(message) if field else str(violation)
                if field not in missed:
                    made.append({"field": field, "message": said})
        except FourfoldError as error:
            named, _, rest = masked(str(error)).partition(": ")
            of_field = any(field.name == named for field in form.fields)
            field, said = (named, rest) if of_field else ("", masked(str(error)))
            made.append({"field": field, "message": said})
            text = form.text
        return made, text

    def _name(self, form: Form, name: str) -> list[str]:
        root, own = self.place.root, config_name(form.path, self.place.root)
        try:
            check_name(name)
        except FourfoldError as error:
            return [str(error)]
        if len(name) > _LONGEST:
            return [f"expected at most {_LONGEST} letters, got {len(name)}"]
        with suppress(ConfigError):
            for file, path in self._configs().items():
                if path == form.path or config_name(path, root) == own:
                    return [f"expected a name of its own, got that of {file}"]
        return ["expected a name of its own"] if form.path.exists() else []

    def _opened(self, body: Mapping[str, Any]) -> tuple[Form, str, dict[str, Any]]:
        name, sent = body.get("name", ""), body.get("entries")
        if not isinstance(name, str) or not isinstance(sent, dict):
            raise FourfoldError("expected a name, and entries of fields")
        # Whatever it says, the file stays in its folder until the name is checked.
        safe = name if "/" not in name and "\\" not in name and "\0" not in name else "new"
        return self.form(body["open"], safe[:_LONGEST]), name, sent

    def _check(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        form, name, sent = self._opened(body)
        problems, text = self._problems(form, sent, name)
        return 200, {"problems": problems, "text": text}

    def _columns(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        sent = self._opened(body)[2]
        data, contract = (sent.get(f"parameters.{name}") for name in ("data", "contract"))
        return 200, {"columns": columns(data, contract, self.place.root)}

    def _save(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        form, name, sent = self._opened(body)
        if not form.new and form.version != body.get("version"):
            return 409, {"now": self.state(body["open"])}
        problems, text = self._problems(form, sent, name)
        if problems:
            return 422, {"problems": problems, "text": text}
        if form.new or text != form.text:
            target = self._target(form.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_text(target, text)
            self._former[form.path] = (None if form.new else form.text, text)
        file = shown(form.path, self.place.root)
        job = self.run(form.path) if body.get("run") else 0
        undo = form.path in self._former
        return 200, {
            "file": file,
            "version": version(text),
            "text": text,
            "undo": undo,
            "job": job,
        }

    def _target(self, path: Path) -> Path:
        """Return the file to write: what a link leads to, if that is in the project."""
        target = path.resolve()
        if not target.is_relative_to(self.place.root.resolve()):
            expected = "expected a file in the project, got a link out of it"
            raise FourfoldError(f"{shown(path, self.place.root)}: {expected}")
        return target

    def _undo(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        form = self.form(body["open"])
        if form.path not in self._former:
            raise FourfoldError("expected something to take back: nothing was saved here before")
        before, saved = self._former[form.path]
        if _read(form.path) != saved:
            raise FourfoldError("expected the file as it was saved here, but it was changed since")
        if before is None:
            form.path.unlink()
        else:
            write_text(self._target(form.path), before)
        del self._former[form.path]
        return 200, {"gone": before is None}

    def _stop(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        self.stop(self.form(body["open"]).path)
        return 200, {}


def _read(path: Path) -> str:
    """Return the text of a config, with its own ends of lines."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FourfoldError(f"{path.name}: expected YAML text, got {error}") from None
