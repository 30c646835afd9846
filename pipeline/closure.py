"""Closing: how much of what was handled is closed, beside it what was only reported (报备), and its alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES, Counts
from ..errors import Notice
from ..layers.incidents.rules import notice
from ..models.comparison import block_dispersion
from ..models.learning import clopper_pearson
from ..models.recomplaints import kaplan_meier
from ..models.reporting_shift import reporting_shift
from .comparison import grouped, unit_names
from .periods import PREVIOUS, Pairs, Steps, day_weights, pair_days, steps_of
from .preparation import Prepared
from .wording import lowest_described, short_class, street_level, units_of

CITIZENS = "12345、110、热线、来电、市民、群众、投诉、hotline、citizen"
"""Words, any of which marks a source as citizens' calls."""

SHIFT_DAYS = 56
"""Days whose reports and calls are held against as many before."""

_NOW_AND_BEFORE = ("reports_now", "reports_before", "calls_now", "calls_before")

KIND_WORDS = ("handled", "reported")


def closure_table(
    ready: Prepared, unit_level: int, days: int, warnings: Sequence[Mapping[str, Any]] = (), citizens: str = CITIZENS
) -> pd.DataFrame:
    """Units of one level by class: incidents of the last *days* handled and only reported, warnings, and the alarm.

    Columns: cell_id, cell_name, unit_level, category; `handled_`, `reported_` and `warning_` figures side by side and
    never added up: n, closed, share, low, high (95 %, Clopper-Pearson); handled_median_days (Kaplan-Meier; missing
    where fewer than half are closed yet); warnings_reported (closed by a report alone, in no rate); and of the last 56
    days against the 56 before: reports_now, reports_before, calls_now, calls_before, shift_p, shift_q, alarm. Rows are
    all classes together and each top class. *warnings* are rows of `pipeline.learning.warning_rows`.
    """
    nodes = _nodes(ready, unit_level)
    parts = [
        pd.DataFrame({**unit_names(ready, unit_level, "territorial"), "category": node})
        .merge(_incident_rates(ready, unit_level, days, node), on="unit")
        .merge(_warning_rates(warnings, node), on="cell_id", how="left")
        for node in nodes
    ]
    table = pd.concat(parts, ignore_index=True)
    count_names = [name for name in table if name.startswith("warning") and name.split("_")[-1] in ("n", "closed")]
    table[[*count_names, "warnings_reported"]] = table[[*count_names, "warnings_reported"]].fillna(0).astype(int)
    return table.merge(shift_table(ready, unit_level, citizens), on=["unit", "category"], how="left").drop(
        columns="unit"
    )


def _nodes(ready: Prepared, unit_level: int) -> list[str]:
    top = sorted({str(name).split("/")[0] for name in ready.counts.table["category"].unique()})
    describes_only, lowest = ready.privacy.policy.describes_only, lowest_described(ready.counts)
    return [ALL_CLASSES, *(node for node in top if unit_level <= lowest or not describes_only(node))]


def _incident_rates(ready: Prepared, unit_level: int, days: int, node: str) -> pd.DataFrame:
    rows, units = ready.incidents, ready.counts.cells.rows_at(unit_level)
    opened, closed = (_local(rows[name], ready) for name in ("time", "closed_time"))
    end = np.datetime64(ready.as_of, "s")
    inside = opened >= end - np.timedelta64(days, "D")
    category = rows["category"].astype(str)
    if node != ALL_CLASSES:
        inside &= ((category == node) | category.str.startswith(node + "/")).to_numpy()
    place = units_of(ready, "territorial", unit_level)
    done = ~np.isnat(closed) & (closed < end) & (closed >= opened)
    out: dict[str, Any] = {"unit": units}
    for kind in KIND_WORDS:
        own = inside & (rows["kind"] == kind).to_numpy() & (place >= 0)
        n = np.bincount(place[own], minlength=len(ready.counts.cells))[units]
        k = np.bincount(place[own & done], minlength=len(ready.counts.cells))[units]
        known = bool((~np.isnat(closed[(rows["kind"] == kind).to_numpy()])).any())
        out |= _rates(kind, n, k, known)
        if kind == "handled":
            spans = (np.where(done, closed, end) - opened) / np.timedelta64(1, "D")
            out["handled_median_days"] = [_median(spans[own & (place == u)], done[own & (place == u)]) for u in units]
    return pd.DataFrame(out)


def _rates(kind: str, n: np.ndarray, k: np.ndarray, known: bool = True) -> dict[str, Any]:
    found = clopper_pearson(k, n)
    share = [np.where(known & (n > 0), part, np.nan) for part in (found.share, found.low, found.high)]
    return {f"{kind}_n": n, f"{kind}_closed": k, **dict(zip((f"{kind}_share", f"{kind}_low", f"{kind}_high"), share,
                                                           strict=True))}  # fmt: skip


def _median(spans: np.ndarray, done: np.ndarray) -> float:
    """Days until half are closed; NaN where fewer than half are."""
    if not len(spans) or not done.any():
        return float("nan")
    found = kaplan_meier(spans, done)
    half = np.flatnonzero(found.survival <= 0.5)
    return float(found.times[half[0]]) if len(half) else float("nan")


def _local(times: pd.Series, ready: Prepared) -> np.ndarray:
    """Local wall-clock times, NaT where there is none."""
    local = pd.DatetimeIndex(times).tz_convert(ready.plan.timezone).tz_localize(None)
    return np.asarray(local, dtype="datetime64[s]")


def _warning_rates(warnings: Sequence[Mapping[str, Any]], node: str) -> pd.DataFrame:
    """Of warnings that were assigned: handled and closed. What ended by a report (报备) is counted apart."""
    columns = ["cell_id", "way", "closed"]
    own = [
        {"cell_id": str(w["cell_id"]), "way": w["way"], "closed": w["step"] == "closed"}
        for w in warnings
        if w["assigned"] and (node == ALL_CLASSES or str(w["category"]).split("/")[0] == node)
    ]
    table = pd.DataFrame(own, columns=columns)
    handled = table[table["way"] != "reported"]
    sums = handled.groupby("cell_id")["closed"].agg(["size", "sum"])
    ids = sorted(set(table["cell_id"]))
    n, k = (sums[name].reindex(ids).fillna(0).to_numpy(int) for name in ("size", "sum"))
    told = table[(table["way"] == "reported")].groupby("cell_id").size().reindex(ids).fillna(0).to_numpy(int)
    return pd.DataFrame({"cell_id": np.array(ids, dtype=object), **_rates("warning", n, k), "warnings_reported": told})


def shift_table(ready: Prepared, unit_level: int, citizens: str = CITIZENS) -> pd.DataFrame:
    """Whether 报备 collapses while calls rise: one row per unit of a level and class; see `closure_table`.

    Of each class alike days are compared (see `pipeline.periods`); the false-discovery rate is over all rows.
    """
    steps = steps_of(ready)
    length = SHIFT_DAYS * steps.per_week // 7
    masks = _kinds_of(ready.counts, citizens)
    parts = []
    for node in _nodes(ready, unit_level):
        pairs = pair_days(ready, steps, node, length, PREVIOUS)
        if not pairs.why:
            parts.append(_shift_parts(ready, steps, pairs, node, unit_level, masks))
    names = ["unit", "category", *_NOW_AND_BEFORE, "shift_p", "shift_q"]
    if not parts:
        return pd.DataFrame(columns=[*names, "alarm"])
    table = pd.concat(parts, ignore_index=True)
    pair = lambda name: (table[f"{name}_now"].to_numpy(float), table[f"{name}_before"].to_numpy(float))  # noqa: E731
    spread = (table["reports_spread"].to_numpy(), table["calls_spread"].to_numpy())
    facts = {"exposure": table["exposure"].to_numpy(), "dispersion": spread}
    found = reporting_shift(pair("reports"), pair("calls"), pair("all"), **facts)
    table = table.assign(shift_p=found.p_value, shift_q=found.q_value, alarm=found.alarm)
    return table[[*names, "alarm"]]


def _kinds_of(counts: Counts, citizens: str) -> dict[str, np.ndarray]:
    """Rows of the counts' table: reports (报备), calls of citizens, all."""
    table = counts.table
    words = [word.strip().casefold() for word in citizens.replace(",", "、").split("、") if word.strip()]
    codes, names = pd.factorize(table["source"].astype(str))
    call = np.array([any(word in name.casefold() for word in words) for name in names], dtype=bool)
    reported = (table["kind"] == "reported").to_numpy()
    return {
        "reports": reported,
        "calls": (call[codes] if len(names) else np.zeros(0, dtype=bool)) & ~reported,
        "all": np.ones(len(table), dtype=bool),
    }


def _shift_parts(
    ready: Prepared, steps: Steps, pairs: Pairs, node: str, level: int, masks: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    month = 28 * steps.per_week // 7
    n_blocks = len(steps) // month
    group = np.full(len(steps), -1, dtype=np.int64)
    past = np.flatnonzero(steps.whole & (steps.festival == 0))
    group[past] = 2 + (past - (len(steps) - n_blocks * month)) // month
    group[group < 2] = -1
    group[pairs.before[0] :] = -1  # the past ends where the comparison begins
    group[pairs.before], group[pairs.now] = 1, 0
    city = grouped(ready.counts, node, 0, "territorial", steps.bin_step, len(steps))[:, 0]
    weights = day_weights(steps, city) * steps.share
    exposure = np.bincount(group[group >= 0], weights=weights[group >= 0], minlength=n_blocks + 2)
    worth = np.where(exposure[2:] >= month / 2, exposure[2:], 0.0)
    rows = ready.counts.cells.rows_at(level)
    table = pd.DataFrame({"unit": rows, "category": node, "exposure": exposure[0] / exposure[1]})
    for name, mask in masks.items():
        found = grouped(ready.counts, node, level, "territorial", group[steps.bin_step], n_blocks + 2, mask)
        table[f"{name}_now"], table[f"{name}_before"] = found[0].astype(int), found[1].astype(int)
        table[f"{name}_spread"] = block_dispersion(found[2:], worth).widened()
    return table


def shift_alarms(ready: Prepared) -> tuple[list[dict[str, Any]], list[Notice]]:
    """The places of today's alarm by street and class, for every output of a run, and the notice that tells of it."""
    level = street_level(ready.counts)
    if not (ready.counts.table["kind"] == "reported").any():
        return [], []
    table = shift_table(ready, level)
    table = table[table["alarm"].astype(bool)].sort_values(["shift_q", "unit", "category"])
    if table.empty:
        return [], []
    names = pd.DataFrame(unit_names(ready, level, "territorial")).set_index("unit")
    alarms = [
        {
            "cell_id": str(names.loc[row.unit, "cell_id"]),
            "cell_name": str(names.loc[row.unit, "cell_name"]),
            "category": row.category,
            **{
                name: int(getattr(row, name)) for name in ("reports_now", "reports_before", "calls_now", "calls_before")
            },
        }
        for row in table.itertuples()
    ]
    first = alarms[0]
    told = notice(
        "N-SHIFT-001",
        n=len(alarms),
        place=first["cell_name"],
        category=short_class(first["category"]),
        category_en=short_class(first["category"], "en"),
        before=first["reports_before"],
        now=first["reports_now"],
        calls_before=first["calls_before"],
        calls_now=first["calls_now"],
    )
    return alarms, [told]
