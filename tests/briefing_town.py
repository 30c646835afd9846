"""An invented town for the briefing: 3 districts, 9 streets, 144 square cells, five warnings; and its page written."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gridbeacon.layers.briefing import write_briefing
from gridbeacon.layers.raster import Surface

HOSTILE = [
    "{{7*191}}",
    "{% raw %}",
    "<script>window.hit=1</script>",
    "</script><script>window.hit=2</script>",
    "<img src=x onerror=window.hit=3>",
    "${window.hit=4}",
    "\"'`><svg onload=window.hit=5>",
    "line\u2028end\u2029 \x00\x1f",
    "<!--<script>",
    "]]>--></textarea><iframe src=javascript:window.hit=6>",
    "$& $1 $` {name} {n}",
    "<a href=https://example.invalid/x>去</a>",
]


def make_town(name=lambda text: text):
    rows = [("CITY", "全市", 0, "", shapely.box(0, 0, 12000, 12000))]
    for d in range(3):
        rows.append((f"D{d}", name(f"第{d}区"), 1, "CITY", shapely.box(4000 * d, 0, 4000 * d + 4000, 12000)))
        for s in range(3):
            street = f"D{d}S{s}"
            x0, y0 = 4000 * d, 4000 * s
            rows.append((street, name(f"{d}{s}街道"), 2, f"D{d}", shapely.box(x0, y0, x0 + 4000, y0 + 4000)))
            for c in range(16):
                x, y = x0 + 1000 * (c % 4), y0 + 1000 * (c // 4)
                cell = shapely.box(x, y, x + 1000, y + 1000)
                rows.append((f"{street}C{c:02d}", name(f"{c}格"), 3, street, cell))
    table = pd.DataFrame(rows, columns=["cell_id", "name", "unit_level", "parent", "geometry"])
    table = table.assign(role="territorial", population=0.0, responsible="")
    table["geometry"] = shapely.transform(table["geometry"].to_numpy(), lambda xy: xy + np.array([500_000, 3_300_000]))
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:32650").sort_values(["unit_level", "cell_id"])


def make_tables(town, text=lambda value: value):
    n = np.arange(len(town)) % 23
    window = {"window_start": pd.Timestamp("2025-03-01"), "window_end": pd.Timestamp("2025-03-29")}
    shared = {"cell_id": town["cell_id"].to_numpy(), "category": "全部", **window, "incidents": n}
    risk = pd.DataFrame(
        shared | {"name": town["name"].to_numpy(), "unit_level": town["unit_level"].to_numpy(), "expected": n * 0.8}
    ).assign(risk=n / 23, warning_level="", status=np.where(n == 7, "no data", ""))
    hot = pd.DataFrame(shared | {"gi_star": n / 5.0, "unit_level": town["unit_level"].to_numpy()})
    hot = hot.assign(hotspot_class=np.where(n > 20, "hot 99", ""), p_value=0.5, q_value=0.5, status="")
    return risk, hot[hot["unit_level"] == 3], make_warnings(town, text)


def make_warnings(town, text=lambda value: value):
    centres = town.set_index("cell_id").geometry.representative_point()
    units = [("CITY", "red"), ("D0S0", "red"), ("D0S0C05", "orange"), ("D0S0C06", "yellow"), ("D2S2C15", "blue")]
    names = dict(zip(town["cell_id"], town["name"], strict=True))
    rows = []
    for rank, (cell, level) in enumerate(units, 1):
        rows.append(
            {
                "warning_id": text(f"w{rank}"),
                "rank": rank,
                "level": level,
                "within_budget": rank < 5,
                "cell_id": cell,
                "cell_name": text(names[cell]),
                "category": text("民生/停水"),
                "window_start": pd.Timestamp("2025-03-27"),
                "window_end": pd.Timestamp("2025-03-29"),
                "observed": 31,
                "expected": 9.0,
                "ratio": 3.4,
                "recurrence_days": 900.0,
                "models": text("异常检测 1.00"),
                "sources": text("12345 18;110 9"),
                "source_count": 2,
                "reason": text("近2天停水31件,平时约9件"),
                "reason_en": text("31 calls in 2 days, usually about 9"),
                "responsible": text("供水公司"),
                "incidents": 31,
                "closed": text("关联工单31,已办结22"),
                "closed_count": 22,
                "places": text("00街道 21;01街道 10"),
                "place_ids": "D0S0;D0S1" if cell == "CITY" else "",
                "first_seen": pd.Timestamp("2025-03-27"),
                "times_seen": 2,
                "change": text("新增"),
                "phase": "open",
                "state": text("待研判"),
                "caveats": text("近2天未报全"),
                "x": centres[cell].x,
                "y": centres[cell].y,
            }
        )
    return pd.DataFrame(rows)


def make_series(ids):
    times = pd.date_range("2025-01-28", periods=60)
    parts = [
        pd.DataFrame(
            {"warning_id": name, "time": times, "observed": np.arange(60) % 9, "expected": 4.0, "upper": 8.0}
        ).assign(valid=np.arange(60) != 20)
        for name in ids
    ]
    return pd.concat(parts, ignore_index=True)


def make_facts(text=lambda value: value):
    return {
        "title": text("城市风险晨报"),
        "city": text("样城"),
        "run_id": text("20250329-0800"),
        "as_of": "2025-03-29T00:00:00",
        "window_start": "2025-03-01T00:00:00",
        "window_days": 28,
        "bin": "day",
        "classification": text("内部资料"),
        "plan_version": text("p1"),
        "version": text("0.1.0"),
        "account": {"rows_in": 10, "rows_used": 9, "rows_outside": 1},
        "notices": [{"code": "a", "zh": text("提示"), "en": text("notice")}],
        "expected_false": {
            level: {"per_week": value, "low": value / 2, "high": 2 * value, "basis": "calibrated"}
            for level, value in (("red", 0.004), ("orange", 0.02), ("yellow", 0.08), ("blue", 0.16))
        },
        "tests": 1234,
        "units": {"0": 1, "1": 3, "2": 9, "3": 144},
        "classes": 8,
        "cut": 1,
        "yesterday": {"count": 252, "expected": 101.0, "low": 83, "high": 122},
        "completeness": 0.97,
        "nearest": [
            {
                "cell_name": text("00街道"),
                "category": text("噪声"),
                "observed": 4,
                "expected": 1.5,
                "reason": text("近"),
            }
        ],
        "smallest_rise": text("任一街道增加7件以上"),
        "default_points": [{"x": 505_000.0, "y": 3_305_000.0, "rows": 812}],
        "outage_bins": ["2025-02-27T00:00:00"],
        "level_names": {0: "城市", 1: "区", 2: text("街道"), 3: text("网格")},
    }


def make_surface():
    values = np.full((40, 40), np.nan, dtype="float32")
    values[5:35, 5:35] = np.linspace(0, 90, 900, dtype="float32").reshape(30, 30)
    return Surface(values, (500_000.0, 300.0, 0.0, 3_312_000.0, 0.0, -300.0), "EPSG:32650", "28 days")


def write(path, *, text=lambda value: value, warnings=None, **others):
    town = make_town(text)
    risk, hot, early = make_tables(town, text)
    early = early if warnings is None else warnings
    given = {
        "facts": make_facts(text),
        "cells": town,
        "risk": risk,
        "hotspots": hot,
        "surface": make_surface(),
        "early_warnings": early,
        "series": make_series(["", *early["warning_id"]]),
    }
    write_briefing(path, **(given | others))
    return path
