"""What the table's cells say and how they sort: a warning of the run and its row in the ledger become texts."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...layers.ledger.states import CLOSED, EVENTS, VERDICTS
from ...layers.style import CHANGES, LEVELS, OVER_PHASES, STATES, UNKNOWN_RESPONSIBLE_EN, UNKNOWN_RESPONSIBLE_ZH
from ..words import speaks_chinese, tr
from .reading import number

LONGEST = 300
"""Signs of a text that a cell or a label shows; all of it stands in the file."""

_NAMED_BY_STATE = ("issued", "assigned", "closed")
_ORDER_OF_CHANGES = ("升级", "新增", "持续", "解除")
_SPACES = (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029)
_TURNS = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_HIDDEN = {**dict.fromkeys(_SPACES, " "), **dict.fromkeys(_TURNS)}
"""Line ends and control marks become spaces; marks that turn the reading direction are left out."""


def shown(text: object, longest: int = LONGEST) -> str:
    """*text* on one line, without marks that a window would obey, and no longer than *longest* signs."""
    plain = str("" if text is None else text).translate(_HIDDEN).strip()
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def as_tip(text: str) -> str:
    """*text* for a tooltip, which would otherwise read it as HTML where it looks like it."""
    return f"<p style='white-space:pre-wrap'>{html.escape(text)}</p>"


@dataclass(frozen=True)
class Row:
    """A warning of the run, and where it stands in the ledger; `known` is empty where the ledger has none of it."""

    warning: Mapping[str, str]
    known: Mapping[str, Any]
    now: str
    """The city's clock, ISO: what was due before it is overdue."""

    @property
    def warning_id(self) -> str:
        """The warning's id."""
        return self.warning["warning_id"]

    @property
    def state(self) -> str:
        """待研判 … 已销号; empty where the ledger has no record of it."""
        return str(self.known.get("state") or "")

    @property
    def step(self) -> str:
        """The step in the ledger; empty where it has none."""
        return str(self.known.get("step") or "")

    @property
    def due(self) -> str:
        """By when something is due, ISO; empty where nothing is."""
        if self.state == CLOSED:
            return ""
        return str(self.known["due"] if self.known else self.warning.get("deadline") or "")

    @property
    def overdue(self) -> bool:
        """Whether it was due before now."""
        return bool(self.due) and self.due.replace(" ", "T") < self.now

    def becomes_overdue(self, later: str) -> bool:
        """Whether it is due between now and *later*."""
        return bool(self.due) and self.now <= self.due.replace(" ", "T") < later

    @property
    def over(self) -> bool:
        """Whether it is no more: it grew quiet, or another warning took it up."""
        return self.warning.get("phase") in OVER_PHASES

    @property
    def open(self) -> bool:
        """Whether it is not signed off yet."""
        return self.state != CLOSED


@dataclass(frozen=True)
class Column:
    """A column: what it is called, what it says of a row, how it sorts, how wide it is at first (signs)."""

    name: str
    header: str
    help: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    width: int
    right: bool = False


class Columns:
    """The columns in the face's language. The words are looked up once: thousands of cells ask for them."""

    def __init__(self) -> None:
        self.chinese = chinese = speaks_chinese()
        self.levels = {level.name: level.verb("zh" if chinese else "en") for level in LEVELS}
        self._order = {level.name: place for place, level in enumerate(LEVELS)}
        self._states = {zh: zh if chinese else en for zh, en in STATES.items()}
        self._changes = {zh: zh if chinese else en for zh, en in CHANGES.items()}
        self._unknown = UNKNOWN_RESPONSIBLE_ZH if chinese else UNKNOWN_RESPONSIBLE_EN
        self._overdue, self._no_record = tr("overdue"), tr("not in the ledger")
        self.all = self._made()

    def _made(self) -> tuple[Column, ...]:
        wide = (1 if self.chinese else 3) + max(len(verb) * (2 if self.chinese else 1) for verb in self.levels.values())
        place = Column("place", tr("Place"), tr("The unit the warning names."), self.place, self.place, 16)
        return (
            Column("rank", "#", tr("Rank by urgency, as on the map and in the briefing."), self.rank, _rank, 2, True),
            Column("level", tr("Level"), tr("What is asked of people."), self.level, self._level_key, wide),
            place,
            Column(
                "category",
                tr("Class"),
                tr("The class of incidents."),
                self.category,
                _category,
                7 if self.chinese else 8,
            ),
            Column(
                "figures",
                tr("Seen / usual"),
                tr("Incidents counted, and what this unit's own past lets expect. Sorts by the difference."),
                self.figures,
                _excess,
                10,
                True,
            ),
            Column(
                "state",
                tr("State"),
                tr("Where it stands in the ledger."),
                self.state,
                self._state_key,
                10 if self.chinese else 17,
            ),
            Column("due", tr("Due"), tr("By when the next step is due."), self.due, _due_key, 18),
            Column("change", tr("Change"), tr("Against the last list issued."), self.change, _change_key, 9),
            Column(
                "responsible",
                tr("Responsible"),
                tr("The unit that has it, else the one the run names."),
                self.unit,
                self.unit,
                13,
            ),
            Column("window", tr("Window"), tr("The days or hours counted."), self.window, _window_key, 11),
            Column("sources", tr("Sources"), tr("Incidents by source."), self.sources, _sources_key, 18),
        )

    def rank(self, row: Row) -> str:
        """The rank."""
        return shown(row.warning.get("rank"))

    def level(self, row: Row) -> str:
        """The level's verb."""
        name = row.warning["level"]
        return self.levels.get(name) or shown(name)

    def place(self, row: Row) -> str:
        """The place's name, else its code."""
        return shown(row.warning.get("cell_name") or row.warning.get("cell_id"))

    def category(self, row: Row) -> str:
        """The class without the classes above it."""
        return shown(row.warning.get("category", "").split("/")[-1])

    def figures(self, row: Row) -> str:
        """Observed / expected."""
        return f"{figure(row.warning.get('observed'))} / {figure(row.warning.get('expected'))}"

    def change(self, row: Row) -> str:
        """New, raised, continuing or ended."""
        word = row.warning.get("change", "")
        return self._changes.get(word) or shown(word)

    def state(self, row: Row) -> str:
        """The state, and the step or verdict within it: those handled and those only reported share a state."""
        if not row.known:
            return self._no_record
        side = 0 if self.chinese else 1
        parts = [self._states.get(row.state) or row.state]
        verdict = str(row.known.get("verdict") or "")
        if row.step == "judged" and verdict in VERDICTS:
            parts.append(VERDICTS[verdict][side])
        elif row.step in EVENTS and row.step not in _NAMED_BY_STATE:
            parts.append(EVENTS[row.step][side])
        return ("·" if self.chinese else ": ").join(parts)

    def due(self, row: Row) -> str:
        """Day and hour, with a word in front where it is past."""
        when = row.due.replace("T", " ")[5:16]
        return f"{self._overdue} {when}" if row.overdue else when

    def unit(self, row: Row) -> str:
        """Who has it, else who would."""
        unit = shown(row.known.get("assigned_to") or row.warning.get("responsible"))
        return self._unknown if unit in ("", UNKNOWN_RESPONSIBLE_ZH, UNKNOWN_RESPONSIBLE_EN) else unit

    def window(self, row: Row) -> str:
        """The days, the last one counted; hours where it does not begin and end at midnight."""
        return span(row.warning.get("window_start", ""), row.warning.get("window_end", ""))

    def sources(self, row: Row) -> str:
        """Incidents by source."""
        return shown(row.warning.get("sources", "").replace(";", " · "))

    def _level_key(self, row: Row) -> Any:
        return self._order.get(row.warning["level"], len(LEVELS))

    def _state_key(self, row: Row) -> Any:
        return (list(STATES).index(row.state) if row.state in STATES else -1, not row.known, row.step)


def figure(text: object) -> str:
    """A count or an expected number with as many digits as help: 31, 6.9, 0.17; a hyphen where there is none."""
    value = number(text, float("nan"))
    if value != value:
        return "–"
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def span(start: str, end: str) -> str:
    """A window in short: 12-31, 12-29 – 12-31, or with hours."""
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return shown(f"{start} – {end}")
    if (first.hour, first.minute, last.hour, last.minute) != (0, 0, 0, 0) or last <= first:
        return f"{first:%m-%d %H:%M} – {last:%m-%d %H:%M}"
    days = (last.toordinal() - first.toordinal()) - 1
    final = datetime.fromordinal(last.toordinal() - 1)
    return f"{first:%m-%d}" if not days else f"{first:%m-%d} – {final:%m-%d}"


def _rank(row: Row) -> Any:
    return number(row.warning.get("rank"), 1e9)


def _category(row: Row) -> Any:
    return row.warning.get("category", "")


def _excess(row: Row) -> Any:
    return number(row.warning.get("observed")) - number(row.warning.get("expected"))


def _due_key(row: Row) -> Any:
    return row.due.replace(" ", "T") or "9999"


def _change_key(row: Row) -> Any:
    word = row.warning.get("change", "")
    return _ORDER_OF_CHANGES.index(word) if word in _ORDER_OF_CHANGES else len(_ORDER_OF_CHANGES)


def _window_key(row: Row) -> Any:
    return (row.warning.get("window_end", ""), row.warning.get("window_start", ""))


def _sources_key(row: Row) -> Any:
    return (number(row.warning.get("source_count")), row.warning.get("sources", ""))
