"""Runs compared: what a setting explains, and which is best."""

from fourfold.methods.comparison.anova import expected, explained
from fourfold.methods.comparison.ranking import edges, rank
from fourfold.methods.comparison.runs import (
    failures,
    pareto_front,
    read_runs,
    settings_in_words,
    show_parallel,
    untried,
)
