"""What was planted in the sample city and what its files show of it: the content of truth.json."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from . import story
from .ground import Ground
from .plant import DAY, find_cell, matters_of, own_counts
from .rates import (
    LABOUR_DAYS,
    MID_AUTUMN,
    N_DAYS,
    NATIONAL_DAYS,
    OUTAGE,
    OUTAGE_SHARE,
    SPRING_FESTIVALS,
    date_of,
    day_of,
)
from .words import CITY, PHONE_HEAD, RIVER, SOURCES

NO_PLACE = ("blank_coordinates", "zero_coordinates", "swapped_coordinates", "outside_city")
NO_CLASS_OR_TIME = ("blank_class", "bad_occurrence_time")
RULES = {
    "surge": "planted = ceil(strength * max(sd, sd_floor)) incidents on top of what happened anyway, where strength "
    "is 3, 6 or 10; otherwise planted was set and strength follows. sd and expected_per_day are taken from "
    "the unit's own daily counts of the class over the baseline_days before the first date, nothing planted yet",
    "observed": "incidents of the class in the unit, per date of 发生时间 (local): each 工单编号 once; rows on the "
    "default point or without a usable place count for the city only",
    "as_of": "the local midnight after the last date: a replay as of this moment sees the whole of it",
}
HOLIDAYS = (
    *(("national-day", "国庆: 拥堵上升", a, b, "交通出行/道路/交通拥堵") for a, b in NATIONAL_DAYS),
    *(("labour-day", "劳动节: 拥堵上升", a, b, "交通出行/道路/交通拥堵") for a, b in LABOUR_DAYS),
    *(("mid-autumn", "中秋: 噪声上升", a, a, "生态环境/噪声/社会生活噪声") for a in MID_AUTUMN),
    *(
        ("fireworks", "除夕: 烟花噪声上升", date_of(day_of(a) - 1), a, "生态环境/噪声/社会生活噪声")
        for a in SPRING_FESTIVALS
    ),
)


def seen(ground: Ground, rows: pd.DataFrame, told: dict) -> dict:
    """*told* with what the files show: incidents per date and per source."""
    there = rows["cell"].isin(ground.within(told["unit"]))
    if told["unit"] != "CITY":
        there &= ~rows["default"] & ~rows["trouble"].isin(NO_PLACE)
    leaf = rows["leaf"].isin(matters_of(told["category"])) & ~rows["trouble"].isin(NO_CLASS_OR_TIME)
    good = rows[there & leaf & ~rows.duplicated("id")]
    day = good["when"] // DAY
    days = [day_of(date) for date in told["dates"]]
    source = good.loc[day.isin(days), "source"]
    return {
        **told,
        "observed": [int((day == d).sum()) for d in days],
        "sources": {name: int((source == k).sum()) for k, name in enumerate(SOURCES)},
    }


def _whole_city(rows: pd.DataFrame, name: str, kind: str, note: str, category: str, first: str, last: str) -> dict:
    """The head of a decoy that concerns the whole city."""
    days = range(day_of(first), day_of(last) + 1)
    own = own_counts(rows, rows["cell"].unique(), category, days[0]) if days[0] >= story.BASELINE_DAYS else np.array([])
    return {
        "id": f"{name}-{first}",
        "kind": kind,
        "note": note,
        "scope": "city",
        "unit_level": 0,
        "unit": "CITY",
        "unit_name": "全市",
        "category": category,
        "dates": [date_of(d) for d in days],
        "as_of": date_of(days[-1] + 1),
        "expected_per_day": round(float(own.mean()), 3) if len(own) else None,
    }


def other_decoys(ground: Ground, rows: pd.DataFrame) -> list[dict]:
    """The decoys that come from the calendar or from the export rather than from extra incidents."""
    out = [_whole_city(rows, name, "holiday", note, category, a, b) for name, note, a, b, category in HOLIDAYS]
    (backlog, _), (bad_day, _) = story.BACKLOG, story.DEFAULT_POINT_DAY
    for kind, note, dates, which in (
        ("re-sent batch", "整批重复导出, 工单编号相同", story.RESENT_SAME_IDS, rows["tag"] == "resent-same"),
        ("re-sent batch", "整批重报, 工单编号不同, 其余相同", story.RESENT_NEW_IDS, rows["tag"] == "resent-new"),
        ("backlog", "积压工单集中登记: 登记时间集中, 发生时间分散", (backlog,), rows["tag"] == "backlog"),
        ("default point", "地理编码失败, 当日多件落在默认点", (bad_day,), rows["default"]),
    ):
        for date in dates:
            name = f"{kind} {'new numbers' if '不同' in note else ''}".strip().replace(" ", "-")
            told = _whole_city(rows, name, kind, note, "", date, date)
            mine = which if kind == "backlog" else which & (rows["when"] // DAY == day_of(date))
            out.append({**told, "rows": int(mine.sum())})
    return [seen(ground, rows, told) for told in out]


def _hot_spots(ground: Ground, rows: pd.DataFrame, told: list[dict]) -> list[dict]:
    """*told* with the rows of each hot spot and its rate against the mean cell of the city."""
    out, placed = (
        [],
        rows[~rows["default"] & ~rows["trouble"].isin((*NO_PLACE, "blank_class")) & ~rows.duplicated("id")],
    )
    for spot in told:
        leaf = np.concatenate([matters_of(category) for category in spot["categories"]])
        mine = placed[placed["leaf"].isin(leaf)]
        here = int(mine["cell"].isin([ground.codes.index(code) for code in spot["cells"]]).sum())
        ratio = here / len(spot["cells"]) / (len(mine) / ground.n_territorial)
        out.append({**spot, "rows": here, "rate_ratio": round(ratio, 1)})
    return out


def _places(ground: Ground, rows: pd.DataFrame) -> dict:
    """The silent cell and the default point, as the files show them."""
    cell, since = find_cell(ground, story.SILENT_CELL[0]), story.SILENT_CELL[1]
    mine = rows[(rows["cell"] == ground.codes.index(cell)) & ~rows["default"]]
    before = mine["when"] < day_of(since) * DAY
    heap = rows[rows["default"] & ~rows.duplicated("id")]
    point = {
        "name": story.DEFAULT_POINT_NAME,
        "lon": float(heap["lon"].iloc[0]),
        "lat": float(heap["lat"].iloc[0]),
        "cell": find_cell(ground, story.DEFAULT_POINT),
        "rows": len(heap),
        "classes": int(heap["leaf"].nunique()),
    }
    silent = {"cell": cell, "from": since, "rows_before": int(before.sum()), "rows_after": int((~before).sum())}
    return {"silent_cells": [silent], "default_points": [point]}


def _twins(rows: pd.DataFrame) -> list[list[str]]:
    """Pairs of numbers (12345, 110) of the same event."""
    first = rows[(rows["again"] < 0) & (rows["tag"] != "resent-new")]
    number = dict(zip(first["event"], first["id"], strict=True))
    twins = first[first["tag"] == "cross-source"]
    placed = [(number.get(int(e)), i) for e, i in zip(twins["twin_of"], twins["id"], strict=True)]
    moved = set(rows.loc[rows["default"] | (rows["trouble"] != ""), "id"])
    return sorted([a, b] for a, b in placed if a and a not in moved)


def _delay(rows: pd.DataFrame) -> dict:
    late = rows["reported"] // DAY > rows["when"] // DAY
    first, last = (day_of(date) for date in story.SLOW_WEEKS)
    slow = (rows["when"] // DAY).between(first, last)
    return {
        "share_registered_on_a_later_day": round(float(late[~slow].mean()), 4),
        "slow_weeks": list(story.SLOW_WEEKS),
        "share_in_slow_weeks": round(float(late[slow].mean()), 4),
    }


def _trouble(ids: dict[str, list[str]], rows: pd.DataFrame) -> dict:
    """Rows with each kind of trouble, and up to 50 of their numbers."""
    out = {name: {"rows": len(which), "ids": which[:50]} for name, which in ids.items()}
    return {**out, "same_number_again": {"rows": int(rows.duplicated("id").sum()), "ids": []}}


def make_truth(
    ground: Ground, planted: dict, rows: pd.DataFrame, ids: dict[str, list[str]], files: dict[str, int]
) -> dict:
    """Everything planted, in units, classes and local dates, beside what *rows* (as exported) show."""
    return {
        "city": {
            "name": CITY,
            "river": RIVER,
            "timezone": "Asia/Shanghai",
            "crs": "EPSG:4326",
            "first_day": date_of(0),
            "last_day": date_of(N_DAYS - 1),
            "as_of": date_of(N_DAYS),
            "phone_head": PHONE_HEAD,
        },
        "rows": files,
        "rules": {"baseline_days": story.BASELINE_DAYS, "sd_floor": story.SD_FLOOR, **RULES},
        "surges": [seen(ground, rows, told) for told in planted["surges"]],
        "decoys": [seen(ground, rows, told) for told in planted["decoys"]] + other_decoys(ground, rows),
        "hot_spots": _hot_spots(ground, rows, planted["hot_spots"]),
        **_places(ground, rows),
        "festival_dips": [
            {"date": d, "from": date_of(day_of(d) - 4), "to": date_of(day_of(d) + 8)} for d in SPRING_FESTIVALS
        ],
        "reporting_delay": _delay(rows),
        "outages": [{"dates": list(OUTAGE), "share_of_normal": OUTAGE_SHARE}],
        "cross_source_duplicates": {"metres": 50, "minutes": 13, "pairs": _twins(rows)},
        "trouble": _trouble(ids, rows),
    }


def to_json(value: object, depth: int = 0) -> str:
    """JSON with one entry a line down to the second level: readable, and small."""
    pad = " " * (depth + 1)
    if depth < 2 and isinstance(value, dict) and value:
        inner = [f"{pad}{json.dumps(k, ensure_ascii=False)}: {to_json(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + pad[1:] + "}"
    if depth < 2 and isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + to_json(v, 2) for v in value) + "\n" + pad[1:] + "]"
    return json.dumps(value, ensure_ascii=False)
