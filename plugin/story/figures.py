"""A unit's numbers as bars and sentences."""

from __future__ import annotations

from datetime import date, timedelta

from ...layers import style
from ..units import kind_of_unit
from ..words import pick, speaks_chinese, tr
from .plots import Bar
from .record import Story, Unit, last_day

ALL = "全部"
"""How tables write all classes together."""
LONG = 120
"""Days of history from which weeks are drawn instead of days."""
KNOWN = 0.95
"""Share of reports that has to be in for a day to count as known."""
WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def level_words(unit: Unit) -> str:
    """What kind of unit it is: grid cell, community … or the number of its level where the city has no name for it."""
    if unit.level == 0:
        return tr("whole city")
    if unit.role == "sectoral":
        return tr("sectoral unit")
    return kind_of_unit(unit.level_name) or tr("unit of level {number}", number=unit.level)


def span(first: date, last: date) -> str:
    """Two days as one span, the year of the second only where it is another."""
    if first == last:
        return first.isoformat()
    return f"{first.isoformat()} – {last.isoformat()[5:] if first.year == last.year else last.isoformat()}"


def facts(story: Story) -> str:
    """How much there was, in one or two sentences; for a calm unit what was looked at."""
    if story.first_day is None or not story.days:
        return tr("This run has kept no history of single units. Run again to see it.")
    last = story.first_day + timedelta(days=len(story.days) - 1)
    period = span(story.first_day, last)
    if story.total == 0:
        return _calm(story, period)
    said = [
        tr("{total} incidents in {period}", total=f"{story.total:,}", period=period),
        tr("{number:.1f} a week", number=story.total / len(story.days) * 7),
    ]
    if story.window:
        said.append(
            tr(
                "{number} in the window {window}",
                number=f"{story.in_window:,}",
                window=span(story.window[0], last_day(story.window[1])),
            )
        )
    return pick("; ", ";").join(said) + pick(".", "。")


def _calm(story: Story, period: str) -> str:
    gaps = sum(1 for day in story.missing if _offset(story, day) is not None)
    checked = len(story.days) - gaps
    said = tr(
        "No incidents in {period}. What was checked: every class on each of {days} days with data.",
        period=period,
        days=f"{checked:,}",
    )
    if gaps:
        said += " " + tr("{days} days have no data.", days=gaps)
    return said + " " + tr("What nobody reported is not seen: no incidents is not no risk.")


def _offset(story: Story, day: date) -> int | None:
    place = (day - story.first_day).days if story.first_day else -1
    return place if 0 <= place < len(story.days) else None


def series(story: Story) -> tuple[Bar, ...]:
    """The history as bars: a day each, or a week each (from Monday) where it is long."""
    if story.first_day is None:
        return ()
    first = story.first_day
    if len(story.days) <= LONG:
        days = [first + timedelta(days=place) for place in range(len(story.days))]
        return tuple(_bar(story, day, day) for day in days)
    monday, end = first - timedelta(days=first.weekday()), first + timedelta(days=len(story.days))
    weeks = range(0, (end - monday).days, 7)
    return tuple(_bar(story, monday + timedelta(days=n), monday + timedelta(days=n + 6)) for n in weeks)


def _bar(story: Story, first: date, last: date) -> Bar:
    whole = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    places = [place for day in whole if (place := _offset(story, day)) is not None]
    counted = [day for day in whole if _offset(story, day) is not None and day not in story.missing]
    value = sum(story.days[place] for place in places)
    late = [story.reported[day] for day in counted if story.reported.get(day, 1) < KNOWN]
    words = tr("{period}: {number} incidents", period=span(first, last), number=value)
    if not counted:
        words = tr("{period}: no data, which is not calm", period=span(first, last))
    elif len(counted) < len(whole):
        words += tr(" (data of {days} of {all} days)", days=len(counted), all=len(whole))
    if late:
        words += tr("; about {share:.0%} of the last reports are in", share=min(late))
    shaded = story.window is not None and first < story.window[1] and last >= story.window[0]
    return Bar(
        value,
        words,
        tick=_tick(first, last),
        shaded=shaded,
        partial=value > 0 and (bool(late) or len(counted) < len(whole)),
        missing=not counted,
    )


def _tick(first: date, last: date) -> str:
    """Under a day its date on Mondays; under a week the quarter of the year that begins in it."""
    if first == last:
        return first.strftime("%m-%d") if first.weekday() == 0 else ""
    return last.strftime("%Y-%m") if last.day <= 7 and last.month % 3 == 1 else ""


def hours(story: Story) -> tuple[Bar, ...]:
    """Twenty-four bars, one for each hour of the day."""
    return tuple(
        Bar(number, tr("{hour}:00–{hour}:59: {number} incidents", hour=f"{hour:02d}", number=number), _hour_tick(hour))
        for hour, number in enumerate(story.hours)
    )


def _hour_tick(hour: int) -> str:
    return f"{hour:02d}" if hour % 6 == 0 else ""


def weekdays(story: Story) -> tuple[Bar, ...]:
    """Seven bars from Monday."""
    names = [pick(en, zh) for en, zh in zip(WEEKDAYS_EN, WEEKDAYS_ZH)]  # noqa: B905  strict= is not in Python 3.9
    short = [name[-1] if speaks_chinese() else name[:2] for name in names]
    return tuple(
        Bar(number, tr("{weekday}: {number} incidents", weekday=names[place], number=number), short[place])
        for place, number in enumerate(story.weekdays)
    )


def busiest(bars: tuple[Bar, ...]) -> str:
    """A plot in one sentence: its highest bar."""
    return max(bars, key=lambda bar: bar.value).words if bars else ""


def class_words(category: object) -> str:
    """A class as people read it."""
    return tr("all incidents") if category == ALL else str(category or "")


def level_line(row: dict) -> str:
    """A warning's level with what it asks for: numeral, word, verb."""
    lang = "zh" if speaks_chinese() else "en"
    try:
        level = style.level_of(str(row.get("level") or ""))
    except KeyError:
        return str(row.get("level") or "")
    return f"{level.numeral} {level.word(lang)} · {level.verb(lang)}"


def state_words(row: dict) -> str:
    """Where a warning stands, and what speaks against acting on it."""
    state = str(row.get("state") or "")
    said = [pick(style.STATES.get(state, state), state)]
    if str(row.get("phase") or "") in style.OVER_PHASES:
        said.append(tr("over"))
    elif row.get("within_budget") == 0:
        said.append(tr("beyond the day's budget"))
    return " · ".join(word for word in said if word)
