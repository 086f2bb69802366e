"""Groups in data: how many, how stable, and whether there are any."""

from typing import TYPE_CHECKING, Any

from fourfold.methods.clustering.choose_k import Candidate, Choice, choose_k
from fourfold.methods.clustering.gap import Gap, gap_statistic
from fourfold.methods.clustering.k_medoids import compare_distances, k_medoids
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
    )

__all__ = [
    "Candidate",
    "Choice",
    "Gap",
    "InterclusterDistance",
    "KElbowVisualizer",
    "SilhouetteVisualizer",
    "Stability",
    "agreement",
    "choose_k",
    "compare_distances",
    "compare_k",
    "deviations",
    "gap_statistic",
    "k_medoids",
    "most_clusters",
    "ordered",
    "profile_clusters",
    "resample",
    "sample",
    "scaler",
    "select_features",
    "traits",
    "with_each",
]


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fourfold.methods.clustering import visualizers

    return getattr(visualizers, name)
