"""The lines around the table: what is shown, how many of it chance alone would give, what an empty run was empty of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import GridBeaconError
from ...layers.style import LEVELS
from ..words import pick, speaks_chinese, tr
from .cells import Row, figure, shown
from .reading import Run, mapping, number, sequence


def told(error: GridBeaconError) -> str:
    """What went wrong, where, and what to do."""
    problem, fix = pick(error.problem, error.problem_zh), pick(error.fix, error.fix_zh)
    return shown(f"{problem} ({error.where}) {fix}", 600)


def totals(rows: Sequence[Row]) -> str:
    """How many warnings are in force, of each level; how many have ended, are open and are overdue."""
    lang = "zh" if speaks_chinese() else "en"
    of = Counter(row.warning["level"] for row in rows if not row.over)
    levels = " · ".join(f"{level.verb(lang)} {of[level.name]:,}" for level in LEVELS if of[level.name])
    over = sum(row.over for row in rows)
    parts = [tr("{number} warnings", number=f"{len(rows) - over:,}"), levels]
    parts += [tr("ended {number}", number=f"{over:,}")] if over else []
    parts.append(tr("open {number}", number=f"{sum(row.open for row in rows):,}"))
    late = sum(row.overdue for row in rows)
    parts += [tr("overdue {number}", number=f"{late:,}")] if late else []
    return " · ".join(part for part in parts if part)


def false_ones(run: Run) -> str:
    """How many of each level chance alone would give in a week; empty where the run does not say."""
    expected = mapping(run.checked.get("expected_false")) or _of_rows(run.warnings)
    known = [(level, mapping(expected.get(level.name))) for level in LEVELS]
    known = [(level, numbers) for level, numbers in known if numbers]
    if not known:
        return ""
    lang = "zh" if speaks_chinese() else "en"
    if all(numbers.get("basis") == "bound" for _, numbers in known):
        figures = [f"{level.verb(lang)} ≤{_few(numbers.get('high'))}" for level, numbers in known]
        return tr("False by chance alone, a week before any cut, at most: {figures}", figures=" · ".join(figures))
    figures = [f"{level.verb(lang)} {figure(numbers.get('per_week'))} ({_range(numbers)})" for level, numbers in known]
    return tr("False by chance alone, a week before any cut (95 %): {figures}", figures=" · ".join(figures))


def _range(numbers: Mapping[str, Any]) -> str:
    return f"{_few(numbers.get('low'))}–{_few(numbers.get('high'))}"


def _few(value: object) -> str:
    """As the briefing writes them: 0.0027, 0.12; nothing below one in ten thousand."""
    return figure(value) if number(value) >= 0.0001 else "0"


def _of_rows(warnings: Sequence[Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """As the rows of the table tell it, for the levels that are there."""
    found = {}
    for row in warnings:
        if row.get("false_per_week"):
            names = (("per_week", "false_per_week"), ("low", "false_low"), ("high", "false_high"))
            found[row["level"]] = {name: number(row.get(column)) for name, column in names}
    return found


def calm(run: Run) -> str:
    """What a run without warnings looked at, and what it would have caught."""
    checked = run.checked
    lines = [tr("Nothing reached the level of a warning.")]
    if number(checked.get("tests")):
        units = sum(number(count) for count in mapping(checked.get("units")).values())
        lines.append(
            tr(
                "Looked at: {tests} pairs of place and class ({units} units, {classes} classes).",
                tests=figure(checked.get("tests")),
                units=figure(units),
                classes=figure(checked.get("classes")),
            )
        )
    rise = pick(str(checked.get("smallest_rise_en") or ""), str(checked.get("smallest_rise") or ""))
    if rise:
        lines.append(tr("The smallest rise that would have been caught: {rise}.", rise=shown(rise)))
    else:
        lines.append(tr("This run does not say in its manifest what it looked at; its briefing does."))
    nearest = [mapping(entry) for entry in sequence(checked.get("nearest"))]
    if nearest:
        lines.append(tr("What came nearest:"))
        lines += [f"· {_near(entry)}" for entry in nearest]
    return "\n".join(lines)


def _near(entry: Mapping[str, Any]) -> str:
    why = pick(str(entry.get("reason_en") or ""), str(entry.get("reason") or ""))
    return shown(f"{entry.get('cell_name', '')} · {entry.get('category', '')}{pick(': ', ':')}{why}")


def unrecorded(rows: Sequence[Row], ledger: str) -> str:
    """What is said where the ledger does not know warnings of the run; empty where it knows them all."""
    rows = [row for row in rows if not row.over]  # what was over before it was ever issued is in no ledger
    missing = sum(not row.known for row in rows)
    if not missing:
        return ""
    if not ledger:
        return tr(
            "No ledger: warnings can be looked at, not judged. Choose the ledger of this run, or run again with one."
        )
    if missing == len(rows):
        return tr(
            "This ledger has no record of this run, so nothing can be judged in it. Choose the ledger the run was "
            "issued into, or run again with this one."
        )
    return tr("{number} of these warnings are not in this ledger and cannot be judged in it.", number=missing)
