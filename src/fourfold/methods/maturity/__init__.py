"""How far MLOps is, by the models of AWS, Microsoft and Google."""

from fourfold.methods.maturity.assessment import assess, project_of, read_answers
from fourfold.methods.maturity.levels import bounds, gaps, level_table, quarters
from fourfold.methods.maturity.practices import models_of
from fourfold.methods.maturity.roadmap import compare_orders, plan_steps, questions, unlocks
