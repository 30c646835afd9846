"""A small city over several years for tests that look back: ten streets of two cells, incidents as asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs, Prepared, prepare

STREETS = 10
WEST, SOUTH, STEP = 117.0, 30.0, 0.01
COLUMNS = {"受理时间": "time", "诉求类型": "category", "经度": "x", "纬度": "y", "来源": "source", "办理类型": "kind"}


def write_cells(folder: Path, since: Sequence[str] = (), former: str = "") -> str:
    """Ten streets side by side, each of a southern and a northern cell, valid *since* a day each where given.

    *former*: the code of one cell that covered the first street until then.
    """
    features = []
    for number in range(2 * STREETS):
        street, north = divmod(number, 2)
        x, y = WEST + STEP * street, SOUTH + STEP * north
        ring = [(x, y), (x + STEP, y), (x + STEP, y + STEP), (x, y + STEP), (x, y)]
        code = f"990101{street + 1:03d}001{north + 1:03d}"
        own = {"生效日期": since[number], "失效日期": ""} if since else {}
        features.append(_feature(ring, code, street, **own))
    if former:
        ring = [(WEST, SOUTH), (WEST + STEP, SOUTH), (WEST + STEP, SOUTH + 2 * STEP), (WEST, SOUTH + 2 * STEP)]
        features.append(_feature([*ring, ring[0]], former, 0, 生效日期="", 失效日期=since[0]))
    path = folder / "cells.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return str(path)


def _feature(ring: list[tuple[float, float]], code: str, street: int, **own: str) -> dict[str, Any]:
    properties = {"网格编码": code, "网格名称": f"{code[-3:]}格", "街道": f"第{street + 1}街道", **own}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def incidents(
    start: str,
    counts: np.ndarray,
    category: str = "市容/占道",
    source: str = "12345热线",
    kind: str = "办理",
    seed: int = 0,
) -> pd.DataFrame:
    """Incidents of (n_days, n_streets) *counts* from *start* on, anywhere in the street at any minute of the day."""
    rng = np.random.default_rng(seed)
    day, street = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    n = len(day)
    minutes = rng.integers(0, 1440, n) if n else np.zeros(0, dtype=int)
    return pd.DataFrame(
        {
            "time": pd.Timestamp(start) + pd.to_timedelta(day * 1440 + minutes, unit="min"),
            "category": category,
            "x": WEST + STEP * (street + rng.uniform(0.02, 0.98, n)),
            "y": SOUTH + 2 * STEP * rng.uniform(0.01, 0.99, n),
            "source": source,
            "kind": kind,
        }
    )


def ready_of(
    folder: Path, rows: pd.DataFrame, cells: str | None = None, *, days: str | None = None, events: str | None = None,
    **settings: Any,
) -> Prepared:  # fmt: skip
    """Steps 1 to 5 on *rows* (columns of `incidents`, and `closed`, `code`, `handler` where wanted)."""
    table = rows.rename(columns={ours: theirs for theirs, ours in COLUMNS.items()})
    table = table.rename(columns={"closed": "办结时间", "code": "网格编码", "handler": "承办单位"})
    table.insert(0, "工单编号", [f"K{number:06d}" for number in range(len(table))])
    path = folder / "calls.csv"
    table.to_csv(path, index=False)
    plan = Plan().with_settings({"burst_minutes": 0.0, "duplicate_metres": 0.0, **settings})
    inputs = Inputs((str(path),), cells or write_cells(folder), days=days, events=events)
    return prepare(plan, inputs, lambda fraction, text: None)
