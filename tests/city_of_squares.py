"""A small city for tests of the exporters: squares in three levels, its tables and facts."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

START, END = pd.Timestamp("2025-06-03"), pd.Timestamp("2025-07-01")
RARE = "𠮷田街道·䶮社区"
LEAF = "000123450010010010000{:04d}"
"""25 digits with leading zeros."""


def make_cells(side: int = 4, size: float = 300.0) -> gpd.GeoDataFrame:
    """Four quarters (level 1) of *side*² squares (level 2) under the city, and one sectoral unit."""
    rows = [_unit("CITY", "全市", 0, "", shapely.box(0, 0, 2 * side * size, 2 * side * size))]
    for quarter in range(4):
        x, y = (quarter % 2) * side * size, (quarter // 2) * side * size
        name = RARE if quarter == 3 else f"第{quarter}街道"
        rows.append(_unit(f"00{quarter}", name, 1, "CITY", shapely.box(x, y, x + side * size, y + side * size)))
    for number in range(4 * side * side):
        quarter, inside = divmod(number, side * side)
        x = ((quarter % 2) * side + inside % side) * size
        y = ((quarter // 2) * side + inside // side) * size
        square = shapely.box(x, y, x + size, y + size)
        rows.append(_unit(LEAF.format(number), f"第{number}格", 2, f"00{quarter}", square))
    rows.append(_unit("ZX01", "高铁站专属网格", 1, "", shapely.box(500, 500, 1500, 1100), "sectoral"))
    shifted = gpd.GeoDataFrame(rows, geometry="geometry", crs=pyproj.CRS.from_epsg(32650))
    return shifted.set_geometry(shifted.translate(500000.0, 3400000.0))


def _unit(cell_id: str, name: str, level: int, parent: str, shape: Any, role: str = "territorial") -> dict[str, Any]:
    return {
        "cell_id": cell_id,
        "name": name,
        "unit_level": level,
        "parent": parent,
        "role": role,
        "population": 100.0,
        "responsible": "",
        "valid_from": pd.NaT,
        "valid_to": pd.NaT,
        "geometry": shape,
    }


def make_risk(cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """Risk of every unit, of all classes; two squares without data."""
    table = cells[["cell_id", "name", "unit_level"]].copy()
    count = len(table)
    table["category"], table["window_start"], table["window_end"] = "全部", START, END
    table["incidents"], table["expected"] = np.arange(count), 3.0
    table["risk"], table["warning_level"] = np.resize([0.2, 0.6, 0.9, 0.97, 0.995], count), ""
    table["status"] = np.where(np.arange(count) % 30 == 7, "no data", "")
    return table


def make_hotspots(cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """One of each hot-spot class in turn."""
    classes = ["", "hot 99", "hot 95", "hot 90", "cold 90", "cold 95", "cold 99"]
    table = make_risk(cells)[["cell_id", "category", "window_start", "window_end", "incidents", "status", "unit_level"]]
    return table.assign(
        gi_star=1.5, p_value=0.01, q_value=np.nan, hotspot_class=[classes[n % 7] for n in range(len(table))]
    )


def make_warnings(cells: gpd.GeoDataFrame, count: int = 6) -> pd.DataFrame:
    """Warnings on squares, quarters and the city; the last beyond the budget."""
    picked = [LEAF.format(0), "003", LEAF.format(21), "003", "001", "CITY"]
    ids = [picked[n % 6] for n in range(count)]
    units = cells.set_index("cell_id").loc[ids]
    return pd.DataFrame(
        {
            "warning_id": [f"w{n:03d}" for n in range(count)],
            "rank": np.arange(1, count + 1),
            "level": [("red", "orange", "orange", "yellow", "yellow", "blue")[n % 6] for n in range(count)],
            "within_budget": [n < max(count - 1, 1) for n in range(count)],
            "cell_id": ids,
            "cell_name": units["name"].to_numpy(),
            "unit_level": units["unit_level"].to_numpy(),
            "role": "territorial",
            "category": "民生管线/供水",
            "window_start": END - pd.Timedelta(days=3),
            "window_end": END,
            "observed": 31,
            "expected": 9.2,
            "ratio": 3.4,
            "excess": 21.8,
            "recurrence_days": 4000.0,
            "risk": 0.97,
            "models": "异常检测 0.80;热点 0.20",
            "sources": "12345 18;110 9",
            "source_count": 2,
            "reason": "近3天供水报修31件,平时约9件,12345与110同升",
            "reason_en": "31 water repairs in 3 days, usually about 9; 12345 and 110 both up",
            "responsible": "待明确",
            "incidents": 31,
            "closed": "关联工单31,已办结22",
            "closed_count": 22,
            "places": "第0街道 21;第1街道 10",
            "place_ids": "000;001",
            "first_seen": START,
            "times_seen": 1,
            "change": "新增",
            "phase": "open",
            "state": "待研判",
            "caveats": "",
            "x": units.geometry.centroid.x.to_numpy(),
            "y": units.geometry.centroid.y.to_numpy(),
        }
    )


def make_series(warnings: pd.DataFrame) -> pd.DataFrame:
    """60 days of the first warning and of the city."""
    times = pd.date_range(END - pd.Timedelta(days=60), periods=60)
    observed = np.where(np.arange(60) >= 57, 31.0, 8.0 + np.arange(60) % 5)
    one = pd.DataFrame(
        {"time": times, "observed": observed, "expected": 9.0, "upper": 16.0, "valid": np.arange(60) != 20}
    )
    ids = ["", *warnings["warning_id"].head(1)]
    return pd.concat([one.assign(warning_id=name) for name in ids], ignore_index=True)


FACTS: dict[str, Any] = {
    "title": "城市风险晨报",
    "city": "云江市",
    "run_id": "20250701-0800",
    "as_of": "2025-07-01T00:00:00",
    "window_days": 28,
    "bin": "day",
    "timezone": "Asia/Shanghai",
    "classification": "内部资料",
    "plan_version": "a1b2c3",
    "version": "0.1.0",
    "account": {"rows_in": 60123, "rows_used": 58000, "rows_outside": 113, "rows_duplicate": 2010},
    "expected_false": {
        level: {"per_week": value, "low": value / 2, "high": 2 * value, "basis": "calibrated"}
        for level, value in (("red", 0.004), ("orange", 0.02), ("yellow", 0.08), ("blue", 0.16))
    },
    "tests": 91234,
    "yesterday": {"count": 252, "expected": 102, "low": 86, "high": 119},
    "completeness": 0.97,
    "smallest_rise": "全市单日95件(平时约61件)",
    "nearest": [{"cell_name": "第1街道", "category": "环境/噪声", "reason": "近3天8件,平时约4件"}],
}
