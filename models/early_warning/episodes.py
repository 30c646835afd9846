"""Rises of the last bins -> the episodes they belong to -> the warnings of today, ranked and within the budget."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...cube import Cells, Counts
from .continuity import among, continued, host_of, taker_of
from .phenomena import Phenomenon, Test, contains, find_phenomena, relation
from .rules import LEVELS, WarningRules
from .sources import SourceMix, source_mix

CHANGES = {"new": "新增", "escalated": "升级", "continuing": "持续", "ended": "解除", "merged": "解除"}
OVER = ("ended", "merged")
"""Changes after which an episode is no more: it grew quiet, or another took it up."""


@dataclass
class Episode:
    """One phenomenon over time. `level` is the level issued, -1 before the first; `merged_into` what took it up."""

    unit: int
    category: str
    role: str
    first_bin: int
    last_bin: int
    level: int = -1
    peak: int = -1
    steps: int = 0
    yellow_steps: int = 0
    quiet: int = 0
    change: str = "new"
    ended_bin: int = -1
    urgent_bin: int = -1
    phenomenon: Phenomenon | None = None
    loudest: Phenomenon | None = None
    mix: SourceMix | None = None
    history: dict[int, int] = field(default_factory=dict)
    merged_into: Episode | None = None

    def identity(self, cells: Cells, rules: WarningRules, first_start: np.datetime64) -> str:
        """The warning id: the same episode keeps it in every run."""
        text = "|".join([rules.line, str(cells.cell_id[self.unit]), self.category, str(first_start)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def raise_warnings(
    tests: pd.DataFrame, counts: Counts, rules: WarningRules, *, bin_days: float, street_level: int
) -> pd.DataFrame:
    """The early warnings of the last bin covered by *counts*, one row each, in rank order.

    *tests* holds the tests of the last `rules.replay` bins that could matter: bin (number), role, unit_level, unit
    (row of counts.cells), category, window, observed, expected, size, last_expected, last_observed, last_log_p,
    log_p, family, n_levels, recurrence_days. Returns the columns of `EarlyWarning`'s table that numbers can give;
    the pipeline adds names, words and places.
    """
    today = counts.end_bin - 1
    episodes = replay(tests, counts, rules, bin_days=bin_days)
    rows = [
        _row_of(e, e.phenomenon, counts, rules)
        for e in episodes
        if e.phenomenon is not None and (e.change not in OVER or e.ended_bin == today)
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if table.empty:
        return table
    issued = [e for e in episodes if e.peak >= LEVELS.index("orange")]
    table = _ranked(table)
    return _within_budget(table, issued, counts.cells, rules, today, street_level, bin_days)


def replay(tests: pd.DataFrame, counts: Counts, rules: WarningRules, *, bin_days: float) -> list[Episode]:
    """Walk through the bins of *tests*; return every episode, those alive at the last bin first."""
    live: list[Episode] = []
    done: list[Episode] = []
    today = counts.end_bin - 1
    loud = tests[
        (tests["recurrence_days"] >= rules.blue_days) & (tests["excess"] >= rules.blue_excess) & tests["rising"]
    ]
    by_bin = dict(tuple(loud.groupby("bin")))
    for number in range(max(today - rules.replay + 1, counts.first_bin), today + 1):
        phenomena = find_phenomena(by_bin[number], counts.cells, rules, bin_days) if number in by_bin else []
        _advance(live, phenomena, number, counts, rules)
        done += [e for e in live if e.change in OVER]
        live = [e for e in live if e.change not in OVER]
    return live + done


def _advance(
    live: list[Episode], phenomena: list[Phenomenon], number: int, counts: Counts, rules: WarningRules
) -> None:
    """One bin: phenomena join or open episodes; what another takes up is merged; silent episodes grow quiet and end."""
    told = continued(live, phenomena, counts.cells)
    known, before = list(told.values()), {id(episode): episode.phenomenon for episode in live}
    for phenomenon in sorted(phenomena, key=lambda p: id(p) not in told):
        host = None if id(phenomenon) in told else host_of(phenomenon, known, before, counts.cells, rules)
        if host is not None and host.phenomenon is not None:
            host.phenomenon.explained += phenomenon.tests
            continue
        if id(phenomenon) not in told:
            lead = phenomenon.lead
            told[id(phenomenon)] = Episode(int(lead.unit), lead.category, lead.role, number, number)
        _see(told[id(phenomenon)], phenomenon, number, counts, rules)
    awake = list(told.values())
    for episode in live:
        if not among(episode, awake):
            _fall_silent(episode, taker_of(episode, awake), number, rules)
    live += [episode for episode in awake if not among(episode, live)]


def _fall_silent(episode: Episode, taker: Episode | None, number: int, rules: WarningRules) -> None:
    """An episode not seen by itself in bin *number*: taken up by another, or quieter, or ended."""
    if taker is not None:
        episode.change, episode.merged_into, episode.ended_bin = "merged", taker, number
        return
    episode.quiet += 1
    episode.change = "ended" if episode.quiet > rules.quiet_steps else "continuing"
    episode.ended_bin = number if episode.change == "ended" else -1


def _see(episode: Episode, phenomenon: Phenomenon, number: int, counts: Counts, rules: WarningRules) -> None:
    """Bring an episode up to date with what was seen of it in bin *number*."""
    lead = phenomenon.lead
    episode.last_bin, episode.quiet, episode.phenomenon = number, 0, phenomenon
    episode.steps += 1
    episode.mix = source_mix(counts, int(lead.unit), lead.category, lead.role, number, int(lead.window))
    raw = rules.level_of(lead.recurrence_days, lead.observed, lead.expected)
    episode.yellow_steps = episode.yellow_steps + 1 if raw >= LEVELS.index("yellow") else 0
    level = _confirmed(raw, episode, rules, lead.observed - lead.expected)
    before = episode.level
    lower = [v for k, v in episode.history.items() if number - k <= rules.quiet_steps]
    episode.level = max([level, *lower])  # down only after enough quiet steps
    episode.history[number] = level
    if episode.loudest is None or (episode.level, -lead.log_rank) > (episode.peak, -episode.loudest.lead.log_rank):
        episode.loudest = phenomenon
    episode.peak = max(episode.peak, episode.level)
    if episode.urgent_bin < 0 and episode.level >= LEVELS.index("orange"):
        episode.urgent_bin = number
    episode.change = "new" if before < 0 else "escalated" if episode.level > before else "continuing"


def _confirmed(raw: int, episode: Episode, rules: WarningRules, excess: float) -> int:
    """The level after persistence, the confirmation red needs, and the cap on a rise of one source among several."""
    yellow, orange, red = (LEVELS.index(name) for name in ("yellow", "orange", "red"))
    if raw == yellow and episode.yellow_steps >= rules.persistence and excess >= rules.orange_excess:
        raw = orange
    mix = episode.mix
    if mix is not None and len(mix.usual) >= 2 and len(mix.rising) == 1:
        return min(raw, yellow)
    if raw == red and episode.steps < 2 and (mix is None or len(mix.rising) < 2):
        return orange
    return raw


_COLUMNS = (
    "warning_id level unit role category first_bin urgent_bin window_first window_bins observed expected size ratio "
    "excess recurrence_days log_rank steps first_seen times_seen change phase sources source_count "
    "one_source awaiting_second explained merged_into"
).split()


def _row_of(episode: Episode, phenomenon: Phenomenon, counts: Counts, rules: WarningRules) -> dict:
    lead = phenomenon.lead
    mix = episode.mix
    first_start = _start(episode, counts)
    phase = (
        episode.change
        if episode.change in OVER
        else "quiet"
        if episode.quiet
        else "escalated"
        if episode.change == "escalated"
        else "open"
    )
    raw = rules.level_of(lead.recurrence_days, lead.observed, lead.expected)
    return {
        "warning_id": episode.identity(counts.cells, rules, first_start),
        "level": LEVELS[episode.level],
        "unit": int(lead.unit),
        "role": lead.role,
        "category": lead.category,
        "first_bin": episode.first_bin,
        "urgent_bin": episode.urgent_bin,
        "window_first": int(episode.last_bin - lead.window + 1),
        "window_bins": int(lead.window),
        "observed": int(lead.observed),
        "expected": float(lead.expected),
        "size": float(lead.size),
        "ratio": float(lead.observed / max(lead.expected, 0.01)),
        "excess": float(lead.observed - lead.expected),
        "recurrence_days": float(lead.recurrence_days),
        "log_rank": float(lead.log_rank),
        "steps": episode.steps,
        "first_seen": pd.Timestamp(first_start),
        "times_seen": episode.steps,
        "change": CHANGES[episode.change],
        "phase": phase,
        "sources": mix.text if mix else "",
        "source_count": len(mix.rising) if mix else 0,
        "one_source": bool(mix and len(mix.usual) >= 2 and len(mix.rising) == 1),
        "awaiting_second": raw == LEVELS.index("red") and episode.level < raw,
        "explained": [_told(test, lead, counts.cells) for test in phenomenon.explained],
        "merged_into": episode.merged_into.identity(counts.cells, rules, _start(episode.merged_into, counts))
        if episode.merged_into is not None
        else "",
    }


def _start(episode: Episode, counts: Counts) -> np.datetime64:
    return counts.bins[episode.first_bin - counts.first_bin]


def _told(test: Test, lead: Test, cells: Cells) -> dict:
    """A test that *lead* stands for, and what it is to it."""
    return {
        "unit": int(test.unit),
        "role": str(test.role),
        "category": str(test.category),
        "window_first": int(test.bin - test.window + 1),
        "window_bins": int(test.window),
        "observed": int(test.observed),
        "expected": float(test.expected),
        "recurrence_days": float(test.recurrence_days),
        "relation": relation(test, lead, cells),
    }


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    quiet = table["phase"].map({"quiet": 1, "ended": 2, "merged": 2}).fillna(0)
    urgency = -table["level"].map({name: i for i, name in enumerate(LEVELS)})
    order = table.assign(_q=quiet, _u=urgency).sort_values(["_q", "_u", "log_rank", "warning_id"])
    order = order.drop(columns=["_q", "_u"]).reset_index(drop=True)
    order.insert(1, "rank", np.arange(1, len(order) + 1))
    return order


def _within_budget(
    table: pd.DataFrame,
    issued: list[Episode],
    cells: Cells,
    rules: WarningRules,
    today: int,
    street_level: int,
    bin_days: float,
) -> pd.DataFrame:
    """Mark what the alarm budget keeps back: it stays in the table, and red is never cut."""
    streets: dict[int, int] = {}
    week = int(np.ceil(7 / bin_days))
    for episode in issued:
        street = (
            int(cells.lineage[episode.unit, street_level]) if cells.unit_level[episode.unit] >= street_level else -1
        )
        if street >= 0 and today - week < episode.urgent_bin < today:
            streets[street] = streets.get(street, 0) + 1
    kept: list[bool] = []
    spent = 0
    for row in table.itertuples():
        street = int(cells.lineage[row.unit, street_level]) if cells.unit_level[row.unit] >= street_level else -1
        urgent = row.level in ("orange", "red") and row.phase in ("open", "escalated")
        fresh = bool(row.urgent_bin == today)
        over = urgent and (
            spent >= rules.city_per_day or (fresh and street >= 0 and streets.get(street, 0) >= rules.street_per_week)
        )
        kept.append(bool(not over or row.level == "red"))
        spent += int(urgent and kept[-1])
        if urgent and fresh and street >= 0 and kept[-1]:
            streets[street] = streets.get(street, 0) + 1
    return table.assign(within_budget=kept)


__all__ = ["Episode", "contains", "raise_warnings", "replay"]
