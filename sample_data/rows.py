"""The incidents as a hotline exports them: numbers, times, handler, an invented caller, a short text, and trouble."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import story
from .draws import Draws
from .ground import Ground
from .plant import DAY, DECIMALS, find_cell
from .rates import FIRST_DAY, N_DAYS, day_of
from .words import (
    KINDS,
    LEAVES,
    PATROL_TEMPLATE,
    PHONE_HEAD,
    POLICE_TEMPLATE,
    ROADS,
    SOURCES,
    STEMS,
    SURNAMES,
    TEMPLATES,
    handler,
    person,
)

COLUMNS = (
    "工单编号", "来源", "办理类型", "诉求大类", "诉求小类", "诉求事项", "受理时间", "发生时间",
    "办结时间", "承办单位", "网格编码", "经度", "纬度", "联系人姓名", "联系电话", "诉求内容",
)  # fmt: skip
RENAMED = {"受理时间": "登记时间"}  # in the second file
EXPORTED = N_DAYS * DAY + 8 * 60  # 2026-01-01 08:00: nothing after this moment is known
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")


def clock(minute: np.ndarray) -> np.ndarray:
    """Minutes since the first day -> local time as text, to the minute."""
    stamps = FIRST_DAY.astype("datetime64[m]") + np.asarray(minute, dtype=np.int64)
    return np.char.replace(np.datetime_as_string(stamps, unit="m"), "T", " ")


def _reported(rows: pd.DataFrame, draws: Draws) -> np.ndarray:
    """(n,) minute of registration: soon, or for a share of the ordinary rows days later."""
    quick = draws.exponential(np.array([14.0, 2.0, 6.0])[rows["source"]], len(rows))
    story_row = ~rows["tag"].isin(["", "cross-source"])
    quick = np.where(story_row, np.minimum(quick, DAY - 1 - rows["when"] % DAY), quick)
    first, last = (day_of(date) for date in story.SLOW_WEEKS)
    slow = (rows["when"] // DAY).between(first, last) & (rows["source"] != 1)
    late = (
        draws.chance(np.where(slow, story.SLOW_SHARE, story.LATE_SHARE), len(rows)) & ~story_row & (rows["source"] != 1)
    )
    days = 1.0 + draws.uniform(len(rows)) * np.where(slow, 5.5, 3.5)
    return rows["when"].to_numpy() + np.where(late, days * DAY, quick).astype(np.int64)


def _closed(rows: pd.DataFrame, draws: Draws) -> np.ndarray:
    """(n,) minute of closing; -1 where still open at the export, or only reported for the record."""
    mean_hours = np.select([rows["tag"].str.startswith("burst"), rows["source"] == 1], [7.0, 9.0], 62.0)
    closed = rows["reported"].to_numpy() + 35 + (draws.exponential(mean_hours * 60, len(rows))).astype(np.int64)
    never = draws.chance(0.02, len(rows)) | (rows["kind"] == 1) | (closed >= EXPORTED)
    return np.where(never, -1, closed)


def _resent(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The re-sent batches: with the same numbers, and with new ones (registered a day later)."""
    day = rows["when"] // DAY
    plain = rows["tag"].isin(["", "cross-source"]) & (rows["source"] == 0) & (rows["reported"] // DAY == day)
    same = rows[plain & day.isin([day_of(d) for d in story.RESENT_SAME_IDS])].assign(tag="resent-same")
    new = rows[plain & day.isin([day_of(d) for d in story.RESENT_NEW_IDS])].assign(tag="resent-new")
    new["reported"] = (new["reported"] // DAY + 1) * DAY + 125
    new["closed"] = np.where(new["closed"] >= 0, np.maximum(new["closed"], new["reported"] + 30), -1)
    return same, new


def register(ground: Ground, rows: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Add registration, closing and kind, and the decoys of the export itself; rows in the order of the export."""
    rows = rows.copy()
    rows["reported"] = _reported(rows, draws)
    plain = np.flatnonzero((rows["tag"] == "") & (rows["source"] == 0))
    day = (rows["when"] // DAY).to_numpy()[plain]
    date, n = story.BACKLOG
    older = plain[(day < day_of(date) - 5) & (day >= day_of(date) - 40)]
    older = older[draws.some(n, len(older))]
    rows.loc[older, "reported"] = day_of(date) * DAY + 540 + np.arange(n) * 3
    rows.loc[older, "tag"] = "backlog"
    _to_default_point(ground, rows, plain, day, draws)
    rows["kind"] = draws.chance(np.array([0.04, 0.02, 0.34])[rows["source"]], len(rows)).astype(int)
    rows.loc[rows["tag"].str.startswith(("burst", "noise", "heating")), "kind"] = 0
    rows["closed"] = _closed(rows, draws)
    same, new = _resent(rows)
    rows = rows[rows["reported"] < N_DAYS * DAY]
    rows = pd.concat([rows, new]).reset_index(names="event")
    rows = rows.iloc[np.lexsort((rows["event"], rows["source"], rows["reported"]))].reset_index(drop=True)
    rows["id"] = _numbers(rows)
    rows["again"] = -1
    again = rows[rows["event"].isin(same.index) & (rows["tag"] != "resent-new")]
    return _repeat(rows, again.index.to_numpy(), "resent-same")


def _to_default_point(ground: Ground, rows: pd.DataFrame, plain: np.ndarray, day: np.ndarray, draws: Draws) -> None:
    """A share of the hotline's rows, and many on one day, lie where the geocoder found nothing better."""
    date, n = story.DEFAULT_POINT_DAY
    mine = plain[draws.chance(story.DEFAULT_SHARE, len(plain))]
    that_day = plain[day == day_of(date)]
    mine = np.union1d(mine, that_day[draws.some(n, len(that_day))])
    mine = mine[rows["tag"].to_numpy()[mine] == ""]
    here = ground.shapes[ground.codes.index(find_cell(ground, story.DEFAULT_POINT))].representative_point()
    rows.loc[mine, "lon"], rows.loc[mine, "lat"] = round(here.x, DECIMALS), round(here.y, DECIMALS)
    rows.loc[mine, "default"] = True


def _numbers(rows: pd.DataFrame) -> np.ndarray:
    """工单编号: a letter for the source, the day of registration, a running number of that day."""
    day = (rows["reported"] // DAY).to_numpy()
    running = rows.groupby([day, rows["source"].to_numpy()]).cumcount().to_numpy() + 1
    stamp = np.datetime_as_string(FIRST_DAY + day.astype("timedelta64[D]"), unit="D")
    return np.array(
        [f"{'HJW'[s]}{d[2:4]}{d[5:7]}{d[8:]}{k:04d}" for s, d, k in zip(rows["source"], stamp, running, strict=True)]
    )


def _repeat(rows: pd.DataFrame, which: np.ndarray, tag: str) -> pd.DataFrame:
    """The same rows once more, whole, at the end of the day after their registration; *again* tells of which row."""
    extra = rows.iloc[which].assign(again=which, tag=tag)
    key = np.concatenate(
        [np.arange(len(rows)), np.searchsorted(rows["reported"] // DAY, extra["reported"] // DAY + 2) - 0.5]
    )
    last = (rows["reported"] // DAY).to_numpy()
    edge = np.searchsorted(last, 366)  # the second file starts here; a repeated row stays in its file
    key[len(rows) :] = np.where(
        extra["reported"] // DAY < 366, np.minimum(key[len(rows) :], edge - 0.5), key[len(rows) :]
    )
    return pd.concat([rows, extra]).iloc[np.argsort(key, kind="stable")].reset_index(drop=True)


def _texts(ground: Ground, rows: pd.DataFrame, draws: Draws) -> list[str]:
    road = (rows["cell"].to_numpy() * 7 // 10) % len(ROADS)
    number, form = draws.whole(len(rows), 188) + 1, draws.pick(np.array([5.0, 2, 2, 1]), len(rows))
    out = []
    for leaf, source, r, k, f in zip(rows["leaf"], rows["source"], road, number, form, strict=True):
        template = (TEMPLATES[f], POLICE_TEMPLATE, PATROL_TEMPLATE)[source]
        out.append(template.format(road=ROADS[r], number=k, matter=LEAVES[leaf][2]))
    return out


def export(ground: Ground, rows: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """The columns of the export, all text, one row per row of *rows* (repeats are copies to the letter)."""
    n = len(rows)
    leaf = [LEAVES[i] for i in rows["leaf"]]
    with_code = draws.chance(np.array([0.35, 0.0, 1.0])[rows["source"]], n) & ~rows["default"].to_numpy()
    called = (rows["source"] < 2).to_numpy() & draws.chance(0.93, n)
    names, phones = draws.whole(n, len(SURNAMES) * len(STEMS)), draws.whole(n, 10000)
    out = pd.DataFrame(
        {
            "工单编号": rows["id"],
            "来源": [SOURCES[i] for i in rows["source"]],
            "办理类型": [KINDS[i] for i in rows["kind"]],
            "诉求大类": [x[0] for x in leaf],
            "诉求小类": [x[1] for x in leaf],
            "诉求事项": [x[2] for x in leaf],
            "受理时间": clock(rows["reported"]),
            "发生时间": clock(rows["when"]),
            "办结时间": np.where(rows["closed"] >= 0, clock(np.maximum(rows["closed"], 0)), ""),
            "承办单位": [handler(x, *ground.parents[c][:0:-1]) for x, c in zip(leaf, rows["cell"], strict=True)],
            "网格编码": [ground.codes[c] if known else "" for c, known in zip(rows["cell"], with_code, strict=True)],
            "经度": [f"{x:.{DECIMALS}f}" for x in rows["lon"]],
            "纬度": [f"{y:.{DECIMALS}f}" for y in rows["lat"]],
            "联系人姓名": [person(k) if told else "" for k, told in zip(names, called, strict=True)],
            "联系电话": [f"{PHONE_HEAD}{k:04d}" if told else "" for k, told in zip(phones, called, strict=True)],
            "诉求内容": _texts(ground, rows, draws),
        }
    )
    return out[list(COLUMNS)]


def spoil(
    table: pd.DataFrame, rows: pd.DataFrame, draws: Draws
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, list[str]]]:
    """Put the trouble in: (table, rows, ids of the rows with each trouble). Surges and decoys are left alone."""
    busy = set(rows.loc[rows["again"] >= 0, "again"])
    free = [i for i in np.flatnonzero((rows["tag"] == "") & ~rows["default"]) if i not in busy]
    sizes = story.TROUBLE
    taken = np.array(free)[draws.some(sum(sizes.values()), len(free))]
    taken = taken[np.argsort(draws.uniform(len(taken)), kind="stable")]
    picked = dict(zip(sizes, np.split(taken, np.cumsum(list(sizes.values()))[:-1]), strict=True))
    picked["line_break_in_text"], table = np.sort(picked["line_break_in_text"]), table.copy()
    for name, which in picked.items():
        _spoil_one(table, name, which, draws)
    rows = rows.assign(trouble="")
    for name, which in picked.items():
        rows.loc[which, "trouble"] = name
    ids = {name: sorted(table["工单编号"].to_numpy()[which]) for name, which in picked.items()}
    rows = _repeat(rows, picked["exact_duplicate_rows"], "duplicate")
    first = dict(zip(table["工单编号"], range(len(table)), strict=False))
    return table.iloc[[first[i] for i in rows["id"]]].reset_index(drop=True), rows, ids


def _spoil_one(table: pd.DataFrame, name: str, which: np.ndarray, draws: Draws) -> None:
    if name in ("blank_class", "blank_matter"):
        table.loc[which, ["诉求大类", "诉求小类", "诉求事项"] if name == "blank_class" else ["诉求事项"]] = ""
    elif name in ("blank_coordinates", "zero_coordinates"):
        table.loc[which, ["经度", "纬度"]] = "" if name == "blank_coordinates" else "0"
    elif name == "swapped_coordinates":
        table.loc[which, ["经度", "纬度"]] = table.loc[which, ["纬度", "经度"]].to_numpy()
    elif name == "outside_city":
        turn = draws.uniform(len(which), high=2 * np.pi)
        table.loc[which, "经度"] = [f"{113.2 + 0.24 * x:.{DECIMALS}f}" for x in np.cos(turn)]
        table.loc[which, "纬度"] = [f"{30.1 + 0.2 * x:.{DECIMALS}f}" for x in np.sin(turn)]
    elif name == "full_width_digits":
        for column in ("经度", "纬度"):
            table.loc[which, column] = [x.translate(WIDE) for x in table.loc[which, column]]
    elif name == "bad_occurrence_time":
        table.loc[which, "发生时间"] = [story.BAD_TIMES[k % len(story.BAD_TIMES)] for k in range(len(which))]
    elif name == "damaged_cell_code":
        table.loc[which, "网格编码"] = "9.90102E+14"
    elif name == "unknown_cell_code":
        table.loc[which, "网格编码"] = "990199001001001"
    elif name == "hostile_text":
        table.loc[which, "诉求内容"] = list(story.HOSTILE)
    elif name == "quoted_text":
        table.loc[which, "诉求内容"] += ',来电人称"已经多次反映"'
    elif name == "line_break_in_text":
        table.loc[which, "诉求内容"] += "\n请回复"
