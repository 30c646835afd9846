"""A small ledger, and hand-over sheets filled in as an office program would: by changing the cells in the XML."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

from gridbeacon.layers.ledger import open_ledger

UNITS = {"a1b2c3d4-e5f60718".replace("-", ""): "水务专班", "1234567890123456": "生态分局", "c0ffee00c0ffee00": "公用局"}
"""warning_id -> unit; the second is all digits, which a spreadsheet would gladly take for a number."""

FIRST, SECOND, THIRD = UNITS


def warning(own: str, level: str, **more: object) -> dict:
    """A warning as a run issues it."""
    facts = {
        "warning_id": own,
        "level": level,
        "cell_id": "990101002",
        "cell_name": "霁南区·听潮街道",
        "category": "供水排水/供水",
        "reason": "当日供水22件,平时约0.2件,12345热线与网格巡查同升",
        "reason_en": "22 in one day, about 0.2 expected",
        "responsible": UNITS.get(own, ""),
        "observed": 22,
        "expected": 0.2,
        "recurrence_days": 400.0,
        "window_start": "2025-12-31T00:00:00",
        "window_end": "2026-01-01T00:00:00",
    }
    return {**facts, **more}


def issue_three(place: Path | str) -> None:
    """Three warnings, each of another level, place and class."""
    rows = [
        warning(FIRST, "red"),
        warning(SECOND, "orange", cell_name="清晏街道·04网格", category="生态环境/噪声"),
        warning(THIRD, "yellow", cell_name='=HYPERLINK("http://x")', cell_id="CITY", category="能源供应"),
    ]
    with open_ledger(place) as book:
        book.issue(rows, "2026-01-01", "run-1")


def assign_three(place: Path | str) -> None:
    """The three of `issue_three`, each with its unit."""
    issue_three(place)
    with open_ledger(place) as book:
        for own, unit in UNITS.items():
            book.record(own, "assigned", actor="值班员", time="2026-01-01T09:00:00", payload={"to": unit})


def change_part(source: Path, target: Path, part: str, change) -> Path:
    """*source* as *target*, with the text of one *part* of the archive changed."""
    with zipfile.ZipFile(source) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    parts[part] = change(parts[part].decode("utf-8")).encode("utf-8")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name, data in parts.items():
            after.writestr(name, data)
    return target


def fill(source: Path, target: Path, cells: dict[str, str], sheet: int = 1) -> Path:
    """*source* as *target*, with texts written into cells of its list: `{"I5": "收到"}`."""

    def write(xml: str) -> str:
        for at, text in cells.items():
            new = rf'<c r="{at}"\g<look> t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
            xml, n = re.subn(rf'<c r="{at}"(?P<look>(?: s="\d+")?)(?: t="(?:s|inlineStr)")?(?:/>|>.*?</c>)', new, xml)
            if n != 1:
                raise AssertionError(at)
        return xml

    return change_part(source, target, f"xl/worksheets/sheet{sheet}.xml", write)
