"""Caveats of a warning: each where it holds, in both languages, and not elsewhere."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from gridbeacon.pipeline.caveats import caveats_of

NOTHING = gpd.GeoDataFrame({"default_point": [], "by_code": [], "category": []}, geometry=[])


def prepared(share=1.0, renamed=None, divided=None, missing=0):
    """As much of `Prepared` as caveats look at: ten bins, one unit."""
    valid = np.ones(10, dtype=bool)
    valid[len(valid) - missing :] = False
    return SimpleNamespace(
        counts=SimpleNamespace(first_bin=100, bin="day"),
        almanac=SimpleNamespace(share=np.array([1.0] * 9 + [share]), told_of=lambda *args: []),
        valid=valid,
        renamed=renamed or {},
        as_of=pd.Timestamp("2025-03-01"),
        cells=SimpleNamespace(
            table=pd.DataFrame({"valid_from": [pd.Timestamp(divided) if divided else pd.NaT]}),
            versions=object() if divided else None,
        ),
    )


def warning(**more):
    base = {"unit": 0, "category": "供水/停水", "window_first": 109, "window_bins": 1, "one_source": False}
    return SimpleNamespace(**(base | {"awaiting_second": False, "needs_confirmation": False} | more))


def told(ready, row, own=NOTHING) -> list[str]:
    pairs = caveats_of(ready, row, own)
    assert all(zh and en and ";" not in zh + en for zh, en in pairs), "lists of caveats are split at semicolons"
    return [zh for zh, _ in pairs]


def members(n: int, **columns) -> gpd.GeoDataFrame:
    base = {"default_point": [False] * n, "by_code": [False] * n, "category": ["a"] * n}
    places = gpd.points_from_xy(np.arange(n, dtype=float), np.zeros(n))
    return gpd.GeoDataFrame(base | columns, geometry=places)


def test_a_plain_warning_has_none():
    assert told(prepared(), warning(), members(5)) == []


@pytest.mark.parametrize(
    ("ready", "row", "word"),
    [
        (prepared(share=0.9), warning(), "约到90%"),
        (prepared(missing=2), warning(window_first=101), "2个数据中断"),
        (prepared(renamed={"自来水/停水": "供水/停水"}), warning(), "自来水/停水→供水/停水"),
        (prepared(renamed={"自来水": "供水"}), warning(), "自来水→供水"),
        (prepared(renamed={"自来水/停水": "供水/停水"}), warning(category="供水"), "自来水/停水→供水/停水"),
        (prepared(divided="2024-09-01"), warning(), "2024-09-01起为新划分"),
        (prepared(), warning(one_source=True), "仅一个渠道上升"),
        (prepared(), warning(awaiting_second=True), "达到红色数值"),
    ],
)
def test_each_caveat_where_it_holds(ready, row, word):
    texts = told(ready, row)
    assert len(texts) == 1 and word in texts[0]


@pytest.mark.parametrize(
    ("ready", "row"),
    [
        (prepared(share=0.9), warning(window_first=101)),
        (prepared(renamed={"旧": "噪声"}), warning()),
        (prepared(renamed={"旧": "噪声"}), warning(category="全部")),
        (prepared(divided="2023-09-01"), warning()),
    ],
    ids=["late elsewhere", "another class renamed", "all classes", "divided long ago"],
)
def test_and_not_elsewhere(ready, row):
    assert told(ready, row) == []


def test_places_that_are_not_true_are_told():
    own = members(10, default_point=[True] * 2 + [False] * 8)
    assert told(prepared(), warning(), own) == ["其中2件为默认坐标,位置不实"]
    own = members(10, by_code=[True] * 3 + [False] * 7)
    assert told(prepared(), warning(), own) == ["其中3件无坐标,按网格编码落位"]
    same = members(6, category=list("aabbcc")).set_geometry(gpd.points_from_xy([1.0] * 6, [2.0] * 6))
    assert told(prepared(), warning(), same) == ["其中6件同一坐标而类别各异,疑似定位缺省"]
