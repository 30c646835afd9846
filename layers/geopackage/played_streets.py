"""Streets by the day: the polygons a map plays, small enough to repeat for every day."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd


def played_on(days: pd.DataFrame, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """*days* with the polygon of each unit of *cells*."""
    units = cells.set_index("cell_id")
    rows = units.index.get_indexer(days["cell_id"].astype(str))
    shapes = np.where(rows >= 0, units.geometry.to_numpy()[rows], None) if len(units) else None
    return gpd.GeoDataFrame(days, geometry=shapes, crs=cells.crs)
