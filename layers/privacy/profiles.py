"""Who may read what: the columns of each table that may be written under a profile."""

from __future__ import annotations

from collections.abc import Sequence

from ..refusals import refusal

PROFILES = ("internal", "public")
"""`internal` for those who work on the incidents, `public` for everyone else."""

NEVER = ("caller", "text")
"""Columns that only live in memory: a pseudonym links the calls of one person, free text may name one."""

_PUBLIC: dict[str, tuple[str, ...]] = {
    "early_warnings": (
        *("warning_id", "rank", "level", "cell_id", "cell_name", "unit_level", "role", "category", "window_start"),
        *("window_end", "observed", "expected", "ratio", "excess", "recurrence_days", "risk", "models", "reason"),
        *("reason_en", "places", "place_ids", "first_seen", "times_seen", "change", "phase", "caveats", "x", "y"),
    ),
    "risk": (
        *("cell_id", "name", "unit_level", "category", "window_start", "window_end", "incidents", "expected"),
        *("risk", "warning_level", "status"),
    ),
    "hotspots": (
        *("cell_id", "category", "window_start", "window_end", "incidents", "gi_star", "p_value", "q_value"),
        *("hotspot_class", "status", "unit_level"),
    ),
    "cells": ("cell_id", "name", "unit_level", "parent", "role", "population", "valid_from", "valid_to", "geometry"),
    "series": ("warning_id", "time", "observed", "expected", "lower", "upper", "valid"),
    "quarantine": (),
    "duplicates": (),
    "members": (),
    "incidents": (),
}
"""Table -> what the public may see of it. Rows of incidents, in whatever table, are for the house."""


def allowed_columns(profile: str, table: str, columns: Sequence[str] | None = None) -> list[str] | None:
    """The columns of *table* that may be written under *profile*, in order; None stands for all of them.

    With *columns* given, those of them that may be written. An empty list: the table is not written at all. A table
    that is not known is for the house only. Raises InputError for an unknown profile.
    """
    if profile not in PROFILES:
        raise refusal("E-POLICY-002", where="profile", profile=profile, profiles=", ".join(PROFILES))
    if profile == "public":
        allowed = _PUBLIC.get(table, ())
        return list(allowed) if columns is None else [name for name in columns if name in allowed]
    return None if columns is None else [name for name in columns if name not in NEVER]
