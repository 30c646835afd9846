"""A run of four levels as a results.gpkg of a few units, written by OGR: texts as hostile as data can be."""

from __future__ import annotations

from pathlib import Path

from osgeo import ogr, osr

HOSTILE = """<img src=x onerror=alert(1)>&amp;"quoted"'s [% 1 + 1 %] 供水"""
SIDE = 100.0
ORIGIN = (500_000.0, 3_300_000.0)
"""Lower left corner in EPSG:32649."""
WHOLE, REAL, TIME = ogr.OFTInteger, ogr.OFTReal, ogr.OFTDateTime
KINDS = {"unit_level": WHOLE, "risk": REAL, "incidents": WHOLE, "expected": REAL, "rank": WHOLE, "within_budget": WHOLE}
"""What is no text; windows are moments, but text in `stories`."""
COLUMNS = {
    "cells": "cell_id name unit_level parent role responsible",
    "risk": "cell_id name unit_level category status risk role incidents expected window_start window_end",
    "hotspots": "cell_id name unit_level category status role incidents pattern hotspot_class window_start window_end",
    "early_warnings": "warning_id rank level cell_id cell_name category reason reason_en state phase within_budget"
    " window_start window_end",
    "stories": "cell_id first_day days hours weekdays classes window_start window_end",
}
WINDOW = {"window_start": "2025/12/04 00:00:00", "window_end": "2026/01/01 00:00:00"}


def write_run(folder: Path, across: int = 10) -> Path:
    """Write the tables into *folder*: a city of *across* × *across* cells, streets of 5 × 5, one sectoral unit."""
    folder.mkdir(parents=True, exist_ok=True)
    place = osr.SpatialReference()
    place.ImportFromEPSG(32649)
    file = ogr.GetDriverByName("GPKG").CreateDataSource(str(folder / "results.gpkg"), ["VERSION=1.2"])
    for table, columns in COLUMNS.items():
        kind = ogr.wkbNone if table == "stories" else ogr.wkbMultiPolygon
        layer = file.CreateLayer(table, place, kind, ["GEOMETRY_NAME=geom"])
        moments = {} if kind == ogr.wkbNone else {"window_start": TIME, "window_end": TIME}
        for name in columns.split():
            layer.CreateField(ogr.FieldDefn(name, {**KINDS, **moments}.get(name, ogr.OFTString)))
        layer.StartTransaction()
        for values, box in rows_of(table, across):
            _add(layer, values, box)
        layer.CommitTransaction()
    for table in ("cells", "stories"):
        file.ExecuteSQL(f"CREATE INDEX by_cell_{table} ON {table} (cell_id)")
    return folder


def rows_of(table: str, across: int):
    """(values, square or None) of every row of a table; squares are left, lower edge and side, in cells."""
    if table == "cells":
        yield {"cell_id": "CITY", "name": "全市", "unit_level": 0, "role": "territorial"}, (0, 0, across)
        for x in range(0, across, 5):
            for y in range(0, across, 5):
                name = f"S{x}-{y}"
                values = {"cell_id": name, "name": f"{name}街道", "unit_level": 2, "parent": "CITY"}
                yield {**values, "role": "territorial"}, (x, y, 5)
        for x in range(across):
            for y in range(across):
                values = {"cell_id": f"{x}-{y}", "name": f"{x}-{y}格", "unit_level": 4, "role": "territorial"}
                yield {**values, "parent": f"S{x // 5 * 5}-{y // 5 * 5}", "responsible": HOSTILE}, (x, y, 1)
        yield {"cell_id": "PORT", "name": HOSTILE, "unit_level": 4, "role": "sectoral"}, (0, 0, 2)
    elif table == "stories":
        first = {"first_day": "2025-10-01", "hours": " ".join(["1"] * 24), "weekdays": "1 2 3 4 5 6 7"}
        last = {"window_start": "2025-12-04T00:00:00", "window_end": "2026-01-01T00:00:00"}
        yield {"cell_id": "CITY", **first, **last, "days": "0:3 91:5", "classes": '{"供水": 5}'}, None
        yield (
            {"cell_id": "3-3", **first, **last, "first_day": "2025-12-31", "days": "0:5", "classes": '{"<b>": 5}'},
            None,
        )
    else:
        told = {"cell_id": "3-3", "name": HOSTILE, "cell_name": HOSTILE, "category": HOSTILE, **WINDOW}
        told |= {"status": "ok", "risk": 0.96, "incidents": 5, "expected": 0.3, "hotspot_class": "hot 99"}
        told |= {
            "pattern": "new_hot",
            "warning_id": "w1",
            "rank": 1,
            "level": "red",
            "state": "待研判",
            "phase": "open",
        }
        told |= {"reason": HOSTILE, "reason_en": HOSTILE, "within_budget": 1, "unit_level": 4}
        yield {name: value for name, value in told.items() if name in COLUMNS[table].split()}, (3, 3, 1)


def _add(layer: ogr.Layer, values: dict, box: tuple[int, int, int] | None) -> None:
    feature = ogr.Feature(layer.GetLayerDefn())
    for name, value in values.items():
        feature.SetField(name, value)
    if box is not None:
        left, low, side = (number * SIDE for number in box)
        left, low = left + ORIGIN[0], low + ORIGIN[1]
        corners = f"{left} {low}, {left + side} {low}, {left + side} {low + side}, {left} {low + side}, {left} {low}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"MULTIPOLYGON((({corners})))"))
    layer.CreateFeature(feature)
