"""A ledger with one warning in each situation that a paper is about, for the tests of letters, lists and messages."""

from __future__ import annotations

from typing import Any

from gridbeacon.layers.ledger import Ledger, open_ledger

EVIL = "{{7*191}}<script>alert(1)</script>=1+1〔单位〕\x00\x0b\n\u202e𠮷&]]>"
"""A text that is code for a template, for HTML, for a spreadsheet and for our own placeholders."""

STREET, BUREAU = "听潮街道办事处", "清晏区城市管理局"
FIRST, SECOND = "2026-01-01T00:00:00", "2026-01-02T00:00:00"
WHO = {"actor": "值班长"}


def warning(warning_id: str, level: str = "orange", **changes: Any) -> dict[str, Any]:
    """The columns of one early warning."""
    return {
        "warning_id": warning_id,
        "rank": 1,
        "level": level,
        "within_budget": True,
        "cell_id": "001",
        "cell_name": "霁南区·听潮街道",
        "category": "供水排水/供水",
        "window_start": "2025-12-31T00:00:00",
        "window_end": FIRST,
        "observed": 22,
        "expected": 0.169,
        "recurrence_days": 365.0,
        "reason": "当日供水22件,平时约0.2件",
        "reason_en": "22 water reports in one day, about 0.2 expected",
        "responsible": STREET,
        "phase": "open",
        "change": "新增",
        "caveats": "",
        **changes,
    }


def fill_ledger(ledger: Ledger, **changes: Any) -> Ledger:
    """Seven warnings: late and supervised, assigned, dismissed, reopened, reported, ended and unjudged, unassigned."""
    levels = {"late": "red", "with": "orange", "gone": "blue", "back": "yellow", "told": "orange", "over": "blue"}
    rows = [warning(name, level, **changes) for name, level in levels.items()]
    ledger.issue(rows, FIRST, "run-1")
    ledger.issue(rows[:5], SECOND, "run-2")

    def did(warning_id: str, event: str, day: int, hour: int, note: str = "", **payload: Any) -> None:
        time = f"2026-01-0{day}T{hour:02d}:00:00"
        ledger.record(warning_id, event, time=time, note=note, payload=payload, **WHO)

    did("late", "judged", 1, 8, verdict="true")
    did("late", "assigned", 1, 9, to=STREET, due="2026-01-02T09:00:00")
    did("with", "assigned", 1, 9, to=BUREAU, due="2026-01-06T18:30:00")
    did("gone", "dismissed", 1, 10, "节日前的常见上升")
    did("back", "assigned", 1, 10, to=STREET, due="2026-01-05T18:00:00")
    did("back", "handled", 2, 10)
    did("back", "closed", 2, 12)
    did("told", "assigned", 1, 11, to=BUREAU, due="2026-01-06T18:00:00")
    did("told", "reported", 2, 9)
    did("late", "supervised", 3, 9)
    did("back", "reopened", 3, 9, "同一地点又有12件")
    did("back", "assigned", 3, 10, to=STREET, due="2026-01-07T18:00:00")
    return ledger


def make_ledger(path: Any, **changes: Any) -> Ledger:
    """A new ledger at *path*, filled and open."""
    return fill_ledger(open_ledger(path), **changes)
