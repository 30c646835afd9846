"""A run's folder and a ledger as the engine leaves them, of any size, made by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from gridbeacon.layers.ledger import open_ledger

AS_OF = "2026-01-01T00:00:00"
LEVELS = ("red", "orange", "yellow", "blue")
CLASSES = ("供水排水/供水", "生态环境/噪声", "能源供应/供热")
HEADER = (
    "warning_id rank level within_budget cell_id cell_name unit_level role category window_start window_end observed "
    "expected ratio excess recurrence_days risk models sources source_count reason reason_en responsible incidents "
    "closed closed_count places place_ids first_seen times_seen change phase state caveats x y caveats_en stability "
    "merged_into steps needs_confirmation false_per_week false_low false_high deadline"
).split()


def warning(number: int, **columns: Any) -> dict[str, Any]:
    """The *number*-th warning, most urgent first; *columns* say what is different."""
    level = LEVELS[min(number, 3)] if number < 4 else LEVELS[number % 4]
    observed, expected = 40 - number % 37, round(0.169 * (number + 1), 3)
    return {
        **dict.fromkeys(HEADER, ""),
        "warning_id": f"{number:016x}",
        "rank": number + 1,
        "level": level,
        "cell_id": f"9901010{number:05d}",
        "cell_name": f"霁南区·听潮街道·{number:02d}社区",
        "unit_level": 3,
        "category": CLASSES[number % 3],
        "window_start": "2025-12-29 00:00:00",
        "window_end": "2026-01-01 00:00:00",
        "observed": observed,
        "expected": expected,
        "recurrence_days": 1000.0 + number,
        "sources": "12345热线 14;网格巡查 5",
        "source_count": 2,
        "reason": f"近3天{observed}件,平时约{expected}件",
        "reason_en": f"{observed} in three days, about {expected} expected",
        "responsible": "" if number == 2 else f"听潮街道专班{number % 5}",
        "incidents": observed,
        "closed_count": 3,
        "change": ("新增", "升级", "持续", "解除")[number % 4],
        "phase": "open",
        "state": "待研判",
        "caveats": "红色,请人工核实确认;时段内工单约到93%",
        "caveats_en": "red: a person is asked to confirm it;about 93% of the reports are in",
        "stability": "稳定",
        "false_per_week": 0.0027,
        "false_low": 0.00001,
        "false_high": 0.015,
        "deadline": "2026-01-01T10:30:00",
        **columns,
    }


def explained() -> dict[str, Any]:
    """What explains a warning, the parts the panel draws and tells."""
    week = [[0] * 24 for _ in range(7)]
    week[2][9] = 12
    hours = [{"hour": hour, "observed": week[2][hour], "usual": 0.1, "excess": 0} for hour in range(24)]
    return {
        "why": {
            "level": {"sentence": "红色:碰巧100年以上一遇", "sentence_en": "Red: by chance once in over 100 years"}
        },
        "carriers": {
            "classes": [{"name": "水管爆裂", "observed": 10, "usual": 0.02}],
            "places": [{"name": "桂桨社区", "observed": 13, "usual": 0.04}],
            "week": {"observed": week, "usual": week, "hours": hours},
        },
        "season_before": {"sentence": "去年同期0件", "sentence_en": "same season: 0 a year ago"},
        "year_on_year": {"sentence": "是上年同期的8.6倍", "sentence_en": "8.6 times"},
        "stability": {
            "badge": "stable",
            "word": "稳定",
            "sentence": "移动4次均成立",
            "sentence_en": "stands in 4 of 4",
        },
        "record": {"sentence": "近90天没有同类红色预警", "sentence_en": "no red like this in the last 90 days"},
        "chance": {"sentence": "约每7年一次", "sentence_en": "about once in 7 years"},
        "series": {
            "time": [f"2025-12-{day:02d}T00:00:00" for day in range(1, 32)],
            **{name: [value] * 31 for name, value in (("observed", 4), ("expected", 5.5), ("lower", 1), ("upper", 9))},
            "valid": [True] * 31,
        },
    }


def make_run(folder: Path, rows: list[dict[str, Any]], **checked: Any) -> Path:
    """Write the run of *rows* into *folder*."""
    folder.mkdir(parents=True)
    _write(folder / "early_warnings.csv", HEADER, rows)
    members = [{"warning_id": row["warning_id"], "incident_id": f"H{n:07d}"} for row in rows for n in range(3)]
    _write(folder / "members.csv", ("warning_id", "incident_id", "source_file", "source_row"), members)
    names = ("warning_id", "cell_id", "cell_name", "category", "observed", "expected", "relation")
    _write(folder / "grouped.csv", names, [{**row, "relation": "broader"} for row in rows[:50]])
    one = json.dumps(explained(), ensure_ascii=False, indent=1)
    told = ",\n".join(f'"{row["warning_id"]}": {one}' for row in rows)
    head = f'{{"note": {{}}, "run_id": "r", "as_of": "{AS_OF}", "warnings": {{\n'
    (folder / "explanations.json").write_text(f"{head}{told}\n}}}}\n", encoding="utf-8")
    numbers = {"per_week": 0.0027, "low": 0.00006, "high": 0.015, "basis": "calibrated"}
    facts = {"expected_false": dict.fromkeys(LEVELS, numbers), **checked}
    manifest = {"run_id": "r", "as_of": AS_OF, "plan": {"plan": {"timezone": "Asia/Shanghai"}}, "checked": facts}
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder


def make_ledger(place: Path | str, rows: list[dict[str, Any]]) -> Path | str:
    """A ledger into which the run of *rows* was issued."""
    with open_ledger(place) as book:
        book.issue(rows, AS_OF, "r")
    return place


def events_of(place: Path | str, number: int) -> list[dict[str, Any]]:
    """What the ledger holds of the *number*-th warning, `payload` as a mapping."""
    with open_ledger(place, create=False) as book:
        return [{**event, "payload": json.loads(event["payload"])} for event in book.events(f"{number:016x}")]


def _write(path: Path, header: Any, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
