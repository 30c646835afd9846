"""Neighbours by any shared point, on every level, and those of R's spdep."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gridbeacon.layers.grids import read_cells
from gridbeacon.layers.grids.neighbours import lift, queen
from hypothesis import given
from hypothesis import strategies as st
from lattice_city import chinese_city, saved
from shapely.geometry import MultiPolygon, box


def pairs_of(matrix) -> set[tuple[int, int]]:
    found = matrix.tocoo()
    return {(int(i), int(j)) for i, j in zip(found.row, found.col, strict=True)}


def touching_by_hand(shapes) -> set[tuple[int, int]]:
    n = range(len(shapes))
    return {(i, j) for i in n for j in n if i != j and shapes[i].intersects(shapes[j])}


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=14
    )
)
def test_queen_is_any_shared_point(found):
    """Boxes of whole numbers: shared edges, corners, corners on the middle of an edge, overlaps, islands."""
    shapes = np.array([box(x, y, x + w, y + h) for x, y, w, h in found], dtype=object)
    assert pairs_of(queen(shapes)) == touching_by_hand(shapes)


def test_queen_sees_t_junctions_holes_and_multipolygons():
    wide = box(0, 0, 4, 1)
    small = [box(0, 1, 1, 2), box(1, 1, 2, 2), box(2, 1, 4, 2)]
    ring = box(10, 0, 13, 3).difference(box(11, 1, 12, 2))
    shapes = np.array([wide, *small, ring, box(11, 1, 12, 2), MultiPolygon([box(20, 0, 21, 1), box(13, 3, 14, 4)])])
    assert pairs_of(queen(shapes)) == touching_by_hand(shapes)
    assert (4, 5) in pairs_of(queen(shapes)) and (4, 6) in pairs_of(queen(shapes))


def test_neighbours_of_parents_are_those_of_their_children(tmp_path):
    cells = read_cells(saved(chinese_city(), tmp_path / "c.gpkg"))
    seen = cells.as_cells()
    for level in (1, 2, 3, 4):
        rows = seen.rows_at(level)
        shapes = cells.table.geometry.to_numpy()[rows]
        near = {(i, j) for i, j in pairs_of(cells.contiguity[rows][:, rows])}
        n = range(len(rows))
        assert near == {(i, j) for i in n for j in n if i != j and shapes[i].distance(shapes[j]) < 0.01}
    levels = seen.unit_level
    found = cells.contiguity.tocoo()
    assert (levels[found.row] == levels[found.col]).all() and cells.contiguity.diagonal().sum() == 0


def test_lift_leaves_out_members_of_no_group():
    chain = queen(np.array([box(i, 0, i + 1, 1) for i in range(4)], dtype=object))
    assert pairs_of(lift(chain, np.array([0, 0, 1, -1]), 3)) == {(0, 1), (1, 0)}


def test_neighbours_equal_spdep_on_the_st_louis_grid(shared_data):
    """Golden: reference_queen_edges.csv (R spdep 1.2-7, queen)."""
    folder = shared_data / "stlouis_2016_2019"
    cells = read_cells(f"{folder / 'polygons.gpkg'}|grid_1km_205")
    ids = cells.table["cell_id"].to_numpy()
    mine = {(ids[i], ids[j]) for i, j in pairs_of(cells.contiguity)}
    golden = set(pd.read_csv(folder / "reference_queen_edges.csv").itertuples(index=False, name=None))
    assert mine == golden | {(j, i) for i, j in golden}
