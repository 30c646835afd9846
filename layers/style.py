"""Levels, classes, colours and words: one palette for QGIS, HTML and print. Standard library only.

Colours come in two themes, `dark` for the wall and `light` for paper, QGIS and office files. Text in a level's colour
reads on the theme's ground at a contrast of at least 4.5, and `ink` reads on the level's own colour. No level, class or
state is told by colour alone: each has a numeral, a word, or both.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict, dataclass
from typing import Any

THEMES = ("dark", "light")
LANGUAGES = ("zh", "en")
FONTS = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC","Source Han Sans SC",sans-serif'

STATUTORY_ZH = "内部研判,不构成法定预警发布"
STATUTORY_EN = "Internal analysis, not a statutory warning"
UNKNOWN_RESPONSIBLE_ZH = "待明确"
UNKNOWN_RESPONSIBLE_EN = "to be assigned"


@dataclass(frozen=True)
class Level:
    """One level of early warning: its name in tables, its numeral, its words and its colours.

    `dark` and `light` are the colour of words and outlines on the dark and on the light ground. A beacon is filled with
    `dark` in both themes, its number in `ink`; on `light` a number is `ink_light`. `fill` is a pale background for
    office files, on which text in `light` reads.
    """

    name: str
    numeral: str
    zh: str
    en: str
    verb_zh: str
    verb_en: str
    dark: str
    light: str
    fill: str
    ink: str = "#0b1018"
    ink_light: str = "#ffffff"

    def colour(self, theme: str = "light") -> str:
        """The level's colour in a theme, '#rrggbb'."""
        return self.dark if theme == "dark" else self.light

    def word(self, lang: str = "zh") -> str:
        """The level's colour as a word: 红 / red."""
        return self.zh if lang == "zh" else self.en

    def verb(self, lang: str = "zh") -> str:
        """What the level asks of a person: 立即核查 / Check now."""
        return self.verb_zh if lang == "zh" else self.verb_en


LEVELS: tuple[Level, ...] = (
    Level("red", "I", "红", "red", "立即核查", "Check now", "#ff6259", "#c3231b", "#fbdcd9"),
    Level("orange", "II", "橙", "orange", "今日核查", "Check today", "#ff9d3c", "#a84c00", "#fde6cf"),
    Level("yellow", "III", "黄", "yellow", "关注", "Watch", "#f4d03f", "#7a6000", "#fcf3c8"),
    Level("blue", "IV", "蓝", "blue", "知悉", "Note", "#63aaff", "#1c5cb8", "#dbe9fb"),
)
"""Most urgent first."""

LEVEL_NAMES: tuple[str, ...] = tuple(level.name for level in LEVELS)


@dataclass(frozen=True)
class MapClass:
    """One class of a map: a row of the legend. `low` is the inclusive lower bound, None where classes are named."""

    name: str
    zh: str
    en: str
    dark: str
    light: str
    low: float | None = None

    def colour(self, theme: str = "light") -> str:
        """The class's colour in a theme, '#rrggbb'."""
        return self.dark if theme == "dark" else self.light

    def word(self, lang: str = "zh") -> str:
        """The class in words."""
        return self.zh if lang == "zh" else self.en


RISK_CLASSES: tuple[MapClass, ...] = (
    MapClass("calm", "平常", "ordinary", "#15233a", "#e4ebf2", 0.0),
    MapClass("slight", "略高", "slightly raised", "#1d4468", "#c6dae8", 0.5),
    MapClass("raised", "偏高", "raised", "#2a7296", "#8fc0d6", 0.8),
    MapClass("high", "高", "high", "#4faebb", "#4b93b5", 0.95),
    MapClass("highest", "很高", "very high", "#b8e6dc", "#1d5a80", 0.99),
)
"""Risk in [0, 1], rising. One hue, so that the colours of levels stay free for warnings."""

HOTSPOT_CLASSES: tuple[MapClass, ...] = (
    MapClass("hot 99", "热点·极有把握", "hot spot, all but certain", "#f58a6b", "#a63a1e"),
    MapClass("hot 95", "热点·很有把握", "hot spot, very likely", "#c0604a", "#d5775a"),
    MapClass("hot 90", "热点·较有把握", "hot spot, likely", "#85443c", "#efb59f"),
    MapClass("", "与全市相当", "like the rest of the city", "#15233a", "#e6eaef"),
    MapClass("cold 90", "冷点·较有把握", "quiet spot, likely", "#274668", "#c3d6ea"),
    MapClass("cold 95", "冷点·很有把握", "quiet spot, very likely", "#35699c", "#86aed6"),
    MapClass("cold 99", "冷点·极有把握", "quiet spot, all but certain", "#5b97d0", "#3f7bb5"),
)
"""Hottest first; names are the values of `hotspot_class`."""

EMERGING_CLASSES: tuple[MapClass, ...] = (
    MapClass("new_hot", "新增热点", "new hot spot", "#ffd166", "#c98a00"),
    MapClass("consecutive_hot", "连续热点", "consecutive hot spot", "#f7a35c", "#d9752b"),
    MapClass("intensifying_hot", "加强热点", "intensifying hot spot", "#f2545b", "#a8201a"),
    MapClass("persistent_hot", "持续热点", "persistent hot spot", "#c4453c", "#7d1d16"),
    MapClass("diminishing_hot", "减弱热点", "diminishing hot spot", "#b07d9e", "#9a5d86"),
    MapClass("sporadic_hot", "零星热点", "sporadic hot spot", "#d4a998", "#c49a86"),
    MapClass("oscillating_hot", "振荡热点", "oscillating hot spot", "#a58fb5", "#8672a0"),
    MapClass("historical_hot", "历史热点", "historical hot spot", "#8a7f7a", "#a39892"),
    MapClass("", "无明显模式", "no pattern", "#15233a", "#e4ebf2"),
    MapClass("cold", "冷点", "quiet spot", "#35699c", "#86aed6"),
)
"""How hot spots came about; names are the values of `pattern`, all cold patterns as one."""

DENSITY_COLOURS: dict[str, tuple[str, ...]] = {
    "dark": ("#1b2f4d", "#25496b", "#2f6b87", "#4a929b", "#82bda9", "#d2e8b8"),
    "light": ("#e6eef2", "#c2dbe4", "#93c1cf", "#5f9fb6", "#357a99", "#17506f"),
}
"""Six steps, rising; the breaks are the surface's own and stand in the legend in events/km²/period."""

NO_DATA = MapClass("no data", "数据中断,不等于没有风险", "data outage: not the same as no risk", "#59626f", "#b4bac2")

GROUND: dict[str, dict[str, str]] = {
    "dark": {"page": "#0b1018", "panel": "#111a26", "text": "#eaf0f7", "muted": "#a9b7c8", "line": "#26364b"},
    "light": {"page": "#f4f6f9", "panel": "#ffffff", "text": "#131b26", "muted": "#4c5a6b", "line": "#cdd6e0"},
}

CHANGES: dict[str, str] = {"新增": "new", "升级": "raised", "持续": "continuing", "解除": "ended"}
OVER_PHASES = ("ended", "merged")
"""Phases of a warning that is no more: it grew quiet, or another took it up."""
STATES: dict[str, str] = {
    "待研判": "to be judged",
    "已交办": "assigned",
    "已办结": "closed by the unit",
    "已销号": "signed off",
}


def level_of(name: str, levels: tuple[Level, ...] = LEVELS) -> Level:
    """The level called *name*; KeyError for a name that is none of them."""
    for level in levels:
        if level.name == name:
            return level
    raise KeyError(name)


def risk_class_of(risk: float) -> MapClass:
    """The class of a risk in [0, 1]; a lower bound belongs to the class it opens."""
    lows = [float(entry.low or 0.0) for entry in RISK_CLASSES]
    return RISK_CLASSES[max(bisect_right(lows, risk) - 1, 0)]


def hotspot_class_of(name: str) -> MapClass:
    """The class of a `hotspot_class` value; an unknown value is drawn like no hot spot."""
    named = {entry.name: entry for entry in HOTSPOT_CLASSES}
    return named.get(name, named[""])


def emerging_class_of(pattern: str) -> MapClass:
    """The class of a `pattern` value; an unknown one is drawn like none."""
    named = {entry.name: entry for entry in EMERGING_CLASSES}
    return named["cold"] if pattern.endswith("_cold") else named.get(pattern, named[""])


def rgb(colour: str) -> tuple[int, int, int]:
    """'#rrggbb' as three whole numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1, relative luminance); text needs 4.5."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in rgb(colour)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def palette(levels: tuple[Level, ...] = LEVELS) -> dict[str, Any]:
    """Everything a page needs to draw and to name, as plain JSON values."""
    return {
        "levels": [asdict(level) for level in levels],
        "risk": [asdict(entry) for entry in RISK_CLASSES],
        "hotspots": [asdict(entry) for entry in HOTSPOT_CLASSES],
        "emerging": [asdict(entry) for entry in EMERGING_CLASSES],
        "density": {theme: list(colours) for theme, colours in DENSITY_COLOURS.items()},
        "no_data": asdict(NO_DATA),
        "ground": GROUND,
        "changes": CHANGES,
        "states": STATES,
        "statutory": {"zh": STATUTORY_ZH, "en": STATUTORY_EN},
        "unassigned": {"zh": UNKNOWN_RESPONSIBLE_ZH, "en": UNKNOWN_RESPONSIBLE_EN},
    }
