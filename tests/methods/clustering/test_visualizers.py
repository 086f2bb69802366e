"""Yellowbrick's cluster visualizers on today's scikit-learn and matplotlib."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.linear_model import LinearRegression
from sklearn.metrics import pairwise_distances, silhouette_score

from fourfold.methods.clustering.choice import Candidate, Choice
from fourfold.methods.clustering.gap import Gap
from fourfold.methods.clustering.visualizers import (
    InterclusterDistance,
    KElbowVisualizer,
    SilhouetteVisualizer,
    draw_choice,
)

mpl.use("Agg")


@pytest.fixture
def points():
    """Three groups of 40, 30 and 20 rows in three dimensions."""
    generator = np.random.default_rng(0)
    groups = zip((0, 6, 12), (40, 30, 20), strict=True)
    return np.concatenate([generator.normal(centre, 1, (rows, 3)) for centre, rows in groups])


def turned(centres, digit):
    """The first horizontal position of centres, two of which are moved by a last digit."""
    model = kmeans(len(centres)).fit(centres)
    model.cluster_centers_ = centres + digit * np.eye(*centres.shape)
    fig, ax = plt.subplots()
    shown = InterclusterDistance(model, ax=ax).fit(centres)
    plt.close(fig)
    return shown.embedded_centers_[0, 0]


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def kmeans(k=3, **options):
    return KMeans(k, n_init=3, random_state=0, **options)


@pytest.mark.parametrize("kind", [KElbowVisualizer, SilhouetteVisualizer, InterclusterDistance])
def test_only_clusterers_are_accepted(kind):
    """Anything else is refused by name."""
    with pytest.raises(TypeError, match="expected a clusterer such as KMeans, got LinearReg"):
        kind(LinearRegression())


def test_elbow_is_found_and_named(points, ax):
    """On three groups the inertia bends at 3; the scores are K-means' own inertia."""
    shown = KElbowVisualizer(kmeans(), k=(2, 8), ax=ax).fit(points)
    shown.finalize()
    assert shown.elbow_value_ == 3
    assert ax.get_title() == "Inertia by number of clusters: elbow at k = 3"
    assert shown.k_scores_[1] == pytest.approx(kmeans(3).fit(points).inertia_)
    assert ax.get_ylabel() == "inertia (sum of squares)"


def test_no_elbow_is_said_without_warning(ax):
    """A straight line has no elbow: no warning, no score, and the title says so."""
    shown = KElbowVisualizer(kmeans(), k=(2, 4), ax=ax)
    shown.fit(np.arange(12.0)[:, None])
    shown.finalize()
    assert (shown.elbow_value_, shown.elbow_score_) == (None, None)
    assert ax.get_title().endswith("no elbow")


def test_fitted_models_are_not_fitted_again(points, ax):
    """With `models`, the curve is theirs and the estimator stays untouched."""
    models = {k: kmeans(k, max_iter=1).fit(points) for k in range(2, 6)}
    estimator = kmeans(9)
    shown = KElbowVisualizer(estimator, models=models, k=(2, 6), ax=ax).fit(points)
    assert shown.k_scores_ == [models[k].inertia_ for k in range(2, 6)]
    assert shown.estimator is estimator
    assert not hasattr(estimator, "labels_")


def test_a_missing_model_is_an_error(points, ax):
    """A k without a model is named."""
    with pytest.raises(KeyError, match="5"):
        KElbowVisualizer(kmeans(), models={4: kmeans(4).fit(points)}, k=(4, 6), ax=ax).fit(points)


def test_elbow_keeps_metric_and_distance(points, ax):
    """`metric` and `distance_metric` reach the score; a clusterer without inertia has one too."""
    shown = KElbowVisualizer(
        kmeans(), k=(2, 4), metric="silhouette", distance_metric="manhattan", ax=ax
    ).fit(points)
    labels = kmeans(3).fit_predict(points)
    assert shown.k_scores_[1] == pytest.approx(silhouette_score(points, labels, metric="manhattan"))
    city = KElbowVisualizer(kmeans(), k=(2, 4), distance_metric="manhattan", ax=ax).fit(points)
    assert city.k_scores_[1] != pytest.approx(kmeans(3).fit(points).inertia_)


def test_elbow_hides_times(points, ax):
    """Fit times differ between runs, so they are shown only when asked for."""
    KElbowVisualizer(kmeans(), k=(2, 4), ax=ax).fit(points)
    assert len(ax.figure.axes) == 1
    KElbowVisualizer(kmeans(), k=(2, 4), ax=ax, timings=True).fit(points)
    assert len(ax.figure.axes) == 2


def test_silhouette_shows_mean_and_bands(points, ax):
    """The mean is scikit-learn's, there is a band for each cluster, and no legend covers them."""
    shown = SilhouetteVisualizer(kmeans(), ax=ax)
    shown.fit(points)
    shown.finalize()
    expected = silhouette_score(points, shown.estimator.labels_)
    assert shown.silhouette_score_ == pytest.approx(expected)
    assert ax.get_title() == f"Silhouette of 90 rows in 3 clusters (dashed: mean {expected:.2f})"
    assert len(ax.collections) == 3
    assert ax.get_legend() is None


def test_silhouette_of_a_sample_keeps_the_fit(points, ax):
    """A fitted model is shown on the rows given, and is not fitted to them."""
    model = kmeans().fit(points)
    centres = model.cluster_centers_.copy()
    shown = SilhouetteVisualizer(model, ax=ax, colors=["r", "g", "b"])
    shown.fit(points[::3])
    assert shown.n_samples_ == 30
    assert (model.cluster_centers_ == centres).all()
    assert ax.collections[1].get_facecolor()[0][:3].tolist() == list(mpl.colors.to_rgb("g"))


def test_map_keeps_the_distances_between_centres(points, ax):
    """Three centres fit in a plane, so the map has exactly their distances."""
    model = kmeans().fit(points)
    shown = InterclusterDistance(model, ax=ax)
    shown.fit(points)
    shown.finalize()
    expected = pairwise_distances(model.cluster_centers_)
    assert np.allclose(pairwise_distances(shown.embedded_centers_), expected, rtol=1e-3)
    assert ax.get_aspect() == 1.0


@pytest.mark.parametrize("tall", [1.0, 30.0])
def test_no_circle_of_the_map_is_cut_off(points, ax, tall):
    """Whether the centres lie side by side or above each other."""
    shown = InterclusterDistance(kmeans().fit(points), ax=ax)
    shown.fit(points)
    shown.embedded_centers_ = shown.embedded_centers_ * [1.0, tall]
    shown.finalize()
    centres = ax.transData.transform(shown.embedded_centers_)
    radii = np.sqrt(shown._get_cluster_sizes() / np.pi) * ax.figure.dpi / 72
    frame = ax.get_window_extent()
    assert (centres - radii[:, None] >= [frame.x0, frame.y0]).all()
    assert (centres + radii[:, None] <= [frame.x1, frame.y1]).all()
    assert ax.get_aspect() == 1.0


def test_map_is_the_same_every_time(points):
    """The map depends on the centres only, not on a seed."""
    model = MiniBatchKMeans(5, n_init=3, random_state=0).fit(points)
    maps = []
    for seed in (1, 2):
        fig, ax = plt.subplots()
        maps.append(InterclusterDistance(model, ax=ax, random_state=seed).fit(points))
        plt.close(fig)
    assert np.array_equal(maps[0].embedded_centers_, maps[1].embedded_centers_)


def test_areas_are_in_proportion_to_rows(points, ax):
    """Twice the rows, twice the area; the number of rows is written in the circle."""
    model = kmeans().fit(points)
    shown = InterclusterDistance(model, ax=ax).fit(points)
    sizes = ax.collections[0].get_sizes()
    assert np.allclose(sizes / sizes.max(), shown.scores_ / shown.scores_.max())
    rows = np.bincount(model.labels_)
    assert [text.get_text() for text in ax.texts] == [f"{i}\n{n} rows" for i, n in enumerate(rows)]


@pytest.mark.parametrize("k", [2, 3, 8])
def test_tsne_embeds_few_centres(points, ax, k):
    """t-SNE needs a perplexity below the number of centres, and gets one."""
    shown = InterclusterDistance(kmeans(k), ax=ax, embedding="tsne", random_state=0).fit(points)
    assert shown.embedded_centers_.shape == (k, 2)
    assert np.isfinite(shown.embedded_centers_).all()


@pytest.mark.parametrize("without", ["", "import sys; sys.modules['distutils'] = None; "])
def test_importing_changes_nothing(without):
    """Style, colour names and output stay as they were, with or without `distutils`."""
    code = (
        f"{without}import matplotlib as mpl, matplotlib.pyplot, warnings\n"
        "warnings.simplefilter('error')\n"
        "before = dict(mpl.rcParams), mpl.colors.to_rgb('b')\n"
        "import fourfold.methods.clustering.visualizers\n"
        "assert (dict(mpl.rcParams), mpl.colors.to_rgb('b')) == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("side", [1, -1])
def test_the_last_digit_of_a_centre_does_not_turn_the_map_around(side):
    """Two centres are equally far from their middle; the map used to choose by rounding."""
    centres = side * np.array([[0.3, 0.7, 0.1], [2.1, 1.9, 3.3]])
    places = [turned(centres, digit) for digit in (0, 1e-15, -1e-15, 4e-15, -4e-15, 1e-14)]
    np.testing.assert_allclose(places, places[0])


def test_the_answers_stand_side_by_side():
    """Each of three pictures marks its own k; without clear clusters the rule marks none."""
    gap = Gap(np.array([0.9, 0.5, 0.4]), np.full(3, 0.1))
    silhouettes = pd.Series({2: 0.6, 3: 0.5})
    for valley, clear in ((0.1, True), (0.9, False)):
        tried = tuple(
            Candidate(k, np.zeros((k, 2)), 0.5, valley, 0.4, 1.0, 0.9 if clear else None)
            for k in (2, 3)
        )
        figure, axes = plt.subplots(1, 3)
        draw_choice(Choice(3, 2, clear, tried, lambda gap=gap: gap), silhouettes, axes)
        marked = [
            [int(line.get_xdata()[0]) for line in ax.lines if line.get_linestyle() == "--"]
            for ax in axes
        ]
        assert marked == [[2], [1], [3] if clear else []]
        assert ("no clear" in axes[2].get_title()) is not clear
        plt.close(figure)
