"""Who neighbours whom, and along how much border: holes, islands, T-junctions, hairline cracks, ties of distance."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from gridbeacon.cube import SpaceTimeCube
from gridbeacon.layers.grids import make_cells, read_cells
from gridbeacon.layers.grids.borders import lift_borders, shared_borders
from gridbeacon.layers.grids.neighbours import queen
from gridbeacon.models.hotspot import GetisOrdHotspots, neighbour_links, row_standardised
from hypothesis import given, settings
from hypothesis import strategies as st
from ragged_city import ragged_city
from scipy import sparse
from shapely import MultiPolygon, Point, Polygon, box


def by_hand(shapes):
    """Lengths of the common boundary of every two, by overlay."""
    lines = shapely.boundary(np.asarray(shapes, dtype=object))
    length = shapely.length(shapely.intersection(lines[:, None], lines[None, :]))
    np.fill_diagonal(length, 0.0)
    return length


@settings(max_examples=60)
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20), st.integers(1, 5))
def test_lengths_are_those_of_the_overlay(squares, n):
    """Multiparts made of whole squares: corners, holes, islands, T-junctions where squares of two sizes meet."""
    squares = sorted(squares)
    groups = [squares[i::n] for i in range(n) if squares[i::n]]
    shapes = [shapely.union_all([box(x, y, x + 1, y + 1) for x, y in group]) for group in groups]
    shapes.append(box(5, 0, 8, 5))  # one long edge along up to five squares
    np.testing.assert_allclose(shared_borders(np.array(shapes, dtype=object)).toarray(), by_hand(shapes), atol=1e-9)


def test_holes_islands_multiparts_and_corners():
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    shapes = [
        ring,
        box(1, 1, 2, 2),
        MultiPolygon([box(3, 0, 4, 1), box(9, 9, 10, 10)]),
        box(3, 3, 4, 4),
        box(20, 20, 21, 21),
    ]
    found = shared_borders(np.array(shapes, dtype=object)).toarray()
    expected = np.zeros((5, 5))
    expected[0, 1] = expected[1, 0] = 4  # all around the hole
    expected[0, 2] = expected[2, 0] = 1  # one part of two
    np.testing.assert_allclose(found, expected)  # a corner has no length; the last is an island
    assert queen(np.array(shapes, dtype=object)).toarray()[0].tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.1])
def test_a_long_edge_has_several_neighbours_along_it(turn):
    """T-junctions on a slanted border: the corners of the small ones are on it but for rounding, far from 0."""
    move = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def place(shape):
        return shapely.transform(shape, lambda points: points @ move.T + [500_000, 3_400_000])

    shapes = [
        place(box(0, 0, 700, 100)),
        *(place(box(x, 100, x + w, 300)) for x, w in ((0, 150), (150, 237), (387, 313))),
    ]
    found = shared_borders(np.array(shapes, dtype=object)).toarray()
    np.testing.assert_allclose(found[0], [0, 150, 237, 313], atol=1e-4)
    np.testing.assert_allclose(found[1], [150, 0, 200, 0], atol=1e-4)


def test_hairline_cracks_within_the_tolerance_are_borders():
    left, right = box(0, 0, 100, 100), box(100.004, 20, 200, 80)
    assert shared_borders(np.array([left, right])).nnz == 0
    assert shared_borders(np.array([left, right]), 0.01).toarray()[0, 1] == pytest.approx(60)
    assert shared_borders(np.array([left, right]), 0.001).nnz == 0


@pytest.mark.parametrize("degrees", [0.5, 5, 40])
def test_a_sharp_corner_is_no_border(degrees):
    """Two long edges that part at a small angle are near each other for a while, and share a corner only."""
    angle = np.radians(degrees)
    tip = Polygon([(0, 0), (500, 0), (500, -100)])
    other = Polygon([(0, 0), (500 * np.cos(angle), 500 * np.sin(angle)), (0, 300)])
    found = shared_borders(np.array([tip, other], dtype=object), 0.01)
    assert found.nnz == 0
    assert queen(np.array([tip, other], dtype=object), 0.01).nnz == 2


def test_no_polygons_no_borders():
    assert shared_borders(np.zeros(0, dtype=object)).shape == (0, 0)
    assert shared_borders(np.array([box(0, 0, 1, 1)])).nnz == 0


def test_ragged_borders_add_up_to_all_around():
    """Every cell's borders are as long as its outline, but for those of the city's edge; and equal the overlay's."""
    shapes = ragged_city(150, seed=1)
    borders = shared_borders(shapes)
    outline = np.asarray(borders.sum(axis=1)).ravel()
    inner = np.array([not shape.touches(box(0, 0, 30_000, 30_000).boundary) for shape in shapes])
    np.testing.assert_allclose(outline[inner], shapely.length(shapes[inner]), rtol=1e-12)
    assert (outline[~inner] < shapely.length(shapes[~inner])).all()
    np.testing.assert_allclose(borders.toarray(), by_hand(shapes), atol=1e-6)
    assert (abs(borders - borders.T) > 1e-9).nnz == 0


def test_borders_of_groups_are_the_sum_over_their_members():
    squares = np.array([box(i % 4, i // 4, i % 4 + 1, i // 4 + 1) for i in range(16)], dtype=object)
    group = np.array([0, 0, 1, 1] * 2 + [2, 2, 3, -1] * 2)
    united = [shapely.union_all(squares[group == g]) for g in range(4)]
    np.testing.assert_allclose(lift_borders(shared_borders(squares), group, 4).toarray(), by_hand(united))


# --- in the layer and in the cube


def test_made_cells_know_their_borders():
    points = gpd.GeoDataFrame(geometry=[Point(500_000, 3_300_000), Point(502_000, 3_302_000)], crs=32650)
    for shape, sides, length in (("square", 4, 250.0), ("hexagon", 6, 250 / np.sqrt(3))):
        cells = make_cells(shape, 250, points)
        inner = np.diff(cells.borders.indptr) == sides
        assert inner.any()
        assert np.diff(cells.borders.indptr).max() == sides
        np.testing.assert_allclose(cells.borders.data, length, rtol=1e-6)


@pytest.mark.parametrize("crs", [32650, 4326])
def test_borders_of_a_file_are_in_metres_on_every_level(tmp_path, crs):
    squares = [box(x, y, x + 1000, y + 1000) for y in (0, 1000) for x in (0, 1000, 2000, 3000)]
    squares = [shapely.affinity.translate(square, 500_000, 3_400_000) for square in squares]
    table = gpd.GeoDataFrame(
        {"cell_id": [f"c{i}" for i in range(8)], "street": ["A", "A", "B", "B"] * 2}, geometry=squares, crs=32650
    )
    table.to_crs(crs).to_file(tmp_path / "cells.gpkg")
    cells = read_cells(tmp_path / "cells.gpkg", columns={"cell_parent": "street"})
    seen = cells.as_cells()
    rows = seen.rows_at(2)
    lengths = seen.borders[rows][:, rows].toarray()
    assert (lengths > 0).sum(axis=1).tolist() == [2, 3, 3, 2, 2, 3, 3, 2]
    np.testing.assert_allclose(lengths[lengths > 0], 1000, rtol=1e-5)
    streets = seen.rows_at(1)
    np.testing.assert_allclose(seen.borders[streets][:, streets].toarray(), [[0, 2000], [2000, 0]], rtol=1e-5)
    assert seen.borders[0].nnz == 0
    assert ((seen.borders > 0).astype(int) - seen.contiguity.astype(int) > 0).nnz == 0  # rook neighbours are queen's
    assert (seen.subset(rows[:3]).borders.toarray() == lengths[:3, :3]).all()


def cube_of(centres, borders=None, contiguity=None):
    n = len(centres)
    return SpaceTimeCube(
        counts=np.arange(float(n))[None],
        bins=np.array(["2024-01-01"], dtype="datetime64[D]"),
        cells=np.arange(n).astype(str),
        centres=np.asarray(centres, dtype=float),
        areas=np.ones(n),
        contiguity=sparse.csr_matrix((n, n)) if contiguity is None else contiguity,
        parents=np.zeros(n, dtype=int),
        exposure=np.zeros(n),
        borders=borders,
    )


def test_rook_is_a_stretch_of_border_and_queen_any_point():
    squares = np.array([box(x, y, x + 1, y + 1) for y in range(3) for x in range(3)], dtype=object)
    cube = cube_of(shapely.get_coordinates(shapely.centroid(squares)), shared_borders(squares), queen(squares))
    assert np.diff(neighbour_links(cube, "queen").indptr).tolist() == [3, 5, 3, 5, 8, 5, 3, 5, 3]
    assert np.diff(neighbour_links(cube, "rook").indptr).tolist() == [2, 3, 2, 3, 4, 3, 2, 3, 2]
    order = np.array([4, 0, 8])
    assert cube.take_cells(order).borders.nnz == 0
    model = GetisOrdHotspots(neighbours="rook").fit(cube)
    assert np.diff(model.weights_.indptr).max() == 5
    with pytest.raises(ValueError, match="no lengths of shared borders"):
        neighbour_links(cube_of(np.zeros((2, 2))), "rook")
    with pytest.raises(ValueError, match="queen, rook, distance, knearest, not 'bishop'"):
        neighbour_links(cube, "bishop")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=25), st.integers(1, 9))
def test_the_nearest_are_nearest_and_ties_go_by_place(places, k):
    centres = np.array(places, dtype=float)
    links = neighbour_links(cube_of(centres), "knearest", k=k)
    n = len(centres)
    assert np.diff(links.indptr).tolist() == [min(k, n - 1)] * n
    assert links.diagonal().sum() == 0
    for cell in range(n):
        others = np.delete(np.arange(n), cell)
        apart = np.hypot(*(centres[others] - centres[cell]).T).round(9)
        wanted = centres[others[np.lexsort((others, centres[others, 1], centres[others, 0], apart))][:k]]
        found = centres[links[[cell]].indices]
        assert sorted(map(tuple, found)) == sorted(map(tuple, wanted))


def test_the_nearest_do_not_depend_on_the_order_of_cells():
    lattice = np.array([(x, y) for x in range(9) for y in range(9)], dtype=float) * 250.0
    order = np.random.default_rng(0).permutation(81)
    for k in (3, 6, 11):
        straight = neighbour_links(cube_of(lattice), "knearest", k=k).toarray()
        turned = neighbour_links(cube_of(lattice[order]), "knearest", k=k).toarray()
        np.testing.assert_array_equal(turned, straight[order][:, order])


def test_rows_that_sum_to_one_leave_islands_alone():
    links = sparse.csr_array(np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0.0]]))
    np.testing.assert_allclose(row_standardised(links).toarray(), [[0, 0.5, 0.5], [1, 0, 0], [0, 0, 0]])
