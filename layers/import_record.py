"""What the last import looked like, and how this one differs: columns, classes, volumes, encodings, coordinate systems.

A record is a JSON file of names, counts and days; it holds nothing of any single row.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import Notice
from .incidents.rules import notice
from .refusals import refusal, trouble

FILE_NAME = "last_import.json"
KEPT_DAYS = 56
"""Days of volumes a record holds."""
_LEAST = 5.0  # incidents that must be missing or too many before a volume is told
_SIGMA = 4.0
_NAME, _VOLUME = 0.55, 0.45  # weights of a likely renaming
_LIKELY = 0.5


@dataclass(frozen=True)
class Renaming:
    """A class that vanished and one that appeared, likely one; `share` of its volume came again; `likeness` 0..1."""

    old: str
    new: str
    likeness: float
    share: float


@dataclass(frozen=True)
class Comparison:
    """What changed since the last import: notices, and the classes that look renamed."""

    notices: tuple[Notice, ...]
    renamings: tuple[Renaming, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "notices": [{"code": n.code, "zh": n.zh, "en": n.en} for n in self.notices],
            "renamings": [asdict(renaming) for renaming in self.renamings],
        }


def make_record(
    files: list[dict[str, Any]], incidents: pd.DataFrame, *, timezone: str, mapping: dict[str, str], plan_version: str
) -> dict[str, Any]:
    """The record of one import.

    Parameters
    ----------
    files : one {name, columns, encoding, crs, layout, rows} per table. incidents : the rows used, with `time`,
        `category`, `source`. timezone : of the days.
    """
    local = pd.DatetimeIndex(incidents["time"]).tz_convert(timezone).tz_localize(None).normalize()
    day = pd.Series(local.strftime("%Y-%m-%d"), index=incidents.index)
    last = local.max()
    recent = (local > last - pd.Timedelta(days=KEPT_DAYS)) if len(local) else np.zeros(0, bool)
    classes = incidents["category"].astype(str)
    daily = incidents[recent].groupby([incidents["source"], classes, day], observed=True).size()
    volumes: dict[str, dict[str, dict[str, int]]] = {}
    for (source, category, date), n in daily.items():
        volumes.setdefault(str(source), {}).setdefault(str(category), {})[str(date)] = int(n)
    return {
        "record": 1,
        "plan_version": plan_version,
        "first_day": f"{local.min():%Y-%m-%d}" if len(local) else "",
        "last_day": f"{last:%Y-%m-%d}" if len(local) else "",
        "files": files,
        "mapping": mapping,
        "classes": {str(name): int(n) for name, n in classes.value_counts().sort_index().items()},
        "volumes": volumes,
    }


def write_record(record: dict[str, Any], path: str | Path) -> Path:
    """Write *record*, complete or not at all. Raises EnvironmentProblem where that cannot be done."""
    place = Path(path)
    beside = place.with_name(place.name + ".partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(place)
    except OSError as error:
        raise trouble("E-RECORD-001", where=place.name) from error
    return place


def read_record(path: str | Path) -> dict[str, Any]:
    """The record at *path*. Raises InputError if it is missing or none of ours."""
    place = Path(path)
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
        if record["record"] != 1 or not {"files", "classes", "volumes", "last_day"} <= record.keys():
            raise KeyError("record")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("E-RECORD-002", where=place.name) from error
    return record


def compare(before: dict[str, Any], now: dict[str, Any]) -> Comparison:
    """How the import *now* differs from the one *before*; both are records."""
    table = _volumes(before, now)
    renamings = _renamings(before, now, table)
    return Comparison(
        (
            *_columns(before, now),
            *_kinds(before, now),
            *_classes(before, now, table, renamings),
            *_amounts(table, renamings),
        ),
        renamings,
    )


def _columns(before: dict[str, Any], now: dict[str, Any]) -> list[Notice]:
    old, new = (list(dict.fromkeys(c for f in r["files"] for c in f["columns"])) for r in (before, now))
    told = []
    for code, names in (
        ("N-PAST-001", [c for c in new if c not in old]),
        ("N-PAST-002", [c for c in old if c not in new]),
    ):
        told += [notice(code, columns=", ".join(names))] if names else []
    changed = [r for r in before.get("mapping", {}) if before["mapping"][r] != now.get("mapping", {}).get(r)]
    for role in changed:
        told.append(
            notice("N-PAST-003", role=role, old=before["mapping"][role], new=now["mapping"].get(role, "") or "—")
        )
    return told


def _kinds(before: dict[str, Any], now: dict[str, Any]) -> list[Notice]:
    """Encodings, coordinate systems and layouts of dates: as sets, since files come and go."""
    told = []
    for code, fact in (("N-PAST-004", "encoding"), ("N-PAST-005", "crs"), ("N-PAST-006", "layout")):
        old, new = ({str(f.get(fact) or "") for f in r["files"]} - {""} for r in (before, now))
        if old and new and not new <= old:
            told.append(notice(code, old=", ".join(sorted(old)), new=", ".join(sorted(new))))
    return told


def _volumes(before: dict[str, Any], now: dict[str, Any]) -> pd.DataFrame:
    """One row per source and class: `old` mean per day, its variance, `new` incidents of the days compared, `days`.

    Compared are the days after the last import; where there is none, the days both have.
    """
    old, new = _tidy(before), _tidy(now)
    fresh = new[new["day"] > before["last_day"]] if before["last_day"] else new
    if not len(fresh):
        fresh = new[new["day"].isin(set(old["day"]))]
    days = sorted(set(fresh["day"]))
    if days and days[0] > before["last_day"]:
        days = [f"{d:%Y-%m-%d}" for d in pd.date_range(days[0], days[-1])]
    span = _span(before)
    keys = ["source", "category"]
    grouped = old.groupby(keys)["n"]
    mean = grouped.sum() / span
    square = old.assign(n=old["n"] ** 2).groupby(keys)["n"].sum() / span
    table = pd.DataFrame({"old": mean, "variance": np.maximum(square - mean**2, mean)})
    table = table.join(fresh.groupby(keys)["n"].sum().rename("new"), how="outer").fillna(0.0)
    return table.assign(days=len(days)).reset_index()


def _span(record: dict[str, Any]) -> int:
    if not record["last_day"]:
        return 1
    days = (pd.Timestamp(record["last_day"]) - pd.Timestamp(record["first_day"])).days + 1
    return min(days, KEPT_DAYS)


def _tidy(record: dict[str, Any]) -> pd.DataFrame:
    rows = [
        (source, category, day, n)
        for source, classes in record["volumes"].items()
        for category, days in classes.items()
        for day, n in days.items()
    ]
    return pd.DataFrame(rows, columns=["source", "category", "day", "n"]).astype({"n": "int64"})


def _by_class(table: pd.DataFrame) -> pd.DataFrame:
    return table.groupby("category").agg({"old": "sum", "variance": "sum", "new": "sum", "days": "max"})


def _gone(before: dict[str, Any], now: dict[str, Any], table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Classes of the last import that should have come and did not; classes it did not know."""
    by_class = _by_class(table)
    due = by_class["old"] * by_class["days"]
    silent = [str(c) for c in by_class.index[(due >= _LEAST) & (by_class["new"] == 0)]]
    fresh = [c for c in now["classes"] if c not in before["classes"]]
    return silent, fresh


def _renamings(before: dict[str, Any], now: dict[str, Any], table: pd.DataFrame) -> tuple[Renaming, ...]:
    """Pairs of a vanished and a new class, the likeliest first; each class in one pair at most."""
    silent, fresh = _gone(before, now, table)
    by_class = _by_class(table)
    pairs = []
    for old in silent:
        due = float(by_class.at[old, "old"] * by_class.at[old, "days"])
        for new in fresh:
            came = float(by_class.at[new, "new"]) if new in by_class.index else 0.0
            share = came / due if due else 0.0
            volume = min(share, 1 / share) if share > 0 else 0.0
            likeness = _NAME * _same_name(old, new) + _VOLUME * volume
            if likeness >= _LIKELY and volume > 0.3:
                pairs.append(Renaming(old, new, round(likeness, 2), round(share, 2)))
    chosen: list[Renaming] = []
    for pair in sorted(pairs, key=lambda p: (-p.likeness, p.old, p.new)):
        if all(pair.old != c.old and pair.new != c.new for c in chosen):
            chosen.append(pair)
    return tuple(chosen)


def _same_name(old: str, new: str) -> float:
    """Likeness of two paths: of the last level, raised where the levels above agree."""
    *above, leaf = old.split("/")
    *other, last = new.split("/")
    own = SequenceMatcher(None, leaf, last, autojunk=False).ratio()
    whole = SequenceMatcher(None, old, new, autojunk=False).ratio()
    return min(1.0, max(own, whole) + (0.2 if above == other and above else 0.0))


def _classes(
    before: dict[str, Any], now: dict[str, Any], table: pd.DataFrame, renamings: tuple[Renaming, ...]
) -> list[Notice]:
    silent, fresh = _gone(before, now, table)
    told = [notice("N-PAST-009", old=r.old, new=r.new, share=r.share) for r in renamings]
    renamed = {name for r in renamings for name in (r.old, r.new)}
    for code, names in (("N-PAST-007", fresh), ("N-PAST-008", silent)):
        rest = [name for name in names if name not in renamed]
        if rest:
            shown = ", ".join(rest[:20]) + (f" … +{len(rest) - 20}" if len(rest) > 20 else "")
            told.append(notice(code, classes=shown, n=len(rest)))
    return told


def _amounts(table: pd.DataFrame, renamings: tuple[Renaming, ...]) -> list[Notice]:
    """Volumes far from the last import's: per source, and per source and first-level class within the others."""
    told: list[Notice] = []
    if not len(table) or not table["days"].max():
        return told
    top = table.assign(top=table["category"].str.split("/").str[0])
    whole = top.groupby("source").agg({"old": "sum", "variance": "sum", "new": "sum", "days": "max"})
    off = _off(whole)
    for source in whole.index[off]:
        told.append(_amount(whole.loc[source], source=str(source) or "—", category="全部"))
    renamed = {name.split("/")[0] for r in renamings for name in (r.old, r.new)}
    parts = top.groupby(["source", "top"]).agg({"old": "sum", "variance": "sum", "new": "sum", "days": "max"})
    for source, name in parts.index[_off(parts)]:
        if not off[whole.index.get_loc(source)] and name not in renamed:
            told.append(_amount(parts.loc[(source, name)], source=str(source) or "—", category=str(name)))
    return told


def _off(table: pd.DataFrame) -> np.ndarray:
    """(n,) bool: beyond half or double, and beyond what days that differ as they did before would give."""
    due = (table["old"] * table["days"]).to_numpy(float)
    spread = np.sqrt(table["variance"].to_numpy(float) * table["days"].to_numpy(float))
    apart = np.abs(table["new"].to_numpy(float) - due)
    ratio = table["new"].to_numpy(float) / np.maximum(due, 1e-9)
    return (apart > np.maximum(_SIGMA * spread, _LEAST)) & ((ratio < 0.5) | (ratio > 2.0))


def _amount(row: pd.Series, *, source: str, category: str) -> Notice:
    due = row["old"] * row["days"]
    return notice(
        "N-PAST-010",
        source=source,
        category=category,
        new=int(row["new"]),
        expected=round(due, 1),
        days=int(row["days"]),
    )
