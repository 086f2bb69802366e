"""The reference as Markdown: from docstrings, from the command line itself, from the templates."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import griffe
import typer

from fourfold import CALLS, MODULES
from fourfold.cli.main import app
from fourfold.plan.parameters import REQUIRED
from fourfold.plan.template import Template, read_template

ROOT = Path(__file__).parents[1]
FOLDER = "docs/reference"
_HEADINGS = {"parameters": "Parameters", "attributes": "Attributes", "returns": "Returns",
             "yields": "Yields", "raises": "Raises"}  # fmt: skip


def pages() -> dict[str, str]:
    """Return the Markdown of each page of the reference, by its path in the project."""
    package = _package()
    modules = {name: package[home] for name, home in MODULES.items()}
    made = {f"{FOLDER}/{name}.md": _module_page(name, module) for name, module in modules.items()}
    calls = {f"ff.{name}": _named(package[home], name) for name, home in CALLS.items()}
    made[f"{FOLDER}/python.md"] = _python_page(calls, modules)
    made[f"{FOLDER}/command-line.md"] = command_line()
    made[f"{FOLDER}/templates.md"] = templates()
    return made


def _package() -> griffe.Object:
    # A section that it cannot place, such as `limit, share : float`, is told and kept as text.
    logging.getLogger("griffe").setLevel(logging.CRITICAL)
    found = griffe.load("fourfold", search_paths=[ROOT / "src"], docstring_parser="numpy")
    assert isinstance(found, griffe.Module)
    return found


def _named(module: Any, name: str) -> Any:
    found = module[name]
    return found.final_target if found.is_alias else found


def public(module: Any) -> dict[str, Any]:
    """Return the documented functions and classes of a module; of a package what it re-exports."""
    names = {}
    for name, member in module.members.items():
        if name.startswith("_") or member.is_alias != module.is_init_module:
            continue
        if not member.is_alias or str(member.target_path).startswith("fourfold."):
            target = _named(module, name)
            if (target.is_function or target.is_class) and target.docstring:
                names[name] = target
    return names


def _python_page(calls: Mapping[str, Any], modules: Mapping[str, Any]) -> str:
    parts = [
        "# Python",
        "What a template calls: `import fourfold as ff`. The methods come from modules, which load "
        "on first use:",
        "| module | what |\n|---|---|\n"
        + "\n".join(f"| [`ff.{n}`]({n}.md) | {_summary(m)} |" for n, m in modules.items()),
    ]
    return "\n\n".join([*parts, *(described(name, it) for name, it in calls.items())]) + "\n"


def _module_page(name: str, module: Any) -> str:
    parts = [f"# ff.{name}", _prose(module.docstring.value)]
    for each, found in public(module).items():
        parts.append(described(each, found))
        if found.is_class:
            methods = (m for n, m in found.members.items() if not n.startswith("_"))
            kept = (m for m in methods if m.is_function and m.docstring)
            parts += [described(f"{each}.{m.name}", m, 3) for m in kept]
    return "\n\n".join(parts) + "\n"


def _summary(found: Any) -> str:
    return _prose(found.docstring.value).split("\n\n")[0].replace("\n", " ").replace("|", r"\|")


def _prose(text: str) -> str:
    return text.replace("``", "`").strip()


def described(name: str, found: Any, level: int = 2) -> str:
    """Return a function or class as Markdown: its signature, then what its docstring says."""
    parts = [f"{'#' * level} {name}"]
    if found.is_function:
        parts.append(f"```python\n{_signature(found)}\n```")
    for section in found.docstring.parsed:
        parts += _section(section)
    return "\n\n".join(parts)


def _signature(found: Any) -> str:
    text: str = found.signature()
    if len(text) <= 88:
        return text
    lines, starred = [], False
    for each in found.parameters:
        kind = each.kind.value
        if kind == "keyword-only" and not starred:
            lines.append("    *,\n")
        starred = starred or kind in ("keyword-only", "variadic positional")
        star = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        typed = f": {each.annotation}" if each.annotation else ""
        given = "" if each.default is None or star else f" = {each.default}"
        lines.append(f"    {star}{each.name}{typed}{given},\n")
    returns = f" -> {found.returns}" if found.returns else ""
    return f"{found.name}(\n{''.join(lines)}){returns}"


def _section(section: Any) -> Iterator[str]:
    kind = str(section.kind.value)
    if kind == "text":
        yield _prose(section.value)
    elif kind == "examples":
        for what, value in section.value:
            yield f"```pycon\n{value}\n```" if what.value == "examples" else _prose(value)
    elif kind in _HEADINGS:
        yield f"**{_HEADINGS[kind]}**"
        yield "\n".join(_item(item) for item in section.value)


def _item(item: Any) -> str:
    name, kind = getattr(item, "name", ""), str(item.annotation or "")
    said = " ".join(_prose(item.description or "").split())
    told = [f"`{name}`" if name else "", f"`{kind}`" if kind and not name else ""]
    return f"- {' '.join(filter(None, told))}{': ' if said else ''}{said}"


def command_line() -> str:
    """Return every command with its arguments, options and defaults."""
    group: Any = typer.main.get_command(app)
    parts = ["# Command line", "From the commands themselves, as `fourfold COMMAND --help` has it."]
    for name, command in sorted(group.commands.items()):
        parts += [f"## fourfold {name}", _prose(command.help or "")]
        rows = [_option(each) for each in command.params if each.name != "help"]
        parts.append("| argument or option | default | what |\n|---|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _option(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
    else:
        flags = ", ".join([*parameter.opts, *parameter.secondary_opts])
        plain = parameter.is_flag or not parameter.metavar
        name = flags if plain else f"{flags} {parameter.metavar}"
    given = parameter.default
    shown = "" if given in (None, "", False) or callable(given) else f"`{given}`"
    required = "required" if parameter.required else shown
    cells = (each.replace("|", r"\|") for each in (f"`{name}`", required, parameter.help or ""))
    return f"| {' | '.join(cells)} |"


def templates() -> str:
    """Return the parameters of every template that comes with Fourfold."""
    parts = ["# Templates", "What a config may set below `parameters`, from the templates' cells."]
    for path in sorted((ROOT / "templates").glob("*.ipynb")):
        parts += [f"## {path.stem}", _title(path), _table(read_template(path))]
    return "\n\n".join(parts) + "\n"


def _title(path: Path) -> str:
    return f"[`templates/{path.name}`](../../templates/{path.name})"


def _table(template: Template) -> str:
    rows = []
    for parameter in template.parameters.values():
        default = "required" if parameter.default is REQUIRED else f"`{parameter.default!r}`"
        cells = [f"`{parameter.name}`", f"`{parameter.annotation}`", default, parameter.help]
        rows.append("| " + " | ".join(re.sub(r"\|", r"\\|", cell) for cell in cells) + " |")
    return "| parameter | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows)
