"""What the ledger's commands say: tables and words on stderr. Text from the record is shown, never run."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..layers.drills import DRILL_EN, DRILL_ZH, is_drill
from ..layers.ledger import EVENTS, VERDICTS
from ..layers.style import LEVELS, STATES, STATUTORY_EN, STATUTORY_ZH
from .voice import Voice

_SHORT = 6
"""The fewest signs of an id that are shown."""
_NAMED_BY_STATE = ("issued", "assigned", "closed")
_EVER = 3_652_500
"""Days beyond which a recurrence is told as more than ten thousand years."""
_ROUTES = {"handled": ("handled", "办理"), "reported": ("only reported", "报备")}
_FACTS = (
    ("reason", "reason_en", "why", "理由"),
    ("places", "places", "where", "涉及范围"),
    ("sources", "sources", "sources", "来源"),
    ("models", "models", "models", "模型依据"),
    ("closed", "closed", "cases closed", "工单办结"),
    ("stability", "stability_en", "when borders move", "边界变动时"),
    ("caveats", "caveats_en", "caveats", "注意"),
)
"""Chinese column, English column, what it is called in English and in Chinese."""


def short_ids(known: Sequence[str]) -> int:
    """How many signs tell every id of the ledger from every other, at least six."""
    longest = max(map(len, known), default=_SHORT)
    return next((n for n in range(_SHORT, longest) if len({own[:n] for own in known}) == len(known)), longest)


def visible(value: Any) -> str:
    """*value* as text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in str("" if value is None else value))


def _level(voice: Voice, row: Mapping[str, Any]) -> str:
    level = next((level for level in LEVELS if level.name == row.get("level")), None)
    word = voice.pick(level.en, level.zh) if level else visible(row.get("level"))
    return (voice.pick(DRILL_EN, DRILL_ZH) if is_drill(row) else "") + word


def _step(voice: Voice, row: Mapping[str, Any]) -> str:
    """State, and the step within it: those handled and those only reported share a state, never a word."""
    chinese, english = EVENTS[row["step"]]
    parts = [] if row["step"] in _NAMED_BY_STATE else [voice.pick(english, chinese)]
    if row["verdict"] and row["step"] == "judged":
        parts = [voice.pick(VERDICTS[row["verdict"]][1], VERDICTS[row["verdict"]][0])]
    if row.get("route") and row["step"] in ("verified", "closed"):
        parts.append(voice.pick(*_ROUTES[row["route"]]))
    return voice.pick(": ", "·").join([voice.pick(STATES[row["state"]], row["state"]), *parts])


def _minute(text: Any) -> str:
    return str(text or "").replace("T", " ")[:16]


def _print_table(voice: Voice, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table as wide as the terminal; where there is none, as wide as it needs."""
    if voice.mode == "json":
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for number, header in enumerate(headers):
        table.add_column(header, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    wide = None if sys.stderr.isatty() else 240
    Console(stderr=True, width=wide, no_color="NO_COLOR" in os.environ).print(table)


def tell_list(voice: Voice, rows: Sequence[Mapping[str, Any]], known: Sequence[str]) -> None:
    """After `list`: a table and the sums."""
    headers = voice.pick(
        "ID|Level|Place|Class|State|Unit|Due|First issued", "编号|等级|地点|类别|状态|责任单位|时限|首次发布"
    ).split("|")
    _print_table(voice, headers, [_cells(voice, row, short_ids(known)) for row in rows])
    voice.say(_sums(voice, rows))


def _cells(voice: Voice, row: Mapping[str, Any], length: int) -> list[str]:
    return [
        row["warning_id"][:length],
        _level(voice, row),
        row.get("cell_name") or row.get("cell_id") or "",
        row.get("category") or "",
        _step(voice, row),
        row["assigned_to"] or row.get("responsible") or "",
        _minute(row["due"]),
        _minute(row["first_issued"]),
    ]


def _sums(voice: Voice, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return voice.pick("no warnings", "没有符合条件的预警")
    states = Counter(row["state"] for row in rows)
    parts = []
    for state, english in STATES.items():
        if states[state]:
            of = Counter(row.get("route") for row in rows if row["state"] == state)
            apart = [f"{voice.pick(*words)} {of[route]}" for route, words in _ROUTES.items() if of[route]]
            parts.append(f"{voice.pick(english, state)} {states[state]}" + (f" ({', '.join(apart)})" if apart else ""))
    return voice.pick(f"{len(rows)} warnings: ", f"共{len(rows)}条:") + ", ".join(parts)


def tell_overdue(voice: Voice, rows: Sequence[Mapping[str, Any]], known: Sequence[str]) -> None:
    """After `overdue`: the latest first, and what to do."""
    if not rows:
        voice.say(voice.pick("nothing is overdue", "没有超期的预警"))
        return
    length = short_ids(known)
    headers = voice.pick(
        "ID|Level|Place|Class|State|Unit|Due|Late (h)", "编号|等级|地点|类别|状态|责任单位|时限|超期(小时)"
    )
    cells = [[*_cells(voice, row, length)[:7], f"{row['late_hours']:,.1f}"] for row in rows]
    _print_table(voice, headers.split("|"), cells)
    example = rows[0]["warning_id"][:length]
    voice.say(
        voice.pick(
            f"{len(rows)} overdue; to supervise one: gridbeacon ledger supervise {example} --actor NAME",
            f"超期{len(rows)}条,提请督办:gridbeacon ledger supervise {example} --actor 姓名或岗位",
        )
    )


def tell_summary(voice: Voice, counts: Mapping[str, Any]) -> None:
    """After `summary`."""
    pick = voice.pick
    states = [f"{pick(english, state)} {counts['states'][state]}" for state, english in STATES.items()]
    levels = [f"{pick(level.en, level.zh)} {counts['levels'][level.name]}" for level in LEVELS]
    still = [f"{pick(level.en, level.zh)} {counts['open_levels'][level.name]}" for level in LEVELS]
    verdicts = [f"{pick(VERDICTS[v][1], VERDICTS[v][0])} {n}" for v, n in counts["verdicts"].items() if v in VERDICTS]
    voice.say(f"{pick('warnings', '预警')} {counts['warnings']}: " + ", ".join(states))
    voice.say(pick("levels: ", "等级:") + ", ".join(levels) + pick("; open: ", ";未销号:") + ", ".join(still))
    if verdicts:
        voice.say(pick("verdicts: ", "研判结论:") + ", ".join(verdicts))
    voice.say(pick(f"overdue: {counts['overdue']}", f"超期:{counts['overdue']}"))
    for route, words in _ROUTES.items():
        of = counts["routes"][route]
        rate = "–" if of["rate"] is None else f"{of['rate']:.0%}"
        voice.say(
            pick(
                f"{words[0]}: {of['answered']}, of these false alarms {of['false_alarms']}, "
                f"signed off {of['closed']} ({rate})",
                f"{words[1]}:{of['answered']}件,其中误报{of['false_alarms']}件,已销号{of['closed']}件({rate})",
            )
        )
    voice.say(pick(f"with a unit, unanswered: {counts['unanswered']}", f"已交办、尚无结果:{counts['unanswered']}件"))


def tell_warning(
    voice: Voice, row: Mapping[str, Any], events: Sequence[Mapping[str, Any]], record: Mapping[str, Any]
) -> None:
    """After `show`: the evidence as last issued, how such warnings ended, then the life from the first event on."""
    pick = voice.pick
    voice.say(f"{visible(row['warning_id'])}  {_level(voice, row)}  {_step(voice, row)}")
    voice.say(f"{visible(row.get('cell_name'))}  {visible(row.get('category'))}")
    for chinese, english, name, name_zh in _FACTS:
        value = row.get(english if voice.lang == "en" else chinese)
        if value:
            voice.say(f"  {pick(f'{name}: ', f'{name_zh}:')}{visible(value)}")
    for text in _figures(voice, row):
        voice.say(f"  {text}")
    voice.say(f"  {visible(pick(record['sentence_en'], record['sentence']))}")
    headers = pick("No.|Time|Event|By|Note|More", "序号|时间|事项|操作人|说明|其他")
    _print_table(voice, headers.split("|"), [_event_cells(voice, event) for event in events])
    voice.say(pick(STATUTORY_EN, STATUTORY_ZH))


def _figures(voice: Voice, row: Mapping[str, Any]) -> list[str]:
    pick = voice.pick
    found = []
    if row.get("observed") is not None and row.get("expected") is not None:
        chance = _chance(voice, row.get("recurrence_days"))
        figures = f"{row['observed']:g} / {row['expected']:.3g}"
        found.append(pick("observed / expected: ", "实际/平时:") + figures + chance)
    span = f"{_minute(row.get('window_start'))} – {_minute(row.get('window_end'))}"
    found += [pick("window: ", "时间窗:") + span] if row.get("window_start") else []
    unit = row["assigned_to"] or row.get("responsible")
    found += [pick("unit: ", "责任单位:") + visible(unit)] if unit else []
    found += [pick("due: ", "时限:") + _minute(row["due"])] if row["due"] else []
    verdict = VERDICTS.get(row["verdict"])
    found += [pick(f"verdict: {verdict[1]}", f"研判结论:{verdict[0]}")] if verdict else []
    found += [pick("surveillance line: ", "监测线:") + visible(row["line"])] if row.get("line") else []
    return found


def _chance(voice: Voice, days: float | None) -> str:
    if not days:
        return ""
    if days >= _EVER:
        return voice.pick("; by chance alone not once in ten thousand years", ";碰巧出现:一万年以上一次")
    return voice.pick(f"; by chance alone once in {days:,.0f} days", f";碰巧出现:约{days:,.0f}天一次")


def _event_cells(voice: Voice, event: Mapping[str, Any]) -> list[str]:
    words = EVENTS.get(event["event"], (event["event"], event["event"]))
    name, payload = voice.pick(words[1], words[0]), event["payload"]
    return [str(event["seq"]), _minute(event["time"]), name, event["actor"], event["note"], _more(voice, payload)]


def _more(voice: Voice, payload: Mapping[str, Any]) -> str:
    """The few facts of a payload that people ask for."""
    verdict = VERDICTS.get(str(payload.get("verdict")))
    parts = [
        _level(voice, payload) if "run_id" in payload else "",
        voice.pick(verdict[1], verdict[0]) if verdict else "",
        f"→ {payload['to']}" if payload.get("to") else "",
        f"{voice.pick('due', '时限')} {_minute(payload['due'])}" if payload.get("due") else "",
        f"{payload['result']} {payload.get('unit', '')}".strip() if payload.get("handover") else "",
        ", ".join(f"{name}={value}" for name, value in payload.get("set", {}).items()),
        f"#{payload['seq']}" if "hash" in payload else "",
    ]
    return "; ".join(part for part in parts if part)


def tell_recorded(voice: Voice, facts: Mapping[str, Any]) -> None:
    """After an event: what it was and where the warning stands now."""
    chinese, english = EVENTS[facts["event"]]
    state = voice.pick(STATES[facts["state"]], facts["state"])
    due = voice.pick(f", due {_minute(facts['due'])}", f",时限{_minute(facts['due'])}") if facts["due"] else ""
    unit = f" ({visible(facts['assigned_to'])})" if facts["event"] == "assigned" else ""
    if facts["masked"]:
        voice.say(voice.pick("personal data in the note were blotted out", "说明中的个人信息已遮盖"))
    voice.say(f"{facts['warning_id']}: {voice.pick(english, chinese)}{unit} -> {state}{due}")


_KINDS = {
    "judge": ("to judge", "研判"),
    "assign": ("to assign", "交办"),
    "handle": ("to handle", "办理"),
    "verify": ("to verify", "核验"),
    "close": ("to sign off", "销号"),
}


def tell_deadlines(voice: Voice, facts: Mapping[str, Any]) -> None:
    """After `deadlines`: how long each step may take, by level; what a class has of its own."""
    pick = voice.pick
    rows = []
    for level in LEVELS:
        spans = facts["levels"][level.name]
        rows.append([pick(level.en, level.zh), *(spans[kind] for kind in _KINDS)])
    _print_table(voice, [pick("Level", "等级"), *(pick(*words) for words in _KINDS.values())], rows)
    for name, rule in facts["classes"].items():
        voice.say(f"{visible(name)}: {visible(rule)}")
    hours = f"{facts['starts']}–{facts['ends']}"
    voice.say(
        pick(
            f"h: hours; d: working days, until {facts['ends']}; working hours {hours}",
            f"h为小时;d为工作日,至当日{facts['ends']};工作时间{hours}",
        )
    )


def tell_chain(voice: Voice, facts: Mapping[str, Any]) -> None:
    """After `verify` without an id."""
    voice.say(
        voice.pick(
            f"the chain holds: {facts['events']:,} events of {facts['warnings']:,} warnings",
            f"校验链完整:{facts['events']:,}条记录,{facts['warnings']:,}条预警",
        )
    )
    voice.say(voice.pick(f"head: {facts['head']}", f"链头:{facts['head']}"))
