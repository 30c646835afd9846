"""Files of cells are read in a process of its own: what crashes, swells or hangs there is one clear error, soon."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import struct
import time
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from gridbeacon.errors import InputError
from gridbeacon.layers import sandbox
from gridbeacon.layers.grids import examine_cells, read_cells, read_polygons, repair_cells
from gridbeacon.layers.incidents import read_incidents
from refused_in_a_child import assert_refused_soon_and_small
from shapely.geometry import LineString, box

posix = pytest.mark.skipif(os.name != "posix", reason="limits of memory are POSIX's")


def cells(n: int = 4) -> gpd.GeoDataFrame:
    shapes = [box(113 + 0.01 * i, 22, 113.01 + 0.01 * i, 22.01) for i in range(n)]
    codes = [f"44010500100312{i:04d}" for i in range(n)]
    return gpd.GeoDataFrame({"网格编码": codes, "人口": range(n)}, geometry=shapes, crs=4326)


def saved(table: gpd.GeoDataFrame, path, **more):
    table.to_parquet(path, **more) if path.suffix == ".parquet" else table.to_file(path, **more)
    return path


# -- crashes, bombs, hangs -------------------------------------------------------------------------------------------


def deep_json(path):
    path.write_bytes(b'{"type":"FeatureCollection","features":' + b"[" * 2_000_000)


def swelling_gpkg(path):
    """A view that makes a hundred million cells out of one."""
    saved(cells(1), path, layer="cells")
    with sqlite3.connect(path) as db:
        (ddl,) = db.execute("select group_concat(name) from pragma_table_info('cells')").fetchone()
        db.execute("alter table cells rename to one")
        many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000)"
        picked = ", ".join("n.i as fid" if name == "fid" else f'one."{name}"' for name in ddl.split(","))
        db.execute(f"create view cells as {many} select {picked} from n, one")


def bomb_in_a_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.geojson", b" " * (1 << 28))


def bomb_in_gzip(path):
    path.write_bytes(gzip.compress(b" " * (1 << 28)))


def swelling_parquet(path):
    """One polygon, said a hundred million times in a few kilobytes."""
    one = pa.array([shapely.to_wkb(box(0, 0, 1, 1))] * 1_000_000).dictionary_encode()
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    table = pa.table({"geometry": one}).replace_schema_metadata({b"geo": json.dumps(geo).encode()})
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(60):
            writer.write_table(table)


BOMBS = {
    "deep.geojson": deep_json,
    "swelling.gpkg": swelling_gpkg,
    "packed.zip": bomb_in_a_zip,
    "packed.geojson.gz": bomb_in_gzip,
    "swelling.parquet": swelling_parquet,
}


@posix
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_cells_is_one_clear_error_soon_and_small(tmp_path, name):
    BOMBS[name](tmp_path / name)
    assert (tmp_path / name).stat().st_size < 3 << 20
    assert_refused_soon_and_small("cells", tmp_path / name)


READERS = (read_cells, read_polygons, examine_cells, repair_cells)


@posix
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize(
    ("trouble", "said"),
    [("import os; os.abort()", "crashes or exhausts"), ("import time; time.sleep(60)", "takes too long")],
    ids=["crash", "hang"],
)
def test_a_parser_that_crashes_or_hangs_is_one_clear_error(tmp_path, monkeypatch, reader, trouble, said):
    """GDAL itself, replaced in the child by one that aborts or sleeps: whoever reads cells is told the same."""
    (tmp_path / "pyogrio.py").write_text(
        "class errors:\n    DataSourceError = DataLayerError = FeatureError = KeyError\n"
        f"def list_layers(place):\n    {trouble}\n",
        encoding="utf-8",
    )
    path = saved(cells(), tmp_path / "cells.gpkg")
    sandbox._forget_server()
    monkeypatch.setattr(sandbox, "limits_for", lambda size: sandbox.Limits(seconds=1.0))
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        start = time.monotonic()
        with pytest.raises(InputError, match=said) as caught:
            reader(path)
        assert time.monotonic() - start < 20
    sandbox._forget_server()
    assert caught.value.where == "cells.gpkg" and caught.value.fix
    assert len(read_polygons(path)[0]) == 4  # the next file is read


# -- nothing is lost on the way --------------------------------------------------------------------------------------


def test_codes_and_days_come_through_as_they_were(tmp_path):
    """Whole numbers beside a blank keep every digit, days stay days, and the repaired copy has the file's columns."""
    table = cells().assign(生效日期=["2025-07-01"] * 4)
    table["上级"] = pd.array([123456789012345678, None, 1, 2], dtype="Int64")
    table["生效日期"] = table["生效日期"].astype("datetime64[ms]")
    for name in ("c.gpkg", "c.fgb", "c.parquet", "c.geojson"):
        more = {"SPATIAL_INDEX": "NO"} if name == "c.fgb" else {}  # else it sorts the rows
        read, _ = read_polygons(saved(table, tmp_path / name, **more))
        assert read["上级"].tolist()[0] == 123456789012345678, name
        assert read["网格编码"].tolist() == table["网格编码"].tolist()
        assert str(read["生效日期"].dtype).startswith("datetime64"), name
        assert shapely.equals_exact(read.geometry.to_numpy(), table.geometry.to_numpy(), 1e-9).all()


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
def test_both_ways_geoparquet_writes_shapes(tmp_path, encoding):
    table = cells()
    path = saved(table, tmp_path / "c.parquet", geometry_encoding=encoding, schema_version="1.1.0")
    read, _ = read_polygons(path)
    assert shapely.equals_exact(read.geometry.to_numpy(), table.geometry.to_numpy()).all() and read.crs == table.crs
    several = table.dissolve([0, 1, 0, 1]).reset_index(drop=True)
    read, _ = read_polygons(saved(several, tmp_path / "m.parquet", geometry_encoding=encoding, schema_version="1.1.0"))
    assert shapely.equals(read.geometry.to_numpy(), several.geometry.to_numpy()).all()


def test_points_nested_in_geoparquet_are_incidents(tmp_path):
    points = gpd.GeoDataFrame(
        {"受理时间": ["2026-01-05 08:00", "2026-01-05 09:00"]},
        geometry=shapely.points([[113.5, 22.5], [113.6, 22.6]]),
        crs=4326,
    )
    points.to_parquet(tmp_path / "p.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")
    read = read_incidents([tmp_path / "p.parquet"]).incidents
    assert read.geometry.x.tolist() == [113.5, 113.6]


def test_a_shape_that_cannot_be_built_is_one_clear_error(tmp_path):
    """A ring of two corners is refused by the geometry engine: found by mutating valid files."""
    two = struct.pack("<BIIIdddd", 1, 3, 1, 2, 0, 0, 1, 1)
    whole = {"网格编码": ["a"], "geometry": [two]}
    pq.write_table(pa.table(whole), tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"a shape of the cells is damaged \(c.parquet\)"):
        read_cells(tmp_path / "c.parquet", crs="EPSG:4326")


def test_curves_are_no_polygons(tmp_path):
    """A circle by three points, as CAD programs write it."""
    path = saved(cells(1), tmp_path / "c.gpkg", layer="cells")
    ring = [(113.0, 22.0), (113.01, 22.01), (113.02, 22.0), (113.01, 21.99), (113.0, 22.0)]
    curve = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5) + np.array(ring, "<f8").tobytes()
    with sqlite3.connect(path) as db:
        (name, blob) = db.execute("select column_name, geom from cells, gpkg_geometry_columns").fetchone()
        for trigger in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f'drop trigger "{trigger[0]}"')
        db.execute(f'update cells set "{name}" = ?', (blob[:40] + curve,))
        db.execute("update gpkg_geometry_columns set geometry_type_name = 'CURVEPOLYGON'")
    with pytest.raises(InputError, match=r"curves, not polygons"):
        read_cells(path)


def test_what_else_is_wrong_with_a_file_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("one.gpkg", "two.gpkg"):
            archive.write(saved(cells(), tmp_path / name), name)
    with pytest.raises(InputError, match="holds 2 layer files, not one"):
        read_cells(tmp_path / "two.zip")
    lines = gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (1, 1)])], crs=4326)
    lines.to_file(tmp_path / "l.gpkg", layer="roads")
    lines.to_file(tmp_path / "l.gpkg", layer="rivers")
    with pytest.raises(InputError, match=r"2 layers, none of polygons.*roads, rivers"):
        read_cells(tmp_path / "l.gpkg")
    (tmp_path / "t.csv").write_text("cell_id,name\n1,a\n", encoding="utf-8")
    with pytest.raises(InputError, match="the cells hold no polygons"):
        read_cells(tmp_path / "t.csv")
