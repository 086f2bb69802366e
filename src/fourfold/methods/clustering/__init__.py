"""Groups in data: how many, how stable, and whether there are any."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fourfold.methods.clustering.choice import Candidate as Candidate
from fourfold.methods.clustering.choice import Choice as Choice
from fourfold.methods.clustering.choice import choose_k as choose_k
from fourfold.methods.clustering.gap import Gap as Gap
from fourfold.methods.clustering.gap import gap_statistic as gap_statistic
from fourfold.methods.clustering.medoids import compare_distances as compare_distances
from fourfold.methods.clustering.medoids import k_medoids as k_medoids
from fourfold.methods.clustering.prepare import compare_k as compare_k
from fourfold.methods.clustering.prepare import most_clusters as most_clusters
from fourfold.methods.clustering.prepare import sample as sample
from fourfold.methods.clustering.prepare import scaler as scaler
from fourfold.methods.clustering.prepare import select_features as select_features
from fourfold.methods.clustering.prepare import with_each as with_each
from fourfold.methods.clustering.profiles import agreement as agreement
from fourfold.methods.clustering.profiles import deviations as deviations
from fourfold.methods.clustering.profiles import ordered as ordered
from fourfold.methods.clustering.profiles import profile_clusters as profile_clusters
from fourfold.methods.clustering.profiles import traits as traits
from fourfold.methods.clustering.stability import Stability as Stability
from fourfold.methods.clustering.stability import resample as resample

if TYPE_CHECKING:
    from fourfold.methods.clustering.visualizers import InterclusterDistance as InterclusterDistance
    from fourfold.methods.clustering.visualizers import KElbowVisualizer as KElbowVisualizer
    from fourfold.methods.clustering.visualizers import SilhouetteVisualizer as SilhouetteVisualizer


def __getattr__(name: str) -> Any:
    """Load a visualizer on first use: yellowbrick takes a third of a second."""
    if name in ("InterclusterDistance", "KElbowVisualizer", "SilhouetteVisualizer"):
        return getattr(import_module("fourfold.methods.clustering.visualizers"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
