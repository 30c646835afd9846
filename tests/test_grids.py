"""Units read from what cities export: formats, shapes that are mended or told, and what cannot be used."""

from __future__ import annotations

import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers.grids import full_name, read_cells
from lattice_city import EAST, NORTH, STEP, chinese_city, four_by_four, lattice, levels_of, saved
from shapely.geometry import LineString, Point, Polygon, box


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
