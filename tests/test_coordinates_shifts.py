"""GCJ-02 and BD-09: the same as the oracle, there and back to a micrometre, outside China untouched."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from gridbeacon.layers.coordinates import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from hypothesis import given
from hypothesis import strategies as st

PAIRS = [(wgs84_to_gcj02, gcj02_to_wgs84), (gcj02_to_bd09, bd09_to_gcj02), (wgs84_to_bd09, bd09_to_wgs84)]
NAMES = ["gcj02", "gcj02-bd09", "bd09"]
places = st.tuples(st.floats(72.1, 137.7), st.floats(0.9, 55.7))


def metres(lon, lat, other_lon, other_lat):
    """Distance on a sphere, good enough for short ways."""
    east = (lon - other_lon) * 111_320 * np.cos(np.radians(lat))
    return np.hypot(east, (lat - other_lat) * 111_320)


def grid(n=20_000):
    random = np.random.default_rng(5)
    return random.uniform(72.1, 137.7, n), random.uniform(0.9, 55.7, n)


@pytest.mark.parametrize(("there", "back"), PAIRS, ids=NAMES)
def test_there_and_back_is_exact_everywhere(there, back):
    lon, lat = grid()
    assert metres(*back(*there(lon, lat)), lon, lat).max() < 1e-6
    assert metres(*there(*back(lon, lat)), lon, lat).max() < 1e-6


@pytest.mark.parametrize(("there", "back"), PAIRS, ids=NAMES)
@given(place=places)
def test_there_and_back_is_exact(there, back, place):
    lon, lat = (np.array([value]) for value in place)
    assert metres(*back(*there(lon, lat)), lon, lat)[0] < 1e-6


def test_the_oracle_agrees():
    """prcoords (CC0, Mingye Wang), scalar: forward to the digit, its iterated inverse to 5 cm: it stops early."""
    oracle = pytest.importorskip("prcoords")
    lon, lat = grid(500)
    warnings.simplefilter("ignore")
    for ours, theirs, tolerance in (
        (wgs84_to_gcj02, oracle.wgs_gcj, 1e-6),
        (gcj02_to_bd09, oracle.gcj_bd, 1e-6),
        (wgs84_to_bd09, oracle.wgs_bd, 1e-6),
        (gcj02_to_wgs84, oracle.gcj_wgs_bored, 0.05),
        (bd09_to_gcj02, oracle.bd_gcj_bored, 0.05),
        (bd09_to_wgs84, oracle.bd_wgs_bored, 0.05),
    ):
        expected = np.array([theirs((y, x)) for x, y in zip(lon, lat, strict=True)])
        assert metres(*ours(lon, lat), expected[:, 1], expected[:, 0]).max() < tolerance


def test_the_shifts_are_as_large_as_they_are_known_to_be():
    """FIELD-NOTES of the design: GCJ-02 400 m on average and 700 m at most, BD-09 1.1 km and 1.5 km."""
    lon, lat = grid()
    gcj, bd = metres(*wgs84_to_gcj02(lon, lat), lon, lat), metres(*wgs84_to_bd09(lon, lat), lon, lat)
    assert 350 < gcj.mean() < 450 and gcj.max() < 1_000
    assert 1_000 < bd.mean() < 1_200 and bd.max() < 1_800


@pytest.mark.parametrize("change", [change for pair in PAIRS for change in pair])
@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_outside_china_nothing_moves(change, lon, lat):
    moved = change(np.array([lon]), np.array([lat]))
    if not in_china(lon, lat):
        assert (moved[0][0], moved[1][0]) == (lon, lat)


def test_missing_places_stay_missing_and_inputs_are_left_alone():
    lon, lat = np.array([np.nan, 113.5, np.inf]), np.array([22.5, np.nan, 22.5])
    before = lon.copy(), lat.copy()
    moved = wgs84_to_bd09(lon, lat)
    np.testing.assert_array_equal(moved[0], before[0])
    np.testing.assert_array_equal(lon, before[0])
    assert [len(part) for part in bd09_to_wgs84(np.zeros(0), np.zeros(0))] == [0, 0]


def test_a_whole_column_is_quick_and_equal_to_its_parts():
    lon, lat = grid(2_000)
    whole = bd09_to_wgs84(lon, lat)
    parts = [bd09_to_wgs84(lon[start : start + 100], lat[start : start + 100]) for start in range(0, 2_000, 100)]
    np.testing.assert_allclose(whole[0], np.concatenate([part[0] for part in parts]), atol=1e-11)
