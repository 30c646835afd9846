"""From one bin to the next: which episode a phenomenon continues, and which episode is taken up by another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...cube import Cells
from .phenomena import Phenomenon, Test, akin, same_branch, same_place
from .rules import WarningRules

if TYPE_CHECKING:
    from .episodes import Episode


def among(episode: Episode, others: Iterable[Episode]) -> bool:
    """Whether *episode* itself, not one equal to it, is one of *others*."""
    return any(episode is other for other in others)


def continued(live: list[Episode], phenomena: list[Phenomenon], cells: Cells) -> dict[int, Episode]:
    """The episode each phenomenon (by its `id`) continues: the one of its very unit and class before any akin one.

    Of several akin ones the nearest in level, then the oldest.
    """
    told: dict[int, Episode] = {}
    for fits in (_same, _continues):
        for phenomenon in phenomena:
            free = [e for e in live if not among(e, told.values()) and fits(e, phenomenon, cells)]
            if free and id(phenomenon) not in told:
                told[id(phenomenon)] = min(free, key=lambda e, p=phenomenon: _distance(e, p, cells))  # type: ignore[misc]
    return told


def host_of(
    phenomenon: Phenomenon,
    known: Iterable[Episode],
    before: dict[int, Phenomenon | None],
    cells: Cells,
    rules: WarningRules,
) -> Episode | None:
    """The episode of *known* that *phenomenon* belongs to though another phenomenon continues it.

    It is akin to what the episode was the bin *before* (by the episode's `id`), and not to what it is now: from that it
    was found to stand apart. One of a more urgent level is hidden by none.
    """
    lead = phenomenon.lead
    level = rules.level_of(lead.recurrence_days, lead.observed, lead.expected)
    for episode in known:
        last, now = before[id(episode)], episode.phenomenon
        if last is None or now is None or level > episode.level:
            continue
        if akin(last.lead, lead, cells) and not akin(now.lead, lead, cells):
            return episode
    return None


def taker_of(episode: Episode, others: Iterable[Episode]) -> Episode | None:
    """The one of *others* whose phenomenon stands for the rise of *episode* today; None where it does not rise."""
    places = _places(episode)
    return next((e for e in others if e.phenomenon and any(_own(t) in places for t in e.phenomenon.tests)), None)


def _same(episode: Episode, phenomenon: Phenomenon, cells: Cells) -> bool:
    return _own(phenomenon.lead) in _places(episode)


def _continues(episode: Episode, phenomenon: Phenomenon, cells: Cells) -> bool:
    lead = phenomenon.lead
    return same_branch(episode.category, lead.category) and same_place(cells, episode.unit, int(lead.unit))


def _own(test: Test) -> tuple[int, str]:
    return int(test.unit), str(test.category)


def _places(episode: Episode) -> set[tuple[int, str]]:
    """Unit and class an episode began in, and those it was last seen in."""
    last = {_own(episode.phenomenon.lead)} if episode.phenomenon is not None else set()
    return {(episode.unit, episode.category), *last}


def _distance(episode: Episode, phenomenon: Phenomenon, cells: Cells) -> tuple:
    levels = abs(int(cells.unit_level[episode.unit]) - int(cells.unit_level[int(phenomenon.lead.unit)]))
    return levels, episode.first_bin, str(cells.cell_id[episode.unit]), episode.category
