"""Groups in data: how many, how stable, and whether there are any."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fourfold.methods.clustering.choice import Candidate, Choice, choose_k
from fourfold.methods.clustering.gap import Gap, gap_statistic
from fourfold.methods.clustering.medoids import compare_distances, k_medoids
from fourfold.methods.clustering.prepare import (
    compare_k,
    most_clusters,
    sample,
    scaler,
    select_features,
    with_each,
)
from fourfold.methods.clustering.profiles import (
    agreement,
    deviations,
    ordered,
    profile_clusters,
    traits,
)
from fourfold.methods.clustering.stability import Stability, resample

if TYPE_CHECKING:
    from fourfold.methods.clustering.visualizers import (
        InterclusterDistance,
        KElbowVisualizer,
        SilhouetteVisualizer,
        draw_choice,
    )


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name in ("InterclusterDistance", "KElbowVisualizer", "SilhouetteVisualizer", "draw_choice"):
        return getattr(import_module("fourfold.methods.clustering.visualizers"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
