"""Numbers -> the words people read: names, reasons, who is responsible, what was done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts, ancestors_of, bin_start
from ..layers.grids import full_name
from .caveats import caveats_of
from .preparation import Prepared
from .refusals import refusal

_REASON_LIMIT = 45
_SPAN = {"hour": ("小时", "hours"), "day": ("天", "days"), "week": ("周", "weeks")}
UNKNOWN = "待明确"


class Raised(Protocol):
    """A row of `raise_warnings`: what of its numbers is put into words."""

    unit: int
    role: str
    category: str
    window_first: int
    window_bins: int
    observed: int
    expected: float
    sources: str
    source_count: int
    one_source: bool
    awaiting_second: bool
    needs_confirmation: bool


def short_class(category: str, lang: str = "zh") -> str:
    """The class as people say it: the last part of its path."""
    if category == ALL_CLASSES:
        return "各类事件" if lang == "zh" else "incidents of all classes"
    return category.rsplit("/", 1)[-1]


def city_name(ready: Prepared) -> str:
    """What the whole city is called."""
    return ready.plan.city or "全市"


@dataclass(frozen=True)
class Responsible:
    """The class × area table: who answers for a class in a unit. Rows with an empty class or area hold for all."""

    table: pd.DataFrame

    @classmethod
    def read(cls, path: str | Path | None) -> Responsible:
        """From a CSV of three columns: 类别/category, 区域/area (name or code), 责任单位/responsible.

        None gives an empty table.
        """
        columns = ["category", "area", "responsible"]
        if path is None:
            return cls(pd.DataFrame(columns=columns))
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise refusal("E-PLAN-007", where=str(path), why=error) from error
        if table.shape[1] < 3:
            raise refusal("E-PLAN-006", where=Path(path).name)
        return cls(table.iloc[:, :3].set_axis(columns, axis=1))

    def of(self, category: str, areas: list[str]) -> str:
        """The most specific row: the nearest class first, then the nearest of *areas* (finest first); '' if none."""
        for node in [*reversed(ancestors_of(category)[1:]), ""]:
            rows = self.table[
                self.table["category"].isin([node, node.rsplit("/", 1)[-1]] if node else ["", ALL_CLASSES])
            ]
            for area in [*areas, ""]:
                hit = rows[rows["area"] == area] if area else rows[rows["area"].isin(["", "全市", "CITY"])]
                if len(hit):
                    return str(hit["responsible"].iloc[0])
        return ""


def members_of(ready: Prepared, row: Raised) -> np.ndarray:
    """(n_incidents,) bool: incidents of a warning's unit, class and window."""
    table, counts = ready.incidents, ready.counts
    first, end = row.window_first, row.window_first + row.window_bins
    start = pd.Timestamp(bin_start(first, counts.bin)[()]).tz_localize(
        ready.plan.timezone, ambiguous=True, nonexistent="shift_forward"
    )
    stop = pd.Timestamp(bin_start(end, counts.bin)[()]).tz_localize(
        ready.plan.timezone, ambiguous=True, nonexistent="shift_forward"
    )
    inside = ((table["time"] >= start) & (table["time"] < stop)).to_numpy()
    level = int(counts.cells.unit_level[row.unit])
    if level > lowest_described(counts):
        hidden = {name for name in table["category"].unique() if ready.privacy.policy.describes_only(name)}
        inside = inside & ~table["category"].isin(hidden).to_numpy()
    if row.category != ALL_CLASSES:
        category = table["category"]
        inside = inside & ((category == row.category) | category.str.startswith(row.category + "/")).to_numpy()
    return inside & (units_of(ready, row.role, level) == row.unit)


def units_of(ready: Prepared, role: str, level: int) -> np.ndarray:
    """(n_incidents,) row of the unit of one level each incident counts for, -1 none."""
    finest = ready.incidents["sectoral" if role == "sectoral" else "cell"].to_numpy()
    units = np.full(len(finest), -1, dtype=np.int64)
    placed = finest >= 0
    units[placed] = ready.counts.cells.lineage[finest[placed], level]
    return units


def describe(ready: Prepared, raised: pd.DataFrame, responsible: Responsible) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add names, words, places and members to the numbers of `raise_warnings`.

    Returns the table `early_warnings` (without risk and models) and the table `members`.
    """
    names = full_name(ready.cells.table)
    rows, members = [], []
    for row in raised.itertuples():
        inside = members_of(ready, row)
        own = ready.incidents[inside]
        members.append(own[["incident_id", "source_file", "source_row"]].assign(warning_id=row.warning_id))
        rows.append(_words(ready, row, own, inside, names, responsible))
    columns = ["warning_id", "incident_id", "source_file", "source_row"]
    listed = pd.concat(members, ignore_index=True)[columns] if members else pd.DataFrame(columns=columns)
    if not rows:
        return raised, listed
    words = pd.DataFrame(rows, index=raised.index)
    return pd.concat([raised, words], axis=1), listed


def _words(
    ready: Prepared, row: Raised, own: pd.DataFrame, inside: np.ndarray, names: pd.Series, responsible: Responsible
) -> dict:
    cells, counts = ready.cells.table, ready.counts
    lineage = [int(u) for u in counts.cells.lineage[row.unit][::-1] if u >= 0]
    areas = [text for unit in lineage for text in (str(cells["name"].iloc[unit]), str(cells["cell_id"].iloc[unit]))]
    places = top_places(ready, row, inside)
    closed = own["closed_time"].notna() & (
        own["closed_time"].dt.tz_convert(ready.plan.timezone).dt.tz_localize(None) < ready.as_of
    )
    closed = closed if len(own) else pd.Series(dtype=bool)
    handled = (own["kind"] == "handled").to_numpy() if len(own) else np.zeros(0, dtype=bool)
    answer = responsible.of(row.category, areas) or str(cells["responsible"].iloc[row.unit]) or UNKNOWN
    done = int((closed.to_numpy() & handled).sum())
    zh, en = reasons(ready, row, places)
    told = caveats_of(ready, row, own)
    return {
        "cell_id": str(cells["cell_id"].iloc[row.unit]),
        "cell_name": city_name(ready) if row.unit == 0 else str(names.iloc[row.unit]),
        "unit_level": int(cells["unit_level"].iloc[row.unit]),
        "window_start": pd.Timestamp(bin_start(row.window_first, counts.bin)[()]),
        "window_end": pd.Timestamp(bin_start(row.window_first + row.window_bins, counts.bin)[()]),
        "reason": zh,
        "reason_en": en,
        "responsible": answer,
        "incidents": int(inside.sum()),
        "closed": f"关联工单{int(handled.sum())}" + (f",已办结{done}" if _closing_known(ready) else ""),
        "closed_count": done,
        "places": ";".join(f"{name} {count}" for name, count, _ in places),
        "place_ids": ";".join(cell_id for *_, cell_id in places),
        "caveats": ";".join(text for text, _ in told),
        "caveats_en": ";".join(text for _, text in told),
        "caveat_pairs": told,
        "x": float(counts.cells.centres[row.unit, 0]),
        "y": float(counts.cells.centres[row.unit, 1]),
    }


def _closing_known(ready: Prepared) -> bool:
    """Whether the incidents come with times of closing at all: "none closed" is said only of those that do."""
    return bool(ready.incidents["closed_time"].notna().any())


def street_level(counts: Counts) -> int:
    """The coarsest level below the city with at least eight units: what a briefing opens on, and budgets count by."""
    levels = [level for level in counts.cells.levels() if level > 0]
    return next((level for level in levels if len(counts.cells.rows_at(level)) >= 8), levels[-1] if levels else 0)


def lowest_described(counts: Counts) -> int:
    """The finest level on which describe-only classes may be shown: streets, or the city where there are none."""
    street = street_level(counts)
    return street if street < max(counts.cells.levels()) else 0


def top_places(ready: Prepared, row: Raised, inside: np.ndarray, most: int = 8) -> list[tuple[str, int, str]]:
    """(name, incidents, cell_id) of the units below the warning's that carry it, the largest first."""
    cells, counts = ready.cells.table, ready.counts
    own = int(counts.cells.unit_level[row.unit])
    level = street_level(counts) if own < street_level(counts) else own + 1
    if row.role != "territorial" or level > max(counts.cells.levels()):
        return []
    if ready.privacy.policy.describes_only(row.category) and level > lowest_described(counts):
        return []
    if level > lowest_described(counts):
        category = ready.incidents["category"]
        hidden = {name for name in category.unique() if ready.privacy.policy.describes_only(name)}
        inside = inside & ~category.isin(hidden).to_numpy()
    units = units_of(ready, row.role, level)[inside]
    tally = pd.Series(units[units >= 0]).value_counts()
    order = sorted(tally.items(), key=lambda item: (-item[1], str(cells["cell_id"].iloc[item[0]])))
    return [
        (str(cells["name"].iloc[unit]), int(count), str(cells["cell_id"].iloc[unit])) for unit, count in order[:most]
    ]


def _span(ready: Prepared, row: Raised) -> tuple[str, str]:
    """The warning's window in words: 近3天, or 今日0–11时 where it is the day so far."""
    zh_unit, en_unit = _SPAN[ready.plan.bin]
    n = row.window_bins
    if ready.plan.nb_predictive.counts_today(ready.plan.bin) and row.window_first % 24 == 0 and n <= 24:
        day = pd.Timestamp(bin_start(row.window_first, "hour")[()])
        today = day == (ready.as_of - pd.Timedelta(hours=1)).normalize()
        zh, en = ("今日", "today") if today else (f"{day.month}月{day.day}日", f"on {day:%d %b}")
        return f"{zh}0–{n}时", f"{en}, 00:00 to {n:02d}:00"
    if n == 1:
        return {"day": "当日", "hour": "本小时", "week": "本周"}[ready.plan.bin], f"in one {en_unit[:-1]}"
    return f"近{n}{zh_unit}", f"in {n} {en_unit}"


def reasons(ready: Prepared, row: Raised, places: list[tuple[str, int, str]]) -> tuple[str, str]:
    """One sentence of figures, at most 45 Chinese characters, and the same in English."""
    span_zh, span_en = _span(ready, row)
    usual = f"{row.expected:.0f}" if row.expected >= 9.5 else f"{row.expected:.1f}"
    usual_zh = f"平时约{usual}件" if row.expected >= 0.05 else "平时几乎没有"
    usual_en = f"about {usual} expected" if row.expected >= 0.05 else "hardly any expected"
    rising = [part.rsplit(" ", 1)[0] for part in row.sources.split(";") if part][: row.source_count]
    both_zh = f",{'与'.join(rising[:2])}同升" if row.source_count >= 2 else ""
    both_en = f"; {' and '.join(rising[:2])} both up" if row.source_count >= 2 else ""
    where = f",{'、'.join(name for name, *_ in places[:2])}居多" if row.unit == 0 and places else ""
    head = f"{span_zh}{short_class(row.category)}{row.observed}件,{usual_zh}"
    zh = next(
        (head + tail for tail in (both_zh + where, where, both_zh, "") if len(head + tail) <= _REASON_LIMIT),
        head[:_REASON_LIMIT],
    )
    en = f"{row.observed} {short_class(row.category, 'en')} {span_en}, {usual_en}{both_en}"
    return zh, en
