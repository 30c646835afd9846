"""How far to smooth: bandwidth selectors, fixed and adaptive."""

from __future__ import annotations

import math

import numpy as np
from scipy import spatial

from .kernel import REACH, SPREAD, kernel_weight
from .study_area import StudyArea

_SAMPLE = 1200
_BACKGROUND = 0.05  # share of incidents taken to lie anywhere, so that one far outlier does not set the bandwidth


def default_bandwidth(points: np.ndarray, kernel: str = "quartic") -> float:
    """A bandwidth in metres for (n, 2) *points* in metres, rounded to two digits.

    Likelihood cross-validation over 16 candidates below the normal-scale bandwidth (spread × n^(-1/6), the spread
    by quartiles; Silverman 1986), on at most 1,200 distinct places, every twentieth incident taken to lie anywhere, so
    that neither outliers nor pile-ups on one spot decide. Under ten places the normal-scale bandwidth itself, for
    a single one 500 m; never under 50 m. Deterministic, and the order of points does not matter.
    """
    factor = SPREAD if kernel == "quartic" else 1.0
    places = np.unique(np.asarray(points, dtype=float).reshape(-1, 2).round(1), axis=0)
    total = len(places)
    if total > _SAMPLE:
        places = places[np.sort(np.random.default_rng(0).choice(total, _SAMPLE, replace=False))]
    spread = _robust_spread(places)
    if spread == 0:
        return 500.0
    widest = spread * len(places) ** (-1 / 6)
    if total < 10:
        return max(_two_digits(widest * factor), 50.0)
    candidates = widest * np.geomspace(1 / 16, 1, 16)
    scores = _left_out_likelihood(places, candidates)
    best = candidates[int(np.argmax(scores))] * (len(places) / total) ** (1 / 6)
    return max(_two_digits(best * factor), 50.0)


def _robust_spread(places: np.ndarray) -> float:
    """The smaller of the standard deviation and the quartile range / 1.349, averaged over both axes."""
    if len(places) < 2:
        return 0.0
    quartiles = np.subtract(*np.percentile(places, [75, 25], axis=0)) / 1.349
    deviation = places.std(axis=0)
    return float(np.mean(np.where(quartiles > 0, np.minimum(quartiles, deviation), deviation)))


def _left_out_likelihood(places: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean log density of each place under the others, for each gaussian bandwidth."""
    n = len(places)
    low, high = np.percentile(places, [1, 99], axis=0)
    anywhere = _BACKGROUND / max(float(np.prod(np.maximum(high - low, 1.0))), 1.0)
    squares = spatial.distance.pdist(places, "sqeuclidean")
    scores = np.empty(len(candidates))
    for i, bandwidth in enumerate(candidates):
        bump = spatial.distance.squareform(np.exp(squares / (-2 * bandwidth**2))).sum(axis=1)
        others = bump / ((n - 1) * 2 * math.pi * bandwidth**2)
        scores[i] = np.log((1 - _BACKGROUND) * others + anywhere).mean()
    return scores


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def scott_bandwidth(points: np.ndarray) -> np.ndarray:
    """(2,) gaussian bandwidth per axis in the unit of *points*: standard deviation × n^(-1/6). Source: Scott (1992)."""
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    return places.std(axis=0, ddof=1) * len(places) ** (-1 / 6)


def likelihood_criterion(
    points: np.ndarray, candidates: np.ndarray, kernel: str = "gaussian", study: StudyArea | None = None
) -> np.ndarray:
    """Log likelihood of the incidents, each foretold by all others, for each bandwidth: larger is better.

    The sum of log densities (per square metre) that the others give each place, less the integral of the density.
    In a *study* area both are corrected for what of a kernel falls outside (uniform correction); without one the
    integral is the number of incidents. -inf where an incident is out of reach of every other.
    Source: Loader (1999), Local Regression and Likelihood, section 5.3.
    """
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    reach = float(np.max(candidates)) * REACH[kernel]
    pairs = spatial.cKDTree(places).query_pairs(reach, output_type="ndarray")
    apart = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    scores = np.empty(len(candidates))
    for i, bandwidth in enumerate(np.asarray(candidates, dtype=float)):
        near = kernel_weight(apart, bandwidth, kernel)
        others = np.bincount(pairs[:, 0], near, len(places)) + np.bincount(pairs[:, 1], near, len(places))
        inside, integral = (1.0, len(places)) if study is None else study.corrections(places, bandwidth, kernel)
        with np.errstate(divide="ignore"):
            scores[i] = np.log(others / inside).sum() - integral
    return scores


def likelihood_bandwidth(
    points: np.ndarray, study: StudyArea, kernel: str = "gaussian", candidates: np.ndarray | None = None
) -> float:
    """Bandwidth in metres under which each incident is foretold best by the others, edges corrected.

    points : (n, 2) metres; beyond `_SAMPLE` of them an even sample decides, its bandwidth brought to n by n^(-1/6).
    *candidates* default to 24 between the smallest distance of two incidents and half the diameter.
    """
    places, total = _sampled(points)
    if candidates is None:
        near = spatial.cKDTree(places).query(places, k=2)[0][:, 1]
        nearest = near[near > 0].min(initial=np.inf)
        candidates = np.geomspace(min(max(nearest, study.diameter / 1000), study.diameter / 4), study.diameter / 2, 24)
    scores = likelihood_criterion(places, candidates, kernel, study)
    return float(candidates[int(np.argmax(scores))]) * (len(places) / total) ** (1 / 6)


def diggle_bandwidth(points: np.ndarray, study: StudyArea, widest: float | None = None, steps: int = 512) -> float:
    """Gaussian bandwidth in metres that minimises the mean square error of the density, as a Cox process has it.

    The criterion is M(h) = (1/lambda - 2 K(h)) / (pi h²) + (pi h²)^-2 ∫ A(s, h) dK(s), with A(s, h) the area common
    to two discs of radius h whose centres lie s apart, and Ripley's K corrected by translation. The gaussian as wide
    as the disc of the best radius h has the standard deviation h / 2.
    *widest* is the largest radius looked at; by default a quarter of the study area's shorter side.
    Source: Diggle (1985) Applied Statistics 34; Berman & Diggle (1989) JRSS B 51.
    """
    places, total = _sampled(points)
    n, area = len(places), study.area
    widest = widest or study.shorter / 4
    radius = np.linspace(0, 2 * widest, 2 * steps + 1)
    pairs = spatial.cKDTree(places).query_pairs(2 * widest, output_type="ndarray")
    shift = places[pairs[:, 0]] - places[pairs[:, 1]]
    weight = 2 * area**2 / (n * (n - 1)) / study.common_area(shift)
    apart = np.hypot(*shift.T)
    grown = np.histogram(apart, radius, weights=weight)[0]
    ripley = np.concatenate([[0.0], np.cumsum(grown)])
    middle, tried = (radius[1:] + radius[:-1]) / 2, radius[1 : steps + 1]
    error = np.empty(steps)
    for i, h in enumerate(tried):
        half = np.minimum(middle / (2 * h), 1.0)
        common = 2 * h**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
        disc = math.pi * h**2
        error[i] = (area / n - 2 * ripley[i + 1]) / disc + (common * grown).sum() / disc**2
    return float(tried[int(np.argmin(error))]) / 2 * (n / total) ** (1 / 6)


def nearest_bandwidths(points: np.ndarray, k: int = 25) -> np.ndarray:
    """(n,) adaptive bandwidths: the distance from each incident to its *k*-th nearest other, as CrimeStat's.

    Where k incidents share one spot it is the smallest distance above zero found; never 0. Raises ValueError where
    there are not more than *k* incidents.
    """
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    if len(places) <= k:
        raise ValueError(f"the {k}-th nearest needs more than {len(places)} incidents; choose a smaller k")
    reach = spatial.cKDTree(places).query(places, k=[k + 1])[0][:, 0]
    above = reach[reach > 0]
    return np.where(reach > 0, reach, above.min() if len(above) else 1.0)


def abramson_bandwidths(pilot: np.ndarray, bandwidth: float, trim: float = 5.0) -> np.ndarray:
    """(n,) adaptive bandwidths h0 × f^(-1/2) / gamma, gamma their geometric mean, at most *trim* × h0.

    *pilot* is a first density at each incident, in any unit. Source: Abramson (1982) Annals of Statistics 10;
    Davies & Hazelton (2010) Statistics in Medicine 29 for the scaling by gamma and the trimming.
    """
    density = np.maximum(np.asarray(pilot, dtype=float), np.finfo(float).tiny)
    factor = density**-0.5
    return bandwidth * np.minimum(factor / np.exp(np.log(factor).mean()), trim)


def _sampled(points: np.ndarray) -> tuple[np.ndarray, int]:
    """At most `_SAMPLE` of the points, evenly taken in the order of their coordinates, and how many there are."""
    places = np.asarray(points, dtype=float).reshape(-1, 2)
    total = len(places)
    if total < 2:
        raise ValueError(f"a bandwidth needs at least two incidents, not {total}")
    if total > _SAMPLE:
        ordered = places[np.lexsort(places.T)]
        places = ordered[np.sort(np.random.default_rng(0).choice(total, _SAMPLE, replace=False))]
    return places, total
