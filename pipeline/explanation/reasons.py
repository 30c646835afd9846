"""Why each warning of a run was given, as JSON-able facts in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...layers import style
from ...layers.privacy import allowed_columns
from ..comparison import year_on_year
from ..retest import Retest
from ..stability import stability_of, with_badges
from .carriers import carried_by, classes_of, places_of, week_of
from .grouped import GROUPED_COLUMNS, grouped_of
from .levels import chance_words, level_words
from .record import no_record
from .seasons import season_before
from .sightings import Sightings


def explain(retest: Retest, described: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, dict[str, Any]], pd.DataFrame]:
    """What explains each of the rows of `raise_warnings` with their words.

    Returns *described* with the column `stability` and the caveats that go with it; warning id -> why, carriers,
    season_before, year_on_year, members, caveats, stability, record, handling; and the table of everything the warnings
    stand for (`GROUPED_COLUMNS`). Nothing is said of places where a class may not be looked at.
    """
    if described.empty:
        return described, {}, pd.DataFrame(columns=GROUPED_COLUMNS)
    seen = Sightings(retest.ready)
    stability = stability_of(retest, seen, described)
    described = with_badges(described, stability)
    rows = described.itertuples()
    told = {row.warning_id: _of_warning(retest, seen, row, stability.get(row.warning_id)) for row in rows}
    return described, told, grouped_of(retest.ready, described, told, retest.names)


def with_chance(
    explanations: Mapping[str, Mapping[str, Any]], warnings: pd.DataFrame, expected_false: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """*explanations* that say, as `chance`, how often chance alone lights a warning of each one's level."""
    levels = dict(zip(warnings["warning_id"], warnings["level"], strict=True))
    return {own: {**told, "chance": chance_words(levels[own], expected_false)} for own, told in explanations.items()}


def _of_warning(retest: Retest, seen: Sightings, row: Any, stability: Mapping[str, Any] | None) -> dict[str, Any]:
    ready = retest.ready
    members, past = seen.members(row), seen.baseline(row)
    places = places_of(retest, row)
    ids = ready.incidents["incident_id"].to_numpy()[members]
    return {
        "why": {
            "sentence": row.reason,
            "sentence_en": row.reason_en,
            "level": level_words(row, row.level, ready.plan.early_warning),
            "recurrence_days": round(float(row.recurrence_days), 1),
        },
        "carriers": {
            "classes": classes_of(seen, row, members, past),
            "week": week_of(seen, row, members, past),
            "places": places,
            "carried_by": [place["cell_id"] for place in carried_by(places, float(row.excess))],
        },
        "season_before": season_before(ready, row),
        "year_on_year": year_on_year(ready, row.unit, row.category, role=row.role) if _listed(row) else None,
        "members": {"number": int(members.sum()), "incident_ids": [str(value) for value in ids]},
        "caveats": [{"zh": zh, "en": en} for zh, en in row.caveat_pairs],
        "stability": dict(stability) if stability else None,
        "record": no_record(),
        "handling": {},
    }


def _listed(row: Any) -> bool:
    """Whether a warning stands in today's list: the comparison with all units of a level is made for these."""
    return bool(row.within_budget) and row.phase not in style.OVER_PHASES


_FOR_ALL = ("why", "chance", "caveats", "stability", "record")


def for_profile(explanations: Mapping[str, Mapping[str, Any]], profile: str) -> dict[str, Any]:
    """*explanations* as they may be written under a profile.

    Outside the house no incident is named, and nothing is said that is finer than the warning itself: its hours, places
    and classes may be the doing of few people.
    """
    if allowed_columns(profile, "members", ["incident_id"]):
        return dict(explanations)
    return {own: {name: told[name] for name in _FOR_ALL if name in told} for own, told in explanations.items()}
