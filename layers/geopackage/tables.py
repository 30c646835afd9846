"""The layers of `results.gpkg`: names, column types, geometry. Names are API; columns may be appended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from .. import grouped
from .qgis_styles import style_of

_TEXT, _WHOLE, _REAL, _FLAG, _TIME = "text", "whole", "real", "flag", "time"

LAYERS: dict[str, dict[str, str]] = {
    "risk": {
        "cell_id": _TEXT,
        "name": _TEXT,
        "unit_level": _WHOLE,
        "category": _TEXT,
        "window_start": _TIME,
        "window_end": _TIME,
        "incidents": _WHOLE,
        "expected": _REAL,
        "risk": _REAL,
        "warning_level": _TEXT,
        "status": _TEXT,
        "role": _TEXT,
    },
    "hotspots": {
        "cell_id": _TEXT,
        "category": _TEXT,
        "window_start": _TIME,
        "window_end": _TIME,
        "incidents": _WHOLE,
        "gi_star": _REAL,
        "p_value": _REAL,
        "q_value": _REAL,
        "hotspot_class": _TEXT,
        "status": _TEXT,
        "unit_level": _WHOLE,
        "name": _TEXT,
        "role": _TEXT,
    },
    "early_warnings": {
        "warning_id": _TEXT,
        "rank": _WHOLE,
        "level": _TEXT,
        "within_budget": _FLAG,
        "cell_id": _TEXT,
        "cell_name": _TEXT,
        "unit_level": _WHOLE,
        "role": _TEXT,
        "category": _TEXT,
        "window_start": _TIME,
        "window_end": _TIME,
        "observed": _WHOLE,
        "expected": _REAL,
        "ratio": _REAL,
        "excess": _REAL,
        "recurrence_days": _REAL,
        "risk": _REAL,
        "models": _TEXT,
        "sources": _TEXT,
        "source_count": _WHOLE,
        "reason": _TEXT,
        "reason_en": _TEXT,
        "responsible": _TEXT,
        "incidents": _WHOLE,
        "closed": _TEXT,
        "closed_count": _WHOLE,
        "places": _TEXT,
        "place_ids": _TEXT,
        "first_seen": _TIME,
        "times_seen": _WHOLE,
        "change": _TEXT,
        "phase": _TEXT,
        "state": _TEXT,
        "caveats": _TEXT,
        "x": _REAL,
        "y": _REAL,
        "slot": _WHOLE,
        "caveats_en": _TEXT,
        "stability": _TEXT,
        "merged_into": _TEXT,
    },
    "cells": {
        "cell_id": _TEXT,
        "name": _TEXT,
        "unit_level": _WHOLE,
        "parent": _TEXT,
        "role": _TEXT,
        "population": _REAL,
        "responsible": _TEXT,
        "valid_from": _TIME,
        "valid_to": _TIME,
    },
}
"""Layer -> column -> kind, in the order written. `slot` counts the more urgent warnings of the same unit."""

_GEOMETRY = "geom"
_EARLIEST = pd.Timestamp("2000-01-01")
_TITLES = {"risk": "风险", "hotspots": "热点", "early_warnings": "风险提示", "cells": "网格与各级单元"}


def write_results(
    path: str | Path,
    *,
    cells: gpd.GeoDataFrame,
    risk: pd.DataFrame,
    hotspots: pd.DataFrame,
    early_warnings: pd.DataFrame,
    level_names: Mapping[int, str] | None = None,
    kin: pd.DataFrame | None = None,
) -> None:
    """Write the layers `risk`, `hotspots`, `early_warnings` and `cells`, and a default style for each.

    *kin*, everything the warnings stand for, becomes the layer `grouped`, without geometry; None writes none.

    Every row has the polygon of its `cell_id`; codes are text. GeoPackage 1.2, which older QGIS reads without a
    warning. *level_names* (unit_level -> 街道 …) names levels in legends. Equal input gives equal bytes.

    Raises ValueError if a table names a unit twice in *cells* (`cell_id` must be unique).
    """
    tables = _with_geometry(cells, risk, hotspots, early_warnings)
    territorial = cells.loc[cells["role"] == "territorial"]
    sizes = territorial.groupby("unit_level")["geometry"].agg(lambda shapes: float(np.sqrt(shapes.area.mean())))
    names = {int(level): (level_names or {}).get(int(level), f"第{level}级单元") for level in sizes.index}
    levels = {int(level): (names[int(level)], float(size)) for level, size in sizes.items()}
    styles = [style_of(layer, table, levels) for layer, table in tables.items()]
    Path(path).unlink(missing_ok=True)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _stamp(risk, early_warnings)})
    try:
        for layer, table in tables.items():
            _write_layer(path, layer, table)
        if kin is not None:
            grouped.write_layer(path, kin)
        _write_styles(path, dict(zip(tables, styles, strict=True)))
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
        rows = units.index.get_indexer(table["cell_id"].astype(str))
        found = {"geometry": np.where(rows >= 0, units.geometry.to_numpy()[rows], None) if len(units) else None}
        for column in ("role", "name", "unit_level"):
            if column in LAYERS[layer] and column not in table.columns:
                found[column] = units[column].to_numpy()[rows]
        placed[layer] = gpd.GeoDataFrame(table.assign(**found), geometry="geometry", crs=cells.crs)
    placed["cells"] = cells
    return {layer: _typed(table, LAYERS[layer]) for layer, table in placed.items()}


def _typed(table: gpd.GeoDataFrame, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """*table* with exactly typed columns, also where it is empty: those of the API first, others behind."""
    others = [name for name in table.columns if name not in columns and name != table.geometry.name]
    typed = {name: _column(table, name, kind) for name, kind in columns.items()}
    typed |= {str(name): table[name].to_numpy() for name in others}
    shapes = shapely.force_2d(table.geometry.to_numpy())
    return gpd.GeoDataFrame(typed, geometry=shapes, crs=table.crs).rename_geometry(_GEOMETRY)


def _column(table: pd.DataFrame, name: str, kind: str) -> pd.api.extensions.ExtensionArray | np.ndarray:
    values = table[name] if name in table.columns else pd.Series([None] * len(table), index=table.index, dtype=object)
    if kind == _TEXT:
        return np.array(["" if pd.isna(value) else str(value) for value in values], dtype=object)
    if kind == _REAL:
        real = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isinf(real), np.nan, real)
    if kind == _TIME:
        return pd.to_datetime(values).dt.tz_localize(None).dt.as_unit("ms").to_numpy()
    if kind == _FLAG:
        return values.astype("boolean").fillna(True).to_numpy(dtype=bool)
    return pd.to_numeric(values).astype("Int64").array


def _stamp(risk: pd.DataFrame, early_warnings: pd.DataFrame) -> str:
    """The date written as 'last changed': the end of the data shown, never the clock."""
    ends = [pd.to_datetime(table["window_end"]).max() for table in (risk, early_warnings) if len(table)]
    latest = max((end for end in ends if not pd.isna(end)), default=_EARLIEST)
    return f"{latest:%Y-%m-%dT%H:%M:%S}.000Z"


def _write_layer(path: str | Path, layer: str, table: gpd.GeoDataFrame) -> None:
    pyogrio.write_dataframe(
        table,
        path,
        layer=layer,
        driver="GPKG",
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        append=False,
        dataset_options={"VERSION": "1.2"},
        layer_options={"GEOMETRY_NAME": _GEOMETRY, "IDENTIFIER": layer, "DESCRIPTION": _TITLES[layer]},
    )


def _write_styles(path: str | Path, styles: Mapping[str, str]) -> None:
    """The table `layer_styles` as QGIS makes it, one default style per layer."""
    names = list(styles)
    table = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": names,
            "f_geometry_column": _GEOMETRY,
            "styleName": [_TITLES[name] for name in names],
            "styleQML": [styles[name] for name in names],
            "styleSLD": "",
            "useAsDefault": True,
            "description": [_TITLES[name] for name in names],
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(_EARLIEST),
        }
    )
    pyogrio.write_dataframe(table, path, layer="layer_styles", driver="GPKG", dataset_options={"VERSION": "1.2"})
