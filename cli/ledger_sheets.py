"""`ledger export` and `ledger import`: the hand-over sheet goes out, and comes back filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..layers.handover import Taken, check_origin, check_place, read_handover, record_handover, write_handover
from ..layers.handover.columns import SHEET, unit_of
from ..layers.incidents.sources import unique_names
from ..layers.ledger import ASSIGNED
from .inputs import expand
from .ledger_work import chosen, record_of
from .voice import Voice, place_in_chinese, print_json

_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_LONGEST = 60
"""What no file name may hold on Windows, and the most of a unit's name that one takes."""
_FATES = {
    "recorded": ("recorded", "新登记"),
    "known": ("already known", "已登记过"),
    "blank": ("blank", "未填"),
    "refused": ("refused", "未接受"),
}


def export_sheet(
    voice: Voice,
    out: str,
    replace: bool,
    each_unit: bool,
    ledger: str | None,
    plan: str | None,
    timezone: str | None,
    time: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Write the sheet of what is with units (已交办), or of what the filters ask for; or one for every unit."""
    record = record_of(ledger, plan, timezone)
    now = record.moment(time).isoformat()
    wanted = {**filters, "state": filters.get("state") or (ASSIGNED,)}
    with record.open() as book:
        rows, head = chosen(book.warnings(), wanted), book.head()
    sheets = _by_unit(rows, Path(out)) if each_unit else [(Path(out), filters.get("unit") or "", rows)]
    for path, _, _ in sheets:
        check_place(path, replace)
    for path, unit, own in sheets:
        write_handover(path, own, head=head, time=now, unit=unit, replace=replace)
        voice.say(voice.pick(f"{len(own)} warnings in {path}", f"{path} 共{len(own)}件"))
    if as_json:
        written = [{"out": str(path), "unit": unit, "rows": len(own)} for path, unit, own in sheets]
        print_json({"sheets": written, "rows": len(rows), "head": head, "time": now})


def _by_unit(rows: Sequence[dict[str, Any]], folder: Path) -> list[tuple[Path, str, list[dict[str, Any]]]]:
    """(file, unit, its rows) for every unit; the folder is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of.setdefault(unit_of(row), []).append(row)
    names = unique_names([_FORBIDDEN.sub("_", unit)[:_LONGEST].rstrip(". ") or "_" for unit in of])
    return [(folder / f"{SHEET}-{name}.xlsx", unit, own) for name, (unit, own) in zip(names, of.items(), strict=True)]


def import_sheets(
    voice: Voice,
    sheets: Sequence[str],
    actor: str,
    ledger: str | None,
    plan: str | None,
    timezone: str | None,
    time: str | None,
    as_json: bool,
) -> None:
    """Read every sheet before anything is recorded, then record row by row and tell the account."""
    record = record_of(ledger, plan, timezone)
    now = record.moment(time)
    filled = [read_handover(path) for path in expand(sheets)]
    with record.open() as book:
        for sheet in filled:
            check_origin(book, sheet)
        taken = [record_handover(book, sheet, actor=actor, now=now) for sheet in filled]
        head = book.head()
    for sheet in taken:
        _tell(voice, sheet)
    if as_json:
        print_json({"sheets": [_plain(sheet) for sheet in taken], "head": head, "time": now.isoformat()})


def _tell(voice: Voice, taken: Taken) -> None:
    account = taken.account
    parts = [f"{voice.pick(*words)} {account[fate]}" for fate, words in _FATES.items()]
    rows = voice.pick(f"{account['rows']} rows", f"共{account['rows']}行")
    voice.say(f"{taken.name}: {rows} = " + " + ".join(parts))
    for fate in taken.fates:
        if fate.error is not None:
            told = fate.error
            where = voice.pick(f"row {fate.row}", f"第{fate.row}行")
            why = voice.pick(f"{told.problem}. {told.fix}", f"{told.problem_zh}。{told.fix_zh}")
            voice.say(f"  {where} {fate.warning_id}: {why} [{told.code}]")
    masked = sum(fate.masked and fate.fate == "recorded" for fate in taken.fates)
    if masked:
        voice.say(
            voice.pick(
                f"  {masked} rows held phones, numbers or names of persons; they were blotted out",
                f"  {masked}行中的电话、证件号或姓名已遮盖",
            )
        )
    for result in ("误报", "退回"):
        new = [fate.warning_id for fate in taken.fates if fate.result == result and fate.fate == "recorded"]
        if new:
            voice.say(voice.pick(*_ASKS[result]) + ", ".join(new))
    if taken.missing:
        gone = ", ".join(taken.missing)
        voice.say(voice.pick(f"  went out and did not come back: {gone}", f"  已导出而未在表中读回:{gone}"))


_ASKS = {
    "误报": ("  false alarms by the unit's account, to be verified: ", "  承办单位认为误报,请核验:"),
    "退回": ("  sent back, to be assigned anew: ", "  被退回,请改派:"),
}


def _plain(taken: Taken) -> dict[str, Any]:
    rows = []
    for fate in taken.fates:
        row = {"row": fate.row, "warning_id": fate.warning_id, "fate": fate.fate, "result": fate.result}
        row |= {"event": fate.event, "masked": fate.masked}
        if fate.error is not None:
            row |= {**fate.error.parts(), "where_zh": place_in_chinese(fate.error.where)}
        rows.append(row)
    return {"name": taken.name, "account": taken.account, "rows": rows, "missing": list(taken.missing)}
