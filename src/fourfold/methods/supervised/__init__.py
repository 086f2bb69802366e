"""Predicting a column: candidates, their evaluation, thresholds and leaks."""

from typing import TYPE_CHECKING, Any

from fourfold.methods.supervised.candidates import (
    SCORING,
    choose,
    cross_validate,
    pipelines,
    rank,
    winner,
)
from fourfold.methods.supervised.classification import (
    balanced_accuracy,
    calibration_slope,
    macro_auc,
)
from fourfold.methods.supervised.evaluation import (
    ALONE_SCORING,
    learnable_rows,
    score_alone,
    splits,
    task,
    thin,
)
from fourfold.methods.supervised.leakage import (
    LOOK,
    count_leaks,
    duplicates,
    leak_table,
    single_feature,
    time_split,
)
from fourfold.methods.supervised.regression import margin, r2
from fourfold.methods.supervised.thresholds import (
    cheapest,
    cost_curve,
    mean_cost,
    row_costs,
    yes_no,
)
from fourfold.methods.supervised.tuning import tune

if TYPE_CHECKING:
    from fourfold.methods.supervised.visualizers import (
        ROCAUC,
        ClassPredictionError,
        DiscriminationThreshold,
        LearningCurve,
        PrecisionRecallCurve,
        PredictionError,
        ResidualsPlot,
    )

__all__ = [
    "ALONE_SCORING",
    "LOOK",
    "ROCAUC",
    "SCORING",
    "ClassPredictionError",
    "DiscriminationThreshold",
    "LearningCurve",
    "PrecisionRecallCurve",
    "PredictionError",
    "ResidualsPlot",
    "balanced_accuracy",
    "calibration_slope",
    "cheapest",
    "choose",
    "cost_curve",
    "count_leaks",
    "cross_validate",
    "duplicates",
    "leak_table",
    "learnable_rows",
    "macro_auc",
    "margin",
    "mean_cost",
    "pipelines",
    "r2",
    "rank",
    "row_costs",
    "score_alone",
    "single_feature",
    "splits",
    "task",
    "thin",
    "time_split",
    "tune",
    "winner",
    "yes_no",
]


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fourfold.methods.supervised import visualizers

    return getattr(visualizers, name)
