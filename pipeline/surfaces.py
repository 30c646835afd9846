"""Step 7 for points: the density surface of the window, and the relative risk of one class against the others."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..layers.raster import Surface, density_breaks, polygons_of, study_area
from ..models.density import (
    RelativeRisk,
    StudyArea,
    abramson_bandwidths,
    adaptive_surface,
    default_bandwidth,
    density_surface,
    diggle_bandwidth,
    likelihood_bandwidth,
    nearest_bandwidths,
    relative_risk,
    scott_bandwidth,
    surface_shape,
)
from .maps import window_of
from .points import only_described
from .preparation import Prepared
from .refusals import refusal
from .surveillance import BIN_DAYS

_PIXELS = 500  # along the longer side of the density surface
_SPREAD = 8**0.5  # radius of a quartic kernel as wide as a gaussian of standard deviation 1

SELECTORS: dict[str, Callable[[np.ndarray, StudyArea], float]] = {
    "likelihood": lambda points, study: likelihood_bandwidth(points, study),
    "diggle": lambda points, study: diggle_bandwidth(points, study),
    "scott": lambda points, study: float(scott_bandwidth(points).mean()),
}
"""Rules that choose a gaussian bandwidth; `auto` is `models.density.default_bandwidth`."""


def points_of(ready: Prepared, node: str = ALL_CLASSES) -> np.ndarray:
    """(n, 2) metres of the window's incidents of a class that have a place of their own; no default points.

    Classes that are only described from the street level up are left out; InputError where *node* is one.
    """
    describes_only = ready.privacy.policy.describes_only
    if node != ALL_CLASSES and describes_only(node):
        raise only_described()
    plan, cells, table = ready.plan, ready.cells, ready.incidents
    start = pd.Timestamp(ready.counts.bins[-window_of(ready.counts, plan)]).tz_localize(
        plan.timezone, ambiguous=True, nonexistent="shift_forward"
    )
    false_place = table["default_point"].to_numpy() & (plan.default_points != "keep")
    # the code of a street is no place
    located = np.isin(table["cell"], cells.leaves()) | (table["sectoral"] >= 0).to_numpy()
    inside = (table["time"] >= start).to_numpy() & ~false_place & located
    category = table["category"].astype(str)
    inside &= ~category.map({name: describes_only(name) for name in category.unique()}).to_numpy(bool)
    if node != ALL_CLASSES:
        inside &= ((category == node) | category.str.startswith(node + "/")).to_numpy()
    points = table.geometry[inside]
    return np.column_stack([points.x.to_numpy(), points.y.to_numpy()])


def study_of(ready: Prepared) -> StudyArea:
    """The city on square pixels of 1, 2 or 5 times a power of ten metres."""
    city = ready.cells.table.geometry.iloc[0]
    bounds, pixel = _frame(city.bounds)
    return StudyArea(bounds, pixel, study_area(city, bounds, surface_shape(bounds, pixel)))


def _frame(bounds: tuple[float, float, float, float]) -> tuple[tuple[float, float, float, float], float]:
    """Bounds widened to whole pixels, and a pixel of 1, 2 or 5 times a power of ten metres."""
    left, bottom, right, top = bounds
    fine = max(right - left, top - bottom) / _PIXELS
    power = 10 ** np.floor(np.log10(fine))
    pixel = float(next(step * power for step in (1, 2, 5, 10) if step * power >= fine))
    grid = (np.floor(left / pixel), np.floor(bottom / pixel), np.ceil(right / pixel), np.ceil(top / pixel))
    return tuple(float(v * pixel) for v in grid), pixel  # type: ignore[return-value]


def map_density(ready: Prepared) -> Surface | None:
    """The density of the window's incidents in events/km²/period without default points; None with fewer than three."""
    points = points_of(ready)
    if len(points) < 3:
        return None
    kernel = ready.plan.kernel_density.kernel
    bandwidth = ready.plan.kernel_density.bandwidth or default_bandwidth(points, kernel)
    return draw_density(ready, points, kernel, bandwidth)


def draw_density(
    ready: Prepared, points: np.ndarray, kernel: str, bandwidth: float, adaptive: str = "no", k: int = 25
) -> Surface:
    """The density of *points* in events/km²/period, edges corrected.

    *adaptive* is `no`, `abramson` (wider where a first density of *bandwidth* is thin) or `nearest` (the distance to
    the *k*-th nearest incident; *bandwidth* is not looked at).
    """
    study, (x, y) = study_of(ready), points.T
    if adaptive == "no":
        values = density_surface(x, y, None, study.bounds, study.cell_size, bandwidth, kernel, mask=study.inside)
    else:
        reach = nearest_bandwidths(points, min(k, len(points) - 1))
        if adaptive == "abramson":
            pilot = density_surface(x, y, None, study.bounds, study.cell_size, bandwidth, kernel, mask=study.inside)
            reach = abramson_bandwidths(np.nan_to_num(pilot)[study.pixel_of(points)], bandwidth)
        values = adaptive_surface(x, y, None, study.bounds, study.cell_size, reach, kernel, study.inside)
    plan = ready.plan
    period = f"{window_of(ready.counts, plan) * BIN_DAYS[plan.bin]:g} days"
    return Surface(values, _transform(study), ready.cells.crs, period)


def choose_bandwidth(points: np.ndarray, study: StudyArea, rule: str, kernel: str) -> float:
    """Bandwidth in metres by one of `SELECTORS` or `auto`, as the *kernel* counts it."""
    if rule == "auto":
        return default_bandwidth(points, kernel)
    return SELECTORS[rule](points, study) * (_SPREAD if kernel == "quartic" else 1.0)


def density_regions(surface: Surface) -> gpd.GeoDataFrame:
    """Polygons between round densities: columns low, high (events/km²/period; high empty for the top), period."""
    breaks = density_breaks(surface.values)
    if not breaks:
        return gpd.GeoDataFrame({"low": [], "high": [], "period": []}, geometry=[], crs=surface.crs)
    labels = np.digitize(np.nan_to_num(surface.values), breaks)
    table = polygons_of(labels, surface.transform, surface.crs)
    number = table.pop("label").to_numpy()
    low, high = np.array([0.0, *breaks]), np.array([*breaks, np.nan])
    return table.assign(low=low[number], high=high[number], period=surface.period)


def compare_classes(
    ready: Prepared, node: str, against: str, bandwidth: float, replicates: int, random_state: int
) -> tuple[RelativeRisk, StudyArea]:
    """Relative risk of class *node* against class *against*, or against all other incidents where that is empty."""
    cases = points_of(ready, node)
    controls = points_of(ready, against) if against else _others(ready, cases)
    for name, points in ((node, cases), (against or "the others", controls)):
        if len(points) < 10:
            raise refusal("E-RUN-112", where=name, n=len(points))
    study = study_of(ready)
    width = bandwidth or default_bandwidth(np.concatenate([cases, controls]), "gaussian")
    return relative_risk(cases, controls, study, width, replicates, random_state), study


def _others(ready: Prepared, cases: np.ndarray) -> np.ndarray:
    """All incidents but the cases: one row less for each of them."""
    both, counts = np.unique(points_of(ready), axis=0, return_counts=True)
    if not len(cases):
        return np.repeat(both, counts, axis=0)
    taken, times = np.unique(cases, axis=0, return_counts=True)
    at = pd.MultiIndex.from_arrays(both.T).get_indexer(pd.MultiIndex.from_arrays(taken.T))
    counts[at] -= times
    return np.repeat(both, counts, axis=0)


def risk_regions(found: RelativeRisk, study: StudyArea, crs: object) -> gpd.GeoDataFrame:
    """Polygons inside the tolerance contours: where the class is thicker (`raised`) or thinner (`lowered`) than chance.

    Columns: tolerance (`raised 99`, `raised 95`, `lowered 95`, `lowered 99`; pointwise), relative_risk (largest, or
    smallest, inside), p_anywhere (the chance of such a place anywhere in the city, of the most raised pixel).
    """
    names = ["", "raised 99", "raised 95", "lowered 95", "lowered 99"]
    p = np.where(np.isfinite(found.p_upper), found.p_upper, 0.5)
    labels = np.select([p <= 0.01, p <= 0.05, p >= 0.99, p >= 0.95], [1, 2, 4, 3], 0)
    table = polygons_of(labels, _transform(study), crs, apart=True)
    label = table.pop("label").to_numpy()
    ratio, chance = np.exp(found.log_risk), found.p_anywhere
    raised = label <= 2
    inside = [
        study_area(shape, study.bounds, labels.shape) & (labels == n)
        for shape, n in zip(table.geometry, label, strict=True)
    ]
    most = [np.nanmax(ratio[at]) if up else np.nanmin(ratio[at]) for at, up in zip(inside, raised, strict=True)]
    least = [
        np.nanmin(chance[at]) if up and np.isfinite(chance[at]).any() else np.nan
        for at, up in zip(inside, raised, strict=True)
    ]
    return table.assign(tolerance=[names[n] for n in label], relative_risk=most, p_anywhere=least)


def _transform(study: StudyArea) -> tuple[float, float, float, float, float, float]:
    return study.bounds[0], study.cell_size, 0.0, study.bounds[3], 0.0, -study.cell_size
