"""Why each listed warning was given, as plain values for the page: only what the screen shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

MOST_BEYOND = 50
"""Warnings beyond the budget that are explained on the page; explanations.json has them all."""

MOST_TICKETS = 1000
"""Incidents named per warning on the page; members.csv has them all."""

MOST_GROUPED = 60
"""Tests listed per warning on the page; grouped.csv has them all."""

_GROUPED = ("cell_name", "category", "observed", "expected", "relation")


def make_explained(
    explanations: Mapping[str, Mapping[str, Any]] | None, grouped: pd.DataFrame | None, listed: Mapping[str, Any]
) -> dict[str, Any]:
    """Warning id -> the parts of its explanation that the page shows, for the warnings *listed* by `make_content`."""
    if not explanations:
        return {}
    entries = [*listed["inside"], *listed["beyond"][:MOST_BEYOND]]
    ids = [entry["warning_id"] for entry in entries if entry["warning_id"] in explanations]
    rows = _by_warning(grouped, ids)
    return {own: _shown(explanations[own], rows.get(own, [])) for own in ids}


def _shown(told: Mapping[str, Any], grouped: list[list[Any]]) -> dict[str, Any]:
    members = told.get("members", {})
    tickets = members.get("incident_ids")
    return {
        **{name: told.get(name) for name in ("why", "chance", "caveats", "record", "handling")},
        "carriers": told.get("carriers"),
        "season": _words(told.get("season_before")),
        "year": _words(told.get("year_on_year")),
        "stability": _words(told.get("stability"), "badge", "word", "word_en"),
        "number": members.get("number"),
        "tickets": None if tickets is None else list(tickets[:MOST_TICKETS]),
        "grouped": grouped[:MOST_GROUPED],
        "n_grouped": len(grouped),
    }


def _words(told: Mapping[str, Any] | None, *more: str) -> dict[str, Any] | None:
    """The sentence in both languages, and what else is named."""
    return None if not told else {name: told.get(name, "") for name in ("sentence", "sentence_en", *more)}


def _by_warning(grouped: pd.DataFrame | None, ids: Iterable[str]) -> dict[str, list[list[Any]]]:
    if grouped is None or not len(grouped):
        return {}
    kept = grouped[grouped["warning_id"].isin(list(ids))]
    parts = kept.groupby("warning_id", sort=False)
    return {str(own): part[list(_GROUPED)].to_numpy(dtype=object).tolist() for own, part in parts}
