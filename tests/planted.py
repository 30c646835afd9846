"""Planted truth of the sample city against what a replay finds: the matching, and the page that shows it."""

from __future__ import annotations

import json

import pandas as pd
from gridbeacon.cube import ALL_CLASSES, Cells
from gridbeacon.models.early_warning.phenomena import same_branch, same_place
from gridbeacon.sample_data import TRUTH, sample_path

FIRST, END = "2024-04-01", "2026-01-01"
"""The stretch replayed: the first 13 weeks are history."""

STRONG = ("city-10sd", "street-10sd", "cell-10sd", "burst-1", "burst-2", "noise-2")
GRACE = pd.Timedelta(days=1)


def planted() -> list[dict]:
    """Surges and decoys of the sample city within the stretch replayed, by date."""
    truth = json.loads(sample_path(TRUTH).read_text(encoding="utf-8"))
    items = [{**item, "decoy": False} for item in truth["surges"]] + [
        {**item, "decoy": True} for item in truth["decoys"]
    ]
    for item in items:
        item["dates"] = [pd.Timestamp(day) for day in item["dates"] if FIRST <= day < END]
    return sorted((item for item in items if item["dates"]), key=lambda item: (item["dates"][0], item["id"]))


def match(episodes: pd.DataFrame, cells: Cells) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Episodes of each planted item by its id, and the episodes that belong to none.

    An episode belongs to an item when one of its tests is of the item's branch of classes and of its place, and its
    loudest window or its beginning lies on the item's days or the day after.
    """
    row_of = {str(cell): row for row, cell in enumerate(cells.cell_id)}
    owners: dict[str, list[int]] = {item["id"]: [] for item in planted()}
    left = set(episodes.index)
    for item in planted():
        units = [row_of[str(code)] for code in (item.get("cells") or [item["unit"]])] + [row_of[str(item["unit"])]]
        for index, episode in episodes.iterrows():
            if _same_days(episode, item) and _same_thing(episode, item, units, cells):
                owners[item["id"]].append(index)
                left.discard(index)
    return {name: episodes.loc[rows] for name, rows in owners.items()}, episodes.loc[sorted(left)]


def _same_days(episode: pd.Series, item: dict) -> bool:
    start = min(episode.first_seen, episode.time - pd.Timedelta(days=episode.window - 1))
    return any(start - GRACE <= day <= episode.time for day in item["dates"])


def _same_thing(episode: pd.Series, item: dict, units: list[int], cells: Cells) -> bool:
    return any(
        (not item["category"] or (category != ALL_CLASSES and same_branch(category, item["category"])))
        and any(same_place(cells, unit, own, neighbours=False) for own in units)
        for unit, category in episode.touched
    )


def page(episodes: pd.DataFrame, cells: Cells, levels: pd.DataFrame) -> str:
    """The page docs/planted-truth.md."""
    owners, rest = match(episodes, cells)
    items = planted()
    return "\n".join(
        [
            "# Planted truth against what was found",
            "",
            "The sample city is invented, and what was planted in it is known (`sample_data/truth.json`). This page is",
            f"written by `tests/test_planted_truth.py` from a replay of {FIRST} to {END}: every day is scored",
            "against the days before it only. Levels are the peak of an episode, before any budget cut. "
            + "A strength of k",
            "means k standard deviations of the unit's own daily counts of the class (never less than k incidents).",
            "What the city knows is declared (`sample_data/events.csv`): the start of heating, and one campaign.",
            "",
            "## Surges",
            "",
            "| planted | where | class | from | strength | extra incidents | found |",
            "|---|---|---|---|---|---|---|",
            *(_surge_row(item, owners[item["id"]]) for item in items if not item["decoy"]),
            "",
            "## Decoys",
            "",
            "What looks like a surge and is none: best not warned of, and where it is, not above yellow.",
            "",
            "| decoy | where | from | warned |",
            "|---|---|---|---|",
            *(_decoy_row(item, owners[item["id"]]) for item in items if item["decoy"]),
            "",
            "## Warnings that belong to nothing planted",
            "",
            "| level | first seen | where | class | observed | expected |",
            "|---|---|---|---|---|---|",
            *(_rest_row(episode) for episode in rest.itertuples()),
            "",
            "## Levels over the whole stretch",
            "",
            "`expected` is what chance alone would give; the city has planted surges, decoys "
            + "and seasons beside chance.",
            "",
            "| level | found | per 100 days | expected by chance |",
            "|---|---|---|---|",
            *(
                f"| {row.level} | {row.found} | {row.per_100_days:.2f} | {row.expected:.2f} |"
                for row in levels.itertuples()
            ),
            "",
        ]
    )


def _surge_row(item: dict, found: pd.DataFrame) -> str:
    strength = f"{item['strength']:g}"
    extra = sum(item["planted"])
    answer = _answer(item, found) or "missed"
    what = f"{item['id']} | {item['unit_name']} | {item['category']} | {_first(item)}"
    return f"| {what} | {strength} | {extra} | {answer} |"


def _decoy_row(item: dict, found: pd.DataFrame) -> str:
    days = len(item["dates"])
    when = _first(item) + (f" and {days - 1} more days" if days > 1 else "")
    return f"| {item['id']}: {item['kind']} | {item['unit_name']} | {when} | {_answer(item, found) or 'no'} |"


def _first(item: dict) -> str:
    return f"{item['dates'][0]:%Y-%m-%d}"


def _answer(item: dict, found: pd.DataFrame) -> str:
    """Levels of the episodes, the loudest first, with the day it was first seen."""
    said = []
    order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    for episode in sorted(found.itertuples(), key=lambda e: (order[e.level], e.first_seen)):
        said.append(
            f"**{episode.level}** {episode.first_seen:%Y-%m-%d} "
            f"({episode.cell_name}, {episode.observed} against {episode.expected:.1f})"
        )
    more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
    return "; ".join(said[:3]) + more


def _rest_row(episode) -> str:  # type: ignore[no-untyped-def]
    return (
        f"| {episode.level} | {episode.first_seen:%Y-%m-%d} | {episode.cell_name} | {episode.category} "
        f"| {episode.observed} | {episode.expected:.1f} |"
    )
