"""The briefing of one day of a drill: the run's own page, with 演练 before every word that could be taken for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ...cube import bin_start
from ...layers.briefing import write_briefing
from ...layers.drills import DRILL_EN, DRILL_ZH
from ...layers.incidents.rules import notice
from ...layers.style import LEVELS
from ..journey import study
from ..outcome import Outcome
from ..preparation import Prepared
from ..replay.known import cut
from ..wording import Responsible
from .journey import Drill
from .surges import Surge, inject

MARKED_LEVELS = tuple(
    replace(
        level,
        zh=DRILL_ZH + level.zh,
        en=DRILL_EN + level.en,
        verb_zh=DRILL_ZH + level.verb_zh,
        verb_en=DRILL_EN + level.verb_en,
    )
    for level in LEVELS
)
_URGENCY = {level.name: number for number, level in enumerate(LEVELS)}


def telling_surge(found: Drill) -> tuple[Surge, int]:
    """The surge found at the highest level, the soonest of those, and the bin at whose end it stood so."""
    cases = found.cases.assign(_order=found.cases["level"].map(_URGENCY).fillna(len(LEVELS)))
    best = cases.sort_values(["_order", "start", "case"], kind="stable").iloc[0]
    surge = next(surge for surge in found.surges if surge.case == best["case"])
    delay = best[f"delay_{best['level']}"] if best["level"] else surge.span - 1
    return surge, surge.start + int(delay)


def drill_outcome(found: Drill, responsible: str | Path | None) -> Outcome:
    """The outcome of a run on that day, the surge among its incidents; facts["drill"] is True, titles are marked."""
    surge, number = telling_surge(found)
    as_of = pd.Timestamp(bin_start(number + 1, found.plan.bin)[()])
    then = cut(found.ready, as_of)
    counts = inject(then.counts, [surge]).until(as_of)
    ready = replace(then, counts=counts, incidents=_with_surge(then, surge, number))
    return _marked(study(ready, Responsible.read(responsible), lambda fraction, text: None))


def write_drill_briefing(path: str | Path, found: Drill, responsible: str | Path | None) -> None:
    """Write the page of `drill_outcome` to *path*."""
    o = drill_outcome(found, responsible)
    tables: dict[str, Any] = {name: getattr(o, name) for name in ("risk", "hotspots", "surface", "series")}
    write_briefing(
        path, facts=o.facts, cells=o.cells.table, early_warnings=o.early_warnings, levels=MARKED_LEVELS, **tables
    )


def _with_surge(ready: Prepared, surge: Surge, number: int) -> gpd.GeoDataFrame:
    """The incidents and, up to bin *number*, the surge's: copies of ones in the same cells, with ids of their own."""
    rows = surge.rows[surge.rows["bin"] <= number].reset_index(drop=True)
    table = ready.incidents
    cells = table["cell"].to_numpy()
    like = [int(np.flatnonzero(cells == cell)[-1]) for cell in rows["cell"]]
    starts = pd.DatetimeIndex(bin_start(rows["bin"].to_numpy(), ready.plan.bin)) + pd.Timedelta(hours=12)
    times = starts.tz_localize(ready.plan.timezone).tz_convert(table["time"].dt.tz)
    made = table.iloc[like].assign(
        incident_id=[f"{DRILL_ZH}{surge.case}-{i + 1}" for i in range(len(rows))],
        time=times,
        reported_time=times,
        closed_time=pd.Series(pd.NaT, index=table.index[like], dtype=table["closed_time"].dtype),
        category=rows["category"].to_numpy(),
        source=rows["source"].to_numpy(),
        kind=rows["kind"].to_numpy(),
    )
    return pd.concat([table, made.astype(table.drop(columns="geometry").dtypes)], ignore_index=True)


def _marked(outcome: Outcome) -> Outcome:
    facts = {**outcome.facts, "drill": True}
    for name in ("title", "city", "classification"):
        facts[name] = f"{DRILL_ZH}{facts[name]}"
    banner = notice("N-DRILL-001")
    facts["notices"] = [{"code": banner.code, "zh": banner.zh, "en": banner.en}, *facts["notices"]]
    table = outcome.early_warnings.copy()
    for name in ("cell_name", "reason"):
        table[name] = DRILL_ZH + table[name].astype(str)
    table["reason_en"] = DRILL_EN + table["reason_en"].astype(str)
    return replace(outcome, facts=facts, early_warnings=table)
