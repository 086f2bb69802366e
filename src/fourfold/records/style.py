"""How numbers and figures of a notebook look: one style for all templates."""

from __future__ import annotations

import sys
from typing import Any

from fourfold.records.formatting import number


def style() -> None:
    """Set figures and tables to be read: colour-blind-safe, 700 pixels wide, three digits.

    In a notebook, each figure that is displayed then also carries the data that it shows.
    """
    import matplotlib as mpl
    import pandas as pd
    import seaborn as sns

    sns.set_theme(style="whitegrid", palette="colorblind", font_scale=0.9)
    mpl.rcParams["figure.figsize"] = (7, 4)
    mpl.rcParams["figure.dpi"] = 100
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

        from fourfold.records.figures.facts import install

        install(shell)
        # Cut to what is drawn, a picture's size would depend on its labels, and it is drawn twice.
        whole: dict[str, Any] = {"bbox_inches": None}
        InlineBackend.instance(parent=shell).print_figure_kwargs = whole
