"""Steps 7 and 8 for the map: hot spots of the window, the density surface, and the risk that colours it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import clone

from ..cube import ALL_CLASSES, Counts, SpaceTimeCube
from ..layers.grids import CellLayer
from ..models.base import window_cube
from ..models.fusion import fuse
from ..models.hotspot import classify_hotspots
from ..models.significance import benjamini_hochberg
from .patterns import find_patterns
from .plan import Plan
from .preparation import Prepared
from .surveillance import BIN_DAYS, Survey, visible_at

_LEAST_UNITS = 8  # a hot spot among fewer units says nothing
_DRAWN = 4  # classes mapped beside all together: every one repeats every polygon
_ROWS = 100_000  # rows beyond which only all classes together are mapped


def window_of(counts: Counts, plan: Plan) -> int:
    """Bins of the window that hot spots and density cover; never more than there are."""
    return max(1, min(round(plan.window / BIN_DAYS[plan.bin]), len(counts.bins)))


def drawn_classes(counts: Counts, plan: Plan) -> list[str]:
    """Classes that are mapped: all together, and the busiest of the top of the class tree in the window."""
    if len(counts.cells) * (_DRAWN + 1) > _ROWS or plan.class_depth == 0:
        return [ALL_CLASSES]
    recent = counts.since(counts.end_bin - window_of(counts, plan)).table
    top = recent["category"].astype(str).str.split("/").str[0]
    busiest = recent["count"].groupby(top).sum().sort_values(ascending=False, kind="stable").index[:_DRAWN]
    return [ALL_CLASSES, *sorted(str(node) for node in busiest)]


def find_hotspots(
    ready: Prepared, lowest_level: Callable[[str], int]
) -> tuple[pd.DataFrame, dict[tuple[str, int, str], tuple[np.ndarray, np.ndarray]]]:
    """Hot spots of the window on every level of territorial units, and (Gi* evidence, density evidence) for the map.

    The family of the false-discovery control is all units of one level and all classes drawn.
    """
    plan, counts = ready.plan, ready.counts
    n_bins = window_of(counts, plan)
    recent = counts.since(counts.end_bin - n_bins)
    tables, evidence = [], {}
    for level in counts.cells.levels():
        of_level = []
        for node in drawn_classes(counts, plan):
            if level == 0 or level > lowest_level(node):
                continue
            cube = window_cube(visible_at(recent, level, lowest_level).cube(node, level))
            hot = clone(plan.getis_ord).fit(cube)
            dense = clone(plan.kernel_density).fit(cube)
            evidence["territorial", level, node] = (hot.evidence(cube)[0], dense.evidence(cube)[0])
            of_level.append(_hotspot_rows(hot, cube, level, node))
        if of_level:
            tables.append(_called(pd.concat(of_level, ignore_index=True)))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["cell_id"])
    start, end = pd.Timestamp(recent.bins[0]), ready.as_of
    table.insert(2, "window_start", start)
    table.insert(3, "window_end", end)
    return _with_patterns(table, find_patterns(ready, lowest_level)), evidence


def _with_patterns(table: pd.DataFrame, patterns: pd.DataFrame) -> pd.DataFrame:
    """The column `pattern` for all classes together; empty for single classes and where none was looked for."""
    known = patterns.set_index("cell_id")["pattern"]
    found = table["cell_id"].map(known).where(table.get("category", "") == ALL_CLASSES, "") if len(table) else []
    return table.assign(pattern=pd.Series(found, index=table.index, dtype=object).fillna(""))


def _hotspot_rows(hot, cube: SpaceTimeCube, level: int, node: str) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    p_value, side = hot.two_sided(cube)
    status = hot.status(cube)
    if cube.n_cells < _LEAST_UNITS:
        p_value, status = np.ones_like(p_value), np.full(cube.n_cells, "too few cells", dtype=object)
    return pd.DataFrame(
        {
            "cell_id": cube.cells,
            "category": node,
            "incidents": cube.counts[0].astype(np.int64),
            "gi_star": hot.score_samples(cube)[0],
            "p_value": p_value[0],
            "side": side[0],
            "status": status,
            "unit_level": level,
        }
    )


def _called(table: pd.DataFrame) -> pd.DataFrame:
    q_value = benjamini_hochberg(table["p_value"].to_numpy())
    labels = classify_hotspots(
        table["gi_star"].to_numpy(), table["p_value"].to_numpy(), q_value, table["side"].to_numpy()
    )
    table = table.assign(q_value=q_value, hotspot_class=labels)
    return table[
        ["cell_id", "category", "incidents", "gi_star", "p_value", "q_value", "hotspot_class", "status", "unit_level"]
    ]


def map_risk(
    ready: Prepared,
    found: Survey,
    evidence: dict[tuple[str, int, str], tuple[np.ndarray, np.ndarray]],
    warnings: pd.DataFrame,
    lowest_level: Callable[[str], int],
) -> tuple[pd.DataFrame, dict[tuple[str, int, str], dict[str, np.ndarray]]]:
    """The table `risk`, and each model's share of it by (role, unit_level, class).

    Incidents are those that were tested: classes that are only described stand in no unit below the street.
    """
    counts, plan = ready.counts, ready.plan
    recent = counts.since(counts.end_bin - window_of(counts, plan))
    drawn = drawn_classes(counts, plan)
    keys = [key for key in found.evidence if key[0] == "territorial" and key[2] in drawn]
    frames, shares = [], {}
    for role, level, node in keys:
        gi, dense = evidence.get((role, level, node), (None, None))
        parts = {"nb_predictive": found.evidence[role, level, node], "kernel_density": dense, "getis_ord": gi}
        risk, share = fuse({name: values for name, values in parts.items() if values is not None})
        shares[role, level, node] = share
        cube = window_cube(visible_at(recent, level, lowest_level).cube(node, level, role))
        frames.append(_risk_rows(cube, level, node, risk, found.expected[role, level, node], recent))
    table = pd.concat(frames, ignore_index=True)
    return _with_words(table, ready, recent, warnings), shares


def _risk_rows(
    cube: SpaceTimeCube, level: int, node: str, risk: np.ndarray, expected: np.ndarray, recent: Counts
) -> pd.DataFrame:
    reports, distinct = recent.table["count"].sum(), recent.table["distinct"].sum()
    repeats = reports / distinct if distinct else 1.0  # expectations are of distinct reports, the map shows all
    return pd.DataFrame(
        {
            "cell_id": cube.cells,
            "unit_level": level,
            "category": node,
            "incidents": cube.counts[0].astype(np.int64),
            "expected": expected * len(recent.bins) * repeats,
            "risk": risk,
        }
    )


def _with_words(table: pd.DataFrame, ready: Prepared, recent: Counts, warnings: pd.DataFrame) -> pd.DataFrame:
    cells: CellLayer = ready.cells
    names = dict(zip(cells.table["cell_id"], cells.table["name"], strict=True))
    live = warnings[warnings["phase"].isin(["open", "escalated", "quiet"])] if len(warnings) else warnings
    level_at = {}
    for row in live.iloc[::-1].itertuples():
        level_at[row.cell_id, row.category] = row.level
        level_at.setdefault((row.cell_id, ALL_CLASSES), row.level)
    keys = zip(table["cell_id"], table["category"], strict=True)
    missing = not ready.valid[-len(recent.bins) :].any()
    return table.assign(
        name=table["cell_id"].map(names),
        window_start=pd.Timestamp(recent.bins[0]),
        window_end=ready.as_of,
        warning_level=[level_at.get(key, "") for key in keys],
        status="no data" if missing else "",
    )[
        [
            "cell_id",
            "name",
            "unit_level",
            "category",
            "window_start",
            "window_end",
            "incidents",
            "expected",
            "risk",
            "warning_level",
            "status",
        ]
    ]
