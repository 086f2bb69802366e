"""Yellowbrick's cluster visualizers on today's scikit-learn and matplotlib.

Each keeps its yellowbrick call and picture; its docstring lists the fixes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator, MultipleLocator
from sklearn.manifold import TSNE, smacof
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import FunctionTransformer

from fourfold.methods.clustering.choice import Choice
from fourfold.methods.intervals import Array
from fourfold.methods.yellowbrick import expect, load, offer

#: Fill and edge of one colour-blind-safe blue, as RGBA.
_FACE, _EDGE = "#0173b233", "#0173b2cc"
_CLUSTERER = "clusterer such as KMeans"
_elbow: Any = load("yellowbrick.cluster.elbow")
_Elbow: Any = _elbow.KElbowVisualizer
_Silhouette: Any = load("yellowbrick.cluster.silhouette").SilhouetteVisualizer
_Distance: Any = load("yellowbrick.cluster.icdm").InterclusterDistance


@dataclass
class _Fitted:
    """Models fitted before, in the place of an estimator that is fitted for each k."""

    models: Mapping[int, Any]
    model: Any = None

    def set_params(self, n_clusters: int) -> None:
        self.model = self.models[n_clusters]

    def fit(self, points: Array) -> None:
        """Do nothing: `set_params` has chosen a model that is fitted."""

    def __getattr__(self, name: str) -> Any:
        """Return the labels or the inertia of the model."""
        return getattr(self.model, name)


class KElbowVisualizer(_Elbow):  # type: ignore[misc]
    """The elbow of a score over the number of clusters.

    Fixed: it takes fitted models, so that nothing is fitted twice; the distortion is the inertia
    and its label says that it is a sum; without an elbow, `elbow_score_` is None rather than 0,
    and no warning is shown; fit times, which differ from run to run, are off.

    Parameters
    ----------
    estimator : clusterer
        Fitted for each k, unless `models` holds it.
    models : mapping of k to fitted clusterer, optional
        Models fitted to the data that `fit` gets.
    **options
        As for ``yellowbrick.cluster.KElbowVisualizer``; `k` (2, 11) means 2 to 10.
    """

    estimator: Any

    def __init__(
        self, estimator: Any, models: Mapping[int, Any] | None = None, **options: Any
    ) -> None:
        settings = {"timings": False, "force_model": True} | options
        super().__init__(expect(_CLUSTERER, estimator), **settings)
        self.models = models
        if self.metric == "distortion":
            self.scoring_metric = self._inertia
        self.colors.update({_elbow.CMETRIC: _EDGE[:7], _elbow.CVLINE: "#444444"})

    def _inertia(self, points: Array, labels: Any, metric: str) -> float:
        if metric != "euclidean" or not hasattr(self.estimator, "inertia_"):
            return float(_elbow.distortion_score(points, labels, metric=metric))
        return float(self.estimator.inertia_)

    def fit(self, X: Array, y: Any = None, **options: Any) -> KElbowVisualizer:
        """Score each k and draw the curve; return the visualizer.

        Raises
        ------
        KeyError
            If `models` lacks one of the k.
        """
        estimator = self.estimator
        if self.models is not None:
            self.estimator = _Fitted(self.models)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", _elbow.YellowbrickWarning)
                super().fit(X, y, **options)
        finally:
            self.estimator = estimator
        if self.elbow_value_ is None:
            self.elbow_score_ = None
        return self

    def finalize(self) -> None:
        """Write title and labels."""
        name = "inertia" if self.metric == "distortion" else self.metric.replace("_", " ")
        elbow = f"elbow at k = {self.elbow_value_}" if self.elbow_value_ else "no elbow"
        self.set_title(f"{name.capitalize()} by number of clusters: {elbow}")
        unit = " (sum of squares)" if name == "inertia" else ""
        self.ax.set(xlabel="number of clusters k", ylabel=name + unit)
        self.ax.xaxis.set_major_locator(MaxNLocator(integer=True))


class SilhouetteVisualizer(_Silhouette):  # type: ignore[misc]
    """The silhouette of each row, in one band for each cluster.

    Fixed: colours from a colour-blind-safe palette instead of a function that matplotlib dropped;
    ticks that do not collide; the mean in the title, not in a legend over the bands.

    Parameters
    ----------
    estimator : clusterer with `predict`
        Fitted before, or fitted by `fit`.
    colors : sequence of colours, optional
        One for each cluster.
    **options
        As for ``yellowbrick.cluster.SilhouetteVisualizer``.
    """

    def __init__(self, estimator: Any, colors: Sequence[Any] | None = None, **options: Any) -> None:
        count = expect(_CLUSTERER, estimator).n_clusters
        palette = sns.color_palette("colorblind", count) if colors is None else colors
        super().__init__(estimator, colors=list(palette), **{"force_model": True} | options)

    def finalize(self) -> None:
        """Write title and labels."""
        super().finalize()
        if legend := self.ax.get_legend():
            legend.remove()
        self.ax.xaxis.set_major_locator(MultipleLocator(0.2))
        across = "silhouette, from -1 (wrong cluster) to 1 (far from any other)"
        self.ax.set(xlabel=across, ylabel="cluster, rows sorted by silhouette")
        shown = f"Silhouette of {self.n_samples_:,} rows in {self.n_clusters_} clusters"
        self.set_title(self.title or f"{shown} (dashed: mean {self.silhouette_score_:.2f})")


class InterclusterDistance(_Distance):  # type: ignore[misc]
    """The centres of the clusters in two dimensions, as far apart as they are in all.

    Fixed: multidimensional scaling without warnings, from the classical solution, so that it does
    not depend on a seed; t-SNE with fewer centres than its perplexity; equal scales on both axes,
    without which distances mean nothing; no circle cut off; areas in proportion to rows, written
    into up to six circles, instead of a size legend that needs a numpy of 2021.

    Parameters
    ----------
    estimator : clusterer with `cluster_centers_`
        Fitted before, or fitted by `fit`.
    colors : sequence of colours, optional
        One for each cluster.
    **options
        As for ``yellowbrick.cluster.InterclusterDistance``; `legend` is ignored.
    """

    def __init__(self, estimator: Any, colors: Sequence[Any] | None = None, **options: Any) -> None:
        size = 6000 * min(1.0, 4 / expect(_CLUSTERER, estimator).n_clusters)
        settings = {"max_size": size, "force_model": True} | options | {"legend": False}
        super().__init__(estimator, **settings)
        self.facecolor, self.edgecolor = _FACE, _EDGE
        self.faces = colors

    @property
    def transformer(self) -> Any:
        """The embedding of the centres."""
        centres = len(self.cluster_centers_)
        if self.embedding.lower() == "tsne":
            near = max(1.0, (centres - 1) / 3)
            return TSNE(perplexity=near, init="random", random_state=self.random_state)
        return FunctionTransformer(_scale)

    def _get_cluster_sizes(self) -> Array:
        return np.asarray(self.max_size * self.scores_ / self.scores_.max())

    def draw(self) -> Any:
        """Draw a circle for each centre."""
        x, y = self.embedded_centers_.T
        faces = _FACE if self.faces is None else [to_rgba(each, 0.45) for each in self.faces]
        self.ax.scatter(x, y, s=self._get_cluster_sizes(), c=faces, edgecolor=_EDGE)
        for number, (a, b, rows) in enumerate(zip(x, y, self.scores_, strict=True)):
            label = f"{number}\n{rows:,} rows" if len(self.scores_) <= 6 else str(number)
            self.ax.text(a, b, label, va="center", ha="center", fontsize=9)
        return self.ax

    def finalize(self) -> None:
        """Write title and labels, with room around the circles."""
        self.set_title("Distances between the centres of the clusters")
        across = f"first {self.embedding.upper()} axis, units of the scaled features"
        self.ax.set(xlabel=across, ylabel=f"second {self.embedding.upper()} axis")
        # Limits of one scale within which no circle is cut off.
        frame = self.ax.get_window_extent()
        points = np.array([frame.width, frame.height]) * 72 / self.ax.figure.dpi
        low, high = self.embedded_centers_.min(axis=0), self.embedded_centers_.max(axis=0)
        diameter = 1.15 * np.sqrt(4 * self.max_size / np.pi)
        extent = max(((high - low) / np.maximum(points - diameter, 1)).max(), 1e-9)
        middle, half = (low + high) / 2, extent * points / 2
        limits = np.column_stack([middle - half, middle + half])
        self.ax.set(xlim=limits[0], ylim=limits[1], aspect="equal")


def draw_choice(choice: Choice, silhouettes: pd.Series, axes: Sequence[Any]) -> None:
    """Draw beside an elbow what silhouette, gap statistic and rule take for the number of clusters.

    Parameters
    ----------
    choice : Choice
        What the rule and the gap statistic found.
    silhouettes : Series
        Mean silhouette of each k.
    axes : sequence of three Axes
        Where to draw.
    """
    silhouette, gap, rule = axes
    best, table = int(silhouettes.index[int(silhouettes.argmax())]), choice.table()
    silhouette.plot(silhouettes.index, silhouettes, marker="o")
    silhouette.set(ylabel="mean silhouette", title=f"Silhouette: highest at k = {best}")
    steps = choice.gap.table()
    gap.errorbar(steps.index, steps["gap"], yerr=steps["error"], marker="o", capsize=4)
    gap.set(ylabel="gap (log inertia)", title=f"Gap, one standard error: k = {choice.gap.k}")
    valley = table["density in valley"]
    rule.plot(valley.index, valley, color="0.6")
    for credible, face in (True, _EDGE[:7]), (False, "white"):
        part = valley[(table["verdict"] == "credible") == credible]
        rule.plot(part.index, part, "o", color=_EDGE[:7], markerfacecolor=face)
    rule.plot(table.index, table["at most"], linestyle=":", color="0.3")
    ruled = f"{choice.k} clear clusters" if choice.clear else "no clear clusters"
    rule.set(ylabel="density in valley", title=f"Valleys: {ruled}")
    rule.set(ylim=(-0.05, 1.05))
    for ax, taken in zip(axes, (best, choice.gap.k, choice.k), strict=True):
        if ax is not rule or choice.clear:
            ax.axvline(taken, linestyle="--", color="0.3")
        ax.set(xlabel="number of clusters k")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _scale(centres: Array) -> Array:
    """Return the centres in two dimensions, shape (k, 2), by metric multidimensional scaling.

    It starts from the principal coordinates. The first of the farthest centres of each axis is on
    its right: two centres are equally far, and the last digit should not turn the picture around.
    """
    left, sizes, _ = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
    kept = min(2, len(sizes))
    far = np.abs(left)
    signs = np.sign(left[(far > far.max(axis=0) - 1e-6).argmax(axis=0), range(len(sizes))])
    start = np.zeros((len(centres), 2))
    start[:, :kept] = (left * signs * sizes)[:, :kept]
    distances = pairwise_distances(centres)
    return np.asarray(smacof(distances, n_components=2, init=start, n_init=1)[0])


offer(
    "yellowbrick.cluster",
    KElbowVisualizer=KElbowVisualizer,
    SilhouetteVisualizer=SilhouetteVisualizer,
    InterclusterDistance=InterclusterDistance,
)
