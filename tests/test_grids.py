"""Units: read from what cities export, with hierarchy, codes, roles and neighbours intact; or made."""

from __future__ import annotations

import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import full_name, make_cells, read_cells
from gridbeacon.layers.grids.neighbours import lift, queen
from gridbeacon.layers.overlay import assign_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

EAST, NORTH, STEP = 113.0, 30.0, 0.01


def lattice(n_rows=4, n_columns=4) -> list[Polygon]:
    """Squares of 0.01 degrees, row by row from the south west."""
    return [
        box(EAST + c * STEP, NORTH + r * STEP, EAST + (c + 1) * STEP, NORTH + (r + 1) * STEP)
        for r in range(n_rows)
        for c in range(n_columns)
    ]


def four_by_four(**columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=lattice(), crs=4326)


def chinese_city() -> gpd.GeoDataFrame:
    """Two districts of two streets of two communities of two cells."""
    number = np.arange(16)
    codes = [f"99010{1 + i // 8}00{1 + i // 4 % 2}00{1 + i // 2 % 2}00{1 + i % 2}" for i in number]
    return four_by_four(
        网格编码=codes,
        网格名称=[f"0{1 + i % 2}网格" for i in number],
        社区=[f"{'甲乙'[i // 2 % 2]}社区" for i in number],
        街道=[f"{'东西'[i // 4 % 2]}街道" for i in number],
        区=[f"{'南北'[i // 8]}区" for i in number],
        人口=number * 10,
        责任单位=["城管"] * 16,
    )


def saved(table: gpd.GeoDataFrame, path) -> str:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path, **({"layer": "cells"} if path.suffix == ".gpkg" else {}))
    return str(path)


def levels_of(cells) -> dict[int, int]:
    return cells.table["unit_level"].value_counts().sort_index().to_dict()


@pytest.mark.parametrize("name", ["cells.gpkg", "cells.geojson", "cells.fgb", "cells.parquet"])
def test_every_format_gives_the_same_city(tmp_path, name):
    cells = read_cells(saved(chinese_city(), tmp_path / name))
    table = cells.table
    assert levels_of(cells) == {0: 1, 1: 2, 2: 4, 3: 8, 4: 16}
    assert cells.level_names == {0: "全市", 1: "区", 2: "街道", 3: "社区", 4: "网格"}
    assert cells.crs.to_epsg() == 32649 and any("UTM zone 49N" in notice.en for notice in cells.notices)
    assert table["cell_id"].is_unique and (table["role"] == "territorial").all()
    assert full_name(table).iloc[-1] == "西街道·乙社区·02网格"
    assert table.loc[table["unit_level"] == 0, "population"].tolist() == [1200]
    assert table.geometry.is_valid.all()


def test_zipped_layers_are_read_directly(tmp_path):
    plain = tmp_path / "cells.geojson"
    saved(chinese_city(), plain)
    packed = tmp_path / "cells.geojson.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "inside/cells.geojson")
    pd.testing.assert_frame_equal(
        read_cells(packed).table.drop(columns="geometry"), read_cells(plain).table.drop(columns="geometry")
    )


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_a_shapefile_without_cpg_keeps_its_chinese(tmp_path, encoding):
    table = four_by_four(cell_id=[f"c{i:02d}" for i in range(16)], name=[f"{i}号网格" for i in range(16)])
    table.to_file(tmp_path / "cells.shp", encoding=encoding)
    (tmp_path / "cells.cpg").unlink()
    assert read_cells(tmp_path / "cells.shp").table["name"].iloc[3] == "2号网格"
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("cells.*"):
            archive.write(part, part.name)
    assert read_cells(packed).table["name"].iloc[3] == "2号网格"


def test_units_of_one_name_under_different_parents_are_different_units(tmp_path):
    """甲社区 lies in four streets, 东街道 in two districts."""
    table = read_cells(saved(chinese_city(), tmp_path / "c.gpkg")).table
    communities = table[table["unit_level"] == 3]
    assert communities["name"].value_counts().to_dict() == {"甲社区": 4, "乙社区": 4}
    assert communities["cell_id"].is_unique
    assert set(communities["parent"]) == set(table.loc[table["unit_level"] == 2, "cell_id"])


def test_codes_and_names_pair_up(tmp_path):
    city = chinese_city()
    city["街道编码"] = city["网格编码"].str[:9]
    table = read_cells(saved(city.drop(columns=["社区", "区"]), tmp_path / "c.gpkg")).table
    streets = table[table["unit_level"] == 1]
    assert streets["cell_id"].tolist() == ["990101001", "990101002", "990102001", "990102002"]
    assert streets["name"].tolist() == ["东街道", "西街道"] * 2


def test_prefixes_of_15_digit_codes_make_the_levels(tmp_path):
    cells = read_cells(saved(chinese_city()[["网格编码", "geometry"]], tmp_path / "c.gpkg"))
    assert levels_of(cells) == {0: 1, 1: 2, 2: 4, 3: 8, 4: 16}
    assert any("6+3+3" in notice.en for notice in cells.notices)
    names = full_name(cells.table)
    assert names.iloc[-1] == "街道 990102002·社区 990102002002·网格 990102002002002"  # never a bare code
    assert cells.table["parent"].iloc[-1] == "990102002002"


def test_parents_named_by_the_user_in_any_order(tmp_path):
    city = chinese_city().rename(columns={"街道": "片", "社区": "组"})
    city["组"] = city["网格编码"].str[:12]
    city["片"] = city["网格编码"].str[:9]
    path = saved(city, tmp_path / "c.gpkg")
    one = read_cells(path, columns={"cell_parent": "组,片"})
    two = read_cells(path, columns={"cell_parent": "片，组"})
    assert levels_of(one) == {0: 1, 1: 4, 2: 8, 3: 16} == levels_of(two)
    assert one.level_names[1] == "level 1"


def test_parents_that_do_not_nest(tmp_path):
    """Codes found by name are told and left out; columns the user named stop the run."""
    city = four_by_four(
        cell_id=[f"c{i:02d}" for i in range(16)], 区编码=["a", "b"] * 8, 街道编码=list("ppqqrrsspqrstttt")
    )
    path = saved(city, tmp_path / "c.gpkg")
    cells = read_cells(path)
    assert levels_of(cells) == {0: 1, 1: 2, 2: 16}
    assert any("街道编码 does not nest" in notice.en for notice in cells.notices)
    with pytest.raises(InputError, match=r"unit 'p' lies in more than one unit of column 区编码.*nest"):
        read_cells(path, columns={"cell_parent": "街道编码,区编码"})


def test_a_file_of_all_levels_linked_by_parent_codes(tmp_path):
    """What our own results.gpkg holds reads back as the same city."""
    cells = read_cells(saved(chinese_city(), tmp_path / "c.gpkg"))
    own = cells.table.drop(columns=["valid_from", "valid_to"])
    again = read_cells(saved(own, tmp_path / "own.gpkg"))
    columns = ["cell_id", "name", "unit_level", "parent", "role", "population", "responsible"]
    pd.testing.assert_frame_equal(again.table[columns], own[columns], check_dtype=False)
    assert (again.contiguity != cells.contiguity).nnz == 0
    without_city = saved(own[own["unit_level"] > 0], tmp_path / "own2.gpkg")
    assert levels_of(read_cells(without_city)) == levels_of(cells)


def test_parents_in_a_circle_are_refused(tmp_path):
    ids = [f"c{i:02d}" for i in range(16)]
    city = four_by_four(cell_id=ids, parent=["", "c02", "c03", "c01", *ids[:12]])
    with pytest.raises(InputError, match="circle"):
        read_cells(saved(city, tmp_path / "c.gpkg"))


def test_cells_without_a_parent_code_hang_higher_and_are_told(tmp_path):
    city = chinese_city()
    city["街道编码"], city["区编码"] = city["网格编码"].str[:9], city["网格编码"].str[:6]
    city = city.drop(columns=["社区", "街道", "区"])
    city.loc[0, "街道编码"] = None
    cells = read_cells(saved(city, tmp_path / "c.gpkg"))
    table = cells.table.set_index("cell_id")
    assert table.loc["990101001001001", "parent"] == "990101" and table.loc["990101001001001", "unit_level"] == 3
    assert any("1 cells lack a parent" in notice.en for notice in cells.notices)
    assert table.loc["990101"].geometry.area == pytest.approx(table.loc["CITY"].geometry.area / 2, rel=1e-3)
    assert len(cells.leaves()) == 16


def test_numeric_codes_stay_whole(tmp_path):
    city = four_by_four(cell_id=np.arange(16) + 110101001001001, town_id=np.arange(16) // 4 + 1)
    cells = read_cells(saved(city, tmp_path / "c.gpkg"))
    assert cells.table["cell_id"].iloc[-1] == "110101001001016" and "1" in set(cells.table["cell_id"])


def test_codes_with_lost_digits_are_refused(tmp_path):
    city = four_by_four(cell_id=[1.1010100100100101e17 + i * 64 for i in range(16)])
    with pytest.raises(InputError, match=r"lost digits.*Export the column as text"):
        read_cells(saved(city, tmp_path / "c.parquet"))
    city = four_by_four(cell_id=[i + 0.5 for i in range(16)])
    with pytest.raises(InputError, match="lost digits"):
        read_cells(saved(city, tmp_path / "d.parquet"))
    city = four_by_four(cell_id=[float(i + 1) for i in range(16)])
    assert read_cells(saved(city, tmp_path / "e.parquet")).table["cell_id"].iloc[1] == "1"


@settings(max_examples=25)
@given(st.lists(st.text("0123456789AB-", min_size=1, max_size=25), min_size=16, max_size=16, unique=True))
def test_any_code_comes_through_unharmed(tmp_path_factory, codes):
    path = tmp_path_factory.mktemp("codes") / "c.parquet"
    cells = read_cells(saved(four_by_four(网格编码=codes), path))
    assert set(codes) <= set(cells.table["cell_id"])


def test_levels_that_share_codes_are_kept_apart(tmp_path):
    city = four_by_four(id=np.arange(1, 17), district_id=np.arange(16) // 8 + 1)
    table = read_cells(saved(city, tmp_path / "c.gpkg")).table
    assert table["cell_id"].is_unique and {"district_id:1", "district_id:2", "1", "2"} < set(table["cell_id"])


def test_sectoral_cells_stand_beside_the_territorial_ones(tmp_path):
    city = chinese_city()
    river = gpd.GeoDataFrame(
        {"网格编码": ["990190900000001"], "网格名称": ["霁江"], "角色": ["专属"]},
        geometry=[box(EAST - 0.01, NORTH + 0.015, EAST + 0.05, NORTH + 0.025)],
        crs=4326,
    )
    cells = read_cells(saved(pd.concat([city.assign(角色="属地"), river]), tmp_path / "c.gpkg"))
    last = cells.table.iloc[-1]
    assert (last["role"], last["parent"], last["unit_level"], last["name"]) == ("sectoral", "", 4, "霁江")
    assert cells.roles == ("territorial", "sectoral")
    assert cells.contiguity[len(cells.table) - 1].nnz == 0  # neighbours within one role only
    assert not any("overlap" in notice.en for notice in cells.notices)
    assert cells.as_cells().parent[-1] == -1
    point = gpd.GeoDataFrame(geometry=[Point(EAST + 0.005, NORTH + 0.016)], crs=4326)
    assert (assign_cells(point, cells) >= 0).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (four_by_four(cell_id=["x"] * 16), r"15 cells repeat the code.*rows 1, 2"),
        (four_by_four(cell_id=["", *"abcdefghijklmno"]), r"1 cells have no code.*rows 1"),
        (four_by_four(colour=["x"] * 16), r"no column holds the code.*--cell-id.*colour"),
        (four_by_four(cell_id=list("abcdefghijklmnop"), 角色=["属地"] * 15 + ["别的"]), r"neither 属地 nor 专属"),
    ],
)
def test_cells_that_cannot_be_used_say_why(tmp_path, table, message):
    with pytest.raises(InputError, match=message):
        read_cells(saved(table, tmp_path / "c.gpkg"))


def test_lines_points_nothing_and_no_file(tmp_path):
    for shapes, word in (([LineString([(0, 0), (1, 1)])], "LineString"), ([Point(0, 0)], "Point")):
        table = gpd.GeoDataFrame({"cell_id": ["a"]}, geometry=shapes, crs=4326)
        for name in ("c.gpkg", "c.geojson", "c.parquet"):
            with pytest.raises(InputError, match=f"hold {word}, not polygons"):
                read_cells(saved(table, tmp_path / f"{word}{name}"))
    empty = gpd.GeoDataFrame({"cell_id": ["a"]}, geometry=[None], crs=4326)
    with pytest.raises(InputError, match="hold no polygons"):
        read_cells(saved(empty, tmp_path / "n.parquet"))
    with pytest.raises(InputError, match="there is no file"):
        read_cells(tmp_path / "absent.gpkg")
    (tmp_path / "broken.gpkg").write_bytes(b"no database")
    with pytest.raises(InputError, match="the layer cannot be read"):
        read_cells(tmp_path / "broken.gpkg")
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="Parquet"):
        read_cells(tmp_path / "broken.parquet")


def test_a_missing_coordinate_system_must_be_named(tmp_path):
    city = chinese_city()
    path = tmp_path / "c.parquet"
    pd.DataFrame({"网格编码": city["网格编码"], "geometry": city.geometry.to_wkb()}).to_parquet(path)
    with pytest.raises(InputError, match=r"no coordinate system.*--cells-crs"):
        read_cells(path)
    assert levels_of(read_cells(path, crs="EPSG:4490"))[4] == 16


def test_several_polygon_layers_must_be_chosen(tmp_path):
    path = tmp_path / "c.gpkg"
    chinese_city().to_file(path, layer="fine")
    chinese_city().iloc[:4].to_file(path, layer="coarse")
    with pytest.raises(InputError, match=r"2 layers of polygons.*c.gpkg\|"):
        read_cells(path)
    assert levels_of(read_cells(f"{path}|coarse"))[0] == 1
    assert len(read_cells(f"{path}|layername=fine").leaves()) == 16
    with pytest.raises(InputError, match=r"no layer absent.*fine, coarse"):
        read_cells(f"{path}|absent")


def test_a_given_column_must_exist(tmp_path):
    path = saved(chinese_city(), tmp_path / "c.gpkg")
    with pytest.raises(InputError, match=r"no column '代号' for cell_id.*网格编码"):
        read_cells(path, columns={"cell_id": "代号"})
    with pytest.raises(InputError, match="'片区' for cell_parent"):
        read_cells(path, columns={"cell_parent": "街道,片区"})


def test_a_bow_tie_keeps_both_halves(tmp_path):
    """buffer(0) loses one half (FIELD-NOTES)."""
    tie = Polygon([(EAST, NORTH), (EAST + 0.02, NORTH + 0.02), (EAST + 0.02, NORTH), (EAST, NORTH + 0.02)])
    table = gpd.GeoDataFrame({"cell_id": ["a", "b"]}, geometry=[tie, box(114, 30, 114.01, 30.01)], crs=4326)
    cells = read_cells(saved(table, tmp_path / "c.parquet"))
    whole = box(EAST, NORTH, EAST + 0.02, NORTH + 0.02)
    full = gpd.GeoSeries([whole], crs=4326).to_crs(cells.crs).area.iloc[0]
    assert cells.table.set_index("cell_id").loc["a"].geometry.area == pytest.approx(full / 2, rel=1e-3)
    assert any("1 cells had an invalid ring" in notice.en for notice in cells.notices)


def test_overlaps_and_gaps_are_told(tmp_path):
    shapes = lattice()
    shapes[5] = box(EAST + STEP, NORTH + STEP, EAST + 1.9 * STEP, NORTH + 2 * STEP)
    shapes[10] = shapes[10].union(box(EAST + 1.9 * STEP, NORTH + 2.5 * STEP, EAST + 2 * STEP, NORTH + 2.6 * STEP))
    table = gpd.GeoDataFrame({"cell_id": [f"c{i}" for i in range(16)]}, geometry=shapes, crs=4326)
    told = [notice.en for notice in read_cells(saved(table, tmp_path / "c.parquet")).notices]
    assert any(text.startswith("1 pairs of cells overlap") for text in told)
    assert any(text.startswith("1 gaps between cells") for text in told)
    sound = read_cells(saved(four_by_four(cell_id=[f"c{i}" for i in range(16)]), tmp_path / "d.parquet"))
    assert [notice.code for notice in sound.notices] == ["N-CRS-007"]


def test_the_whole_city_is_the_union_and_centres_are_metres(tmp_path):
    cells = read_cells(saved(chinese_city(), tmp_path / "c.gpkg"))
    seen = cells.as_cells()
    for level in seen.levels():
        rows = seen.rows_at(level)
        assert seen.areas[rows].sum() == pytest.approx(seen.areas[0], rel=1e-6)
    west, south, east, north = cells.table.total_bounds
    assert (seen.centres > [west, south]).all() and (seen.centres < [east, north]).all()
    assert seen.exposure[0] == 1200 and seen.cell_id[0] == "CITY" and seen.parent[0] == -1


# -- neighbours ------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("file", "levels", "words"),
    [
        ("tainan1999/villages_cunli.parquet", {0: 1, 1: 37, 2: 752}, ["区", "村里"]),
        ("tainan1999/min_stat_area.parquet", {0: 1, 1: 37, 2: 667, 3: 6322, 4: 12774}, None),
        ("tainan1999/stat_level1.parquet", {0: 1, 1: 37, 2: 6322}, None),
        ("stlouis_2016_2019/polygons.gpkg|neighborhoods_88", {0: 1, 1: 88}, ["街区"]),
        ("boston311_2011/polygons.gpkg", {0: 1, 1: 26}, ["街区"]),
    ],
)
def test_real_files_are_read_without_a_hint(shared_data, file, levels, words):
    """Golden: the numbers of units in ../shared/data/README.md; 37 districts is what Tainan has."""
    cells = read_cells(f"{shared_data}/{file}")
    assert levels_of(cells) == levels
    assert words is None or [cells.level_names[level] for level in range(1, len(words) + 1)] == words
    seen = cells.as_cells()
    assert (seen.lineage[:, 0] == 0).all() and np.isfinite(seen.centres).all() and (seen.areas > 0).all()


# -- made cells ------------------------------------------------------------------------------------------------------


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


def test_text_from_the_data_stays_text(tmp_path):
    """A code that looks like a formula, a path or markup is only ever a code."""
    odd = [
        "=1+1",
        "../x",
        "<b>",
        "{{7*191}}",
        "a'b",
        'c"d',
        "NA",
        "null",
        "1e5",
        "007",
        "-",
        "全部",
        "CITYx",
        "é",
        " x ",
        "0",
    ]
    path = tmp_path / "c.geojson"
    features = [
        {"type": "Feature", "properties": {"cell_id": code}, "geometry": json.loads(shapely.to_geojson(shape))}
        for code, shape in zip(odd, lattice(), strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert {code.strip() for code in odd} <= set(read_cells(path).table["cell_id"])
