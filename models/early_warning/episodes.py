"""Rises of the last bins -> the episodes they belong to -> the warnings of today, ranked and within the budget."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...cube import Cells, Counts
from .budget import Record, kept_within
from .continuity import among, continued, host_of, taker_of
from .phenomena import Phenomenon, Test, contains, find_phenomena, relation
from .rules import LEVELS, WarningRules
from .sources import SourceMix, source_mix

CHANGES = {"new": "新增", "escalated": "升级", "continuing": "持续", "ended": "解除", "merged": "解除"}
OVER = ("ended", "merged")
"""Changes after which an episode is no more: it grew quiet, or another took it up."""
NO_RECORD = Record()


@dataclass
class Episode:
    """One phenomenon over time. `level` is the level issued, -1 before the first; `merged_into` what took it up.

    `seen` maps the bins it was seen in to its level then, its strength (log rank, the less the stronger) and its unit.
    """

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
    judged: bool = False
    seen: dict[int, tuple[int, float, int]] = field(default_factory=dict)
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
    tests: pd.DataFrame,
    counts: Counts,
    rules: WarningRules,
    *,
    bin_days: float,
    street_level: int,
    record: Record = NO_RECORD,
) -> pd.DataFrame:
    """The early warnings of the last bin covered by *counts*, one row each, in rank order.

    *tests* holds the tests of the last `rules.replay` bins that could matter: bin (number), role, unit_level, unit
    (row of counts.cells), category, window, observed, expected, size, last_expected, last_observed, last_log_p,
    log_p, family, n_levels, recurrence_days. *record* is what a ledger knows. Returns the columns of `EarlyWarning`'s
    table that numbers can give; the pipeline adds names, words and places.
    """
    today = counts.end_bin - 1
    episodes = replay(tests, counts, rules, bin_days=bin_days, record=record)
    rows = [
        _row_of(e, e.phenomenon, counts, rules)
        for e in episodes
        if e.phenomenon is not None and (e.change not in OVER or e.ended_bin == today)
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if table.empty:
        return table.assign(rank=pd.Series(dtype=int), within_budget=pd.Series(dtype=bool))
    ids = {id(e): e.identity(counts.cells, rules, _start(e, counts)) for e in episodes}
    kept = kept_within(
        episodes,
        ids,
        counts.cells,
        rules,
        first=max(today - rules.replay + 1, counts.first_bin),
        today=today,
        street_level=street_level,
        bin_days=bin_days,
        record=record,
    )
    inside = {ids[e] for e in kept}
    table = _ranked(table)
    urgent = table["level"].isin(["orange", "red"]) & table["phase"].isin(["open", "escalated"])
    return table.assign(within_budget=~urgent | table["warning_id"].isin(inside) | (table["level"] == "red"))


def replay(
    tests: pd.DataFrame, counts: Counts, rules: WarningRules, *, bin_days: float, record: Record = NO_RECORD
) -> list[Episode]:
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
        _advance(live, phenomena, number, counts, rules, record)
        done += [e for e in live if e.change in OVER]
        live = [e for e in live if e.change not in OVER]
    return live + done


def _advance(
    live: list[Episode],
    phenomena: list[Phenomenon],
    number: int,
    counts: Counts,
    rules: WarningRules,
    record: Record,
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
            told[id(phenomenon)] = _begun(phenomenon, number, counts, rules, record)
        _see(told[id(phenomenon)], phenomenon, number, counts, rules)
    awake = list(told.values())
    for episode in live:
        if not among(episode, awake):
            _fall_silent(episode, taker_of(episode, awake), number, rules)
    live += [episode for episode in awake if not among(episode, live)]


def _begun(phenomenon: Phenomenon, number: int, counts: Counts, rules: WarningRules, record: Record) -> Episode:
    lead = phenomenon.lead
    episode = Episode(int(lead.unit), lead.category, lead.role, number, number)
    own = episode.identity(counts.cells, rules, _start(episode, counts))
    episode.judged = record.is_judged(own, str(counts.cells.cell_id[episode.unit]), episode.category)
    return episode


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
    episode.mix = source_mix(
        counts,
        int(lead.unit),
        lead.category,
        lead.role,
        number,
        int(lead.window),
        expected=float(lead.expected),
        size=float(lead.size),
        tail=rules.source_tail,
    )
    raw = rules.level_of(lead.recurrence_days, lead.observed, lead.expected)
    episode.yellow_steps = episode.yellow_steps + 1 if raw >= LEVELS.index("yellow") else 0
    level = _confirmed(raw, episode, rules, lead.observed - lead.expected)
    before = episode.level
    lower = [v for k, v in episode.history.items() if number - k <= rules.quiet_steps]
    episode.level = max([level, *lower])  # down only after enough quiet steps
    episode.history[number] = level
    episode.seen[number] = (episode.level, float(lead.log_rank), int(lead.unit))
    if episode.loudest is None or (episode.level, -lead.log_rank) > (episode.peak, -episode.loudest.lead.log_rank):
        episode.loudest = phenomenon
    episode.peak = max(episode.peak, episode.level)
    if episode.urgent_bin < 0 and episode.level >= LEVELS.index("orange"):
        episode.urgent_bin = number
    episode.change = "new" if before < 0 else "escalated" if episode.level > before else "continuing"


def _confirmed(raw: int, episode: Episode, rules: WarningRules, excess: float) -> int:
    """The level after persistence, the confirmation red needs, and the cap on a rise of one source among several.

    What a person judged true needs neither a second step nor a second source.
    """
    yellow, orange, red = (LEVELS.index(name) for name in ("yellow", "orange", "red"))
    if raw == yellow and episode.yellow_steps >= rules.persistence and excess >= rules.orange_excess:
        raw = orange
    if episode.judged:
        return raw
    mix = episode.mix
    if mix is not None and mix.one_only:
        return min(raw, yellow)
    if raw == red and episode.steps < 2 and not (mix is not None and mix.confirmed):
        return orange
    return raw


_COLUMNS = (
    "warning_id level unit role category first_bin urgent_bin window_first window_bins observed expected size ratio "
    "excess recurrence_days log_rank steps first_seen times_seen change phase sources source_count "
    "one_source awaiting_second needs_confirmation explained merged_into"
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
    raw, red = rules.level_of(lead.recurrence_days, lead.observed, lead.expected), LEVELS.index("red")
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
        "one_source": bool(mix and mix.one_only),
        "awaiting_second": raw == red and episode.level < raw,
        "needs_confirmation": red in (raw, episode.level) and not episode.judged,
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


__all__ = ["Episode", "contains", "raise_warnings", "replay"]
