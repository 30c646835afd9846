"""The tables of a replay -> its folder, complete or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ... import __version__
from ...layers.run_folder import RunFolder
from ...layers.spreadsheets import write_csv
from ..files import input_hashes, library_versions
from ..preparation import Inputs
from .tables import Replay

NOT_STATUTORY = {"zh": "内部研判,不构成法定预警发布", "en": "internal analysis, not a statutory warning"}
"""The line on everything that leaves the system."""


def write_replay(found: Replay, inputs: Inputs, out: str | Path, overwrite: bool = False) -> dict[str, Any]:
    """Write `replay.csv, days.csv, outages.csv, weeks.csv, replay.json, plan.toml`; returns the manifest.

    Raises InputError where *out* exists and may not be replaced.
    """
    folder = RunFolder(out, replace=overwrite)
    with folder:
        tables = {"replay": found.warnings, "days": found.days, "outages": found.outages, "weeks": found.weeks}
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", table)
        text = json.dumps(facts_of(found), ensure_ascii=False, indent=1, allow_nan=False)
        (folder / "replay.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        (folder / "plan.toml").write_text(found.plan.to_toml(), encoding="utf-8", newline="\n")
        folder.write_manifest(_manifest(found, inputs))
    return folder.manifest


def facts_of(found: Replay) -> dict[str, Any]:
    """What the replay shows as a whole, JSON-able."""
    days = found.days
    return {
        "from": found.first,
        "to": found.end,
        "city": found.plan.city,
        "classification": found.plan.classification,
        "line": NOT_STATUTORY,
        "days": len(days),
        "days_by_data": {name: int(count) for name, count in days["data"].value_counts().items()},
        "days_with_warnings": int((days["in_force"] > 0).sum()),
        "levels": found.levels.round(4).to_dict("records"),
        "budget": {
            "city_per_day": found.plan.early_warning.city_per_day,
            "street_per_week": found.plan.early_warning.street_per_week,
            "most_urgent_new_in_a_day": _most_urgent(found.warnings),
        },
        "outages": json.loads(found.outages.to_json(orient="records", date_format="iso", force_ascii=False)),
    }


def _most_urgent(warnings: pd.DataFrame) -> int:
    """The most orange and red within the budget that were open on one day."""
    if warnings.empty:
        return 0
    urgent = warnings[
        warnings["level"].isin(["orange", "red"])
        & warnings["phase"].isin(["open", "escalated"])
        & warnings["within_budget"].astype(bool)
    ]
    return int(urgent.groupby("as_of").size().max()) if len(urgent) else 0


def _manifest(found: Replay, inputs: Inputs) -> dict[str, Any]:
    return {
        "run_id": f"replay-{found.first}-{found.end}-{found.plan.version[:6]}",
        "as_of": str(found.days["as_of"].iloc[-1].isoformat()),
        "plan": found.plan.as_dict(),
        "plan_version": found.plan.version,
        "version": __version__,
        "versions": library_versions(),
        "inputs": input_hashes(inputs),
        "seeds": {"random_state": found.plan.random_state},
        "account": found.account,
        **facts_of(found),
    }
