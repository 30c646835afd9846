"""Datum diagnosis: under which hypothesis do the points fall inside the cells? It suggests and never decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..grids.layer import CellLayer
from ..overlay import locate
from .shifts import bd09_to_wgs84, gcj02_to_wgs84
from .systems import WGS84, transformer

HYPOTHESES = ("wgs84", "gcj02", "bd09", "swapped")
"""What degrees may be: WGS 84 or CGCS2000 (one and the same here), GCJ-02, BD-09, or latitude before longitude."""

MOST_POINTS = 20_000
"""Points looked at: more would tell nothing new."""

_LEAST_GAIN, _LEAST_ROWS, _LEAST_RATIO = 0.001, 20, 4.0
_CHANGES: dict[str, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
    "swapped": lambda lon, lat: (lat, lon),
}


def diagnose_datum(points_lonlat: np.ndarray, cells: CellLayer, units: np.ndarray | None = None) -> pd.DataFrame:
    """Share of the points inside a finest territorial unit under each hypothesis.

    Parameters
    ----------
    points_lonlat : (n, 2) degrees as read; rows that are no finite number are left out. Of more than `MOST_POINTS`
        every k-th is taken, always the same ones.
    cells : the units, in any coordinate system in metres.
    units : (n,) row of `cells.table` that the row's own code names, -1 where there is none.

    Returns
    -------
    Table with one row per hypothesis: `hypothesis`, `share` inside, `n` points looked at, `gained` and `lost` (points
    inside under this hypothesis and not as read, and the other way round), `agreed` of `coded` (points that lie in the
    unit their code names, of those that have one).
    """
    lonlat = np.asarray(points_lonlat, float).reshape(-1, 2)
    rows = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    rows = rows[:: max(1, -(-len(rows) // MOST_POINTS))]
    own = np.full(len(rows), -1) if units is None else np.asarray(units)[rows]
    leaves = cells.leaves()
    shapes = cells.table.geometry.to_numpy()[leaves]
    lineage = cells.as_cells().lineage if (own >= 0).any() else np.zeros((1, 1), np.int64)
    level = cells.table["unit_level"].to_numpy(np.int64)
    inside: dict[str, np.ndarray] = {}
    found = []
    for name in HYPOTHESES:
        lon, lat = _CHANGES[name](lonlat[rows, 0], lonlat[rows, 1])
        held = locate(*_metres(lon, lat, cells), shapes)
        inside[name] = held >= 0
        coded = np.flatnonzero(own >= 0)
        at = np.where(held >= 0, leaves[held], -1)[coded] if len(leaves) else np.full(len(coded), -1)
        agreed = (at >= 0) & (lineage[at, level[own[coded]]] == own[coded])
        gained, lost = inside[name] & ~inside["wgs84"], inside["wgs84"] & ~inside[name]
        share = float(inside[name].mean()) if len(rows) else 0.0
        found.append((name, share, len(rows), int(gained.sum()), int(lost.sum()), int(agreed.sum()), len(coded)))
    return pd.DataFrame(found, columns=["hypothesis", "share", "n", "gained", "lost", "agreed", "coded"])


def _metres(lon: np.ndarray, lat: np.ndarray, cells: CellLayer) -> tuple[np.ndarray, np.ndarray]:
    """Degrees in the cells' system; what is no place on the globe is nowhere."""
    possible = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    x[possible], y[possible] = transformer(WGS84, cells.crs).transform(lon[possible], lat[possible])
    return x, y


def better_hypothesis(table: pd.DataFrame) -> str:
    """The hypothesis that is clearly better than the coordinates as read, or "".

    Clearly: for every point it loses from the cells it wins four, at least 20 and one in a thousand of all, and it
    halves what lies outside; or it halves the points that lie in another unit than their own code names. A city with
    incidents beyond its border loses elsewhere what it wins by being moved.
    """
    read = table.set_index("hypothesis")
    base, best, most = read.loc["wgs84"], "", 0.0
    for name in HYPOTHESES[1:]:
        row = read.loc[name]
        won = _clearly(row["gained"], row["lost"], row["n"]) and 2 * (1 - row["share"]) <= 1 - base["share"]
        astray, as_read = row["coded"] - row["agreed"], base["coded"] - base["agreed"]
        by_code = _clearly(max(0, as_read - astray), 0, row["coded"]) and 2 * astray < as_read
        agrees = not row["coded"] or row["agreed"] >= base["agreed"]
        score = row["share"] + (row["agreed"] / row["coded"] if row["coded"] else 0.0)
        if ((won and agrees) or by_code) and score > most:
            best, most = name, float(score)
    return best


def _clearly(gained: float, lost: float, n: float) -> bool:
    return bool(gained >= max(_LEAST_ROWS, _LEAST_GAIN * n) and gained >= _LEAST_RATIO * lost)
