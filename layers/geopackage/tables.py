"""The layers of `results.gpkg`, written with exact types, geometry and styles."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from .. import grouped
from . import house_styles
from .contract import FLAG, FURTHER, LAYERS, REAL, TEXT, TIME
from .played_streets import played_on
from .qgis_styles import emerging_of, style_of

_GEOMETRY = "geom"
_EARLIEST = pd.Timestamp("2000-01-01")
_TITLES = {
    "risk": "风险",
    "hotspots": "热点",
    "early_warnings": "风险提示",
    "cells": "网格与各级单元",
    "excluded": "未按原位计入的点",
    "days": "街道逐日件数",
    "stories": "各单元的来龙去脉",
}
_LOOKED_UP = {
    "risk": "category, unit_level",
    "hotspots": "category, unit_level",
    "cells": "cell_id",
    "stories": "cell_id",
}
"""Layer -> what is asked for by value: a click on a map, or another class, must not read a whole table."""

EMERGING = "emerging"
"""Name of the second style of `hotspots`: how they came about."""


def write_results(
    path: str | Path,
    *,
    cells: gpd.GeoDataFrame,
    risk: pd.DataFrame,
    hotspots: pd.DataFrame,
    early_warnings: pd.DataFrame,
    level_names: Mapping[int, str] | None = None,
    kin: pd.DataFrame | None = None,
    further: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Write the layers `risk`, `hotspots`, `early_warnings` and `cells`, a default style for each, and of hot spots a
    second one, `emerging`.

    *kin*, everything the warnings stand for, becomes the layer `grouped`, without geometry; None writes none. *further*
    holds tables of `FURTHER`, for the house alone: `excluded` with points, `days` of units in *cells*, `stories`.

    Every row has the polygon of its `cell_id`; codes are text. GeoPackage 1.2, which older QGIS reads without a
    warning. *level_names* (unit_level -> 街道 …) names levels in legends. Equal input gives equal bytes.

    Raises ValueError if a table names a unit twice in *cells* (`cell_id` must be unique).
    """
    named = {int(level): name for level, name in (level_names or {}).items()}
    cells = cells.assign(level_name=cells["unit_level"].map(named).where(cells["role"] == "territorial", ""))
    tables = _with_geometry(cells, risk, hotspots, early_warnings)
    territorial = cells.loc[cells["role"] == "territorial"]
    sizes = territorial.groupby("unit_level")["geometry"].agg(lambda shapes: float(np.sqrt(shapes.area.mean())))
    names = {int(level): named.get(int(level), f"第{level}级单元") for level in sizes.index}
    levels = {int(level): (names[int(level)], float(size)) for level, size in sizes.items()}
    styles = [(layer, _TITLES[layer], style_of(layer, table, levels)) for layer, table in tables.items()]
    styles.append(("hotspots", EMERGING, emerging_of(tables["hotspots"], levels)))
    more = _further(further or {}, cells)
    makers = {"excluded": house_styles.excluded, "days": house_styles.days}
    styles += [(layer, _TITLES[layer], make(more[layer])) for layer, make in makers.items() if layer in more]
    Path(path).unlink(missing_ok=True)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _stamp(risk, early_warnings)})
    try:
        for layer, table in {**tables, **more}.items():
            _write_layer(path, layer, table)
        if kin is not None:
            grouped.write_layer(path, kin)
        _write_styles(path, styles)
        _index(path, {layer: columns for layer, columns in _LOOKED_UP.items() if layer in {**tables, **more}})
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _with_geometry(
    cells: gpd.GeoDataFrame, risk: pd.DataFrame, hotspots: pd.DataFrame, early_warnings: pd.DataFrame
) -> dict[str, gpd.GeoDataFrame]:
    if cells["cell_id"].duplicated().any():
        raise ValueError("cell_id must be unique in the cells")
    early_warnings = early_warnings.assign(slot=early_warnings.groupby("cell_id").cumcount())
    tables = {"risk": risk, "hotspots": hotspots, "early_warnings": early_warnings}
    units = cells.set_index("cell_id")
    placed = {}
    for layer, table in tables.items():
        known = [name for name in ("role", "name", "unit_level") if name in LAYERS[layer] and name not in table.columns]
        code = table["cell_id"].astype(str)
        found = {name: units[name].reindex(code).to_numpy() for name in (*known, "geometry")}
        placed[layer] = gpd.GeoDataFrame(table.assign(**found), geometry="geometry", crs=cells.crs)
    placed["cells"] = cells
    return {layer: _typed(table, LAYERS[layer]) for layer, table in placed.items()}


def _further(tables: Mapping[str, pd.DataFrame], cells: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """*tables* in exact types, in the order of `FURTHER`; `days` with the polygons of their units."""
    found: dict[str, pd.DataFrame] = {}
    for layer, columns in FURTHER.items():
        table = tables.get(layer)
        if table is None:
            continue
        if layer == "days":
            table = played_on(table, cells)
        if isinstance(table, gpd.GeoDataFrame):
            found[layer] = _typed(table, columns)
        else:
            found[layer] = pd.DataFrame({name: _column(table, name, kind) for name, kind in columns.items()})
    return found


def _typed(table: gpd.GeoDataFrame, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """*table* with exactly typed columns, also where it is empty: those of the API first, others behind."""
    others = [name for name in table.columns if name not in columns and name != table.geometry.name]
    typed = {name: _column(table, name, kind) for name, kind in columns.items()}
    typed |= {str(name): table[name].to_numpy() for name in others}
    shapes = shapely.force_2d(table.geometry.to_numpy())
    return gpd.GeoDataFrame(typed, geometry=shapes, crs=table.crs).rename_geometry(_GEOMETRY)


def _column(table: pd.DataFrame, name: str, kind: str) -> pd.api.extensions.ExtensionArray | np.ndarray:
    values = table[name] if name in table.columns else pd.Series([None] * len(table), index=table.index, dtype=object)
    if kind == TEXT:
        return np.array(["" if pd.isna(value) else str(value) for value in values], dtype=object)
    if kind == REAL:
        real = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isinf(real), np.nan, real)
    if kind == TIME:
        return pd.to_datetime(values).dt.tz_localize(None).dt.as_unit("ms").to_numpy()
    if kind == FLAG:
        return values.astype("boolean").fillna(True).to_numpy(dtype=bool)
    return pd.to_numeric(values).astype("Int64").array


def _stamp(risk: pd.DataFrame, early_warnings: pd.DataFrame) -> str:
    """The date written as 'last changed': the end of the data shown, never the clock."""
    ends = [pd.to_datetime(table["window_end"]).max() for table in (risk, early_warnings) if len(table)]
    latest = max((end for end in ends if not pd.isna(end)), default=_EARLIEST)
    return f"{latest:%Y-%m-%dT%H:%M:%S}.000Z"


def _write_layer(path: str | Path, layer: str, table: pd.DataFrame) -> None:
    shapes: dict[str, Any] = {}
    options = {"IDENTIFIER": layer, "DESCRIPTION": _TITLES[layer]}
    if isinstance(table, gpd.GeoDataFrame):
        points = layer == "excluded"
        shapes = {"geometry_type": "Point" if points else "MultiPolygon", "promote_to_multi": not points}
        options["GEOMETRY_NAME"] = _GEOMETRY
    pyogrio.write_dataframe(
        table,
        path,
        layer=layer,
        driver="GPKG",
        append=False,
        dataset_options={"VERSION": "1.2"},
        layer_options=options,
        **shapes,
    )


def _index(path: str | Path, layers: Mapping[str, str]) -> None:
    """Index the columns of *layers*; all of these are names of ours."""
    with closing(sqlite3.connect(path)) as book:
        for layer, columns in layers.items():
            book.execute(f"CREATE INDEX {layer}_by ON {layer} ({columns})")
        book.commit()


def _write_styles(path: str | Path, styles: Sequence[tuple[str, str, str]]) -> None:
    """The table `layer_styles` as QGIS makes it, of (layer, name, style); the first of a layer is its default."""
    layers = [layer for layer, _, _ in styles]
    table = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": layers,
            "f_geometry_column": _GEOMETRY,
            "styleName": [name for _, name, _ in styles],
            "styleQML": [text for _, _, text in styles],
            "styleSLD": "",
            "useAsDefault": [layer not in layers[:place] for place, layer in enumerate(layers)],
            "description": [_TITLES[layer] for layer in layers],
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(_EARLIEST),
        }
    )
    pyogrio.write_dataframe(table, path, layer="layer_styles", driver="GPKG", dataset_options={"VERSION": "1.2"})
