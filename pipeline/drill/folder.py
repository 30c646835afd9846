"""What a drill measured -> its folder, complete or absent; everything in it is marked 演练."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ... import __version__
from ...layers.drills import DRILL_EN, DRILL_ZH
from ...layers.run_folder import RunFolder
from ...layers.spreadsheets import write_csv
from ..files import input_hashes, library_versions
from ..preparation import Inputs
from ..replay.folder import NOT_STATUTORY
from .briefing import write_drill_briefing
from .journey import Drill

POPULATION = {
    "zh": "每种强度与范围各取若干;类别与地点取自此前一年随机抽取的事件,故繁忙的类别与地点较多;"
    "所加件数=强度×本单位该类日件数标准差(至少为强度件数),均摊于各天;报送视为及时;预算裁减之前。",
    "en": "So many of each strength and kind of place; class and unit are those of an incident drawn at random from "
    "the year before, so that busy ones come more often; added are strength times the standard deviation of the unit's "
    "own daily counts of the class, at least strength, spread evenly over the days; every report is taken as in time; "
    "before the budget cuts.",
}


def write_drill(
    found: Drill,
    inputs: Inputs,
    out: str | Path,
    overwrite: bool = False,
    *,
    briefing: bool = False,
    responsible: str | Path | None = None,
) -> dict[str, Any]:
    """Write `drill.csv, drill_summary.csv, drill_false_alarms.csv, drill.json, plan.toml`; returns the manifest.

    *briefing* adds `briefing.html`, one day of the drill, with the table of *responsible* units.
    Raises InputError where *out* exists and may not be replaced.
    """
    folder = RunFolder(out, replace=overwrite)
    with folder:
        tables = {"drill": found.cases, "drill_summary": found.summary, "drill_false_alarms": found.false_alarms}
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", marked(table))
        text = json.dumps(facts_of(found), ensure_ascii=False, indent=1, allow_nan=False)
        (folder / "drill.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        (folder / "plan.toml").write_text(found.plan.to_toml(), encoding="utf-8", newline="\n")
        if briefing:
            write_drill_briefing(folder / "briefing.html", found, responsible)
        folder.write_manifest(_manifest(found, inputs))
    return folder.manifest


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """*table* with the mark of a drill in a first column and before every level word."""
    level = table["level"].astype(str)
    return table.assign(level=level.where(level == "", DRILL_ZH + level)).pipe(_with_mark)


def _with_mark(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    table.insert(0, "drill", DRILL_ZH)
    return table


def facts_of(found: Drill) -> dict[str, Any]:
    """What the drill measured, JSON-able."""
    return {
        "drill": True,
        "title": f"{DRILL_ZH}{found.plan.title}",
        "title_en": f"{DRILL_EN}detection of synthetic surges",
        "line": NOT_STATUTORY,
        "population": POPULATION,
        "settings": {name: list(v) if isinstance(v, tuple) else v for name, v in vars(found.settings).items()},
        "days": found.days,
        "passes": found.passes,
        "asked": found.asked,
        "surges": len(found.cases),
        "summary": _records(found.summary),
        "by_span": _records(found.by_span),
        "false_alarms": _records(found.false_alarms),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None where a number is missing, levels marked."""
    return json.loads(marked(table).round(4).to_json(orient="records", force_ascii=False))


def _manifest(found: Drill, inputs: Inputs) -> dict[str, Any]:
    plan = found.plan
    return {
        "run_id": f"drill-{found.ready.as_of:%Y%m%d}-{plan.version[:6]}",
        "as_of": found.ready.as_of.isoformat(),
        "drill": True,
        "plan": plan.as_dict(),
        "plan_version": plan.version,
        "version": __version__,
        "versions": library_versions(),
        "inputs": input_hashes(inputs),
        "seeds": {"random_state": plan.random_state, "drill": found.settings.random_state},
        "account": found.ready.account,
    }
