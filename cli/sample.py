"""The two cities the command line brings along: the sample city of the demo, and a tiny one that tests the machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from .inputs import Files

TINY_SIDE = 6
TINY_DAYS = 120
TINY_CLASSES = ("市容/占道经营", "市政/井盖破损", "供水/水管爆裂")
_WEST, _SOUTH, _STEP = 117.0, 30.0, 0.005


def sample_inputs(out: str, ledger: str | None) -> tuple[Files, Any]:
    """Inputs and Plan of the demo. Raises EnvironmentProblem where the sample city was not installed."""
    from ..pipeline import Plan
    from ..sample_data import CALIBRATION, CELLS, CITY, EVENTS, INCIDENTS, RESPONSIBLE, sample_path

    files = Files(
        incidents=tuple(str(sample_path(name)) for name in INCIDENTS),
        cells=str(sample_path(CELLS)),
        responsible=str(sample_path(RESPONSIBLE)),
        events=str(sample_path(EVENTS)),
        calibration=str(sample_path(CALIBRATION)),
        ledger=ledger,
        out=out,
    )
    return files, Plan().with_settings({"city": CITY})


def make_tiny_city(folder: Path) -> tuple[Path, Path]:
    """Write 36 square cells and 120 days of incidents with a burst on the last day; returns (incidents, cells)."""
    folder.mkdir(parents=True, exist_ok=True)
    incidents, cells = folder / "incidents.csv", folder / "cells.geojson"
    cells.write_text(
        json.dumps({"type": "FeatureCollection", "features": _squares()}, ensure_ascii=False), encoding="utf-8"
    )
    with incidents.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["工单编号", "受理时间", "诉求类型", "经度", "纬度"])
        writer.writerows([f"T{i:05d}", *row] for i, row in enumerate(_calls()))
    return incidents, cells


def _squares() -> list[dict[str, Any]]:
    features = []
    for i in range(TINY_SIDE * TINY_SIDE):
        west, south = _WEST + _STEP * (i % TINY_SIDE), _SOUTH + _STEP * (i // TINY_SIDE)
        ring = [
            (west, south),
            (west + _STEP, south),
            (west + _STEP, south + _STEP),
            (west, south + _STEP),
            (west, south),
        ]
        facts = {"网格编码": f"990101001001{i + 1:03d}", "网格名称": f"第{i + 1}网格"}
        shape = {"type": "Polygon", "coordinates": [[[round(x, 6), round(y, 6)] for x, y in ring]]}
        features.append({"type": "Feature", "properties": facts, "geometry": shape})
    return features


def _calls() -> list[list[Any]]:
    """Time, class and place of every call; the same every time."""
    import numpy as np

    draw = np.random.default_rng(7)
    days = np.repeat(np.arange(TINY_DAYS), draw.poisson(12, TINY_DAYS))
    burst = np.full(25, TINY_DAYS - 1)
    kinds = np.concatenate([draw.integers(0, len(TINY_CLASSES), len(days)), np.full(len(burst), len(TINY_CLASSES) - 1)])
    middle = _STEP * TINY_SIDE / 2
    x = np.concatenate(
        [_WEST + draw.uniform(0, _STEP * TINY_SIDE, len(days)), _WEST + middle + draw.uniform(0, _STEP, len(burst))]
    )
    y = np.concatenate(
        [
            _SOUTH + draw.uniform(0, _STEP * TINY_SIDE, len(days)),
            _SOUTH + middle + draw.uniform(0, _STEP, len(burst)),
        ]
    )
    all_days = np.concatenate([days, burst])
    minutes = draw.permutation(len(all_days)) % 1440  # no two calls of a day at one minute
    times = np.datetime64("2025-01-01T00:00") + all_days.astype("timedelta64[D]") + minutes.astype("timedelta64[m]")
    rows = zip(times, kinds, x, y, strict=True)
    return [[str(t).replace("T", " "), TINY_CLASSES[k], f"{a:.6f}", f"{b:.6f}"] for t, k, a, b in rows]


def run_tiny_city(folder: Path) -> Any:
    """Run everything on the tiny city inside *folder*; returns the Outcome."""
    from ..pipeline import Plan, run

    incidents, cells = make_tiny_city(folder)
    return run(Plan(), incidents=[incidents], cells=cells, out=folder / "out")
