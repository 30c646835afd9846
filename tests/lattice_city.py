"""Sixteen squares, and a city of them: two districts of two streets of two communities of two cells."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from shapely.geometry import Polygon, box

EAST, NORTH, STEP = 113.0, 30.0, 0.01


def lattice(n_rows=4, n_columns=4) -> list[Polygon]:
    """Squares of 0.01 degrees, row by row from the south west."""
    return [
        box(EAST + c * STEP, NORTH + r * STEP, EAST + (c + 1) * STEP, NORTH + (r + 1) * STEP)
        for r in range(n_rows)
        for c in range(n_columns)
    ]


def four_by_four(**columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=lattice(), crs=4326)


def chinese_city() -> gpd.GeoDataFrame:
    """Two districts of two streets of two communities of two cells."""
    number = np.arange(16)
    codes = [f"99010{1 + i // 8}00{1 + i // 4 % 2}00{1 + i // 2 % 2}00{1 + i % 2}" for i in number]
    return four_by_four(
        网格编码=codes,
        网格名称=[f"0{1 + i % 2}网格" for i in number],
        社区=[f"{'甲乙'[i // 2 % 2]}社区" for i in number],
        街道=[f"{'东西'[i // 4 % 2]}街道" for i in number],
        区=[f"{'南北'[i // 8]}区" for i in number],
        人口=number * 10,
        责任单位=["城管"] * 16,
    )


def saved(table: gpd.GeoDataFrame, path) -> str:
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path, **({"layer": "cells"} if path.suffix == ".gpkg" else {}))
    return str(path)


def levels_of(cells) -> dict[int, int]:
    return cells.table["unit_level"].value_counts().sort_index().to_dict()
