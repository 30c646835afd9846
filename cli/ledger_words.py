"""The words of the ledger's commands, and what may be typed for a state, a level or a verdict. Needs click alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

STATES = {
    "待研判": "待研判",
    "已交办": "已交办",
    "已办结": "已办结",
    "已销号": "已销号",
    "to-judge": "待研判",
    "assigned": "已交办",
    "handled": "已办结",
    "closed": "已销号",
}
"""What may be typed -> the state that is meant; Chinese cannot be typed on every console."""

LEVELS = {
    "red": "red",
    "orange": "orange",
    "yellow": "yellow",
    "blue": "blue",
    "红": "red",
    "橙": "orange",
    "黄": "yellow",
    "蓝": "blue",
}
VERDICTS = {"true": "true", "false": "false", "unclear": "unclear", "属实": "true", "误报": "false", "未核": "unclear"}

EVENTS_OF_COMMANDS = {
    "judged": ("judge", "Judge a warning: true, a false alarm, or unclear.", "研判:属实、误报或未核。"),
    "dismissed": ("dismiss", "Dismiss a warning that needs nobody; say why.", "排除:无需交办的预警,须写明理由。"),
    "assigned": ("assign", "Assign a warning to a unit.", "交办:指定承办单位。"),
    "received": ("receive", "Record that the unit has received it.", "签收:承办单位已收到。"),
    "handled": ("handle", "Record that it was handled.", "办理:已办理完毕。"),
    "reported": (
        "report",
        "Record that it was only reported, not handled; counted apart.",
        "报备:只报备、未办理,单独统计。",
    ),
    "verified": (
        "verify",
        "With an ID: record that the handling was checked on the spot. Without: recompute the ledger's whole chain.",
        "给出编号:登记办理结果已核验。不给编号:重算整个台账的校验链。",
    ),
    "supervised": ("supervise", "Supervise a warning that is late or matters.", "督办:催办超期或重要的预警。"),
    "closed": ("close", "Sign a warning off.", "销号。"),
    "reopened": ("reopen", "Open a warning again; say why.", "重启已办结或已销号的预警,须写明理由。"),
    "noted": ("note", "Add a note, whatever the state.", "备注,任何状态均可。"),
    "corrected": (
        "correct",
        "Correct what an event said: linked to it, which itself stays.",
        "更正:与原记录关联,原记录保留。",
    ),
    "cancelled": (
        "cancel",
        "Cancel a warning that should not have been issued; say why.",
        "撤销误发的预警,须写明理由。",
    ),
}
"""Event -> the command that records it, and its help in both languages."""


class choice(click.Choice):
    """A choice whose answer is what is meant, not what was typed."""

    def __init__(self, meanings: Mapping[str, str]):
        super().__init__(list(meanings))
        self.meanings = meanings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The meaning of *value*; click's own refusal for what is none of the choices."""
        return self.meanings[super().convert(value, param, ctx)]
