"""Layers of points, and tables with types: missing places, other shapes, no coordinate system, mixed time zones."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from . import NAME, PHONE, Handed, nasty, put

N = 8


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_id": [f"A{n}" for n in range(N)],
            "received_at": pd.to_datetime([f"2026-01-0{n + 1} 08:03" for n in range(N)]),
            "category": ["供水"] * N,
            "caller_phone": [PHONE] * N,
            "caller_name": [NAME] * N,
        }
    )


def points() -> list[shapely.Point]:
    return [shapely.Point(113.502 + 0.002 * n, 22.505) for n in range(N)]


def layer(shapes: list[object] | None = None, crs: int | None = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table(), geometry=shapes or points(), crs=crs)


def saved(folder: Path, frame: gpd.GeoDataFrame, name: str, **options: object) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, folder / name, **options)
    return folder / name


def features(*shapes: object, **properties: object) -> str:
    times = [f"2026-01-0{n + 1}T08:03:00" for n in range(len(shapes))]
    made = [
        {"type": "Feature", "geometry": s, "properties": {"received_at": t, "category": "供水", **properties}}
        for s, t in zip(shapes, times, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}, ensure_ascii=False)


def at(x: object, y: object) -> dict[str, object]:
    return {"type": "Point", "coordinates": [x, y]}


@nasty("read", rows_in=8, rows_used=8)
def geopackage(folder: Path):
    return saved(folder, layer(), "a.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def geopackage_in_metres(folder: Path):
    return saved(folder, layer().to_crs(4547), "a.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def geopackage_without_a_system(folder: Path):
    return saved(folder, layer(crs=None), "a.gpkg")


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def geopackage_missing_and_empty_points(folder: Path):
    return saved(folder, layer([None, shapely.Point(), shapely.Point(np.nan, np.nan), *points()[3:]]), "a.gpkg")


@nasty("refused", "layers")
def geopackage_of_two_layers(folder: Path):
    saved(folder, layer(), "a.gpkg", layer="one")
    return saved(folder, layer(), "a.gpkg", layer="two", append=True)


@nasty("read", rows_in=8, rows_used=8)
def geopackage_layer_named_like_sql(folder: Path):
    return Handed([f"{saved(folder, layer(), 'a.gpkg', layer='x; DROP TABLE y')}|x; DROP TABLE y"])


@nasty("refused", "no layer")
def geopackage_layer_that_is_not_there(folder: Path):
    return Handed([f"{saved(folder, layer(), 'a.gpkg')}|nowhere"])


@nasty("refused", "no columns are known to hold coordinates")
def geopackage_without_geometry(folder: Path):
    return saved(folder, table(), "a.gpkg")


@nasty("refused", "the layer cannot be read")
def geopackage_cut_short(folder: Path):
    whole = saved(folder, layer(), "b.gpkg").read_bytes()
    return put(folder, "a.gpkg", whole[: len(whole) // 3])


@nasty("refused", "points")
def lines_instead_of_points(folder: Path):
    return saved(folder, layer([shapely.LineString([(p.x, p.y), (p.x + 0.001, p.y)]) for p in points()]), "a.gpkg")


@nasty("refused", "points")
def polygons_instead_of_points(folder: Path):
    return saved(folder, layer([p.buffer(0.001) for p in points()]), "a.gpkg")


@nasty("read", rows_in=8, rows_used=6, rows_quarantined=2)
def some_lines_among_points(folder: Path):
    line = shapely.LineString([(113.5, 22.5), (113.51, 22.51)])
    return saved(folder, layer([line, shapely.MultiPoint([(113.5, 22.5), (113.51, 22.5)]), *points()[2:]]), "a.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def multipoints_of_one(folder: Path):
    return saved(folder, layer([shapely.MultiPoint([p]) for p in points()]), "a.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def points_with_height(folder: Path):
    return saved(folder, layer([shapely.Point(p.x, p.y, 12.5) for p in points()]), "a.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def flatgeobuf(folder: Path):
    return saved(folder, layer(), "a.fgb")


@nasty("read", rows_in=8, rows_used=8)
def shapefile_in_gbk(folder: Path):
    frame = (
        layer().assign(received_at="2026-01-05 08:03").rename(columns={"received_at": "受理时间", "category": "大类"})
    )
    return saved(folder, frame, "a.shp", encoding="GBK")


@nasty("refused", "cannot be read")
def shapefile_alone(folder: Path):
    path = saved(folder, layer().assign(received_at="2026-01-05 08:03"), "a.shp")
    for ending in (".shx", ".dbf", ".prj", ".cpg"):
        path.with_suffix(ending).unlink(missing_ok=True)
    return path


@nasty("read", rows_in=8, rows_used=8)
def shapefile_without_a_system(folder: Path):
    path = saved(folder, layer().drop(columns="received_at").assign(opened_at="2026-01-05 08:03"), "a.shp")
    path.with_suffix(".prj").unlink()
    return path


@nasty("refused", "hold the time")
def shapefile_whose_names_were_cut(folder: Path):
    """Ten letters are all a .dbf has: `received_a` is suggested, not taken."""
    return saved(folder, layer().assign(received_at="2026-01-05 08:03"), "a.shp")


@nasty("read", rows_in=8, rows_used=8)
def google_earth(folder: Path):
    marks = "".join(
        f"<Placemark><name>A{n}</name><ExtendedData><Data name='category'><value>供水</value></Data><Data name="
        f"'received_at'><value>2026-01-0{n + 1} 08:03</value></Data></ExtendedData><Point><coordinates>{p.x},{p.y}"
        "</coordinates></Point></Placemark>"
        for n, p in enumerate(points())
    )
    head = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    return put(folder, "a.kml", f"{head}{marks}</Document></kml>")


@nasty("read", rows_in=3, rows_used=3)
def geojson(folder: Path):
    return put(folder, "a.geojson", features(*(at(p.x, p.y) for p in points()[:3])))


@nasty("read", rows_in=3, rows_used=3)
def geojson_with_a_mark(folder: Path):
    return put(folder, "a.geojson", features(*(at(p.x, p.y) for p in points()[:3])), "utf-8-sig")


@nasty("read", rows_in=4, rows_used=1, rows_quarantined=3)
def geojson_odd_points(folder: Path):
    empty = {"type": "Point", "coordinates": []}
    return put(folder, "a.geojson", features(at(113.502, 22.505), None, empty, at(0, 0)))


@nasty("read", rows_in=3, rows_used=1, rows_quarantined=2)
def geojson_nan(folder: Path):
    return put(folder, "a.geojson", features(at(113.502, 22.505), at(float("nan"), 1), at(float("inf"), 2)))


@nasty("read", rows_in=2, rows_used=1, rows_quarantined=1)
def geojson_words_as_numbers(folder: Path):
    return put(folder, "a.geojson", features(at("113.502", "22.505"), at(113.502, 22.505)))


@nasty("read", rows_in=2, rows_used=2)
def geojson_nested_properties(folder: Path):
    spots = [at(113.502, 22.505), at(113.504, 22.505)]
    return put(folder, "a.geojson", features(*spots, extra={"a": [1, {"b": None}]}, case_id=None))


@nasty("read", rows_in=2, rows_used=2)
def geojson_code_as_a_long_number(folder: Path):
    made = features(at(113.502, 22.505), at(113.504, 22.505), case_id=440105001003120001)
    return put(folder, "a.geojson", made)


@nasty("refused", "have lost digits")
def geojson_code_of_25_digits_as_a_number(folder: Path):
    made = features(at(113.502, 22.505), at(113.504, 22.505), case_id=4401050010031200000000101)
    return put(folder, "a.geojson", made)


@nasty("refused", "no column is known to hold the time")
def geojson_no_features(folder: Path):
    return put(folder, "a.geojson", features())


def parquet(folder: Path, frame: pd.DataFrame | pa.Table, name: str = "a.parquet") -> Path:
    whole = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(whole, folder / name)
    return folder / name


def placed() -> pd.DataFrame:
    return table().assign(lon=[p.x for p in points()], lat=22.505)


@nasty("read", rows_in=8, rows_used=8)
def parquet_plain(folder: Path):
    return parquet(folder, placed())


@nasty("refused", "coordinates")
def parquet_without_coordinates(folder: Path):
    return parquet(folder, table())


@nasty("read", rows_in=8, rows_used=8)
def geoparquet(folder: Path):
    layer().to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


@nasty("read", rows_in=8, rows_used=8)
def parquet_times_with_zone(folder: Path):
    return parquet(folder, placed().assign(received_at=table()["received_at"].dt.tz_localize("UTC")))


@nasty("read", rows_in=16, rows_used=16)
def parquet_one_with_and_one_without_zone(folder: Path):
    aware = placed().assign(
        received_at=table()["received_at"].dt.tz_localize("America/New_York"), case_id=[*"abcdefgh"]
    )
    return [parquet(folder, placed()), parquet(folder, aware, "b.parquet")]


@nasty("read", rows_in=8, rows_used=7, rows_quarantined=1)
def parquet_codes_as_floats(folder: Path):
    return parquet(folder, placed().assign(case_id=[440105001003120001.0, *map(float, range(7))]))


@nasty("read", rows_in=8, rows_used=8)
def parquet_codes_as_whole_numbers(folder: Path):
    return parquet(folder, placed().assign(case_id=np.arange(8) + 440105001003120001))


@nasty("read", rows_in=8, rows_used=5, rows_quarantined=3)
def parquet_nulls_everywhere(folder: Path):
    frame = placed().astype({"category": object})
    frame.loc[0, "lon"], frame.loc[1, "received_at"], frame.loc[2, "lat"] = np.nan, pd.NaT, np.inf
    frame.loc[3, "category"] = None
    return parquet(folder, frame)


@nasty("read", rows_in=8, rows_used=8)
def parquet_dictionary_and_decimal(folder: Path):
    whole = pa.Table.from_pandas(placed(), preserve_index=False)
    whole = whole.set_column(2, "category", pa.array(["供水"] * 8).dictionary_encode())
    return parquet(folder, whole.set_column(5, "lon", whole["lon"].cast(pa.decimal128(12, 6), safe=False)))


@nasty("refused", "no column is known to hold the time")
def parquet_lists_as_times(folder: Path):
    whole = pa.Table.from_pandas(placed().drop(columns="received_at"), preserve_index=False)
    return parquet(folder, whole.append_column("received_at", pa.array([[1, 2]] * 8)))


@nasty("refused", "the Parquet file is damaged")
def parquet_cut_short(folder: Path):
    return put(folder, "b.parquet", parquet(folder, placed()).read_bytes()[:-40])


@nasty("refused", "there are no rows")
def parquet_without_rows(folder: Path):
    return parquet(folder, placed().iloc[:0])


@nasty("refused", "have no coordinates")
def parquet_with_false_geometry(folder: Path):
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    whole = pa.Table.from_pandas(table(), preserve_index=False).append_column("geometry", pa.array([b"\x01\xff"] * 8))
    return parquet(folder, whole.replace_schema_metadata({b"geo": json.dumps(geo).encode()}))
