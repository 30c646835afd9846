"""The work behind `gridbeacon papers …`, `cap` and `drop`: open, number, write, tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ..layers.cap import CapSettings
from ..layers.cap.area import read_rings
from ..layers.cap.message import check_sender
from ..layers.cap.sequence import file_name, messages_of_ledger, messages_of_run, note_sent
from ..layers.drop_folder import drop_run
from ..layers.finished_run import read_run
from ..layers.letters import KINDS
from ..layers.letters.kinds import ACCOUNTABILITY
from ..layers.letters.lists import period_list
from ..layers.letters.numbers import number_letters, number_list
from ..layers.letters.occasions import letters_due
from ..layers.letters.template import NAMES, copy_template
from ..layers.letters.words import number_words
from ..layers.letters.writing import Forms, file_stem, write_letter, write_list
from ..layers.refusals import refusal as refused
from ..layers.whole_file import write_whole
from .ledger_work import record_of
from .refusals import refusal
from .voice import Voice, print_json

LISTS = ("weekly", "monthly")
_NOTHING = {
    "assign": ("nothing is assigned", "没有已交办的事项"),
    "supervise": (
        "nothing is supervised; `gridbeacon ledger overdue` lists what is late",
        "没有已督办的事项;超期事项见 `gridbeacon ledger overdue`",
    ),
    "tasks": ("no unit has anything to do", "没有在办任务"),
    "rectify": ("nothing came back, and nothing supervised is late", "没有重新发生或经督办仍超期的事项"),
}


def write_papers(voice: Voice, kind: str, **asked: Any) -> None:
    """Number what the record calls for, write it, and tell what was written.

    The template is examined before anything is numbered, and a number that was given stays, even where the disk is
    full afterwards: the same command then writes the same paper.
    """
    record = record_of(asked["ledger"], asked["plan"], asked["timezone"])
    now = record.moment(asked["time"]).isoformat()
    forms = Forms.find(KINDS[kind].title, asked["templates"])
    period = _period(kind, asked["first"], asked["last"], now)
    files: dict[str, bytes] = {}
    told: list[dict[str, Any]] = []
    with record.open() as book:
        if kind in LISTS:
            found = period_list(book.events(), *period, asked["unit"])  # type: ignore[misc]
            papers = [number_list(book, kind, found, actor=asked["actor"], time=now)]
            made = [write_list(papers[0], found, forms, asked["issuer"])]
        else:
            letters = letters_due(
                kind, book.warnings(), book.events(), book.papers(), now=now, unit=asked["unit"], period=period
            )
            if not letters:
                why, why_zh = _NOTHING[kind]
                raise refused("E-PAPER-004", where=f"papers {kind}", why=why, why_zh=why_zh)
            _check_out(asked["out"], len(letters))
            papers = number_letters(book, letters, actor=asked["actor"], time=now)
            made = [write_letter(paper, forms, asked["issuer"]) for paper in papers]
    for paper, parts in zip(papers, made, strict=True):
        files |= {f"{file_stem(paper)}.{ending}": data for ending, data in parts.items()}
        items = paper.get("items")
        told.append(
            {"number": number_words(paper), "unit": paper["unit"], "items": None if items is None else len(items)}
        )
    written = _put(files, asked["out"], asked["replace"])
    _tell(
        voice, written, [f"{one['number']}  {one['unit']}".rstrip() for one in told], asked["as_json"], {"papers": told}
    )


def write_accountability_template(
    voice: Voice, *, out: str, replace: bool, as_json: bool, templates: str | None
) -> None:
    """Hand out the empty form as it lies."""
    name = f"{ACCOUNTABILITY}.docx"
    data = {name: copy_template(name, templates)}
    _tell(voice, _put(data, out, replace), [], as_json, {})


def write_templates(voice: Voice, *, out: str, replace: bool, as_json: bool) -> None:
    """Hand out every template."""
    data = {name: copy_template(name) for name in NAMES}
    _tell(voice, _put(data, out, replace), [], as_json, {})


def write_messages(voice: Voice, **asked: Any) -> None:
    """Write the CAP messages of a run, or those the ledger calls for; the latter are noted there once written."""
    facts = {"sender": check_sender(asked["sender"]), **{n: asked[n] for n in ("status", "valid_hours")}}
    if asked["run"]:
        done = read_run(asked["run"])
        settings = CapSettings(**facts, timezone=asked["timezone"] or done.timezone)
        rings = read_rings(asked["cells"] or done.cells, {str(row.get("cell_id")) for row in done.warnings})
        messages = messages_of_run(done, settings, rings)
        written = _put({file_name(m): m.xml for m in messages}, asked["out"], asked["replace"])
    else:
        record = record_of(asked["ledger"], asked["plan"], asked["timezone"])
        settings = CapSettings(**facts, timezone=record.zone.key)
        with record.open() as book:
            rows = book.warnings()
            rings = read_rings(asked["cells"], {str(row.get("cell_id")) for row in rows}) if asked["cells"] else {}
            messages = messages_of_ledger(rows, book.events(), settings, rings)
            written = _put({file_name(m): m.xml for m in messages}, asked["out"], asked["replace"])
            note_sent(book, messages, asked["actor"], record.moment(asked["time"]).isoformat())
    told = [{"identifier": m.identifier, "kind": m.kind, "status": m.status} for m in messages]
    _tell(
        voice, written, [f"{m.kind} {m.status}  {m.identifier}" for m in messages], asked["as_json"], {"messages": told}
    )


def drop_warnings(voice: Voice, *, run: str | None, out: str, as_json: bool) -> None:
    """Drop the warnings of a run."""
    if not run:
        raise refused("E-READ-003", where="--run")
    _tell(voice, [str(path) for path in drop_run(out, read_run(run))], [], as_json, {})


def _period(kind: str, first: str | None, last: str | None, now: str) -> tuple[str, str] | None:
    """(first, end) instants; of a list without days, the last complete week (from Monday) or month before *now*.

    A list never ends after *now*: what is not late yet is not told as late.
    """
    if first is None and last is None and kind not in LISTS:
        return None
    today = date.fromisoformat(now[:10])
    if kind == "monthly":
        end = today.replace(day=1)
        begin = (end - timedelta(days=1)).replace(day=1)
    else:
        end = today - timedelta(days=today.weekday())
        begin = end - timedelta(days=7)
    if kind not in LISTS:
        begin, end = date(1, 1, 1), date(9999, 12, 31)
    begin = _day(first, "--from") if first else begin
    end = _day(last, "--to") + timedelta(days=1) if last else end
    if end <= begin or (kind in LISTS and begin.isoformat() >= now):
        raise refused("E-PAPER-007", where="--from, --to")
    first_moment, end_moment = (datetime.combine(day, datetime.min.time()).isoformat() for day in (begin, end))
    return first_moment, min(end_moment, now) if kind in LISTS else end_moment


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise refusal("E-ASK-020", where=option, text=text) from error


def _check_out(out: str, count: int) -> None:
    """One file holds one paper."""
    if Path(out).suffix.lower() in (".docx", ".xlsx") and count != 1:
        raise refused("E-PAPER-008", where=out, n=count)


def _put(files: Mapping[str, bytes], out: str, replace: bool) -> list[str]:
    """Write *files* into the folder *out*, or the one with its ending to the file *out*; returns what was written.

    A file that is there already and holds the same is left alone. Raises InputError, before anything is written, for
    one that differs, unless *replace*.
    """
    place = Path(out)
    chosen = [name for name in files if Path(name).suffix == place.suffix.lower()]
    if place.suffix.lower() in (".docx", ".xlsx", ".xml"):
        if len(chosen) != 1:
            raise refused("E-CAP-004" if place.suffix.lower() == ".xml" else "E-PAPER-008", where=out, n=len(chosen))
        targets = {place: files[chosen[0]]}
    else:
        targets = {place / name: data for name, data in files.items()}
    fresh = {path: data for path, data in targets.items() if not path.is_file() or path.read_bytes() != data}
    for path in fresh:
        if path.exists() and not replace:
            raise refused("E-OUT-008", where=str(path))
    for path, data in fresh.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    return [str(path) for path in targets]


def _tell(voice: Voice, written: list[str], lines: Iterable[str], as_json: bool, facts: dict[str, Any]) -> None:
    for line in lines:
        voice.say(line)
    for path in written:
        voice.say(voice.pick(f"written: {path}", f"已写出:{path}"))
    if not written:
        voice.say(voice.pick("nothing new to write", "没有新的内容"))
    if as_json:
        print_json({**facts, "files": written})
