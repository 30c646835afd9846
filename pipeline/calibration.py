"""A calibration: how often chance lights a warning in this city, learned on its own history, and the file it is in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..models.early_warning import LEVELS, Tail, bound_per_week
from ..models.significance import MAX_RECURRENCE_DAYS
from .line import line_of
from .plan import Plan
from .refusals import refusal
from .surveillance import BIN_DAYS, Survey

FORMAT = 1


@dataclass(frozen=True)
class Calibration:
    """What `calibrate` found, JSON-able. *content* has the keys

    format, line (name, fingerprint, settings), bin, history (first, end, taken_out), histories, days, random_state,
    tail (floor, per_day, slope), mapping (pairs of nominal and realised days), expected (level -> per_week, low,
    high), thresholds (orange_days, red_days; empty where none were asked for), target.
    """

    content: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """Twelve hex digits of all of it; part of the surveillance line of every run that uses it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    @property
    def tail(self) -> Tail:
        """How often chance reaches a nominal recurrence."""
        return Tail(**self.content["tail"])

    def to_json(self) -> str:
        """The file's text; the same calibration always gives the same."""
        return json.dumps(self.content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def facts(self) -> dict[str, Any]:
        """What outputs and the manifest say of it."""
        kept = ("histories", "days", "history", "target", "thresholds")
        return {"hash": self.hash, **{name: self.content[name] for name in kept}}


def hash_of(calibration: Calibration | None) -> str:
    """The hash of a calibration; empty without one."""
    return "" if calibration is None else calibration.hash


def in_plan(plan: Plan, calibration: Calibration | None) -> Plan:
    """*plan* with the thresholds that were solved for, where some were."""
    return plan if calibration is None else plan.with_settings(dict(calibration.content["thresholds"]))


def realised(found: Survey, calibration: Calibration | None) -> Survey:
    """*found* with realised recurrence intervals in place of nominal ones, where a calibration is there."""
    if calibration is None:
        return found
    return replace(found, tests=with_realised(found.tests, calibration.tail, BIN_DAYS[calibration.content["bin"]]))


def with_realised(tests: pd.DataFrame, tail: Tail, bin_days: float) -> pd.DataFrame:
    """*tests* whose `recurrence_days` are those that *tail* gives for the nominal ones."""
    return tests.assign(
        recurrence_days=tail.recurrence(tests["recurrence_days"].to_numpy(), bin_days, MAX_RECURRENCE_DAYS)
    )


def read_calibration(path: str | Path, plan: Plan) -> Calibration:
    """The calibration in the file *path*, for the surveillance line of *plan*.

    Raises InputError for a file that is none, is damaged, or was made for other settings.
    """
    place = Path(path)
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        calibration = Calibration(content)
        known = content["format"] == FORMAT and calibration.tail.slope > 0 and set(content["expected"]) == set(LEVELS)
        made_for = content["line"]
        names = {*content["thresholds"], *content["history"], *made_for["settings"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal("E-NULL-001", where=place.name) from error
    if not known or not names:
        raise refusal("E-NULL-001", where=place.name)
    other = _unlike(plan, made_for["settings"])
    if other:
        raise refusal("E-NULL-002", where=place.name, names=", ".join(other[:5]))
    return calibration


def _unlike(plan: Plan, then: Mapping[str, Any]) -> list[str]:
    """Settings of the line that are not as they were; one that did not exist then counts by its default."""
    now, default = line_of(plan)["settings"], line_of(Plan())["settings"]
    was = {**{name: default.get(name) for name in now}, **then}
    return sorted(name for name in {*now, *was} if now.get(name) != was.get(name))


def expected_false_of(plan: Plan, calibration: Calibration | None) -> dict[str, dict[str, Any]]:
    """level -> per_week, low, high, basis: false warnings that chance alone lights in a week, before the budget.

    `calibrated`: the expected number and the 95 % interval of this expectation. `bound`: no more than `per_week`, as
    far as every tail holds; low is 0 and high the bound.
    """
    if calibration is not None:
        return expected_of(calibration)
    bound = bound_per_week(plan.early_warning)
    return {
        level: {"per_week": float(bound[level]), "low": 0.0, "high": float(bound[level]), "basis": "bound"}
        for level in reversed(LEVELS)
    }


def expected_of(calibration: Calibration) -> dict[str, dict[str, Any]]:
    """level -> per_week, low, high, basis, the most urgent level first."""
    told = calibration.content["expected"]
    return {level: {**told[level], "basis": "calibrated"} for level in reversed(LEVELS)}


def with_false(table: pd.DataFrame, plan: Plan, calibration: Calibration | None) -> pd.DataFrame:
    """*table* of warnings with the expected false ones of each one's level: false_per_week, false_low, false_high."""
    told = expected_false_of(plan, calibration)
    names = {"false_per_week": "per_week", "false_low": "low", "false_high": "high"}
    return table.assign(
        **{column: [float(told[level][name]) for level in table["level"]] for column, name in names.items()}
    )
