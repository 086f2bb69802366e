"""Models of data without clusters, fitted to the data, to draw reference data sets from.

Three kinds of structureless data look clustered to K-means in three ways: a box has edges, a
Gaussian may be long in one direction, and skewed features have a dense corner. Each model here
copies one of them from the data, so that only what none of them explains counts as clusters.

Each takes the data, shape (n, d), and returns a sampler: ``sampler(generator)`` draws one data set
of the same shape.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import norm, rankdata

from fourfold.methods.intervals import Array

Sampler = Callable[[np.random.Generator], Array]


def uniform_box(points: Array) -> Sampler:
    """Return a sampler of the uniform distribution over the box along the principal axes.

    Notes
    -----
    The reference distribution (b) of Tibshirani, Walther & Hastie, "Estimating the number of
    clusters in a data set via the gap statistic", J. R. Stat. Soc. B 63 (2001), p. 414.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> uniform_box(square)(np.random.default_rng(0)).shape
    (4, 2)
    """
    centre = points.mean(axis=0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2]
    turned = (points - centre) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return lambda generator: generator.uniform(low, high, turned.shape) @ axes + centre


def single_gaussian(points: Array) -> Sampler:
    """Return a sampler of the one Gaussian that has the mean and covariance of the data.

    Notes
    -----
    The null model of SigClust with the sample covariance: Liu, Hayes, Nobel & Marron,
    "Statistical significance of clustering for high-dimension, low-sample size data",
    J. Am. Stat. Assoc. 103 (2008), p. 1281.
    """
    centre = points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(points - centre, full_matrices=False)
    spread = sizes[:, None] * axes / np.sqrt(len(points) - 1)
    shape = (len(points), len(sizes))
    return lambda generator: generator.standard_normal(shape) @ spread + centre


def unimodal(points: Array) -> Sampler:
    """Return a sampler whose features are as skewed as the data's, each with one mode.

    The features hang together by a Gaussian copula with the rank correlation of the data, so a
    draw is one hump: long where the data are long, dense where they are dense.

    Notes
    -----
    After UNPaC: Helgeson, Vock & Bair, "Nonparametric cluster significance testing with
    reference to a unimodal null distribution", Biometrics 77 (2021), p. 1215. They make each
    marginal unimodal by a kernel of critical bandwidth, which a single outlier inflates; here it
    is the closest unimodal histogram (`unimodal_quantiles`).
    """
    marginals = [unimodal_quantiles(feature) for feature in points.T]
    scores = norm.ppf((rankdata(points, axis=0) - 0.5) / len(points))
    draw_scores = single_gaussian(scores / scores.std(axis=0, ddof=1))

    def draw(generator: np.random.Generator) -> Array:
        levels = norm.cdf(draw_scores(generator))
        pairs = zip(levels.T, marginals, strict=True)
        return np.column_stack([np.interp(level, *marginal) for level, marginal in pairs])

    return draw


def unimodal_quantiles(feature: Array, bins: int = 32) -> tuple[Array, Array]:
    """Return levels and quantiles of the unimodal distribution closest to one feature.

    Parameters
    ----------
    feature : array of shape (n,)
        Values; at least two of them differ.
    bins : int
        Most bins of the histogram; they hold equally many values, so that a long tail costs few.

    Returns
    -------
    levels, quantiles : arrays of one shape
        The cumulative distribution, 0 to 1, and where it reaches each level.

    Notes
    -----
    Unimodal least squares: rising up to the mode, falling after it, with the mode at the bin
    that fits best (Frisén, "Unimodal regression", The Statistician 35, 1986, p. 479).

    Examples
    --------
    >>> levels, quantiles = unimodal_quantiles(np.array([0.0, 1.0, 2.0, 3.0]), bins=2)
    >>> levels.tolist(), quantiles.tolist()
    ([0.0, 0.5, 1.0], [0.0, 1.5, 3.0])
    """
    edges = np.unique(np.quantile(feature, np.linspace(0, 1, bins + 1)))
    width = np.diff(edges)
    density = np.histogram(feature, edges)[0] / width
    fits = [_with_mode(density, width, mode) for mode in range(len(width))]
    errors = [float((width * (density - fit) ** 2).sum()) for fit in fits]
    mass = fits[int(np.argmin(errors))] * width
    return np.concatenate([[0.0], np.cumsum(mass) / mass.sum()]), edges


def _with_mode(density: Array, width: Array, mode: int) -> Array:
    """Return the closest density that rises before bin `mode` and falls from it on."""
    falling = isotonic_regression(density[mode:], weights=width[mode:], increasing=False).x
    if mode == 0:
        return np.asarray(falling)
    rising = isotonic_regression(density[:mode], weights=width[:mode]).x
    return np.concatenate([rising, falling])


NULL_MODELS: Mapping[str, Callable[[Array], Sampler]] = {
    "uniform box": uniform_box,
    "single Gaussian": single_gaussian,
    "unimodal": unimodal,
}
