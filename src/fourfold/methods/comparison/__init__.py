"""Runs compared: what a setting explains, and which is best."""

from fourfold.methods.comparison.anova import expected as expected
from fourfold.methods.comparison.anova import explained as explained
from fourfold.methods.comparison.ranking import edges as edges
from fourfold.methods.comparison.ranking import rank as rank
from fourfold.methods.comparison.ranking import settings_in_words as settings_in_words
from fourfold.methods.comparison.runs import pareto_front as pareto_front
from fourfold.methods.comparison.runs import read_runs as read_runs
from fourfold.methods.comparison.runs import show_parallel as show_parallel
from fourfold.methods.comparison.runs import untried as untried
