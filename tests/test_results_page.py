"""docs/results-gpkg.md names every layer, every column and every word that a run's GeoPackage shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gridbeacon.layers import style
from gridbeacon.layers.geopackage import FURTHER, LAYERS
from gridbeacon.layers.grouped import RELATIONS
from gridbeacon.layers.incidents.rules import NOTICES
from gridbeacon.pipeline.excluded import COLUMNS, DEFAULTS, MOST_POINTS, OUTSIDE
from gridbeacon.pipeline.explanation.grouped import GROUPED_COLUMNS
from gridbeacon.pipeline.journey import EARLY_WARNING_COLUMNS
from gridbeacon.pipeline.stories import COLUMNS as STORY_COLUMNS
from gridbeacon.pipeline.stories import DAY_COLUMNS, DAYS_PLAYED, MOST_DAYS

PAGE = (Path(__file__).parents[1] / "docs" / "results-gpkg.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0].strip(): part for part in PAGE.split("\n## ")}
WRITTEN = {
    **LAYERS,
    **FURTHER,
    "hotspots": (*LAYERS["hotspots"], "pattern"),
    "early_warnings": (*LAYERS["early_warnings"], *EARLY_WARNING_COLUMNS),
    "grouped": GROUPED_COLUMNS,
}


@pytest.mark.parametrize("layer", WRITTEN)
def test_every_column_stands_in_its_layer(layer):
    named = set(re.findall(r"`([a-z_]+)`", SECTIONS[layer]))
    assert set(WRITTEN[layer]) - named == set()


def test_what_the_pipeline_makes_is_what_the_layers_are_made_of():
    assert (list(FURTHER["excluded"]), list(FURTHER["stories"]), list(FURTHER["days"])) == (
        list(COLUMNS),
        list(STORY_COLUMNS),
        list(DAY_COLUMNS),
    )


def test_words_of_the_page_are_those_of_the_legends():
    page = " ".join(PAGE.split())
    for entry in (*style.RISK_CLASSES, *style.EMERGING_CLASSES):
        assert f"{entry.zh} {entry.en}" in page, entry
    for entry in style.HOTSPOT_CLASSES:
        assert entry.zh in page, entry
    for level in style.LEVELS:
        assert f"`{level.name}` {level.zh} {level.verb_zh} ({level.verb_en})" in page
    for zh, en in {**style.CHANGES, **style.STATES}.items():
        assert f"{zh} ({en})" in page
    for relation in RELATIONS:
        assert f"`{relation}`" in page
    for code, zh, en in (OUTSIDE, *DEFAULTS.values()):
        assert f"`{code}`" in page and f"{zh} {en}" in page and code in NOTICES
    for number in (MOST_POINTS, MOST_DAYS, DAYS_PLAYED):
        assert f"{number:,}" in page
