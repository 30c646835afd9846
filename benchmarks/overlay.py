"""Points into cells: `CellIndex.find`, `assign_cells` and geopandas.sjoin in one run, the answers compared first.

    python benchmarks/overlay.py [--points 500000] [--write]

Cells are Voronoi polygons with 45 to 50 corners, as many as two real cities have. Points are uniform over the city.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gridbeacon.layers.cell_index import build_index
from gridbeacon.layers.grids.layer import CellLayer
from gridbeacon.layers.overlay import assign_cells
from scipy import sparse

SIDE = 100_000.0
CRS = 32650


def city(n_cells: int, corners: int = 45) -> np.ndarray:
    """(n,) polygons that share their borders, in one order of corners whichever side asks."""
    seeds = np.random.default_rng(0).uniform(0, SIDE, (n_cells, 2))
    frame = shapely.box(0, 0, SIDE, SIDE)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame, ordered=True))
    step = np.sqrt(SIDE * SIDE / n_cells) * 4 / corners
    return shapely.segmentize(shapely.intersection(cells, frame), step)


def layer_of(shapes: np.ndarray) -> CellLayer:
    """The same as a layer: the city and one level below it."""
    ids = ["CITY", *(f"c{n:06d}" for n in range(len(shapes)))]
    columns = {
        "cell_id": ids,
        "parent": ["", *["CITY"] * len(shapes)],
        "unit_level": [0] + [1] * len(shapes),
        "role": "territorial",
    }
    table = gpd.GeoDataFrame(columns, geometry=[shapely.box(0, 0, SIDE, SIDE), *shapes], crs=CRS)
    return CellLayer(table, sparse.csr_matrix((len(table), len(table))))


def cpu(work: Callable[[], Any], rounds: int = 3) -> tuple[float, Any]:
    """CPU seconds, the least of some rounds, and the answer."""
    best, answer = np.inf, None
    for _ in range(rounds):
        started = time.process_time()
        answer = work()
        best = min(best, time.process_time() - started)
    return best, answer


def first_of(joined: pd.DataFrame, n: int) -> np.ndarray:
    """(n,) the smallest cell a point was joined to, -1 for none."""
    return joined.groupby(level=0)["cell"].min().reindex(range(n)).fillna(-1).to_numpy(dtype=np.int64)


def measure(n_cells: int, n_points: int) -> list[str]:
    """The rows of the table for one city."""
    shapes = city(n_cells)
    x, y = np.random.default_rng(1).uniform(0, SIDE, (2, n_points))
    points, polygons = (
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=CRS),
        gpd.GeoDataFrame({"cell": np.arange(n_cells)}, geometry=shapes, crs=CRS),
    )
    started = time.process_time()
    index = build_index(shapes)
    built = time.process_time() - started
    found, ours = cpu(lambda: index.find(x, y))
    layer = layer_of(shapes)
    assign_cells(points[:10], layer)
    layer.__dict__.pop("_indexes")
    assign_cells(points, layer)
    whole, assigned = cpu(lambda: assign_cells(points, layer)[:, 0])
    rows = {"`CellIndex.find`": found, "`assign_cells`, table to table": whole}
    for predicate in ("intersects", "within"):
        rows[f"sjoin {predicate}"], joined = cpu(lambda p=predicate: gpd.sjoin(points, polygons, predicate=p), rounds=2)
        if predicate == "intersects":
            theirs = first_of(joined, n_points)
            unlike = int((ours != theirs).sum()) + int((np.where(assigned > 0, assigned - 1, -1) != theirs).sum())
    if unlike:
        raise SystemExit(f"{unlike} answers differ from sjoin's")
    anchor = rows["sjoin intersects"]
    lines = [
        f"| {n_cells:,} | {name} | {spent / n_points * 1e9:,.0f} | {anchor / spent:.1f} × | {unlike} |"
        for name, spent in rows.items()
    ]
    return [*lines, f"| {n_cells:,} | building the index: {built:.1f} s, {index.nbytes / 1e6:.0f} MB | | | |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=500_000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    started = time.process_time()
    build_index(city(20)).find(np.zeros(1), np.zeros(1))
    compiled = time.process_time() - started
    rows = [line for n_cells in (5_612, 63_684) for line in measure(n_cells, asked.points)]
    text = "\n".join(
        [
            f"{asked.points:,} points, one thread; Python {platform.python_version()}, numpy {np.__version__}, "
            f"shapely {shapely.__version__}, geopandas {gpd.__version__}. CPU time, the least of some rounds; the "
            "ratio is to sjoin intersects, which has the same semantics.\n",
            "| cells | way | ns a point | ratio | answers that differ |\n|---|---|---|---|---|",
            *rows,
            f"\nCompiling (nothing, or a fraction, once cached): {compiled:.1f} s. Peak memory of the run, peers "
            f"included: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB.",
        ]
    )
    print(text)
    if asked.write:
        path = Path(__file__).parents[1] / "docs" / "benchmarks" / "overlay.md"
        path.write_text("# Points into cells\n\n" + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
