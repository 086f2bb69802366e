"""Runs compared: what a setting explains, and which is best."""

from fourfold.methods.comparison.anova import expected, explained
from fourfold.methods.comparison.ranking import edges, rank, settings_in_words
from fourfold.methods.comparison.runs import pareto_front, read_runs, show_parallel, untried
