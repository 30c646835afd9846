"""Presets: plain settings over the defaults. A plan file and options given win over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .refusals import refusal


@dataclass(frozen=True)
class Preset:
    """A name people know, what it is for, and the flat settings it changes (`Plan.with_settings`)."""

    name: str
    zh: str
    help: str
    help_zh: str
    settings: dict[str, Any] = field(default_factory=dict)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("daily", "日常", "Every morning over the last complete day; the defaults.", "每日晨报,即默认设置。"),
        Preset(
            "weekly",
            "每周",
            "Every Monday over the last complete week; the window covers twelve weeks.",
            "每周一,统计上一完整周;窗口十二周。",
            {
                "title": "城市风险周报",
                "line": "weekly",
                "bin": "week",
                "window": 84,
                "nb_predictive_baseline": 364,
                "nb_predictive_guard": 7,
            },
        ),
        Preset(
            "wartime",
            "战时",
            "Every hour: the day so far and the last three hours against the same hours of the same kind of day, on "
            "streets and above.",
            "每小时:今日至今与近三小时,对照同类日期的同时段;街道及以上。",
            {
                "title": "战时研判快报",
                "line": "wartime",
                "bin": "hour",
                "finest": "street",
                "window": 7,
                "nb_predictive_so_far": True,
                "nb_predictive_hourly_windows": (3,),
                "persistence": 24,  # hours of one day so far are no independent evidence of each other
                "quiet_steps": 6,
            },
        ),
    )
}


def preset_settings(name: str) -> dict[str, Any]:
    """The flat settings of a preset; empty for "". Raises InputError for a name that is none."""
    if not name:
        return {}
    if name not in PRESETS:
        raise refusal("E-PLAN-008", where="--preset", name=name, known=", ".join(PRESETS))
    return dict(PRESETS[name].settings)
