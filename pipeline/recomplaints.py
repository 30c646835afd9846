"""Complaints that return after closing, unit by unit, against what the place would have seen anyway (假性整改)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, ancestors_of
from ..errors import Notice
from ..layers.incidents.rules import notice
from ..models.recomplaints import (
    NEVER,
    Places,
    excess_of,
    expected_share,
    kaplan_meier,
    near_places,
    next_complaint,
    same_codes,
)
from ..models.significance import benjamini_hochberg
from .comparison import unit_names
from .points import metres_of, only_described
from .preparation import Prepared
from .refusals import refusal

WITHHELD = 8
"""Closings below which a unit's figures are withheld."""

_TOLD_AT = (7, 30, 90, 180, 365)


@dataclass(frozen=True)
class Closings:
    """Incidents of the classes looked at, and which of them are closings: the last of what was open at their place.

    rows : the incidents; closed : (n,) integer seconds, NEVER where not closed; who : numbers of the closings;
    spans : days until the next incident at the place, or until the end; happened : whether there was one; chance : that
    there would be one within the horizon, whenever closed; returned : whether it came within it.
    """

    rows: pd.DataFrame
    who: np.ndarray
    spans: np.ndarray
    happened: np.ndarray
    returned: np.ndarray
    chance: np.ndarray


def find_closings(
    ready: Prepared, node: str, metres: float, use_codes: bool, horizon: float, replicates: int, random_state: int
) -> tuple[Closings, list[Notice]]:
    """Closings of handled incidents and what came after at their place: same class within *metres*, or the same code.

    Reports (报备) are no closings, but a report of the class at the place is a return. Of several tickets open at one
    place at once only the last closing counts. Incidents on default points have no place. Classes that are only
    described are left out: their places are nobody's business below the street.
    """
    describes_only = ready.privacy.policy.describes_only
    if node and describes_only(node):
        raise only_described()
    rows = ready.incidents
    category = rows["category"].astype(str)
    keep = np.ones(len(rows), dtype=bool)
    if node and node != ALL_CLASSES:
        keep = ((category == node) | category.str.startswith(node + "/")).to_numpy()
    hidden = category.map({name: describes_only(name) for name in category.unique()}).to_numpy(bool)
    left_out = int((keep & hidden).sum())
    told = [notice("N-CLASS-101", n=left_out)] if left_out else []
    rows = rows[keep & ~hidden].reset_index(drop=True)
    opened, closed, end = _seconds(rows["time"]), _seconds(rows["closed_time"]), _end(ready)
    groups = _classes(rows["category"].astype(str), ready.plan.class_depth)
    places = _places(rows, ready, opened, groups, metres, use_codes)
    who = np.flatnonzero((rows["kind"] == "handled").to_numpy() & (closed >= opened) & (closed < end))
    placed = np.any([kind.place[who] >= 0 for kind in places], axis=0)
    who = who[placed]
    if not len(who):
        raise refusal("E-RUN-201", where="--closed-time")
    who = who[~np.any([kind.still_open(who, closed) for kind in places], axis=0)]
    after = next_complaint(places, who, closed[who])
    seen = after < end
    spans = (np.where(seen, after, end) - closed[who]) / 86400
    follow = np.minimum(int(horizon * 86400), end - closed[who])
    chance = expected_share(places, who, closed[who], groups[who], follow, end, replicates, random_state)
    return Closings(rows, who, spans, seen, seen & (after - closed[who] <= follow), chance), told


def recomplaint_table(ready: Prepared, found: Closings, unit_level: int, by: str, horizon: float) -> pd.DataFrame:
    """One row per unit, those with most returns beyond chance first.

    by : `place` (units of *unit_level*) or `handler`. Columns: rank, cell_id, cell_name (or handler), closings,
    returned (within *horizon* days), expected, excess (share of closings beyond chance) with excess_low and
    excess_high, p_value, q_value, verdict (`more than chance` or empty), share_by_horizon with share_low and
    share_high (Kaplan-Meier, log-log), within_7 ... within_365, status (`withheld` under eight closings).
    """
    names, unit = _units(ready, found, unit_level, by)
    sums = excess_of(found.returned, found.chance, unit, len(names))
    shown = sums["closings"] >= WITHHELD
    q = np.full(len(names), np.nan)
    if shown.any():
        q[shown] = benjamini_hochberg(sums["p_value"][shown])
    curves = pd.DataFrame([_curve(found, unit == i, horizon) for i in range(len(names))])
    table = pd.concat(
        [
            names,
            pd.DataFrame(
                {
                    "closings": sums["closings"].astype(int),
                    "returned": sums["repeats"],
                    "expected": sums["expected"],
                    "excess": sums["excess"],
                    "excess_low": sums["low"],
                    "excess_high": sums["high"],
                    "p_value": sums["p_value"],
                    "q_value": q,
                }
            ),
            curves,
        ],
        axis=1,
    )
    figures = [name for name in table.columns if name not in (*names.columns, "closings")]
    table[figures] = table[figures].astype(float)
    table.loc[~shown, figures] = np.nan
    table["verdict"] = np.where(shown & (q <= 0.05) & (sums["excess"] > 0), "more than chance", "")
    table["status"] = np.where(shown, "ok", "withheld")
    table = table[table["closings"] > 0]
    table.loc[table["status"] == "withheld", "closings"] = 0
    table = table.sort_values(["excess_low", "excess"], ascending=False, na_position="last", kind="stable")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)


def _units(ready: Prepared, found: Closings, unit_level: int, by: str) -> tuple[pd.DataFrame, np.ndarray]:
    own = found.rows.iloc[found.who]
    if by == "handler":
        codes, names = pd.factorize(own["handler"].astype(str), sort=True)
        return pd.DataFrame({"handler": names}), np.where(own["handler"].astype(str) == "", -1, codes)
    table = pd.DataFrame(unit_names(ready, unit_level, "territorial"))
    finest = own["cell"].to_numpy()
    lineage = ready.counts.cells.lineage
    unit = np.where(finest >= 0, lineage[np.maximum(finest, 0), unit_level], -1)
    place = np.full(len(ready.counts.cells) + 1, -1, dtype=np.int64)
    place[table["unit"].to_numpy()] = np.arange(len(table))
    return table[["cell_id", "cell_name"]], place[unit]


def _curve(found: Closings, own: np.ndarray, horizon: float) -> dict[str, float]:
    if not own.any():
        return {}
    curve = kaplan_meier(found.spans[own], found.happened[own])
    share, low, high = curve.at(horizon)
    told = {f"within_{days}": 1 - curve.at(days)[0] for days in _TOLD_AT}
    return {"share_by_horizon": 1 - share, "share_low": 1 - high, "share_high": 1 - low, **told}


def _places(
    rows: pd.DataFrame, ready: Prepared, opened: np.ndarray, groups: np.ndarray, metres: float, use_codes: bool
) -> list[Places]:
    xy = metres_of(rows)
    nowhere = rows["by_code"].to_numpy(bool) | rows["default_point"].to_numpy(bool)
    places = [near_places(np.where(nowhere[:, None], np.nan, xy), opened, groups, metres)]
    if use_codes and "cell_code" in rows:
        codes = rows["cell_code"].fillna("").astype(str).to_numpy(dtype=object)
        places.append(same_codes(np.where(_is_address(codes), codes, ""), opened, groups))
    return places


def _is_address(codes: np.ndarray) -> np.ndarray:
    """Codes of 20 digits and more name a building or a room; shorter ones name a cell, which is no one place."""
    return np.array([len(code) >= 20 for code in codes], dtype=bool)


def _classes(category: pd.Series, depth: int) -> np.ndarray:
    return pd.factorize(category.map({name: ancestors_of(name)[: depth + 1][-1] for name in category.unique()}))[0]


def _seconds(times: pd.Series) -> np.ndarray:
    moments = np.asarray(pd.DatetimeIndex(times).tz_convert("UTC").tz_localize(None), dtype="datetime64[s]")
    return np.where(np.isnat(moments), NEVER, moments.astype(np.int64))


def _end(ready: Prepared) -> int:
    moment = ready.as_of.tz_localize(ready.plan.timezone, ambiguous=True, nonexistent="shift_forward")
    return int(moment.tz_convert("UTC").timestamp())


def figures_of(found: Closings) -> dict[str, Any]:
    """What a notice tells of all closings together."""
    return {
        "closings": len(found.who),
        "repeats": int(found.returned.sum()),
        "expected": float(found.chance.sum()),
    }
