"""Why a warning was given, in words: the five questions of its explanation, and its life in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...layers.ledger.states import EVENTS, VERDICTS
from ...layers.style import LEVELS
from ..words import pick, speaks_chinese, tr
from .cells import Columns, Row, figure, shown
from .reading import mapping, number, sequence

_NAMED = 3
"""How many classes and places are named that carry a rise."""


def sentence(told: object, name: str = "sentence") -> str:
    """The sentence of a part of an explanation in the face's language; empty where there is none."""
    part = mapping(told)
    return _begun(shown(pick(str(part.get(f"{name}_en") or ""), str(part.get(name) or "")), 600))


def _begun(text: str) -> str:
    """*text* as a sentence begins; Chinese has no capitals."""
    return text[:1].upper() + text[1:]


def reason(row: Row) -> str:
    """The one sentence of figures."""
    return shown(pick(row.warning.get("reason_en", ""), row.warning.get("reason", "")), 600)


def caveats(row: Row) -> list[str]:
    """What is to be minded, each by itself."""
    text = pick(row.warning.get("caveats_en", ""), row.warning.get("caveats", ""))
    return [_begun(shown(part)) for part in text.replace(";", ";").split(";") if part.strip()]


def badge(row: Row, told: Mapping[str, Any]) -> str:
    """Whether it stands when borders move: stable, border-sensitive or not testable; empty where it was not tested."""
    stability = mapping(told.get("stability"))
    english = {"稳定": tr("stable"), "边界敏感": tr("border-sensitive"), "无法复核": tr("not testable")}
    word = str(stability.get("word") or row.warning.get("stability") or "")
    return english.get(word, shown(word))


def answers(row: Row, told: Mapping[str, Any], columns: Columns) -> list[tuple[str, list[str]]]:
    """Question and lines of the answer, five times."""
    return [
        (tr("Why this level?"), _why(row, told)),
        (tr("Compared with last year?"), _year(told)),
        (tr("Who is responsible?"), [columns.unit(row)]),
        (tr("Has it been handled?"), _handled(row, columns)),
        (tr("Could it be a false alarm?"), _false(row, told, columns)),
    ]


def _why(row: Row, told: Mapping[str, Any]) -> list[str]:
    carriers = mapping(told.get("carriers"))
    lines = [sentence(mapping(told.get("why")).get("level"))]
    for title, name in ((tr("Classes"), "classes"), (tr("Places"), "places")):
        parts = [mapping(part) for part in sequence(carriers.get(name))[:_NAMED]]
        named = [
            tr(
                "{name} {n} (usually {e})",
                name=shown(part.get("name"), 60),
                n=figure(part.get("observed")),
                e=figure(part.get("usual")),
            )
            for part in parts
        ]
        lines += [f"{title}{pick(': ', ':')}{' · '.join(named)}"] if named else []
    if row.over:
        merged = row.warning.get("phase") == "merged"
        lines.append(tr("It is part of another warning now.") if merged else tr("It has grown quiet and ended."))
    elif row.warning.get("within_budget") == "False":
        lines.append(tr("Beyond the number of warnings the plan allows a day: listed behind the others."))
    return _some(lines) or [tr("The run tells no more about it.")]


def _year(told: Mapping[str, Any]) -> list[str]:
    lines = [_of_the_window(mapping(told.get("year_on_year"))), sentence(told.get("season_before"))]
    return _some(lines) or [tr("Not compared.")]


def _of_the_window(year: Mapping[str, Any]) -> str:
    """The comparison with its two numbers: they are of the whole window, those of the season of the warning's days."""
    said = sentence(year)
    if not said or not isinstance(year.get("now"), (int, float)):
        return said
    numbers = tr(
        "In the window of the hot spots {now}, a year before {before}",
        now=figure(year["now"]),
        before=figure(year.get("before")),
    )
    return f"{numbers}{pick('; ', ';')}{said}"


def _handled(row: Row, columns: Columns) -> list[str]:
    unit, incidents = str(row.known.get("assigned_to") or ""), number(row.warning.get("incidents"))
    closed = number(row.warning.get("closed_count"))
    lines = [columns.state(row)]
    if unit:
        lines.append(tr("with {unit}", unit=shown(unit)))
    if row.due:
        lines.append(tr("next step due {when}", when=row.due.replace("T", " ")[:16]))
    if row.overdue:
        lines.append(tr("overdue"))
    if row.known.get("supervised"):
        lines.append(tr("supervised {times} times", times=row.known["supervised"]))
    if incidents:
        lines.append(tr("{closed} of {number} tickets closed", closed=f"{closed:.0f}", number=f"{incidents:.0f}"))
    return [" · ".join(lines)]


def _false(row: Row, told: Mapping[str, Any], columns: Columns) -> list[str]:
    word = badge(row, told)
    steady = tr("When borders move: {word}.", word=word) if word else ""
    lines = [f"{steady}{'' if columns.chinese else ' '}{sentence(told.get('stability'))}".strip()]
    lines += [sentence(told.get("record")), sentence(told.get("chance")), *caveats(row)]
    return _some(lines) or [tr("Nothing is known that speaks for it.")]


def _some(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if line]


def life(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """A line for each event of a warning: time, what was done, by whom, the note."""
    return [_event(event) for event in events]


def _event(event: Mapping[str, Any]) -> str:
    side = 0 if speaks_chinese() else 1
    payload = mapping(event.get("payload"))
    words = EVENTS.get(str(event["event"]))
    verdict = VERDICTS.get(str(payload.get("verdict")))
    more = [
        _level(payload) if event["event"] == "issued" else "",
        verdict[side] if verdict else "",
        f"→ {shown(payload.get('to'), 80)}" if payload.get("to") else "",
        tr("due {when}", when=shown(payload.get("due"), 19).replace("T", " ")[:16]) if payload.get("due") else "",
    ]
    told = [
        str(event["time"]).replace("T", " ")[:16],
        words[side] if words else shown(event["event"]),
        *_some(more),
        shown(event["actor"], 80),
        shown(event["note"]),
    ]
    return "  ".join(_some(told))


def _level(payload: Mapping[str, Any]) -> str:
    lang = "zh" if speaks_chinese() else "en"
    return next((level.verb(lang) for level in LEVELS if level.name == payload.get("level")), "")


def series_words(told: Mapping[str, Any], row: Row) -> str:
    """What the drawing of the series shows, for those who do not see it."""
    size = len(sequence(mapping(told.get("series")).get("observed")))
    return tr(
        "The last {number} bins: counted (bars), usual (dashed), 95 % of what is usual (band). Shaded: the warning's "
        "own window, {observed} counted, {expected} usual.",
        number=size,
        observed=figure(row.warning.get("observed")),
        expected=figure(row.warning.get("expected")),
    )
