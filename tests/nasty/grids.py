"""Cells: damaged rings, repeated codes, no coordinate system, no polygons at all."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from . import TEXT, Handed, nasty, put

STEP = 0.01


def squares() -> list[object]:
    return [
        box(113.5 + STEP * c, 22.5 + STEP * r, 113.5 + STEP * (c + 1), 22.5 + STEP * (r + 1))
        for r in (0, 1)
        for c in (0, 1)
    ]


def frame_of(shapes: list[object], ids: list[object], crs: int | None = 4326, **more: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"cell_id": ids, **more}, geometry=shapes, crs=crs)


def write_cells(path: Path, shapes: list[object], ids: list[object], crs: int | None = 4326, **more: object) -> Path:
    """Cells as a GeoPackage, or whatever the ending says."""
    frame = frame_of(shapes, ids, crs, **more)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path)
    return path


def handed(folder: Path, shapes: list[object], ids: list[object] | None = None, name: str = "c.gpkg", **more: object):
    names = ids or [f"44010500100312{n:04d}" for n in range(len(shapes))]
    return Handed([put(folder, "a.csv", TEXT)], write_cells(folder / name, shapes, names, **more))


@nasty("read", rows_in=8, rows_used=8)
def cells_plain(folder: Path):
    return handed(folder, squares())


@nasty("read", rows_in=8, rows_used=8)
def cells_bow_tie(folder: Path):
    bow = Polygon([(113.5, 22.5), (113.51, 22.51), (113.51, 22.5), (113.5, 22.51)])
    return handed(folder, [bow, *squares()[1:]])


@nasty("refused", "repeat")
def cells_with_one_code_twice(folder: Path):
    return handed(folder, squares(), ["1", "2", "2", "3"])


@nasty("refused", "the cells name no coordinate system")
def cells_without_a_system(folder: Path):
    return handed(folder, squares(), crs=None)


@nasty("refused", "lies in a cell")
def cells_in_degrees_said_to_be_metres(folder: Path):
    return handed(folder, squares(), crs=4547)


@nasty("read", rows_in=8, rows_used=8)
def cells_overlapping(folder: Path):
    return handed(folder, [*squares(), box(113.505, 22.5, 113.515, 22.51)])


@nasty("read", rows_in=8, rows_used=2, rows_outside=6)
def cells_with_gaps_and_holes(folder: Path):
    ring = squares()[0].difference(box(113.503, 22.503, 113.507, 22.507))
    return handed(folder, [ring, *squares()[2:]])


@nasty("read", rows_in=8, rows_used=8)
def cells_missing_and_empty(folder: Path):
    return handed(folder, [None, Polygon(), *squares()])


@nasty("refused", "no area")
def cells_not_finite(folder: Path):
    return handed(folder, [Polygon([(113.5, 22.5), (np.nan, 22.6), (113.6, 22.5)]), *squares()])


@nasty("refused", "no area")
def cells_without_area(folder: Path):
    return handed(folder, [Polygon([(113.5, 22.5), (113.51, 22.5), (113.52, 22.5)]), *squares()])


@nasty("refused", "the cells hold LineString, not polygons")
def cells_are_lines(folder: Path):
    return handed(folder, [LineString([(113.5, 22.5), (113.6, 22.6)])] * 3)


@nasty("refused", "the cells hold Point, not polygons")
def cells_are_points(folder: Path):
    return handed(folder, [Point(113.5, 22.5)] * 3)


@nasty("refused", "hold LineString")
def cells_and_a_line_among_them(folder: Path):
    return handed(folder, [*squares(), LineString([(113.5, 22.5), (113.6, 22.6)])], name="c.gpkg")


@nasty("read", rows_in=8, rows_used=8)
def cells_multipart(folder: Path):
    one, two, three, four = squares()
    return handed(folder, [MultiPolygon([one, four]), MultiPolygon([two, three])])


@nasty("read", rows_in=8, rows_used=4, rows_outside=4)
def cells_only_one(folder: Path):
    return handed(folder, squares()[:1])


@nasty("refused", "lies in a cell")
def cells_elsewhere(folder: Path):
    return handed(folder, [shapely.affinity.translate(s, 3, 3) for s in squares()])


@nasty("refused", "a code is stored as a number with lost digits")
def cells_with_codes_as_floats(folder: Path):
    return handed(folder, squares(), [440105001003120001.0 + 64 * n for n in range(4)])


@nasty("refused", "cells have no code")
def cells_with_blank_codes(folder: Path):
    return handed(folder, squares(), ["1", "", "3", "4"])


@nasty("read", rows_in=8, rows_used=8)
def cells_with_payloads_as_codes(folder: Path):
    return handed(
        folder, squares(), ["{{7*191}}", "' OR '1'='1", "=1+1", "<b>"], cell_name=["a/b", "../x", "O'Brien", "网格"]
    )


@nasty("refused", "not in the file")
def cells_whose_parent_is_themselves(folder: Path):
    return handed(folder, squares(), ["1", "2", "3", "4"], parent=["2", "1", "3", "9"])


@nasty("refused", "no cell is territorial")
def cells_all_sectoral(folder: Path):
    return handed(folder, squares(), role=["sectoral"] * 4)


@nasty("refused", "the cells hold no polygons")
def cells_are_a_table(folder: Path):
    return Handed([put(folder, "a.csv", TEXT)], put(folder, "c.csv", TEXT))


@nasty("refused", "the cells hold no polygons")
def cells_are_empty(folder: Path):
    return Handed([put(folder, "a.csv", TEXT)], put(folder, "c.geojson", '{"type":"FeatureCollection","features":[]}'))


@nasty("refused", "there is no file nowhere.gpkg")
def cells_are_not_there(folder: Path):
    return Handed([put(folder, "a.csv", TEXT)], folder / "nowhere.gpkg")


@nasty("refused", "outside their coordinate system")
def cells_around_the_world(folder: Path):
    return handed(folder, [box(-180, -90, 180, 90)])
