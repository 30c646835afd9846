"""Coordinate systems: the right one chosen, the silent shifts refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers.coordinates import (
    is_metric,
    read_crs,
    reproject,
    same_datum,
    transformer,
    working_crs,
    zone_of,
    zone_system,
)
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS


def layer(bounds, crs):
    return gpd.GeoDataFrame(geometry=[shapely.box(*bounds)], crs=crs)


@pytest.mark.parametrize(
    ("bounds", "epsg"),
    [
        ((113.0, 22.4, 114.6, 22.9), 32649),
        ((114.0, 22.4, 114.6, 22.9), 32650),
        ((120.0, 22.9, 120.6, 23.4), 32651),
        ((-90.3, 38.5, -90.1, 38.8), 32615),
        ((151.0, -34.0, 151.4, -33.6), 32756),
        ((179.9, 1.0, 180.0, 1.1), 32660),
    ],
)
def test_a_place_in_degrees_gets_the_zone_of_its_centre(bounds, epsg):
    """Zones by the published rule: 6 degrees each, numbered from 180 W, 326xx north and 327xx south."""
    assert working_crs(bounds)[0].to_epsg() == epsg
    assert working_crs(layer(bounds, 4326))[0].to_epsg() == epsg


def test_the_choice_is_said():
    crs, notice = working_crs((113.0, 22.4, 114.0, 22.9))
    assert crs.name in notice.zh and crs.name in notice.en and "metres" in notice.en


@pytest.mark.parametrize("epsg", [4547, 4526, 32650, 26915, 3826])
def test_a_layer_in_true_metres_keeps_its_own(epsg):
    """CGCS2000 3-degree zones without and with prefix, UTM, NAD83 UTM, TWD97."""
    area = CRS.from_epsg(epsg).area_of_use
    lon, lat = (area.west + area.east) / 2, (area.south + area.north) / 2
    x, y = transformer(CRS.from_epsg(epsg).geodetic_crs, epsg).transform(lon, lat)
    assert working_crs(layer((x, y, x + 5e3, y + 5e3), epsg))[0].to_epsg() == epsg


@pytest.mark.parametrize("crs", [3857, "ESRI:102696", 2249])
def test_stretched_metres_and_feet_are_not_worked_in(crs):
    """Web Mercator at 31 N is off by 1.17; the two others are in US survey feet."""
    bounds = (13_524_000, 3_662_000, 13_534_000, 3_672_000) if crs == 3857 else (880_000, 990_000, 890_000, 1_000_000)
    assert not is_metric(CRS.from_user_input(crs), bounds)
    assert working_crs(layer(bounds, crs))[0].to_epsg() // 100 == 326


def test_wgs84_and_cgcs2000_coincide():
    """Both are geocentric frames on near-equal ellipsoids: no shift (FIELD-NOTES), though PROJ calls it a ballpark."""
    assert same_datum(CRS.from_epsg(4326), CRS.from_epsg(4547))
    lon, lat = transformer(4326, 4490).transform(113.9, 22.5)
    assert (lon, lat) == pytest.approx((113.9, 22.5), abs=1e-12)
    x, y = transformer(4326, 4547).transform(113.9, 22.5)
    assert (x, y) == pytest.approx(transformer(4490, 4547).transform(113.9, 22.5), abs=1e-6)


@pytest.mark.parametrize("target", [4490, 4326, 32650, 4547])
@pytest.mark.parametrize("epsg", [4214, 4610, 4555, 2435, 21420])
def test_a_ballpark_shift_is_refused(epsg, target):
    """Beijing 1954 and Xian 1980 lie some 100 m off. PROJ has parameters of a few oil fields for 4214 and applies them
    anywhere, to WGS 84 even where ballparks are forbidden (seen with pyproj 3.7): refused all the same.
    """
    for source, other in ((epsg, target), (target, epsg)):
        with pytest.raises(InputError, match=r"no transformation with a known accuracy.*WGS 84 or CGCS2000"):
            transformer(source, other)


def test_a_local_grid_with_its_own_parameters_is_taken_and_without_refused():
    """A city's own grid as PROJ text: with +towgs84 the way is known, on a bare ellipsoid it is not."""
    grid = "+proj=tmerc +lon_0=114 +x_0=40000 +y_0=-2400000 +ellps=GRS80 +units=m"
    lon, lat = transformer(grid + " +towgs84=0,0,0", 4490).transform(40_000.0, 100_000.0)
    assert lon == pytest.approx(114.0, abs=1e-9) and 22.5 < lat < 22.7
    with pytest.raises(InputError, match="towgs84"):
        transformer(grid, 4326)
    own = "+proj=tmerc +lon_0=114 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3 +units=m"
    x, y = transformer(4326, own).transform(114.0, 22.5)
    assert 10 < abs(x - 500_000) < 300
    assert transformer(own, 4547).transform(x, y) == pytest.approx(
        transformer(4326, 4547).transform(114.0, 22.5), abs=1e-2
    )
    assert transformer(own, 4326).transform(x, y) == pytest.approx((114.0, 22.5), abs=1e-8)
    wkt = CRS.from_epsg(4547).to_wkt()
    assert transformer(wkt, 4490).transform(500_000, 2_500_000)[0] == pytest.approx(114.0, abs=1e-9)


def test_cgcs2000_can_be_called_by_its_name():
    assert read_crs("CGCS2000", where="--crs").to_epsg() == 4490 and read_crs("wgs84", where="--crs").to_epsg() == 4326


@pytest.mark.parametrize("zone", range(25, 46))
def test_a_zone_in_front_of_x_names_its_system(zone):
    """EPSG: 4513 is zone 25 (75 E), 4533 zone 45 (135 E); false easting is the zone and 500 km."""
    crs = CRS.from_epsg(zone_system(zone))
    assert f"zone {zone}" in crs.name
    x, y = transformer(4490, crs).transform(3.0 * zone + 0.7, 30.0)
    assert zone_of(np.array([x]), np.array([y])).tolist() == [zone]
    assert zone_of(np.array([x - zone * 1e6, 113.5, np.nan, 0.0]), np.array([y, 22.5, np.nan, 0.0])).tolist() == [0] * 4


def test_east_comes_before_north():
    x, y = transformer(4326, 32651).transform(120.2, 23.0)
    assert 200_000 < x < 240_000 and 2_500_000 < y < 2_600_000


def test_an_unknown_system_is_named():
    with pytest.raises(InputError, match=r"'nonsense' is not a coordinate system"):
        transformer("nonsense", 4326)


def test_missing_and_impossible_points_become_none():
    points = [shapely.Point(120.2, 23.0), None, shapely.Point(np.nan, np.nan), shapely.Point(0, 1e6)]
    moved = reproject(gpd.GeoDataFrame(geometry=points, crs=4326), 32651).geometry
    assert moved.isna().tolist() == [False, True, True, True]


def test_a_layer_without_a_system_is_refused():
    with pytest.raises(InputError, match="names no coordinate system"):
        reproject(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]), 4326)


def test_degrees_that_are_metres_are_refused():
    with pytest.raises(InputError, match="not a place in degrees"):
        working_crs(layer((500_000, 2_500_000, 510_000, 2_510_000), 4326))


@given(st.floats(-179.9, 179.9), st.floats(-79.9, 83.9))
def test_every_place_gets_a_system_of_true_metres_and_comes_back(lon, lat):
    crs, _ = working_crs((lon, lat, lon, lat))
    x, y = transformer(4326, crs).transform(lon, lat)
    assert is_metric(crs, (x, y, x, y))
    assert transformer(crs, 4326).transform(x, y) == pytest.approx((lon, lat), abs=1e-7)
