"""Whether a rise is still there when borders are drawn otherwise: a level up, a level down, and on shifted squares.

Units are one way among many of cutting up a city. A rise that shows in one cut only may be an accident of its borders
(Openshaw 1984, The modifiable areal unit problem). So every warning listed is tested again by the same model in the
unit above, in the units inside, and in squares of its own size in four positions, half a side apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..layers.aggregate import at_named_places, first_of_bursts
from .explanation.sightings import Sightings
from .preparation import Prepared
from .retest import Retest
from .wording import Raised

STABLE, SENSITIVE, UNKNOWN = "stable", "border-sensitive", "not testable"
WORDS = {STABLE: ("稳定", "stable"), SENSITIVE: ("边界敏感", "border-sensitive"), UNKNOWN: ("无法复核", "not testable")}
CAVEAT = ("边界敏感:换一种划分,上升不一定成立", "border-sensitive: with other borders the rise may not stand")

MOST = 30
"""Warnings re-tested in a run, the most urgent first."""

_SHIFTS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))  # in sides; a lattice shifted by a whole side is itself
_ENOUGH = 3  # of the four positions in which the rise has to stand
_REACH = 2  # squares to each side whose past is looked at with that of the one tested


def stability_of(retest: Retest, seen: Sightings, described: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Warning id -> what became of each warning listed today (within the budget, alive) when it was tested again.

    Keys: badge (`stable`, `border-sensitive`, `not testable`), word, word_en, up and down (None where there is no such
    level), shifts, sentence, sentence_en. `stable`: the rise stands (it would be noted by itself) in three of the four
    positions of the squares, and in the unit above or in one inside, where there are any.
    """
    listed = described[described["within_budget"] & described["phase"].isin(["open", "escalated"])].head(MOST)
    return {row.warning_id: _of_warning(retest, seen, row) for row in listed.itertuples()}


def with_badges(described: pd.DataFrame, stability: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """*described* with the column `stability` (the Chinese word, '' where not tested), and the caveat of those that
    are border-sensitive.
    """
    badges = [stability.get(own, {}).get("badge", "") for own in described["warning_id"]]
    pairs = [
        [*told, CAVEAT] if badge == SENSITIVE else told
        for told, badge in zip(described["caveat_pairs"], badges, strict=True)
    ]
    return described.assign(
        stability=[WORDS[badge][0] if badge else "" for badge in badges],
        caveat_pairs=pairs,
        caveats=[";".join(zh for zh, _ in told) for told in pairs],
        caveats_en=[";".join(en for _, en in told) for told in pairs],
    )


def _of_warning(retest: Retest, seen: Sightings, row: Raised) -> dict[str, Any]:
    shifts, why = _shifted(retest, seen, row)
    up, down = _up(retest, row), _down(retest, row)
    badge = badge_of(shifts, up, down)
    zh, en = _sentence(row, shifts, why, up, down)
    word, word_en = WORDS[badge]
    figures = {"up": up, "down": down, "shifts": shifts}
    return {"badge": badge, "word": word, "word_en": word_en, **figures, "sentence": zh, "sentence_en": en}


def badge_of(shifts: list[dict[str, Any]], up: dict[str, Any] | None, down: dict[str, Any] | None) -> str:
    """The badge by its rule, from the positions of the squares and the tests of other levels; see `stability_of`."""
    if not shifts:
        return UNKNOWN
    levels = [tested["stands"] > 0 for tested in (up, down) if tested is not None]
    held = sum(shift["stands"] for shift in shifts) >= _ENOUGH
    return STABLE if held and (any(levels) or not levels) else SENSITIVE


def _up(retest: Retest, row: Raised) -> dict[str, Any] | None:
    """The unit above; None where there is none."""
    cells = retest.ready.counts.cells
    parent = int(cells.parent[row.unit])
    if parent < 0:
        return None
    level = int(cells.unit_level[parent])
    units = np.array([parent])
    table = retest.of_units(units, row.category, row.role, level, row.window_first, row.window_bins)
    return _figures(table, retest.ready) if len(table) else None


def _down(retest: Retest, row: Raised) -> dict[str, Any] | None:
    """The units inside, one level down: how many rise, how many by themselves, and the foremost one's figures."""
    cells = retest.ready.counts.cells
    inside = np.flatnonzero((cells.parent == row.unit) & (cells.role == row.role))
    if not len(inside):
        return None
    level = int(cells.unit_level[inside].min())
    inside = inside[cells.unit_level[inside] == level]
    table = retest.of_units(inside, row.category, row.role, level, row.window_first, row.window_bins)
    return _figures(table, retest.ready) if len(table) else None


def _figures(table: pd.DataFrame, ready: Prepared) -> dict[str, Any]:
    first = table.sort_values(["recurrence_days", "excess"], ascending=False, kind="stable").iloc[0]
    return {
        "unit": str(ready.counts.cells.cell_id[int(first["unit"])]),
        "name": str(ready.counts.cells.name[int(first["unit"])]),
        **_rounded(first),
        "units": len(table),
        "rising": int((table["excess"] >= 1).sum()),
        "stands": int(table["stands"].sum()),
    }


def _rounded(test: Any) -> dict[str, Any]:
    return {
        "observed": int(test["observed"]),
        "expected": round(float(test["expected"]), 2),
        "recurrence_days": round(float(test["recurrence_days"]), 1),
    }


def _shifted(retest: Retest, seen: Sightings, row: Raised) -> tuple[list[dict[str, Any]], str]:
    """The four positions of the squares, and '' or why there are none."""
    cells = retest.ready.counts.cells
    if row.unit == 0:
        return [], "city"
    members = seen.members(row)
    placed = members & np.isfinite(seen.xy[:, 0])
    if placed.sum() * 2 < members.sum() or not placed.any():
        return [], "no points"
    side = float(np.sqrt(cells.areas[row.unit])) * 1000
    around = _around(retest, seen, row, (_REACH + 2) * side)
    return [_at_shift(retest, seen, row, around, placed, side, shift) for shift in _SHIFTS], ""


def _around(retest: Retest, seen: Sightings, row: Raised, reach: float) -> np.ndarray:
    """Rows of incidents of the class within *reach* of the unit's centre, in the bins looked back to; bursts once."""
    ready, recent = retest.ready, retest.recent
    centre = ready.counts.cells.centres[row.unit]
    near = (np.abs(seen.xy - centre) <= reach).all(axis=1)
    known = near & (seen.bins < recent.end_bin)
    level = int(ready.counts.cells.unit_level[row.unit])
    rows = np.flatnonzero(known & seen.in_class(row.category, level) & (seen.bins >= recent.first_bin))
    spots = np.flatnonzero(near)
    codes = pd.factorize(ready.incidents["category"].to_numpy()[spots])[0]
    named = np.zeros(len(near), dtype=bool)
    named[spots] = at_named_places(seen.xy[spots, 0], seen.xy[spots, 1], codes)
    exact = rows[~named[rows]]
    seconds = seen.local[exact].astype(np.int64).astype(float)
    own = pd.factorize(ready.incidents["category"].to_numpy()[exact])[0]
    plan = ready.plan
    first = first_of_bursts(seen.xy[exact, 0], seen.xy[exact, 1], seconds, own, plan.burst_metres, plan.burst_minutes)
    return np.sort(np.concatenate([rows[named[rows]], exact[first]]))


def _at_shift(
    retest: Retest,
    seen: Sightings,
    row: Raised,
    around: np.ndarray,
    members: np.ndarray,
    side: float,
    shift: tuple[float, float],
) -> dict[str, Any]:
    """The square that holds most of the warning's incidents, tested beside the squares around it."""
    cells, recent = retest.ready.counts.cells, retest.recent
    at = np.floor((seen.xy - cells.centres[row.unit]) / side + 0.5 + np.array(shift))
    squares, counts = np.unique(at[members], axis=0, return_counts=True)
    home = squares[int(np.argmax(counts))]
    near = around[(np.abs(at[around] - home) <= _REACH).all(axis=1)]
    keys, square = np.unique(np.vstack([home[None], at[near]]), axis=0, return_inverse=True)
    square = np.asarray(square).ravel()
    dense = np.zeros((len(recent.bins), len(keys)))
    np.add.at(dense, (seen.bins[near] - recent.first_bin, square[1:]), 1.0)
    centres = cells.centres[row.unit] + (keys - np.array(shift)) * side
    level = int(cells.unit_level[row.unit])
    window = (row.window_first, row.window_bins)
    table = retest.of_squares(dense, centres, side, row.category, row.role, level, *window)
    test = table.iloc[int(square[0])]
    return {
        "east": shift[0],
        "north": shift[1],
        "share": round(float(counts.max() / counts.sum()), 2),
        **_rounded(test),
        "stands": bool(test["stands"]),
    }


_WHY = {
    "city": ("全市没有内部边界可移动", "the city has no inner border to move"),
    "no points": (
        "半数以上工单没有坐标,无法重画边界",
        "more than half have no coordinates: nothing to draw on",
    ),
}


def _sentence(
    row: Raised,
    shifts: list[dict[str, Any]],
    why: str,
    up: dict[str, Any] | None,
    down: dict[str, Any] | None,
) -> tuple[str, str]:
    zh, en = [], []
    if shifts:
        held = sum(shift["stands"] for shift in shifts)
        zh.append(f"移动4次{'均' if held == len(shifts) else f'{held}次'}成立")
        en.append(f"stands in {held} of 4 positions")
    else:
        zh.append(_WHY[why][0])
        en.append(_WHY[why][1])
    if up is not None:
        zh.append(f"上级{'' if up['stands'] else '不'}可见")
        en.append(f"{'seen' if up['stands'] else 'not seen'} one level up")
    if down is not None:
        zh.append(f"下级{down['stands']}/{down['units']}可见")
        en.append(f"{down['stands']} of {down['units']} one level down")
    return ";".join(zh), "; ".join(en)
