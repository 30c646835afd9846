"""Datum diagnosis: a shifted city is suspected of its shift, a true one of nothing."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.layers.coordinates import better_hypothesis, diagnose_datum, wgs84_to_bd09, wgs84_to_gcj02
from gridbeacon.layers.geocoding import match_codes
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.incidents import read_incidents
from gridbeacon.sample_data import CELLS, INCIDENTS, sample_path

SHIFTS = {
    "wgs84": lambda lon, lat: (lon, lat),
    "gcj02": wgs84_to_gcj02,
    "bd09": wgs84_to_bd09,
    "swapped": lambda lon, lat: (lat, lon),
}


@pytest.fixture(scope="module")
def cells():
    return read_cells(sample_path(CELLS))


@pytest.fixture(scope="module")
def incidents():
    return read_incidents([sample_path(INCIDENTS[0])]).incidents


@pytest.mark.parametrize("truth", SHIFTS)
def test_the_sample_city_is_seen_through_every_shift(cells, incidents, truth):
    lonlat = np.column_stack(SHIFTS[truth](incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()))
    table = diagnose_datum(lonlat, cells)
    assert table["hypothesis"].tolist() == ["wgs84", "gcj02", "bd09", "swapped"]
    assert better_hypothesis(table) == ("" if truth == "wgs84" else truth)
    share = table.set_index("hypothesis")["share"]
    assert share.idxmax() == truth and share[truth] > 0.999
    assert (table["n"] <= 20_000).all() and table["n"].nunique() == 1


@pytest.mark.parametrize("truth", ["wgs84", "gcj02"])
def test_codes_tell_the_datum_where_the_border_cannot(cells, incidents, truth):
    """Points well inside the city fall into some cell whatever the shift, but not into that of their code."""
    x, y = incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()
    middle = (np.abs(x - 113.2) < 0.02) & (np.abs(y - 30.07) < 0.01)
    lonlat = np.column_stack(SHIFTS[truth](x[middle], y[middle]))
    units = match_codes(incidents["cell_code"][middle], cells).unit
    alone, coded = diagnose_datum(lonlat, cells), diagnose_datum(lonlat, cells, units)
    assert better_hypothesis(alone) == "" and better_hypothesis(coded) == ("" if truth == "wgs84" else truth)
    agreed = (coded["agreed"] / coded["coded"]).set_axis(coded["hypothesis"])
    assert agreed[truth] > 0.99 and agreed.drop(truth).max() < 0.5


@pytest.mark.parametrize(
    ("folder", "layer", "columns"),
    [
        ("tainan1999", "villages_cunli.parquet", ["lon", "lat"]),
        ("boston311_2011", "polygons.gpkg", ["longitude", "latitude"]),
        ("stlouis_2016_2019", "polygons.gpkg|grid_1km_205", ["lon", "lat"]),
    ],
)
def test_real_cities_are_suspected_of_nothing(shared_data, folder, layer, columns):
    units = read_cells(f"{shared_data / folder}/{layer}")
    lonlat = pd.read_parquet(shared_data / folder / "incidents.parquet", columns=columns).to_numpy()
    table = diagnose_datum(lonlat, units)
    assert better_hypothesis(table) == "" and table["share"].iloc[0] > 0.998
    if folder == "tainan1999":
        assert better_hypothesis(diagnose_datum(np.column_stack(wgs84_to_gcj02(*lonlat.T)), units)) == "gcj02"


def test_a_city_with_incidents_beyond_one_border_is_suspected_of_nothing(cells, incidents):
    """Three per cent of the calls come from the county to the north-east, where a shift would bring them in."""
    _, _, east, north = incidents.total_bounds
    random = np.random.default_rng(3)
    city = np.column_stack([incidents.geometry.x, incidents.geometry.y])
    shape = cells.table.geometry.iloc[[0]].to_crs(4326).iloc[0]
    beyond = random.uniform((113.2, 30.07), (east + 0.02, north + 0.02), (20_000, 2))
    beyond = beyond[~shapely.contains_xy(shape, beyond[:, 0], beyond[:, 1])][: len(city) // 30]
    assert len(beyond) > 500
    assert better_hypothesis(diagnose_datum(np.vstack([city, beyond]), cells)) == ""


def test_nothing_to_look_at_suggests_nothing(cells):
    empty = diagnose_datum(np.full((3, 2), np.nan), cells)
    assert empty["n"].tolist() == [0] * 4 and better_hypothesis(empty) == ""


def test_the_run_suggests_and_never_decides(tmp_path, cells, incidents):
    """A shifted export is read as it is, the notice names the option, and with the option the points are right."""
    from gridbeacon.pipeline import Plan
    from gridbeacon.pipeline.preparation import Inputs, prepare

    picked = incidents.iloc[::5]
    lon, lat = wgs84_to_gcj02(picked.geometry.x.to_numpy(), picked.geometry.y.to_numpy())
    table = pd.DataFrame({"编号": picked["incident_id"], "受理时间": picked["time"].dt.strftime("%Y-%m-%d %H:%M")})
    table.assign(类别=picked["category"], 经度=lon, 纬度=lat).to_csv(tmp_path / "amap.csv", index=False)
    cell_file = str(sample_path(CELLS))
    quiet = lambda fraction, text: None  # noqa: E731
    as_read = prepare(Plan(), Inputs((str(tmp_path / "amap.csv"),), cell_file), quiet)
    (told,) = [n for n in as_read.notices if n.code == "N-DATUM-001"]
    assert "--crs gcj02" in told.zh and "GCJ-02" in told.en and "only suggests" in told.en
    np.testing.assert_allclose(as_read.intake.incidents.geometry.x, lon)
    named = prepare(Plan(), Inputs((str(tmp_path / "amap.csv"),), cell_file, crs="gcj02"), quiet)
    assert not [n for n in named.notices if n.code == "N-DATUM-001"]
    assert [n for n in named.notices if n.code == "N-CRS-003"]
    assert named.account["rows_outside"] < as_read.account["rows_outside"]
    back = gpd.GeoSeries(named.intake.incidents.geometry)
    np.testing.assert_allclose(back.x, picked.geometry.x, atol=1e-11)
    assert named.placement is not None and named.placement.datum is None
