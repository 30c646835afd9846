"""Two years of incidents on the ground: the ordinary ones, then the story on top of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from . import story
from .draws import Draws
from .ground import METRES, Ground
from .rates import N_DAYS, cell_weights, daily_counts, date_of, day_of, minutes
from .story import HotSpot, Surge
from .words import LEAVES, source_shares

DECIMALS = 5
DAY = 24 * 60
LEVELS = {"city": 0, "street": 2, "cell": 4}


@dataclass
class Planted:
    """The incidents (one row each) and what was planted, for truth.json."""

    rows: pd.DataFrame  # leaf, cell, when (minutes), source, lon, lat, tag, default
    truth: dict = field(default_factory=dict)


def matters_of(category: str) -> np.ndarray:
    """Row numbers of the matters under a node of the class tree ("" is all)."""
    node = category.split("/") if category else []
    return np.array([i for i, leaf in enumerate(LEAVES) if list(leaf[: len(node)]) == node], dtype=np.int64)


def find_cell(ground: Ground, place: str) -> str:
    """The code of "street community-cell"."""
    street, _, rest = place.partition(" ")
    code = find_street(ground, street)
    return code + f"{int(rest.split('-')[0]):03d}{int(rest.split('-')[1]):03d}" if rest else code


def find_street(ground: Ground, street: str) -> str:
    """The 9-digit code of a street by its name ("" is the whole city)."""
    return ground.codes[[p[1] for p in ground.parents].index(street)][:9] if street else "CITY"


def positions(ground: Ground, cells: np.ndarray, draws: Draws) -> np.ndarray:
    """(n, 2) lon/lat inside the given cells, rounded before it is tested."""
    shapes = np.array(ground.shapes, dtype=object)
    bounds = shapely.bounds(shapes)
    shapely.prepare(shapes)
    out, open_ = np.zeros((len(cells), 2)), np.arange(len(cells))
    while len(open_):
        low, high = bounds[cells[open_], :2], bounds[cells[open_], 2:]
        out[open_] = np.round(low + (high - low) * draws.uniform(len(open_), 2), DECIMALS)
        open_ = open_[~shapely.contains_xy(shapes[cells[open_]], *out[open_].T)]
    return out


def _with_hot_spots(ground: Ground, weights: np.ndarray) -> tuple[np.ndarray, list[dict]]:
    weights, told = weights.copy(), []
    for spot in story.HOT_SPOTS:
        cells = ground.nearest(find_cell(ground, spot.place), spot.n_cells)
        for leaf in np.concatenate([matters_of(c) for c in spot.classes]):
            weights[leaf] *= 1 - spot.share
            weights[leaf, cells] += spot.share / len(cells)
        told.append(_hot_spot_truth(ground, spot, cells))
    weights[:, ground.codes.index(find_cell(ground, story.SILENT_CELL[0]))] *= story.SILENT_CELL_LIFT
    return weights, told


def _hot_spot_truth(ground: Ground, spot: HotSpot, cells: np.ndarray) -> dict:
    return {
        "name": spot.name,
        "cells": sorted(ground.codes[i] for i in cells),
        "unit_level": 4,
        "categories": list(spot.classes),
        "share_of_class": spot.share,
    }


def _table(
    leaf: np.ndarray, cell: np.ndarray, when: np.ndarray, source: np.ndarray, xy: np.ndarray, tag: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {"leaf": leaf, "cell": cell, "when": when, "source": source, "lon": xy[:, 0], "lat": xy[:, 1], "tag": tag}
    )


def _sources(leaf: np.ndarray, draws: Draws) -> np.ndarray:
    shares = np.cumsum(np.array([source_shares(x) for x in LEAVES]), axis=1)[leaf]
    return (draws.uniform(len(leaf))[:, None] >= shares[:, :2]).sum(axis=1)


def _ordinary(ground: Ground, weights: np.ndarray, draws: Draws) -> pd.DataFrame:
    """The two years before anything is planted, hot spots and the silent cell included."""
    counts = daily_counts(draws)
    leaf = np.repeat(np.arange(len(LEAVES)), counts.sum(axis=1))
    day = np.concatenate([np.repeat(np.arange(N_DAYS), row) for row in counts])
    cell = np.empty(len(leaf), dtype=np.int64)
    for i in range(len(LEAVES)):
        mine = np.flatnonzero(leaf == i)
        cell[mine] = draws.pick(weights[i], len(mine))
    when = day * DAY + minutes(leaf, draws)
    rows = _table(leaf, cell, when, _sources(leaf, draws), positions(ground, cell, draws), "")
    silent, since = ground.codes.index(find_cell(ground, story.SILENT_CELL[0])), day_of(story.SILENT_CELL[1])
    return rows[~((rows["cell"] == silent) & (rows["when"] >= since * DAY))].reset_index(drop=True)


def _seen_twice(ground: Ground, rows: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """The same event reported to 12345 and, minutes later and up to 40 m away, to 110."""
    first = rows[(rows["source"] == 0) & (rows["when"] % DAY < DAY - 20)]
    twins = first.iloc[draws.some(story.N_CROSS_SOURCE, len(first))].copy()
    shapes = np.array(ground.shapes, dtype=object)[twins["cell"]]
    turn, far = draws.uniform(len(twins), high=2 * np.pi), draws.uniform(len(twins), low=4, high=38)
    lon = np.round(twins["lon"] + far * np.cos(turn) / METRES[0], DECIMALS)
    lat = np.round(twins["lat"] + far * np.sin(turn) / METRES[1], DECIMALS)
    same = shapely.contains_xy(shapes, lon, lat)  # a twin stays in the cell of the first report
    twins["lon"], twins["lat"] = np.where(same, lon, twins["lon"]), np.where(same, lat, twins["lat"])
    twins["when"] += 2 + draws.whole(len(twins), 11)
    twins["source"] = 1
    twins["twin_of"] = twins.index
    twins["tag"] = "cross-source"
    return twins


def own_counts(rows: pd.DataFrame, cells: np.ndarray, category: str, first_day: int) -> np.ndarray:
    """(BASELINE_DAYS,) daily counts of a class in some cells over the days before *first_day*."""
    mine = rows["cell"].isin(cells) & rows["leaf"].isin(matters_of(category))
    day = rows.loc[mine, "when"] // DAY - (first_day - story.BASELINE_DAYS)
    return np.bincount(day[(day >= 0) & (day < story.BASELINE_DAYS)].astype(int), minlength=story.BASELINE_DAYS)


def _days(surge: Surge) -> list[int]:
    """Day numbers of a surge; "saturday" and "15th" recur over the two years."""
    if surge.dates == ("saturday",):
        return list(range(5, N_DAYS, 7))
    if surge.dates == ("15th",):
        return [d for d in range(N_DAYS) if date_of(d).endswith("-15")]
    return [day_of(date) for date in surge.dates]


def _cells_of(ground: Ground, surge: Surge) -> tuple[str, np.ndarray]:
    """The unit a surge is about, and the cells its incidents fall in."""
    place = find_cell(ground, surge.place) if surge.place else "CITY"
    if surge.scope == "street" and surge.n_cells:
        unit = place[:9]
        return unit, np.intersect1d(ground.nearest(place, 3 * surge.n_cells), ground.within(unit))[: surge.n_cells]
    return place, ground.within(place)


def _split(n: int, shares: tuple[float, float, float]) -> np.ndarray:
    """(n,) sources in the stated shares (largest remainders), not left to chance."""
    exact = n * np.array(shares)
    count = np.floor(exact).astype(int)
    for k in np.argsort(-(exact - count), kind="stable")[: n - count.sum()]:
        count[k] += 1
    return np.repeat(np.arange(3), count)


def _extra(
    ground: Ground, surge: Surge, day: int, n: int, cells: np.ndarray, weights: np.ndarray, draws: Draws
) -> pd.DataFrame:
    """*n* further incidents of a surge on one day."""
    leaves = matters_of(surge.category)
    if surge.matters:
        leaves = np.array([i for i in leaves if LEAVES[i][2] in surge.matters])
    leaf = leaves[draws.pick(1.0 / (1 + np.arange(len(leaves))), n)]
    near = np.ones(len(cells)) if surge.n_cells else weights[leaves][:, cells].sum(axis=0)
    cell = cells[draws.pick(near, n)]
    first, last = surge.hours
    when = day * DAY + first * 60 + draws.whole(n, (last - first + 1) * 60 if last > first else 55)
    xy = positions(ground, cell, draws)
    if surge.kind.startswith("one caller"):
        cell, xy = np.repeat(cell[:1], n), np.repeat(xy[:1], n, axis=0)
    return _table(leaf, cell, when, _split(n, surge.sources), xy, surge.id)


def _plant(
    ground: Ground, rows: pd.DataFrame, surge: Surge, weights: np.ndarray, draws: Draws
) -> tuple[pd.DataFrame, dict]:
    """The rows of one surge, and what truth.json says of it (counts as seen in the files are added there)."""
    unit, cells = _cells_of(ground, surge)
    days = _days(surge)
    before = days[0] if len(days) < 20 else day_of("2025-01-01")
    own = own_counts(rows, ground.within(unit), surge.category, before)
    sd = float(own.std(ddof=1))
    numbers = surge.planted or (int(np.ceil(surge.strength * max(sd, story.SD_FLOOR))),)
    per_day = numbers * len(days) if len(numbers) == 1 else numbers
    extra = pd.concat([_extra(ground, surge, d, n, cells, weights, draws) for d, n in zip(days, per_day, strict=True)])
    told = {
        "id": surge.id,
        "kind": surge.kind,
        "note": surge.note,
        "scope": surge.scope,
        "unit_level": LEVELS[surge.scope],
        "unit": unit,
        "unit_name": unit_name(ground, unit),
        "cells": sorted({ground.codes[i] for i in extra["cell"]}) if surge.scope != "city" else [],
        "category": surge.category,
        "matters": sorted({LEAVES[i][2] for i in extra["leaf"]}),
        "dates": [date_of(d) for d in days],
        "as_of": date_of(days[-1] + 1) if days[-1] + 1 < N_DAYS else "2026-01-01",
        "strength": surge.strength or round(float(max(per_day)) / max(sd, story.SD_FLOOR), 1),
        "sd": round(sd, 3),
        "sd_used": round(max(sd, story.SD_FLOOR), 3),
        "expected_per_day": round(float(own.mean()), 3),
        "planted": [int(n) for n in per_day],
    }
    return extra, told


def unit_name(ground: Ground, unit: str) -> str:
    """街道·社区·格 of a code, or the street alone, or 全市."""
    if unit == "CITY":
        return "全市"
    i = int(ground.within(unit)[0])
    community, street, _ = ground.parents[i]
    return f"{street}·{community}·{ground.names[i]}" if len(unit) == 15 else street


def plant(ground: Ground, draws: Draws) -> Planted:
    """Everything that happened in the two years, in the order of occurrence."""
    weights, hot = _with_hot_spots(ground, cell_weights(ground, draws))
    rows = _ordinary(ground, weights, draws)
    parts = [rows, _seen_twice(ground, rows, draws)]
    truth: dict = {"hot_spots": hot, "surges": [], "decoys": []}
    for surge in (*story.SURGES, *story.DECOYS):
        extra, told = _plant(ground, pd.concat(parts[:2]), surge, weights, draws)
        parts.append(extra)
        truth["surges" if surge.real else "decoys"].append(told)
    return Planted(pd.concat(parts, ignore_index=True).assign(default=False), truth)
