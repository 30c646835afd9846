"""What stands in a hand-over sheet: our columns, those to fill in, what each result means, and the fingerprints."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import style
from ..drills import DRILL_ZH, is_drill

NOTHING = "没有需要办理的事项。Nothing is waiting to be handled."
SHEET, GUIDE, CHECK = "交办表", "填写说明", "校验"
"""The sheets of the workbook: the list, how to fill it in, and the hidden one the list is checked against."""

FORMAT = "gridbeacon handover 1"
_LONGEST = 8_000
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_GAPS = re.compile(r"\s+")


@dataclass(frozen=True)
class Column:
    """A column: its name, its header in both languages, its width in characters, what is to be written there."""

    name: str
    zh: str
    en: str
    width: float
    help: str = ""
    help_en: str = ""

    @property
    def header(self) -> str:
        """The header's two lines."""
        return f"{self.zh}\n{self.en}"


OURS = (
    Column("warning_id", "预警编号", "Warning", 20),
    Column("level", "等级", "Level", 11),
    Column("cell_name", "地点", "Place", 23),
    Column("category", "事项类别", "Class", 16),
    Column("reason", "理由", "Why", 42),
    Column("responsible", "责任单位", "Responsible", 17),
    Column("due", "办理时限", "Deadline", 16),
    Column("step", "当前状态", "Now", 10),
)
"""What the ledger says; locked."""

FILL = (
    Column(
        "result",
        "处理结果",
        "Result",
        11,
        "从下拉列表中选择;填了其他列也必须选。",
        "Choose from the list; needed for the other columns to count.",
    ),
    Column(
        "note",
        "办理情况",
        "What was done",
        32,
        "写查明的情况和采取的措施。不写个人姓名、电话、证件号。",
        "What was found and done. No names, phones or ID numbers.",
    ),
    Column("unit", "经办单位", "Unit", 17, "写单位名称,不写个人姓名。", "Name of the unit, not of a person."),
    Column(
        "time",
        "办理时间",
        "When",
        16,
        "如 2026-01-05 14:30。不填则以读回的时间为准。",
        "Like 2026-01-05 14:30; left empty, the time of reading back counts.",
    ),
)
"""What the responsible unit fills in."""


@dataclass(frozen=True)
class Result:
    """One choice of the column 处理结果: what it says, and the event it becomes in the ledger."""

    zh: str
    en: str
    event: str
    help: str
    help_en: str


RESULTS = (
    Result("收到", "Received", "received", "已收到,正在办理。", "It has arrived and is being handled."),
    Result("已办理", "Handled", "handled", "已按职责办理完毕。", "Handled, within your duties."),
    Result(
        "已报备",
        "Reported only",
        "reported",
        "只作报备,没有办理。单独统计,不计入办结率。",
        "Told of, not handled; counted apart, never as handled.",
    ),
    Result(
        "误报",
        "False alarm",
        "handled",
        "到场核实并无此事。登记为已办理、结论误报,由研判人员核验。",
        "Checked on the spot, nothing of the kind; to be verified by those who judge.",
    ),
    Result(
        "退回",
        "Sent back",
        "noted",
        "不属本单位职责或无法办理,须在办理情况中说明。由研判人员改派。",
        "Not yours, or cannot be done; say why. It will be assigned anew.",
    ),
)
"""What a unit may answer."""

FALSE_ALARM, SENT_BACK = RESULTS[3], RESULTS[4]

STEPS = {"assigned": "待签收", "received": "已收到", "supervised": "督办中"}
"""The step of a warning that is out, in the words of those who have to act."""


def cell_text(value: Any) -> str:
    """*value* as one line of visible text, at most 8,000 characters; nothing for what is missing."""
    if value is None or value != value:
        return ""
    text = _GAPS.sub(" ", _INVISIBLE.sub("", str(value))).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def unit_of(row: Mapping[str, Any]) -> str:
    """The unit a warning is with, else the one it names as responsible, else 待明确."""
    return cell_text(row.get("assigned_to") or row.get("responsible")) or style.UNKNOWN_RESPONSIBLE_ZH


def our_texts(row: Mapping[str, Any]) -> list[str]:
    """The texts of OURS for one row of `Ledger.warnings`, in their order."""
    level = str(row.get("level") or "")
    if level in style.LEVEL_NAMES:
        words = style.level_of(level)
        level = f"{words.zh} {words.verb_zh}"
    values = {
        **row,
        "level": (DRILL_ZH if is_drill(row) else "") + level,
        "responsible": unit_of(row),
        "due": str(row.get("due") or "").replace("T", " ")[:16],
        "step": STEPS.get(str(row.get("step")), str(row.get("state") or "")),
    }
    return [cell_text(values.get(column.name)) for column in OURS]


def sheet_fingerprint(head: str, codes: Iterable[str]) -> str:
    """What ties the hidden sheet together: the ledger's head and every row's fingerprint, in order; 32 hex digits."""
    return hashlib.sha256("\n".join([head, *codes]).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def row_fingerprint(head: str, texts: Iterable[str]) -> str:
    """What ties a row to the ledger's head at which it went out, and to every text of ours in it: 32 hex digits."""
    parts = json.dumps([head, *texts], ensure_ascii=False)
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
