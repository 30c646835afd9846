"""What the window sees of a file before the engine has looked: names of columns, areas or points, layers."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile

import pytest
from gridbeacon.plugin.header import HEAD, Look, look

NAMES = ("工单编号", "受理时间", "诉求大类")
AREA = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def table(delimiter=",", encoding="utf-8"):
    return (delimiter.join(NAMES) + "\r\n" + delimiter.join(["1", "2026-01-01", "供水"]) + "\r\n").encode(encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_columns_of_a_table(tmp_path, delimiter, encoding):
    path = tmp_path / "三月 工单.csv"
    path.write_bytes(table(delimiter, encoding) * 9000)
    assert path.stat().st_size > HEAD
    assert look(str(path)) == Look(NAMES)


def test_a_quoted_name_holds_a_comma(tmp_path):
    (tmp_path / "a.csv").write_text('"名称,全称",时间\n1,2\n', encoding="utf-8")
    assert look(str(tmp_path / "a.csv")).fields == ("名称,全称", "时间")


def test_packed_tables(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(table()))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("说明.docx", b"x")
        archive.writestr("内/工单.CSV", table(encoding="gb18030"))
    assert look(str(tmp_path / "a.csv.gz")).fields == look(str(tmp_path / "b.zip")).fields == NAMES


def collection(shape, properties):
    feature = {"type": "Feature", "properties": properties, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature] * 3}, ensure_ascii=False)


def test_areas_are_told_from_points(tmp_path):
    (tmp_path / "cells.geojson").write_text(collection(AREA, {"网格编码": "1"}), encoding="utf-8")
    point = {"type": "Point", "coordinates": [0, 0]}
    (tmp_path / "calls.json").write_text(collection(point, {"时间": "2026"}), encoding="utf-8")
    ring = [[i / 1000, 0] for i in range(40_000)]
    (tmp_path / "huge.geojson").write_text(collection({"type": "MultiPolygon", "coordinates": [[ring]]}, {}))
    assert look(str(tmp_path / "cells.geojson")) == Look(("网格编码",), areas=True)
    assert look(str(tmp_path / "calls.json")) == Look(("时间",))
    assert look(str(tmp_path / "huge.geojson")) == Look((), areas=True)


def test_the_layers_of_a_geopackage(tmp_path):
    path = tmp_path / "张三 #1.gpkg"
    connection = sqlite3.connect(path)
    connection.executescript(
        """CREATE TABLE gpkg_contents (table_name, data_type);
        CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name);
        CREATE TABLE calls (fid INTEGER, geom BLOB, "时间" TEXT);
        CREATE TABLE grid (fid INTEGER, shape BLOB, "编码" TEXT);
        INSERT INTO gpkg_contents VALUES ('calls', 'features'), ('grid', 'features'), ('styles', 'other');
        INSERT INTO gpkg_geometry_columns VALUES ('calls', 'geom', 'POINT'), ('grid', 'shape', 'MULTIPOLYGON');"""
    )
    connection.close()
    before = path.read_bytes()
    layers = (("calls", False), ("grid", True))
    assert look(str(path)) == Look(("fid", "时间"), False, layers)
    assert look(f"{path}|grid") == Look(("fid", "编码"), True, layers)
    assert look(f"{path}|no such") == Look()
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name], "only looked at"


HOSTILE = {
    "a.csv": b"\xff\xfe\x00",
    "b.csv": b"",
    "c.zip": b"PK no zip",
    "d.gpkg": b"SQLite format 3\0 but no more",
    "e.geojson": b'{"type": "FeatureCollection", "features": []}',
    "f.geojson": b'{"features": [' + b'{"a":' * 3000,
    "g.gz": b"\x1f\x8b broken",
    "h.xlsx": b"PK\x03\x04",
    "i.csv": b'"never closed' * 30_000,
    "j.shp": b"short",
    "k.geojson": b'{"features": [{"properties": [1, 2], "geometry": 7}]}',
    "l.geojson": b'{"features": [null]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_shows_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(HOSTILE[name])
    found = look(str(tmp_path / name))
    assert not found.areas and (not found.fields or name in ("a.csv", "i.csv"))


def test_a_file_that_is_not_there_shows_nothing(tmp_path):
    assert look(str(tmp_path / "gone.csv")) == look(str(tmp_path)) == Look()


def test_a_bomb_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" + b"0" * 300_000_000)
    assert look(str(tmp_path / "bomb.zip")).fields == ("a", "b")
