"""A run's outcome for everyone: no rows of incidents, no points, no small counts, nothing finer than the street."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from ..cube import ALL_CLASSES
from ..layers import style
from ..layers.incidents.rules import notice
from ..layers.privacy import allowed_columns
from ..layers.privacy.suppression import STEP, K, PublicCounts, suppress
from .outcome import Outcome
from .wording import short_class

REST = "其他"
"""The column of all classes that are not shown by name: with it a street's counts add up."""

_FACTS = (
    "title city run_id as_of window_days window_start bin timezone plan_version version expected_false tests units "
    "classes budget completeness level_names street_level outage_bins"
).split()
"""What of the run as a whole everyone may know."""


def publish(outcome: Outcome, also: set[tuple[str, str]] | None = None) -> tuple[Outcome, set[tuple[str, str]]]:
    """The outcome everyone may see, and what it withholds: (cell_id, class) of streets.

    *also* is withheld besides: what was in periods that overlap this one (`PublicRecord`), so that no difference of
    two publications gives a small count back. All counts are multiples of five; every total adds up shown counts only.
    """
    cells = _streets_and_above(outcome)
    risk, withheld = _public_risk(outcome, cells, also or set())
    warnings, left_out = _public_warnings(outcome, cells)
    told = notice("N-PUBLIC-001", k=K, step=STEP, n=left_out)
    facts = {name: outcome.facts[name] for name in _FACTS if name in outcome.facts}
    facts |= {
        "street_level": _public_level(outcome),
        "classification": "公开版",
        "public": {"k": K, "step": STEP, "withheld": len(withheld), "left_out": left_out},
        "yesterday": _rounded_day(outcome.facts.get("yesterday") or {}),
        "account": {},
        "notices": [{"code": told.code, "zh": told.zh, "en": told.en}],
        "cut": 0,
        "charts": _public_charts(outcome.facts.get("charts") or {}),
    }
    public = replace(
        outcome,
        **_emptied(outcome),
        account={},
        cells=replace(outcome.cells, table=cells),
        risk=risk,
        hotspots=_public_hotspots(outcome, cells),
        early_warnings=warnings,
        series=_public_series(outcome.series),
        facts=facts,
    )
    return public, withheld


def _emptied(outcome: Outcome) -> dict[str, Any]:
    """Every part of an outcome that is not named here, empty: a part added later is not public by itself."""
    named = {"plan", "account", "cells", "risk", "hotspots", "early_warnings", "series", "facts"}
    return {part.name: _nothing(part) for part in fields(outcome) if part.name not in named}


def _nothing(part: Field[Any]) -> Any:
    if part.default is not MISSING:
        return part.default
    if part.default_factory is not MISSING:
        return part.default_factory()
    return None if part.name == "surface" else pd.DataFrame()


def _public_level(outcome: Outcome) -> int:
    """The finest level everyone may see: streets, or the whole city where streets are the finest units there are."""
    street = int(outcome.facts["street_level"])
    table = outcome.cells.table
    return street if street < int(table.loc[table["role"] == "territorial", "unit_level"].max()) else 0


def _streets_and_above(outcome: Outcome) -> Any:
    table, street = outcome.cells.table, _public_level(outcome)
    kept = table[(table["role"] == "territorial") & (table["unit_level"] <= street)]
    return kept[allowed_columns("public", "cells", list(kept.columns))].reset_index(drop=True)


def _public_risk(outcome: Outcome, cells: pd.DataFrame, also: set[tuple[str, str]]) -> tuple[pd.DataFrame, set]:
    """The table `risk` with counts everyone may see; NaN and the status `withheld` where a count is withheld."""
    street = _public_level(outcome)
    risk = outcome.risk[outcome.risk["cell_id"].isin(cells["cell_id"])]
    streets = cells.loc[cells["unit_level"] == street, "cell_id"].astype(str).tolist()
    wide = risk[risk["cell_id"].isin(streets)].pivot(index="cell_id", columns="category", values="incidents")
    wide = wide.reindex(streets).fillna(0).astype(np.int64)
    named = [name for name in wide.columns if name != ALL_CLASSES]
    if ALL_CLASSES in wide:
        wide[REST] = (wide[ALL_CLASSES] - wide[named].sum(axis=1)).clip(lower=0)
    columns = [*named, REST] if REST in wide else named
    held = np.array([[(cell, name) in also for name in columns] for cell in streets], dtype=bool)
    found = suppress(wide[columns].to_numpy(), also=held.reshape(len(streets), len(columns)))
    shown = _with_totals(found, streets, columns, cells)
    key = pd.MultiIndex.from_frame(risk[["cell_id", "category"]].astype(str))
    incidents = shown.reindex(key).to_numpy(float)
    classed = [style.risk_class_of(value).low for value in risk["risk"].fillna(0.0)]
    table = risk.assign(
        incidents=incidents,
        expected=np.where(np.isnan(incidents), np.nan, np.round(risk["expected"].to_numpy(float) / STEP) * STEP),
        risk=np.where(risk["risk"].isna(), np.nan, classed),
        status=np.where(np.isnan(incidents) & (risk["status"] != "no data"), "withheld", risk["status"]),
    )
    names = {(streets[i], columns[j]) for i, j in zip(*np.nonzero(found.withheld), strict=True)}
    return table[allowed_columns("public", "risk", list(table.columns))].reset_index(drop=True), names


def _with_totals(found: PublicCounts, streets: list[str], columns: list[str], cells: pd.DataFrame) -> pd.Series:
    """Shown counts by (cell_id, category): of streets, and their sums over classes and over the streets of a unit."""
    values = np.where(found.withheld, np.nan, found.shown[0].astype(float))
    table = pd.DataFrame(values, index=streets, columns=columns)
    table[ALL_CLASSES] = table.sum(axis=1, min_count=1)
    parts, level = [table], table
    parent = dict(zip(cells["cell_id"].astype(str), cells["parent"].astype(str), strict=True))
    while len(level) > 1 or level.index[0] in parent:
        above = [parent.get(str(cell), "") for cell in level.index]
        if not any(above):
            break
        level = level.groupby(pd.Index(above)).sum(min_count=1)
        level = level[level.index != ""]
        parts.append(level)
    whole = pd.concat(parts)
    return whole.drop(columns=REST, errors="ignore").stack()


def _public_hotspots(outcome: Outcome, cells: pd.DataFrame) -> pd.DataFrame:
    """Classes of hot spots of streets; neither counts nor statistics, from which counts could be worked out."""
    table = outcome.hotspots[outcome.hotspots["cell_id"].isin(cells["cell_id"])]
    hidden = [name for name in ("incidents", "gi_star", "p_value", "q_value") if name in table]
    return table.assign(**dict.fromkeys(hidden, np.nan)).reset_index(drop=True)


def _public_warnings(outcome: Outcome, cells: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Warnings of at least *K* incidents, each at its street, in round figures; and how many were left out."""
    table = outcome.early_warnings
    large = table[(table["observed"] >= K) & (table["phase"] != "ended")] if len(table) else table
    rows = [row | _at_street(row, outcome, cells) | _round_words(row, outcome.plan.bin) for row in _records(large)]
    known = {str(cell) for cell in cells["cell_id"]}
    kept = [row for row in rows if str(row["cell_id"]) in known]
    public = pd.DataFrame(kept, columns=list(table.columns))
    public = public.drop_duplicates(["cell_id", "category"]).reset_index(drop=True)
    public["rank"] = np.arange(1, len(public) + 1)
    live = int((table["phase"] != "ended").sum()) if len(table) else 0
    return public[allowed_columns("public", "early_warnings", list(public.columns))], live - len(public)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _at_street(row: dict[str, Any], outcome: Outcome, cells: pd.DataFrame) -> dict[str, Any]:
    """The street a warning lies in, as its place; coarser units stay. Nothing is left that points into the street."""
    street, every = _public_level(outcome), outcome.cells.table.set_index("cell_id")
    at = str(row["cell_id"])
    while at in every.index and int(every.at[at, "unit_level"]) > street:
        at = str(every.at[at, "parent"])
    nothing = {"places": "", "place_ids": "", "caveats": "", "models": "", "x": np.nan, "y": np.nan}
    if at not in set(cells["cell_id"]):
        return nothing | {"cell_id": ""}
    moved = at != str(row["cell_id"])
    own = {"cell_id": at, "unit_level": int(every.at[at, "unit_level"])}
    point = every.geometry.loc[at].representative_point()
    name = str(every.at[at, "name"]) if moved else row["cell_name"]
    return nothing | own | {"cell_name": name, "x": round(point.x, 2), "y": round(point.y, 2)}


def _round_words(row: dict[str, Any], bin: str) -> dict[str, Any]:
    observed = int((row["observed"] + STEP // 2) // STEP * STEP)
    expected = round(float(row["expected"]) / STEP) * STEP
    usual_zh, usual_en = (
        (f"平时约{expected}件", f"about {expected} expected") if expected else ("平时很少", "hardly any")
    )
    return {
        "observed": observed,
        "expected": float(expected),
        "ratio": np.nan,
        "recurrence_days": np.nan,  # with what is usual it would give the count away
        "risk": np.nan if pd.isna(row["risk"]) else style.risk_class_of(float(row["risk"])).low,
        "excess": float(observed - expected),
        "reason": f"{short_class(row['category'])}约{observed}件,{usual_zh}",
        "reason_en": f"about {observed} {short_class(row['category'], 'en')}, {usual_en}",
    }


def _public_series(series: pd.DataFrame) -> pd.DataFrame:
    """The whole city's bins in round figures; a bin of fewer than *K* incidents is blank."""
    city = series[series["warning_id"] == ""]
    few = city["observed"].astype(float) < K
    rounded = {
        name: (city[name].astype(float) / STEP).round() * STEP for name in ("observed", "expected", "lower", "upper")
    }
    rounded["observed"] = rounded["observed"].mask(few)
    return city.assign(**rounded).reset_index(drop=True)


def _rounded_day(day: dict[str, Any]) -> dict[str, Any]:
    if not day or day["count"] < K:
        return {}
    rounded = {name: float(round(float(day[name]) / STEP) * STEP) for name in ("expected", "low", "high")}
    return {**day, **rounded, "count": int(round(day["count"] / STEP) * STEP)}


def _public_charts(charts: dict[str, Any]) -> dict[str, Any]:
    """The days of the year in round figures; what else is drawn shows single streets or small classes."""
    days = charts.get("days")
    if not days:
        return {}
    numbers = [None if n is None or n < K else round(n / STEP) * STEP for n in days["n"]]
    return {"days": {**days, "n": numbers}}
