"""Borders on the briefing's map: stored once, given back exactly."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import shapely
from gridbeacon.layers.briefing import shapes
from ragged_city import ragged_city


def unpack(text):
    values, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value = shift = 0
    return np.array(values, dtype=np.int64)


def unstep(values):
    return np.cumsum(np.where(values & 1, -(values + 1) // 2, values // 2))


def decode(packed):
    n, r, u = (unpack(packed[key]) for key in "nru")
    xs, ys, a = (unstep(unpack(packed[key])) for key in "xya")
    ends = np.cumsum(np.append(0, n))
    units, ring, at = [], 0, 0
    for rings in u:
        outlines = []
        for _ in range(rings):
            points = []
            for ref in a[at : at + r[ring]]:
                arc = np.column_stack([xs, ys])[ends[ref >> 1] : ends[(ref >> 1) + 1]]
                points.extend((arc[::-1] if ref & 1 else arc)[:-1].tolist())
            outlines.append(points)
            at, ring = at + r[ring], ring + 1
        units.append(outlines)
    return units


def area_of(outlines):
    total = shapely.Polygon(outlines[0])
    for points in outlines[1:]:
        total = total.symmetric_difference(shapely.Polygon(points))
    return total.area


def test_arcs_give_back_polygons_holes_and_islands_and_store_borders_once():
    hole = shapely.box(20, 20, 40, 40)
    polygons = np.array(
        [
            shapely.box(0, 0, 100, 100).difference(hole),
            hole,
            shapely.union(shapely.box(100, 0, 200, 100), shapely.box(300, 300, 310, 310)),
            shapely.Polygon([(0, 100), (100, 100), (200, 100), (100, 250)]),
        ]
    )
    lattice = shapes.Lattice(0.0, 300.0, 1.0, 400, 400)
    packed = shapes.encode(polygons, lattice)
    assert [area_of(outlines) for outlines in decode(packed)] == [polygon.area for polygon in polygons]
    n_arcs, used = len(unpack(packed["n"])), unstep(unpack(packed["a"])) >> 1
    times = np.bincount(used, minlength=n_arcs)
    assert times.max() == 2 and (times == 2).sum() == 4  # hole, two neighbours, and the roof over each of the two


def test_varints_hold_what_was_put_in():
    values = np.array([0, 1, 127, 128, 300, 16383, 16384, 2**21, 2**28, 2**33])
    assert unpack(shapes.varints(values)).tolist() == values.tolist()
    assert shapes.varints(np.array([], dtype=int)) == ""


def test_large_coverages_are_simplified_and_keep_every_unit(monkeypatch):
    squares = [shapely.box(x, y, x + 1000, y + 1000) for x in range(0, 9000, 1000) for y in (0, 1000)]
    island = shapely.box(200, 200, 260, 260)
    squares = [squares[0].difference(island), *squares[1:], island]
    cells = shapely.segmentize(squares, 20)
    lattice = shapes.Lattice(0.0, 2000.0, 1.0, 9000, 2000)
    whole = shapes.encode(cells, lattice)
    monkeypatch.setattr(shapes, "SIMPLIFY_ABOVE", 1000)
    simpler = shapes.encode(cells, lattice)
    assert len(unpack(simpler["x"])) < 0.1 * len(unpack(whole["x"]))
    assert [area_of(outlines) for outlines in decode(simpler)] == [cell.area for cell in cells]


def test_ragged_borders_stay_shared_when_simplified(monkeypatch):
    cells = ragged_city(60, side=10_000.0)
    lattice = shapes.Lattice.over(shapely.total_bounds(cells))
    monkeypatch.setattr(shapes, "SIMPLIFY_ABOVE", 1000)
    simpler = shapes.encode(cells, lattice)
    areas = np.array([area_of(outlines) for outlines in decode(simpler)]) * lattice.unit**2
    assert len(unpack(simpler["x"])) < 0.7 * shapely.get_num_coordinates(cells).sum()
    np.testing.assert_allclose(areas, shapely.area(cells), rtol=0.1)
    assert areas.sum() == pytest.approx(1e8, rel=1e-3)  # what one cell loses its neighbour gets


def test_a_hair_thin_hole_goes_and_a_real_one_stays():
    block = shapely.box(0, 0, 100, 100)
    crack, yard = shapely.box(10, 50, 90, 50.5), shapely.box(20, 20, 30, 30)
    cleaned = shapes.without_slivers(np.array([block.difference(crack).difference(yard)]))
    assert cleaned[0].area == pytest.approx(10_000 - 100)
