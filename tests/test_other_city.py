"""A ledger is one city's: another city is refused before anything is written into it."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
from gridbeacon.errors import InputError
from gridbeacon.layers.ledger import open_ledger
from gridbeacon.pipeline import Plan, run
from gridbeacon.pipeline.known import refuse_other_city
from shapely import box
from streets_city import write_city

GROUND = [box(0, 0, 20, 10), box(0, 0, 10, 10), box(10, 0, 20, 10)]
CELLS = SimpleNamespace(
    table=gpd.GeoDataFrame({"cell_id": ["CITY", "A", "B"]}, geometry=GROUND),
    versions=pd.DataFrame({"cell_id": ["A", "B", "BEFORE"]}),
)


def warned(cell, x, y, unit_level=1):
    return {"cell_id": cell, "cell_name": f"{cell}街道", "unit_level": unit_level, "x": x, "y": y}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [warned("CITY", 900.0, 900.0, 0)],
        [warned("A", 900.0, 900.0)],
        [warned("BEFORE", 900.0, 900.0)],
        [warned("other", 3.0, 4.0)],
        [warned("other", 900.0, 900.0), warned("B", None, None)],
    ],
    ids=["nothing yet", "whole city", "another CRS", "a former cell", "divided anew", "one is enough"],
)
def test_a_ledger_of_this_city_is_taken(rows):
    assert refuse_other_city(rows, CELLS) is None, "it only ever raises"


@pytest.mark.parametrize("place", [(900.0, 5.0), (5.0, -1.0), (None, None)])
def test_a_ledger_of_places_elsewhere_is_refused(place):
    with pytest.raises(InputError, match="none of the 2 places") as caught:
        refuse_other_city([warned("other", *place), warned("third", *place), warned("CITY", 5.0, 5.0, 0)], CELLS)
    assert caught.value.code == "E-LEDGER-021" and "other街道" in caught.value.problem_zh


def moved(folder, incidents, cells):
    """The same city, three degrees to the west and with other codes."""
    ground = gpd.read_file(cells)
    ground["网格编码"] = "88" + ground["网格编码"].str[2:]
    ground.set_geometry(ground.translate(-3)).to_file(folder / "cells.geojson", driver="GeoJSON")
    calls = pd.read_csv(incidents)
    calls.assign(经度=calls["经度"] - 3).to_csv(folder / "calls.csv", index=False)
    return [folder / "calls.csv"], folder / "cells.geojson"


def test_a_second_city_leaves_the_ledger_of_the_first_alone(tmp_path):
    (tmp_path / "other").mkdir()
    incidents, cells = write_city(tmp_path)
    ledger = tmp_path / "ledger.sqlite"
    assert len(run(Plan(), [incidents], cells, ledger=ledger).early_warnings)
    with open_ledger(ledger) as book:
        head = book.head()
    with pytest.raises(InputError, match="another city's"):
        run(Plan(), *moved(tmp_path / "other", incidents, cells), ledger=ledger, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with open_ledger(ledger) as book:
        assert book.head() == head
    run(Plan(), [incidents], cells, ledger=ledger)
