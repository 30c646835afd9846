"""A large made-up city as two GeoPackages, as they lie on an analyst's disk: Voronoi cells and incident points.

python benchmarks/large_city.py FOLDER [--cells 63684] [--incidents 1000000]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from briefing import BLOCKS, CRS
from overlay import SIDE, city

CLASSES = (
    "市容环卫/暴露垃圾",
    "市容环卫/占道经营",
    "交通出行/违停",
    "交通出行/信号灯",
    "供水排水/停水",
    "供水排水/井盖",
)
SOURCES = ("12345热线", "网格巡查", "110接警")
DAYS = 365


def cells_of(count: int) -> gpd.GeoDataFrame:
    """The finest cells with the codes of their streets (40 × 40) and districts (6 × 6) before their own."""
    shapes = city(count)
    at = shapely.get_coordinates(shapely.centroid(shapes)) / SIDE
    district, street = (np.minimum((at * blocks).astype(int), blocks - 1) for blocks in BLOCKS)
    codes = [
        f"5101{dx:01d}{dy:01d}{sx:02d}{sy:02d}{number:06d}"
        for number, ((dx, dy), (sx, sy)) in enumerate(zip(district, street, strict=True))
    ]
    columns = {"网格编码": codes, "网格名称": [f"第{n}网格" for n in range(count)]}
    parents = {"街道": [f"{a}街道" for a in (c[:10] for c in codes)], "街道编码": [c[:10] for c in codes]}
    return gpd.GeoDataFrame(columns | parents, geometry=list(shapes), crs=CRS)


def incidents_of(cells: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    """Points near the centres of few of the cells, over a year of days, busier by day than by night."""
    rng = np.random.default_rng(1)
    own = (len(cells) * rng.beta(0.5, 3.0, count)).astype(int)
    centres = shapely.get_coordinates(shapely.centroid(cells.geometry.to_numpy()))[own]
    places = centres + rng.normal(0, 20, (count, 2))
    hours = np.clip(rng.normal(13, 4.5, count), 0, 23.99)
    times = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, DAYS, count) * 24 + hours, unit="h")
    columns = {
        "工单编号": np.char.add("D", np.arange(count).astype(str)),
        "受理时间": times.floor("s").strftime("%Y-%m-%d %H:%M:%S"),
        "诉求大类": np.array([name.split("/")[0] for name in CLASSES])[rng.integers(0, len(CLASSES), count)],
        "来源": np.array(SOURCES)[rng.integers(0, len(SOURCES), count)],
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(places), crs=CRS)


def write_city(folder: Path, cells: int, incidents: int) -> tuple[Path, Path]:
    """Write cells.gpkg and incidents.gpkg into *folder* unless they are there; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "cells.gpkg", folder / "incidents.gpkg"
    if not all(path.exists() for path in paths):
        units = cells_of(cells)
        units.to_file(paths[0], layer="cells", engine="pyogrio", VERSION="1.2")
        incidents_of(units, incidents).to_file(paths[1], layer="incidents", engine="pyogrio", VERSION="1.2")
    return paths


def main() -> None:
    """Write the city."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=63_684)
    parser.add_argument("--incidents", type=int, default=1_000_000)
    asked = parser.parse_args()
    for path in write_city(asked.folder, asked.cells, asked.incidents):
        print(path, f"{path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
