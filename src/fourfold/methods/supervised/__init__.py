"""Predicting a column: candidates, their evaluation, thresholds and leaks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fourfold.methods.supervised.candidates import SCORING as SCORING
from fourfold.methods.supervised.candidates import choose as choose
from fourfold.methods.supervised.candidates import cross_validate as cross_validate
from fourfold.methods.supervised.candidates import pipelines as pipelines
from fourfold.methods.supervised.candidates import rank as rank
from fourfold.methods.supervised.candidates import winner as winner
from fourfold.methods.supervised.evaluation import ALONE_SCORING as ALONE_SCORING
from fourfold.methods.supervised.evaluation import learnable_rows as learnable_rows
from fourfold.methods.supervised.evaluation import score_alone as score_alone
from fourfold.methods.supervised.evaluation import splits as splits
from fourfold.methods.supervised.evaluation import task as task
from fourfold.methods.supervised.evaluation import thin as thin
from fourfold.methods.supervised.leakage import LEAK as LEAK
from fourfold.methods.supervised.leakage import LOOK as LOOK
from fourfold.methods.supervised.leakage import duplicates as duplicates
from fourfold.methods.supervised.leakage import leak_table as leak_table
from fourfold.methods.supervised.leakage import single_feature as single_feature
from fourfold.methods.supervised.leakage import time_split as time_split
from fourfold.methods.supervised.scores import balanced_accuracy as balanced_accuracy
from fourfold.methods.supervised.scores import calibration_slope as calibration_slope
from fourfold.methods.supervised.scores import macro_auc as macro_auc
from fourfold.methods.supervised.scores import margin as margin
from fourfold.methods.supervised.scores import r2 as r2
from fourfold.methods.supervised.thresholds import cheapest as cheapest
from fourfold.methods.supervised.thresholds import cost_curve as cost_curve
from fourfold.methods.supervised.thresholds import mean_cost as mean_cost
from fourfold.methods.supervised.thresholds import row_costs as row_costs
from fourfold.methods.supervised.thresholds import yes_no as yes_no
from fourfold.methods.supervised.tuning import tune as tune

if TYPE_CHECKING:
    from fourfold.methods.supervised.visualizers import ClassPredictionError as ClassPredictionError
    from fourfold.methods.supervised.visualizers import (
        DiscriminationThreshold as DiscriminationThreshold,
    )
    from fourfold.methods.supervised.visualizers import ResidualsPlot as ResidualsPlot


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name in ("ClassPredictionError", "DiscriminationThreshold", "ResidualsPlot"):
        return getattr(import_module("fourfold.methods.supervised.visualizers"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
