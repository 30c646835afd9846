"""Squares and hexagons made over the incidents: all are held, without a gap, and nothing moves."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import make_cells
from gridbeacon.layers.overlay import assign_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point


@settings(max_examples=30)
@given(
    st.sampled_from(["square", "hexagon"]),
    st.floats(50, 900),
    st.lists(st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)), min_size=1, max_size=30),
)
def test_made_cells_hold_every_incident_and_cover_without_gap(shape, size, places):
    points = gpd.GeoDataFrame(geometry=[Point(500_000 + x, 3_300_000 + y) for x, y in places], crs=32650)
    cells = make_cells(shape, size, points)
    assert (assign_cells(points, cells) >= 0).all()
    leaves = cells.table.geometry.iloc[1:]
    expected = size**2 if shape == "square" else size**2 * np.sqrt(3) / 2
    np.testing.assert_allclose(leaves.area, expected, rtol=1e-6)
    assert cells.table["cell_id"].is_unique
    assert cells.table["cell_id"].iloc[1:].str.fullmatch(r"R\d{3,}C\d{3,}").all()


@pytest.mark.parametrize(("shape", "inner"), [("square", 8), ("hexagon", 6)])
def test_made_cells_know_their_neighbours(shape, inner):
    points = gpd.GeoDataFrame(geometry=[Point(500_000, 3_300_000), Point(502_000, 3_302_000)], crs=32650)
    cells = make_cells(shape, 250, points)
    degree = np.asarray(cells.contiguity.sum(axis=1)).ravel()
    assert degree.max() == inner and degree[0] == 0
    gaps = cells.table.geometry.iloc[0]
    assert gaps.geom_type == "Polygon" and gaps.area == pytest.approx(cells.table.geometry.iloc[1:].area.sum())


def test_more_incidents_move_no_cell():
    few = gpd.GeoDataFrame(geometry=[Point(500_123, 3_300_456)], crs=32650)
    more = gpd.GeoDataFrame(geometry=[Point(500_123, 3_300_456), Point(495_000, 3_290_000)], crs=32650)
    one, two = (make_cells("hexagon", 500, points) for points in (few, more))
    small = {shapely.set_precision(shape, 0.001).normalize().wkt for shape in one.table.geometry.iloc[1:]}
    large = {shapely.set_precision(shape, 0.001).normalize().wkt for shape in two.table.geometry.iloc[1:]}
    assert small <= large


def test_made_cells_from_degrees_are_in_metres_and_bad_wishes_refused():
    points = gpd.GeoDataFrame(geometry=[Point(113.0, 30.0), Point(113.01, 30.01), None], crs=4326)
    assert make_cells("square", 500, points).crs.to_epsg() == 32649
    for shape, size in (("circle", 500), ("square", 0), ("square", float("nan"))):
        with pytest.raises(InputError, match="square or hexagon"):
            make_cells(shape, size, points)
    with pytest.raises(InputError, match="larger size"):
        make_cells("square", 0.5, points)
    with pytest.raises(InputError, match="no incident has a place"):
        make_cells("square", 500, points.iloc[2:])
