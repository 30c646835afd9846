"""Points into cells: the same answer as brute force on every border, hole, gap and overlap."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from unittest import mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers import cell_index, overlay
from gridbeacon.layers.exact_side import side_of
from gridbeacon.layers.grids import CellLayer, read_cells
from gridbeacon.layers.overlay import assign_cells, locate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from shapely.geometry import MultiPolygon, Point, Polygon, box

CRS = 32650


def layer_of(shapes, ids=None, roles=None) -> CellLayer:
    """CITY and one level below it, as `read_cells` would lay them out."""
    ids = list(ids or [f"c{number:02d}" for number in range(len(shapes))])
    roles = list(roles or ["territorial"] * len(shapes))
    table = gpd.GeoDataFrame(
        {
            "cell_id": ["CITY", *ids],
            "parent": ["", *("CITY" if role == "territorial" else "" for role in roles)],
            "unit_level": [0] + [1] * len(ids),
            "role": ["territorial", *roles],
        },
        geometry=[shapely.union_all(shapes), *shapes],
        crs=CRS,
    )
    return CellLayer(table, sparse.csr_matrix((len(table), len(table))))


def brute_force(points, cells: CellLayer, role="territorial") -> list[str]:
    """The smallest code as text among the closed regions that hold the point: shapely, one pair at a time."""
    leaves = cells.table.iloc[1:]
    leaves = leaves[leaves["role"] == role]
    found = []
    for point in points:
        held = [code for code, shape in zip(leaves["cell_id"], leaves.geometry, strict=True) if shape.intersects(point)]
        found.append(min(held, default=""))
    return found


def names(assigned: np.ndarray, cells: CellLayer) -> list[str]:
    ids = cells.table["cell_id"].to_numpy(dtype=object)
    return [ids[row] if row >= 0 else "" for row in assigned]


def points_of(*shapes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=CRS)


corners = st.tuples(st.integers(0, 8), st.integers(0, 8))


@st.composite
def polygons(draw):
    """Boxes, triangles, boxes with a hole, pairs of boxes: they overlap, leave gaps and share borders freely."""
    kind = draw(st.sampled_from(["box", "triangle", "ring", "pair"]))
    (x, y), size = draw(corners), draw(st.integers(1, 4))
    if kind == "triangle":
        return Polygon([(x, y), (x + size, y), (x, y + size)])
    if kind == "ring":
        return box(x, y, x + 3, y + 3).difference(box(x + 1, y + 1, x + 2, y + 2))
    if kind == "pair":
        return MultiPolygon([box(x, y, x + size, y + size), box(x + 5, y, x + 6, y + 1)])
    return box(x, y, x + size, y + size)


@given(
    st.lists(polygons(), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(-2, 30), st.integers(-2, 30)), max_size=60),
    st.sampled_from([1, 64, 1 << 14]),
    st.randoms(use_true_random=False),
)
def test_every_point_agrees_with_brute_force(shapes, halves, pixels, random):
    """Half-integer points fall on vertices, edges, corners of holes and outside; rasters coarse and fine."""
    ids = [f"c{number}" for number in range(len(shapes))]  # c10 sorts before c2
    random.shuffle(ids)
    cells = layer_of(shapes, ids)
    points = [Point(x / 2, y / 2) for x, y in halves]
    with mock.patch.multiple(cell_index, LEAST_PIXELS=pixels, PIXELS_A_CELL=pixels):
        assigned = assign_cells(points_of(*points), cells)
    assert assigned.shape == (len(points), 1)
    assert names(assigned[:, 0], cells) == brute_force(points, cells)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_slanted_borders_are_exact_to_the_last_bit(seed):
    """Voronoi cells share slanted edges; points are their vertices, edge midpoints and near misses."""
    random = np.random.default_rng(seed)
    seeds = shapely.multipoints(random.uniform(0, 1e5, (12, 2)))
    shapes = list(shapely.get_parts(shapely.voronoi_polygons(seeds)))
    cells = layer_of(shapes)
    vertices = shapely.get_coordinates(shapes)
    middles = (vertices[1:] + vertices[:-1]) / 2
    tried = np.concatenate([vertices, middles, np.nextafter(middles, 0), random.uniform(0, 1e5, (50, 2))])
    points = list(shapely.points(tried))
    assert names(assign_cells(points_of(*points), cells)[:, 0], cells) == brute_force(points, cells)


def test_the_tie_goes_to_the_smallest_code_as_text_in_any_order():
    shapes, ids = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2)], ["9", "10", "2", "1"]
    on_all_four = points_of(Point(1, 1))
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        cells = layer_of([shapes[i] for i in order], [ids[i] for i in order])
        assert names(assign_cells(on_all_four, cells)[:, 0], cells) == ["1"]
    cells = layer_of(shapes[:2], ids[:2])
    assert names(assign_cells(points_of(Point(1, 0.5)), cells)[:, 0], cells) == ["10"]  # text: "10" < "9"


def test_each_role_counts_once():
    shapes = [box(0, 0, 2, 2), box(2, 0, 4, 2), box(1, 1, 3, 3)]
    cells = layer_of(shapes, ["t1", "t2", "s1"], ["territorial", "territorial", "sectoral"])
    assert cells.roles == ("territorial", "sectoral")
    assigned = assign_cells(points_of(Point(1.5, 1.5), Point(0.5, 0.5), Point(2.5, 2.5), Point(9, 9)), cells)
    assert names(assigned[:, 0], cells) == ["t1", "t1", "", ""]
    assert names(assigned[:, 1], cells) == ["s1", "", "s1", ""]


def test_what_is_no_point_is_outside_and_nothing_crashes():
    cells = layer_of([box(0, 0, 1, 1)])
    odd = points_of(None, Point(), Point(np.nan, np.nan), Point(np.inf, 0), Point(0.5, 0.5))
    assert assign_cells(odd, cells)[:, 0].tolist() == [-1, -1, -1, -1, 1]
    assert assign_cells(points_of(), cells).shape == (0, 1)
    assert assign_cells(points_of(None), cells).tolist() == [[-1]]
    assert locate(np.zeros(3), np.zeros(3), np.array([], dtype=object)).tolist() == [-1, -1, -1]


def test_the_index_stays_with_the_layer_until_it_is_outgrown():
    cells = layer_of([box(x, y, x + 1, y + 1) for x in range(5) for y in range(5)])
    points = points_of(*shapely.points(np.random.default_rng(3).integers(0, 11, (500, 2)) / 2))
    whole = assign_cells(points, cells)
    _, small = overlay.index_of(cells, "territorial", 500)
    np.testing.assert_array_equal(assign_cells(points[:37], cells), whole[:37])
    assert overlay.index_of(cells, "territorial", 600)[1] is small
    assert overlay.index_of(cells, "territorial", 5000)[1] is not small
    np.testing.assert_array_equal(assign_cells(points, cells), whole)


def test_nine_cells_over_one_another_and_a_speck_of_a_city():
    """More candidates than a record names; and cells so small that a pixel is near the rounding of its coordinates."""
    shapes = [box(x / 10, x / 10, x / 10 + 5, 5) for x in range(9, -1, -1)]
    cells = layer_of(shapes, [f"c{9 - number}" for number in range(10)])
    tried = np.random.default_rng(0).uniform(-0.1, 6.1, (800, 2)).round(2)
    points = list(shapely.points(tried))
    assert names(assign_cells(points_of(*points), cells)[:, 0], cells) == brute_force(points, cells)
    east = 5e5 + np.arange(5) * 2**-20
    specks = [box(a, 3e6, b, 3e6 + 2**-20) for a, b in pairwise(east)]
    cells = layer_of(specks)
    points = [Point(x, 3e6 + 2**-21) for x in np.linspace(east[0], east[-1], 33)]
    assert names(assign_cells(points_of(*points), cells)[:, 0], cells) == brute_force(points, cells)


def test_the_side_of_an_edge_is_exact_where_doubles_are_not():
    """Oracle: rational arithmetic. Points on, and one unit in the last place beside, edges that doubles cannot tell."""
    random = np.random.default_rng(5)
    fooled = 0
    for _ in range(3000):
        x0, y0, x1, y1 = random.uniform(4e5, 5e5, 4)
        along = random.uniform()
        px, py = x0 + along * (x1 - x0), y0 + along * (y1 - y0)
        py = np.nextafter(py, random.choice([-np.inf, np.inf])) if random.uniform() < 0.5 else py
        a, b, c, d, e, f = (Fraction(float(v)) for v in (x0, y0, x1, y1, px, py))
        area = (a - e) * (d - f) - (b - f) * (c - e)
        assert side_of(x0, y0, x1, y1, px, py) == (area > 0) - (area < 0)
        fooled += np.sign((x0 - px) * (y1 - py) - (y0 - py) * (x1 - px)) != (area > 0) - (area < 0)
    assert fooled > 5  # the plain formula is wrong often enough for this test to tell
    assert side_of(0.1, 0.1, 0.3, 0.3, 0.2, 0.2) == 0


def test_points_in_degrees_are_brought_along_and_without_a_system_refused():
    cells = layer_of([box(499_000, 2_499_000, 501_000, 2_501_000)])
    assert assign_cells(gpd.GeoDataFrame(geometry=[Point(117.0, 22.604)], crs=4326), cells).tolist() == [[1]]
    with pytest.raises(InputError, match="coordinate system"):
        assign_cells(gpd.GeoDataFrame(geometry=[Point(0, 0)]), cells)


def test_tainan_calls_fall_in_villages(shared_data):
    """At least 99.9 % of the located rows (issue A); the others lie in narrow gaps, the sea or the next county."""
    cells = read_cells(shared_data / "tainan1999" / "villages_cunli.parquet")
    calls = pd.read_parquet(shared_data / "tainan1999" / "incidents.parquet", columns=["lon", "lat"])
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(calls["lon"], calls["lat"]), crs=4326)
    assigned = assign_cells(points, cells)[:, 0]
    assert (assigned >= 0).sum() >= 0.999 * len(points)
    sample = np.random.default_rng(0).choice(len(points), 300, replace=False)
    moved = overlay.reproject(points.iloc[sample], cells.crs)
    joined = gpd.sjoin(moved, cells.table.iloc[cells.leaves()][["cell_id", "geometry"]], predicate="intersects")
    smallest = joined.groupby(level=0)["cell_id"].min().reindex(sample).fillna("")
    assert names(assigned[sample], cells) == smallest.tolist()


def test_st_louis_counts_equal_spdep(shared_data):
    """Golden: the `n` column of reference_spdep_grid2019.csv (R, sf and spdep)."""
    folder = shared_data / "stlouis_2016_2019"
    cells = read_cells(f"{folder / 'polygons.gpkg'}|grid_1km_205")
    assert cells.crs.to_epsg() == 32615
    crimes = pd.read_parquet(folder / "incidents.parquet", columns=["occurred_at", "lon", "lat"])
    crimes = crimes[crimes["occurred_at"].dt.year == 2019]
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(crimes["lon"], crimes["lat"]), crs=4326)
    counted = pd.Series(names(assign_cells(points, cells)[:, 0], cells)).value_counts()
    golden = pd.read_csv(folder / "reference_spdep_grid2019.csv").set_index("PageName")["n"]
    assert counted.reindex(golden.index).fillna(0).astype(int).tolist() == golden.tolist()
