"""Polygon files of any format -> one table of valid polygons."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from ...errors import InputError, Notice
from ..coordinates import read_crs
from .rules import told

_INSIDE_ZIP = (".gpkg", ".shp", ".fgb", ".geojson", ".json", ".gml", ".kml", ".parquet")
_POLYGONS = (3, 6)


def read_polygons(
    path: str | Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """The polygons of a file with all their columns, made valid, in the file's coordinate system.

    *path* may be `file|layer`. *crs* is used where the file names none. Rows keep the file's order (index 0..n-1).
    Raises InputError when the file cannot be read, holds no polygons, or names no coordinate system.
    """
    table, where = read_as_drawn(path, layer=layer, crs=crs)
    return _valid_only(table, where)


def read_as_drawn(
    path: str | Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, str]:
    """The rows of a file of polygons as they are, rows without a shape and invalid rings too; and where they are from.

    Raises InputError as `read_polygons` does.
    """
    file, layer = _split(path, layer)
    table = _read(file, layer)
    where = file.name + (f", layer {layer}" if layer else "")
    if table.crs is None:
        if crs is None:
            raise InputError("the cells name no coordinate system", where=where, fix="Name it with --crs EPSG:4326.")
        table = table.set_crs(read_crs(crs, where=where))
    if table.geometry.name != "geometry":
        table = table.rename_geometry("geometry")
    shapes = shapely.force_2d(table.geometry.to_numpy())
    empty = _without_shape(shapes)
    other = ~empty & ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
    if other.any() or empty.all():
        kinds = sorted({shape.geom_type for shape in shapes[other]})
        raise InputError(
            f"the cells hold {', '.join(kinds)}, not polygons" if kinds else "the cells hold no polygons",
            where=where,
            fix="Give the layer of the cells' areas, not of their borders or centres.",
        )
    return table.reset_index(drop=True).set_geometry(gpd.GeoSeries(shapes, crs=table.crs)), where


def _without_shape(shapes: np.ndarray) -> np.ndarray:
    return shapely.is_missing(shapes) | shapely.is_empty(shapes)


def _split(path: str | Path, layer: str | None) -> tuple[Path, str | None]:
    file = Path(path)
    if not file.exists() and "|" in str(path):
        head, _, tail = str(path).partition("|")
        file, layer = Path(head), tail.removeprefix("layername=") or layer
    if not file.exists():
        raise InputError(f"there is no file {file.name}", where="cells", fix="Check the name and the folder.")
    return file, layer


def _read(file: Path, layer: str | None) -> gpd.GeoDataFrame:
    if file.suffix.lower() in {".parquet", ".geoparquet", ".pq"}:
        return _read_parquet(file)
    source = _source(file)
    try:
        chosen = layer or _polygon_layer(source, file.name)
        return _read_vector(source, chosen)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, shapely.errors.GEOSException) as error:
        raise InputError(
            "the cells cannot be read as a vector layer",
            where=file.name + (f", layer {layer}" if layer else ""),
            fix="Save them as GeoPackage or GeoJSON; of a file with several layers name one as FILE|LAYER.",
        ) from error


def _read_vector(source: str, layer: str) -> gpd.GeoDataFrame:
    """Shapefiles without a .cpg say nothing of their encoding: strict UTF-8 first, then GB18030."""
    encodings = ["UTF-8", "GB18030"] if source.lower().endswith(".shp") and not _has_cpg(source) else [None]
    for encoding in encodings:
        try:
            table = pyogrio.read_dataframe(source, layer=layer, encoding=encoding)
        except UnicodeDecodeError:
            if encoding == encodings[-1]:
                raise
            continue
        break
    if "geometry" not in table.columns:
        table = gpd.GeoDataFrame(table, geometry=np.full(len(table), None))
    return table


def _has_cpg(source: str) -> bool:
    return any(Path(source).with_suffix(ending).exists() for ending in (".cpg", ".CPG"))


def _source(file: Path) -> str:
    """What GDAL opens: the file, or the one layer file inside a .zip or .gz."""
    whole = file.resolve().as_posix()
    if file.suffix.lower() == ".gz":
        return f"/vsigzip/{whole}"
    if file.suffix.lower() != ".zip":
        return whole
    if not zipfile.is_zipfile(file):
        raise InputError("the file is not a zip archive", where=file.name, fix="Zip it again, or give it unzipped.")
    with zipfile.ZipFile(file) as archive:
        inside = [name for name in archive.namelist() if name.lower().endswith(_INSIDE_ZIP)]
    inside = [name for name in inside if not name.startswith("__MACOSX")]
    if len(inside) != 1:
        raise InputError(
            f"the archive holds {len(inside)} layer files, not one",
            where=file.name,
            fix="Put exactly one GeoPackage, GeoJSON, Shapefile or FlatGeobuf inside.",
        )
    return f"/vsizip/{whole}/{inside[0]}"


def _polygon_layer(source: str, name: str) -> str:
    layers = pyogrio.list_layers(source)
    wanted = [str(layer) for layer, kind in layers if kind is None or "Polygon" in str(kind)]
    wanted = wanted or [str(layer) for layer, kind in layers if str(kind) in {"Unknown", "Geometry Collection"}]
    named = [layer for layer in wanted if layer == "cells"]
    if len(wanted) == 1 or named:
        return (named or wanted)[0]
    if not wanted:
        kinds = ", ".join(sorted({str(kind) for _, kind in layers if kind is not None})) or "no shapes"
        raise InputError(f"the cells hold {kinds}, not polygons", where=name, fix="Give the file of the cells' areas.")
    raise InputError(
        f"the file holds {len(wanted)} polygon layers: {', '.join(wanted)}",
        where=name,
        fix=f"Name one as {name}|{wanted[0]}.",
    )


def _read_parquet(file: Path) -> gpd.GeoDataFrame:
    """GeoParquet, or plain Parquet with a column of WKB or WKT."""
    try:
        if b"geo" in (pyarrow.parquet.read_schema(file).metadata or {}):
            return gpd.read_parquet(file)
        table = pd.read_parquet(file)
    except (ValueError, OSError) as error:
        raise InputError("the cells are not readable Parquet", where=file.name, fix="Export them again.") from error
    known = [name for name in ("geometry", "geom", "wkb", "wkb_geometry", "wkt") if name in table.columns]
    if not known:
        raise InputError("the file holds no geometry column", where=file.name, fix="Export it as GeoParquet.")
    try:
        values = table[known[0]].to_numpy(dtype=object)
        text = any(isinstance(value, str) for value in values)
        shapes = shapely.from_wkt(values) if text else shapely.from_wkb(values)
    except (shapely.errors.ShapelyError, TypeError) as error:
        raise InputError(
            f"column {known[0]} is neither WKB nor WKT", where=file.name, fix="Export the file as GeoParquet."
        ) from error
    return gpd.GeoDataFrame(table.drop(columns=known[0]), geometry=shapes)


def _valid_only(table: gpd.GeoDataFrame, where: str) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    empty = _without_shape(table.geometry.to_numpy())
    notices = [told("N-CELL-001", n=int(empty.sum()))] if empty.any() else []
    table = table[~empty].reset_index(drop=True)
    shapes, repaired = make_valid(table.geometry.to_numpy())
    if repaired.any():
        notices.append(told("N-CELL-002", n=int(repaired.sum())))
    gone = shapely.is_empty(shapes)
    if gone.any():
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(gone)[:5])
        raise InputError(f"{int(gone.sum())} cells have no area", where=f"{where}, rows {rows}", fix="Redraw them.")
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs)), notices


def make_valid(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valid polygons and which of them had to be repaired; no part of an area is lost (unlike with buffer(0))."""
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes = shapes.copy()
    shapes[broken] = [_areas(shape) for shape in shapely.make_valid(shapes[broken])]
    return shapes, broken


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) in _POLYGONS]
    return shapely.union_all(parts) if parts else shapely.Polygon()
