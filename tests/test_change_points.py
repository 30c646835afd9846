"""The step that finds changes of level: a planted one, its day, and whether somebody declared it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from gridbeacon.cli.entry import execute

DAYS, CHANGE = 120, 70


def _city(folder):
    """One class of four times as many from day 70 on and one that does not, in one cell: (incidents, cells, events)."""
    rng = np.random.default_rng(4)
    rows = []
    for name, before, after in (("供水", 5, 20), ("噪声", 8, 8)):
        for day in range(DAYS):
            moment = pd.Timestamp("2025-01-06") + pd.Timedelta(days=day)
            for minute in range(rng.poisson(before if day < CHANGE else after)):
                x, y = 117.001 + rng.uniform(0, 0.008), 30.001 + rng.uniform(0, 0.008)
                rows.append((f"{name}{day}-{minute}", moment + pd.Timedelta(minutes=27 * minute), name, x, y))
    table = pd.DataFrame(rows, columns=["工单编号", "受理时间", "诉求类型", "经度", "纬度"])
    table.to_csv(folder / "calls.csv", index=False)
    ring = [[117.0, 30.0], [117.01, 30.0], [117.01, 30.01], [117.0, 30.01], [117.0, 30.0]]
    cell = (
        f'{{"type":"Feature","properties":{{"网格编码":"a1"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}'
    )
    (folder / "cells.geojson").write_text(f'{{"type":"FeatureCollection","features":[{cell}]}}', encoding="utf-8")
    day = (pd.Timestamp("2025-01-06") + pd.Timedelta(days=CHANGE)).date()
    (folder / "events.csv").write_text(f"开始,结束,名称,类别,作用\n{day},,并线,供水,仅提示\n", encoding="utf-8")
    return [str(folder / name) for name in ("calls.csv", "cells.geojson", "events.csv")]


def test_a_new_level_is_found_on_its_day_and_its_declaration_named(tmp_path):
    calls, cells, events = _city(tmp_path)
    out = tmp_path / "changes.csv"
    arguments = ["--incidents", calls, "--cells", cells, "--events", events, "--out", str(out), "--progress", "none"]
    assert execute(["step", "change_points", *arguments]) == 0
    found = pd.read_csv(out, encoding="utf-8-sig").set_index("category")
    assert "噪声" not in found.index
    own = found.loc["供水"]
    assert abs((pd.Timestamp(own["changed_on"]) - pd.Timestamp("2025-01-06")).days - CHANGE) <= 1
    assert own["p_value"] <= 0.05
    assert 3 < own["ratio"] < 5
    assert own["event"] == "并线"
    assert pd.isna(found.loc["全部", "event"])  # an event of one class declares nothing for all
