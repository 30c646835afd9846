"""The sample city's planted truth: every strong surge is found, and the table of the rest is told honestly."""

from __future__ import annotations

import os
from pathlib import Path

import planted
import pytest
from gridbeacon.pipeline import Plan
from gridbeacon.pipeline.preparation import Inputs
from gridbeacon.pipeline.replay import level_table, replay_episodes
from gridbeacon.sample_data import CELLS, EVENTS, INCIDENTS, sample_path

PAGE = Path(__file__).parents[1] / "docs" / "planted-truth.md"


@pytest.fixture(scope="module")
def replayed():
    incidents = tuple(str(sample_path(name)) for name in INCIDENTS)
    inputs = Inputs(incidents, str(sample_path(CELLS)), events=str(sample_path(EVENTS)))
    return replay_episodes(Plan(), inputs, planted.FIRST, planted.END, lambda fraction, text: None)


def test_every_strong_surge_is_found_on_its_day_or_the_next(replayed):
    episodes, ready = replayed
    owners, _ = planted.match(episodes, ready.counts.cells)
    days = {item["id"]: item["dates"] for item in planted.planted()}
    for name in planted.STRONG:
        strong = owners[name][owners[name]["level"].isin(["red", "orange"])]
        assert len(strong), f"{name} was not found"
        assert (strong["first_seen"] <= days[name][0] + planted.GRACE).any(), f"{name} was found late"


def test_no_decoy_is_red(replayed):
    episodes, ready = replayed
    owners, _ = planted.match(episodes, ready.counts.cells)
    surges = {index for item in planted.planted() if not item["decoy"] for index in owners[item["id"]].index}
    for item in planted.planted():
        if item["decoy"]:
            own = owners[item["id"]].drop(index=list(surges), errors="ignore")
            assert not (own["level"] == "red").any(), f"{item['id']} raised red"


def test_what_is_left_over_is_no_more_than_twice_what_chance_gives(replayed):
    episodes, ready = replayed
    _, rest = planted.match(episodes, ready.counts.cells)
    days = (planted.pd.Timestamp(planted.END) - planted.pd.Timestamp(planted.FIRST)).days
    expected = level_table(episodes, Plan(), planted.FIRST, planted.END)["expected"].sum() * days / 100
    assert len(rest) <= 2 * expected


def test_the_page_in_docs_says_what_is_found_now(replayed):
    episodes, ready = replayed
    levels = level_table(episodes, Plan(), planted.FIRST, planted.END)
    text = planted.page(episodes, ready.counts.cells, levels)
    print(text)
    if os.environ.get("GRIDBEACON_WRITE_DOCS"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
