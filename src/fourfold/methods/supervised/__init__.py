"""Predicting a column: candidates, their evaluation, thresholds and leaks."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fourfold.methods.supervised.alone import score_alone
from fourfold.methods.supervised.budget import Budget as Budget
from fourfold.methods.supervised.candidates import (
    SCORING,
    choose,
    cross_validate,
    pipelines,
    rank,
    winner,
)
from fourfold.methods.supervised.evaluation import (
    ALONE_SCORING,
    affordable_folds,
    hold_out,
    learnable_rows,
    splits,
    task,
    thin,
    twins,
)
from fourfold.methods.supervised.leakage import (
    LEAK,
    LOOK,
    STATED,
    TOLD,
    duplicates,
    explained,
    group_split,
    perfect_model,
    several_features,
    single_feature,
    time_split,
)
from fourfold.methods.supervised.mistakes import (
    class_table,
    importance,
)
from fourfold.methods.supervised.scores import (
    balanced_accuracy,
    calibration_slope,
    macro_auc,
    margin,
    r2,
)
from fourfold.methods.supervised.sides import sides
from fourfold.methods.supervised.thresholds import (
    cheapest,
    cost_curve,
    is_condition,
    mean_cost,
    positive_class,
    row_costs,
    yes_no,
)
from fourfold.methods.supervised.tuning import tune

if TYPE_CHECKING:
    from fourfold.methods.supervised.visualizers import (
        DiscriminationThreshold,
        ResidualsPlot,
    )


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name in ("DiscriminationThreshold", "ResidualsPlot"):
        return getattr(import_module("fourfold.methods.supervised.visualizers"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
