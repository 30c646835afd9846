"""Events, steps, the four states people see, and every move that is legal. Standard library only.

A warning's *step* is the last event that moved it; its *state* is one of four and follows from the step. The tables
here are the only place where a move is allowed: the databases get them (`legal_moves`) and enforce them by triggers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ISSUED, RUN_ISSUED, LINE_STARTED, DEADLINES_SET = "issued", "run_issued", "line_started", "deadlines_set"
PAPER_NUMBERED = "paper_numbered"
TO_JUDGE, ASSIGNED, HANDLED, CLOSED = "待研判", "已交办", "已办结", "已销号"
STATES: dict[str, str] = {TO_JUDGE: "to be judged", ASSIGNED: "assigned", HANDLED: "handled", CLOSED: "closed"}
"""What people see of a warning, in the order of its life, and the English for it."""

EVENTS: dict[str, tuple[str, str]] = {
    "issued": ("发出", "issued"),
    "judged": ("研判", "judged"),
    "dismissed": ("排除", "dismissed"),
    "assigned": ("交办", "assigned"),
    "received": ("签收", "received"),
    "handled": ("办理", "handled"),
    "reported": ("报备", "reported"),
    "verified": ("核验", "verified"),
    "supervised": ("督办", "supervised"),
    "closed": ("销号", "closed"),
    "reopened": ("重启", "reopened"),
    "noted": ("备注", "noted"),
    "corrected": ("更正", "corrected"),
    "cancelled": ("撤销", "cancelled"),
}
"""Event of a warning -> its Chinese and its English word."""

OF_THE_RECORD: dict[str, tuple[str, str]] = {
    RUN_ISSUED: ("本期发布", "run issued"),
    LINE_STARTED: ("新监测线", "surveillance line started"),
    DEADLINES_SET: ("时限设定", "deadlines set"),
    PAPER_NUMBERED: ("文书编号", "paper numbered"),
}
"""Events that belong to no single warning; their `warning_id` is empty."""

VERDICTS: dict[str, tuple[str, str]] = {
    "true": ("属实", "true"),
    "false": ("误报", "false alarm"),
    "unclear": ("未核", "not established"),
}
"""Verdict of a judging -> its Chinese and its English words."""

STATE_OF: dict[str, str] = {
    "issued": TO_JUDGE,
    "judged": TO_JUDGE,
    "reopened": TO_JUDGE,
    "assigned": ASSIGNED,
    "received": ASSIGNED,
    "supervised": ASSIGNED,
    "handled": HANDLED,
    "reported": HANDLED,
    "verified": HANDLED,
    "closed": CLOSED,
    "dismissed": CLOSED,
    "cancelled": CLOSED,
}
"""Step -> the state people see."""

STEPS = tuple(STATE_OF)
_TO_JUDGE, _ASSIGNED, _HANDLED, _CLOSED = (tuple(s for s in STEPS if STATE_OF[s] == state) for state in STATES)


def _to(after: str, *before: str) -> dict[str, str]:
    return dict.fromkeys(before, after)


def _stay(*steps: str) -> dict[str, str]:
    return {step: step for step in steps}


TRANSITIONS: dict[str, dict[str, str]] = {
    "judged": {**_to("judged", *_TO_JUDGE), **_stay(*_ASSIGNED, *_HANDLED)},
    "dismissed": _to("dismissed", *_TO_JUDGE),
    "assigned": _to("assigned", *_TO_JUDGE, *_ASSIGNED),
    "received": _to("received", "assigned", "supervised"),
    "handled": _to("handled", *_ASSIGNED, "reported"),
    "reported": _to("reported", *_ASSIGNED),
    "verified": _to("verified", "handled", "reported"),
    "supervised": {**_stay(*_TO_JUDGE), **_to("supervised", *_ASSIGNED)},
    "closed": _to("closed", *_HANDLED),
    "reopened": _to("reopened", *_HANDLED, *_CLOSED),
    "noted": _stay(*STEPS),
    "corrected": _stay(*STEPS),
    "cancelled": _to("cancelled", *_TO_JUDGE, *_ASSIGNED, *_HANDLED),
}
"""Event of a person -> step before -> step after. What is not here is not allowed.

A verdict may also come while the warning is with a unit (what was found on the spot), and a warning that waits to be
judged may be supervised: neither moves it.
"""

NEEDS_NOTE = frozenset({"dismissed", "reopened", "noted", "corrected", "cancelled"})
"""Events that say nothing without a note."""


def legal_moves() -> Iterator[tuple[str, str, str, str, int]]:
    """(event, step before, step after, state after, 1 if a note is needed) of every legal move.

    A run may issue a warning for the first time (no step before), again (nothing moves), or again after it was closed,
    when its level rose: then it is to be judged anew.
    """
    yield (ISSUED, "", ISSUED, TO_JUDGE, 0)
    for step in STEPS:
        yield (ISSUED, step, step, STATE_OF[step], 0)
    for step in _CLOSED:
        yield (ISSUED, step, ISSUED, TO_JUDGE, 0)
    for event, moves in TRANSITIONS.items():
        for before, after in moves.items():
            yield (event, before, after, STATE_OF[after], int(event in NEEDS_NOTE))
    for event in OF_THE_RECORD:
        yield (event, "", "", "", 0)


LEGAL = frozenset(move[:4] for move in legal_moves())
"""(event, step before, step after, state after) of every legal move."""


def step_after(event: str, before: str, state: str) -> str | None:
    """The step after an *event* that led to *state*; None if it was not legal. *before* is empty for a first event."""
    if event == ISSUED:
        after = ISSUED if not before or (before in _CLOSED and state == TO_JUDGE) else before
    elif event in OF_THE_RECORD:
        after = ""
    else:
        after = TRANSITIONS.get(event, {}).get(before, "")
    return after if (event, before, after, state) in LEGAL else None


def step_when_issued(before: str, level: str, last_level: str) -> str:
    """The step of a warning a run issues (again): one that was closed and comes back higher is to be judged anew."""
    worse = URGENCY.get(level, 0) > URGENCY.get(last_level, 0)
    return ISSUED if not before or (before in _CLOSED and worse) else before


def possible(step: str) -> list[str]:
    """Events of people that *step* allows, in the order of `EVENTS`."""
    return [event for event in EVENTS if step in TRANSITIONS.get(event, {})]


NEW, RAISED, CONTINUING, ENDED = "新增", "升级", "持续", "解除"
URGENCY = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}
HIGHEST = "red"


def change_of(warning_id: str, level: str, before: Mapping[str, str]) -> str:
    """新增, 升级 or 持续, against the levels (warning_id -> level) of the last issued run. What went is 解除."""
    if warning_id not in before:
        return NEW
    return RAISED if URGENCY.get(level, 0) > URGENCY.get(before[warning_id], 0) else CONTINUING
