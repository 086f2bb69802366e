"""How far MLOps is, by the models of AWS, Microsoft and Google."""

from fourfold.methods.maturity.assessment import assess as assess
from fourfold.methods.maturity.assessment import project_of as project_of
from fourfold.methods.maturity.assessment import read_answers as read_answers
from fourfold.methods.maturity.levels import bounds as bounds
from fourfold.methods.maturity.levels import gaps as gaps
from fourfold.methods.maturity.levels import level_table as level_table
from fourfold.methods.maturity.levels import quarters as quarters
from fourfold.methods.maturity.practices import models_of as models_of
from fourfold.methods.maturity.roadmap import compare_orders as compare_orders
from fourfold.methods.maturity.roadmap import plan_steps as plan_steps
from fourfold.methods.maturity.roadmap import questions as questions
from fourfold.methods.maturity.roadmap import unlocks as unlocks
