"""Numbers, text, counts and figures as people read them: one style for all templates."""

import json
import math
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

#: What Markdown takes for more than itself.
_MARKS = re.compile(r"([\\`*_|$<>\[\]&~])")


def significant(value: float | int | None, digits: int = 6) -> float | int | None:
    """Return `value` with at most `digits` significant digits; None where it is not finite."""
    if value is None or isinstance(value, int):
        return value
    return float(f"{settled(value):.{digits}g}") if math.isfinite(value) else None


def settled(value: float) -> float:
    """Round to twelve digits, so that noise of 1e-16 does not decide which way a tie is rounded."""
    return float(f"{value:.12g}")


def number(value: float | int | None) -> str:
    """Return `value` as people write it: integers whole, floats with three significant digits."""
    if value is None:
        return "undefined"
    if isinstance(value, int):
        return f"{value:,}"
    value = settled(value)
    if value != 0 and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:#.3g}".rstrip(".")


def short(name: object, width: int = 24) -> str:
    """Return a name cut to at most `width` characters, in one line.

    Examples
    --------
    >>> short("od280_od315_of_diluted_wines", 12)
    'od280_od315…'
    """
    text = " ".join(str(name).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def as_text(value: Any) -> str:
    """Return the value of a parameter for a reader: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def plain(text: object) -> str:
    """Return text that Markdown shows letter by letter, in one line.

    Examples
    --------
    >>> print(plain("a|b <i> *c* $d$"))
    a\\|b \\<i\\> \\*c\\* \\$d\\$
    """
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def code(text: object) -> str:
    """Return text that Markdown shows as code, whatever backticks are in it.

    Examples
    --------
    >>> code("salary_kusd"), code("a`b")
    ('`salary_kusd`', '``a`b``')
    """
    inner = " ".join(str(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", inner)), default=0))
    room = " " * (inner.startswith("`") or inner.endswith("`"))
    return f"{fence}{room}{inner}{room}{fence}"


def count(number: int, noun: str) -> str:
    """Return a number and its noun.

    Examples
    --------
    >>> count(1, "run"), count(2000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def unit_of(value: float, unit: str) -> str:
    """Return a unit as it is written behind a value: of exactly 1, its first word is no plural.

    Examples
    --------
    >>> unit_of(1, "columns"), unit_of(1, "mistakes per 100 rows"), unit_of(2, "columns")
    ('column', 'mistake per 100 rows', 'columns')
    >>> unit_of(1, "boxes"), unit_of(1, "kg"), unit_of(1, "class"), unit_of(1, "bus")
    ('box', 'kg', 'class', 'bus')
    """
    first, *rest = unit.split(" ")
    if value != 1 or not re.fullmatch(r"[a-z]{2,}[^\W\d_usi]s|[a-z]+(ss|sh|ch|x)es", first):
        return unit
    return " ".join([re.sub(r"(?<=ss|sh|ch)es$|(?<=x)es$|s$", "", first), *rest])


def listed(names: Iterable[object], labels: Mapping[str, str] | None = None) -> str:
    """Return names as words in a sentence: by their label, else without underscores.

    Examples
    --------
    >>> listed(["sex", "age_years", "fare"], {"age_years": "age"})
    'sex, age and fare'
    """
    words = [(labels or {}).get(str(name)) or short(name).replace("_", " ") for name in names]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def style() -> None:
    """Set figures and tables to be read: colour-blind-safe, 700 pixels wide, three digits.

    In a notebook, each figure that is displayed then also carries the data that it shows.
    """
    import matplotlib as mpl
    import pandas as pd
    import seaborn as sns

    # Grids of seaborn lay themselves out, and would warn that they do.
    warnings.filterwarnings("ignore", "The figure layout has changed to tight", UserWarning)
    sns.set_theme(style="whitegrid", palette="colorblind", font_scale=0.9)
    mpl.rcParams["figure.figsize"] = (7, 4)
    mpl.rcParams["figure.dpi"] = 150
    mpl.rcParams["figure.constrained_layout.use"] = True
    mpl.rcParams["axes.formatter.useoffset"] = False
    # A name such as "cost in $" is no formula.
    mpl.rcParams["text.parse_math"] = False
    pd.options.display.float_format = number
    pd.options.display.max_columns = 14
    pd.options.display.max_colwidth = 60
    pd.options.display.show_dimensions = False
    _carry_facts()


def _carry_facts() -> None:
    # Where there is a shell, IPython is imported already; without one it is not needed.
    ipython = sys.modules.get("IPython")
    if ipython is not None and (shell := ipython.get_ipython()) is not None:
        from matplotlib_inline.config import InlineBackend

        from fourfold.records import tables
        from fourfold.records.figures.facts import install

        install(shell)
        tables.install(shell)
        # Cut to what is drawn, a picture's size would depend on its labels, and it is drawn twice.
        whole: dict[str, Any] = {"bbox_inches": None}
        InlineBackend.instance(parent=shell).print_figure_kwargs = whole
