"""Streets by the day: the polygons a map plays, small enough to be repeated for every day."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

MOST_BYTES = 4_000_000
"""Of all polygons together; streets with more corners are drawn with fewer, borders in common staying in common."""

_METRES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
_CORNER_BYTES = 16


def played_on(days: pd.DataFrame, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """*days* with the polygon of each unit of *cells*, of as many corners as `MOST_BYTES` allows."""
    units = cells.loc[cells["cell_id"].isin(days["cell_id"].unique()), ["cell_id", "geometry"]]
    row = pd.Index(units["cell_id"]).get_indexer(days["cell_id"])
    shapes = _thinned(shapely.force_2d(units.geometry.to_numpy()), np.bincount(row, minlength=len(units)))
    return gpd.GeoDataFrame(days, geometry=shapes[row], crs=cells.crs)


def _thinned(shapes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """*shapes*, each written so many *times*, simplified as a coverage until all together are small enough."""
    found = shapes
    for metres in _METRES:
        if (shapely.get_num_coordinates(found) * times).sum() * _CORNER_BYTES <= MOST_BYTES:
            break
        found = shapely.coverage_simplify(shapes, metres)
    return found
