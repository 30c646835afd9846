"""The number printed with every list: warnings that chance alone would light. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import style


def false_words(expected: Mapping[str, Any]) -> tuple[str, str]:
    """(Chinese, English) of the expected number of false warnings a week by level; empty texts where none is known.

    *expected* maps a level to `per_week`, `low`, `high` and `basis` (`calibrated` on the city's own history, with the
    95 % interval of the expectation; or `bound`, an upper bound).
    """
    shown = [(level, expected[level.name]) for level in style.LEVELS if isinstance(expected.get(level.name), Mapping)]
    if not shown:
        return "", ""
    calibrated = all(told["basis"] == "calibrated" for _, told in shown)
    zh = " ".join(f"{level.zh}{_figure(told, calibrated)}" for level, told in shown)
    en = ", ".join(f"{level.name} {_figure(told, calibrated)}" for level, told in shown)
    if calibrated:
        return (
            f"碰巧误报预计(条/周,预算前,括号内为95%区间):{zh}",
            f"false by chance a week (95 %), before the budget: {en}",
        )
    return (
        f"碰巧误报上限(条/周,预算前,未经本市历史校准):{zh}",
        f"false by chance a week, at most, before the budget: {en}",
    )


def urgent_false(expected: Mapping[str, Any]) -> float | None:
    """Red and orange together a week; None where not known."""
    parts = [expected.get(name) for name in ("red", "orange")]
    return sum(float(p["per_week"]) for p in parts if isinstance(p, Mapping)) if all(parts) else None


def _figure(told: Mapping[str, Any], calibrated: bool) -> str:
    if not calibrated:
        return f"≤{_short(told['high'])}"
    return f"{_short(told['per_week'])}({_short(told['low'])}–{_short(told['high'])})"


def _short(value: Any) -> str:
    """Two digits that count: 0.0038, 0.12, 1.6."""
    return f"{float(value):.2g}" if float(value) >= 0.0001 else "0"
