"""Density against spatstat, the direct sum, and what must be conserved."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.models.density import (
    KernelDensity,
    default_bandwidth,
    density_surface,
    kernel_weight,
    surface_shape,
)
from scipy import sparse

TEN_KM = (0.0, 0.0, 10_000.0, 10_000.0)
X = 1000 * np.array([1.225, 1.325, 3.125, 7.725, 8.075, 8.425, 9.625, 5.025])
Y = 1000 * np.array([1.125, 1.625, 8.225, 3.325, 3.075, 3.925, 9.525, 5.025])
WEIGHT = np.array([1, 2, 1, 1, 3, 1, 1, 1.0])
ASKED = [(1.275, 1.325), (8.025, 3.125), (5.025, 5.025), (9.625, 9.525), (3.025, 0.525)]


def _at(surface, places, cell_km=0.05):
    rows = surface.shape[0]
    return [surface[rows - 1 - int(y / cell_km), int(x / cell_km)] for x, y in places]


@pytest.mark.parametrize(
    ("kernel", "edge", "golden", "integral"),
    [
        ("gaussian", "uniform", [0.5636270, 0.7511578, 0.1612423, 0.3608130, 0.0962121], 11.6257519),
        ("gaussian", "diggle", [0.5546671, 0.7544900, 0.1612967, 0.3608129, 0.0816359], 11.0),
        ("quartic", "uniform", [0.4426149, 0.5804182, 0.1193662, 0.2837191, 0.1357905], 11.7074621),
        ("quartic", "diggle", [0.4333424, 0.5844762, 0.1193662, 0.2837191, 0.1152985], 11.0),
    ],
)
def test_surface_agrees_with_spatstat(kernel, edge, golden, integral):
    """Golden: R spatstat.explore 3.0-6, density.ppp(sigma=1, edge=TRUE, diggle=FALSE/TRUE, dimyx=200), in km.

    spatstat's sigma is the standard deviation per axis, hence a quartic radius of sqrt(8).
    """
    bandwidth = 1000.0 * (math.sqrt(8) if kernel == "quartic" else 1.0)
    everywhere = np.ones((200, 200), dtype=bool)
    surface = density_surface(X, Y, WEIGHT, TEN_KM, 50.0, bandwidth, kernel, everywhere, edge)
    np.testing.assert_allclose(_at(surface, ASKED), golden, rtol=3e-5)
    assert surface.sum(dtype=float) * 0.05**2 == pytest.approx(integral, rel=1e-5)


@pytest.mark.parametrize(("kernel", "bandwidth"), [("quartic", 1500.0), ("gaussian", 750.0)])
def test_surface_is_the_sum_over_incidents(kernel, bandwidth):
    """Oracle: the direct sum of kernels at every pixel's centre, in this test."""
    rng = np.random.default_rng(1)
    x, y, weight = rng.uniform(0, 10_000, 300), rng.uniform(0, 10_000, 300), rng.uniform(0.5, 3, 300)
    cell = 50.0
    surface = density_surface(x, y, weight, TEN_KM, cell, bandwidth, kernel)
    centre = (np.arange(200) + 0.5) * cell
    across, down = np.meshgrid(centre, centre[::-1])
    apart = np.hypot(across.ravel()[:, None] - x, down.ravel()[:, None] - y)
    direct = (kernel_weight(apart, bandwidth, kernel) @ weight).reshape(200, 200) * 1e6
    assert np.abs(surface - direct).max() < 1e-3 * direct.max()


def _island(rows, cols):
    row, col = np.mgrid[:rows, :cols]
    island = ((col - cols / 2) / (0.4 * cols)) ** 2 + ((row - rows / 2) / (0.35 * rows)) ** 2 < 1
    island[: rows // 2, cols // 2 - 2 : cols // 2 + 2] = False  # a river: narrow, and much thinner than the kernel
    return island


@pytest.mark.parametrize("bandwidth", [20.0, 100.0, 1500.0, 40_000.0])
@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_no_incident_of_the_study_area_is_lost(bandwidth, kernel):
    """By definition: the surface integrates to the number of incidents whose pixel lies in the study area."""
    rng = np.random.default_rng(2)
    mask = _island(100, 130)
    row, col = np.nonzero(mask)
    picked = rng.integers(len(row), size=5000)
    x = (col[picked] + rng.uniform(size=5000)) * 100
    y = (100 - row[picked] - rng.uniform(size=5000)) * 100
    surface = density_surface(x, y, None, (0, 0, 13_000, 10_000), 100.0, bandwidth, kernel, mask)
    assert np.isnan(surface[~mask]).all()
    assert (surface[mask] >= 0).all()
    assert surface[mask].sum(dtype=float) * 0.01 == pytest.approx(5000, rel=1e-4)


def test_uniform_correction_keeps_an_even_city_even():
    mask = _island(100, 130)
    row, col = np.nonzero(mask)
    x, y = (col + 0.5) * 100, (100 - row - 0.5) * 100
    surface = density_surface(x, y, None, (0, 0, 13_000, 10_000), 100.0, 900.0, mask=mask, edge="uniform")
    np.testing.assert_allclose(surface[mask], 100.0, rtol=1e-5)  # one per hectare is 100 per km²


def test_far_away_incidents_and_an_empty_city_leave_the_surface_empty():
    mask = np.zeros((100, 100), dtype=bool)
    mask[40:60, 40:60] = True
    far = density_surface(np.array([500.0, 50_000.0]), np.array([500.0, 0.0]), None, TEN_KM, 100.0, 2000.0, mask=mask)
    empty = density_surface(np.zeros(0), np.zeros(0), None, TEN_KM, 100.0, 2000.0, mask=mask)
    assert np.nansum(far) == np.nansum(empty) == 0
    assert np.isfinite(far[mask]).all()


def test_north_is_up_and_the_shape_covers_the_bounds():
    bounds = (100.0, 200.0, 1150.0, 700.0)
    assert surface_shape(bounds, 100.0) == (5, 11)
    surface = density_surface(np.array([150.0]), np.array([650.0]), None, bounds, 100.0, 150.0)
    assert np.unravel_index(surface.argmax(), surface.shape) == (0, 0)


def test_a_million_incidents_take_no_time():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 100_000, 1_000_000), rng.uniform(0, 75_000, 1_000_000)
    started = time.process_time()
    density_surface(x, y, None, (0, 0, 100_000, 75_000), 100.0, 1000.0, mask=np.ones((750, 1000), dtype=bool))
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mask": np.ones((3, 3), dtype=bool)}, r"mask must be \(100, 100\)"),
        ({"bandwidth": 0.0}, "bandwidth must be above 0"),
        ({"kernel": "cone"}, "quartic or gaussian"),
        ({"edge": "torus"}, "diggle"),
        ({"bounds": (0, 0, 0, 10)}, "some extent"),
    ],
)
def test_settings_that_make_no_surface_are_refused(change, words):
    settings = {"bounds": TEN_KM, "cell_size": 100.0, "bandwidth": 500.0} | change
    with pytest.raises(ValueError, match=words):
        density_surface(X, Y, None, **settings)


# --- the bandwidth


def test_default_bandwidth_of_one_even_cloud_is_the_normal_scale():
    """Silverman (1986), section 4.3: about sigma n^(-1/6) for a normal cloud in the plane."""
    cloud = np.random.default_rng(4).normal(0, 3000, (1500, 2))
    normal_scale = 3000 * 1500 ** (-1 / 6)
    assert 0.6 * normal_scale < default_bandwidth(cloud, "gaussian") <= 1.05 * normal_scale
    assert default_bandwidth(cloud) == pytest.approx(math.sqrt(8) * default_bandwidth(cloud, "gaussian"), rel=0.05)


def test_default_bandwidth_follows_the_clusters_not_the_city():
    rng = np.random.default_rng(5)
    towns = rng.uniform(0, 40_000, (25, 2))
    places = (towns[:, None] + rng.normal(0, 400, (25, 60, 2))).reshape(-1, 2)
    assert 50 < default_bandwidth(places, "gaussian") < 600


def test_default_bandwidth_is_not_moved_by_order_pile_ups_or_one_outlier():
    rng = np.random.default_rng(6)
    places = rng.normal(0, 3000, (5000, 2))
    plain = default_bandwidth(places)
    assert default_bandwidth(places[rng.permutation(5000)]) == plain
    assert default_bandwidth(np.vstack([places, np.zeros((3000, 2))])) == pytest.approx(plain, rel=0.3)
    assert default_bandwidth(np.vstack([places, [[9e5, 9e5]]])) == pytest.approx(plain, rel=0.3)


@pytest.mark.parametrize("places", [np.zeros((0, 2)), np.zeros((1, 2)), np.zeros((50, 2)), np.array([[0, 0], [9, 0]])])
def test_default_bandwidth_of_next_to_nothing_is_still_one(places):
    assert 50 <= default_bandwidth(places) <= 500


# --- the model


def _cube(counts, side=6, areas=None):
    n = side * side
    number = np.arange(n)
    return SpaceTimeCube(
        counts=np.atleast_2d(np.asarray(counts, dtype=float)),
        bins=np.arange(len(np.atleast_2d(counts))).astype("datetime64[D]"),
        cells=np.array([f"c{i:02d}" for i in number], dtype=object),
        centres=np.column_stack([number % side, number // side]) * 1000.0,
        areas=np.ones(n) if areas is None else areas,
        contiguity=sparse.csr_matrix((n, n)),
        parents=np.zeros(n, dtype=int),
        exposure=np.zeros(n),
    )


def test_density_of_cells_is_incidents_per_area():
    cube = _cube(np.full(36, 3.0))
    np.testing.assert_allclose(KernelDensity().fit(cube).score_samples(cube), 3.0)
    cube = _cube(np.full(36, 3.0), areas=np.full(36, 0.25))
    np.testing.assert_allclose(KernelDensity().fit(cube).score_samples(cube), 12.0)


@pytest.mark.parametrize(("kernel", "metres"), [("quartic", 2000.0), ("gaussian", 2000.0 / math.sqrt(8))])
def test_the_automatic_bandwidth_is_two_cells_whatever_the_counts(kernel, metres):
    cube = _cube(np.arange(36.0), areas=np.where(np.arange(36) < 30, 1.0, 90.0))
    assert KernelDensity(kernel=kernel).fit(cube).bandwidth_ == pytest.approx(metres)
    assert KernelDensity(kernel=kernel, bandwidth=321.0).fit(cube).bandwidth_ == 321.0


def test_evidence_says_how_often_the_mean():
    """By hand: with a kernel that reaches no neighbour, a cell of d against a mean of D is d / (d + D)."""
    counts = np.ones(36)
    counts[7] = 72.0
    cube = _cube(counts)
    evidence = KernelDensity(bandwidth=500.0).fit(cube).evidence(cube)[0]
    mean = counts.mean()
    assert evidence[7] == pytest.approx(72 / (72 + mean))
    assert evidence[0] == pytest.approx(1 / (1 + mean))


def test_the_edge_of_the_city_is_not_thinner():
    cube = _cube(np.full(36, 2.0))
    np.testing.assert_array_equal(KernelDensity(bandwidth=3000.0, kernel="gaussian").fit(cube).evidence(cube), 0.5)


def test_a_kernel_that_does_not_exist_says_what_to_do():
    with pytest.raises(ValueError, match=r"kernel must be quartic or gaussian, not 'cone'.*default is quartic"):
        KernelDensity(kernel="cone").fit(_cube(np.zeros(36)))
