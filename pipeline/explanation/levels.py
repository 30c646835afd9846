"""Why this level and no other, and how often chance alone would show the like: in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...layers import style
from ...models.early_warning import LEVELS, WarningRules

_CENTURY = 36525.0


def level_words(row: Any, level: str, rules: WarningRules) -> dict[str, str]:
    """Which limits the figures of a row of `raise_warnings` reach, and why the level issued may be another.

    Keys sentence, sentence_en.
    """
    reached = rules.level_of(row.recurrence_days, row.observed, row.expected)
    own = LEVELS.index(level)
    zh, en = _limits(row, max(reached, 0), rules)
    why = _why_other(row, reached, own, rules)
    return {"sentence": zh + why[0], "sentence_en": en + why[1]}


def _limits(row: Any, reached: int, rules: WarningRules) -> tuple[str, str]:
    days, excess, ratio = {
        "blue": (rules.blue_days, rules.blue_excess, 1.0),
        "yellow": (rules.yellow_days, rules.blue_excess, rules.yellow_ratio),
        "orange": (rules.orange_days, rules.orange_excess, rules.orange_ratio),
        "red": (rules.red_days, rules.red_excess, rules.orange_ratio),
    }[LEVELS[reached]]
    word, (span, span_en) = style.level_of(LEVELS[reached]), span_of(row.recurrence_days)
    times = row.observed / max(row.expected, 1e-9)
    times_zh, times_en = ("百倍以上", "over 100 times") if times >= 100 else (f"{times:.1f}倍", f"{times:.1f} times")
    zh = f"{word.zh}色:碰巧{span}一遇(≥{days:g}天)、超出{row.excess:.0f}件(≥{excess:g})"
    en = f"{word.en.capitalize()}: by chance once in {span_en} (≥{days:g} days), {row.excess:.0f} above (≥{excess:g})"
    if ratio > 1:
        zh, en = f"{zh}、{times_zh}(≥{ratio:g})", f"{en}, {times_en} (≥{ratio:g})"
    return zh, en


def _why_other(row: Any, reached: int, own: int, rules: WarningRules) -> tuple[str, str]:
    """Why the level issued is not the one the figures reach; '' where it is."""
    if own == reached:
        return "", ""
    word = style.level_of(LEVELS[own])
    if own > reached:
        lasting = own == LEVELS.index("orange") and row.steps >= rules.persistence and reached == LEVELS.index("yellow")
        if lasting:
            return f";已持续{row.steps}步,升为{word.zh}色", f"; lasting {row.steps} steps, so {word.en}"
        return (
            f";此前达{word.zh}色,未静默满{rules.quiet_steps}步不降",
            f"; {word.en} before, lowered only after quiet steps",
        )
    if row.awaiting_second:
        return (
            f";待第二来源、第二时段或人工确认,先按{word.zh}色",
            f"; {word.en} until it is confirmed",
        )
    if row.one_source:
        return f";仅一个渠道上升,按{word.zh}色", f"; one source of several only, so {word.en}"
    return f";按{word.zh}色提示", f"; issued as {word.en}"


def span_of(days: float) -> tuple[str, str]:
    """A recurrence interval as people say it: `638天`, `12年`, `100年以上`."""
    if days > _CENTURY:
        return "100年以上", "over 100 years"
    if days >= 730:
        return f"{days / 365.25:.0f}年", f"{days / 365.25:.0f} years"
    return f"{max(days, 1):.0f}天", f"{max(days, 1):.0f} days"


def chance_words(level: str, expected_false: Mapping[str, Any]) -> dict[str, Any]:
    """How often chance alone lights a warning of *level* somewhere in the city; {} where that is not known.

    *expected_false* holds per level the warnings a week that chance alone gives: `per_week`, `low`, `high`, `basis`.
    """
    entry = expected_false.get(level)
    if not isinstance(entry, Mapping) or not entry.get("per_week"):
        return {}
    days = 7 / float(entry["per_week"])
    word, (zh, en) = style.level_of(level), span_of(days)
    bound = entry.get("basis") == "bound"
    how, how_en = (f"{zh}以上", "no more than once in") if bound else (f"约每{zh}", "about once in")
    return {
        "days": round(days, 1),
        "sentence": f"若无异常,全市{how}才会碰巧出现一次这样的{word.zh}色预警",
        "sentence_en": f"by chance alone the whole city would see {_article(word.en)} like this {how_en} {en}",
        **{name: entry.get(name) for name in ("per_week", "low", "high", "basis")},
    }


def _article(word: str) -> str:
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"
