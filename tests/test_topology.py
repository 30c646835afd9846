"""What is wrong with a file of cells is found and named, and a copy can be repaired; the original never changes."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import CELL_RULES, examine_cells, read_cells, repair_cells
from gridbeacon.layers.grids.closing import close_coverage
from gridbeacon.layers.grids.coverage import holes_of, merge, mismatched, snap_corners
from gridbeacon.layers.run_folder import sha256_of
from gridbeacon.layers.tables import write_table
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

WEST, SOUTH, SIZE = 500_000.0, 3_300_000.0, 100.0


def square(column, row, *, right=0.0, top=0.0, left=0.0) -> Polygon:
    """A square of 100 m; *right*, *top* and *left* move its sides outwards, in metres."""
    x, y = WEST + column * SIZE, SOUTH + row * SIZE
    return box(x - left, y, x + SIZE + right, y + SIZE + top)


def city(side: int = 4, **changed) -> gpd.GeoDataFrame:
    """Squares named a00 (column, row) and so on; *changed* replaces shapes by name."""
    names = [f"a{c}{r}" for r in range(side) for c in range(side)]
    shapes = [changed.get(name, square(int(name[1]), int(name[2]))) for name in names]
    return gpd.GeoDataFrame({"cell_id": names}, geometry=shapes, crs=32650)


def saved(table: gpd.GeoDataFrame, path) -> str:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path, layer="cells")
    return str(path)


def found(report) -> dict[str, int]:
    return {code: n for code, n in report.counts.items() if n}


def only(report, kind) -> pd.Series:
    (row,) = (r for _, r in report.table[report.table["kind"] == kind].iterrows())
    return row


def test_a_clean_city_has_nothing_to_report(tmp_path):
    report = examine_cells(saved(city(), tmp_path / "c.gpkg"))
    assert found(report) == {} and report.n_cells == 16 and not report.refused
    assert [rule["rule"] for rule in report.as_dict()["rules"]] == list(CELL_RULES)
    assert all(rule["count"] == 0 and rule["zh"] and rule["en"] and rule["fix"] for rule in report.as_dict()["rules"])


KINDS = [
    ("overlap", {"a11": square(1, 1, right=10)}, "a11;a21", 1000.0),
    ("gap", {"a11": square(1, 1, right=-10)}, "a10;a11;a12;a21", 1000.0),
    ("sliver", {"a11": square(1, 1, right=0.5)}, "a11;a21", 50.0),
    ("sliver", {"a11": square(1, 1, right=-0.5)}, "a10;a11;a12;a21", 50.0),
    ("hole", {"a11": square(1, 1).difference(box(WEST + 120, SOUTH + 120, WEST + 150, SOUTH + 150))}, "a11", 900.0),
    ("multipart", {"a33": MultiPolygon([square(3, 3), square(9, 9)])}, "a33", 20_000.0),
]


@pytest.mark.parametrize(("kind", "changed", "cells", "area"), KINDS, ids=[kind for kind, *_ in KINDS])
def test_every_kind_is_found_where_it_is(tmp_path, kind, changed, cells, area):
    report = examine_cells(saved(city(**changed), tmp_path / "c.gpkg"))
    assert len(report.table) == 1
    row = only(report, kind)
    assert row["cell_ids"] == cells and row["area_m2"] == pytest.approx(area, rel=1e-6)
    assert row["length_m"] == pytest.approx(row.geometry.length) and row.geometry.area == pytest.approx(area)
    assert CELL_RULES[row["rule"]].kind == kind and not row["refused"]


def test_hairlines_of_digitising_are_not_reported(tmp_path):
    """Borders that miss one another by 8 cm or less; at 12 cm they are slivers."""
    for width in (0.01, 0.03, 0.08):
        table = city(a11=square(1, 1, right=width), a22=square(2, 2, left=-width))
        assert found(examine_cells(saved(table, tmp_path / f"{width}.parquet"))) == {}
    told = examine_cells(saved(city(a11=square(1, 1, right=0.12)), tmp_path / "w.parquet"))
    assert found(told) == {"E-CELL-008": 1}


def test_what_a_run_refuses_is_reported_all_at_once(tmp_path):
    table = city()
    table["parent"] = ["", *["a00"] * 14, "nowhere"]
    table.loc[3, "cell_id"] = "a10"
    table.loc[4, "cell_id"] = ""
    table.loc[5, "geometry"] = None
    tie = Polygon([(WEST + 900, SOUTH), (WEST + 1000, SOUTH + 100), (WEST + 1000, SOUTH), (WEST + 900, SOUTH + 100)])
    table.loc[15, "geometry"] = tie
    report = examine_cells(saved(table, tmp_path / "c.gpkg"))
    for code in ("E-CELL-001", "E-CELL-002", "E-CELL-003", "E-CELL-004", "E-CELL-005"):
        assert report.counts[code] == 1, code
    assert report.refused and only(report, "orphan parent")["cell_ids"] == "a33;nowhere"
    assert only(report, "duplicate code")["cell_ids"] == "a10"


def test_orphan_parents_refuse_a_run_and_a_repair(tmp_path):
    table = city()
    table["parent"] = ["", *["a00"] * 14, "nowhere"]
    path = saved(table, tmp_path / "c.gpkg")
    for work in (read_cells, repair_cells):
        with pytest.raises(InputError, match=r"not in the file.*E-CELL-003.*Correct the code of the parent"):
            work(path)


def test_sectoral_cells_may_lie_over_territorial_ones(tmp_path):
    table = city().assign(role="territorial")
    river = gpd.GeoDataFrame(
        {"cell_id": ["r1", "r2"], "role": ["sectoral"] * 2},
        geometry=[
            box(WEST - 50, SOUTH + 140, WEST + 250, SOUTH + 160),
            box(WEST + 240, SOUTH + 140, WEST + 450, SOUTH + 160),
        ],
        crs=32650,
    )
    path = saved(pd.concat([table, river]), tmp_path / "c.gpkg")
    report = examine_cells(path)
    assert found(report) == {"E-CELL-006": 1} and only(report, "overlap")["cell_ids"] == "r1;r2"
    repaired = repair_cells(path).table
    assert repaired.geometry.iloc[-2:].equals(gpd.GeoSeries(river.geometry.to_numpy(), index=[16, 17], crs=32650))


def test_the_layer_can_be_looked_at(tmp_path):
    table = city(a11=square(1, 1, right=10), a22=square(2, 2, top=-10))
    report = examine_cells(saved(table, tmp_path / "c.gpkg"))
    write_table(tmp_path / "t.gpkg", report.table, "topology")
    back = gpd.read_file(tmp_path / "t.gpkg", layer="topology")
    assert pyogrio.read_info(tmp_path / "t.gpkg", layer="topology")["geometry_type"] == "MultiPolygon"
    assert back["rule"].tolist() == ["E-CELL-006", "E-CELL-007"]
    assert back["words"].tolist() == ["与另一单元重叠", "单元之间有空隙"]


def test_the_steps_write_the_layer_and_the_copy(tmp_path):
    from gridbeacon.cli.inputs import Files
    from gridbeacon.cli.steps import run_step

    path = saved(city(a11=square(1, 1, right=10)), tmp_path / "c.gpkg")
    before, files = sha256_of(path), Files(cells=path)
    told = run_step("topology", files, {}, str(tmp_path / "t.gpkg"), False, lambda fraction, text: None)
    assert told["rows"] == 1 and [n["code"] for n in told["notices"]] == ["E-CELL-006"]
    assert gpd.read_file(tmp_path / "t.gpkg", layer="topology")["cell_ids"].tolist() == ["a11;a21"]
    run_step("repair_cells", files, {}, str(tmp_path / "r.gpkg"), False, lambda fraction, text: None)
    assert found(examine_cells(tmp_path / "r.gpkg")) == {} and sha256_of(path) == before
    run_step("topology", Files(cells=str(tmp_path / "r.gpkg")), {}, str(tmp_path / "n.gpkg"), False, lambda f, t: None)
    assert len(gpd.read_file(tmp_path / "n.gpkg", layer="topology")) == 0  # nothing wrong is a layer too
    with pytest.raises(InputError, match="no cells were given"):
        run_step("topology", Files(), {}, str(tmp_path / "x.gpkg"), False, lambda fraction, text: None)


# -- repair ----------------------------------------------------------------------------------------------------------


def test_a_repair_follows_its_rules_and_tells_every_area(tmp_path):
    """The overlap to the smaller code; the gap and the sliver of overlap to the smaller of two equal neighbours."""
    table = city(a11=square(1, 1, right=10), a12=square(1, 2, right=-4), a22=square(2, 2, right=0.4))
    path = saved(table, tmp_path / "c.gpkg")
    before = sha256_of(path)
    repaired = repair_cells(path)
    assert sha256_of(path) == before
    changes = repaired.changes.set_index("cell_id")["change_m2"].round(2).to_dict()
    assert changes == {"a21": -1000.0, "a12": 400.0, "a32": -40.0}
    assert repaired.table["area_change_m2"].sum() == pytest.approx(sum(changes.values()), abs=0.02)
    assert [notice.code for notice in repaired.notices] == ["N-CELL-040"]
    assert_sound(repaired, tmp_path)


def assert_sound(repaired, folder) -> None:
    """A valid coverage that reads back without overlap or gap."""
    shapes = repaired.table.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes) and shapely.is_valid(shapes).all()
    copy = saved(repaired.table, folder / "copy.gpkg")
    report = examine_cells(copy)
    assert not {"E-CELL-005", "E-CELL-006", "E-CELL-007", "E-CELL-008", "E-CELL-009"} & set(found(report))
    assert not [n for n in read_cells(copy).notices if n.code in {"N-CELL-002", "N-CELL-020", "N-CELL-021"}]


def test_a_clean_file_is_copied_to_the_last_bit(tmp_path):
    for name, table in (("m.gpkg", city()), ("d.gpkg", city().to_crs(4326))):
        repaired = repair_cells(saved(table, tmp_path / name))
        assert (repaired.table.geometry.to_wkb() == gpd.read_file(tmp_path / name).geometry.to_wkb()).all()
        assert repaired.changes.empty and [n.code for n in repaired.notices] == ["N-CELL-042"]


def test_untouched_cells_keep_their_coordinates_in_degrees(tmp_path):
    table = city(side=6, a11=square(1, 1, right=10)).to_crs(4326)
    repaired = repair_cells(saved(table, tmp_path / "c.gpkg"))
    same = repaired.table.geometry.to_wkb() == table.geometry.to_wkb()
    assert same.sum() >= 30 and set(repaired.changes["cell_id"]) == {"a21"}
    assert_sound(repaired, tmp_path)


def test_gaps_and_slivers_go_to_the_longest_border(tmp_path):
    """A gap in a21 along its whole border with a31, 100 m; with a20 and a22 only 5 m each."""
    repaired = repair_cells(saved(city(a31=square(3, 1, left=-5)), tmp_path / "c.gpkg"))
    changes = repaired.changes.set_index("cell_id")["change_m2"]
    assert changes.round(3).to_dict() == {"a21": 500.0}  # of two equal borders the smaller code
    sliver = repair_cells(saved(city(a21=square(2, 1, left=0.5)), tmp_path / "s.gpkg"))
    assert set(sliver.changes["cell_id"]) <= {"a11", "a21"}
    assert_sound(sliver, tmp_path)


def test_a_hole_is_filled_and_a_missing_cell_is_not(tmp_path):
    table = city(a11=square(1, 1).difference(box(WEST + 120, SOUTH + 120, WEST + 150, SOUTH + 150)))
    repaired = repair_cells(saved(table, tmp_path / "c.gpkg"))
    assert repaired.changes["change_m2"].round(3).tolist() == [900.0]
    missing = repair_cells(saved(city(5).query("cell_id not in ['a11', 'a12']"), tmp_path / "m.gpkg"))
    assert missing.changes.empty and [n.code for n in missing.notices] == ["N-CELL-041"]
    assert "20,000" in missing.notices[0].en


def test_bow_ties_keep_both_halves(tmp_path):
    tie = Polygon([(WEST + 900, SOUTH), (WEST + 1000, SOUTH + 100), (WEST + 1000, SOUTH), (WEST + 900, SOUTH + 100)])
    repaired = repair_cells(saved(city(a33=tie), tmp_path / "c.parquet"))
    assert repaired.table.geometry.iloc[15].area == pytest.approx(5000)
    assert_sound(repaired, tmp_path)


def test_what_cannot_be_repaired_says_so(tmp_path):
    table = city()
    table.loc[1, "cell_id"] = "a00"
    with pytest.raises(InputError, match=r"2 rows cannot be repaired.*E-CELL-001.*rows 1, 2"):
        repair_cells(saved(table, tmp_path / "d.gpkg"))
    with pytest.raises(InputError, match=r"1 cells lie wholly under others.*a21"):
        repair_cells(saved(city(a21=square(1, 1)), tmp_path / "u.gpkg"))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.3, 3.0, 20.0]))
def test_any_mess_becomes_a_coverage(seed, reach):
    """Squares whose corners are moved one by one, each cell on its own: overlaps, gaps, slivers, T-junctions."""
    rng = np.random.default_rng(seed)
    shapes = np.array([square(c, r) for r in range(4) for c in range(4)], dtype=object)
    moved = []
    for shape in shapes:
        corners = shapely.get_coordinates(shape)[:-1] + rng.uniform(-reach, reach, (4, 2))
        moved.append(Polygon(corners))
    moved = np.array(moved, dtype=object)
    rank = rng.permutation(16)
    closed = close_coverage(moved, rank, 1.0, 10_000.0)
    assert shapely.is_valid(closed).all() and shapely.coverage_is_valid(closed)
    whole = shapely.union_all(closed)
    assert not len([1 for ring in holes_of(np.array([whole])) if ring.area > 0.01])
    union = shapely.union_all(moved)
    assert whole.area >= union.area - 5.0 and whole.area == pytest.approx(shapely.area(closed).sum(), rel=1e-9)
    settled = shapely.area(close_coverage(closed, rank, 1.0, 10_000.0))
    np.testing.assert_allclose(settled, shapely.area(closed), atol=25)  # hairlines under 5 cm may close once more


# -- coverage --------------------------------------------------------------------------------------------------------


def test_corners_are_snapped_and_chains_left_alone():
    one, two = box(0, 0, 1, 1), box(1.03, 0, 2, 1)
    snapped = snap_corners(np.array([one, two], dtype=object), 0.05)
    assert not mismatched(snapped).any() and snapped[0].equals_exact(one, 0)
    chain = Polygon([(x / 25, 0) for x in range(26)] + [(1, 1), (0, 1)])
    assert snap_corners(np.array([chain], dtype=object), 0.05)[0] is chain


def test_a_union_is_the_same_by_either_way():
    shapes = np.array([square(c, r) for r in range(3) for c in range(3)], dtype=object)
    shapes[4] = square(1, 1, right=7)
    loose = mismatched(shapes)
    assert loose.any() and not loose.all()
    assert merge(shapes, loose).symmetric_difference(shapely.union_all(shapes)).area < 1e-6


def test_an_island_in_a_lake_is_no_gap():
    lake = box(0, 0, 10, 10).difference(box(2, 2, 8, 8))
    (gap,) = holes_of(np.array([MultiPolygon([lake, box(4, 4, 5, 5)])], dtype=object))
    assert gap.area == 35


# -- size ------------------------------------------------------------------------------------------------------------


def large_city(n_rows: int, n_columns: int, seed: int = 0) -> np.ndarray:
    """A coverage of irregular cells of about 100 m, four corners and twelve points along the sides."""
    rng = np.random.default_rng(seed)
    x, y = np.arange(n_columns + 1) * SIZE + WEST, np.arange(n_rows + 1) * SIZE + SOUTH
    corner = np.stack(np.meshgrid(x, y), -1) + rng.uniform(-20, 20, (n_rows + 1, n_columns + 1, 2))
    part = np.array([0.25, 0.5, 0.75])[:, None]

    def side(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        between = a[..., None, :] * (1 - part) + b[..., None, :] * part
        return between + rng.uniform(-4, 4, between.shape)

    flat, upright = side(corner[:, :-1], corner[:, 1:]), side(corner[:-1], corner[1:])
    ring = [corner[:-1, :-1, None], flat[:-1], corner[:-1, 1:, None], upright[:, 1:], corner[1:, 1:, None]]
    ring += [flat[1:, :, ::-1], corner[1:, :-1, None], upright[:, :-1, ::-1], corner[:-1, :-1, None]]
    return shapely.polygons(np.concatenate(ring, axis=2).reshape(n_rows * n_columns, -1, 2))


def test_a_city_of_63_756_cells_is_examined_in_seconds(tmp_path):
    """252 x 253 cells, 200 of them 3 m too large and 200 too small: 5 s of processor time here, 20 allowed."""
    shapes = large_city(252, 253)
    picked = np.random.default_rng(1).choice(len(shapes), 400, replace=False)
    shapes[picked[:200]] = shapely.buffer(shapes[picked[:200]], 3.0, join_style="mitre")
    shapes[picked[200:]] = shapely.buffer(shapes[picked[200:]], -3.0, join_style="mitre")
    codes = [f"{number:06d}" for number in range(len(shapes))]
    path = tmp_path / "large.parquet"
    gpd.GeoDataFrame({"cell_id": codes}, geometry=shapes, crs=32650).to_parquet(path)
    start = time.process_time()
    report = examine_cells(path)
    spent = time.process_time() - start
    assert report.counts["E-CELL-006"] > 1000 and report.counts["E-CELL-007"] > 150
    assert spent < 20
