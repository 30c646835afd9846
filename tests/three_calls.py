"""Three calls of a hotline: as rows of text, as a table, as a layer."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

HEADER = "工单编号,受理时间,诉求大类,诉求小类,经度,纬度,来源,联系电话"
ROWS = [
    "A1,2026-01-05 08:03:00,供水,水管爆裂,113.5,22.5,12345,13800138000",
    "A2,2026-01-05 09:03:00,供水,,113.6,22.6,110,13800138001",
    "A3,2026-01-06 08:03:00,,,113.7,22.7,12345,13800138002",
]


def written(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def csv(folder, *rows, header=HEADER, name="a.csv", encoding="utf-8"):
    return written(folder, name, "\n".join([header, *rows]) + "\n", encoding)


def table():
    return pd.DataFrame(
        {
            "case_id": ["A1", "A2", "A3"],
            "received_at": pd.to_datetime(["2026-01-05 08:03", "2026-01-05 09:03", "2026-01-06 08:03"]),
            "category": ["供水", "供水", ""],
            "lon": [113.5, 113.6, 113.7],
            "lat": [22.5, 22.6, 22.7],
        }
    )


def layer():
    t = table()
    return gpd.GeoDataFrame(t.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(t.lon, t.lat), crs=4326)


def codes(intake):
    return {n.code for n in intake.notices}
