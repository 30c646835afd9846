"""What a ledger knows before a run: what was issued within the budget, and what people judged true."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cube import Counts
from ..layers import ledger as ledgers
from ..layers.grids import CellLayer
from ..layers.refusals import refusal
from ..models.early_warning import Issued, Record
from .calibration import Calibration
from .preparation import Prepared

_URGENT = ("orange", "red")


def record_of(book: ledgers.Ledger, as_of: pd.Timestamp, counts: Counts) -> Record:
    """What *book* holds from before *as_of*: each warning's first issue as orange or red within the budget, and
    what was judged true and is not closed, by id, and where the last run had it, by unit and class too."""
    issued: dict[str, Issued] = {}
    moment = as_of.isoformat()
    for event in book.events():
        if event["event"] != ledgers.ISSUED or event["time"] >= moment or event["warning_id"] in issued:
            continue
        told = json.loads(event["payload"])
        if told.get("level") in _URGENT and told.get("within_budget", True):
            number = counts.first_bin + int(np.searchsorted(counts.bins, np.datetime64(event["time"]))) - 1
            issued[event["warning_id"]] = Issued(str(told.get("cell_id")), str(told.get("category")), number)
    last = {str(row["warning_id"]) for row in book.last_issued(moment)}
    judged: set[str | tuple[str, str]] = set()
    for row in book.warnings():
        if row["verdict"] == "true" and row["state"] != ledgers.CLOSED:
            judged.add(str(row["warning_id"]))
            if row["warning_id"] in last:
                judged.add((str(row["cell_id"]), str(row["category"])))
    return Record(issued, frozenset(judged))


def informed(ready: Prepared, calibration: Calibration | None, ledger: str | Path | None) -> Prepared:
    """*ready* with the calibration and with what the ledger knows, where there are any."""
    ready = replace(ready, calibration=calibration)
    if ledger is None:
        return ready
    with ledgers.open_ledger(ledger) as book:
        refuse_other_city(book.warnings(), ready.cells)
        return replace(ready, record=record_of(book, ready.as_of, ready.counts))


def refuse_other_city(warned: list[dict[str, Any]], cells: CellLayer) -> None:
    """Raise InputError where no place that was ever warned of is a place of this city.

    Its code is enough, or its ground: cells divided anew have other codes, another working CRS has other coordinates.
    Of warnings of a whole city nothing can be told.
    """
    places = {str(row["cell_id"]): row for row in warned if row.get("unit_level")}
    codes = {*cells.table["cell_id"], *(cells.versions["cell_id"] if cells.versions is not None else ())}
    if places and codes.isdisjoint(places) and not any(_lies_in(row, cells) for row in places.values()):
        place = next(iter(places.values())).get("cell_name")
        raise refusal("E-LEDGER-021", where="--ledger", n=len(places), place=place)


def _lies_in(row: dict[str, Any], cells: CellLayer) -> bool:
    west, south, east, north = cells.table.total_bounds
    x, y = row.get("x"), row.get("y")
    return x is not None and y is not None and west <= x <= east and south <= y <= north
