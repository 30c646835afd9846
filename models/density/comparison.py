"""Where one kind of incident is thicker than another, and where that is more than chance: relative risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..significance import rank_p
from .study_area import StudyArea
from .surface import density_surface

_THIN = 1e-6  # share of the largest pooled density below which a ratio of densities says nothing


@dataclass(frozen=True, eq=False)
class RelativeRisk:
    """Log ratio of two densities, each integrating to one, and how far chance alone carries it.

    All are (rows, cols) float64, NaN outside the study area and where hardly an incident of either kind lies.
    log_risk : natural logarithm of cases' over controls' density; 0 where both are spread alike.
    z : the log ratio over its standard error under the null. p_upper : asymptotic probability of as high a ratio at
    that pixel, of which the tolerance contours are drawn (p_upper = .05 encloses where risk is raised, .95 where it
    is lowered). p_anywhere : probability that chance shows as high a z anywhere in the study area, by random
    labelling; NaN everywhere without replicates. bandwidth : metres.
    """

    log_risk: np.ndarray
    z: np.ndarray
    p_upper: np.ndarray
    p_anywhere: np.ndarray
    bandwidth: float


def relative_risk(
    cases: np.ndarray,
    controls: np.ndarray,
    study: StudyArea,
    bandwidth: float,
    replicates: int = 0,
    random_state: int = 0,
) -> RelativeRisk:
    """Kernel log relative risk with tolerance contours.

    Parameters
    ----------
    cases, controls : (n1, 2) and (n2, 2) metres. study : the study area. bandwidth : metres, of the gaussian
        kernel, the same for both, so that smoothing alone makes no difference (Kelsall & Diggle 1995).
    replicates : random labellings for `p_anywhere`; each has a stream of its own. 0 draws none.

    Raises ValueError where there are fewer than two cases or controls inside the study area.

    Source: Kelsall & Diggle (1995) Statistics in Medicine 14; Hazelton & Davies (2009) Biometrical Journal 51 for
    the asymptotic variance R(K) q2 / (h² f q1²) (1/n1 + 1/n2), edge-corrected, f the pooled density.
    """
    cases, controls = _inside(cases, study), _inside(controls, study)
    if min(len(cases), len(controls)) < 2:
        raise ValueError(f"relative risk needs two incidents of each kind, not {len(cases)} and {len(controls)}")
    both = np.concatenate([cases, controls])
    error = _standard_error(both, len(cases), len(controls), study, bandwidth)
    log_risk = _log_ratio(cases, controls, study, bandwidth)
    z = np.where(np.isfinite(error), log_risk / error, np.nan)
    anywhere = np.full(z.shape, np.nan)
    if replicates:
        highest = _relabelled(both, len(cases), error, study, bandwidth, replicates, random_state)
        anywhere = np.where(np.isfinite(z), rank_p(z, highest), np.nan)
    log_risk = np.where(np.isfinite(error), log_risk, np.nan)
    return RelativeRisk(log_risk, z, stats.norm.sf(z), anywhere, bandwidth)


def _inside(points: np.ndarray, study: StudyArea) -> np.ndarray:
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    west, south, east, north = study.bounds
    within = (points[:, 0] >= west) & (points[:, 0] <= east) & (points[:, 1] >= south) & (points[:, 1] <= north)
    points = points[within]
    return points[study.inside[study.pixel_of(points)]]


def _density(points: np.ndarray, study: StudyArea, bandwidth: float) -> np.ndarray:
    """Density per square metre that integrates to one, uniform edge correction, NaN outside."""
    x, y = points.T
    surface = density_surface(
        x, y, None, study.bounds, study.cell_size, bandwidth, "gaussian", study.inside, edge="uniform"
    ).astype(float)
    return surface / (np.nansum(surface) * study.cell_size**2)


def _log_ratio(cases: np.ndarray, controls: np.ndarray, study: StudyArea, bandwidth: float) -> np.ndarray:
    upper, lower = _density(cases, study, bandwidth), _density(controls, study, bandwidth)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(upper) - np.log(lower)
    furthest = np.abs(ratio[np.isfinite(ratio)]).max(initial=0.0)
    return np.clip(ratio, -furthest, furthest)  # a kernel cut off where only the other kind lies: finite, not inf


def _standard_error(both: np.ndarray, n_cases: int, n_controls: int, study: StudyArea, bandwidth: float) -> np.ndarray:
    """(rows, cols) standard error of the log ratio where both kinds follow the pooled density; NaN where it is nil."""
    pooled = _density(both, study, bandwidth)
    pooled = np.where(pooled > _THIN * np.nanmax(pooled), pooled, np.nan)
    inside = study.share(bandwidth, "gaussian")
    squared = study.share(bandwidth * math.sqrt(0.5), "gaussian") / (4 * math.pi)
    return np.sqrt(squared / inside**2 * (1 / n_cases + 1 / n_controls) / pooled) / bandwidth


def _relabelled(
    both: np.ndarray, n_cases: int, error: np.ndarray, study: StudyArea, bandwidth: float, replicates: int, seed: int
) -> np.ndarray:
    """(replicates,) the highest z anywhere when who is a case is drawn at random."""
    highest = np.empty(replicates)
    for number, stream in enumerate(np.random.SeedSequence(seed).spawn(replicates)):
        order = np.random.default_rng(stream).permutation(len(both))
        ratio = _log_ratio(both[order[:n_cases]], both[order[n_cases:]], study, bandwidth)
        highest[number] = np.nanmax(ratio / error)
    return highest
