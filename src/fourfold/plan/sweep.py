"""A sweep: from the values to try, the parameter sets of the runs."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from fourfold.errors import did_you_mean
from fourfold.plan.axes import MANY, MOST, axis, drawn, draws_whole, quantile, values_of
from fourfold.plan.conditions import all_met, condition
from fourfold.plan.kind import Kind, Problem, anything, mapping, value
from fourfold.plan.rows import TABLE, read_rows
from fourfold.plan.spec import canonical, written
from fourfold.records.formatting import short

Values = dict[str, Any]
METHODS = ("random", "latin", "sobol")
_OF_RANDOM = {"type": ["object", "null"], "required": ["runs", "over"]}
_DRAWS = {
    "runs": MANY,
    "seed": value(
        "expected a whole number, got …", lambda given: type(given) is int, type="integer"
    ),
    "method": Kind(
        lambda given: [] if given in METHODS else [Problem((), _no_method(given))],
        lambda: {"enum": list(METHODS), "description": "latin and sobol fill the space evenly"},
    ),
}


def _no_method(given: Any) -> str:
    near = did_you_mean(str(given), METHODS)
    return f"expected one of {', '.join(METHODS)}, got {given!r}.{near}"


@dataclass(frozen=True)
class Setting:
    """One set of a sweep.

    Attributes
    ----------
    values : dict
        Of the parameters that vary.
    parts : dict of str to str
        What the name of the run says, by parameter.
    row : dict
        All cells of the row of a table that it comes from.
    """

    values: Values = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    row: Mapping[str, str] = field(default_factory=dict)

    def without(self, names: Iterable[str]) -> "Setting":
        """Return the set in which these parameters do not vary."""
        values, parts = dict(self.values), dict(self.parts)
        for name in names:
            values.pop(name)
            parts.pop(name, None)
        return replace(self, values=values, parts=parts)


class Names(NamedTuple):
    """The parameters of a template.

    Attributes
    ----------
    own : mapping
        Those that editors offer.
    other : callable
        The kind of any other name.
    unoffered : mapping
        Those that are right and not offered.
    """

    own: Mapping[str, Kind] = MappingProxyType({})
    other: Callable[[Any], Kind] = anything
    unoffered: Mapping[str, Kind] = MappingProxyType({})

    def each(self, wrap: Callable[[Kind], Kind], about: str, form: Kind, **more: Any) -> Kind:
        """Return the kind of a mapping of parameters.

        Parameters
        ----------
        wrap : callable
            From the kind of a parameter to that of its part.
        about : str
            What an editor says of it.
        form : Kind
            Of the mapping itself.
        **more
            JSON Schema of the mapping.
        """
        kinds = {name: wrap(kind) for name, kind in self.own.items()}
        rare = {f"^{name}$": wrap(kind).json_schema() for name, kind in self.unoffered.items()}
        more |= {"patternProperties": rare} if rare else {}

        def other(name: Any) -> Kind:
            """Return the kind of another name: if a template has none, said once."""
            known = name in self.unoffered or not self.own
            return wrap(self.other(name)) if known else self.other(name)

        return replace(mapping(about, kinds, other, **more), check=form.check)


def sweep_kind(names: Names) -> Kind:
    """Return what the block ``sweep`` may hold."""

    def sets(about: str, of: Kind) -> Kind:
        message = "expected a list of mappings, got …"
        return replace(value(message, _is_list, about, type="array"), items=of)

    lists = value("expected a mapping of parameter to list, got …", _is_dict)
    when = Kind(conditions_kind(names).problems, lambda: {"$ref": "#/definitions/conditions"})
    one = names.each(lambda kind: kind, "One set of values", _PAIRS, minProperties=1)
    over = names.each(partial(drawn, when=when), "Lists or ranges to draw from", lists)
    grid = names.each(partial(axis, when=when), "Every combination of these values", lists)
    return mapping(
        "Values to try: one run each",
        {
            "grid": grid,
            "zip": names.each(axis, "These values side by side", lists),
            "list": sets("Sets one by one", one),
            "random": replace(
                mapping("Sets drawn at random", {**_DRAWS, "over": over}, None, **_OF_RANDOM),
                check=_random,
            ),
            "repeat": names.each(repeats_kind, "How many values in a row, such as seed: 10", lists),
            "table": TABLE,
            "exclude": sets("Sets to leave out: values, lists of them, or >= 3", when),
        },
    )


def conditions_kind(names: Names) -> Kind:
    """Return the kind of conditions on parameters."""
    about = "Values, lists of them, or a sign and a value such as >= 3"
    return names.each(condition, about, _PAIRS, minProperties=1)


def _is_list(given: Any) -> bool:
    return isinstance(given, list)


def _is_dict(given: Any, least: int = 0) -> bool:
    return isinstance(given, dict) and len(given) >= least


_PAIRS = value("expected a mapping of parameter to value, got …", partial(_is_dict, least=1))


def _random(given: Any) -> list[Problem]:
    if given is None:
        return []
    if not isinstance(given, dict) or not isinstance(given.get("over"), dict):
        form = "{runs: 20, seed: 0, over: {name: [a, b] or {low: 0, high: 1, log: false}}}"
        return [Problem((), f"expected {form}, got {given!r}")]
    runs = [] if "runs" in given else MANY.problems(None)
    return [Problem(("runs",), message) for _, message in runs]


def repeats_kind(of: Kind) -> Kind:
    """Return the kind of a number of repeats of a parameter that takes whole numbers."""
    if of.json_schema() and not of.types & {"integer", None}:
        message = "expected a parameter of whole numbers to repeat, such as seed"
        return Kind(lambda given: [Problem((), message)], lambda: {"not": {}})
    return MANY


def first_repeat(parameters: Mapping[str, Any], name: str) -> int:
    """Return the value of a repeated parameter in its first run: that of the config, or 0."""
    start = parameters.get(name)
    return start if type(start) is int else 0


def problems(sweep: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the form of a sweep; empty if it can be expanded."""
    return sweep_kind(Names()).problems(sweep) or _twice(sweep)


def _twice(sweep: Mapping[str, Any]) -> list[Problem]:
    blocks = {kind: list(sweep.get(kind) or {}) for kind in ("grid", "zip", "repeat")}
    blocks["list"] = sorted({name for row in sweep.get("list", []) for name in row})
    blocks["random"] = list((sweep.get("random") or {"over": {}})["over"])
    first: dict[str, str] = {}
    return [
        Problem((kind, name), f"already swept by {first[name]!r}; expected each parameter once")
        for kind, names in blocks.items()
        for name in names
        if first.setdefault(name, kind) != kind
    ]


class Expansion:
    """The sets of a well-formed sweep.

    Parameters
    ----------
    sweep : mapping
        ``grid`` is every combination, ``zip`` goes through its values side by side, ``list`` names
        sets one by one, ``random`` draws, ``repeat`` counts up, ``table`` has a set a row; together
        they are combined, then ``exclude`` takes out each set that meets all of an item's
        conditions. Without a sweep there is one empty set.
    base : mapping, optional
        Values of parameters that do not vary.
    kinds : mapping, optional
        What the parameters take.
    root : Path, optional
        The project, to which files are relative.

    Attributes
    ----------
    settings : list of Setting
    problems, remarks : list of Problem
        What is wrong, such as an exclude that meets no set; what should be known.
    """

    def __init__(
        self,
        sweep: Mapping[str, Any],
        base: Mapping[str, Any] = MappingProxyType({}),
        kinds: Mapping[str, Kind] = MappingProxyType({}),
        root: Path = Path(),
    ) -> None:
        self.base, self.kinds, self.root = base, kinds, root
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        swept = {n for block in ("grid", "zip", "repeat") for n in sweep.get(block) or {}}
        swept |= {name for row in sweep.get("list", []) for name in row}
        drawn_from = (sweep.get("random") or {}).get("over", {})
        parts = [
            self._combined("grid", sweep.get("grid", {}), product),
            self._combined("zip", sweep.get("zip", {}), zip),
            [_setting(values) for values in sweep.get("list", [])] or [Setting()],
            self._drawn(sweep.get("random")),
            self._rows(sweep.get("table"), swept | set(drawn_from)),
            self._repeated(sweep.get("repeat") or {}),
        ]
        few = self._few((), map(len, parts))
        settings = [_merged(of_run) for of_run in product(*parts)] if few else []
        axes = {("grid",): sweep.get("grid", {}), ("random", "over"): drawn_from}
        whens = {
            name: (*key, name, "when")
            for key, block in axes.items()
            for name, given in block.items()
            if isinstance(given, dict) and "when" in given
        }
        if whens and not self.problems:
            settings = self._conditional(settings, whens, axes)
        for index, exclude in enumerate(sweep.get("exclude", [])):
            kept = [each for each in settings if not all_met({**base, **each.values}, exclude)]
            if len(kept) == len(settings) and not self.problems:
                message = f"no run of the sweep has {exclude!r}; expected to take out at least one"
                self.problems.append(Problem(("exclude", index), message))
            settings = kept
        self.settings = settings

    def _kind(self, name: str) -> Kind:
        return self.kinds.get(name) or Kind()

    def _combined(
        self, block: str, axes: Mapping[str, Any], combine: Callable[..., Iterable[Any]]
    ) -> list[Setting]:
        lists = {
            name: values_of(given, self._kind(name), self.root) for name, given in axes.items()
        }
        for name, values in lists.items():
            if not values:
                none = f"expected files, got none that match {axes[name]['files']!r}"
                self.problems.append(Problem((block, name), none))
        lengths = {name: len(values) for name, values in lists.items()}
        if block == "zip" and len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            message = f"expected lists of one length, got {listed}"
            self.problems.append(Problem((block,), message))
        files = {n for n, given in axes.items() if isinstance(given, dict) and "files" in given}
        if combine is product and not self._few((block,), lengths.values()):
            return [Setting()]
        rows = combine(*lists.values()) if lists else [()]
        return [_setting(dict(zip(lists, values, strict=True)), files) for values in rows]

    def _few(self, key: tuple[str, ...], lengths: Iterable[int]) -> bool:
        """Say whether lists have so few combinations that they can be made; count, do not make."""
        if (number := prod(lengths)) <= MOST:
            return True
        message = f"expected at most {MOST:,} runs, got {short(f'{number:,}', 60)}"
        self.problems.append(Problem(key, message))
        return False

    def _repeated(self, block: Mapping[str, int]) -> list[Setting]:
        starts = {name: first_repeat(self.base, name) for name in block}
        if not self._few(("repeat",), block.values()):
            return [Setting()]
        counts = [range(starts[name], starts[name] + times) for name, times in block.items()]
        return [_setting(dict(zip(block, values, strict=True))) for values in product(*counts)]

    def _drawn(self, block: Mapping[str, Any] | None) -> list[Setting]:
        if block is None:
            return [Setting()]
        over, runs = block["over"], block["runs"]
        method = block.get("method", "random")
        shares = _shares(method, runs, len(over), block.get("seed", 0))
        whole = {name: draws_whole(given, self._kind(name)) for name, given in over.items()}
        sets = [
            {n: quantile(over[n], share, whole[n]) for n, share in zip(over, row, strict=True)}
            for row in shares
        ]
        once = list({canonical(values): values for values in sets}.values())
        if len(once) < len(sets):
            twice = f"{len(sets) - len(once):,} of {runs:,} draws came twice and are left out"
            self.remarks.append(Problem(("random",), twice))
        if method == "sobol" and runs & (runs - 1):
            even = f"Sobol' points fill the space evenly at 2, 4, 8, 16 … runs, not at {runs:,}"
            self.remarks.append(Problem(("random", "runs"), even))
        return [_setting(values) for values in once]

    def _rows(self, given: Any, swept: set[str]) -> list[Setting]:
        if given is None:
            return [Setting()]
        rows, problems, remarks = read_rows(given, self.root, self.kinds, swept)
        self.problems += problems
        self.remarks += remarks
        return [
            Setting(row.values, {"": row.name} if row.name else _parts(row.values), row.cells)
            for row in rows
        ]

    def _conditional(
        self,
        settings: list[Setting],
        whens: Mapping[str, tuple[str, ...]],
        axes: Mapping[tuple[str, ...], Mapping[str, Any]],
    ) -> list[Setting]:
        """Return the sets in which each value stands only where its condition is met."""
        conditions = {name: axes[key[:-2]][name]["when"] for name, key in whens.items()}
        once: dict[str, Setting] = {}
        met = set[str]()
        for given in settings:
            setting, unmet = given, ["until none is"]
            while unmet:  # what a value stands for may itself stand only under a condition
                values = {**self.base, **setting.values}
                held = [name for name in conditions if name in setting.values]
                unmet = [name for name in held if not all_met(values, conditions[name])]
                setting = setting.without(unmet)
            met |= set(conditions) & setting.values.keys()
            dropped = len(setting.values) < len(given.values)
            key = canonical([setting.values, setting.row]) if dropped else f"whole {len(once)}"
            once.setdefault(key, setting)
        self.problems += [
            Problem(whens[name], f"no run of the sweep has {conditions[name]!r}")
            for name in whens.keys() - met
        ]
        return list(once.values())


def _shares(method: str, runs: int, width: int, seed: int) -> Iterable[Iterable[float]]:
    """Return points of the unit cube: independent ones, or such as fill it evenly.

    A Latin hypercube (McKay, Beckman and Conover 1979, Technometrics 21, p. 239), or Sobol' points
    (1967, USSR Comput. Math. Math. Phys. 7, p. 86), scrambled.
    """
    if method == "random":
        source = random.Random(seed)
        return [[source.random() for _ in range(width)] for _ in range(runs)]
    from warnings import catch_warnings, simplefilter

    from numpy.random import default_rng
    from scipy.stats import qmc

    kind = qmc.LatinHypercube if method == "latin" else qmc.Sobol
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # of numbers of runs that are no power of two: a remark
        points: Iterable[Iterable[float]] = (
            kind(width, seed=default_rng(seed)).random(runs).tolist()
        )
    return points


def _setting(values: Values, files: Iterable[str] = ()) -> Setting:
    return Setting(values, _parts(values, files))


def _parts(values: Values, files: Iterable[str] = ()) -> dict[str, str]:
    return {
        name: f"{name}={Path(each).name if name in files else written(each)}"
        for name, each in values.items()
    }


def _merged(settings: Iterable[Setting]) -> Setting:
    whole = Setting({}, {}, {})
    for each in settings:
        whole.values.update(each.values)
        whole = replace(whole, parts={**whole.parts, **each.parts}, row=each.row or whole.row)
    return whole
