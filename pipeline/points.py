"""Incidents as points, and the tables of what is found among them. Ids and places only, never a person or a text."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts, SpaceTimeCube
from ..errors import InputError, Notice
from ..layers.aggregate import first_of_bursts
from ..layers.incidents.rules import notice
from ..models.clusters import Clusters, Concentration, NearRepeat
from ..models.escalation import Escalation
from .maps import window_of
from .preparation import Prepared
from .refusals import refusal
from .wording import lowest_described


def placed_incidents(ready: Prepared, node: str, days: float) -> tuple[gpd.GeoDataFrame, list[Notice]]:
    """Incidents of a class with a place of their own in the last *days*, and what was left out.

    Left out are default points (unless kept by the plan), rows placed by a code, further reports of a burst from one
    spot, and classes that are only described at street level. Raises InputError where nothing is left, and for a
    *node* that is only described.
    """
    describes_only = ready.privacy.policy.describes_only
    if node and describes_only(node):
        raise only_described()
    plan, rows = ready.plan, ready.incidents
    start = (ready.as_of - pd.Timedelta(days=days)).tz_localize(
        plan.timezone, ambiguous=True, nonexistent="shift_forward"
    )
    category = rows["category"].astype(str)
    keep = (rows["time"] >= start).to_numpy() & ~rows["by_code"].to_numpy(bool)
    keep &= ~rows["default_point"].to_numpy(bool) | (plan.default_points == "keep")
    if node and node != ALL_CLASSES:
        keep &= ((category == node) | category.str.startswith(node + "/")).to_numpy()
    described = category.map({name: describes_only(name) for name in category.unique()}).to_numpy(bool)
    picked = rows[keep & ~described]
    once = _once(ready, picked)
    if not once.any():
        raise refusal("E-RUN-102", where="--class-node, --window")
    return picked[once], _left_out(int((keep & described).sum()), int((~once).sum()))


def metres_of(rows: gpd.GeoDataFrame) -> np.ndarray:
    """(n, 2) coordinates in the working CRS."""
    return np.column_stack([rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy()])


def moments_of(rows: gpd.GeoDataFrame) -> np.ndarray:
    """(n,) datetime64, all in one time zone."""
    return np.asarray(pd.DatetimeIndex(rows["time"]).tz_convert("UTC").tz_localize(None))


def cluster_table(ready: Prepared, rows: gpd.GeoDataFrame, found: Clusters) -> gpd.GeoDataFrame:
    """One row per incident: its id and place, its cluster (-1 none) with its size, and what the point is in it."""
    codes, cell = ready.cells.table["cell_id"].to_numpy(), rows["cell"].to_numpy()
    inside = found.labels >= 0
    sizes = np.bincount(found.labels + 1, minlength=found.n_clusters + 1)
    return rows[["incident_id", "geometry"]].reset_index(drop=True).assign(
        cell_code=np.where(cell >= 0, codes[np.maximum(cell, 0)], ""),
        cluster=found.labels,
        cluster_size=np.where(inside, sizes[found.labels + 1], 0),
        point=np.where(found.core, "core", np.where(inside, "border", "noise")),
    )  # fmt: skip


def knox_table(found: NearRepeat) -> pd.DataFrame:
    """One row per band of distance and time; a band reaches from above `_over` up to `_up_to`, the first from 0."""
    far, late = found.distances, found.days
    d, t = (grid.ravel() for grid in np.meshgrid(np.arange(len(far)), np.arange(len(late)), indexing="ij"))
    bounds = {
        "metres_over": np.append(0.0, far)[d],
        "metres_up_to": far[d],
        "days_over": np.append(0.0, late)[t],
        "days_up_to": late[t],
    }
    parts = ("observed", "expected", "ratio", "p", "q")
    return pd.DataFrame({**bounds, **{name: getattr(found, name).ravel() for name in parts}})


def window_counts(ready: Prepared, node: str, level: int) -> tuple[SpaceTimeCube, list[Notice]]:
    """The window's counts of a class on one level; below the streets without classes that are only described."""
    counts, left_out = ready.counts, 0
    if level > lowest_described(counts):
        describes_only = ready.privacy.policy.describes_only
        if node and describes_only(node):
            raise only_described()
        hidden = [str(name) for name in counts.table["category"].unique() if describes_only(str(name))]
        left_out = int(counts.table["count"][counts.table["category"].isin(hidden)].sum())
        counts = counts.without(hidden)
    cube = counts.cube(known_class(counts, node), level, valid=ready.valid)
    return cube.window(window_of(counts, ready.plan)), _left_out(left_out, 0)


def lorenz_table(ready: Prepared, cube: SpaceTimeCube, found: Concentration) -> gpd.GeoDataFrame:
    """One row per unit, most incidents first, with the Lorenz curve and the units that hold the share asked for."""
    order = found.order
    cells = ready.cells.table.set_index("cell_id").loc[cube.cells[order]]
    areas, rank = np.cumsum(cube.areas[order]), np.arange(1, len(order) + 1)
    return cells[["name", "unit_level", "role", "geometry"]].reset_index().assign(
        rank=rank,
        incidents=cube.totals()[0][order].astype(int),
        share_of_cells=found.cells[1:],
        share_of_area=areas / areas[-1],
        share_of_incidents=found.incidents[1:],
        within_share=rank <= found.n_cells,
        gini=found.gini,
        generalised_gini=found.generalised_gini,
    )  # fmt: skip


def counts_of_words(ready: Prepared, words: str, level: int, option: str) -> SpaceTimeCube:
    """Counts of every class whose name holds one of *words* (parted by 、 or commas), on one level.

    Raises InputError, naming the *option*, where no class does.
    """
    wanted = [word.strip().lower() for word in words.replace("、", ",").replace(",", ",").split(",") if word.strip()]
    names = [str(name) for name in ready.counts.table["category"].unique()]
    others = [name for name in names if not any(word in name.lower() for word in wanted)]
    if len(others) == len(names):
        raise refusal("E-RUN-103", where=f"{option} {words}")
    return ready.counts.without(others).cube(unit_level=level, valid=ready.valid)


def lead_table(found: Escalation, step_days: int, level: int) -> pd.DataFrame:
    """One row per lag, with the verdict over all of them."""
    return pd.DataFrame(
        {
            "lag_steps": found.lags,
            "lag_days": found.lags * step_days,
            "association": found.association,
            "p_value": found.p,
            "reverse": found.reverse,
            "reverse_p": found.reverse_p,
            "same_step": found.together,
            "p_more": found.p_more,
            "verdict": found.verdict,
            "lead_days": found.lead * step_days,
            "unit_level": level,
        }
    )


def level_of(ready: Prepared, asked: int, default: int) -> int:
    """The unit level *asked* for, -1 the *default*. Raises InputError where there is none."""
    levels = ready.counts.cells.levels()
    level = default if asked < 0 else asked
    if level not in levels:
        raise refusal("E-RUN-104", where="--unit-level", level=level, levels=", ".join(map(str, levels)))
    return int(level)


def known_class(counts: Counts, node: str) -> str:
    """*node*, or the root of the class tree where it is empty. Raises InputError where no incident has the class."""
    node = node or ALL_CLASSES
    if not counts.in_class(node).any():
        nodes = ", ".join(counts.nodes(1)[1:6])
        raise refusal("E-RUN-105", where="--class-node", classes=nodes)
    return node


def _once(ready: Prepared, rows: gpd.GeoDataFrame) -> np.ndarray:
    """(n,) bool: the first report of each burst, by the plan's metres and minutes."""
    x, y = metres_of(rows).T
    seconds = moments_of(rows).astype("datetime64[s]").astype(np.int64)
    codes = pd.factorize(rows["category"])[0]
    return first_of_bursts(x, y, seconds, codes, ready.plan.burst_metres, ready.plan.burst_minutes)


def _left_out(described: int, repeated: int) -> list[Notice]:
    numbers = {"N-CLASS-101": described, "N-BURST-101": repeated}
    return [notice(code, n=n) for code, n in numbers.items() if n]


def only_described() -> InputError:
    """The refusal of a class that the policy lets be described at street level or above only."""
    return refusal("E-RUN-101", where="--class-node")
