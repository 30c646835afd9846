"""A small city of nine streets of four cells each, a year and a half of days, and what was planted on its last day."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

DAYS, END = 420, pd.Timestamp("2025-03-01")
STEP, WEST, SOUTH = 0.005, 117.0, 30.0
SIDE = 6
"""Cells to a side of the city; a street is two by two of them."""

STOPPED, PRESSURE, NOISE, DISPUTE = "供水/停水", "供水/水压", "噪声/施工", "矛盾纠纷/邻里"
BURST, EVEN = "990101005001001", "990101009001001"
"""Cells of the middle street and of the last one."""


def code_of(column: int, row: int) -> str:
    """Fifteen digits: the district, street 1 to 9, its only community, cell 1 to 4."""
    return f"990101{1 + column // 2 + 3 * (row // 2):03d}001{1 + column % 2 + 2 * (row % 2):03d}"


def write_city(folder: Path) -> tuple[Path, Path]:
    """(incidents, cells). On the last day: 24 calls on water in one cell of the middle street after nine, half of each
    class; noise spread evenly over one cell of the last street, and common everywhere; disputes in all of the third.
    """
    cells, incidents = folder / "cells.geojson", folder / "incidents.csv"
    features = [_feature(column, row) for column in range(SIDE) for row in range(SIDE)]
    cells.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    table = pd.concat([_ordinary(), *_planted()], ignore_index=True)
    table.insert(0, "工单编号", [f"G{i:06d}" for i in range(len(table))])
    table.to_csv(incidents, index=False)
    return incidents, cells


def _feature(column: int, row: int) -> dict:
    west, south = WEST + STEP * column, SOUTH + STEP * row
    ring = [(west, south), (west + STEP, south), (west + STEP, south + STEP), (west, south + STEP), (west, south)]
    facts = {"网格编码": code_of(column, row), "网格名称": f"{column}{row}格"}
    return {"type": "Feature", "properties": facts, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _rows(days: np.ndarray, hours: np.ndarray, category: str, x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    times = END - pd.Timedelta(days=DAYS) + pd.to_timedelta(days, unit="D") + pd.to_timedelta(hours, unit="h")
    return pd.DataFrame(
        {"受理时间": times.strftime("%Y-%m-%d %H:%M:%S"), "诉求类型": category, "经度": x, "纬度": y, "来源": "12345"}
    )


def _ordinary() -> pd.DataFrame:
    draw = np.random.default_rng(3)
    parts = []
    for category, a_day in ((STOPPED, 1.0), (PRESSURE, 1.0), (NOISE, 36.0), (DISPUTE, 2.0)):
        n = draw.poisson(a_day * DAYS)
        x, y = (low + STEP * SIDE * draw.random(n) for low in (WEST, SOUTH))
        parts.append(_rows(draw.integers(0, DAYS, n), draw.uniform(7, 22, n), category, x, y))
    return pd.concat(parts, ignore_index=True)


def _planted() -> list[pd.DataFrame]:
    draw = np.random.default_rng(4)

    def at(column: int, row: int, share: float, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Points evenly over the middle *share* of a cell."""
        spread = STEP * (0.5 + share * (draw.random((2, n)) - 0.5))
        return WEST + STEP * column + spread[0], SOUTH + STEP * row + spread[1]

    last = lambda n: np.full(n, DAYS - 1)  # noqa: E731
    even = np.linspace(0.08, 0.92, 4)
    x, y = (v.ravel() for v in np.meshgrid(WEST + STEP * (4 + even), SOUTH + STEP * (4 + even)))
    return [
        _rows(last(12), draw.uniform(9, 10, 12), STOPPED, *at(2, 2, 0.3, 12)),
        _rows(last(12), draw.uniform(9, 10, 12), PRESSURE, *at(2, 2, 0.3, 12)),
        _rows(last(16), draw.uniform(8, 20, 16), NOISE, x, y),
        *(_rows(last(9), draw.uniform(8, 20, 9), DISPUTE, *at(4 + i % 2, i // 2, 0.9, 9)) for i in range(4)),
    ]
